"""What a plan expects of its campus at most and at least: the numbers by which whoever operates it judges an hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from kiban.arrays import Array
from kiban.errors import InputError, Problem
from kiban.operation.conditions import ARRIVALS, FIRM, PUE, Conditions, read_conditions
from kiban.operation.facility import Facility, list_plants, read_facility, served_load
from kiban.operation.live.campus import read_campus
from kiban.planning.preparation import prepare

if TYPE_CHECKING:
    from kiban.planning.plan import Plan

DAYS_PER_WEEK: Final = 7
DAYS_PER_MONTH: Final = 30
LEAST_LOAD_MWH: Final = 1e-9
UNCOVERED: Final = ("operation.uncovered", "operation.unmetered")


@dataclass(frozen=True, slots=True)
class BuiltStore:
    """A storage that is built: power in and out at the meter, MW, and energy, MWh."""

    charge_mw: float
    discharge_mw: float
    energy_mwh: float
    discharge_efficiency: float


@dataclass(frozen=True, eq=False)
class Bounds:
    """Extremes of a plan's hours and limits of what it built. Power in MW, energy in MWh."""

    it_mw: float
    firm_most_mw: float
    firm_least_mw: float
    flexible_mw: float
    """The most that compute which can wait may draw: IT less the least firm compute."""
    delay_hours: float
    waiting_mwh: float
    """The most that can come within the allowed delay."""
    pue_mean: float
    pue_most: float
    load_most_mw: float
    import_limit_mw: float
    export_limit_mw: float
    backup_mw: float
    backup_week_hours: float
    """Hours in which the backup runs in the worst seven days."""
    clean_share_month: float
    """Mean of the daily clean shares in the worst thirty days."""
    reserve_least_mw: float
    """What firm compute would have to spare in the worst step if the grid were lost for an hour."""
    reserve_short_hours: float
    """Time of the plan in which that is below zero."""
    plants_mw: Mapping[str, float]
    free_plants: tuple[str, ...]
    """Those whose output costs nothing: the campus says of each what it could give."""
    stores: Mapping[str, BuiltStore]
    battery: BuiltStore | None
    refused: tuple[str, ...]
    """Scenario keys of what the plan has built and the living service does not operate."""


def read_bounds(plan: Plan, *, runs_share: float) -> Bounds:
    """The bounds of a plan of any facility; the backup runs where it gives more than `runs_share` of its rating.

    Raises `InputError` for a plan without a design, and for inputs that cannot be read any more.
    """
    if plan.status != "optimal":
        raise InputError(Problem("operation.no_design"))
    preparation = prepare(plan.scenario)
    resources = preparation.resources_for(plan.cooling_system)
    load = served_load(plan, resources.tranches)
    conditions = read_conditions(resources, preparation.time, list_plants(plan, resources), load)
    facility = read_facility(plan, resources)
    firm, pue, arrivals = (conditions.series[name] for name in (FIRM, PUE, ARRIVALS))
    hours, per_day = facility.step_hours, round(24.0 / facility.step_hours)
    zero = np.zeros(conditions.steps)
    runs = plan.hourly.get("backup_mw", zero) > runs_share * facility.backup_limit_mw
    reserve = reserve_without_grid(facility, conditions, plan)
    stores = {
        store.name: BuiltStore(
            float(np.max(store.charge_limit_mw)),
            float(np.max(store.discharge_limit_mw)),
            store.energy_mwh,
            float(np.mean(store.discharge_efficiency)),
        )
        for store in facility.stores
    }
    return Bounds(
        it_mw=facility.it_mw,
        firm_most_mw=float(firm.max()),
        firm_least_mw=float(firm.min()),
        flexible_mw=max(facility.it_mw - float(firm.min()), 0.0),
        delay_hours=facility.delay_steps * hours,
        waiting_mwh=_most_over(arrivals, facility.delay_steps) * hours,
        pue_mean=float(pue.mean()),
        pue_most=float(pue.max()),
        load_most_mw=float(plan.hourly["load_mw"].max()),
        import_limit_mw=float(facility.import_limit_mw.max(initial=0.0)),
        export_limit_mw=float(facility.export_limit_mw.max(initial=0.0)),
        backup_mw=facility.backup_limit_mw,
        backup_week_hours=_most_over(runs.astype(float), DAYS_PER_WEEK * per_day) * hours,
        clean_share_month=_least_mean(_clean_shares(facility, conditions, plan, per_day), DAYS_PER_MONTH),
        reserve_least_mw=float(reserve.min()),
        reserve_short_hours=float((reserve < 0.0).sum()) * hours,
        plants_mw={name: plan.capacities[f"{name}_mw"] for name in facility.supply},
        free_plants=tuple(one.name for one in facility.plants),
        stores=stores,
        battery=None if facility.battery is None else stores[facility.battery.name],
        refused=list_refused(plan),
    )


def list_refused(plan: Plan) -> tuple[str, ...]:
    """Scenario keys of what the plan has built and the living service does not operate."""
    try:
        read_campus(plan)
    except InputError as error:
        if any(problem.code not in UNCOVERED for problem in error.problems):
            raise
        names = [problem.values["names"] for problem in error.problems]
        return tuple(str(name) for some in names if isinstance(some, tuple | list) for name in some)
    return ()


def reserve_without_grid(facility: Facility, conditions: Conditions, plan: Plan) -> Array:
    """What firm compute would have to spare in each step of the plan if the grid were lost for an hour, MW.

    What plants could give, the battery's power as far as its charge lasts for an hour, and the backup, less what firm
    compute draws at the meter. What other stores hold and paid plants give is not counted: nobody measures it.
    """
    hours, battery = plan.hourly, facility.battery
    possible = sum((hours[f"{one.name}_available_mw"] for one in facility.plants), np.zeros(conditions.steps))
    stored: Array | float = 0.0
    if battery is not None:
        held = hours["state_of_charge_mwh"] * float(np.mean(battery.discharge_efficiency))
        stored = np.minimum(held, np.asarray(battery.discharge_limit_mw))
    found: Array = possible + stored + facility.backup_limit_mw - conditions.series[FIRM] * conditions.series[PUE]
    return found


def _clean_shares(facility: Facility, conditions: Conditions, plan: Plan, per_day: int) -> Array:
    """The clean share of each whole day, as the living service measures it (`hindsight`)."""
    given = np.array([plan.hourly.get(name, np.zeros(conditions.steps)) for name in facility.sources])
    unclean = (facility.unclean_shares(conditions.grid_clean_share) * given).sum(axis=0)
    days = conditions.steps // per_day * per_day
    unclean_mwh, load_mwh = (
        values[:days].reshape(-1, per_day).sum(axis=1) for values in (unclean, plan.hourly["load_mw"])
    )
    found: Array = 1.0 - np.minimum(unclean_mwh / np.maximum(load_mwh, LEAST_LOAD_MWH), 1.0)
    return found


def _most_over(values: Array, steps: int) -> float:
    """The greatest sum of so many steps in a row; the year goes round."""
    if steps >= values.size:
        return float(values.sum())
    summed = np.cumsum(np.concatenate([[0.0], values, values[: max(steps - 1, 0)]]))
    return float((summed[steps:] - summed[: summed.size - steps]).max())


def _least_mean(values: Array, days: int) -> float:
    """The least mean of so many days in a row, or of all where there are fewer."""
    return -_most_over(-values, days) / min(days, values.size) if values.size else 0.0
