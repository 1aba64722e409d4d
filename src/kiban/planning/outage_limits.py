"""Why no design survives an outage, and the largest share and the longest outage that one does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from kiban.linear import solve
from kiban.messages import Message
from kiban.planning.outages import OutageGuard
from kiban.planning.plan import Change, Infeasibility, Relaxation
from kiban.planning.price_response import bill_of
from kiban.planning.programme import write_programme
from kiban.planning.resources import OutageResource, Resources
from kiban.progress import Report

SHARES: Final = 100
"""Steps into which the share is divided where the largest is looked for."""


def explain_outage(resources: Resources, report: Report) -> Infeasibility | None:
    """The explanation where a design exists without the outage; None where it is not the outage that is at fault.

    What is offered has been solved: the largest share of the load in whole per cent, and the longest outage in hours.
    """
    outage = resources.outage
    if outage is None or solve(write_programme(replace(resources, outage=None))).certificate is None:
        return None

    def carry_less(number: int) -> OutageResource:
        return replace(outage, share=outage.share * number / SHARES)

    def last_shorter(number: int) -> OutageResource:
        return replace(outage, hours=float(number))

    found = []
    tried: tuple[tuple[str, str, float, int, Callable[[int], OutageResource]], ...] = (
        ("outage.share", "share", outage.share, SHARES, carry_less),
        ("outage.hours", "h", outage.hours, round(outage.hours), last_shorter),
    )
    for key, unit, now, most, change in tried:
        report(Message("progress.relaxation", key=key))
        least_cost = _find_most(resources, most, change)
        if least_cost is not None:
            number, cost = least_cost
            changed = change(number)
            needed = changed.share if unit == "share" else changed.hours
            found.append(Relaxation((Change(key, now, needed, unit),), cost))
    found.sort(key=lambda relaxation: relaxation.cost_myen_per_year)
    return Infeasibility(("outage.hours", "outage.share"), (), 0.0, tuple(found))


def _find_most(resources: Resources, most: int, change: Callable[[int], OutageResource]) -> tuple[int, float] | None:
    """The largest number below `most` whose outage is survived, and the cost of the plan; None where even 1 is not."""

    def cost_of(number: int) -> float | None:
        changed = replace(resources, outage=change(number))
        solution = OutageGuard(changed).solve(write_programme(changed))
        return None if solution.certificate is None else bill_of(changed, solution)

    low, cost, high = 0, None, most
    while high - low > 1:
        middle = (low + high) // 2
        found = cost_of(middle)
        if found is None:
            high = middle
        else:
            low, cost = middle, found
    return None if cost is None else (low, cost)
