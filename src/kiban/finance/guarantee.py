"""Default and recovery of a project's debt, and what a guarantee of it costs and is worth.

A project defaults in the first year in which its cash does not meet its debt service: what it earns, the reserve
for debt service, and what has been set aside for replacements, which then is missing when they come; unless the
owner pays what is missing, because later years are worth more than that and the debt together. Lenders take the
project over: they receive what later years yield, discounted at the loan's rate, less the cost of the workout, up
to their claim. A guarantor pays its share of what is missing. The expected loss over draws is at true
probabilities,

    expected loss = sum_t exposure_t x probability of default in t x loss given default / (1 + r)^t,

the value as an option (`kiban.finance.merton`; Merton 1974) also prices the risk and is larger. The record of project
loans by which the draws are judged is Moody's (`finance.cumulative_default_10y`, `finance.recovery` in the catalogue).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, fields, replace

import numpy as np

from kiban.arrays import Array
from kiban.finance.cash_flow import Draws
from kiban.finance.merton import guarantee_value

BATCH = 2_500
"""Draws that are followed at once."""
ABREAST = 2
"""Batches that are under way at once: each needs memory of its own."""
LEAST_SHORTFALL_SHARE = 1e-9
"""What may be missing of a year's debt service without a default: a rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """What a project means for lenders and treasury, by year from the first spade; million yen, nominal."""

    available: Array
    """Cash that can serve the debt after what is set aside for replacements; million yen (draws, years)."""
    service: Array
    """Interest and principal due; million yen (years,), none in the year of the first spade."""
    balance: Array
    """Owed at the end of each year; million yen (years,)."""
    rate: float
    """Of the loan, nominal, a year."""
    public_cost: Array
    """What the policy costs the treasuries beside a guarantee: support paid and tax forgone; (draws, years)."""
    fund: Array | None = None
    """What lies aside for replacements at the end of each year, if all goes to plan; million yen (draws, years)."""
    contingency_myen: float = 0.0
    """Further money of the owner that is there for a late or weak first year."""
    coverage: float = 0.0
    """Share of a loss that the treasury bears."""
    fee: Array | None = None
    """Paid for the guarantee while the loan is alive; (years,)."""
    public_owner: bool = False
    """The treasury owns the project, serves the debt whatever happens, and `public_cost` holds the owner's flows."""

    def __post_init__(self) -> None:
        if self.service[0] > 0:
            raise ValueError("debt cannot be served before it is drawn: no service in the year of the first spade")


ProjectCash = Callable[[Draws], Exposure]
"""A project under one kind of support: what it means for lenders and treasury in each draw."""


@dataclass(frozen=True, slots=True)
class LossTerms:
    """How defaults are worked out and losses are counted."""

    treasury_rate: float
    """Nominal, a year."""
    reserve_years: float = 0.0
    """Years of debt service that lie in the reserve when operation starts and that surplus refills."""
    workout_cost: float = 0.0
    """Share of what lenders take over."""
    owner_cures: bool = True
    """The owner pays what is missing while its stake is worth it, knowing the later years of the draw."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One kind of support over all draws; losses are present values in million yen, a negative loss is a gain."""

    loss_myen: Array
    """The treasuries' loss, draw by draw."""
    guarantee_myen: Array
    """Part of it: calls on the guarantee less fees."""
    lender_loss_myen: Array
    """What lenders lose after the guarantee."""
    default_year: Array
    """Index of the year of default; infinite where the debt is served to the end."""
    recovery: Array
    """Share of the claim that is recovered; 1 where there is no default."""

    @property
    def default_probability(self) -> float:
        """Share of draws in default by the end."""
        return float(np.isfinite(self.default_year).mean())

    @property
    def recovery_share(self) -> float | None:
        """Mean over the defaults; None without any."""
        failed = np.isfinite(self.default_year)
        return float(self.recovery[failed].mean()) if failed.any() else None

    @property
    def expected_myen(self) -> float:
        """Mean loss of the treasuries."""
        return float(self.loss_myen.mean())

    @property
    def standard_error_myen(self) -> float:
        """Of the mean, from the number of draws."""
        return float(self.loss_myen.std() / math.sqrt(len(self.loss_myen)))

    @property
    def percentile_95_myen(self) -> float:
        """Loss that is exceeded in one draw of twenty."""
        return float(np.quantile(self.loss_myen, 0.95))

    @property
    def worst_myen(self) -> float:
        """Largest loss of all draws."""
        return float(self.loss_myen.max())


