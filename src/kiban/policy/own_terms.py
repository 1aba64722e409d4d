"""What packages mean for the owner and the place of a scenario, with its own tax in place of the law's.

A user's own rate of income tax and class of depreciation take the place of the law's; support on top stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kiban.catalogue import Catalogue
from kiban.policy.law import load_law
from kiban.policy.package_terms import Refused, resolve
from kiban.policy.tax_law import law_day
from kiban.policy.terms import AssetTerms, DepreciationTerms, PolicyTerms
from kiban.scenario.package import Package
from kiban.scenario.study import Finance

PUBLIC_BODY = "public_body"
MACRS_TABLES = {"macrs_5": "five_year", "macrs_15": "fifteen_year", "macrs_20": "twenty_year"}


def resolve_for(
    packages: Sequence[Package],
    finance: Finance,
    *,
    start_year: int,
    construction_years: int | None = None,
    tax_law: str | None = None,
    public_owner: bool | None = None,
    catalogue: Catalogue | None = None,
    without: Refused = (),
    lapses: bool = False,
) -> PolicyTerms:
    """`package_terms.resolve` for what a scenario says of its money: country, state, owner, and tax of its own.

    `tax_law` and `public_owner` are those of the scenario where they are None,
    and `catalogue` the embedded one, without the scenario's own figures.
    """
    terms = resolve(
        packages,
        start_year=start_year,
        construction_years=construction_years,
        tax_law=finance.cost_set if tax_law is None else tax_law,
        state=finance.state,
        public_owner=finance.owner == PUBLIC_BODY if public_owner is None else public_owner,
        owner=finance.owner,
        catalogue=catalogue,
        without=without,
        lapses=lapses,
    )
    return with_own_tax(terms, finance, start_year)


def with_own_tax(terms: PolicyTerms, finance: Finance, start_year: int) -> PolicyTerms:
    """The terms with what a scenario says of tax; a public body still owes none.

    A first-year share that a package gives on top of the ordinary charge is kept.
    """
    if finance.tax_rate is not None and not terms.financing.public:
        terms = replace(terms, tax=replace(terms.tax, rate=finance.tax_rate))
    own = own_depreciation(finance, start_year)
    if own is None:
        return terms
    return replace(terms, assets={name: _with_own(asset, own) for name, asset in terms.assets.items()})


def own_depreciation(finance: Finance, start_year: int) -> DepreciationTerms | None:
    """What the scenario says; None where the law's holds. MACRS is that of the law in the start year."""
    years = finance.depreciation_years
    match finance.depreciation:
        case None:
            return None
        case "expensing":
            return DepreciationTerms("expensing", years)
        case "straight_line":
            return DepreciationTerms("straight_line", years)
        case "half_year":
            return DepreciationTerms("table", years, (0.5 / years, *(1.0 / years,) * (years - 1), 0.5 / years))
        case table:
            shares = load_law().measure("us_macrs_5yr").terms(law_day(start_year))[MACRS_TABLES[table]]
            return DepreciationTerms("table", int(table.removeprefix("macrs_")), tuple(shares))


def _with_own(asset: AssetTerms, own: DepreciationTerms) -> AssetTerms:
    supported = replace(own, first_year_share=asset.depreciation.first_year_share)
    return replace(asset, depreciation=supported, ordinary_depreciation=own)
