"""The bridge from gross support to net cost to who ends with it: a list of steps that add up to the yen.

Two legs, present values at the social rate in whole yen. The first walks to what the treasuries lose:

    support    what the package costs each treasury on what is built, by cause (no answer of behaviour)
    risk       the price of the risk that a public owner bears
    tax back   what the answer brings back or costs: tax on what is induced, tax on income that lower prices lose
    net        what the treasuries lose in all

The second walks on through the ledger, whose changes sum to nothing: what each other party has more or less of, so
that what the treasuries lose and all that the others gain come to zero; the price of risk is borne and paid to nobody.
Where the campus is in an area of Japan's market, further steps of that leg go `elsewhere`, through the ledger of
electricity users elsewhere, whose own sum is zero: users by class and their suppliers against plants and ties, and
what the charges of the campus pass on.
A step is the difference of the rounded running totals, so that no yen is lost between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from kiban.finance.budget import cause_of, ordinary_side, risk_of, start_year_of
from kiban.finance.ledger import PARTIES, TREASURIES, Ledger, difference
from kiban.finance.national_payment import AnyPayment
from kiban.quantities import YEN_PER_MYEN

StepKind = Literal["support", "risk", "tax_back", "net", "party", "elsewhere", "end"]
LEAST_YEN = 1
RISK = "risk"
Value = tuple[StepKind, str, str, float]
"""Kind, party, cause and million yen of a step before it is rounded."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what a party gives (negative) or has more (positive); `net` and `end` are totals of what is before."""

    kind: StepKind
    party: str
    """A party of the ledger, or a group of those elsewhere; empty for a total and for risk, which nobody is paid."""
    cause: str
    """What it is, for support, risk and tax back; empty otherwise."""
    yen: int
    running_yen: int
    """Sum of all steps up to here, without totals."""

    @property
    def amount_myen(self) -> float:
        """The step in million yen."""
        return self.yen / YEN_PER_MYEN


def build_bridge(payment: AnyPayment) -> tuple[Step, ...]:
    """All steps of a payment, in order; without the totals they sum to zero."""
    rate = payment.shares.social_rate
    ledger, cashes = ordinary_side(payment)
    static = difference(payment.after.ledger, ledger)
    answer = difference(ledger, payment.before.ledger)
    base, ordinary = start_year_of(payment), risk_of(cashes, rate)
    after, before = (risk_of((one.cash for one in side.campuses), rate) for side in (payment.after, payment.before))
    risk, back = after - ordinary, before - ordinary
    values: list[Value] = [("support", *key, value) for key, value in _by_cause(static, rate, base).items()]
    values.append(("risk", TREASURIES[0], RISK, -risk))
    values += [("tax_back", *key, value) for key, value in _by_cause(answer, rate, base).items()]
    values.append(("tax_back", TREASURIES[0], RISK, back))
    steps = list(_round(values, 0))
    net = steps[-1].running_yen if steps else 0
    steps.append(Step("net", "", "", net, net))
    others: list[Value] = [
        ("party", party, "", _values(static, answer, party, rate, base)) for party in PARTIES if party not in TREASURIES
    ]
    steps += _round([*others, ("party", "", RISK, risk - back), *_elsewhere(payment, rate)], net)
    end = steps[-1].running_yen
    return (*steps, Step("end", "", "", end, end))


def subtotal_yen(steps: Iterable[Step], kinds: Iterable[StepKind], party: str | None = None) -> int:
    """Sum of the steps of some kinds, of one party where it is given."""
    wanted = set(kinds)
    return sum(step.yen for step in steps if step.kind in wanted and party in (None, step.party))


def _by_cause(change: Ledger, rate: float, base: int) -> Mapping[tuple[str, str], float]:
    """Present value of what each treasury has more or less, by cause; million yen in the year `base`."""
    found: dict[tuple[str, str], float] = {}
    for entry in change.entries:
        for party, sign in ((entry.payer, -1.0), (entry.payee, 1.0)):
            if party in TREASURIES:
                key = (party, cause_of(entry.account))
                found[key] = found.get(key, 0.0) + sign * entry.amount_myen * (1.0 + rate) ** (base - entry.year)
    return dict(sorted(found.items(), key=lambda item: (TREASURIES.index(item[0][0]), item[0][1])))


def _elsewhere(payment: AnyPayment, rate: float) -> Iterator[Value]:
    """What groups elsewhere have more or less; they sum to zero, and so do the whole yen of their steps."""
    effects = payment.price_effects
    if effects is not None:
        for group, value in effects.values_by_group_myen(rate).items():
            yield "elsewhere", group, "", value


def _values(static: Ledger, answer: Ledger, party: str, rate: float, base: int) -> float:
    return sum(
        (entry.amount_myen if entry.payee == party else -entry.amount_myen) * (1.0 + rate) ** (base - entry.year)
        for change in (static, answer)
        for entry in change.entries
        if party in {entry.payer, entry.payee}
    )


def _round(values: Iterable[Value], start_yen: int) -> Iterator[Step]:
    """Steps whose running totals are the rounded totals; steps of less than a yen are left out."""
    exact, running = float(start_yen), start_yen
    for kind, party, cause, value in values:
        exact += value * YEN_PER_MYEN
        step = round(exact) - running
        if abs(step) >= LEAST_YEN:
            running += step
            yield Step(kind, party, cause, step, running)
