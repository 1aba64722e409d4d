"""What a load does to everyone else: prices, what others pay, emissions, curtailment and rent, without and with it.

Short run: no plant is built or closed. All demand is taken at the day-ahead price, which is an upper bound for bills:
contracts at other prices pass part of it on, later or never. No single number is known well, so the answer is a range
over variants of the model, over the slope of prices on net load that was observed, and over the bids that were made:

    central         the case as it is
    whole_pumped    all pumped hydro follows prices, not the share that was seen to
    held_storages   storages do what they did before the load came
    published_ties  ties carry their published limits
    observed_slope  the region's prices rise as they were seen to do with its net load, others stay
    bid_curves      the exchange's bid curves are crossed with more demand, nobody bids otherwise

    what others pay more + what the load pays = what generators, storages and ties receive more       (to the yen)

The emissions are those of the plants that answer (consequential), not the mean of the grid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.catalogue import Catalogue
from kiban.errors import Problem, ScenarioError
from kiban.market.added_load import with_load
from kiban.market.bid_curves import BID_YEARS, MOST_BID_LOAD_MW, load_bid_curves
from kiban.market.clearing import clear
from kiban.market.hours import MarketHours
from kiban.market.seen_rise import seen_rise
from kiban.market.year import (
    YEN_PER_THOUSAND,
    Accounts,
    MarketCase,
    MarketYear,
    account,
    clear_year,
    with_published_ties,
    with_used_pumped_hydro,
)
from kiban.messages import Message
from kiban.progress import Report, say_nothing


@dataclass(frozen=True, slots=True, eq=False)
class VariantImpact:
    """The impact in one variant, a year; arrays by area, prices weighted by the demand that was there before.

    What a variant does not know is None. `load_pays_yen` is the load itself at the day-ahead price; the three last
    amounts in yen are what others receive more. `residual_yen` is what the accounts leave over.
    """

    name: str
    price_before_yen_per_kwh: Array
    price_after_yen_per_kwh: Array
    others_pay_yen: Array
    load_pays_yen: float
    emissions_t: float | None = None
    curtailment_absorbed_mwh: float | None = None
    generators_gain_yen: float | None = None
    storages_gain_yen: float | None = None
    congestion_rent_yen: float | None = None

    @property
    def total_yen(self) -> float:
        """What all others pay more."""
        return float(self.others_pay_yen.sum())

    @property
    def residual_yen(self) -> float:
        """What all pay more less what is received more: rounding alone; 0 where a variant knows prices alone."""
        if self.generators_gain_yen is None or self.storages_gain_yen is None or self.congestion_rent_yen is None:
            return 0.0
        paid = self.total_yen + self.load_pays_yen
        return paid - self.generators_gain_yen - self.storages_gain_yen - self.congestion_rent_yen


@dataclass(frozen=True, slots=True, eq=False)
class MarketImpact:
    """The impact of a load over all variants; the first is the central one.

    `load_mw` is `(hours, areas)`. `before` and `after` are the years of the central variant, None where the market was
    not cleared.
    """

    hours: MarketHours
    load_mw: Array
    variants: tuple[VariantImpact, ...]
    before: MarketYear | None = None
    after: MarketYear | None = None

    @property
    def areas(self) -> tuple[str, ...]:
        """The areas of the market."""
        return self.hours.areas

    @property
    def synthetic(self) -> bool:
        """Whether the hours are means."""
        return self.hours.synthetic

    @property
    def load_mwh_by_area(self) -> Array:
        """Energy of a year by area."""
        return np.asarray(self.load_mw.sum(axis=0) * yearly(self.hours))

    @property
    def load_mwh(self) -> float:
        """Energy of a year."""
        return float(self.load_mwh_by_area.sum())

    @property
    def mean_mw_by_area(self) -> Array:
        """Mean draw by area."""
        return np.asarray(self.load_mw.mean(axis=0))

    @property
    def placed_areas(self) -> tuple[str, ...]:
        """The areas in which it draws or delivers in any hour."""
        return tuple(area for place, area in enumerate(self.areas) if np.any(self.load_mw[:, place]))

    @property
    def most_mw(self) -> float:
        """The largest draw or delivery of an hour, those of all areas added: areas share their price."""
        return float(np.abs(self.load_mw).sum(axis=1).max(initial=0.0))

    @property
    def central(self) -> VariantImpact:
        """The variant that is the case itself."""
        return self.variants[0]

    def others_pay_range_yen(self) -> tuple[Array, Array]:
        """Lowest and highest by area over the variants."""
        paid = np.array([variant.others_pay_yen for variant in self.variants])
        return paid.min(axis=0), paid.max(axis=0)

    def total_range_yen(self) -> tuple[float, float]:
        """Lowest and highest sum over the areas: of one variant each, so not the sum of the areas' extremes."""
        totals = [variant.total_yen for variant in self.variants]
        return min(totals), max(totals)

    @property
    def residual_yen(self) -> float:
        """The largest residual of a variant."""
        return max((variant.residual_yen for variant in self.variants), key=abs)


def yearly(hours: MarketHours) -> float:
    """By how much sums over the hours are scaled to a year."""
    return HOURS_PER_YEAR / hours.start.size


