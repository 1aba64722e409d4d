"""Hourly inputs: a number, a column of the user's file, or the model's own series."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR, steps_per_year
from kiban.errors import InputError, Problem, ScenarioError
from kiban.messages import Message
from kiban.planning.provenance import Recorder
from kiban.scenario import HourlyInput, Scenario, SeriesReference
from kiban.scenario.plausibility import Doubt, doubt_series
from kiban.weather.placement import Span


class Horizon:
    """The steps of a scenario: whole weather years, or one window of each."""

    def __init__(self, scenario: Scenario, years: Sequence[int]) -> None:
        """`years` are the calendar years in which the weather years begin."""
        time = scenario.time
        self.step_hours = time.step_hours
        self.first_month = time.first_month
        self.steps_per_year = steps_per_year(self.step_hours)
        self.labels = tuple(years)
        self.years = len(self.labels)
        hours = time.hours if time.hours is not None else HOURS_PER_YEAR
        first = time.first_hour
        if first + hours > HOURS_PER_YEAR:
            raise ScenarioError(
                Problem("beyond_year", key="time", remedy="window", first=first, hours=hours, most=HOURS_PER_YEAR)
            )
        self._window = slice(round(first / self.step_hours), round((first + hours) / self.step_hours))
        self.block_steps = self._window.stop - self._window.start
        self.steps = self.block_steps * self.years

    def span(self, utc_offset_hours: float, *, whole_years: bool = False) -> Span:
        """What a file has to hold: the horizon, or its whole weather years."""
        window = slice(0, self.steps_per_year) if whole_years else self._window
        return Span(
            years=self.labels,
            utc_offset_hours=utc_offset_hours,
            step_hours=self.step_hours,
            first_step=window.start,
            block_steps=window.stop - window.start,
            first_month=self.first_month,
        )

    def cut(self, series: Array) -> Array:
        """The horizon's part of a series over whole weather years."""
        return np.ascontiguousarray(series.reshape(self.years, self.steps_per_year)[:, self._window].ravel())

    @property
    def positions(self) -> npt.NDArray[np.int64]:
        """Index of each step of the horizon within whole weather years."""
        return self.cut(np.arange(self.years * self.steps_per_year, dtype=np.float64)).astype(np.int64)


class SeriesReader:
    """Reads hourly inputs of a scenario; problems of all files are kept and raised together."""

    def __init__(self, scenario: Scenario, horizon: Horizon, utc_offset_hours: float, recorder: Recorder) -> None:
        self._scenario = scenario
        self._utc_offset_hours = utc_offset_hours
        self._horizon = horizon
        self._recorder = recorder
        self._problems: list[Problem] = []
        self._doubts: dict[str, Doubt] = {}

    def read(
        self,
        given: HourlyInput,
        key: str,
        *,
        unit: str,
        lower: float = -math.inf,
        upper: float = math.inf,
        whole_years: bool = False,
    ) -> Array:
        """The series over the horizon (or over whole weather years), shape `(steps,)`.

        The rows of a file are put where their times say; without times it has one row for each step of the horizon or
        of the whole weather years. Where it cannot be used, zeros are returned and its problems are raised by
        `raise_problems`.
        """
        horizon = self._horizon
        span = horizon.span(self._utc_offset_hours, whole_years=whole_years)
        if not isinstance(given, SeriesReference):
            self._recorder.give(key, float(given), unit)
            if not lower <= given <= upper:
                self._problems.append(_out_of_range(key, float(given), lower, upper))
            return np.full(span.steps, float(given))
        from kiban.weather.series import place_series

        value, source = Message("input.column", column=given.column), _named(given.file)
        scaled = () if given.scale == 1 else (Message("note.scaled", scale=float(given.scale)),)
        path = self._scenario.folder / given.file
        try:
            placed = place_series(str(path), given.column, span)
        except InputError as error:
            self._problems += [_under_key(problem, key) for problem in error.problems]
            return np.zeros(span.steps)
        self._recorder.record(key, value, unit, source, "given", "file", *scaled, *placed.notes)
        series = placed.values * given.scale
        wrong = np.flatnonzero((series < lower) | (series > upper))
        if wrong.size:
            first = int(wrong[0])
            self._problems.append(
                Problem(
                    "planning.outside_range",
                    given.file,
                    f"{key} column {given.column}",
                    count=wrong.size,
                    low=lower,
                    high=upper,
                    unit=unit,
                    first=series[first],
                    step=first,
                )
            )
        self._judge(key, series)
        return series

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """The series whose mean is outside of what is plausible and that are taken."""
        return tuple(self._doubts.values())

    def _judge(self, key: str, series: Array) -> None:
        doubt = doubt_series(key, float(np.abs(series).mean()))
        if doubt is None:
            return
        if doubt.is_refused and not self._scenario.insist:
            self._problems.append(doubt.problem())
        else:
            self._doubts[key] = doubt

    def raise_problems(self) -> None:
        """Raise `ScenarioError` with every problem met so far, if any."""
        if self._problems:
            raise ScenarioError(self._problems)


def _out_of_range(key: str, value: float, lower: float, upper: float) -> Problem:
    """A number that the key cannot have; at least one of the bounds is finite."""
    if math.isinf(upper):
        return Problem("value", key=key, remedy="at_least", value=f"{value:g}", bound=f"{lower:g}")
    return Problem("out_of_range", key=key, value=value, low=lower, high=upper)


def _under_key(problem: Problem, key: str) -> Problem:
    return replace(problem, key=f"{key} {problem.key}".strip())


def _named(file: str) -> Message:
    """A file as an origin: its name alone, so that a plan built again from its own folder names the same."""
    return Message("origin.named", name=Path(file).name)
