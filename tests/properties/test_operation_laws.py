"""Laws of operation: foresight bounds it, balances close, states are carried, deadlines hold, nothing is seen early."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.cases.operations import VALUATION, random_campus

from kiban.operation import horizon
from kiban.operation.budget import BACKUP as BACKUP_HOURS
from kiban.operation.budget import CARBON, GAIN, MOST, UNCLEAN, WATER, Budget, Past, expect, pace
from kiban.operation.conditions import ARRIVALS, AVAILABILITY, FIRM, PRICE, PUE, Conditions
from kiban.operation.course import Course
from kiban.operation.events import BACKUP, GRID, IMPORT, IT, Event
from kiban.operation.facility import Facility
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.forecast.published import PublishedPrices
from kiban.operation.forecast.synthetic import ErrorModel, ErrorSize, SyntheticForecast
from kiban.operation.foresight import Foresight, foresee, value_states
from kiban.operation.horizon import Manner, operate
from kiban.operation.valuation import Valuation

MODEL = ErrorModel(ErrorSize(0.04, 0.2), ErrorSize(0.15, 0.4), 0.93, 30.0)
MANNERS = ("perfect", "merit", "measured")
SEEDS = range(4)


def run_course(seed: int, kind: str, campus: dict[str, bool] | None = None, **given: object) -> Course:
    """The operation of a random campus; `known_course` is the same, operated once for all who look at it."""
    facility, conditions = random_campus(seed, **(campus or {}))
    forecast = PerfectForecast(conditions) if kind == "perfect" else SyntheticForecast(conditions, MODEL, 10.0, seed)
    manner = Manner(forecast, 24, "measured" if kind == "measured" else "merit", **given)  # type: ignore[arg-type]
    return operate(facility, conditions, VALUATION, manner)


@cache
def known_course(seed: int, kind: str, *, store: bool = True, wide: bool = False) -> Course:
    return run_course(seed, kind, {"store": store, "wide": wide})


@cache
def known_bound(seed: int, *, wide: bool = False) -> Foresight:
    facility, conditions = random_campus(seed, wide=wide)
    assert facility.is_narrow != wide
    return foresee(facility, conditions, VALUATION)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", MANNERS)
@pytest.mark.parametrize("wide", [False, True])
def test_no_operation_costs_less_than_the_bound_of_foresight(seed: int, kind: str, wide: bool) -> None:
    best = known_bound(seed, wide=wide)
    cost = sum(known_course(seed, kind, wide=wide).costs(VALUATION).values())
    assert cost >= best.bound_myen - 1e-9
    assert sum(best.course.costs(VALUATION).values()) == pytest.approx(best.bound_myen, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", MANNERS)
@pytest.mark.parametrize("given", [{}, {"store": False}, {"wide": True}], ids=["store", "no store", "wide"])
def test_energy_storage_and_waiting_compute_balance_in_every_hour(seed: int, kind: str, given: dict[str, bool]) -> None:
    course = known_course(seed, kind, **given)
    flows, facility = course.flows, course.facility
    assert np.abs(course.imbalance_mw()).max() < 1e-9
    series = course.conditions.series
    waiting = np.concatenate([[0.0], flows["backlog_mwh"][:-1]])
    left = waiting + series[ARRIVALS] - flows["served_mw"] - flows["dropped_mw"]
    assert np.abs(left - flows["backlog_mwh"]).max() < 1e-9
    for store, begun in zip(facility.stores, course.begun.stored_mwh, strict=True):
        before = np.concatenate([[begun], flows[store.state][:-1]])
        gained = store.charge_efficiency * flows[store.charge]
        lost = flows[store.discharge] / store.discharge_efficiency
        assert np.abs(store.kept_per_step * before + gained - lost - flows[store.state]).max() < 1e-9
        assert flows[store.state].min() >= 0.0
        assert flows[store.state].max() <= store.energy_mwh
        assert np.minimum(flows[store.charge], flows[store.discharge]).max() == 0.0
    assert (flows["import_mw"] <= facility.import_limit_mw).all()
    assert (flows["served_mw"] + series[FIRM] <= facility.it_mw + 1e-9).all()
    assert (flows["curtailment_mw"] >= 0.0).all()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", MANNERS)
def test_a_wide_campus_keeps_the_limits_of_what_it_has(seed: int, kind: str) -> None:
    """Least load, ramp, feed-in within its limit, and a tank that takes own supply alone."""
    course = known_course(seed, kind, wide=True)
    flows, facility = course.flows, course.facility
    (generator,) = facility.generators
    possible = generator.capacity_mw * course.conditions.series[f"{AVAILABILITY}biomass"]
    output = flows["biomass_mw"]
    assert (output <= possible + 1e-9).all()
    assert (output >= np.minimum(generator.least_share * generator.capacity_mw, possible) - 1e-9).all()
    before = np.concatenate([[generator.initial_mw], output[:-1]])
    assert generator.ramp_mw is not None
    # Output falls faster where it must, and is back at its least load at once.
    least = np.minimum(generator.least_share * generator.capacity_mw, possible)
    assert (output <= np.maximum(before + generator.ramp_mw, least) + 1e-9).all()
    assert (output >= np.minimum(before - generator.ramp_mw, possible) - 1e-9).all()
    assert (flows["export_mw"] <= facility.export_limit_mw + 1e-9).all()
    own = flows["available_mw"] - flows["curtailment_mw"] + output
    assert (flows["storage_tank_charge_mw"] <= own + 1e-9).all()
    costs = course.costs(VALUATION)
    assert costs["supply"] == pytest.approx(0.016 * output.sum())
    assert costs["wear"] == pytest.approx(5e-4 * flows["storage_tank_discharge_mw"].sum())
    assert costs["sales"] == pytest.approx(-course.conditions.export_price_myen_per_mwh @ flows["export_mw"])


@pytest.mark.parametrize("wide", [False, True])
def test_a_hall_that_is_throttled_serves_no_more_than_it_carries(wide: bool) -> None:
    """To 45 of its 95 MW for ten hours: what is firm beyond that is not served, the rest is, whatever it costs."""
    course = run_course(3, "merit", {"wide": wide}, events=(Event(IT, 30, 40, 45.0 / 95.0, known=20),))
    firm = course.conditions.series[FIRM]
    hit = np.arange(firm.size) // 10 == 3
    assert course.it_load_mw[hit] == pytest.approx(45.0)
    assert course.flows["unserved_mw"][hit] == pytest.approx(firm[hit] - 45.0)
    assert course.flows["unserved_mw"][~hit].max() < 1e-9
    assert np.abs(course.imbalance_mw()).max() < 1e-9


def test_a_call_limits_what_is_drawn_and_not_what_is_fed_in() -> None:
    facility, conditions = random_campus(0, wide=True)
    manner = Manner(PerfectForecast(conditions), 24, events=(Event(IMPORT, 0, conditions.steps, 0.0, known=0),))
    called = operate(facility, conditions, VALUATION, manner)
    assert called.flows["import_mw"].max() == 0.0
    away = operate(
        facility, conditions, VALUATION, replace(manner, events=(Event(GRID, 0, conditions.steps, 0.0, known=0),))
    )
    assert away.flows["import_mw"].max() == away.flows["export_mw"].max() == 0.0
    assert called.flows["export_mw"].max() > 0.0


def test_a_wide_campus_uses_what_it_has() -> None:
    courses = [known_course(seed, "merit", wide=True) for seed in SEEDS]
    for column in ("export_mw", "storage_tank_discharge_mw", "biomass_mw"):
        assert max(course.flows[column].max() for course in courses) > 1.0, column


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", MANNERS)
def test_a_plain_campus_costs_no_more_in_the_wide_lane(seed: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    costs = known_course(seed, kind).costs(VALUATION)
    facility, conditions = random_campus(seed)
    bound = known_bound(seed).bound_myen
    monkeypatch.setattr(Facility, "is_narrow", False)
    wide = sum(run_course(seed, kind).costs(VALUATION).values())
    # A window may have several optima, whose first hours differ: the wide lane takes the one that stores early.
    assert wide <= sum(costs.values()) + 0.02 * sum(map(abs, costs.values()))
    assert foresee(facility, conditions, VALUATION).bound_myen == pytest.approx(bound, rel=1e-7)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_compute_waits_longer_than_it_may(seed: int) -> None:
    """First in, first out: what is served or dropped in an hour is the oldest, and none is older than the delay."""
    course = known_course(seed, "merit")
    queue: list[list[float]] = []
    for step in range(course.conditions.steps):
        queue.append([step, float(course.conditions.series[ARRIVALS][step])])
        out = float(course.flows["served_mw"][step] + course.flows["dropped_mw"][step])
        while out > 1e-12 and queue:
            taken = min(out, queue[0][1])
            queue[0][1] -= taken
            out -= taken
            if queue[0][1] <= 1e-9:
                queue.pop(0)
        # What is left at the end of a step arrived within the delay.
        assert not queue or step - queue[0][0] < course.facility.delay_steps


def test_states_are_carried_over_the_seams_of_weeks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where windows are written a day at a time the operation is the same."""
    whole = known_course(1, "merit")
    monkeypatch.setattr(horizon, "PERIOD_HOURS", 24)
    parts = run_course(1, "merit")
    for name, column in whole.flows.items():
        assert np.abs(parts.flows[name] - column).max() < 1e-3, name
    assert sum(parts.costs(VALUATION).values()) == pytest.approx(sum(whole.costs(VALUATION).values()), rel=1e-7)


