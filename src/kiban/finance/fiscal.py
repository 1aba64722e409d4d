"""A payment as public finance looks at it: budget, who keeps the tax, the bridge, and who ends with the support."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from kiban.finance.bridge import Step, build_bridge
from kiban.finance.budget import Budget, draw_up_budget
from kiban.finance.chip_market import IncidenceRange, range_incidence
from kiban.finance.kept_by import KeptBy, keep_change
from kiban.finance.payment import Payment


@dataclass(frozen=True, eq=False)
class FiscalViews:
    """Views of one payment, each made when it is first asked for."""

    payment: Payment

    @cached_property
    def budget(self) -> Budget:
        """Revenue lost and money spent by fiscal year."""
        return draw_up_budget(self.payment)

    @cached_property
    def bridge(self) -> tuple[Step, ...]:
        """From gross support to net cost to who ends with it."""
        return build_bridge(self.payment)

    @cached_property
    def kept_by(self) -> KeptBy | None:
        """Who in Japan keeps what the package changes; None where its rules do not apply."""
        return keep_change(self.payment)

    @cached_property
    def incidence(self) -> IncidenceRange | None:
        """Who ends with the support where chips have a price; None where compute becomes no cheaper."""
        return range_incidence(self.payment)
