"""Convex costs of capacities: their calculus, what is refused, optima by hand, prices, and what keeps a curve."""

from dataclasses import replace

import numpy as np
import pytest

from kiban.errors import SolverError
from kiban.linear import Staircase, solve
from kiban.linear.curves import CostCurve, demand_curve, supply_curve
from kiban.linear.elastic import relax
from kiban.linear.kernel.method import solve_kernel
from kiban.linear.kernel.warm import KEPT_GAPS
from kiban.linear.parametric import CostDirection, solve_ray
from kiban.linear.staircase import with_costs

EXPONENTS = (1.0, 0.4, 2.0, 3.5, -0.5, -1.0, -3.0)


def curve_of(exponent, origin=0.5):
    return CostCurve(np.copysign(2.0, exponent), 3.0, exponent, origin)


def market(demand, supply, *, most=np.inf):
    """What is bought of a resource over two hours, at most `most` of it."""
    programme = Staircase(2)
    programme.add_capacity("bought", cost=0.0, curve=demand)
    programme.add_capacity("offered", cost=0.0, upper=most, curve=supply)
    programme.add_total("cleared", lower=0.0, upper=0.0)
    programme.add_capacity_term("cleared", "offered")
    programme.add_capacity_term("cleared", "bought", -1.0)
    programme.add_variable("idle", upper=1.0)
    return programme


def site(load=1.0, curve=None):
    """A wire and a turbine serve a load that changes; the wire's price answers to what it takes."""
    programme = Staircase(24)
    programme.add_capacity("wire", cost=30.0, curve=curve)
    programme.add_capacity("turbine", cost=50.0, upper=40.0)
    programme.add_row("balance", equal=load * (20.0 + 10.0 * np.sin(np.arange(24.0))))
    programme.add_variable("buy", cost=2.0, capacity="wire")
    programme.add_variable("burn", cost=3.0, capacity="turbine", factor=0.9)
    programme.add_term("balance", "buy")
    programme.add_term("balance", "burn")
    programme.add_total("taken", upper=300.0)
    programme.add_total_term("taken", "buy")
    return programme


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_slope_and_curvature_are_derivatives(exponent):
    curve, h = curve_of(exponent), 1e-5
    for x in (0.9, 2.0, 3.5, 40.0):
        assert curve.slope(x) == pytest.approx((curve.value(x + h) - curve.value(x - h)) / (2 * h), rel=1e-6)
        assert curve.curvature(x) == pytest.approx((curve.slope(x + h) - curve.slope(x - h)) / (2 * h), rel=1e-6)
        assert curve.moved(0.3).value(x - 0.3) == pytest.approx(curve.value(x), rel=1e-12)
    assert curve.slope(3.5) == pytest.approx(np.copysign(2.0, exponent))


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_the_conjugate_is_the_largest_distance_from_a_line(exponent):
    curve = curve_of(exponent)
    grid = 0.5 + np.geomspace(1e-9, 1e4, 10_001)
    values = np.array([curve.value(x) for x in grid])
    for size in (0.3, 1.0, 5.0):
        slope = np.copysign(size, exponent)
        assert curve.conjugate(slope) == pytest.approx((slope * grid - values).max(), rel=1e-5)
        assert curve.slope(curve.reach(slope)) == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize("exponent", EXPONENTS)
@pytest.mark.parametrize("x", [0.6, 2.0, 30.0])
@pytest.mark.parametrize("asked", [-1e9, 0.0, 1e9, "own"])
def test_a_supporting_line_is_nowhere_above_the_curve(exponent, x, asked):
    curve = curve_of(exponent)
    asked = 1.0001 * curve.slope(x) if asked == "own" else asked
    slope, height = curve.support(x, asked, 0.55, 35.0)
    for other in np.geomspace(0.55, 35.0, 200):
        assert slope * other + height <= curve.value(other) + 1e-9 * (1 + abs(slope * other))
    assert slope * x + height == pytest.approx(curve.value(x), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((np.nan, 1.0, 1.0), "finite"),
        ((1.0, np.inf, 1.0), "finite"),
        ((1.0, 0.0, 1.0), "positive capacity"),
        ((1.0, 1.0, 0.0), "constant cost"),
        ((-1.0, 1.0, 1.0), "same sign"),
        ((1.0, 1.0, -1.0), "same sign"),
    ],
)
def test_what_is_not_a_convex_curve_is_refused(numbers, words):
    with pytest.raises(ValueError, match=words):
        CostCurve(*numbers)


