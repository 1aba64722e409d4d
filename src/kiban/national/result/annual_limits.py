"""What a plan takes of people and goods in each year, and what more of them would save.

The price of a limit is the dual of its rows in the inner master, where sites build convex combinations of designs that
were evaluated, with what is open held: what one more unit in every year of the limit saves, for a small change. Rows of
several years that bind together share it among them in no particular way, so that only their sum is a price.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiban.national.search.incumbent import Incumbent
from kiban.national.search.master import write_master
from kiban.national.search.subproblem import Points
from kiban.national.study.build_limits import AnnualLimit
from kiban.national.study.problem import NationalProblem

FULL_SHARE = 0.999
"""Part of what there is from which on a year counts as full."""


@dataclass(frozen=True, slots=True)
class LimitYear:
    """Units that a plan takes in a year, of those that there are."""

    year: int
    taken: float
    available: float

    @property
    def is_full(self) -> bool:
        """Whether the plan takes all that there is."""
        return self.taken >= FULL_SHARE * self.available


@dataclass(frozen=True, slots=True)
class LimitUse:
    """One limit of a plan, in the years in which the plan may take of it.

    `price_myen` is what one more unit in every year would save, million yen a year; `worth_myen` the same over all
    years of the phases, discounted to the decision (None where a study has no phases).
    """

    id: str
    name: str
    unit: str
    sites: tuple[str, ...]
    years: tuple[LimitYear, ...]
    price_myen: float
    worth_myen: float | None

    @property
    def full_years(self) -> tuple[int, ...]:
        """Years in which the plan takes all that there is."""
        return tuple(one.year for one in self.years if one.is_full)


def find_limit_uses(
    problem: NationalProblem, points: Points, incumbent: Incumbent, discounted_years: float | None
) -> tuple[LimitUse, ...]:
    """The annual limits of a study as a plan uses them; `discounted_years` are those of its phases."""
    prices = annual_limit_prices(problem, points, incumbent) if problem.annual_limits else {}
    return tuple(_use(problem, incumbent, limit, prices, discounted_years) for limit in problem.annual_limits)


def _use(
    problem: NationalProblem,
    incumbent: Incumbent,
    limit: AnnualLimit,
    prices: dict[str, float],
    discounted_years: float | None,
) -> LimitUse:
    years = tuple(
        LimitYear(year, units_taken(problem, incumbent, limit, year), available)
        for year, available in limit.available.items()
        if any(problem.need_per_mw(limit, block, year) > 0 for block in problem.blocks)
    )
    price = prices.get(limit.id, 0.0) if any(one.is_full for one in years) else 0.0
    return LimitUse(
        id=limit.id,
        name=limit.terms.name or limit.id,
        unit=limit.terms.unit,
        sites=tuple(problem.places[site].candidate.id for site in sorted(limit.sites)),
        years=years,
        price_myen=price,
        worth_myen=None if discounted_years is None else price * discounted_years,
    )


def units_taken(problem: NationalProblem, incumbent: Incumbent, limit: AnnualLimit, year: int) -> float:
    """Units that a plan takes of a limit in a year."""
    return sum(
        problem.need_per_mw(limit, block, year) * float(incumbent.choice.load_mw[number].sum())
        for number, block in enumerate(problem.blocks)
    )


def annual_limit_prices(problem: NationalProblem, points: Points, incumbent: Incumbent) -> dict[str, float]:
    """What one more unit in every year of each limit would save a year, million yen; empty where no designs serve."""
    master = write_master(problem, points, "inner")
    master.hold_open(incumbent.choice)
    answer = master.model.solve()
    if answer.status != "optimal":
        return {}
    prices: dict[str, float] = {}
    for (name, _), row in master.annual.items():
        prices[name] = prices.get(name, 0.0) + float(np.abs(answer.prices[row]))
    return prices
