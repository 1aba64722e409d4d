"""An outage of the grid of N hours that may begin in any hour of the year, and is survived.

Whatever the hour t in which it begins, what is built and what is then stored carry a share of the firm load for N hours
without import, each outage with a schedule of its own:

    backup[k] + sum_s (discharge[s,k] - charge[s,k]) - spill[k]  =  share need[t+k] - sum_g a[g,t+k] x_g     k = 0..N-1
    state[s,k]  = kept state[s,k-1] + eta_c h charge[s,k] - h discharge[s,k] / eta_d,    state[s,-1] = soc[s,t-1]
    backup[k] <= x_backup,  h sum_k backup[k] <= fuel_hours x_backup
    charge[s,k], discharge[s,k] <= x_power,  state[s,k] <= x_energy                         for each storage s

with `need` the electric load of compute that cannot wait, less what measures save. The starts are enumerated, exactly,
but not written into one programme, which would have N times the hours. The plan is found without them; each start that
its design would not survive then gives one inequality, from the prices of the least energy that is missing,

    sum_k price[k] (share need[t+k] - supply[t+k]) + worths of capacities + worths of soc[s,t-1] <= 0,

which every surviving design keeps (Benders, Numerische Mathematik 4, 1962), and the plan is found again, until none
is left. The last programme has fewer constraints than the whole one, so its proof of least cost is one for the whole.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.errors import SolverError
from kiban.linear import Solution, Staircase, solve
from kiban.messages import Message
from kiban.physics.battery import self_discharge_per_step
from kiban.planning.plan import Worth
from kiban.planning.resources import OutageResource, Resources, StorageResource

Steps = npt.NDArray[np.int64]

SURVIVED_TO: Final = 1e-6
"""Energy that may be missing in an outage, as a share of what it needs at the peak: the solver's rounding."""
POINT: Final = 0.01
STARTS_A_ROUND: Final = 96
"""Starts that are looked at closely in a round."""
MOST_CUT_ROUNDS: Final = 60
KEPT_NEAR: Final = 1e-3
"""A cut is kept from round to round where the design comes as near to it, as a share of its need."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What every design keeps that survives the outage that begins in `start`:

    `sum_k capacities[k] x_k + sum_s stored[s] soc[s,start-1] <= -constant`; `need` is the load in it at a share of one.
    """

    start: int
    constant: float
    stored: Mapping[str, float]
    """By the variable of what a storage holds."""
    capacities: Mapping[str, float]
    need: float
    """`constant` for each unit of the share, with the tranches and measures that the design had."""


