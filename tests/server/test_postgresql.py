"""The store in PostgreSQL: the same as in SQLite, with jobs that outlive their server.

Runs where PostgreSQL's programs are installed (Debian's package will do), on a cluster of its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.cases.old_database import ENTRY, fill_old_database
from tests.cases.postgresql import MissingError, open_cluster
from tests.cases.servers import (
    LiveServer,
    open_client,
    study,
    wait_for_job,
    wait_until_working,
)
from tests.server.gates import Gate

from kiban.server import holdings
from kiban.server.audit import AuditLog
from kiban.server.audit_key import find_or_make_key
from kiban.server.audit_proof import verify
from kiban.server.holdings import Reader
from kiban.server.settings import Settings
from kiban.server.store import Store

pytest.importorskip("pwd")
Launch = Callable[..., LiveServer]


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The URL of an empty database in a cluster that lives as long as this module."""
    with contextlib.ExitStack() as held:
        try:
            cluster = held.enter_context(open_cluster())
        except MissingError as error:
            pytest.skip(str(error))
        yield cluster.url


def test_plans_jobs_and_audit(database: str, tmp_path: Path) -> None:
    with open_client(Settings(data=tmp_path, database=database)) as client:
        assert client.get("/api/v1/health").json()["database"] == "postgresql"
        plan = client.post("/api/v1/plans", json=study()).json()["plan"]
        job = client.post("/api/v1/plans", json={**study(target__clean_share=0.6), "mode": "job"}).json()["job"]["id"]
        assert wait_for_job(client.get, job)["result"]["plan"]["status"] == "optimal"
        strange = client.post("/api/v1/plans", json={**study(name="a\0b"), "mode": "job"})
        assert strange.status_code == 202
        assert wait_for_job(client.get, strange.json()["job"]["id"])["name"] == "a\ufffdb"
        assert client.delete("/api/v1/jobs/%00").status_code == 404
        entries = client.get("/api/v1/audit").json()["entries"]
        assert {entry["subject"] for entry in entries} >= {plan["id"], job}
        client.service.store.prune_plans(0)
        kept = {row["id"] for row in client.get("/api/v1/plans").json()["plans"]}
        assert plan["id"] not in kept
        assert len(kept) == 2
    assert not (tmp_path / "kiban.sqlite3").exists()
    # A second server finds what the first has left.
    with open_client(Settings(data=tmp_path, database=database)) as client:
        assert client.get(f"/api/v1/jobs/{job}").json()["state"] == "done"


def test_what_an_old_database_holds_gets_owners_and_a_chain(database: str) -> None:
    engine = sa.create_engine(Settings(database=database).database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("create schema old"))
    engine.dispose()
    url = f"{Settings(database=database).database_url}?options=-csearch_path%3Dold"
    fill_old_database(url)
    store = Store(url)
    rows = store.rows(holdings.list_plans(10, Reader("anybody", is_admin=False)))
    assert {row["id"]: (row["owner"], row["kept"]) for row in rows} == {
        "p_1": ("mina", True),
        "p_2": ("unknown", False),
    }
    log = AuditLog(store)
    log.note({**ENTRY, "time": 12.0})
    verdict = verify(log.rows_after(0), [], [])
    assert (verdict.broken, verdict.rows, verdict.last_number) == (None, 4, 12)
    store.close()


def test_two_servers_chain_one_log_and_take_turns_over_one_queue(database: str, tmp_path: Path) -> None:
    url = Settings(database=database).database_url
    stores = [Store(url) for _ in range(2)]
    logs = [AuditLog(stores[0], find_or_make_key(tmp_path)), AuditLog(stores[1])]
    before = len(logs[0].read(1000))

    def work(number: int) -> list[str]:
        for _ in range(10):
            logs[number % 2].note({**ENTRY, "time": 1.0})
        claimed = []
        while (row := stores[number % 2].claim_job(f"server {number}")) is not None:
            claimed.append(str(row["id"]))
        return claimed

    names = [stores[0].add_job("plan", "x", owner, b"", {}) for owner in ("a", "a", "a", "b", "c", "b")]
    turns = [stores[1].position(row) for row in map(stores[1].look_at_job, names) if row is not None]
    assert turns == [0, 3, 5, 1, 2, 4]
    with ThreadPoolExecutor(4) as pool:
        claimed = [name for found in pool.map(work, range(4)) for name in found]
    assert sorted(claimed) == sorted(names)
    for name in names:
        stores[0].finish_job(name, "cancelled", progress={})
    logs[0].sign_head()
    assert logs[0].key is not None
    verdict = verify(logs[1].rows_after(0), logs[1].heads(), [head["key"] for head in logs[1].heads()])
    assert (verdict.broken, verdict.rows) == (None, before + 40)
    for store in stores:
        store.close()


def test_the_job_of_a_killed_server_is_taken_over_by_another(database: str, launch: Launch, tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    gate.shut()
    first = launch("--data", str(tmp_path / "a"), "--database", database, gate=gate)
    sweep: dict[str, Any] = {"key": "target.clean_share", "values": [0.5, 0.6, 0.7], "mode": "job"}
    job = first.post("/api/v1/sweep", {**study(), **sweep}).json()["job"]["id"]
    wait_until_working(first.get, job)
    os.kill(first.process.pid, signal.SIGKILL)
    with open_client(Settings(data=tmp_path / "b", database=database)) as second:
        found = wait_for_job(second.get, job)
    assert found["state"] == "done"
    assert found["attempts"] == 2
    assert len(found["result"]["points"]) == 3