def test_a_window_as_long_as_the_time_is_foresight() -> None:
    """The first window of a perfect forecast over the whole time has the cost of foresight itself."""
    facility, conditions = random_campus(2, 48)
    best = foresee(facility, conditions, VALUATION)
    course = operate(facility, conditions, VALUATION, Manner(PerfectForecast(conditions), 48))
    first = {name: column[0] for name, column in course.flows.items()}
    for name in ("import_mw", "backup_mw", "unserved_mw"):
        assert first[name] == pytest.approx(best.course.flows[name][0], abs=1e-4)


class YesterdaysWeather:
    """A forecast from measurements alone: output as a day before, prices as published."""

    name = "yesterday"
    measures_first_step = False

    def __init__(self, conditions: Conditions) -> None:
        self.conditions, self.published = conditions, PublishedPrices(conditions, 10.0)

    def issue(self, step: int, horizon_steps: int) -> dict[str, np.ndarray]:
        before = (step - 24 + np.arange(horizon_steps) % 24).clip(0)
        before = np.where(before < step, before, 0)
        found = {
            name: series[before] if step else np.full(horizon_steps, 0.3)
            for name, series in self.conditions.series.items()
            if name.startswith(AVAILABILITY)
        }
        return found | {PRICE: self.published.issue_price(step, horizon_steps)}


