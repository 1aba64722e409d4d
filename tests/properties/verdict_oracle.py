"""Judge of verdicts: what a claim says is checked in exact arithmetic on the numbers as they were written.

    optimal      point and prices are a pair: rows and bounds met, prices of the right sign, objectives equal, to the
                 accuracy that answers promise; sums of exact products, rounded once
    infeasible   the ray, in fractions: what it asks of the rows is more than any point of the box can give
    unbounded    the direction, in fractions: it lowers the cost by more than prices of the box can hold; and a point

The box is that of `kiban.linear.enclosure`: a column's own bounds, else those that rows imply (found here again in
fractions), else its reach. What the construction of a programme says of it comes first.
"""

import math
from fractions import Fraction
from functools import partial

import numpy as np

from kiban.linear.enclosure import Enclosure
from kiban.linear.flat import BOUND_PREFIX, flatten
from kiban.linear.kernel.method import solve_kernel
from kiban.linear.staircase import without_costs

ACCEPTED = 1e-7
# What a construction leaves of its own rounding.
LAST_DIGITS = 1e-12
SPLIT = 2.0**27 + 1.0
UNIT = 2.0**-53


def find_fault(specimen, solution):
    """What is wrong with a solution's verdict, or an empty string."""
    programme = specimen.programme
    flat = flatten(programme)
    if solution.status == "optimal":
        if specimen.impossible:
            return "an optimum of a programme that has no point"
        return _fault_of_optimum(specimen, flat, solution)
    if solution.status == "infeasible":
        if specimen.point is not None:
            return "infeasible, though there is a point"
        return "" if solution.ray is not None and proves_infeasible(flat, solution.ray) else "a ray that proves nothing"
    if specimen.point is not None:
        return "unbounded, though prices hold the cost"
    if specimen.impossible:
        return "unbounded, though no point exists"
    if solution.ray is None or not proves_unbounded(flat, solution.ray):
        return "a direction that proves nothing"
    free = solve_kernel(without_costs(programme), threads=1).solution
    if free is None or free.certificate is None:
        return "unbounded, though no point is known"
    return ""


def proves_infeasible(flat, ray):
    """Whether row prices prove, in fractions, that no point of the box meets the rows."""
    if not ray.any():
        return bool((flat.lower > flat.upper).any() or (flat.row_lower > flat.row_upper).any())
    matrix = flat.matrix.tocsr()
    asked, paid = Fraction(0), {}
    for i in np.flatnonzero(ray):
        price = Fraction(ray[i])
        side = flat.row_lower[i] if price > 0 else flat.row_upper[i]
        if not np.isfinite(side):
            return False
        asked += price * Fraction(side)
        for j, coefficient in _read_row(matrix, i):
            paid[j] = paid.get(j, Fraction(0)) + price * coefficient
    lower, upper = _bounds_of(flat)
    if asked > _most(paid, *_within_reach(flat, lower, upper)):
        return True
    rows = [_read_row(matrix, i) for i in range(flat.row_lower.size)]
    return asked > _most(paid, *_within_reach(flat, *_imply(flat, rows, lower, upper)))


def proves_unbounded(flat, direction):
    """Whether a direction proves, in fractions, that no prices within their reach hold the objective."""
    step = [Fraction(value) for value in direction]
    for j in np.flatnonzero(direction):
        if np.isfinite(flat.lower[j] if direction[j] < 0 else flat.upper[j]):
            return False
    gain = sum(Fraction(flat.cost[j]) * step[j] for j in np.flatnonzero(direction))
    reach, matrix = Enclosure(flat).price_reach, flat.matrix.tocsr()
    for i in np.flatnonzero(abs(matrix) @ np.abs(direction)):
        moved = sum((coefficient * step[j] for j, coefficient in _read_row(matrix, i) if step[j]), Fraction(0))
        against = (moved < 0 and np.isfinite(flat.row_lower[i])) or (moved > 0 and np.isfinite(flat.row_upper[i]))
        if against:
            gain += abs(moved) * Fraction(reach[i])
    return gain < 0


def _read_row(matrix, row):
    """Columns and coefficients of a row."""
    places = range(matrix.indptr[row], matrix.indptr[row + 1])
    return [(int(matrix.indices[k]), Fraction(matrix.data[k])) for k in places]


def _bounds_of(flat):
    def known(bounds):
        return [Fraction(value) if np.isfinite(value) else None for value in bounds]

    return known(flat.lower), known(flat.upper)


def _within_reach(flat, lower, upper):
    reach = [Fraction(value) for value in Enclosure(flat).reach]
    low = [-reach[j] if value is None else value for j, value in enumerate(lower)]
    return low, [reach[j] if value is None else value for j, value in enumerate(upper)]


