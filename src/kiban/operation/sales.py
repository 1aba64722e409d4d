"""To whom an offer is sold, and what a year of it earns: the capacity market, or a product of the balancing market."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kiban.calendar import HOURS_PER_YEAR
from kiban.operation.balancing import Assessment, BalancingProduct, settle_blocks
from kiban.operation.call_offers import ClassOffer
from kiban.operation.course import Course
from kiban.operation.flexibility import LEAST_MW, Flexibility, Product, met_in
from kiban.operation.reserve import Reserve

CAPACITY: Final = "capacity"


@dataclass(frozen=True, slots=True)
class Sale:
    """A product, what of it is sold on average over the year, and what it earns after penalties, costs and fees."""

    product: str
    mean_mw: float
    most_mw: float
    blocks_share: float
    """Share of the hours in which something is sold."""
    price_myen_per_mw_year: float
    """What a MW that is sold all year is paid."""
    payment_myen_per_year: float
    penalty_myen_per_year: float
    value_myen_per_year: float


def sell_capacity(flexibility: Flexibility, classes: Sequence[ClassOffer], product: Product) -> Sale:
    """The offer to the capacity market: what windows give up, and classes of compute that earn more than they cost."""
    hours = product.calls_per_year * product.call_hours
    price = product.price_myen_per_mw_year
    paying = [one for one in classes if hours * one.cost_myen_per_mwh < price and one.offered_mw > LEAST_MW]
    more = sum(one.offered_mw for one in paying)
    earned = flexibility.value_myen_per_year
    earned += sum(one.offered_mw * (price - hours * one.cost_myen_per_mwh) for one in paying)
    offered = flexibility.offered_mw + more
    return Sale(
        product=CAPACITY,
        mean_mw=offered,
        most_mw=offered,
        blocks_share=1.0 if offered > 0.0 else 0.0,
        price_myen_per_mw_year=price,
        payment_myen_per_year=offered * price,
        penalty_myen_per_year=0.0,
        value_myen_per_year=earned,
    )


def sell_balancing(
    course: Course,
    reserve: Reserve,
    product: BalancingProduct,
    assessment: Assessment,
    price_myen_per_mw: float,
    acceptance_share: float,
    delivery_share: float,
) -> Sale:
    """The blocks of a year: of each month and hour of the day what is there in so large a share of the days is bid.

    What then is missing on a day is fined. Blocks are accepted by chance, so that so large a share of payments and
    penalties counts. A product whose penalties are more than its payments is not sold.
    """
    conditions = course.conditions
    ready = reserve.within(product.response_seconds)
    price = product.cap(price_myen_per_mw)
    bids = np.zeros(conditions.steps)
    groups = conditions.time.month.to_numpy() * 100 + conditions.time.hour.to_numpy()
    for group in np.unique(groups):
        here = groups == group
        bids[here] = product.bid(np.array(met_in(delivery_share, ready[here])))
    blocks = conditions.step_hours / product.block_hours
    settled = settle_blocks(bids, ready, price, assessment)
    yearly = acceptance_share * blocks * HOURS_PER_YEAR / (conditions.steps * conditions.step_hours)
    payment, penalty = yearly * float(settled.payment_myen.sum()), yearly * float(settled.penalty_myen.sum())
    sold = payment > penalty
    return Sale(
        product=product.name,
        mean_mw=float(bids.mean()) if sold else 0.0,
        most_mw=float(bids.max()) if sold else 0.0,
        blocks_share=float(np.mean(bids > 0.0)) if sold else 0.0,
        price_myen_per_mw_year=acceptance_share
        * (price - assessment.fee_myen_per_mw)
        * HOURS_PER_YEAR
        / product.block_hours,
        payment_myen_per_year=payment if sold else 0.0,
        penalty_myen_per_year=penalty if sold else 0.0,
        value_myen_per_year=payment - penalty if sold else 0.0,
    )
