"""Fifty clients at once: no error, no lost job, no answer to another's question.

`KIBAN_CLIENT_SECONDS=60` lets them ask for a minute; by default they ask for ten seconds.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from tests.cases.servers import ENDED, LiveServer, study

CLIENTS = 50
SECONDS = float(os.environ.get("KIBAN_CLIENT_SECONDS", "10"))


class Visitor(threading.Thread):
    """One user: moves a slider, reads, and now and then queues a job."""

    def __init__(self, number: int, address: str, until: float) -> None:
        super().__init__(daemon=True)
        self.number, self.address, self.until = number, address, until
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.jobs: list[str] = []
        self.chance = random.Random(number)

    def run(self) -> None:
        with httpx.Client(base_url=self.address, timeout=120.0, trust_env=False) as client:
            sequence = 0
            while time.monotonic() < self.until:
                sequence += 1
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
    begun = time.monotonic()
    visitors = [Visitor(number, server.address, begun + SECONDS) for number in range(CLIENTS)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(timeout=SECONDS + 120.0)
    seconds = time.monotonic() - begun
    assert [fault for visitor in visitors for fault in visitor.faults] == []
    counts = sum((visitor.counts for visitor in visitors), Counter())
    print(f"\n{CLIENTS} clients, {seconds:.0f} s: {sum(counts.values())} requests, {dict(counts)}")
    assert counts["POST 200"] > CLIENTS / 2
    assert server.process.poll() is None

    wanted = {job for visitor in visitors for job in visitor.jobs}
    until = time.monotonic() + 30.0 + 3.0 * len(wanted)
    states: dict[str, str] = {}
    while time.monotonic() < until:
        listed = server.get("/api/v1/jobs?limit=1000").json()["jobs"]
        states = {job["id"]: job["state"] for job in listed if job["id"] in wanted}
        if set(states) == wanted and all(state in ENDED for state in states.values()):
            break
        time.sleep(0.3)
    assert set(states) == wanted
    assert set(states.values()) <= {"done"}
