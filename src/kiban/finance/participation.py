"""Whether an owner takes part: the return that is asked, the price at which it is earned, what that makes capital cost.

Without a policy, compute is sold at the price at which equity just earns the return that it asks, with the debt that
the cash flow then carries and the tax that is then paid. What the project without its debt returns at that price is its
weighted cost of capital after tax, at the debt that is raised and not at one that is aimed at:

    NPV(equity flow at price p, return of equity) = 0        NPV(project flow at price p, w) = 0

(Miles and Ezzell, Journal of Financial and Quantitative Analysis 15, 1980: one rate that gives the same value as the
flows to equity and debt.) The design counts with the real rate before tax that leaves w after tax, and what it builds
decides what debt is raised: the two are found in turn. A policy leaves that rate as it is: what more debt it lets the
owner raise makes equity riskier and no asset dearer or cheaper (Modigliani and Miller, American Economic Review 48,
1958), so that it is shown apart from what the owner gains without debt (adjusted present value).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.cash_flow import CashFlow, joint_flow, project_cash_flow
from kiban.finance.levelised import break_even_price, common_break_even_price, common_levered_price
from kiban.finance.metrics import irr, npv_at_base
from kiban.finance.project import Project
from kiban.scenario.national import NationalScenario
from kiban.scenario.study import Scenario

Whole = tuple[Project, FinanceAssumptions] | None
"""All projects as one, and what it assumes: as many owners as there are projects have other tax. None where they do
not start together, and so are no one project."""
RATE_ROW = "finance.discount_rate"
MOST_RATE_ROUNDS = 20
"""Rounds between design and financing; each changes the rate by a hundredth of the last change."""
SAME_RETURN = 1e-6
"""Difference of two returns, a year, that a root finder explains."""


@dataclass(frozen=True, slots=True)
class Participation:
    """What equity asks and earns, nominal and after tax; a return is None where there is none."""

    required_return: float
    return_without: float | None
    return_with: float | None
    discount_rate: float
    """Weighted cost of capital of the design, real and before tax."""
    rate_is_given: bool
    """Whether the scenario gives that rate, from which the return that equity asks then follows."""

    @property
    def builds_without(self) -> bool:
        """Whether the owner earns what he asks without the policy."""
        return self._is_enough(self.return_without)

    @property
    def builds_with(self) -> bool:
        """Whether the owner earns what he asks with the policy."""
        return self._is_enough(self.return_with)

    def _is_enough(self, found: float | None) -> bool:
        # Without any money of its own, equity asks for nothing.
        return found is None or found >= self.required_return - SAME_RETURN


def gives_rate(study: Scenario | NationalScenario) -> bool:
    """Whether it says itself what capital costs."""
    return study.finance.discount_rate is not None or any(name.endswith(RATE_ROW) for name in study.assumptions)


def cost_plus_price(
    projects: Sequence[Project], assumptions: FinanceAssumptions, whole: Whole, *, rate_is_given: bool
) -> float:
    """Price of what has none of its own, million yen/MWh, at which owners just earn what they ask, all together.

    That is the return of equity with its debt; where the rate is given or the public's, that rate of the whole without
    debt. Tranches pay what they bid; where nothing is without a price, it is the price at which all would have to be
    sold.
    """
    all_streams = _all_have_prices(projects)
    if rate_is_given or projects[0].policy.financing.public:
        if whole is None:
            return common_break_even_price(projects, assumptions, all_streams=all_streams)
        joint, terms = whole
        return break_even_price(joint, terms, all_streams=all_streams)
    return common_levered_price(projects, assumptions, all_streams=all_streams)


def asked_return(
    projects: Sequence[Project], assumptions: FinanceAssumptions, whole: Whole, *, rate_is_given: bool
) -> float:
    """Return that equity asks: that of the assumptions, or what follows from a rate that is given."""
    if not rate_is_given:
        return assumptions.equity_rate
    price = cost_plus_price(projects, assumptions, whole, rate_is_given=True)
    given = _all_have_prices(projects)
    cashes = (project_cash_flow(one.priced(price, all_streams=given), assumptions) for one in projects)
    found = irr(joint_flow(cashes, lambda cash: cash.equity_flow))
    return assumptions.equity_rate if found is None else found


def weighted_cost_of_capital(
    projects: Sequence[Project], price: float, assumptions: FinanceAssumptions
) -> float | None:
    """Real rate before tax at which projects without debt are worth nothing at the cost-plus price; None where none is.

    `price` is that of what has none of its own, or of all that is sold where nothing is without a price.
    """
    given = _all_have_prices(projects)
    cashes = (project_cash_flow(one.priced(price, all_streams=given), assumptions) for one in projects)
    nominal = irr(joint_flow(cashes, lambda cash: cash.project_flow))
    if nominal is None:
        return None
    real = (1.0 + nominal) / (1.0 + assumptions.inflation) - 1.0
    return real / (1.0 - projects[0].policy.tax.rate)


def _all_have_prices(projects: Sequence[Project]) -> bool:
    return all(stream.price_myen_per_mwh is not None for project in projects for stream in project.streams)


def at_rate(assumptions: FinanceAssumptions, rate: float, tax_rate: float) -> FinanceAssumptions:
    """The same assumptions where capital costs this, real and before tax, of an owner who pays this tax on income."""
    return replace(assumptions, discount_rate_real=rate, owner_rate_real=rate * (1.0 - tax_rate))


@dataclass(frozen=True, slots=True)
class EquityGain:
    """What the owner gains at equity's own rate, million yen: without any debt, and by the debt that is raised."""

    unlevered_myen: float
    cheaper_debt_myen: float
    """Debt costs less than what equity asks, and its interest is deducted: more of it is worth this to the owner."""


def split_gain(gain_myen: float, after: Iterable[CashFlow], before: Iterable[CashFlow], rate: float) -> EquityGain:
    """The parts of the owner's gain, by adjusted present value at equity's real `rate`; nothing where nobody gains."""
    if gain_myen == 0:
        return EquityGain(0.0, 0.0)
    unlevered = sum(_worth(cash, rate) for cash in after) - sum(_worth(cash, rate) for cash in before)
    return EquityGain(unlevered, gain_myen - unlevered)


def _worth(cash: CashFlow, rate: float) -> float:
    """Present value of the flow without debt, at constant prices."""
    level, after = cash.price_level, cash.project.years_after_base
    return float(npv_at_base(rate, np.broadcast_to(cash.project_flow, level.shape) / level, after))
