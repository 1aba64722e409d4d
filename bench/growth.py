"""How the staircase kernel's time grows with the programme, in one run, by processor time.

    python bench/growth.py                      everything: storages, steps, yearly rows, years
    python bench/growth.py --only states rows   some of it
    python bench/growth.py --turns 5            medians of five (default three)
    python bench/growth.py --threads 2          years on two cores (one year uses one)
    python bench/growth.py --peer               PIQP too: how it grows along the same lines (`pip install piqp`)
    python bench/growth.py --json               one JSON object instead of the table

The plant is that of `kernel.py`, grown along one line at a time. The cases of a line are solved in turns, so that other
work falls on all of them. Objectives are compared with Clarabel's on the first weeks of each case.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from kernel import COSTS, GAS, HOURS, LIMITS, solve_piqp, weather

from kiban.linear import Staircase, solve
from kiban.linear.kernel.method import solve_kernel

# Storages: cost of power and of energy, efficiency of a way, what is kept each hour. Each has a reason to be chosen:
# for hours, a day or days, cheap in power or in energy.
BATTERIES = (
    (4.3, 3.1, 0.95, 0.99995),
    (9.0, 0.4, 0.72, 0.9999),
    (2.2, 4.6, 0.97, 0.9999),
    (6.5, 1.6, 0.88, 0.99998),
    (14.0, 0.12, 0.6, 0.999995),
    (3.1, 3.8, 0.92, 0.9995),
)
# Loads that may wait: share of the load, hours of it that may stand in the queue, largest power over the mean.
QUEUES = ((0.25, 6.0, 1.4), (0.1, 48.0, 2.0))
# Batteries and queues for a number of storage states.
STATES = {1: (1, 0), 2: (1, 1), 4: (2, 2), 8: (6, 2)}
# The targets: the last case of a line, as a multiple of the first.
BOUNDS = {"states": 3.0, "steps": 4.5, "rows": 1.5}
TEN_YEARS_S, TEN_YEARS_ITERATIONS = 1.0, 60
# A shortened horizon for the comparison, in hours.
COMPARED_HOURS = 504
AGREEMENT = 1e-7


def plant(*, batteries: int = 1, queues: int = 1, minutes: int = 60, rows: int = 1, years: int = 1, hours: int = 0):
    """A data centre with wind, sun, grid and gas; so many storages, waiting loads, yearly rows and years.

    With `hours` only the first of them, as a year of its own.
    """
    w, share = weather(years), minutes / 60.0
    if minutes < 60:
        w = refine(w, 60 // minutes)
    steps = HOURS * years * 60 // minutes
    if hours:
        steps = hours * 60 // minutes
        w = {name: series[:steps] for name, series in w.items()}
    block = steps if hours else HOURS * 60 // minutes
    weight = share / years * (1.0 if not hours else HOURS / hours)
    programme = Staircase(steps, block)
    for name in ("sun", "wind", "offshore", "wire", "gas"):
        programme.add_capacity(name, cost=COSTS[name], upper=LIMITS[name])
    waiting = sum(part for part, _, _ in QUEUES[:queues])
    programme.add_row("balance", equal=w["pue"] * w["load"] * (1.25 - waiting))
    for name in ("sun", "wind", "offshore"):
        programme.add_capacity_term("balance", name, w[name])
    programme.add_variable("import", cost=(w["price"] + 0.004 * w["carbon"]) * weight, capacity="wire")
    programme.add_variable("burn", cost=GAS * weight, capacity="gas")
    programme.add_variable("waste")
    for name, sign in (("import", 1.0), ("burn", 1.0), ("waste", -1.0)):
        programme.add_term("balance", name, sign)
    for i, (power, energy, efficiency, kept) in enumerate(BATTERIES[:batteries]):
        programme.add_capacity(f"power {i}", cost=power, upper=LIMITS["power"])
        programme.add_capacity(f"energy {i}", cost=energy, upper=10 * LIMITS["energy"])
        programme.add_variable(f"charge {i}", capacity=f"power {i}")
        programme.add_variable(f"discharge {i}", capacity=f"power {i}")
        programme.add_variable(f"state {i}", capacity=f"energy {i}")
        programme.add_term("balance", f"charge {i}", -1.0)
        programme.add_term("balance", f"discharge {i}", 1.0)
        programme.add_row(f"storage {i}", equal=0.0)
        programme.add_term(f"storage {i}", f"state {i}", 1.0)
        programme.add_term(f"storage {i}", f"state {i}", -(kept**share), lagged=True)
        programme.add_term(f"storage {i}", f"charge {i}", -efficiency * share)
        programme.add_term(f"storage {i}", f"discharge {i}", share / efficiency)
    for i, (part, wait, most) in enumerate(QUEUES[:queues]):
        programme.add_variable(f"served {i}", upper=most * part * 80.0)
        programme.add_variable(f"backlog {i}", upper=wait * part * 80.0)
        programme.add_term("balance", f"served {i}", -w["pue"])
        programme.add_row(f"queue {i}", equal=part * w["load"] * share)
        programme.add_term(f"queue {i}", f"backlog {i}", 1.0)
        programme.add_term(f"queue {i}", f"backlog {i}", -1.0, lagged=True)
        programme.add_term(f"queue {i}", f"served {i}", share)
    demand = float((w["load"] * 1.25 * w["pue"]).sum()) * weight
    season = np.arange(steps) * 4 // steps
    for q in range(rows):
        # The clean share; grid energy; fuel; then seasons of either.
        buys = (w["carbon"] / 0.62, np.ones(steps), np.zeros(steps))[q] if q < 3 else (season == (q - 3) % 4) * 1.0
        burns = (1.0, 0.0, 1.0)[q] if q < 3 else float(q >= 7)
        limit = (0.1, 0.13, 0.06)[q] if q < 3 else 0.045
        programme.add_total(f"yearly {q}", upper=limit * demand)
        for name, coefficient in (("import", buys * weight), ("burn", burns * weight)):
            if np.any(coefficient):
                programme.add_total_term(f"yearly {q}", name, coefficient)
    return programme


def refine(w: dict[str, np.ndarray], parts: int) -> dict[str, np.ndarray]:
    """Each hour in so many parts: a straight line between hours, and the noise of a cloud or a gust."""
    rng, fine = np.random.default_rng(20261129), {}
    for name, series in w.items():
        line = np.interp(np.arange(series.size * parts) / parts, np.arange(series.size), series)
        gust = 1.0 + 0.05 * rng.standard_normal(line.size) * (name in {"sun", "wind", "offshore"})
        fine[name] = np.clip(line * gust, 0.0, 1.0 if name in {"sun", "wind", "offshore"} else None)
    return fine


LINES: dict[str, dict[str, dict[str, int]]] = {
    "states": {f"{n} states": {"batteries": b, "queues": q} for n, (b, q) in STATES.items()},
    "steps": {f"{minutes} minutes": {"minutes": minutes} for minutes in (60, 30, 15)},
    "rows": {f"{rows} yearly rows": {"rows": rows} for rows in (0, 3, 10)},
    "years": {f"{years} years": {"years": years} for years in (1, 3, 10)},
}


def measure(call: Callable[[], object]) -> tuple[object, float, float]:
    """What a call gives, its processor time and its time."""
    start, used = time.perf_counter(), time.process_time()
    result = call()
    return result, time.process_time() - used, time.perf_counter() - start


def solve_line(cases: dict[str, dict[str, int]], turns: int, threads: int, **options: int) -> dict[str, dict]:
    """Solve the cases of a line in turns."""
    programmes = {name: plant(**kind) for name, kind in cases.items()}
    spent: dict[str, list[tuple[float, float, int]]] = {name: [] for name in cases}
    objectives = dict.fromkeys(cases, np.nan)
    for turn in range(turns + 1):
        for name, programme in programmes.items():
            answer, processor, whole = measure(lambda p=programme: solve_kernel(p, threads=threads, **options))
            if answer.solution is None:
                spent[name].append((np.nan, np.nan, answer.iterations))
            elif turn or turns == 1:  # the first turn warms the caches
                spent[name].append((processor, whole, answer.iterations))
                objectives[name] = answer.solution.certificate.primal
    found = {}
    for name, times in spent.items():
        processor, whole, iterations = (statistics.median(part) for part in zip(*times, strict=True))
        found[name] = {
            "processor_s": processor, "time_s": whole, "iterations": int(iterations), "objective": objectives[name],
        }  # fmt: skip
    return found


def compare(kind: dict[str, int]) -> float:
    """Relative difference of the objective from Clarabel's, on the first weeks."""
    programme = plant(**(kind | {"hours": COMPARED_HOURS, "years": 1}))
    mine = solve_kernel(programme).solution
    if mine is None or mine.certificate is None:
        return float("nan")
    peer = solve(programme, "clarabel", tolerance=1e-9).certificate
    return abs(mine.certificate.primal - peer.primal) / max(1.0, abs(peer.primal))


