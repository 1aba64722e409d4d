"""The same campus in each area in turn: what the others pay if it takes its load flat, if the market may move a part of
it, and if it has its own clean power and storage.

A flexible load is the flat one with a storage beside it, without losses: it takes less in dear hours and catches up
in the cheap ones of the same day, as the market needs it. What others pay less than with the flat load is what its
flexibility is worth to them. One variant of the market, the central one, is taken throughout.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY
from kiban.market.impact import compare_years
from kiban.market.storages import Storages
from kiban.market.year import MarketCase, MarketYear, clear_year
from kiban.messages import Message
from kiban.progress import Report, say_nothing


@dataclass(frozen=True, slots=True, eq=False)
class CampusDraw:
    """What a campus takes from the grid in the hours of the market, MW.

    `flat_mw` is its mean load, all of it from the grid. `own_power_mw` `(hours,)` is what it draws with its own supply,
    storage and flexibility, negative where it delivers; None where no plan is known. Of the flat load
    `flexible_share` may wait for `delay_hours`.
    """

    flat_mw: float
    flexible_share: float = 0.0
    delay_hours: float = 0.0
    own_power_mw: Array | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """What others pay more in a year if the campus stands in the area, yen; None where it is not known."""

    area: str
    inflexible_yen: float | None
    flexible_yen: float | None
    own_power_yen: float | None

    @property
    def worth_of_flexibility_yen(self) -> float | None:
        """What its flexibility saves others in a year."""
        if self.inflexible_yen is None or self.flexible_yen is None:
            return None
        return self.inflexible_yen - self.flexible_yen


def place_everywhere(
    before: MarketYear, campus: CampusDraw, unconnected: tuple[str, ...] = (), report: Report = say_nothing
) -> tuple[Placement, ...]:
    """The campus in every area of the market, and the `unconnected` ones, of which nothing is known."""
    placed = []
    for area in range(len(before.case.hours.areas)):
        report(Message("progress.impact_area", area=before.case.hours.areas[area]))
        placed.append(Placement(before.case.hours.areas[area], *_others_pay(before, campus, area)))
    return (*placed, *(Placement(area, None, None, None) for area in unconnected))


def _others_pay(before: MarketYear, campus: CampusDraw, area: int) -> Iterator[float | None]:
    """Inflexible, flexible and with its own power."""
    flat = np.zeros(len(before.case.hours.areas))
    flat[area] = campus.flat_mw
    inflexible = _pay(before, before.case, flat)
    yield inflexible
    power = campus.flexible_share * campus.flat_mw
    held = power * min(campus.delay_hours, HOURS_PER_DAY)
    yield _pay(before, with_flexible_load(before.case, area, power, held), flat) if held > 0.0 else inflexible
    if campus.own_power_mw is None:
        yield None
        return
    drawn = np.zeros(before.case.hours.demand_mw.shape)
    drawn[:, area] = campus.own_power_mw
    yield _pay(before, before.case, drawn)


def _pay(before: MarketYear, case: MarketCase, load: Array) -> float:
    after = clear_year(case, load, before.price_yen_per_kwh)
    whole = np.broadcast_to(load, before.case.hours.demand_mw.shape)
    return compare_years(before, after, whole).total_yen


def with_flexible_load(case: MarketCase, area: int, power_mw: float, delayed_mwh: float) -> MarketCase:
    """The case with a load of the area that takes up to `power_mw` less or more, and so delays up to `delayed_mwh`."""
    old = case.storages
    return replace(
        case,
        storages=Storages(
            area=np.append(old.area, area),
            power_mw=np.append(old.power_mw, power_mw),
            size_mwh=np.append(old.size_mwh, delayed_mwh),
            efficiency=np.append(old.efficiency, 1.0),
            band_yen_per_kwh=np.append(old.band_yen_per_kwh, case.catalogue.value("market.pumped.price_band")),
        ),
    )