@pytest.mark.parametrize("hour", ["merit", "measured"])
def test_nothing_is_seen_before_it_is_known(hour: str) -> None:
    """What changes after an hour changes no earlier decision by a byte, budget and warm starts included."""
    facility, conditions = random_campus(3, 400)
    budget = Budget(UNCLEAN, np.full(400, 8.0), np.full(400, 90.0), slack=0.5)
    changed = {name: series.copy() for name, series in conditions.series.items()}
    rng = np.random.default_rng(0)
    from_step = 230
    for name, series in changed.items():
        if name.startswith(AVAILABILITY):
            series[from_step:] = rng.uniform(0.0, 1.0, series.size - from_step)
    # Prices of the day after tomorrow are not published before tomorrow at ten.
    changed[PRICE][240 + 24 :] += 0.05
    courses = [
        operate(facility, each, VALUATION, Manner(YesterdaysWeather(each), 48, hour, budgets=(budget,)))  # type: ignore[arg-type]
        for each in (conditions, replace(conditions, series=changed))
    ]
    for name, column in courses[0].flows.items():
        assert column[:from_step].tobytes() == courses[1].flows[name][:from_step].tobytes(), name
    assert not np.array_equal(courses[0].flows["import_mw"][from_step:], courses[1].flows["import_mw"][from_step:])


def test_an_outage_is_met_and_costs() -> None:
    facility, conditions = random_campus(5)
    manner = Manner(PerfectForecast(conditions), 24)
    calm = operate(facility, conditions, VALUATION, manner)
    outage = (Event(GRID, 40, 60), Event(BACKUP, 40, 60, left_share=0.5))
    hit = operate(facility, conditions, VALUATION, replace(manner, events=outage))
    assert hit.flows["import_mw"][40:60].max() == 0.0
    assert hit.flows["backup_mw"][40:60].max() <= 0.5 * facility.backup_limit_mw
    assert np.abs(hit.imbalance_mw()).max() < 1e-9
    # Unannounced: nothing that is done before it is another.
    assert np.array_equal(hit.flows["import_mw"][:40], calm.flows["import_mw"][:40])
    told = tuple(replace(event, known=16) for event in outage)
    announced = operate(facility, conditions, VALUATION, replace(manner, events=told))
    assert not np.array_equal(announced.flows["state_of_charge_mwh"][:40], calm.flows["state_of_charge_mwh"][:40])
    costs = [sum(one.costs(VALUATION).values()) for one in (calm, announced, hit)]
    assert costs[0] <= costs[1] <= costs[2]


