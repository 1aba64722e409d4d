"""Operation against others: its windows in HiGHS, and its set-points as a fixed dispatch in PyPSA."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.cases.operations import VALUATION, random_campus

from kiban.linear.flat import flatten
from kiban.linear.highs import solve_highs
from kiban.linear.window import WindowSequence
from kiban.linear.window.general import programme_of
from kiban.operation.ahead import look_ahead
from kiban.operation.conditions import PRICE
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.forecast.synthetic import ErrorModel, ErrorSize, SyntheticForecast
from kiban.operation.foresight import foresee
from kiban.operation.horizon import Manner, operate
from kiban.operation.lane import solve_whole
from kiban.operation.window import write_windows

MODEL = ErrorModel(ErrorSize(0.04, 0.2), ErrorSize(0.15, 0.4), 0.93, 30.0)


@pytest.mark.parametrize("seed", range(6))
def test_windows_of_a_campus_agree_with_highs(seed: int) -> None:
    """A window in seven of an operation of five days, from the states that it really had."""
    facility, conditions = random_campus(seed)
    forecast = SyntheticForecast(conditions, MODEL, 10.0, seed)
    course = operate(facility, conditions, VALUATION, Manner(forecast, 48))
    begins = np.arange(1, 120, 7)
    windows = write_windows(look_ahead(facility, conditions, forecast, (), begins, 48, measured=False), VALUATION)
    stored, waiting = course.flows["state_of_charge_mwh"][begins - 1], course.flows["backlog_mwh"][begins - 1]
    windows = replace(windows, initial_storage_mwh=stored, initial_backlog_mwh=waiting)
    sequence = WindowSequence(windows)
    for number in range(begins.size):
        found = sequence.solve(number, float(stored[number]), float(waiting[number]))
        flat = flatten(programme_of(windows, number))
        status, point, _, _, _ = solve_highs(flat)
        assert status == "optimal"
        cost = float(flat.cost @ point)
        assert abs(float(found.cost_myen[0]) - cost) <= 1e-7 * (1.0 + abs(cost))


@pytest.mark.filterwarnings("ignore:pandas infers the `str` dtype:FutureWarning")
@pytest.mark.parametrize("seed", range(3))
def test_set_points_are_a_dispatch_of_pypsa(seed: int) -> None:
    """PyPSA is given every flow as it was; its store ends as ours, and its cost is the cost of the energy."""
    pypsa = pytest.importorskip("pypsa")
    logging.getLogger("linopy").setLevel(logging.ERROR)
    logging.getLogger("pypsa").setLevel(logging.ERROR)
    facility, conditions = random_campus(seed)
    course = operate(facility, conditions, VALUATION, Manner(SyntheticForecast(conditions, MODEL, 10.0, seed), 24))
    flows, store = course.flows, facility.stores[0]
    hours = pd.RangeIndex(conditions.steps)
    network = pypsa.Network(snapshots=hours)
    network.add("Bus", ["meter", "cells"])
    network.add("Load", "load", bus="meter", p_set=pd.Series(course.load_mw, hours))
    most = 1000.0

    def fix(name: str, flow: np.ndarray, cost: np.ndarray) -> None:
        share = pd.Series(flow / most, hours)
        network.add(
            "Generator", name, bus="meter", p_nom=most, p_min_pu=share, p_max_pu=share,
            marginal_cost=pd.Series(cost, hours),
        )  # fmt: skip

    zero = np.zeros(conditions.steps)
    fix("own", flows["available_mw"] - flows["curtailment_mw"], zero)
    fix("grid", flows["import_mw"], conditions.series[PRICE])
    fix("backup", flows["backup_mw"], facility.fuel_cost_myen_per_mwh)
    into, out = store.charge_efficiency, store.discharge_efficiency
    for name, ends, efficiency, flow in (
        ("charge", ("meter", "cells"), into, flows["charge_mw"]),
        ("discharge", ("cells", "meter"), out, flows["discharge_mw"] / out),
    ):
        share = pd.Series(flow / most, hours)
        network.add(
            "Link", name, bus0=ends[0], bus1=ends[1], efficiency=efficiency, p_nom=most, p_min_pu=share, p_max_pu=share,
        )  # fmt: skip
    # PyPSA loses nothing of the initial energy in the first step.
    network.add(
        "Store", "store", bus="cells", e_nom=(1.0 + 1e-6) * store.energy_mwh,
        e_initial=store.kept_per_step * course.begun.stored_mwh[0], standing_loss=1.0 - store.kept_per_step,
    )  # fmt: skip
    options = {"output_flag": False}
    status, condition = network.optimize(solver_name="highs", include_objective_constant=False, solver_options=options)
    assert (status, condition) == ("ok", "optimal")
    costs = course.costs(VALUATION)
    assert network.objective == pytest.approx(costs["energy"] + costs["fuel"], rel=1e-9, abs=1e-9)
    held = network.stores_t.e["store"].to_numpy()
    assert np.abs(held - flows["state_of_charge_mwh"]).max() < 1e-6


def test_foresight_of_a_campus_is_the_optimum_of_highs() -> None:
    """The whole time as one window, worked by HiGHS; the water of firm compute, on which nothing depends, is added."""
    facility, conditions = random_campus(8, 168)
    best = foresee(facility, conditions, VALUATION)
    ahead = look_ahead(
        facility, conditions, PerfectForecast(conditions), (), np.zeros(1, dtype=np.int64), 168, measured=True
    )
    windows = replace(write_windows(ahead, VALUATION), initial_storage_mwh=np.array([facility.stores[0].initial_mwh]))
    flat = flatten(programme_of(windows, 0))
    _, point, _, _, _ = solve_highs(flat)
    assert float(solve_whole(facility, conditions, VALUATION).cost_myen) == pytest.approx(
        float(flat.cost @ point), rel=1e-8
    )
    water = (facility.water_price_myen_per_m3 + VALUATION.water_cap_myen_per_m3) * float(
        conditions.wue_m3_per_mwh @ conditions.series["firm_mw"]
    )
    constant = VALUATION.worth_of("battery") * facility.stores[0].initial_mwh + water
    assert best.bound_myen == pytest.approx(float(flat.cost @ point) + constant, rel=1e-8)
