"""How area prices answer to what campuses draw hour by hour, all of them together, with trade between areas.

The market is cleared without them and with them; what stands between the two prices of an hour and area is the rise.
Areas trade over their ties in every hour and storages do their best again, so that a draw in one area moves the price
of others. No plant is built or closed.

Its cost with a draw less the cost without, and less the draw at the prices of before, is how much dearer the same
power gets to produce: a convex function of the draw whose slope is the rise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.market.added_load import with_load
from kiban.market.blocks import Market
from kiban.market.hours import MarketHours
from kiban.market.offers import build_market
from kiban.market.storages import clear_with_storages
from kiban.market.year import MarketCase, MarketYear, account
from kiban.quantities import MYEN_PER_THOUSAND_YEN


@dataclass(frozen=True, eq=False)
class AreaMarket:
    """The market of some whole days, without the load; `case` has the same hours."""

    case: MarketCase
    market: Market

    @property
    def areas(self) -> tuple[str, ...]:
        """The areas, in the order of columns."""
        return self.market.ties.areas

    @property
    def hours_per_hour(self) -> float:
        """Hours of a year for which each hour stands."""
        return HOURS_PER_YEAR / self.market.hours

    @cached_property
    def before(self) -> MarketYear:
        """The hours as they clear without the load."""
        return self._clear(self.market, None)

    def clear(self, load_mw: Array, start: Array | None = None) -> MarketYear:
        """The hours with a load `(hours, areas)`, MW; `start` are prices near those that are looked for."""
        if not load_mw.any():
            return self.before
        near = self.before.price_yen_per_kwh if start is None else start
        return self._clear(with_load(self.market, load_mw), near)

    def rise_yen_per_kwh(self, after: MarketYear) -> Array:
        """By how much prices are higher than without the load, `(hours, areas)`."""
        return np.asarray(after.price_yen_per_kwh - self.before.price_yen_per_kwh)

    def dearer_myen(self, after: MarketYear, load_mw: Array) -> float:
        """What the load's power costs to produce beyond the prices of before, million yen a year."""
        produced = after.cleared.cost_thousand_yen - self.before.cleared.cost_thousand_yen
        at_old = float((self.before.price_yen_per_kwh * load_mw).sum())
        return (produced - at_old) * self.hours_per_hour * MYEN_PER_THOUSAND_YEN

    def _clear(self, market: Market, start: Array | None) -> MarketYear:
        cleared = clear_with_storages(market, self.case.storages, start=start)
        return MarketYear(self.case, cleared, account(cleared.clearing, cleared.output_mw))


def area_market(case: MarketCase, chosen: npt.NDArray[np.int64] | None = None) -> AreaMarket:
    """The market of a case, or of the hours of it that make whole days, by their places; offers are as in the case."""
    market = build_market(case.hours, case.fleet, case.ties, case.offers, case.catalogue, fuels=case.fuels)
    if chosen is None or chosen.size == market.hours:
        return AreaMarket(case, market)
    return AreaMarket(replace(case, hours=hours_at(case.hours, chosen)), market.at(chosen))


def hours_at(hours: MarketHours, chosen: npt.NDArray[np.int64]) -> MarketHours:
    """Some of the hours, by their places."""
    by_hour = [name for name in hours.__dataclass_fields__ if name not in {"areas", "synthetic"}]
    return replace(hours, **{name: getattr(hours, name)[chosen] for name in by_hour})
