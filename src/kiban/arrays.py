"""The one alias for arrays of numbers: float64 of any shape; shapes stand in the docstrings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
