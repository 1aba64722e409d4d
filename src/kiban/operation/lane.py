"""The two lanes of windows: the compiled one for a plain plant, and that of any number of stores and of sources.

Both answer with what the first hour of a window is to be (`Handover`), and with the window's cost and proven bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.linear.window import (
    States,
    WideSequence,
    WideSolution,
    WideWindows,
    WindowSequence,
    WindowSolutions,
    solve_long,
    solve_windows,
)
from kiban.linear.window.wide import (
    BACKLOG,
    charge_of,
    discharge_of,
    owed_in,
    peak_of,
    ramp_of,
    served_of,
    stored_in,
)
from kiban.operation.ahead import Ahead, look_ahead
from kiban.operation.conditions import Conditions
from kiban.operation.facility import BACKUP_OUTPUT, EXPORT, IMPORT, Facility, begin
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.hour import Handover, Standing
from kiban.operation.valuation import Valuation
from kiban.operation.window import write_wide_windows, write_windows


@dataclass(frozen=True, slots=True)
class Answer:
    """What a window says of its first hour, what it costs, and the bound that proves it, million yen."""

    handover: Handover
    cost_myen: float
    bound_myen: float


class Lane(Protocol):
    """Windows that are solved one after the other."""

    def solve(self, window: int, standing: Standing) -> Answer:
        """The answer of one window from where operation stands when it begins."""

    def schedule(self) -> dict[str, Array]:
        """What the window that was solved last means to do: MW of sources and MWh in stores, `(steps,)`, by column."""


def open_lane(ahead: Ahead, valuation: Valuation) -> Lane:
    """The lane that a facility takes."""
    return NarrowLane(ahead, valuation) if ahead.facility.is_narrow else WideLane(ahead, valuation)


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """What the one window that is as long as the conditions says of each hour, its cost and its proven bound."""

    handovers: Sequence[Handover]
    cost_myen: float
    bound_myen: float


def solve_whole(facility: Facility, conditions: Conditions, valuation: Valuation) -> WholeAnswer:
    """The window that is as long as the conditions, with everything known."""
    begins = np.zeros(1, dtype=np.int64)
    ahead = look_ahead(facility, conditions, PerfectForecast(conditions), (), begins, conditions.steps, measured=True)
    standing = begin(facility)
    if facility.is_narrow:
        sequence = WindowSequence(write_windows(ahead, valuation), warm=False)
        found = sequence.solve(0, sum(standing.stored_mwh), standing.waiting_mwh)
        return narrow_answer(found, len(facility.stores))
    windows = write_wide_windows(ahead, valuation, plans_peaks=False)
    wide = solve_long(windows, states_of(standing))
    return WholeAnswer(wide_handovers(windows, wide), wide.cost_myen, wide.bound_myen)


def narrow_answer(found: WindowSolutions, stores: int) -> WholeAnswer:
    """What the first compiled window says of each of its hours."""
    hours = zip(found.amounts[0].T.tolist(), found.prices[0].T.tolist(), strict=True)
    handovers = [narrow_handover(amounts, prices, stores) for amounts, prices in hours]
    return WholeAnswer(handovers, float(found.cost_myen[0]), float(found.bound_myen[0]))


class NarrowLane:
    """The compiled window: one store or none, the grid and the backup."""

    def __init__(self, ahead: Ahead, valuation: Valuation) -> None:
        self._sequence = WindowSequence(write_windows(ahead, valuation))
        self._stores = len(ahead.facility.stores)
        self._states = [store.state for store in ahead.facility.stores]
        self._last: WindowSolutions | None = None

    def solve(self, window: int, standing: Standing) -> Answer:
        """The answer of one window."""
        self._last = found = self._sequence.solve(window, sum(standing.stored_mwh), standing.waiting_mwh)
        handover = narrow_handover(found.amounts[0, :, 0].tolist(), found.prices[0, :, 0].tolist(), self._stores)
        return Answer(handover, float(found.cost_myen[0]), float(found.bound_myen[0]))

    def schedule(self) -> dict[str, Array]:
        """What the last window means to do."""
        assert self._last is not None
        names = {IMPORT: "import_mw", BACKUP_OUTPUT: "backup_mw", **dict.fromkeys(self._states, "storage_mwh")}
        return {column: self._last.amount(name)[0] for column, name in names.items()}


def narrow_handover(amounts: list[float], prices: list[float], stores: int) -> Handover:
    """One hour of a compiled window, from its amounts and prices in their order."""
    charge, discharge, served, imported, generated, _, unserved, *_ = amounts
    _, storage_price, backlog_price = prices
    # Without a store there is nothing to hand over of one.
    return Handover(
        (imported, generated),
        (charge,)[:stores],
        (discharge,)[:stores],
        served,
        unserved,
        (-storage_price,)[:stores],
        backlog_price,
        (0.0, 0.0),
    )


class WideLane:
    """Windows of any number of stores and of sources."""

    def __init__(self, ahead: Ahead, valuation: Valuation) -> None:
        self._sequence = WideSequence(write_wide_windows(ahead, valuation))
        self._ahead = ahead
        self._states = {store.state: stored_in(store.name) for store in ahead.facility.stores}
        self._last: WideSolution | None = None

    def solve(self, window: int, standing: Standing) -> Answer:
        """The answer of one window."""
        held = _hold_peaks(self._ahead, int(self._ahead.begins[window]), standing)
        self._last = found = self._sequence.solve(window, states_of(held))
        return Answer(wide_handovers(self._sequence.windows, found, 1, window)[0], found.cost_myen, found.bound_myen)

    def schedule(self) -> dict[str, Array]:
        """What the last window means to do; what is fed in is counted as it flows."""
        assert self._last is not None
        names = {source.name: source.name for source in self._sequence.windows.sources} | self._states
        found = {column: np.array(self._last.amounts[name]) for column, name in names.items()}
        found[IMPORT] = sum(
            (found[name] for name in self._ahead.facility.drawn), np.zeros(next(iter(found.values())).size)
        )
        return found | ({EXPORT: 0.0 - found[EXPORT]} if EXPORT in found else {})


def solve_each(
    ahead: Ahead,
    valuation: Valuation,
    standings: Sequence[Standing],
    surcharge_myen_per_mwh: Array,
    *,
    net: bool = False,
) -> tuple[Array, Array]:
    """Import in every step, MW, and cost, million yen, of windows each from a standing of its own.

    `surcharge` comes on top of what a MWh from the grid costs; shape `(windows, steps)`. With `net`, import is counted
    less what is fed in, for which the surcharge is paid as well.
    """
    if ahead.facility.is_narrow:
        windows = write_windows(ahead, valuation)
        found = solve_windows(
            replace(
                windows,
                import_price_myen_per_mwh=windows.import_price_myen_per_mwh + surcharge_myen_per_mwh,
                initial_storage_mwh=np.array([sum(one.stored_mwh) for one in standings]),
                initial_backlog_mwh=np.array([one.waiting_mwh for one in standings]),
            )
        )
        return found.amount("import_mw"), found.cost_myen
    wide = write_wide_windows(ahead, valuation)
    drawn = ahead.facility.drawn
    metered = [source.name for source in wide.sources if source.name in drawn or (net and source.name == EXPORT)]
    sources = tuple(
        replace(source, cost_myen_per_mwh=source.cost_myen_per_mwh + surcharge_myen_per_mwh)
        if source.name in metered
        else source
        for source in wide.sources
    )
    sequence = WideSequence(replace(wide, sources=sources))
    held = [_hold_peaks(ahead, int(begin), one) for begin, one in zip(ahead.begins, standings, strict=True)]
    answers = [sequence.solve(window, states_of(one)) for window, one in enumerate(held)]
    imported = np.stack([sum((one.amounts[name] for name in metered), np.zeros(wide.shape[1])) for one in answers])
    return imported, np.array([one.cost_myen for one in answers])


def states_of(standing: Standing) -> States:
    """Where a wide window begins."""
    return States(standing.stored_mwh, standing.waiting_mwh, standing.sources_mw, standing.owed_mwh, standing.peaks_mw)


def _hold_peaks(ahead: Ahead, step: int, standing: Standing) -> Standing:
    """Where a window begins that takes the plan's peaks, and what has been reached above them, as paid."""
    purchases = ahead.facility.purchases
    if purchases is None:
        return standing
    peaks = tuple(
        one.held_mw(group, reached if step == 0 or group == one.group_of_step[step - 1] else 0.0)
        for one, reached in zip(purchases.peaks, standing.peaks_mw, strict=True)
        if (group := int(one.group_of_step[step])) >= 0
    )
    return replace(standing, peaks_mw=peaks)


