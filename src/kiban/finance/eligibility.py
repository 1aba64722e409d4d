"""Whether a plan fulfils what measures of law ask for before they apply.

What a plan shows is checked: what is invested, its return, the share of clean energy, the place, the energy drawn.
So is what the catalogue knows of the place and of the owner: the municipality, its fiscal index, wages and investment.
What nothing shows, such as a minister's confirmation, is taken to be fulfilled and said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from kiban.catalogue import load_catalogue
from kiban.catalogue.facts import Fact
from kiban.finance.assumptions import LARGE_GROUP, OTHER_TAX
from kiban.finance.cash_flow import CashFlow
from kiban.finance.purchases import totals
from kiban.planning.plan import Plan
from kiban.policy.terms import Condition

RETURN_YEARS = 3
"""Years after the investment over which Japan's measures take the mean (METI, on the return on investment)."""
SAME_LIMIT = 1e-6
"""Relative distance below a limit of the law that a solver's tolerance explains."""
OF_THE_OWNER = {"wage_growth": "finance.owner.wage_growth", "investment_ratio": "finance.owner.investment_ratio"}
"""Figures of a group that owns the campus, which no plan shows; other owners have no staff and no year before."""


@dataclass(frozen=True, slots=True)
class Check:
    """One condition held against a plan; `found` has the unit of the condition's limit, None where nothing shows it."""

    condition: Condition
    status: Literal["met", "unmet", "assumed"]
    found: float | None = None
    place: str = ""
    """Prefecture or country of the campus, where the condition is about that."""

    @property
    def instrument(self) -> tuple[str, int]:
        """Package and number of the instrument."""
        return self.condition.package, self.condition.number


def check_conditions(conditions: Sequence[Condition], plan: Plan, cash: CashFlow) -> tuple[Check, ...]:
    """Each condition held against a plan and its cash flow, in their order."""
    return tuple(_check(condition, plan, cash) for condition in conditions)


def failing(checks: Sequence[Check]) -> dict[tuple[str, int], tuple[Check, ...]]:
    """Checks of the instruments that do not apply because one of their conditions is not fulfilled."""
    refused = {check.instrument for check in checks if check.status == "unmet"}
    return {one: tuple(check for check in checks if check.instrument == one) for one in sorted(refused)}


def return_on_investment(cash: CashFlow) -> float:
    """Mean of operating profit and depreciation in the first years of operation, over what is invested; nominal.

    The mean is over `RETURN_YEARS`. Support and finance are no part of it; `nan` where nothing is invested.
    """
    spent = [*cash.operating_costs.values(), *cash.fixed_om.values(), *cash.network_charges.values()]
    # The levy on size is an expense of operation, not a tax on income, in Japanese accounts.
    earned = totals(cash.revenue) - sum(spent, totals(cash.property_tax) + cash.size_levy)
    yearly = np.broadcast_to(earned, cash.years.shape)[cash.start + 1 : cash.start + 1 + RETURN_YEARS]
    invested = float(np.sum(totals(cash.capex)))
    return float(yearly.mean()) / invested if invested > 0 else float("nan")


def prefecture_of(plan: Plan) -> str:
    """Prefecture of a site of the catalogue; empty for a place of the user's own."""
    site = load_catalogue().sites.get(plan.scenario.site.id or "")
    return site.prefecture if site is not None else ""


def municipality_of(plan: Plan) -> Fact | None:
    """The fiscal index of the municipality of a site of the catalogue; None for a place of the user's own."""
    key = f"local.{plan.scenario.site.id}.fiscal_index"
    catalogue = load_catalogue()
    return catalogue.fact(key) if plan.scenario.site.id and key in catalogue else None


def municipality_name(index: Fact) -> str:
    """English name of the municipality that a row of the catalogue is about."""
    return index.name_en.split(", ")[-1]


def _check(condition: Condition, plan: Plan, cash: CashFlow) -> Check:
    if condition.kind in {"prefecture", "inside"}:
        place = prefecture_of(plan)
        return _of_place(condition, place, (place in condition.names) is (condition.kind == "inside"))
    if condition.kind == "municipality":
        index = municipality_of(plan)
        place = "" if index is None else municipality_name(index)
        return _of_place(condition, place, place in condition.names)
    if condition.kind == "fiscal_index":
        index = municipality_of(plan)
        if index is None:
            return Check(condition, "assumed")
        status: Literal["met", "unmet"] = "met" if index.value <= condition.limit else "unmet"
        return Check(condition, status, index.value, municipality_name(index))
    if condition.kind == "state":
        state = plan.scenario.finance.state or "unknown"
        return _of_place(condition, state, state in condition.names)
    if condition.kind == "country":
        place = plan.scenario.finance.cost_set
        return Check(condition, "met" if place in condition.names else "unmet", place=place)
    if condition.kind in OF_THE_OWNER:
        return _of_owner(condition, plan)
    found = next(_measure(condition, plan, cash), None)
    if found is None:
        return Check(condition, "assumed")
    enough = found >= condition.limit * (1.0 - SAME_LIMIT)
    return Check(condition, "met" if enough else "unmet", found)


def _of_place(condition: Condition, place: str, fulfilled: bool) -> Check:
    if not place:
        return Check(condition, "assumed")
    return Check(condition, "met" if fulfilled else "unmet", place=place)


def _of_owner(condition: Condition, plan: Plan) -> Check:
    """What a group does beside the campus, by the catalogue or by what the scenario says in its place."""
    owner, assumptions = plan.scenario.finance.owner, plan.scenario.assumptions
    if owner == LARGE_GROUP and condition.limit_very_large is not None:
        condition = replace(condition, limit=condition.limit_very_large)
    if owner not in OTHER_TAX:
        return Check(condition, "assumed")
    key = OF_THE_OWNER[condition.kind]
    found = assumptions[key] if key in assumptions else load_catalogue().value(key)
    above = found > condition.limit if condition.kind == "investment_ratio" else found >= condition.limit
    return Check(condition, "met" if above else "unmet", found)


def _measure(condition: Condition, plan: Plan, cash: CashFlow) -> Iterator[float]:
    """What the plan shows, in the unit of the limit; nothing for what no plan can show."""
    if condition.kind == "investment":
        yield sum(item.capex_myen for item in plan.investments if item.asset in condition.assets)
    elif condition.kind == "return":
        yield return_on_investment(cash)
    elif condition.kind == "clean_share":
        yield plan.indicators["clean_share"]
    elif condition.kind == "grid_energy":
        yield plan.indicators["import_mwh_per_year"]
    elif condition.kind == "intensity":
        sales = sum(
            stream.it_energy_mwh_per_year * (stream.price_myen_per_mwh or 0.0) for stream in cash.project.streams
        )
        if sales > 0:
            yield plan.indicators["import_mwh_per_year"] / sales
