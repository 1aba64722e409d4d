"""RUN: from a plan to its operation under conditions that are not known in advance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from kiban.errors import InputError, Problem
from kiban.messages import Message
from kiban.operation.bill import planned_bill, write_bill
from kiban.operation.budget import expect
from kiban.operation.conditions import Conditions, read_conditions
from kiban.operation.course import Course, count_starts
from kiban.operation.disturbance import change_conditions, disturb_forecast, list_events
from kiban.operation.events import BACKUP, GRID, Event
from kiban.operation.expectation import gather_expectation
from kiban.operation.facility import Facility, list_plants, list_uncovered, read_facility, served_load
from kiban.operation.flexibility import Flexibility, assess, read_product, sees_calls
from kiban.operation.forecast.choice import Circumstances, Wanted, choose_forecast
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.foresight import Foresight, foresee, value_states
from kiban.operation.horizon import Hour, Manner, operate
from kiban.operation.imbalance import ImbalanceRule, count_gate_steps, read_imbalance_rule, weigh_imbalance
from kiban.operation.occurrences import EventText, Occurrence, read_occurrences
from kiban.operation.operation import Operation, Regret, Solving
from kiban.operation.outage_reserve import hold_for_outage
from kiban.operation.period import Period, read_period
from kiban.operation.purchases import list_series
from kiban.operation.settlement import Settlement, japanese_holidays, load_market_rules, read_rule, settle
from kiban.operation.valuation import Valuation, read_valuation
from kiban.operation.weeks import find_weeks
from kiban.planning.preparation import Preparation, prepare
from kiban.planning.provenance import Recorder
from kiban.policy.tax_law import law_day
from kiban.progress import Report, say_nothing

if TYPE_CHECKING:
    from kiban.planning.plan import Plan
    from kiban.planning.resources import OutageResource


@dataclass(frozen=True, eq=False)
class Setting:
    """A facility, the conditions that it meets, and what it is judged by."""

    facility: Facility
    conditions: Conditions
    valuation: Valuation


@dataclass(frozen=True, eq=False)
class Arrangement:
    """What an operation begins with: its setting and manner without events, and the best course of the same hours."""

    setting: Setting
    own: Setting
    """Of the plan's own year."""
    manner: Manner
    best: Foresight
    circumstances: Circumstances
    area: str | None
    """Area of the grid, None abroad."""
    notes: tuple[Message, ...]
    recorder: Recorder


