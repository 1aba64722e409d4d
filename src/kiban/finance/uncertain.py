"""What is assumed and not known: rows of the catalogue with a range, drawn together.

Each row is triangular over its low value, its value and its high value. Rows are independent unless a correlation is
stated: of normal scores (a Gaussian copula), so that what each row alone may be stays as it is. A draw is a row of the
same table of random numbers whatever else is drawn: the first hundred of a thousand are the hundred of that seed, and
any part of them may be worked out by itself.

    kind     what a row moves                                             drawn
    cost     the price of an asset, its upkeep, charges on energy         as it is
    life     the years that chips last                                    to the half-year
    rate     what equity and lenders ask, what carries debt               as it is
    demand   how users answer to a price, and which part reaches them     as it is

What changes physics (weather, cooling, losses, limits of a site) or the calendar is no part of the draws, and neither
are rates by which a state counts: those are choices.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.errors import Problem, ScenarioError
from kiban.finance.downside import Triangle, triangle_of

Kind = Literal["cost", "life", "rate", "demand"]
RATES: Mapping[str, str] = {
    "finance.equity_rate": "equity_rate",
    "finance.debt_share": "debt_share",
    "finance.debt_reference_rate": "debt_reference_rate",
    "finance.debt_margin": "debt_margin",
    "finance.dscr_target": "dscr_target",
}
"""Rows that finance alone reads, and their name among its assumptions."""
ELASTICITY, PASS_THROUGH, CHIP_LIFE = "demand.price_elasticity", "finance.pass_through", "chip.life"
DEMAND = (ELASTICITY, PASS_THROUGH)
LIFE_STEP_YEARS = 0.5
MOST_JOINT_DRAWS = 100_000
Correlations = Mapping[tuple[str, str], float]
"""Of the normal scores of two rows."""


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A row of the catalogue that is drawn."""

    row: str
    kind: Kind
    triangle: Triangle

    @property
    def ends(self) -> tuple[float, float]:
        """Lowest and highest."""
        return self.triangle.low, self.triangle.high

    def values(self, probabilities: Array) -> Array:
        """Values below which the probabilities lie; lives to the step."""
        found = self.triangle.quantile(probabilities)
        return np.round(found / LIFE_STEP_YEARS) * LIFE_STEP_YEARS if self.kind == "life" else found


def uncertain(catalogue: Catalogue, row: str, kind: Kind) -> Uncertain | None:
    """The row where it has a range; None where its value is certain or given."""
    if row not in catalogue:
        return None
    triangle = triangle_of(catalogue.fact(row))
    return Uncertain(row, kind, triangle) if triangle.low < triangle.high else None


def draw_rows(
    rows: Sequence[Uncertain], *, seed: int, draws: int, first: int = 0, correlations: Correlations | None = None
) -> Array:
    """Values of the rows in the draws from `first` on; (draws, rows).

    ScenarioError for a correlation of a row that is not drawn, or where no joint distribution has them.
    """
    from scipy.special import ndtr

    if not 1 <= first + draws <= MOST_JOINT_DRAWS:
        raise ScenarioError(Problem("finance.draws", key="draws", draws=first + draws, most=MOST_JOINT_DRAWS))
    random = np.random.Generator(np.random.PCG64(seed))
    scores = random.standard_normal((first + draws, len(rows)))[first:]
    if correlations:
        scores = scores @ np.linalg.cholesky(_correlation(rows, correlations)).T
    probabilities = ndtr(scores)
    columns = [row.values(probabilities[:, place]) for place, row in enumerate(rows)]
    return np.column_stack(columns) if columns else np.empty((draws, 0))


def one_at_a_time(rows: Sequence[Uncertain]) -> Array:
    """All rows at their value, then each at its low and its high end while the others stay; (1 + 2 rows, rows)."""
    middle = np.array([row.triangle.mode for row in rows])
    found = np.tile(middle, (1 + 2 * len(rows), 1))
    for place, (row, end) in enumerate(itertools.product(range(len(rows)), range(2))):
        found[1 + place, row] = rows[row].ends[end]
    return found


def _correlation(rows: Sequence[Uncertain], correlations: Correlations) -> Array:
    names = [row.row for row in rows]
    matrix = np.eye(len(rows))
    problems = []
    for pair, value in correlations.items():
        strange = [name for name in pair if name not in names]
        if strange or pair[0] == pair[1] or not -1 < value < 1:
            name = (*strange, *pair)[0]
            problems.append(Problem("finance.correlation", key="correlation", name=name, value=value))
            continue
        first, second = (names.index(name) for name in pair)
        matrix[first, second] = matrix[second, first] = value
    if problems:
        raise ScenarioError(problems)
    if np.linalg.eigvalsh(matrix)[0] <= 0:
        raise ScenarioError(Problem("finance.no_joint", key="correlation"))
    return matrix
