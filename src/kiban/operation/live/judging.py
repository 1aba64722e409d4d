"""How good forecasts were that the service used, and whether a model has become worse for good.

The loss of a forecast is the pinball loss of the median, half its error (`forecast.scores`); that of a day is the mean
over all that was issued on it, known when the last step of it has been measured. A model's day is set against what its
loss was when it was accepted, by the cumulative sum of `forecast.drift`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from kiban.operation.forecast.drift import DriftTest
from kiban.operation.live.campus import Campus
from kiban.operation.live.issued import Issued
from kiban.operation.live.measured_steps import MeasuredSteps

LEAST_MEASURED_SHARE = 0.5
"""A day of which less was measured says nothing."""


class Judge:
    """The losses of one forecaster; another one, or another version of a model, begins anew."""

    def __init__(self, campus: Campus) -> None:
        self._allowance, self._threshold = campus.drift_allowance, campus.drift_threshold
        self._zone = campus.zone
        self._begin(("", ""), {})

    def _begin(self, of: tuple[str, str], tests: Mapping[str, DriftTest]) -> None:
        self._of, self._tests = of, tests
        self._due: dict[tuple[str, int], list[tuple[date, float]]] = {}
        """Forecasts of steps that have not been measured: the day of issue and the value."""
        self._days: dict[tuple[str, date], _Day] = {}
        self.losses: dict[str, float] = {}
        """By series, the loss of the newest day that is known, in its unit."""
        self.drift: dict[str, float] = {}
        """By series of a model, the cumulative sum over its threshold: above 1 the loss has risen."""

    def take(self, issued: Issued, steps: MeasuredSteps) -> None:
        """Keep what was forecast until it is measured."""
        of = (issued.name, issued.version if issued.accepted else "")
        if of != self._of:
            tests = {
                name: DriftTest(mean, deviation, self._allowance, self._threshold)
                for name, (mean, deviation) in issued.accepted.items()
            }
            self._begin(of, tests)
            self.drift = dict.fromkeys(tests, 0.0)
        for one in issued.issues:
            if one.series in steps.names:
                day = one.issued.astimezone(self._zone).date()
                self._due.setdefault((one.series, steps.step_of(one.valid)), []).append((day, one.value))
                self._days.setdefault((one.series, day), _Day()).open += 1

    def hear(self, now: datetime, steps: MeasuredSteps) -> None:
        """Judge what has been measured by now; the newest reading has been heard."""
        here = steps.step_of(now)
        today = now.astimezone(self._zone).date()
        for name, step in [key for key in self._due if key[1] < here]:
            observed = steps.mean(name, step)
            for day, value in self._due.pop((name, step)):
                self._days[name, day].judge(value, observed)
        ended = [key for key, found in self._days.items() if found.open == 0 and key[1] < today]
        for name, day in sorted(ended):
            found = self._days.pop((name, day))
            if found.judged >= LEAST_MEASURED_SHARE * found.whole:
                self._close(name, found.total / found.judged)

    def _close(self, name: str, loss: float) -> None:
        self.losses[name] = loss
        test = self._tests.get(name)
        if test is not None:
            before = self.drift[name] * test.threshold
            self.drift[name] = float(test.sums([loss], before)[-1]) / test.threshold


class _Day:
    """Forecasts of one series that were issued on one day."""

    def __init__(self) -> None:
        self.open = self.judged = self.whole = 0
        self.total = 0.0

    def judge(self, value: float, observed: float | None) -> None:
        """One of them, when its step is over."""
        self.open -= 1
        self.whole += 1
        if observed is not None:
            self.judged += 1
            self.total += 0.5 * abs(observed - value)
