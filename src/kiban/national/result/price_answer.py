"""What prices that answer change: where sites stand, what each pays more, and what everyone else pays more.

The sites pay the published price of their area and on top of it the rise of the market model, which is what all of
them make together. What others pay more is for the plan's whole draw against none, as `kiban impact` counts it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiban.market.impact import MarketImpact, compare_years, find_impact
from kiban.national.search.equilibrium import Equilibrium
from kiban.national.search.incumbent import SERVED_MW, Incumbent
from kiban.national.study.problem import NationalProblem
from kiban.progress import Report, say_nothing
from kiban.quantities import MYEN_PER_MWH_OF_YEN_PER_KWH, YEN_PER_MYEN


@dataclass(frozen=True, slots=True)
class AreaPrice:
    """One area of the market, a year: means of prices weighted with the demand that was there before, yen/kWh.

    `others_pay_low_myen` and `others_pay_high_myen` span the variants; None where one window of the year was cleared.
    """

    area: str
    draw_mwh: float
    before_yen_per_kwh: float
    after_yen_per_kwh: float
    others_pay_myen: float
    others_pay_low_myen: float | None
    others_pay_high_myen: float | None


@dataclass(frozen=True, slots=True)
class SitePrice:
    """One site: its load at prices without it and at those it makes, and what the rise costs it a year."""

    site: str
    today_mw: float
    load_mw: float
    import_mwh: float
    pays_more_myen: float

    @property
    def rise_yen_per_kwh(self) -> float:
        """Mean rise on what it draws."""
        return self.pays_more_myen / self.import_mwh / MYEN_PER_MWH_OF_YEN_PER_KWH if self.import_mwh > 0 else 0.0


@dataclass(frozen=True, slots=True)
class PriceAnswer:
    """A plan at the prices that it makes; money is million yen a year.

    `price_change`, `energy_change` and `open_cost` say how nearly plan and market agree (`Pass`, `Equilibrium`), after
    so many clearings; `agrees` says whether they do to `AGREED`, `chosen_within_gap` whether no plan is cheaper at
    these prices by more than the gap. Amounts and `residual_yen` are those of the central variant. `dearer_myen` is
    what all power of the market costs more to produce, beside what the draw was worth at prices without it.
    """

    agrees: bool
    chosen_within_gap: bool
    price_change: float
    energy_change: float
    open_cost: float
    clearings: int
    searches: int
    today_cost_myen: float
    pays_more_myen: float
    dearer_myen: float
    others_pay_myen: float
    others_pay_low_myen: float | None
    others_pay_high_myen: float | None
    is_whole_year: bool
    residual_yen: float
    areas: tuple[AreaPrice, ...]
    sites: tuple[SitePrice, ...]

    @property
    def rests(self) -> bool:
        """Whether the plan rests at the prices that it makes."""
        return self.agrees and self.chosen_within_gap

    @property
    def moved_mw(self) -> float:
        """Load that stands elsewhere than at prices without it."""
        return 0.5 * sum(abs(site.load_mw - site.today_mw) for site in self.sites)

    @property
    def draw_mwh(self) -> float:
        """What all sites draw in areas of the market."""
        return sum(area.draw_mwh for area in self.areas)


def describe_prices(rest: Equilibrium, report: Report = say_nothing) -> PriceAnswer:
    """What a plan at rest changes; over the variants of the market where the whole year was cleared."""
    impact = _impact_of(rest, report)
    central, ranged = impact.central, len(impact.variants) > 1
    lows, highs = impact.others_pay_range_yen()
    low, high = impact.total_range_yen()
    energy = impact.load_mwh_by_area
    areas = tuple(
        AreaPrice(
            area=area,
            draw_mwh=float(energy[place]),
            before_yen_per_kwh=float(central.price_before_yen_per_kwh[place]),
            after_yen_per_kwh=float(central.price_after_yen_per_kwh[place]),
            others_pay_myen=float(central.others_pay_yen[place]) / YEN_PER_MYEN,
            others_pay_low_myen=float(lows[place]) / YEN_PER_MYEN if ranged else None,
            others_pay_high_myen=float(highs[place]) / YEN_PER_MYEN if ranged else None,
        )
        for place, area in enumerate(impact.areas)
    )
    sites = _sites(rest)
    last = rest.passes[-1]
    return PriceAnswer(
        agrees=rest.agrees,
        chosen_within_gap=rest.chosen_within_gap,
        price_change=last.price,
        energy_change=last.energy,
        open_cost=rest.open_cost,
        clearings=len(rest.passes),
        searches=rest.choices,
        today_cost_myen=rest.today.cost_myen,
        pays_more_myen=sum(site.pays_more_myen for site in sites),
        dearer_myen=rest.dearer_myen,
        others_pay_myen=central.total_yen / YEN_PER_MYEN,
        others_pay_low_myen=low / YEN_PER_MYEN if ranged else None,
        others_pay_high_myen=high / YEN_PER_MYEN if ranged else None,
        is_whole_year=rest.hours.is_whole_year,
        residual_yen=impact.residual_yen,
        areas=areas,
        sites=sites,
    )


def _impact_of(rest: Equilibrium, report: Report) -> MarketImpact:
    market, load = rest.market, rest.draws_mw
    if rest.hours.is_whole_year:
        return find_impact(market.case, load, market.before, report, after=rest.after)
    return MarketImpact(market.case.hours, load, (compare_years(market.before, rest.after, load),))


def _sites(rest: Equilibrium) -> tuple[SitePrice, ...]:
    loads, before = _loads(rest.problem, rest.found), _loads(rest.problem, rest.today)
    drawn, more = dict.fromkeys(loads, 0.0), dict.fromkeys(loads, 0.0)
    for (number, which), point in rest.found.points.items():
        block = rest.problem.blocks[number]
        site = rest.problem.places[block.site].candidate.id
        model = block.subproblems[which].model
        weight = model.resources.step_weight_h
        drawn[site] += float(point.import_mw.sum()) * weight
        rise = rest.rise_myen_per_mwh(rest.problem.area_of(block))
        if rise is not None:
            more[site] += float(rise @ point.import_mw) * weight
    shown = [site for site in loads if max(loads[site], before[site]) > SERVED_MW]
    found = [SitePrice(site, before[site], loads[site], drawn[site], more[site]) for site in shown]
    return tuple(sorted(found, key=lambda one: (-one.load_mw, one.site)))


def _loads(problem: NationalProblem, plan: Incumbent) -> dict[str, float]:
    loads = dict.fromkeys((place.candidate.id for place in problem.places), 0.0)
    for number, block in enumerate(problem.blocks):
        loads[problem.places[block.site].candidate.id] += float(np.sum(plan.choice.load_mw[number]))
    return loads
