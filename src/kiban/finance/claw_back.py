"""What the treasuries may claim back if a campus closes early, by the year in which it closes.

**Credits** are vested in equal parts over some years of service (Internal Revenue Code 50(a)(1)(B): 100, 80, 60, 40 and
20 % come back in the first to fifth full year). Only what was used, or paid out, can come back:

    back_y = sum over purchases of (1 - full years in service / vesting years) x credit used by y, never below 0

**Grants** come back as far as what they paid for still has a book value (Japan: Act on Regulation of Execution of
Budget Pertaining to Subsidies, article 22, and METI's standard for disposals of 2004):

    back_y = sum over purchases of grant x (1 - ordinary depreciation before y)

Each holds where the catalogue has a row for the law: `clawback.LAW.credit_years`, `clawback.LAW.grant_book_value`.
Amounts are million yen of the year. They are no part of any cost: a plan runs to its horizon.
"""

from __future__ import annotations

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.finance.cash_flow import CashFlow
from kiban.finance.purchases import unit_depreciation


def vesting_years(law: str, catalogue: Catalogue) -> int:
    """Years over which a credit is vested under a tax law; 0 where the catalogue knows of no claw-back."""
    key = f"clawback.{law}.credit_years".replace("-", "_")
    return round(catalogue.value(key)) if key in catalogue else 0


def claw_back_by_year(cash: CashFlow, catalogue: Catalogue) -> Array:
    """What comes back if the campus closes in each year (years,), million yen of that year; 0 before operation.

    The year is one of operation that is not finished: the first counts no full year in service.
    """
    law = cash.project.policy.tax.jurisdiction
    found = _credits(cash, vesting_years(law, catalogue))
    key = f"clawback.{law}.grant_book_value".replace("-", "_")
    if key in catalogue and catalogue.value(key) > 0:
        found = found + _grants(cash)
    return found


def _credits(cash: CashFlow, vesting: int) -> Array:
    years = np.arange(len(cash.years))
    back = np.zeros(len(years))
    if not vesting:
        return back
    for rule, use in zip(cash.tax.rules, cash.tax.credits, strict=True):
        for born, used in use.used_by_origin.items():
            served = born - cash.assumptions.credit_delay_years
            unvested = np.maximum(1.0 - (years - served - 1) / vesting, 0.0) * (years > served)
            back += rule.worth * unvested * np.cumsum(used)
    return back


def _grants(cash: CashFlow) -> Array:
    years = len(cash.years)
    level = cash.price_level
    back = np.zeros(years)
    for asset in cash.project.assets:
        law = cash.project.policy.assets[asset.asset].ordinary_depreciation
        for bought in cash.purchase_terms.get(asset.name, ()):
            cost = asset.capex_myen * float(bought.payment_shares @ level)
            granted = cost * sum(float(share[..., 0]) for _, share in bought.grants)
            first, last = cash.start + bought.vintage.bought + 1, cash.start + bought.vintage.retired
            written_off = np.cumsum(unit_depreciation(law, last - first + 1))
            back[first : last + 1] += granted * (1.0 - np.concatenate(([0.0], written_off[:-1])))
    return back
