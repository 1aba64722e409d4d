"""The budget's form, the bridge and who keeps the tax, on every package: all totals meet to the yen."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.cases.documents import misfits
from tests.cases.payments import ELEVEN, campus, package, paid, question
from typer.testing import CliRunner

from kiban.cli import app
from kiban.finance.bridge import build_bridge, subtotal_yen
from kiban.finance.budget import draw_up_budget, ordinary_side
from kiban.finance.kept_by import keep_change, tax_of
from kiban.finance.ledger import TREASURIES
from kiban.finance.paying import Question
from kiban.report.payment.document import PaymentDocument, payment_document
from kiban.report.payment.fiscal import budget_csv
from kiban.report.plan.record import to_json

CREDIT = {"kind": "tax_credit", "assets": ["compute"], "rate": 0.1}


def yen(myen: float, blocks: int = 1) -> float:
    """To the yen: each unbroken run of steps is rounded at its two ends."""
    return pytest.approx(myen * 1e6, abs=float(blocks))


# ---- the bridge


@pytest.mark.parametrize("name", ELEVEN)
def test_the_bridge_reconciles_every_total_to_the_yen(name: str) -> None:
    payment = paid(name)
    steps = build_bridge(payment)
    assert subtotal_yen(steps, ("support", "risk")) == yen(-payment.fiscal_cost_myen)
    assert subtotal_yen(steps, ("tax_back",)) == yen(payment.public_funds.fiscal_externality)
    net = next(step for step in steps if step.kind == "net")
    assert net.yen == yen(payment.treasury_value_myen)
    rate = payment.shares.social_rate
    for party in ("equity", "lenders", "users", "ratepayers", "suppliers_home", "suppliers_abroad", "workers"):
        assert subtotal_yen(steps, ("party",), party) == yen(payment.incidence.present_value(party, rate))
    for party in TREASURIES:
        risk = payment.risk_charge_myen if party == "national_treasury" else 0.0
        moved = subtotal_yen(steps, ("support", "risk", "tax_back"), party)
        assert moved == yen(payment.incidence.present_value(party, rate) - risk, blocks=2)
    assert steps[-1].kind == "end"
    assert steps[-1].yen == 0


@pytest.mark.parametrize("name", ["tax-credit", "public-ownership"])
def test_steps_add_up_one_after_the_other(name: str) -> None:
    running = 0
    for step in build_bridge(paid(name)):
        if step.kind not in ("net", "end"):
            running += step.yen
        assert step.running_yen == running
        assert step.kind in ("net", "end") or step.yen


def test_what_is_a_gain_of_nobody_is_no_step() -> None:
    assert [step.kind for step in build_bridge(paid("none"))] == ["net", "end"]


# ---- the budget's form


@pytest.mark.parametrize("name", ELEVEN)
def test_the_budget_is_the_fiscal_cost_year_by_year(name: str) -> None:
    payment = paid(name)
    budget = draw_up_budget(payment)
    assert budget.present_value_myen == pytest.approx(payment.fiscal_cost_myen, abs=1e-6)
    start, rate = budget.start_year, payment.shares.social_rate
    present = sum(year.at_start_prices_myen * (1.0 + rate) ** (start - year.year) for year in budget.years)
    assert present + payment.risk_charge_myen == pytest.approx(payment.fiscal_cost_myen, abs=1e-4)
    for year in budget.years:
        assert sum(year.by_cause_myen.values()) == pytest.approx(year.loss_myen, abs=1e-6)
        assert sum(year.by_party_myen.values()) == pytest.approx(year.loss_myen, abs=1e-6)
        assert year.loss_myen == pytest.approx(year.at_start_prices_myen * 1.02 ** (year.year - start), abs=1e-6)


def test_special_depreciation_only_defers_tax() -> None:
    """What is written off sooner is not written off later: lost in the year of purchase, back by the end.

    All but this: the levy on value added falls and rises with it, so that lenders count other cash by year, and the
    interest on what they lend is deducted.
    """
    payment = paid("special-depreciation")
    budget = draw_up_budget(payment)
    assert budget.full_year is not None
    assert budget.full_year.loss_myen > 1_000
    with_it, without = (
        float(np.sum(cash.debt.interest + cash.debt.upfront_fee))
        for cash in (payment.after.cash, *ordinary_side(payment)[1])
    )
    assert budget.life_myen == pytest.approx(payment.after.terms.tax.rate * (with_it - without), abs=0.01)
    assert abs(budget.life_myen) < 0.01 * budget.full_year.loss_myen
    assert budget.present_value_myen > 1_000


def test_a_credit_is_lost_in_the_year_of_service_by_hand() -> None:
    """10 % of the servers, bought when operation starts (2029) and every fifth year; a yen of it is worth 1.143."""
    payment = question().pay((package(CREDIT),))
    budget = draw_up_budget(payment)
    bought = next(item for item in payment.after.plan.investments if item.asset == "chips")
    year = next(year for year in budget.years if year.year == 2029)
    assert year.by_cause_myen["tax_credit"] == pytest.approx(1.143 * 0.1 * bought.capex_myen * 1.02**2, rel=1e-6)
    assert budget.first_year is not None
    window = [one.loss_myen for one in budget.years if 0 <= one.year - budget.first_year.year < 5]
    assert (len(window), budget.five_years_myen) == (5, pytest.approx(sum(window)))
    assert budget.full_year is not None
    assert budget.full_year.at_start_prices_myen == max(one.at_start_prices_myen for one in budget.years)


def test_a_measure_stands_beside_its_official_total() -> None:
    budget = draw_up_budget(paid("japan-current"))
    share = next(one for one in budget.measures if one.measure == "jp_large_investment_2026")
    assert share.official_total_myen == 400_000
    used = sum(
        np.broadcast_to(flow.amount_myen, paid("japan-current").after.cash.years.shape)
        for flow in paid("japan-current").after.cash.tax.credits_worth
        if flow.measure == share.measure
    )
    assert share.loss_myen == pytest.approx(float(np.max(used)))
    assert share.share == pytest.approx(share.loss_myen / 400_000)
    limits = [limit for limit in budget.limits if limit.measure == share.measure]
    assert limits
    assert {limit.sunset for limit in limits} == {"2029-03-31"}
    assert {limit.limit_share_of_tax for limit in limits if limit.kind == "tax_credit"} == {0.2}


def test_ends_caps_and_claw_backs_are_told() -> None:
    capped = package({**CREDIT, "cap_myen": 500.0, "limit_share_of_tax": 0.2, "to_year": 2031})
    limit = draw_up_budget(question().pay((capped,))).limits[0]
    assert (limit.cap_myen, limit.limit_share_of_tax, limit.last_year, limit.claw_back_years) == (500.0, 0.2, 2031, 0)
    american = draw_up_budget(paid("openai-ask-us")).limits
    assert {limit.claw_back_years for limit in american if limit.kind == "tax_credit"} == {5}


def test_what_comes_back_stands_in_the_budget_by_year() -> None:
    """Of 35 % in cash all in the first full year of service, beside the loss; of a grant what is not written off."""
    payment = paid("openai-ask-us")
    budget = draw_up_budget(payment)
    highest = budget.highest_claw_back
    assert highest is not None
    paid_out = sum(float(np.sum(flow.amount_myen[..., :3])) for flow in payment.after.cash.tax.credits_worth)
    first = next(year for year in budget.years if year.year == 2030)
    assert first.claw_back_myen == pytest.approx(paid_out)
    assert draw_up_budget(paid("tax-credit")).highest_claw_back is None
    grant = draw_up_budget(paid("capital-grant"))
    assert grant.highest_claw_back is not None
    assert grant.last_claw_back_year == 2059


def test_the_table_can_be_pasted() -> None:
    budget = draw_up_budget(paid("tax-credit"))
    for language in ("en", "ja"):
        text = budget_csv(budget, language)
        rows = [row.split(",") for row in text.removeprefix("\ufeff").splitlines()]
        assert len(rows) == 1 + len(budget.years) + 4
        first = rows[1]
        assert first[0] == "2027"
        assert float(first[1]) == pytest.approx(budget.years[0].loss_myen, abs=6e-4)
        assert float(rows[-1][1]) == pytest.approx(budget.life_myen, abs=6e-4)
    grant = draw_up_budget(paid("capital-grant"))
    back = [row.split(",")[-1] for row in budget_csv(grant, "en").removeprefix("\ufeff").splitlines()]
    assert back[0] == "given back if closed in that year"
    expected = [one.claw_back_myen for one in grant.years[:5]]
    assert [float(cell) for cell in back[1:6]] == pytest.approx(expected, abs=6e-4)


# ---- who keeps the tax


@pytest.mark.parametrize("name", [name for name in ELEVEN if name != "openai-ask-us"])
def test_the_rules_move_and_make_nothing(name: str) -> None:
    kept = keep_change(paid(name))
    assert kept is not None
    assert sum(kept.change_myen.values()) == pytest.approx(sum(kept.before_rules_myen.values()), abs=1e-6)
    (place,) = kept.places
    for side in (place.without, place.with_package):
        assert sum(side.kept_myen.values()) == pytest.approx(side.local_tax_myen, abs=1e-6)


def test_a_town_with_the_grant_keeps_a_quarter_of_what_the_campus_pays() -> None:
    payment = paid("none")
    kept = keep_change(payment)
    assert kept is not None
    cash = payment.after.cash
    tax = tax_of(cash, payment.after.packages)
    level = (1.0 + cash.assumptions.inflation) ** np.arange(len(cash.years))
    discount = 1.04 ** -np.arange(len(cash.years))
    paid_to_town = float((tax.on_assets + tax.on_buildings + tax.income["municipality"]) / level @ discount)
    assert kept.places[0].without.kept_myen["municipality"] == pytest.approx(0.25 * paid_to_town)
    assert kept.places[0].without.kept_myen["prefecture"] == pytest.approx(
        0.25 * float(tax.income["prefecture"] / level @ discount)
    )


def test_the_relief_of_a_town_of_its_own_costs_it_all_and_of_law_a_quarter() -> None:
    """With nothing built more: the same relief, once of law and once the town's own."""
    own = package({"kind": "property_tax_relief", "assets": ["compute"], "rate": 0.5, "years": 3})
    payment = Question(campus(assumptions={"finance.pass_through": 0.0})).pay((own,))
    kept = keep_change(payment)
    assert kept is not None
    income = payment.after.ledger.present_value("municipality", 0.04, accounts=frozenset({"income_tax"}))
    income -= payment.before.ledger.present_value("municipality", 0.04, accounts=frozenset({"income_tax"}))
    lost = kept.before_rules_myen["municipality"] - income
    assert lost < -100
    assert kept.change_myen["municipality"] == pytest.approx(lost + 0.25 * income, rel=1e-6)


