"""Optional depreciation (任意償却): what an owner takes who may deduct less than the law's limit and carry the rest on.

Under Japan's law the limit of a year is a cap on what is booked, not a duty (Corporation Tax Act, article 31): what is
not taken stays in the book value, and later limits follow from that,

    straight line       min(book, cost x rate)
    declining balance   book x rate, from the guaranteed amount on the revised rate on the book value of the switch

A special allowance that is not taken may be taken one year later (Act on Special Measures, article 52-2). A retired
asset leaves with all of its book value. The rule here: of the limits together as much is taken as the income before
interest bears, each asset the same share of its limit. Whether that is better than the whole limit, with a loss that
expires and counts against half of a later income, is decided by the present value of tax (`taxed_purchases`). American
law knows no choice: what was allowable counts as allowed (26 USC 1016).

Amounts are million yen nominal, arrays (..., years).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from kiban.arrays import Array
from kiban.finance.purchases import Purchases, PurchaseTerms
from kiban.policy.depreciation import declining_balance_rates, straight_line_rate
from kiban.policy.terms import DepreciationTerms

OPTIONAL = frozenset({"straight_line", "declining_balance_200", "expensing"})
JURISDICTIONS = frozenset({"japan"})


@dataclass(slots=True, eq=False)
class _Book:
    """The book value of one purchase as the years go by."""

    asset: str
    number: int
    method: DepreciationTerms
    cost: Array
    first: int
    """Index of the first year of service."""
    last: int
    leaves_with_all: bool
    left: Array
    special: Array
    """Of the special allowance, what may be taken in this year."""
    switched: Array
    """Yearly charge by the revised rate; nan before the switch."""
    taken: list[Array]

    def limit(self) -> Array:
        """What the law allows in the year, special allowance included."""
        if self.method.method == "expensing":
            return self.left
        if self.method.method == "straight_line":
            ordinary = self.cost * float(straight_line_rate(self.method.life_years))
        else:
            rates = declining_balance_rates(self.method.life_years)
            charge = self.left * float(rates.rate)
            low = np.isnan(self.switched) & (charge < self.cost * float(rates.guarantee_rate))
            self.switched = np.where(low, self.left * float(rates.revised_rate), self.switched)
            ordinary = np.where(np.isnan(self.switched), charge, self.switched)
        return np.minimum(ordinary + self.special, self.left)

    def take(self, amount: Array, limit: Array, age: int) -> None:
        """Books an amount; of the special allowance, the part that is not taken waits one year."""
        share = np.divide(amount, limit, out=np.ones(np.broadcast(amount, limit).shape), where=limit > 0)
        self.special = self.special * (1.0 - share) if age == 0 else 0.0 * self.special
        self.left = self.left - amount
        self.taken.append(np.asarray(amount))


def may_choose(jurisdiction: str, bought: Mapping[str, Purchases]) -> bool:
    """Whether the law leaves the choice, for all that is bought."""
    methods = {terms.method.method for one in bought.values() for terms in one.terms}
    return jurisdiction in JURISDICTIONS and methods <= OPTIONAL


def take_what_income_bears(bought: Mapping[str, Purchases], room: Array, *, keeps_all: bool) -> dict[str, Purchases]:
    """The purchases with the deductions of an owner who takes no more than its income before deductions, `room`.

    `keeps_all` says that an asset which is retired is deducted with all of its book value.
    """
    years = room.shape[-1]
    books = list(_open(bought, keeps_all))
    for year in range(years):
        here = [book for book in books if book.first <= year <= book.last]
        leaving = [book for book in here if year == book.last and book.leaves_with_all]
        bears = room[..., [year]]
        for book in leaving:
            bears = bears - book.left
            book.take(book.left, book.left, 1)
        staying = [(book, book.limit()) for book in here if book not in leaving]
        whole = sum((limit for _, limit in staying), np.zeros(1))
        share = np.divide(np.maximum(bears, 0.0), whole, out=np.ones(np.broadcast(bears, whole).shape), where=whole > 0)
        for book, limit in staying:
            book.take(np.minimum(share, 1.0) * limit, limit, year - book.first)
    return {
        name: _with_taken(one, [book for book in books if book.asset == name], years) for name, one in bought.items()
    }


def _open(bought: Mapping[str, Purchases], keeps_all: bool) -> Iterator[_Book]:
    for name, one in bought.items():
        for number, terms in enumerate(one.terms):
            cost = terms.basis_myen
            yield _Book(
                asset=name,
                number=number,
                method=terms.method,
                cost=cost,
                first=terms.first_year,
                last=terms.first_year + len(terms.deductions) - 1,
                leaves_with_all=keeps_all,
                left=cost,
                special=terms.method.first_year_share * cost,
                switched=np.full(np.shape(cost), np.nan),
                taken=[],
            )


def _with_taken(one: Purchases, books: list[_Book], years: int) -> Purchases:
    """The purchases of an asset with what was booked of each."""
    shape = np.broadcast_shapes(*(np.shape(amount) for book in books for amount in book.taken))
    depreciation = np.zeros((*shape[:-1], years))
    found: list[PurchaseTerms] = []
    for terms, book in zip(one.terms, books, strict=True):
        taken = np.concatenate([np.broadcast_to(amount, shape) for amount in book.taken], axis=-1)
        depreciation[..., book.first : book.last + 1] += taken
        shares = np.divide(taken, book.cost, out=np.zeros(taken.shape), where=book.cost > 0)
        found.append(replace(terms, deductions=shares))
    return replace(one, depreciation=depreciation, terms=tuple(found))
