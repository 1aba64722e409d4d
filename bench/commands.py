"""Whole commands in new processes, with a reference of the same run, so that machines can be compared.

    python bench/commands.py                            # pay, run, impact, check, --help: three runs each
    python bench/commands.py --beside ../other-checkout # another version in turns with this one, and the ratio
    python bench/commands.py pay impact --runs 5

Each row is the least of the runs: wall seconds, processor seconds of the process and its children (all threads), and
both over the reference. A first run of each, which is not counted, fills the caches of bytecode and of the disk. The
reference is work that no version of kiban changes: ten million turns of a loop in Python, and a linear programme of
500 rows by HiGHS. What else runs on the machine shows in the wall more than in the processor; a ratio of two versions
that ran in turns says the most.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.optimize import linprog

ROOT = Path(__file__).resolve().parents[1]
COMMANDS: dict[str, tuple[str, ...]] = {
    "pay": ("pay", "--package", "tax-credit"),
    "run": ("run",),
    "impact": ("impact", "--fast", "--load", "1000", "--area", "tokyo"),
    "check": ("check", str(ROOT / "scenarios" / "tomakomai.toml")),
    "help": ("--help",),
}
SIZE = 500
"""Rows and columns of the reference's programme."""
Seconds = tuple[float, float]
"""Of the wall, and of the processor."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commands", nargs="*", metavar="COMMAND", help=f"of {', '.join(COMMANDS)}; default: all")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help="the root of another version")
    given = parser.parse_args()
    if not set(given.commands) <= COMMANDS.keys():
        parser.error(f"known are {', '.join(COMMANDS)}")
    versions = {"here": ROOT} | ({"beside": given.beside.resolve()} if given.beside else {})
    loop, highs = (min((timed(work) for _ in range(given.runs)), key=sum) for work in (turn_a_loop, solve_by_highs))
    reference = loop[1] + highs[1]
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; reference {reference:.2f} s of processor: "
          f"loop {loop[1]:.2f} s, HiGHS {highs[1]:.2f} s")  # fmt: skip
    print(f"{'command':10}{'version':10}{'wall':>9}{'processor':>11}{'wall / ref.':>13}{'processor / ref.':>18}")
    for name in given.commands or COMMANDS:
        found: dict[str, list[Seconds]] = {version: [] for version in versions}
        for number in range(given.runs + 1):
            for version, root in versions.items():
                seconds = ask(root, COMMANDS[name])
                found[version] += [seconds] if number else []
        least = {version: tuple(min(part) for part in zip(*runs, strict=True)) for version, runs in found.items()}
        for version, (wall, busy) in least.items():
            ratios = f"{wall / reference:13.2f}{busy / reference:18.2f}"
            print(f"{name:10}{version:10}{wall:7.2f} s{busy:9.2f} s{ratios}", flush=True)
        if "beside" in least:
            wall, busy = (here / beside for here, beside in zip(least["here"], least["beside"], strict=True))
            print(f"{name:10}{'ratio':10}{wall:9.2f}{busy:11.2f}", flush=True)


def ask(root: Path, words: tuple[str, ...]) -> Seconds:
    """Seconds that a command takes in a process of its own, imports included."""
    known = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    here = {**known, "PYTHONPATH": str(root / "src"), "LC_ALL": "C.UTF-8"}
    code = "from kiban.cli import main; main()"
    return timed(lambda: subprocess.run([sys.executable, "-c", code, *words], env=here, cwd=root, check=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))  # fmt: skip


def timed(work: Callable[[], object]) -> Seconds:
    """Seconds of the wall and of the processor that this process and those that it waited for take."""
    wall, busy = time.perf_counter(), processor()
    work()
    return time.perf_counter() - wall, processor() - busy


def processor() -> float:
    """Processor seconds so far, all threads."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def turn_a_loop() -> float:
    """Ten million turns of a loop in Python."""
    total = 0.0
    for number in range(10_000_000):
        total += number % 7
    return total


def solve_by_highs() -> float:
    """The cost of covering `SIZE` needs by as many quantities, a fiftieth of which serve each."""
    random = np.random.default_rng(1)
    matrix = np.where(random.random((SIZE, SIZE)) < 0.02, random.random((SIZE, SIZE)), 0.0) + np.eye(SIZE)
    found = linprog(1.0 + random.random(SIZE), A_ub=-matrix, b_ub=-np.ones(SIZE), method="highs")
    assert found.status == 0
    return float(found.fun)


if __name__ == "__main__":
    main()