def test_another_countrys_law_and_an_unknown_place_have_no_answer() -> None:
    assert keep_change(paid("openai-ask-us")) is None
    scenario = campus(site={"latitude_deg": 42.66, "longitude_deg": 141.75})
    payment = paid("none")
    plan = replace(payment.after.plan, scenario=scenario)
    after = replace(payment.after, campus=replace(payment.after.campus, plan=plan))
    assert keep_change(replace(payment, after=after)) is None


# ---- document and command


@pytest.mark.parametrize("name", ["tax-credit", "public-ownership", "openai-ask-us"])
def test_the_document_has_all_three(name: str) -> None:
    payment = paid(name)
    found = json.loads(to_json(payment_document(payment)))
    assert misfits(found, PaymentDocument) == []
    steps = [step["yen"] for step in found["bridge"] if step["kind"] not in ("net", "end")]
    assert sum(steps) == 0
    assert found["budget"]["present_value_myen"] == pytest.approx(found["fiscal_cost_myen"], rel=1e-9, abs=1e-6)
    assert sum(year["loss_myen"] for year in found["by_fiscal_year"]) == pytest.approx(found["budget"]["life_myen"])
    if found["kept_by"] is not None:
        three = sum(found["kept_by"][party] for party in ("treasury", "prefecture", "municipality"))
        assert three - found["risk_charge_myen"] == pytest.approx(found["treasury_value_myen"], rel=1e-9, abs=1e-4)


def test_the_form_is_written_and_never_over_another(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Question, "pay", lambda self, packages, **_: paid("tax-credit"))
    scenario = tmp_path / "week.toml"
    scenario.write_text('name = "w"\n[site]\nid = "tomakomai"\n[time]\nhours = 24\n[load]\nit_load_mw = 10\n')
    file = tmp_path / "form.csv"
    run = CliRunner().invoke(app, ["pay", str(scenario), "--budget-form", str(file)])
    assert run.exit_code == 0, run.output
    assert "The budget's form" in run.output
    assert "first year" in file.read_text(encoding="utf-8")
    again = CliRunner().invoke(app, ["pay", str(scenario), "--budget-form", str(file)])
    assert again.exit_code == 2
    national = CliRunner().invoke(app, ["pay", "japan", "--budget-form", str(tmp_path / "other.csv")])
    assert national.exit_code == 2
    assert "one site" in national.output
