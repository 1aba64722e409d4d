"""The forecast of a trained model, and its quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

import numpy as np

from kiban.arrays import Array
from kiban.operation.forecast.forecast import Forecast
from kiban.operation.forecast.record import Record
from kiban.operation.forecast.training import TrainedModel

ISSUES_AT_ONCE = 336
"""Issues that are answered together; each reads only what was measured before it."""


class TrainedForecast:
    """The means of a trained model, and another forecast for series that it does not know."""

    name = "trained"
    measures_first_step = False

    def __init__(self, model: TrainedModel, record: Record, others: Forecast) -> None:
        self._model = model
        self._record = record
        self._others = others
        self._tables = {name: one.features(record, name) for name, one in model.series.items()}
        self._answers: dict[int, dict[str, Array]] = {}
        self._answering = Lock()

    def issue(self, step: int, horizon_steps: int) -> dict[str, Array]:
        """Every series from `step` on; ValueError beyond the horizon for which the model was fitted."""
        longest = round(self._model.settings.horizon_hours / self._record.conditions.step_hours)
        if horizon_steps > longest:
            raise ValueError(f"the model was fitted for {longest} steps ahead, not for {horizon_steps}")
        number, place = divmod(step, ISSUES_AT_ONCE)
        found = dict(self._others.issue(step, horizon_steps))
        found.update((name, said[place, :horizon_steps]) for name, said in self._answer(number, longest).items())
        return found

    def _answer(self, number: int, longest: int) -> dict[str, Array]:
        """The means of all issues of a part, by series; each part is asked for by several operations at once."""
        with self._answering:
            if number not in self._answers:
                first = number * ISSUES_AT_ONCE
                issued = np.arange(first, min(first + ISSUES_AT_ONCE, self._record.steps))
                self._answers[number] = {
                    name: model.predict(self._tables[name], issued, longest)
                    for name, model in self._model.series.items()
                }
            return self._answers[number]

    def quantiles(self, step: int, horizon_steps: int, levels: Sequence[float]) -> dict[str, Array]:
        """Quantiles of the series that the model knows, each of shape `(levels, horizon_steps)`."""
        means = self.issue(step, horizon_steps)
        return {name: model.errors.quantiles(means[name], levels) for name, model in self._model.series.items()}
