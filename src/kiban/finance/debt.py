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
from typing import Literal, cast

import numpy as np

from kiban.arrays import Array, powers, worth_of
from kiban.finance.assumptions import Repayment
from kiban.finance.money_terms import DebtSizing

Binding = Literal["none", "share", "cover"]


@dataclass(frozen=True, slots=True, eq=False)
class Debt:
    """A loan by year, or one for each draw: then what is a number here is a column (draws, 1).

    `interest` is what accrues; `interest_paid` leaves out what is added to the debt.
    """

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

    Arrays are (..., years) in million yen, and every number may be a column with one for each draw (draws, 1); rates
    are nominal, a year; `cover` is the debt service cover ratio. `need` is what has to be paid for until operation
    starts (years to `start`), `available` the cash flow available for debt service (years after `start`). Sculpted
    service is `available / cover` in each year of the tenor, so the debt that the cover allows is its present value at
    the loan's rate; an annuity pays equal amounts and is held to the cover in the worst year. Debt below that shrinks
    all service alike. The share counts interest during construction and the fee as cost. Where no year can pay anything
    there is no debt.

    With `sizing` "share" the debt is that share whatever the cover: an annuity is paid in each year, sculpted service
    has the shape of what is available. Without `interest_while_building` no interest accrues until operation starts.
    """
    years = need.shape[-1]
    nothing = Debt(0.0, rate, start, "none", *(np.zeros(years) for _ in range(7)))
    building = need[..., : start + 1]
    cost = _column(building.sum(axis=-1))
    if np.all(share == 0) or np.all(cost <= 0):
        return nothing
    last = min(start + tenor_years, years - 1)
    grown = _column(
        worth_of(building, powers(1.0 + rate * interest_while_building, np.arange(start, -1, -1, dtype=float)))
    )
    # Debt x grown = share x (cost + x (grown - cost) + fee x grown), x the share of each payment that is borrowed.
    most = share * cost / (grown - share * (grown - cost) - share * upfront_fee_share * grown) * grown
    window = slice(start + 1, last + 1)
    if repayment == "sculpted":
        paid = np.maximum(available[..., window], 0.0) / cover
    else:
        worst = np.maximum(available[..., window].min(axis=-1, keepdims=True), 0.0) / cover
        paid = np.broadcast_to(worst if sizing == "cover" else np.ones(1), available[..., window].shape)
    carried = _column(worth_of(paid, powers(1.0 + rate, -np.arange(1, last - start + 1, dtype=float))))
    if np.all(carried <= 0):
        return replace(nothing, binding="cover")
    amount = np.where(carried > 0, np.minimum(most, carried) if sizing == "cover" else most, 0.0)
    service = np.zeros((*np.broadcast_shapes(paid.shape, amount.shape)[:-1], years))
    service[..., window] = paid * np.divide(amount, carried, out=np.zeros(amount.shape), where=carried > 0)
    drawdown = np.zeros(service.shape)
    drawdown[..., : start + 1] = building * (amount / grown)
    binding: Binding = "share" if np.all(amount == most) else "cover"
    return _run(amount, rate, start, binding, drawdown, service, upfront_fee_share, guarantee_fee_rate,
                interest_while_building)  # fmt: skip


def _column(values: Array) -> Array:
    """One value for each draw, or one alone, beside the years (..., 1)."""
    return np.asarray(values)[..., np.newaxis]


def _run(
    amount: Array,
    rate: float,
    start: int,
    binding: Binding,
    drawdown: Array,
    service: Array,
    upfront_fee_share: float,
    guarantee_fee_rate: float,
    interest_while_building: bool,
) -> Debt:
    accrues = rate[..., 0] if isinstance(rate, np.ndarray) else rate
    interest, paid, principal, balance, guarantee, fee = (np.zeros(drawdown.shape) for _ in range(6))
    # Years first: a year is then a number, or one for each draw.
    drawn, served = drawdown.T, service.T
    by_year = (interest.T, paid.T, principal.T, balance.T, guarantee.T)
    owed = 0.0 * drawn[0]
    for year in range(len(drawn)):
        due = accrues * owed if year > start or interest_while_building else 0.0 * owed
        repaid = served[year] - due if year > start else 0.0
        fees = guarantee_fee_rate * owed
        owed = owed - repaid if year > start else owed + (due + drawn[year])
        for rows, value in zip(by_year, (due, due if year > start else 0.0, repaid, owed, fees), strict=True):
            rows[year] = value
    fee[..., [0]] = upfront_fee_share * amount
    whole = float(amount[0]) if amount.ndim == 1 else cast(float, amount)
    return Debt(whole, rate, start, binding, drawdown, interest, paid, principal, balance, fee, guarantee)