def measure_peer(cases: dict[str, dict[str, int]]) -> dict[str, dict[str, float]]:
    """PIQP on the cases of a line: seconds, iterations, and both as multiples of the first case's."""
    found: dict[str, dict[str, float]] = {}
    for name, kind in cases.items():
        programme = plant(**kind)
        (objective, iterations), processor, _ = measure(lambda p=programme: solve_piqp(p))
        found[name] = {"processor_s": processor, "iterations": iterations, "objective": objective}
    base = next(iter(found.values()))
    for case in found.values():
        case["ratio"] = case["processor_s"] / base["processor_s"]
        case["iteration_ratio"] = case["ratio"] * base["iterations"] / case["iterations"]
    return found


def main() -> None:
    """Measure line by line, print as it comes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=list(LINES), default=list(LINES))
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result: dict[str, dict[str, dict]] = {}
    for line in options.only:
        found = result[line] = solve_line(LINES[line], options.turns, options.threads)
        base = next(iter(found.values()))
        if not options.json:
            print(line)
        for name, case in found.items():
            case["iteration_ms"] = 1000.0 * case["processor_s"] / max(case["iterations"], 1)
            case["ratio"] = case["processor_s"] / base["processor_s"]
            case["objective_rel_diff"] = compare(LINES[line][name])
            if not options.json:
                print(
                    f"  {name:16s} processor {case['processor_s']:7.3f} s  time {case['time_s']:7.3f} s"
                    f"  iterations {case['iterations']:3d}  an iteration {case['iteration_ms']:7.2f} ms"
                    f" ({case['iteration_ms'] / base['iteration_ms']:5.2f})  ratio {case['ratio']:6.2f}"
                    f"  objectives differ by {case['objective_rel_diff']:.1e}",
                    flush=True,
                )
        for name, case in (measure_peer(LINES[line]) if options.peer and line in BOUNDS else {}).items():
            mine = found[name]
            apart = abs(case["objective"] - mine["objective"]) / abs(mine["objective"])
            mine["piqp"] = case | {"objective_rel_diff": apart}
            if not options.json:
                print(
                    f"  {name:16s} PIQP      {case['processor_s']:7.3f} s"
                    f", {case['processor_s'] / mine['processor_s']:4.1f} x"
                    f"        iterations {case['iterations']:3.0f}  an iteration ({case['iteration_ratio']:5.2f})"
                    f"  ratio {case['ratio']:6.2f}  objectives differ by {apart:.1e}",
                    flush=True,
                )
        last = found[name]
        for words, value, bound in targets(line, last):
            verdict = "met" if value <= bound else "MISSED"
            if not options.json:
                print(f"  target: {words} at most {bound:g}, is {value:.2f}: {verdict}")
            last.setdefault("targets", {})[words] = {"bound": bound, "is": value, "met": verdict == "met"}
    if options.json:
        print(json.dumps(result))
    differing = [case for cases in result.values() for case in cases.values()]
    if not all(case["objective_rel_diff"] <= AGREEMENT for case in differing):
        sys.exit("objectives differ")


def targets(line: str, last: dict) -> list[tuple[str, float, float]]:
    """What the last case of a line is held to: words, value, bound."""
    if line in BOUNDS:
        return [("ratio", last["ratio"], BOUNDS[line])]
    return [("seconds", last["time_s"], TEN_YEARS_S), ("iterations", last["iterations"], TEN_YEARS_ITERATIONS)]


if __name__ == "__main__":
    main()