def simulate(
    cases: Mapping[str, ProjectCash],
    batches: Sequence[Draws],
    terms: LossTerms,
    *,
    other_terms: Mapping[str, LossTerms] | None = None,
) -> dict[str, Outcome]:
    """Every case through the same draws, so that they differ by their support alone.

    All cases follow one of the `batches` before the next, so that what they share need not be worked out again.
    `ABREAST` of them are under way at once, which changes no digit. `other_terms` take the place of `terms` for the
    cases that they name.
    """

    def go(part: Draws) -> dict[str, Outcome]:
        return {name: follow(cash(part), (other_terms or {}).get(name, terms)) for name, cash in cases.items()}

    with ThreadPoolExecutor(ABREAST, thread_name_prefix="kiban-draws") as pool:
        # Each in a context of its own, so that it hears when nobody waits any more.
        found = [one.result() for one in [pool.submit(copy_context().run, go, part) for part in batches]]
    return {name: _join([outcomes[name] for outcomes in found]) for name in cases}


def follow(exposure: Exposure, terms: LossTerms) -> Outcome:
    """Default, recovery and losses in each draw."""
    available = np.atleast_2d(exposure.available)
    draws, years = available.shape
    discount = (1.0 + terms.treasury_rate) ** -np.arange(years)
    cost = np.broadcast_to(exposure.public_cost, available.shape) @ discount
    nothing = np.zeros(draws)
    if exposure.public_owner:
        return Outcome(cost, nothing, nothing, np.full(draws, np.inf), np.ones(draws))
    later = _later_value(available, exposure.rate)
    default_year, claim = _find_defaults(available, later, exposure, terms)
    failed = np.isfinite(default_year)
    index = np.where(failed, default_year, years - 1).astype(int)
    taken_over = (1.0 - terms.workout_cost) * later[np.arange(draws), index]
    recovered = np.where(failed, np.minimum(claim, taken_over), 0.0)
    lost = (claim - recovered) * discount[index]
    fees = nothing
    if exposure.fee is not None:
        before = np.concatenate(([0.0], np.cumsum(exposure.fee * discount)))
        # The fee of the year of default is not paid any more.
        fees = before[np.where(failed, index, years)]
    guarantee = exposure.coverage * lost - fees
    recovery = np.divide(recovered, claim, out=np.ones(draws), where=claim > 0)
    return Outcome(cost + guarantee, guarantee, (1.0 - exposure.coverage) * lost, default_year, recovery)


def _find_defaults(available: Array, later: Array, exposure: Exposure, terms: LossTerms) -> tuple[Array, Array]:
    """Year of default (infinite: none) and what is owed then after the last cash is paid, by draw."""
    service, draws = exposure.service, len(available)
    default_year, claim = np.full(draws, np.inf), np.zeros(draws)
    due = np.flatnonzero(service > 0)
    if not len(due):
        return default_year, claim
    fund = np.zeros(available.shape) if exposure.fund is None else np.broadcast_to(exposure.fund, available.shape)
    reserve = terms.reserve_years * service[due[0]] + exposure.contingency_myen + fund[:, due[0] - 1]
    for year in range(due[0], due[-1] + 1):
        # What is set aside counts as cash; a replacement takes it out again.
        cash = reserve + available[:, year] + fund[:, year] - fund[:, year - 1]
        missing = service[year] - cash
        fails = np.isinf(default_year) & (missing > service[year] * LEAST_SHORTFALL_SHARE)
        if terms.owner_cures:
            fails &= later[:, year] - exposure.balance[year] < missing
        owed = exposure.balance[year - 1] * (1.0 + exposure.rate)
        default_year[fails] = year
        claim[fails] = owed - np.clip(cash[fails], 0.0, owed)
        following = service[year + 1] if year < due[-1] else 0.0
        reserve = np.clip(-missing, 0.0, terms.reserve_years * following + fund[:, year])
    return default_year, claim


def _later_value(available: Array, rate: float) -> Array:
    """Value at the end of each year of what later years yield, where they yield something; (draws, years)."""
    value = np.zeros(available.shape)
    for year in range(available.shape[1] - 2, -1, -1):
        value[:, year] = (value[:, year + 1] + np.maximum(available[:, year + 1], 0.0)) / (1.0 + rate)
    return value


