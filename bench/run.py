"""A year of operation: the plan's whole run, and its windows beside HiGHS and PyPSA, in one run.

    python bench/run.py               the default plan and a plant with three stores; some minutes
    python bench/run.py --hours 24    fewer windows for the peers

Times are of the processor unless the row says wall. The peers get the windows that an operation really met, from the
states that it had: HiGHS each as a programme in memory (writing it is not counted), from cold; PyPSA the same windows
without compute that may wait (what arrives is served at once), as a network of its own each, built and solved, since
that is how its rolling horizon works. Differences are of costs, over one and the cost. `pip install 'kiban[pypsa]'`.
Calls to Slurm and alerts through Prometheus and Alertmanager are timed by tests of the suite, where the programs are.
"""

from __future__ import annotations

import argparse
import gc
import logging
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from kiban.linear.flat import flatten
from kiban.linear.highs import solve_highs
from kiban.linear.window import States, WideSequence, Windows, WindowSequence
from kiban.linear.window.general import programme_of
from kiban.linear.window.wide import begin_rows, write_wide
from kiban.operation.ahead import Ahead, look_ahead
from kiban.operation.course import Course
from kiban.operation.horizon import operate
from kiban.operation.live.campus import Campus, read_campus
from kiban.operation.live.journal import JournalFile
from kiban.operation.live.record import digest_of
from kiban.operation.live.telemetry import STEP, Reading
from kiban.operation.running import Arrangement, arrange, run
from kiban.operation.window import write_wide_windows, write_windows
from kiban.planning.building import build
from kiban.planning.plan import Plan
from kiban.scenario.examples import load_scenario
from kiban.server.operating.clocks import FastClock
from kiban.server.operating.service import Origin, Service, Step
from kiban.version import installed_version

ROOT = Path(__file__).resolve().parents[1]
FIRST = 1000
"""The hour at which the compared windows begin."""


def plan_of(name: str) -> Plan:
    """The plan of an example."""
    plan = build(load_scenario(name))
    assert plan.status == "optimal", name
    return plan


def bench_run(plan: Plan, name: str) -> None:
    """The whole of `kiban run`, warm: a year, every course of the regret, flexibility."""
    began, wall = time.process_time(), time.perf_counter()
    operation = run(plan)
    took, waited = time.process_time() - began, time.perf_counter() - wall
    regret = operation.regret_share(operation.regret.total_myen)
    assert regret is not None
    print(
        f"{name}: a year in {took:.2f} s ({waited:.2f} s wall), {operation.windows.count} windows, largest gap of a "
        f"proof {operation.windows.largest_gap:.0e}; regret {regret:.2%}, "
        f"unserved {operation.total_unserved_mwh:.3g} MWh"
    )


class Metered:
    """Telemetry of a campus that measures what its plan expects, a step after the other."""

    ended = False

    def __init__(self, campus: Campus, clock: FastClock) -> None:
        self._campus, self._clock = campus, clock
        self.answered = 0.0
        """The processor's time when it last answered."""

    def read(self) -> list[Reading]:
        """What every meter shows now."""
        now = self._clock.now()
        wobble = 1.0 + 0.01 * math.sin(now.timestamp())
        found = []
        for meter in self._campus.meters():
            expected = meter.series in self._campus.tables
            value = float(self._campus.expect(meter.series, now, 1)[0]) if expected else 0.5 * meter.most
            found.append(Reading(meter.series, now, min(value * wobble, meter.most)))
        self.answered = time.process_time()
        return found


def bench_service(plan: Plan, name: str, steps: int) -> None:
    """Steps of `kiban operate`, from new data to the limit's being kept on the disk, and the disk's part of it."""
    campus = read_campus(plan)
    begins = datetime.fromisoformat("2026-01-05T00:00:00+09:00").astimezone(campus.zone)
    clock, seconds, solving, busy = FastClock(begins, math.inf), [], [], []
    source = Metered(campus, clock)

    def watch(_: Service, step: Step) -> None:
        busy.append(time.process_time() - source.answered)
        seconds.append(step.seconds)
        solving.append(step.solver_seconds or 0.0)

    with tempfile.TemporaryDirectory() as place:
        with JournalFile(Path(place) / "journal") as journal:
            origin = Origin(digest_of(plan), None, installed_version(), None, "none", "csv")
            service = Service(campus, journal, origin, source=source, clock=clock, watch=watch)
            service.warm()
            gc.collect()
            gc.freeze()
            service.run(threading.Event(), begins + (steps - 1) * STEP)
            gc.unfreeze()
        handle, disk = os.open(Path(place) / "journal", os.O_RDWR | os.O_APPEND), []
        for _ in range(steps):
            started = time.perf_counter()
            os.write(handle, b"x" * 2000)
            os.fsync(handle)
            disk.append(time.perf_counter() - started)
        os.close(handle)
    reasons = service.limit.reason if service.limit is not None else ""
    print(
        f"{name}, {steps} steps of the service: new data to limits kept {quantiles(seconds)} wall, {quantiles(busy)} "
        f"of the processor; window {quantiles(solving)} wall; the disk alone {quantiles(disk)}; the last by {reasons}"
    )


