"""A payment as public finance looks at it: budget, tax, bridge, incidence, and what lies beyond campus and year.

Beyond them are other customers of the network (`large_load`), other places (`leakage`) and other years (`timing`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from kiban.finance.bridge import Step, build_bridge
from kiban.finance.budget import Budget, draw_up_budget
from kiban.finance.chip_market import IncidenceRange, range_incidence
from kiban.finance.kept_by import KeptBy, keep_change
from kiban.finance.large_load import LargeLoadView, weigh_terms
from kiban.finance.leakage import Leakage, measure_leakage
from kiban.finance.national_payment import AnyPayment
from kiban.finance.payment import Payment
from kiban.finance.timing import Timing, time_orders


@dataclass(frozen=True, eq=False)
class PublicViews:
    """Views of the payment of a campus or of a country, each made when it is first asked for."""

    payment: AnyPayment

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


@dataclass(frozen=True, eq=False)
class FiscalViews(PublicViews):
    """The same of one campus, with what lies beyond it."""

    payment: Payment

    @cached_property
    def large_load(self) -> LargeLoadView | None:
        """Who bears works for a load that does not come; None without a connection that has a demand charge."""
        return weigh_terms(self.payment)

    @cached_property
    def leakage(self) -> Leakage | None:
        """What is new to the nation and the world; None where nothing is induced."""
        return measure_leakage(self.payment)

    @cached_property
    def timing(self) -> Timing | None:
        """Orders now, later or never; None where support does not reach who orders."""
        return time_orders(self.payment, self.budget.limits)
