"""The store by itself: migrations, plans, the queue of jobs, and what cannot be used as a database."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import alembic.command
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from kiban.errors import OutputError
from kiban.planning.plan import Plan
from kiban.server import holdings
from kiban.server.holdings import Reader
from kiban.server.leases import LEASE_SECONDS, clock
from kiban.server.packing import PackedPlan, pack, pack_plan, plan_id, restore_plan, unpack
from kiban.server.store import Kept, Row, Store
from kiban.server.tables import jobs, metadata, plans
from kiban.tasks.database import LockedError, fault_of
from kiban.version import edition

ME = Reader("me", is_admin=False)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path}/deep/kiban.sqlite3")
    yield opened
    opened.close()


def add(store: Store, name: str) -> str:
    return store.add_job("plan", name, "me", pack({"name": name}), {"message": {}})


def test_migrations_lead_to_the_tables_as_declared(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_store_is_opened_again_as_it_was(store: Store) -> None:
    job = add(store, "a")
    again = Store(store.url)
    assert again.find_job(job) is not None
    again.close()


def test_a_database_of_a_newer_kiban_is_refused(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    with pytest.raises(OutputError, match="9999"):
        Store(store.url)


@pytest.mark.parametrize(
    "url",
    ["sqlite:////proc/none/kiban.sqlite3", "postgresql+psycopg://me:secret@127.0.0.1:1/kiban", "nonsense://x", "://"],
)
def test_a_database_that_cannot_be_used(url: str) -> None:
    with pytest.raises(OutputError) as caught:
        Store(url)
    assert "secret" not in str(caught.value)


def test_a_plan_comes_back_as_it_was(plan: Plan, infeasible_plan: Plan) -> None:
    for packed_plan in (plan, infeasible_plan):
        packed = pack_plan(packed_plan, with_hours=True)
        assert packed.hours is not None
        restored = restore_plan(packed.scenario, packed.summary, packed.hours)
        assert restored == packed_plan
        assert list(restored.time) == list(packed_plan.time)
    assert pack_plan(plan, with_hours=False).hours is None
    assert pack_plan(plan, with_hours=True) == pack_plan(plan, with_hours=True)


def test_the_id_of_a_plan_changes_with_its_question(plan: Plan) -> None:
    scenario = plan.scenario
    assert plan_id(scenario) == plan_id(scenario.model_copy())
    assert plan_id(scenario) != plan_id(scenario, cooling_system="immersion")
    assert plan_id(scenario) != plan_id(scenario.model_copy(update={"seed": 2}))
    assert len(edition()) == 12


def keep(store: Store, name: str, packed: PackedPlan, *, owner: str, work: str, seconds: float) -> None:
    store.keep_plans([Kept(name, owner, lambda: packed, work, seconds)])


def listed(store: Store, reader: Reader = ME, limit: int = 10, *, deleted: bool = False) -> list[Row]:
    return store.rows(holdings.list_plans(limit, reader, deleted=deleted))


def test_plans_are_listed_and_pruned(store: Store, plan: Plan) -> None:
    packed = pack_plan(plan, with_hours=False)
    for number in range(5):
        keep(store, f"p_{number}", packed, owner="me", work="instant", seconds=0.1)
    keep(store, "p_0", pack_plan(plan, with_hours=True), owner="me", work="job", seconds=1.0)
    keep(store, "p_0", packed, owner="me", work="instant", seconds=0.1)
    row = store.find_plan("p_0")
    assert row is not None
    assert row["hours"] is not None
    assert next(found for found in listed(store) if found["id"] == "p_0")["kept"]
    store.prune_plans(2)
    assert {found["id"] for found in listed(store)} == {"p_0", "p_3", "p_4"}
    assert "summary" not in listed(store, limit=1)[0]
    assert store.find_plan("p_1") is None


def test_a_flood_of_one_owner_prunes_nothing_of_another(store: Store, plan: Plan) -> None:
    packed = pack_plan(plan, with_hours=False)
    keep(store, "p_mine", packed, owner="me", work="instant", seconds=0.1)
    mine = add(store, "mine")
    store.finish_job(mine, "cancelled", progress={})
    for number in range(5):
        keep(store, f"p_{number}", packed, owner="flood", work="instant", seconds=0.1)
        store.finish_job(store.add_job("plan", "x", "flood", b"", {}), "cancelled", progress={})
    store.prune_plans(2)
    store.prune_jobs(2)
    assert [found["id"] for found in listed(store)] == ["p_mine"]
    assert [found["id"] for found in store.list_jobs(10, ME)] == [mine]
    assert {found["id"] for found in listed(store, Reader("flood", is_admin=False))} == {"p_3", "p_4"}


def test_jobs_are_claimed_in_order_and_once(store: Store) -> None:
    names = [add(store, str(number)) for number in range(8)]
    assert [store.position(store.find_job(name) or {}) for name in names] == list(range(8))  # type: ignore[arg-type]
    claimed: list[str] = []

    def claim() -> None:
        while (row := store.claim_job("server")) is not None:
            claimed.append(row["id"])

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(names)
    assert store.count_jobs() == {"queued": 0, "running": 8}


def test_the_life_of_a_job(store: Store) -> None:
    job = add(store, "a")
    store.report_progress(job, {"done": 1})  # not running yet: nothing is noted
    assert json.loads((store.look_at_job(job) or {})["progress"]) == {"message": {}}
    store.claim_job("server")
    store.report_progress(job, {"done": 1})
    assert not store.requeue_job(job, "other", {"done": 0})
    assert store.requeue_job(job, "server", {"done": 0})
    row = store.claim_job("other")
    assert row is not None
    assert (row["attempts"], row["holder"]) == (2, "other")
    assert store.finish_job(job, "done", result=pack({"x": 1}), progress={})
    assert not store.finish_job(job, "cancelled", progress={})
    ended = store.find_job(job)
    assert ended is not None
    assert ended["state"] == "done"
    assert unpack(ended["result"]) == {"x": 1}


def test_only_jobs_that_have_ended_are_pruned(store: Store) -> None:
    names = [add(store, str(number)) for number in range(5)]
    for name in names[:4]:
        store.finish_job(name, "cancelled", progress={})
    store.prune_jobs(1)
    assert {row["id"] for row in store.list_jobs(10, ME)} == {names[3], names[4]}


def set_lease(store: Store, job: str, seconds: float | None) -> None:
    with store.engine.begin() as connection:
        until = None if seconds is None else clock(connection) + seconds
        connection.execute(jobs.update().where(jobs.c.id == job).values(lease=until))


def states(store: Store, *names: str) -> list[tuple[str, str | None]]:
    rows = [store.look_at_job(name) or {} for name in names]
    return [(row["state"], row["holder"]) for row in rows]  # type: ignore[index]


def test_the_clock_is_that_of_the_database(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = time.time()
    monkeypatch.setattr("kiban.server.store.time.time", lambda: before + 30)
    job = add(store, "a")
    store.claim_job("me")
    monkeypatch.undo()
    row = store.look_at_job(job)
    assert row is not None
    assert before + LEASE_SECONDS - 1 <= row["lease"] <= time.time() + LEASE_SECONDS + 1
    set_lease(store, job, -5.0)
    store.beat("other")
    assert (store.look_at_job(job) or {})["lease"] < time.time()
    store.beat("me")
    assert (store.look_at_job(job) or {})["lease"] > time.time() + LEASE_SECONDS / 2


def test_only_what_no_living_server_holds_is_queued_again(store: Store) -> None:
    mine, theirs = add(store, "a"), add(store, "b")
    store.claim_job("me")
    store.claim_job("them")
    assert store.requeue_orphans("me", {}, alone=False) == 0
    set_lease(store, theirs, 0.5)
    assert store.requeue_orphans("me", {}, alone=False) == 0
    set_lease(store, theirs, -0.5)
    assert store.requeue_orphans("me", {}, alone=False) == 1
    assert states(store, mine, theirs) == [("running", "me"), ("queued", None)]
    store.claim_job("them")
    set_lease(store, theirs, None)  # as an older kiban left it
    assert store.requeue_orphans("me", {}, alone=False) == 1
    store.claim_job("them")
    assert store.requeue_orphans("me", {}, alone=True) == 1
    assert states(store, mine, theirs) == [("running", "me"), ("queued", None)]
    assert (store.look_at_job(theirs) or {})["deaths"] == 0


def test_what_a_server_holds_but_does_not_work_on_is_queued_again(store: Store) -> None:
    worked, lost, theirs = add(store, "a"), add(store, "b"), add(store, "c")
    for holder in ("me", "me", "them"):
        store.claim_job(holder)
    assert store.requeue_lost("me", [worked], {}) == 1
    assert store.requeue_lost("me", [worked], {}) == 0
    assert states(store, worked, lost, theirs) == [("running", "me"), ("queued", None), ("running", "them")]


def test_only_deaths_by_its_own_fault_are_counted(store: Store) -> None:
    job = add(store, "a")
    for own_fault, deaths in ((False, 0), (True, 1), (False, 1), (True, 2)):
        store.claim_job("me")
        assert store.requeue_job(job, "me", {}, own_fault=own_fault)
        assert (store.look_at_job(job) or {})["deaths"] == deaths
    assert (store.look_at_job(job) or {})["attempts"] == 4


def test_a_result_and_its_plans_are_written_together_or_not_at_all(
    store: Store, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [(f"p_{number}", pack_plan(plan, with_hours=True), 1.0) for number in range(2)]
    job, cancelled = add(store, "a"), add(store, "b")
    store.claim_job("me")
    keep, kept = store._keep_plan, []

    def kept_plans() -> set[str]:
        return {row["id"] for row in store.rows(sa.select(plans.c.id))}

    def fail(*arguments: object) -> None:
        kept.append(arguments)
        if len(kept) == 2:
            raise sa.exc.OperationalError("insert", {}, sqlite3.OperationalError("database or disk is full"))
        keep(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "_keep_plan", fail)
    with pytest.raises(sa.exc.OperationalError):
        store.finish_job(job, "done", result=b"x", progress={}, made=made)
    assert states(store, job) == [("running", "me")]
    assert kept_plans() == set()
    monkeypatch.undo()
    assert store.finish_job(job, "done", result=b"x", progress={}, made=made)
    assert kept_plans() == {"p_0", "p_1"}
    # A result that comes after the job was cancelled leaves nothing.
    assert store.finish_job(cancelled, "cancelled", progress={})
    assert not store.finish_job(cancelled, "done", result=b"x", progress={}, made=[("p_2", *made[0][1:])])
    assert kept_plans() == {"p_0", "p_1"}


def test_what_is_acknowledged_is_on_the_disk(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    @sa.event.listens_for(store.engine, "before_cursor_execute")
    def note(_: object, __: object, statement: str, *___: object) -> None:
        said.append(statement)

    def is_durable(act: Callable[[], object]) -> bool:
        said.clear()
        act()
        first = [statement for statement in said if not statement.startswith("SELECT")][:2]
        assert first[1] == "BEGIN IMMEDIATE"
        return first[0] == "PRAGMA synchronous=FULL"

    job = add(store, "a")
    store.claim_job("me")
    assert is_durable(lambda: add(store, "b"))
    assert not is_durable(lambda: store.report_progress(job, {}))
    assert not is_durable(lambda: store.beat("me"))
    assert is_durable(lambda: store.finish_job(job, "done", progress={}))


def test_what_was_wrong_is_known_until_it_is_right_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.fault is None
    with store.engine.connect() as other:
        other.exec_driver_sql("PRAGMA busy_timeout=0")
        # No page more than there are: the file is as full as a disk can be.
        pages = other.exec_driver_sql("PRAGMA page_count").scalar_one()

    def limit(most: int) -> None:
        def keep_small(connection: sqlite3.Connection, *_: object) -> None:
            connection.execute(f"PRAGMA max_page_count={most}")

        sa.event.listen(store.engine, "checkout", keep_small)

    limit(pages)
    with pytest.raises(sa.exc.OperationalError, match="full"):
        store.add_job("plan", "x", "me", b"x" * 1_000_000, {})
    assert store.fault == "full"
    limit(1_000_000)
    store.probe()
    assert store.fault is None


def test_who_waits_too_long_for_another_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiban.server.store.PATIENCE_WITH_LOCKS_SECONDS", 0.2)
    with store._write(), pytest.raises(LockedError):
        add(store, "a")
    assert store.fault == "locked"
    quick = Store(store.url)
    with store._write():
        with pytest.raises(sa.exc.OperationalError, match="locked") as caught:
            add(quick, "a")
        # Who reads need not wait.
        assert quick.count_jobs() == {"queued": 0, "running": 0}
    assert fault_of(caught.value) == "locked"
    quick.close()


@pytest.mark.parametrize("kind", ["pages", "bytes", "empty head"])
def test_a_damaged_database_is_one_sentence(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "kiban.sqlite3"
    store = Store(f"sqlite:///{place}")
    for number in range(200):
        add(store, str(number))
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    whole = place.read_bytes()
    if kind == "pages":
        # All but the head, where the tables are described.
        whole = whole[:4096] + b"\xab" * (len(whole) - 4096)
    elif kind == "bytes":
        whole = bytes(range(256)) * 64
    else:
        whole = bytes(100) + whole[100:]
    place.write_bytes(whole)
    with pytest.raises(OutputError, match="is damaged") as caught:
        Store(store.url)
    assert len(str(caught.value).splitlines()) == 1


def test_a_database_of_the_first_version_is_brought_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/kiban.sqlite3"
    upgrade = alembic.command.upgrade
    with monkeypatch.context() as patch:
        patch.setattr("alembic.command.upgrade", lambda config, _: upgrade(config, "0001"))
        old = Store(url)
    values = {"id": "j_1", "kind": "plan", "name": "a", "owner": "me", "state": "running", "created": 1.0,
              "question": b"", "progress": "{}", "attempts": 2, "holder": "gone", "beat": 1.0}  # fmt: skip
    columns = ", ".join(values)
    with old.engine.begin() as connection:
        connection.execute(sa.text(f"insert into jobs ({columns}) values (:{', :'.join(values)})"), values)
    old.close()
    with closing(Store(url)) as store:
        row = store.look_at_job("j_1")
        assert row is not None
        assert (row["attempts"], row["deaths"], row["lease"]) == (2, 0, 1.0)
        assert store.requeue_orphans("me", {}, alone=False) == 1
