"""Tax on income over the years for many draws at once: losses carried forward, credits as far as limits allow.

    tax_t = tau max(income_t - losses used_t, 0) - worth x credits used_t

A loss is used against at most a share of a later year's income, the oldest first, and expires after some years (Japan:
Corporation Tax Act, article 57, in `policy/law/jp_income_tax.toml`; United States: IRC 172, in `policy/law/us.toml`). A
credit is used up to a share of the tax and carried for the years of its measure, then expires; a refundable one is paid
out whatever the tax. Each measure's article stands in `policy/law`. An owner in a group relieves a loss at once, as far
as the group has other income; the project's tax is what the group pays more for it.

Arrays end in the axis of years; any axes of draws come before it. Money is million yen, nominal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.finance.assumptions import TaxPosition
from kiban.policy.terms import TaxTerms


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """What loss carry-forward makes of income: `taxable` after losses used, and what expired unused."""

    taxable: Array
    used: Array
    expired: Array
    carried: Array
    """Losses carried out of each year."""


@dataclass(frozen=True, slots=True)
class CreditRule:
    """Under which rule credits are used; credits under one rule share its limit."""

    measure: str
    payer: str
    limit_share_of_tax: float | None
    carry_forward_years: int
    refundable: bool
    worth: float = 1.0
    """Tax that falls away for each yen of credit used, with what is charged on the tax after credits."""


@dataclass(frozen=True, slots=True, eq=False)
class EarnedCredit:
    """A credit against tax before limits, in the year in which it can first be claimed."""

    asset: str
    rule: CreditRule
    amount_myen: Array


@dataclass(frozen=True, slots=True, eq=False)
class SupportFlow:
    """Money that a payer gives for an asset, by year, million yen."""

    asset: str
    payer: str
    measure: str
    amount_myen: Array


@dataclass(frozen=True, slots=True, eq=False)
class CreditUse:
    """What becomes of the credits of one rule: used against tax, paid out, or expired."""

    earned: Array
    used: Array
    expired: Array
    used_by_origin: Mapping[int, Array]
    """What is used, by the index of the year in which it was earned."""

    @property
    def shares(self) -> dict[int, Array]:
        """Share (..., 1) of what each year earned that is ever used, by the index of that year."""
        found = {}
        for born, used in self.used_by_origin.items():
            whole = self.earned[..., [born]]
            spent = np.sum(used, axis=-1, keepdims=True)
            found[born] = np.divide(spent, whole, out=np.zeros(whole.shape), where=whole > 0)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class IncomeTax:
    """Tax by year; `due` is after credits, and negative where a group is relieved by a loss or a credit."""

    income: Array
    losses: Losses
    """Of the project and the group's other income together."""
    before_credits: Array
    earned: tuple[EarnedCredit, ...]
    rules: tuple[CreditRule, ...]
    credits: tuple[CreditUse, ...]
    """By rule."""
    due: Array

    @property
    def credits_used(self) -> tuple[SupportFlow, ...]:
        """Credits used against this tax, by asset: shared under each rule by what each earned in the year of origin.

        At face value; see `credits_worth`.
        """
        flows = []
        for credit in self.earned:
            use = self.credits[self.rules.index(credit.rule)]
            amount = np.zeros(use.used.shape)
            for born, used in use.used_by_origin.items():
                whole, own = use.earned[..., [born]], credit.amount_myen[..., [born]]
                amount += used * np.divide(own, whole, out=np.zeros(np.broadcast(own, whole).shape), where=whole > 0)
            flows.append(SupportFlow(credit.asset, credit.rule.payer, credit.rule.measure, amount))
        return tuple(flows)

    @property
    def credits_worth(self) -> tuple[SupportFlow, ...]:
        """The same with the tax on tax that falls away with them: what the state forgoes."""
        return tuple(_worth(flow, credit.rule) for flow, credit in zip(self.credits_used, self.earned, strict=True))


def _worth(flow: SupportFlow, rule: CreditRule) -> SupportFlow:
    return replace(flow, amount_myen=rule.worth * flow.amount_myen)


def carry_losses(income: Array, loss_years: int | None, cap_share: float, opening_myen: float = 0.0) -> Losses:
    """Losses carried forward, the oldest used first, against at most `cap_share` of a year's income.

    `income` is (..., years) in million yen, a loss negative. A loss may be used in the `loss_years` years after its own
    (None: without end). `opening_myen` was lost in the year before the first.
    """
    years = income.shape[-1]
    if not np.any(income < 0) and opening_myen <= 0:
        return Losses(income, *(np.zeros(income.shape) for _ in range(3)))
    lossy = np.any(income < 0, axis=-1)
    if opening_myen <= 0 and income.ndim == 2 and not lossy.all():
        # Most draws never lose: what they earn is taxed.
        return _spread(income, lossy, carry_losses(income[lossy], loss_years, cap_share))
    zero = np.zeros(income.shape[:-1])
    taxable, used, expired, carried = (np.zeros(income.shape) for _ in range(4))
    open_losses: list[tuple[int, Array]] = [(-1, np.full(income.shape[:-1], opening_myen))] if opening_myen else []
    for year in range(years):
        earned = income[..., year]
        room = cap_share * np.maximum(earned, 0.0)
        left = []
        for born, loss in open_losses:
            taken = np.minimum(loss, room)
            room = room - taken
            used[..., year] += taken
            left.append((born, loss - taken))
        taxable[..., year] = np.maximum(earned, 0.0) - used[..., year]
        open_losses = _merge([*left, (year, np.maximum(-earned, 0.0))], loss_years)
        while open_losses and loss_years is not None and year - open_losses[0][0] >= loss_years:
            expired[..., year] += open_losses.pop(0)[1]
        carried[..., year] = sum((loss for _, loss in open_losses), zero)
    return Losses(taxable, used, expired, carried)


