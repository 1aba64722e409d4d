"""The step of the database that gives plans owners: nothing is lost, nothing is hidden, and back again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from tests.cases.old_database import ENTRY, config_for, fill_old_database

from kiban.server import holdings
from kiban.server.audit import AuditLog
from kiban.server.audit_proof import verify
from kiban.server.holdings import Reader
from kiban.server.sessions import list_tokens
from kiban.server.store import Store


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database as the first kiban left it."""
    address = f"sqlite:///{tmp_path}/kiban.sqlite3"
    fill_old_database(address)
    return address


def test_what_was_there_has_owners_ends_and_a_chain(url: str) -> None:
    store = Store(url)
    anybody = Reader("anybody", is_admin=False)
    rows = {row["id"]: row for row in store.rows(holdings.list_plans(10, anybody))}
    assert {name: (row["owner"], row["kept"], row["shared"]) for name, row in rows.items()} == {
        "p_1": ("mina", True, True),
        "p_2": ("unknown", False, True),
    }
    plan = store.find_plan("p_1")
    assert plan is not None
    assert (plan["scenario"], plan["hours"]) == (b"s", b"h")
    assert {row["id"]: row["owner"] for row in store.list_jobs(10, anybody)} == {"j_1": "mina", "j_2": "unknown"}
    (token,) = list_tokens(store)
    assert 89 * 86_400 < token["expires"] - time.time() < 91 * 86_400
    log = AuditLog(store)
    log.note({**ENTRY, "time": 12.0})
    verdict = verify(log.rows_after(0), [], [])
    assert (verdict.broken, verdict.rows, verdict.last_number) == (None, 4, 12)
    store.close()


def test_the_step_back_keeps_plans_and_owners(url: str) -> None:
    Store(url).close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        command.downgrade(config_for(connection), "0001")
        kept = connection.execute(sa.text("select id, owner, kept, hours from plans order by id")).all()
        assert [tuple(row) for row in kept] == [("p_1", "mina", 1, b"h"), ("p_2", "unknown", 0, b"h")]
        tables = set(sa.inspect(connection).get_table_names())
        assert tables == {"plans", "jobs", "tokens", "audit", "alembic_version"}
        assert connection.execute(sa.text("select count(*) from audit")).scalar() == 3
    engine.dispose()
