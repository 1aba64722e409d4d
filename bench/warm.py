"""What a warm start saves: a plan's programme after a small change, from its own start and from the plan's points.

python bench/warm.py [SCENARIO] [--tolerance T]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from kiban.catalogue import load_catalogue
from kiban.linear import Staircase
from kiban.linear.kernel.method import TOLERANCE, KernelAnswer, solve_kernel
from kiban.linear.kernel.warm import KEPT_GAPS
from kiban.planning.preparation import prepare
from kiban.planning.programme import write_programme
from kiban.scenario import Scenario, read_scenario

ROOT = Path(__file__).resolve().parents[1]


def changes(scenario: Scenario) -> dict[str, Scenario]:
    """The scenario with one thing different."""
    catalogue = load_catalogue()

    def section(name: str, **values: float) -> Scenario:
        part = getattr(scenario, name).model_copy(update=values)
        return scenario.model_copy(update={name: part}).placed_in(scenario.folder)

    def price(row: str, factor: float) -> Scenario:
        values = {**scenario.assumptions, row: catalogue.value(row) * factor}
        return scenario.model_copy(update={"assumptions": values}).placed_in(scenario.folder)

    load, share = scenario.load.it_load_mw, scenario.target.clean_share or 0.7
    carbon = scenario.target.carbon_price_myen_per_t or 0.0
    return {
        "carbon price + 5,000 yen/t": section("target", carbon_price_myen_per_t=carbon + 0.005),
        "load + 2 %": section("load", it_load_mw=load * 1.02),
        "load + 20 %": section("load", it_load_mw=load * 1.2),
        "photovoltaics 5 % cheaper": price("pv.capex", 0.95),
        "battery energy 10 % cheaper": price("battery.energy_capex", 0.9),
        "battery energy 40 % cheaper": price("battery.energy_capex", 0.6),
        "wind 20 % cheaper": price("wind_onshore.capex", 0.8),
        "clean share + 2 points": section("target", clean_share=share + 0.02),
        "clean share - 10 points": section("target", clean_share=share - 0.1),
    }


def programme_of(scenario: Scenario) -> Staircase:
    """The programme with the first cooling system on offer."""
    preparation = prepare(scenario)
    return write_programme(preparation.resources_for(preparation.cooling_systems[0]))


def timed(solve: Callable[[], KernelAnswer]) -> tuple[KernelAnswer, float]:
    begun = time.process_time()
    answer = solve()
    return answer, time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenario", nargs="?", default=str(ROOT / "scenarios" / "tomakomai.toml"))
    parser.add_argument("--tolerance", type=float, default=TOLERANCE)
    given = parser.parse_args()
    scenario = read_scenario(given.scenario)
    first = solve_kernel(programme_of(scenario), threads=1, keep=KEPT_GAPS)
    print(f"{'change':30s} {'cold':>12s} {'warm':>12s}   difference of the costs")
    for name, changed in changes(scenario).items():
        programme = programme_of(changed)
        cold, cold_s = timed(lambda p=programme: solve_kernel(p, threads=1, tolerance=given.tolerance))
        warm, warm_s = timed(lambda p=programme: solve_kernel(p, threads=1, tolerance=given.tolerance, warm=first.warm))
        costs = [answer.solution.certificate.primal for answer in (cold, warm)]
        print(
            f"{name:30s} {cold.iterations:4d} {cold_s:5.2f} s {warm.iterations:4d} {warm_s:5.2f} s"
            f"   {abs(costs[1] / costs[0] - 1):.0e}",
            flush=True,
        )


if __name__ == "__main__":
    main()
