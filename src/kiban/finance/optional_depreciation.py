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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kiban.arrays import Array
from kiban.finance.purchases import Purchases, PurchaseTerms
from kiban.policy.depreciation import declining_balance_rates, straight_line_rate
from kiban.policy.terms import DepreciationTerms

OPTIONAL = frozenset({"straight_line", "declining_balance_200", "expensing"})
JURISDICTIONS = frozenset({"japan"})


@dataclass(slots=True, eq=False)
class _Books:
    """Book values of all purchases as the years go by, (purchases, ...)."""

    methods: tuple[DepreciationTerms, ...]
    cost: Array
    left: Array
    special: Array
    """Of the special allowance, what may be taken in this year."""
    switched: Array
    """Yearly charge by the revised rate; nan before the switch."""

    def limit(self, number: int) -> Array:
        """What the law allows for a purchase in the year, special allowance included."""
        method, cost, left = self.methods[number], self.cost[number], self.left[number]
        if method.method == "expensing":
            return np.array(left)
        if method.method == "straight_line":
            ordinary = cost * float(straight_line_rate(method.life_years))
        else:
            rates = declining_balance_rates(method.life_years)
            ordinary = left * float(rates.rate)
            low = np.isnan(self.switched[number]) & (ordinary < cost * float(rates.guarantee_rate))
            switched = np.where(low, left * float(rates.revised_rate), self.switched[number])
            self.switched[number] = switched
            ordinary = np.where(np.isnan(switched), ordinary, switched)
        return np.asarray(np.minimum(ordinary + self.special[number], left))


def may_choose(jurisdiction: str, bought: Mapping[str, Purchases]) -> bool:
    """Whether the law leaves the choice, for all that is bought."""
    methods = {terms.method.method for one in bought.values() for terms in one.terms}
    return jurisdiction in JURISDICTIONS and methods <= OPTIONAL


def take_what_income_bears(bought: Mapping[str, Purchases], room: Array, *, keeps_all: bool) -> dict[str, Purchases]:
    """The purchases with the deductions of an owner who takes no more than its income before deductions, `room`.

    `keeps_all` says that an asset which is retired is deducted with all of its book value.
    """
    every = [terms for one in bought.values() for terms in one.terms]
    first = np.array([terms.first_year for terms in every])
    last = first + np.array([len(terms.deductions) for terms in every]) - 1
    shape = np.broadcast_shapes(room.shape[:-1], *(np.shape(terms.basis_myen)[:-1] for terms in every))
    books = _open(every, shape)
    taken = np.zeros((len(every), room.shape[-1], *shape))
    for year in range(room.shape[-1]):
        here = (first <= year) & (year <= last)
        leaving = here & (year == last) & keeps_all
        staying = np.flatnonzero(here & ~leaving)
        limits = np.array([books.limit(int(number)) for number in staying]).reshape(len(staying), *shape)
        bears, whole = room[..., year] - books.left[leaving].sum(axis=0), limits.sum(axis=0)
        share = np.divide(np.maximum(bears, 0.0), whole, out=np.ones(whole.shape), where=whole > 0)
        taken[leaving, year] = books.left[leaving]
        taken[staying, year] = limits * np.minimum(share, 1.0)
        books.left -= taken[:, year]
        # Of the special allowance, the part that is not taken waits one year.
        ordered = staying[first[staying] == year]
        waiting = books.special[ordered] * (1.0 - np.minimum(share, 1.0))
        books.special[staying] = 0.0
        books.special[ordered] = waiting
    found: dict[str, Purchases] = {}
    number = 0
    for name, one in bought.items():
        of_asset = slice(number, number := number + len(one.terms))
        found[name] = _with_taken(one, taken[of_asset], books.cost[of_asset])
    return found


def _open(every: Sequence[PurchaseTerms], shape: tuple[int, ...]) -> _Books:
    cost = np.stack([np.broadcast_to(terms.basis_myen[..., 0], shape) for terms in every])
    return _Books(
        methods=tuple(terms.method for terms in every),
        cost=cost,
        left=cost.copy(),
        special=np.stack([terms.method.first_year_share * one for terms, one in zip(every, cost, strict=True)]),
        switched=np.full(cost.shape, np.nan),
    )


def _with_taken(one: Purchases, taken: Array, cost: Array) -> Purchases:
    """The purchases of an asset with what was booked of each, `taken` (purchases, years, ...)."""
    found = []
    for terms, by_year, whole in zip(one.terms, taken, cost, strict=True):
        booked = by_year[terms.first_year :][: len(terms.deductions)]
        shares = np.divide(booked, whole, out=np.zeros(booked.shape), where=whole > 0)
        found.append(replace(terms, deductions=np.moveaxis(shares, 0, -1)))
    return replace(one, depreciation=np.ascontiguousarray(np.moveaxis(taken.sum(axis=0), 0, -1)), terms=tuple(found))
