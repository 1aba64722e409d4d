"""Compute in space: jobs without a latency limit move between the sites of a plan by the hour, and what that saves.

All capacities stay as the plan builds them. The sites' programmes stand side by side in one programme (one optimum),
and in every hour compute may be sent and received:

    sum_s sent[s,t] = sum_s received[s,t]                            what is sent is received in the same hour
    sent[s,t] <= movable firm[s,t] + movable share[s] served[s,t]    what runs there without a latency limit
    sent[s,t], received[s,t] <= limit                                bandwidth of the line over the data of a MWh

What is received counts at its site as what is served there does (PUE, halls, water, clean share), what is sent does
not. Every site keeps its own yearly limits and its own queue. Without moving, the optimum is that of the sites alone,
so that the gain is never below nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR, SECONDS_PER_HOUR
from kiban.catalogue import Catalogue, load_catalogue
from kiban.errors import InputError, Problem, SolverError
from kiban.linear import Staircase, solve
from kiban.linear.staircase import hold_capacities, with_costs
from kiban.messages import Message
from kiban.national.result.plan import NationalPlan, SitePlan
from kiban.national.study.assembly import write_problem
from kiban.national.study.problem import NationalProblem
from kiban.national.study.site_cases import study_catalogue
from kiban.national.study.site_programme import load_resources, write_elastic_programme
from kiban.planning.resources import Resources
from kiban.progress import Report, say_nothing

OPEN_MW: Final = 1e9
ROOM_SHARE: Final = 1e-6
"""Capacities may be larger by it: what a plan shows of them is rounded."""
SERVED: Final = "served"
QUEUE: Final = "backlog_balance"
BITS_PER_BYTE: Final = 8.0
BALANCE: Final = "moved"


@dataclass(frozen=True, slots=True, eq=False)
class SiteCompute:
    """A site with its capacities: its programme, and how much of its compute may move."""

    id: str
    programme: Staircase
    movable_firm_mw: Array
    movable_share: float
    """Of what may wait there and is served."""

    @property
    def takes_part(self) -> bool:
        """Whether compute that may wait is served there, so that more may be."""
        return SERVED in self.programme.variables


@dataclass(frozen=True, slots=True, eq=False)
class Movement:
    """What moves between the sites of a plan and what that saves a year, million yen."""

    plan: NationalPlan
    sites: tuple[str, ...]
    limit_mw: float
    apart_myen: float
    """Operating cost of all sites, each alone."""
    together_myen: float
    received_mw: Mapping[str, Array]
    sent_mw: Mapping[str, Array]
    hours_per_step: float
    """Hours of a year for which a step stands."""

    @property
    def gain_myen(self) -> float:
        """What moving saves a year."""
        return self.apart_myen - self.together_myen

    @property
    def moved_mwh(self) -> float:
        """IT energy that runs elsewhere than at its site, a year."""
        return self.hours_per_step * float(sum((values.sum() for values in self.sent_mw.values()), 0.0))

    def energy_mwh(self, flows: Mapping[str, Array], site: str) -> float:
        """IT energy of one site's flow a year."""
        return self.hours_per_step * float(flows[site].sum()) if site in flows else 0.0


def move_compute(
    plan: NationalPlan, *, bandwidth_gbit_s: float | None = None, report: Report | None = None
) -> Movement:
    """The best movement of compute between the sites of a plan.

    `bandwidth` is that of each site; None takes the catalogue's. Raises `InputError` for a plan without a design or
    with phases, and `SolverError` where there is no optimum.
    """
    tell = report or say_nothing
    study = plan.study
    if plan.status != "optimal":
        raise InputError(Problem("operation.no_design"))
    if study.phases is not None:
        raise InputError(Problem("movement.phases", key="phases"))
    if study.national.price_response != "none":
        raise InputError(Problem("national_study.response_build", key="national.price_response"))
    tell(Message("progress.national_reading"))
    catalogue = study_catalogue(study, load_catalogue())
    problem, _ = write_problem(study, catalogue)
    sites = [_read_site(problem, site) for site in plan.sites]
    limit, cost = find_limit(catalogue, bandwidth_gbit_s), catalogue.value("compute.transfer_cost")
    return move_between(plan, sites, limit, cost, report=tell)


def find_limit(catalogue: Catalogue, bandwidth_gbit_s: float | None) -> float:
    """The compute that a site can send or receive, MW of IT."""
    wide = catalogue.value("compute.transfer_bandwidth") if bandwidth_gbit_s is None else bandwidth_gbit_s
    return wide * SECONDS_PER_HOUR / BITS_PER_BYTE / catalogue.value("compute.transfer_data")


def move_between(
    plan: NationalPlan,
    sites: list[SiteCompute],
    limit_mw: float,
    cost_myen_per_mwh: float,
    *,
    report: Report = say_nothing,
) -> Movement:
    """The optimum of all sites together, and of each alone."""
    apart = 0.0
    for done, site in enumerate(sites, start=1):
        apart += _optimum(site.programme)[0]
        report(Message("progress.moving_alone", done=done, of=len(sites)))
    taking = [site for site in sites if site.takes_part]
    weight = _hours_per_step(sites)
    together = apart
    hourly: dict[str, Array] = {}
    if len(taking) > 1 and limit_mw > 0.0:
        report(Message("progress.moving", sites=len(taking)))
        together, hourly = _optimum(write_together(sites, limit_mw, cost_myen_per_mwh * weight))
    nothing: dict[str, Array] = {}
    received = {site.id: hourly[_named(site, "received")] for site in taking} if hourly else nothing
    sent = {site.id: hourly[_named(site, "sent")] for site in taking} if hourly else nothing
    return Movement(plan, tuple(site.id for site in sites), limit_mw, apart, together, received, sent, weight)


