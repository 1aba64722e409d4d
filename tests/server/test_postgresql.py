"""The store in PostgreSQL: the same as in SQLite, with jobs that outlive their server.

Runs where PostgreSQL's programs are installed (Debian's package will do), on a cluster of its own.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.campaigns.resume_kills import SITE
from tests.cases.old_database import ENTRY, fill_old_database
from tests.cases.postgresql import MissingError, open_cluster
from tests.cases.servers import (
    SOURCE,
    LiveServer,
    open_client,
    study,
    wait_for_job,
    wait_until_working,
)
from tests.server.gates import Gate
from typer.testing import CliRunner

from kiban.cli import app
from kiban.errors import OutputError
from kiban.planning.making import edition_of_answers
from kiban.server import holdings
from kiban.server.audit import AuditLog
from kiban.server.audit_key import find_or_make_key
from kiban.server.audit_proof import verify
from kiban.server.holdings import Reader
from kiban.server.settings import Settings
from kiban.server.store import Store
from kiban.tasks.store import AnswerStore
from kiban.tasks.task import Key, to_text

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


COUNT_WHAT_IS_GIVEN = """
create table given (question text);
create function note_given() returns trigger language plpgsql as
    $$ begin insert into given values (new.question); return new; end $$;
create trigger given before insert on kiban_answers for each row execute function note_given();
"""
"""Counts what the store is given, what it has already included."""


def schema_of(database: str, name: str) -> tuple[str, sa.Engine]:
    """The address of a new schema of the database, as a user writes it, and its engine."""
    address = f"{database}?options=-csearch_path%3D{name}"
    engine = sa.create_engine(Settings(database=address).database_url)
    with engine.begin() as connection:
        connection.execute(sa.text(f"create schema {name}"))
    return address, engine


def given_to(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return sorted(connection.execute(sa.text("select question from given")).scalars())


def test_stores_that_share_a_database_keep_each_answer_once_and_to_the_last_bit(database: str) -> None:
    address, engine = schema_of(database, "shared")
    content = {"half": 0.1 + 0.2, "no": -0.0, "text": "\0答え", "none": None}
    keys = [Key("subject", f"question {number}", "one") for number in range(20)]
    barrier = threading.Barrier(4)

    def share(number: int) -> tuple[AnswerStore, int]:
        barrier.wait()  # all make the tables at once
        store = AnswerStore(address, edition="one")
        return store, sum(store.keep(key, [place, content]) for place, key in enumerate(keys))

    with ThreadPoolExecutor(4) as pool:
        stores, new = zip(*pool.map(share, range(4)), strict=True)
    assert sum(new) == len(keys)
    for store in stores:
        found = store.find_all(keys)
        assert to_text([found[key] for key in keys]) == to_text([[place, content] for place in range(len(keys))])
    first, second = stores[:2]
    first.keep_point("a", b"\0point\xff")
    assert second.find_point("a") == b"\0point\xff"
    second.remove_points(["a"])
    assert first.find_point("a") is None
    other = AnswerStore(address, edition="two")
    assert (other.find(keys[0]._replace(edition="two")), other.count_others(keys)) == (None, len(keys))
    # Links that the database ends, as when it is started anew, are made again.
    with engine.connect() as connection:
        connection.execute(sa.text(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'kiban' and pid <> pg_backend_pid()"
        ))  # fmt: skip
    assert first.keep(keys[0]._replace(question="after"), 1.5)
    with engine.begin() as connection:
        connection.execute(sa.text("update kiban_answers set answer = '1.25' where question = 'after'"))
    with pytest.raises(OutputError, match="holds an answer that is not the one that was kept there"):
        second.find(keys[0]._replace(question="after"))
    assert first.remove_before(math.inf) == len(keys) + 1
    for store in (*stores, other):
        store.close()
    engine.dispose()


def test_a_killed_sweep_is_resumed_by_two_processes_at_once(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, engine = schema_of(database, "resumed")
    AnswerStore(address, edition=edition_of_answers()).close()
    with engine.begin() as connection:
        connection.execute(sa.text(COUNT_WHAT_IS_GIVEN))
    monkeypatch.chdir(tmp_path)
    Path("site.toml").write_text(SITE, encoding="utf-8")
    words = ["sweep", "site.toml", "--over", "credit_rate=0:0.4:0.2", "--json"]
    whole = CliRunner().invoke(app, words)
    assert whole.exit_code == 0, whole.output
    resumed = [*words, "--resume", address]

    def begin() -> subprocess.Popen[str]:
        surroundings = {**os.environ, "PYTHONPATH": str(SOURCE), "LC_ALL": "C"}
        return subprocess.Popen([sys.executable, "-m", "kiban.cli", *resumed], env=surroundings, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip

    killed = begin()
    assert killed.stderr is not None
    for line in killed.stderr:
        if line.startswith("1 of 3 answers"):
            break
    killed.kill()
    killed.communicate()
    left = given_to(engine)
    assert len(left) in {1, 2}
    other = begin()
    here = CliRunner().invoke(app, resumed)
    there, _ = other.communicate()
    assert here.stdout == there == whole.stdout
    given = given_to(engine)
    assert [given.count(question) for question in left] == [1] * len(left)
    assert len(set(given)) == 3
    again = CliRunner().invoke(app, resumed)
    assert "/kiban: 3 of 3 answers are there." in again.stderr.replace("?options=-csearch_path%3Dresumed", "")
    assert (again.stdout, given_to(engine)) == (whole.stdout, given)
    engine.dispose()


def test_the_job_of_a_killed_server_is_taken_over_by_another(database: str, launch: Launch, tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    gate.shut()
    first = launch("--data", str(tmp_path / "a"), "--database", database, gate=gate)
    sweep: dict[str, Any] = {"key": "target.clean_share", "values": [0.5, 0.6, 0.7], "mode": "job"}
    job = first.post("/api/v1/sweep", {**study(), **sweep}).json()["job"]["id"]
    wait_until_working(first.get, job)
    os.kill(first.process.pid, signal.SIGKILL)
    engine = sa.create_engine(Settings(database=database).database_url)
    with engine.begin() as connection:
        kept = connection.execute(sa.text("select count(*) from kiban_answers")).scalar()
        connection.execute(sa.text(COUNT_WHAT_IS_GIVEN))
    assert kept == 1
    with open_client(Settings(data=tmp_path / "b", database=database)) as second:
        found = wait_for_job(second.get, job)
    assert found["state"] == "done"
    assert found["attempts"] == 2
    assert len(found["result"]["points"]) == 3
    # What the first has answered is not made again.
    assert len(given_to(engine)) == 2
    engine.dispose()
