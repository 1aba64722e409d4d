"""Instruments side by side in a country: budgets, aims, rates over a range, and what the treasuries may lose."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from tests.cases.national_studies import one_site
from typer.testing import CliRunner

from kiban.cli import app
from kiban.finance.compared import instrument_rows
from kiban.finance.comparison import as_they_are, equal_cost, least_public_money, sweep
from kiban.finance.guarantee import Outcome
from kiban.finance.national import NationalQuestion
from kiban.finance.national_downside import _sum
from kiban.finance.public_risk import measure_downside, under_each_kind
from kiban.report.layout import render
from kiban.report.national.payment_terminal import national_payment_text
from kiban.report.payment.figures import instrument_documents
from kiban.report.payment.terminal import comparison_text, sweep_text

pytestmark = pytest.mark.slow
BUDGET = 30_000.0
FILE = """
[national]
name = "one site"
sites = ["tomakomai"]
hours = 48
first_hour = 2400
[[tranche]]
id = "answers"
it_load_mw = 100.0
[cooling]
system = "direct_liquid"
[finance]
discount_rate = 0.05
"""


@cache
def question():
    return NationalQuestion(one_site())


@cache
def compared():
    return equal_cost(question(), BUDGET, ("tax-credit", "capital-grant"))


def test_instruments_spend_the_budget_to_one_part_in_a_thousand():
    for one in compared():
        assert one.payment is not None
        assert one.payment.fiscal_cost_myen == pytest.approx(BUDGET, rel=1e-3)
        assert 0 < one.amount < 0.2


def test_the_amount_that_is_found_is_that_of_the_package_asked_by_itself():
    (credit, _) = compared()
    (again,) = sweep(question(), f"credit_rate={credit.amount}:{credit.amount}:1")
    assert again.payment.fiscal_cost_myen == pytest.approx(credit.payment.fiscal_cost_myen, rel=1e-4)
    assert again.payment.induced_it_mw == pytest.approx(credit.payment.induced_it_mw, abs=0.1)


def test_the_least_amount_that_induces_a_load_induces_it_and_no_more():
    (found,) = least_public_money(question(), "induced_it_mw", 2.0, ("tax-credit",))
    assert found.payment is not None
    assert 2.0 <= found.payment.induced_it_mw <= 2.0 * 1.005
    (never,) = least_public_money(question(), "induced_it_mw", 5_000.0, ("tax-credit",))
    assert never.payment is None
    assert never.most is not None
    assert never.amount == 1.0


def test_a_rate_over_a_range_costs_more_as_it_rises():
    points = sweep(question(), "credit_rate=0:0.2:0.1")
    costs = [point.payment.fiscal_cost_myen for point in points]
    assert costs[0] == pytest.approx(0.0, abs=1.0)
    assert costs == sorted(costs)
    assert [point.amount for point in points] == pytest.approx([0.0, 0.1, 0.2])


def test_words_and_json_are_those_of_one_campus():
    documents = instrument_documents(instrument_rows(compared()))
    assert {"package", "amount", "reached", "fiscal_cost_myen", "induced_range_mw", "clean_share"} <= documents[
        0
    ].keys()
    low, high = documents[0]["induced_range_mw"]
    assert low < documents[0]["induced_it_mw"] < high
    page = render(comparison_text(instrument_rows(compared()), "Title", "en", 120), width=120, colour=False)
    assert "tax-credit" in page
    assert "capital-grant" in page
    # The range of elasticities stands beside what is induced.
    assert f"({low:.1f}–{high:.1f})" in page
    assert "credit" in render(sweep_text(instrument_rows(compared()[:1]), "Title", "ja"), width=80, colour=False)


def test_packages_stand_side_by_side_as_they_are():
    found = as_they_are(question(), ("none", "property-tax-relief"))
    assert found[0].payment.fiscal_cost_myen == 0.0
    assert found[1].payment.fiscal_cost_myen > 0.0


def test_the_downside_of_one_campus_is_that_of_its_project_alone():
    payment = question().with_downside(question().pay(("tax-credit",)), draws=200)
    (campus,) = payment.after.campuses
    alone = measure_downside(
        under_each_kind(campus.project, question().study.finance, tax_law="japan"),
        payment.before.terms_of(campus.name),
        payment.assumptions,
        question()._catalogue,
        seed=question().study.national.seed,
        draws=200,
        asked=campus.project,
        social_rate=payment.shares.social_rate,
    ).summary()
    assert payment.downside == alone
    assert payment.downside["cases"]["credit"]["expected_myen"] > 0
    page = render(national_payment_text(payment, "en", 100), width=100, colour=False)
    assert "200" in page


def test_losses_of_campuses_add_up_draw_by_draw_and_defaults_are_counted_campus_by_campus():
    """By hand: losses (1, 5) and (2, 4) are (3, 9); one default of four is a quarter."""
    one, other = (
        Outcome(np.array(loss), np.zeros(2), np.array([1.0, 0.0]), np.array(years), np.ones(2))
        for loss, years in (([1.0, 5.0], [np.inf, 4.0]), ([2.0, 4.0], [np.inf, np.inf]))
    )
    both = _sum((one, other))
    assert both.loss_myen.tolist() == [3.0, 9.0]
    assert both.lender_loss_myen.tolist() == [2.0, 0.0]
    assert both.default_probability == 0.25


def test_compare_and_sweep_take_a_national_file(tmp_path):
    study = tmp_path / "one.toml"
    study.write_text(FILE, encoding="utf-8")
    runner = CliRunner()
    done = runner.invoke(app, ["sweep", str(study), "--over", "credit_rate=0.1:0.1:1", "--json"])
    assert done.exit_code == 0, done.output
    (point,) = json.loads(done.stdout)["points"]
    assert point["amount"] == 0.1
    assert point["fiscal_cost_myen"] > 0
    shown = runner.invoke(app, ["compare", "tax-credit", "--scenario", str(study), "--lang", "en"])
    assert shown.exit_code == 0, shown.output
    assert "tax-credit" in shown.stdout
    wrong = runner.invoke(app, ["compare", "tax-credti", "--scenario", str(study)])
    assert wrong.exit_code == 2