def test_a_capacity_outside_its_curve_is_refused():
    programme = Staircase(2)
    with pytest.raises(ValueError, match="begins at 0"):
        programme.add_capacity("x", cost=0.0, lower=-1.0, curve=CostCurve(1.0, 1.0, 2.0))
    with pytest.raises(ValueError, match="held at 0"):
        programme.add_capacity("x", cost=0.0, upper=0.0, curve=CostCurve(-1.0, 1.0, -1.0))
    with pytest.raises(ValueError, match="whole number"):
        programme.add_capacity("x", cost=0.0, integer=True, curve=CostCurve(1.0, 1.0, 1.0))
    with pytest.raises(ValueError, match="positive"):
        demand_curve(1.0, 2.0, -0.5)
    programme.add_capacity("x", cost=0.0, lower=-1.0, curve=CostCurve(1.0, 1.0, 1.0))


@pytest.mark.parametrize("solver", ["kernel", "clarabel"])
@pytest.mark.parametrize("elasticity", [0.2, 0.5, 1.0, 1.6])
@pytest.mark.parametrize("offered", [0.5, 1.0, 2.0])
def test_a_market_clears_where_the_curves_cross(solver, elasticity, offered):
    answer = solve(market(demand_curve(40.0, 10.0, elasticity), supply_curve(25.0, 6.0, offered)), solver)
    # 40 (q / 10)^(-1/a) = 25 (q / 6)^(1/b)
    a, b = 1 / elasticity, 1 / offered
    quantity = (40.0 / 25.0 * 10.0**a * 6.0**b) ** (1 / (a + b))
    price = 25.0 * (quantity / 6.0) ** b
    assert answer.capacities["bought"] == pytest.approx(quantity, rel=1e-5)
    assert abs(answer.total_prices["cleared"]) == pytest.approx(price, rel=1e-5)


def test_a_limit_on_what_is_offered_earns_the_distance_of_the_curves():
    answer = solve(market(demand_curve(40.0, 10.0, 1.0), supply_curve(25.0, 6.0, 1.0), most=5.0), "kernel")
    assert answer.capacities["offered"] == pytest.approx(5.0, rel=1e-7)
    # A unit is worth 40 * 10 / 5 to the buyer and costs 25 * 5 / 6 to get.
    assert answer.capacity_prices["offered"] == pytest.approx(25.0 * 5 / 6 - 80.0, rel=1e-6)
    assert answer.capacity_prices["bought"] == pytest.approx(0.0, abs=1e-6)


def test_a_price_that_answers_to_load_by_hand():
    # 4 (1 + x / 8) for the wire against 9 for the other: x = 10, unless less is asked for.
    for asked, expected in ((30.0, 10.0), (6.0, 6.0)):
        programme = Staircase(1)
        programme.add_capacity("wire", cost=4.0, curve=CostCurve(4.0, 8.0, 1.0))
        programme.add_capacity("other", cost=9.0)
        programme.add_total("asked", lower=asked)
        for name in ("wire", "other"):
            programme.add_capacity_term("asked", name)
        programme.add_variable("idle", upper=1.0)
        answer = solve(programme)
        assert answer.certificate.solver.startswith("kernel")
        assert answer.capacities["wire"] == pytest.approx(expected, rel=1e-6)
        cost = 4.0 * expected + 4.0 * expected**2 / 16.0 + 9.0 * (asked - expected)
        assert answer.certificate.primal == pytest.approx(cost, rel=1e-8)
        assert answer.total_prices["asked"] == pytest.approx(min(9.0, 4.0 * (1 + asked / 8)), rel=1e-6)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_prices_are_derivatives_of_the_optimum(exponent):
    curve = CostCurve(np.copysign(9.0, exponent), 12.0, exponent)
    base, step = solve(site(curve=curve), "kernel"), 1e-4
    up, down = (solve(site(1.0 + s, curve), "kernel").certificate.primal for s in (step, -step))
    load = site().rows["balance"].upper
    assert float(base.row_prices["balance"] @ load) == pytest.approx((up - down) / (2 * step), rel=1e-5)
    assert base.certificate.relative_gap < 1e-8


def test_a_curve_that_flattens_becomes_the_linear_cost():
    straight = solve(site(), "kernel").certificate.primal
    gaps = []
    for price in (1.0, 1e-2, 1e-4, 1e-7):
        bent = solve(site(curve=CostCurve(price, 10.0, 1.0)), "kernel")
        gaps.append(bent.certificate.primal - straight)
        wire = bent.capacities["wire"]
        assert 0.0 < gaps[-1] <= price * wire**2 / 20.0 * 1.5 + 1e-5
    assert gaps == sorted(gaps, reverse=True)
    flat = solve(site(curve=CostCurve(0.0, 10.0, 1.0)), "kernel")
    assert flat.certificate.primal == pytest.approx(straight, rel=1e-8)


