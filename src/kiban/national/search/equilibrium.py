"""Plan and market at rest: sites that take prices as they find them, at prices that answer to what all of them draw.

Draws x of all sites make prices p + r(x), where r is how much higher the market clears with them than without
(`market.response`). A plan is at rest where

    r(x) is the rise at which it was made       and       no plan costs less, within the gap, at p + r(x)

Nobody holds back to keep prices low. Since r is the slope of what the market's own production gets dearer by, D(x),
for given sites such a plan is also where what sites pay at given prices p, and what they make production dearer by,
D(x), are together least. One who bought for all sites and knew that he moves prices would draw less.

For given loads each site is solved near its last draw y, at the price

    p + r(y) + s (x - y),      s = what all draws together raise the price by for each MW, over the site's share of them

so that sites which move together see the slope of the market, and the market is cleared at what they then draw, until
both agree. At those prices the sites are searched for anew. Another plan is taken as long as that lowers the least of
both costs; else the plan stays, with the bound of the last search, and whether it lies within the gap is told.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from kiban.arrays import Array
from kiban.errors import SolverError
from kiban.linear import Solution
from kiban.market.response import AreaMarket
from kiban.market.year import MarketYear
from kiban.messages import Message
from kiban.national.search.cut_pool import CutPool, SeparationPoint
from kiban.national.search.cutting_planes import search
from kiban.national.search.incumbent import Incumbent, evaluate_choice, incumbent_of
from kiban.national.search.subproblem import Point, price_design
from kiban.national.study.market_hours import StudyHours, with_grids
from kiban.national.study.problem import Block, NationalProblem
from kiban.national.study.site_programme import SITE_TOLERANCE, load_resources, solve_site
from kiban.planning.resources import GridResource
from kiban.progress import Report, say_nothing
from kiban.quantities import MYEN_PER_MWH_OF_YEN_PER_KWH, MYEN_PER_THOUSAND_YEN

AGREED = 1e-3
"""Share of prices, of the energy drawn and of what power costs by which plan and market may differ and be at rest."""
MOST_PASSES = 12
"""Most clearings of the market for given loads."""
MOST_SITE_CHOICES = 3
"""Most times that sites are searched for at new prices."""
SLOW = 0.7
"""Where plan and market come no nearer to each other than by this factor, the next step is half as long."""
LEAST_STEP = 0.125
LEAST_DRAW = 1e-9
"""Below it, in MW or MWh, nothing is drawn."""
LEAST_SITE_SHARE = 1e-3
"""A site's share of all draws is taken to be at least this."""
Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Pass:
    """How plan and market differed after the market was cleared at what the plan draws.

    `price` is the mean change of prices over the mean price, both weighted with what is drawn; `energy` the change of
    the energy drawn over it.
    """

    price: float
    energy: float

    @property
    def agrees(self) -> bool:
        """Whether plan and market are at rest."""
        return self.price <= AGREED and self.energy <= AGREED


@dataclass(frozen=True, slots=True, eq=False)
class Equilibrium:
    """A plan at the prices that it makes; money is million yen a year.

    `problem` has these prices, `found` is the plan in it with its proven bound. `draws_mw` is what the sites draw by
    hour and area of the market, `after` the market with it, `passes` one entry for each clearing of the last plan.
    `today` is the best plan that is known at prices without it, `dearer_myen` what the market's power costs more to
    produce. `open_cost` is what the designs cost beyond the least cost of the same loads at these prices, as a share of
    what they cost without servers.
    """

    problem: NationalProblem
    found: Incumbent
    market: AreaMarket
    hours: StudyHours
    draws_mw: Array
    after: MarketYear
    dearer_myen: float
    passes: tuple[Pass, ...]
    open_cost: float
    choices: int
    gap: float
    today: Incumbent

    @property
    def agrees(self) -> bool:
        """Whether plan and market agree."""
        return self.passes[-1].agrees and self.open_cost <= AGREED

    @property
    def chosen_within_gap(self) -> bool:
        """Whether no plan is cheaper at these prices by more than the gap."""
        return self.found.relative_gap <= self.gap

    def rise_myen_per_mwh(self, area: str) -> Array | None:
        """The rise in the steps of the study, million yen a MWh; None in an area that is not of the market."""
        return rise_at(self.market, self.hours, self.after, area)


def rise_at(market: AreaMarket, hours: StudyHours, after: MarketYear, area: str) -> Array | None:
    """By how much the price of an area is higher than without the load in each step; None where it has no market."""
    if area not in market.areas:
        return None
    rise = market.rise_yen_per_kwh(after)[:, market.areas.index(area)]
    return np.asarray(rise[hours.place] * MYEN_PER_MWH_OF_YEN_PER_KWH)


