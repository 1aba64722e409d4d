"""The downside of a project under one policy or another: what the treasuries lose, side by side, draw by draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.catalogue.facts import Fact
from kiban.finance.assumptions import CUMULATIVE_YEARS, FinanceAssumptions
from kiban.finance.cash_flow import CashFlow, Draws, project_cash_flow, sum_of
from kiban.finance.debt import Debt
from kiban.finance.downside import draw_downside, read_downside
from kiban.finance.guarantee import (
    ABREAST,
    Exposure,
    GuaranteeValue,
    LossTerms,
    Outcome,
    ProjectCash,
    in_batches,
    simulate,
    survival_curve,
    value_guarantee,
)
from kiban.finance.project import Project
from kiban.finance.purchases import totals
from kiban.policy.own_terms import resolve_for
from kiban.policy.terms import PolicyTerms
from kiban.scenario.package import load_package
from kiban.scenario.study import Finance

DRAWS = 10_000
"""Draws of a downside unless others are asked for."""
_FACTS = (
    "finance.party_rate.national_treasury", "downside.reserve", "downside.workout_cost", "downside.contingency",
    "finance.recovery", "finance.cumulative_default_10y", "downside.hazard_decline",
)  # fmt: skip


ASKED = "asked"
"""The case of the package that is asked about."""
Flows = Callable[[Project], tuple[Debt, Callable[[Draws], CashFlow]]]
KINDS: Mapping[str, str] = {
    "none": "none",
    "credit": "tax-credit",
    "grant": "capital-grant",
    "guarantee": "loan-guarantee",
    "ownership": "public-ownership",
}
"""Kinds of support that stand side by side, and the package that means each."""


def under_each_kind(
    project: Project, finance: Finance, *, tax_law: str, catalogue: Catalogue | None = None
) -> dict[str, Project]:
    """The same project, as designed and priced, under each kind of support in a law, with the scenario's own tax."""
    year = project.start_year
    policies = {
        kind: resolve_for(
            [load_package(package)],
            finance,
            start_year=year,
            tax_law=tax_law,
            public_owner=False,
            catalogue=catalogue,
            lapses=project.years_after_base > 0,
        )
        for kind, package in KINDS.items()
    }
    return {kind: replace(project, policy=policy) for kind, policy in policies.items()}


@dataclass(frozen=True, slots=True, eq=False)
class DownsideReport:
    """Outcomes of all cases over the same draws, and the worth of the guarantee where there is one."""

    seed: int
    draws: int
    outcomes: Mapping[str, Outcome]
    guarantees: Mapping[str, GuaranteeValue]
    facts: tuple[Fact, ...]
    asked: Outcome | None = None
    """Of the package that was asked about, at the social rate: what the plan's fiscal cost is held against."""

    def summary(self) -> dict[str, Any]:
        """Plain numbers for tables and JSON; losses in million yen, present value."""
        return {
            "seed": self.seed,
            "draws": self.draws,
            "cases": {name: _summarise(outcome) for name, outcome in self.outcomes.items()},
            "guarantees": {name: asdict(value) for name, value in self.guarantees.items()},
            "asked": None if self.asked is None else _summarise(self.asked),
        }


def _summarise(outcome: Outcome) -> dict[str, float | None]:
    return {
        "expected_myen": outcome.expected_myen,
        "standard_error_myen": outcome.standard_error_myen,
        "percentile_95_myen": outcome.percentile_95_myen,
        "worst_myen": outcome.worst_myen,
        "guarantee_expected_myen": float(outcome.guarantee_myen.mean()),
        "lender_expected_myen": float(outcome.lender_loss_myen.mean()),
        "default_probability": outcome.default_probability,
        "recovery_share": outcome.recovery_share,
    }


def treasury_rate(catalogue: Catalogue) -> float:
    """Nominal rate, a year, at which the treasuries' losses are counted."""
    return catalogue.value(_FACTS[0])


