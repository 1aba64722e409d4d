"""Instruments at equal cost, at the least cost of an aim, and over a range."""

from __future__ import annotations

from functools import cache

import pytest
from tests.cases.payments import campus, package, question

from kiban.errors import ScenarioError, SolverError
from kiban.finance import paying, search
from kiban.finance.comparison import (
    INSTRUMENTS,
    MOST_POINTS,
    Instrument,
    equal_cost,
    least_public_money,
    sweep,
)
from kiban.finance.paying import Question
from kiban.finance.search import AMOUNT_TOLERANCE, COST_TOLERANCE, SOLVER_TOLERANCE, largest_amount
from kiban.planning.evaluation import reprice
from kiban.scenario.package import load_package

pytestmark = pytest.mark.slow

BUDGET = 9000.0


@cache
def side_by_side() -> tuple[Instrument, ...]:
    return equal_cost(question(), BUDGET)


def test_five_instruments_cost_the_same_to_one_part_in_a_thousand() -> None:
    found = side_by_side()
    assert tuple(one.package for one in found) == INSTRUMENTS
    for one in found:
        assert one.payment is not None, one.package
        assert one.payment.fiscal_cost_myen == pytest.approx(BUDGET, rel=COST_TOLERANCE), one.package
        assert 0.0 < one.amount <= largest_amount(load_package(one.package))
        assert one.payment.after.packages[0].amount == one.amount
        assert one.payment.incidence.residual_yen == 0
        support = one.payment.support
        whole = support.windfall_myen + support.induced_myen + support.distortion_myen
        assert whole == pytest.approx(support.total_myen, rel=1e-9)


def test_a_budget_within_a_jump_is_met_by_a_mixture() -> None:
    """All of one large tranche pays at the same amount: no amount alone spends a budget in between."""
    tranche = {"name": "abroad", "it_load_mw": 20, "price_myen_per_mwh": 0.15, "shape": "load"}
    asked = Question(campus(tranche=[tranche]))
    (edge,) = least_public_money(asked, "induced_it_mw", 1.0, ("tax-credit",))
    credit = load_package("tax-credit")
    below, above = (asked.pay((credit.scaled(edge.amount + change),)) for change in (-5e-3, 5e-3))
    assert (below.after.served_mw, above.after.served_mw) == pytest.approx((0.0, 20.0), abs=1e-3)
    budget = (below.fiscal_cost_myen + above.fiscal_cost_myen) / 2
    (found,) = equal_cost(asked, budget, ("tax-credit",))
    assert found.payment is not None
    assert found.payment.fiscal_cost_myen == pytest.approx(budget, rel=COST_TOLERANCE)
    assert 2.0 < found.payment.after.served_mw < 18.0
    assert found.amount == pytest.approx(edge.amount, rel=5e-3)


def test_what_cannot_spend_the_budget_says_so() -> None:
    (found,) = equal_cost(question(), 1e7, ("property-tax-relief",))
    assert found.payment is None
    assert found.most is not None
    assert found.most.fiscal_cost_myen < 1e7
    assert found.amount == 1.0


def test_the_least_public_money_reaches_its_aim_and_not_more_cheaply() -> None:
    (credit,) = least_public_money(question(), "induced_it_mw", 2.0, ("tax-credit",))
    assert credit.payment is not None
    assert credit.payment.induced_it_mw >= 2.0 * (1 - 1e-6)
    less = question().pay((load_package("tax-credit").scaled(credit.amount - 1.5e-4),))
    assert less.induced_it_mw < 2.0
    assert less.fiscal_cost_myen <= credit.payment.fiscal_cost_myen
    (unreached,) = least_public_money(question(), "induced_it_mw", 1e5, ("tax-credit",))
    assert unreached.payment is None


@cache
def without_firm_clean_power() -> Question:
    """With sun and wind alone and no duty to be clean, a production credit buys the clean share."""
    supply = {name: {"enabled": False} for name in ("geothermal", "hydro", "wind_offshore_floating")}
    return Question(campus(target={}, supply=supply, assumptions={"demand.price_elasticity": 0.0}))


def test_the_least_public_money_for_clean_energy() -> None:
    asked = without_firm_clean_power()
    target = asked.before.plan.indicators["clean_share"] + 0.05
    (found,) = least_public_money(asked, "clean_share", target, ("production-credit",))
    assert found.payment is not None
    assert found.payment.after.plan.indicators["clean_share"] >= target * (1 - SOLVER_TOLERANCE)
    package = load_package("production-credit")
    step = AMOUNT_TOLERANCE * largest_amount(package)
    less = asked.pay((package.scaled(found.amount - 1.5 * step),))
    assert less.after.plan.indicators["clean_share"] < target
    assert less.fiscal_cost_myen < found.payment.fiscal_cost_myen


def test_a_clean_share_that_an_instrument_cannot_buy() -> None:
    """Relief from property tax makes wind and sun a little cheaper, and no more."""
    (found,) = least_public_money(without_firm_clean_power(), "clean_share", 0.99, ("property-tax-relief",))
    assert found.payment is None
    assert found.most is not None
    assert found.most.after.plan.indicators["clean_share"] < 0.99
    assert found.amount == 1.0


