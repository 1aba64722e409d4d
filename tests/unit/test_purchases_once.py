"""Purchases of one case are listed once: whatever they depend on is part of the question, and prices are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.unit.test_purchase_tax import ACQUISITION, CASE, LINE

from kiban.finance import taxed_purchases
from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.cash_flow import Draws, project_cash_flow
from kiban.finance.levelised import break_even_price
from kiban.finance.money_terms import MoneyTerms
from kiban.finance.project import Project, ProjectAsset, RevenueStream
from kiban.finance.purchases import list_purchases
from kiban.policy.terms import ASSETS, AssetTerms, CreditTerms, DepreciationTerms, GrantTerms, PolicyTerms, TaxTerms

BASE = replace(CASE, horizon_years=9, construction_years=2, capex_at_start_share=0.4, inflation=0.01)
CREDIT = CreditTerms(0.1, measure="credit", basis_reduction_share=0.5, limit_share_of_tax=0.2)
GRANT = GrantTerms(0.05, "reduces_basis", measure="grant")


def project(price: float = 0.6, *, asset: dict[str, Any] | None = None, **changes: Any) -> Project:
    """Two buildings, one of which waits; all that support may be, so that every part of the list is there."""
    terms = AssetTerms(LINE, LINE, (CREDIT,), (GRANT,), purchase_taxes=(ACQUISITION,), first_year=2020, last_year=2031)
    hall = replace(ProjectAsset("hall", "building", 1000.0, 4.0), **(asset or {}))
    found = Project(
        name="campus",
        assets=(hall, ProjectAsset("chips", "chips", 500.0, 3.5, waits_years=2)),
        streams=(RevenueStream("base_load", 1000.0, price),),
        operating_costs_myen_per_year={},
        policy=PolicyTerms(
            "case", "", "", TaxTerms("japan", 0.3, {"national_treasury": 1.0}, 1.0, None, 1.0),
            dict.fromkeys(ASSETS, terms),
        ),
        start_year=2027,
    )  # fmt: skip
    return replace(found, **changes)


CASES: tuple[tuple[str, Project, FinanceAssumptions], ...] = (
    ("as it is", project(), BASE),
    ("inflation", project(), replace(BASE, inflation=0.03)),
    ("horizon", project(), replace(BASE, horizon_years=8)),
    ("construction", project(), replace(BASE, construction_years=1)),
    ("phasing", project(), replace(BASE, capex_at_start_share=0.7)),
    ("rate", project(), replace(BASE, discount_rate_real=0.09)),
    ("delay", project(), replace(BASE, credit_delay_years=1)),
    ("undepreciated", project(), replace(BASE, terms=MoneyTerms(undepreciated="lost"))),
    ("start", project(start_year=2029), BASE),
    ("base", project(years_after_base=3), BASE),
    ("cost", project(asset={"capex_myen": 1200.0}), BASE),
    ("life", project(asset={"life_years": 5.5}), BASE),
    ("class", project(asset={"asset": "chips"}), BASE),
    ("law", replace(project(), policy=replace(project().policy, assets=dict.fromkeys(
        ASSETS, AssetTerms(DepreciationTerms("declining_balance_200", 5), LINE, (CREDIT,)))),), BASE),
    ("another owner's tax", project(), replace(BASE, tax_position="standalone", group_tax_myen=0.0)),
)  # fmt: skip


def parts(purchases: Any) -> list[np.ndarray[Any, Any]]:
    """Every array of a list of purchases, in its order."""
    found = [getattr(purchases, name) for name in (
        "capex", "replacements", "reserve", "residual_value", "depreciation", "property_tax", "taxed_grants",
    )]  # fmt: skip
    found += [one.amount_myen for one in (*purchases.grants, *purchases.credits, *purchases.purchase_taxes)]
    return found


def test_whatever_changes_the_list_is_asked_anew() -> None:
    """All cases after one another, so that each meets what the others left in memory; the list alone is the judge."""
    lists = []
    for name, case, assumptions in CASES:
        cash = project_cash_flow(case, assumptions)
        used = {
            (rule, born): share
            for rule, use in zip(cash.unlevered_tax.rules, cash.unlevered_tax.credits, strict=True)
            for born, share in use.shares.items()
        }
        for asset in case.assets:
            alone = list_purchases(
                asset, case.policy.assets[asset.asset], assumptions, start_year=case.start_year,
                years_after_base=case.years_after_base, capex_factor=np.ones(1), credits_used=used,
            )  # fmt: skip
            assert np.allclose(cash.capex[asset.name], alone.capex, rtol=1e-12), (name, asset.name)
            assert np.allclose(cash.depreciation[asset.name], alone.depreciation, rtol=1e-6), (name, asset.name)
            assert np.allclose(cash.replacements[asset.name], alone.replacements, rtol=1e-12), (name, asset.name)
            assert np.allclose(cash.residual_values[asset.name], alone.residual_value, rtol=1e-12), (name, asset.name)
            earned = [one.amount_myen for one in cash.credits_earned if one.asset == asset.name]
            assert np.allclose(sum(earned), sum(one.amount_myen for one in alone.credits), rtol=1e-12), name
            lists.append(parts(alone))
    # The cases are cases: but for the last, each lists something that the first does not.
    first = lists[:2]
    for number in range(1, len(CASES) - 1):
        here = lists[2 * number : 2 * number + 2]
        same = [
            one.shape == other.shape and np.allclose(one, other)
            for mine, theirs in zip(here, first, strict=True)
            for one, other in zip(mine, theirs, strict=False)
        ]
        assert not all(same), CASES[number][0]


def test_the_search_for_a_price_lists_no_purchase_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = [0]

    def count(*given: Any, **named: Any) -> Any:
        counted[0] += 1
        return list_purchases(*given, **named)

    monkeypatch.setattr(taxed_purchases, "list_purchases", count)
    plain = replace(project(), policy=replace(project().policy, assets=dict.fromkeys(ASSETS, AssetTerms(LINE, LINE))))
    asked = replace(plain, assets=tuple(replace(one, capex_myen=one.capex_myen + 0.25) for one in plain.assets))
    price = break_even_price(asked, BASE)
    assert counted[0] == len(asked.assets)
    flow = project_cash_flow(asked.priced(price, all_streams=True), replace(BASE, debt_share=0.0)).project_flow
    rate = BASE.discount_rate_after_tax(asked.policy, asked.start_year)
    assert float(flow @ (1.0 + rate) ** -np.arange(len(flow))) == pytest.approx(0.0, abs=1e-6)
    assert counted[0] == len(asked.assets)


def test_draws_are_never_taken_for_one_case() -> None:
    one = project_cash_flow(project(), BASE)
    drawn = project_cash_flow(project(), BASE, draws=Draws(capex_factor=np.array([[1.0], [2.0]])), debt=one.debt)
    assert drawn.capex["hall"] == pytest.approx(np.stack([one.capex["hall"], 2.0 * one.capex["hall"]]))
    dearer = project_cash_flow(project(), BASE, draws=Draws(capex_factor=np.array([[2.0]])), debt=one.debt)
    assert dearer.capex["hall"][0] == pytest.approx(2.0 * one.capex["hall"])
    chips = Draws(chip_price_factor=np.linspace(1.0, 0.5, 10)[np.newaxis])
    assert project_cash_flow(project(), BASE, draws=chips, debt=one.debt).replacements["chips"].sum() < (
        one.replacements["chips"].sum()
    )


def test_what_is_remembered_cannot_be_changed() -> None:
    cash = project_cash_flow(project(), BASE)
    with pytest.raises(ValueError, match="read-only"):
        cash.capex["hall"][0] = 0.0
