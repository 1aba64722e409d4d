"""Fifty clients at once: no error, no lost job, no answer to another's question.

Each asks a number of times, however long that takes: `KIBAN_CLIENT_QUESTIONS=100` lets them ask more often.
"""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from tests.cases.servers import PATIENCE_SECONDS, LiveServer, study, wait_for_job

CLIENTS = 50
QUESTIONS = int(os.environ.get("KIBAN_CLIENT_QUESTIONS", "12"))


class Visitor(threading.Thread):
    """One user: moves a slider, reads, and now and then queues a job."""

    def __init__(self, number: int, address: str) -> None:
        super().__init__(daemon=True)
        self.number, self.address = number, address
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.jobs: list[str] = []
        self.chance = random.Random(number)

    def run(self) -> None:
        with httpx.Client(base_url=self.address, timeout=PATIENCE_SECONDS, trust_env=False) as client:
            for sequence in range(1, QUESTIONS + 1):
                try:
                    self.act(client, sequence)
                except Exception as error:
                    self.faults.append(f"{type(error).__name__}: {error}")

    def act(self, client: httpx.Client, sequence: int) -> None:
        chosen = self.chance.random()
        if chosen < 0.5:
            share = round(0.5 + 0.01 * self.chance.randrange(40), 2)
            asked = {**study(target__clean_share=share), "session": f"tab {self.number}", "sequence": sequence}
            answer = client.post("/api/v1/plans?view=full", json=asked)
            self.expect(answer, 200)
            content = answer.json()
            own = (content["session"], content["sequence"]) == (asked["session"], sequence)
            if not own or content["plan"]["scenario"]["target"]["clean_share"] != share:
                self.faults.append(f"an answer to another question: {content['session']} {content['sequence']}")
        elif chosen < 0.53:
            answer = client.post("/api/v1/plans", json={**study(load__it_load_mw=50 + self.number), "mode": "job"})
            self.expect(answer, 202, 429)
            if answer.status_code == 202:
                self.jobs.append(answer.json()["job"]["id"])
        else:
            address = self.chance.choice(["health", "sites/tomakomai", "facts?pattern=pv", "jobs", "plans?limit=5"])
            self.expect(client.get(f"/api/v1/{address}"), 200)

    def expect(self, answer: httpx.Response, *statuses: int) -> None:
        self.counts[f"{answer.request.method} {answer.status_code}"] += 1
        if answer.status_code not in statuses:
            self.faults.append(f"{answer.request.url} {answer.status_code}: {answer.text[:200]}")


@pytest.mark.slow
def test_fifty_clients_at_once(launch: Callable[..., LiveServer], tmp_path: Path) -> None:
    server = launch("--data", str(tmp_path))
    visitors = [Visitor(number, server.address) for number in range(CLIENTS)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(timeout=PATIENCE_SECONDS)
        assert not visitor.is_alive()
    assert [fault for visitor in visitors for fault in visitor.faults] == []
    counts = sum((visitor.counts for visitor in visitors), Counter())
    print(f"\n{CLIENTS} clients: {sum(counts.values())} requests, {dict(counts)}")
    assert sum(counts.values()) == CLIENTS * QUESTIONS
    assert counts["POST 200"] > CLIENTS * QUESTIONS / 3
    assert server.process.poll() is None

    for job in {job for visitor in visitors for job in visitor.jobs}:
        assert wait_for_job(server.get, job)["state"] == "done"