def in_batches(draws: Draws, count: int) -> list[Draws]:
    """The draws, so many at a time that memory stays small."""
    arrays = {field.name: getattr(draws, field.name) for field in fields(draws)}
    parts = [slice(first, min(first + BATCH, count)) for first in range(0, count, BATCH)]
    return [Draws(**{name: None if array is None else array[part] for name, array in arrays.items()}) for part in parts]


def _join(parts: Sequence[Outcome]) -> Outcome:
    return Outcome(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Outcome)))


# ---- what a guarantee is worth


def survival_curve(cumulative_default: float, at_years: int, hazard_decline: float, years: int) -> tuple[float, ...]:
    """Chance to be without default after 0, 1, ... years, from a published cumulative rate.

    The hazard falls by `hazard_decline` a year (continuous; 0: constant), as it does for loans of projects that
    have come into operation.
    """
    hazard = -math.log1p(-cumulative_default)

    def elapsed(time: float) -> float:
        return time if hazard_decline == 0 else -math.expm1(-hazard_decline * time) / hazard_decline

    return tuple(math.exp(-hazard * elapsed(year) / elapsed(at_years)) for year in range(years + 1))


def expected_loss(
    exposures: Sequence[float],
    survival: Sequence[float],
    *,
    coverage: float,
    loss_given_default: float,
    rate: float,
    fees: Sequence[float] = (),
) -> float:
    """Present value of expected calls less expected fees; default falls at the end of a year.

    `exposures[t-1]` is at stake in year t, `survival[t]` the chance to reach its end, `rate` riskless a year. A
    fee is paid if the loan lives at the beginning of its year.
    """
    steps = itertools.pairwise(survival)
    calls = sum(
        exposure * (before - after) * (1.0 + rate) ** -year
        for year, (exposure, (before, after)) in enumerate(zip(exposures, steps, strict=False), start=1)
    )
    income = sum(fee * survival[year] * (1.0 + rate) ** -(year + 1) for year, fee in enumerate(fees))
    return coverage * loss_given_default * calls - income


@dataclass(frozen=True, slots=True)
class GuaranteeValue:
    """A guarantee without its fees, three ways; present value when operation starts, million yen."""

    by_history_myen: float
    """Expected loss from the record of project loans."""
    by_draws_myen: float
    """Expected loss over the draws."""
    by_option_myen: float
    """Merton's put: with the price of risk."""
    asset_value_myen: float
    asset_volatility: float


def value_guarantee(
    exposure: Exposure, terms: LossTerms, *, asset_rate: float, survival: Sequence[float], recovery: float
) -> GuaranteeValue:
    """The guarantee of an exposure over draws by history, by the draws and as an option.

    For the option the assets are the cash available for debt service after the start, valued at `asset_rate`
    (nominal, what investors ask), and their volatility is the spread of that value over the draws, taken as built
    up evenly until the mean repayment.
    """
    due = np.flatnonzero(exposure.service > 0)
    start = int(due[0]) - 1
    ahead = np.arange(1, exposure.available.shape[1] - start)
    values = np.maximum(exposure.available[:, start + 1 :] @ (1.0 + asset_rate) ** -ahead, 0.0)
    balances = exposure.balance[start : due[-1] + 1]
    repaid = -np.diff(balances)
    mean_life = float(repaid @ np.arange(1, len(balances)) / repaid.sum())
    value = float(values.mean())
    # The lognormal law with the mean and the variance of the draws.
    volatility = math.sqrt(math.log1p(float(values.var()) / value**2) / mean_life)
    free = replace(exposure, public_cost=np.zeros(1), fee=None, public_owner=False)
    to_start = (1.0 + terms.treasury_rate) ** start
    return GuaranteeValue(
        by_history_myen=expected_loss(
            balances[:-1].tolist(),
            survival,
            coverage=exposure.coverage,
            loss_given_default=1.0 - recovery,
            rate=terms.treasury_rate,
        ),
        by_draws_myen=follow(free, terms).expected_myen * to_start,
        by_option_myen=guarantee_value(
            tuple(balances.tolist()),
            value,
            rate=math.log1p(terms.treasury_rate),
            volatility=volatility,
            coverage=exposure.coverage,
        ),
        asset_value_myen=value,
        asset_volatility=volatility,
    )