@dataclass(eq=False)
class OutageGuard:
    """Finds the least-cost plan that survives every outage; cuts once found are kept for the next programme.

    Without an outage in the resources it solves the programme as it is.
    """

    resources: Resources
    cuts: list[Cut] = field(default_factory=list)
    rows: dict[str, list[Cut]] = field(default_factory=dict)
    """The cuts that the row of a name holds; no two programmes have rows of one name."""

    def solve(self, programme: Staircase, **given: Any) -> Solution:
        """As `linear.solve`; raises `SolverError` where the outages are still not survived after all rounds."""
        outage = self.resources.outage
        if outage is None:
            return solve(programme, **given)
        # A point to start from fits a programme of as many rows only.
        given = {"solver": given.get("solver", "auto")}
        for _ in range(MOST_CUT_ROUNDS):
            solution = solve(self._guard(programme), **given)
            if solution.certificate is None:
                return solution
            found = find_cuts(self.resources, outage, solution)
            if not found:
                return solution
            # What is far from the design only makes the next programme larger; where it is needed it comes back.
            self.cuts = [cut for cut in self.cuts if self._slack(cut, solution) <= KEPT_NEAR * abs(cut.need)] + found
        raise SolverError(f"after {MOST_CUT_ROUNDS} rounds there still is an outage that the design does not survive")

    def price_share(self, solution: Solution) -> float:
        """What the yearly cost falls by for each unit of the share that need not be carried, million yen."""
        saved = 0.0
        for row, cut in self._kept(solution):
            saved -= float(solution.row_prices[row][self._step(cut)]) * cut.need
        return max(saved, 0.0)

    def worths(self, solution: Solution) -> tuple[Worth, ...]:
        """What carrying one point less of the firm load through the outage saves a year."""
        outage = self.resources.outage
        if outage is None:
            return ()
        saving = self.price_share(solution) * POINT
        return (Worth("outage_share", "outage.share", saving, "point", outage.share / POINT),)

    def note(self, solution: Solution) -> Message:
        """The sentence beside the plan: what is survived, and the start that decides it."""
        outage = self.resources.outage
        assert outage is not None
        starts = len({cut.start for _, cut in self._kept(solution)})
        return Message(
            "outage.survived", hours=outage.hours, share=outage.share, starts=self.resources.steps, tight=starts
        )

    def _kept(self, solution: Solution) -> list[tuple[str, Cut]]:
        """The cuts that a solution kept, with the rows that held them."""
        return [(row, cut) for row, cuts in self.rows.items() if row in solution.row_prices for cut in cuts]

    def _guard(self, programme: Staircase) -> Staircase:
        """The programme with the cuts as hourly rows, each in the step before its outage begins."""
        guarded = copy.copy(programme)
        guarded.rows = dict(programme.rows)
        for cuts in self._layers():
            name = f"outage_{len(self.rows)}"
            self.rows[name] = cuts
            steps = [self._step(cut) for cut in cuts]

            def lay(values: list[float], absent: float, steps: list[int] = steps) -> Array:
                series = np.full(programme.steps, absent)
                series[steps] = values
                return series

            guarded.add_row(name, upper=lay([-cut.constant for cut in cuts], np.inf))
            for state in cuts[0].stored:
                guarded.add_term(name, state, lay([cut.stored[state] for cut in cuts], 0.0))
            for capacity in cuts[0].capacities:
                guarded.add_capacity_term(name, capacity, lay([cut.capacities[capacity] for cut in cuts], 0.0))
        return guarded

    def _layers(self) -> list[list[Cut]]:
        """Cuts in as few rows as hold at most one of each start."""
        layers: list[dict[int, Cut]] = []
        for cut in self.cuts:
            layer = next((layer for layer in layers if cut.start not in layer), None)
            if layer is None:
                layers.append({cut.start: cut})
            else:
                layer[cut.start] = cut
        return [list(layer.values()) for layer in layers]

    def _slack(self, cut: Cut, solution: Solution) -> float:
        """By how much a solution keeps a cut, MWh."""
        used = sum(value * solution.capacities[name] for name, value in cut.capacities.items())
        used += sum(value * float(solution.hourly[name][self._step(cut)]) for name, value in cut.stored.items())
        return -cut.constant - used

    def _step(self, cut: Cut) -> int:
        return int(_step_before(np.array([cut.start]), self.resources.block_steps)[0])


@dataclass(frozen=True, slots=True)
class _Store:
    """What a design has of a storage, MW and MWh, and what is in it before each step of the horizon."""

    kind: StorageResource
    stored_mwh: Array
    charge_mw: float
    discharge_mw: float
    energy_mwh: float
    kept: float
    """Share of what it holds that is there after a step."""


@dataclass(frozen=True, slots=True)
class _Site:
    """What a design has in an outage: MW and MWh; `net_mw` is the load less supply in every step of the horizon."""

    net_mw: Array
    stores: tuple[_Store, ...]
    backup_mw: float
    fuel_mwh: float


def find_cuts(resources: Resources, outage: OutageResource, solution: Solution) -> list[Cut]:
    """Cuts for starts that the design of a solution does not survive; none where it survives all."""
    site = _read_site(resources, outage, solution)
    length = outage.steps(resources)
    open_starts = _list_open_starts(resources, site, length)
    allowed = SURVIVED_TO * max(float(_need(resources, solution).max()) * length * resources.step_hours, 1.0)
    while open_starts.size:
        chosen = _choose_starts(open_starts, length)
        missing, cuts = _price_outages(resources, outage, site, solution, chosen)
        broken = [cut for cut, energy in zip(cuts, missing, strict=True) if energy > allowed]
        if broken:
            return broken
        open_starts = np.setdiff1d(open_starts, chosen, assume_unique=True)
    return []


def _read_site(resources: Resources, outage: OutageResource, solution: Solution) -> _Site:
    built = solution.capacities
    net = outage.share * _need(resources, solution)
    for supply in resources.supply:
        net = net - supply.availability * built[supply.name]
    backup = built["backup"] if resources.backup is not None else 0.0
    return _Site(
        net_mw=net,
        stores=tuple(_read_store(resources, storage, solution) for storage in resources.storages),
        backup_mw=max(backup, 0.0),
        fuel_mwh=max(backup, 0.0) * outage.fuel_hours if backup > 0 else 0.0,
    )


