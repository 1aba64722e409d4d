"""Order now, later or never: what support with an end does to the time of an order, by the value of waiting.

The owner may order at any month within a window, or never. What a campus is worth to him over what it costs starts
where PAY's plan without the package has it (1 where the load is sold at the price at which he earns what he asks, as in
the base case) and then moves with demand at random (`waiting`). The package takes a share off the cost until it ends:
its fall of the levelised cost over the part of it that is capital, less what competition passes on to users, who then
pay less for all compute. Three orders follow, on the same ways of demand with the package and without it:

    windfall           at the same time either way: the support changes nothing
    brought forward    earlier with the package, but later without it: investment of other years
    induced            within the window only with the package

`additionality` compares plans of one year, and knows no time: what is brought forward is windfall or induced there,
whichever that year shows. The value grows by the design's rate less what waiting loses. A package that names no end
is given one that is assumed (`ends_by_law` says which), since support without an end brings nothing forward.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from kiban.arrays import Array
from kiban.calendar import DAYS_PER_YEAR
from kiban.finance.budget import SupportLimit
from kiban.finance.kept_by import catalogue_of
from kiban.finance.payment import Payment
from kiban.finance.waiting import (
    Split,
    Walk,
    costs_by_step,
    last_step,
    split_orders,
    threshold,
    value_of_waiting,
)
from kiban.policy.law import CONSTRUCTION, load_law

Choice = Literal["now", "later", "never"]
SIDES = (True, False)
ROWS = ("timing.volatility", "timing.payout", "timing.window", "timing.support_years")
LEAST_SUPPORT = 1e-6
MOST_SUPPORT = 0.95
LEAST_CHANCE = 0.01
"""Chance of an order below which the answer is never."""


@dataclass(frozen=True, slots=True)
class Case:
    """One owner's position."""

    value_over_cost: float
    support: float
    """Share that the package takes off the cost, for who orders."""
    ends_after_years: float | None
    window_years: float
    walk: Walk

    def costs(self, supported: bool) -> Array:
        """Cost at each step of the window."""
        return costs_by_step(self.window_years, self.support if supported else 0.0, self.ends_after_years)


@dataclass(frozen=True, slots=True)
class Decision:
    """With support or without it."""

    choice: Choice
    waiting_value: float
    """What the right to order is worth, over the cost without support."""
    value_of_ordering_now: float
    """The same if ordered at once; may be negative."""
    order_now_above: float
    """Value over cost above which one orders at once."""
    chance_of_an_order: float
    """Within the window."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The decision on both sides, and when what is ordered would have been."""

    case: Case
    ends_by_law: bool
    without: Decision
    with_package: Decision
    split: Split
    low: Mapping[str, float]
    high: Mapping[str, float]
    """Of each share of the split, over what is assumed, each alone."""
    endless: Split
    """If the support had no end."""


SHARES = ("windfall", "brought_forward", "induced", "unaffected", "never")


def time_orders(payment: Payment, limits: tuple[SupportLimit, ...]) -> Timing | None:
    """When an owner orders with the package and without it.

    None where it takes nothing off the cost of who orders, or a public body orders, which does not wait for a price.

    `limits` are the ends of the package's instruments.
    """
    support = _support(payment)
    public = any(side.terms.financing.public for side in (payment.before, payment.after))
    if support < LEAST_SUPPORT or public:
        return None
    catalogue, end = catalogue_of(payment), _years_to_end(payment, limits)
    values = {name: catalogue.value(name) for name in ROWS}
    cases = [values]
    for name in ROWS:
        fact = catalogue.fact(name)
        cases += [{**values, name: one} for one in (fact.low, fact.high) if one is not None]
    read = [_case(payment, support, end, case) for case in cases]
    splits = [split_case(case) for case in read]
    first, found = read[0], splits[0]
    return Timing(
        case=first,
        ends_by_law=end is not None,
        without=decide(first, supported=False, chance=found.windfall + found.brought_forward + found.unaffected),
        with_package=decide(first, supported=True, chance=1.0 - found.never),
        split=found,
        low={share: min(getattr(one, share) for one in splits) for share in SHARES},
        high={share: max(getattr(one, share) for one in splits) for share in SHARES},
        endless=split_case(replace(first, ends_after_years=None)),
    )


def split_case(case: Case) -> Split:
    """When orders come with support and without it."""
    helped, alone = (value_of_waiting(case.value_over_cost, case.costs(supported), case.walk)[1] for supported in SIDES)
    end = case.window_years if case.ends_after_years is None else min(case.ends_after_years, case.window_years)
    return split_orders(helped, alone, case.walk, last_step(end))


def decide(case: Case, *, supported: bool, chance: float) -> Decision:
    """What an owner does now, where he orders within the window with that chance."""
    costs = case.costs(supported)
    waiting, orders = value_of_waiting(case.value_over_cost, costs, case.walk)
    later: Choice = "later" if chance >= LEAST_CHANCE else "never"
    return Decision(
        choice="now" if orders[0][0] else later,
        waiting_value=waiting,
        value_of_ordering_now=case.value_over_cost - float(costs[0]),
        order_now_above=threshold(costs, case.walk),
        chance_of_an_order=chance,
    )


def _case(payment: Payment, support: float, end: float | None, values: Mapping[str, float]) -> Case:
    volatility, payout, window, years = (values[name] for name in ROWS)
    assumptions, before = payment.assumptions, payment.before
    bought = sum(one.capex_myen for one in before.plan.investments)
    riskless = (1.0 + assumptions.debt_reference_rate) / (1.0 + assumptions.inflation)
    expected = math.log1p(assumptions.discount_rate_real)
    return Case(
        value_over_cost=1.0 + before.returns.project_npv_myen / bought if bought > 0 else 1.0,
        support=support,
        ends_after_years=years if end is None else end,
        window_years=window,
        walk=Walk(volatility, max(math.log(riskless), 0.0), payout, expected - payout),
    )


def _support(payment: Payment) -> float:
    """Share of the cost that the package takes off for who orders; 0 where it makes compute no cheaper."""
    before, after = payment.before, payment.after
    capital = sum(one.annual_capital_myen for one in before.plan.investments) / before.plan.cost_myen_per_year
    fall = 1.0 - float(after.levelised.myen_per_it_mwh) / float(before.levelised.myen_per_it_mwh)
    return min((1.0 - payment.pass_through) * fall / capital, MOST_SUPPORT) if capital > 0 else 0.0


def _years_to_end(payment: Payment, limits: tuple[SupportLimit, ...]) -> float | None:
    """Years in which one may still order until the last instrument ends; None where one of them has no end.

    What counts by the day of service must be ordered as much earlier as building takes.
    """
    start, building = payment.after.project.start_year, payment.assumptions.construction_years
    ends = []
    for limit in limits:
        if limit.sunset is not None:
            day = date.fromisoformat(limit.sunset)
            end = day.year + day.timetuple().tm_yday / DAYS_PER_YEAR - start
        elif limit.last_year is not None:
            end = float(limit.last_year + 1 - start)
        else:
            return None
        by_start = limit.measure is not None and load_law().measure(limit.measure).counts == CONSTRUCTION
        ends.append(end if by_start else end - building)
    return max(*ends, 0.0) if ends else None
