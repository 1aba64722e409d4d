"""What a window of operation is: a plant with fixed capacities over 48 to 168 hours (any number of steps will do).

    minimise    sum over steps of   import price * import + backup cost * backup + wear cost * (charge + discharge)
                                    + the costs of what is served, curtailed, unserved and dropped
                less, at the end,   final value * storage - final slope / 2 * storage^2 - final cost * backlog
    subject to  discharge - charge + import + backup - curtailed = pue (firm - unserved + served) - available
                storage = kept * storage before + charge efficiency * charge - discharge / discharge efficiency
                backlog = backlog before + arrivals - served - dropped
                every amount between zero and its limit

Compute is in MW of IT load, all other power in MW at the meter. What is unserved is at most the firm load, what is
curtailed at most what is available, and whatever has arrived may be dropped. So a window always has a point, unless
more is stored than its limits allow.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Final

import numpy as np

from kiban.arrays import Array

# How far stored energy may stand above its limit, as a part of it: rounding of a state that was handed over.
_ROUNDING: Final = 1e-9


def _zero() -> Array:
    return np.zeros(())


def _one() -> Array:
    return np.ones(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Windows of one length. Arrays broadcast to `(windows, steps)`, those of a whole window to `(windows,)`.

    All are kept as views, so that windows which slide over a year take no more room than the year. Money is in million
    yen. Raises `ValueError` for shapes that do not fit, numbers that are not finite or out of range, and a store that
    cannot come down to its limit.
    """

    available_mw: Array
    """Power that costs nothing; what is not used of it is curtailed."""
    firm_mw: Array
    """IT load that may not wait; the limit of what is unserved."""
    pue: Array
    """MW at the meter for each MW of IT load."""
    unserved_cost_myen_per_mwh: Array
    """Of each MWh of firm IT load that is not served."""
    dropped_cost_myen_per_mwh: Array
    """Of each MWh of IT load that waited in vain."""
    arrivals_mw: Array = field(default_factory=_zero)
    """IT load that may wait, as it arrives."""
    served_limit_mw: Array = field(default_factory=_zero)
    """The most of it that is served in a step."""
    backlog_limit_mwh: Array = field(default_factory=_zero)
    """The most of it that waits, in MWh of IT load."""
    charge_limit_mw: Array = field(default_factory=_zero)
    discharge_limit_mw: Array = field(default_factory=_zero)
    storage_limit_mwh: Array = field(default_factory=_zero)
    import_limit_mw: Array = field(default_factory=_zero)
    backup_limit_mw: Array = field(default_factory=_zero)
    import_price_myen_per_mwh: Array = field(default_factory=_zero)
    """Any sign; with a price on what is not clean, where there is one."""
    backup_cost_myen_per_mwh: Array = field(default_factory=_zero)
    wear_cost_myen_per_mwh: Array = field(default_factory=_zero)
    """Of each MWh charged and each MWh discharged."""
    served_cost_myen_per_mwh: Array = field(default_factory=_zero)
    """Of each MWh of IT load that waited, beside its power: water, say."""
    curtailed_cost_myen_per_mwh: Array = field(default_factory=_zero)

    kept_per_step: Array = field(default_factory=_one)
    """What is left of stored energy after a step, a share."""
    charge_efficiency: Array = field(default_factory=_one)
    discharge_efficiency: Array = field(default_factory=_one)
    initial_storage_mwh: Array = field(default_factory=_zero)
    initial_backlog_mwh: Array = field(default_factory=_zero)
    final_storage_value_myen_per_mwh: Array = field(default_factory=_zero)
    """Worth of the first MWh that is stored after the last step."""
    final_storage_slope_myen_per_mwh2: Array = field(default_factory=_zero)
    """By how much each further MWh is worth less, not negative."""
    final_backlog_cost_myen_per_mwh: Array = field(default_factory=_zero)
    step_hours: float = 1.0

    def __post_init__(self) -> None:
        given = {name: _checked(name, getattr(self, name)) for name in (*SERIES, *NUMBERS)}
        if not (np.isfinite(self.step_hours) and self.step_hours > 0.0):
            raise ValueError(f"'step_hours' is {self.step_hours}; a length of time is needed")
        numbers = _broadcast({name: given[name] for name in NUMBERS}, 1)
        series = _broadcast({name: given[name] for name in SERIES}, 2)
        # A plant with one number for each window and series for all of them, or the other way round.
        if 1 not in (numbers[0], series[0]) and numbers != series[:1]:
            raise ValueError(f"{series[0]} windows have numbers for {numbers[0]}")
        count = np.broadcast_shapes(numbers, series[:1])
        for name in SERIES:
            object.__setattr__(self, name, np.broadcast_to(given[name], (*count, *series[1:])))
        for name in NUMBERS:
            object.__setattr__(self, name, np.broadcast_to(given[name], count))
        if 0 in self.shape:
            raise ValueError(f"windows of shape {self.shape}: at least one window of one step is needed")
        refuse_full_stores(self, self.initial_storage_mwh)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of windows, and of steps of each."""
        windows, steps = self.available_mw.shape
        return int(windows), int(steps)

    def chosen(self, windows: slice) -> Windows:
        """Some of the windows, as views."""
        parts: dict[str, Any] = {name: getattr(self, name)[windows] for name in (*SERIES, *NUMBERS)}
        return Windows(**parts, step_hours=self.step_hours)


def refuse_full_stores(windows: Windows, stored_mwh: Array) -> None:
    """Raise `ValueError` where neither loss nor full discharge brings what is stored below its limit in time."""
    slack = 1.0 + _ROUNDING
    if (stored_mwh <= windows.storage_limit_mwh.min(axis=1) * slack).all():
        return
    stored, drain = np.array(stored_mwh), windows.step_hours / windows.discharge_efficiency
    for step in range(windows.shape[1]):
        limit = windows.storage_limit_mwh[:, step]
        stored = np.maximum(windows.kept_per_step * stored - drain * windows.discharge_limit_mw[:, step], 0.0)
        if (stored > limit * slack).any():
            window = int(np.argmax(stored > limit * slack))
            raise ValueError(
                f"'storage_limit_mwh' is {limit[window]:g} in window {window}, step {step}, "
                f"and {stored[window]:g} MWh at least are left of what is stored"
            )


_NAMES: Final = tuple(each.name for each in fields(Windows))
_FIRST_NUMBER: Final = _NAMES.index("kept_per_step")
SERIES: Final = _NAMES[:_FIRST_NUMBER]
NUMBERS: Final = _NAMES[_FIRST_NUMBER:-1]
_ANY_SIGN: Final = tuple(name for name in (*SERIES, *NUMBERS) if "myen" in name and "slope" not in name)
_SHARES: Final = ("kept_per_step", "charge_efficiency", "discharge_efficiency")


def _checked(name: str, value: object) -> Array:
    array = np.asarray(value, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"'{name}' has a value that is not a finite number")
    if name not in _ANY_SIGN and (array < 0.0).any():
        raise ValueError(f"'{name}' has a value below zero: {array.min():g}")
    if name in _SHARES and (array > 1.0).any():
        raise ValueError(f"'{name}' is a share, and has a value above one: {array.max():g}")
    if name in ("pue", "charge_efficiency", "discharge_efficiency") and not (array > 0.0).all():
        raise ValueError(f"'{name}' has a value of zero")
    return array


def _broadcast(given: dict[str, Array], dimensions: int) -> tuple[int, ...]:
    """The common shape, with ones in front; the first array that does not fit is named."""
    shape: tuple[int, ...] = (1,) * dimensions
    for name, array in given.items():
        ends = zip(reversed(shape), reversed(array.shape), strict=False)
        if array.ndim > dimensions or any(one not in (1, other) and other != 1 for one, other in ends):
            kind = "(windows,)" if dimensions == 1 else "(windows, steps)"
            raise ValueError(f"'{name}' has the shape {array.shape}, which does not fit {kind} of {shape}")
        shape = np.broadcast_shapes(shape, array.shape)
    return shape