def measure_downside(
    projects: Mapping[str, Project],
    ordinary: PolicyTerms,
    assumptions: FinanceAssumptions,
    catalogue: Catalogue,
    *,
    seed: int = 1,
    draws: int = DRAWS,
    asked: Project | None = None,
    social_rate: float = 0.0,
) -> DownsideReport:
    """The treasuries' loss under each project's policy, side by side, from the catalogue's distributions.

    `asked` is followed through the same draws and counted at the real `social_rate`, as fiscal cost is.
    """
    downside = read_downside(catalogue)
    drawn = draw_downside(downside, seed=seed, draws=draws, horizon_years=assumptions.horizon_years)
    rows = [catalogue.fact(key) for key in _FACTS]
    treasury, reserve, workout, contingency, recovery, cumulative, decline = (row.value for row in rows)
    terms = LossTerms(treasury, reserve, workout)
    flows = remember_flows(assumptions)
    followed = {**projects, **({} if asked is None else {ASKED: asked})}
    cases = {
        name: project_case(project, assumptions, ordinary=ordinary, contingency_share=contingency, flows=flows)
        for name, project in followed.items()
    }
    at_social = replace(terms, treasury_rate=(1.0 + social_rate) * (1.0 + assumptions.inflation) - 1.0)
    batches = in_batches(drawn, draws)
    # Where there is no debt there is nothing to guarantee. Asked of what `simulate` follows first, and so remembered.
    backed = {
        name: cases[name](batches[0])
        for name, project in projects.items()
        if project.policy.financing.guarantee_coverage > 0
    }
    outcomes = simulate(cases, batches, terms, other_terms={ASKED: at_social})
    of_package = outcomes.pop(ASKED, None)
    survival = survival_curve(cumulative, CUMULATIVE_YEARS, decline, assumptions.debt_tenor_years)
    guarantees = {
        name: value_guarantee(
            exposure,
            terms,
            asset_rate=assumptions.discount_rate_after_tax(ordinary, projects[name].start_year),
            survival=survival,
            recovery=recovery,
        )
        for name, exposure in backed.items()
        if exposure.service.any()
    }
    return DownsideReport(seed, draws, outcomes, guarantees, (*downside.facts, *rows), of_package)


def project_case(
    project: Project,
    assumptions: FinanceAssumptions,
    *,
    ordinary: PolicyTerms,
    contingency_share: float = 0.0,
    flows: Flows | None = None,
) -> ProjectCash:
    """The interface of `simulate` for a project whose streams have a price.

    Debt is sized on the case as planned and then has to be lived with. What the policy costs the treasuries is the
    difference to the same project, in the same draw, under `ordinary` terms. Under public ownership that includes
    what the treasury pays into the project and receives as its owner. `contingency_share` is a share of the first cost.
    `flows` are shared with other cases.
    """
    contingency = contingency_share * sum(asset.capex_myen for asset in project.assets)
    flows = flows or remember_flows(assumptions)
    debt, flow_of = flows(project)
    _, plain_flow_of = flows(replace(project, policy=ordinary))
    financing = project.policy.financing

    def cash(draws: Draws) -> Exposure:
        flow, ordinary_flow = flow_of(draws), plain_flow_of(draws)
        return Exposure(
            available=_available(flow),
            service=debt.service,
            balance=debt.balance,
            rate=debt.rate,
            public_cost=public_receipts(ordinary_flow) - public_receipts(flow),
            fund=np.cumsum(flow.reserve - totals(flow.replacements), axis=-1),
            contingency_myen=contingency,
            coverage=financing.guarantee_coverage,
            fee=debt.guarantee_fee,
            public_owner=financing.public,
        )

    return cash


def remember_flows(assumptions: FinanceAssumptions) -> Flows:
    """The debt of a project as planned and its cash flow in draws; equal projects share what was last worked out."""
    known: list[tuple[Project, tuple[Debt, Callable[[Draws], CashFlow]]]] = []

    def of(project: Project) -> tuple[Debt, Callable[[Draws], CashFlow]]:
        for one, found in known:
            if one == project:
                return found
        debt = project_cash_flow(project, assumptions).debt

        @lru_cache(maxsize=ABREAST)
        def flow(draws: Draws) -> CashFlow:
            return project_cash_flow(project, assumptions, draws=draws, debt=debt)

        known.append((project, (debt, flow)))
        return debt, flow

    return of


def _available(flow: CashFlow) -> Array:
    """Cash that can serve the debt. In a group the owner pays the tax; alone, the project pays it first."""
    if flow.assumptions.tax_position == "group":
        return flow.available_for_debt_service
    return flow.available_for_debt_service - np.maximum(flow.tax.due, 0.0)


def public_receipts(flow: CashFlow) -> Array:
    """What all treasuries receive less what they pay, by year, guarantees apart; as owner, equity's flow too."""
    paid = sum_of(flow.grants) + sum_of(flow.production_credits)
    owned = flow.equity_flow if flow.project.policy.financing.public else np.zeros(1)
    taxes = flow.tax.due + totals(flow.property_tax) + flow.size_levy + flow.taxes_on_purchases
    return np.asarray(taxes - paid + owned)
