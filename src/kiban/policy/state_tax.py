"""Taxes of a state of the United States and of the places in it that the examples know, on top of federal law.

A state's tax on income is deducted from federal income, so that together they take f (1 - s) + s. Its rate is that
which the law already has for the first full year of operation. Property and sales tax are those of the example's place:
Guilford County and Greensboro in North Carolina, Sand Point in Alaska. In the ledger a state is the prefecture, and
county and city are the municipality.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from kiban.policy.law import Law, load_law
from kiban.policy.tax_law import MUNICIPALITY, PREFECTURE, TREASURY, OrdinaryLaw, law_day
from kiban.policy.terms import AssetTerms, PropertyTaxTerms, PurchaseTaxTerms, TaxTerms
from kiban.scenario.study import State

LIVES = {5: "five", 15: "fifteen", 20: "twenty", 39: "thirty_nine"}
"""Years of federal depreciation, and the name of the decline of such property."""
BUILDING = "building"


def with_state(ordinary: OrdinaryLaw, state: State, start_year: int, construction_years: int) -> OrdinaryLaw:
    """Federal law with the taxes of a state; `CatalogueError` where they are not known for that year."""
    law, day = load_law(), law_day(start_year)
    operating = law_day(start_year + construction_years + 1)
    if state == "north-carolina":
        income, measures = law.number("us_nc_corporate_tax", "rate", operating), _NORTH_CAROLINA
        assets = {name: _north_carolina(law, name, terms, day) for name, terms in ordinary.assets.items()}
    else:
        income, measures = law.number("us_ak_corporate_tax", "rate", operating), _ALASKA
        assets = {name: _alaska(law, name, terms, day) for name, terms in ordinary.assets.items()}
    return OrdinaryLaw(_with_income_tax(ordinary.tax, income), assets, (*ordinary.measures, *measures))


_NORTH_CAROLINA: tuple[str, ...] = ("us_nc_corporate_tax", "us_nc_sales_tax", "us_nc_property_tax")
_ALASKA: tuple[str, ...] = ("us_ak_corporate_tax", "us_ak_local_taxes")


def _with_income_tax(federal: TaxTerms, rate: float) -> TaxTerms:
    left = federal.rate * (1.0 - rate)
    both = left + rate
    return replace(federal, rate=both, shares={TREASURY: left / both, PREFECTURE: rate / both},
                   credit_base_share=left / both)  # fmt: skip


def _north_carolina(law: Law, asset: str, terms: AssetTerms, day: date) -> AssetTerms:
    sales = law.measure("us_nc_sales_tax").terms(day)
    due = law.measure("us_nc_property_tax").terms(day)
    decline = due["real_decline_rate"]
    if asset != BUILDING:
        decline = due["personal_decline_rates"][LIVES[terms.ordinary_depreciation.life_years]]
    rate = (due["city_tax_rate"] + due["county_tax_rate"]) * due["taxable_share_by_asset"].get(asset, 1.0)
    taxes = _sales_taxes(asset, sales, {PREFECTURE: sales["state_rate"], MUNICIPALITY: sales["county_rate"]})
    return _taxed(terms, PropertyTaxTerms(rate, decline, 1.0, due["floor_share"]), taxes)


def _alaska(law: Law, asset: str, terms: AssetTerms, day: date) -> AssetTerms:
    local = law.measure("us_ak_local_taxes").terms(day)
    due = PropertyTaxTerms(local["borough_tax_rate"], 0.0, 1.0, 1.0) if local["borough_tax_rate"] > 0 else None
    return _taxed(terms, due, _sales_taxes(asset, local, {MUNICIPALITY: local["city_sales_tax_rate"]}))


def _taxed(terms: AssetTerms, due: PropertyTaxTerms | None, taxes: tuple[PurchaseTaxTerms, ...]) -> AssetTerms:
    return replace(
        terms, property_tax=due, ordinary_property_tax=due, purchase_taxes=taxes, ordinary_purchase_taxes=taxes
    )


def _sales_taxes(asset: str, terms: Mapping[str, Any], rates: Mapping[str, float]) -> tuple[PurchaseTaxTerms, ...]:
    """On what is bought; of a building on its materials."""
    taxed = terms["building_materials_share"] if asset == BUILDING else 1.0
    return tuple(PurchaseTaxTerms("sales_tax", taxed * rate, payee) for payee, rate in rates.items() if rate > 0)
