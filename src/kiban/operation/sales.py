"""To whom an offer is sold, and what a year of it earns: the capacity market, or a product of the balancing market."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.operation.balancing import Assessment, BalancingProduct, settle_blocks
from kiban.operation.call_offers import ClassOffer
from kiban.operation.course import Course
from kiban.operation.flexibility import LEAST_MW, Flexibility, Product, met_in
from kiban.operation.reserve import Reserve

CAPACITY: Final = "capacity"
KNOWN_DAYS_BEFORE: Final = 2
"""A bid is handed in the day before: the newest day that is over then lies so many days before the day of delivery."""
PAST_DAYS: Final = 28
"""A bid rests on so many days: weather and load a season ago say little of tomorrow."""
LEAST_DAYS: Final = 10
"""With fewer days nothing is bid: nine of ten are not known then."""


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
    """The blocks of a year, each bid from what was there at its time of the day on the days that were over by then.

    What then is missing on a day is fined. Blocks are accepted by chance, so that so large a share of payments and
    penalties counts.
    """
    conditions = course.conditions
    ready = reserve.within(product.response_seconds)
    price = product.cap(price_myen_per_mw)
    minutes = conditions.time.hour.to_numpy() * 60 + conditions.time.minute.to_numpy()
    bids = bid_from_past(ready, minutes, product, price, assessment, delivery_share)
    blocks = conditions.step_hours / product.block_hours
    settled = settle_blocks(bids, ready, price, assessment)
    yearly = acceptance_share * blocks * HOURS_PER_YEAR / (conditions.steps * conditions.step_hours)
    payment, penalty = yearly * float(settled.payment_myen.sum()), yearly * float(settled.penalty_myen.sum())
    return Sale(
        product=product.name,
        mean_mw=float(bids.mean()),
        most_mw=float(bids.max()),
        blocks_share=float(np.mean(bids > 0.0)),
        price_myen_per_mw_year=acceptance_share
        * (price - assessment.fee_myen_per_mw)
        * HOURS_PER_YEAR
        / product.block_hours,
        payment_myen_per_year=payment,
        penalty_myen_per_year=penalty,
        value_myen_per_year=payment - penalty,
    )


def bid_from_past(
    ready_mw: Array,
    minutes: npt.NDArray[np.int64],
    product: BalancingProduct,
    price_myen_per_mw: float,
    assessment: Assessment,
    delivery_share: float,
) -> Array:
    """What is bid for each step, `(steps,)` MW; `minutes` are those of its time of the day.

    It is what was there at that time on so large a share of the last days that were over when the bid was handed in,
    where that would have paid on those days: nothing of the day itself is known, nor of the day before it.
    """
    bids = np.zeros(ready_mw.size)
    for time in np.unique(minutes):
        steps = np.flatnonzero(minutes == time)
        for day in range(LEAST_DAYS + KNOWN_DAYS_BEFORE - 1, steps.size):
            end = day - KNOWN_DAYS_BEFORE + 1
            past = ready_mw[steps[max(end - PAST_DAYS, 0) : end]]
            wanted = product.bid(np.array(met_in(delivery_share, past)))
            if settle_blocks(np.full(past.size, wanted), past, price_myen_per_mw, assessment).net_myen > 0.0:
                bids[steps[day]] = wanted
    return bids