def at_rise(problem: NationalProblem, market: AreaMarket, hours: StudyHours, after: MarketYear) -> NationalProblem:
    """The problem at prices that are higher by what a cleared market says."""

    def change(block: Block, grid: GridResource) -> GridResource:
        rise = rise_at(market, hours, after, problem.area_of(block))
        if rise is None or not rise.any():
            return grid
        return replace(grid, price_myen_per_mwh=grid.price_myen_per_mwh + rise)

    return with_grids(problem, change)


def draws_by_hour(problem: NationalProblem, draws: Mapping[Key, Array], market: AreaMarket, hours: StudyHours) -> Array:
    """What sites draw, given by subproblem in the steps of the study, as MW by hour and area of the market."""
    found = np.zeros(market.market.demand_mw.shape)
    for (number, _), drawn in draws.items():
        area = problem.area_of(problem.blocks[number])
        found[:, market.areas.index(area)] += hours.by_hour(drawn)
    return found


def find_equilibrium(
    problem: NationalProblem,
    pool: CutPool,
    market: AreaMarket,
    hours: StudyHours,
    today: Incumbent,
    *,
    gap: float,
    max_rounds: int,
    report: Report = say_nothing,
) -> Equilibrium:
    """The plan of a problem with one phase at prices that answer to it; `today` is its plan at its own prices."""
    rest = _settle(problem, pool, market, hours, today, report)
    choices = 1
    while True:
        report(Message("progress.national_at_prices"))
        found = search(rest.problem, pool, gap=gap, max_rounds=max_rounds, report=report)
        if found is None:
            raise SolverError("at prices that answer to it the national plan keeps no limit that it kept before")
        kept = replace(rest.plan, bound_myen=min(found.bound_myen, rest.plan.cost_myen))
        kept = replace(kept, rounds=found.rounds, solves=found.solves, history=found.history)
        rest = replace(rest, plan=kept)
        if found.cost_myen >= kept.cost_myen or choices >= MOST_SITE_CHOICES:
            break
        other = _settle(problem, pool, market, hours, found, report)
        choices += 1
        if other.whole_myen >= rest.whole_myen:
            break
        rest = other
    # What the second search found may be better at today's prices, too: then it was not prices that moved it.
    again = evaluate_choice(problem, pool, rest.plan.choice)
    if again is not None and again.excess <= 0.0 and again.cost_myen < today.cost_myen:
        today = replace(again, bound_myen=min(today.bound_myen, again.cost_myen))
    return Equilibrium(
        problem=rest.problem,
        found=rest.plan,
        market=market,
        hours=hours,
        draws_mw=rest.draws_mw,
        after=rest.after,
        dearer_myen=rest.dearer_myen,
        passes=rest.passes,
        open_cost=rest.open_cost,
        choices=choices,
        gap=gap,
        today=today,
    )


