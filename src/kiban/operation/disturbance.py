"""What events do to an operation: units that are away, conditions that change, forecasts that fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY
from kiban.operation.conditions import AVAILABILITY, PRICE, PUE, Conditions
from kiban.operation.events import GRID, IMPORT, IT, Event
from kiban.operation.facility import Facility
from kiban.operation.forecast.forecast import Forecast
from kiban.operation.occurrences import Occurrence


def change_conditions(occurrences: Sequence[Occurrence], conditions: Conditions) -> Conditions:
    """The conditions with the events: a heat wave raises PUE by its share, a price spike adds to the price."""
    series = dict(conditions.series)
    for one in occurrences:
        hit = slice(one.first, one.end)
        if one.kind == "heat_wave":
            series[PUE] = series[PUE].copy()
            series[PUE][hit] *= 1.0 + one.values["pue_rise_share"]
        elif one.kind == "price_spike" and PRICE in series:
            series[PRICE] = series[PRICE].copy()
            series[PRICE][hit] += one.values["price_rise_myen_per_mwh"]
    return replace(conditions, series=series)


def list_events(occurrences: Sequence[Occurrence], facility: Facility) -> tuple[Event, ...]:
    """The units that are away or curtailed, and the calls that limit import."""
    found = []
    for one in occurrences:
        if one.kind == "grid_outage":
            found.append(Event(GRID, one.first, one.end, 0.0, one.known))
        if one.kind == "heat_wave" and "throttled_share" in one.values:
            found.append(Event(IT, one.first, one.end, 1.0 - one.values["throttled_share"], one.known))
        if one.kind in ("unit_trip", "curtailment_call", "heat_wave") and one.unit is not None:
            left = one.values.get("left_share", 1.0 if one.kind == "heat_wave" else 0.0)
            left = min(left, 1.0 - one.values["start_failure_share"]) if "start_failure_share" in one.values else left
            found.append(Event(one.unit, one.first, one.end, left, one.known))
        if one.kind == "demand_response_call":
            # One share for each step: the connection's own limit may differ from step to step.
            for step in range(one.first, one.end):
                possible = float(facility.import_limit_mw[step])
                left = min(one.values["import_limit_mw"] / possible, 1.0) if possible > 0.0 else 1.0
                found.append(Event(IMPORT, step, step + 1, left, min(one.known, step + 1)))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class DisturbedForecast:
    """A forecast whose measurements fail for a time, or that is wrong by a factor."""

    forecast: Forecast
    occurrences: Sequence[Occurrence]
    steps_per_day: int

    @property
    def name(self) -> str:
        """That of the forecast."""
        return self.forecast.name

    @property
    def measures_first_step(self) -> bool:
        """As the forecast."""
        return self.forecast.measures_first_step

    def issue(self, step: int, horizon_steps: int) -> Mapping[str, Array]:
        """Every series from `step` on.

        In a gap of telemetry it is what was said when the gap began, but for prices, which do not come by telemetry;
        what lies beyond that forecast's end is as a day earlier. A bust multiplies supply, or one unit's.
        """
        gaps = [one for one in self.occurrences if one.kind == "telemetry_gap" and one.first <= step < one.end]
        found = dict(self.forecast.issue(step, horizon_steps))
        if gaps:
            begun = min(one.first for one in gaps)
            ahead = np.arange(horizon_steps) + step - begun
            over = np.maximum(ahead - (horizon_steps - 1), 0)
            ahead = np.maximum(ahead + over // -self.steps_per_day * self.steps_per_day, 0)
            old = self.forecast.issue(begun, horizon_steps)
            found.update((name, series[ahead]) for name, series in old.items() if name != PRICE)
        for one in self.occurrences:
            if one.kind == "forecast_bust" and one.first <= step < one.end:
                for name, series in found.items():
                    if name.startswith(AVAILABILITY) and one.unit in (None, name.removeprefix(AVAILABILITY)):
                        found[name] = series * one.values["factor"]
        return found


def disturb_forecast(forecast: Forecast, occurrences: Sequence[Occurrence], step_hours: float) -> Forecast:
    """The forecast as events leave it."""
    if not any(one.kind in ("telemetry_gap", "forecast_bust") for one in occurrences):
        return forecast
    return DisturbedForecast(forecast, occurrences, round(HOURS_PER_DAY / step_hours))
