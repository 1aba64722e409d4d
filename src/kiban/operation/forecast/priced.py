"""Any forecast, with prices as far as the exchange has published them."""

from __future__ import annotations

from collections.abc import Mapping

from kiban.arrays import Array
from kiban.operation.conditions import PRICE, Conditions
from kiban.operation.forecast.forecast import Forecast
from kiban.operation.forecast.published import PublishedPrices

PUBLICATION = "market.publication_hour"
"""The catalogue's row: from this hour of the day on (site's clock) the prices of the next day are known."""


class PricedForecast:
    """Another forecast of all else; prices as they are published, and beyond the last day that is known again."""

    def __init__(self, forecast: Forecast, conditions: Conditions, publication_hour: float) -> None:
        self._forecast = forecast
        self._prices = PublishedPrices(conditions, publication_hour) if PRICE in conditions.series else None

    @property
    def name(self) -> str:
        """That of the forecast of all else."""
        return self._forecast.name

    @property
    def measures_first_step(self) -> bool:
        """As the forecast of all else."""
        return self._forecast.measures_first_step

    def issue(self, step: int, horizon_steps: int) -> Mapping[str, Array]:
        """Every series from `step` on."""
        found = dict(self._forecast.issue(step, horizon_steps))
        if self._prices is not None:
            found[PRICE] = self._prices.issue_price(step, horizon_steps)
        return found
