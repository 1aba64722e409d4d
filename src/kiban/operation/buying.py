"""What is bought in an hour: ways in merit order as one stack of segments, with what a new peak costs in their price.

All ways together are limited by the connection, some by the peaks that are paid already; above these a MW costs what
the charge asks for it. The sets of ways that a charge is on lie within each other or apart, so that buying the cheapest
MW next, again and again, is the least cost of any amount (a greedy choice over nested limits; Federgruen and
Groenevelt, Operations Research 34, 1986): the stack is convex, and the hour takes it as any other segments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from kiban.operation.hour import Equipment, Handover, Happened, Measured, SourceLimits, Standing, run_hour

NOTHING_MW = 1e-9
"""Less is no segment."""


class PeakPrice(NamedTuple):
    """A charge on peaks in an hour: places of its ways, and what a MWh above the peak that is paid costs beside it."""

    members: tuple[int, ...]
    price: float


class Segment(NamedTuple):
    """So many MW of a way, at a price."""

    place: int
    most_mw: float
    price: float


def stack_ways(
    limits: Sequence[SourceLimits], peaks: Sequence[PeakPrice], paid_mw: Sequence[float], most_mw: float
) -> list[Segment]:
    """The cheapest MW first, of ways within their limits, up to `most_mw` in all.

    Above `paid_mw` of a charge on peaks each MW costs what that asks for.
    """
    left = [max(one.most_mw, 0.0) for one in limits]
    paid = list(paid_mw)
    found: list[Segment] = []
    while most_mw > NOTHING_MW:
        best: Segment | None = None
        for place, limit in enumerate(limits):
            if left[place] <= NOTHING_MW:
                continue
            amount, price = min(left[place], most_mw), limit.price
            for number, peak in enumerate(peaks):
                if place in peak.members:
                    if paid[number] > NOTHING_MW:
                        amount = min(amount, paid[number])
                    else:
                        price += peak.price
            if best is None or price < best.price:
                best = Segment(place, amount, price)
        if best is None:
            break
        found.append(best)
        left[best.place] -= best.most_mw
        most_mw -= best.most_mw
        for number, peak in enumerate(peaks):
            if best.place in peak.members and paid[number] > NOTHING_MW:
                paid[number] -= best.most_mw
    return found


def run_buying_hour(
    measured: Measured, equipment: Equipment, plan: Handover, standing: Standing, peaks: Sequence[PeakPrice]
) -> Happened:
    """The hour as it happens where power is bought in several ways: these are its first sources.

    `plan.peaks_mw` are the peaks that are paid in the end. All that is drawn is at most `measured.drawn_limit_mw`.
    """
    count = measured.ways
    stack = stack_ways(measured.sources[:count], peaks, plan.peaks_mw, measured.drawn_limit_mw)
    wanted, points = sum(plan.sources_mw[:count]), []
    for segment in stack:
        points.append(min(max(wanted, 0.0), segment.most_mw))
        wanted -= segment.most_mw
    none = (0.0,) * len(stack)
    happened = run_hour(
        replace(
            measured,
            sources=(*(SourceLimits(0.0, one.most_mw, one.price) for one in stack), *measured.sources[count:]),
        ),
        replace(
            equipment,
            ramps_mw=((None,) * len(stack) + equipment.ramps_mw[count:]),
            own=((False,) * len(stack) + equipment.own[count:]),
        ),
        replace(
            plan,
            sources_mw=(*points, *plan.sources_mw[count:]),
            sources_later=none + plan.sources_later[count:],
        ),
        replace(standing, sources_mw=none + standing.sources_mw[count:]),
    )
    bought = [0.0] * count
    for segment, given in zip(stack, happened.sources_mw, strict=False):
        bought[segment.place] += given
    return replace(happened, sources_mw=(*bought, *happened.sources_mw[len(stack) :]))
