"""Firm and flexible jobs on a real Slurm that write down what becomes of them, for campaigns that kill around them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.cases.slurm import Cluster

FIRM, FLEXIBLE, POWER_KW = 3, 5, 20
TURNS = 20
"""A job has done its work after so many turns of a tenth of a second each, however long it is suspended."""
SAVED_SECONDS = 6.0
"""After so long slurmctld has written down what it had promised; what it loses sooner is lost whoever asks."""
WORK = (
    'echo start >> {log}; for turn in $(seq {turns}); do while [ ! -e {go} ]; do sleep 0.1; done; '
    'sleep 0.1; echo $turn >> {log}; done; echo end >> {log}'
)  # fmt: skip


class Jobs:
    """Jobs that run and are saved; their work waits until `let_work`."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.logs: dict[str, Path] = {}
        self.firm = [self._submit("firm") for _ in range(FIRM)]
        self.flexible = [self._submit("flexible", f"--licenses=power_kw:{POWER_KW}") for _ in range(FLEXIBLE)]
        cluster.wait_for(**{f"_{job}": "R" for job in self.logs})
        time.sleep(SAVED_SECONDS)

    def _submit(self, partition: str, *options: str) -> str:
        log = self.cluster.place / f"{partition}-{len(self.logs)}.log"
        script = WORK.format(log=log, turns=TURNS, go=self.cluster.place / "go")
        job = self.cluster.submit(script, f"--partition={partition}", *options)
        self.logs[job] = log
        return job

    def let_work(self) -> None:
        (self.cluster.place / "go").touch()

    def lines(self, job: str) -> list[str]:
        log = self.logs[job]
        return log.read_text(encoding="utf-8").split() if log.exists() else []

    def count_open(self) -> int:
        """Jobs that have not ended."""
        return sum("end" not in self.lines(job) for job in self.logs)

    def count(self, counts: Counter[str]) -> None:
        """What became of every job, and which orders it was given."""
        whole = ["start", *map(str, range(1, TURNS + 1)), "end"]
        for job in self.logs:
            lines = self.lines(job)
            counts["doubled"] += max(lines.count("start"), lines.count("end")) > 1
            counts["lost"] += lines != whole
        counts["touched"] += sum(job in self.firm for _, job in self.cluster.orders())
        counts["suspended"] = sum(order == "suspend" for order, _ in self.cluster.orders())
        counts["done"] = len(self.logs) - self.count_open()


def wait(seen: Callable[[], bool], most_seconds: float) -> bool:
    """Whether something is seen in time."""
    until = time.monotonic() + most_seconds
    while not seen():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
