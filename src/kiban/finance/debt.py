"""Debt of a project: sized by a share of the cost and by what the cash flow covers, drawn with the cost, repaid.

    service_t = available_t / DSCR          debt = sum_t service_t / (1 + r)^t

is the debt that the cover allows where its service is sculpted to the cash flow (Yescombe, Principles of Project
Finance); an annuity has the same service in each year. It is held against NREL's System Advisor Model, which sculpts
alike, in `tests/oracles/test_pysam.py`.

Arrays end in the axis of years; index `start` is the end of construction, and service follows in the years after
it. Interest falls due at the end of each year on the balance at its beginning; while building it is added to the
debt. Money is million yen, nominal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from kiban.arrays import Array
from kiban.finance.assumptions import Repayment
from kiban.finance.money_terms import DebtSizing

Binding = Literal["none", "share", "cover"]


@dataclass(frozen=True, slots=True, eq=False)
class Debt:
    """A loan by year. `interest` is what accrues; `interest_paid` leaves out what is added to the debt."""

    amount_myen: float
    """Balance when operation starts, interest during construction included."""
    rate: float
    start: int
    binding: Binding
    """Whether the share of the cost or the cover of the service limits the debt."""
    drawdown: Array
    interest: Array
    interest_paid: Array
    principal: Array
    balance: Array
    """At the end of each year."""
    upfront_fee: Array
    guarantee_fee: Array

    @property
    def interest_during_construction(self) -> Array:
        """Interest that is added to the debt."""
        return self.interest - self.interest_paid

    @property
    def service(self) -> Array:
        """Interest and principal paid in cash."""
        return self.interest_paid + self.principal


def size_debt(
    need: Array,
    available: Array,
    *,
    start: int,
    rate: float,
    share: float,
    tenor_years: int,
    cover: float,
    upfront_fee_share: float = 0.0,
    guarantee_fee_rate: float = 0.0,
    repayment: Repayment = "sculpted",
    sizing: DebtSizing = "cover",
    interest_while_building: bool = True,
) -> Debt:
    """The largest debt within a share of the cost that the cash flow available for debt service carries.

    Arrays are (years,) in million yen; rates are nominal, a year; `cover` is the debt service cover ratio. `need` is
    what has to be paid for until operation starts (years to `start`), `available` the cash flow available for debt
    service (years after `start`). Sculpted service is `available / cover` in each year of the tenor, so the debt that
    the cover allows is its present value at the loan's rate; an annuity pays equal amounts and is held to the cover in
    the worst year. Debt below that shrinks all service alike. The share counts interest during construction and the fee
    as cost. Where no year can pay anything there is no debt.

    With `sizing` "share" the debt is that share whatever the cover: an annuity is paid in each year, sculpted service
    has the shape of what is available. Without `interest_while_building` no interest accrues until operation starts.
    """
    years = need.shape[-1]
    nothing = Debt(0.0, rate, start, "none", *(np.zeros(years) for _ in range(7)))
    cost = float(need[: start + 1].sum())
    if share == 0 or cost <= 0:
        return nothing
    last = min(start + tenor_years, years - 1)
    growth = (1.0 + rate * interest_while_building) ** np.arange(start, -1, -1)
    grown = float(need[: start + 1] @ growth)
    # Debt x grown = share x (cost + x (grown - cost) + fee x grown), x the share of each payment that is borrowed.
    most = share * cost / (grown - share * (grown - cost) - share * upfront_fee_share * grown) * grown
    service = np.zeros(years)
    window = slice(start + 1, last + 1)
    if repayment == "sculpted":
        service[window] = np.maximum(available[window], 0.0) / cover
    else:
        worst = max(float(available[window].min()), 0.0) / cover
        service[window] = worst if sizing == "cover" else 1.0
    discount = (1.0 + rate) ** -np.arange(1, last - start + 1)
    carried = float(service[window] @ discount)
    if carried <= 0:
        return replace(nothing, binding="cover")
    amount = min(most, carried) if sizing == "cover" else most
    service *= amount / carried
    drawdown = np.zeros(years)
    drawdown[: start + 1] = need[: start + 1] * (amount / grown)
    return _run(amount, rate, start, "share" if amount == most else "cover", drawdown, service, upfront_fee_share,
                guarantee_fee_rate, interest_while_building)  # fmt: skip


def _run(
    amount: float,
    rate: float,
    start: int,
    binding: Binding,
    drawdown: Array,
    service: Array,
    upfront_fee_share: float,
    guarantee_fee_rate: float,
    interest_while_building: bool,
) -> Debt:
    years = drawdown.shape[-1]
    interest, paid, principal, balance, guarantee = (np.zeros(years) for _ in range(5))
    owed = 0.0
    for year in range(years):
        interest[year] = rate * owed if year > start or interest_while_building else 0.0
        guarantee[year] = guarantee_fee_rate * owed
        if year <= start:
            owed += interest[year] + drawdown[year]
        else:
            paid[year] = interest[year]
            principal[year] = service[year] - interest[year]
            owed -= principal[year]
        balance[year] = owed
    fee = np.zeros(years)
    fee[0] = upfront_fee_share * amount
    return Debt(amount, rate, start, binding, drawdown, interest, paid, principal, balance, fee, guarantee)
