"""Perfect foresight of the hours ahead: what an operation with the best forecast of all would know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.operation.conditions import Conditions


@dataclass(frozen=True, eq=False)
class PerfectForecast:
    """The conditions themselves."""

    conditions: Conditions

    @property
    def name(self) -> str:
        """`perfect`."""
        return "perfect"

    @property
    def measures_first_step(self) -> bool:
        """What is foreseen is what is measured."""
        return True

    def issue(self, step: int, horizon_steps: int) -> dict[str, Array]:
        """Every series from `step` on, as it will be."""
        ahead = np.arange(step, step + horizon_steps)
        return {name: series.take(ahead, mode="wrap") for name, series in self.conditions.series.items()}
