"""One campus in money: its price, the rounds between design and finance, and what counts as the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.cases.payments import paid, question

from kiban.finance.campus import (
    ELSEWHERE,
    NATIONAL,
    ONE_CAMPUS,
    Settling,
    Usable,
    fiscal_cost,
    gains,
    load_price,
    serves_the_same,
    settle,
    spending,
    usable_at,
)
from kiban.finance.ledger import TREASURIES
from kiban.finance.levelised import LevelisedCost

HERE = "here"


def asked(answer: Callable[[float], float], rules: Settling) -> tuple[list[float], float]:
    """The shares that a design was asked with in turn, where finance answers each with a share; what was left."""
    shares: list[float] = []

    def design(usable: Usable) -> tuple[list[float], Usable, bool]:
        shares.append(usable_at(usable, HERE).get("chips", 1.0))
        return shares, {HERE: {"chips": answer(shares[-1])}}, False

    return settle(design, rules)


@pytest.mark.parametrize(
    ("before", "sold_at", "pass_through", "price"),
    # A cost that falls from 0.20 to 0.16: users get all, half or nothing of it off what they paid.
    [(0.20, 0.20, 1.0, 0.16), (0.20, 0.20, 0.5, 0.18), (0.20, 0.20, 0.0, 0.20), (0.12, 0.12, 0.5, 0.14),
     (0.20, 0.19, 0.5, 0.17)],
)  # fmt: skip
def test_the_price_of_the_load_by_hand(before: float, sold_at: float, pass_through: float, price: float) -> None:
    cost, known = LevelisedCost(0.16, None, None), LevelisedCost(before, None, None)
    assert load_price(cost, known, sold_at, pass_through) == pytest.approx(price, rel=1e-12)


def test_a_share_that_does_not_depend_on_the_design_takes_two_rounds() -> None:
    assert asked(lambda used: 0.4, ONE_CAMPUS) == ([1.0, 0.4], 0.0)
    assert asked(lambda used: 1.0, ONE_CAMPUS) == ([1.0], 0.0)


@pytest.mark.parametrize("rules", [ONE_CAMPUS, NATIONAL])
def test_a_share_that_swings_comes_to_rest_by_keeping_half_of_the_last(rules: Settling) -> None:
    shares, left = asked(lambda used: 1.0 - used, rules)
    swing = [1.0, 0.0] * rules.most_rounds
    assert shares == pytest.approx([*swing[: rules.damped_from + 1], 0.5])
    assert left == 0.0
    never = Settling(rules.tolerance, rules.most_rounds, damped_from=rules.most_rounds)
    assert asked(lambda used: 1.0 - used, never) == (swing[: rules.most_rounds], 1.0)


def test_what_is_left_is_the_change_of_the_last_round() -> None:
    shares, left = asked(lambda used: 0.5 * used, Settling(1e-3, 3, 9))
    assert (shares, left) == ([1.0, 0.5, 0.25], 0.125)
    # Where a change counts as none, nothing is left.
    assert asked(lambda used: used - 5e-4, Settling(1e-3, 3, 9)) == ([1.0], 0.0)


def test_another_reason_to_design_anew_is_another_round() -> None:
    reasons = iter((True, True, False, True))
    rounds = []

    def design(usable: Usable) -> tuple[int, Usable, bool]:
        rounds.append(usable)
        return len(rounds), {HERE: {"chips": 1.0}}, next(reasons)

    assert settle(design, NATIONAL) == (3, 0.0)


def test_where_nothing_is_built_an_owner_is_as_the_mean_of_the_others() -> None:
    seen = []

    def design(usable: Usable) -> tuple[None, Usable, bool]:
        seen.append([usable_at(usable, site).get("chips", 1.0) for site in (HERE, "there")])
        # The mean may go on moving: only sites that are built must settle.
        return None, {HERE: {"chips": 0.2}, ELSEWHERE: {"chips": 0.6 - 0.1 * len(seen)}}, False

    assert settle(design, NATIONAL) == (None, 0.0)
    assert seen == [[1.0, 1.0], [0.2, 0.5]]


def test_what_is_served_is_the_same_up_to_a_ten_thousandth_of_the_load() -> None:
    assert serves_the_same({"a": 10.0, "b": 0.0}, {"a": 10.009}, 100.0)
    assert not serves_the_same({"a": 10.0}, {"a": 10.011}, 100.0)
    assert not serves_the_same({"a": 10.0}, {}, 100.0)


def test_spending_is_by_asset_class_over_all_plans() -> None:
    plan = paid("none").before.plan
    whole = sum(investment.capex_myen for investment in plan.investments)
    assert sum(spending((plan, plan)).values()) == pytest.approx(2 * whole, rel=1e-12)
    assert spending((plan,))["chips"] == pytest.approx(
        sum(investment.capex_myen for investment in plan.investments if investment.asset == "chips")
    )


def test_fiscal_cost_is_of_the_campus_that_stands_against_itself() -> None:
    payment, terms = paid("tax-credit"), question().campus_terms
    campus, ordinary = payment.after.campus, payment.before.terms
    assert fiscal_cost(campus, campus.project.policy, terms) == pytest.approx(0.0, abs=1e-9)
    assert fiscal_cost(campus, ordinary, terms, under=ordinary) == 0.0
    cost = fiscal_cost(campus, ordinary, terms)
    assert cost == payment.fiscal_cost_myen
    rate = terms.shares.party_rates["national_treasury"]
    credit = -campus.ledger.present_value("national_treasury", rate, accounts=frozenset({"tax_credit"}))
    # A credit that is cut from the basis comes back in part as tax.
    assert 0 < cost <= credit
    assert set(TREASURIES) <= set(terms.shares.party_rates)


def test_users_value_further_compute_at_what_they_bid() -> None:
    payment = paid("tax-credit")
    rate = payment.shares.party_rates["users"]
    found = gains(payment.party_values_myen, (payment.after.campus,), (payment.before.campus,), rate)
    assert payment.induced_it_mw > 0
    # The users of the load gain the fall of its price; they pay less for induced compute than it is worth to them.
    paid_more = payment.party_values_myen["users"]
    assert found["users"] > max(paid_more, 0.0)
    for party in ("equity", "lenders", "ratepayers"):
        assert found[party] == payment.party_values_myen[party]
