"""Whose plans and jobs are: what one made another neither sees, deletes nor keeps waiting, unless it is shared."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from tests.cases.servers import Client, open_client, study, wait_for_job, wait_until_working
from tests.server.gates import Gate

from kiban.server import ownership
from kiban.server.access import digest_of, make_token
from kiban.server.audit_proof import verify
from kiban.server.sessions import add_token
from kiban.server.settings import Limits, Settings

LIMITS = Limits(queued_jobs=6, queued_jobs_per_owner=4)


class Person:
    """Somebody with a token."""

    def __init__(self, client: Client, name: str, role: str) -> None:
        token = make_token()
        assert add_token(client.service.store, name, role, digest_of(token))
        self.client, self.headers = client, {"authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        return self.client.request(method, f"/api/v1{path}", headers=self.headers, json=body)

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path, headers=self.headers)

    def plan(self, **changes: Any) -> str:
        found: str = self.ask("POST", "/plans", study(**changes)).json()["plan"]["id"]
        return found

    def queue(self, share: float) -> httpx.Response:
        return self.ask("POST", "/plans", {**study(target__clean_share=share), "mode": "job"})

    def plans(self, query: str = "") -> set[str]:
        return {row["id"] for row in self.ask("GET", f"/plans{query}").json()["plans"]}

    def jobs(self) -> set[str]:
        return {row["id"] for row in self.ask("GET", "/jobs").json()["jobs"]}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Gate]]:
    """A server on a shared machine, whose jobs go no further than a gate lets them."""
    folder = tmp_path_factory.mktemp("data")
    gate = Gate(folder / "gate")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kiban.server.supervisor.serve_jobs", gate.worker)
        with open_client(Settings(data=folder, token=True, limits=LIMITS)) as opened:
            yield opened, gate


@pytest.fixture(scope="module")
def client(place: tuple[Client, Gate]) -> Client:
    return place[0]


@pytest.fixture(scope="module")
def people(client: Client) -> dict[str, Person]:
    roles = {"mina": "planner", "ken": "planner", "viewer": "viewer", "admin": "admin"}
    return {name: Person(client, name, role) for name, role in roles.items()}


READS = ("", "/hourly?columns=load_mw", "/profile?columns=load_mw", "/files/toml", "/reproduce")


def test_what_is_not_shared_is_not_there_for_others(people: dict[str, Person]) -> None:
    mina, ken, viewer, admin = people.values()
    plan = mina.plan(target__clean_share=0.61)
    for address in READS:
        assert mina.ask("GET", f"/plans/{plan}{address}").status_code == 200
        assert admin.ask("GET", f"/plans/{plan}{address}").status_code == 200
        for other in (ken, viewer):
            assert other.ask("GET", f"/plans/{plan}{address}").status_code == 404
    based = {"plan": plan, "changes": {"target.clean_share": 0.62}}
    assert viewer.ask("POST", "/check", based).status_code == 404
    for path, more in (("/plans", {}), ("/pay", {"package": "tax-credit"}), ("/sweep", {"key": "seed", "values": [1]})):
        assert ken.ask("POST", path, {**based, **more}).status_code == 404
    assert ken.ask("POST", "/compare", {"base": study(), "others": [based]}).status_code == 404
    assert mina.ask("POST", "/check", based).status_code == 200
    assert plan in mina.plans()
    assert plan in admin.plans()
    assert plan not in ken.plans() | viewer.plans()


def test_sharing_lets_others_read_and_nothing_more(people: dict[str, Person]) -> None:
    mina, ken, viewer, admin = people.values()
    plan = mina.plan(target__clean_share=0.63)
    assert ken.ask("PATCH", f"/plans/{plan}", {"shared": True}).status_code == 404
    assert viewer.ask("PATCH", f"/plans/{plan}", {"shared": True}).status_code == 403
    assert mina.ask("PATCH", f"/plans/{plan}", {"shared": True}).status_code == 204
    for other in (ken, viewer):
        assert other.ask("GET", f"/plans/{plan}").status_code == 200
        assert plan in other.plans()
        assert other.ask("DELETE", f"/plans/{plan}").status_code == 403
        assert other.ask("PATCH", f"/plans/{plan}", {"shared": False}).status_code == 403
    (row,) = [row for row in ken.ask("GET", "/plans").json()["plans"] if row["id"] == plan]
    assert (row["owner"], row["own"], row["shared"]) == ("mina", False, True)
    assert admin.ask("PATCH", f"/plans/{plan}", {"shared": False}).status_code == 204
    assert ken.ask("GET", f"/plans/{plan}").status_code == 404


def test_another_planner_cannot_delete_a_plan_and_the_job_keeps_it(people: dict[str, Person]) -> None:
    """The case sec-planner-deletes-others."""
    mina, ken, *_ = people.values()
    job = mina.queue(0.64).json()["job"]["id"]
    plan = wait_for_job(mina.get, job)["result"]["plan"]["id"]
    assert ken.ask("DELETE", f"/plans/{plan}").status_code == 404
    # Whoever asks the same question has the same plan: its own, and not the other's.
    assert ken.plan(target__clean_share=0.64) == plan
    assert ken.ask("DELETE", f"/plans/{plan}").status_code == 204
    assert ken.ask("GET", f"/plans/{plan}").status_code == 404
    assert mina.ask("GET", f"/plans/{plan}").status_code == 200
    assert mina.ask("GET", f"/jobs/{job}").json()["result"]["plan"]["id"] == plan
    assert mina.ask("DELETE", f"/plans/{plan}").status_code == 204
    assert mina.ask("GET", f"/jobs/{job}").json()["result"] == {"plan": None}


def test_a_deleted_plan_comes_back_until_it_is_purged(
    client: Client, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    mina, ken, _, admin = people.values()
    plan = mina.plan(target__clean_share=0.65)
    cost = mina.ask("GET", f"/plans/{plan}").json()["cost_myen_per_year"]
    assert mina.ask("POST", f"/plans/{plan}/restore").status_code == 404  # it is not deleted
    for deleter in (mina, admin):
        assert deleter.ask("DELETE", f"/plans/{plan}").status_code == 204
        for address in READS:
            assert mina.ask("GET", f"/plans/{plan}{address}").status_code == 404
            assert admin.ask("GET", f"/plans/{plan}{address}").status_code == 404
        assert plan not in mina.plans()
        assert deleter.ask("DELETE", f"/plans/{plan}").status_code == 404
        assert plan in mina.plans("?deleted=true")
        assert plan not in ken.plans("?deleted=true")
        assert ken.ask("POST", f"/plans/{plan}/restore").status_code == 404
        restorer = admin if deleter is mina else mina
        assert plan in restorer.plans("?deleted=true")
        assert restorer.ask("POST", f"/plans/{plan}/restore").json()["cost_myen_per_year"] == cost
        assert plan in mina.plans()
    mina.ask("DELETE", f"/plans/{plan}")
    assert ownership.purge(client.service.store, 30) == (0, 0)
    assert client.service.store.find_plan(plan) is not None
    later = time.time() + 30 * 86_400 + 60
    with monkeypatch.context() as patch:
        patch.setattr("kiban.server.ownership.read_clock", lambda: later)
        assert ownership.purge(client.service.store, 30)[0] >= 1
    assert client.service.store.find_plan(plan) is None
    assert mina.ask("POST", f"/plans/{plan}/restore").status_code == 404


def test_a_plan_of_two_is_purged_for_one_only(
    client: Client, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    mina, ken, *_ = people.values()
    plan = mina.plan(target__clean_share=0.66)
    assert ken.plan(target__clean_share=0.66) == plan
    mina.ask("DELETE", f"/plans/{plan}")
    later = time.time() + 40 * 86_400
    with monkeypatch.context() as patch:
        patch.setattr("kiban.server.ownership.read_clock", lambda: later)
        ownership.purge(client.service.store, 30)
    assert mina.ask("POST", f"/plans/{plan}/restore").status_code == 404
    assert ken.ask("GET", f"/plans/{plan}").status_code == 200


def test_jobs_are_their_owners(people: dict[str, Person]) -> None:
    mina, ken, viewer, admin = people.values()
    job = mina.queue(0.67).json()["job"]["id"]
    for other in (ken, viewer):
        assert other.ask("GET", f"/jobs/{job}").status_code == 404
        assert other.ask("GET", f"/jobs/{job}/events").status_code == 404
        assert job not in other.jobs()
    assert ken.ask("DELETE", f"/jobs/{job}").status_code == 404
    assert ken.ask("PATCH", f"/jobs/{job}", {"shared": True}).status_code == 404
    wait_for_job(mina.get, job)
    assert job in mina.jobs() & admin.jobs()
    assert mina.ask("PATCH", f"/jobs/{job}", {"shared": True}).status_code == 204
    for other in (ken, viewer):
        assert other.ask("GET", f"/jobs/{job}").json()["result"]["plan"]["status"] == "optimal"
        assert other.ask("GET", f"/jobs/{job}/events").status_code == 200
        assert job in other.jobs()
        assert other.ask("DELETE", f"/jobs/{job}").status_code == 403
    assert mina.ask("PATCH", f"/jobs/{job}", {"shared": False}).status_code == 204
    assert ken.ask("GET", f"/jobs/{job}").status_code == 404


def test_one_planner_does_not_fill_the_queue_of_all(place: tuple[Client, Gate]) -> None:
    """The case sec-queue-hog."""
    client, gate = place
    hog, second, third = (Person(client, name, "planner") for name in ("hog", "second", "third"))
    gate.shut()
    try:
        held = {**study(), "key": "load.it_load_mw", "values": [80, 90, 100], "mode": "job"}
        running = hog.ask("POST", "/sweep", held).json()["job"]["id"]
        wait_until_working(hog.get, running)
        waiting = [hog.queue(0.7 + 0.01 * number) for number in range(4)]
        assert [answer.status_code for answer in waiting] == [202] * 4
        refused = hog.queue(0.75)
        assert refused.status_code == 429
        assert "4件" in refused.json()["detail_ja"]
        mine = [second.queue(0.76), second.queue(0.77)]
        assert [answer.status_code for answer in mine] == [202, 202]
        assert second.queue(0.78).status_code == 429  # six wait in all, two of them its own
        new = third.queue(0.79)  # one who has none waiting is never kept out
        assert new.status_code == 202
        places = [answer.json()["job"]["position"] for answer in (*mine, new)]
        assert places == [0, 2, 1]
    finally:
        gate.open()
    ids = [answer.json()["job"]["id"] for answer in (mine[0], new, waiting[0], mine[1])]
    people = (second, third, hog, second)
    ended = [wait_for_job(person.get, job) for person, job in zip(people, ids, strict=True)]
    assert all(job["state"] == "done" for job in ended)
    store = client.service.store
    started = [row["started"] for row in map(store.look_at_job, ids) if row is not None]
    assert started == sorted(started)


def test_strangers_write_no_rows_into_the_audit_log(client: Client, people: dict[str, Person]) -> None:
    """The case sec-audit-flush."""
    mina, _, _, admin = people.values()
    mina.plan(target__clean_share=0.68)
    before = admin.ask("GET", "/audit?limit=1000").json()
    counted = sum(row["calls"] for row in before["strangers"])
    for number in range(300):
        headers = {} if number % 2 else {"authorization": "Bearer kiban_wrong"}
        method, path = [("POST", "zzz"), ("DELETE", "plans/x"), ("GET", "jobs")][number % 3]
        assert client.request(method, f"/api/v1/{path}", headers=headers).status_code in {401, 404, 405}
    after = admin.ask("GET", "/audit?limit=1000").json()
    assert after["entries"] == before["entries"]
    assert sum(row["calls"] for row in after["strangers"]) == counted + 300
    assert {row["address"] for row in after["strangers"]} == {"127.0.0.1"}
    log = client.service.audit
    assert log.key is not None
    log.sign_head()
    assert verify(log.rows_after(0), log.heads(), [log.key.public]).broken is None
    head = admin.ask("GET", "/audit").json()["head"]
    assert head["number"] == after["entries"][0]["number"]
    assert head["hash"] == after["entries"][0]["hash"]
    assert head["key"] == log.key.public
