"""Instant answers: what waits and is overtaken is not solved, what is asked twice is solved once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cases.servers import PATIENCE_SECONDS, Client, open_client, study, wait_until

import kiban
from kiban.interruption import end_if_unwanted
from kiban.server import answers
from kiban.server.settings import Limits, Settings

SOLVERS = 2


class Counter:
    """Stands for the planner: counts what it is asked, and holds every answer until it is let go."""

    def __init__(self) -> None:
        self.asked: list[float | None] = []
        self.let_go = threading.Event()
        self.busy = threading.Semaphore(0)

    def build(self, scenario: Any, tell: Any = None, **_: Any) -> Any:
        self.asked.append(scenario.target.clean_share)
        self.busy.release()
        assert self.let_go.wait(PATIENCE_SECONDS)
        return kiban.build(scenario)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Client, Counter]]:
    """A server with two solvers, all of whose answers wait for a sign."""
    monkeypatch.setattr("os.cpu_count", lambda: SOLVERS)
    counter = Counter()
    with open_client(Settings(data=tmp_path, limits=Limits(waiting_answers=5))) as client:
        client.service.answers._solvers.submit(lambda: None).result()
        monkeypatch.setattr(answers, "build", counter.build)
        yield client, counter
        counter.let_go.set()


def ask(client: Client, share: float, session: str, sequence: int) -> httpx.Response:
    body = {**study(target__clean_share=share), "session": session, "sequence": sequence}
    return httpx.post(client.base_url.join("/api/v1/plans"), json=body, timeout=PATIENCE_SECONDS, trust_env=False)


def test_what_is_overtaken_while_it_waits_is_not_solved(slow: tuple[Client, Counter]) -> None:
    client, counter = slow
    with ThreadPoolExecutor(8) as pool:
        others = [pool.submit(ask, client, 0.5 + number / 100, f"other {number}", 1) for number in range(SOLVERS)]
        for _ in others:
            assert counter.busy.acquire(timeout=PATIENCE_SECONDS)
        first = pool.submit(ask, client, 0.7, "mine", 1)
        sessions = client.service.answers._sessions
        wait_until(lambda: ("local", "mine") in sessions)
        second = pool.submit(ask, client, 0.8, "mine", 2)
        wait_until(lambda: sessions[("local", "mine")].newest == 2)
        counter.let_go.set()
        assert first.result().status_code == 409
        assert first.result().json()["sequence"] == 1
        assert second.result().status_code == 200
        assert all(other.result().status_code == 200 for other in others)
    assert 0.7 not in counter.asked
    assert sorted(counter.asked) == [0.5, 0.51, 0.8]  # type: ignore[type-var]


def test_a_solve_that_is_overtaken_ends(slow: tuple[Client, Counter], monkeypatch: pytest.MonkeyPatch) -> None:
    client, counter = slow
    counter.let_go.set()

    def build(scenario: Any, *rest: Any, **named: Any) -> Any:
        if scenario.target.clean_share != 0.7:
            return counter.build(scenario, *rest, **named)
        counter.busy.release()
        while True:
            end_if_unwanted()
            time.sleep(0.01)

    monkeypatch.setattr(answers, "build", build)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(ask, client, 0.7, "mine", 1)
        assert counter.busy.acquire(timeout=PATIENCE_SECONDS)
        # Another session waits for the same: it is solved for that one, though the first is not interested any more.
        other = pool.submit(ask, client, 0.7, "other", 1)
        wait_until(lambda: any(len(flight.askers) == 2 for flight in client.service.answers._flights.values()))
        assert ask(client, 0.8, "mine", 2).status_code == 200
        assert not first.done()
        assert ask(client, 0.9, "other", 2).status_code == 200
        assert [answer.result().status_code for answer in (first, other)] == [409, 409]
        assert first.result().json()["type"] == "urn:kiban:problem:superseded"
    wait_until(lambda: client.service.answers._flights == {})


def test_the_same_question_of_many_is_solved_once(slow: tuple[Client, Counter]) -> None:
    client, counter = slow
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(ask, client, 0.6, f"tab {number}", 1) for number in range(6)]
        wait_until(lambda: len(client.service.answers._sessions) == 6)
        counter.let_go.set()
        plans = [answer.result().json()["plan"] for answer in answers]
    assert counter.asked == [0.6]
    assert len({plan["id"] for plan in plans}) == 1
    assert sorted(plan["cached"] for plan in plans) == [False] + [True] * 5


def test_too_many_questions_that_wait(slow: tuple[Client, Counter]) -> None:
    client, counter = slow
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(ask, client, 0.5 + number / 100, f"tab {number}", 1) for number in range(5)]
        wait_until(lambda: len(client.service.answers._flights) == 5)
        refused = ask(client, 0.9, "one more", 1)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "2"
        assert client.get("/api/v1/health").status_code == 200
        counter.let_go.set()
        assert all(answer.result().status_code == 200 for answer in answers)


def test_a_fault_of_the_planner_is_told_and_forgotten(slow: tuple[Client, Counter], monkeypatch: Any) -> None:
    client, _ = slow

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(answers, "build", fail)
    failed = ask(client, 0.6, "a", 1)
    assert failed.status_code == 500
    assert "secret" not in failed.text
    monkeypatch.setattr(answers, "build", lambda scenario, *_, **__: kiban.build(scenario))
    assert ask(client, 0.6, "a", 2).status_code == 200
