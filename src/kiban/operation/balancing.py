"""The balancing market (需給調整市場): its products as dated rules, what is bid, and what blocks are paid and fined.

What is sold is readiness, in blocks of half an hour: so many MW by which import can fall within the response time below
the plan that was handed in (the baseline), and can stay there for the duration. A block that is accepted is paid its
price less the exchange's fee, ordered or not. It is assessed twice: what was missing of the promised MW when the block
began, and whether an order was answered within the tolerance. What is missing is fined at its price times a factor; an
order that is not answered fines the whole block. Energy that is ordered is paid at the price that the bidder has
registered, which is its cost here, so that it comes to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.operation.settlement import require_rules
from kiban.policy.law import Law
from kiban.quantities import KW_PER_MW, YEN_PER_MYEN

PRODUCTS: Final = ("primary", "secondary_1", "secondary_2", "tertiary_1", "tertiary_2")
RULE: Final = "jp_balancing_"
MINUTES_PER_HOUR: Final = 60
ROUNDING_MW: Final = 1e-9


@dataclass(frozen=True, slots=True)
class BalancingProduct:
    """What a product asks for, and what a bid may be."""

    name: str
    response_seconds: float
    duration_hours: float
    block_hours: float
    least_bid_mw: float
    bid_step_mw: float
    price_cap_myen_per_mw: float | None
    """Of a block; None where no cap is known."""

    @property
    def held_hours(self) -> float:
        """How long power must hold: an order may come at any time of a block."""
        return max(self.duration_hours, self.block_hours)

    def bid(self, possible_mw: Array) -> Array:
        """What is bid where so much is possible: whole steps, and nothing below the least bid."""
        steps = np.floor(possible_mw / self.bid_step_mw + ROUNDING_MW)
        whole: Array = np.where(possible_mw >= self.least_bid_mw, steps * self.bid_step_mw, 0.0)
        return whole

    def cap(self, price_myen_per_mw: float) -> float:
        """A price, and not above the cap."""
        cap = self.price_cap_myen_per_mw
        return price_myen_per_mw if cap is None else min(price_myen_per_mw, cap)


@dataclass(frozen=True, slots=True)
class Assessment:
    """How blocks are assessed and what the exchange keeps."""

    penalty_factor: float
    tolerance_share: float
    fee_myen_per_mw: float
    """Of a block."""


@dataclass(frozen=True, slots=True, eq=False)
class SettledBlocks:
    """Blocks of one product, shape `(blocks,)`, million yen."""

    payment_myen: Array
    penalty_myen: Array
    answered: npt.NDArray[np.bool_]
    """Whether an order was answered; true where none came."""

    @property
    def net_myen(self) -> float:
        """Payments less penalties."""
        return float(self.payment_myen.sum() - self.penalty_myen.sum())


def read_products(rules: Law, day: date) -> tuple[BalancingProduct, ...]:
    """The products of a day; `InputError` where a rule does not hold on it."""
    require_rules(rules, [f"{RULE}{name}" for name in PRODUCTS], day)
    return tuple(_read_product(rules, name, day) for name in PRODUCTS)


def read_assessment(rules: Law, day: date) -> Assessment:
    """The assessment of a day; `InputError` where a rule does not hold on it."""
    assessment, fee = f"{RULE}assessment", f"{RULE}fee"
    require_rules(rules, (assessment, fee), day)
    return Assessment(
        penalty_factor=rules.number(assessment, "penalty_factor", day),
        tolerance_share=rules.number(assessment, "tolerance_share", day),
        fee_myen_per_mw=rules.number(fee, "fee_yen_per_kw", day) * KW_PER_MW / YEN_PER_MYEN,
    )


def settle_blocks(
    awarded_mw: Array,
    ready_mw: Array,
    price_myen_per_mw: float,
    assessment: Assessment,
    ordered_mw: Array | None = None,
    answered_mw: Array | None = None,
) -> SettledBlocks:
    """Blocks, each of shape `(blocks,)`: what was sold, what was there, what was ordered below the baseline and given.

    Without orders readiness alone is assessed.
    """
    payment = awarded_mw * (price_myen_per_mw - assessment.fee_myen_per_mw)
    missing = np.maximum(awarded_mw - ready_mw, 0.0)
    answered = np.ones(awarded_mw.shape, dtype=bool)
    if ordered_mw is not None:
        given = np.zeros(awarded_mw.shape) if answered_mw is None else answered_mw
        off = np.abs(given - ordered_mw) - assessment.tolerance_share * awarded_mw
        answered = (ordered_mw <= 0.0) | (off <= ROUNDING_MW)
    fined = np.where(answered, missing, awarded_mw)
    return SettledBlocks(payment, assessment.penalty_factor * price_myen_per_mw * fined, answered)


def _read_product(rules: Law, name: str, day: date) -> BalancingProduct:
    terms = rules.measure(f"{RULE}{name}").terms(day)
    cap = terms.get("price_cap_yen_per_kw")
    return BalancingProduct(
        name=name,
        response_seconds=float(terms["response_seconds"]),
        duration_hours=float(terms["duration_minutes"]) / MINUTES_PER_HOUR,
        block_hours=float(terms["block_minutes"]) / MINUTES_PER_HOUR,
        least_bid_mw=float(terms["least_bid_mw"]),
        bid_step_mw=float(terms["bid_step_mw"]),
        price_cap_myen_per_mw=None if cap is None else float(cap) * KW_PER_MW / YEN_PER_MYEN,
    )
