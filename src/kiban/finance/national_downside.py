"""The downside of a country's campuses: the same draws for all of them, and what the treasuries lose in each.

Prices of compute, power and chips are one in the country, so that a draw is bad for all campuses at once and losses do
not even out between them. Each campus has debt of its own and defaults by itself. Losses of a draw are added up in the
start year of the study; a share of defaults is one of all campuses over all draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kiban.catalogue import Catalogue
from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.campus import Campus
from kiban.finance.guarantee import GuaranteeValue, Outcome
from kiban.finance.national_side import NationalSide
from kiban.finance.posting import Shares
from kiban.finance.public_risk import DownsideReport, measure_downside, treasury_rate, under_each_kind
from kiban.scenario.study import Finance

NATIONAL_DRAWS = 2_000
"""Draws for a country unless others are asked for: each of them is followed through every campus."""


def measure_country(
    campuses: Sequence[Campus],
    before: NationalSide,
    finance: Finance,
    assumptions: FinanceAssumptions,
    shares: Shares,
    catalogue: Catalogue,
    *,
    seed: int,
    draws: int = NATIONAL_DRAWS,
) -> DownsideReport:
    """The treasuries' loss on all campuses of a plan under each kind of support, draw by draw.

    `before` says under which ordinary law each campus is held against itself.
    """
    law = before.terms.tax.jurisdiction
    own_rate = treasury_rate(catalogue)
    social = (1.0 + shares.social_rate) * (1.0 + assumptions.inflation) - 1.0
    reports: list[DownsideReport] = []
    for campus in campuses:
        found = measure_downside(
            under_each_kind(campus.project, finance, tax_law=law),
            before.terms_of(campus.name),
            assumptions,
            catalogue,
            seed=seed,
            draws=draws,
            asked=campus.project,
            social_rate=shares.social_rate,
        )
        after = campus.project.years_after_base
        reports.append(_at_base(found, (1.0 + own_rate) ** -after, (1.0 + social) ** -after) if after else found)
    return _together(reports)


def _at_base(report: DownsideReport, own: float, social: float) -> DownsideReport:
    """Values in the start year of the study of what was valued in that of a campus."""
    return replace(
        report,
        outcomes={name: _times(outcome, own) for name, outcome in report.outcomes.items()},
        guarantees={name: _guarantee_times(value, own) for name, value in report.guarantees.items()},
        asked=None if report.asked is None else _times(report.asked, social),
    )


def _times(outcome: Outcome, factor: float) -> Outcome:
    return replace(
        outcome,
        loss_myen=factor * outcome.loss_myen,
        guarantee_myen=factor * outcome.guarantee_myen,
        lender_loss_myen=factor * outcome.lender_loss_myen,
    )


def _guarantee_times(value: GuaranteeValue, factor: float) -> GuaranteeValue:
    return replace(
        value,
        by_history_myen=factor * value.by_history_myen,
        by_draws_myen=factor * value.by_draws_myen,
        by_option_myen=factor * value.by_option_myen,
        asset_value_myen=factor * value.asset_value_myen,
    )


def _together(reports: Sequence[DownsideReport]) -> DownsideReport:
    first = reports[0]
    asked = [report.asked for report in reports if report.asked is not None]
    backed: dict[str, list[GuaranteeValue]] = {}
    for report in reports:
        for name, value in report.guarantees.items():
            backed.setdefault(name, []).append(value)
    return replace(
        first,
        outcomes={name: _sum([report.outcomes[name] for report in reports]) for name in first.outcomes},
        guarantees={name: _sum_guarantees(values) for name, values in backed.items()},
        asked=_sum(asked) if asked else None,
    )


def _sum(outcomes: Sequence[Outcome]) -> Outcome:
    """Losses of each draw together; defaults and what is recovered campus by campus."""
    return Outcome(
        loss_myen=np.sum([one.loss_myen for one in outcomes], axis=0),
        guarantee_myen=np.sum([one.guarantee_myen for one in outcomes], axis=0),
        lender_loss_myen=np.sum([one.lender_loss_myen for one in outcomes], axis=0),
        default_year=np.concatenate([one.default_year for one in outcomes]),
        recovery=np.concatenate([one.recovery for one in outcomes]),
    )


def _sum_guarantees(values: Sequence[GuaranteeValue]) -> GuaranteeValue:
    """Values add up; volatility is the mean by the value of the assets, which move together."""
    whole = sum(value.asset_value_myen for value in values)
    spread = sum(value.asset_volatility * value.asset_value_myen for value in values)
    return GuaranteeValue(
        by_history_myen=sum(value.by_history_myen for value in values),
        by_draws_myen=sum(value.by_draws_myen for value in values),
        by_option_myen=sum(value.by_option_myen for value in values),
        asset_value_myen=whole,
        asset_volatility=spread / whole if whole else 0.0,
    )