def _read_store(resources: Resources, storage: StorageResource, solution: Solution) -> _Store:
    built = solution.capacities
    before = _step_before(np.arange(resources.steps), resources.block_steps)
    stored = solution.hourly[storage.state][before]
    if not storage.cyclic:
        stored[:: resources.block_steps] = storage.initial_share * built[storage.usable]
    return _Store(
        kind=storage,
        stored_mwh=np.maximum(stored, 0.0),
        charge_mw=storage.charge_power_ratio * max(built[storage.charge_power], 0.0),
        discharge_mw=max(built[storage.power], 0.0),
        energy_mwh=max(built[storage.usable], 0.0),
        kept=1.0 - self_discharge_per_step(storage.self_discharge_per_hour, resources.step_hours),
    )


def _need(resources: Resources, solution: Solution) -> Array:
    """Electric load in each step that an outage would not let wait, MW."""
    load = resources.pue * resources.firm_mw
    for tranche in resources.tranches:
        if not tranche.may_wait:
            load = load + resources.pue * tranche.shape * solution.capacities[tranche.capacity]
    for measure in resources.measures:
        load = load - measure.saving_mw * solution.capacities[measure.name]
    return np.asarray(load)


def _step_before(steps: Steps, block_steps: int) -> Steps:
    return np.where(steps % block_steps == 0, steps + block_steps - 1, steps - 1)


def _steps_of(starts: Steps, length: int, block_steps: int) -> Steps:
    """Steps of the outages that begin in `starts`, shape `(starts, length)`; the end of a year wraps to its start."""
    block = starts // block_steps * block_steps
    return np.asarray(block[:, None] + (starts[:, None] - block[:, None] + np.arange(length)) % block_steps)


def _list_open_starts(resources: Resources, site: _Site, length: int) -> Steps:
    """Starts that neither of two simple schedules survives, the most energy missing first.

    One takes the storages before the fuel, the other keeps them full; with one storage and fuel for all hours the
    latter is the best there is.
    """
    missing = np.minimum(
        _simulate(resources, site, length, fuel_first=False), _simulate(resources, site, length, fuel_first=True)
    )
    order = np.argsort(-missing, kind="stable")
    return order[missing[order] > 0.0]


def _simulate(resources: Resources, site: _Site, length: int, *, fuel_first: bool) -> Array:
    """Energy that is missing in the outage of each start with a simple schedule, MWh: storages in their order."""
    hours, stores = resources.step_hours, site.stores
    steps = _steps_of(np.arange(resources.steps), length, resources.block_steps)
    states, tank = [store.stored_mwh.copy() for store in stores], np.full(resources.steps, site.fuel_mwh)
    missing, nothing = np.zeros(resources.steps), np.zeros(resources.steps)
    for k in range(length):
        net = site.net_mw[steps[:, k]]
        states = [store.kept * state for store, state in zip(stores, states, strict=True)]
        rooms = [
            np.minimum(
                store.charge_mw,
                np.maximum(store.energy_mwh - state, 0.0) / (store.kind.charge_efficiency * hours),
            )
            for store, state in zip(stores, states, strict=True)
        ]
        gives = [
            np.minimum(store.discharge_mw, state * store.kind.discharge_efficiency / hours)
            for store, state in zip(stores, states, strict=True)
        ]
        burn = np.minimum(site.backup_mw, tank / hours)
        backup = np.clip(net + sum(rooms, nothing) if fuel_first else net - sum(gives, nothing), 0.0, burn)
        rest = net - backup
        for i, store in enumerate(stores):
            charge, discharge = np.clip(-rest, 0.0, rooms[i]), np.clip(rest, 0.0, gives[i])
            stored = store.kind.charge_efficiency * charge - discharge / store.kind.discharge_efficiency
            states[i] = states[i] + hours * stored
            rest = rest + charge - discharge
        tank = tank - hours * backup
        missing += hours * np.maximum(rest, 0.0)
    return missing


