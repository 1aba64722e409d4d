"""The least cost as a function of a few rates that enter the costs linearly, bounded everywhere from few solves.

The least cost is a concave function of the costs. A point that is feasible at one rate is feasible at
all: its cost is an upper bound, linear in the rates. The prices of two or more optima mix to prices of
every rate between them (where the weights that mix the rates also mix the costs): by weak duality the
same mixture of their dual objectives is a lower bound. Curved costs, the same at every rate, change none
of it. Rates are solved two at a time, where the bounds are furthest apart, until they agree everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.errors import SolverError
from kiban.linear.solution import Solution
from kiban.linear.solvers import solve
from kiban.linear.staircase import Staircase, curved_worth, with_costs

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart

# Share of the tolerance that a solved rate may use up itself.
OWN_SHARE = 0.1
# Rates that are solved side by side. It is no number of cores: which rates are solved decides what the bounds are.
TOGETHER = 2
# Points on the way to optima that are held, eight megabytes each for a year; a solve starts from one that is this near,
# as a share of the range of the rates: from further away it would take longer than from none.
STARTS_HELD = 24
NEAR_RATES = 0.3


@dataclass(frozen=True, slots=True)
class CostDirection:
    """What one unit of a rate adds to the costs of a programme."""

    capacities: dict[str, float]
    hourly: dict[str, Array]
    constant: float = 0.0


@dataclass(frozen=True, slots=True)
class ParametricCost:
    """Bounds on the least cost at every rate: `lower <= least cost <= upper`.

    `rates` has shape `(points, directions)`; `solved` lists the points at which a programme was
    solved, in order, and `solutions` their optima.
    """

    rates: Array
    lower: Array
    upper: Array
    solved: tuple[int, ...]
    solutions: tuple[Solution, ...]

    @property
    def relative_gap(self) -> Array:
        """Distance of the bounds over `max(1, |upper|)`."""
        return (self.upper - self.lower) / np.maximum(1.0, np.abs(self.upper))


def solve_ray(
    programme: Staircase,
    direction: CostDirection,
    rates: Iterable[float],
    *,
    tolerance: float = 1e-5,
    most_solves: int | None = None,
) -> ParametricCost:
    """The least cost at every rate of `costs + rate * direction`, to a relative `tolerance`."""
    return solve_plane(
        programme,
        [direction],
        np.asarray(list(rates), dtype=np.float64)[:, None],
        tolerance=tolerance,
        most_solves=most_solves,
    )


def solve_plane(
    programme: Staircase,
    directions: Sequence[CostDirection],
    rates: Array,
    *,
    tolerance: float = 1e-5,
    most_solves: int | None = None,
    solver: Callable[[Staircase], Solution] | None = None,
) -> ParametricCost:
    """The least cost at every row of `rates` of `costs + sum_i rates[:, i] * directions[i]`.

    `most_solves` ends the work earlier; `solver` takes the place of the kernel at the accuracy that serves. Raises
    `SolverError` where the programme has no optimum at a rate, and `ValueError` if the shape of `rates` does not fit
    the directions.
    """
    rates = np.asarray(rates, dtype=np.float64)
    if rates.ndim != 2 or rates.shape[1] != len(directions) or not len(rates):
        raise ValueError(f"rates of shape {rates.shape} for {len(directions)} directions")
    starts: list[tuple[int, WarmStart]] = []

    def answer(place: int, start: WarmStart | None) -> Solution:
        at_rate = _move(programme, directions, rates[place])
        if solver is not None:
            return solver(at_rate)
        # To a gap that leaves most of the tolerance to the rates between.
        return solve(at_rate, tolerance=tolerance * OWN_SHARE, warm=start, keep_warm=True, threads=1)

    limit = most_solves or len(rates)
    upper = np.full(len(rates), np.inf)
    lower = np.full(len(rates), -np.inf)
    solved: list[int] = []
    solutions: list[Solution] = []
    duals: list[float] = []
    corners = _corners(rates)
    with ThreadPoolExecutor(TOGETHER) as executor:
        while len(solved) < limit:
            at_corners = len(solved) < len(corners)
            wanted = corners[len(solved) :] if at_corners else _furthest(rates, solved, _gap(lower, upper), tolerance)
            wanted = wanted[: min(TOGETHER, limit - len(solved))]
            if not wanted:
                break
            asked = [
                executor.submit(copy_context().run, answer, place, _nearest(rates, starts, place)) for place in wanted
            ]
            for place, solution in zip(wanted, [one.result() for one in asked], strict=True):
                certificate = solution.certificate
                if certificate is None:
                    raise SolverError(f"no optimum at rates {rates[place].tolist()}: {solution.status}")
                solved.append(place)
                solutions.append(replace(solution, warm=None))
                if solution.warm is not None:
                    starts = [*starts, (place, solution.warm)][-STARTS_HELD:]
                duals.append(certificate.dual)
                upper = np.minimum(upper, _cost_line(programme, directions, solution, rates))
            lower = _mix(rates, rates[solved], np.array(duals), lower)
            lower[solved] = np.maximum(lower[solved], duals)
    return ParametricCost(rates, lower, upper, tuple(solved), tuple(solutions))


def _nearest(rates: Array, starts: Sequence[tuple[int, WarmStart]], place: int) -> WarmStart | None:
    """The warm start that the solve at the nearest rate left behind, if any is near."""
    if not starts:
        return None
    scaled = rates / np.maximum(np.ptp(rates, axis=0), 1e-300)
    apart = [float(np.abs(scaled[other] - scaled[place]).max()) for other, _ in starts]
    return starts[int(np.argmin(apart))][1] if min(apart) <= NEAR_RATES else None


def _furthest(rates: Array, solved: Sequence[int], gap: Array, tolerance: float) -> list[int]:
    """The next rates to solve, where the bounds are furthest apart; none where they agree everywhere.

    What one solve teaches of rates near to it is not known yet when the next one is chosen: a gap counts in proportion
    to the distance from there, up to that of what is solved already.
    """
    scaled = rates / np.maximum(np.ptp(rates, axis=0), 1e-300)
    open_gap = np.where(gap > tolerance, gap, 0.0)
    open_gap[list(solved)] = 0.0
    chosen: list[int] = []
    while len(chosen) < TOGETHER and open_gap.max() > 0.0:
        place = int(np.argmax(open_gap))
        chosen.append(place)
        reach = np.abs(scaled[list(solved)] - scaled[place]).max(axis=1).min()
        with np.errstate(invalid="ignore"):
            away = np.minimum(np.abs(scaled - scaled[place]).max(axis=1) / max(float(reach), 1e-300), 1.0)
            open_gap = np.where(away > 0.0, open_gap * away, 0.0)
    return chosen


def _gap(lower: Array, upper: Array) -> Array:
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(lower), (upper - lower) / np.maximum(1.0, np.abs(upper)), np.inf)


def _corners(rates: Array) -> list[int]:
    """Points whose rates surround all others: the extremes in every combination of signs."""
    size = np.maximum(np.ptp(rates, axis=0), 1e-300)
    scaled = (rates - rates.min(axis=0)) / size
    corners = []
    for signs in np.ndindex(*(2,) * rates.shape[1]):
        weight = np.where(np.array(signs) == 1, 1.0, -1.0)
        corners.append(int(np.argmax(scaled @ weight)))
    return list(dict.fromkeys(corners))


def _move(programme: Staircase, directions: Sequence[CostDirection], rate: Array) -> Staircase:
    capacities: dict[str, float] = {}
    hourly: dict[str, Array] = {}
    constant = programme.constant
    for amount, direction in zip(rate, directions, strict=True):
        constant += float(amount) * direction.constant
        for name, cost in direction.capacities.items():
            capacities[name] = capacities.get(name, programme.capacities[name].cost) + float(amount) * cost
        for name, costs in direction.hourly.items():
            hourly[name] = hourly.get(name, programme.variables[name].cost) + float(amount) * costs
    return with_costs(programme, capacities=capacities, hourly=hourly, constant=constant)


def _cost_line(programme: Staircase, directions: Sequence[CostDirection], solution: Solution, rates: Array) -> Array:
    """What the point of `solution` costs at every rate."""
    base = programme.constant
    base += sum(capacity.cost * solution.capacities[name] for name, capacity in programme.capacities.items())
    base += sum(c.curve.value(solution.capacities[name]) for name, c in programme.capacities.items() if c.curve)
    base += sum(float(v.cost @ solution.hourly[name]) for name, v in programme.variables.items())
    base += curved_worth(programme, solution.hourly)
    slopes = [
        direction.constant
        + sum(cost * solution.capacities[name] for name, cost in direction.capacities.items())
        + sum(float(costs @ solution.hourly[name]) for name, costs in direction.hourly.items())
        for direction in directions
    ]
    line: Array = base + rates @ np.array(slopes)
    return line


def _mix(rates: Array, known: Array, duals: Array, before: Array) -> Array:
    """The largest mixture of known dual objectives at every rate: a small linear programme each."""
    if rates.shape[1] == 1:
        order = np.argsort(known[:, 0], kind="stable")
        line = np.interp(rates[:, 0], known[order, 0], _hull(known[order, 0], duals[order]))
        outside = (rates[:, 0] < known[order[0], 0]) | (rates[:, 0] > known[order[-1], 0])
        return np.where(outside, before, np.maximum(before, line))
    lower = before.copy()
    size = np.maximum(np.ptp(known, axis=0), 1e-300)
    scaled = np.column_stack([(known - known[0]) / size, np.ones(len(known))])
    targets = np.column_stack([(rates - known[0]) / size, np.ones(len(rates))])
    for face in _upper_faces(scaled[:, :-1], duals):
        corners = scaled[face].T
        try:
            weights = np.linalg.solve(corners, targets.T)
        except np.linalg.LinAlgError:
            # Corners in a line surround no rate.
            continue
        inside = (weights >= -1e-12).all(axis=0) & (np.abs(corners @ weights - targets.T).max(axis=0) < 1e-10)
        lower[inside] = np.maximum(lower[inside], (duals[face] @ np.maximum(weights, 0.0))[inside])
    return lower


def _hull(x: Array, y: Array) -> Array:
    """The least concave function above the points, at the points."""
    kept: list[int] = []
    for i in range(len(x)):
        while len(kept) >= 2:
            a, b = kept[-2], kept[-1]
            if (y[b] - y[a]) * (x[i] - x[a]) <= (y[i] - y[a]) * (x[b] - x[a]):
                kept.pop()
            else:
                break
        kept.append(i)
    return np.interp(x, x[kept], y[kept])


def _upper_faces(points: Array, values: Array) -> list[npt.NDArray[np.integer]]:
    """Simplices of the upper hull of `(point, value)`: the numbers of the points of each."""
    from scipy.spatial import ConvexHull, QhullError

    count, dimension = points.shape
    if count <= dimension:
        return []
    spread = max(float(np.ptp(values)), 1e-300)
    lifted = np.column_stack([points, (values - values.min()) / spread])
    # A point far below closes the hull, so that it exists even where all values lie in a plane.
    below = np.concatenate([points.mean(axis=0), [-10.0]])
    try:
        hull = ConvexHull(np.vstack([lifted, below]))
    except QhullError:
        return []
    return [simplex for simplex in hull.simplices if not (simplex == count).any()]
