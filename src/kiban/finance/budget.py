"""A package as a budget office counts it: revenue lost and money spent by fiscal year, on what is built.

The loss of a year is what the treasuries get and spend under the package against the same campus at the same prices
under ordinary law, in the money of that year; no answer of behaviour is in it (the Ministry of Finance's 減収見込額).
A year of the cash flow is the fiscal year that begins in it: what a company owes for a year that ends in March is
revenue of that year. The present value at the social rate, with the price of the risk of a public owner, is the fiscal
cost.

    first year    the first fiscal year with a loss or an outlay
    full year     the year in which the package costs most at constant prices: for one campus what 平年度 is for a
                  measure that all use
    five years    from the first year on
    life          all years; less than the sum of the years before where a deferral of tax comes back
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from kiban.catalogue import Catalogue
from kiban.finance.cash_flow import CashFlow, project_cash_flow
from kiban.finance.claw_back import claw_back_by_year, vesting_years
from kiban.finance.kept_by import catalogue_of
from kiban.finance.ledger import TREASURIES, Ledger, difference
from kiban.finance.national_payment import AnyPayment
from kiban.finance.national_side import join_ledgers
from kiban.finance.owner_risk import risk_charge
from kiban.finance.posting import post_entries
from kiban.policy.law import load_law

BUDGET_YEARS = 5
A_YEN_MYEN = 1e-6
"""A yen: what is less is no loss."""
CAUSES: Mapping[str, str] = {
    "tax_credit": "tax_credit",
    "income_tax": "income_tax",
    "property_tax": "property_tax",
    "acquisition_tax": "purchase_tax",
    "registration_tax": "purchase_tax",
    "sales_tax": "purchase_tax",
    "size_levy": "size_levy",
    "state_refund": "state_refund",
    "grant": "grant",
    "production_credit": "production_credit",
    "expected_guarantee_payment": "guarantee",
    "guarantee_fee": "guarantee",
    "carbon": "carbon",
    "water": "water",
}
"""Accounts of the ledger by what a budget calls them."""
OWNERSHIP = "ownership"
"""All other accounts: the campus itself, where a treasury owns it."""


def cause_of(account: str) -> str:
    """What a budget calls an account of the ledger."""
    return CAUSES.get(account, OWNERSHIP)


@dataclass(frozen=True, slots=True)
class FiscalYear:
    """What the package costs in one fiscal year, million yen of that year; a gain is negative."""

    year: int
    loss_myen: float
    by_cause_myen: Mapping[str, float]
    by_party_myen: Mapping[str, float]
    at_start_prices_myen: float
    """The same at constant prices of the start year."""
    claw_back_myen: float
    """What the treasuries may claim back if the campus closes in this year, in its money; no part of the loss."""


@dataclass(frozen=True, slots=True)
class MeasureShare:
    """What a measure of law costs on this campus in its fullest year beside its official total of a year."""

    measure: str
    year: int
    loss_myen: float
    official_total_myen: float

    @property
    def share(self) -> float:
        """Part of the official total."""
        return self.loss_myen / self.official_total_myen


@dataclass(frozen=True, slots=True)
class SupportLimit:
    """An end, a cap or a claw-back of one instrument; None where the terms know none."""

    package: str
    number: int
    """Number of the instrument in its package, from 1."""
    kind: str
    measure: str | None
    last_year: int | None
    """Last year of its window."""
    sunset: str | None
    """Last day of the law behind it, as a date."""
    cap_myen: float | None
    limit_share_of_tax: float | None
    carry_forward_years: int | None
    claw_back_years: int | None
    """Years over which a credit is vested."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The budget's form."""

    years: tuple[FiscalYear, ...]
    start_year: int
    inflation: float
    present_value_myen: float
    """At the social rate, with the price of risk: the fiscal cost."""
    measures: tuple[MeasureShare, ...]
    limits: tuple[SupportLimit, ...]

    @property
    def first_year(self) -> FiscalYear | None:
        """The first year with a loss or a gain; None where there is none."""
        return next((year for year in self.years if abs(year.loss_myen) > A_YEN_MYEN), None)

    @property
    def full_year(self) -> FiscalYear | None:
        """The year that costs most at constant prices; None where nothing is lost in any."""
        fullest = max(self.years, key=lambda year: year.at_start_prices_myen, default=None)
        return fullest if fullest is not None and fullest.loss_myen > A_YEN_MYEN else None

    @property
    def five_years_myen(self) -> float:
        """Sum of five fiscal years from the first."""
        first = self.first_year
        if first is None:
            return 0.0
        return sum(one.loss_myen for one in self.years if first.year <= one.year < first.year + BUDGET_YEARS)

    @property
    def life_myen(self) -> float:
        """Sum of all years."""
        return sum(year.loss_myen for year in self.years)

    @property
    def highest_claw_back(self) -> FiscalYear | None:
        """The year in which closing would give back most; None where nothing ever comes back."""
        highest = max(self.years, key=lambda year: year.claw_back_myen, default=None)
        return highest if highest is not None and highest.claw_back_myen > A_YEN_MYEN else None

    @property
    def last_claw_back_year(self) -> int | None:
        """The last year in which closing would give anything back."""
        return max((year.year for year in self.years if year.claw_back_myen > A_YEN_MYEN), default=None)


