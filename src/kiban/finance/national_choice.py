"""Which sites a national study takes under a policy, and how large they are: searched wide, kept, and refined.

A package moves a site only if that pays more than the gap of the search: while the sites without it are as good within
the gap, they are kept. The sizes of the sites that are taken are then found to a tenth of the gap, and where further
demand is offered along a curve, what is served of it (`national_demand`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from kiban.errors import KibanError, SolverError
from kiban.finance.national_demand import Curve, follow_curves
from kiban.messages import Message
from kiban.national.result.common_cost import common_cost
from kiban.national.result.design import chosen_sites
from kiban.national.result.explanation import explain_infeasible
from kiban.national.result.plan import NationalPlan
from kiban.national.search.cut_pool import CutPool
from kiban.national.search.cutting_planes import search
from kiban.national.search.incumbent import Incumbent
from kiban.national.study.candidates import Candidate, Exclusion
from kiban.national.study.problem import NationalProblem
from kiban.national.study.site_programme import SITE_TOLERANCE
from kiban.national.study.variants import only, without_offers
from kiban.progress import Report, say_nothing
from kiban.scenario.national import NationalScenario

SIZE_GAP_SHARE = 0.1
"""Part of the study's gap to which the sizes of chosen sites are found."""
LEAST_GAP_SHARE = 0.25
"""What is left of the gap at least where steps of demand leave something out."""
CLOSER_ROUNDS = 20
"""Most rounds of a search that only makes known better what is served: where they do not do, it stays as it is."""
ACCURACY_SHARE = 0.1
"""How accurately sites are solved, as a share of a gap that is finer than their own accuracy."""


class NationalInfeasibleError(KibanError):
    """The study has no plan; `plan` explains why."""

    def __init__(self, plan: NationalPlan) -> None:
        super().__init__("no national plan satisfies the limits of the study")
        self.plan = plan


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """A plan of a problem with only its sites, and the lower bound over all candidates, million yen a year.

    `known_mw` is by curve of demand the range that holds what is served, given the sites.
    """

    problem: NationalProblem
    found: Incumbent
    bound_myen: float
    known_mw: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class SiteChoice:
    """A study whose sites are chosen under one policy after the other, with what was solved before at hand."""

    study: NationalScenario
    candidates: tuple[Candidate, ...]
    excluded: tuple[Exclusion, ...]
    memory: CutPool
    tell: Report

    def choose(self, problem: NationalProblem, anchor: Collection[str] | None, curves: Sequence[Curve] = ()) -> Chosen:
        """The plan of a problem, whose last tranches are steps of the curves.

        The sites of `anchor` are kept where no plan is better by more than the gap.
        """
        # On the curve a plan may cost less than its steps say, by as much as they leave out.
        missing = sum(curve.missing_myen(curve.points()) for curve in curves)
        chosen = self._choose(problem, anchor, missing)
        if not curves:
            return chosen
        followed = follow_curves(
            without_offers(chosen.problem, len(self.study.tranche)),
            curves,
            chosen.found,
            self.memory,
            self.refine,
            SIZE_GAP_SHARE * self.study.national.gap,
        )
        bound = min(chosen.bound_myen - missing, followed.found.cost_myen)
        return Chosen(followed.problem, followed.found, bound, followed.known_mw)

    def _choose(self, problem: NationalProblem, anchor: Collection[str] | None, missing_myen: float) -> Chosen:
        gap, rounds = self.study.national.gap, self.study.national.max_rounds
        wide = search(problem, self.memory, gap=gap, max_rounds=rounds, report=self.tell)
        movable = self.study.national.movable_gap
        if wide is not None and wide.excess <= 0 and movable is not None:
            # The same gap once more, on the part that siting can move: what is known is kept.
            gap = movable * max(wide.cost_myen - common_cost(problem), 0.0) / max(wide.cost_myen, 1.0)
            if wide.relative_gap > gap:
                wide = search(problem, self.memory, gap=gap, max_rounds=rounds, report=self.tell)
        if wide is not None and wide.excess <= 0 and missing_myen > 0:
            # Closer by what steps leave out, so that the plan on the curve is within the gap.
            gap = max(gap - missing_myen / max(wide.cost_myen, 1.0), LEAST_GAP_SHARE * gap)
            if wide.relative_gap > gap:
                wide = search(problem, self.memory, gap=gap, max_rounds=rounds, report=self.tell)
        if wide is None or wide.excess > 0:
            relaxations = explain_infeasible(problem, self.memory, wide, self.tell)
            raise NationalInfeasibleError(
                NationalPlan("infeasible", self.study, self.candidates, self.excluded, relaxations=relaxations)
            )
        sites = chosen_sites(problem, wide)
        if anchor is not None:
            held = tuple(number for number, candidate in enumerate(self.candidates) if candidate.id in anchor)
            kept = only(problem, held)
            found = self.refine(kept)
            if found is not None and found.cost_myen - wide.bound_myen <= gap * max(1.0, abs(found.cost_myen)):
                return Chosen(kept, found, wide.bound_myen)
        kept = only(problem, sites)
        found = self.refine(kept)
        if found is None or found.cost_myen > wide.cost_myen:
            return Chosen(problem, wide, wide.bound_myen)
        return Chosen(kept, found, wide.bound_myen)

    def refine(self, problem: NationalProblem, gap: float | None = None) -> Incumbent | None:
        """The plan of a problem with few sites, to a part of the study's gap or to a gap; None where there is none."""
        self.tell(Message("progress.national_sizes"))
        close = SIZE_GAP_SHARE * self.study.national.gap if gap is None else gap
        most = self.study.national.max_rounds
        rounds = most if gap is None else min(most, CLOSER_ROUNDS)
        accuracy = min(SITE_TOLERANCE, ACCURACY_SHARE * close)
        try:
            found = search(problem, self.memory, gap=close, max_rounds=rounds, report=say_nothing, accuracy=accuracy)
        except SolverError:
            return None
        return None if found is None or found.excess > 0 else found
