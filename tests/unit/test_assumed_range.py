"""What an answer would be at the ends of what is assumed of demand, by hand and against designs solved anew."""

from __future__ import annotations

import pytest
from tests.cases.payments import campus, package, paid

from kiban.finance.additionality import AssetSupport, Support
from kiban.finance.assumed_range import DemandAssumed, induced_between, induced_with, range_over
from kiban.finance.compared import instrument_rows
from kiban.finance.comparison import Instrument
from kiban.finance.paying import Question
from kiban.report.layout import render
from kiban.report.payment.document import payment_document
from kiban.report.payment.figures import instrument_documents
from kiban.report.payment.terminal import comparison_text
from kiban.report.payment.words import answer, payment_money

HALF = DemandAssumed(1.0, (0.5, 2.0), 0.5, (0.0, 1.0))


def test_other_elasticities_and_shares_by_hand() -> None:
    """100 MW; 25 are induced at elasticity 1 and half passed on: users pay 0.8, so that a MW costs 40 % less.

    Elasticity 2 at 0.8: 100 (1 / 0.64 - 1) = 56.25. All passed on: users pay 0.6, 66.67. Nothing: nothing.
    """
    assert induced_with(100.0, 25.0, HALF, elasticity=1.0, pass_through=0.5) == pytest.approx(25.0)
    assert induced_with(100.0, 25.0, HALF, elasticity=2.0, pass_through=0.5) == pytest.approx(56.25)
    assert induced_with(100.0, 25.0, HALF, elasticity=1.0, pass_through=1.0) == pytest.approx(200.0 / 3.0)
    assert induced_with(100.0, 25.0, HALF, elasticity=1.0, pass_through=0.0) == pytest.approx(0.0)
    assert induced_between(100.0, 25.0, HALF) == pytest.approx((100.0 * (0.8**-0.5 - 1.0), 56.25))
    assert induced_between(100.0, 25.0, None) is None


def test_the_curve_ends_at_six_tenths_of_the_price() -> None:
    """50 MW more: users pay 2/3, a MW costs two thirds less; all passed on would be 1/3, and the curve ends at 0.6."""
    assert induced_with(100.0, 50.0, HALF, elasticity=1.0, pass_through=1.0) == pytest.approx(100.0 * (1 / 0.6 - 1.0))


def test_where_nothing_answers_nothing_is_known() -> None:
    still = DemandAssumed(0.0, (0.0, 2.0), 0.5, (0.0, 1.0))
    assert induced_with(100.0, 0.0, still, elasticity=2.0, pass_through=0.5) == 0.0
    assert induced_between(100.0, 0.0, still) is None


def test_the_range_of_the_answer_by_hand() -> None:
    """Cost 250 of 125 MW: 2 a MW. Windfall 60, moved 20, induced 20 for 25 MW.

    Induced from 0 (nothing passed on) to 66.67 MW (all of it): cost 200 to 333.3, windfall 60 / 80 to 60 / 133.3.
    """
    support = Support((AssetSupport("it", "chips", "mw", 60.0, 100.0, 80.0, 1.0, 60.0, 20.0, 20.0),))
    found = range_over(100.0, 25.0, 250.0, support, HALF)
    assert found.induced_it_mw == pytest.approx((0.0, 200.0 / 3.0))
    assert found.fiscal_cost_myen == pytest.approx((200.0, 1000.0 / 3.0))
    assert found.windfall_share == pytest.approx((60.0 / (80.0 + 160.0 / 3.0), 0.75))
    assert found.induced_share == pytest.approx((0.0, (160.0 / 3.0) / (80.0 + 160.0 / 3.0)))


@pytest.mark.parametrize(
    "facts", [{"demand.price_elasticity": 0.5}, {"finance.pass_through": 1.0}, {"demand.price_elasticity": 3.0}]
)
def test_the_range_is_that_of_designs_solved_anew(facts: dict[str, float]) -> None:
    known = paid("tax-credit")
    assert known.demand is not None
    elasticity = facts.get("demand.price_elasticity", known.demand.elasticity)
    share = facts.get("finance.pass_through", known.demand.pass_through)
    told = induced_with(known.load_mw, known.induced_it_mw, known.demand, elasticity=elasticity, pass_through=share)
    solved = Question(campus(assumptions=facts)).pay(("tax-credit",))
    assert solved.induced_it_mw == pytest.approx(told, rel=0.03)
    assert known.range is not None
    low, high = known.range.fiscal_cost_myen
    assert low < known.fiscal_cost_myen < high
    assert low * 0.98 < solved.fiscal_cost_myen < high * 1.02


def test_the_headline_and_the_document_carry_the_range() -> None:
    payment = paid("tax-credit")
    document = payment_document(payment)
    over = document["range"]
    assert over is not None
    for name, figure in (("fiscal_cost_myen", payment.fiscal_cost_myen), ("induced_it_mw", payment.induced_it_mw),
                         ("windfall_share", payment.support.windfall_share)):  # fmt: skip
        ends = over[name]  # type: ignore[literal-required]
        assert ends["low"] <= figure <= ends["high"], name
    # Nothing is induced where nothing is passed on, and then nearly all of it is windfall.
    assert over["induced_it_mw"]["low"] == 0.0
    assert over["windfall_share"]["high"] > 0.99
    said = answer(payment, "en")
    assert "50.0 MW of AI load at Tomakomai" in said
    assert "over what is assumed of demand" in said
    money, changes = payment_money(payment, "en"), payment.changes_at_social_rate_myen
    bill, gain = money.amount(-changes["national_treasury"]), money.amount(changes["users"])
    assert said.endswith(
        f"most of the bill falls on the national treasury ({bill}) and most of the gain goes to compute users ({gain}),"
        " present values at one social rate."
    )
    low, high = (f"¥{100.0 * payment.range.induced_share[end]:.1f}" for end in (0, 1))
    assert f"({low} to {high}) for what it induces" in said
    assert "需要についての仮定の幅" in answer(payment, "ja")
    assert "苫小牧" in answer(payment, "ja")


def test_own_tranches_have_no_range() -> None:
    tranche = {"name": "abroad", "it_load_mw": 20, "price_myen_per_mwh": 0.15}
    payment = Question(campus(tranche=[tranche])).pay(
        (package({"kind": "tax_credit", "assets": ["chips"], "rate": 0.3}),)
    )
    assert payment.range is None
    assert payment_document(payment)["range"] is None
    assert "over what is assumed" not in answer(payment, "en")


def test_comparisons_carry_the_range_of_what_is_induced() -> None:
    payment = paid("tax-credit")
    rows = instrument_documents(instrument_rows((Instrument("tax-credit", 0.2, payment),)))
    assert payment.induced_range_mw is not None
    assert rows[0]["induced_range_mw"] == list(payment.induced_range_mw)
    low, high = payment.induced_range_mw
    instruments = (Instrument("tax-credit", 0.2, payment),)
    text = render(comparison_text(instrument_rows(instruments), "x", "en", 200), width=200, colour=False)
    assert f"{payment.induced_it_mw:.1f} ({low:.1f}–{high:.1f})" in text
