"""The store by itself: migrations, plans, the queue of jobs, and what cannot be used as a database."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from kiban.errors import OutputError
from kiban.planning.plan import Plan
from kiban.server import holdings
from kiban.server.holdings import Reader
from kiban.server.packing import edition, pack, pack_plan, plan_id, restore_plan, unpack
from kiban.server.store import Row, Store
from kiban.server.tables import metadata

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


def listed(store: Store, reader: Reader = ME, limit: int = 10, *, deleted: bool = False) -> list[Row]:
    return store.rows(holdings.list_plans(limit, reader, deleted=deleted))


def test_plans_are_listed_and_pruned(store: Store, plan: Plan) -> None:
    packed = pack_plan(plan, with_hours=False)
    for number in range(5):
        store.keep_plan(f"p_{number}", packed, owner="me", work="instant", seconds=0.1)
    store.keep_plan("p_0", pack_plan(plan, with_hours=True), owner="me", work="job", seconds=1.0)
    store.keep_plan("p_0", packed, owner="me", work="instant", seconds=0.1)
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
    store.keep_plan("p_mine", packed, owner="me", work="instant", seconds=0.1)
    mine = add(store, "mine")
    store.finish_job(mine, "cancelled", progress={})
    for number in range(5):
        store.keep_plan(f"p_{number}", packed, owner="flood", work="instant", seconds=0.1)
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
    store.requeue_job(job, {"done": 0})
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


def test_jobs_of_silent_servers_are_found(store: Store) -> None:
    before = time.time()
    mine, theirs = add(store, "a"), add(store, "b")
    store.claim_job("me")
    store.claim_job("them")
    assert [row["id"] for row in store.find_orphans(time.time() + 1, "me")] == [theirs]
    assert [row["id"] for row in store.find_orphans(time.time() + 1, "nobody")] == [mine, theirs]
    assert store.find_orphans(before - 1, "nobody") == []
