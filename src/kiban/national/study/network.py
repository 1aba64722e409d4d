"""Grid areas and the interconnectors between them: who can supply the new load of whom at the peak.

Every area can spare some supply for new load at its peak. What its sites may draw beyond that must come from other
areas, over interconnectors and within what is free on them (a transport model: flows balance in every area,
losses and loop flows are left out). Sites count with their whole connection, as if all of them drew it in
one hour. Flows cost nothing; only more capacity does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import AREAS, Catalogue
from kiban.errors import SolverError
from kiban.national.search.mixed_integer import MixedInteger, Term
from kiban.national.search.subproblem import Point
from kiban.national.study.problem import Link, Network, Problem
from kiban.policy.annuity import capital_recovery_factor
from kiban.scenario.national import Interconnector, NationalScenario
from kiban.scenario.national_file import interconnector_names

DETOUR = 1e-6
"""What a MW of flow seems to cost where flows are told apart that cost the same: the shortest are shown."""
ROUNDING_MW = 1e-3

Draws = Array
"""Most that the sites of each area draw from its grid, MW, shape (areas, phases)."""


def read_network(study: NationalScenario, catalogue: Catalogue) -> Network | None:
    """The areas and interconnectors of a study; None where it does not ask for them."""
    if not study.network.enabled:
        return None
    spare = {}
    for area in AREAS:
        terms = study.area.get(area)
        own = terms.spare_supply_mw if terms is not None else None
        spare[area] = catalogue.value(f"grid.{area}.spare_supply") if own is None else own
    return Network(spare, () if study.network.islands else tuple(_read_links(study, catalogue)))


def _read_links(study: NationalScenario, catalogue: Catalogue) -> list[Link]:
    own = {terms.id: terms for terms in study.interconnector}
    names = list(dict.fromkeys((*interconnector_names(catalogue), *own)))
    links = [own.get(name, Interconnector(id=name)) for name in names]
    return [_read_link(terms, study, catalogue) for terms in links if terms.enabled]


def _read_link(own: Interconnector, study: NationalScenario, catalogue: Catalogue) -> Link:
    name = own.id
    if own.from_area is not None and own.to_area is not None:
        ends = (own.from_area, own.to_area)
    else:
        first, _, last = name.partition("-")
        ends = (first, last)
    shares = (own.free_share, study.network.free_share, catalogue.value("interconnector.free_share"))
    share = next(value for value in shares if value is not None)
    reverse = (
        own.reverse_mw if own.reverse_mw is not None or name in interconnector_names(catalogue) else own.forward_mw
    )
    capex = own.expansion_capex_myen_per_mw
    if capex is None:
        row = f"interconnector.{name}.expansion_capex"
        capex = catalogue.value(row) if row in catalogue else 0.0
    rate = study.finance.discount_rate
    factor = capital_recovery_factor(
        rate if rate is not None else catalogue.value("finance.discount_rate"), catalogue.value("grid.life")
    )
    return Link(
        id=name,
        from_area=ends[0],
        to_area=ends[1],
        forward_mw=_free(name, "forward", own.forward_mw, share, study, catalogue),
        reverse_mw=_free(name, "reverse", reverse, share, study, catalogue),
        converts=catalogue.value(f"grid.{ends[0]}.frequency") != catalogue.value(f"grid.{ends[1]}.frequency"),
        expansion_mw=own.expansion_mw,
        expansion_myen_per_mw=factor * capex,
    )


def _free(
    name: str, way: str, given: float | None, share: float, study: NationalScenario, catalogue: Catalogue
) -> tuple[float, ...]:
    """Capacity free for new flows by phase: what is there, and what is planned from its year on."""
    if given is not None:
        return (share * given,) * len(study.years)
    today, row = catalogue.value(f"interconnector.{name}.{way}"), f"interconnector.{name}.{way}_planned"
    if row not in catalogue:
        return (share * today,) * len(study.years)
    # What is planned counts from the year of its fact on.
    planned = catalogue.fact(row)
    ready = planned.year or 0
    return tuple(share * (today + planned.value * (year is not None and year >= ready)) for year in study.years)


@dataclass(slots=True)
class _Flows:
    """Columns and rows of the flows in a model: by link, direction and phase."""

    columns: dict[tuple[str, str, int], int]
    expansions: dict[str, int]


def _write_flows(model: MixedInteger, network: Network, phases: int, expansion_mw: dict[str, float] | None) -> _Flows:
    """Flows within what is free, and additions to it (given, or decided where None)."""
    columns: dict[tuple[str, str, int], int] = {}
    expansions: dict[str, int] = {}
    for link in network.links:
        if link.expansion_mw > 0:
            fixed = None if expansion_mw is None else expansion_mw.get(link.id, 0.0)
            expansions[link.id] = model.add_column(
                link.expansion_myen_per_mw, lower=fixed or 0.0, upper=link.expansion_mw if fixed is None else fixed
            )
        for phase in range(phases):
            for way, limits in (("forward", link.forward_mw), ("reverse", link.reverse_mw)):
                column = model.add_column(DETOUR)
                columns[link.id, way, phase] = column
                added = [(expansions[link.id], -1.0)] if link.id in expansions else []
                model.add_row([(column, 1.0), *added], upper=limits[phase])
    return _Flows(columns, expansions)


def net_import(network: Network, columns: dict[tuple[str, str, int], int], area: str, phase: int) -> list[Term]:
    """The terms of what an area gets over its interconnectors less what it gives."""
    terms: list[Term] = []
    for link in network.links:
        sign = (link.to_area == area) * 1.0 - (link.from_area == area) * 1.0
        if sign:
            terms.append((columns[link.id, "forward", phase], sign))
            terms.append((columns[link.id, "reverse", phase], -sign))
    return terms


def draws_of(problem: Problem, connection_mw: Array) -> Draws:
    """Most that the sites of each area of the network draw in each phase, from the connection of each block."""
    assert problem.network is not None
    places = {area: row for row, area in enumerate(problem.network.spare_mw)}
    draws = np.zeros((len(places), problem.phases))
    for number, block in enumerate(problem.blocks):
        for phase in range(problem.phases):
            if problem.draws_in(block, phase):
                draws[places[problem.area_of(block)], phase] += connection_mw[number]
    return draws


def connection_used(problem: Problem, points: dict[tuple[int, int], Point]) -> Array:
    """Connection of each block that its designs use, MW."""
    used = np.zeros(len(problem.blocks))
    for (number, which), point in points.items():
        if problem.blocks[number].functions[which].connected:
            used[number] = max(used[number], float(point.used[problem.classes]))
    return used


def room(
    problem: Problem, connection_mw: Array, left_mw: dict[str, float], expansion_mw: dict[str, float]
) -> dict[str, float]:
    """How much of what is left of each area's headroom the network can supply too, MW."""
    network = problem.network
    if network is None:
        return left_mw
    model, draws = MixedInteger(), draws_of(problem, connection_mw)
    flows = _write_flows(model, network, problem.phases, expansion_mw)
    more = {area: model.add_column(-1.0, upper=max(left, 0.0)) for area, left in left_mw.items()}
    for place, (area, spare) in enumerate(network.spare_mw.items()):
        for phase in range(problem.phases):
            terms = [(column, -sign) for column, sign in net_import(network, flows.columns, area, phase)]
            own = [(more[area], 1.0)] if area in more else []
            model.add_row([*terms, *own], upper=spare - float(draws[place, phase]) + ROUNDING_MW)
    answer = model.solve()
    if answer.status != "optimal":
        return dict.fromkeys(left_mw, 0.0)
    return {area: max(float(answer.values[column]), 0.0) for area, column in more.items()}


