"""The Newton system of the staircase kernel written out as one dense matrix: what every system is held against.

Hourly variables and border columns are one vector `v`, hourly rows and total rows one set of equations:

    minimise c' v + f(v)   with   M v = b,   v >= 0 where `floor`,   v - G v + r = w where `bounded`

with curves f of a few border columns, whose slopes are unknowns `s`, equal to f' at an optimum.
"""

from dataclasses import dataclass, fields

import numpy as np
from scipy.linalg import lu_factor, lu_solve

from kiban.linear.kernel.capacities import REFINE_ABOVE
from kiban.linear.kernel.system import AFFINE, CENTRE, LEAST_SLACK, MAX_REFINEMENTS, PROXIMAL, SOFT, SOFT_FREE


@dataclass
class Vectors:
    """A point or a direction: values, prices of lower bounds, rooms, prices of upper bounds, of rows, slopes."""

    v: np.ndarray
    z: np.ndarray
    r: np.ndarray
    u: np.ndarray
    prices: np.ndarray
    s: np.ndarray

    @property
    def parts(self):
        return tuple(getattr(self, f.name) for f in fields(self))

    def plus(self, other, primal=1.0, dual=1.0):
        shares = {"v": primal, "r": primal, "z": dual, "u": dual, "prices": dual, "s": dual}
        return Vectors(*(getattr(self, f.name) + shares[f.name] * getattr(other, f.name) for f in fields(self)))


