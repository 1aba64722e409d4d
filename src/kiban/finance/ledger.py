"""The ledger: every flow of a project is one entry from a payer to a payee, and each year sums to zero.

Amounts are million yen at constant prices of the start year, rounded to the yen, so that sums are exact. The project
has no purse of its own: what it pays and receives is its owner's, equity or, under public ownership, the treasury.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from kiban.quantities import YEN_PER_MYEN

PARTIES = (
    "equity",
    "lenders",
    "users",
    "national_treasury",
    "prefecture",
    "municipality",
    "ratepayers",
    "suppliers_home",
    "suppliers_abroad",
    "workers",
    "landowners",
    "environment",
)
REGION = ("prefecture", "municipality")
TREASURIES = ("national_treasury", *REGION)


@dataclass(frozen=True, slots=True)
class Entry:
    """One flow; `why` names the contract or the law behind it."""

    year: int
    payer: str
    payee: str
    account: str
    amount_myen: float
    why: str
    item: str = ""
    """Name of the asset that is bought, replaced, kept up or left over; empty where the flow is about none."""


@dataclass(frozen=True)
class Ledger:
    """All entries of a project, ordered by year; made by `post_entries`."""

    entries: tuple[Entry, ...]
    base_year: int | None = None
    """Year of present values; the first year with an entry where None."""
    parties: tuple[str, ...] = PARTIES

    @property
    def _base_year(self) -> int:
        return min(self.years, default=0) if self.base_year is None else self.base_year

    @cached_property
    def balances(self) -> Mapping[str, Mapping[int, float]]:
        """What each party receives less what it pays, by year, million yen."""
        yen: dict[str, dict[int, int]] = {party: dict.fromkeys(self.years, 0) for party in self.parties}
        for entry in self.entries:
            amount = round(entry.amount_myen * YEN_PER_MYEN)
            yen[entry.payer][entry.year] -= amount
            yen[entry.payee][entry.year] += amount
        return {party: {year: amount / YEN_PER_MYEN for year, amount in by.items()} for party, by in yen.items()}

    @cached_property
    def _flows(self) -> Mapping[str, Sequence[tuple[int, str, float]]]:
        """Year, account and amount of what each party receives (positive) and pays to others, in the ledger's order."""
        found: dict[str, list[tuple[int, str, float]]] = {}
        for entry in self.entries:
            if entry.payer != entry.payee:
                found.setdefault(entry.payee, []).append((entry.year, entry.account, entry.amount_myen))
                found.setdefault(entry.payer, []).append((entry.year, entry.account, -entry.amount_myen))
        return found

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Calendar years with entries, in order."""
        return tuple(sorted({entry.year for entry in self.entries}))

    @property
    def residual_yen(self) -> float:
        """Largest sum over all parties in any year, yen; 0 in a ledger that is right."""
        return max(
            (
                abs(round(sum(self.balances[party][year] for party in self.parties) * YEN_PER_MYEN))
                for year in self.years
            ),
            default=0.0,
        )

    def accounts(self, party: str) -> Mapping[str, float]:
        """What a party receives (positive) and pays (negative) by account over all years, million yen."""
        found: dict[str, float] = {}
        for entry in self.entries:
            for side, sign in ((entry.payee, 1.0), (entry.payer, -1.0)):
                if side == party:
                    found[entry.account] = found.get(entry.account, 0.0) + sign * entry.amount_myen
        return found

    def present_value(self, party: str, real_rate: float, *, accounts: frozenset[str] | None = None) -> float:
        """Present value in the base year of what a party receives less what it pays, million yen.

        `accounts` keeps to some accounts.
        """
        first = self._base_year
        worth = {year: (1.0 + real_rate) ** (first - year) for year in self.years}
        return sum(
            amount * worth[year]
            for year, account, amount in self._flows.get(party, ())
            if accounts is None or account in accounts
        )

    def present_values(self, real_rates: Mapping[str, float]) -> dict[str, float]:
        """Present value of every party at its own real rate, million yen."""
        return {party: self.present_value(party, real_rates[party]) for party in self.parties}

    def flows(self, real_rate: float) -> dict[tuple[str, str], float]:
        """Present value of all that goes from one party to another, at one rate, million yen."""
        first, found = self._base_year, dict[tuple[str, str], float]()
        for entry in self.entries:
            pair = (entry.payer, entry.payee)
            found[pair] = found.get(pair, 0.0) + entry.amount_myen * (1.0 + real_rate) ** (first - entry.year)
        return found


def value_changes(after: Ledger, before: Ledger, real_rates: Mapping[str, float]) -> dict[str, float]:
    """Change of each party's present value from one ledger to another, each at its own real rate, million yen."""
    new, old = after.present_values(real_rates), before.present_values(real_rates)
    return {party: new[party] - old[party] for party in PARTIES}


def difference(after: Ledger, before: Ledger) -> Ledger:
    """Incidence: the entries of one ledger less those of another, so that each party's balance is the change.

    Its present values are of the first year of the two.
    """
    amounts: dict[tuple[int, str, str, str], tuple[float, str]] = {}
    for ledger, sign in ((after, 1.0), (before, -1.0)):
        for entry in ledger.entries:
            key = (entry.year, entry.payer, entry.payee, entry.account)
            amount, why = amounts.get(key, (0.0, entry.why))
            amounts[key] = (amount + sign * entry.amount_myen, why)
    return Ledger(tuple(_changed(amounts)), min((*after.years, *before.years), default=None))


def _changed(amounts: Mapping[tuple[int, str, str, str], tuple[float, str]]) -> Iterator[Entry]:
    for (year, payer, payee, account), (amount, why) in sorted(amounts.items()):
        rounded = round(amount * YEN_PER_MYEN) / YEN_PER_MYEN
        if rounded:
            yield Entry(year, payer, payee, account, rounded, why)
