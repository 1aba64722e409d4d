"""Participation: what an owner asks, what capital costs with the debt that is raised, and when nothing is built."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.cases.payments import campus, paid, question

from kiban.catalogue import load_catalogue
from kiban.finance.additionality import measure_support
from kiban.finance.assumptions import read_assumptions
from kiban.finance.cash_flow import project_cash_flow
from kiban.finance.levelised import break_even_price, common_levered_price
from kiban.finance.metrics import npv
from kiban.finance.participation import Participation, split_gain, weighted_cost_of_capital
from kiban.finance.paying import Question
from kiban.finance.project import Project, ProjectAsset, RevenueStream
from kiban.policy.terms import AssetTerms, DepreciationTerms, PolicyTerms, TaxTerms
from kiban.report.payment.words import further_sentences

NONE = DepreciationTerms("none", 1)


def plant(tax_rate: float = 0.0, *, streams: tuple[RevenueStream, ...] | None = None) -> Project:
    terms = PolicyTerms("x", "", "", TaxTerms("none", tax_rate, {"national_treasury": 1.0}, 0.0, None, 1.0),
                        {"chips": AssetTerms(NONE, NONE)})  # fmt: skip
    sold = streams or (RevenueStream("s", 1.0, None),)
    return Project("x", (ProjectAsset("servers", "chips", 100.0, 1.0),), sold, {}, terms, 2027)


CASE = replace(
    read_assumptions(load_catalogue()), inflation=0.0, horizon_years=1, construction_years=0, debt_share=0.6,
    debt_tenor_years=1, debt_reference_rate=0.04, debt_margin=0.01, dscr_target=1.0, upfront_fee_share=0.0,
    equity_rate=0.12, group_tax_myen=1e6,
)  # fmt: skip


def test_the_price_and_the_cost_of_capital_of_one_year_by_hand() -> None:
    """100 spent, 60 of it borrowed at 5 %, 40 of equity at 12 %, all sold a year later, no tax.

    Price 60 x 1.05 + 40 x 1.12 = 107.8, so that capital costs 7.8 %: 0.6 x 5 % + 0.4 x 12 %.
    """
    price = common_levered_price((plant(),), CASE, all_streams=True)
    assert price == pytest.approx(107.8)
    cash = project_cash_flow(plant().priced(price), CASE)
    assert cash.equity_flow == pytest.approx([-40.0, 44.8])
    assert weighted_cost_of_capital((plant(),), price, CASE) == pytest.approx(0.078)


def test_interest_that_is_deducted_makes_capital_cheaper_by_hand() -> None:
    """Tax of 30 % on all that is sold (nothing is written off): p - 0.3 (p - 3) - 63 = 44.8 gives 152.714.

    Without debt the owner keeps 0.7 x 152.714 = 106.9: 6.9 % after tax = 0.6 x 0.7 x 5 % + 0.4 x 12 %, 9.857 % before.
    """
    taxed = plant(0.3)
    price = common_levered_price((taxed,), CASE, all_streams=True)
    assert price == pytest.approx((44.8 + 63.0 - 0.9) / 0.7)
    assert weighted_cost_of_capital((taxed,), price, CASE) == pytest.approx(0.069 / 0.7)


def test_two_owners_at_one_price_together_earn_what_they_ask() -> None:
    """The second spends 120 for the same MWh: together 220 x 1.078 for two."""
    dear = replace(plant(), assets=(ProjectAsset("servers", "chips", 120.0, 1.0),))
    assert common_levered_price((plant(), dear), CASE, all_streams=True) == pytest.approx(220.0 * 1.078 / 2.0)


def test_a_tranche_pays_what_it_bids_and_the_load_the_rest() -> None:
    """107.8 are asked for; the tranche pays 50 for its half, so that the load pays 57.8 for the other half."""
    both = (RevenueStream("base_load", 0.5, None), RevenueStream("t", 0.5, 100.0))
    assert common_levered_price((plant(streams=both),), CASE, all_streams=False) == pytest.approx(57.8 / 0.5)


def test_in_the_base_case_the_owner_earns_what_he_asks() -> None:
    for name in ("none", "tax-credit"):
        payment = paid(name)
        before, case = payment.before, payment.assumptions
        assert before.returns.equity_irr == pytest.approx(case.equity_rate, abs=1e-9)
        assert payment.participation.builds_without
        assert before.returns.equity_npv_myen == pytest.approx(0.0, abs=1e-3)
        # The design's rate is that of its own financing: without debt the project is worth nothing at it.
        spent = sum(float(np.sum(paid_out)) for paid_out in before.cash.capex.values())
        assert before.returns.project_npv_myen == pytest.approx(0.0, abs=1e-4 * spent)
        assert before.plan.policy is not None
        assert before.levelised.myen_per_it_mwh == pytest.approx(before.campus.price_myen_per_mwh, rel=1e-4)
    # Debt at some 3 % beside equity at 12 %: capital costs less than equity, and more than the 5 % of the catalogue.
    assert 0.05 < paid("none").participation.discount_rate < 0.12 / (1.0 - 0.3)


def test_more_debt_makes_capital_cheaper() -> None:
    rates = [
        Question(campus(assumptions={"finance.debt_share": share})).campus_terms.assumptions.discount_rate_real
        for share in (0.0, 0.3)
    ]
    assert rates[1] < rates[0] - 0.005
    assert rates[1] > question().campus_terms.assumptions.discount_rate_real


def test_a_rate_that_is_given_says_with_what_the_owner_is_content() -> None:
    asked = Question(campus(finance={"discount_rate": 0.05}))
    payment = asked.pay(("tax-credit",))
    found = payment.participation
    assert found.rate_is_given
    assert found.discount_rate == 0.05
    assert found.required_return == pytest.approx(payment.before.returns.equity_irr, abs=1e-9)
    assert found.required_return < payment.assumptions.equity_rate
    assert found.builds_without
    said = " ".join(further_sentences(payment, "en"))
    assert "The scenario says what capital costs (5.00 % real, before tax)" in said


def test_where_no_price_covers_the_cost_nothing_is_built_and_nothing_is_windfall() -> None:
    """All is sold at a bid below cost. Nobody would build it, so that no support is windfall."""
    bid = {"name": "load", "it_load_mw": 50, "price_myen_per_mwh": 0.15, "must_serve": True}
    asked = Question(campus(load={"it_load_mw": 0}, tranche=[bid]))
    payment = asked.pay(("tax-credit",))
    found = payment.participation
    assert found.return_without is not None
    assert found.return_without < found.required_return == payment.assumptions.equity_rate
    assert not found.builds_without
    assert found.builds_with
    assert payment.support.windfall_myen == 0.0
    assert payment.support.induced_myen == pytest.approx(payment.support.total_myen)
    assert any("nothing would be built" in said for said in further_sentences(payment, "en"))
    assert any("何も建設されません" in said for said in further_sentences(payment, "ja"))


@pytest.mark.parametrize(
    ("without", "with_", "builds"),
    [
        (0.12, 0.2, (True, True)),
        (0.119, 0.12, (False, True)),
        (0.05, 0.119, (False, False)),
        (None, None, (True, True)),
    ],
)
def test_an_owner_takes_part_for_what_he_asks(
    without: float | None, with_: float | None, builds: tuple[bool, bool]
) -> None:
    found = Participation(0.12, without, with_, 0.08, rate_is_given=False)
    assert (found.builds_without, found.builds_with) == builds


def test_nothing_is_windfall_of_what_would_not_be_built() -> None:
    payment = paid("tax-credit")
    plans = (payment.before.plan, payment.after.plan, payment.forced)
    tax = payment.before.terms.tax
    terms = {"capital": question().preparation.capital, "tax_rate": tax.rate, "marginal_rate": tax.marginal_rate}
    unbuilt = measure_support(*plans, **terms, built_without=False)
    assert unbuilt.total_myen == pytest.approx(payment.support.total_myen)
    assert unbuilt.windfall_myen == 0.0
    assert unbuilt.induced_myen == pytest.approx(payment.support.windfall_myen + payment.support.induced_myen)


def test_the_owners_gain_without_debt_and_by_debt_by_hand() -> None:
    """A grant of 10 at the price of before: without debt 10 more at once; the debt falls from 60 to 54.

    At 12 % the debt was worth 60 - 63 / 1.12 = 3.75, and is worth 54 - 56.7 / 1.12 = 3.375.
    """
    price = common_levered_price((plant(),), CASE, all_streams=True)
    before = project_cash_flow(plant().priced(price), CASE)
    cheaper = replace(plant(), assets=(ProjectAsset("servers", "chips", 90.0, 1.0),))
    after = project_cash_flow(cheaper.priced(price), CASE)
    gain = float(npv(0.12, after.equity_flow) - npv(0.12, before.equity_flow))
    split = split_gain(gain, (after,), (before,), 0.12)
    assert split.unlevered_myen == pytest.approx(10.0)
    assert split.cheaper_debt_myen == pytest.approx(3.375 - 3.75)
    assert break_even_price(plant(), replace(CASE, discount_rate_real=0.078)) == pytest.approx(107.8)


def test_the_parts_of_the_gain_add_up_and_debt_is_a_good_part() -> None:
    payment = paid("tax-credit")
    parts = payment.equity_gain
    assert parts.unlevered_myen + parts.cheaper_debt_myen == pytest.approx(payment.gains_myen["equity"])
    assert 0.0 < parts.cheaper_debt_myen < payment.gains_myen["equity"]
    assert any(said.startswith("Without debt the owner would gain") for said in further_sentences(payment, "en"))
    gone = paid("public-ownership").equity_gain
    assert (gone.unlevered_myen, gone.cheaper_debt_myen) == (0.0, 0.0)
