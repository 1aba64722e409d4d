"""How firm an answer of PAY is: its distribution over what is assumed, what moves it, and where its order turns.

    distribution   P5, P50 and P95 over joint draws, and the mean with its standard error
    tornado        each assumption alone at its low and its high end, those that move fiscal cost most first
    order          instruments in each draw at the same fiscal cost: how often each is the best; and the value of one
                   assumption at which two of them change places

How they are found is said in `joint_draws`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kiban.finance.uncertain import Correlations, Uncertain

Measure = Literal["fiscal_cost_myen", "windfall_share", "induced_it_mw", "value_of_public_funds"]
MEASURES: tuple[Measure, ...] = ("fiscal_cost_myen", "windfall_share", "induced_it_mw", "value_of_public_funds")
Goal = Literal["induced_it_mw", "value_of_public_funds"]
GOALS: tuple[Goal, ...] = ("induced_it_mw", "value_of_public_funds")
PERCENTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True, slots=True)
class DrawnFigure:
    """Of one figure over the draws."""

    low: float
    """P5."""
    median: float
    high: float
    """P95."""
    mean: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class Swing:
    """An answer with one row at its low and at its high end, all others at their values."""

    row: str
    low: float
    high: float
    at_low: Mapping[Measure, float]
    at_high: Mapping[Measure, float]


@dataclass(frozen=True, slots=True)
class Standing:
    """How often an instrument is the best of all at the same fiscal cost, as shares of the draws."""

    package: str
    reaches: float
    """It can spend that much."""
    best: Mapping[Goal, float]
    median: Mapping[Goal, float]


@dataclass(frozen=True, slots=True)
class Turn:
    """Where one row makes another instrument the better, or another side of a line, with all else at its value."""

    goal: Goal
    row: str
    value: float
    below: str
    """The better one just below that value."""
    above: str


@dataclass(frozen=True, slots=True, eq=False)
class Firmness:
    """How firm a payment is."""

    seed: int
    draws: int
    rows: tuple[Uncertain, ...]
    correlations: Correlations
    figures: Mapping[Measure, DrawnFigure]
    parties_myen: Mapping[str, DrawnFigure]
    """Of each party at its own rate."""
    swings: tuple[Swing, ...]
    budget_myen: float
    """Fiscal cost at which instruments are held against one another."""
    standings: tuple[Standing, ...]
    turns: tuple[Turn, ...]
    pays_for_itself: float
    """Share of the draws in which the treasuries spend nothing net."""
    design_gap: float
    """Most that a design which was used again may cost above the least, as a share: proven."""
    designs_before: int
    designs_anew: int
    """Designs that were solved for draws that the bounds left open."""
    saved_anew: float
    """Most that solving anew saved of the yearly cost."""
