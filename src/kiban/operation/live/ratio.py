"""A ratio of what was measured to what was expected, with its interval and the errors of both.

It is that of two sums over days. A day is one batch, since what errs in one hour errs in the next; with m days

    R = sum N / sum D,    var R = m / (m - 1) sum (N_i - R D_i)^2 / (sum D)^2

and the interval is that of Student's t with m - 1 degrees of freedom (the ratio estimator: Cochran, Sampling
Techniques, 3rd ed., 1977, section 6.4). The error of the plan and that of the twin are mean absolute differences as a
share of the mean; the twin's are made with the ratio as it was before the day began.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from datetime import date
from typing import Final

DAYS_KEPT: Final = 28
"""The twin learns from so many days; what was before is forgotten."""
DAYS_NEEDED: Final = 3
"""With fewer days there is no interval."""
CONFIDENCE: Final = 0.95
SURE_SHARE: Final = 0.05
"""A ratio corrects the model where half its interval is at most such a share of it."""


@dataclass(slots=True)
class _Day:
    day: date
    measured: float = 0.0
    expected: float = 0.0
    plan_error: float = 0.0
    twin_error: float = 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is known of a quantity: the ratio with its interval, both None where there is too little, and the errors."""

    ratio: float | None
    half_width: float | None
    days: int
    plan_error_share: float | None
    twin_error_share: float | None

    @property
    def is_sure(self) -> bool:
        """Whether the model is corrected by it."""
        return self.ratio is not None and self.half_width is not None and self.half_width <= SURE_SHARE * self.ratio


class Ratio:
    """One quantity, measured against what was expected of it."""

    def __init__(self) -> None:
        self._days: deque[_Day] = deque(maxlen=DAYS_KEPT)
        self._now = 1.0

    def add(self, day: date, measured: float, expected: float) -> None:
        """One step's amounts; a step of which nothing was expected says nothing."""
        if expected <= 0.0:
            return
        if not self._days or self._days[-1].day != day:
            # The days before are whole now.
            self._now = self.factor
            self._days.append(_Day(day))
        found = self._days[-1]
        found.measured += measured
        found.expected += expected
        found.plan_error += abs(measured - expected)
        found.twin_error += abs(measured - self._now * expected)

    @property
    def factor(self) -> float:
        """By what the model is multiplied: the ratio where it is sure, else 1."""
        found = self.calibration
        return found.ratio if found.is_sure and found.ratio is not None else 1.0

    @property
    def calibration(self) -> Calibration:
        """What the days say so far."""
        days = len(self._days)
        measured, expected = (sum(getattr(one, name) for one in self._days) for name in ("measured", "expected"))
        if expected <= 0.0:
            return Calibration(None, None, days, None, None)
        ratio = measured / expected
        half = None
        if days >= DAYS_NEEDED:
            spread = sum((one.measured - ratio * one.expected) ** 2 for one in self._days)
            deviation = math.sqrt(days / (days - 1) * spread) / expected
            half = _student(days - 1) * deviation
        scale = max(measured, 1e-12)
        plan, twin = (sum(getattr(one, name) for one in self._days) for name in ("plan_error", "twin_error"))
        return Calibration(ratio, half, days, plan / scale, twin / scale)


def _student(degrees: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 + CONFIDENCE / 2.0))
