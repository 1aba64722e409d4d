"""What a load does to everyone else: prices, what others pay, emissions, curtailment and rent, without and with it.

Short run: no plant is built or closed. All demand is taken at the day-ahead price, which is an upper bound for bills:
contracts at other prices pass part of it on, later or never. No single number is known well, so the answer is a range
over variants of the model, and over the slope of prices on net load that was observed:

    central         the case as it is
    whole_pumped    all pumped hydro follows prices, not the share that was seen to
    held_storages   storages do what they did before the load came
    published_ties  ties carry their published limits
    observed_slope  the region's prices rise as they were seen to do with its net load, others stay

The emissions are those of the plants that answer (consequential), not the mean of the grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.market.clearing import clear
from kiban.market.year import (
    YEN_PER_THOUSAND,
    MarketCase,
    MarketYear,
    account,
    clear_year,
    curtailed_mw,
    with_published_ties,
    with_used_pumped_hydro,
)

MW_PER_GW = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class VariantImpact:
    """The impact in one variant, a year; arrays by area, prices weighted by the demand that was there before.

    What a variant does not know is None. `residual_yen` is what the accounts of both years leave over.
    """

    name: str
    price_before_yen_per_kwh: Array
    price_after_yen_per_kwh: Array
    others_pay_yen: Array
    emissions_t: float | None
    curtailment_absorbed_mwh: float | None
    congestion_rent_yen: float | None
    residual_yen: float


@dataclass(frozen=True, slots=True, eq=False)
class MarketImpact:
    """The impact of a load over all variants; the first is the central one."""

    areas: tuple[str, ...]
    load_mwh: float
    synthetic: bool
    variants: tuple[VariantImpact, ...]

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
        totals = [float(variant.others_pay_yen.sum()) for variant in self.variants]
        return min(totals), max(totals)

    @property
    def residual_yen(self) -> float:
        """The largest residual of a variant."""
        return max((variant.residual_yen for variant in self.variants), key=abs)


def find_impact(case: MarketCase, load_mw: Array) -> MarketImpact:
    """The impact of a load `(areas,)` or `(hours, areas)`, MW, on the hours of the case, scaled to a year."""
    load = np.broadcast_to(load_mw, case.hours.demand_mw.shape)
    if not (np.isfinite(load) & (load >= 0.0)).all():
        raise ValueError("a load is a finite number of at least 0 MW in every hour")
    before = clear_year(case)
    variants = [
        _difference("central", before, clear_year(case, load, before.price_yen_per_kwh)),
        *(
            _compare(name, other, load, before)
            for name, other in (
                ("whole_pumped", with_used_pumped_hydro(case, 1.0)),
                ("published_ties", with_published_ties(case)),
            )
        ),
        _held_storages(before, load),
        _observed_slope(before, load),
    ]
    scale = HOURS_PER_YEAR / load.shape[0]
    return MarketImpact(case.hours.areas, float(load.sum()) * scale, case.hours.synthetic, tuple(variants))


def _compare(name: str, case: MarketCase, load: Array, near: MarketYear) -> VariantImpact:
    before = clear_year(case, start=near.price_yen_per_kwh)
    return _difference(name, before, clear_year(case, load, before.price_yen_per_kwh))


def _difference(name: str, before: MarketYear, after: MarketYear) -> VariantImpact:
    scale = HOURS_PER_YEAR / before.case.hours.demand_mw.shape[0]
    first, last = before.accounts, after.accounts
    absorbed = float((first.curtailed_mwh - last.curtailed_mwh).sum()) * scale
    rent = float(last.congestion_rent_yen.sum() - first.congestion_rent_yen.sum()) * scale
    return VariantImpact(
        name,
        *_prices_and_bills(before, after.price_yen_per_kwh),
        emissions_t=float((last.emissions_t - first.emissions_t).sum()) * scale,
        curtailment_absorbed_mwh=absorbed,
        congestion_rent_yen=rent,
        residual_yen=first.residual_yen + last.residual_yen,
    )


def _prices_and_bills(before: MarketYear, price: Array) -> tuple[Array, Array, Array]:
    """Mean prices before and after, and what the demand of before pays more in a year."""
    demand = before.case.hours.demand_mw
    scale = HOURS_PER_YEAR / demand.shape[0]
    rise = price - before.price_yen_per_kwh
    weights = demand / demand.sum(axis=0)
    first = (before.price_yen_per_kwh * weights).sum(axis=0)
    return first, (price * weights).sum(axis=0), (rise * demand).sum(axis=0) * scale * YEN_PER_THOUSAND


def _held_storages(before: MarketYear, load: Array) -> VariantImpact:
    """The market of before with the load, storages doing what they did."""
    held = before.cleared.clearing
    clearing = clear(held.market.with_demand(load), before.price_yen_per_kwh)
    after = account(clearing, before.cleared.output_mw)
    scale = HOURS_PER_YEAR / load.shape[0]
    first = before.accounts
    return VariantImpact(
        "held_storages",
        *_prices_and_bills(before, clearing.price_yen_per_kwh),
        emissions_t=float((after.emissions_t - first.emissions_t).sum()) * scale,
        curtailment_absorbed_mwh=float((curtailed_mw(held) - curtailed_mw(clearing)).sum()) * scale,
        congestion_rent_yen=float(after.congestion_rent_yen.sum() - first.congestion_rent_yen.sum()) * scale,
        residual_yen=first.residual_yen + after.residual_yen,
    )


def _observed_slope(before: MarketYear, load: Array) -> VariantImpact:
    """Prices of the areas of one frequency rise together, by the observed slope on their load."""
    case = before.case
    frequency = np.array([case.catalogue.value(f"grid.{area}.frequency") for area in case.hours.areas])
    price = before.price_yen_per_kwh.copy()
    for hertz in np.unique(frequency):
        inside = frequency == hertz
        slope = case.catalogue.value(f"market.slope.{hertz:.0f}_hz") / MW_PER_GW
        price[:, inside] += slope * load[:, inside].sum(axis=1, keepdims=True)
    return VariantImpact("observed_slope", *_prices_and_bills(before, price), None, None, None, 0.0)
