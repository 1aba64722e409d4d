"""What an operator sees ahead: forecasts, events that are known, and series that are known anyway, window by window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.operation.conditions import ARRIVALS, AVAILABILITY, FIRM, PRICE, PUE, Conditions
from kiban.operation.events import BACKUP, GRID, IMPORT, IT, Event, left_of
from kiban.operation.facility import Facility, Generator
from kiban.operation.forecast.forecast import Forecast
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.forecast.synthetic import SyntheticForecast
from kiban.operation.purchases import Purchase


@dataclass(frozen=True, eq=False)
class Ahead:
    """Some windows, each of `(horizon,)` steps: what is expected in them. All arrays are `(windows, horizon)`."""

    facility: Facility
    conditions: Conditions
    events: Sequence[Event]
    begins: npt.NDArray[np.int64]
    """The first step of each window."""
    expected: Mapping[str, Array]

    @cached_property
    def steps(self) -> npt.NDArray[np.int64]:
        """The steps of the windows, beyond the end from the first one on."""
        horizon = next(iter(self.expected.values())).shape[1]
        return (self.begins[:, None] + np.arange(horizon)) % self.conditions.steps

    def known(self, series: Array) -> Array:
        """A series that is known in advance."""
        found: Array = series[self.steps]
        return found

    def given(self, value: Array | float) -> Array | float:
        """A number, or a series that is known in advance."""
        return self.known(value) if isinstance(value, np.ndarray) else value

    def left(self, unit: str) -> Array | float:
        """The share of a unit that is left, as far as it is known."""
        return left_of(unit, self.events, self.steps, self.begins[:, None]) if self.events else 1.0

    @cached_property
    def available_mw(self) -> Array:
        """Power that costs nothing, and what measures save."""
        total = self.known(self.facility.saved_mw)
        for plant in self.facility.plants:
            total = total + plant.capacity_mw * self.expected[f"{AVAILABILITY}{plant.name}"] * self.left(plant.name)
        return np.maximum(total, 0.0)

    @property
    def price_myen_per_mwh(self) -> Array:
        """Price of energy drawn."""
        return self.expected[PRICE] if PRICE in self.expected else np.zeros(self.steps.shape)

    def purchase_price_myen_per_mwh(self, way: Purchase) -> Array:
        """What a MWh of a way to buy costs: it moves with the day-ahead price as far as that is in it."""
        price = self.known(way.price_myen_per_mwh)
        if way.follows == 0.0 or PRICE not in self.expected:
            return price
        moved: Array = price + way.follows * (self.expected[PRICE] - self.known(self.conditions.series[PRICE]))
        return moved

    def purchase_limit_mw(self, way: Purchase) -> Array:
        """The most that arrives by a way to buy: of a plant elsewhere what it generates less what is lost."""
        if way.plant is not None:
            output = self.expected[way.plant.series]
            return np.maximum(way.delivered_share * way.plant.capacity_mw * output, 0.0)
        return np.minimum(self.import_limit_mw, way.most_mw)

    @property
    def import_limit_mw(self) -> Array:
        """What may be drawn."""
        limit: Array = self.known(self.facility.import_limit_mw) * self.left(GRID) * self.left(IMPORT)
        return limit

    @property
    def backup_limit_mw(self) -> Array | float:
        """What the backup can give."""
        return self.facility.backup_limit_mw * self.left(BACKUP)

    @property
    def export_price_myen_per_mwh(self) -> Array:
        """Price of energy fed in: what lies between it and that of energy drawn is known."""
        conditions, price = self.conditions, self.price_myen_per_mwh
        sold = conditions.export_price_myen_per_mwh
        if conditions.sells_at_a_fixed_price or PRICE not in self.expected:
            return self.known(sold)
        return price + self.known(sold - conditions.series[PRICE])

    @property
    def export_limit_mw(self) -> Array:
        """What may be fed in."""
        limit: Array = self.known(self.facility.export_limit_mw) * self.left(GRID)
        return limit

    @property
    def reserve_mwh(self) -> Array:
        """What the stores hold for an outage, at the meter, while none is known."""
        if self.facility.reserve_mwh is None:
            return np.zeros(self.steps.shape)
        connected = np.where(self.left(GRID) * np.ones(self.steps.shape) > 0.0, 1.0, 0.0)
        held: Array = self.known(self.facility.reserve_mwh) * connected
        return held

    def output_limit_mw(self, generator: Generator) -> Array:
        """The most that a generator can give."""
        limit: Array = generator.capacity_mw * self.expected[f"{AVAILABILITY}{generator.name}"]
        return np.maximum(limit * self.left(generator.name), 0.0)

    def least_output_mw(self, generator: Generator) -> Array:
        """The least that it gives while it is available."""
        return np.minimum(generator.capacity_mw * generator.least_share, self.output_limit_mw(generator))

    @cached_property
    def it_limit_mw(self) -> Array:
        """IT load that the hall can carry."""
        limit: Array = self.facility.it_mw * np.ones(self.steps.shape) * self.left(IT)
        return limit

    @cached_property
    def firm_mw(self) -> Array:
        """IT load that may not wait: no more than there is room for."""
        return np.minimum(self.expected[FIRM], self.it_limit_mw)

    @property
    def pue(self) -> Array:
        """MW at the meter for each MW of IT load."""
        return self.expected[PUE]

    @property
    def arrivals_mw(self) -> Array:
        """IT load that may wait, as it arrives."""
        return self.expected[ARRIVALS]

    def net_load_mw(self, window: int) -> Array:
        """Load as it arrives less power that costs nothing, as it is expected in a window, `(horizon,)`."""
        promised = self.facility.promised_mw[self.steps[window]]
        load = self.expected[FIRM][window] + self.arrivals_mw[window] + promised
        need: Array = self.pue[window] * load - self.available_mw[window]
        return need

    @cached_property
    def backlog_limit_mwh(self) -> Array:
        """The most that may wait at the end of each step: what arrived within the allowed delay, seen or expected."""
        delay, hours = self.facility.delay_steps, self.facility.step_hours
        before = self.begins[:, None] - np.arange(delay, 0, -1)
        # Nothing waits when operation begins.
        seen = np.where(before < 0, 0.0, self.conditions.series[ARRIVALS][before % self.conditions.steps])
        total = np.cumsum(np.concatenate([np.zeros((len(seen), 1)), seen, self.arrivals_mw], axis=1), axis=1)
        waiting: Array = np.maximum(total[:, delay + 1 :] - total[:, 1 : total.shape[1] - delay], 0.0) * hours
        return waiting


def look_ahead(
    facility: Facility,
    conditions: Conditions,
    forecast: Forecast,
    events: Sequence[Event],
    begins: npt.NDArray[np.int64],
    horizon: int,
    *,
    measured: bool,
) -> Ahead:
    """What is expected in the windows that begin in the steps `begins`; `measured` puts the first step as it is."""
    steps = (begins[:, None] + np.arange(horizon)) % conditions.steps
    expected = {name: series[steps] for name, series in conditions.series.items()}
    if not isinstance(forecast, PerfectForecast):
        for name, series in _issue_all(forecast, begins, horizon).items():
            expected[name] = series
            if measured:
                expected[name][:, 0] = conditions.series[name][begins]
    return Ahead(facility, conditions, events, begins, expected)


def _issue_all(forecast: Forecast, begins: npt.NDArray[np.int64], horizon: int) -> dict[str, Array]:
    """What a forecast says in each of some steps, `(steps, horizon)`; at once where it can."""
    if isinstance(forecast, SyntheticForecast):
        return forecast.issue_all(begins, horizon)
    issued = [forecast.issue(int(step), horizon) for step in begins]
    return {name: np.stack([one[name] for one in issued]) for name in issued[0]}


def seen_now(ahead: Ahead, unit: str) -> Array:
    """The share of a unit that is left in the first step of each window as it happens, known or not."""
    first = ahead.begins
    return left_of(unit, ahead.events, first, np.full_like(first, np.iinfo(np.int64).max))
