"""Verdicts on random programmes of every family: how many of each kind, how many stalls, how many wrong.

    python bench/verdicts.py --programmes 100000 --processes 2

Programme `n` is that of family `n mod families` and seed `n div families`: none is left out. A verdict is judged in
exact arithmetic (`tests/properties/verdict_oracle.py`); a stall is a programme that the kernel gives up, also where a
solver behind it answers. Exit code 1 where a verdict is wrong.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

# Workers have a processor each: the threads of linear algebra would only stand in each other's way.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.properties.programme_families import FAMILIES, HARD  # noqa: E402
from tests.properties.verdict_tally import COUNTS, judge_specimen  # noqa: E402

SHARE = 200
"""Programmes that a worker takes at a time."""


def judge_share(share: tuple[int, int, tuple[str, ...]]) -> tuple[dict[str, Counter[str]], list[str]]:
    """Counts by family of programmes from a number to before another, and what is to be looked at."""
    first, end, families = share
    warnings.simplefilter("ignore")
    tally: dict[str, Counter[str]] = {family: Counter() for family in families}
    lines = []
    for number in range(first, end):
        family, seed = families[number % len(families)], number // len(families)
        counts, fault = judge_specimen(family, seed)
        tally[family].update(counts)
        if fault or counts["stalls"]:
            lines.append(f"{family} {seed}: {fault or ('no verdict' if counts['no verdict'] else 'stall')}")
    return tally, lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programmes", type=int, default=2500)
    parser.add_argument("--first", type=int, default=0, help="number of the first programme")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--families", default=",".join(FAMILIES), help="names with commas")
    parser.add_argument("--list", action="store_true", help="name every stall and every wrong verdict")
    asked = parser.parse_args()
    families = tuple(asked.families.split(","))
    end = asked.first + asked.programmes
    shares = [(first, min(first + SHARE, end), families) for first in range(asked.first, end, SHARE)]
    tally: dict[str, Counter[str]] = {family: Counter() for family in families}
    start = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(asked.processes) as pool:
        for counts, lines in pool.imap_unordered(judge_share, shares):
            for family, count in counts.items():
                tally[family].update(count)
            if asked.list:
                print(*lines, sep="\n", end="\n" if lines else "", flush=True)
    print(f"{'family':14}" + "".join(f"{name:>12}" for name in COUNTS))
    for family, count in tally.items():
        print(f"{family + (' *' if family in HARD else ''):14}" + "".join(f"{count[name]:12,}" for name in COUNTS))
    total = sum(tally.values(), Counter())
    print(f"{'together':14}" + "".join(f"{total[name]:12,}" for name in COUNTS))
    easy = sum(count["stalls"] for family, count in tally.items() if family not in HARD)
    print(f"stalls outside the families marked *: {easy:,}; {time.perf_counter() - start:,.0f} s")
    return 1 if total["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