def write_together(sites: list[SiteCompute], limit_mw: float, cost: float) -> Staircase:
    """All sites' programmes side by side, and what moves between them; `cost` is that of a MW in a step."""
    first = sites[0].programme
    whole = Staircase(first.steps, first.block_steps)
    for site in sites:
        _copy(whole, site)
    whole.add_row(BALANCE, equal=0.0)
    for site in sites:
        if not site.takes_part:
            continue
        own, served = site.programme, _named(site, SERVED)
        received, sent = _named(site, "received"), _named(site, "sent")
        paid = own.variables[SERVED].cost
        whole.add_variable(received, cost=paid, upper=limit_mw)
        whole.add_variable(sent, cost=cost - paid, upper=limit_mw)
        for name, row in own.rows.items():
            for term in row.terms:
                if term.variable == SERVED and name != QUEUE:
                    whole.add_term(_named(site, name), received, term.coefficient)
                    whole.add_term(_named(site, name), sent, -term.coefficient)
        for name, total in own.totals.items():
            for variable, coefficient in total.terms:
                if variable == SERVED:
                    whole.add_total_term(_named(site, name), received, coefficient)
                    whole.add_total_term(_named(site, name), sent, -coefficient)
        runs = _named(site, "movable")
        whole.add_row(runs, upper=site.movable_firm_mw)
        whole.add_term(runs, sent)
        whole.add_term(runs, served, -site.movable_share)
        whole.add_term(BALANCE, sent)
        whole.add_term(BALANCE, received, -1.0)
    return whole


def fix_capacities(programme: Staircase, capacities: Mapping[str, float]) -> Staircase:
    """The programme with the capacities of a design, which cost nothing more; what a plan does not show stays free."""
    fixed = with_costs(programme, capacities=dict.fromkeys(programme.capacities, 0.0), curves={})
    built = {}
    for name, capacity in programme.capacities.items():
        value = capacities.get(f"{name}_mw", capacities.get(f"{name}_mwh", capacities.get(name)))
        if value is not None:
            built[name] = value * (1.0 + ROOM_SHARE) + ROOM_SHARE
        elif name.endswith("_excess"):
            fixed.capacities[name] = capacity
    return hold_capacities(fixed, built)


def site_compute(
    name: str, resources: Resources, capacities: Mapping[str, float], movable_firm_mw: Array, movable_mw: Array
) -> SiteCompute:
    """A site of resources with its load, the capacities of its design, and what of its load may move, `(steps,)` MW."""
    programme = fix_capacities(write_elastic_programme(resources), capacities)
    arrivals = float(resources.arrivals_mw.sum())
    share = float(movable_mw.sum()) / arrivals if arrivals > 0.0 else 0.0
    return SiteCompute(name, programme, movable_firm_mw, min(share, 1.0))


def _read_site(problem: NationalProblem, site: SitePlan) -> SiteCompute:
    number = next(n for n, place in enumerate(problem.places) if place.candidate.id == site.candidate.id)
    block = next(block for block in problem.blocks if block.site == number)
    # The design that stands in the end: the connected one, or the temporary one where the connection never comes.
    model = block.subproblems[-1].model
    load, movable = np.zeros(model.classes), np.zeros(model.classes)
    for index, tranche in enumerate(problem.tranches):
        mw = site.load_mw.get(tranche.id, 0.0)
        load[problem.class_of[index]] += mw
        if tranche.max_round_trip_ms is None:
            movable[problem.class_of[index]] += mw
    z = np.full(model.size, OPEN_MW)
    z[: model.classes] = load
    if model.has_carbon:
        z[-1] = site.emissions_t * (1.0 + ROOM_SHARE)
    resources = load_resources(model, z)
    return site_compute(site.candidate.id, resources, site.capacities, movable @ model.firm, movable @ model.arrivals)


def _optimum(programme: Staircase) -> tuple[float, dict[str, Array]]:
    solution = solve(programme)
    if solution.certificate is None:
        raise SolverError(f"the sites together are {solution.status}")
    return solution.certificate.primal, dict(solution.hourly)


def _hours_per_step(sites: list[SiteCompute]) -> float:
    return HOURS_PER_YEAR / sites[0].programme.steps if sites else 1.0


def _named(site: SiteCompute, name: str) -> str:
    return f"{site.id}:{name}"


def _copy(whole: Staircase, site: SiteCompute) -> None:
    """The site's programme within the whole one, under names of its own."""
    own = site.programme
    whole.add_constant(own.constant)
    for name, capacity in own.capacities.items():
        whole.capacities[_named(site, name)] = replace(capacity, name=_named(site, name))
    for name, variable in own.variables.items():
        behind = None if variable.capacity is None else _named(site, variable.capacity)
        whole.variables[_named(site, name)] = replace(variable, name=_named(site, name), capacity=behind)
    for name, row in own.rows.items():
        whole.add_row(_named(site, name), lower=row.lower, upper=row.upper)
        for term in row.terms:
            whole.add_term(
                _named(site, name),
                _named(site, term.variable),
                term.coefficient,
                lagged=term.lagged,
                cyclic=term.cyclic,
            )
        for capacity_name, coefficient in row.capacities:
            whole.add_capacity_term(_named(site, name), _named(site, capacity_name), coefficient)
    for name, total in own.totals.items():
        whole.add_total(_named(site, name), lower=total.lower, upper=total.upper)
        for variable_name, coefficient in total.terms:
            whole.add_total_term(_named(site, name), _named(site, variable_name), coefficient)
        for capacity_name, weight in total.capacities:
            whole.add_capacity_term(_named(site, name), _named(site, capacity_name), weight)