def test_a_known_design_costs_what_its_plan_cost_and_never_less_than_the_plan_elsewhere() -> None:
    asked = question()
    for name, amounts in (("tax-credit", (0.0, 0.1, 0.25)), ("production-credit", (0.0, 0.01, 0.03))):
        package = load_package(name)
        sides = {amount: asked.build_side((package.scaled(amount),), asked.before) for amount in amounts}
        for amount, side in sides.items():
            least = side.plan.net_cost_myen_per_year
            costs = asked.preparation.under((package.scaled(amount),))
            for known, other in sides.items():
                found = reprice(other.plan, costs.resources_for(other.plan.cooling_system))
                assert found >= least - 1e-5 * abs(least)
                if known == amount:
                    assert found == pytest.approx(least, rel=1e-9)


def test_a_search_takes_few_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Question(campus())
    assert asked.before
    solved = []
    build = paying.build_prepared
    monkeypatch.setattr(paying, "build_prepared", lambda *args, **keys: solved.append(1) or build(*args, **keys))
    equal_cost(asked, BUDGET, ("tax-credit",))
    assert len(solved) <= 8
    solved.clear()
    least_public_money(asked, "induced_it_mw", 2.0, ("tax-credit",))
    assert len(solved) <= 12


def test_a_root_is_found_to_a_tolerance_of_the_value() -> None:
    asked = []

    def value(amount: float) -> float:
        asked.append(amount)
        return amount**3 - 0.5

    found = search.find_rising_root(value, 0.0, 1.0, 1e-3)
    assert found is not None
    assert abs(found**3 - 0.5) <= 1e-3
    # No amount is asked twice: each answer is two cash flows with their ledgers.
    assert len(asked) == len(set(asked)) <= 8
    # A crossing just outside the bracket is at its end, one farther off is none.
    assert search.find_rising_root(lambda amount: amount + 1e-4, 0.0, 1.0, 1e-3) == 0.0
    assert search.find_rising_root(lambda amount: amount - 1.0 - 1e-4, 0.0, 1.0, 1e-3) == 1.0
    assert search.find_rising_root(lambda amount: amount + 0.1, 0.0, 1.0, 1e-3) is None
    assert search.find_rising_root(lambda amount: amount - 1.1, 0.0, 1.0, 1e-3) is None


def test_a_search_that_does_not_end_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_STEPS", 0)
    with pytest.raises(SolverError, match="0 plans under tax-credit did not find the amount"):
        equal_cost(question(), BUDGET, ("tax-credit",))


def test_a_sweep_asks_each_rate() -> None:
    points = sweep(question(), "credit_rate=0:0.2:0.1")
    assert [point.amount for point in points] == pytest.approx([0.0, 0.1, 0.2])
    costs = [point.payment.fiscal_cost_myen for point in points if point.payment]
    assert costs[0] == pytest.approx(0.0, abs=1e-3)
    assert costs == sorted(costs)


def test_a_sweep_takes_the_name_of_a_package() -> None:
    (point,) = sweep(question(), "capital-grant=0.1:0.1:1")
    assert point.package == "capital-grant"


@pytest.mark.parametrize(
    ("over", "says"),
    [
        ("credit_rate", "no range"),
        ("credit_rate=0:1", "no range"),
        ("credit_rate=a:b:c", "no range"),
        ("credit_rate=0:1:0", "does not rise"),
        ("credit_rate=0:1:-0.1", "does not rise"),
        ("credit_rate=1:0:0.1", "does not rise"),
        ("credit_rate=0:inf:1", "does not rise"),
        ("credit_rate=0:1:1e-9", f"at most {MOST_POINTS}"),
        ("credit_rate=0:1.5:0.5", "at most 1"),
        ("credit_rat=0:1:0.5", "credit"),
        ("public-ownership=0:1:0.5", "no single rate"),
    ],
)
def test_a_range_that_cannot_be_asked(over: str, says: str) -> None:
    with pytest.raises(ScenarioError, match=says) as error:
        sweep(question(), over)
    assert len(error.value.problems) == 1


@pytest.mark.parametrize("budget", [0.0, -1.0])
def test_a_budget_must_be_above_zero(budget: float) -> None:
    with pytest.raises(ScenarioError, match="give one above 0"):
        equal_cost(question(), budget)


@pytest.mark.parametrize(("aim", "target"), [("induced_it_mw", 0.0), ("clean_share", 1.2), ("clean_share", -0.1)])
def test_an_aim_must_be_possible(aim: str, target: float) -> None:
    with pytest.raises(ScenarioError, match="give one above 0"):
        least_public_money(question(), aim, target)  # type: ignore[arg-type]


def test_a_package_without_one_rate_cannot_be_scaled_to_a_budget() -> None:
    two = package(
        {"kind": "tax_credit", "rate": 0.1, "assets": ["chips"]},
        {"kind": "capital_grant", "rate": 0.1, "assets": ["battery"]},
    )
    with pytest.raises(ScenarioError, match="no single rate"):
        equal_cost(question(), BUDGET, (two,))
