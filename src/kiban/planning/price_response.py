"""A market price that answers to the campus: what it buys itself raises the price at which it buys.

In each step the price of energy drawn is `p + s x`, with `p` the price that is there without the campus, `x` its own
import and `s` the slope; what it feeds in lowers its price alike. The campus takes the price as it finds it, as anyone
on the exchange does: it draws one MWh more as long as that is worth the price of the hour. Such a plan is the optimum
at

    p x + s x^2 / 2        the area under the price curve

whose cost of one unit more is the price itself, `p + s x`, so that plan and market agree: no other plan is cheaper at
the prices that this one makes. The bill is at the price on all that is drawn, `p x + s x^2`, which is what the plan's
costs count; it is above the programme's objective by `s x^2 / 2`. A buyer who knew that he moves the price and held
back for that (a monopsonist, whose cost of one unit more is `p + 2 s x`) would draw less and pay less: no campus should
count on being one, and beside others it is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.catalogue.prices import PRICE_AREAS
from kiban.errors import Problem, ScenarioError
from kiban.linear import Solution
from kiban.messages import Message
from kiban.planning.inputs import Inputs
from kiban.planning.market_prices import is_american
from kiban.planning.memory import remembered
from kiban.planning.resources import GridResource, Resources
from kiban.quantities import MYEN_PER_MWH_OF_YEN_PER_KWH

KEY: Final = "grid.price_response"
MW_PER_GW: Final = 1e3
LEAST_LOAD_MW: Final = 1.0
"""With less load prices do not move by enough to be measured."""


def answer_to_load(grid: GridResource, inputs: Inputs, load_mw: Callable[[], float]) -> GridResource:
    """The connection with the slope of its price that the scenario asks for; `load_mw` reads the campus's mean IT load.

    A price of feed-in that the scenario gives is a contract and answers to nothing. Raises `ScenarioError` where the
    market of the place is not known, or where power is bought by contracts.
    """
    slope = _read_slope(inputs, load_mw)
    if slope <= 0.0:
        return grid
    if inputs.scenario.procurement is not None:
        raise ScenarioError(Problem("planning.response_procurement", key=KEY))
    feeds_in = inputs.scenario.grid.export_price_myen_per_mwh is None
    own = slope * MYEN_PER_MWH_OF_YEN_PER_KWH / MW_PER_GW
    return replace(grid, price_slope_myen_per_mwh2=own, export_slope_myen_per_mwh2=own if feeds_in else 0.0)


def _read_slope(inputs: Inputs, load_mw: Callable[[], float]) -> float:
    """By how much the price rises for each GW that is drawn, yen/kWh; 0 where it does not answer."""
    grid, area = inputs.scenario.grid, inputs.place.area
    given = grid.price_response_yen_per_kwh_per_gw
    if given is not None:
        inputs.recorder.give("grid.price_response_yen_per_kwh_per_gw", given, "yen_per_kwh")
        return given
    if grid.price_response == "none":
        return 0.0
    if area not in PRICE_AREAS or is_american(inputs):
        raise ScenarioError(Problem("planning.response_nowhere", key=KEY))
    inputs.recorder.give(KEY, grid.price_response)
    if grid.price_response == "observed":
        frequency = inputs.recorder.take(f"grid.{area}.frequency")
        return inputs.recorder.take(f"market.slope.{frequency:.0f}_hz")
    slope = find_market_slope(area, max(load_mw(), LEAST_LOAD_MW))
    inputs.recorder.record(
        "grid.price_response_yen_per_kwh_per_gw",
        f"{slope:.4g}",
        "yen_per_kwh",
        Message("origin.market_model"),
        "derived",
        "formula",
    )
    return slope


@remembered
def find_market_slope(area: str, load_mw: float) -> float:
    """The mean rise of an area's price over a year with a flat load there, yen/kWh for each GW of it.

    The market model of the catalogue is cleared without and with the load: no plant is built or closed.
    """
    from kiban.catalogue import load_catalogue
    from kiban.market.year import clear_year, default_case

    case = default_case(load_catalogue())
    before = clear_year(case)
    place = case.hours.areas.index(area)
    load = np.zeros(len(case.hours.areas))
    load[place] = load_mw
    after = clear_year(case, load, before.price_yen_per_kwh)
    rise = float((after.price_yen_per_kwh - before.price_yen_per_kwh)[:, place].mean())
    return max(rise, 0.0) / load_mw * MW_PER_GW


def answered_price(grid: GridResource, import_mw: Array) -> Array:
    """What each MWh drawn costs at an import, million yen, charges in it."""
    return np.asarray(grid.price_myen_per_mwh + grid.price_slope_myen_per_mwh2 * import_mw)


def answered_export_price(grid: GridResource, export_mw: Array) -> Array:
    """What each MWh fed in earns at an export, million yen."""
    return np.asarray(grid.export_price_myen_per_mwh - grid.export_slope_myen_per_mwh2 * export_mw)


def refuse_response(resources: Resources) -> None:
    """Raise `ScenarioError` where prices answer, for what counts with the programme's objective as with a bill."""
    if resources.grid is not None and resources.grid.price_slope_myen_per_mwh2 > 0.0:
        raise ScenarioError(Problem("planning.response_objective", key=KEY))


def bill_of(resources: Resources, solution: Solution) -> float:
    """What an optimum costs at the prices that it makes, million yen a year; infinite without one."""
    if solution.certificate is None:
        return math.inf
    return solution.certificate.primal + paid_beyond_objective(resources, solution)


def paid_beyond_objective(resources: Resources, solution: Solution) -> float:
    """What the campus pays at the prices that it makes beyond the area under their curve, million yen a year."""
    grid = resources.grid
    if grid is None:
        return 0.0
    slopes = {"import": grid.price_slope_myen_per_mwh2, "export": grid.export_slope_myen_per_mwh2}
    flows = {name: solution.hourly[name] for name, slope in slopes.items() if slope > 0.0 and name in solution.hourly}
    return 0.5 * resources.step_weight_h * sum(slopes[name] * float(flow @ flow) for name, flow in flows.items())


def describe_response(resources: Resources, solution: Solution) -> Message | None:
    """By how much the campus's own import raises the price that it pays; None where the price does not answer."""
    grid = resources.grid
    if grid is None or grid.price_slope_myen_per_mwh2 <= 0.0:
        return None
    drawn = solution.hourly["import"]
    energy = float(drawn.sum()) * resources.step_weight_h
    if energy <= 0.0:
        return None
    before = float(grid.price_myen_per_mwh @ drawn) * resources.step_weight_h / energy
    rise = grid.price_slope_myen_per_mwh2 * float(drawn @ drawn) * resources.step_weight_h
    return Message(
        "grid_note.price_response",
        rise=rise / energy / MYEN_PER_MWH_OF_YEN_PER_KWH,
        before=before / MYEN_PER_MWH_OF_YEN_PER_KWH,
        after=(before + rise / energy) / MYEN_PER_MWH_OF_YEN_PER_KWH,
        cost=rise,
        slope=grid.price_slope_myen_per_mwh2 / MYEN_PER_MWH_OF_YEN_PER_KWH * MW_PER_GW,
    )
