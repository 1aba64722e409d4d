"""Prices of the day-ahead market: known to the end of today, from the hour of publication to the end of tomorrow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY
from kiban.operation.conditions import PRICE, Conditions


class PublishedPrices:
    """What of the prices is known when: beyond what is published, the last day that is known comes again."""

    def __init__(self, conditions: Conditions, publication_hour: float) -> None:
        """`publication_hour` is that of the day before, in the time of the conditions."""
        self._price = conditions.series[PRICE]
        hour_of_day = (conditions.time.hour + conditions.time.minute / 60.0).to_numpy(dtype=np.float64)
        self._per_day = round(HOURS_PER_DAY / conditions.step_hours)
        today = np.round((HOURS_PER_DAY - hour_of_day) / conditions.step_hours).astype(np.int64)
        self._known = today + np.where(hour_of_day >= publication_hour, self._per_day, 0)

    def issue_price(self, step: int, horizon_steps: int) -> Array:
        """The prices expected from `step` on, `(horizon_steps,)`."""
        prices: Array = self.issue_prices(np.array([step]), horizon_steps)[0]
        return prices

    def issue_prices(self, begins: npt.NDArray[np.int64], horizon_steps: int) -> Array:
        """The prices expected from each of some steps on, `(steps, horizon_steps)`."""
        lead, known = np.arange(horizon_steps), self._known[begins][:, None]
        again = known - self._per_day + (lead - known) % self._per_day
        return np.asarray(self._price.take(begins[:, None] + np.where(lead < known, lead, again), mode="wrap"))
