"""The national plan: the frozen result of a study, made from the best choice that was found.

Money is million yen a year, averaged over the phases with their weights; power is in MW, energy in MWh
a year. The cost of the plan is the sum of the costs of its sites and of the reinforcement; the bounds are
on the net cost, from which the income of optional tranches is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from kiban.catalogue import Catalogue
from kiban.messages import Message
from kiban.national.result.annual_limits import LimitUse
from kiban.national.result.price_answer import PriceAnswer
from kiban.national.search.incumbent import SERVED_MW, Incumbent, fixed_cost
from kiban.national.search.subproblem import Point
from kiban.national.study.candidates import Candidate, Exclusion
from kiban.national.study.hazard import HazardCost
from kiban.national.study.problem import NationalProblem
from kiban.planning.one_way import TwoWay
from kiban.scenario.national import NationalScenario
from kiban.scenario.plausibility import note_doubts


@dataclass(frozen=True, slots=True)
class SitePlan:
    """What is built at one site.

    `load_mw` is by tranche in the last phase, `phase_load_mw` the whole load by phase. `capacities`
    and `energy_mwh` are those of the connected design in the last phase (of the temporary one where the
    connection never comes). `costs` are by group: compute, power, hazard, land, site, latency.
    `without_myen` is what the plan would cost more without the site at most (None: there is no plan without it),
    `without_least_myen` at least; `instead` are the sites that would grow most.
    """

    candidate: Candidate
    cooling_system: str
    load_mw: Mapping[str, float]
    phase_load_mw: tuple[float, ...]
    waits: bool
    capacities: Mapping[str, float]
    energy_mwh: Mapping[str, float]
    clean_share: float
    emissions_t: float
    connection_mw: float
    floor_import_mwh: float
    hazard: HazardCost
    costs: Mapping[str, float]
    power_cost_myen_per_mwh: float
    without_myen: float | None = None
    without_least_myen: float = 0.0
    instead: tuple[str, ...] = ()

    @property
    def total_mw(self) -> float:
        """IT load in the last phase."""
        return sum(self.load_mw.values())

    @property
    def cost_myen(self) -> float:
        """Yearly cost of the site."""
        return sum(self.costs.values())


@dataclass(frozen=True, slots=True)
class AreaPlan:
    """One grid area: its limit, what the plan uses, and the energy at the floor price.

    `curtailed_mwh` is what the area's sun and wind are held back a year, None where it is not known.
    """

    area: str
    load_mw: float
    headroom_mw: float
    connection_mw: float
    reinforcement_mw: float
    floor_import_mwh: float
    curtailed_mwh: float | None


@dataclass(frozen=True, slots=True)
class NearOptimum:
    """The plan furthest from the best one within a share of the cost that sites can move; what it drops and adds."""

    share: float
    cost_myen: float
    load_mw: Mapping[str, float]
    dropped: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """What would bring a site in that is not chosen: support per MW of IT and year at a load."""

    site: str
    load_mw: float
    support_myen_per_mw: float


@dataclass(frozen=True, slots=True)
class Delay:
    """The plan if the connection of one site comes after the study's year: its load then, and the cost.

    `more_myen` is what the plan costs more, up to the gap; `instead` the sites that grow most.
    """

    site: str
    year: int
    load_mw: float
    more_myen: float
    instead: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relaxation:
    """One limit that, moved alone from `current` to `needed`, makes the study feasible."""

    key: str
    current: float
    needed: float
    unit: str


@dataclass(frozen=True, slots=True)
class Turnover:
    """Sites that a change drops from the plan and brings into it."""

    dropped: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlipPoint:
    """The factor on an assumption at which the leading site is no longer chosen; None within the range searched.

    `at_low` and `at_high` say which sites come and go at the ends of the range, None where there is no plan.
    """

    assumption: str
    site: str
    lower: float | None
    upper: float | None
    instead: tuple[str, ...]
    at_low: Turnover | None = None
    at_high: Turnover | None = None


@dataclass(frozen=True, slots=True)
class Robustness:
    """How often each site is chosen over joint draws of the assumptions, and the spread of the cost.

    `chosen` and `mean_mw` are by site; `cost_myen` holds the 5th, 50th and 95th percentile.
    """

    draws: int
    ranges: Mapping[str, tuple[float, float]]
    chosen: Mapping[str, float]
    mean_mw: Mapping[str, float]
    cost_myen: tuple[float, float, float]
    flips: tuple[FlipPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkFlow:
    """One interconnector at the peak, MW: positive flows go from its beginning to its end.

    `limit_mw` is what is free in the direction of the flow with what is added; `phase_flow_mw` the flow by phase.
    `worth_myen_per_mw` is what one more free MW in both directions would save a year; 0 where there is room.
    """

    id: str
    from_area: str
    to_area: str
    converts_frequency: bool
    forward_mw: float
    reverse_mw: float
    flow_mw: float
    phase_flow_mw: tuple[float, ...]
    limit_mw: float
    used_share: float
    binding: bool
    expansion_mw: float
    worth_myen_per_mw: float


@dataclass(frozen=True, slots=True)
class AreaBalance:
    """One grid area at the peak, MW, and its hours at the floor price.

    `draw_mw` is the whole connection of its sites, `spare_supply_mw` what the area can spare; the one is at most the
    other with imports less exports. `worth_myen_per_mw` is what one more MW of spare supply would save a year.
    `floor_hours` are hours a year at the floor price (None without an exchange price), `absorbed_mwh` is the most that
    the plan may use of what the area holds back of its sun and wind.
    """

    area: str
    frequency_hz: float
    draw_mw: float
    spare_supply_mw: float
    import_mw: float
    export_mw: float
    worth_myen_per_mw: float
    floor_hours: float | None
    floor_import_mwh: float
    curtailed_mwh: float | None
    absorbed_mwh: float | None


@dataclass(frozen=True, slots=True)
class AreaFlows:
    """All areas and interconnectors of a plan in its last phase; `expansion_myen` is the yearly cost of additions."""

    areas: tuple[AreaBalance, ...]
    links: tuple[LinkFlow, ...]
    expansion_myen: float


@dataclass(frozen=True, slots=True, eq=False)
class NationalPlan:
    """The least-cost national plan with its bounds, or the explanation why there is none."""

    status: Literal["optimal", "infeasible"]
    study: NationalScenario
    candidates: tuple[Candidate, ...]
    excluded: tuple[Exclusion, ...]
    sites: tuple[SitePlan, ...] = ()
    areas: tuple[AreaPlan, ...] = ()
    flows: AreaFlows | None = None
    """What the grid areas and interconnectors carry at the peak; None where the study leaves them out."""
    served_mw: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    net_cost_myen: float = 0.0
    bound_myen: float = 0.0
    reinforcement_myen: float = 0.0
    income_myen: float = 0.0
    common_myen: float = 0.0
    """What servers for the demand cost wherever the sites are; no plan pays less for them."""
    rounds: int = 0
    solves: int = 0
    near_optima: tuple[NearOptimum, ...] = ()
    entries: tuple[Entry, ...] = ()
    delay: Delay | None = None
    robustness: Robustness | None = None
    relaxations: tuple[Relaxation, ...] = ()
    late_supply: Mapping[str, float] = field(default_factory=dict)
    """Supply that cannot run in the first year planned for, with the first year in which it can."""
    price_answer: PriceAnswer | None = None
    """What prices that answer change; None where the study takes them as given."""
    one_way: TwoWay | None = None
    """What flows in one direction cost; None where the linear programmes of the sites keep to it by themselves."""

    limits: tuple[LimitUse, ...] = ()
    """What it takes of people and goods in each year, and what more of them would save."""

    @property
    def notes(self) -> tuple[Message, ...]:
        """What must be said of the study's own numbers."""
        return note_doubts(self.study)

    @property
    def cost_myen(self) -> float:
        """Yearly cost before what buyers of optional tranches pay, million yen."""
        return self.net_cost_myen + self.income_myen

    @property
    def movable_myen(self) -> float:
        """The part of the net cost that the choice of sites can move, million yen a year."""
        return self.net_cost_myen - self.common_myen

    @property
    def movable_gap(self) -> float:
        """Distance of the bounds over the part of the cost that the choice of sites can move."""
        return (self.net_cost_myen - self.bound_myen) / max(1.0, abs(self.movable_myen))

    @property
    def relative_gap(self) -> float:
        """Distance of the bounds on the net cost over the net cost."""
        return (self.net_cost_myen - self.bound_myen) / max(1.0, abs(self.net_cost_myen))


