"""Jobs: cancel kills, a worker that dies is replaced, and one that always dies is given up."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from itertools import count

import pytest
import sqlalchemy as sa
from tests.cases.servers import (
    PATIENCE_SECONDS,
    Client,
    open_client,
    study,
    wait_for_job,
    wait_until,
    wait_until_working,
)
from tests.server.gates import Gate

from kiban.scenario.examples import load_scenario
from kiban.scenario.plain import plain_scenario
from kiban.server import leases
from kiban.server.packing import pack
from kiban.server.settings import Settings
from kiban.server.store import Store

LOADS = count(80)
"""No job asks what another has asked: answers that are kept are not made again, and nothing is left to wait for."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Gate]]:
    """A server whose jobs go no further than a gate lets them."""
    folder = tmp_path_factory.mktemp("data")
    gate = Gate(folder / "gate")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kiban.server.supervisor.serve_jobs", gate.worker)
        with open_client(Settings(data=folder)) as opened:
            yield opened, gate


@pytest.fixture
def client(place: tuple[Client, Gate]) -> Client:
    return place[0]


@pytest.fixture
def gate(place: tuple[Client, Gate]) -> Iterator[Gate]:
    """The gate, shut; open again after the test."""
    place[1].shut()
    yield place[1]
    place[1].open()


def start_held_job(client: Client) -> str:
    """A job with one step of three behind it, which waits at the gate."""
    sweep = {**study(), "key": "load.it_load_mw", "values": [next(LOADS) for _ in range(3)], "mode": "job"}
    job_id: str = client.post("/api/v1/sweep", json=sweep).json()["job"]["id"]
    wait_until_working(client.get, job_id)
    return job_id


