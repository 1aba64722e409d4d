"""How a campus gets its power: to wait for a firm connection, take a non-firm one, or hire engines until it comes.

Every way is designed: the campus as it is (firm); with a connection that is called in the hours of the area's own
congestion (`market.congestion`); without a grid, on hired gas engines. What a way costs more a year than the firm one
it costs until the firm connection is there. When to begin is then a matter of the value of waiting (`waiting`): who
begins in year t of a window pays, over the capital cost K of the firm campus,

    I(t) = infinite                                  before the way is ready
         = 1 + extra annuity(ready_firm - t) / K     until the firm connection is ready
         = 1                                         from then on

for a project that is worth its cost today and moves at random from here, as in `timing`. A place in the queue is the
right to begin with the firm connection, and a year earlier is worth what that right is worth more if the connection
comes a year sooner.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from kiban.arrays import Array
from kiban.errors import InputError, Problem
from kiban.finance.campus import read_campus_terms
from kiban.finance.waiting import STEPS_PER_YEAR, Walk, last_step, value_of_waiting
from kiban.market.areas import MARKET_AREAS
from kiban.market.congestion import Calls, count_calls, import_room_mw
from kiban.market.year import clear_year, default_case
from kiban.messages import Message
from kiban.planning.building import build_prepared, design_alone
from kiban.planning.preparation import prepare
from kiban.policy.annuity import annuity_present_value
from kiban.progress import Report, say_nothing
from kiban.scenario.plant import Bridging

if TYPE_CHECKING:
    import pandas as pd

    from kiban.catalogue import Catalogue
    from kiban.market.hours import Hours
    from kiban.planning.plan import Plan
    from kiban.planning.preparation import Preparation
    from kiban.planning.resources import Resources
    from kiban.scenario import Scenario

WayName = Literal["firm", "non_firm", "temporary"]
ENGINES_OVER_LOAD: Final = 3.0
"""Engines that can be hired over the IT load: more than any design takes."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to power; million yen. `extra_myen_per_year` is what it costs more than the firm one until that comes.

    `value_myen` is what the right to begin this way is worth; a way without a design has none.
    """

    name: WayName
    ready_years: float
    cost_myen_per_year: float | None
    extra_myen_per_year: float | None
    extra_by_year_myen: tuple[float, ...]
    """Present value of what is paid more, by whole years from its being ready to the firm connection."""
    value_myen: float | None

    @property
    def first_year(self) -> int:
        """The first whole year in which one can begin."""
        return math.ceil(self.ready_years)


@dataclass(frozen=True, slots=True)
class Connecting:
    """The ways side by side, and what the queue is worth."""

    area: str
    connection_mw: float
    connection_cost_myen_per_mw: float
    lead_years: float
    lead_low_years: float
    lead_high_years: float
    capital_myen: float
    calls: Calls | None
    """Of the non-firm connection; None where the area has no market with others, or the campus no connection."""
    calls_with_plants: Calls | None
    """The same if the area's idle plants made room."""
    ways: tuple[Way, ...]
    a_year_earlier_myen: float
    """What the right to a firm connection is worth more if it comes a year sooner."""

    @property
    def best(self) -> Way:
        """The way whose right is worth most; of equals, the earlier in the list."""
        return max((way for way in self.ways if way.value_myen is not None), key=lambda way: way.value_myen or 0.0)


def compare_connections(scenario: Scenario, report: Report | None = None) -> Connecting:
    """The ways of a scenario's campus to power; a non-firm connection is given the room of each hour as its limit.

    Each is designed at least cost, whatever the objective of the scenario: budgets would level what they cost.
    Raises `InputError` where the place is in no area of Japan's grid, the scenario has no grid, or the firm campus has
    no design.
    """
    tell = report or say_nothing
    at_rest = scenario.grid.model_copy(update={"non_firm": None})
    firm_scenario = _changed(scenario, {"grid": at_rest, "bridging": None})
    preparation = prepare(firm_scenario)
    catalogue, area = preparation.recorder.catalogue, preparation.inputs.place.area
    row = f"grid.{area}.connection_lead_time"
    if area is None or not scenario.grid.enabled or row not in catalogue:
        raise InputError(Problem("finance.no_queue", key="grid", name=scenario.name))
    lead = catalogue.fact(row)
    firm = build_prepared(preparation, report=tell, explain=False)
    if firm.status != "optimal":
        raise InputError(Problem("finance.no_design", scenario.name))
    connection = firm.capacities["interconnection_mw"]
    resources = preparation.resources_for(firm.cooling_system)
    assert resources.grid is not None
    designs: dict[WayName, Plan | None] = {"firm": firm}
    calls = bounds = None
    if area in MARKET_AREAS and connection > 0:
        tell(Message("progress.connect_market"))
        case = default_case(catalogue)
        clearing = clear_year(case).cleared.clearing
        calls, bounds = (count_calls(clearing, area, connection, with_plants=plants) for plants in (False, True))
        room = at_times(import_room_mw(clearing, area), case.hours.start, preparation.time, resources.step_hours)
        designs["non_firm"] = _design_within(preparation, resources, room) if calls.hours else firm
    # Without a grid nothing is bought, whatever the ways to buy.
    island = at_rest.model_copy(update={"enabled": False, "contract": None})
    engines = scenario.bridging or Bridging(max_mw=ENGINES_OVER_LOAD * firm.capacities["it_mw"])
    hired = _changed(scenario, {"grid": island, "bridging": engines, "procurement": None})
    alone = build_prepared(prepare(hired), report=tell, explain=False)
    designs["temporary"] = alone if alone.status == "optimal" else None
    ready = {
        "firm": lead.value,
        "non_firm": min(catalogue.value("connection.non_firm.lead_time"), lead.value),
        "temporary": min(catalogue.value("connection.temporary.lead_time"), lead.value),
    }
    rate = preparation.capital.discount_rate
    walk, window = _read_walk(catalogue, scenario, rate)
    capital = sum(one.capex_myen for one in firm.investments)
    wait = [value_of_starting(ready_at(years, window), walk) for years in (lead.value, max(lead.value - 1.0, 0.0))]
    return Connecting(
        area=area,
        connection_mw=connection,
        connection_cost_myen_per_mw=resources.grid.annual_cost_myen_per_mw,
        lead_years=lead.value,
        lead_low_years=lead.value if lead.low is None else lead.low,
        lead_high_years=lead.value if lead.high is None else lead.high,
        capital_myen=capital,
        calls=calls,
        calls_with_plants=bounds,
        ways=tuple(
            _weigh(name, plan, firm, ready[name], lead.value, capital, rate, walk, window)
            for name, plan in designs.items()
        ),
        a_year_earlier_myen=(wait[1] - wait[0]) * capital,
    )


