"""Jobs: cancel kills, a worker that dies is replaced, and one that always dies is given up."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator

import pytest
from tests.cases.servers import Client, open_client, study, wait_for_job

from kiban.server.settings import Settings

LONG = {"key": "target.clean_share", "values": [0.5 + 0.004 * step for step in range(100)]}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with open_client(Settings(data=tmp_path_factory.mktemp("data"))) as opened:
        yield opened


def start_long_job(client: Client) -> str:
    job_id: str = client.post("/api/v1/sweep", json={**study(), **LONG}).json()["job"]["id"]
    wait_until_working(client, job_id)
    return job_id


def wait_until_working(client: Client, job_id: str) -> None:
    until = time.monotonic() + 40.0
    while time.monotonic() < until:
        if (client.get(f"/api/v1/jobs/{job_id}").json()["progress"]["done"] or 0) >= 1:
            return
        time.sleep(0.1)
    raise AssertionError("the job does not begin")


def test_cancel_stops_the_worker_which_goes_on_with_the_next_job(client: Client) -> None:
    job_id = start_long_job(client)
    (slot,) = client.service.supervisor._slots
    process = slot.process
    cancelled = client.delete(f"/api/v1/jobs/{job_id}").json()
    assert cancelled["state"] == "cancelled"
    following = client.post("/api/v1/plans", json={**study(), "mode": "job"}).json()["job"]["id"]
    assert wait_for_job(client.get, following)["state"] == "done"
    assert [slot.process for slot in client.service.supervisor._slots] == [process]
    assert client.get(f"/api/v1/jobs/{job_id}").json()["state"] == "cancelled"


def test_cancel_kills_a_worker_that_does_not_listen(client: Client) -> None:
    job_id = start_long_job(client)
    queued = client.post("/api/v1/plans", json={**study(), "mode": "job"}).json()["job"]["id"]
    assert client.get(f"/api/v1/jobs/{queued}").json()["state"] == "queued"
    (slot,) = client.service.supervisor._slots
    os.kill(slot.process.pid or 0, signal.SIGSTOP)
    cancelled = client.delete(f"/api/v1/jobs/{job_id}").json()
    assert cancelled["state"] == "cancelled"
    assert cancelled["finished"]
    slot.process.join(timeout=5.0)
    assert slot.process.exitcode == -signal.SIGKILL
    # The queue moves on in a new process, and a second cancel changes nothing.
    assert client.delete(f"/api/v1/jobs/{queued}").json()["state"] in {"cancelled", "done"}
    assert client.delete(f"/api/v1/jobs/{job_id}").json()["finished"] == cancelled["finished"]
    with client.stream("GET", f"/api/v1/jobs/{job_id}/events") as stream:
        assert [line for line in stream.iter_lines() if line.startswith("event")] == ["event: cancelled"]


def test_progress_comes_as_events(client: Client) -> None:
    job_id = client.post("/api/v1/sweep", json={**study(), "key": "load.it_load_mw", "values": [80, 90, 100]}).json()[
        "job"
    ]["id"]
    events: list[tuple[str, dict[str, object]]] = []
    with client.stream("GET", f"/api/v1/jobs/{job_id}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        name = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                events.append((name, json.loads(line.removeprefix("data: "))))
    assert {name for name, _ in events[:-1]} == {"progress"}
    assert events[-1][0] == "done"
    assert len(events[-1][1]["result"]["points"]) == 3  # type: ignore[index]
    told = [str(content["progress"]["message"]["ja"]) for _, content in events]  # type: ignore[index]
    assert any("3点中" in message for message in told)


def test_a_worker_that_dies_is_replaced_but_not_for_ever(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiban.server.supervisor.MOST_ATTEMPTS", 2)
    job_id = start_long_job(client)
    for attempt in (1, 2):
        wait_until_working(client, job_id)
        assert client.get(f"/api/v1/jobs/{job_id}").json()["attempts"] == attempt
        (slot,) = [slot for slot in client.service.supervisor._slots if slot.job == job_id]
        os.kill(slot.process.pid or 0, signal.SIGKILL)
        time.sleep(0.5)
    job = wait_for_job(client.get, job_id)
    assert job["state"] == "failed"
    assert job["problem"]["type"] == "urn:kiban:problem:fault"
    assert "2回" in job["problem"]["detail_ja"]


def test_a_job_that_fails_says_why(client: Client) -> None:
    asked = {**study(site__area="atlantis"), "mode": "job"}
    job = wait_for_job(client.get, client.post("/api/v1/plans", json=asked).json()["job"]["id"])
    assert job["state"] == "failed"
    assert job["problem"]["type"] == "urn:kiban:problem:scenario"
    assert job["problem"]["path"] == "site.area"
    assert "系統エリアではありません" in job["problem"]["detail_ja"]