def find_impact(
    case: MarketCase,
    load_mw: Array,
    before: MarketYear | None = None,
    report: Report = say_nothing,
    *,
    after: MarketYear | None = None,
) -> MarketImpact:
    """The impact of a load `(areas,)` or `(hours, areas)`, MW, on the hours of the case, scaled to a year.

    A load is negative where a campus delivers. `before` and `after` are the years of the case without it and with it,
    cleared here where they are not given.
    """
    load = _whole_load(case.hours, load_mw)
    report(Message("progress.impact_before"))
    first = clear_year(case) if before is None else before
    report(Message("progress.impact_after"))
    last = clear_year(case, load, first.price_yen_per_kwh) if after is None else after
    variants = [compare_years(first, last, load)]
    for name, other in (
        ("whole_pumped", with_used_pumped_hydro(case, 1.0)),
        ("published_ties", with_published_ties(case)),
    ):
        report(Message("progress.impact_variant"))
        without = clear_year(other, start=first.price_yen_per_kwh)
        variants.append(compare_years(without, clear_year(other, load, without.price_yen_per_kwh), load, name))
    variants.append(_held_storages(first, load))
    variants += _without_clearing(case.catalogue, case.hours, first.price_yen_per_kwh, load)
    return MarketImpact(case.hours, load, tuple(variants), first, last)


def find_fast_impact(catalogue: Catalogue, hours: MarketHours, load_mw: Array) -> MarketImpact:
    """The impact by the table of bid curves, of the newest year's means first, and by the slope that was seen.

    No market is cleared. Raises `ScenarioError` for more than 1,000 MW in any hour, beyond which the table ends.
    """
    load = _whole_load(hours, load_mw)
    most = float(np.abs(load).sum(axis=1).max(initial=0.0))
    if most > MOST_BID_LOAD_MW:
        said = {"value": most, "most": MOST_BID_LOAD_MW}
        raise ScenarioError(Problem("impact.beyond_bids", key="--fast", values=said))
    found = []
    statistics: tuple[Literal["mean", "median"], ...] = ("mean", "median")
    for year in reversed(BID_YEARS):
        for statistic in statistics:
            curves = load_bid_curves(year, statistic)
            price = curves.price_of(hours)
            found.append(_by_prices(f"bids_{statistic}_{year}", hours, price, price + curves.rise(hours, load), load))
    slope, _ = _without_clearing(catalogue, hours, load_bid_curves().price_of(hours), load)
    return MarketImpact(hours, load, (*found, slope))


def find_quick_impact(catalogue: Catalogue, hours: MarketHours, load_mw: Array) -> MarketImpact:
    """The two variants that clear no market: the observed slope and the newest bid curves, beyond their loads too."""
    load = _whole_load(hours, load_mw)
    return MarketImpact(hours, load, _without_clearing(catalogue, hours, load_bid_curves().price_of(hours), load))


def compare_years(before: MarketYear, after: MarketYear, load: Array, name: str = "central") -> VariantImpact:
    """What a load `(hours, areas)` changes between two cleared years, scaled to one of 8760 hours."""
    return _compare(name, before, after.price_yen_per_kwh, after.accounts, load)


def _whole_load(hours: MarketHours, load_mw: Array) -> Array:
    load = np.broadcast_to(load_mw, hours.demand_mw.shape)
    if not np.isfinite(load).all():
        raise ValueError("a load is a finite number of MW in every hour")
    return load


def _compare(name: str, before: MarketYear, price: Array, last: Accounts, load: Array) -> VariantImpact:
    scale, first = yearly(before.case.hours), before.accounts

    def more(column: str) -> float:
        return float((getattr(last, column) - getattr(first, column)).sum()) * scale

    found = _by_prices(name, before.case.hours, before.price_yen_per_kwh, price, load)
    return replace(
        found,
        emissions_t=more("emissions_t"),
        curtailment_absorbed_mwh=-more("curtailed_mwh"),
        generators_gain_yen=more("generator_revenue_yen"),
        storages_gain_yen=more("storage_margin_yen"),
        congestion_rent_yen=more("congestion_rent_yen"),
    )


def _by_prices(name: str, hours: MarketHours, before: Array, after: Array, load: Array) -> VariantImpact:
    """Mean prices before and after, what the demand of before pays more in a year, and what the load pays."""
    demand, scale = hours.demand_mw, yearly(hours)
    weights = demand / demand.sum(axis=0)
    return VariantImpact(
        name,
        price_before_yen_per_kwh=(before * weights).sum(axis=0),
        price_after_yen_per_kwh=(after * weights).sum(axis=0),
        others_pay_yen=((after - before) * demand).sum(axis=0) * scale * YEN_PER_THOUSAND,
        load_pays_yen=float((after * load).sum()) * scale * YEN_PER_THOUSAND,
    )


def _held_storages(before: MarketYear, load: Array) -> VariantImpact:
    """The market of before with the load, storages doing what they did."""
    clearing = clear(with_load(before.cleared.clearing.market, load), before.price_yen_per_kwh)
    accounts = account(clearing, before.cleared.output_mw)
    return _compare("held_storages", before, clearing.price_yen_per_kwh, accounts, load)


def _without_clearing(
    catalogue: Catalogue, hours: MarketHours, price: Array, load: Array
) -> tuple[VariantImpact, VariantImpact]:
    """Prices as they were seen to rise, and as the newest bid curves say for month and hour of the day."""
    seen = price + seen_rise(catalogue, hours.areas, load)
    bid = price + load_bid_curves().rise(hours, load)
    return (
        _by_prices("observed_slope", hours, price, seen, load),
        _by_prices("bid_curves", hours, price, bid, load),
    )
