"""Whose campus it is and in which American state it stands; over a week of design."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from tests.cases.payments import campus

from kiban.errors import InputError
from kiban.finance.ledger import difference
from kiban.finance.paying import Payment, Question
from kiban.report.payment.figures import owner_document
from kiban.report.payment.remarks import condition_sentences
from kiban.report.payment.words import assumption_sentences
from kiban.scenario import parse_scenario
from kiban.scenario.examples import load_scenario


@cache
def public() -> Question:
    return Question(campus(finance={"owner": "public_body"}))


def test_a_public_body_owes_no_tax_and_the_answer_names_it() -> None:
    payment = public().pay(("none",))
    terms = payment.before.terms
    assert terms.financing.public
    assert (terms.tax.rate, terms.tax.size_levy) == (0.0, None)
    assert all(asset.property_tax is None and asset.purchase_taxes == () for asset in terms.assets.values())
    assert payment.fiscal_cost_myen == pytest.approx(0.0, abs=1e-6)
    assert "a public body" in " ".join(assumption_sentences(payment, "en"))
    assert "公的機関" in " ".join(assumption_sentences(payment, "ja"))
    assert owner_document(payment)["type"] == "public_body"
    # Nothing is paid to equity: what the project earns is the state's.
    assert payment.before.ledger.accounts("equity") == {}


@pytest.mark.parametrize("package", ["tax-credit", "special-depreciation", "property-tax-relief", "capital-grant"])
def test_what_relieves_or_pays_a_public_body_is_refused_in_the_users_language(package: str) -> None:
    with pytest.raises(InputError, match=r"finance\.owner"):
        public().pay((package,))


@cache
def american(name: str, package: str) -> Payment:
    whole = load_scenario(name)
    week = whole.model_copy(update={"time": whole.time.model_copy(update={"hours": 168})})
    return Question(week).pay((package,))


def test_in_north_carolina_the_exemption_costs_state_and_county() -> None:
    """4.75 and 2 % of the servers and of what serves them; nothing else of the package is used without storage."""
    payment = american("greensboro", "us-current")
    assert payment.after.refused == ()
    assert payment.law_change is None
    assert payment.before.terms.tax.rate == pytest.approx(0.21)
    cash = payment.after.cash
    assert {tax.account for tax in cash.purchase_taxes} == {"sales_tax"}
    exempt = sum(
        float(np.sum(flow))
        for name, flow in cash.capex.items()
        if name in {"chips", "electrical", "cooling", "fitout", "backup", "interconnection"}
    )
    before = payment.before.cash
    taxed = {tax.asset: float(np.sum(tax.amount_myen)) for tax in before.purchase_taxes if tax.payee == "prefecture"}
    cooling = float(np.sum(before.capex["cooling"]) + np.sum(before.replacements["cooling"]))
    assert taxed["cooling"] == pytest.approx(0.0475 * cooling)
    change = difference(payment.after.ledger, payment.before.ledger)
    lost = change.accounts("prefecture")["sales_tax"]
    assert lost < -0.04 * exempt
    assert change.accounts("municipality")["sales_tax"] < 0
    assert payment.fiscal_cost_myen > 0


def test_in_alaska_the_exemption_is_refused_and_why() -> None:
    payment = american("sandpoint", "us-current")
    assert payment.after.refused == (("us-current", 2),)
    assert any("North Carolina" in text and "Alaska" in text for text in condition_sentences(payment, "en"))
    assert any("アラスカ州" in text for text in condition_sentences(payment, "ja"))
    assert payment.before.terms.tax.rate == pytest.approx(0.28426)
    assert payment.after.terms.assets["other_storage"].credits[0].rate == pytest.approx(0.3)


def test_a_state_needs_the_costs_of_its_country() -> None:
    with pytest.raises(InputError, match=r"finance.cost_set = .united-states"):
        parse_scenario({"name": "x", "finance": {"state": "alaska"}, "site": {"id": "tomakomai"}})
