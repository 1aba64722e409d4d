"""The one alias for arrays of numbers: float64 of any shape; shapes stand in the docstrings. Sums over years."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def worth_of(flows: Array, factors: Array) -> Array:
    """Sum of flows times factors along the last axis; factors may differ from draw to draw."""
    return np.asarray(flows @ factors if factors.ndim == 1 else (flows * factors).sum(axis=-1))


def powers(base: float | Array, exponents: Array) -> Array:
    """A number to each of the exponents; a column of numbers (draws, 1) gives a row for each."""
    return np.asarray(base**exponents)
