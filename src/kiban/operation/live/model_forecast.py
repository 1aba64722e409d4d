"""A trained model beside a campus that is operated: it looks at what was measured in the last days and says what comes.

It sees what it was fitted on: newest measurements, calendar, sun, and what its months usually are. Steps of the last
day that were not measured count as the plan expects them; of a series whose newest step was not measured it says
nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from kiban.arrays import Array
from kiban.errors import InputError, Problem
from kiban.operation.conditions import Conditions
from kiban.operation.forecast.drift import accepted_losses
from kiban.operation.forecast.record import Record, clear_sky_w_m2, record_of
from kiban.operation.live.campus import Campus
from kiban.operation.live.issued import FORECAST_DIGITS, Accepted, Issue
from kiban.operation.live.measured_steps import MeasuredSteps

if TYPE_CHECKING:
    from kiban.operation.forecast.training import TrainedModel


class ModelForecast:
    """One model at one campus.

    Raises `InputError` where the model knows series that the campus has not, or has steps of another length.
    """

    def __init__(self, model: TrainedModel, campus: Campus) -> None:
        missing = tuple(sorted(set(model.series) - set(campus.most)))
        if missing:
            raise InputError(Problem("forecast.other_plant", names=missing))
        hours = campus.facility.step_hours
        if model.origin.step_hours != hours:
            raise InputError(Problem("forecast.other_step", hours=model.origin.step_hours, step_hours=hours))
        self._model, self._campus = model, campus
        self._horizon = round(model.settings.horizon_hours / hours)
        self._per_day = round(24.0 / hours)
        self._record: Record | None = None
        """The plan's own year, which is the same for every issue, behind it the newest days."""
        self.accepted: dict[str, Accepted] = {}
        """By series, what the loss was when the model was accepted; not of one whose losses say nothing."""
        for name, one in model.series.items():
            found = accepted_losses(one.losses)
            if found is not None:
                self.accepted[name] = found

    def issue(self, at: datetime, steps: MeasuredSteps) -> tuple[list[Issue], tuple[str, ...]]:
        """What comes from the step of `at` on, and the series whose newest step was not measured."""
        here = steps.step_of(at)
        first = (here // self._per_day - 1) * self._per_day
        record = self._look(first, here, steps)
        begins = [_begin_of(record, step) for step in range(here - first, here - first + self._horizon)]
        issues, unmeasured = [], []
        for name, one in self._model.series.items():
            if steps.mean(name, here - 1) is None:
                unmeasured.append(name)
                continue
            said = one.predict(one.features(record, name), np.array([here - first]), self._horizon)[0]
            values = said.round(FORECAST_DIGITS).tolist()
            issues += [Issue(name, at, valid, value) for valid, value in zip(begins, values, strict=True)]
        return issues, tuple(unmeasured)

    def _look(self, first: int, here: int, steps: MeasuredSteps) -> Record:
        """The plan's year, then the steps from `first` on as they were measured, then those that come."""
        live = self._measured(first, here, steps)
        circumstances = self._campus.circumstances
        place = (circumstances.latitude_deg, circumstances.longitude_deg)
        if self._record is None:
            self._record = record_of(live, circumstances.past, *place)
            return self._record
        sky = clear_sky_w_m2(live.time, *place, live.step_hours)
        past = self._record.clear_sky_w_m2[: self._record.start]
        return replace(self._record, conditions=live, clear_sky_w_m2=np.concatenate([past, sky]))

    def _measured(self, first: int, here: int, steps: MeasuredSteps) -> Conditions:
        import pandas as pd

        campus, count = self._campus, here - first + self._horizon
        seconds = round(campus.facility.step_hours * 3600.0)
        offset = round(campus.zone.utcoffset(None).total_seconds())
        starts = (first + np.arange(count)) * seconds - offset
        begins = datetime.fromtimestamp(int(starts[0]), UTC)
        # What comes is read by nobody: the record ends before it.
        series = dict.fromkeys(campus.circumstances.past.series, np.zeros(count))
        for name in self._model.series:
            laid: Array = np.zeros(count)
            laid[: here - first] = campus.expect(name, begins, here - first)
            for place in range(here - first):
                mean = steps.mean(name, first + place)
                laid[place] = laid[place] if mean is None else mean
            series[name] = laid
        nothing = np.zeros(count)
        time = pd.DatetimeIndex((starts * 10**6).astype("datetime64[us]"), tz="UTC").tz_convert(campus.zone)
        return Conditions(time, campus.facility.step_hours, series, nothing, nothing, nothing, nothing)


def _begin_of(record: Record, step: int) -> datetime:
    begins: datetime = record.conditions.time[0].to_pydatetime()
    return begins + timedelta(hours=step * record.conditions.step_hours)
