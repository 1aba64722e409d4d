"""Balancing and imbalance settled by hand (`settlement_cases`), dates of the rules, and what a campus sells."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cases.operations import VALUATION
from tests.unit.test_operation_flexibility import flat_campus

from kiban.catalogue import load_catalogue
from kiban.errors import InputError
from kiban.operation.balancing import PRODUCTS, Assessment, read_assessment, read_products, settle_blocks
from kiban.operation.conditions import ARRIVALS, FIRM, Conditions
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.horizon import Manner, operate
from kiban.operation.imbalance import (
    count_gate_steps,
    price_against,
    price_imbalance,
    price_scarcity,
    read_imbalance_rule,
    settle_imbalance,
    weigh_imbalance,
)
from kiban.operation.reserve import find_reserve
from kiban.operation.sales import bid_from_past, sell_balancing
from kiban.operation.settlement import load_market_rules

FOLDER = Path(__file__).parents[1] / "settlement_cases"
BLOCKS = tomllib.loads((FOLDER / "balancing.toml").read_text(encoding="utf-8"))
IMBALANCE = tomllib.loads((FOLDER / "imbalance.toml").read_text(encoding="utf-8"))
DAY = date(2029, 4, 1)
RULES = load_market_rules()
ASSESSMENT = read_assessment(RULES, DAY)
PRICE = 0.005
SECONDS = {"battery": 1.0, "power_cap": 30.0, "pause": 180.0, "backup": 60.0}


class PersistenceOf:
    """What is seen of the load is that of the hour before, in every hour ahead; all else is known."""

    name, measures_first_step = "test", False

    def __init__(self, before: Conditions, met: Conditions) -> None:
        self._before, self._met = before, met

    def issue(self, step: int, horizon_steps: int) -> dict[str, np.ndarray]:
        load = self._met.series[FIRM][step - 1] if step else self._before.series[FIRM][0]
        return {FIRM: np.full(horizon_steps, load)}


def named(case: dict[str, Any]) -> str:
    return str(case["name"])


@pytest.mark.parametrize("case", BLOCKS["case"], ids=named)
def test_blocks(case: dict[str, Any]) -> None:
    values = {
        name: np.array(case[name], dtype=float) if name in case else None
        for name in ("awarded_mw", "ready_mw", "ordered_mw", "answered_mw")
    }
    awarded, ready = values["awarded_mw"], values["ready_mw"]
    assert awarded is not None and ready is not None
    found = settle_blocks(awarded, ready, PRICE, ASSESSMENT, values["ordered_mw"], values["answered_mw"])
    for name, expected in case["expect"].items():
        assert np.asarray(getattr(found, name)) == pytest.approx(expected)


@pytest.mark.parametrize("case", BLOCKS["bid"], ids=named)
def test_bids(case: dict[str, Any]) -> None:
    product = read_products(RULES, DAY)[0]
    assert product.bid(np.array(case["possible_mw"])) == pytest.approx(np.array(case["expect"]))


@pytest.mark.parametrize("case", IMBALANCE["case"], ids=named)
def test_imbalance(case: dict[str, Any]) -> None:
    planned, drawn, price = (np.array(case[name]) for name in ("planned_mw", "drawn_mw", "price_yen_per_kwh"))
    assert settle_imbalance(planned, drawn, price / 1000.0, case["hours"]) == pytest.approx(
        np.array(case["expect_myen"])
    )


@pytest.mark.parametrize("case", IMBALANCE["scarcity"], ids=named)
def test_scarcity(case: dict[str, Any]) -> None:
    found = price_scarcity(read_imbalance_rule(RULES, case["day"]), np.array(case["margin_share"]))
    assert found * 1000.0 == pytest.approx(np.array(case["expect_yen_per_kwh"]))


@pytest.mark.parametrize("case", IMBALANCE["price"], ids=named)
def test_price(case: dict[str, Any]) -> None:
    found = price_imbalance(
        read_imbalance_rule(RULES, case["day"]),
        np.array(case["balancing_yen_per_kwh"]) / 1000.0,
        np.array(case["margin_share"]),
        np.array(case["curtailed"]),
    )
    assert found * 1000.0 == pytest.approx(np.array(case["expect_yen_per_kwh"]))


def test_products_are_those_of_the_day() -> None:
    now = {one.name: one for one in read_products(RULES, DAY)}
    assert tuple(now) == PRODUCTS
    assert [one.response_seconds for one in now.values()] == [10, 300, 300, 900, 3600]
    assert now["primary"].duration_hours == pytest.approx(5 / 60)
    assert now["primary"].held_hours == 0.5
    assert now["primary"].cap(0.02) == 0.015
    assert now["tertiary_2"].cap(0.02) == 0.02
    with pytest.raises(InputError) as caught:
        read_products(RULES, date(2026, 3, 13))  # tertiary 2 is known from the 14th on
    assert [problem.values["market_rule"] for problem in caught.value.problems] == ["jp_balancing_tertiary_2"]
    with pytest.raises(InputError):
        read_imbalance_rule(RULES, date(2022, 3, 31))


@given(
    awarded=st.floats(0.0, 50.0),
    ready=st.floats(0.0, 60.0),
    price=st.floats(0.001, 0.02),
    factor=st.floats(1.0, 3.0),
)
def test_money_is_bounded_and_falls_with_what_is_missing(
    awarded: float, ready: float, price: float, factor: float
) -> None:
    rule = Assessment(factor, 0.1, 0.00003)
    less, more = (
        settle_blocks(np.array([awarded]), np.array([value]), price, rule).net_myen for value in (ready * 0.5, ready)
    )
    assert less <= more + 1e-12
    full = awarded * (price - 0.00003)
    assert full - factor * price * awarded - 1e-12 <= more <= full + 1e-12


def test_by_hand_what_a_flat_campus_can_give_at_once() -> None:
    """60 MW of import in every hour; 20 MW of backup after 60 s; caps take 5 % of 50 MW of IT, 3 MW at the meter."""
    facility, conditions = flat_campus(20.0, 480)
    course = operate(facility, conditions, VALUATION, Manner(PerfectForecast(conditions), 48))
    reserve = find_reserve(course, SECONDS, 0.05, 0.5)
    assert reserve.within(10.0) == pytest.approx(0.0)
    assert reserve.within(30.0) == pytest.approx(3.0)
    assert reserve.within(300.0) == pytest.approx(23.0)
    product = read_products(RULES, DAY)[1]
    sale = sell_balancing(course, reserve, product, ASSESSMENT, 0.0025, 0.8, 0.9)
    # Half hours of a year, 8 of 10 accepted: 17,520 x 0.8 x (2,500 - 30) yen a MW = 34.6 million yen.
    assert sale.price_myen_per_mw_year == pytest.approx(34.61952)
    # Twenty days: on the first eleven less than ten are over when a bid is handed in.
    assert (sale.mean_mw, sale.blocks_share) == pytest.approx((23.0 * 9 / 20, 9 / 20))
    assert (sale.most_mw, sale.penalty_myen_per_year) == (23.0, 0.0)
    assert sale.value_myen_per_year == pytest.approx(23.0 * 34.61952 * 9 / 20)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), day=st.integers(1, 40))
def test_no_bid_knows_what_is_measured_after_it_is_handed_in(seed: int, day: int) -> None:
    """Whatever is there from a day on: no bid for that day or the next is another, to the byte; later ones are."""
    rng = np.random.default_rng(seed)
    product = read_products(RULES, DAY)[3]
    minutes = np.tile(np.arange(6) * 60, 42)
    ready = rng.uniform(5.0, 30.0, minutes.size)
    bids = bid_from_past(ready, minutes, product, PRICE, ASSESSMENT, 0.9)
    changed = ready.copy()
    changed[6 * day :] = rng.uniform(40.0, 60.0, changed.size - 6 * day)
    others = bid_from_past(changed, minutes, product, PRICE, ASSESSMENT, 0.9)
    assert bids[: 6 * (day + 2)].tobytes() == others[: 6 * (day + 2)].tobytes()
    assert day > 25 or bids[6 * (day + 2) :].tobytes() != others[6 * (day + 2) :].tobytes()


def test_by_hand_a_bid_is_what_nine_of_ten_past_days_had() -> None:
    product = read_products(RULES, DAY)[3]
    ready = np.array([*range(12, 32)], dtype=float)[::-1]
    bids = bid_from_past(ready, np.zeros(20, dtype=np.int64), product, PRICE, ASSESSMENT, 0.9)
    assert bids[:11].max() == 0.0
    # On day 11 the ten days 0 to 9 are over: 31, 30 .. 22 MW, of which 23 MW are there on nine.
    assert bids[11] == 23.0
    # On day 19 the days 0 to 17 are over, 31 to 14 MW: 17 of 18 days have 15.
    assert bids[19] == 15.0


def test_nothing_is_bid_that_would_not_have_paid() -> None:
    """Three days of four give nothing: what a bid is fined there, at 1.5 of the price, is more than it is paid."""
    product = read_products(RULES, DAY)[3]
    ready = np.tile([20.0, 0.0, 0.0, 0.0], 9)
    at = np.zeros(36, dtype=np.int64)
    assert bid_from_past(ready, at, product, PRICE, ASSESSMENT, 0.2).max() == 0.0
    assert bid_from_past(ready + 20.0, at, product, PRICE, ASSESSMENT, 0.2)[11:].min() == 40.0


def test_a_battery_gives_what_lasts_and_what_it_need_not_take() -> None:
    from tests.cases.operations import random_campus

    facility, conditions = random_campus(3, 120)
    course = operate(facility, conditions, VALUATION, Manner(PerfectForecast(conditions), 24))
    (store,) = facility.stores
    given = find_reserve(course, SECONDS, 0.0, 1.0).given_mw["battery"]
    flows = course.flows
    assert (given >= flows["charge_mw"] - 1e-9).all()
    assert (given - flows["charge_mw"] + flows["discharge_mw"] <= store.discharge_limit_mw + 1e-6).all()
    lasting = flows["state_of_charge_mwh"] * store.discharge_efficiency
    assert (given - flows["charge_mw"] <= np.maximum(lasting, 0.0) + 1e-6).all()
    waits = find_reserve(course, SECONDS, 0.0, 1.0).given_mw["pause"]
    assert (waits <= conditions.series["pue"] * flows["served_mw"] + 1e-9).all()
    none = replace(conditions, series={**conditions.series, ARRIVALS: np.zeros(120)})
    still = operate(facility, none, VALUATION, Manner(PerfectForecast(none), 24))
    assert find_reserve(still, SECONDS, 0.0, 1.0).given_mw["pause"] == pytest.approx(0.0)


def test_what_is_not_there_in_the_evening_is_not_sold_then() -> None:
    """From 17 to 20 o'clock the campus imports nothing: those blocks are not offered, and none is fined."""
    facility, conditions = flat_campus(20.0, 480)
    evening = (conditions.time.hour >= 17) & (conditions.time.hour < 20)
    limit = np.where(evening, 0.0, facility.import_limit_mw)
    facility = replace(facility, import_limit_mw=limit)
    course = operate(facility, conditions, VALUATION, Manner(PerfectForecast(conditions), 48))
    reserve = find_reserve(course, SECONDS, 0.0, 0.5)
    sale = sell_balancing(course, reserve, read_products(RULES, DAY)[3], ASSESSMENT, PRICE, 1.0, 0.9)
    assert sale.blocks_share == pytest.approx(21 / 24 * 9 / 20)
    assert sale.penalty_myen_per_year == 0.0
    assert sale.most_mw == pytest.approx(20.0)


