"""Support of every campus of a national plan under a package, and what it pays for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from kiban.finance.additionality import Support, measure_support
from kiban.finance.campus import ELSEWHERE, usable_at
from kiban.finance.national_side import NationalSide
from kiban.national.result.design import nothing_built
from kiban.national.study.problem import NationalProblem
from kiban.national.study.variants import under_terms
from kiban.planning.plan import Plan
from kiban.policy.capital import CapitalTerms


def measure_supports(
    problem: NationalProblem,
    capital: CapitalTerms,
    before: NationalSide,
    after: NationalSide,
    forced: Mapping[str, Plan],
    built_without: bool,
) -> dict[str, Support]:
    """Support of each campus of the package's plan and its split, at the owner's rate in the start year.

    `problem` has all candidates at costs before tax; `forced` are the plans, by campus, that serve without the package
    what is served with it.
    """
    without = {vintage.name: vintage.plan for vintage in before.vintages}
    numbers = {problem.name_of(block): number for number, block in enumerate(problem.blocks)}
    rate = capital.discount_rate * (1.0 - before.terms.tax.rate)
    usable = {ELSEWHERE: before.mean_utilisation}
    priced = under_terms(problem, before.terms_of, capital, partial(usable_at, usable))
    found = {}
    for campus in after.campuses:
        name = campus.name
        absent = nothing_built(priced, numbers[name], before.terms_of(name))
        support = measure_support(
            without.get(name, absent),
            campus.plan,
            forced.get(name, absent),
            capital=capital,
            tax_rate=before.terms.tax.rate,
            marginal_rate=before.terms.tax.marginal_rate,
            built_without=built_without,
        )
        after_base = campus.project.years_after_base
        found[name] = support.times((1.0 + rate) ** -after_base) if after_base else support
    return found
