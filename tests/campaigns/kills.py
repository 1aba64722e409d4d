"""Kill -9 at any moment: a server or its worker over jobs of two kinds, and the commands build, sweep and build japan.

    python -m tests.campaigns.kills --seed 1 --count 200

Of every ten kills four hit the server, three a worker, one each of the commands.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.campaigns.ground import (
    GONE,
    MOST_WAIT_SECONDS,
    SURROUNDINGS,
    WEEK,
    any_job,
    end,
    follow,
    is_gone,
    launch,
    reader,
    tell,
    wait_at_most,
    workers_of,
)
from tests.cases.servers import LiveServer, free_port, study

import kiban
from kiban.errors import OutputError
from kiban.server.settings import DATABASE_FILE
from kiban.whole_files import write_whole

ZEROS = ("lost", "doubled", "half", "orphaned", "stuck", "failed", "left")
TURNS = ("server", "worker", "server", "build", "worker", "server", "sweep", "server", "worker", "national")
MOST_WAITING, MOST_ASKED = 4, 6
"""Jobs that wait, and jobs that are asked for before a kill: of 200 kills fewer than a server keeps."""
LONGEST_PAUSE_SECONDS = 3.0
STUDY = "study.toml"
COMMANDS = {
    "build": ["build", "{study}", "--json", "--out"],
    "national": ["build", "japan", "--json", "--out"],
    "sweep": ["sweep", "{study}", "--over", "credit_rate=0:0.1:0.1", "--json"],
}


class Jobs:
    """A server, what it has acknowledged, and kills of it and its workers."""

    def __init__(self, folder: Path, chance: random.Random, counts: Counter[str]) -> None:
        self.folder, self.chance, self.counts = folder, chance, counts
        self.port = free_port()
        self.acknowledged: list[str] = []
        self.plans: dict[str, float] = {}
        self.unanswered = 0
        self.server = self.start()

    def start(self) -> LiveServer:
        return launch("--data", str(self.folder), "--workers", "1", port=self.port)

    def ask(self) -> None:
        """A plan at once, and jobs until some wait."""
        share = round(self.chance.uniform(0.3, 0.8), 6)
        made = self.server.post("/api/v1/plans", study(target__clean_share=share)).json()["plan"]
        self.plans[made["id"]] = made["cost_myen_per_year"]
        for _ in range(MOST_ASKED):
            if self.server.get("/api/v1/health").json()["jobs"]["queued"] >= MOST_WAITING:
                break
            address, question = any_job(round(self.chance.uniform(0.3, 0.8), 6), sweep=self.chance.random() < 0.5)
            self.unanswered += 1
            self.acknowledged.append(self.server.post(address, question).json()["job"]["id"])
            self.unanswered -= 1

    def kill(self, victim: str) -> None:
        """Ask, and kill somewhere in between."""
        with contextlib.suppress(*GONE):
            self.ask()
        time.sleep(self.chance.uniform(0.0, LONGEST_PAUSE_SECONDS))
        workers = workers_of(self.server.process.pid)
        if victim == "worker":
            for worker in workers[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
                self.counts["kills of a worker"] += 1
            return
        end(self.server)
        self.counts["kills of the server"] += 1
        if not wait_at_most(MOST_WAIT_SECONDS, lambda: all(map(is_gone, workers))):
            self.counts["orphaned"] += 1
        self.server = self.start()

    def settle(self) -> None:
        """Let everything end, and count."""
        follow(self.server, self.acknowledged, self.counts)
        for name, cost in self.plans.items():
            found = self.server.get(f"/api/v1/plans/{name}")
            if found.status_code != 200 or found.json()["cost_myen_per_year"] != cost:
                self.counts["lost"] += 1
        end(self.server, signal.SIGINT)
        self.counts["acknowledged"] = len(self.acknowledged) + len(self.plans)
        with contextlib.closing(sqlite3.connect(self.folder / DATABASE_FILE)) as database:
            (rows,) = database.execute("select count(*) from jobs").fetchone()
            self.counts["doubled"] += max(0, rows - len(self.acknowledged) - self.unanswered)
            (whole,) = database.execute("pragma integrity_check").fetchone()
            self.counts["half"] += whole != "ok"


def kill_command(name: str, folder: Path, seconds: float, chance: random.Random, counts: Counter[str]) -> None:
    """Kill a command somewhere in its run, every second time while it saves; what it leaves is all or nothing."""
    out = folder / f"{name}-{chance.getrandbits(40):x}"
    command = command_line(name, folder, out)
    until = time.monotonic() + chance.uniform(0.0, 1.1 * seconds)
    saving = chance.random() < 0.5
    with subprocess.Popen(command, env=SURROUNDINGS, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and (saving or time.monotonic() < until):
            if saving and any(folder.glob(f".{out.name}-*")):
                break
            time.sleep(0.001 if saving else 0.01)
        process.kill()
        said = process.communicate()[0]
    counts[f"kills of {name}"] += 1
    if said:
        with contextlib.suppress(ValueError):
            json.loads(said)
            counts["whole"] += 1
    if out.exists():
        counts["half"] += not is_whole_folder(name, out)


def is_whole_folder(name: str, out: Path) -> bool:
    if name == "national":
        return bool(json.loads((out / "summary.json").read_text(encoding="utf-8"))) and (out / "sites.csv").is_file()
    try:
        return kiban.load(out).status == "optimal"
    except OutputError:
        return False


def command_line(name: str, folder: Path, out: Path) -> list[str]:
    parts = [part.format(study=folder / STUDY) for part in COMMANDS[name]]
    return [sys.executable, "-m", "kiban.cli", *parts, *([str(out)] if parts[-1] == "--out" else [])]


def duration_of(name: str, folder: Path) -> float:
    begun = time.monotonic()
    command = command_line(name, folder, folder / f"whole-{name}")
    subprocess.run(command, env=SURROUNDINGS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.monotonic() - begun


def run(seed: int, count: int, turns: tuple[str, ...] = TURNS) -> Counter[str]:
    """So many kills; what was counted."""
    chance, counts = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory(prefix="kiban-kills-") as place:
        data, out = Path(place) / "data", Path(place) / "out"
        out.mkdir()
        (out / STUDY).write_text(WEEK, encoding="utf-8")
        victims = [turns[number % len(turns)] for number in range(count)]
        seconds = {name: duration_of(name, out) for name in COMMANDS if name in victims}
        jobs = Jobs(data, chance, counts) if {"server", "worker"} & set(victims) else None
        for victim in victims:
            if victim in COMMANDS:
                kill_command(victim, out, seconds[victim], chance, counts)
            elif jobs is not None:
                jobs.kill(victim)
        if jobs is not None:
            jobs.settle()
        # Whoever writes there next clears away what the killed have left.
        write_whole(out / "last", b"")
        counts["left"] += sum(path.name.startswith(".") for path in out.iterdir())
    return counts


if __name__ == "__main__":
    asked = reader(__doc__ or "", 200, "kills").parse_args()
    sys.exit(tell("kills", run(asked.seed, asked.count), ZEROS))