class DenseNewton:
    """The programme of a scaled form with every hour written out: variable by variable, row by row."""

    def __init__(self, form):
        steps, width, height = form.steps, len(form.columns), len(form.rows)
        self.steps, self.hourly, self.hourly_rows = steps, width * steps, height * steps
        n, m = self.hourly + len(form.border), self.hourly_rows + len(form.totals)
        hour = np.arange(steps)
        before = hour - 1 + form.block_steps * (hour % form.block_steps == 0)
        self.matrix, self.shift = np.zeros((m, n)), np.zeros((n, n))
        for r, row in enumerate(form.rows):
            for v, value in row.terms.items():
                self.matrix[r * steps + hour, v * steps + hour] += value
            for v, value in row.lagged.items():
                self.matrix[r * steps + hour, v * steps + before] += value
            for k, value in row.capacities.items():
                self.matrix[r * steps + hour, self.hourly + k] += value
        for q, total in enumerate(form.totals):
            for v, value in total.terms.items():
                self.matrix[self.hourly_rows + q, v * steps + hour] += value
            for k, value in total.capacities.items():
                self.matrix[self.hourly_rows + q, self.hourly + k] += value
        for v, column in enumerate(form.columns):
            if column.capacity >= 0:
                self.shift[v * steps + hour, self.hourly + column.capacity] = column.factor
        parts = [*form.columns, *form.border]
        sizes = [steps] * width + [1] * len(form.border)

        def all_of(name):
            values = [np.broadcast_to(getattr(part, name), size) for part, size in zip(parts, sizes, strict=True)]
            return np.concatenate([*values, []])

        scale = all_of("scale")
        row_scale = np.repeat([row.scale for row in form.rows], steps)
        row_scale = np.concatenate([row_scale, [total.scale for total in form.totals]])
        self.matrix *= row_scale[:, None] * scale
        self.shift *= scale / scale[:, None]
        right = np.concatenate([*(row.right for row in form.rows), [total.right for total in form.totals]])
        self.right, self.cost = right * row_scale / form.right_scale, all_of("cost") * scale / form.cost_scale
        self.floor, self.bounded = all_of("free") == 0, np.isfinite(all_of("width"))
        self.width = np.where(self.bounded, all_of("width"), 0.0) / scale / form.right_scale
        self.shift[~self.bounded] = 0.0
        fixed = np.concatenate([*(column.fixed for column in form.columns), np.zeros(len(form.border))]) > 0
        loose = ~self.floor & ~self.bounded & ~fixed
        # An hourly variable without a bound in some hour is held in all hours.
        loose[: self.hourly] = np.repeat(loose[: self.hourly].reshape(width, steps).any(axis=1), steps)
        self.soft = np.where(loose, SOFT_FREE, SOFT)
        self.curves = {self.hourly + k: border.curve for k, border in enumerate(form.border) if border.curve}
        unit, origin = all_of("sign") * scale * form.right_scale, all_of("origin")
        self.unit, self.origin, self.objective = unit, origin, form.cost_scale * form.right_scale
        self.curved, self.falling = (np.zeros(n, dtype=bool) for _ in range(2))
        self.curved[list(self.curves)] = True
        self.falling[[k for k, curve in self.curves.items() if curve.exponent < 0.0]] = True
        self.there = None
        self.proximal = np.where(np.arange(m) < self.hourly_rows, PROXIMAL, 0.0)

    def linearise(self, at):
        """How slopes follow values, and what they lack: Newton on rising slopes, on logarithms of falling ones."""
        turn, lack = np.zeros(self.cost.size), np.zeros(self.cost.size)
        for n, curve in self.curves.items():
            x, unit, s = self.origin[n] + self.unit[n] * at.v[n], self.unit[n], at.s[n]
            slope = curve.price * ((x - curve.origin) / curve.at) ** curve.exponent * unit / self.objective
            if curve.exponent > 0.0:
                turn[n], lack[n] = curve.exponent * slope * unit / (x - curve.origin), slope - s
            else:
                turn[n], lack[n] = curve.exponent * s * unit / (x - curve.origin), s * np.log(slope / s)
        return turn, lack

    def equations(self, at, weight=1.0):
        """The matrix of a direction's equations; `weight` 0 leaves the proximal terms out."""
        eye, none = np.eye(self.cost.size), np.zeros((self.cost.size, self.cost.size))
        bounds, rest, soft, proximal = eye - self.shift, np.zeros(self.matrix.T.shape), self.soft, self.proximal
        return np.block(
            [
                [self.matrix, rest.T, rest.T, rest.T, weight * np.diag(proximal), rest.T],
                [-weight * np.diag(soft), eye, none, -bounds.T, self.matrix.T, -eye],
                [np.diag(at.z), np.diag(at.v), none, none, rest, none],
                [bounds, none, eye, none, rest, none],
                [none, none, np.diag(at.u), np.diag(at.r), rest, none],
                [-np.diag(self.linearise(at)[0]), none, none, none, rest, eye],
            ]
        )

    def go(self, at):
        """Factorise the equations of a point, unless they are: several right-hand sides are asked of each."""
        if self.there is not None and all(np.array_equal(a, b) for a, b in zip(self.there, at.parts, strict=True)):
            return
        every, every_row = np.ones(self.cost.size, dtype=bool), np.ones(self.right.size, dtype=bool)
        self.kept_rows = np.concatenate([every_row, every, self.floor, self.bounded, self.bounded, self.curved])
        self.columns = np.concatenate([every, self.floor, self.bounded, self.bounded, every_row, self.curved])
        held = self.equations(at)[np.ix_(self.kept_rows, self.columns)]
        self.factors, self.free = lu_factor(held), self.equations(at, 0.0)
        self.there = tuple(part.copy() for part in at.parts)

    def solve_equations(self, right):
        """The solution with no price and no room where there is no bound."""
        found = np.zeros(right.size)
        found[self.columns] = lu_solve(self.factors, right[self.kept_rows])
        return found

    def open_parts(self, at, keep=1.0, rights=1.0, costs=1.0):
        """What a point leaves open: rows, prices, upper bounds."""
        bounds = rights * self.width - keep * (at.v - self.shift @ at.v + at.r)
        paid = self.matrix.T @ at.prices + at.z - at.u + self.shift.T @ at.u
        open_prices = costs * (self.cost + at.s) - keep * paid
        return rights * self.right - keep * self.matrix @ at.v, open_prices, self.bounded * bounds

    def solve(self, side, at, so_far):
        """The direction after a right-hand side."""
        if side.mode == AFFINE:
            rows, prices, bounds = self.open_parts(at, side.keep, side.rights, side.costs)
            floors, rooms, so_far = -side.keep * at.v * at.z, -side.keep * at.r * at.u, so_far.plus(so_far, -1.0, -1.0)
        else:
            rows, prices, bounds = np.zeros_like(self.right), np.zeros_like(self.cost), np.zeros_like(self.cost)
            floors, rooms = wish(side, at.v, at.z, so_far.v, so_far.z), wish(side, at.r, at.u, so_far.r, so_far.u)
        # Slopes are brought to their curves with the residuals; corrections and the start's least squares leave them.
        lacking = self.linearise(at)[1] if side.mode == AFFINE and side.keep == 1.0 else np.zeros_like(self.cost)
        right = np.concatenate([rows, prices, floors, bounds, rooms, lacking])
        self.go(at)
        n, m = self.cost.size, self.right.size
        border = np.zeros(right.size, dtype=bool)
        border[self.hourly_rows : m] = border[m + self.hourly : m + n] = True
        sizes = (1.0 + np.abs(np.concatenate([self.right, self.cost + at.s])))[border[: m + n]]
        found = self.solve_equations(right)
        for _ in range(MAX_REFINEMENTS):
            left = np.where(border, right - self.free @ found, 0.0)
            if (np.abs(left[border]) / sizes).max(initial=0.0) <= REFINE_ABOVE:
                break
            found += self.solve_equations(left)
        return so_far.plus(Vectors(*np.split(found, np.cumsum([n, n, n, n, m]))))

    def measure(self, at):
        """Primal and dual objective, worst open row or bound, worst open price, sum of products."""
        rows, prices, bounds = self.open_parts(at)
        # Those of the border are measured against their own size.
        size = np.where(np.arange(rows.size) < self.hourly_rows, 1.0, 1.0 + np.abs(self.right))
        price = np.where(np.arange(prices.size) < self.hourly, 1.0, 1.0 + np.abs(self.cost + at.s))
        worst = max(np.abs(rows / size).max(initial=0.0), np.abs(bounds).max(initial=0.0))
        primal, dual = self.cost @ at.v, self.right @ at.prices - self.width @ at.u
        for n, curve in self.curves.items():
            primal += curve.value(self.origin[n] + self.unit[n] * at.v[n]) / self.objective
            slope = at.s[n] * self.objective / self.unit[n]
            dual += (slope * self.origin[n] - curve.conjugate(slope)) / self.objective
        return primal, dual, worst, np.abs(prices / price).max(initial=0.0), at.v @ at.z + at.r @ at.u

    def largest_steps(self, at, move):
        """Primal and dual step to the boundary, and how products change with each step and with both."""
        pairs = [(at.v, move.v, self.floor), (at.r, move.r, self.bounded)]
        prices = [(at.z, move.z, self.floor), (at.u, move.u, self.bounded), (at.s, move.s, self.falling)]
        primal, dual = (
            1.0 / max(*((-moves[on] / values[on]).max(initial=0.0) for values, moves, on in part), 1e-30)
            for part in (pairs, prices)
        )
        fall, rise = move.v @ at.z + move.r @ at.u, at.v @ move.z + at.r @ move.u
        return primal, dual, fall, rise, move.v @ move.z + move.r @ move.u

    def steps_but_for(self, at, move, hours):
        """Primal and dual step to the boundary, when so many hours need not be able to take it."""
        rooms, falls = (at.r, move.r, self.bounded), (at.s, move.s, self.falling)
        values, prices = (at.v, move.v, self.floor), (at.z, move.z, self.floor)
        found = []
        for pairs in ([values, rooms], [prices, (at.u, move.u, self.bounded), falls]):
            ratios = np.zeros(self.cost.size)
            for level, moves, on in pairs:
                ratios[on] = np.maximum(ratios[on], -moves[on] / level[on])
            by_hour = ratios[: self.hourly].reshape(-1, self.steps).max(axis=0)
            ranked = sorted(by_hour, reverse=True)
            found.append(1.0 / max(ranked[min(hours, self.steps - 1)], ratios[self.hourly :].max(initial=0.0), 1e-30))
        return tuple(found)

    def advance(self, at, move, primal, dual, least=LEAST_SLACK):
        """The point after a step; of each hourly room, bounded value and price a least share is left."""
        there = at.plus(move, primal, dual)
        hourly = np.arange(self.cost.size) < self.hourly
        for name, on in (("v", self.floor), ("r", self.bounded), ("z", self.floor), ("u", self.bounded)):
            old, new = getattr(at, name), getattr(there, name)
            setattr(there, name, np.where(hourly & on, np.maximum(new, least * old), new))
        return there


def wish(side, value, price, move, turn):
    """By how much products are to change: Mehrotra's centring, or Gondzio's band around the target."""
    if side.mode == CENTRE:
        return side.target - np.minimum(np.abs(move * turn), side.band[1]) * np.sign(move * turn)
    product = (value + side.trial[0] * move) * (price + side.trial[1] * turn)
    low, high = (side.target * edge for edge in side.band)
    nearest = np.where(product < low, low, np.where(product > high, high, product))
    return np.minimum(np.maximum(nearest - product, -high), high)
