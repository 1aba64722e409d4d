"""Returns and cover of a cash flow: IRR, net present value, payback, debt service cover, loan life cover.

    NPV(r) = sum_t flow_t / (1 + r)^t            NPV(IRR) = 0
    DSCR_t = available_t / service_t             LLCR = sum_t available_t / (1 + loan rate)^t / debt, while it runs

(Brealey, Myers and Allen, Principles of Corporate Finance; Yescombe, Principles of Project Finance.)
Flows are million yen at the end of each year; index 0 is the first spade and is not discounted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array, powers, worth_of
from kiban.finance.cash_flow import CashFlow

NO_FLOW_MYEN = 1e-9
REPAID_SHARE = 1e-6
"""What may be missing of the most that was out, where a price was found so that it is repaid and no more."""


@dataclass(frozen=True, slots=True)
class Returns:
    """Measures of one case; None where one does not exist: no IRR without a sign change, no cover without debt."""

    project_irr: float | None
    equity_irr: float | None
    project_npv_myen: float
    """After tax and without debt, at the rate of the design after tax."""
    equity_npv_myen: float
    """At the return that equity asks."""
    discount_rate: float
    payback_years: float | None
    """From the first spade until the project without debt has paid back what it cost, at face value."""
    discounted_payback_years: float | None
    """The same in present values, at `discount_rate`: until it has paid its capital too."""
    equity_payback_years: float | None
    equity_discounted_payback_years: float | None
    """Of what equity paid in; in present values at the return that equity asks."""
    least_dscr: float | None
    mean_dscr: float | None
    llcr: float | None
    debt_myen: float
    debt_share: float
    """Debt at the start of operation over the cost until then, interest and fee included."""


def npv(rate: float | Array, flows: Array) -> Array:
    """Present value at index 0 along the last axis; the rate may be a column with one for each draw (draws, 1)."""
    return worth_of(flows, powers(1.0 + rate, -np.arange(flows.shape[-1], dtype=float)))


def npv_at_base(rate: float, flows: Array, years_after_base: int) -> Array:
    """Present value in the base year of flows whose index 0 is so many years after it."""
    return npv(rate, flows) * (1.0 + rate) ** -years_after_base


def irr(flows: Array) -> float | None:
    """Internal rate of return of one flow, or None where it has none."""
    import pyxirr

    if not (np.any(flows > NO_FLOW_MYEN) and np.any(flows < -NO_FLOW_MYEN)):
        return None
    found = pyxirr.irr(flows.tolist())
    return None if found is None or not np.isfinite(found) else float(found)


def payback_years(flows: Array, rate: float = 0.0) -> float | None:
    """Years from index 0 until the flows added up are no longer negative and stay so; between years by proportion.

    With a `rate` their present values are added up. None where they never are; 0 where nothing was ever out.
    """
    total = np.cumsum(flows * powers(1.0 + rate, -np.arange(len(flows), dtype=float)))
    negative = np.flatnonzero(total < -max(NO_FLOW_MYEN, -REPAID_SHARE * float(np.min(total))))
    if len(negative) == 0:
        return 0.0
    last = int(negative[-1])
    if last == len(flows) - 1:
        return None
    return last + float(-total[last] / (total[last + 1] - total[last]))


def debt_service_cover(cash_flow: CashFlow) -> Array:
    """Cash flow available over debt service by year; NaN where nothing is due. Shape of the draws."""
    service = cash_flow.debt.service
    available = np.asarray(cash_flow.available_for_debt_service)
    due = np.broadcast_to(service > NO_FLOW_MYEN, available.shape)
    return np.asarray(np.divide(available, service, out=np.full(available.shape, np.nan), where=due))


def loan_life_cover(cash_flow: CashFlow) -> float | None:
    """Present value of the cash flow available while the debt runs, at its rate, over the debt at the start."""
    debt = cash_flow.debt
    if debt.amount_myen <= 0:
        return None
    due = np.flatnonzero(debt.service > NO_FLOW_MYEN)
    window = slice(debt.start + 1, int(due[-1]) + 1)
    available = np.asarray(cash_flow.available_for_debt_service)[..., window]
    return float(npv(debt.rate, available) / (1.0 + debt.rate)) / debt.amount_myen


def compute_returns(cash_flow: CashFlow) -> Returns:
    """All measures of one case (not of draws)."""
    project, equity, debt = cash_flow.project_flow, cash_flow.equity_flow, cash_flow.debt
    has_debt = debt.amount_myen > 0
    cover = debt_service_cover(cash_flow)
    capex = np.sum([np.sum(flow) for flow in cash_flow.capex.values()])
    capex += np.sum(np.broadcast_to(cash_flow.taxes_on_purchases, cash_flow.years.shape)[: cash_flow.start + 1])
    cost = float(capex + debt.interest_during_construction.sum() + debt.upfront_fee.sum())
    return Returns(
        project_irr=irr(project),
        equity_irr=irr(equity),
        project_npv_myen=float(npv(cash_flow.discount_rate, project)),
        equity_npv_myen=float(npv(cash_flow.assumptions.equity_rate, equity)),
        discount_rate=cash_flow.discount_rate,
        payback_years=payback_years(project),
        discounted_payback_years=payback_years(project, cash_flow.discount_rate),
        equity_payback_years=payback_years(equity),
        equity_discounted_payback_years=payback_years(equity, float(cash_flow.assumptions.equity_rate)),
        least_dscr=float(np.nanmin(cover)) if has_debt else None,
        mean_dscr=float(np.nanmean(cover)) if has_debt else None,
        llcr=loan_life_cover(cash_flow),
        debt_myen=debt.amount_myen,
        debt_share=debt.amount_myen / cost if has_debt else 0.0,
    )
