"""An outage of the grid of N hours that may begin in any hour of the year, and is survived.

Whatever the hour t in which it begins, what is built and what is then stored carry a share of the firm load for N hours
without import, each outage with a schedule of its own:

    backup[k] + discharge[k] - charge[k] - spill[k]  =  share need[t+k] - sum_g a[g,t+k] x_g          k = 0..N-1
    state[k]  = kept state[k-1] + eta_c h charge[k] - h discharge[k] / eta_d,    state[-1] = soc[t-1]
    backup[k] <= x_backup,  h sum_k backup[k] <= fuel_hours x_backup
    charge[k], discharge[k] <= x_power,  state[k] <= x_energy

with `need` the electric load of compute that cannot wait, less what measures save. The starts are enumerated, exactly,
but not written into one programme, which would have N times the hours. The plan is found without them; each start that
its design would not survive then gives one inequality, from the prices of the least energy that is missing,

    sum_k price[k] (share need[t+k] - supply[t+k]) + worths of capacities + worth of soc[t-1] <= 0,

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
from kiban.planning.resources import OutageResource, Resources

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

    `sum_k capacities[k] x_k + stored soc[start-1] <= -constant`; `need` is the load in it at a share of one.
    """

    start: int
    constant: float
    stored: float
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
            if self.resources.battery is not None:
                guarded.add_term(name, "state_of_charge", lay([cut.stored for cut in cuts], 0.0))
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
        if self.resources.battery is not None:
            used += cut.stored * float(solution.hourly["state_of_charge"][self._step(cut)])
        return -cut.constant - used

    def _step(self, cut: Cut) -> int:
        return int(_step_before(np.array([cut.start]), self.resources.block_steps)[0])


@dataclass(frozen=True, slots=True)
class _Site:
    """What a design has in an outage: MW and MWh; `net_mw` is the load less supply in every step of the horizon."""

    net_mw: Array
    stored_mwh: Array
    power_mw: float
    energy_mwh: float
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
    battery = resources.battery
    net = outage.share * _need(resources, solution)
    for supply in resources.supply:
        net = net - supply.availability * built[supply.name]
    stored = np.zeros(resources.steps)
    if battery is not None:
        before = _step_before(np.arange(resources.steps), resources.block_steps)
        stored = solution.hourly["state_of_charge"][before]
        if not battery.cyclic:
            stored[:: resources.block_steps] = battery.initial_share * built[battery.usable]
    backup = built["backup"] if resources.backup is not None else 0.0
    return _Site(
        net_mw=net,
        stored_mwh=np.maximum(stored, 0.0),
        power_mw=max(built["battery_power"], 0.0) if battery is not None else 0.0,
        energy_mwh=max(built[battery.usable], 0.0) if battery is not None else 0.0,
        backup_mw=max(backup, 0.0),
        fuel_mwh=max(backup, 0.0) * outage.fuel_hours if backup > 0 else 0.0,
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

    One takes the battery before the fuel, the other keeps the battery full; where there is fuel for all hours the
    latter is the best there is.
    """
    missing = np.minimum(
        _simulate(resources, site, length, fuel_first=False), _simulate(resources, site, length, fuel_first=True)
    )
    order = np.argsort(-missing, kind="stable")
    return order[missing[order] > 0.0]


def _simulate(resources: Resources, site: _Site, length: int, *, fuel_first: bool) -> Array:
    """Energy that is missing in the outage of each start with a simple schedule, MWh."""
    battery, hours = resources.battery, resources.step_hours
    kept = 1.0 - self_discharge_per_step(battery.self_discharge_per_hour, hours) if battery is not None else 1.0
    into = battery.charge_efficiency if battery is not None else 1.0
    ratio = battery.charge_power_ratio if battery is not None else 1.0
    out = battery.discharge_efficiency if battery is not None else 1.0
    steps = _steps_of(np.arange(resources.steps), length, resources.block_steps)
    state, tank = site.stored_mwh.copy(), np.full(resources.steps, site.fuel_mwh)
    missing = np.zeros(resources.steps)
    for k in range(length):
        net = site.net_mw[steps[:, k]]
        state = kept * state
        room = np.minimum(ratio * site.power_mw, np.maximum(site.energy_mwh - state, 0.0) / (into * hours))
        give = np.minimum(site.power_mw, state * out / hours)
        burn = np.minimum(site.backup_mw, tank / hours)
        backup = np.clip(net + room if fuel_first else net - give, 0.0, burn)
        rest = net - backup
        charge, discharge = np.minimum(np.maximum(-rest, 0.0), room), np.minimum(np.maximum(rest, 0.0), give)
        state = state + hours * (into * charge - discharge / out)
        tank = tank - hours * backup
        missing += hours * np.maximum(rest - discharge, 0.0)
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
    length, hours, battery = outage.steps(resources), resources.step_hours, resources.battery
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
    kept = 0.0
    if battery is not None:
        kept = 1.0 - self_discharge_per_step(battery.self_discharge_per_hour, hours)
        first = np.zeros(steps.shape)
        first[:, 0] = kept * site.stored_mwh[starts]
        programme.add_variable("charge", upper=battery.charge_power_ratio * site.power_mw)
        programme.add_variable("discharge", upper=site.power_mw)
        programme.add_variable("state", upper=site.energy_mwh)
        programme.add_row("storage", equal=first.ravel())
        programme.add_term("storage", "state")
        programme.add_term("storage", "state", -kept, lagged=True, cyclic=False)
        programme.add_term("storage", "charge", -battery.charge_efficiency * hours)
        programme.add_term("storage", "discharge", hours / battery.discharge_efficiency)
        programme.add_term("balance", "charge", -1.0)
        programme.add_term("balance", "discharge")
    answer = solve(programme, "highs")
    shape = steps.shape
    price = answer.row_prices["balance"].reshape(shape)

    nothing = np.zeros(len(starts))

    def bound(name: str) -> Array:
        return answer.bound_prices[name].reshape(shape).sum(axis=1) if name in answer.bound_prices else nothing

    stored = answer.row_prices["storage"].reshape(shape)[:, 0] * kept if battery is not None else nothing
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
    if battery is not None:
        capacities["battery_power"] = battery.charge_power_ratio * bound("charge") + bound("discharge")
        begins = np.zeros(len(starts), dtype=bool) if battery.cyclic else starts % resources.block_steps == 0
        capacities[battery.usable] = bound("state") + np.where(begins, stored * battery.initial_share, 0.0)
        stored = np.where(begins, 0.0, stored)
    constant = outage.share * (price * (resources.pue * resources.firm_mw)[steps]).sum(axis=1)
    need = (price * _need(resources, solution)[steps]).sum(axis=1)
    missing = answer.hourly["missing"].reshape(shape).sum(axis=1) * hours
    return missing.tolist(), [
        Cut(
            start=int(start),
            constant=float(constant[i]),
            stored=float(stored[i]),
            capacities={name: float(values[i]) for name, values in capacities.items()},
            need=float(need[i]),
        )
        for i, start in enumerate(starts)
    ]
