"""Costs under a policy: rates of discount, and what each instrument moves in the programme's costs."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from tests.cases.payments import FREE, campus, package

from kiban.finance.paying import Question
from kiban.planning.resources import Resources
from kiban.policy.capital import CapitalTerms, discount_rate_under
from kiban.policy.terms import FinancingTerms
from kiban.scenario.package import Package, load_package

CAPITAL = CapitalTerms(
    discount_rate=0.05, inflation=0.02, start_year=2027, horizon_years=30, debt_share=0.6, debt_margin=0.01,
    debt_rate=0.032, public_rate=0.0127,
)  # fmt: skip


@cache
def question() -> Question:
    """The campus at a given rate, which PAY then does not look for."""
    return Question(campus(finance={"discount_rate": 0.05}))


def under(*packages: Package) -> Resources:
    return question().preparation.under(packages).resources_for("direct_liquid")


def before_tax() -> Resources:
    return question().preparation.resources_for("direct_liquid")


def test_discount_rates_by_hand() -> None:
    assert discount_rate_under(FinancingTerms(), CAPITAL) == 0.05
    guaranteed = FinancingTerms(guarantee_coverage=0.8, guarantee_fee_rate=0.004)
    assert discount_rate_under(guaranteed, CAPITAL) == pytest.approx(0.05 - 0.6 * 0.8 * (0.01 - 0.004))
    assert discount_rate_under(FinancingTerms(concessional_rate=0.012), CAPITAL) == pytest.approx(0.05 - 0.6 * 0.02)
    assert discount_rate_under(FinancingTerms(public=True), CAPITAL) == 0.0127


def test_a_guarantee_whose_fee_is_the_margin_is_worth_nothing() -> None:
    fair = FinancingTerms(guarantee_coverage=0.5, guarantee_fee_rate=0.01)
    assert discount_rate_under(fair, CAPITAL) == pytest.approx(0.05)


def test_no_tax_leaves_all_costs() -> None:
    plain, free = before_tax(), under(FREE)
    for capacity, assets in plain.assets.items():
        for one, other in zip(assets, free.assets[capacity], strict=True):
            assert other.annual_capital_myen == pytest.approx(one.annual_capital_myen, rel=1e-12)
    assert free.it_annual_costs_myen_per_mw == pytest.approx(plain.it_annual_costs_myen_per_mw, rel=1e-12)


def test_tax_makes_capital_dearer_and_a_credit_makes_it_cheaper() -> None:
    plain, taxed = before_tax(), under(load_package("none"))
    credit = under(package({"kind": "tax_credit", "rate": 0.2, "assets": ["chips"], "refundable": True}))

    def chips(resources: Resources) -> float:
        return next(asset.annual_capital_myen for asset in resources.assets["it"] if asset.asset == "chips")

    assert chips(plain) < chips(taxed)
    assert chips(credit) < chips(taxed)
    for capacity in set(taxed.assets) - {"it"}:
        assert credit.assets[capacity] == taxed.assets[capacity]


def test_only_costs_change() -> None:
    plain, changed = before_tax(), under(load_package("blueprint-japan"))
    assert set(changed.assets) == set(plain.assets)
    assert np.array_equal(changed.firm_mw, plain.firm_mw)
    assert np.array_equal(changed.pue, plain.pue)
    assert [supply.name for supply in changed.supply] == [supply.name for supply in plain.supply]
    for one, other in zip(plain.supply, changed.supply, strict=True):
        assert (one.min_mw, one.max_mw) == (other.min_mw, other.max_mw)


def test_a_production_credit_is_worth_its_level_before_tax_for_clean_supply() -> None:
    rate = 0.002
    credit = package({"kind": "production_credit", "rate_myen_per_mwh": rate, "years": 30, "assets": ["clean_power"]})
    resources = under(credit)
    tax = question().preparation.under((credit,)).terms
    assert tax is not None
    # A yen of profit bears the levy on value added, its own base included, and tax on what is left.
    levy = tax.tax.size_levy
    assert levy is not None
    assert levy.value_added_rate == 0.012
    for supply in resources.supply:
        expected = rate * (1.0 + levy.value_added_rate) / (1.0 - tax.tax.rate) if supply.clean else 0.0
        assert supply.production_credit_myen_per_mwh == pytest.approx(expected)
    half = under(package({"kind": "production_credit", "rate_myen_per_mwh": rate, "years": 10, "assets": ["pv"]}))
    worth = {supply.name: supply.production_credit_myen_per_mwh for supply in half.supply}
    assert 0.0 < worth["pv"] < 0.7 * rate / (1.0 - tax.tax.rate)
    assert worth["geothermal"] == 0.0


def test_relief_and_carbon_price_move_the_price_of_energy() -> None:
    plain = under(load_package("none"))
    relief = under(package({"kind": "surcharge_relief", "rate": 0.5}, {"kind": "network_relief", "rate": 1.0}))
    assert plain.grid is not None
    assert relief.grid is not None
    fall = 0.5 * plain.grid.surcharge_myen_per_mwh + plain.grid.network_charge_myen_per_mwh
    assert plain.grid.price_myen_per_mwh - relief.grid.price_myen_per_mwh == pytest.approx(fall)
    assert relief.grid.network_charge_myen_per_mwh == 0.0
    priced = under(package({"kind": "carbon_price", "price_myen_per_t": 0.02}))
    assert priced.carbon_price_myen_per_t == 0.02
    assert plain.carbon_price_myen_per_t == 0.003


def test_credits_that_cannot_be_used_do_not_count() -> None:
    credit = package({"kind": "tax_credit", "rate": 0.2, "assets": ["chips"]})
    used = question().preparation.under((credit,), credit_utilisation={"chips": 0.0}).resources_for("direct_liquid")
    taxed = under(load_package("none"))
    assert used.it_annual_costs_myen_per_mw == pytest.approx(taxed.it_annual_costs_myen_per_mw)
