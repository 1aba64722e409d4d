"""Further demand of a national study: along a curve of constant elasticity, found as exactly as its bounds allow.

What is new in a phase is a point on a curve `Q = L (p / p0)^-e`, as the load of one campus is (`demand`): at the cost
p0 of a little more of it without the policy, exactly the new load is bought. The programme of the country is linear, so
that it is offered steps of the curve, each at the mean of what the curve counts over it. Where the sites are known,
steps are cut anew around what is served and the gap of the search is drawn in, until a range is narrow that surely
holds what is served: costs of sites are convex, their cuts (subgradients, from duals) lie below them, and the best plan
on the curve costs no more than the one at hand, so that it is among those for which the cuts cost no more than that
(a level set of the bundle method: Lemarechal, Nemirovskii and Nesterov, 1995, Mathematical Programming 69, 111-147).
Sites are solved where the last search ended, most of them not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from kiban.finance.demand import ELASTIC, LEAST_PRICE_SHARE
from kiban.national.search.cut_pool import CutPool
from kiban.national.search.incumbent import Incumbent
from kiban.national.search.master import write_master
from kiban.national.study.problem import NationalProblem
from kiban.national.study.variants import energy_per_mw, offering, with_more
from kiban.planning.falling_price import FallingPrice
from kiban.planning.plan import ServedTranche
from kiban.scenario.national import Tranche

STEPS = 12
"""Steps of a curve, and of the part of it that is cut anew."""
MORE_SHARE = 0.01
"""What is a little more of the load, beyond the gap to which sizes are found."""
MASTER_GAP = 1e-9
FINEST_GAP = 1e-8
"""The accuracy of a site is no better."""
PRICE_GAP = 1e-7
"""To which the cost of a little more is looked for; a hundredth of the load more then has its price to 1e-5."""
CLOSER = 0.1
"""By how much the gap is drawn in each time."""
KNOWN_MW = 0.1
"""Width of the range of what is served that is narrow enough."""
MOST_TIMES_ANEW = 10

SAME_POINT = 1e-9
"""Distance of two ends of steps, as a share of the load, that arithmetic explains."""

Refine = Callable[[NationalProblem, float | None], Incumbent | None]
"""The plan of a problem with few sites to a relative gap, or to the study's; None where it is not found."""
Points = tuple[float, ...]
"""Where the steps of a curve begin and end, MW."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Further demand beside what is new of a tranche in a phase; it is served by what is built in that phase."""

    name: str
    tranche: int
    phase: int
    falling: FallingPrice
    energy_mwh_per_mw: float

    @property
    def most_mw(self) -> float:
        """Where the curve ends: at the least price, or where compute would have to cost nothing."""
        least = max(LEAST_PRICE_SHARE, 1.0 - self.falling.pass_through)
        return float(self.falling.at_mw * (least**-self.falling.elasticity - 1.0))

    def counted_myen(self, served_mw: float) -> float:
        """What the programme counts a year for so much of it."""
        return served_mw * self.falling.counted_myen_per_mwh(served_mw) * self.energy_mwh_per_mw

    def points(self, low_mw: float = 0.0, high_mw: float | None = None) -> Points:
        """Ends of steps: fine between two loads, one below and one above them; equal falls of the price in each."""
        high = self.most_mw if high_mw is None else min(high_mw, self.most_mw)
        ends = (max(low_mw, 0.0), high)
        elasticity, at = self.falling.elasticity, self.falling.at_mw
        dear, cheap = (((at + mw) / at) ** (-1.0 / elasticity) for mw in ends)
        shares = np.linspace(dear, cheap, STEPS + 1)
        fine = at * (shares**-elasticity - 1.0)
        found = {0.0, *(float(mw) for mw in fine), *ends, self.most_mw}
        apart = SAME_POINT * at
        kept: list[float] = []
        for mw in sorted(found):
            if not kept or mw - kept[-1] > apart:
                kept.append(mw)
        return tuple(kept)

    def steps(self, points: Points) -> tuple[tuple[float, float], ...]:
        """MW of each step and what the curve counts for one of them, million yen a year; dearest first."""
        counted = [self.counted_myen(mw) for mw in points]
        widths = [after - before for before, after in pairwise(points)]
        return tuple((width, (counted[n + 1] - counted[n]) / width) for n, width in enumerate(widths))

    def missing_myen(self, points: Points, low_mw: float = 0.0, high_mw: float = np.inf) -> float:
        """By how much steps count less than the curve at most, for loads between two."""
        most, apart = 0.0, SAME_POINT * self.falling.at_mw
        for before, after in pairwise(points):
            if after <= low_mw + apart or before >= high_mw - apart:
                continue
            ends = self.counted_myen(before), self.counted_myen(after)
            for share in np.linspace(0.0, 1.0, 9)[1:-1]:
                line = (1.0 - share) * ends[0] + share * ends[1]
                most = max(most, self.counted_myen((1.0 - share) * before + share * after) - line)
        # The largest of seven points of a parabola is within 1/16 of its height.
        return most * 16.0 / 15.0


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """A plan on the curves: its problem with the steps that were offered last, and how exactly it is known.

    `known_mw` is by curve the range that holds what is served, given the sites; `missing_myen` what the steps count
    less than the curves at most, a year.
    """

    problem: NationalProblem
    found: Incumbent
    known_mw: Mapping[str, tuple[float, float]]
    missing_myen: float


