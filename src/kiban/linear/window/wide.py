"""Windows of a plant with any number of stores and of sources, each written once for two solvers.

    minimise    sum over steps of   source cost * source + wear * discharge + the costs of what is served, unserved
                                    and dropped
                less, at the end,   sum of final value * stored - final cost * backlog
    subject to  sum source + sum (discharge - charge) - curtailed = pue (firm - unserved + all served) - available
                stored = kept * stored before + charge efficiency * charge - discharge / discharge efficiency
                backlog = backlog before + arrivals - served - dropped
                |source - source before| <= ramp
                given <= share * stored, given <= most of each store;  sum of given + below >= reserve, at a cost
                owed = owed before + promised - served - short of each queue that is kept apart
                all served = served + sum of served of these <= room in the halls
                discharge <= chillers * it,   charge - discharge + chillers * it <= most     of a store of cold
                sum of charge of stores that take own supply alone <= available - curtailed + sum of own sources
                sum of some sources <= what is allowed in the step
                sum of some sources <= peak,  peak >= peak before in a group of steps, at a cost of its last one
                least <= source <= most, every other amount between zero and its limit

A sink is a source below zero: what is sold runs from minus its limit to nothing. Curtailed is at most what is available
and what sources give at least. Efficiencies may differ from step to step, as those of a store of cold do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.linear.staircase import Staircase

BALANCE: Final = "balance"
BACKLOG: Final = "backlog"
RESERVE: Final = "reserve"


@dataclass(frozen=True, slots=True)
class Source:
    """What gives power; arrays broadcast to `(windows, steps)`, MW and million yen per MWh."""

    name: str
    least_mw: Array
    most_mw: Array
    cost_myen_per_mwh: Array
    ramp_mw: float | None = None
    """Most change from step to step; None is any."""
    own: bool = False
    """Whether stores that take own supply alone may take its power."""


@dataclass(frozen=True, slots=True)
class Chillers:
    """Chillers that a store of cold shares with the hall; arrays broadcast to `(windows, steps)`, MW of power."""

    power_mw_per_mw: Array
    """What they take for each MW of IT that they cool: the store spares no more than that."""
    most_mw: Array
    """The most that they take, for the hall and for the store."""


@dataclass(frozen=True, slots=True)
class WideStore:
    """What holds energy; arrays broadcast to `(windows, steps)`, efficiencies with them."""

    name: str
    charge_limit_mw: Array
    discharge_limit_mw: Array
    limit_mwh: Array
    charge_efficiency: Array
    discharge_efficiency: Array
    kept_per_step: float
    wear_myen_per_mwh: float
    """Of each MWh discharged."""
    final_value_myen_per_mwh: float
    own_supply: bool = False
    """Whether it is charged by own supply alone."""
    chillers: Chillers | None = None
    """What fills it, of a store of cold."""
    given_per_mwh: float = 0.0
    """Of the reserve: MWh at the meter that a MWh at the end of a step counts; nothing where it does not count."""
    most_given_mwh: float = 0.0
    """Of the reserve: the most that it counts, whatever it holds."""


@dataclass(frozen=True, slots=True)
class WideQueue:
    """Compute that waits apart from the rest, within the halls' common room; arrays broadcast to `(windows, steps)`."""

    name: str
    arrivals_mw: Array
    limit_mwh: Array
    """The most that waits at the end of each step."""
    most_mwh: float
    """The most that it may begin with."""
    short_cost_myen_per_mwh: float
    """Of what waits in vain."""
    final_cost_myen_per_mwh: float
    """Of what still waits after the last step."""


@dataclass(frozen=True, slots=True)
class JointLimit:
    """What some sources give together at most; the limit broadcasts to `(windows, steps)`, MW."""

    name: str
    members: tuple[str, ...]
    most_mw: Array


@dataclass(frozen=True, slots=True)
class WidePeak:
    """A charge on the highest power of some sources within a group of steps, `(windows, steps)`."""

    name: str
    members: tuple[str, ...]
    follows: npt.NDArray[np.bool_]
    """Whether a step is in the group of the step before; the first step of a window is."""
    least_mw: Array
    """What is charged at least in a group that begins in the step."""
    price_myen_per_mw: Array
    """Of the group of the step."""
    most_mw: float