def ordinary_side(payment: AnyPayment) -> tuple[Ledger, tuple[CashFlow, ...]]:
    """What is built with the package, at the same prices, under the law that each campus is held to.

    The ledger of all campuses, and the cash flow of each in their order.
    """
    campuses, ordinary = payment.after.campuses, payment.before.terms_of
    cashes = tuple(
        project_cash_flow(replace(one.project, policy=ordinary(one.name)), payment.assumptions) for one in campuses
    )
    ledgers = [
        post_entries(
            cash,
            payment.shares,
            energy_charges_myen=one.plan.energy_charges_myen_per_year,
            ratepayers_works_myen=one.plan.ratepayers_works_myen,
        )
        for one, cash in zip(campuses, cashes, strict=True)
    ]
    return join_ledgers(ledgers, payment.after.ledger.base_year), cashes


def start_year_of(payment: AnyPayment) -> int:
    """The year of whose prices and present values a payment speaks."""
    years = [int(campus.cash.years[0]) for campus in payment.after.campuses]
    return min(years) if payment.after.ledger.base_year is None else payment.after.ledger.base_year


def risk_of(cashes: Iterable[CashFlow], rate: float) -> float:
    """Price of the risk of several campuses that treasuries own, million yen at a real rate."""
    return sum(risk_charge(cash, rate) for cash in cashes)


def draw_up_budget(payment: AnyPayment) -> Budget:
    """The budget's form of a payment."""
    ledger, cashes = ordinary_side(payment)
    own = [campus.cash for campus in payment.after.campuses]
    change = Ledger(difference(payment.after.ledger, ledger).entries, start_year_of(payment))
    rate, start, inflation = payment.shares.social_rate, start_year_of(payment), payment.assumptions.inflation
    risk = risk_of(own, rate) - risk_of(cashes, rate)
    found: dict[int, dict[str, dict[str, float]]] = {}
    for entry in change.entries:
        for party, sign in ((entry.payer, 1.0), (entry.payee, -1.0)):
            if party in TREASURIES:
                cells = found.setdefault(entry.year, {"cause": {}, "party": {}})
                for kind, key in (("cause", cause_of(entry.account)), ("party", party)):
                    cells[kind][key] = cells[kind].get(key, 0.0) + sign * entry.amount_myen
    back = _claw_back(own, catalogue_of(payment))
    years = []
    for year in payment.after.ledger.years:
        cells, level = found.get(year, {"cause": {}, "party": {}}), (1.0 + inflation) ** (year - start)
        real = sum(cells["cause"].values())
        by_cause, by_party = (
            {key: amount * level for key, amount in cells[kind].items()} for kind in ("cause", "party")
        )
        years.append(FiscalYear(year, real * level, by_cause, by_party, real, back.get(year, 0.0)))
    return Budget(
        years=tuple(years),
        start_year=start,
        inflation=inflation,
        present_value_myen=risk - sum(change.present_value(party, rate) for party in TREASURIES),
        measures=_official_shares(payment),
        limits=_limits(payment),
    )


def _claw_back(cashes: Iterable[CashFlow], catalogue: Catalogue) -> dict[int, float]:
    """What comes back if all campuses close, by the year in which they do; million yen of that year."""
    back: dict[int, float] = {}
    for cash in cashes:
        for year, amount in zip(cash.years, claw_back_by_year(cash, catalogue), strict=True):
            back[int(year)] = back.get(int(year), 0.0) + float(amount)
    return back


def _official_shares(payment: AnyPayment) -> tuple[MeasureShare, ...]:
    """Measures whose credits are used and whose official total the catalogue knows."""
    catalogue = catalogue_of(payment)
    used: dict[str, dict[int, float]] = {}
    for cash in (campus.cash for campus in payment.after.campuses):
        for flow in cash.tax.credits_worth:
            by_year = used.setdefault(flow.measure, {}) if flow.measure else {}
            for year, amount in zip(cash.years, np.broadcast_to(flow.amount_myen, cash.years.shape), strict=True):
                by_year[int(year)] = by_year.get(int(year), 0.0) + float(amount)
    shares = []
    for measure, by_year in sorted(used.items()):
        key = f"budget.official_total.{measure}"
        fullest = max(by_year, key=lambda year: by_year[year])
        if key in catalogue and by_year[fullest] > A_YEN_MYEN:
            shares.append(MeasureShare(measure, fullest, by_year[fullest], catalogue.value(key)))
    return tuple(shares)


def _limits(payment: AnyPayment) -> tuple[SupportLimit, ...]:
    """Ends, caps and claw-backs of what is in force at any campus, instrument by instrument."""
    law, catalogue = load_law(), catalogue_of(payment)
    refused = payment.after.refused_everywhere
    vesting = vesting_years(payment.after.terms.tax.jurisdiction, catalogue)
    rows = []
    for package in payment.after.packages:
        for number, instrument in enumerate(package.instrument, start=1):
            if (package.name, number) in refused:
                continue
            measure = law.measure(instrument.law) if instrument.law is not None else None
            credit = instrument.kind == "tax_credit"
            limit, carried = instrument.limit_share_of_tax, instrument.carry_forward_years
            if credit and measure is not None:
                terms = measure.periods[-1].terms
                limit = terms.get("limit_share_of_tax") if limit is None else limit
                carried = terms.get("carry_forward_years") if carried is None else carried
            last = measure.valid_to if measure is not None else None
            rows.append(
                SupportLimit(
                    package=package.name,
                    number=number,
                    kind=instrument.kind,
                    measure=instrument.law,
                    last_year=instrument.to_year,
                    sunset=last.isoformat() if last is not None else None,
                    cap_myen=instrument.cap_myen,
                    limit_share_of_tax=limit,
                    carry_forward_years=carried,
                    claw_back_years=vesting if credit else None,
                )
            )
    return tuple(rows)