def make_sites(problem: NationalProblem, incumbent: Incumbent) -> tuple[SitePlan, ...]:
    """What is built at each site that serves load, the largest first."""
    sites = []
    for number, place in enumerate(problem.places):
        own = [
            b for b, block in enumerate(problem.blocks) if block.site == number and incumbent.choice.load_mw[b].any()
        ]
        if own and float(incumbent.choice.load_mw[own].sum()) > SERVED_MW:
            sites.append(_make_site(problem, incumbent, number, own, place.candidate))
    return tuple(sorted(sites, key=lambda site: (-site.total_mw, site.candidate.id)))


def _make_site(
    problem: NationalProblem, incumbent: Incumbent, number: int, own: list[int], candidate: Candidate
) -> SitePlan:
    place, choice = problem.places[number], incumbent.choice
    load = choice.load_mw[own].sum(axis=0)
    by_phase = [
        float(sum(choice.load_mw[b].sum() for b in own if problem.blocks[b].phase <= phase))
        for phase in range(problem.phases)
    ]
    # The design that stands in the end, block by block.
    last: list[Point] = [incumbent.points[b, len(problem.blocks[b].subproblems) - 1] for b in own]
    waits = any(not subproblem.connected for b in own for subproblem in problem.blocks[b].subproblems)
    costs = dict.fromkeys(("compute", "power", "hazard", "land", "site", "latency"), 0.0)
    for b in own:
        block, mw = problem.blocks[b], float(choice.load_mw[b].sum())
        costs["hazard"] += block.weight * mw * place.hazards[0].total_myen
        costs["land"] += block.weight * mw * place.land_myen_per_mw
        for tranche, terms in enumerate(problem.tranches):
            delay = problem.latency_ms[number, tranche] * terms.latency_cost_myen_per_mw_ms
            costs["latency"] += block.weight * delay * float(choice.load_mw[b, tranche])
        for which, subproblem in enumerate(block.subproblems):
            point = incumbent.points[b, which]
            compute = sum(cost for item, cost in point.costs.items() if item.startswith("it_"))
            costs["compute"] += subproblem.weight * compute
            costs["power"] += subproblem.weight * (point.cost_myen - compute)
    costs["site"] = candidate.fixed_cost_myen_per_year * float(choice.open[number] @ problem.phase_weights)
    energy = sum(point.indicators["load_mwh_per_year"] for point in last)
    clean = sum(point.indicators["clean_share"] * point.indicators["load_mwh_per_year"] for point in last)
    power = sum(point.indicators["power_cost_myen_per_year"] for point in last)
    return SitePlan(
        candidate=candidate,
        cooling_system=place.cooling_system,
        load_mw={
            tranche.id: float(load[index]) for index, tranche in enumerate(problem.tranches) if load[index] > SERVED_MW
        },
        phase_load_mw=tuple(by_phase),
        waits=waits,
        capacities=_add(point.capacities for point in last),
        energy_mwh=_add(point.energy_mwh for point in last),
        clean_share=clean / energy,
        emissions_t=sum(point.indicators["emissions_t_per_year"] for point in last),
        connection_mw=sum(point.capacities.get("interconnection", 0.0) for point in last),
        floor_import_mwh=sum(point.floor_import_mwh for point in last),
        hazard=place.hazards[0],
        costs=costs,
        power_cost_myen_per_mwh=power / energy,
    )


