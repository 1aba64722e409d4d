"""The operation: the frozen result of RUN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kiban.arrays import Array
from kiban.messages import Message
from kiban.operation.course import CASH
from kiban.operation.expectation import Expectation
from kiban.operation.flexibility import Flexibility
from kiban.operation.imbalance import Imbalance
from kiban.operation.occurrences import Occurrence
from kiban.operation.settlement import Settlement
from kiban.operation.weeks import Weeks
from kiban.planning.provenance import Entry

if TYPE_CHECKING:
    import pandas as pd

    from kiban.planning.plan import Plan

UNSERVED_MWH: Final = 1e-3
"""IT energy below it counts as served."""


@dataclass(frozen=True, slots=True)
class Regret:
    """What an operation costs above perfect foresight, million yen, and what of it comes from where.

    The parts add up: what windows of a few days do not see, what forecasts do not see, what the hour's own balance
    costs where it is not solved again once measured, and what events cost.
    """

    horizon_myen: float
    forecast_myen: float
    hour_myen: float
    events_myen: float

    @property
    def total_myen(self) -> float:
        """The sum of the parts."""
        return self.horizon_myen + self.forecast_myen + self.hour_myen + self.events_myen


@dataclass(frozen=True, slots=True)
class Solving:
    """The windows of the operation: how many, seconds in their solver, and the largest relative gap of a proof."""

    count: int
    seconds: float
    largest_gap: float


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """How a plan ran: hours, costs that add up, and what was lost against perfect foresight.

    Money is million yen over the operated time, at the plan's prices of its yearly limits (`valuation`). `hourly` has
    one array per column over `time`; `unserved_mwh` is IT energy by class of compute.
    """

    plan: Plan
    time: pd.DatetimeIndex
    step_hours: float
    forecast: str
    hour: str
    horizon_hours: float
    hourly: Mapping[str, Array]
    costs: Mapping[str, float]
    perfect_foresight_costs: Mapping[str, float]
    bound_myen: float
    """No operation of these hours costs less."""
    regret: Regret
    unserved_mwh: Mapping[str, float]
    indicators: Mapping[str, float]
    valuation: Mapping[str, float]
    windows: Solving
    provenance: tuple[Entry, ...]
    notes: tuple[Message, ...] = ()
    flexibility: Flexibility | None = None
    """What could be offered to the grid; None where no market is known."""
    settlement: Settlement | None = None
    """What calls were paid and fined, beside the costs; None without calls or market."""
    imbalance: Imbalance | None = None
    """What was drawn other than planned, beside the costs; None without market or plan."""
    dated: bool = False
    """Whether other days than those of the plan were met."""
    occurrences: tuple[Occurrence, ...] = ()
    """The events of a file."""
    units: tuple[str, ...] = ()
    """What events may hit."""
    expectation: Expectation | None = None
    """What was expected of each step; None where it was not asked for."""
    weeks: Weeks | None = None
    """What each week cost; None where it was not asked for."""
    bill: Mapping[str, float] | None = None
    """What power cost by component of the bill, as in the plan's; None where all is bought at one price."""
    planned_bill: Mapping[str, float] | None = None
    """The plan's bill of as many hours."""

    @property
    def sentence(self) -> Message:
        """The answer in one sentence; its text is the English one."""
        lost, first, last = self.total_unserved_mwh, f"{self.time[0]:%Y-%m-%d}", f"{self.time[-1]:%Y-%m-%d}"
        said = Message("operation.served") if lost < UNSERVED_MWH else Message("operation.unserved", energy=lost)
        met = Message("operation.own_days", first=first, last=last) if self.dated else Message("operation.own_year")
        share = self.regret_share(self.regret.total_myen)
        if share is None:
            return Message(
                "operation.answer_free",
                conditions_met=met,
                forecast_name=self.forecast,
                amount_myen=self.cost_myen,
                unserved_said=said,
            )
        return Message(
            "operation.answer",
            conditions_met=met,
            forecast_name=self.forecast,
            amount_myen=self.cost_myen,
            regret_share=share,
            unserved_said=said,
        )

    @property
    def cost_myen(self) -> float:
        """The sum of `costs`."""
        return float(sum(self.costs.values()))

    @property
    def cash_myen(self) -> float:
        """What of it is paid: energy, supply, wear, carbon and water, without the prices of limits."""
        return float(sum(self.costs.get(item, 0.0) for item in CASH))

    @property
    def perfect_foresight_cost_myen(self) -> float:
        """What the same hours cost with perfect foresight."""
        return float(sum(self.perfect_foresight_costs.values()))

    def regret_share(self, myen: float) -> float | None:
        """A part of the regret as a share of the cost with perfect foresight; None where that costs nothing."""
        base = self.perfect_foresight_cost_myen
        return myen / base if base > 0.0 else None

    @property
    def total_unserved_mwh(self) -> float:
        """IT energy that was not served, of all classes."""
        return float(sum(self.unserved_mwh.values()))

    @property
    def clean_share(self) -> float:
        """Hourly matched clean share of the load."""
        return self.indicators["clean_share"]
