"""The fitted market judged on hours that it was not fitted to, beside peers that know less or more.

Peers: the price of the same hour of the day before and of the week before, which know prices that the model does not;
and the same model with all areas as one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.errors import InputError, Problem
from kiban.market.areas import MARKET_AREAS, Ties
from kiban.market.backcast import Setting, back_cast, one_node
from kiban.market.measures import (
    AreaMeasures,
    FlowMeasures,
    Slope,
    measure_areas,
    measure_flows,
    measure_slopes,
    split_share,
)
from kiban.market.offers import OfferParameters
from kiban.market.readings.observed import ObservedHours

MODEL, DAY_BEFORE, WEEK_BEFORE, ONE_NODE = "model", "day_before", "week_before", "one_node"
_HOURS_BEFORE: Final = {DAY_BEFORE: 24, WEEK_BEFORE: 168}


@dataclass(frozen=True, slots=True)
class FitRecord:
    """The days, first and last, whose prices the parameters of the catalogue were fitted to."""

    first: date
    last: date
    data: str
    fitted: date


@dataclass(frozen=True, slots=True)
class Split:
    """Share of hours in which two neighbours' prices differ, modelled and actual."""

    first: str
    second: str
    share: float
    share_actual: float


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What was measured over a period: by name of the model or a peer the areas; of the model alone the rest.

    A peer that knows no price of the period is not there.
    """

    areas: Mapping[str, tuple[AreaMeasures, ...]]
    slopes: tuple[Slope, ...]
    splits: tuple[Split, ...]
    flows: tuple[FlowMeasures, ...]
    curtailed_mwh: float
    curtailed_actual_mwh: float

    def mean(self, name: str, measure: str) -> float:
        """Mean of the areas of one measure of the model or a peer."""
        return float(np.mean([getattr(area, measure) for area in self.areas[name]]))


@cache
def load_fit_record() -> FitRecord:
    """When and to what the parameters of the catalogue were fitted."""
    content = tomllib.loads(files("kiban.market").joinpath("fit.toml").read_text(encoding="utf-8"))["fit"]
    return FitRecord(content["first"], content["last"], content["data"], content["fitted"])


def check_judged(first: date, last: date, record: FitRecord) -> None:
    """Raises InputError where the days from `first` to `last` are none, or share a day with those of the fit."""
    if first > last:
        raise InputError(Problem("market_fit.order", key="to", first=str(first), last=str(last)))
    if first <= record.last and record.first <= last:
        said = {"first": str(record.first), "last": str(record.last)}
        raise InputError(Problem("market_fit.overlap", key="from", values=said))


def judge(
    setting: Setting, offers: OfferParameters, ties: Ties, prices_before: tuple[Array, Array] | None = None
) -> Judgement:
    """Measures of the model and its peers over the hours of the setting.

    `prices_before` are hours and prices (hours, areas) that lie before, for the peers; without them the first day or
    week has no such peer.
    """
    observed = setting.observed
    actual = observed.price_yen_per_kwh
    model = back_cast(setting, offers, ties)
    alone = back_cast(setting, offers, one_node(ties))
    candidates = {MODEL: model.price_yen_per_kwh}
    for name, hours in _HOURS_BEFORE.items():
        candidates[name] = shifted(observed, hours, prices_before)
    candidates[ONE_NODE] = alone.price_yen_per_kwh
    known = {name: price for name, price in candidates.items() if np.isfinite(price).any()}
    net = observed.hours.net_load_mw - model.storage_mw
    pairs = [(MARKET_AREAS[a], MARKET_AREAS[b]) for a, b in zip(ties.origin, ties.destination, strict=True)]
    place = {area: number for number, area in enumerate(MARKET_AREAS)}
    return Judgement(
        areas={name: measure_areas(MARKET_AREAS, observed.start, price, actual) for name, price in known.items()},
        slopes=measure_slopes(MARKET_AREAS, observed.start, net, model.price_yen_per_kwh, actual),
        splits=tuple(
            Split(
                one,
                other,
                split_share(model.price_yen_per_kwh, place[one], place[other]),
                split_share(actual, place[one], place[other]),
            )
            for one, other in pairs
        ),
        flows=measure_flows(MARKET_AREAS, model.inflow_mw, observed.tie_inflow_mw),
        curtailed_mwh=float(model.curtailed_mw.sum()),
        curtailed_actual_mwh=float(observed.curtailed_mw.sum()),
    )


def shifted(observed: ObservedHours, hours: int, prices_before: tuple[Array, Array] | None = None) -> Array:
    """The price of so many hours before each hour (hours, areas), NaN where it is not known."""
    start, price = observed.start, observed.price_yen_per_kwh
    if prices_before is not None:
        start, price = np.append(prices_before[0], start), np.concatenate([prices_before[1], price])
    wanted = observed.start - np.timedelta64(hours, "h")
    place = np.minimum(np.searchsorted(start, wanted), len(start) - 1)
    return np.where((start[place] == wanted)[:, None], price[place], np.nan)


def refit_level(
    setting: Setting, offers: OfferParameters, ties: Ties, levels: Sequence[float], must_runs: Sequence[float]
) -> tuple[float, float]:
    """The factors on offers' prices and on must-run, among these, with the least mean error on a setting's hours."""
    actual = setting.observed.price_yen_per_kwh

    def error(level: float, must_run: float) -> float:
        price = back_cast(setting, with_level(offers, level, must_run), ties).price_yen_per_kwh
        return float(
            np.mean([m.mae_yen_per_kwh for m in measure_areas(MARKET_AREAS, setting.observed.start, price, actual)])
        )

    found = {(level, must_run): error(level, must_run) for level in levels for must_run in must_runs}
    return min(found, key=found.__getitem__)


def with_level(offers: OfferParameters, level: float, must_run: float) -> OfferParameters:
    """Offers at a factor on their prices and on what runs at any price."""
    return replace(
        offers,
        price_factor=offers.price_factor * level,
        must_run_share=offers.must_run_share * must_run,
        peak_share=offers.peak_share * must_run,
    )