def _add(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total.get(name, 0.0) + value
    return total


def make_areas(
    problem: NationalProblem, incumbent: Incumbent, sites: tuple[SitePlan, ...], catalogue: Catalogue
) -> tuple[AreaPlan, ...]:
    """Every area with a candidate, in the order of the candidates."""
    areas = []
    for area, limit in problem.areas.items():
        own = [site for site in sites if site.candidate.area == area]
        areas.append(
            AreaPlan(
                area=area,
                load_mw=sum(site.total_mw for site in own),
                headroom_mw=limit.headroom_mw,
                connection_mw=sum(site.connection_mw for site in own),
                reinforcement_mw=incumbent.choice.reinforcement_mw.get(area, 0.0),
                floor_import_mwh=sum(site.floor_import_mwh for site in own),
                curtailed_mwh=_curtailed(area, catalogue),
            )
        )
    return tuple(areas)


def _curtailed(area: str, catalogue: Catalogue) -> float | None:
    """Energy of sun and wind that the area holds back a year: its rate over what its sun delivers."""
    row = f"grid.{area}.curtailment_share"
    if row not in catalogue:
        return None
    rate = catalogue.value(row)
    delivered = catalogue.value(f"grid.{area}.solar_share") * catalogue.value(f"grid.{area}.yearly_demand")
    return delivered * rate / (1.0 - rate)


def reinforcement_cost(problem: NationalProblem, incumbent: Incumbent) -> float:
    """Yearly cost of what the plan adds to connections of areas and to interconnectors, million yen."""
    cost = sum(
        problem.areas[area].reinforcement_myen_per_mw * mw for area, mw in incumbent.choice.reinforcement_mw.items()
    )
    links = problem.network.links if problem.network is not None else ()
    return cost + sum(link.expansion_myen_per_mw * incumbent.choice.expansion_mw.get(link.id, 0.0) for link in links)


def costs_add_up(problem: NationalProblem, incumbent: Incumbent) -> float:
    """The cost of a plan computed from its parts once more, million yen a year."""
    cost = fixed_cost(problem, incumbent.choice)
    cost += sum(
        problem.blocks[b].subproblems[w].weight * sum(p.costs.values()) for (b, w), p in incumbent.points.items()
    )
    return cost + reinforcement_cost(problem, incumbent)


def served(problem: NationalProblem, incumbent: Incumbent) -> dict[str, tuple[float, ...]]:
    """Load served by tranche and phase, in MW of the first year's chips."""
    gains = np.array([block.gain for block in problem.blocks])
    phases = np.array([block.phase for block in problem.blocks])
    return {
        tranche.id: tuple(
            float((incumbent.choice.load_mw[:, index] * gains)[phases <= phase].sum())
            for phase in range(problem.phases)
        )
        for index, tranche in enumerate(problem.tranches)
    }