def wide_handovers(
    windows: WideWindows, found: WideSolution, steps: int | None = None, window: int = 0
) -> list[Handover]:
    """The first hours of a wide window; all of them where `steps` is None."""
    hours = slice(steps)
    count = windows.shape[1] if steps is None else steps
    stores = [store.name for store in windows.stores]

    def rows(names: Sequence[str], of: Mapping[str, Array], sign: float = 1.0) -> list[tuple[float, ...]]:
        if not names:
            return [()] * count
        return list(zip(*((sign * of[name][hours]).tolist() for name in names), strict=True))

    amounts, prices = found.amounts, found.prices
    nothing = np.zeros(windows.shape[1])
    # What a source gives now stands in the row of its next step with a minus.
    peaks = [
        _planned_peaks(peak.follows[window], amounts[peak_of(peak.name)])[hours].tolist() for peak in windows.peaks
    ]
    later = {
        source.name: nothing if source.ramp_mw is None else np.append(prices[ramp_of(source.name)][1:], 0.0)
        for source in windows.sources
    }
    return [
        Handover(*hour)
        for hour in zip(
            rows([source.name for source in windows.sources], amounts),
            rows([charge_of(name) for name in stores], amounts),
            rows([discharge_of(name) for name in stores], amounts),
            amounts["served"][hours].tolist(),
            amounts["unserved"][hours].tolist(),
            rows([stored_in(name) for name in stores], prices, -1.0),
            prices[BACKLOG][hours].tolist(),
            rows([source.name for source in windows.sources], later),
            rows([served_of(queue.name) for queue in windows.queues], amounts),
            rows([owed_in(queue.name) for queue in windows.queues], prices),
            list(zip(*peaks, strict=True)) if peaks else [()] * count,
            strict=True,
        )
    ]


def _planned_peaks(follows: npt.NDArray[np.bool_], reached_mw: Array) -> Array:
    """In each step what a window means its group to be charged in the end: what it comes to in the last step seen."""
    starts = np.append(np.flatnonzero(~follows[1:]) + 1, reached_mw.size)
    ends = starts[np.searchsorted(starts, np.arange(reached_mw.size), side="right")] - 1
    found: Array = reached_mw[ends]
    return found
