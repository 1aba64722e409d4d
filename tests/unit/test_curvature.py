"""Hourly costs that rise with what is taken: optima by hand, prices, proofs, and what keeps a curvature."""

from dataclasses import replace

import numpy as np
import pytest

from kiban.errors import SolverError
from kiban.linear import Staircase, solve
from kiban.linear.branching import solve_branching
from kiban.linear.elastic import relax
from kiban.linear.flat import flatten
from kiban.linear.kernel.method import solve_kernel
from kiban.linear.kernel.warm import KEPT_GAPS
from kiban.linear.parametric import CostDirection, solve_ray
from kiban.linear.solution import certify
from kiban.linear.staircase import hold_capacities, with_costs, without_costs
from kiban.linear.verdict import Verdicts


def wire(load, *, cost=2.0, curvature=0.5, other=7.0, lower=0.0):
    """A load that a wire serves, whose price answers, and a plant at a price that does not."""
    load = np.asarray(load, dtype=float)
    programme = Staircase(load.size)
    programme.add_variable("buy", cost=cost, curvature=curvature, lower=lower)
    programme.add_variable("burn", cost=other)
    programme.add_row("balance", equal=load)
    programme.add_term("balance", "buy")
    programme.add_term("balance", "burn")
    return programme


def site(seed, *, steps=96, block=None, curvature=0.02, lower=0.0, load=1.0):
    """A campus on a wire, under the sun, with a battery; the wire's price answers to what it takes."""
    rng = np.random.default_rng(seed)
    programme = Staircase(steps, block)
    programme.add_capacity("wire", cost=3.0, upper=50.0)
    programme.add_capacity("sun", cost=0.1 * steps)
    programme.add_capacity("battery", cost=1.5)
    hour = np.arange(steps)
    output = np.maximum(np.sin(hour / 24 * 2 * np.pi - 1.5), 0.0) * rng.random(steps)
    programme.add_row("balance", equal=load * (10.0 + 3.0 * rng.random(steps)))
    programme.add_capacity_term("balance", "sun", output)
    programme.add_variable("curtailed")
    programme.add_term("balance", "curtailed", -1.0)
    programme.add_variable("buy", cost=0.2 + 0.3 * rng.random(steps), capacity="wire", lower=lower, curvature=curvature)
    programme.add_term("balance", "buy")
    programme.add_variable("charge", capacity="battery")
    programme.add_variable("discharge", capacity="battery", cost=0.001)
    programme.add_variable("stored", capacity="battery", factor=4.0)
    programme.add_term("balance", "charge", -1.0)
    programme.add_term("balance", "discharge")
    programme.add_row("store", equal=0.0)
    programme.add_term("store", "stored")
    programme.add_term("store", "stored", -1.0, lagged=True)
    programme.add_term("store", "charge", -0.9)
    programme.add_term("store", "discharge", 1.0 / 0.9)
    return programme


@pytest.mark.parametrize("solver", ["kernel", "clarabel"])
def test_a_price_that_answers_by_hand(solver):
    """2 + x / 2 against 7: up to 10 are bought, and the price is that of the next unit."""
    answer = solve(wire([4.0, 16.0]), solver)
    assert answer.hourly["buy"] == pytest.approx([4.0, 10.0], abs=1e-5)
    assert answer.hourly["burn"] == pytest.approx([0.0, 6.0], abs=1e-5)
    # 2 x + x^2 / 4: 8 + 4, and 20 + 25 + 42.
    assert answer.certificate.primal == pytest.approx(99.0, rel=1e-8)
    assert answer.certificate.dual == pytest.approx(99.0, rel=1e-7)
    assert answer.row_prices["balance"] == pytest.approx([4.0, 7.0], rel=1e-6)


def test_a_least_purchase_and_a_most_are_priced():
    least = solve(wire([8.0], lower=4.0, other=3.0), "kernel")
    # At 4 the price is 4 already, and all else comes at 3.
    assert least.hourly["buy"] == pytest.approx([4.0], rel=1e-6)
    assert least.certificate.primal == pytest.approx(8.0 + 4.0 + 12.0, rel=1e-8)
    bounded = wire([8.0])
    bounded.variables["buy"] = replace(bounded.variables["buy"], upper=np.array([2.0]))
    most = solve(bounded, "kernel")
    assert most.certificate.primal == pytest.approx(4.0 + 1.0 + 42.0, rel=1e-8)
    # One more could be bought at 3 in the place of 7.
    assert most.bound_prices["buy"] == pytest.approx([-4.0], rel=1e-6)


