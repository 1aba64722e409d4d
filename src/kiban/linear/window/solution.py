"""What comes back of windows: how much of everything in each step, what one unit more would be worth, and the proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array

# The order of the compiled method (`linear/native/window.hpp`).
AMOUNTS: Final = (
    "charge_mw",
    "discharge_mw",
    "served_mw",
    "import_mw",
    "backup_mw",
    "curtailed_mw",
    "unserved_mw",
    "dropped_mw",
    "storage_mwh",
    "backlog_mwh",
)
PRICES: Final = ("balance", "storage", "backlog")


@dataclass(frozen=True, slots=True)
class Trajectories:
    """How windows run.

    `amounts` `(windows, 10, steps)` are power in MW and, of the last two, what is stored and what waits at the end of a
    step in MWh, in the order of `AMOUNTS`. `prices` `(windows, 3, steps)` are, in million yen per MWh, what one MWh
    more would cost: of need at the meter, of stored energy (below zero where it is worth something), and of compute
    that arrives.
    """

    amounts: Array
    prices: Array

    def amount(self, name: str) -> Array:
        """One of `AMOUNTS`, `(windows, steps)`. Raises `ValueError` for another name."""
        return self.amounts[:, AMOUNTS.index(name)]

    def first(self, name: str) -> Array:
        """One of `AMOUNTS` in the first step, `(windows,)`: what is decided now."""
        return self.amount(name)[:, 0]

    @property
    def power_price_myen_per_mwh(self) -> Array:
        """Price of power at the meter, `(windows, steps)`."""
        return self.prices[:, 0]

    @property
    def storage_value_myen_per_mwh(self) -> Array:
        """Worth of energy in the store at the end of each step, `(windows, steps)`."""
        return -self.prices[:, 1]

    @property
    def backlog_price_myen_per_mwh(self) -> Array:
        """Price of compute that may wait, of each MWh of IT load, `(windows, steps)`."""
        return self.prices[:, 2]


@dataclass(frozen=True, slots=True)
class WindowSolutions(Trajectories):
    """Solutions of windows, each with its proof; all arrays are `(windows,)`.

    By weak duality no point of a window costs less than `bound_myen`; `open_mwh` is the largest violation of a balance.
    Where `proven` is false the method ended before its tolerance, at the point that is given.
    """

    cost_myen: Array
    bound_myen: Array
    open_mwh: Array
    iterations: npt.NDArray[np.int64]
    proven: npt.NDArray[np.bool_]
    points: Array | None = None
    """From where windows that follow may start, `(windows, 33, steps)`, if asked for."""

    @property
    def relative_gap(self) -> Array:
        """Distance of cost and bound over `max(1, |cost|)`."""
        return np.abs(self.cost_myen - self.bound_myen) / np.maximum(1.0, np.abs(self.cost_myen))


@dataclass(frozen=True, slots=True)
class TreeSolution(Trajectories):
    """A tree of scenarios: trajectories that agree in their first step.

    Prices after the first step are those within the scenario, not times its probability. `cost_myen` is the mean over
    the scenarios, `bound_myen` a proven bound of it, `open_mwh` the largest violation of a balance.
    """

    cost_myen: float
    bound_myen: float
    open_mwh: float
    iterations: int
    proven: bool

    @property
    def relative_gap(self) -> float:
        """Distance of cost and bound over `max(1, |cost|)`."""
        return abs(self.cost_myen - self.bound_myen) / max(1.0, abs(self.cost_myen))
