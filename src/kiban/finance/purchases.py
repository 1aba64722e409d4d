"""Purchases of an asset over the years, and what the law makes of each: grants, credits, depreciation, taxes.

Arrays end in the axis of years (index 0 is the first spade); axes of draws may come before it. An asset is bought
for the start of operation and again whenever its life ends inside the horizon. Support is decided in the year in
which an asset is ordered: the first ones in the start year, replacements as many years later as they come.

Deductions are those of `policy.depreciation` and property tax that of `policy.property_tax`, by year of service; their
law is named there. What an asset is worth at the end of the horizon is its price times the annuity of the years that
it still lasts over the annuity of its life: what level charges, as of the user cost, have not yet paid.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar

import numpy as np

from kiban.arrays import Array
from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.project import ProjectAsset
from kiban.finance.tax import CreditRule, EarnedCredit, SupportFlow
from kiban.policy.annuity import annuity_present_value
from kiban.policy.depreciation import schedule, until_retirement
from kiban.policy.property_tax import taxes
from kiban.policy.terms import AssetTerms, CreditTerms, DepreciationTerms, PropertyTaxTerms, PurchaseTaxTerms, Treatment

SAME_LIVES = 1e-9
"""Excess of the horizon over whole lives that arithmetic explains."""
Key = TypeVar("Key", bound=Hashable)
CreditsUsed = Mapping[tuple[CreditRule, int], Array]
"""Share (..., 1) of the credits of a rule that is ever used, by the rule and the index of the year that earned them."""


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """All purchases of one asset, nominal million yen by year."""

    capex: Array
    """First purchase, in the instalments of construction."""
    replacements: Array
    reserve: Array
    """What has to be set aside each year to pay for the next replacement and the tax on buying it, less its grants and
    usable credits."""
    residual_value: Array
    """Worth of the life that is left at the end."""
    depreciation: Array
    """What is left undepreciated when an asset is retired is deducted in that year."""
    property_tax: Array
    property_tax_relief: Array
    state_refund: Array
    """Part of the relief that the state makes good to the municipality."""
    grants: tuple[SupportFlow, ...]
    taxed_grants: Array
    credits: tuple[EarnedCredit, ...]
    purchase_taxes: tuple[PurchaseTax, ...]
    terms: tuple[PurchaseTerms, ...]
    """Purchase by purchase."""


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseTax:
    """Tax on buying one asset by year: account of the ledger, who receives it, million yen."""

    asset: str
    account: str
    payee: str
    amount_myen: Array
    deducted_myen: Array
    """What of it is an expense of the year; the rest is written off with the asset."""


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseTerms:
    """What a purchase costs and is worth in law, by million yen of its price: enough to work it out again.

    `payment_shares` is by year, `deductions` and `property_tax` by year of service. Shares of grants and credits are
    after their caps.
    """

    vintage: Vintage
    payment_shares: Array
    deductions: Array
    property_tax: Array
    grants: tuple[tuple[Treatment, Array], ...]
    credits: tuple[ClaimedCredit, ...]
    purchase_taxes: tuple[PurchaseTaxTerms, ...]
    method: DepreciationTerms
    basis_myen: Array
    """What is written off, (..., 1)."""
    first_year: int
    """Index of the first year of service."""
    residual_share: float
    """Real worth at the end per yen of price."""


@dataclass(frozen=True, slots=True, eq=False)
class ClaimedCredit:
    """A credit on one purchase: its rule, its share of the cost, and what its owner makes of it.

    Only the part that is ever used (`used_share` of it) cuts the basis, by `basis_cut_share` of itself, and pays for a
    replacement.
    """

    rule: CreditRule
    cost_share: Array
    used_share: Array
    basis_cut_share: float


@dataclass(frozen=True, slots=True)
class Vintage:
    """One purchase: bought at the end of operating year `bought` (0: for the start), retired after `retired`."""

    bought: int
    retired: int
    share: float = 1.0
    """Share of the asset that is bought then."""
    replaces: int | None = None
    """Operating year after which what it replaces was bought."""
    remaining_life_years: float = 0.0
    """Life that is left at retirement; above 0 only at the end of the horizon."""


def list_vintages(life_years: float, horizon_years: int) -> tuple[Vintage, ...]:
    """Purchases within the horizon, in their order.

    An asset whose life is no whole number of years is renewed half in the earlier and half in the later year, so
    that on average it lasts its life to a quarter of a year.
    """
    count = max(1, math.ceil(horizon_years / life_years - SAME_LIVES))
    phases = (0.5,) if float(life_years).is_integer() else (0.25, 0.75)
    found = []
    for phase in phases:
        due = [0, *(math.floor(number * life_years + phase) for number in range(1, count))]
        dates = sorted({date for date in due if date < horizon_years})
        left = max(count * life_years - horizon_years, 0.0) if due[-1] < horizon_years else 0.0
        found += [
            Vintage(bought, retired, 1.0 / len(phases), before, left if retired == horizon_years else 0.0)
            for before, bought, retired in zip([None, *dates], dates, [*dates[1:], horizon_years], strict=False)
        ]
    return tuple(sorted(found, key=lambda vintage: (vintage.bought, vintage.retired)))


def vintages_of(asset: ProjectAsset, horizon_years: int) -> tuple[Vintage, ...]:
    """Purchases of an asset within the horizon; one that comes later is bought then and renewed from then on."""
    late = asset.waits_years
    if not late:
        return list_vintages(asset.life_years, horizon_years)
    return tuple(
        replace(
            vintage,
            bought=vintage.bought + late,
            retired=vintage.retired + late,
            replaces=None if vintage.replaces is None else vintage.replaces + late,
        )
        for vintage in list_vintages(asset.life_years, horizon_years - late)
    )


def list_purchases(
    asset: ProjectAsset,
    terms: AssetTerms,
    assumptions: FinanceAssumptions,
    *,
    start_year: int,
    years_after_base: int = 0,
    capex_factor: Array,
    price_factor: Array | None = None,
    credits_used: CreditsUsed | None = None,
) -> Purchases:
    """Purchases of an asset under its terms, nominal million yen by year (..., years).

    `capex_factor` (..., 1) multiplies every purchase; `price_factor` (..., operating years and one more) multiplies
    purchases by the operating year after which they are made, its first entry being the start. `credits_used` says what
    the owner's tax leaves of credits; all of it where nothing is said. The price of the asset is that of
    `years_after_base` before the start year. An asset that comes later (`waits_years`) is bought and ordered so many
    years after the start.
    """
    build, horizon = assumptions.construction_years, assumptions.horizon_years
    years = build + horizon + 1
    price_level = (1.0 + assumptions.inflation) ** np.arange(years_after_base, years_after_base + years)
    drawn = [np.shape(asset.capex_myen), *(share.shape for share in (credits_used or {}).values())]
    shape = np.broadcast_shapes(
        capex_factor.shape, *drawn, () if price_factor is None else (*price_factor.shape[:-1], 1)
    )
    shape = (*shape[:-1], years)

    def zeros() -> Array:
        return np.zeros(shape)

    capex, replacements, reserve, residual, depreciation = (zeros() for _ in range(5))
    tax, relief, refund, taxed = (zeros() for _ in range(4))
    grants: dict[tuple[str, str], Array] = {}
    credits: dict[CreditRule, Array] = {}
    granted, credited = _Allowance(), _Allowance()
    bought_taxes: dict[tuple[str, str], tuple[Array, Array]] = {}
    behind: list[PurchaseTerms] = []
    keeps_all = assumptions.terms.undepreciated == "deducted"
    for vintage in vintages_of(asset, horizon):
        supported = terms.supports(start_year + vintage.bought)
        factor = capex_factor if price_factor is None else capex_factor * price_factor[..., [vintage.bought]]
        shares = _payment_shares(asset, assumptions, vintage)
        payments = asset.capex_myen * shares * price_level * factor
        cost = payments.sum(axis=-1, keepdims=True)
        if vintage.replaces is None:
            capex += payments
        else:
            replacements += payments
        basis, own_cost = cost, cost
        grants_now = terms.grants if supported else ()
        # A division of every year in every draw, for grants alone.
        paid_shares = _ratio(payments, cost) if grants_now else payments
        taxes_on_buying = terms.purchase_taxes if supported else terms.ordinary_purchase_taxes
        on_buying = tuple(one for one in taxes_on_buying if one.falls_on(first=vintage.bought == 0))
        for due_once in on_buying:
            amount = due_once.rate * cost
            own_cost = own_cost + amount
            paid_now, expense = zeros(), zeros()
            if due_once.deducted:
                paid_now[..., [build + vintage.bought]] = amount
                expense = paid_now
            else:
                paid_now += due_once.rate * payments
                basis = basis + amount
            kept = bought_taxes.get((due_once.account, due_once.payee), (zeros(), zeros()))
            bought_taxes[due_once.account, due_once.payee] = (kept[0] + paid_now, kept[1] + expense)
        grant_shares: list[tuple[Treatment, Array]] = []
        claims: list[ClaimedCredit] = []
        for number, grant in enumerate(grants_now):
            amount = granted.take(number, grant.rate * cost, grant.cap_myen)
            _add(grants, (grant.payer, grant.measure), amount * paid_shares)
            grant_shares.append((grant.treatment, _ratio(amount, cost)))
            own_cost = own_cost - amount
            if grant.treatment == "reduces_basis":
                basis = basis - amount
            elif grant.treatment == "taxed":
                taxed += amount * paid_shares
        for number, credit in enumerate(terms.credits if supported else ()):
            amount = credited.take(number, credit.rate * cost, credit.cap_myen)
            rule, claimed = _rule_of(credit), zeros()
            born = min(build + vintage.bought + assumptions.credit_delay_years, years - 1)
            claimed[..., [born]] = amount
            _add(credits, rule, claimed)
            used = (credits_used or {}).get((rule, born), np.ones(1))
            own_cost = own_cost - used * credit.worth * amount
            basis = basis - credit.basis_reduction_share * used * amount
            claims.append(ClaimedCredit(rule, _ratio(amount, cost), used, credit.basis_reduction_share))
        if vintage.replaces is not None:
            spread = np.maximum(own_cost, 0.0) / (vintage.bought - vintage.replaces)
            reserve[..., build + vintage.replaces + 1 : build + vintage.bought + 1] += spread
        method = terms.depreciation if supported else terms.ordinary_depreciation
        first, last = build + vintage.bought + 1, build + vintage.retired
        deductions = unit_depreciation(method, last - first + 1, keeps_all=keeps_all)
        depreciation[..., first : last + 1] += np.maximum(basis, 0.0) * deductions
        due = terms.property_tax if supported else terms.ordinary_property_tax
        paid = np.zeros(last - first + 1)
        if due is not None:
            paid, spared = unit_property_tax(due, last - first + 1)
            tax[..., first : last + 1] += cost * paid
            relief[..., first : last + 1] += cost * spared
            refund[..., first : last + 1] += cost * spared * due.state_refund_share
        share = 0.0
        if vintage.remaining_life_years > 0:
            share = annuity_present_value(assumptions.discount_rate_real, vintage.remaining_life_years)
            share /= annuity_present_value(assumptions.discount_rate_real, asset.life_years)
            share *= vintage.share
            residual[..., [-1]] += asset.capex_myen * price_level[-1] * factor * share
        behind.append(
            PurchaseTerms(
                vintage, shares, deductions, paid, tuple(grant_shares), tuple(claims), on_buying, method,
                np.maximum(basis, 0.0), first, share,
            )
        )  # fmt: skip
    return Purchases(
        capex=capex,
        replacements=replacements,
        reserve=reserve,
        residual_value=residual,
        depreciation=depreciation,
        property_tax=tax,
        property_tax_relief=relief,
        state_refund=refund,
        grants=tuple(SupportFlow(asset.name, *key, amount) for key, amount in grants.items()),
        taxed_grants=taxed,
        credits=tuple(EarnedCredit(asset.name, rule, amount) for rule, amount in credits.items()),
        purchase_taxes=tuple(PurchaseTax(asset.name, *key, *amounts) for key, amounts in bought_taxes.items()),
        terms=tuple(behind),
    )


def _ratio(part: Array, whole: Array) -> Array:
    """Nothing where nothing is bought."""
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole != 0)


class _Allowance:
    """What is left of caps in million yen, instrument by instrument."""

    def __init__(self) -> None:
        self._taken: dict[int, Array] = {}

    def take(self, key: int, wanted: Array, cap: float | None) -> Array:
        if cap is None:
            return wanted
        taken = self._taken.get(key, np.zeros(1))
        given = np.minimum(wanted, np.maximum(cap - taken, 0.0))
        self._taken[key] = taken + given
        return given


def _payment_shares(asset: ProjectAsset, assumptions: FinanceAssumptions, vintage: Vintage) -> Array:
    """Shares of the real price of one purchase by year."""
    payments = np.zeros(assumptions.construction_years + assumptions.horizon_years + 1)
    if vintage.replaces is None:
        shares = assumptions.phasing(asset.asset)
        payments[vintage.bought : vintage.bought + len(shares)] = shares
    else:
        payments[assumptions.construction_years + vintage.bought] = 1.0
    return vintage.share * payments


@cache
def unit_depreciation(terms: DepreciationTerms, years_in_service: int, *, keeps_all: bool = True) -> Array:
    """Deduction by year of service for one million yen of basis; with `keeps_all` the last year takes what is left."""
    if terms.method == "none":
        return np.zeros(years_in_service)
    charges = np.zeros(years_in_service)
    charges_by_law = schedule(terms, 1.0)
    taken = until_retirement(charges_by_law, years_in_service) if keeps_all else charges_by_law[:years_in_service]
    charges[: len(taken)] = taken
    return charges


@cache
def unit_property_tax(terms: PropertyTaxTerms, years_in_service: int) -> tuple[Array, Array]:
    """Tax, and tax spared by relief, by year of service for one million yen of cost."""
    paid = np.asarray(taxes(terms, 1.0, years_in_service))
    full = np.asarray(taxes(replace(terms, relief=()), 1.0, years_in_service))
    return paid, full - paid


def _rule_of(credit: CreditTerms) -> CreditRule:
    return CreditRule(
        credit.measure,
        credit.payer,
        credit.limit_share_of_tax,
        credit.carry_forward_years,
        credit.refundable,
        credit.worth,
    )


def _add(flows: dict[Key, Array], key: Key, amount: Array) -> None:
    flows[key] = flows[key] + amount if key in flows else amount


def totals(flows: Mapping[str, Array]) -> Array:
    """Sum over the entries of a mapping; zero for an empty one."""
    return np.asarray(sum(flows.values(), np.zeros(1)))