def _most(paid, lower, upper):
    return sum((value * (upper[j] if value > 0 else lower[j]) for j, value in paid.items()), Fraction(0))


def _imply(flat, rows, lower, upper, passes=4):
    """Bounds that rows imply for columns that have none, in fractions."""
    lower, upper = list(lower), list(upper)
    for _ in range(passes):
        below, above = list(lower), list(upper)
        for i, row in enumerate(rows):
            for side, sign in ((flat.row_upper[i], 1), (flat.row_lower[i], -1)):
                if np.isfinite(side):
                    _imply_by_row(row, sign, sign * Fraction(side), (lower, upper), (below, above))
        if below == lower and above == upper:
            break
        lower, upper = below, above
    return lower, upper


def _imply_by_row(row, sign, side, bounds, found):
    """`sign * row <= side`: what the least of all others leaves to each column that has no bound there."""
    lower, upper = bounds
    least = {}
    for j, coefficient in row:
        bound = lower[j] if sign * coefficient > 0 else upper[j]
        least[j] = None if bound is None else sign * coefficient * bound
    unknown = [j for j, value in least.items() if value is None]
    if len(unknown) > 1:
        return
    total = sum((value for value in least.values() if value is not None), Fraction(0))
    for j, coefficient in row:
        if unknown and j != unknown[0]:
            continue
        rising = sign * coefficient > 0
        if (upper if rising else lower)[j] is None:
            bound = (side - total + (least[j] or 0)) / (sign * coefficient)
            into = found[1] if rising else found[0]
            tighter = into[j] is None or (bound < into[j] if rising else bound > into[j])
            into[j] = bound if tighter else into[j]


def _fault_of_optimum(specimen, flat, solution):
    point, prices = name_to_flat(flat, solution)
    usable = np.where(np.isneginf(flat.row_lower), np.minimum(prices, 0.0), prices)
    usable = np.where(np.isposinf(flat.row_upper), np.maximum(usable, 0.0), usable)
    # In plain arithmetic with its error counted; only where that leaves a doubt is every sum taken exactly.
    quick, exact = _bounded_sums(flat, point, usable), partial(_exact_sums, flat, point, usable)
    doubt = _measure_pair(flat, point, *quick, *_quick_objectives(flat, point, usable, *quick[2:]))
    fault = doubt and _measure_pair(flat, point, *exact(), *_exact_objectives(flat, point, usable))
    return fault or _fault_beside_point(specimen, flat, point, usable)


def _quick_objectives(flat, point, usable, reduced, reduced_error):
    """Primal and dual objective, and by how much the dual one may be off."""
    primal = math.fsum([flat.constant, *_products(flat.cost, point)])
    rows = _bound_products(usable, flat.row_lower, flat.row_upper)
    dual = math.fsum([flat.constant, *rows, *_bound_products(reduced, flat.lower, flat.upper)])
    bounds = np.where(np.isfinite(flat.lower), np.abs(flat.lower), 0.0)
    bounds = np.maximum(bounds, np.where(np.isfinite(flat.upper), np.abs(flat.upper), 0.0))
    return primal, dual, float(reduced_error @ bounds)


def _exact_objectives(flat, point, usable):
    """The same in fractions: a rounded reduced cost beside a large bound is no proof of a gap."""
    constant, matrix = Fraction(flat.constant), flat.matrix.tocsc()
    primal = constant + sum(Fraction(flat.cost[j]) * Fraction(point[j]) for j in np.flatnonzero(flat.cost))
    dual = constant + sum(
        Fraction(usable[i]) * Fraction(flat.row_lower[i] if usable[i] > 0 else flat.row_upper[i])
        for i in np.flatnonzero(usable)
    )
    for j, cost in enumerate(flat.cost):
        places = range(matrix.indptr[j], matrix.indptr[j + 1])
        paid = sum((Fraction(matrix.data[k]) * Fraction(usable[matrix.indices[k]]) for k in places), Fraction(0))
        reduced = Fraction(cost) - paid
        bound = flat.lower[j] if reduced > 0 else flat.upper[j]
        if np.isfinite(bound):
            dual += reduced * Fraction(bound)
    return float(primal), float(primal) - float(primal - dual), 0.0


def _bounded_sums(flat, point, usable):
    """Activities, reduced costs, and by how much either may be off."""
    magnitudes = abs(flat.matrix)
    counts = np.diff(flat.matrix.tocsr().indptr), np.diff(flat.matrix.indptr)
    activity_error = magnitudes @ np.abs(point) * (counts[0] + 2) * UNIT
    reduced_error = (np.abs(flat.cost) + magnitudes.T @ np.abs(usable)) * (counts[1] + 3) * UNIT
    return flat.matrix @ point, activity_error, flat.cost - flat.matrix.T @ usable, reduced_error