def test_with_perfect_forecasts_there_is_no_imbalance_and_what_is_drawn_otherwise_is_settled() -> None:
    """Flat: 60 MW in every hour at 0.01. One MW more than planned in each of 240 hours at 0.015 is 3.6, 1.2 above spot.

    One MW less: sold at 0.005, so that 1.2 come back of what cost 2.4.
    """
    facility, conditions = flat_campus(20.0)
    rule = read_imbalance_rule(RULES, DAY)
    manner = Manner(PerfectForecast(conditions), 48)
    manner = replace(manner, gate_steps=count_gate_steps(rule, manner, 1.0))
    assert manner.gate_steps == 1
    course = operate(facility, conditions, VALUATION, manner)
    planned = course.planned_import_mw
    assert planned is not None
    assert planned == pytest.approx(course.flows["import_mw"], abs=1e-4)
    for more, settled, cost in ((1.0, 3.6, 1.2), (-1.0, -1.2, 1.2)):
        off = weigh_imbalance(replace(course, planned_import_mw=course.flows["import_mw"] - more), rule, 0.005)
        assert off is not None
        assert (off.short_mwh, off.long_mwh) == pytest.approx((240.0, 0.0) if more > 0.0 else (0.0, 240.0))
        assert (off.settled_myen, off.cost_myen) == pytest.approx((settled, cost))
    assert weigh_imbalance(replace(course, planned_import_mw=None), rule, 0.005) is None


