"""Damage by emissions, beside the ledger: what it is worth, and how much of it a price makes the emitter pay.

No money flow reaches the environment. Where carbon has a price, the payment goes to the national treasury and is in
the ledger; the damage itself is a cost to people who are no party to any contract, mostly abroad and later. It is
counted here, beside the ledger and not in it: emissions times the catalogue's damage of a tonne, which is assumed.
Adding the carbon price to it would count a part twice: the price moves money, the damage is what is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiban.catalogue import Catalogue
from kiban.finance.cash_flow import CashFlow
from kiban.planning.plan import Plan
from kiban.quantities import YEN_PER_MYEN


@dataclass(frozen=True, slots=True)
class DamageTerms:
    """Damage of a tonne, million yen at constant prices, for emissions in `year`, and its growth a year after it."""

    myen_per_t: float
    low_myen_per_t: float
    high_myen_per_t: float
    growth: float
    year: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Emissions of one design and what they do; present value in the start year."""

    emissions_t_per_year: float
    damage_myen: float
    """Present value of the damage over the years of operation, at the environment's own real rate."""
    paid_myen_per_year: float
    """What carbon prices make the emitter pay; it is in the ledger, as a receipt of the national treasury."""
    paid_share: float
    """That over the damage of a year, in the first year of operation; 0 where nothing is emitted."""


def read_damage_terms(catalogue: Catalogue, yen_per_usd: float) -> DamageTerms:
    """The catalogue's damage of a tonne at a rate of exchange."""
    fact = catalogue.fact("carbon.damage")
    scale = yen_per_usd / YEN_PER_MYEN
    low, high = (fact.value if end is None else end for end in (fact.low, fact.high))
    assert fact.year is not None
    return DamageTerms(
        scale * fact.value, scale * low, scale * high, catalogue.value("carbon.damage_growth"), fact.year
    )


def measure_damage(
    plan: Plan, cash: CashFlow, terms: DamageTerms, real_rate: float, waiting_t_per_year: float = 0.0
) -> Damage:
    """Damage of a plan's emissions over the years of operation, the same in each year.

    `waiting_t_per_year` is emitted instead while the project waits for its connection.
    """
    emitted = plan.indicators["emissions_t_per_year"]
    ahead = np.arange(cash.start + 1, len(cash.years))
    waits, after = cash.project.waiting_years, cash.project.years_after_base
    each = terms.myen_per_t * (1.0 + terms.growth) ** (cash.years[ahead] - terms.year)
    paid = plan.costs.get("carbon", 0.0)
    first = emitted * float(each[0]) if len(each) else 0.0

    def worth(begin: int, end: int) -> float:
        return float(each[begin:end] @ (1.0 + real_rate) ** -(ahead[begin:end] + after))

    return Damage(
        emissions_t_per_year=emitted,
        damage_myen=emitted * worth(waits, len(ahead)) + waiting_t_per_year * worth(0, waits),
        paid_myen_per_year=paid,
        paid_share=paid / first if first > 0 else 0.0,
    )