@pytest.mark.parametrize("curvature", [1e-6, 0.02, 5.0])
@pytest.mark.parametrize(("steps", "block", "lower"), [(96, None, 0.0), (100, 50, 1.0), (52, None, 0.5)])
def test_the_compiled_and_the_plain_method_agree_with_clarabel(curvature, steps, block, lower):
    programme = site(3, steps=steps, block=block, curvature=curvature, lower=lower)
    ours, plain, other = solve(programme, "kernel"), solve_kernel(programme, plain=True), solve(programme, "clarabel")
    assert ours.certificate.relative_gap < 1e-8
    assert ours.certificate.primal == pytest.approx(other.certificate.primal, rel=1e-7)
    assert plain.solution.certificate.primal == pytest.approx(ours.certificate.primal, rel=1e-9)
    assert ours.hourly["buy"] == pytest.approx(other.hourly["buy"], abs=1e-3)
    assert ours.row_prices["balance"] == pytest.approx(other.row_prices["balance"], abs=1e-4)


def test_the_certificate_is_that_of_the_flattened_programme():
    programme = site(5)
    ours = solve(programme, "kernel")
    flat = flatten(programme)
    point = np.concatenate([*([value] for value in ours.capacities.values()), *ours.hourly.values()])
    prices = np.zeros(flat.row_lower.size)
    for name, values in ours.row_prices.items():
        prices[flat.rows[name]] = values
    for name, variable in programme.variables.items():
        if variable.capacity is not None:
            prices[flat.rows[f"bound:{name}"]] = ours.bound_prices[name]
    again, _ = certify(flat, point, prices, solver="", iterations=0)
    assert again.primal == pytest.approx(ours.certificate.primal, rel=1e-12)
    assert again.dual == pytest.approx(ours.certificate.dual, rel=1e-9)


@pytest.mark.parametrize("price", [0.0, 2.0, 3.5, 6.0, 7.0])
def test_any_price_bounds_the_cost_from_below_by_hand(price):
    """Paid `price`, 16 are worth 16 price; what is bought costs least less what it earns at x = 2 (price - 2).

    The rest earns (price - 2)^2, which is all that the bound lacks: at 7 it is the optimum, 20 + 25 + 42.
    """
    flat = flatten(wire([16.0]))
    proof, _ = certify(flat, np.array([1.0, 15.0]), np.array([price]), solver="", iterations=0)
    assert proof.dual == pytest.approx(16.0 * price - max(price - 2.0, 0.0) ** 2)
    assert proof.dual_residual == 0.0
    assert proof.dual <= 87.0
    assert proof.primal == pytest.approx(2.0 + 0.25 + 105.0)


def test_prices_are_derivatives_of_the_optimum():
    base, step = solve(site(7), "kernel"), 1e-4
    up, down = (solve(site(7, load=1.0 + s), "kernel").certificate.primal for s in (step, -step))
    load = site(7).rows["balance"].upper
    assert float(base.row_prices["balance"] @ load) == pytest.approx((up - down) / (2 * step), rel=1e-5)


def test_a_curvature_of_nothing_is_the_linear_programme():
    linear = solve(site(1, curvature=0.0), "kernel")
    assert linear.hourly["buy"].mean() > 3.0
    straight = linear.certificate.primal
    gaps = [solve(site(1, curvature=bend), "kernel").certificate.primal - straight for bend in (1e-2, 1e-4, 1e-6)]
    assert gaps[0] > gaps[1] > gaps[2] > 0.0
    bought = linear.hourly["buy"]
    assert all(
        gap <= 0.5 * bend * float(bought @ bought) + 1e-6 for gap, bend in zip(gaps, (1e-2, 1e-4, 1e-6), strict=True)
    )


