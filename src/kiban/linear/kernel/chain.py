"""The normal equations of all hours solved: a circle of small blocks, cut into segments that wait for nobody.

The matrix N couples each hour with the hour before, and each weather year closes into a circle:

        | N_1   L_2'            L_1 |        N_t: the rows of an hour (three or four)
        | L_2   N_2   L_3'          |        L_t: state rows only (battery, backlog)
    N = |       L_3   N_3   ...     |
        |             ...   .   L_T'|
        | L_1'              L_T N_T |

1. *Local rows* meet no other hour: they are eliminated first, in all hours at once. State rows are left.
2. The circle is cut into *segments*. The last hour of each is a *separator* and waits; the hours inside
   are eliminated one after another, all segments side by side. What an inner hour has to do with the
   separator of the segment before, E, is carried along like one more column of the border:

        . . . S | 1 - 2 - 3 - ... - n - S | 1 - 2 - ...
              +---E---E---E--- ... -E

3. The *separators* are a circle again, a short one: it is written down as a dense matrix and factorised.

Each step is a Cholesky factorisation, `N = C C'` with the columns of the border swept along, `C^-1 H`, so that
a solution costs one sweep there (`forward`) and one back (`backward`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.linear.kernel.blocks import NormalEquations
from kiban.linear.kernel.system import PIVOT


def cholesky(matrix: Array, size: Array) -> Array:
    """The lower factor of `(..., n, n)` matrices; `size`, `(..., n)`, are their diagonals before any elimination.

    A pivot that cancels is held at a tiny share of what it was: the row is redundant, and any price serves.
    """
    factor = matrix.copy()
    for i in range(factor.shape[-1]):
        pivot = np.maximum(factor[..., i, i], 0.0) + PIVOT * size[..., i]
        root = np.sqrt(np.where(pivot > 0.0, pivot, 1.0))
        factor[..., i, i] = root
        below = factor[..., i + 1 :, i] / root[..., None]
        factor[..., i + 1 :, i] = below
        factor[..., i + 1 :, i + 1 :] -= below[..., :, None] * below[..., None, :]
    return np.tril(factor)


def solve_lower(factor: Array, right: Array) -> Array:
    """`C^-1 right` for `(..., n, n)` lower factors and `(..., n, columns)` right-hand sides."""
    solution = right.copy()
    for i in range(factor.shape[-1]):
        solution[..., i, :] /= factor[..., i, i, None]
        solution[..., i + 1 :, :] -= factor[..., i + 1 :, i, None] * solution[..., i, None, :]
    return solution


def solve_upper(factor: Array, right: Array) -> Array:
    """`C'^-1 right` for `(..., n, n)` lower factors and `(..., n, columns)` right-hand sides."""
    solution = right.copy()
    for i in reversed(range(factor.shape[-1])):
        solution[..., i, :] /= factor[..., i, i, None]
        solution[..., :i, :] -= factor[..., i, :i, None] * solution[..., i, None, :]
    return solution


def flip(matrix: Array) -> Array:
    """The transpose of each matrix."""
    return np.swapaxes(matrix, -1, -2)


def sum_products(columns: Array, swept: Array) -> Array:
    """`X' Y` summed over all hours or blocks, for `(..., n, columns)` matrices."""
    total: Array = (flip(columns) @ swept).sum(axis=tuple(range(columns.ndim - 2)))
    return total


def cut(steps: int, block: int, segments: int) -> npt.NDArray[np.int64]:
    """The step in each place of each segment, `(places, blocks, segments)`.

    The last place is the separator. Shorter segments begin with places that no step has, marked `steps`.
    """
    parts = np.array_split(np.arange(block), segments)
    places = max(part.size for part in parts)
    table = np.full((places, steps // block, segments), steps, dtype=np.int64)
    for i, part in enumerate(parts):
        table[places - part.size :, :, i] = part[:, None] + np.arange(0, steps, block)
    return table


class Chain:
    """The factors of N, and its inverse applied to right-hand sides, `(steps, rows)`; `local` rows stand first."""

    def __init__(self, steps: int, block: int, local: int, states: int, segments: int | None = None) -> None:
        # Hours inside a segment wait for each other, the rows of separators too: about as many of both.
        self.segments = max(1, round((block / max(states, 1)) ** 0.5)) if segments is None else segments
        self.steps, self.local = steps, local
        self.places = cut(steps, block, self.segments)
        exists = self.places < steps
        self.begins = exists & ~np.concatenate([np.zeros_like(exists[:1]), exists[:-1]])

    def factorise(self, equations: NormalEquations) -> Array:
        """Factorise N; returns `H' N^-1 H`, `(over, over)`, with H the columns of the border."""
        s = slice(self.local, None)
        sizes = np.diagonal(equations.diagonal, axis1=1, axis2=2)
        cover = self._factorise_local(equations, sizes)
        states = equations.diagonal[:, s, s] - flip(self.cross) @ self.cross
        columns = equations.columns[:, s] - flip(self.cross) @ self.local_columns
        ends = self._factorise_inside(states, sizes[:, s], equations.link, columns)
        return cover + self._factorise_separators(*ends)

    def _factorise_local(self, equations: NormalEquations, sizes: Array) -> Array:
        n = self.local
        self.local_factor = cholesky(equations.diagonal[:, :n, :n], sizes[:, :n])
        self.cross = solve_lower(self.local_factor, equations.diagonal[:, :n, n:])
        self.local_columns = solve_lower(self.local_factor, equations.columns[:, :n])
        return sum_products(self.local_columns, self.local_columns)

    def _factorise_inside(
        self, states: Array, sizes: Array, link: Array, columns: Array
    ) -> tuple[Array, Array, Array, Array]:
        """Eliminate the hours inside the segments.

        Returns, for every block and segment, the block of the separator with its size, its columns, and the
        sums `X' X` of the swept columns X = [H, E].
        """
        n = states.shape[-1]
        states, sizes = self._arrange(states, np.eye(n)), self._arrange(sizes, np.ones(n))
        link = self._arrange(link, np.zeros((n, n)))
        # The first hour of a segment looks at the separator before it, all others at the hour before.
        first = self.begins[..., None, None]
        columns = np.concatenate(
            [self._arrange(columns, np.zeros(columns.shape[1:])), np.where(first, link, 0.0)], axis=-1
        )
        chain, factors = np.where(first, 0.0, link), np.zeros_like(states[:-1])
        for j in range(len(states)):
            if j > 0:
                # K_j = L_j C_(j-1)'^-1, then N_j - K_j K_j'
                chain[j] = flip(solve_lower(factors[j - 1], flip(chain[j])))
                states[j] -= chain[j] @ flip(chain[j])
                columns[j] -= chain[j] @ columns[j - 1]
            if j < len(factors):
                factors[j] = cholesky(states[j], sizes[j])
                columns[j] = solve_lower(factors[j], columns[j])
        self.factors, self.chain, self.columns = factors, chain, columns[:-1]
        return states[-1], sizes[-1], columns[-1], (flip(self.columns) @ self.columns).sum(axis=0)

    def _factorise_separators(self, states: Array, sizes: Array, columns: Array, sums: Array) -> Array:
        blocks, segments, n = sizes.shape
        over = columns.shape[-1] - n
        ring = np.zeros((blocks, segments, n, segments, n))
        right = columns[..., :over].copy()
        for i in range(segments):
            # The first segment of a year looks at the last one: place -1.
            ring[:, i, :, i, :] += states[:, i]
            ring[:, i, :, i - 1, :] += columns[:, i, :, over:]
            ring[:, i - 1, :, i, :] += flip(columns[:, i, :, over:])
            ring[:, i - 1, :, i - 1, :] -= sums[:, i, over:, over:]
            right[:, i - 1] -= sums[:, i, over:, :over]
        order = segments * n
        self.ring = cholesky(ring.reshape(blocks, order, order), sizes.reshape(blocks, order))
        self.ring_columns = solve_lower(self.ring, right.reshape(blocks, order, over))
        inside: Array = sums[..., :over, :over].sum(axis=(0, 1))
        return inside + sum_products(self.ring_columns, self.ring_columns)

    def forward(self, right: Array) -> Array:
        """Sweep a right-hand side h, `(steps, rows)`; returns `H' N^-1 h`, `(over,)`."""
        n = self.local
        self.swept_local = solve_lower(self.local_factor, right[:, :n, None])
        pulled = sum_products(self.local_columns, self.swept_local)
        states = right[:, n:, None] - flip(self.cross) @ self.swept_local
        swept = self._arrange(states, np.zeros(states.shape[1:]))
        for j in range(len(swept)):
            if j > 0:
                swept[j] -= self.chain[j] @ swept[j - 1]
            if j < len(self.factors):
                swept[j] = solve_lower(self.factors[j], swept[j])
        self.swept = swept[:-1]
        sums = (flip(self.columns) @ self.swept).sum(axis=0)
        over = len(pulled)
        ends = swept[-1] - np.roll(sums[..., over:, :], -1, axis=1)
        self.swept_ends = solve_lower(self.ring, ends.reshape(len(self.ring), -1, 1))
        pulled += sums[..., :over, :].sum(axis=(0, 1)) + sum_products(self.ring_columns, self.swept_ends)
        return pulled[:, 0]

    def backward(self, solution: Array, *, border_only: bool = False) -> Array:
        """`N^-1 (h - H w)`, `(steps, rows)`, with w, `(over,)`, the border's solution and h what was swept last.

        With `border_only`, h is zero.
        """
        share = 0.0 if border_only else 1.0
        w = solution[:, None]
        ends = solve_upper(self.ring, share * self.swept_ends - self.ring_columns @ w)
        blocks, segments = self.places.shape[1:]
        ends = ends.reshape(blocks, segments, -1, 1)
        known = np.concatenate([np.broadcast_to(w, (blocks, segments, *w.shape)), np.roll(ends, 1, axis=1)], axis=-2)
        inside = share * self.swept - self.columns @ known
        found = np.concatenate([np.zeros_like(inside), ends[None]])
        for j in reversed(range(len(inside))):
            found[j] = solve_upper(self.factors[j], inside[j] - flip(self.chain[j + 1]) @ found[j + 1])
        states = np.zeros((self.steps + 1, *found.shape[-2:]))
        states[self.places] = found
        states = states[:-1]
        left = share * self.swept_local - self.local_columns @ w - self.cross @ states
        return np.concatenate([solve_upper(self.local_factor, left), states], axis=1)[..., 0]

    def _arrange(self, values: Array, nothing: Array) -> Array:
        """From `(steps, ...)` to `(places, blocks, segments, ...)`; `nothing` stands where no step is."""
        arranged: Array = np.concatenate([values, nothing[None]])[self.places]
        return arranged
