"""What one unit of each of an engineer's levers is worth a year at the campus of a plan.

By a price of the plan where it has one; by the optimum of the same programme with the unit changed where it has none;
and by operating the plan once more where the lever is one of operation.

    pue                 the PUE of every hour, 0.01 lower, and not below 1
    compute_energy      the same work with one per cent less energy (lower precision, pruning, a power cap); IT capacity
                        is counted as it is, since the chips stay
    deferrable_share    one per cent of the load's energy more that may wait
    delay               one hour longer that it may wait
    supply_temperature  cooling supplied one degree warmer
    round_trip          of the battery one point more, half of it in charging
    wear                a MWh through the battery 1,000 yen cheaper
    forecast_error      errors of the forecast a tenth smaller
    window              windows a day longer
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from kiban.calendar import HOURS_PER_DAY, HOURS_PER_YEAR
from kiban.errors import InputError, Problem
from kiban.linear import Solution, solve
from kiban.messages import Message
from kiban.operation.forecast.synthetic import ErrorModel, ErrorSize, SyntheticForecast, read_error_model
from kiban.operation.horizon import Manner, operate
from kiban.operation.running import Arrangement, arrange
from kiban.planning.preparation import prepare
from kiban.planning.programme import write_programme
from kiban.planning.resources import Resources
from kiban.progress import Report, say_nothing

if TYPE_CHECKING:
    from kiban.planning.plan import Plan

PUE_STEP: Final = 0.01
SHARE_STEP: Final = 0.01
WEAR_STEP_MYEN_PER_MWH: Final = 1e-3
ERROR_STEP: Final = 0.1
FoundBy = Literal["price", "design", "operation"]
PRICE: Final = "price"
DESIGN: Final = "design"
OPERATION: Final = "operation"


@dataclass(frozen=True, slots=True)
class Lever:
    """A lever, and what one `step` of it (in `unit`) saves a year, million yen; below zero where it costs."""

    name: str
    step: float
    unit: str
    saving_myen_per_year: float
    found_by: FoundBy


def weigh_levers(plan: Plan, report: Report | None = None) -> tuple[Lever, ...]:
    """The levers of a plan, the most valuable first.

    Raises `InputError` for a plan without a design. What operation does not know of a plan leaves its levers out.
    """
    tell = report or say_nothing
    if plan.status != "optimal":
        raise InputError(Problem("operation.no_design"))
    tell(Message("progress.levers"))
    found = [*_by_price(plan), *_by_design(plan)]
    try:
        arranged = arrange(plan, report=report)
    except InputError as error:
        if any(problem.code != "operation.uncovered" for problem in error.problems):
            raise
    else:
        found += _by_operation(arranged)
    return tuple(sorted(found, key=lambda lever: (-lever.saving_myen_per_year, lever.name)))


def _by_price(plan: Plan) -> Iterator[Lever]:
    units = {"delay": "hour", "supply_temperature": "degc"}
    for worth in plan.worths:
        if worth.name in units:
            yield Lever(worth.name, 1.0, units[worth.name], worth.saving_myen, PRICE)


def _by_design(plan: Plan) -> Iterator[Lever]:
    preparation = prepare(plan.scenario)
    resources = preparation.resources_for(plan.cooling_system)
    base = solve(write_programme(resources))

    def save(changed: Resources) -> float | None:
        return _saving(base, solve(write_programme(changed)))

    yield from _lever("pue", PUE_STEP, "1", save(replace(resources, pue=np.maximum(resources.pue - PUE_STEP, 1.0))))
    yield from _lever("compute_energy", SHARE_STEP, "share", _save_energy(resources, base))
    more = _more_that_waits(resources)
    if more is not None:
        yield from _lever("deferrable_share", SHARE_STEP, "share", save(more))
    battery = resources.battery
    if battery is not None and plan.capacities["battery_energy_mwh"] > 0.0:
        # A point of the round trip is half a point of each way, nearly.
        better = min((battery.charge_efficiency * battery.discharge_efficiency + SHARE_STEP), 1.0) / (
            battery.charge_efficiency * battery.discharge_efficiency
        )
        efficient = replace(
            battery,
            charge_efficiency=battery.charge_efficiency * better**0.5,
            discharge_efficiency=battery.discharge_efficiency * better**0.5,
        )
        yield from _lever("round_trip", SHARE_STEP, "share", save(replace(resources, battery=efficient)))
        worn = replace(
            battery, throughput_cost_myen_per_mwh=battery.throughput_cost_myen_per_mwh + WEAR_STEP_MYEN_PER_MWH
        )
        dearer = save(replace(resources, battery=worn))
        yield from _lever("wear", WEAR_STEP_MYEN_PER_MWH, "myen_per_mwh", None if dearer is None else -dearer)


def _lever(name: str, step: float, unit: str, saving: float | None, found_by: FoundBy = DESIGN) -> Iterator[Lever]:
    if saving is not None:
        yield Lever(name, step, unit, saving, found_by)


def _saving(base: Solution, changed: Solution) -> float | None:
    """What the changed programme costs less; None where one of them has no optimum."""
    if base.certificate is None or changed.certificate is None:
        return None
    return base.certificate.primal - changed.certificate.primal


def _save_energy(resources: Resources, base: Solution) -> float | None:
    """One per cent less energy for the same work, on the IT capacity as it is."""
    left = 1.0 - SHARE_STEP
    less = solve(
        write_programme(
            replace(
                resources,
                firm_mw=resources.firm_mw * left,
                arrivals_mw=resources.arrivals_mw * left,
                max_backlog_mwh=resources.max_backlog_mwh * left,
            )
        )
    )
    saving = _saving(base, less)
    if saving is None:
        return None
    return saving - resources.it_annual_cost_myen_per_mw * (base.capacities["it"] - less.capacities["it"])


def _more_that_waits(resources: Resources) -> Resources | None:
    """One per cent of the load's energy more that may wait, of the shape of what waits; None where none does."""
    firm, arrivals = float(resources.firm_mw.sum()), float(resources.arrivals_mw.sum())
    moved = SHARE_STEP * (firm + arrivals)
    if arrivals <= 0.0 or moved > firm:
        return None
    more = 1.0 + moved / arrivals
    return replace(
        resources,
        firm_mw=resources.firm_mw * (1.0 - moved / firm),
        arrivals_mw=resources.arrivals_mw * more,
        max_backlog_mwh=resources.max_backlog_mwh * more,
    )


