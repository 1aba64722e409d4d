"""What a called campus is paid and fined: baseline, delivery, assessment, penalty, payment, and their sum.

The contract is that of the Japanese capacity market's dispatch-order source (発動指令電源): a year's amount for a MW
that can be called a number of times. The baseline is the standard one of the guideline on aggregation, High 4 of 5 with
same-day adjustment. The rules are dated data in `market/`, read like the law.

Every call that counts has an equal part of the year's amount at stake. What is delivered is import below the baseline,
step by step and never above the contract: more in one hour does not make up for less in another. What is missed costs
its share of that part times the penalty's factor.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY
from kiban.errors import InputError, Problem
from kiban.operation.flexibility import SATURDAY, Product
from kiban.operation.occurrences import Occurrence
from kiban.policy.law import Law, parse_law

if TYPE_CHECKING:
    import pandas as pd

BASELINE: Final = "jp_dispatch_order_baseline"
PENALTY: Final = "jp_dispatch_order_penalty"
Reason = Literal["", "no_contract", "day_off", "outside_hours", "short_notice", "beyond_count", "no_baseline"]
"""Why a call does not count; empty where it does."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The terms of one day: of the baseline, and of the penalty."""

    days: int
    highest_days: int
    least_days: int
    """With fewer days there is no baseline."""
    lookback_days: int
    low_share: float
    """Days whose use lies below this share of the mean are no example."""
    adjustment_from_hours: float
    adjustment_to_hours: float
    """Hours before the call whose own use adjusts the baseline: from the first to before the second."""
    penalty_factor: float


@dataclass(frozen=True, slots=True)
class SettledCall:
    """One call: what was due, what was delivered on average over its steps, and what is paid for it, million yen."""

    begins: str
    hours: float
    contracted_mw: float
    baseline_mw: float
    metered_mw: float
    delivered_mw: float
    delivered_share: float
    payment_myen: float
    """This call's part of the year's amount, whatever was delivered."""
    penalty_myen: float
    reason: Reason = ""

    @property
    def net_myen(self) -> float:
        """Payment less penalty; negative where the campus pays."""
        return self.payment_myen - self.penalty_myen


@dataclass(frozen=True, slots=True)
class Settlement:
    """All calls of an operation."""

    calls: tuple[SettledCall, ...]
    price_myen_per_mw_year: float
    rule: Rule

    @property
    def payment_myen(self) -> float:
        """Of all calls."""
        return float(sum(call.payment_myen for call in self.calls))

    @property
    def penalty_myen(self) -> float:
        """Of all calls."""
        return float(sum(call.penalty_myen for call in self.calls))

    @property
    def net_myen(self) -> float:
        """Payment less penalty of all calls."""
        return self.payment_myen - self.penalty_myen

    @property
    def net_myen_per_mw_year(self) -> float:
        """What a contracted MW keeps of a year's price: what was not called is paid for being ready."""
        fined = sum(call.penalty_myen / call.contracted_mw for call in self.calls if not call.reason)
        return self.price_myen_per_mw_year - float(fined)


@cache
def load_market_rules() -> Law:
    """The embedded rules of the market."""
    folder = resources.files("kiban.operation") / "market"
    names = ("capacity_market.toml", "balancing_market.toml", "imbalance.toml", "sources.toml")
    return parse_law({name: (folder / name).read_text(encoding="utf-8") for name in names})


def require_rules(rules: Law, names: Sequence[str], day: date) -> None:
    """Raises `InputError` with every rule that does not hold on a day."""
    problems = [
        Problem(
            "operation.rule_outside",
            key="market.delivery_year",
            market_rule=measure.id,
            day=day.isoformat(),
            dates=measure.describe_dates(),
        )
        for measure in map(rules.measure, names)
        if not measure.holds(day)
    ]
    if problems:
        raise InputError(problems)


def read_rule(rules: Law, day: date) -> Rule:
    """The terms on a day; `InputError` where a rule does not hold on it."""
    require_rules(rules, (BASELINE, PENALTY), day)

    def number(name: str) -> float:
        return rules.number(BASELINE, name, day)

    return Rule(
        days=int(number("days")),
        highest_days=int(number("highest_days")),
        least_days=int(number("least_days")),
        lookback_days=int(number("lookback_days")),
        low_share=number("low_share"),
        adjustment_from_hours=number("adjustment_from_hours"),
        adjustment_to_hours=number("adjustment_to_hours"),
        penalty_factor=rules.number(PENALTY, "penalty_factor", day),
    )


def list_days_off(time: pd.DatetimeIndex, holidays: Collection[date]) -> npt.NDArray[np.bool_]:
    """Whether each step lies on a Saturday, a Sunday or a holiday."""
    held = np.array([day in holidays for day in time.date], dtype=bool)
    off: npt.NDArray[np.bool_] = (time.day_of_week.to_numpy() >= SATURDAY) | held
    return off


def japanese_holidays(time: pd.DatetimeIndex) -> frozenset[date]:
    """The national holidays of the years of a time."""
    from holidays import country_holidays

    return frozenset(country_holidays("JP", years=sorted({int(year) for year in time.year})))