def _choose_starts(starts: Steps, length: int) -> Steps:
    """The worst of the starts that lie apart, then others, up to a number."""
    apart: list[int] = []
    for start in starts.tolist():
        if all(abs(start - other) >= max(length // 2, 1) for other in apart):
            apart.append(start)
        if len(apart) == STARTS_A_ROUND:
            break
    rest = [start for start in starts[: 4 * STARTS_A_ROUND].tolist() if start not in set(apart)]
    return np.array((apart + rest)[:STARTS_A_ROUND], dtype=np.int64)


def _price_outages(
    resources: Resources, outage: OutageResource, site: _Site, solution: Solution, starts: Steps
) -> tuple[list[float], list[Cut]]:
    """The least energy that is missing in the outages of some starts, MWh, and the cut of each."""
    length, hours = outage.steps(resources), resources.step_hours
    steps = _steps_of(starts, length, resources.block_steps)
    programme = Staircase(steps.size, length)
    programme.add_row("balance", equal=site.net_mw[steps].ravel())
    programme.add_variable("missing", cost=hours)
    programme.add_variable("spill")
    programme.add_term("balance", "missing")
    programme.add_term("balance", "spill", -1.0)
    has_fuel = resources.backup is not None and math.isfinite(outage.fuel_hours)
    if resources.backup is not None:
        programme.add_variable("backup", upper=site.backup_mw)
        programme.add_term("balance", "backup")
    if has_fuel:
        programme.add_variable("burnt", upper=site.fuel_mwh)
        programme.add_row("tank", equal=0.0)
        programme.add_term("tank", "burnt")
        programme.add_term("tank", "burnt", -1.0, lagged=True, cyclic=False)
        programme.add_term("tank", "backup", -hours)
    for store in site.stores:
        _add_store(programme, store, hours, store.kept * store.stored_mwh[starts])
    answer = solve(programme, "highs")
    shape = steps.shape
    price = answer.row_prices["balance"].reshape(shape)

    nothing = np.zeros(len(starts))

    def bound(name: str) -> Array:
        return answer.bound_prices[name].reshape(shape).sum(axis=1) if name in answer.bound_prices else nothing

    capacities: dict[str, Array] = {
        supply.name: -(price * supply.availability[steps]).sum(axis=1) for supply in resources.supply
    }
    for tranche in resources.tranches:
        if not tranche.may_wait:
            need = resources.pue * tranche.shape
            capacities[tranche.capacity] = outage.share * (price * need[steps]).sum(axis=1)
    for measure in resources.measures:
        capacities[measure.name] = -outage.share * (price * measure.saving_mw[steps]).sum(axis=1)
    if resources.backup is not None:
        capacities["backup"] = bound("backup") + (outage.fuel_hours * bound("burnt") if has_fuel else 0.0)
    stored: dict[str, Array] = {}
    for store in site.stores:
        storage, first = store.kind, starts % resources.block_steps == 0
        worth = answer.row_prices[storage.row].reshape(shape)[:, 0] * store.kept
        begins = first & (not storage.cyclic)
        capacities[storage.power] = bound(storage.discharge)
        drawn = storage.charge_power_ratio * bound(storage.charge)
        capacities[storage.charge_power] = capacities.get(storage.charge_power, nothing) + drawn
        capacities[storage.usable] = bound(storage.state) + np.where(begins, worth * storage.initial_share, 0.0)
        stored[storage.state] = np.where(begins, 0.0, worth)
    constant = outage.share * (price * (resources.pue * resources.firm_mw)[steps]).sum(axis=1)
    need = (price * _need(resources, solution)[steps]).sum(axis=1)
    missing = answer.hourly["missing"].reshape(shape).sum(axis=1) * hours
    return missing.tolist(), [
        Cut(
            start=int(start),
            constant=float(constant[i]),
            stored={name: float(values[i]) for name, values in stored.items()},
            capacities={name: float(values[i]) for name, values in capacities.items()},
            need=float(need[i]),
        )
        for i, start in enumerate(starts)
    ]


def _add_store(programme: Staircase, store: _Store, hours: float, first_mwh: Array) -> None:
    """A storage in outages that begin with `first_mwh` in it, one for each outage."""
    storage = store.kind
    begun = np.zeros((len(first_mwh), programme.block_steps))
    begun[:, 0] = first_mwh
    programme.add_variable(storage.charge, upper=store.charge_mw)
    programme.add_variable(storage.discharge, upper=store.discharge_mw)
    programme.add_variable(storage.state, upper=store.energy_mwh)
    programme.add_row(storage.row, equal=begun.ravel())
    programme.add_term(storage.row, storage.state)
    programme.add_term(storage.row, storage.state, -store.kept, lagged=True, cyclic=False)
    programme.add_term(storage.row, storage.charge, -storage.charge_efficiency * hours)
    programme.add_term(storage.row, storage.discharge, hours / storage.discharge_efficiency)
    programme.add_term("balance", storage.charge, -1.0)
    programme.add_term("balance", storage.discharge)