def quantiles(seconds: list[float]) -> str:
    """Median and 99th percentile."""
    return f"{np.median(seconds) * 1e3:.1f} ms (p99 {np.quantile(seconds, 0.99) * 1e3:.1f} ms)"


def look(arranged: Arrangement, hours: int) -> tuple[Ahead, Course]:
    """The windows of some hours, and the course up to their end."""
    setting, manner = arranged.setting, arranged.manner
    course = operate(setting.facility, setting.conditions, setting.valuation, replace(manner, budgets=()))
    begins = np.arange(FIRST, FIRST + hours)
    ahead = look_ahead(
        setting.facility, setting.conditions, manner.forecast, (), begins, manner.horizon_steps, measured=False
    )
    return ahead, course


def bench_narrow(plan: Plan, hours: int) -> None:
    """Compiled windows of one store against HiGHS and PyPSA."""
    arranged = arrange(plan)
    ahead, course = look(arranged, hours)
    windows = write_windows(ahead, arranged.setting.valuation)
    standings = [course.standing(FIRST + number) for number in range(hours)]
    sequence = WindowSequence(windows)
    sequence.solve(0, sum(standings[0].stored_mwh), standings[0].waiting_mwh)
    began = time.process_time()
    costs = [
        float(sequence.solve(number, sum(one.stored_mwh), one.waiting_mwh).cost_myen[0])
        for number, one in enumerate(standings)
    ]
    took = (time.process_time() - began) / hours
    print(f"a window of {windows.shape[1]} h, compiled, one after the other: {took * 1e3:.3f} ms")
    started = replace(
        windows,
        initial_storage_mwh=np.array([sum(one.stored_mwh) for one in standings]),
        initial_backlog_mwh=np.array([one.waiting_mwh for one in standings]),
    )
    peer, others = 0.0, []
    for number in range(hours):
        flat = flatten(programme_of(started, number))
        began = time.process_time()
        status, point, *_ = solve_highs(flat)
        peer += time.process_time() - began
        assert status == "optimal"
        others.append(float(flat.cost @ point))
    each = peer / hours
    print(f"    HiGHS: {each * 1e3:.2f} ms, {each / took:.0f} times; costs differ by {apart(costs, others):.0e}")
    bench_pypsa(started, took)


def bench_pypsa(windows: Windows, ours: float, count: int = 5) -> None:
    """Some windows without compute that may wait, as networks."""
    logging.getLogger("linopy").setLevel(logging.ERROR)
    logging.getLogger("pypsa").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    nothing = np.zeros(windows.shape)
    simple = replace(
        windows,
        firm_mw=windows.firm_mw + windows.arrivals_mw,
        arrivals_mw=nothing,
        served_limit_mw=nothing,
        backlog_limit_mwh=nothing,
        initial_backlog_mwh=np.zeros(windows.shape[0]),
        final_backlog_cost_myen_per_mwh=np.zeros(windows.shape[0]),
    )
    sequence = WindowSequence(simple)
    costs, others, took = [], [], 0.0
    for number in range(count):
        costs.append(float(sequence.solve(number, float(simple.initial_storage_mwh[number]), 0.0).cost_myen[0]))
        began = time.process_time()
        network = network_of(simple, number)
        status, condition = network.optimize(
            solver_name="highs", include_objective_constant=False, solver_options={"output_flag": False}
        )
        took += time.process_time() - began
        assert (status, condition) == ("ok", "optimal")
        others.append(float(network.objective))
    print(
        f"    PyPSA, no compute that waits: {took / count * 1e3:.0f} ms, {took / count / ours:,.0f} times; "
        f"costs differ by {apart(costs, others):.0e}"
    )


