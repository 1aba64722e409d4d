"""User cost of capital: what an owner must earn before tax, each year, on each yen of an asset's price.

    factor = (1 + purchase tax - credit - grant - tau Z basis) / (1 - tau) * CRF(r, L) + property tax

after Hall and Jorgenson (American Economic Review 57, 1967), with the rate of tax tau (on income, and on value added
where it is taxed), the present value Z of the deductions per yen of basis (the price, what is written off with it, less
what support cuts), and the capital recovery factor at the real after-tax rate r over the life L. Running
cost is deductible, so costs stay in yen before tax and at constant prices. The credit is worth its face value at
purchase, and what is charged on the tax that it takes away; what limits and carry-forward leave of it is the caller's
`credit_utilisation`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kiban.policy import depreciation, property_tax
from kiban.policy.annuity import annuity_present_value
from kiban.policy.terms import (
    AssetTerms,
    CreditTerms,
    DepreciationTerms,
    GrantTerms,
    PropertyTaxTerms,
    PurchaseTaxTerms,
    TaxTerms,
)


@dataclass(frozen=True, slots=True)
class UserCost:
    """Yearly cost before tax per yen of price, real and level over the horizon; the rest is of the first purchase.

    `credit` is what can be used of it, `grant` what is left of it after its tax, both per yen of price.
    """

    capital_factor: float
    property_tax_factor: float
    allowance_present_value: float
    """Present value of the deductions per yen of basis."""
    basis_share: float
    """Depreciable basis per yen of price."""
    credit: float
    grant: float

    @property
    def annual_factor(self) -> float:
        """Capital and property tax."""
        return self.capital_factor + self.property_tax_factor


@dataclass(frozen=True, slots=True)
class _Purchase:
    """One yen of price under the terms of its date: cost after tax, before the division by 1 - tau."""

    net_cost: float
    property_tax_present_value: float
    allowance: float
    basis: float
    credit: float
    grant: float


def user_cost_factor(
    asset: AssetTerms,
    tax: TaxTerms,
    *,
    real_after_tax_rate: float,
    inflation: float,
    life_years: float,
    purchase_year: int,
    horizon_years: float | None = None,
    credit_utilisation: float = 1.0,
    capex_myen: float | None = None,
    first_charge_year: float = 1.0,
) -> UserCost:
    """User cost of an asset bought in `purchase_year`, and again at the end of each life until the horizon.

    A purchase in a year that the support does not cover has ordinary terms; its year is the one nearest to its date.
    The factor is the level yearly cost over the horizon (one life where None), each purchase being charged by its
    annuity for the years in which it serves: without support the horizon changes nothing. Deductions are nominal and
    start `first_charge_year` years after each purchase; an asset that leaves before they end takes the rest then.
    A cap on a credit or grant binds where `capex_myen`, the total price, is given, purchase after purchase; without
    it the factor holds for a yen within the cap. Rates must lie above -1, the life above 0.
    """
    if life_years <= 0 or (horizon_years is not None and horizon_years <= 0):
        raise ValueError(f"life ({life_years}) and horizon ({horizon_years}) must be above 0 years")
    if not 0.0 <= tax.rate < 1.0 or not 0.0 <= credit_utilisation <= 1.0:
        raise ValueError(f"the tax rate {tax.rate} or the share of credit used {credit_utilisation} is out of range")
    nominal = (1.0 + real_after_tax_rate) * (1.0 + inflation) - 1.0
    caps, tau = _Caps(capex_myen), tax.marginal_rate
    horizon = life_years if horizon_years is None else horizon_years
    yearly, purchases = 0.0, []
    property_yearly = 0.0
    recovery = 1.0 / annuity_present_value(real_after_tax_rate, life_years)
    for start, end in _spans(life_years, horizon):
        supported = asset.supports(purchase_year + math.floor(start + 0.5))
        taxes = asset.purchase_taxes if supported else asset.ordinary_purchase_taxes
        bought = _price(
            asset.depreciation if supported else asset.ordinary_depreciation,
            asset.property_tax if supported else asset.ordinary_property_tax,
            caps.take_credits(asset.credits, (1.0 + inflation) ** start) if supported else (),
            caps.take_grants(asset.grants, (1.0 + inflation) ** start) if supported else (),
            tuple(one for one in taxes if one.falls_on(first=start == 0)),
            tau,
            nominal,
            life_years,
            credit_utilisation,
            first_charge_year,
        )
        purchases.append(bought)
        weight = (1.0 + real_after_tax_rate) ** -start * annuity_present_value(real_after_tax_rate, end - start)
        yearly += weight * bought.net_cost / (1.0 - tau) * recovery
        property_yearly += weight * bought.property_tax_present_value * recovery
    level = 1.0 / annuity_present_value(real_after_tax_rate, horizon)
    first = purchases[0]
    return UserCost(yearly * level, property_yearly * level, first.allowance, first.basis, first.credit, first.grant)


def _spans(life: float, horizon: float) -> Iterator[tuple[float, float]]:
    """Years in which each purchase serves, until the horizon."""
    count = max(1, math.ceil(horizon / life - 1e-9))
    for number in range(count):
        yield number * life, horizon if number == count - 1 else (number + 1) * life


def _price(
    deduction: DepreciationTerms,
    due: PropertyTaxTerms | None,
    credits: tuple[CreditTerms, ...],
    grants: tuple[GrantTerms, ...],
    purchase_taxes: tuple[PurchaseTaxTerms, ...],
    tau: float,
    nominal: float,
    life: float,
    utilisation: float,
    first_charge_year: float,
) -> _Purchase:
    credit = sum(item.rate * item.worth * (1.0 if item.refundable else utilisation) for item in credits)
    grant = sum(item.rate * (1.0 - tau if item.treatment == "taxed" else 1.0) for item in grants)
    # Nobody claims a credit that cannot be used, and what expires is deducted after all (IRC 196).
    cut = sum(item.rate * item.basis_reduction_share * (1.0 if item.refundable else utilisation) for item in credits)
    cut += sum(item.rate for item in grants if item.treatment == "reduces_basis")
    capitalised = sum(item.rate for item in purchase_taxes if not item.deducted)
    expensed = sum(item.rate for item in purchase_taxes if item.deducted)
    basis = max(1.0 + capitalised - cut, 0.0)
    years = max(1, math.floor(life + 0.5))
    allowance = depreciation.present_value(deduction, nominal, years=years, first_charge_year=first_charge_year)
    return _Purchase(
        net_cost=1.0 + capitalised + expensed * (1.0 - tau) - credit - grant - tau * allowance * basis,
        property_tax_present_value=0.0 if due is None else property_tax.present_value(due, nominal, life),
        allowance=allowance,
        basis=basis,
        credit=credit,
        grant=grant,
    )


class _Caps:
    """What is left of the caps as purchases follow one another; caps are nominal, prices grow with inflation."""

    def __init__(self, capex_myen: float | None) -> None:
        self._capex = capex_myen
        self._taken: dict[int, float] = {}

    def take_credits(self, credits: tuple[CreditTerms, ...], price_level: float) -> tuple[CreditTerms, ...]:
        return tuple(
            replace(item, rate=self._take(number, item.rate, item.cap_myen, price_level))
            for number, item in enumerate(credits)
        )

    def take_grants(self, grants: tuple[GrantTerms, ...], price_level: float) -> tuple[GrantTerms, ...]:
        return tuple(
            replace(item, rate=self._take(-1 - number, item.rate, item.cap_myen, price_level))
            for number, item in enumerate(grants)
        )

    def _take(self, key: int, rate: float, cap_myen: float | None, price_level: float) -> float:
        if cap_myen is None or not self._capex:
            return rate
        cost = self._capex * price_level
        taken = self._taken.get(key, 0.0)
        given = min(rate * cost, max(cap_myen - taken, 0.0))
        self._taken[key] = taken + given
        return given / cost