def _exact_sums(flat, point, usable):
    """The same by sums of exact products, rounded once."""
    matrix = flat.matrix.tocsr()
    high, low = _split_products(matrix.data, point[matrix.indices])
    parts = zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)
    activity = np.array([math.fsum([*high[start:end], *low[start:end]]) for start, end in parts])
    high, low = _split_products(-flat.matrix.data, usable[flat.matrix.indices])
    parts = enumerate(zip(flat.matrix.indptr[:-1], flat.matrix.indptr[1:], strict=True))
    reduced = np.array([math.fsum([flat.cost[j], *high[start:end], *low[start:end]]) for j, (start, end) in parts])
    return activity, UNIT * np.abs(activity), reduced, UNIT * np.abs(reduced)


def _measure_pair(flat, point, activity, activity_error, reduced, reduced_error, primal, dual, dual_error):
    """What is wrong with a pair whose activities, reduced costs and objective are known to an error, or ""."""
    size, price = _sizes(flat)
    broken = np.maximum(flat.row_lower - activity, activity - flat.row_upper) + activity_error
    worst = max(broken.max(initial=0.0), np.maximum(flat.lower - point, point - flat.upper).max(initial=0.0))
    if not worst <= ACCEPTED * size:
        return f"a point that breaks a row by {worst:.1e}"
    open_side = np.where(reduced > 0, np.isneginf(flat.lower), np.isposinf(flat.upper))
    unpaid = np.where(open_side, np.abs(reduced) + reduced_error, 0.0).max(initial=0.0)
    if not unpaid <= ACCEPTED * price:
        return f"prices that leave {unpaid:.1e} unpaid"
    if not abs(primal - dual) + dual_error <= ACCEPTED * max(1.0, abs(primal)) * (1.0 + 1e-6):
        return f"objectives {primal!r} and {dual!r} apart"
    return ""


def _fault_beside_point(specimen, flat, point, usable):
    """What is wrong with an optimum beside a point that is known: no point costs less than the dual objective."""
    if specimen.point is None:
        return ""
    known = np.zeros(flat.cost.size)
    for name, value in specimen.point.items():
        known[flat.columns[name]] = value
    worth = _products(flat.cost, known)
    primal, cost = (math.fsum([flat.constant, *_products(flat.cost, values)]) for values in (point, known))
    reduced = flat.cost - flat.matrix.T @ usable
    open_side = np.where(reduced > 0, np.isneginf(flat.lower), np.isposinf(flat.upper))
    # But for what prices leave unpaid, rows that hold to their last digits, and the gap.
    slack = float(np.abs(np.where(open_side, reduced * known, 0.0)).sum()) + ACCEPTED * max(1.0, abs(primal))
    slack += LAST_DIGITS * float(np.abs(worth).sum() + np.abs(usable) @ (abs(flat.matrix) @ np.abs(known)))
    return f"an optimum of {primal!r}, though a point costs {cost!r}" if cost < primal - slack else ""


def name_to_flat(flat, solution):
    """Values and row prices of a solution in the order of the flattened programme."""
    point, prices = np.zeros(flat.cost.size), np.zeros(flat.row_lower.size)
    for name, value in (*solution.capacities.items(), *solution.hourly.items()):
        point[flat.columns[name]] = value
    for name, rows in flat.rows.items():
        if name.startswith(BOUND_PREFIX):
            prices[rows] = solution.bound_prices[name.removeprefix(BOUND_PREFIX)]
        else:
            prices[rows] = solution.row_prices[name] if name in solution.row_prices else solution.total_prices[name]
    return point, prices


def _sizes(flat):
    sides = np.concatenate([flat.row_lower, flat.row_upper])
    return 1.0 + np.abs(sides[np.isfinite(sides)]).max(initial=0.0), 1.0 + np.abs(flat.cost).max(initial=0.0)


def _bound_products(price, lower, upper):
    side = np.where(price > 0.0, lower, upper)
    return _products(price, np.where(np.isfinite(side), side, 0.0))


def _products(first, second):
    """Numbers whose sum is exactly the sum of the products."""
    return np.concatenate(_split_products(first, second))


def _split_products(first, second):
    """Dekker's product: what a product is rounded to, and what that leaves out."""

    def split(value):
        high = SPLIT * value - (SPLIT * value - value)
        return high, value - high

    product = first * second
    (a, b), (c, d) = split(first), split(second)
    return product, ((a * c - product) + a * d + b * c) + b * d
