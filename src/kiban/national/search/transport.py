"""Flows between grid areas at the peak: who can supply the new load of whom.

A transport model: flows balance in every area, losses and loop flows are left out. Sites count with their whole
connection, as if all of them drew it in one hour. Flows cost nothing; only more capacity does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.errors import SolverError
from kiban.national.search.mixed_integer import MixedInteger, Term
from kiban.national.search.subproblem import Point
from kiban.national.study.problem import NationalProblem, Network

DETOUR = 1e-6
"""What a MW of flow seems to cost where flows are told apart that cost the same: the shortest are shown."""
PLAY_MW = 1e-3
"""What balances of areas may be short of, so that rounding in a master breaks none."""

Draws = Array
"""Most that the sites of each area draw from its grid, MW, shape (areas, phases)."""


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


def draws_of(problem: NationalProblem, connection_mw: Array) -> Draws:
    """Most that the sites of each area of the network draw in each phase, from the connection of each block."""
    assert problem.network is not None
    places = {area: row for row, area in enumerate(problem.network.spare_mw)}
    draws = np.zeros((len(places), problem.phases))
    for number, block in enumerate(problem.blocks):
        for phase in range(problem.phases):
            if problem.draws_in(block, phase):
                draws[places[problem.area_of(block)], phase] += connection_mw[number]
    return draws


def connection_used(problem: NationalProblem, points: dict[tuple[int, int], Point]) -> Array:
    """Connection of each block that its designs use, MW."""
    used = np.zeros(len(problem.blocks))
    for (number, which), point in points.items():
        if problem.blocks[number].subproblems[which].connected:
            used[number] = max(used[number], float(point.used[problem.classes]))
    return used


def spare_headroom(
    problem: NationalProblem, connection_mw: Array, left_mw: dict[str, float], expansion_mw: dict[str, float]
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
            model.add_row([*terms, *own], upper=spare - float(draws[place, phase]) + PLAY_MW)
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


def carry(problem: NationalProblem, points: dict[tuple[int, int], Point]) -> Carried | None:
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
                model.add_row(terms, upper=spare - float(draws[place, phase]) + PLAY_MW)
    answer = model.solve()
    if answer.status != "optimal":
        raise SolverError("the grid areas cannot supply what a choice of sites draws, though its master said so")
    values = answer.values
    expansion = {name: float(values[column]) for name, column in flows.expansions.items()}
    expansion = {name: mw for name, mw in expansion.items() if mw > PLAY_MW}
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
