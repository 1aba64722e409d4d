"""Which companies Japan taxes by size: by their capital and, since the reform of 2024, by what was paid in.

Enterprise tax falls on value added, capital and income of a company that is taxed by size, and on income alone, at a
higher rate, of any other (Local Tax Act, article 72-2, in `law/jp_size_tax.toml`). Money is million yen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from kiban.catalogue import Catalogue
from kiban.policy.law import Law
from kiban.policy.terms import SizeLevyTerms
from kiban.quantities import YEN_PER_MYEN
from kiban.scenario.study import Owner

CAPITAL: Mapping[Owner, str] = {"project_company": "finance.owner_capital.project_company"}
"""Figures of capital, by owner. The others are stock companies, which must state half of what is paid in as capital
(Companies Act, article 445): for a campus more than the law's limit, whatever they cut later."""
PARENT: Mapping[Owner, str] = {"project_company": "finance.owner_parent.project_company"}


@dataclass(frozen=True, slots=True)
class Company:
    """Who owns the campus, as the law asks: stated capital, what is paid in (capital and capital surplus), the same of
    a company that owns all of it (0 where nobody does), and whether it was taxed by size in the year before."""

    capital_myen: float = math.inf
    paid_in_myen: float = math.inf
    parent_paid_in_myen: float = 0.0
    taxed_before: bool = False


def read_company(catalogue: Catalogue, owner: Owner) -> Company:
    """The company of an owner; what is paid into the company of a campus is beyond the law's least amounts."""
    return Company(
        capital_myen=catalogue.value(CAPITAL[owner]) if owner in CAPITAL else math.inf,
        parent_paid_in_myen=catalogue.value(PARENT[owner]) if owner in PARENT else 0.0,
    )


def is_taxed_by_size(law: Law, day: date, company: Company) -> bool:
    """Whether a company whose year begins on a day is taxed on value added and capital."""
    scope: dict[str, float] = {
        name: value / YEN_PER_MYEN for name, value in law.measure("jp_size_based_scope").terms(day).items()
    }
    if company.capital_myen > scope["capital_yen"]:
        return True
    if company.taxed_before and company.paid_in_myen > scope.get("kept_paid_in_yen", math.inf):
        return True
    belongs = company.parent_paid_in_myen > scope.get("parent_paid_in_yen", math.inf)
    return belongs and company.paid_in_myen > scope.get("subsidiary_paid_in_yen", math.inf)


def loss_cap_share(law: Law, day: date, company: Company) -> float:
    """Largest share of a year's income that carried losses may absorb: all of it for a small company that does not
    belong to a large one."""
    losses = law.measure("jp_loss_carry_forward").terms(day)
    limit = law.number("jp_size_based_scope", "capital_yen", day) / YEN_PER_MYEN
    belongs = company.parent_paid_in_myen >= losses["parent_capital_exclusion_yen"] / YEN_PER_MYEN
    small = company.capital_myen <= limit and not belongs
    return float(losses["cap_share_of_income_sme" if small else "cap_share_of_income_large"])


def size_levy_terms(law: Law, day: date) -> SizeLevyTerms:
    """The tax on value added and on capital, at standard rates."""
    terms = law.measure("jp_size_based_tax").terms(day)
    bands = tuple((start / YEN_PER_MYEN, share) for start, share in terms["capital_bands"])
    return SizeLevyTerms(terms["value_added_rate"], terms["capital_rate"], bands)
