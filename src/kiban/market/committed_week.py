"""A week without and with a load, under three kinds of offers: as they were fitted, without what stands for commitment
in them, and with units that run or stand still in whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY
from kiban.market.added_load import with_load
from kiban.market.blocks import Market
from kiban.market.commitment import (
    Commitment,
    clear_committed,
    commit,
    list_clusters,
    uplift_thousand_yen,
    without_proxies,
)
from kiban.market.days import hours_of_days
from kiban.market.offers import build_market
from kiban.market.storages import clear_with_storages
from kiban.market.year import YEN_PER_THOUSAND, MarketCase
from kiban.messages import Message
from kiban.progress import Report, say_nothing

DAYS: Final = 7
FITTED, FREE, UNITS = "fitted", "free", "committed"
OFFERS: Final = (FITTED, FREE, UNITS)
"""Offers as fitted; without must-run and low load; and these with units that are committed."""


@dataclass(frozen=True, slots=True)
class WeekPrices:
    """Means of the week by area, yen/kWh, and what others pay more for their demand in it."""

    before_yen_per_kwh: tuple[float, ...]
    after_yen_per_kwh: tuple[float, ...]
    spread_yen_per_kwh: float
    """Mean over days and areas of the day's highest less its lowest price, without the load."""
    others_pay_yen: float


@dataclass(frozen=True, slots=True)
class UnitsOfWeek:
    """What units did: how many there are and start, what that costs, and what they are paid beside the prices."""

    units: int
    mean_running: float
    starts: float
    start_cost_yen: float
    uplift_yen: float
    gap: float
    """How far the cost of the week may be above the least one, as a share of it."""


@dataclass(frozen=True, slots=True)
class CommittedWeek:
    """The answer; `load_mw` is the mean of the week by area."""

    first: date
    areas: tuple[str, ...]
    load_mw: tuple[float, ...]
    prices: Mapping[str, WeekPrices]
    before: UnitsOfWeek
    after: UnitsOfWeek


def commit_week(case: MarketCase, first: date, load_mw: Array, report: Report = say_nothing) -> CommittedWeek:
    """The week from `first` on, without and with a load of `(areas,)` or `(hours of the case, areas)`.

    Units are committed anew for the load. Raises `ScenarioError` where the case does not hold the week.
    """
    report(Message("progress.committing"))
    chosen = hours_of_days(case.hours, first, DAYS)
    load = np.broadcast_to(load_mw, case.hours.demand_mw.shape)[chosen]

    def build(proxies: bool) -> Market:
        offers = case.offers if proxies else without_proxies(case.offers)
        return build_market(case.hours, case.fleet, case.ties, offers, case.catalogue, fuels=case.fuels).at(chosen)

    fitted, free = build(True), build(False)
    clusters = list_clusters(free, case.catalogue)
    found: dict[str, list[Array]] = {name: [] for name in OFFERS}
    units = []
    for more in (np.zeros_like(load), load):
        found[FITTED].append(clear_with_storages(with_load(fitted, more), case.storages).clearing.price_yen_per_kwh)
        market = with_load(free, more)
        found[FREE].append(clear_with_storages(market, case.storages).clearing.price_yen_per_kwh)
        commitment = commit(market, case.storages, clusters)
        cleared = clear_committed(market, case.storages, commitment)
        found[UNITS].append(cleared.clearing.price_yen_per_kwh)
        uplift = float(uplift_thousand_yen(market, commitment, cleared).sum()) * YEN_PER_THOUSAND
        units.append(_describe(commitment, uplift))
    return CommittedWeek(
        first,
        case.hours.areas,
        tuple(load.mean(axis=0).tolist()),
        {name: _compare(prices[0], prices[1], fitted.demand_mw) for name, prices in found.items()},
        *units,
    )


def _compare(before: Array, after: Array, demand_mw: Array) -> WeekPrices:
    daily = before.reshape(-1, HOURS_PER_DAY, before.shape[1])
    return WeekPrices(
        tuple(before.mean(axis=0).tolist()),
        tuple(after.mean(axis=0).tolist()),
        float(np.ptp(daily, axis=1).mean()),
        float(((after - before) * demand_mw).sum()) * YEN_PER_THOUSAND,
    )


def _describe(commitment: Commitment, uplift_yen: float) -> UnitsOfWeek:
    return UnitsOfWeek(
        units=sum(one.units for one in commitment.clusters),
        mean_running=float(commitment.running.sum(axis=1).mean()),
        starts=float(commitment.started.sum()),
        start_cost_yen=commitment.start_cost_thousand_yen * YEN_PER_THOUSAND,
        uplift_yen=uplift_yen,
        gap=commitment.gap,
    )
