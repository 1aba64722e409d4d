"""The step of the database that gives plans owners: nothing is lost, nothing is hidden, and back again."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import kiban.server.migrations
from kiban.server import holdings
from kiban.server.audit import AuditLog
from kiban.server.audit_proof import verify
from kiban.server.holdings import Reader
from kiban.server.sessions import list_tokens
from kiban.server.store import Store

PLAN = {
    "created": 5.0,
    "name": "n",
    "site": None,
    "status": "optimal",
    "cost_myen_per_year": 1.0,
    "work": "job",
    "seconds": 1.0,
    "edition": "e",
    "cooling_kept": False,
    "scenario": b"s",
    "summary": b"m",
    "hours": b"h",
}
ENTRY = {"who": "mina", "role": "planner", "action": "POST /plans", "subject": "", "status": 200, "address": ""}
JOB = {"kind": "plan", "name": "n", "state": "done", "created": 1.0, "question": b"q", "progress": "{}", "attempts": 1}


def config_for(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(kiban.server.migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def insert(connection: sa.Connection, table: str, row: dict[str, Any]) -> None:
    names = ", ".join(row)
    connection.execute(sa.text(f"insert into {table} ({names}) values ({', '.join(f':{name}' for name in row)})"), row)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database as the first kiban left it."""
    address = f"sqlite:///{tmp_path}/kiban.sqlite3"
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        command.upgrade(config_for(connection), "0001")
        insert(connection, "plans", {**PLAN, "id": "p_1", "owner": "mina", "kept": True})
        insert(connection, "plans", {**PLAN, "id": "p_2", "owner": "", "kept": False})
        insert(connection, "jobs", {**JOB, "id": "j_1", "owner": "mina"})
        insert(connection, "jobs", {**JOB, "id": "j_2", "owner": ""})
        insert(connection, "tokens", {"name": "mina", "role": "planner", "digest": "d", "created": 1.0})
        for number in (7, 8, 11):  # the old log had dropped rows
            insert(connection, "audit", {**ENTRY, "number": number, "time": float(number)})
    engine.dispose()
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
