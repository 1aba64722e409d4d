"""Compute that is sold by the day or the week: by hand, against the plan with everything known, and its laws."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.cases.operated import SMALL
from tests.cases.operations import VALUATION, random_campus
from tests.properties.test_operation_laws import MODEL
from tests.unit.test_operation_flexibility import flat_campus
from typer.testing import CliRunner

import kiban
from kiban.cli import app
from kiban.errors import InputError
from kiban.linear import solve
from kiban.operation.conditions import ARRIVALS, FIRM, PUE
from kiban.operation.course import Course
from kiban.operation.facility import begin, list_uncovered, list_wide
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.forecast.synthetic import SyntheticForecast
from kiban.operation.foresight import Foresight, foresee
from kiban.operation.horizon import Manner, Part, operate
from kiban.operation.live.campus import read_campus
from kiban.operation.promises import Promise
from kiban.operation.running import arrange
from kiban.planning.plan import Plan
from kiban.planning.preparation import prepare
from kiban.planning.programme import write_programme

SEEDS = range(3)
MANNERS = ("perfect", "merit", "measured")
BATCH = '[[tranche]]\nname = "batch"\nit_load_mw = 2\nprice_myen_per_mwh = 1\ncommitted = "{period}"\n'


def sold(tmp_path: Path, more: str, *, waits: bool = True) -> Plan:
    """Five days by the river, with compute that is sold apart; without what may wait of the load where it is not to."""
    text = SMALL.read_text(encoding="utf-8")
    text = text if waits else text.replace("deferrable_share = 0.2", "deferrable_share = 0.0")
    path = tmp_path / "sold.toml"
    path.write_text(text + more, encoding="utf-8")
    plan = kiban.build(path)
    assert isinstance(plan, Plan)
    return plan


@cache
def run_course(seed: int, kind: str, *, wide: bool = False) -> Course:
    facility, conditions = random_campus(seed, wide=wide, promised=True)
    forecast = PerfectForecast(conditions) if kind == "perfect" else SyntheticForecast(conditions, MODEL, 10.0, seed)
    return operate(facility, conditions, VALUATION, Manner(forecast, 30, "measured" if kind == "measured" else "merit"))


@cache
def best_course(seed: int) -> Foresight:
    facility, conditions = random_campus(seed, promised=True)
    assert list_wide(facility) == ("tranche.daily", "tranche.soon")
    return foresee(facility, conditions, VALUATION)


def test_by_hand_what_is_owed_until_when() -> None:
    """2 MW in half-hours: a day of six steps owes 6 MWh, and one that is cut at its third step owes 3 MWh more."""
    made = Promise("a", np.full(14, 2.0), np.arange(14) // 6, 0.0, 0.1, 0.5)
    assert made.arrivals_mw.tolist() == [12.0, *[0.0] * 5, 12.0, *[0.0] * 5, 4.0, 0.0]
    assert made.room_mwh.tolist() == [6.0] * 5 + [0.0] + [6.0] * 5 + [0.0] + [2.0, 0.0]
    assert made.steps_left.tolist() == [5, 4, 3, 2, 1, 0, 5, 4, 3, 2, 1, 0, 1, 0]
    part = made.cut(slice(3, 8))
    assert part.arrivals_mw.tolist() == [6.0, 0.0, 0.0, 4.0, 0.0]
    assert part.room_mwh.tolist() == [3.0, 3.0, 0.0, 2.0, 0.0]
    waits = Promise("b", np.full(4, 2.0), None, 5.0, 0.1, 1.0)
    assert waits.arrivals_mw.tolist() == [2.0] * 4
    assert waits.room_mwh.tolist() == [5.0] * 4
    assert waits.short_price(0.25) == 0.25
    assert waits.short_price(0.05) == 0.1


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", MANNERS)
def test_no_operation_costs_less_than_the_bound_of_foresight(seed: int, kind: str) -> None:
    best = best_course(seed)
    assert sum(best.course.costs(VALUATION).values()) == pytest.approx(best.bound_myen, rel=1e-6, abs=1e-6)
    assert sum(run_course(seed, kind).costs(VALUATION).values()) >= best.bound_myen - 1e-7


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", MANNERS)
@pytest.mark.parametrize("wide", [False, True])
def test_what_is_owed_is_delivered_or_short_when_the_day_closes(seed: int, kind: str, wide: bool) -> None:
    course = run_course(seed, kind, wide=wide)
    facility, flows, series = course.facility, course.flows, course.conditions.series
    assert np.abs(course.imbalance_mw()).max() < 1e-9
    running = series[FIRM] - flows["unserved_mw"] + flows["served_mw"]
    for one in facility.promises:
        before = np.concatenate([[0.0], flows[one.owed][:-1]])
        left = before + one.arrivals_mw - flows[one.served] - flows[one.short]
        assert np.abs(left - flows[one.owed]).max() < 1e-9
        assert (flows[one.owed] <= one.room_mwh + 1e-9).all()
        assert min(flows[name].min() for name in (one.served, one.short, one.owed)) >= 0.0
        running = running + flows[one.served]
    assert (running <= facility.it_mw + 1e-9).all()
    assert course.it_load_mw == pytest.approx(running)
    daily = facility.promises[0]
    days = flows[daily.served].reshape(-1, 24).sum(axis=1) + flows[daily.short].reshape(-1, 24).sum(axis=1)
    assert days == pytest.approx(daily.promised_mw.reshape(-1, 24).sum(axis=1))
    assert flows[daily.short].reshape(-1, 24)[:, :-1].max() == 0.0
    assert set(course.unserved_mwh) == {"firm", "deferrable", "tranche_daily", "tranche_soon"}
    assert course.lost_mwh == pytest.approx(sum(course.unserved_mwh.values()))


def test_what_is_owed_is_carried_over_every_seam() -> None:
    """A part that begins within a day goes on from what was delivered of it, and comes to the same."""
    facility, conditions = random_campus(1, promised=True)
    manner = Manner(PerfectForecast(conditions), 30)
    whole = operate(facility, conditions, VALUATION, manner)
    seam = int(np.argmax(whole.flows["tranche_daily_owed_mwh"][30:90])) + 31
    part = operate(facility, conditions, VALUATION, manner, Part(seam, 120, whole.standing(seam)))
    assert part.begun.owed_mwh[0] > 10.0
    for name in ("tranche_daily_mw", "tranche_soon_mw", "import_mw"):
        # Windows of the part begin from another basis: of equal optima another may be taken.
        assert part.flows[name].sum() == pytest.approx(whole.flows[name][seam:].sum(), rel=2e-2, abs=1e-2)
    assert part.cost_of_waiting(part.begun, VALUATION) > 0.0


def test_a_week_is_not_put_off_until_the_halls_are_too_small() -> None:
    """9 MW of 10 that the halls have room for are owed each week: windows of two days that think waiting is free would
    leave them to its end, where only 48 h of room are left of 168."""
    facility, conditions = flat_campus(0.0)
    steps = conditions.steps
    promise = Promise("weekly", np.full(steps, 9.0), np.arange(steps) // 168, 0.0, 0.3, 1.0)
    free = float(facility.it_mw - conditions.series[FIRM].max())
    series = {**conditions.series, ARRIVALS: np.zeros(steps)}
    conditions = replace(conditions, series=series)
    facility = replace(facility, it_mw=facility.it_mw - free + 10.0, promises=(promise,))
    facility = replace(facility, import_limit_mw=np.full(steps, 500.0))
    careless = replace(VALUATION, owed_myen_per_mwh={})
    course = operate(facility, conditions, careless, Manner(PerfectForecast(conditions), 48))
    assert course.unserved_mwh["tranche_weekly"] < 1e-6
    assert course.flows["tranche_weekly_mw"][:168].sum() == pytest.approx(9.0 * 168)


@pytest.mark.slow
@pytest.mark.parametrize("period", ["day", "week"])
def test_with_everything_known_an_operation_is_the_plan(tmp_path: Path, period: str) -> None:
    """The whole year as one window costs what the plan's own hours cost, the plan's prices on its limits counted.

    The plan's year is a circle: what is stored when it ends is worth what the plan's price of it is in the last hour.
    """
    plan = sold(tmp_path, BATCH.format(period=period), waits=False)
    (tranche,) = plan.tranches
    assert tranche.served_mw > 0.5
    arranged = arrange(plan, forecast="perfect")
    facility, conditions = arranged.setting.facility, arranged.setting.conditions
    resources = prepare(plan.scenario).resources_for(plan.cooling_system)
    battery = resources.battery
    assert battery is not None
    prices = solve(write_programme(resources)).row_prices
    worth = -float(prices[battery.row][-1]) / resources.step_weight_h * resources.step_hours
    valuation = replace(arranged.setting.valuation, storage_myen_per_mwh={"battery": max(worth, 0.0)})
    best = foresee(facility, conditions, valuation)
    (promise,) = facility.promises
    nothing = np.zeros(conditions.steps)
    names = [*facility.sources, "charge_mw", "discharge_mw", "state_of_charge_mwh", promise.served]
    flows = {name: plan.hourly.get(name, nothing) for name in names}
    idle = ("served_mw", "unserved_mw", "dropped_mw", "backlog_mwh", promise.short, promise.owed)
    planned = Course(facility, conditions, flows | dict.fromkeys(idle, nothing), begin(facility))
    assert best.bound_myen == pytest.approx(sum(planned.costs(valuation).values()), rel=1e-6)
    assert best.course.flows[promise.served].sum() == pytest.approx(plan.hourly[promise.served].sum(), rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_command_says_what_was_promised_and_not_delivered(tmp_path: Path, language: str) -> None:
    plan = sold(tmp_path, BATCH.format(period="day"))
    operation = kiban.run(plan)
    assert operation.total_unserved_mwh < 1e-3
    assert operation.bound_myen <= operation.cost_myen + 1e-4
    days = operation.hourly["tranche_batch_mw"].reshape(-1, 24).sum(axis=1)
    assert days == pytest.approx(plan.tranches[0].served_mw * 24, rel=1e-6)
    run = CliRunner().invoke(app, ["run", str(tmp_path / "sold.toml"), "--json", "--lang", language])
    found = json.loads(run.stdout)
    assert found["unserved_by_class_mwh"]["tranche_batch"] == pytest.approx(0.0, abs=1e-6)
    assert found["costs"]["short"] == pytest.approx(0.0, abs=1e-6)
    text = CliRunner().invoke(app, ["run", str(tmp_path / "sold.toml"), "--lang", language])
    assert {"en": "Promised to batch", "ja": "batch に約束して"}[language] in text.stdout


@pytest.mark.slow
def test_other_days_owe_the_energy_of_their_hours(tmp_path: Path) -> None:
    from kiban.operation.period import Period

    plan = sold(tmp_path, BATCH.format(period="week"))
    days = plan.time[24].date(), plan.time[71].date()
    some = kiban.run(plan, forecast="perfect", period=Period(first=days[0], last=days[1]))
    assert some.hourly["tranche_batch_mw"].sum() == pytest.approx(plan.tranches[0].served_mw * 48, rel=1e-6)
    assert some.hourly["tranche_batch_owed_mwh"][-1] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.slow
def test_what_may_wait_by_its_own_terms_is_operated_and_what_need_not_be_kept_is_refused(tmp_path: Path) -> None:
    waits = sold(tmp_path, BATCH.format(period="day").replace('committed = "day"', "max_delay_hours = 6"))
    operation = kiban.run(waits, forecast="perfect")
    assert operation.unserved_mwh["tranche_batch"] < 1e-3
    assert operation.hourly["tranche_batch_owed_mwh"].max() <= 6.0 * waits.tranches[0].served_mw + 1e-6
    partly = sold(tmp_path, f"{BATCH.format(period='day')}reliability = 0.9\n")
    resources = prepare(partly.scenario).resources_for(partly.cooling_system)
    assert list_uncovered(partly, resources) == ("tranche.0",)
    with pytest.raises(InputError, match="tranche"):
        kiban.run(partly)


def test_the_living_service_has_no_meter_of_a_promise(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_campus(sold(tmp_path, BATCH.format(period="day")))
    assert [problem.code for problem in caught.value.problems] == ["operation.unmetered"]


def test_unserved_compute_is_what_a_promise_lacks_when_it_closes() -> None:
    """Nothing but 60 MW of import, all for firm compute: each day of 5 MW closes 120 MWh short, and not before."""
    facility, conditions = flat_campus(0.0)
    steps = conditions.steps
    promise = Promise("daily", np.full(steps, 5.0), np.arange(steps) // 24, 0.0, 0.4, 1.0)
    series = {**conditions.series, ARRIVALS: np.zeros(steps)}
    conditions = replace(conditions, series=series)
    need = series[PUE] * series[FIRM]
    facility = replace(facility, promises=(promise,), import_limit_mw=need, stores=())
    course = operate(facility, conditions, VALUATION, Manner(PerfectForecast(conditions), 48))
    short = course.flows["tranche_daily_short_mw"].reshape(-1, 24)
    assert short[:, -1] == pytest.approx(120.0)
    assert short[:, :-1].max() == 0.0
    assert course.costs(VALUATION)["short"] == pytest.approx(0.4 * 120.0 * len(short))
    owed = course.flows["tranche_daily_owed_mwh"][:23]
    assert all(less <= more + 1e-9 for more, less in pairwise(owed))