def run(
    plan: Plan,
    *,
    period: Period | None = None,
    forecast: Wanted = "synthetic",
    hour: Hour = "merit",
    horizon_hours: float | None = None,
    events: Sequence[Event] | str | Path | EventText = (),
    in_detail: bool = False,
    report: Report | None = None,
) -> Operation:
    """The operation of a plan.

    `period` names the weather, the prices and the days that it meets; None is the plan's own year. `forecast` is what
    is known ahead: a name, a file of forecasts, a trained model, or an object that was made for those conditions; what
    it knows of the past is the plan's own year. `events` are units that fail, or a file of events (`occurrences`).
    `in_detail` keeps what was expected of each step and what each week cost, which the report of an operation shows.
    `hour` says whether an hour is balanced in merit order of its window's prices or solved again once it is measured;
    windows are `horizon_hours` long (absent takes the catalogue's). Raises `InputError` for a plan that cannot be
    operated and for input that cannot be used.
    """
    tell = report or say_nothing
    arranged = arrange(plan, period=period, forecast=forecast, hour=hour, horizon_hours=horizon_hours, report=report)
    setting, best, circumstances, recorder = (
        arranged.setting,
        arranged.best,
        arranged.circumstances,
        arranged.recorder,
    )
    conditions, notes = setting.conditions, arranged.notes
    manner = arranged.manner
    if not isinstance(events, str | Path | EventText):
        manner = replace(manner, events=tuple(events))
    tell(Message("progress.operating", steps=conditions.steps))
    happening = (setting, manner) if events else None
    occurrences: tuple[Occurrence, ...] = ()
    units = (GRID, BACKUP, *setting.facility.units)
    if isinstance(events, str | Path | EventText):
        occurrences = read_occurrences(events, conditions, units)
        changed = replace(setting, conditions=change_conditions(occurrences, conditions))
        foreseen = choose_forecast(forecast, replace(circumstances, conditions=changed.conditions), recorder.take)
        foreseen = disturb_forecast(foreseen, occurrences, conditions.step_hours)
        happening = changed, replace(manner, forecast=foreseen, events=list_events(occurrences, changed.facility))
        notes = (*notes, *(one.note(conditions.step_hours) for one in occurrences))
    closure = _read_closure(plan, arranged)
    gate = 0 if closure is None else count_gate_steps(closure, manner, conditions.step_hours)
    course, regret = _operate(setting, manner, best, happening, tell, in_detail=in_detail, gate_steps=gate)
    ran, how = (setting, manner) if happening is None else happening
    operation = _describe(plan, ran, manner, best, course, regret)
    if in_detail:
        expectation = gather_expectation(course.days, course.net_load_mw)
        weeks = find_weeks(course, best.course, setting.valuation)
        operation = replace(operation, expectation=expectation, weeks=weeks)
    tell(Message("progress.flexibility"))
    flexibility = _assess(plan, arranged, ran, how, course, dated=period is not None)
    settlement = _settle(operation, arranged.area, flexibility, occurrences, recorder)
    operation = replace(operation, flexibility=flexibility, settlement=settlement, occurrences=occurrences, units=units)
    if closure is not None:
        imbalance = weigh_imbalance(course, closure, recorder.take("market.imbalance_spread"))
        operation = replace(operation, imbalance=imbalance)
    return replace(operation, provenance=tuple(recorder), notes=notes, dated=period is not None)


def arrange(
    plan: Plan,
    *,
    period: Period | None = None,
    forecast: Wanted = "synthetic",
    hour: Hour = "merit",
    horizon_hours: float | None = None,
    report: Report | None = None,
) -> Arrangement:
    """Everything that is read and foreseen before a plan is operated; see `run`."""
    tell = report or say_nothing
    if plan.status != "optimal":
        raise InputError(Problem("operation.no_design"))
    tell(Message("progress.inputs"))
    preparation = prepare(plan.scenario)
    resources = preparation.resources_for(plan.cooling_system)
    uncovered = list_uncovered(plan, resources)
    if uncovered:
        raise InputError(Problem("operation.uncovered", names=uncovered))
    take = preparation.recorder.take
    asked_hours = take("operation.window") if horizon_hours is None else horizon_hours
    valuation = read_valuation(plan, take("operation.unserved_price"), take("compute.unserved_price"))
    bare = _set(plan, preparation, valuation)
    planned = _hold(bare, bare, resources.outage)
    planned = replace(planned, valuation=value_states(planned.facility, planned.conditions, valuation))
    tell(Message("progress.foresight"))
    best = own = foresee(planned.facility, planned.conditions, planned.valuation)
    setting, recorder, notes = planned, preparation.recorder, preparation.notes
    if period is not None:
        met, first, end = read_period(plan, period)
        setting = _hold(_set(plan, met, planned.valuation), bare, resources.outage)
        setting = replace(
            setting, facility=setting.facility.operated(first, end), conditions=setting.conditions.cut(first, end)
        )
        recorder, notes = met.recorder, met.notes
        best = foresee(setting.facility, setting.conditions, setting.valuation)
    conditions = setting.conditions
    horizon_steps = max(round(asked_hours / conditions.step_hours), 1)
    place = preparation.place
    circumstances = Circumstances(
        conditions, planned.conditions, place.latitude_deg, place.longitude_deg, horizon_steps, plan.scenario.seed
    )
    known = choose_forecast(forecast, circumstances, recorder.take)
    budgets = expect(own.course, plan.scenario.target.clean_share, planned.valuation, conditions.time)
    manner = Manner(
        forecast=known,
        horizon_steps=horizon_steps,
        hour=hour,
        budgets=budgets,
    )
    return Arrangement(setting, planned, manner, best, circumstances, place.area, tuple(notes), recorder)