def test_a_supply_option_that_trips_gives_its_share() -> None:
    facility, conditions = random_campus(6)
    event = (Event("wind_onshore", 10, 20, left_share=0.25),)
    course = operate(facility, conditions, VALUATION, Manner(PerfectForecast(conditions), 24, events=event))
    series = conditions.series
    sun = facility.plants[0].capacity_mw * series[f"{AVAILABILITY}pv"]
    wind = facility.plants[1].capacity_mw * series[f"{AVAILABILITY}wind_onshore"]
    wind[10:20] *= 0.25
    assert course.flows["available_mw"] == pytest.approx(sun + wind)


def test_the_budgets_follow_what_is_used() -> None:
    """By hand: 100 steps of 10 MWh expected; in the first 50, 12 of each are used, at the load that was expected."""
    facility, conditions = random_campus(1, 100)
    course = operate(facility, conditions, VALUATION, Manner(PerfectForecast(conditions), 24))
    load, expected = course.load_mw, np.full(100, 10.0)
    budget = Budget(UNCLEAN, expected, load, slack=0.1)
    rows = [
        horizon.Happened((0.0, 12.0), (), (), float(q), 0.0, float(u), 0.0, (), 0.0)
        for q, u in zip(course.flows["served_mw"][:50], course.flows["unserved_mw"][:50], strict=True)
    ]

    def paced(budgets: list[Budget], done: list[horizon.Happened]) -> Valuation:
        return pace(budgets, VALUATION, conditions, facility, done)

    over = (50 * 12.0 - 50 * 10.0) / (50 * 10.0)
    assert paced([budget], rows).unclean_myen_per_mwh == pytest.approx(0.02 * (1 + GAIN * over))
    assert paced([budget], []) == VALUATION
    assert paced([], rows) == VALUATION
    many = [replace(row, sources_mw=(0.0, 1000.0)) for row in rows]
    assert paced([budget], many).unclean_myen_per_mwh == pytest.approx(0.02 * MOST)
    # A load a tenth larger may use a tenth of a tenth more of it.
    larger = replace(budget, expected_load_mwh=load / 1.1)
    more = 0.1 * (load[:50].sum() - load[:50].sum() / 1.1) / (50 * 10.0)
    assert paced([larger], rows).unclean_myen_per_mwh == pytest.approx(0.02 * (1 + GAIN * (over - more)))
    # The backup emits 0.7 t a MWh: 8.4 t a step. Where 8 t are expected, a twentieth too much is used.
    carbon = Budget(CARBON, np.full(100, 8.0), load)
    both = paced([budget, carbon], rows)
    assert both.carbon_cap_myen_per_t == pytest.approx(0.001 * (1 + GAIN * 0.05))
    assert both.unclean_myen_per_mwh == paced([budget], rows).unclean_myen_per_mwh
    rationed = pace([Budget(BACKUP_HOURS, expected, load)], replace(VALUATION, backup_hours_myen_per_mwh=0.01),
                    conditions, facility, rows)  # fmt: skip
    assert rationed.backup_hours_myen_per_mwh == pytest.approx(0.01 * (1 + GAIN * over))
    drunk = conditions.wue_m3_per_mwh * course.it_load_mw
    water = paced([Budget(WATER, drunk, load)], rows)
    assert water.water_cap_myen_per_m3 == pytest.approx(VALUATION.water_cap_myen_per_m3)


def test_hours_that_were_read_before_are_not_read_again() -> None:
    facility, conditions = random_campus(1, 100)
    course = operate(facility, conditions, VALUATION, Manner(PerfectForecast(conditions), 24))
    budget = Budget(UNCLEAN, np.full(100, 10.0), course.load_mw, slack=0.1)
    rows: list[Any] = [
        horizon.Happened((1.0, 9.0 + number % 7), (), (), float(q), 0.0, 0.5, 0.0, (), 0.0, delivered_mw=(0.25,))
        for number, q in enumerate(course.flows["served_mw"])
    ]
    past, read = Past(), 0
    for done in (20, 20, 50, 90):
        # What was read is gone: nobody may look at it again.
        left: list[Any] = [None] * read + rows[read:done]
        here = pace([budget], VALUATION, conditions, facility, left, past)
        assert here == pace([budget], VALUATION, conditions, facility, rows[:done])
        read = done
    served, sources = past.read(rows[:90])
    assert served[0].tolist() == [row.served_mw + 0.25 for row in rows[:90]]
    assert sources[1].tolist() == [9.0 + number % 7 for number in range(90)]