def ready_at(years: float, window_years: float) -> Array:
    """Costs by step of a project that can begin so many years from now at its own cost, and before then not at all."""
    return costs_until_firm(years, years, 0.0, 0.0, window_years)


def costs_until_firm(
    ready_years: float, firm_years: float, extra_share: float, rate: float, window_years: float
) -> Array:
    """Cost of beginning at each step of the window over the capital cost: infinite before the way is ready.

    `extra_share` is what a year of the way costs more than the firm one, over the capital cost; `rate` discounts it.
    """
    steps = round(window_years * STEPS_PER_YEAR)
    years = np.arange(steps + 1) / STEPS_PER_YEAR
    left = np.maximum(firm_years - years, 0.0)
    paid = np.array([annuity_present_value(rate, one) if one > 0 else 0.0 for one in left])
    # The last step that is not later than the day is too early, unless it is the day itself.
    first = last_step(ready_years) + (0 if math.isclose(last_step(ready_years), ready_years * STEPS_PER_YEAR) else 1)
    costs = 1.0 + extra_share * paid
    costs[: min(first, steps + 1)] = np.inf
    return np.asarray(costs)


def value_of_starting(costs: Array, walk: Walk) -> float:
    """What the right to begin is worth, over the capital cost, for a project that is worth its cost today."""
    return value_of_waiting(1.0, costs, walk)[0]


def _weigh(
    name: WayName,
    plan: Plan | None,
    firm: Plan,
    ready: float,
    firm_ready: float,
    capital: float,
    rate: float,
    walk: Walk,
    window: float,
) -> Way:
    if plan is None:
        return Way(name, ready, None, None, (), None)
    extra = plan.net_cost_myen_per_year - firm.net_cost_myen_per_year
    years = range(math.ceil(ready), math.floor(firm_ready) + 1)
    left = [firm_ready - year for year in years]
    costs = costs_until_firm(ready, firm_ready, extra / capital if capital > 0 else 0.0, rate, window)
    return Way(
        name=name,
        ready_years=ready,
        cost_myen_per_year=plan.net_cost_myen_per_year,
        extra_myen_per_year=extra,
        extra_by_year_myen=tuple(extra * annuity_present_value(rate, one) if one > 0 else 0.0 for one in left),
        value_myen=value_of_starting(costs, walk) * capital,
    )


def at_times(series: Array, hours: Hours, time: pd.DatetimeIndex, step_hours: float) -> Array:
    """The least of an hourly series of one year at each step of other years, by month, day and hour; `(steps,)`.

    A day that the year does not have is like the day before.
    """
    by_hour = {(one.month, one.day, one.hour): value for one, value in zip(hours.tolist(), series, strict=True)}

    def at(month: int, day: int, hour: int) -> float:
        return float(by_hour[month, day, hour] if (month, day, hour) in by_hour else by_hour[month, day - 1, hour])

    found = np.full(len(time), np.inf)
    for later in range(max(math.ceil(step_hours), 1)):
        moved = time + timedelta(hours=later)
        values = [at(*key) for key in zip(moved.month, moved.day, moved.hour, strict=True)]
        found = np.minimum(found, np.array(values))
    return found


def _design_within(preparation: Preparation, resources: Resources, limit_mw: Array) -> Plan | None:
    """The design whose import stays within an hourly limit beside its own."""
    assert resources.grid is not None
    own = resources.grid.import_limit_mw
    grid = replace(resources.grid, import_limit_mw=limit_mw if own is None else np.minimum(own, limit_mw))
    found = design_alone(preparation, replace(resources, grid=grid), {})
    return None if found is None else found[0]


def _changed(scenario: Scenario, changes: Mapping[str, object]) -> Scenario:
    return scenario.model_copy(update=dict(changes)).placed_in(scenario.folder)


def _read_walk(catalogue: Catalogue, scenario: Scenario, rate: float) -> tuple[Walk, float]:
    """How the worth of a campus moves, and the years within which one may begin."""
    terms = read_campus_terms(
        catalogue, discount_rate_real=rate, yen_per_usd=scenario.money.yen_per_usd, finance=scenario.finance
    ).assumptions
    volatility, payout, window = (catalogue.value(f"timing.{name}") for name in ("volatility", "payout", "window"))
    riskless = max(math.log((1.0 + terms.debt_reference_rate) / (1.0 + terms.inflation)), 0.0)
    return Walk(volatility, riskless, payout, math.log1p(rate) - payout), window
