"""Drift: whether a model's loss has risen for good, by a cumulative sum.

Page's one-sided test (1954, Biometrika 41, 100): `S_t = max(0, S_(t-1) + (loss_t - mean) / deviation - allowance)`, and
an alarm where `S_t` passes the threshold. Losses of neighbouring hours are alike, so means of days are summed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue

ALLOWANCE = "forecast.drift.allowance"
THRESHOLD = "forecast.drift.threshold"
"""Rows of the catalogue, both in standard deviations."""


@dataclass(frozen=True, slots=True)
class DriftTest:
    """What the loss was when the model was accepted, and when it counts as risen."""

    mean: float
    deviation: float
    allowance: float
    threshold: float

    def sums(self, losses: Sequence[float] | Array, before: float = 0.0) -> Array:
        """The cumulative sum after each loss, in standard deviations, shape `(n,)`; it goes on after an alarm.

        `before` is what it was before the first of them.
        """
        found, total = np.zeros(len(losses)), before
        for i, loss in enumerate(losses):
            total = max(0.0, total + (float(loss) - self.mean) / self.deviation - self.allowance)
            found[i] = total
        return found

    def first_alarm(self, losses: Sequence[float] | Array) -> int | None:
        """Position of the first loss at which the sum passes the threshold; None where it never does."""
        passed = np.flatnonzero(self.sums(losses) > self.threshold)
        return int(passed[0]) if passed.size else None


def accepted_losses(losses: Array) -> tuple[float, float] | None:
    """Mean and standard deviation of the losses with which a model was accepted, shape `(n,)`.

    None for fewer than two, or where all are equal: then nothing says how far a loss may lie.
    """
    if losses.size < 2 or not losses.std(ddof=1) > 0:
        return None
    return float(losses.mean()), float(losses.std(ddof=1))


def drift_test(accepted: Array, catalogue: Catalogue) -> DriftTest:
    """The test for a model whose losses were `accepted` (`accepted_losses`); ValueError where they say nothing."""
    found = accepted_losses(accepted)
    if found is None:
        raise ValueError("a test of drift needs losses that differ")
    return DriftTest(
        mean=found[0],
        deviation=found[1],
        allowance=catalogue.value(ALLOWANCE),
        threshold=catalogue.value(THRESHOLD),
    )


def day_means(losses: Array, steps_per_day: int) -> Array:
    """Means of whole days, shape `(days,)`; what is over at the end is left for tomorrow."""
    days = losses.size // steps_per_day
    means: Array = losses[: days * steps_per_day].reshape(days, steps_per_day).mean(axis=1)
    return means