def offer_curves(problem: NationalProblem, curves: Sequence[Curve], points: Sequence[Points]) -> NationalProblem:
    """The problem with the steps of curves on offer."""
    more: list[tuple[int, Tranche]] = []
    for curve, ends in zip(curves, points, strict=True):
        for number, (width, price) in enumerate(curve.steps(ends), start=1):
            changes = {"id": f"{curve.name}_{number}", "must_serve": False, "price_myen_per_mw_year": price}
            more.append((curve.tranche, _further(problem, curve, width, changes)))
    built_in = [curve.phase for curve, ends in zip(curves, points, strict=True) for _ in curve.steps(ends)]
    return offering(problem, more, built_in)


def force_curves(
    problem: NationalProblem, curves: Sequence[Curve], served_mw: Mapping[str, Sequence[float]]
) -> NationalProblem:
    """The problem that must serve so much of each curve."""
    more = [
        (curve.tranche, _further(problem, curve, served_mw[curve.name][-1], {"id": curve.name, "must_serve": True}))
        for curve in curves
    ]
    return offering(problem, more, [curve.phase for curve in curves])


def _further(problem: NationalProblem, curve: Curve, mw: float, changes: Mapping[str, object]) -> Tranche:
    parent = problem.tranches[curve.tranche]
    loads = tuple(mw if phase >= curve.phase else 0.0 for phase in range(problem.phases))
    return parent.model_copy(update={**changes, "it_load_mw": loads, "survival_share": 0.0})


def follow_curves(
    problem: NationalProblem,
    curves: Sequence[Curve],
    first: Incumbent,
    memory: CutPool,
    refine: Refine,
    gap: float,
) -> Followed:
    """The plan of a problem with few sites on its curves; `first` is that on their first steps.

    The steps around what is served are cut anew and the gap is drawn in until what is served is known to `KNOWN_MW`, or
    is not known better.
    """
    points = [curve.points() for curve in curves]
    offered, found = offer_curves(problem, curves, points), first
    known, missing = _ranges(offered, curves, points, found, memory, {})
    for _ in range(MOST_TIMES_ANEW):
        if all(high - low <= KNOWN_MW for low, high in known.values()):
            break
        gap = max(CLOSER * gap, FINEST_GAP)
        points = [curve.points(*known[curve.name]) for curve in curves]
        offered_next = offer_curves(problem, curves, points)
        found_next = refine(offered_next, gap)
        if found_next is None:
            break
        offered, found = offered_next, found_next
        before = known
        known, missing = _ranges(offered, curves, points, found, memory, before)
        known = {name: _within(ends, before[name]) for name, ends in known.items()}
        widths = [(high - low, before[name][1] - before[name][0]) for name, (low, high) in known.items()]
        if gap <= FINEST_GAP and all(now > 0.9 * then for now, then in widths):
            break
    return Followed(offered, found, known, missing)


def _within(ends: tuple[float, float], before: tuple[float, float]) -> tuple[float, float]:
    low, high = max(ends[0], before[0]), min(ends[1], before[1])
    return (low, high) if low <= high else before


def _ranges(
    problem: NationalProblem,
    curves: Sequence[Curve],
    points: Sequence[Points],
    found: Incumbent,
    memory: CutPool,
    before: Mapping[str, tuple[float, float]],
) -> tuple[dict[str, tuple[float, float]], float]:
    """By curve, the range of what may be served of it, and by how much all steps count less than their curves.

    What is known `before` holds: the steps beyond it may be as coarse as they are.
    """
    missing = sum(
        curve.missing_myen(ends, *before.get(curve.name, ())) for curve, ends in zip(curves, points, strict=True)
    )
    ranges = {}
    for curve in curves:
        ends = []
        for sign in (1.0, -1.0):
            master = write_master(problem, memory.points_of(problem), "outer")
            master.model.add_row(master.costs, upper=found.cost_myen + missing)
            master.model.cost = [0.0] * len(master.model.cost)
            for (number, tranche), column in master.loads.items():
                if curve_of(problem.tranches[tranche].id) == curve.name:
                    master.model.cost[column] = sign * problem.blocks[number].gain
            choice = master.solve(relative_gap=MASTER_GAP)
            ends.append(None if choice is None else sign * choice.bound)
        low, high = ends
        ranges[curve.name] = (
            0.0 if low is None else max(low, 0.0),
            curve.most_mw if high is None else min(high, curve.most_mw),
        )
    return ranges, missing