@dataclass(frozen=True, slots=True)
class Carried:
    """Flows that supply given draws at least cost, MW: by link and phase (positive from its beginning to its end)."""

    flow_mw: dict[str, tuple[float, ...]]
    expansion_mw: dict[str, float]
    draws_mw: Draws
    cost_myen: float


def carry(problem: Problem, points: dict[tuple[int, int], Point]) -> Carried | None:
    """The flows that supply what the designs draw, with as little added capacity as possible.

    None without a network. The designs come from a choice that the network can supply.
    """
    network = problem.network
    if network is None:
        return None
    draws = draws_of(problem, connection_used(problem, points))
    if not network.links:
        return Carried({}, {}, draws, 0.0)
    model = MixedInteger()
    flows = _write_flows(model, network, problem.phases, None)
    for place, (area, spare) in enumerate(network.spare_mw.items()):
        for phase in range(problem.phases):
            terms = [(column, -sign) for column, sign in net_import(network, flows.columns, area, phase)]
            if terms:
                model.add_row(terms, upper=spare - float(draws[place, phase]) + ROUNDING_MW)
    answer = model.solve()
    if answer.status != "optimal":
        raise SolverError("the grid areas cannot supply what a choice of sites draws, though its master said so")
    values = answer.values
    expansion = {name: float(values[column]) for name, column in flows.expansions.items()}
    expansion = {name: mw for name, mw in expansion.items() if mw > ROUNDING_MW}
    prices = {link.id: link.expansion_myen_per_mw for link in network.links}
    return Carried(
        flow_mw={
            link.id: tuple(
                float(
                    values[flows.columns[link.id, "forward", phase]] - values[flows.columns[link.id, "reverse", phase]]
                )
                for phase in range(problem.phases)
            )
            for link in network.links
        },
        expansion_mw=expansion,
        draws_mw=draws,
        cost_myen=sum(prices[name] * mw for name, mw in expansion.items()),
    )
