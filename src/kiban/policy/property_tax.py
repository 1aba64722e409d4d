"""Yearly tax on the assessed value of an asset, after relief: Japan's municipal fixed-asset tax and its like.

A depreciable asset is assessed at its cost times a factor in the first year (half a year of decline), falls by its
rate of decline each year, and never below the floor while it is in use (Fixed Asset Assessment Standard, annexed
table 15). A rate of decline of 0 keeps the first value, as for a building between revaluations.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

from kiban.policy.terms import PropertyTaxTerms


def assessed_values(terms: PropertyTaxTerms, cost: float, years: int, *, whole_yen: bool = False) -> tuple[float, ...]:
    """Value in the first, second, ... year of assessment, in the unit of cost.

    With `whole_yen` each year's value is truncated to the yen and the next year starts from that.
    """
    exact = Fraction(cost)
    floor = exact * _exact(terms.floor_share)
    value = exact * _exact(terms.first_year_factor)
    values: list[float] = []
    for _ in range(years):
        if whole_yen:
            value = Fraction(math.floor(value))
        values.append(float(max(value, floor)))
        value *= 1 - _exact(terms.decline_rate)
    return tuple(values)


def taxes(terms: PropertyTaxTerms, cost: float, years: int, *, whole_yen: bool = False) -> tuple[float, ...]:
    """Tax in the first, second, ... year, after relief, in the unit of cost; truncated to the yen with `whole_yen`.

    Truncation of the base to 1,000 yen and of the tax to 100 yen applies to all assets of an owner together and is
    left out.
    """
    values = assessed_values(terms, cost, years, whole_yen=whole_yen)
    shares = [*terms.relief[:years], *([1.0] * (years - len(terms.relief)))]
    if whole_yen:
        return tuple(
            float(math.floor(Fraction(value) * _exact(share) * _exact(terms.rate)))
            for value, share in zip(values, shares, strict=True)
        )
    return tuple(value * share * terms.rate for value, share in zip(values, shares, strict=True))


@lru_cache(maxsize=4096)
def present_value(terms: PropertyTaxTerms, nominal_rate: float, life_years: float) -> float:
    """Present value at purchase, per yen of cost, of the tax over a life; the t-th tax falls t years after purchase.

    A life that is not whole pays the broken year in proportion. Values are nominal, so that inflation lightens them.
    """
    paid = taxes(terms, 1.0, math.ceil(life_years))
    return math.fsum(
        tax * min(1.0, life_years - year) * (1.0 + nominal_rate) ** -(year + 1) for year, tax in enumerate(paid)
    )


def _exact(value: float) -> Fraction:
    """The decimal that was written, so that truncation never falls one yen short."""
    return Fraction(repr(float(value)))