def curve_of(tranche: str) -> str:
    """Name of the curve of which a tranche is a step; that of the tranche itself where it is none."""
    head, _, number = tranche.rpartition("_")
    return head if f"_{ELASTIC}" in head and number.isdigit() else tranche


def by_curve(served_mw: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, ...]]:
    """What is served of each tranche by phase, steps of a curve together."""
    total: dict[str, tuple[float, ...]] = {}
    for name, values in served_mw.items():
        known = total.get(curve_of(name))
        total[curve_of(name)] = (
            tuple(values) if known is None else tuple(a + b for a, b in zip(known, values, strict=True))
        )
    return total


def sold_at_the_load_price(
    tranches: Iterable[ServedTranche], curves: Sequence[Curve], served_mw: Mapping[str, Sequence[float]]
) -> tuple[ServedTranche, ...]:
    """The tranches of a campus, the steps of a curve as one: sold as the load is, and worth its bids to its buyers.

    The bids are those for all that the country serves of the curve, of which the campus has its part.
    """
    known, found = {curve.name: curve for curve in curves}, dict[str, ServedTranche]()
    for one in tranches:
        name = curve_of(one.name)
        curve, other = known.get(name), found.get(name)
        if curve is None:
            found[name] = one
        elif other is None:
            worth = curve.falling.worth_myen_per_mwh(served_mw[name][-1])
            found[name] = replace(one, name=name, offered_mw=curve.most_mw, price_myen_per_mwh=worth, sold_as_load=True)
        else:
            found[name] = replace(
                other,
                served_mw=other.served_mw + one.served_mw,
                it_energy_mwh_per_year=other.it_energy_mwh_per_year + one.it_energy_mwh_per_year,
            )
    return tuple(found.values())


def find_curves(
    problem: NationalProblem, refine: Refine, gap: float, elasticity: float, pass_through: float
) -> tuple[Curve, ...]:
    """The curves of a study at rest: one for what is new of each tranche in each phase, at the cost of a little more.

    `problem` has the sites of the plan without the policy, and only tranches that must be served. None where demand
    does not answer, sees no fall, or where the limits of the study leave no room for more.
    """
    if elasticity <= 0 or pass_through <= 0:
        return ()
    rest = closest_plan(problem, refine, gap)
    if rest is None:
        return ()
    curves = []
    for number, tranche in enumerate(problem.tranches):
        before = 0.0
        for phase, load in enumerate(problem.demand_mw[number]):
            new, before = float(load) - before, max(float(load), before)
            if new <= 0:
                continue
            price = _marginal_price(problem, rest, refine, gap, number, phase, MORE_SHARE * new)
            if price is None:
                continue
            energy = energy_per_mw(problem, number)
            name = f"{tranche.id}_{ELASTIC}" if problem.phases == 1 else f"{tranche.id}_{ELASTIC}{phase + 1}"
            falling = FallingPrice(new, price / energy, elasticity, pass_through)
            curves.append(Curve(name, number, phase, falling, energy))
    return tuple(curves)


def closest_plan(problem: NationalProblem, refine: Refine, gap: float) -> Incumbent | None:
    """The plan of a problem as finely as its search goes, beyond a gap; None where it has none at that gap."""
    found = refine(problem, None)
    while found is not None and gap > PRICE_GAP:
        gap = max(CLOSER * gap, PRICE_GAP)
        finer = refine(problem, gap)
        if finer is None:
            break
        found = finer
    return found


def _marginal_price(
    problem: NationalProblem, before: Incumbent, refine: Refine, gap: float, number: int, phase: int, more_mw: float
) -> float | None:
    """Cost of a little more of a tranche from a phase on, million yen a year and MW of that time; None without room.

    Between the costs of two plans, and between what is proven of them: the mean of both differences.
    """
    after = closest_plan(with_more(problem, number, phase, more_mw), refine, gap)
    if after is None:
        return None
    slope = 0.5 * ((after.cost_myen - before.cost_myen) + (after.bound_myen - before.bound_myen)) / more_mw
    return slope / float(problem.phase_weights[phase:].sum())
