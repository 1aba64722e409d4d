"""A national plan with limits of people and goods beside one without: what is short, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass

from kiban.national.result.annual_limits import LimitUse
from kiban.national.result.plan import NationalPlan
from kiban.scenario.national import BuildLimit

COUNTED_MW = 1.0
"""A load that differs by less is the same."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Load of a site, or served of a tranche, MW by phase: without the limits and with them."""

    id: str
    free_mw: tuple[float, ...]
    limited_mw: tuple[float, ...]

    @property
    def most_mw(self) -> float:
        """Largest difference in any phase."""
        return max(abs(one - other) for one, other in zip(self.free_mw, self.limited_mw, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Shortage:
    """Two plans of one study; `limited` may be infeasible, and then explains itself."""

    limits: tuple[BuildLimit, ...]
    free: NationalPlan
    limited: NationalPlan

    @property
    def more_myen(self) -> float:
        """What the limits cost a year, million yen; at least 0, up to the gaps of both plans."""
        return max(self.limited.net_cost_myen - self.free.net_cost_myen, 0.0)

    @property
    def gap_myen(self) -> float:
        """How far that may be wrong: both plans cost as much as this more than the least."""
        return sum(max(plan.net_cost_myen - plan.bound_myen, 0.0) for plan in (self.free, self.limited))

    @property
    def binding(self) -> tuple[LimitUse, ...]:
        """The limits that have a price, the dearest first."""
        priced = [use for use in self.limited.limits if use.price_myen > 0]
        return tuple(sorted(priced, key=lambda use: -use.price_myen))

    @property
    def sites(self) -> tuple[Moved, ...]:
        """Sites whose load moves, by phase, the largest move first."""
        before = {site.candidate.id: site.phase_load_mw for site in self.free.sites}
        after = {site.candidate.id: site.phase_load_mw for site in self.limited.sites}
        nothing = (0.0,) * len(self.free.study.years)
        moved = [Moved(name, before.get(name, nothing), after.get(name, nothing)) for name in {**before, **after}]
        return tuple(sorted((one for one in moved if one.most_mw > COUNTED_MW), key=lambda one: -one.most_mw))

    @property
    def delayed(self) -> tuple[Moved, ...]:
        """Tranches of which another load is served in some phase."""
        found = [
            Moved(name, before, self.limited.served_mw[name])
            for name, before in self.free.served_mw.items()
            if name in self.limited.served_mw
        ]
        return tuple(one for one in found if one.most_mw > COUNTED_MW)