def test_forecasts_that_are_issued_at_once_are_those_of_each_step() -> None:
    _, conditions = random_campus(5, 100)
    begins, horizon_steps = np.array([0, 7, 50, 99]), 30
    forecast = SyntheticForecast(conditions, MODEL, 10.0, 1)
    at_once = forecast.issue_all(begins, horizon_steps)
    for number, step in enumerate(begins):
        alone = forecast.issue(int(step), horizon_steps)
        assert alone.keys() == at_once.keys()
        for name, series in alone.items():
            assert np.array_equal(series, at_once[name][number]), name
    # Without errors they are what happens, beyond the end from the first step on; prices as far as published.
    sure = SyntheticForecast(conditions, replace(MODEL, wind=ErrorSize(0.0, 0.0), pv=ErrorSize(0.0, 0.0)), 10.0, 1)
    steps = (begins[:, None] + np.arange(horizon_steps)) % 100
    for name, series in sure.issue_all(begins, horizon_steps).items():
        known = slice(None) if name != PRICE else slice(0, 1)
        assert np.array_equal(series[:, known], conditions.series[name][steps][:, known]), name


def test_what_is_not_scarce_in_the_plan_is_not_paced() -> None:
    facility, conditions = random_campus(1, 100)
    course = operate(facility, conditions, VALUATION, Manner(PerfectForecast(conditions), 24))
    found = expect(course, 0.9, VALUATION, conditions.time)
    assert [one.price for one in found] == [UNCLEAN, CARBON, WATER]
    assert [one.slack for one in found] == pytest.approx([0.1, 0.0, 0.0])
    assert found[0].expected.sum() == pytest.approx(course.unclean_mwh)
    assert found[1].expected.sum() == pytest.approx(course.emissions_t)
    assert found[2].expected.sum() == pytest.approx(course.water_m3)
    assert found[0].expected_load_mwh.sum() == pytest.approx(course.load_mw.sum())
    free = replace(VALUATION, unclean_myen_per_mwh=0.0, carbon_cap_myen_per_t=0.0, water_cap_myen_per_m3=0.0)
    assert expect(course, 0.9, free, conditions.time) == ()


def test_worths_of_states_are_the_means_of_the_year() -> None:
    """A MWh more in store at the beginning is worth the dual of the first hour; the mean lies among such worths."""
    facility, conditions = random_campus(4)
    valued = value_states(facility, conditions, VALUATION)
    battery = facility.stores[0]
    worths = []
    for share in (0.2, 0.8):
        costs = [
            foresee(
                replace(facility, stores=(replace(battery, initial_mwh=battery.energy_mwh * share + more),)),
                conditions,
                replace(VALUATION, storage_myen_per_mwh={}),
            ).bound_myen
            for more in (0.0, 1.0)
        ]
        worths.append(costs[0] - costs[1])
    assert 0.0 < valued.worth_of("battery") < 0.1
    assert min(worths) >= -1e-9
    assert valued.unclean_myen_per_mwh == VALUATION.unclean_myen_per_mwh


def test_published_prices_are_known_until_midnight_and_from_ten_on_until_the_next() -> None:
    _, conditions = random_campus(1, 120)
    price = conditions.series[PRICE]
    published = PublishedPrices(conditions, 10.0)
    at_nine, at_ten = published.issue_price(9, 48), published.issue_price(10, 48)
    assert np.array_equal(at_nine[:15], price[9:24])
    assert np.array_equal(at_nine[15:39], price[:24])
    assert np.array_equal(at_ten[:38], price[10:48])
    assert np.array_equal(at_ten[38:], price[24:34])


def test_synthetic_errors_are_as_large_as_they_are_said_to_be() -> None:
    facility, conditions = random_campus(1, 4000)
    del facility
    half = {name: np.full(4000, 0.5) for name in conditions.series if name.startswith(AVAILABILITY)}
    flat = replace(conditions, series={**conditions.series, **half, PUE: conditions.series[PUE]})
    forecast = SyntheticForecast(flat, MODEL, 10.0, 7)
    issued = [forecast.issue(step, 48) for step in range(3900)]
    wind = np.stack([one[f"{AVAILABILITY}wind_onshore"] for one in issued]) - 0.5
    sun = np.stack([one[f"{AVAILABILITY}pv"] for one in issued]) - 0.5
    assert wind[:, 0].std() == pytest.approx(0.04, rel=0.1)
    assert wind[:, 30:].std() == pytest.approx(0.2, rel=0.1)
    assert sun[:, 30:].std() == pytest.approx(0.5 * 0.4, rel=0.1)
    path = wind[:, 0] / 0.04
    assert np.corrcoef(path[1:], path[:-1])[0, 1] == pytest.approx(0.93, abs=0.02)
    again = SyntheticForecast(flat, MODEL, 10.0, 7).issue(5, 48)
    assert np.array_equal(again[f"{AVAILABILITY}pv"], issued[5][f"{AVAILABILITY}pv"])
