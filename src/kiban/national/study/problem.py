"""The national problem in numbers: blocks at sites, demand by tranche, and what the whole plan must keep.

A block is what is built at one site in one phase. Before its connection it runs on temporary supply, afterwards on
its own design; each of the two is a subproblem, the programme of a site. Costs of phases are averaged with weights
that sum to 1 (discounted years), so that the objective is million yen a year.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.national.study.build_limits import AnnualLimit
from kiban.national.study.candidates import Candidate
from kiban.national.study.hazard import HazardCost
from kiban.national.study.site_model import SiteModel
from kiban.scenario.national import NationalScenario, Tranche


@dataclass(frozen=True, slots=True, eq=False)
class Subproblem:
    """One programme of a block: its model, its weight in the objective, and the phases in which it holds."""

    model: SiteModel
    weight: float
    phases: tuple[int, ...]
    connected: bool


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What can be built at one site in one phase.

    `cost_myen_per_mw` is the yearly cost of each MW beside the subproblems (hazard, land), `weight` the
    share of time in which the block stands, `gain` the work of one of its MW in MW of the first year's chips.
    """

    site: int
    phase: int
    subproblems: tuple[Subproblem, ...]
    weight: float
    cost_myen_per_mw: float
    gain: float


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A candidate in the problem, with what its hazard and its land cost per MW of IT a year."""

    candidate: Candidate
    cooling_system: str
    hazards: tuple[HazardCost, ...]
    land_myen_per_mw: float

    @property
    def cost_myen_per_mw(self) -> float:
        """Hazard with the cheapest protection, and land."""
        return self.hazards[0].total_myen + self.land_myen_per_mw


@dataclass(frozen=True, slots=True)
class AreaLimit:
    """Connection in one grid area, MW; more at a yearly cost per MW."""

    headroom_mw: float
    reinforcement_mw: float
    reinforcement_myen_per_mw: float


@dataclass(frozen=True, slots=True)
class SharedLimit:
    """A supply option that several sites share, MW."""

    id: str
    supply: str
    sites: tuple[int, ...]
    max_mw: float


@dataclass(frozen=True, slots=True)
class Link:
    """An interconnector between two grid areas, MW free for new flows in each phase; more at a yearly cost per MW.

    `converts` says that its two ends have different frequencies.
    """

    id: str
    from_area: str
    to_area: str
    forward_mw: tuple[float, ...]
    reverse_mw: tuple[float, ...]
    converts: bool
    expansion_mw: float
    expansion_myen_per_mw: float


@dataclass(frozen=True, slots=True)
class Network:
    """What each area can spare at its peak for new load, MW, and the interconnectors that carry it to others."""

    spare_mw: dict[str, float]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True, eq=False)
class NationalProblem:
    """Everything that the choice of sites depends on.

    `demand_mw` has shape (tranches, phases); `phase_weights` sums to 1; `latency_ms` and `serves` have
    shape (sites, tranches); `class_of` gives the load class of each tranche.
    """

    study: NationalScenario
    tranches: tuple[Tranche, ...]
    class_of: tuple[int, ...]
    places: tuple[Place, ...]
    blocks: tuple[Block, ...]
    areas: dict[str, AreaLimit]
    shared: tuple[SharedLimit, ...]
    demand_mw: Array
    phase_weights: Array
    latency_ms: Array
    serves: Array
    budget_myen: float
    carbon_cap_t: float
    max_area_share: float
    max_sites: int | None
    network: Network | None = None
    annual_limits: tuple[AnnualLimit, ...] = ()
    built_in: tuple[int | None, ...] = ()
    """By tranche, the phase whose blocks alone may serve it; those of all phases where it is None or not said."""

    @property
    def phases(self) -> int:
        """Number of phases."""
        return int(self.demand_mw.shape[1])

    @property
    def classes(self) -> int:
        """Number of load classes."""
        return max(self.class_of) + 1

    def subproblems(self) -> Iterator[tuple[int, int, Subproblem]]:
        """Every subproblem with the numbers of its block and of itself there."""
        for number, block in enumerate(self.blocks):
            for which, subproblem in enumerate(block.subproblems):
                yield number, which, subproblem

    def may_serve(self, block: Block, tranche: int) -> bool:
        """Whether a block may serve a tranche: near enough, and built in its phase."""
        phase = self.built_in[tranche] if self.built_in else None
        return bool(self.serves[block.site, tranche]) and phase in (None, block.phase)

    def tranche_cost(self, block: Block, tranche: int) -> float:
        """Yearly cost of a MW of a tranche in a block beside the subproblems, million yen, less what its buyer pays."""
        terms = self.tranches[tranche]
        cost = block.cost_myen_per_mw + terms.latency_cost_myen_per_mw_ms * self.latency_ms[block.site, tranche]
        return block.weight * float(cost) - self._income(block, tranche)

    def income_per_mw(self, block: int, tranche: int) -> float:
        """What the buyer of a tranche pays for each MW in a block, million yen a year; 0 where it must be served."""
        return self._income(self.blocks[block], tranche)

    def _income(self, block: Block, tranche: int) -> float:
        terms = self.tranches[tranche]
        return 0.0 if terms.must_serve else block.weight * block.gain * (terms.price_myen_per_mw_year or 0.0)

    def largest_mw(self, block: Block) -> float:
        """Most IT load of a block."""
        return self.places[block.site].candidate.max_mw

    def name_of(self, block: Block) -> str:
        """Name of a block: its site, and where there are phases the year in which it is built."""
        site = self.places[block.site].candidate.id
        return site if self.phases == 1 else f"{site} {self.study.years[block.phase]}"

    def years_after_first(self, block: Block) -> int:
        """Years from the first phase to the phase of a block."""
        first, own = self.study.years[0], self.study.years[block.phase]
        return 0 if first is None or own is None else own - first

    def need_per_mw(self, limit: AnnualLimit, block: Block, year: int) -> float:
        """Units of an annual limit that each MW of a block takes in a year."""
        stands_from = self.study.years[block.phase]
        return 0.0 if stands_from is None else limit.need_per_mw(block.site, stands_from, year)

    def waiting_years(self, block: Block) -> int:
        """Years from the phase of a block to the phase in which its connection is ready.

        None where it is ready at once, and none where it never is: then what it waits on is what it is.
        """
        if len(block.subproblems) < 2:
            return 0
        ready = self.study.years[block.subproblems[-1].phases[0]]
        own = self.study.years[block.phase]
        assert ready is not None and own is not None
        return ready - own

    def draws_in(self, block: Block, phase: int) -> bool:
        """Whether a block draws on the grid of its area in a phase."""
        return any(subproblem.connected and phase in subproblem.phases for subproblem in block.subproblems)

    def area_of(self, block: Block) -> str:
        """The grid area of a block."""
        return self.places[block.site].candidate.area

    def most_shared_mw(self, block: Block, supply: str) -> float:
        """Most of a limited supply option that a block may have alone."""
        limits = (limit.max_mw for limit in self.shared if limit.supply == supply and block.site in limit.sites)
        return min(limits, default=0.0)

    def connection_needed_mw(self, block: Block) -> float:
        """A connection that no optimum of the block exceeds by design: several times its load."""
        return 10.0 * self.largest_mw(block)


def linking_values(
    subproblem: Subproblem, load_mw: Array, connection_mw: float, shared_mw: Array, carbon_t: float
) -> Array:
    """The linking variables z: load by class, connection (0 before it is ready), shared limits, carbon allowance."""
    carbon = [carbon_t] if subproblem.model.has_carbon else []
    return np.concatenate([load_mw, [connection_mw if subproblem.connected else 0.0], shared_mw, carbon])
