"""The tax law of a country without any support: rates, who receives them, and what every asset is written off by.

The law is that of the fiscal year which begins on 1 April of the start year; later changes are not foreseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from kiban.catalogue import Catalogue, load_catalogue
from kiban.policy.law import Law, load_law
from kiban.policy.real_estate_tax import real_estate_taxes
from kiban.policy.size_scope import Company, is_taxed_by_size, loss_cap_share, read_company, size_levy_terms
from kiban.policy.terms import (
    ASSETS,
    AssetTerms,
    DepreciationTerms,
    PropertyTaxTerms,
    PurchaseTaxTerms,
    TaxTerms,
)
from kiban.scenario.study import Owner

TAX_LAWS = ("japan", "united-states", "none")
TREASURY, PREFECTURE, MUNICIPALITY = "national_treasury", "prefecture", "municipality"


@dataclass(frozen=True, slots=True)
class OrdinaryLaw:
    """Tax terms, terms of every asset class, and the measures behind them."""

    tax: TaxTerms
    assets: Mapping[str, AssetTerms]
    measures: tuple[str, ...]


def ordinary_law(
    tax_law: str, start_year: int, *, owner: Owner = "large_group", catalogue: Catalogue | None = None
) -> OrdinaryLaw:
    """The law of `japan` or `united-states` in a year, or `none`, under which nothing is taxed.

    In Japan the `owner` decides whether its size is taxed; the `catalogue` (the embedded one by default) says what its
    capital is and what land costs. Raises `CatalogueError` where a measure was not in force in that year.
    """
    day = law_day(start_year)
    if tax_law == "japan":
        facts = catalogue or load_catalogue()
        land_share = facts.value("finance.land_share.building")
        return _japan(load_law(), day, read_company(facts, owner), land_share)
    if tax_law == "united-states":
        return _united_states(load_law(), day)
    free = DepreciationTerms("none", 1)
    return OrdinaryLaw(
        tax=TaxTerms("none", 0.0, {TREASURY: 1.0}, 0.0, None, 1.0),
        assets={asset: AssetTerms(free, free) for asset in ASSETS},
        measures=(),
    )


def law_day(year: int) -> date:
    """The day whose law counts for a year: the first of Japan's fiscal year."""
    return date(year, 4, 1)


@dataclass(frozen=True, slots=True)
class IncomeTaxComponents:
    """Taxes on income before enterprise tax is deducted, each as a share of income, by who receives it.

    `corporate` is the national corporate tax, against which credits count, and `national` all national taxes.
    """

    corporate: float
    national: float
    prefecture: float
    municipality: float
    deductible: float
    """Enterprise tax and special enterprise tax, which are deducted from the next income."""
    on_corporate: float = 0.0
    """Taxes on the corporate tax, per yen of it, which fall with it where a special credit is used."""

    @property
    def rate(self) -> float:
        """The effective rate: the sum of all, on income less the deductible taxes."""
        return (self.national + self.prefecture + self.municipality) / (1.0 + self.deductible)


def income_tax_components(law: Law, day: date, *, tokyo: bool = False, small: bool = False) -> IncomeTaxComponents:
    """Japan's taxes on the income of a large (or small) company at standard (or Tokyo) rates on a day."""
    local = law.measure("jp_local_income_taxes").terms(day)
    corporate = law.number("jp_corporate_tax", "rate", day)
    on_corporate = law.number("jp_local_corporate_tax", "rate_on_corporate_tax", day)
    defence = law.measure("jp_defence_special_corporate_tax")
    if defence.holds(day):
        on_corporate += defence.number("rate", day)
    size = "sme" if small else "large"
    standard = local[f"{size}_enterprise_income_rate_standard"]
    enterprise = local[f"tokyo_{size}_enterprise_rate"] if tokyo else standard
    special = standard * local[f"{size}_special_enterprise_on_standard"]
    inhabitant = corporate * local["tokyo_inhabitant_rate" if tokyo else "inhabitant_rate_on_corporate_tax_standard"]
    to_prefecture = local["prefecture_share_of_inhabitant_tax"]
    return IncomeTaxComponents(
        corporate=corporate,
        national=corporate * (1.0 + on_corporate) + special,
        prefecture=enterprise + inhabitant * to_prefecture,
        municipality=inhabitant * (1.0 - to_prefecture),
        deductible=enterprise + special,
        on_corporate=on_corporate,
    )


