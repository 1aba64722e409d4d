"""Demand of constant elasticity as a curve: amounts, prices, and no demand that does not answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.cases.payments import campus, paid, question

from kiban.arrays import Array
from kiban.finance.demand import probe_tranche
from kiban.finance.paying import Question
from kiban.planning.falling_price import FallingPrice


def test_the_probe_is_a_little_more_of_the_load() -> None:
    probe = probe_tranche(100.0)
    assert probe.it_load_mw == pytest.approx(0.1)
    assert probe.must_serve
    assert probe.shape == "load"


def test_the_curve_passes_through_the_load_and_its_cost() -> None:
    asked = question()
    (dearest,) = asked.scenario.tranche
    mean = asked.before.plan.indicators["cost_myen_per_it_mwh"]
    assert dearest.price_myen_per_mwh is not None
    assert 0.9 * mean < dearest.price_myen_per_mwh < 1.1 * mean
    assert asked.before.served_mw == pytest.approx(0.0, abs=1e-6)
    assert asked.elasticity is not None


@given(st.floats(1, 1000), st.floats(0.01, 1), st.floats(0.1, 6), st.floats(0.05, 1), st.floats(0.001, 1))
@example(load=100.0, price=0.1, elasticity=1.0 + 2e-16, passed=0.5, more=1.0)
@example(load=100.0, price=0.1, elasticity=1.0 - 1e-9, passed=0.5, more=1.0)
@example(load=100.0, price=0.1, elasticity=1.0, passed=0.5, more=1.0)
def test_the_curve_is_that_of_constant_elasticity(
    load: float, price: float, elasticity: float, passed: float, more: float
) -> None:
    """Worth is the mean bid; what the programme counts for one MW more is the cost at which it would be bought."""
    falling = FallingPrice(load, price, elasticity, passed)
    served = more * load
    steps = np.linspace(0.0, served, 4001)
    bids = price * ((load + steps) / load) ** (-1.0 / elasticity)

    def mean_of(values: Array) -> float:
        return float((values[1:] + values[:-1]) @ np.diff(steps)) / 2.0 / served

    assert falling.worth_myen_per_mwh(served) == pytest.approx(mean_of(bids), rel=1e-4)
    counted = price - (price - bids) / passed
    mean = mean_of(counted)
    assert falling.counted_myen_per_mwh(served) == pytest.approx(mean, rel=1e-3, abs=1e-3 * price / passed)
    slope = falling.constant_myen_per_mwh - falling.curve(1.0).slope(served)
    assert slope == pytest.approx(counted[-1], rel=1e-9, abs=1e-9 * price / passed)
    assert falling.worth_myen_per_mwh(0.0) == price


def test_the_plan_serves_what_the_curve_says_at_the_price_that_users_pay() -> None:
    """The root of `Q = L (p / p0)^-e`, p = p0 - pass_through (p0 - c), at the plan's own cost of a MW more."""
    asked = question()
    side = paid("tax-credit").after
    falling = asked.preparation.falling["elastic"]
    served = side.served_mw
    energy = side.plan.tranches[0].it_energy_mwh_per_year / served

    def cost(mw: float) -> float:
        plan = asked._plan(asked._again(side), {"elastic": mw}, asked._own_points())
        return sum(amount for item, amount in plan.costs.items() if item != "compute_revenue")

    marginal = (cost(served + 0.1) - cost(served - 0.1)) / (0.2 * energy)
    price = falling.price_myen_per_mwh
    ratio = 1.0 - falling.pass_through * (1.0 - marginal / price)
    root = falling.at_mw * (ratio**-falling.elasticity - 1.0)
    assert served > 1.0
    assert served == pytest.approx(root, abs=0.1)


@pytest.mark.parametrize("passed", [0.0, 1.0])
def test_demand_answers_to_the_price_that_users_pay(passed: float) -> None:
    """Where prices do not fall nothing is induced; where they fall by all, more than where they fall by half."""
    payment = Question(campus(assumptions={"finance.pass_through": passed})).pay(("tax-credit",))
    half = paid("tax-credit").induced_it_mw
    if passed == 0.0:
        assert payment.induced_it_mw == pytest.approx(0.0, abs=1e-6)
        assert payment.support.induced_myen == pytest.approx(0.0, abs=1e-3 * payment.support.total_myen)
    else:
        assert payment.induced_it_mw > 1.8 * half


def test_what_is_induced_is_sold_at_the_price_of_the_load_and_worth_more_to_its_buyers() -> None:
    payment = paid("tax-credit")
    base, more = payment.after.project.streams
    assert more.price_myen_per_mwh == base.price_myen_per_mwh
    assert more.worth_myen_per_mwh is not None
    assert more.worth_myen_per_mwh > (base.price_myen_per_mwh or 0.0)


def test_the_range_of_elasticities_stands_beside_what_is_induced() -> None:
    """50 MW and 4.5 MW at elasticity 1 are a price ratio of 50 / 54.5: at 0.5 the root of it, at 6 its sixth power."""
    payment = paid("tax-credit")
    assert payment.induced_range_mw is not None
    load = payment.before.plan.capacities["it_mw"]
    growth = 1.0 + payment.induced_it_mw / load
    assert payment.induced_range_mw == pytest.approx((load * (growth**0.5 - 1.0), load * (growth**6 - 1.0)))


def test_without_elasticity_support_is_all_windfall() -> None:
    payment = Question(campus(assumptions={"demand.price_elasticity": 0.0})).pay(("tax-credit",))
    assert payment.after.plan.tranches == ()
    assert payment.induced_it_mw == 0.0
    assert payment.cost_per_induced_mw_myen is None
    assert payment.forced is payment.before.plan
    assert payment.support.induced_myen == pytest.approx(0.0, abs=1e-3 * payment.support.total_myen)


def test_tranches_of_the_scenario_replace_the_curve() -> None:
    tranche = {"name": "abroad", "it_load_mw": 20, "price_myen_per_mwh": 0.15}
    asked = Question(campus(tranche=[tranche]))
    assert asked.elasticity is None
    payment = asked.pay(("tax-credit",))
    assert [served.name for served in payment.after.plan.tranches] == ["abroad"]
    assert payment.before.served_mw == pytest.approx(0.0, abs=1e-6)
    assert payment.induced_it_mw == pytest.approx(20.0, rel=1e-6)
