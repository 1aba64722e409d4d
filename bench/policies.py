"""Ten thousand policies of one site: support of clean plant and a carbon price, each least cost bounded to 1e-5.

python bench/policies.py [SCENARIO] [--points N] [--tolerance T] [--sample N] [--json]

The least cost is concave in the two rates, so that few solves bound it everywhere (`linear/parametric.py`). The peer
solves policies one by one from cold, as nearly; of a sample it gives time and agreement. Exit code 1 where a cost of
the sample lies outside its bounds.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from kiban.arrays import Array
from kiban.linear import Staircase, solve
from kiban.linear.parametric import CostDirection, ParametricCost, solve_plane
from kiban.linear.staircase import with_costs
from kiban.planning.preparation import prepare
from kiban.planning.programme import write_programme
from kiban.planning.resources import Resources
from kiban.scenario import read_scenario

ROOT = Path(__file__).resolve().parents[1]
SUPPORT = (0.0, 0.4)
"""Share of the yearly cost of clean plant and battery that is paid."""
CARBON_MYEN_PER_T = (0.0, 0.03)
"""Carbon price; 0.01 million yen are 10,000 yen."""
FINE = 1e-9
SEED = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenario", nargs="?", default=str(ROOT / "scenarios" / "tomakomai.toml"))
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--tolerance", type=float, default=1e-5)
    parser.add_argument("--sample", type=int, default=12, help="policies that are also solved one by one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    result = measure(given)
    print(json.dumps(result, indent=2) if given.json else describe(result))
    if result["outside_bounds"] > given.tolerance:
        raise SystemExit(1)


def measure(given: argparse.Namespace) -> dict[str, float]:
    """The sweep, and the same for a sample of its points one by one."""
    preparation = prepare(read_scenario(given.scenario))
    resources = preparation.resources_for(preparation.cooling_systems[0])
    resources = replace(resources, carbon_price_myen_per_t=0.0)
    side = math.ceil(math.sqrt(given.points))
    rates = np.array([(a, b) for a in np.linspace(*SUPPORT, side) for b in np.linspace(*CARBON_MYEN_PER_T, side)])
    programme, directions = write_programme(resources), directions_of(resources)
    begun, worked = time.perf_counter(), time.process_time()
    swept = solve_plane(programme, directions, rates, tolerance=given.tolerance)
    sweep_s, sweep_cpu_s = time.perf_counter() - begun, time.process_time() - worked
    outside, singles, wall = check(resources, rates, swept, given)
    return {
        "load": os.getloadavg()[0],
        "points": len(rates),
        "solves": len(swept.solved),
        "largest_relative_gap": float(swept.relative_gap.max()),
        "sweep_s": sweep_s,
        "sweep_processor_s": sweep_cpu_s,
        "sample": given.sample,
        "one_by_one_processor_s": statistics.median(singles),
        "one_by_one_s": statistics.median(wall),
        "ratio_processor": statistics.median(singles) * len(rates) / sweep_cpu_s,
        "outside_bounds": outside,
    }


def directions_of(resources: Resources) -> list[CostDirection]:
    """What a unit of support and of the carbon price add to the costs of a programme."""
    clean = {option.name: -option.annual_cost_myen_per_mw for option in resources.supply}
    if resources.battery is not None:
        clean["battery_power"] = -resources.battery.annual_cost_myen_per_mw
        clean["battery_energy"] = -resources.battery.annual_cost_myen_per_mwh
    free, priced = (write_programme(replace(resources, carbon_price_myen_per_t=price)) for price in (0.0, 1.0))
    carbon = {
        name: priced.variables[name].cost - free.variables[name].cost
        for name in free.variables
        if (priced.variables[name].cost != free.variables[name].cost).any()
    }
    return [CostDirection(clean, {}), CostDirection({}, carbon)]


def under(resources: Resources, support: float, carbon_myen_per_t: float) -> Staircase:
    """The programme under one policy, written by itself: not from the directions of the sweep."""
    programme = write_programme(replace(resources, carbon_price_myen_per_t=carbon_myen_per_t))
    names = [option.name for option in resources.supply]
    names += ["battery_power", "battery_energy"] if resources.battery is not None else []
    return with_costs(programme, capacities={name: programme.capacities[name].cost * (1.0 - support) for name in names})


def check(
    resources: Resources, rates: Array, swept: ParametricCost, given: argparse.Namespace
) -> tuple[float, list[float], list[float]]:
    """How far costs of a sample lie outside their bounds, at most and as a share; processor and wall time of each.

    Timed as nearly as the sweep is asked for; compared as nearly as the kernel can.
    """
    outside, singles, wall = 0.0, [], []
    for place in np.random.default_rng(SEED).choice(len(rates), given.sample, replace=False):
        support, carbon = (float(rate) for rate in rates[place])
        begun, worked = time.perf_counter(), time.process_time()
        solve(under(resources, support, carbon), tolerance=given.tolerance)
        singles.append(time.process_time() - worked)
        wall.append(time.perf_counter() - begun)
        cost = solve(under(resources, support, carbon), tolerance=FINE).certificate.primal
        outside = max(outside, (swept.lower[place] - cost) / cost, (cost - swept.upper[place]) / cost)
    return float(outside), singles, wall


def describe(result: dict[str, float]) -> str:
    """A few lines for people."""
    return (
        f"{result['points']} policies to {result['largest_relative_gap']:.1e}: {result['solves']} solves,"
        f" {result['sweep_s']:.1f} s, processor {result['sweep_processor_s']:.1f} s (load {result['load']:.0f})\n"
        f"one by one from cold, median of {result['sample']}: {result['one_by_one_s']:.2f} s,"
        f" processor {result['one_by_one_processor_s']:.2f} s;"
        f" all of them {result['ratio_processor']:.0f} times as long\n"
        f"agreement: costs of the sample lie at most {max(result['outside_bounds'], 0.0):.1e} outside their bounds"
    )


if __name__ == "__main__":
    main()
