"""How near a plan can be to given loads without costing more than it may: what must have moved, and what need not."""

from __future__ import annotations

from collections.abc import Mapping

from kiban.national.search.master import Known, write_master
from kiban.national.study.problem import Problem

GAP = 1e-3
SECONDS = 20.0


def least_moved(problem: Problem, known: Known, loads_mw: Mapping[str, float], limit_myen: float) -> float | None:
    """Least load that stands at another site than in `loads_mw` (by site), in any plan that costs at most a limit.

    Sites build mixtures of designs that were evaluated, so that the figure may be too large, never too small a move
    for them. None where no mixture costs so little.
    """
    master = write_master(problem, known, "inner")
    master.model.add_row(master.costs, upper=limit_myen)
    master.model.cost = [0.0] * len(master.model.cost)
    for site, place in enumerate(problem.places):
        columns = [column for (number, _), column in master.loads.items() if problem.blocks[number].site == site]
        more, less = master.model.add_column(0.5), master.model.add_column(0.5)
        terms = [*((column, 1.0) for column in columns), (more, -1.0), (less, 1.0)]
        load = loads_mw.get(place.candidate.id, 0.0)
        master.model.add_row(terms, lower=load, upper=load)
    choice = master.solve(relative_gap=GAP, seconds=SECONDS)
    return None if choice is None else max(float(choice.objective), 0.0)
