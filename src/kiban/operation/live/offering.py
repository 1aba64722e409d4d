"""What the campus could import less in the next hours, if it were called now: the offer to the grid.

The window is solved as it is, and with import in these hours so dear that all is given up for it but compute. By how
much import falls in an hour is what can be offered in it, as `kiban.operation.flexibility` does for a whole year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from kiban.operation.flexibility import BELOW_LOSS, LEAST_MW
from kiban.operation.lane import solve_each

if TYPE_CHECKING:
    from kiban.operation.live.steering import Steering


@dataclass(frozen=True, slots=True)
class Offer:
    """What a campus could import less, in MW, from one time to another."""

    begins: datetime
    ends: datetime
    reduction_mw: float


def offer_now(steering: Steering, now: datetime) -> tuple[Offer, ...]:
    """An offer for each hour of a call that would begin now; none while needed series are missing."""
    campus = steering.campus
    if steering.telemetry.missing(now):
        return ()
    steps = min(campus.call_steps, campus.horizon_steps)
    ahead = steering.look(now)
    standing = steering.standing(ahead.facility)
    surcharge = np.zeros(ahead.steps.shape)
    valuation = steering.pacing.valuation
    usual, _ = solve_each(ahead, valuation, [standing], surcharge)
    surcharge[:, :steps] = BELOW_LOSS * valuation.dropped_myen_per_mwh / float(ahead.pue.max())
    held, _ = solve_each(ahead, valuation, [standing], surcharge)
    length = timedelta(hours=campus.facility.step_hours)
    fallen = (usual - held)[0, :steps]
    return tuple(
        Offer(now + place * length, now + (place + 1) * length, float(mw) if mw > LEAST_MW else 0.0)
        for place, mw in enumerate(fallen)
    )