def test_the_plan_is_that_of_gate_closure_and_knows_nothing_later() -> None:
    """A load that rises without notice at step 100 is seen when that is over, too late for the plan of 101."""
    facility, conditions = flat_campus(20.0)
    risen = conditions.series[FIRM].copy()
    risen[100:] += 5.0
    met = replace(conditions, series={**conditions.series, FIRM: risen})
    rule = read_imbalance_rule(RULES, DAY)
    blind = Manner(PersistenceOf(conditions, met), 48, gate_steps=1)
    course = operate(facility, met, VALUATION, blind)
    assert course.planned_import_mw is not None
    off = course.flows["import_mw"] - course.planned_import_mw
    assert off[100:102] == pytest.approx([6.0, 6.0], abs=1e-4)
    assert np.delete(off, [100, 101]) == pytest.approx(np.zeros(off.size - 2), abs=1e-4)
    found = weigh_imbalance(course, rule, 0.005)
    assert found is not None
    assert (found.short_mwh, found.cost_myen) == pytest.approx((12.0, 0.06), rel=1e-4)


@pytest.mark.parametrize(("step_hours", "horizon", "steps"), [(1.0, 48, 1), (0.5, 48, 2), (0.25, 48, 4), (1.0, 1, 0)])
def test_gate_closure_in_steps(step_hours: float, horizon: int, steps: int) -> None:
    rule = read_imbalance_rule(RULES, DAY)
    _, conditions = flat_campus(20.0)
    assert count_gate_steps(rule, Manner(PerfectForecast(conditions), horizon), step_hours) == steps


@pytest.mark.parametrize("case", IMBALANCE["against"], ids=named)
def test_a_price_against_the_campus(case: dict[str, Any]) -> None:
    found = price_against(
        read_imbalance_rule(RULES, case["day"]),
        np.array(case["spot_yen_per_kwh"]) / 1000.0,
        np.array(case["off_mw"], dtype=float),
        case["spread_yen_per_kwh"] / 1000.0,
    )
    assert found * 1000.0 == pytest.approx(case["expect_yen_per_kwh"])


def test_prices_of_products_are_there_for_every_area() -> None:
    catalogue = load_catalogue()
    areas = [name.rsplit(".", 1)[1] for name in catalogue.facts if name.startswith("market.capacity_price.")]
    for area in areas:
        assert f"market.balancing_price.primary.{area}" in catalogue
    for name in PRODUCTS[1:]:
        assert f"market.balancing_price.{name}" in catalogue
