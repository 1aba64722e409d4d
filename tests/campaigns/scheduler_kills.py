"""Kill -9 of who hands limits to Slurm, and of slurmctld, at any moment.

    python -m tests.campaigns.scheduler_kills --seed 1 --count 50

Flexible and firm jobs run on a real Slurm while limits change at random. A process applies each limit, as the operator
does; every second kill hits it, every other slurmctld. Then all limits go, and every job has to end by itself, once.
Each job writes down its starts, its end and what it worked in between.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.campaigns.ground import tell
from tests.campaigns.slurm_jobs import POWER_KW, Jobs, wait
from tests.cases.servers import SOURCE
from tests.cases.slurm import TOTAL_KW, Cluster, limit, open_slurm

from kiban.server.operating.schedulers import SchedulerAwayError
from kiban.server.operating.slurm import Slurm

ZEROS = ("lost", "doubled", "touched", "above the limit", "stuck")
LONGEST_PAUSE_SECONDS = 1.5
MOST_SECONDS = 120.0
ROOT = Path(__file__).resolve().parents[2]


def hand_over(place: Path) -> None:
    """What the killed process does: it applies the limit of the file again and again, and says which one holds."""
    slurm = Slurm(place / "slurm.conf")
    while True:
        asked = json.loads((place / "asked.json").read_text(encoding="utf-8"))
        with contextlib.suppress(SchedulerAwayError):
            slurm.apply(limit(asked["flexible_kw"], asked["number"], seconds=60.0))
            (place / "held").write_text(str(asked["number"]), encoding="utf-8")
        time.sleep(0.05)


class Ground:
    """A cluster with its jobs, and the process that hands limits over."""

    def __init__(self, cluster: Cluster, chance: random.Random, counts: Counter[str]) -> None:
        self.cluster, self.chance, self.counts = cluster, chance, counts
        self.number = 0
        self.flexible_kw = TOTAL_KW
        self.jobs = Jobs(cluster)
        self.ask(TOTAL_KW)
        self.adapter = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.campaigns.scheduler_kills", "--hand-over", str(self.cluster.place)]
        surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (SOURCE, ROOT)))}
        return subprocess.Popen(command, env=surroundings, stderr=subprocess.DEVNULL)

    def ask(self, flexible_kw: int) -> None:
        self.number += 1
        self.flexible_kw = flexible_kw
        asked = self.cluster.place / "asked.json"
        new = asked.with_suffix(".new")
        new.write_text(json.dumps({"number": self.number, "flexible_kw": flexible_kw}), encoding="utf-8")
        new.replace(asked)

    def kill(self, victim: str) -> None:
        """Ask for another limit, and kill somewhere in between."""
        self.ask(self.chance.randrange(0, TOTAL_KW + 1, 10))
        time.sleep(self.chance.uniform(0.0, LONGEST_PAUSE_SECONDS))
        if victim == "the adapter":
            self.adapter.kill()
            self.adapter.wait()
            self.adapter = self.start()
        else:
            self.cluster.kill_controller()
            self.cluster.start_controller()
        self.counts[f"kills of {victim}"] += 1

    def check_limit(self) -> None:
        """Once the limit is said to hold, no more power runs than it allows, as the kernel sees it."""
        if not wait(lambda: self.holds() and self.running_kw() <= self.flexible_kw, MOST_SECONDS):
            self.counts["above the limit"] += 1
            print(self.describe(), file=sys.stderr, flush=True)

    def describe(self) -> str:
        """What Slurm believes, what the kernel sees, and which orders were given: to explain what should not be."""
        held = self.cluster.place / "held"
        lines = [
            f"limit {self.number} of {self.flexible_kw} kW, held {held.read_text() if held.exists() else None}",
            self.cluster.ask(
                "squeue", "--noheader", "--states=R,S", "--Format=jobid:8,statecompact:4,admin_comment:40"
            ),
            self.cluster.ask("scontrol", "show", "config").partition("\n")[0],
            *(f"{job}: {states}" for job, states in sorted(self.cluster.processes_by_job().items())),
            *(self.cluster.place / "slurmctld.log").read_text(errors="replace").splitlines()[-200:],
        ]
        for node in sorted(self.cluster.place.glob("slurmd-*.log")):
            lines += [node.name, *node.read_text(errors="replace").splitlines()[-60:]]
        return "\n".join(lines)

    def holds(self) -> bool:
        held = self.cluster.place / "held"
        return held.exists() and held.read_text(encoding="utf-8") == str(self.number)

    def running_kw(self) -> int:
        processes = self.cluster.processes_by_job()
        return POWER_KW * sum(bool(set(processes.get(job, {}).values()) - {"T"}) for job in self.jobs.flexible)

    def settle(self) -> None:
        """Take every limit away, let the jobs work, and count."""
        self.ask(TOTAL_KW)
        self.jobs.let_work()
        if not wait(lambda: self.jobs.count_open() == 0, MOST_SECONDS):
            self.counts["stuck"] += self.jobs.count_open()
            print(self.describe(), file=sys.stderr, flush=True)
        self.adapter.kill()
        self.adapter.wait()
        self.jobs.count(self.counts)


def run(seed: int, count: int) -> Counter[str]:
    """Kill `count` times; `tests.cases.slurm.MissingError` where there is no Slurm."""
    chance, counts = random.Random(seed), Counter[str]()
    with open_slurm() as cluster:
        ground = Ground(cluster, chance, counts)
        try:
            for turn in range(count):
                ground.kill("slurmctld" if turn % 2 else "the adapter")
                ground.check_limit()
            ground.settle()
        finally:
            ground.adapter.kill()
            ground.adapter.wait()
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--hand-over", type=Path)
    arguments = parser.parse_args()
    if arguments.hand_over is not None:
        hand_over(arguments.hand_over)
    sys.exit(tell("scheduler kills", run(arguments.seed, arguments.count), ZEROS))


if __name__ == "__main__":
    main()
