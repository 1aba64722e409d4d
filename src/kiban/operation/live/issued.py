"""Forecasts as they were issued: values with their issue time, and who made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

FORECAST_DIGITS: Final = 9
"""Of forecasts that are made here: what lies below differs from one kind of processor to the next."""
Accepted = tuple[float, float]
"""Mean and standard deviation of a day's loss when a model was accepted."""


@dataclass(frozen=True, slots=True)
class Issue:
    """A value that was forecast for the step that begins at `valid`, known from `issued` on."""

    series: str
    issued: datetime
    valid: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Issued:
    """What a forecaster said at once.

    `name` is a model, a service or a file; `version` is what tells its forecasts from others of the same name.
    `accepted` is by series, of what has such losses: a trained model.
    """

    name: str
    version: str
    issues: Sequence[Issue]
    accepted: Mapping[str, Accepted] = field(default_factory=dict)

    @property
    def newest(self) -> datetime:
        """The newest issue time."""
        return max(one.issued for one in self.issues)