@dataclass(frozen=True, slots=True)
class WideWindows:
    """Windows of one length; see `Windows` for what the fields mean. Arrays broadcast to `(windows, steps)`."""

    available_mw: Array
    firm_mw: Array
    pue: Array
    unserved_cost_myen_per_mwh: Array
    dropped_cost_myen_per_mwh: float
    arrivals_mw: Array
    served_limit_mw: Array
    backlog_limit_mwh: Array
    served_cost_myen_per_mwh: Array
    final_backlog_cost_myen_per_mwh: float
    sources: tuple[Source, ...]
    stores: tuple[WideStore, ...]
    step_hours: float
    queues: tuple[WideQueue, ...] = ()
    reserve_mwh: Array | None = None
    """What the stores together are to be able to give at the end of each step, at the meter; None is nothing."""
    reserve_cost_myen_per_mwh: float = 0.0
    """Of what is missing of it, in each hour."""
    joint_limits: tuple[JointLimit, ...] = ()
    peaks: tuple[WidePeak, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """Number of windows, and of steps of each."""
        windows, steps = self.firm_mw.shape
        return int(windows), int(steps)


@dataclass(frozen=True, slots=True)
class States:
    """Where a window begins: MWh in each store, MWh that wait, the MW of each source a step before; MWh of queues.

    And MW of each charge on peaks that the first step's group is charged at least.
    """

    stored_mwh: tuple[float, ...]
    waiting_mwh: float
    output_mw: tuple[float, ...]
    owed_mwh: tuple[float, ...] = ()
    peaks_mw: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """Costs of a step and limits, `(windows, steps)`."""

    name: str
    cost: Array
    lower: Array
    upper: Array


@dataclass(frozen=True, slots=True)
class RowTerm:
    """`coefficient * variable`, of the step before where `lagged`; then the first step has none."""

    row: str
    variable: str
    coefficient: Array
    lagged: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """`lower <= terms <= upper`, `(windows, steps)`."""

    name: str
    lower: Array
    upper: Array


@dataclass(frozen=True, slots=True)
class WideProgramme:
    """All windows of one shape: what varies from one to the next are numbers."""

    windows: int
    steps: int
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
    terms: tuple[RowTerm, ...]

    def staircase(self, window: int, begins: Mapping[str, tuple[float, float]]) -> Staircase:
        """One window in staircase form; `begins` are the limits of the first step of the rows that look back."""
        programme = Staircase(self.steps)
        for one in self.variables:
            programme.add_variable(one.name, cost=one.cost[window], lower=one.lower[window], upper=one.upper[window])
        for row in self.rows:
            lower, upper = np.array(row.lower[window]), np.array(row.upper[window])
            lower[0], upper[0] = begins.get(row.name, (lower[0], upper[0]))
            programme.add_row(row.name, lower=lower, upper=upper)
        for term in self.terms:
            programme.add_term(term.row, term.variable, term.coefficient[window], lagged=term.lagged, cyclic=False)
        return programme


def charge_of(store: str) -> str:
    """Name of power into a store."""
    return f"charge:{store}"


def discharge_of(store: str) -> str:
    """Name of power out of it."""
    return f"discharge:{store}"


def served_of(queue: str) -> str:
    """Name of what is served of a queue that is kept apart."""
    return f"served:{queue}"


def owed_in(queue: str) -> str:
    """Name of what still waits in it at the end of a step, and of the row that says so."""
    return f"owed:{queue}"


def stored_in(store: str) -> str:
    """Name of what it holds at the end of a step, and of the row that says so."""
    return f"stored:{store}"


def ramp_of(source: str) -> str:
    """Name of the row that limits the change of a source."""
    return f"ramp:{source}"


def peak_of(name: str) -> str:
    """Name of the peak that a charge is on, of the row that lets it rise only, and the beginning of its limit's."""
    return f"peak:{name}"


def write_wide(windows: WideWindows, early_myen_per_mwh: float = 0.0) -> WideProgramme:
    """The programme of all windows. Prices of its rows are of a step; that of the balance per MW in a step.

    With `early`, a MWh in store is worth so much in every step, and one that waits costs as much: of several optima
    the one that stores and serves first is taken.
    """
    shape = windows.shape
    hours = windows.step_hours

    def full(values: Array | float) -> Array:
        return np.broadcast_to(np.asarray(values, dtype=np.float64), shape)

    zero, one = full(0.0), full(1.0)
    last = full(np.arange(shape[1]) == shape[1] - 1)
    pue = full(windows.pue)
    arrived = full(windows.arrivals_mw) * hours
    # Whatever waits when the window begins is at most the most that may wait.
    everything = full((arrived.sum(axis=1, keepdims=True) + windows.backlog_limit_mwh.max(initial=0.0)) / hours)
    forced = sum((np.maximum(full(source.least_mw), 0.0) for source in windows.sources), zero)
    variables = [
        Variable("served", full(windows.served_cost_myen_per_mwh) * hours, zero, full(windows.served_limit_mw)),
        Variable("unserved", full(windows.unserved_cost_myen_per_mwh) * hours, zero, full(windows.firm_mw)),
        Variable("dropped", full(windows.dropped_cost_myen_per_mwh * hours), zero, 2.0 * everything),
        Variable("curtailed", zero, zero, full(windows.available_mw) + forced),
        Variable(
            "waiting",
            last * windows.final_backlog_cost_myen_per_mwh + early_myen_per_mwh,
            zero,
            full(windows.backlog_limit_mwh),
        ),
    ]
    need = pue * full(windows.firm_mw) - full(windows.available_mw)
    rows = [Row(BALANCE, need, need), Row(BACKLOG, arrived, arrived)]
    terms = [
        RowTerm(BALANCE, "curtailed", -one),
        RowTerm(BALANCE, "unserved", pue),
        RowTerm(BALANCE, "served", -pue),
        RowTerm(BACKLOG, "waiting", one),
        RowTerm(BACKLOG, "waiting", -one, lagged=True),
        RowTerm(BACKLOG, "served", full(hours)),
        RowTerm(BACKLOG, "dropped", full(hours)),
    ]
    served = ["served"]
    for queue in windows.queues:
        served.append(served_of(queue.name))
        of_queue = _write_queue(queue, full, hours, windows, early_myen_per_mwh)
        variables += of_queue[0]
        rows += of_queue[1]
        terms += [*of_queue[2], RowTerm(BALANCE, served_of(queue.name), -pue)]
    if windows.queues:
        rows.append(Row("halls", full(-np.inf), full(windows.served_limit_mw)))
        terms += [RowTerm("halls", name, one) for name in served]
    for source in windows.sources:
        cost, least, most = full(source.cost_myen_per_mwh) * hours, full(source.least_mw), full(source.most_mw)
        variables.append(Variable(source.name, cost, least, np.maximum(most, least)))
        terms.append(RowTerm(BALANCE, source.name, one))
        if source.ramp_mw is not None:
            row = ramp_of(source.name)
            # Where availability falls faster than the ramp, output falls with it.
            fall = np.maximum(-np.diff(most, axis=1, prepend=most[:, :1]), 0.0)
            rise = np.maximum(np.diff(least, axis=1, prepend=least[:, :1]), 0.0)
            rows.append(Row(row, -(source.ramp_mw + fall), source.ramp_mw + rise))
            terms += [RowTerm(row, source.name, one), RowTerm(row, source.name, -one, lagged=True)]
    for store in windows.stores:
        charge, discharge, held = charge_of(store.name), discharge_of(store.name), stored_in(store.name)
        variables += [
            Variable(charge, zero, zero, full(store.charge_limit_mw)),
            Variable(discharge, full(store.wear_myen_per_mwh * hours), zero, full(store.discharge_limit_mw)),
            Variable(held, -last * store.final_value_myen_per_mwh - early_myen_per_mwh, zero, full(store.limit_mwh)),
        ]
        rows.append(Row(held, zero, zero))
        terms += [
            RowTerm(BALANCE, charge, -one),
            RowTerm(BALANCE, discharge, one),
            RowTerm(held, held, one),
            RowTerm(held, held, full(-store.kept_per_step), lagged=True),
            RowTerm(held, charge, -hours * full(store.charge_efficiency)),
            RowTerm(held, discharge, hours / full(store.discharge_efficiency)),
        ]
        if store.chillers is not None:
            power = full(store.chillers.power_mw_per_mw)
            cooled, most = power * full(windows.firm_mw), full(store.chillers.most_mw)
            rows += [
                Row(f"spared:{store.name}", full(-np.inf), cooled),
                Row(f"chillers:{store.name}", full(-np.inf), np.maximum(most - cooled, 0.0)),
            ]
            for row, sign in ((f"spared:{store.name}", 1.0), (f"chillers:{store.name}", -1.0)):
                terms += [RowTerm(row, discharge, full(sign)), RowTerm(row, "unserved", sign * power)]
                terms += [RowTerm(row, name, -sign * power) for name in served]
            terms.append(RowTerm(f"chillers:{store.name}", charge, one))
    if windows.reserve_mwh is not None:
        of_reserve = _write_reserve(windows.stores, full, full(windows.reserve_mwh))
        variables.append(
            Variable("below", full(windows.reserve_cost_myen_per_mwh * hours), zero, full(windows.reserve_mwh))
        )
        variables += of_reserve[0]
        rows += of_reserve[1]
        terms += [*of_reserve[2], RowTerm(RESERVE, "below", one)]
    own = [store for store in windows.stores if store.own_supply]
    if own:
        rows.append(Row("own", full(-np.inf), full(windows.available_mw)))
        terms += [RowTerm("own", charge_of(store.name), one) for store in own]
        terms += [RowTerm("own", source.name, -one) for source in windows.sources if source.own]
        terms.append(RowTerm("own", "curtailed", one))
    for limit in windows.joint_limits:
        rows.append(Row(limit.name, full(-np.inf), full(limit.most_mw)))
        terms += [RowTerm(limit.name, member, one) for member in limit.members]
    for peak in windows.peaks:
        of_peak = _write_peak(peak, full)
        variables += of_peak[0]
        rows += of_peak[1]
        terms += of_peak[2]
    return WideProgramme(shape[0], shape[1], tuple(variables), tuple(rows), tuple(terms))


Part = tuple[list[Variable], list[Row], list[RowTerm]]
Full = Callable[[Array | float], Array]


def _write_queue(queue: WideQueue, full: Full, hours: float, windows: WideWindows, early: float) -> Part:
    """What waits apart: what is served of it, what waits in vain, and what still waits."""
    zero, one = full(0.0), full(1.0)
    name, served, short = owed_in(queue.name), served_of(queue.name), f"short:{queue.name}"
    last = full(np.arange(zero.shape[1]) == zero.shape[1] - 1)
    arrived = full(queue.arrivals_mw) * hours
    everything = (arrived.sum(axis=1, keepdims=True) + queue.most_mwh) / hours
    variables = [
        Variable(served, full(windows.served_cost_myen_per_mwh) * hours, zero, full(windows.served_limit_mw)),
        Variable(short, full(queue.short_cost_myen_per_mwh * hours), zero, full(2.0 * everything)),
        Variable(name, last * queue.final_cost_myen_per_mwh + early, zero, full(queue.limit_mwh)),
    ]
    terms = [
        RowTerm(name, name, one),
        RowTerm(name, name, -one, lagged=True),
        RowTerm(name, served, full(hours)),
        RowTerm(name, short, full(hours)),
    ]
    return variables, [Row(name, arrived, arrived)], terms


def _write_reserve(stores: tuple[WideStore, ...], full: Full, reserve: Array) -> Part:
    """What the stores together could give; a store whose power is the narrower limit has a variable for it."""
    one, variables, terms = full(1.0), [], []
    rows = [Row(RESERVE, reserve, full(np.inf))]
    for store in stores:
        held, share = stored_in(store.name), full(store.given_per_mwh)
        if store.given_per_mwh <= 0.0:
            continue
        if store.most_given_mwh >= store.given_per_mwh * float(np.max(store.limit_mwh)):
            terms.append(RowTerm(RESERVE, held, share))
            continue
        given = f"given:{store.name}"
        variables.append(Variable(given, full(0.0), full(0.0), full(store.most_given_mwh)))
        rows.append(Row(given, full(0.0), full(np.inf)))
        terms += [RowTerm(given, held, share), RowTerm(given, given, -one), RowTerm(RESERVE, given, one)]
    return variables, rows, terms


def _write_peak(peak: WidePeak, full: Full) -> Part:
    """The peak of each group so far, which costs what it has come to in the group's last step that is seen."""
    zero, one = full(0.0), full(1.0)
    name, above = peak_of(peak.name), f"above:{peak.name}"
    follows = np.broadcast_to(peak.follows, zero.shape)
    ends = np.concatenate([~follows[:, 1:], np.ones_like(follows[:, :1])], axis=1)
    variables = [Variable(name, full(peak.price_myen_per_mw) * ends, zero, full(peak.most_mw))]
    rows = [
        Row(name, np.where(follows, 0.0, full(peak.least_mw)), full(np.inf)),
        Row(above, full(-np.inf), zero),
    ]
    terms = [
        RowTerm(name, name, one),
        RowTerm(name, name, np.where(follows, -1.0, 0.0), lagged=True),
        RowTerm(above, name, -one),
        *(RowTerm(above, member, one) for member in peak.members),
    ]
    return variables, rows, terms


def begin_rows(windows: WideWindows, window: int, states: States) -> dict[str, tuple[float, float]]:
    """The limits of the first step of the rows that look back, from where a window begins."""
    arrived = float(np.broadcast_to(windows.arrivals_mw, windows.shape)[window, 0]) * windows.step_hours
    found = {BACKLOG: (arrived + states.waiting_mwh,) * 2}
    for store, held in zip(windows.stores, states.stored_mwh, strict=True):
        found[stored_in(store.name)] = (store.kept_per_step * held,) * 2
    for queue, owed in zip(windows.queues, states.owed_mwh, strict=True):
        begins = float(np.broadcast_to(queue.arrivals_mw, windows.shape)[window, 0]) * windows.step_hours
        found[owed_in(queue.name)] = (begins + owed,) * 2
    for source, output in zip(windows.sources, states.output_mw, strict=True):
        if source.ramp_mw is not None:
            least, most = (
                float(np.broadcast_to(limit, windows.shape)[window, 0]) for limit in (source.least_mw, source.most_mw)
            )
            # What trips does so at once.
            found[ramp_of(source.name)] = min(output - source.ramp_mw, most), max(output + source.ramp_mw, least)
    for peak, held in zip(windows.peaks, states.peaks_mw, strict=True):
        found[peak_of(peak.name)] = (held, np.inf)
    return found
