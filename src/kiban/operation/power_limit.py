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
