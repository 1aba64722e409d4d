"""Windows of operation against HiGHS, a year of hourly re-planning, and trees of scenarios, in one run.

    python bench/window.py            a thousand windows of 48 hours, 8,760 in a row, 200 trees of eight
    python bench/window.py --quick    a tenth of each

Random plants, half of them with outages, negative prices and parts that are missing (`tests/cases/windows.py`). One
thread throughout; times are of the processor. HiGHS is asked for every window, and gets each as a programme in memory
(writing it is not counted); a tree's peer is one programme of the whole tree, written for Clarabel and solved.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kiban.linear.flat import flatten
from kiban.linear.highs import solve_highs
from kiban.linear.window import Windows, WindowSequence, solve_tree, solve_windows, tree
from kiban.linear.window.general import programme_of
from kiban.linear.window.windows import NUMBERS, SERIES

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.cases.windows import harsh_windows, random_scenarios, random_windows

STEPS = 48
SCENARIOS = 8


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor time of one call, and what it returns."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def apart(costs: Any, others: Any) -> float:
    """Largest difference of costs over one and the cost, as the tests count it."""
    return float(np.max(np.abs(np.asarray(costs) - others) / (1 + np.abs(others))))


def bench_windows(count: int) -> None:
    """Eight side by side in the lanes of a vector, against HiGHS one by one."""
    for name, make in (("as they come", random_windows), ("harsh", harsh_windows)):
        windows = make(np.random.default_rng(1), count, STEPS)
        solve_windows(windows.chosen(slice(0, 8)), threads=1)
        took, found = seconds(lambda windows=windows: solve_windows(windows, threads=1))
        peer, costs = 0.0, []
        for window in range(count):
            flat = flatten(programme_of(windows, window))
            one, (status, point, *_) = seconds(lambda flat=flat: solve_highs(flat))
            assert status == "optimal"
            peer += one
            costs.append(float(flat.cost @ point))
        print(
            f"{count} windows of {STEPS} hours, {name}: {took / count * 1e3:.3f} ms each, "
            f"median {np.median(found.iterations):.0f} iterations, {found.proven.sum()} proven; "
            f"HiGHS {peer / count * 1e3:.1f} ms, {peer / took:.0f} x; "
            f"costs differ by {apart(found.cost_myen, costs):.0e}"
        )


def bench_year(hours: int) -> None:
    """Each hour a window of 48 from the state that the hour before left, warm and cold."""
    year = random_windows(np.random.default_rng(6), 1, hours + STEPS - 1)
    slides = {name: np.lib.stride_tricks.sliding_window_view(getattr(year, name)[0], STEPS) for name in SERIES}
    windows = Windows(**slides, **{name: getattr(year, name) for name in NUMBERS})

    def operate(warm: bool) -> tuple[float, int, bool]:
        sequence, stored, waiting = WindowSequence(windows, warm=warm), 0.0, 0.0
        iterations, proven, cost = 0, True, 0.0
        for hour in range(hours):
            found = sequence.solve(hour, stored, waiting)
            stored = max(float(found.first("storage_mwh")[0]), 0.0)
            waiting = max(float(found.first("backlog_mwh")[0]), 0.0)
            iterations += int(found.iterations[0])
            proven &= bool(found.proven[0])
            cost += float(found.cost_myen[0])
        return cost, iterations, proven

    operate(True)
    ways = {warm: seconds(lambda warm=warm: operate(warm)) for warm in (True, False)}
    for warm, (took, (_, iterations, proven)) in ways.items():
        print(
            f"{hours} windows in a row, {'each from the point before' if warm else 'each from its own start'}: "
            f"{took:.2f} s, {iterations / hours:.1f} iterations, {'all' if proven else 'NOT all'} proven"
        )
    print(f"  sums of costs differ by {apart(ways[True][1][0], ways[False][1][0]):.0e}")


def bench_trees(count: int) -> None:
    """Eight scenarios of 48 hours that share their first, against one programme of the whole tree."""
    rng = np.random.default_rng(3)
    trees = [random_scenarios(rng, SCENARIOS, STEPS, harsh=bool(number % 2)) for number in range(count)]
    weights = [rng.dirichlet(np.ones(SCENARIOS)) for _ in trees]
    took, found = seconds(lambda: [solve_tree(*each) for each in zip(trees, weights, strict=True)])
    sample = range(0, count, 10)
    peer, costs = 0.0, []
    for number in sample:
        one, answer = seconds(lambda number=number: tree._solve_generally(trees[number], weights[number]))
        assert answer.proven
        peer += one
        costs.append(answer.cost_myen)
    differ = apart([found[number].cost_myen for number in sample], np.array(costs))
    print(
        f"{count} trees of {SCENARIOS} scenarios, {STEPS} hours: {took / count * 1e3:.2f} ms each, "
        f"median {np.median([each.iterations for each in found]):.0f} iterations, "
        f"{sum(each.proven for each in found)} proven; "
        f"one programme {peer / len(costs) * 1e3:.0f} ms, {peer / len(costs) / (took / count):.0f} x; "
        f"costs differ by {differ:.0e} ({len(costs)} of them)"
    )


def main() -> None:
    """All three, one after the other."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--quick", action="store_true")
    size = 10 if reader.parse_args().quick else 1
    bench_windows(500 // size)
    bench_year(8760 // size)
    bench_trees(200 // size)


if __name__ == "__main__":
    main()
