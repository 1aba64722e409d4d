"""Compute that is sold by the day or the week, or that may wait by terms of its own: what is owed, and until when.

    owed = owed before + hours (arrivals - served - short),    0 <= owed <= room

A promise of a period arrives as a whole in the first step of the period and has no room in its last (as in
`planning.commitments`), so that what was not delivered until then is short. What may wait arrives by its shape and has
room for the mean of it over the allowed delay. An operation that begins or ends within a period owes the energy of the
hours that it has of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.planning.commitments import PERIOD_HOURS, list_periods
from kiban.planning.resources import Resources, TrancheResource

OF_TRANCHE: Final = "tranche_"


@dataclass(frozen=True, eq=False)
class Promise:
    """A tranche as it was sold. Arrays are `(steps,)`; compute is in MW of IT."""

    name: str
    promised_mw: Array
    """What is sold, by its shape."""
    period: npt.NDArray[np.int64] | None
    """Number of the period of each step; None where it may wait a time of its own."""
    waits_mwh: float
    """The most that may wait then."""
    price_myen_per_mwh: float
    """What its buyer pays."""
    step_hours: float

    @property
    def tranche(self) -> str:
        """Name of its class of compute, and beginning of its columns, as in the plan's hours."""
        return f"{OF_TRANCHE}{self.name}"

    @property
    def served(self) -> str:
        """Column of what is served."""
        return f"{self.tranche}_mw"

    @property
    def short(self) -> str:
        """Column of what was not delivered when its period closed."""
        return f"{self.tranche}_short_mw"

    @property
    def owed(self) -> str:
        """Column of what is still owed at the end of a step."""
        return f"{self.tranche}_owed_mwh"

    def short_price(self, dropped_myen_per_mwh: float) -> float:
        """What a MWh costs that is not delivered: what its buyer does not pay, and no less than dropped compute."""
        return max(dropped_myen_per_mwh, self.price_myen_per_mwh)

    @cached_property
    def arrivals_mw(self) -> Array:
        """What begins to be owed in each step."""
        if self.period is None:
            return self.promised_mw
        arrivals = np.zeros(self.promised_mw.size)
        arrivals[self._begins] = np.add.reduceat(self.promised_mw, self._begins)
        return arrivals

    @cached_property
    def room_mwh(self) -> Array:
        """The most that may be owed at the end of each step."""
        if self.period is None:
            return np.full(self.promised_mw.size, self.waits_mwh)
        lengths = np.diff(np.append(self._begins, self.period.size))
        energy = np.repeat(self.arrivals_mw[self._begins], lengths) * self.step_hours
        room: Array = np.where(self.steps_left > 0, energy, 0.0)
        return room

    @cached_property
    def steps_left(self) -> Array:
        """How many steps of its period follow each step; without an end where it may wait a time of its own."""
        if self.period is None:
            return np.full(self.promised_mw.size, np.inf)
        ends = np.append(self._begins[1:], self.period.size)
        left: Array = np.repeat(ends, np.diff(np.append(self._begins, self.period.size))) - 1.0
        return left - np.arange(self.period.size)

    def cut(self, part: slice) -> Promise:
        """The same in some of the steps."""
        period = None if self.period is None else self.period[part]
        return replace(self, promised_mw=self.promised_mw[part], period=period)

    @property
    def _begins(self) -> npt.NDArray[np.int64]:
        """First step of each period."""
        assert self.period is not None
        return np.flatnonzero(np.diff(self.period, prepend=-1))


def read_promises(served_mw: Mapping[str, float], resources: Resources) -> tuple[Promise, ...]:
    """The tranches that have a schedule, as far as a plan serves them, MW by name."""
    return tuple(
        _read_promise(resources, tranche, served_mw[tranche.name])
        for tranche in resources.tranches
        if tranche.may_wait and served_mw.get(tranche.name, 0.0) > 0.0
    )


def total_mw(promises: Sequence[Promise], steps: int) -> Array:
    """What all of them promise, by its shape."""
    return sum((one.promised_mw for one in promises), np.zeros(steps))


def _read_promise(resources: Resources, tranche: TrancheResource, served_mw: float) -> Promise:
    period = None
    if tranche.committed in PERIOD_HOURS:
        periods = list_periods(resources, tranche.committed)
        period = np.repeat(np.arange(len(periods)), [end - first for first, end in periods])
    return Promise(
        name=tranche.name,
        promised_mw=served_mw * tranche.shape,
        period=period,
        waits_mwh=served_mw * float(tranche.shape.mean()) * tranche.max_delay_hours,
        price_myen_per_mwh=tranche.price_myen_per_mwh,
        step_hours=resources.step_hours,
    )
