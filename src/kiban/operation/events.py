"""What happens to a facility: a unit that trips, a grid that is away, a limit that falls for some hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array

GRID: Final = "grid"
BACKUP: Final = "backup"
IMPORT: Final = "import"
"""What may be drawn from the grid, and not what may be fed in: calls limit it."""
BATTERY: Final = "battery"
IT: Final = "it"
"""The hall: what is left of it is what may be served."""


@dataclass(frozen=True, slots=True)
class Event:
    """A unit (`grid`, `it`, a store, a supply option ...) of which a share is left in steps `first` to before `end`.

    Windows know of it from step `known` on; None is from the step after its first one, when it has been seen.
    """

    unit: str
    first: int
    end: int
    left_share: float = 0.0
    known: int | None = None

    @property
    def known_from(self) -> int:
        """The first step whose window knows of it."""
        return self.first + 1 if self.known is None else self.known


def left_of(unit: str, events: Sequence[Event], steps: npt.NDArray[np.int64], known_at: npt.NDArray[np.int64]) -> Array:
    """Share of a unit that is left in `steps`, as it is known in the steps `known_at`; shapes broadcast."""
    left = np.ones(np.broadcast_shapes(steps.shape, known_at.shape))
    for event in events:
        if event.unit == unit:
            hit = (steps >= event.first) & (steps < event.end) & (known_at >= event.known_from)
            left = np.where(hit, np.minimum(left, event.left_share), left)
    return left