def network_of(windows: Windows, window: int) -> Any:
    """One window as a network: own supply, grid, backup, compute that is not served, and a store with two links."""
    import pandas as pd
    import pypsa

    at = {name: getattr(windows, name)[window] for name in windows.__dataclass_fields__ if name != "step_hours"}
    hours = pd.RangeIndex(windows.shape[1])
    network = pypsa.Network(snapshots=hours)
    network.add("Bus", ["meter", "cells"])
    network.add("Load", "load", bus="meter", p_set=pd.Series(at["pue"] * at["firm_mw"], hours))
    for name, most, cost in (
        ("own", at["available_mw"], np.zeros(len(hours))),
        ("grid", at["import_limit_mw"], at["import_price_myen_per_mwh"]),
        ("backup", at["backup_limit_mw"], at["backup_cost_myen_per_mwh"]),
        ("unserved", at["pue"] * at["firm_mw"], at["unserved_cost_myen_per_mwh"] / at["pue"]),
    ):
        size = max(float(most.max()), 1e-9)
        network.add(
            "Generator", name, bus="meter", p_nom=size, p_max_pu=pd.Series(most / size, hours),
            marginal_cost=pd.Series(cost, hours),
        )  # fmt: skip
    into, out = float(at["charge_efficiency"]), float(at["discharge_efficiency"])
    charge, discharge = at["charge_limit_mw"], at["discharge_limit_mw"] / out
    for name, ends, efficiency, most in (
        ("charge", ("meter", "cells"), into, charge), ("discharge", ("cells", "meter"), out, discharge),
    ):  # fmt: skip
        network.add("Link", name, bus0=ends[0], bus1=ends[1], efficiency=efficiency, p_nom=float(most.max()))
    kept = float(at["kept_per_step"])
    # PyPSA loses nothing of the initial energy in the first step; what is left at the end is worth something.
    value = float(at["final_storage_value_myen_per_mwh"])
    network.add(
        "Store", "store", bus="cells", e_nom=float(at["storage_limit_mwh"].max()),
        e_initial=kept * float(at["initial_storage_mwh"]), standing_loss=1.0 - kept,
        marginal_cost_storage=pd.Series(np.where(hours == hours[-1], -value, 0.0), hours),
    )  # fmt: skip
    return network


def bench_wide(plan: Plan, name: str, hours: int) -> None:
    """Windows of several stores from the basis of the hour before, against HiGHS from cold."""
    arranged = arrange(plan)
    ahead, course = look(arranged, hours)
    windows = write_wide_windows(ahead, arranged.setting.valuation)
    programme, sequence = write_wide(windows), WideSequence(windows)
    took = peer = 0.0
    costs, others = [], []
    for number in range(hours):
        one = course.standing(FIRST + number)
        states = States(one.stored_mwh, one.waiting_mwh, one.sources_mw)
        began = time.process_time()
        costs.append(sequence.solve(number, states).cost_myen)
        took += time.process_time() - began
        flat = flatten(programme.staircase(number, begin_rows(windows, number, states)))
        began = time.process_time()
        status, point, *_ = solve_highs(flat)
        peer += time.process_time() - began
        assert status == "optimal"
        others.append(float(flat.cost @ point))
    print(
        f"a window of {name} ({len(windows.stores)} stores), one after the other: {took / hours * 1e3:.2f} ms; HiGHS "
        f"from cold {peer / hours * 1e3:.2f} ms, {peer / took:.1f} times; costs differ by {apart(costs, others):.0e} "
        "(storing early counts a little)"
    )


def bench_programs() -> None:
    """Calls and alerts through real programs, as two tests of the suite measure them; what is not here is said."""
    for test in (
        "test_slurm.py::test_a_call_holds_in_slurm_and_says_how_long_that_took",
        "test_monitoring.py::test_every_alert_fires_and_resolves_through_the_webhook",
    ):
        words = [sys.executable, "-m", "pytest", "-q", "-s", "-rs", "-p", "no:cacheprovider", f"tests/server/{test}"]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        said = [line for line in done.stdout.splitlines() if line.startswith(("call to limit", "alert:", "SKIPPED"))]
        print("\n".join(said) if done.returncode == 0 and said else f"{test} failed:\n{done.stdout[-2000:]}")


def apart(costs: list[float], others: list[float]) -> float:
    """Largest difference of costs over one and the cost."""
    ours, theirs = np.array(costs), np.array(others)
    return float(np.max(np.abs(ours - theirs) / (1.0 + np.abs(theirs))))


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=168, help="windows that the peers are asked for")
    parser.add_argument("--steps", type=int, default=500, help="steps of the service")
    asked = parser.parse_args()
    default, island = plan_of("tomakomai"), plan_of("sandpoint")
    bench_run(default, "tomakomai")
    # Before PyPSA, whose logging would print every step.
    bench_service(default, "tomakomai", asked.steps)
    bench_service(island, "sandpoint", asked.steps)
    bench_programs()
    bench_narrow(default, asked.hours)
    bench_run(island, "sandpoint")
    bench_wide(island, "sandpoint", asked.hours)


if __name__ == "__main__":
    main()