def cleared_again(rest: Equilibrium, found: Incumbent) -> Equilibrium:
    """The same with other designs of its plan: the market is cleared at what they draw, and set beside the prices."""
    draws = {key: point.import_mw for key, point in found.points.items() if _buys(rest.problem, rest.market, key)}
    load = draws_by_hour(rest.problem, draws, rest.market, rest.hours)
    after = rest.market.clear(load, rest.after.price_yen_per_kwh)
    made, rise = (rest.market.rise_yen_per_kwh(year) for year in (rest.after, after))
    passes = (*rest.passes, _compare(rest.draws_mw, load, made, rise, after))
    dearer = rest.market.dearer_myen(after, load)
    return replace(
        rest,
        found=found,
        draws_mw=load,
        after=after,
        dearer_myen=dearer,
        passes=passes,
        open_cost=_open_cost(found.points),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Rest:
    """A choice whose designs and market agree, or nearly; `whole_myen` is the least of both costs at old prices."""

    problem: NationalProblem
    plan: Incumbent
    draws_mw: Array
    after: MarketYear
    dearer_myen: float
    whole_myen: float
    passes: tuple[Pass, ...]
    open_cost: float


def _settle(
    problem: NationalProblem,
    pool: CutPool,
    market: AreaMarket,
    hours: StudyHours,
    plan: Incumbent,
    report: Report,
) -> _Rest:
    """The designs of a choice and the market at rest, its loads as they are."""
    near = {key: point.import_mw for key, point in plan.points.items() if _buys(problem, market, key)}
    load = draws_by_hour(problem, near, market, hours)
    after = market.clear(load)
    rise, step = market.rise_yen_per_kwh(after), 1.0
    passes: list[Pass] = []
    solutions: dict[Key, Solution] = {}
    # Prices that do not move leave the plan as it is, to the last digit.
    while len(passes) < MOST_PASSES and rise.any():
        solutions = _respond(problem, market, hours, plan, near, rise, solutions)
        draws = {key: solution.hourly["import"] for key, solution in solutions.items()}
        load = draws_by_hour(problem, draws, market, hours)
        after = market.clear(load, after.price_yen_per_kwh)
        found = market.rise_yen_per_kwh(after)
        passes.append(_compare(draws_by_hour(problem, near, market, hours), load, rise, found, after))
        report(Message("progress.national_market", change=passes[-1].price))
        if passes[-1].agrees:
            break
        if len(passes) > 1 and passes[-1].price > SLOW * passes[-2].price:
            step = max(0.5 * step, LEAST_STEP)
        rise = rise + step * (found - rise)
        near = {key: drawn + step * (draws[key] - drawn) for key, drawn in near.items()}
    there = at_rise(problem, market, hours, after)
    points = _at_prices(there, pool, plan, solutions)
    priced = incumbent_of(there, plan.choice, points)
    if priced is None:
        raise SolverError("at the prices that it makes the national plan costs more than the budget allows")
    dearer = market.dearer_myen(after, load)
    extra = float((market.rise_yen_per_kwh(after) * load).sum()) * market.hours_per_hour * MYEN_PER_THOUSAND_YEN
    passed = tuple(passes) or (Pass(0.0, 0.0),)
    whole = priced.cost_myen - extra + dearer
    return _Rest(there, priced, load, after, dearer, whole, passed, _open_cost(points))


def _open_cost(points: Mapping[Key, Point]) -> float:
    """What designs cost beyond what is proven to be the least at their loads, over their costs without servers."""
    more = sum(max(point.cost_myen - point.bound_myen, 0.0) for point in points.values())
    power = sum(cost for point in points.values() for item, cost in point.costs.items() if not item.startswith("it_"))
    return more / power if power > 0.0 else 0.0


def _buys(problem: NationalProblem, market: AreaMarket, key: Key) -> bool:
    block = problem.blocks[key[0]]
    return block.subproblems[key[1]].connected and problem.area_of(block) in market.areas


def _respond(
    problem: NationalProblem,
    market: AreaMarket,
    hours: StudyHours,
    plan: Incumbent,
    near: Mapping[Key, Array],
    rise_yen_per_kwh: Array,
    last: Mapping[Key, Solution],
) -> dict[Key, Solution]:
    """What every site draws near a draw at which prices have risen, each seeing them rise as all draws raise them.

    Solves start where those of the `last` pass came through.
    """
    rise = rise_yen_per_kwh * MYEN_PER_MWH_OF_YEN_PER_KWH
    whole = draws_by_hour(problem, near, market, hours).sum(axis=1)
    slopes = np.maximum(rise.T @ whole, 0.0) / max(float(whole @ whole), LEAST_DRAW)
    energy = {key: float(drawn.sum()) for key, drawn in near.items()}
    total = max(sum(energy.values()), LEAST_DRAW)

    def solve(key: Key) -> Solution:
        block = problem.blocks[key[0]]
        model = block.subproblems[key[1]].model
        area = market.areas.index(problem.area_of(block))
        slope = float(slopes[area]) / max(energy[key] / total, LEAST_SITE_SHARE)
        resources = load_resources(model, plan.points[key].z)
        grid = resources.grid
        assert grid is not None
        answering = replace(
            grid,
            price_myen_per_mwh=grid.price_myen_per_mwh + rise[hours.place, area] - slope * near[key],
            price_slope_myen_per_mwh2=slope,
        )
        start = last[key].warm if key in last else None
        solution = solve_site(replace(resources, grid=answering), SITE_TOLERANCE, start)
        if solution.certificate is None:
            raise SolverError(f"the programme of {model.label} is {solution.status} at prices that answer")
        return solution

    with ThreadPoolExecutor(os.cpu_count() or 1) as executor:
        return dict(zip(near, executor.map(solve, near), strict=True))


def _compare(near: Array, load: Array, made: Array, found: Array, after: MarketYear) -> Pass:
    """A plan made at the rise `made` near some draws, against what the market finds at what it draws."""
    paid = float((np.abs(after.price_yen_per_kwh) * load).sum())
    moved = float((np.abs(found - made) * load).sum())
    energy = float(load.sum())
    change = abs(energy - float(near.sum()))
    return Pass(moved / paid if paid else 0.0, change / energy if energy else 0.0)


def _at_prices(
    there: NationalProblem, pool: CutPool, plan: Incumbent, solutions: Mapping[Key, Solution]
) -> dict[Key, Point]:
    """The designs at rest priced as the problem is, with the cuts of its own optima at the same loads."""
    keys = list(plan.points)
    models = [there.blocks[number].subproblems[which].model for number, which in keys]
    asked = [SeparationPoint(model, plan.points[key].z) for key, model in zip(keys, models, strict=True)]
    proven = dict(zip(keys, pool.evaluate(asked), strict=True))
    points = {}
    for key, model in zip(keys, models, strict=True):
        own = solutions.get(key)
        points[key] = proven[key] if own is None else price_design(model, proven[key], own)
    return points