def find_baseline(
    import_mw: Array, first: int, end: int, no_example: npt.NDArray[np.bool_], rule: Rule, step_hours: float
) -> Array | None:
    """What would have been imported in steps `first` to before `end` without a call, MW; None with too few days.

    `no_example`, shape `(steps,)`, marks the steps of days off and of days with a call. Of the last `days` working days
    the `highest_days` with the most use in the same hours are averaged; that curve is moved, up or down, by the mean
    difference of the adjusting hours between the day of the call and those days. It is never negative.
    """
    per_day = round(HOURS_PER_DAY / step_hours)
    ahead = round(rule.adjustment_from_hours / step_hours)
    starts = [
        first - back * per_day
        for back in range(1, rule.lookback_days + 1)
        if first - back * per_day - ahead >= 0 and not no_example[first - back * per_day]
    ]
    use = {start: float(import_mw[start : start + end - first].mean()) for start in starts}
    chosen = starts[: rule.days]
    while chosen:
        mean = sum(use[start] for start in chosen) / len(chosen)
        low = [start for start in chosen if use[start] < rule.low_share * mean]
        if not low:
            break
        starts = [start for start in starts if start not in low]
        chosen = starts[: rule.days]
    if len(chosen) < rule.least_days:
        return None
    highest = sorted(chosen, key=lambda start: -use[start])[: rule.highest_days]  # of equals the later day
    usual = np.mean([import_mw[start : start + end - first] for start in highest], axis=0)
    before = slice(first - ahead, first - round(rule.adjustment_to_hours / step_hours))
    shifts = [first - start for start in highest]
    same = np.mean([import_mw[before.start - shift : before.stop - shift] for shift in shifts], axis=0)
    moved: Array = np.maximum(usual + float((import_mw[before] - same).mean()), 0.0)
    return moved


def settle(
    import_mw: Array,
    time: pd.DatetimeIndex,
    step_hours: float,
    occurrences: Sequence[Occurrence],
    product: Product,
    offered_mw: float,
    holidays: Collection[date],
    rule: Rule,
) -> Settlement:
    """The calls among `occurrences`, in their order in time, settled from the metered import, shape `(steps,)`, MW.

    A call is for the MW that its event contracts, else for the MW offered. It counts on a working day, within the hours
    of the product, with its notice, and as long as no more came than may; of a longer call the first hours count.
    """
    called = sorted((one for one in occurrences if one.kind == "demand_response_call"), key=lambda one: one.first)
    days_off = list_days_off(time, holidays)
    days = np.array(time.date)
    called_days = {day for one in called for day in days[one.first : one.end]}
    no_example = days_off | np.array([day in called_days for day in days], dtype=bool)
    settled: list[SettledCall] = []
    for one in called:
        steps = round(product.call_hours / step_hours)
        end = min(one.end, one.first + steps)
        contracted = one.values.get("contracted_mw", offered_mw)
        counted = sum(not call.reason for call in settled)
        baseline = find_baseline(import_mw, one.first, end, no_example, rule, step_hours)
        reason = _why_not(one, end, contracted, counted, time, days_off, product, step_hours)
        settled.append(
            _settle_call(
                import_mw[one.first : end], one.begins, step_hours, contracted, baseline, reason, product, rule
            )
        )
    return Settlement(tuple(settled), product.price_myen_per_mw_year, rule)


def _why_not(
    one: Occurrence,
    end: int,
    contracted_mw: float,
    counted: int,
    time: pd.DatetimeIndex,
    days_off: npt.NDArray[np.bool_],
    product: Product,
    step_hours: float,
) -> Reason:
    begins = time[one.first]
    hour = begins.hour + begins.minute / 60.0
    if contracted_mw <= 0.0:
        return "no_contract"
    if days_off[one.first]:
        return "day_off"
    if hour < product.first_hour or hour + (end - one.first) * step_hours > product.last_hour:
        return "outside_hours"
    if (one.first - one.known) * step_hours < product.notice_hours:
        return "short_notice"
    return "beyond_count" if counted >= product.calls_per_year else ""


def _settle_call(
    metered: Array,
    begins: str,
    step_hours: float,
    contracted_mw: float,
    baseline: Array | None,
    reason: Reason,
    product: Product,
    rule: Rule,
) -> SettledCall:
    known = np.zeros_like(metered) if baseline is None else baseline
    delivered = float(np.clip(known - metered, 0.0, contracted_mw).mean())
    why: Reason = reason or ("no_baseline" if baseline is None else "")
    share = delivered / contracted_mw if contracted_mw > 0.0 else 0.0
    at_stake = 0.0 if why else contracted_mw * product.price_myen_per_mw_year / product.calls_per_year
    return SettledCall(
        begins=begins,
        hours=metered.size * step_hours,
        contracted_mw=contracted_mw,
        baseline_mw=float(known.mean()),
        metered_mw=float(metered.mean()),
        delivered_mw=delivered,
        delivered_share=share,
        payment_myen=at_stake,
        penalty_myen=rule.penalty_factor * (1.0 - share) * at_stake,
        reason=why,
    )
