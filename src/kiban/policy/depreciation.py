"""Tax depreciation: what the law lets an owner deduct in each year, and what those deductions are worth today.

The 200 % declining balance of Japan charges a rate on the book value until that falls below a guaranteed share of
the cost; from then on a revised rate on the book value of that moment (Corporation Tax Act Enforcement Order, art.
48-2; rates: annexed tables 8 and 10 of the ordinance on useful lives, kept in `law/jp_depreciation.toml`). Special
depreciation comes on top of the ordinary charge of the first year, and the ordinary charge goes on with what is left.
A `table` (MACRS) instead applies to what is left after the first-year share (26 USC 168(k)).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache

from kiban.calendar import MONTHS_PER_YEAR
from kiban.errors import CatalogueError, Problem
from kiban.policy.law import load_law
from kiban.policy.terms import DepreciationTerms

MEMORANDUM_YEN = 1
"""Book value that stays with an asset in use, where charges are whole yen."""
_NOTHING = Fraction(1, 10**12)


@dataclass(frozen=True, slots=True)
class DecliningBalanceRates:
    """Rates of one life: on the book value, on the book value at the switch, and the guaranteed share of cost."""

    rate: Fraction
    revised_rate: Fraction
    guarantee_rate: Fraction


def schedule(
    terms: DepreciationTerms, basis: float, *, months_in_first_year: int = 12, whole_yen: bool = False
) -> tuple[float, ...]:
    """Charges by year of use for a depreciable basis (the cost less what a grant or a credit takes off it).

    The result is as long as the law takes, and adds up to the basis. With `whole_yen` the basis is in yen, every
    charge is rounded up to the yen as in the examples of the National Tax Agency, and one yen stays on the books
    under the two ordinary methods. A first year of fewer months takes that share of the ordinary charge; a `table`
    has its convention for the first year built in. Raises `CatalogueError` for a life without statutory rates.
    """
    if not 1 <= months_in_first_year <= MONTHS_PER_YEAR:
        raise ValueError(f"months_in_first_year = {months_in_first_year} does not lie between 1 and 12")
    if basis < 0 or terms.method == "none":
        if basis < 0:
            raise ValueError(f"a basis of {basis} is negative")
        return ()
    cost = Fraction(basis)
    first = _exact(terms.first_year_share) * cost
    if terms.method == "expensing":
        charges: Sequence[Fraction] = (cost,)
    elif terms.method == "table":
        charges = _by_table(terms.table, cost, first)
    elif terms.method == "straight_line":
        yearly = cost * straight_line_rate(terms.life_years)
        charges = _charge(cost, first, months_in_first_year, whole_yen, lambda _book: yearly)
    else:
        rates = declining_balance_rates(terms.life_years)
        charges = declining_balance(cost, rates, first, months_in_first_year, whole_yen=whole_yen)
    return tuple(float(charge) for charge in charges)


def present_value(
    terms: DepreciationTerms, nominal_rate: float, *, years: int | None = None, first_charge_year: float = 1.0
) -> float:
    """Present value of the deductions per yen of basis, at a nominal after-tax rate, at the time of purchase.

    The charge of the t-th year of use counts `first_charge_year + t - 1` years after the purchase: at the end of each
    year as it stands, at its beginning with 0. An asset that is retired after `years` of use takes what is left then.
    Deductions are nominal: the law does not index them, and inflation erodes them through the rate.
    """
    charges = _unit_schedule(terms)
    if years is not None and charges:
        charges = until_retirement(charges, years)
    return math.fsum(
        charge * (1.0 + nominal_rate) ** -(first_charge_year + year) for year, charge in enumerate(charges)
    )


@lru_cache(maxsize=256)
def _unit_schedule(terms: DepreciationTerms) -> tuple[float, ...]:
    return schedule(terms, 1.0)


def until_retirement(charges: Sequence[float], years: int) -> tuple[float, ...]:
    """The charges of an asset that leaves after some years of use; its last year takes all that is left."""
    if years < 1:
        raise ValueError(f"an asset is in use for at least a year, not {years}")
    if years >= len(charges):
        return tuple(charges)
    return (*charges[: years - 1], math.fsum(charges[years - 1 :]))


def declining_balance(
    cost: Fraction,
    rates: DecliningBalanceRates,
    first_year_extra: Fraction = Fraction(0),
    months_in_first_year: int = 12,
    *,
    whole_yen: bool = False,
) -> tuple[Fraction, ...]:
    """Charges of the declining balance with guarantee, in exact arithmetic, for the rates of any of its tables."""
    guarantee = cost * rates.guarantee_rate
    revised: list[Fraction] = []

    def ordinary(book: Fraction) -> Fraction:
        if not revised and book * rates.rate < guarantee:
            revised.append(book * rates.revised_rate)
        return revised[0] if revised else book * rates.rate

    return _charge(cost, first_year_extra, months_in_first_year, whole_yen, ordinary)


@cache
def declining_balance_rates(life_years: int) -> DecliningBalanceRates:
    """Rates of the 200 % declining balance; `CatalogueError` for a life that the table lacks."""
    row = _row("jp_depreciation_db200", "rows", life_years)
    return DecliningBalanceRates(*(_exact(value) for value in row[1:4]))


@cache
def straight_line_rate(life_years: int) -> Fraction:
    """Statutory rate of the straight line, one over the life rounded up; `CatalogueError` for an unknown life."""
    return _exact(_row("jp_depreciation_sl", "rates", life_years)[1])


def _charge(
    cost: Fraction, extra: Fraction, months: int, whole_yen: bool, ordinary: Callable[[Fraction], Fraction]
) -> tuple[Fraction, ...]:
    """Charges until nothing, or one yen, is left; `ordinary` gives a full year's charge for a book value."""
    left_over = Fraction(MEMORANDUM_YEN if whole_yen else 0)
    # In float mode a remainder far below a yen is a rounding of the rates, not another year.
    least = left_over if whole_yen else cost * _NOTHING
    charges: list[Fraction] = []
    book = cost
    while book > least:
        charge = ordinary(book)
        if not charges:
            charge = charge * months / MONTHS_PER_YEAR + extra
        if whole_yen:
            charge = Fraction(math.ceil(charge))
        charge = min(charge, book - left_over)
        charges.append(charge)
        book -= charge
    return tuple(charges)


def _by_table(table: Sequence[float], cost: Fraction, first: Fraction) -> tuple[Fraction, ...]:
    """The share of the first year at once, the table on the rest; its rounding is taken by the last year."""
    if not table or abs(math.fsum(table) - 1.0) > 1e-3 or min(table) < 0:
        raise CatalogueError(Problem("law.table_shares", key="depreciation table", shares=str(tuple(table))))
    rest = cost - first
    charges = [rest * _exact(share) for share in table]
    charges[-1] = rest - sum(charges[:-1], Fraction(0))
    charges[0] += first
    return tuple(charges)


def _exact(value: float) -> Fraction:
    """The decimal that was written, not its binary neighbour: 0.2 of 128,000 is 25,600 and rounds up to itself."""
    return Fraction(repr(float(value)))


def _row(measure: str, table: str, life_years: int) -> tuple[float, ...]:
    rows = _rows(measure, table)
    if life_years not in rows:
        raise CatalogueError(
            Problem("law.no_life", key=measure, life_years=life_years, least=min(rows), most=max(rows))
        )
    return rows[life_years]


@cache
def _rows(measure: str, table: str) -> dict[int, tuple[float, ...]]:
    """Rows of the table in force since its latest change, by useful life."""
    return {int(row[0]): row for row in load_law().measure(measure).periods[-1].terms[table]}