def test_a_held_capacity_costs_what_its_curve_says():
    programme = site(curve=CostCurve(-9.0, 12.0, -0.5))
    programme.capacities["wire"] = replace(programme.capacities["wire"], lower=0.0, upper=0.0)
    programme.capacities["turbine"] = replace(
        programme.capacities["turbine"], lower=40.0, upper=40.0, curve=CostCurve(2.0, 10.0, 1.0)
    )
    for solver in ("kernel", "clarabel"):
        answer = solve(programme, solver)
        fuel = 3.0 * float(programme.rows["balance"].upper.sum())
        assert answer.certificate.primal == pytest.approx(50.0 * 40.0 + 2.0 * 40.0**2 / 20.0 + fuel, rel=1e-7)


def test_highs_and_whole_numbers_are_refused():
    programme = site(curve=CostCurve(1.0, 10.0, 1.0))
    with pytest.raises(SolverError, match="highs takes linear costs only"):
        solve(programme, "highs")
    programme.capacities["turbine"] = replace(programme.capacities["turbine"], integer=True)
    with pytest.raises(SolverError, match="whole numbers"):
        solve(programme)


def test_verdicts_do_not_depend_on_curves():
    programme = site(curve=CostCurve(-5.0, 10.0, -1.0))
    programme.add_total("too much", lower=1e4)
    programme.add_total_term("too much", "buy")
    assert solve_kernel(programme).status == "infeasible"
    endless = site(curve=CostCurve(-5.0, 10.0, -0.5))
    endless.capacities["wire"] = replace(endless.capacities["wire"], cost=-1.0)
    assert solve_kernel(endless).status == "unbounded"
    # A rising slope ends what a negative cost began.
    held = with_costs(endless, curves={"wire": CostCurve(1.0, 10.0, 1.0)})
    assert solve_kernel(held).status == "optimal"


def test_other_costs_and_relaxed_limits_keep_the_curve():
    curve = CostCurve(6.0, 10.0, 1.0)
    programme = site(curve=curve)
    assert with_costs(programme, capacities={"wire": 1.0}).capacities["wire"].curve == curve
    assert with_costs(programme, curves={"wire": None}).capacities["wire"].curve is None
    assert programme.capacities["wire"].curve == curve
    programme.capacities["wire"] = replace(programme.capacities["wire"], upper=1.0)
    programme.capacities["turbine"] = replace(programme.capacities["turbine"], upper=1.0)
    answer = solve(relax(programme, {"wire": 1e3, "turbine": 1e3}))
    cost = sum(
        c.cost * answer.capacities[n] for n, c in relax(programme, {"wire": 1e3, "turbine": 1e3}).capacities.items()
    )
    cost += curve.value(answer.capacities["wire"])
    cost += 2.0 * float(answer.hourly["buy"].sum()) + 3.0 * float(answer.hourly["burn"].sum())
    assert answer.certificate.primal == pytest.approx(cost, rel=1e-8)


def test_the_least_cost_over_rates_counts_the_curve():
    programme = site(curve=CostCurve(6.0, 10.0, 1.0))
    direction = CostDirection(capacities={"wire": 10.0}, hourly={})
    bounds = solve_ray(programme, direction, np.linspace(0.0, 2.0, 9), tolerance=1e-4)
    assert (bounds.lower <= bounds.upper + 1e-6 * np.abs(bounds.upper)).all()
    for rate, low, high in zip(bounds.rates[:, 0], bounds.lower, bounds.upper, strict=True):
        exact = solve(with_costs(programme, capacities={"wire": 30.0 + 10.0 * rate}), "clarabel").certificate.primal
        assert low - 1e-6 * exact <= exact <= high + 1e-6 * exact


def test_a_warm_start_follows_a_curve():
    kept = solve_kernel(site(curve=demand_curve(9.0, 12.0, 0.5)), keep=KEPT_GAPS)
    changed = site(1.02, demand_curve(9.5, 12.0, 0.5))
    cold, warm = solve_kernel(changed), solve_kernel(changed, warm=kept.warm)
    assert warm.solution.certificate.primal == pytest.approx(cold.solution.certificate.primal, rel=1e-8)


def test_a_steep_demand_takes_few_iterations():
    # The start is four decades below, where the slope is 1e44: plain Newton grows by a tenth in each of 110 iterations.
    programme = market(demand_curve(0.1, 100.0, 0.1), supply_curve(50.0, 1.0, 1.0))
    answer = solve_kernel(programme)
    assert answer.status == "optimal"
    assert answer.iterations <= 60