def _japan(law: Law, day: date, company: Company, land_share: float) -> OrdinaryLaw:
    by_size = is_taxed_by_size(law, day, company)
    parts = income_tax_components(law, day, small=not by_size)
    whole = parts.national + parts.prefecture + parts.municipality
    losses = law.measure("jp_loss_carry_forward").terms(day)
    tax = TaxTerms(
        jurisdiction="japan",
        rate=parts.rate,
        shares={
            TREASURY: parts.national / whole,
            PREFECTURE: parts.prefecture / whole,
            MUNICIPALITY: parts.municipality / whole,
        },
        credit_base_share=parts.corporate / whole,
        loss_years=losses["years"],
        loss_cap_share=loss_cap_share(law, day, company),
        credit_worth=1.0 + parts.on_corporate,
        size_levy=size_levy_terms(law, day) if by_size else None,
    )
    measures: tuple[str, ...] = (
        "jp_corporate_tax", "jp_local_corporate_tax", "jp_local_income_taxes", "jp_loss_carry_forward",
        "jp_asset_classes", "jp_statutory_lives", "jp_depreciation_methods", "jp_depreciation_db200",
        "jp_depreciation_sl", "jp_fixed_asset_tax", "jp_fixed_asset_tax_buildings", "jp_real_estate_acquisition_tax",
        "jp_registration_tax", "jp_size_based_scope",
    )  # fmt: skip
    if law.measure("jp_defence_special_corporate_tax").holds(day):
        measures = (*measures, "jp_defence_special_corporate_tax")
    if by_size:
        measures = (*measures, "jp_size_based_tax")
    return OrdinaryLaw(tax, {asset: _japanese_asset(law, asset, day, land_share) for asset in ASSETS}, measures)


def _japanese_asset(law: Law, asset: str, day: date, land_share: float) -> AssetTerms:
    life = statutory_life(law, asset, day)
    kind = asset_kind(law, asset, day)
    depreciation = DepreciationTerms(law.measure("jp_depreciation_methods").terms(day)["method"][kind], life)
    on_buying: tuple[PurchaseTaxTerms, ...] = ()
    if kind == "building":
        buildings = law.measure("jp_fixed_asset_tax_buildings").terms(day)
        property_tax = PropertyTaxTerms(
            buildings["tax_rate"], buildings["decline_rate"], buildings["first_year_share"], buildings["floor_share"]
        )
        on_buying = real_estate_taxes(law, day, land_share)
    else:
        machinery = law.measure("jp_fixed_asset_tax").terms(day)
        decline, first = next((row[1], row[2]) for row in machinery["rows"] if row[0] == life)
        property_tax = PropertyTaxTerms(machinery["tax_rate"], decline, first, machinery["floor_share"])
    return AssetTerms(
        depreciation,
        depreciation,
        property_tax=property_tax,
        ordinary_property_tax=property_tax,
        purchase_taxes=on_buying,
        ordinary_purchase_taxes=on_buying,
    )


def statutory_life(law: Law, asset: str, day: date) -> int:
    """Statutory life of an asset class in Japan, years."""
    line = law.measure("jp_asset_classes").terms(day)["life"][asset]
    return int(law.measure("jp_statutory_lives").terms(day)["life_years"][line])


def asset_kind(law: Law, asset: str, day: date) -> str:
    """What an asset class is to Japan's tax law: machinery, fixtures, building, or building equipment."""
    return str(law.measure("jp_asset_classes").terms(day)["kind"][asset])


def _united_states(law: Law, day: date) -> OrdinaryLaw:
    tax = TaxTerms(
        jurisdiction="united-states",
        rate=law.number("us_corporate_tax", "rate", day),
        shares={TREASURY: 1.0},
        credit_base_share=1.0,
        loss_years=None,
        loss_cap_share=law.number("us_loss_carry_forward", "cap_share_of_income", day),
    )
    tables = law.measure("us_macrs_5yr").terms(day)
    classes = law.measure("us_macrs_classes").terms(day)
    middle = 38
    shares = {
        5: tables["five_year"],
        15: tables["fifteen_year"],
        20: tables["twenty_year"],
        39: (
            classes["thirty_nine_first_share"],
            *(classes["thirty_nine_middle_share"],) * middle,
            classes["thirty_nine_last_share"],
        ),
    }
    bonus = law.measure("us_bonus_depreciation")
    assets = {}
    for asset in ASSETS:
        years = classes["table_years"][asset]
        eligible = bonus.holds(day) and years <= bonus.number("max_recovery_years", day)
        first = bonus.number("first_year_share", day) if eligible else 0.0
        depreciation = DepreciationTerms("table", years, shares[years], first)
        assets[asset] = AssetTerms(depreciation, depreciation)
    measures = ("us_corporate_tax", "us_macrs_5yr", "us_macrs_classes", "us_loss_carry_forward")
    return OrdinaryLaw(tax, assets, (*measures, "us_bonus_depreciation") if bonus.holds(day) else measures)