def _by_operation(arranged: Arrangement) -> Iterator[Lever]:
    """Errors a tenth smaller, and windows a day longer."""
    manner, setting = arranged.manner, arranged.setting
    conditions = setting.conditions
    years = conditions.steps * conditions.step_hours / HOURS_PER_YEAR

    def cost(changed: Manner) -> float:
        course = operate(setting.facility, conditions, setting.valuation, changed)
        return sum(course.costs(setting.valuation).values()) / years

    base = cost(manner)
    model, publication_hour = read_error_model(arranged.recorder.take)
    better = SyntheticForecast(conditions, _smaller(model), publication_hour, arranged.circumstances.seed)
    yield Lever("forecast_error", ERROR_STEP, "share", base - cost(replace(manner, forecast=better)), OPERATION)
    day = round(HOURS_PER_DAY / conditions.step_hours)
    if manner.horizon_steps + day <= conditions.steps:
        longer = cost(replace(manner, horizon_steps=manner.horizon_steps + day))
        yield Lever("window", float(HOURS_PER_DAY), "hour", base - longer, OPERATION)


def _smaller(model: ErrorModel) -> ErrorModel:
    def smaller(size: ErrorSize) -> ErrorSize:
        return ErrorSize(size.now * (1.0 - ERROR_STEP), size.grown * (1.0 - ERROR_STEP))

    return replace(model, wind=smaller(model.wind), pv=smaller(model.pv))