def _spread(income: Array, rows: npt.NDArray[np.bool_], found: Losses) -> Losses:
    """What is found of some draws among all of them; the others have no losses."""
    taxable, used, expired, carried = income.copy(), *(np.zeros(income.shape) for _ in range(3))
    for whole, part in zip(
        (taxable, used, expired, carried), (found.taxable, found.used, found.expired, found.carried), strict=True
    ):
        whole[rows] = part
    return Losses(taxable, used, expired, carried)


def _merge(losses: list[tuple[int, Array]], loss_years: int | None) -> list[tuple[int, Array]]:
    """Losses that never expire need no ages."""
    if loss_years is not None:
        return losses
    return [(losses[-1][0], np.asarray(sum(loss for _, loss in losses)))]


def use_credits(earned: Sequence[Array], rules: Sequence[CreditRule], base: Array) -> tuple[CreditUse, ...]:
    """Credits used year by year, rule after rule, the oldest first.

    `base` is the tax against which credits count. A rule may use at most its share of the base, and all rules
    together no more than the base; what is left is carried for the rule's years, then expires. Refundable credits
    are paid in the year they are earned, whatever the tax.
    """
    shape = np.broadcast_shapes(base.shape, *(credit.shape for credit in earned))
    remaining = np.array(np.broadcast_to(np.maximum(base, 0.0), shape))
    uses = []
    for credit, rule in zip(earned, rules, strict=True):
        full = np.broadcast_to(credit, shape)
        years = [int(year) for year in np.flatnonzero(np.any(np.reshape(full, (-1, shape[-1])) != 0, axis=0))]
        origin = {year: np.zeros(shape) for year in years}
        expired = np.zeros(shape)
        share = 1.0 if rule.limit_share_of_tax is None else rule.limit_share_of_tax
        limit = np.broadcast_to(share * np.maximum(base, 0.0), shape)
        left = {year: np.array(full[..., year]) for year in years}
        for year in range(min(years, default=shape[-1]), shape[-1]):
            room = np.minimum(limit[..., year], remaining[..., year])
            for born in [born for born in left if born <= year]:
                taken = left[born] if rule.refundable else np.minimum(left[born], room)
                room = room - taken
                left[born] = left[born] - taken
                origin[born][..., year] = taken
                if not rule.refundable:
                    remaining[..., year] -= taken
                if year - born >= rule.carry_forward_years or year == shape[-1] - 1:
                    expired[..., year] += left.pop(born)
        uses.append(CreditUse(full, np.asarray(sum(origin.values(), np.zeros(shape))), expired, origin))
    return tuple(uses)


def income_tax(
    income: Array,
    terms: TaxTerms,
    earned: Sequence[EarnedCredit] = (),
    *,
    position: TaxPosition = "group",
    group_tax_myen: float = 0.0,
    opening_loss_myen: float = 0.0,
) -> IncomeTax:
    """Tax on the project's income (..., years), million yen; `earned` are credits before limits.

    `group_tax_myen` is the tax of a year on the group's other income. A loss relieves that income at once, so that
    the tax of a loss is negative, but never below all of that tax; what is left of the loss is carried forward. The
    group's own tax counts towards the limits of credits. Alone, or in a group without other income, all losses are
    carried forward, with what was lost before the first year (`opening_loss_myen`).
    """
    other = group_tax_myen if position == "group" and terms.rate > 0 else 0.0
    together = income + (other / terms.rate if other else 0.0)
    losses = carry_losses(together, terms.loss_years, terms.loss_cap_share, opening_loss_myen)
    before = terms.rate * losses.taxable - other
    rules = tuple(dict.fromkeys(credit.rule for credit in earned))
    by_rule = [
        np.asarray(sum((credit.amount_myen for credit in earned if credit.rule == rule), np.zeros(income.shape[-1])))
        for rule in rules
    ]
    uses = use_credits(by_rule, rules, terms.credit_base_share * np.maximum(before + other, 0.0))
    due = before - sum((rule.worth * use.used for rule, use in zip(rules, uses, strict=True)), np.zeros(1))
    return IncomeTax(income, losses, before, tuple(earned), rules, uses, due)