def test_a_warm_start_finds_the_same():
    first = solve_kernel(site(2), keep=KEPT_GAPS)
    again = solve_kernel(site(2, load=1.02), warm=first.warm)
    cold = solve_kernel(site(2, load=1.02))
    assert again.solution.certificate.primal == pytest.approx(cold.solution.certificate.primal, rel=1e-8)
    assert again.iterations < cold.iterations


def test_costs_change_and_the_curvature_stays_until_it_is_named():
    programme = wire([16.0])
    dearer = with_costs(programme, hourly={"buy": np.array([3.0])})
    assert solve(dearer).hourly["buy"] == pytest.approx([8.0], rel=1e-5)
    steeper = with_costs(programme, curvatures={"buy": 1.0})
    assert solve(steeper).hourly["buy"] == pytest.approx([5.0], rel=1e-5)
    assert without_costs(programme).variables["buy"].curvature == 0.0
    assert programme.variables["buy"].curvature == 0.5
    assert hold_capacities(programme, {}).variables["buy"].curvature == 0.5


def test_bounds_over_rates_hold_with_a_curvature():
    programme = wire([4.0, 16.0])
    direction = CostDirection({}, {"buy": np.ones(2)})
    rates = np.linspace(0.0, 3.0, 7)
    found = solve_ray(programme, direction, rates, tolerance=1e-4)
    for rate, low, high in zip(rates, found.lower, found.upper, strict=True):
        exact = solve(with_costs(programme, hourly={"buy": np.full(2, 2.0 + rate)})).certificate.primal
        assert low - 1e-6 <= exact <= high + 1e-6


def test_what_gives_way_is_priced_beside_a_curvature():
    programme = wire([16.0])
    programme.variables["burn"] = replace(programme.variables["burn"], upper=np.array([2.0]))
    programme.variables["buy"] = replace(programme.variables["buy"], upper=np.array([10.0]))
    assert solve(programme).status == "infeasible"
    short = solve(relax(programme, {"balance": 100.0}))
    assert short.hourly["slack:balance"] == pytest.approx([4.0], rel=1e-5)


def trade(curvature):
    """What is bought at 1 is sold at 3."""
    programme = Staircase(2)
    programme.add_variable("buy", cost=1.0, curvature=curvature)
    programme.add_variable("sell", cost=-3.0)
    programme.add_row("balance", equal=0.0)
    programme.add_term("balance", "buy")
    programme.add_term("balance", "sell", -1.0)
    return programme


def test_no_direction_proves_a_gain_without_end_where_the_price_answers():
    forever = np.ones(4)
    assert Verdicts(flatten(trade(0.0))).prove_unbounded(forever) is not None
    assert Verdicts(flatten(trade(1e-6))).prove_unbounded(forever) is None


def test_buying_and_selling_without_end_ends_where_the_price_answers():
    for solver in ("auto", "kernel", "clarabel"):
        assert solve(trade(0.0), solver).status == "unbounded"
        assert solve(trade(0.5), solver).hourly["sell"] == pytest.approx([4.0, 4.0], rel=1e-5)


def test_whole_numbers_beside_a_curvature_are_searched():
    """A measure of 3.5 saves 1 of 10: 10 cost 45, 9 cost 38.25, so that it pays; at a price of 7 it does not."""
    for price, taken in ((3.5, 1.0), (7.0, 0.0)):
        programme = Staircase(1)
        programme.add_capacity("measure", cost=price, upper=1.0, integer=True)
        programme.add_variable("buy", cost=2.0, curvature=0.5)
        programme.add_row("balance", equal=10.0)
        programme.add_term("balance", "buy")
        programme.add_capacity_term("balance", "measure", 1.0)
        answer = solve(programme)
        assert answer.capacities["measure"] == taken
        assert answer.certificate.primal == pytest.approx(min(45.0, 38.25 + price), rel=1e-7)
        assert solve_branching(programme, solve).certificate.primal == pytest.approx(answer.certificate.primal)


@pytest.mark.parametrize("curvature", [-1.0, np.inf, np.nan])
def test_what_is_not_convex_is_refused(curvature):
    with pytest.raises(ValueError, match="not convex or not finite"):
        Staircase(1).add_variable("x", curvature=curvature)


def test_highs_is_not_asked():
    with pytest.raises(SolverError, match="curved"):
        solve(wire([4.0]), "highs")
