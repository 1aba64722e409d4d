"""Kill -9 of `kiban operate` and of slurmctld, at any moment of a campus that is operated on a real Slurm.

    python -m tests.campaigns.operate_kills --seed 1 --count 50

Flexible and firm jobs run on Slurm while `kiban operate --apply slurm` goes through telemetry of some days, step after
step. Every second kill hits it, every other slurmctld; whoever was killed is started again. Then the
telemetry ends, every limit goes, and every job has to end by itself, once. The journal must be whole, with every step
once and under the next number, and replay to the byte.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from tests.campaigns.ground import tell
from tests.campaigns.scheduler_kills import ROOT
from tests.campaigns.slurm_jobs import Jobs, wait
from tests.cases.emulated_campus import EmulatedCampus
from tests.cases.operated import SMALL, plan_of
from tests.cases.servers import SOURCE
from tests.cases.slurm import TOTAL_KW, Cluster, limit, open_slurm

import kiban
from kiban.operation.live.campus import Campus, read_campus
from kiban.operation.live.journal import BrokenJournalError, load_journal
from kiban.operation.live.replay import replay
from kiban.operation.live.telemetry import STEP
from kiban.operation.power_limit import PowerLimit
from kiban.planning.plan import Plan
from kiban.server.operating.slurm import Slurm

ZEROS = ("lost", "doubled", "touched", "stuck", "broken", "gaps", "differs", "second beginnings")
LONGEST_PAUSE_SECONDS = 1.5
MOST_SECONDS = 240.0
STEPS_A_KILL = 60
"""Rows of telemetry for each kill: more than a service that is left alone for a moment goes through."""
BEGINS = datetime.fromisoformat("2026-01-05T00:00:00+09:00")


def write_telemetry(path: Path, campus: Campus, steps: int) -> None:
    """What a campus of the plan measures, which draws 2 MW of flexible compute."""
    emulated = EmulatedCampus(campus, BEGINS)
    lines = [",".join(["time", *(reading.series for reading in emulated.readings)])]
    for number in range(1, steps + 1):
        lines.append(",".join([emulated.now.isoformat(), *(repr(reading.value) for reading in emulated.readings)]))
        emulated.apply(PowerLimit(number, emulated.now, emulated.now + STEP, 8.0, 2.0, "window"))
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


class Ground:
    """A cluster with its jobs, and the service that operates it."""

    def __init__(self, cluster: Cluster, plan: Plan, chance: random.Random, counts: Counter[str], kills: int) -> None:
        self.cluster, self.chance, self.counts = cluster, chance, counts
        self.campus = read_campus(plan)
        self.journal = cluster.place / "journal.jsonl"
        write_telemetry(cluster.place / "telemetry.csv", self.campus, STEPS_A_KILL * kills)
        folder = kiban.save(plan, cluster.place / "plan")
        words = ["-m", "kiban.cli", "operate", str(folder), "--journal", str(self.journal), "--apply", "slurm"]
        words += ["--source", "csv", "--telemetry", str(cluster.place / "telemetry.csv"), "--clock", "fast"]
        self.command = [sys.executable, *words, "--port", "0"]
        self.jobs = Jobs(cluster)
        self.service = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        surroundings = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (SOURCE, ROOT))),
            "SLURM_CONF": str(self.cluster.configuration),
        }
        return subprocess.Popen(self.command, env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self, victim: str) -> None:
        """Kill somewhere between two lines of the journal, or in one."""
        before = self.lines_written()
        if not wait(lambda: self.lines_written() > before or self.service.poll() is not None, MOST_SECONDS):
            self.counts["stuck"] += 1
        time.sleep(self.chance.uniform(0.0, LONGEST_PAUSE_SECONDS))
        if victim == "kiban":
            # One whose telemetry has ended has nothing to be killed in.
            self.counts["kills of kiban"] += self.service.poll() is None
            self.service.kill()
            self.service.wait()
            self.service = self.start()
        else:
            self.cluster.kill_controller()
            self.cluster.start_controller()
            self.counts["kills of slurmctld"] += 1

    def lines_written(self) -> int:
        return self.journal.read_bytes().count(b"\n") if self.journal.exists() else 0

    def settle(self) -> None:
        """End the service, take every limit away, let the jobs work, and count."""
        self.service.terminate()
        self.service.wait()
        self.count_journal()
        slurm = Slurm(self.cluster.configuration)
        self.jobs.let_work()
        number = 10**6

        def ended() -> bool:
            slurm.apply(limit(TOTAL_KW, number, seconds=600.0))
            time.sleep(0.5)
            return self.jobs.count_open() == 0

        if not wait(ended, MOST_SECONDS):
            self.counts["stuck"] += self.jobs.count_open()
        self.jobs.count(self.counts)

    def count_journal(self) -> None:
        """Every step once, under the next number, and the same again."""
        try:
            entries = load_journal(self.journal).entries
        except BrokenJournalError:
            self.counts["broken"] += 1
            return
        steps = [entry.content for entry in entries if entry.kind == "step"]
        numbers = [step["decision"]["limit"]["number"] for step in steps]
        times = [datetime.fromisoformat(step["at"]) for step in steps]
        self.counts["steps"] = len(steps)
        self.counts["resumed"] = sum(entry.kind == "resumed" for entry in entries)
        self.counts["second beginnings"] += sum(entry.kind == "begun" for entry in entries) - 1
        self.counts["gaps"] += numbers != list(range(1, len(numbers) + 1))
        self.counts["gaps"] += sum(after - before != STEP for before, after in pairwise(times))
        self.counts["differs"] += sum(not one.is_same for one in replay(entries, self.campus))


def run(seed: int, count: int) -> Counter[str]:
    """Kill `count` times; `tests.cases.slurm.MissingError` where there is no Slurm."""
    chance, counts = random.Random(seed), Counter[str]()
    plan = plan_of(SMALL)
    with open_slurm() as cluster:
        ground = Ground(cluster, plan, chance, counts, count)
        try:
            for turn in range(count):
                ground.kill("slurmctld" if turn % 2 else "kiban")
            ground.settle()
        finally:
            ground.service.kill()
            ground.service.wait()
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=50)
    arguments = parser.parse_args()
    sys.exit(tell("kills of kiban operate", run(arguments.seed, arguments.count), ZEROS))


if __name__ == "__main__":
    main()
