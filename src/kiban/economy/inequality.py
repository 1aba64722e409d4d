"""How even prefectures are before a plan and with it: Gini's coefficient of value added for each person engaged.

    G = 1 - sum_k w_k (S_k + S_(k-1)) / S_n     over places by rising value added a person, w their share of persons,
                                                S_k what the first k have together

0 where all have as much, near 1 where one has all. Before: value added of 2015 over persons of 2014. With the plan: the
same plus a mean year of the plan's direct and indirect value added, put into the table's prices. Prefectures without a
table are left out, and so is what the campuses add themselves: only their suppliers' value added is gained. A plan is
small beside a country: what counts is the sign and the range, not the level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kiban.catalogue.economy_tables import load_input_output, load_prefectures, prefecture_shares
from kiban.economy.spread import Spread
from kiban.finance.economy import MYEN_PER_BN_YEN


@dataclass(frozen=True, slots=True)
class Inequality:
    """Gini's coefficient over prefectures, before and with the plan, and the change in its range."""

    before: float
    after: Spread
    change: Spread


def gini(amounts: Sequence[float], weights: Sequence[float]) -> float:
    """The coefficient of amounts that people share (`weights` of them each); 0 where there is nothing.

    ValueError for amounts or weights below 0, or without anybody.
    """
    if min(amounts, default=0.0) < 0 or min(weights, default=0.0) < 0 or sum(weights) <= 0:
        raise ValueError("needs amounts that are not negative, and people")
    if sum(amounts) <= 0:
        return 0.0
    pairs = sorted(zip(amounts, weights, strict=True), key=lambda pair: pair[0] / pair[1] if pair[1] else 0.0)
    everything, people, reached, area = sum(amounts), sum(weights), 0.0, 0.0
    for amount, weight in pairs:
        area += weight / people * (2.0 * reached + amount) / everything
        reached += amount
    return 1.0 - area


def measure_inequality(gained_myen_per_year: Mapping[str, Spread], price_level: float) -> Inequality:
    """Before and with what prefectures gain in a mean year, million yen at today's prices."""
    table = load_input_output()
    added = table.output_bn_yen * table.value_added_ratio
    names = [name for name, one in load_prefectures().items() if one.persons is not None]
    persons = [float(load_prefectures()[name].persons or 0) for name in names]
    before = [float(prefecture_shares()[name] @ added) for name in names]

    def after(end: str) -> float:
        gained = (getattr(gained_myen_per_year[name], end) / price_level / MYEN_PER_BN_YEN for name in names)
        return gini([old + max(new, 0.0) for old, new in zip(before, gained, strict=True)], persons)

    first = gini(before, persons)
    value, ends = after("value"), [after(end) for end in ("value", "low", "high")]
    whole = Spread(value, min(ends), max(ends))
    return Inequality(first, whole, Spread(value - first, whole.low - first, whole.high - first))