def test_cancel_stops_the_worker_which_goes_on_with_the_next_job(
    client: Client, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The worker listens, however long it takes it.
    monkeypatch.setattr("kiban.server.supervisor.PATIENCE_SECONDS", PATIENCE_SECONDS)
    job_id = start_held_job(client)
    (slot,) = client.service.supervisor._slots
    process = slot.process
    cancelled = client.delete(f"/api/v1/jobs/{job_id}").json()
    assert cancelled["state"] == "cancelled"
    # The gate is still shut: only the cancel can have freed the worker.
    wait_until(lambda: slot.job is None)
    gate.open()
    following = client.post("/api/v1/plans", json={**study(), "mode": "job"}).json()["job"]["id"]
    assert wait_for_job(client.get, following)["state"] == "done"
    assert [slot.process for slot in client.service.supervisor._slots] == [process]
    assert client.get(f"/api/v1/jobs/{job_id}").json()["state"] == "cancelled"


def test_cancel_kills_a_worker_that_does_not_listen(client: Client, gate: Gate) -> None:
    job_id = start_held_job(client)
    queued = client.post("/api/v1/plans", json={**study(), "mode": "job"}).json()["job"]["id"]
    assert client.get(f"/api/v1/jobs/{queued}").json()["state"] == "queued"
    (slot,) = client.service.supervisor._slots
    os.kill(slot.process.pid or 0, signal.SIGSTOP)
    cancelled = client.delete(f"/api/v1/jobs/{job_id}").json()
    assert cancelled["state"] == "cancelled"
    assert cancelled["finished"]
    # The supervisor waits for the process too: who comes second learns its exit code a moment later.
    wait_until(lambda: slot.process.exitcode is not None)
    assert slot.process.exitcode == -signal.SIGKILL
    # The queue moves on in a new process, and a second cancel changes nothing.
    assert client.delete(f"/api/v1/jobs/{queued}").json()["state"] in {"cancelled", "done"}
    assert client.delete(f"/api/v1/jobs/{job_id}").json()["finished"] == cancelled["finished"]
    with client.stream("GET", f"/api/v1/jobs/{job_id}/events") as stream:
        assert [line for line in stream.iter_lines() if line.startswith("event")] == ["event: cancelled"]


def test_progress_comes_as_events(client: Client, gate: Gate) -> None:
    job_id = start_held_job(client)
    events: list[tuple[str, dict[str, object]]] = []
    with client.stream("GET", f"/api/v1/jobs/{job_id}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        name = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                events.append((name, json.loads(line.removeprefix("data: "))))
                gate.open()
    assert {name for name, _ in events[:-1]} == {"progress"}
    assert events[-1][0] == "done"
    assert len(events[-1][1]["result"]["points"]) == 3  # type: ignore[index]
    told = [str(content["progress"]["message"]["ja"]) for _, content in events]  # type: ignore[index]
    assert any("3点中" in message for message in told)


@pytest.mark.usefixtures("gate")
def test_a_worker_that_dies_is_replaced_but_not_for_ever(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiban.server.supervisor.MOST_DEATHS", 2)
    job_id = start_held_job(client)
    # Kills from outside are no fault of the job; a crash is.
    for attempt, end in enumerate((signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGABRT), start=1):
        wait_until_working(client.get, job_id, attempt)
        (slot,) = [slot for slot in client.service.supervisor._slots if slot.job == job_id]
        os.kill(slot.process.pid or 0, end)
    job = wait_for_job(client.get, job_id)
    assert job["state"] == "failed"
    assert job["problem"]["type"] == "urn:kiban:problem:fault"
    assert "2回" in job["problem"]["detail_ja"]


def test_a_job_whose_start_never_leads_anywhere_is_given_up(
    client: Client, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiban.server.supervisor.MOST_ATTEMPTS", 1)
    job_id = start_held_job(client)
    (slot,) = [slot for slot in client.service.supervisor._slots if slot.job == job_id]
    os.kill(slot.process.pid or 0, signal.SIGKILL)
    job = wait_for_job(client.get, job_id)
    assert (job["state"], job["attempts"]) == ("failed", 2)
    assert "started 1 times" in job["problem"]["detail"]


def unwritable(fault: str, times: int) -> Callable[..., None]:
    """A way to write the end of a job that fails so often, and is then the store's own."""
    errors = {"full": "database or disk is full", "locked": "database is locked"}

    def finish(self: Store, *arguments: object, **named: object) -> bool:
        nonlocal times
        times -= 1
        if times >= 0:
            error = sqlite3.OperationalError(errors[fault])
            error.sqlite_errorcode = sqlite3.SQLITE_FULL if fault == "full" else sqlite3.SQLITE_BUSY
            raise sa.exc.OperationalError("update", {}, error)
        return FINISH(self, *arguments, **named)  # type: ignore[arg-type]

    return finish  # type: ignore[return-value]


FINISH = Store.finish_job


@pytest.mark.parametrize("fault", ["full", "locked"])
def test_a_result_is_kept_until_it_is_written(client: Client, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setattr(Store, "finish_job", unwritable(fault, 3))
    job_id = client.post("/api/v1/plans", json={**study(), "mode": "job"}).json()["job"]["id"]
    wait_until(lambda: job_id in client.service.supervisor._endings)
    job = wait_for_job(client.get, job_id)
    assert (job["state"], job["attempts"]) == ("done", 1)
    assert job["result"]["plan"]["status"] == "optimal"


def test_a_result_that_no_store_takes_is_a_failure_and_no_endless_trial(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(value: dict[str, object]) -> bytes:
        if "scenario" in value:  # the question
            return pack(value)
        raise ValueError("Out of range float values are not JSON compliant")

    monkeypatch.setattr("kiban.server.supervisor.pack", refuse)
    question = {**study(), "mode": "job"}
    job_id = client.post("/api/v1/plans", json=question).json()["job"]["id"]
    assert wait_for_job(client.get, job_id)["state"] == "failed"


def test_a_job_that_stands_as_running_but_is_held_by_nobody_is_queued_again(client: Client) -> None:
    service = client.service
    job_id = service.store.add_job("plan", "a", "local", pack({"scenario": plain_scenario(load_scenario())}), {})
    with service.store._write() as connection:
        leases.take(connection, job_id, service.supervisor.holder, 0.0)
    job = wait_for_job(client.get, job_id)
    assert (job["state"], job["attempts"]) == ("done", 2)


def test_a_job_that_fails_says_why(client: Client) -> None:
    asked = {**study(site__area="atlantis"), "mode": "job"}
    job = wait_for_job(client.get, client.post("/api/v1/plans", json=asked).json()["job"]["id"])
    assert job["state"] == "failed"
    assert job["problem"]["type"] == "urn:kiban:problem:scenario"
    assert job["problem"]["path"] == "site.area"
    assert "系統エリアではありません" in job["problem"]["detail_ja"]


def test_a_national_plan_is_found_by_its_study_alone(client: Client) -> None:
    """What is asked decides: the same study finds the job, in whatever words, and another study finds nothing."""
    changes = {"national.sites": ["tomakomai", "inzai"], "national.hours": 24, "national.gap": 0.05}
    asked = {"example": "japan", "changes": changes}
    assert client.post("/api/v1/national/find", json=asked).json() == {"job": None}
    job = client.post("/api/v1/national", json={**asked, "session": "a"}).json()["job"]
    assert client.post("/api/v1/national/find", json={**asked, "session": "b"}).json()["job"]["id"] == job["id"]
    other = {"example": "japan", "changes": {**changes, "national.hours": 48}}
    assert client.post("/api/v1/national/find", json=other).json() == {"job": None}
    client.delete(f"/api/v1/jobs/{job['id']}")
