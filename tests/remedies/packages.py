"""Remedies of policy packages and of the law: what an instrument lacks, and what may not stand together."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from typing import Any

from tests.remedies import Case, Step

from kiban.policy import depreciation
from kiban.policy.law import load_law
from kiban.policy.package_terms import resolve
from kiban.policy.terms import DepreciationTerms
from kiban.scenario.package import load_package, packages_folder, parse_package

Instrument = Mapping[str, Any]
CREDIT: Instrument = {"kind": "tax_credit", "rate": 0.1, "assets": ["chips"]}
GRANT: Instrument = {"kind": "capital_grant", "rate": 0.3, "assets": ["chips"]}
HALF: Instrument = {"kind": "special_depreciation", "rate": 0.5, "assets": ["all"]}
CARBON: Instrument = {"kind": "carbon_price", "price_myen_per_t": 0.01}
GUARANTEE: Instrument = {"kind": "loan_guarantee", "rate": 0.8}
PUBLIC: Instrument = {"kind": "public_ownership"}
CLEAN: Instrument = {"kind": "tax_credit", "law": "us_48e_45y", "assets": ["pv", "geothermal"]}
MEASURE = "jp_large_investment_2026"


def laid(*instruments: Instrument, year: int = 2027, **options: Any) -> Step:
    package = {"name": "p", "instrument": [dict(one) for one in instruments]}
    return lambda: resolve([parse_package(package)], start_year=year, **options)


def names_of_the_files() -> list[str]:
    """The measures of one of the law's files, which all stand beside each other."""
    return list(tomllib.loads(files("kiban.policy").joinpath("law", "us.toml").read_text("utf-8")))[:3]


def together(*names: str) -> Step:
    return lambda: resolve([load_package(name) for name in names], start_year=2027)


def written_off(*shares: float) -> Step:
    terms = DepreciationTerms(method="table", life_years=len(shares), table=shares)
    return lambda: depreciation.schedule(terms, 100.0)


CASES: Mapping[str, Case] = {
    "package.names": lambda g: (lambda: load_package("zzz"), lambda: load_package("tax-credit")),
    "package.start": lambda g: (
        lambda: load_package(g.write("mine.toml", "")),
        lambda: load_package(g.write("mine.toml", packages_folder().joinpath("tax-credit.toml").read_bytes())),
    ),
    "package.no_single_rate": lambda g: (
        lambda: load_package("japan-current").scaled(0.1),
        lambda: load_package("tax-credit").scaled(0.1),
    ),
    "law.not_in_force": lambda g: (
        lambda: load_law().number("us_48d_amic", "credit_rate", date(2027, 4, 1)),
        lambda: load_law().number("us_48d_amic", "credit_rate", date(2026, 4, 1)),
    ),
    "law.files": lambda g: (
        lambda: load_law().measure("zzz"),
        lambda: [load_law().measure(name) for name in names_of_the_files()],
    ),
    "policy.laws": lambda g: (
        laid({"kind": "tax_credit", "law": "zzz", "assets": ["chips"]}),
        laid({"kind": "tax_credit", "law": MEASURE, "assets": ["chips"]}),
    ),
    "policy.tax_laws": lambda g: (
        together("japan-current", "openai-ask-us"),
        together("japan-current"),
        together("openai-ask-us"),
    ),
    "policy.assets": lambda g: (laid({**CREDIT, "assets": ["zzz"]}), laid({**CREDIT, "assets": ["clean_power"]})),
    "policy.outside_dates": lambda g: (
        laid({"kind": "tax_credit", "law": "us_48d_amic", "assets": ["chips"]}, construction_years=0),
        laid({"kind": "tax_credit", "law": "us_48d_amic", "assets": ["chips"]}, year=2026, construction_years=0),
    ),
    "policy.outside_service": lambda g: (
        laid({**CREDIT, "from_year": 2030}),
        laid({**CREDIT, "from_year": 2030}, year=2030),
        laid({**CREDIT, "from_year": 2030}, construction_years=3),
        laid(),
    ),
    "policy.no_assets": lambda g: (
        laid({**CREDIT, "law": "jp_gx_ets", "assets": []}),
        laid({**CREDIT, "law": "jp_gx_ets", "assets": ["chips"]}),
    ),
    "policy.no_rate_for": lambda g: (
        laid(CLEAN, year=2028, tax_law="united-states"),
        laid({**CLEAN, "assets": ["geothermal"]}, year=2028, tax_law="united-states"),
        laid({**CLEAN, "rate": 0.3}, year=2028, tax_law="united-states"),
    ),
    "policy.no_amount": lambda g: (
        laid({"kind": "tax_credit", "law": "jp_gx_ets", "assets": ["pv"]}),
        laid({"kind": "tax_credit", "law": "jp_gx_ets", "assets": ["pv"], "rate": 0.1}),
    ),
    "policy.no_years": lambda g: (
        laid({"kind": "production_credit", "law": "us_48e_45y", "rate_myen_per_mwh": 1.0}),
        laid({"kind": "production_credit", "law": "us_48e_45y", "rate_myen_per_mwh": 1.0, "years": 10}),
    ),
    "policy.public_tax": lambda g: (laid(CREDIT, PUBLIC), laid(PUBLIC), laid(CREDIT)),
    "policy.public_debt": lambda g: (laid(GUARANTEE, PUBLIC), laid(PUBLIC)),
    "policy.public_grant": lambda g: (laid(GRANT, PUBLIC), laid(PUBLIC), laid(GRANT)),
    "policy.repeats": lambda g: (laid(CARBON, CARBON), laid(CARBON)),
    "policy.same_debt": lambda g: (
        laid(GUARANTEE, {"kind": "concessional_loan", "rate": 0.01}),
        laid(GUARANTEE),
        laid({"kind": "concessional_loan", "rate": 0.01}),
    ),
    "policy.keep_one": lambda g: (laid(HALF, HALF), laid(HALF)),
    "policy.not_together": lambda g: (
        laid(
            {"kind": "tax_credit", "law": MEASURE, "assets": ["chips"]},
            {"kind": "special_depreciation", "law": MEASURE, "assets": ["chips"]},
        ),
        laid({"kind": "tax_credit", "law": MEASURE, "assets": ["chips"]}),
        laid({"kind": "special_depreciation", "law": MEASURE, "assets": ["chips"]}),
    ),
    "policy.same_cost": lambda g: (
        laid(CREDIT, {**GRANT, "treatment": "exempt"}),
        laid(CREDIT, {**GRANT, "treatment": "reduces_basis"}),
    ),
    "policy.too_much": lambda g: (laid(CREDIT, {**CREDIT, "rate": 0.95}), laid(CREDIT, {**CREDIT, "rate": 0.9})),
    "law.table_shares": lambda g: (written_off(0.5, 0.4), written_off(0.5, 0.5)),
    "law.no_life": lambda g: (
        lambda: depreciation.declining_balance_rates(500),
        lambda: depreciation.declining_balance_rates(2),
    ),
    "valid_list": lambda g: (
        lambda: load_package(g.write("mine.toml", "instrument = 3\n")),
        lambda: load_package(g.write("mine.toml", "instrument = []\n")),
    ),
}
