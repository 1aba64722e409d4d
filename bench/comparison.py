"""One scenario measured with kiban and with PyPSA and HiGHS, each in a process of its own."""

from __future__ import annotations

import logging
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SCENARIOS = Path(__file__).parents[1] / "scenarios"
FIRST_HOUR = 24 * 100


@dataclass(frozen=True)
class Measurement:
    """Seconds, counts and MB of one solver's work on one problem."""

    cooling_system: str
    write_s: float
    solve_s: float
    rows: int
    columns: int
    non_zeros: int
    peak_memory_mb: float
    objective_myen: float
    capacities: dict[str, float]
    whole_plan_s: float | None = None

    @property
    def total_s(self) -> float:
        return self.write_s + self.solve_s


@dataclass(frozen=True)
class Comparison:
    """Both measurements and how well they agree."""

    scenario: str
    hours: int
    kiban: Measurement
    pypsa: Measurement

    @property
    def ratio(self) -> float:
        """How many times longer PyPSA with HiGHS takes."""
        return self.pypsa.total_s / self.kiban.total_s

    @property
    def objective_difference(self) -> float:
        """Relative difference of the least costs."""
        return abs(self.pypsa.objective_myen / self.kiban.objective_myen - 1.0)

    @property
    def capacity_difference(self) -> float:
        """Largest difference of a capacity, MW or MWh."""
        return max(abs(self.pypsa.capacities[name] - value) for name, value in self.kiban.capacities.items())

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "ratio": self.ratio,
            "objective_difference": self.objective_difference,
            "capacity_difference": self.capacity_difference,
        }


def compare(name: str, hours: int | None, report: Callable[[str], None] = lambda _: None) -> Comparison:
    """Measure the example `name` over `hours` of its year (all of it without)."""
    report(f"{name}: kiban")
    kiban, steps = _apart(measure_kiban, name, hours)
    report(f"{name}: PyPSA with HiGHS")
    pypsa = _apart(measure_pypsa, name, hours, kiban.cooling_system)
    return Comparison(name, steps, kiban, pypsa)


def measure_kiban(name: str, hours: int | None) -> tuple[Measurement, int]:
    """The whole plan, then the programme of the cooling system that it chose."""
    from kiban.linear import solve
    from kiban.linear.flat import flatten
    from kiban.planning.building import build
    from kiban.planning.evaluation import name_capacities
    from kiban.planning.preparation import prepare
    from kiban.planning.programme import write_programme

    scenario = _read(name, hours)
    start = time.perf_counter()
    plan = build(scenario)
    whole = time.perf_counter() - start
    site = prepare(scenario).resources_for(plan.cooling_system)
    start = time.perf_counter()
    programme = write_programme(site)
    written = time.perf_counter()
    solution = solve(programme)
    done = time.perf_counter()
    memory = _peak_memory_mb()
    assert solution.certificate is not None
    matrix = flatten(programme).matrix
    rows, columns = matrix.shape
    return Measurement(
        cooling_system=plan.cooling_system,
        write_s=written - start,
        solve_s=done - written,
        rows=rows,
        columns=columns,
        non_zeros=matrix.nnz,
        peak_memory_mb=memory,
        objective_myen=solution.certificate.primal,
        capacities=name_capacities(site, solution),
        whole_plan_s=whole,
    ), site.steps


def measure_pypsa(name: str, hours: int | None, cooling_system: str) -> Measurement:
    """The same programme as a PyPSA network, its linopy model included in the time of solving."""
    logging.disable(logging.INFO)
    from kiban.planning.preparation import prepare
    from kiban.planning.pypsa_network import build_network, optimise, read_capacities

    preparation = prepare(_read(name, hours))
    site = preparation.resources_for(cooling_system)
    start = time.perf_counter()
    network = build_network(site, preparation.time)
    written = time.perf_counter()
    condition = optimise(network)
    done = time.perf_counter()
    memory = _peak_memory_mb()
    if condition != "optimal":
        raise SystemExit(f"{name}: PyPSA found no optimum: {condition}")
    matrix = network.model.matrices.A
    return Measurement(
        cooling_system=cooling_system,
        write_s=written - start,
        solve_s=done - written,
        rows=matrix.shape[0],
        columns=matrix.shape[1],
        non_zeros=matrix.nnz,
        peak_memory_mb=memory,
        objective_myen=float(network.objective),
        capacities=read_capacities(network),
    )


def _read(name: str, hours: int | None) -> Any:
    from kiban.scenario import Time, read_scenario

    scenario = read_scenario(SCENARIOS / f"{name}.toml")
    if hours is None:
        return scenario
    return scenario.model_copy(update={"time": Time(first_hour=FIRST_HOUR, hours=hours)})


def _apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """Run in a fresh process, so that peak memory is that of the work alone; what it prints goes to stderr."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=os.dup2, initargs=(2, 1)) as pool:
        return pool.submit(work, *arguments).result()


def _peak_memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
