"""A weather forecast as a campus sees it: what its plants will give, and its PUE, by the same physics as its plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from kiban.operation.conditions import AVAILABILITY, PUE
from kiban.operation.live.campus import Campus
from kiban.operation.live.issued import FORECAST_DIGITS, Issue
from kiban.planning.cooling_options import model_pue
from kiban.planning.preparation import prepare
from kiban.planning.supply_options import model_output
from kiban.weather.service import Answer
from kiban.weather.year import COLUMNS, WIND_HEIGHT_M, Weather

if TYPE_CHECKING:
    from kiban.planning.plan import Plan


class WeatherForecast:
    """The plan's plants and cooling under weather that is forecast for its place."""

    def __init__(self, plan: Plan, campus: Campus) -> None:
        """Raises `InputError` where the plan's inputs cannot be read any more."""
        self._inputs = prepare(plan.scenario).inputs
        self._system = plan.cooling_system
        self._campus = campus
        place = self._inputs.place
        self.latitude_deg, self.longitude_deg = place.latitude_deg, place.longitude_deg

    def issues(self, answer: Answer, issued: datetime) -> list[Issue]:
        """What follows from the answer of a service for every step that it holds wholly, known from `issued` on."""
        weather = self._lay(answer)
        if weather is None:
            return []
        series = {f"{AVAILABILITY}{one.name}": model_output(one.name, self._inputs, weather)
                  for one in self._campus.facility.built}  # fmt: skip
        series[PUE] = model_pue(self._inputs, self._system, weather)
        hours = self._campus.facility.step_hours
        starts = weather.time.as_unit("s").asi8
        steps = np.floor_divide(starts + self._offset_s, round(hours * 3600.0))
        found = []
        for name, values in series.items():
            if values is None or name not in self._campus.most:
                continue
            for step in np.unique(steps).tolist():
                inside = steps == step
                if hours <= 1.0 or int(inside.sum()) == round(hours):
                    found += self._of_step(name, issued, step, round(float(values[inside].mean()), FORECAST_DIGITS))
        return found

    @property
    def _offset_s(self) -> int:
        return round(self._campus.zone.utcoffset(None).total_seconds())

    def _of_step(self, name: str, issued: datetime, step: int, value: float) -> list[Issue]:
        """An issue of a step of an hour or longer, or of each of the shorter ones within its hour."""
        length = round(self._campus.facility.step_hours * 3600.0)
        within = max(3600 // length, 1)
        first = step * length - self._offset_s
        return [
            Issue(name, issued, datetime.fromtimestamp(first + number * length, UTC), value) for number in range(within)
        ]

    def _lay(self, answer: Answer) -> Weather | None:
        """The forecast on hours of the site's clock, each the weighted mean of the UTC hours that it touches."""
        import pandas as pd

        late = (-self._offset_s % 3600) / 3600.0
        known = set(answer.hours.tolist())
        kept = np.array([late == 0.0 or hour + 1 in known for hour in answer.hours.tolist()])
        if not kept.any():
            return None
        here = np.flatnonzero(kept)
        after = here if late == 0.0 else here + 1
        columns = {name: (1.0 - late) * column[here] + late * column[after] for name, column in answer.columns.items()}
        starts = answer.hours[here] * 3600 + round(late * 3600.0)
        time = pd.DatetimeIndex((starts * 10**6).astype("datetime64[us]"), tz="UTC").tz_convert(self._campus.zone)
        return replace(
            self._inputs.weather,
            time=time,
            years=(int(time[0].year),),
            step_hours=1.0,
            elevation_m=answer.elevation_m,
            wind_height_m=WIND_HEIGHT_M,
            snow_depth_cm=columns.get("snow_depth_cm"),
            synthetic=frozenset(),
            notes=(),
            **{name: columns[name] for name in COLUMNS},  # type: ignore[arg-type]
        )
