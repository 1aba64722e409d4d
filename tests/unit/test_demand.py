"""Demand of constant elasticity as steps: amounts, prices, and no demand that does not answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cases.payments import campus, question

from kiban.finance.demand import DEMAND_STEPS, LEAST_PRICE_SHARE, elastic_tranches, probe_tranche
from kiban.finance.paying import Question


@given(st.floats(1, 1000), st.floats(0.01, 1), st.floats(0.1, 3))
def test_the_steps_add_up_to_the_curve(load: float, price: float, elasticity: float) -> None:
    tranches = elastic_tranches(load, price, elasticity)
    assert len(tranches) == DEMAND_STEPS
    offered = sum(tranche.it_load_mw or 0.0 for tranche in tranches)
    assert load + offered == pytest.approx(load * LEAST_PRICE_SHARE**-elasticity)
    prices = [tranche.price_myen_per_mwh or 0.0 for tranche in tranches]
    assert prices == sorted(prices, reverse=True)
    assert price > prices[0] > prices[-1] > LEAST_PRICE_SHARE * price
    assert all(tranche.shape == "load" and not tranche.must_serve for tranche in tranches)


def test_no_elasticity_is_no_further_demand() -> None:
    assert elastic_tranches(100.0, 0.2, 0.0) == ()


def test_the_probe_is_a_little_more_of_the_load() -> None:
    probe = probe_tranche(100.0)
    assert probe.it_load_mw == pytest.approx(1.0)
    assert probe.must_serve
    assert probe.shape == "load"


def test_the_curve_passes_through_the_load_and_its_cost() -> None:
    asked = question()
    dearest = asked.scenario.tranche[0]
    mean = asked.before.plan.indicators["cost_myen_per_it_mwh"]
    assert 0.9 * mean < dearest.price_myen_per_mwh < 1.1 * mean
    assert asked.before.served_mw == pytest.approx(0.0, abs=1e-6)
    assert asked.elasticity is not None


def test_without_elasticity_support_is_all_windfall() -> None:
    payment = Question(campus(assumptions={"demand.price_elasticity": 0.0})).pay(("tax-credit",))
    assert payment.after.plan.tranches == ()
    assert payment.induced_it_mw == 0.0
    assert payment.cost_per_induced_mw_myen is None
    assert payment.forced is payment.before.plan
    assert payment.support.induced_myen == pytest.approx(0.0, abs=1e-3 * payment.support.total_myen)


def test_tranches_of_the_scenario_replace_the_curve() -> None:
    tranche = {"name": "abroad", "it_load_mw": 20, "price_myen_per_mwh": 0.13}
    asked = Question(campus(tranche=[tranche]))
    assert asked.elasticity is None
    payment = asked.pay(("tax-credit",))
    assert [served.name for served in payment.after.plan.tranches] == ["abroad"]
    assert payment.before.served_mw == pytest.approx(0.0, abs=1e-6)
    assert payment.induced_it_mw == pytest.approx(20.0, rel=1e-6)
