"""One estimate: what the plan and the draws say of the same support, and which of them is the estimate of what."""

from __future__ import annotations

import numpy as np
import pytest
from tests.cases.payments import paid, question

from kiban.finance.cash_flow import Draws
from kiban.finance.payment import Payment
from kiban.finance.public_risk import measure_downside, project_case, under_each_kind
from kiban.report.payment.document import payment_document
from kiban.report.payment.words import further_sentences


def drawn(name: str, draws: int = 400) -> Payment:
    return question().with_downside(paid(name), draws=draws)


@pytest.mark.parametrize("name", ["tax-credit", "property-tax-relief", "capital-grant"])
def test_where_nothing_turns_out_otherwise_the_draws_are_the_plan(name: str) -> None:
    payment = paid(name)
    case = project_case(payment.after.project, payment.assumptions, ordinary=payment.before.terms)
    cost = np.broadcast_to(case(Draws()).public_cost, payment.after.cash.years.shape)
    rate = (1.0 + payment.shares.social_rate) * (1.0 + payment.assumptions.inflation)
    assert float(cost @ rate ** -np.arange(len(cost), dtype=float)) == pytest.approx(payment.fiscal_cost_myen, rel=1e-6)


def test_the_package_goes_through_the_draws_of_the_kinds() -> None:
    """At the treasury's own rate the package that is a kind costs what the kind costs, draw by draw."""
    payment = paid("tax-credit")
    catalogue, case = question().preparation.recorder.catalogue, payment.assumptions
    kinds = under_each_kind(payment.after.project, question().scenario.finance, tax_law="japan")
    treasury = payment.shares.party_rates["national_treasury"]
    report = measure_downside(
        {"credit": kinds["credit"]}, payment.before.terms, case, catalogue, draws=200, asked=payment.after.project,
        social_rate=treasury,
    )  # fmt: skip
    assert report.asked is not None
    assert report.asked.loss_myen == pytest.approx(report.outcomes["credit"].loss_myen, rel=1e-9)
    dearer = measure_downside(
        {}, payment.before.terms, case, catalogue, draws=200, asked=payment.after.project, social_rate=treasury + 0.03
    )
    assert dearer.asked is not None
    assert dearer.asked.expected_myen < report.asked.expected_myen


def test_the_answer_says_which_figure_is_the_estimate() -> None:
    payment = drawn("tax-credit")
    found = payment.estimate
    assert found is not None
    assert found.plan_myen == payment.fiscal_cost_myen
    # A credit that is paid for what is bought hardly depends on what is sold.
    assert found.draws_myen == pytest.approx(found.plan_myen, rel=0.3)
    assert found.standard_error_myen > 0.0
    document = payment_document(payment)["estimate"]
    assert document is not None
    assert set(document) == {"plan_myen", "draws_myen", "standard_error_myen"}
    assert any("estimated by the mean of the draws" in said for said in further_sentences(payment, "en"))
    assert any("多数の抽選の平均" in said for said in further_sentences(payment, "ja"))
    assert paid("tax-credit").estimate is None
    assert not any("mean of the draws" in said for said in further_sentences(paid("tax-credit"), "en"))


def test_headline_and_draws_of_a_public_owner_are_of_the_same_thing() -> None:
    """The price of risk is in the headline alone: the plan's figure beside the draws is without it."""
    payment = drawn("public-ownership")
    found = payment.estimate
    assert found is not None
    assert payment.risk_charge_myen > 0.0
    assert found.plan_myen == pytest.approx(payment.fiscal_cost_myen - payment.risk_charge_myen)
    # What is sold for less than planned is the owner's loss.
    assert found.draws_myen > found.plan_myen