def _set(plan: Plan, preparation: Preparation, valuation: Valuation) -> Setting:
    resources = preparation.resources_for(plan.cooling_system)
    load = served_load(plan, resources.tranches)
    bought = None if resources.procurement is None else list_series(plan, resources)
    conditions = read_conditions(resources, preparation.time, list_plants(plan, resources), load, bought)
    return Setting(read_facility(plan, resources), conditions, valuation)


def _hold(setting: Setting, own: Setting, outage: OutageResource | None) -> Setting:
    """The setting with the reserve for an outage, found in the plan's own year."""
    if outage is None:
        return setting
    held = hold_for_outage(setting.facility, setting.conditions, own.facility, own.conditions, outage)
    return replace(setting, facility=held)


def _operate(
    setting: Setting,
    manner: Manner,
    best: Foresight,
    happening: tuple[Setting, Manner] | None,
    tell: Report,
    *,
    in_detail: bool,
    gate_steps: int,
) -> tuple[Course, Regret]:
    """The operation, and its regret: each part is the difference of two operations that differ in one thing.

    `happening` is the setting and the manner with events; None where nothing happens. `in_detail` keeps the days of the
    operation itself, `gate_steps` its plans for the exchange.
    """
    calm = replace(manner, events=())
    perfect = replace(calm, forecast=PerfectForecast(setting.conditions))
    steps = [(setting, perfect)]
    if not manner.forecast.measures_first_step:
        steps.append((setting, replace(calm, hour="measured")))
        if manner.hour == "merit":
            steps.append((setting, calm))
    elif not isinstance(manner.forecast, PerfectForecast):
        steps.append((setting, calm))
    if happening is not None:
        steps.append(happening)

    ran, how = steps[-1]
    steps[-1] = ran, replace(how, keeps_days=in_detail, gate_steps=gate_steps)
    passed = _count_windows(len(steps) * setting.conditions.steps, tell)

    def go(one: tuple[Setting, Manner]) -> Course:
        met, manner = one
        return operate(met.facility, met.conditions, met.valuation, manner, passed=passed)

    with ThreadPoolExecutor(len(steps), thread_name_prefix="kiban-operation") as pool:
        # Each in a context of its own, so that it hears when nobody waits any more.
        courses = [one.result() for one in [pool.submit(copy_context().run, go, step) for step in steps]]
    costs = [sum(one.costs(setting.valuation).values()) for one in courses]
    with_events = costs[-1] if happening is not None else None
    calm_costs = costs[:-1] if happening is not None else costs
    foreseen = sum(best.course.costs(setting.valuation).values())
    forecast_cost = calm_costs[min(1, len(calm_costs) - 1)]
    regret = Regret(
        horizon_myen=calm_costs[0] - foreseen,
        forecast_myen=forecast_cost - calm_costs[0],
        hour_myen=calm_costs[-1] - forecast_cost,
        events_myen=0.0 if with_events is None else with_events - calm_costs[-1],
    )
    return courses[-1], regret


def _count_windows(total: int, tell: Report) -> Callable[[int], None]:
    """Tells how many windows of all operations are solved, whichever thread solves them."""
    solved, lock = [0], Lock()

    def passed(count: int) -> None:
        with lock:
            solved[0] += count
            tell(Message("progress.windows", done=solved[0], of=total))

    return passed


def _has_market(plan: Plan, arranged: Arrangement) -> bool:
    return plan.scenario.grid.enabled and f"market.capacity_price.{arranged.area}" in arranged.recorder.catalogue


