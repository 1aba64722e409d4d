"""What a campus's schedulers may draw, for how long, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

REASONS = ("window", "call", "merit", "last_plan", "override")
Reason = Literal["window", "call", "merit", "last_plan", "override"]


@dataclass(frozen=True)
class PowerLimit:
    """A limit of IT power from `begins` until `expires`, both with their time zone; it ends by itself.

    `firm_mw` is never taken away; `flexible_mw` is what compute that can wait may draw beside it.
    `number` is that of the decision in the journal, `reason` what decided: the window's optimum, a call for
    demand response, the merit rule, the last valid plan or a person's override.
    """

    number: int
    begins: datetime
    expires: datetime
    firm_mw: float
    flexible_mw: float
    reason: Reason
    cap_share: float = 1.0
    """Cap of the accelerators of jobs that can wait, as a share of their full power; 1 is none."""
    jobs_mw: float | None = None
    """Jobs that fit into `flexible_mw` under the cap, in MW of what they take without it; None where there is none."""

    @property
    def admitted_mw(self) -> float:
        """What schedulers may let run of jobs that can wait, by what these take without a cap."""
        return self.flexible_mw if self.jobs_mw is None else self.jobs_mw
