"""What is bought, and the tax on what it earns: purchases, depreciation that is chosen, the levy on size, credits.

Purchases and tax are found in turn: how much of a credit is used depends on the tax, and the tax on a basis that only
used credits cut. An owner who may deduct less than the law's limit does so where that is worth more
(`optional_depreciation`). Amounts are million yen nominal, arrays (..., years); index 0 is the first spade.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from kiban.arrays import Array, powers, worth_of
from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.optional_depreciation import may_choose, take_what_income_bears
from kiban.finance.project import Project, ProjectAsset
from kiban.finance.purchases import CreditsUsed, Purchases, list_purchases, totals
from kiban.finance.size_levy import size_levy
from kiban.finance.tax import EarnedCredit, IncomeTax, income_tax
from kiban.planning.memory import Memory
from kiban.policy.terms import AssetTerms

REPRICED_ASSETS = ("chips",)
SAME_CREDIT_SHARE = 1e-9
SAME_TAX_SHARE = 1e-9
"""Of the present value of tax, below which an owner has no reason to deduct less."""
MOST_TAX_ROUNDS = 20
"""Rounds between purchases and tax; each changes the share that is used by a small part of the last change."""
BYTES_OF_PURCHASES = 16_000_000
"""Some thousand purchases of single cases."""
_listed = Memory(BYTES_OF_PURCHASES)


@dataclass(frozen=True, slots=True, eq=False)
class Taxed:
    """Purchases of every asset that costs something, the income before interest, the levy on size, and income tax."""

    bought: dict[str, Purchases]
    income: Array
    levy: Array
    tax: IncomeTax
    postponed: Array


def buy_and_tax(
    project: Project,
    assumptions: FinanceAssumptions,
    operating_income: Array,
    wages: Array,
    *,
    capex_factor: Array | None = None,
    chip_price_factor: Array | None = None,
) -> Taxed:
    """What is bought, and the tax on what it earns, from income before depreciation and `wages` by year (..., years).

    The factors are those of all first costs (draws, 1) and of chips that replace others (draws, operating years).
    What can be used of a credit depends on the tax, and the tax on the basis that only used credits cut: the two are
    found in turn. Tax without debt decides, since the debt is sized on what is bought.
    """
    factor = np.ones(1) if capex_factor is None else capex_factor
    used: CreditsUsed = {}
    bought: dict[str, Purchases] = {}
    for _ in range(MOST_TAX_ROUNDS):
        # What earns no credit stays what it was.
        bought |= {
            asset.name: _list(
                asset, project, assumptions, factor, chip_price_factor if asset.asset in REPRICED_ASSETS else None, used
            )
            for asset in project.assets
            if np.any(asset.capex_myen > 0) and (asset.name not in bought or bought[asset.name].credits)
        }
        income = np.asarray(operating_income)
        for one in bought.values():
            income = income + one.taxed_grants + one.residual_value - one.property_tax
            income = income - sum((tax.deducted_myen for tax in one.purchase_taxes), np.zeros(1))
        taxed = _choose_deductions(project, assumptions, bought, income, wages)
        tax = taxed.tax
        found = {
            (rule, born): share
            for rule, use in zip(tax.rules, tax.credits, strict=True)
            for born, share in use.shares.items()
        }
        if all(np.all(np.abs(share - used.get(key, 1.0)) <= SAME_CREDIT_SHARE) for key, share in found.items()):
            break
        used = found
    return taxed


def _list(
    asset: ProjectAsset,
    project: Project,
    assumptions: FinanceAssumptions,
    factor: Array,
    price_factor: Array | None,
    used: CreditsUsed,
) -> Purchases:
    """The purchases of an asset; those of one case are remembered: no price at which compute is sold moves them."""
    terms = project.policy.assets[asset.asset]
    key = _question(asset, terms, project, assumptions, factor, used) if price_factor is None else None
    found: Purchases | None = None if key is None else _listed.find(key)
    if found is None:
        found = list_purchases(
            asset,
            terms,
            assumptions,
            start_year=project.start_year,
            years_after_base=project.years_after_base,
            capex_factor=factor,
            price_factor=price_factor,
            credits_used=used,
        )
        if key is not None:
            _listed.keep(key, found)
    return found


def _question(
    asset: ProjectAsset,
    terms: AssetTerms,
    project: Project,
    assumptions: FinanceAssumptions,
    factor: Array,
    used: CreditsUsed,
) -> Hashable | None:
    """All that `list_purchases` looks at; None where something has a value for each draw.

    The path of payments is asked for as such, so that it may come to depend on other assumptions.
    """
    rates = (assumptions.inflation, assumptions.discount_rate_real, *assumptions.phasing(asset.asset))
    measures = {credit.measure for credit in terms.credits}
    shares = {key: share for key, share in used.items() if key[0].measure in measures}
    if any(np.ndim(one) for one in (asset.capex_myen, asset.life_years, *rates)):
        return None
    if factor.size > 1 or any(share.size > 1 for share in shares.values()):
        return None
    return (
        asset, terms, project.start_year, project.years_after_base, *rates, assumptions.horizon_years,
        assumptions.construction_years, assumptions.credit_delay_years, assumptions.terms.undepreciated,
        factor.shape, *factor.flat, *((key, share.shape, *share.flat) for key, share in shares.items()),
    )  # fmt: skip


def _choose_deductions(
    project: Project, assumptions: FinanceAssumptions, bought: dict[str, Purchases], income: Array, wages: Array
) -> Taxed:
    """Tax with the law's whole depreciation, or with what the `income` before it bears where tax is then worth less.

    Only an owner with losses that nothing relieves at once has something to choose; each draw chooses for itself.
    """
    capital = paid_in({name: one.capex for name, one in bought.items()}, assumptions)
    terms = project.policy.tax
    limit = totals({name: one.depreciation for name, one in bought.items()})

    def tax_under(purchases: dict[str, Purchases]) -> Taxed:
        deducted = totals({name: one.depreciation for name, one in purchases.items()})
        levy = size_levy(income - deducted, wages, capital, terms, assumptions)
        credits = tuple(credit for one in purchases.values() for credit in one.credits)
        left = income - deducted - levy
        return Taxed(purchases, left, levy, tax_on(left, project, assumptions, credits), limit - deducted)

    whole = tax_under(bought)
    if not (terms.rate > 0 and np.any(whole.tax.losses.carried > 0) and may_choose(terms.jurisdiction, bought)):
        return whole
    other = assumptions.group_tax_myen / terms.rate if assumptions.tax_position == "group" and terms.rate > 0 else 0.0
    room = income + other - size_levy(0.0 * income, wages, capital, terms, assumptions)
    keeps_all = assumptions.terms.undepreciated == "deducted"
    less = tax_under(take_what_income_bears(bought, room, keeps_all=keeps_all))
    rate = assumptions.discount_rate_after_tax(project.policy, project.start_year)
    weights = powers(1.0 + rate, -np.arange(income.shape[-1], dtype=float))
    paid, saved = (worth_of(np.asarray(one.tax.due + one.levy), weights) for one in (whole, less))
    better = np.asarray(saved < paid - SAME_TAX_SHARE * np.abs(paid))[..., np.newaxis]
    if not better.any():
        return whole
    if better.all():
        return less
    return tax_under({
        name: replace(one, depreciation=np.where(better, less.bought[name].depreciation, one.depreciation))
        for name, one in bought.items()
    })  # fmt: skip


def paid_in(capex: Mapping[str, Array], assumptions: FinanceAssumptions) -> Array:
    """Capital that is paid into a company of the campus's own, (..., 1): what debt does not pay for. A group pays
    out of what it has earned, and its capital stays."""
    if assumptions.tax_position == "group":
        return np.zeros(1)
    cost = totals(capex).sum(axis=-1, keepdims=True)
    return np.asarray((1.0 - assumptions.debt_share) * cost)


def tax_on(
    taxable: Array, project: Project, assumptions: FinanceAssumptions, credits: tuple[EarnedCredit, ...]
) -> IncomeTax:
    """The owner's tax on income by year (..., years), under the law of the project."""
    return income_tax(
        np.asarray(taxable),
        project.policy.tax,
        credits,
        position=assumptions.tax_position,
        group_tax_myen=assumptions.group_tax_myen,
        opening_loss_myen=assumptions.opening_loss_myen,
    )
