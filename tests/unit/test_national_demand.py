"""Further demand of a country along its curve: steps of it, the range that bounds leave, and a dense scan."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cases.national_studies import one_site

from kiban.finance.demand import LEAST_PRICE_SHARE
from kiban.finance.national import NationalQuestion
from kiban.finance.national_demand import KNOWN_MW, STEPS, Curve, by_curve, curve_of
from kiban.national.search.cutting_planes import search
from kiban.national.study.variants import with_more, without_offers
from kiban.planning.falling_price import FallingPrice
from kiban.progress import say_nothing

ENERGY = 7_000.0
SHARES = st.floats(0.4, 1.0)


def curve(load=100.0, price=0.2, elasticity=1.0, passed=0.5):
    return Curve("training_elastic", 0, 0, FallingPrice(load, price, elasticity, passed), ENERGY)


@cache
def asked():
    return NationalQuestion(one_site())


@cache
def credit():
    return asked().pay(("tax-credit",))


@given(st.floats(1, 1000), st.floats(0.01, 1), st.floats(0.1, 6), SHARES)
def test_steps_add_up_to_the_curve_and_never_count_more(load, price, elasticity, passed):
    one = curve(load, price, elasticity, passed)
    points = one.points()
    steps = one.steps(points)
    assert len(steps) == STEPS
    assert sum(width for width, _ in steps) == pytest.approx(load * (LEAST_PRICE_SHARE**-elasticity - 1.0), rel=1e-9)
    prices = [each for _, each in steps]
    assert prices == sorted(prices, reverse=True)
    assert sum(width * each for width, each in steps) == pytest.approx(one.counted_myen(one.most_mw), rel=1e-9)
    scale = load * price * ENERGY
    for share in (0.03, 0.2, 0.5, 0.9):
        mw = share * one.most_mw
        line = np.interp(mw, points, [one.counted_myen(end) for end in points])
        gap = one.counted_myen(mw) - line
        assert -1e-9 * scale <= gap <= one.missing_myen(points) + 1e-9 * scale


def test_a_curve_ends_where_compute_would_cost_nothing():
    """By hand: with a fifth passed on, users pay 80 % of the price where the cost is nothing: 100 / 0.8 - 100 MW."""
    assert curve(passed=0.2).most_mw == pytest.approx(25.0)
    assert curve(passed=0.2).steps(curve(passed=0.2).points())[-1][1] > 0
    assert curve(passed=0.5).most_mw == pytest.approx(100.0 / LEAST_PRICE_SHARE - 100.0)


def test_steps_that_are_cut_anew_are_fine_where_it_is_known_that_the_answer_lies():
    one = curve()
    points = one.points(8.0, 9.0)
    assert points[0] == 0.0
    assert points[-1] == pytest.approx(one.most_mw)
    within = [end for end in points if 8.0 - 1e-6 <= end <= 9.0 + 1e-6]
    assert len(within) == STEPS + 1
    assert one.missing_myen(points, 8.0, 9.0) < 1e-3 * one.missing_myen(one.points())


def test_names_of_steps_lead_back_to_their_curve():
    assert curve_of("training_elastic_3") == "training_elastic"
    assert curve_of("training_elastic2_11") == "training_elastic2"
    assert curve_of("training_elastic2") == "training_elastic2"
    assert curve_of("training_2") == "training_2"
    assert by_curve({"a_elastic_1": (1.0, 2.0), "a_elastic_2": (0.0, 3.0), "a": (9.0, 9.0)}) == {
        "a_elastic": (1.0, 5.0),
        "a": (9.0, 9.0),
    }


@pytest.mark.slow
def test_what_is_served_is_known_to_a_tenth_of_a_mw():
    payment = credit()
    (known,) = payment.after.known_mw.values()
    assert known[1] - known[0] <= KNOWN_MW
    assert known[0] - 1e-6 <= payment.induced_it_mw <= known[1] + 1e-6
    assert payment.induced_it_mw > 3.0


@pytest.mark.slow
def test_what_is_served_is_that_of_a_dense_scan():
    """The least of cost less what the curve counts over loads 20 kW apart, each solved to the accuracy of the site."""
    payment, question = credit(), asked()
    (one,) = question.curves
    problem = without_offers(payment.after.problem, 1)
    costs = {}

    def cost(mw):
        if mw not in costs:
            found = search(with_more(problem, 0, 0, mw), question.memory.fork(), gap=1e-8, max_rounds=60,
                           report=say_nothing, accuracy=1e-9)  # fmt: skip
            costs[mw] = found.cost_myen
        return costs[mw] - one.counted_myen(mw)

    root = payment.induced_it_mw
    near = [root + 0.02 * step for step in range(-10, 11)]
    far = [share * one.most_mw for share in (0.0, 0.05, 0.3, 0.6, 1.0)]
    values = {mw: cost(mw) for mw in (*near, *far)}
    least = min(values, key=values.get)
    assert least == pytest.approx(root, abs=0.1)
    # And the cost of a MW more there is the cost at which it is bought.
    marginal = (costs[near[-1]] - costs[near[0]]) / (near[-1] - near[0]) / one.energy_mwh_per_mw
    falling = one.falling
    paid = falling.price_myen_per_mwh - falling.pass_through * (falling.price_myen_per_mwh - marginal)
    bought = falling.at_mw * (paid / falling.price_myen_per_mwh) ** -falling.elasticity - falling.at_mw
    assert bought == pytest.approx(root, abs=0.1)


@pytest.mark.slow
def test_without_a_package_nothing_more_is_bought():
    """The market is at rest on the side without the package: its own problem, offered the curve, buys nothing."""
    side = asked().before
    (one,) = asked().curves
    assert side.total_mw == pytest.approx(100.0, rel=1e-6)
    marginal = one.falling.price_myen_per_mwh
    problem = side.problem
    costs = [
        search(with_more(problem, 0, 0, mw), asked().memory.fork(), gap=1e-8, max_rounds=60, report=say_nothing,
               accuracy=1e-9).cost_myen
        for mw in (0.0, 0.5)
    ]  # fmt: skip
    assert (costs[1] - costs[0]) / 0.5 / one.energy_mwh_per_mw == pytest.approx(marginal, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("row", ["demand.price_elasticity", "finance.pass_through"])
def test_demand_that_does_not_answer_is_not_offered(row):
    payment = NationalQuestion(one_site(assumptions={row: 0.0})).pay(("tax-credit",))
    assert payment.induced_it_mw == 0.0
    assert payment.demand is None
