"""Level payments: what a yen a year is worth today, and what a yen today asks for each year.

    annuity(r, L) = (1 - (1 + r)^-L) / r = L at r = 0            capital recovery factor = 1 / annuity

(any textbook of engineering economics; the annuity of PyPSA's technology data). Written with expm1 and log1p, because
1 - (1 + r)^-L loses its digits where the rate is near 0.
"""

from __future__ import annotations

import math
from typing import overload

import numpy as np

from kiban.arrays import Array


@overload
def annuity_present_value(rate: float, years: float) -> float: ...
@overload
def annuity_present_value(rate: Array, years: float) -> Array: ...
def annuity_present_value(rate: float | Array, years: float) -> float | Array:
    """Present value, in years' payments, of 1 at the end of each year; `rate` a year above -1, `years` whole or not.

    A rate for each of many draws gives a value for each.
    """
    if isinstance(rate, np.ndarray):
        some = np.where(rate == 0, 1.0, rate)
        return np.where(rate == 0, years, -np.expm1(-years * np.log1p(some)) / some)
    return years if rate == 0 else -math.expm1(-years * math.log1p(rate)) / rate


def capital_recovery_factor(rate: float, years: float) -> float:
    """Level payment a year that repays 1 over the years at the rate; `rate` a year above -1, `years` above 0."""
    return 1.0 / years if rate == 0 else rate / -math.expm1(-years * math.log1p(rate))
