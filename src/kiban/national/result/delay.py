"""What a late connection changes: the plan's largest site without its grid in the study's year."""

from __future__ import annotations

from dataclasses import replace

from kiban.catalogue import Catalogue
from kiban.national.result.comparison import grown_most, site_loads
from kiban.national.result.plan import Delay
from kiban.national.search.cut_pool import CutPool
from kiban.national.search.cutting_planes import search
from kiban.national.search.incumbent import Incumbent
from kiban.national.study.problem import NationalProblem, Subproblem
from kiban.national.study.site_cases import prepare_sites
from kiban.national.study.site_model import list_classes
from kiban.progress import say_nothing


def find_delay(problem: NationalProblem, pool: CutPool, incumbent: Incumbent, catalogue: Catalogue) -> Delay | None:
    """The plan with the largest connected site connected a year too late; None where no year is planned for."""
    study = problem.study
    year = study.national.year
    if study.phases is not None or year is None:
        return None
    before = site_loads(problem, incumbent.choice)
    connected = [number for number, place in enumerate(problem.places) if place.candidate.connection_year <= year]
    if not connected:
        return None
    leading = max(connected, key=lambda number: (before[number], -number))
    candidate = replace(problem.places[leading].candidate, connection_year=float(year + 1))
    (case,) = prepare_sites(study, [candidate], catalogue, list_classes(study.tranche), waits=lambda _: True, year=year)
    assert case.waiting is not None
    late = Subproblem(case.waiting, 1.0, (0,), connected=False)
    blocks = tuple(replace(block, subproblems=(late,)) if block.site == leading else block for block in problem.blocks)
    places = tuple(
        replace(place, candidate=candidate) if number == leading else place
        for number, place in enumerate(problem.places)
    )
    then = search(
        replace(problem, blocks=blocks, places=places),
        pool,
        gap=study.national.gap,
        max_rounds=study.national.max_rounds,
        report=say_nothing,
    )
    if then is None:
        return None
    loads = site_loads(problem, then.choice)
    return Delay(
        site=candidate.id,
        year=year,
        load_mw=float(loads[leading]),
        more_myen=max(then.cost_myen - incumbent.cost_myen, 0.0),
        instead=grown_most(problem, before, loads),
    )
