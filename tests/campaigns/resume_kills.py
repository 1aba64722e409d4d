"""Kill -9 of commands that are resumed, at any moment: the same bytes as without, and no kept answer made again.

    python -m tests.campaigns.resume_kills --seed 1 --count 200

A command runs once without a store. Then it is begun with one, killed somewhere in its run, and begun again, until it
comes to its end: what it printed and wrote must be the same bytes, and each answer must have been given to the store
once. Then it begins anew with an empty store. Its processes come from one that has imported what they need.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.campaigns.ground import reader, tell
from tests.cases.loaded_processes import loaded_processes

from kiban.planning.making import edition_of_answers
from kiban.tasks.store import FILE, AnswerStore

ZEROS = ("differs", "twice", "failed")
SITE = """
name = "A day"
site = {id = "tomakomai"}
load = {it_load_mw = 100.0}
time = {first_hour = 4704, hours = 24}
cooling = {system = "chilled_water"}
"""
COMMANDS = {
    "sweep": ["sweep", "site.toml", "--over", "credit_rate=0:0.5:0.1", "--json"],
    "compare": ["compare", "tax-credit", "capital-grant", "--scenario", "site.toml", "--budget-myen", "20000"],
    "draws": ["pay", "site.toml", "--draws", "3", "--json"],
    "national": ["build", "study.toml", "--json"],
}
STUDY = """
[national]
name = "two sites"
sites = ["tomakomai", "ishikari"]
hours = 48
first_hour = 2400
[[tranche]]
id = "answers"
it_load_mw = 100
firm_shape = "inference"
[cooling]
system = "direct_liquid"
[target]
clean_share = 0.5
"""
TRIGGER = """
create table given (subject text, question text);
create trigger give before insert on kiban_answers
begin insert into given values (new.subject, new.question); end;
"""
"""Counts what the store is given, what it has already included."""


PAUSE_SECONDS = 0.002
SHARE_OF_A_RUN = 0.7
"""A process is killed before it has worked for this share of what the whole command takes."""


def worked(pid: int | None) -> float:
    """Processor seconds of a process; 0 where it is gone."""
    try:
        parts = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def run_command(words: list[str], place: str, out: str) -> None:
    """In a process of its own: the command, its output to a file."""
    os.chdir(place)
    handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(handle, 1)
    os.dup2(nowhere, 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w", encoding="utf-8"), os.fdopen(2, "w", encoding="utf-8")
    os.environ["COLUMNS"], os.environ["LANG"] = "100", "C"
    from kiban.cli import app

    app(words, prog_name="kiban")


class Course:
    """One command, with a store and without."""

    def __init__(self, name: str, place: Path, chance: random.Random, counts: Counter[str]) -> None:
        self.name, self.place, self.chance, self.counts = name, place, chance, counts
        self.words, self.out, self.store = COMMANDS[name], place / "out", place / "store"
        self.processes = loaded_processes()
        process = self.begin([])
        self.seconds = 0.0
        while process.is_alive():
            self.seconds = max(self.seconds, worked(process.pid))
            process.join(PAUSE_SECONDS)
        self.whole = self.out.read_bytes()

    def begin(self, more: list[str]) -> multiprocessing.process.BaseProcess:
        process = self.processes.Process(
            target=run_command, args=([*self.words, *more], str(self.place), str(self.out)), daemon=True
        )
        process.start()
        return process

    def empty_store(self) -> None:
        """A new store that counts what it is given."""
        shutil.rmtree(self.store, ignore_errors=True)
        AnswerStore(self.store, edition=edition_of_answers()).close()
        with contextlib.closing(sqlite3.connect(self.store / FILE)) as database:
            database.executescript(TRIGGER)

    def kill(self, most: int) -> int:
        """Begin and kill until the command comes to its end or `most` were killed, then let it end; the kills."""
        self.empty_store()
        killed = 0
        while killed < most:
            process = self.begin(["--resume", str(self.store)])
            until = self.chance.uniform(0.0, SHARE_OF_A_RUN * self.seconds)
            while process.is_alive() and worked(process.pid) < until:
                process.join(PAUSE_SECONDS)
            if not process.is_alive():
                self.judge(process)
                return killed
            process.kill()
            process.join()
            killed += 1
            self.counts["answers left by the killed"] += self.count("kiban_answers")
        process = self.begin(["--resume", str(self.store)])
        process.join()
        self.judge(process)
        return killed

    def judge(self, process: multiprocessing.process.BaseProcess) -> None:
        self.counts["ends"] += 1
        self.counts["failed"] += process.exitcode != 0
        self.counts["differs"] += self.out.read_bytes() != self.whole
        self.counts["twice"] += self.count("given") - self.count("kiban_answers")
        self.counts["answers"] += self.count("kiban_answers")

    def count(self, table: str) -> int:
        with contextlib.closing(sqlite3.connect(self.store / FILE)) as database:
            return int(database.execute(f"select count(*) from {table}").fetchone()[0])


def run(seed: int, count: int, names: tuple[str, ...] = tuple(COMMANDS)) -> Counter[str]:
    """So many kills of each command; what was counted."""
    chance, counts = random.Random(seed), Counter[str]()
    for name in names:
        with tempfile.TemporaryDirectory(prefix="kiban-resume-") as folder:
            (Path(folder) / "site.toml").write_text(SITE, encoding="utf-8")
            (Path(folder) / "study.toml").write_text(STUDY, encoding="utf-8")
            course = Course(name, Path(folder), chance, counts)
            done = 0
            while done < count:
                done += course.kill(count - done)
            counts[f"kills of {name}"] += done
    return counts


if __name__ == "__main__":
    asked = reader(__doc__ or "", 200, "kills").parse_args()
    sys.exit(tell("kills", run(asked.seed, asked.count), ZEROS))