def _read_closure(plan: Plan, arranged: Arrangement) -> ImbalanceRule | None:
    """When plans for the exchange are closed and what holds for the price of what differs; None without market."""
    if not _has_market(plan, arranged):
        return None
    return read_imbalance_rule(load_market_rules(), law_day(int(arranged.recorder.take("market.delivery_year"))))


def _assess(
    plan: Plan, arranged: Arrangement, setting: Setting, manner: Manner, course: Course, *, dated: bool
) -> Flexibility | None:
    """What could be offered to the capacity market; None without connection, market, or a window that sees a call.

    The offer rests on the plan's own year under synthetic forecasts: of `dated` days nothing is known when it is made.
    """
    if not _has_market(plan, arranged):
        return None
    product = read_product(arranged.recorder.take, str(arranged.area))
    if not sees_calls(manner, product, setting.conditions.step_hours):
        return None
    rule = read_rule(load_market_rules(), law_day(int(arranged.recorder.take("market.delivery_year"))))
    known = None
    if dated:
        own = arranged.own
        circumstances = replace(arranged.circumstances, conditions=own.conditions)
        forecast = choose_forecast("synthetic", circumstances, arranged.recorder.take)
        before = replace(arranged.manner, forecast=forecast)
        known = operate(own.facility, own.conditions, own.valuation, before), before
    return assess(course, setting.valuation, manner, product, rule.penalty_factor, known)


def _settle(
    operation: Operation,
    area: str | None,
    flexibility: Flexibility | None,
    occurrences: Sequence[Occurrence],
    recorder: Recorder,
) -> Settlement | None:
    """What the calls were paid, by the rules of the contract's delivery year; None without calls or market."""
    if flexibility is None or not any(one.kind == "demand_response_call" for one in occurrences):
        return None
    return settle(
        operation.hourly["import_mw"],
        operation.time,
        operation.step_hours,
        occurrences,
        read_product(recorder.take, str(area)),
        flexibility.offered_mw,
        japanese_holidays(operation.time),
        read_rule(load_market_rules(), law_day(int(recorder.take("market.delivery_year")))),
    )


def _describe(
    plan: Plan,
    setting: Setting,
    manner: Manner,
    best: Foresight,
    course: Course,
    regret: Regret,
) -> Operation:
    facility, conditions = setting.facility, setting.conditions
    battery = facility.battery
    indicators = {
        "clean_share": course.clean_share,
        "perfect_foresight_clean_share": best.course.clean_share,
        "load_mwh": float(course.load_mw.sum()) * conditions.step_hours,
        "import_mwh": course.total("import_mw"),
        "backup_mwh": course.total("backup_mw"),
        "curtailment_mwh": course.total("curtailment_mw"),
        "emissions_t": course.emissions_t,
        "water_m3": course.water_m3,
        "backup_starts": float(count_starts(course.flows["backup_mw"])),
        "battery_cycles": (
            0.0
            if battery is None
            else course.total(battery.discharge) / float(battery.discharge_efficiency) / battery.energy_mwh
        ),
    }
    return Operation(
        plan=plan,
        time=conditions.time,
        step_hours=conditions.step_hours,
        forecast=manner.forecast.name,
        hour="measured" if manner.forecast.measures_first_step else manner.hour,
        horizon_hours=manner.horizon_steps * conditions.step_hours,
        hourly=course.hourly(),
        costs=course.costs(setting.valuation),
        perfect_foresight_costs=best.course.costs(setting.valuation),
        bound_myen=best.bound_myen,
        regret=regret,
        unserved_mwh=course.unserved_mwh,
        indicators=indicators,
        valuation=setting.valuation.numbers(),
        windows=Solving(course.windows, course.seconds, course.largest_gap),
        provenance=(),
        bill=None if facility.purchases is None else write_bill(course.drawn),
        planned_bill=None
        if plan.bought is None
        else planned_bill(plan.bought, conditions.steps * conditions.step_hours),
    )
