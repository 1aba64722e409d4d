"""Cases that a tax officer can read: one rule each, with its article, from `tests/policy_cases`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from functools import reduce
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kiban.catalogue import load_catalogue
from kiban.errors import InputError
from kiban.finance.eligibility import Check, check_conditions
from kiban.finance.size_levy import size_levy
from kiban.finance.tax import CreditRule, CreditUse, Losses, carry_losses, use_credits
from kiban.policy import depreciation, property_tax
from kiban.policy.law import load_law
from kiban.policy.package_terms import resolve
from kiban.policy.size_scope import Company, is_taxed_by_size
from kiban.policy.tax_law import income_tax_components, ordinary_law
from kiban.policy.terms import DepreciationTerms, PolicyTerms, PropertyTaxTerms
from kiban.scenario.package import load_package, parse_package

FOLDER = Path(__file__).parents[1] / "policy_cases"
REQUIRED = {"name", "article", "day", "subject", "input", "expect"}


def read_cases() -> dict[str, dict[str, Any]]:
    cases = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            assert REQUIRED <= set(case) <= REQUIRED | {"tolerance"}, case
            key = f"{path.stem}: {case['name']}"
            assert key not in cases
            cases[key] = case
    return cases


def find(thing: Any, path: str) -> Any:
    """What a path of attributes, keys and positions leads to."""

    def step(node: Any, name: str) -> Any:
        if isinstance(node, Mapping):
            return node[name]
        return node[int(name)] if isinstance(node, tuple) else getattr(node, name)

    return reduce(step, path.split("."), thing)


def terms_of(day: date, given: Mapping[str, Any]) -> PolicyTerms:
    packages = [load_package(name) for name in given.get("packages", [])]
    if "instruments" in given:
        packages.append(parse_package({"name": "case", "instrument": given["instruments"]}))
    # Where a case says nothing, what begins in a year comes into service in it.
    built = given.get("construction_years", 0)
    law, state, owner = given.get("tax_law", "japan"), given.get("state"), given.get("owner", "large_group")
    return resolve(
        packages,
        start_year=day.year,
        construction_years=built,
        tax_law=law,
        state=state,
        public_owner=owner == "public_body",
        owner=owner,
        catalogue=load_catalogue().overridden(given.get("assumed", {})),
    )


def refuse(day: date, given: Mapping[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        terms_of(day, given)
    return str(caught.value)


def applies_in(given: Mapping[str, Any], year: int) -> bool:
    """Whether what is begun in that year is within the dates of the instruments."""
    try:
        terms_of(date(year, 4, 1), given)
    except InputError as refused:
        served = year + given.get("construction_years", 0)
        assert re.search(f"is outside its dates in ({year}|{served})", str(refused))
        return False
    return True


def charge(given: Mapping[str, Any]) -> tuple[float, ...]:
    terms = DepreciationTerms(given["method"], given["life_years"], (), given.get("first_year_share", 0.0))
    return depreciation.schedule(terms, given["cost"], months_in_first_year=given.get("months", 12), whole_yen=True)


def decline(given: Mapping[str, Any]) -> tuple[float, ...]:
    rates = depreciation.DecliningBalanceRates(
        *(Fraction(repr(given[name])) for name in ("rate", "revised_rate", "guarantee_rate"))
    )
    return tuple(map(float, depreciation.declining_balance(Fraction(given["cost"]), rates, whole_yen=True)))


def property_terms(day: date, given: Mapping[str, Any]) -> PropertyTaxTerms:
    law = load_law()
    fixed = law.measure("jp_fixed_asset_tax").terms(day)
    row = next(row for row in fixed["rows"] if row[0] == given["life_years"])
    relief = tuple(given.get("relief", ()))
    if "relief_from" in given:
        measure, term = given["relief_from"]
        relief = (law.number(measure, term, day),) * int(law.number(measure, "years", day))
    return PropertyTaxTerms(fixed["tax_rate"], row[1], row[2], fixed["floor_share"], relief)


def carried(day: date, given: Mapping[str, Any]) -> Losses:
    tax = ordinary_law(given.get("tax_law", "japan"), day.year).tax
    cap = load_law().number("jp_loss_carry_forward", given["cap"], day) if "cap" in given else tax.loss_cap_share
    return carry_losses(np.array(given["income"], float), tax.loss_years, cap)


def credit_of(day: date, given: Mapping[str, Any]) -> CreditUse:
    terms = resolve([load_package(given["package"])], start_year=day.year, construction_years=0)
    credit = terms.assets[given["asset"]].credits[0]
    rule = CreditRule(
        credit.measure, credit.payer, credit.limit_share_of_tax, credit.carry_forward_years, credit.refundable
    )
    earned = credit.rate * np.array(given["cost"], float)
    return use_credits([earned], [rule], np.array(given["corporate_tax"], float))[0]


def conditions(day: date, given: Mapping[str, Any]) -> list[Check]:
    """Conditions of one instrument of a measure, held against a plan that shows the given figures."""
    instrument = {key: given[key] for key in ("kind", "law", "assets", "rate") if key in given}
    package = parse_package({"name": "case", "instrument": [instrument]})
    law = given.get("tax_law", "japan")
    found = resolve([package], start_year=day.year, construction_years=0, tax_law=law).conditions
    invested = given.get("invested_myen", {})
    sold = SimpleNamespace(it_energy_mwh_per_year=1.0, price_myen_per_mwh=given.get("sales_myen", 0.0))
    profit = given.get("profit_before_depreciation_myen", [0, 0, 0])
    years = np.arange(2 + len(profit))
    cash: Any = SimpleNamespace(
        project=SimpleNamespace(streams=[sold]),
        years=years,
        start=1,
        capex={"all": np.array([float(sum(invested.values())), *(0 for _ in years[1:])])},
        revenue={"sales": np.array([0, 0, *profit], float)},
        operating_costs={},
        fixed_om={},
        network_charges={},
        property_tax={},
        size_levy=np.zeros(1),
    )
    plan: Any = SimpleNamespace(
        investments=[SimpleNamespace(asset=asset, capex_myen=cost) for asset, cost in invested.items()],
        indicators={"clean_share": given.get("clean_share", 0.0), "import_mwh_per_year": given.get("drawn_mwh", 0.0)},
        scenario=SimpleNamespace(
            site=SimpleNamespace(id=given.get("site")),
            finance=SimpleNamespace(
                cost_set=given.get("country", "japan"),
                owner=given.get("owner", "large_group"),
                state=given.get("state"),
            ),
            assumptions=given.get("assumed", {}),
        ),
    )
    return list(check_conditions(found, plan, cash))


def answer(case: Mapping[str, Any]) -> Any:
    day, given, law = case["day"], case["input"], load_law()
    match case["subject"]:
        case "law":
            return find(law.measure(given["measure"]).terms(day), given["term"])
        case "in_force":
            return law.measure(given["measure"]).holds(day)
        case "in_force_on":
            return [law.measure(given["measure"]).holds(one) for one in given["days"]]
        case "terms_on":
            return [find(law.measure(given["measure"]).terms(one), given["term"]) for one in given["days"]]
        case "applies_in":
            return [applies_in(given, year) for year in given["years"]]
        case "supported_in":
            return [terms_of(day, given).assets[given["asset"]].supports(year) for year in given["years"]]
        case "effective_rate":
            return income_tax_components(law, day, **given).rate
        case "terms":
            found = find(terms_of(day, given), given["term"])
            return "none" if found is None else found
        case "refusal":
            return refuse(day, given)
        case "depreciation":
            return charge(given)
        case "declining_balance":
            return decline(given)
        case "depreciation_of":
            terms = ordinary_law(given["tax_law"], day.year).assets[given["asset"]].depreciation
            return depreciation.schedule(terms, given["cost"])
        case "assessed_values":
            return property_tax.assessed_values(
                property_terms(day, given), given["cost"], given["years"], whole_yen=True
            )
        case "property_tax":
            return property_tax.taxes(property_terms(day, given), given["cost"], given["years"], whole_yen=True)
        case "taxable_income":
            return carried(day, given).taxable
        case "expired_losses":
            return carried(day, given).expired
        case "condition":
            return {check.condition.kind: check.status for check in conditions(day, given)}[given["asks"]]
        case "condition_found":
            return {check.condition.kind: check.found for check in conditions(day, given)}[given["asks"]]
        case "size_levy":
            case_of: Any = SimpleNamespace(construction_years=0, tax_position="standalone")
            flows = (np.array(given[name], float) for name in ("income", "wages", "capital"))
            return size_levy(*flows, ordinary_law("japan", day.year).tax, case_of)
        case "taxed_capital":
            levy = ordinary_law("japan", day.year).tax.size_levy
            assert levy is not None
            return levy.taxed_capital(given["capital"])
        case "taxed_by_size":
            names = {"capital": "capital_myen", "paid_in": "paid_in_myen", "parent": "parent_paid_in_myen"}
            return is_taxed_by_size(
                law, day, Company(**{names.get(name, name): value for name, value in given.items()})
            )
        case "asked_for":
            return [check.condition.kind for check in conditions(day, given)]
        case "not_shown":
            return next(c.condition.names for c in conditions(day, given) if c.condition.kind == "unknown")
        case "credit_used":
            return credit_of(day, given).used
        case "credit_expired":
            return credit_of(day, given).expired
        case other:
            raise AssertionError(f"unknown subject {other}")


CASES = read_cases()


@pytest.mark.parametrize("key", CASES)
def test_case(key: str) -> None:
    case = CASES[key]
    found, expected = answer(case), case["expect"]
    if case["subject"] == "refusal":
        assert expected in found
    elif isinstance(expected, list) and (not expected or isinstance(expected[0], str)):
        assert list(found) == expected
    elif isinstance(expected, list):
        assert list(found) == pytest.approx(expected, abs=case.get("tolerance", 1e-9))
    elif isinstance(expected, int | float) and not isinstance(expected, bool):
        assert found == pytest.approx(expected, abs=case.get("tolerance", 1e-12))
    else:
        assert found == expected


def test_every_measure_with_dates_has_its_window() -> None:
    """Its first and last day, the day before and the day after, and the nights on which its terms change."""
    known = [case["input"] for case in CASES.values() if case["subject"] in {"in_force_on", "terms_on"}]
    tested = {(given["measure"], day) for given in known for day in given["days"]}
    one = timedelta(days=1)
    edges = set()
    for measure in load_law().measures.values():
        for period in measure.periods:
            edges |= {(measure.id, day) for day in (period.first, period.last) if day}
        edges |= {(measure.id, measure.valid_from - one)} if measure.valid_from else set()
        edges |= {(measure.id, measure.valid_to + one)} if measure.valid_to else set()
    assert edges - tested == set()


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 40
    assert {case["subject"] for case in CASES.values()} >= {
        "law",
        "terms",
        "refusal",
        "depreciation",
        "property_tax",
        "condition",
    }
