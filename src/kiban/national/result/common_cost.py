"""The part of the cost that is the same wherever the sites are: servers for the demand, where they are cheapest.

Servers are some four fifths of what a plan costs, and no choice of sites moves them. A gap of half a per cent of the
whole is several per cent of the rest, and alternatives within one per cent of the whole are nearly all there
are. So plans are compared on the rest: what they cost beyond the least that any plan pays for IT capacity.
"""

from __future__ import annotations

import numpy as np

from kiban.national.search.mixed_integer import MixedInteger
from kiban.national.study.problem import NationalProblem


def common_cost(problem: NationalProblem) -> float:
    """Least yearly cost of IT capacity that serves the demand that must be served, at any sites, million yen.

    IT capacity in each phase is at least the largest hour of the demand of all tranches together, in MW of the first
    year's chips; each phase buys at its cheapest site. No plan pays less, so that the rest is what sites can move.
    """
    model = MixedInteger()
    columns: dict[int, tuple[int, float]] = {}
    for phase in range(problem.phases):
        rates = [_server_cost(problem, number) for number, block in enumerate(problem.blocks) if block.phase == phase]
        if rates:
            gain = max(block.gain for block in problem.blocks if block.phase == phase)
            columns[phase] = (model.add_column(min(rates)), gain)
    if not columns:
        return 0.0
    for phase in range(problem.phases):
        terms = [(column, gain) for bought, (column, gain) in columns.items() if bought <= phase]
        if terms:
            model.add_row(terms, lower=_largest_hour(problem, phase))
    answer = model.solve()
    return answer.objective if answer.status == "optimal" else 0.0


def _server_cost(problem: NationalProblem, number: int) -> float:
    """Yearly cost of a MW of IT capacity in a block over the phases in which it stands, weighted, million yen."""
    return sum(
        subproblem.weight * sum(subproblem.model.resources.it_annual_costs_myen_per_mw.values())
        for subproblem in problem.blocks[number].subproblems
    )


def _largest_hour(problem: NationalProblem, phase: int) -> float:
    """The largest hour of the demand that must be served, MW of the first year's chips."""
    model = problem.blocks[0].subproblems[0].model
    demand = np.zeros(problem.classes)
    for tranche, terms in enumerate(problem.tranches):
        if terms.must_serve:
            demand[problem.class_of[tranche]] += float(problem.demand_mw[tranche, phase])
    return float((demand @ (model.firm + model.arrivals)).max())
