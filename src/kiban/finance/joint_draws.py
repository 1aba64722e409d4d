"""Joint draws over what PAY assumes: what an answer becomes in them, and what moves it.

Three views (`firmness`) of the same draws (`drawn_answers`):

    distribution   P5, P50 and P95 over joint draws, and the mean with its standard error
    tornado        each assumption alone at its low and its high end, those that move fiscal cost most first
    order          five instruments in each draw at the same fiscal cost: how often each is the best; and the value of
                   one assumption at which two of them change places, found as a root and shown on both sides

Instruments are followed at two amounts; what they would do at the cost that is the same for all lies on the line
between. That cost is half of what the least capable of them can spend, so that each can spend it in nearly every draw.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from kiban.arrays import Array
from kiban.finance.comparison import INSTRUMENTS
from kiban.finance.drawn_answers import DrawnQuestion
from kiban.finance.drawn_figures import Answers
from kiban.finance.firmness import GOALS, MEASURES, DrawnFigure, Firmness, Goal, Measure, Standing, Swing, Turn
from kiban.finance.ledger import PARTIES
from kiban.finance.paying import Question
from kiban.finance.payment import Payment
from kiban.finance.search import largest_amount
from kiban.finance.uncertain import Correlations, Uncertain, draw_rows, one_at_a_time
from kiban.messages import Message
from kiban.progress import Report, say_nothing
from kiban.scenario import Scenario
from kiban.scenario.package import Package, load_package

if TYPE_CHECKING:
    from kiban.tasks.pool import Pool
    from kiban.tasks.store import AnswerStore

PERCENTILES = (0.05, 0.5, 0.95)
TRIED = (1 / 64, 1 / 16, 1 / 4, 1.0)
"""Amounts at which it is seen what an instrument can spend, as shares of its largest."""
BUDGET_SHARE = 0.5
SIDES = (0.01, 0.02, 0.05)
"""How far on either side of a turning point the order is looked at, as shares of the row's range."""
MOST_TURNS = 5
CLOSE_TURN = 1e-3
"""How closely a turning point is found, as a share of the row's range."""


def with_draws(
    question: Question,
    payment: Payment,
    *,
    draws: int,
    seed: int,
    correlations: Correlations | None = None,
    instruments: Sequence[str] = INSTRUMENTS,
    report: Report | None = None,
    store: AnswerStore | None = None,
    pool: Pool | None = None,
) -> Payment:
    """The same answer with how firm it is; the same seed gives the same. `store` keeps the designs, `pool` solves them.

    ScenarioError for draws or correlations that cannot be, for demand that does not answer to price, and where the
    public owns the campus.
    """
    (report or say_nothing)(Message("progress.pay_draws", draws=draws))
    own = question.about(payment.after.packages)
    found = measure_firmness(
        own, payment, draws=draws, seed=seed, correlations=correlations, instruments=instruments, store=store, pool=pool
    )
    return replace(payment, firmness=found)


def pay_with_draws(
    scenario: Scenario,
    packages: Sequence[str | Package],
    *,
    against: Sequence[str | Package],
    draws: int,
    seed: int | None = None,
    correlations: Correlations | None = None,
    report: Report | None = None,
) -> Payment:
    """Who pays for packages (as `paying.pay`), and how firm that is; the scenario's seed where none is given."""
    tell = report or say_nothing
    tell(Message("progress.inputs"))
    question = Question(scenario, against=tuple(against), about=packages)
    payment = question.pay(packages, report=report)
    tell(Message("progress.pay_downside"))
    payment = question.with_downside(payment)
    own = scenario.seed if seed is None else seed
    return with_draws(question, payment, draws=draws, seed=own, correlations=correlations, report=report)


def measure_firmness(
    question: Question,
    payment: Payment,
    *,
    draws: int,
    seed: int,
    correlations: Correlations | None = None,
    instruments: Sequence[str] = INSTRUMENTS,
    store: AnswerStore | None = None,
    pool: Pool | None = None,
) -> Firmness:
    """Distribution, tornado, order of instruments and turning points of a question's own answer."""
    asked = DrawnQuestion(question, payment, store, pool)
    before = asked.designs.solved
    values = draw_rows(asked.rows, seed=seed, draws=draws, correlations=correlations)
    order = _Order(asked, question, instruments, payment.fiscal_cost_myen)
    answers = asked.answer(values)
    anew = asked.designs.solved - before
    # While the draws are remembered.
    standings = order.standings(values)
    alone = one_at_a_time(asked.rows)
    value = answers.value_of_public_funds
    saved = answers.design_saving[np.isfinite(answers.design_saving)]
    return Firmness(
        seed=seed,
        draws=draws,
        rows=asked.rows,
        correlations=correlations or {},
        figures={name: _spread(getattr(answers, name)) for name in MEASURES},
        parties_myen={party: _spread(answers.parties_myen[:, place]) for place, party in enumerate(PARTIES)},
        swings=_swings(asked.rows, alone, asked.answer(alone)),
        budget_myen=order.budget_myen,
        standings=standings,
        turns=order.turns(alone),
        pays_for_itself=float(np.isinf(value).mean()),
        design_gap=float(answers.design_gap.max()),
        designs_before=before,
        designs_anew=anew,
        saved_anew=float(saved.max()) if len(saved) else 0.0,
    )


def _spread(found: Array) -> DrawnFigure:
    low, median, high = (float(end) for end in np.quantile(found, PERCENTILES, method="inverted_cdf"))
    finite = np.isfinite(found).all()
    mean = float(found.mean()) if finite else np.inf
    error = float(found.std(ddof=1) / np.sqrt(len(found))) if finite and len(found) > 1 else 0.0
    return DrawnFigure(low, median, high, mean, error)


def _swings(rows: Sequence[Uncertain], alone: Array, answers: Answers) -> tuple[Swing, ...]:
    """Each row at its ends, the widest change of fiscal cost first."""

    def at(place: int) -> dict[Measure, float]:
        return {name: float(getattr(answers, name)[place]) for name in MEASURES}

    found = [Swing(row.row, *row.ends, at(1 + 2 * number), at(2 + 2 * number)) for number, row in enumerate(rows)]
    return tuple(sorted(found, key=lambda one: -abs(one.at_high["fiscal_cost_myen"] - one.at_low["fiscal_cost_myen"])))


class _Order:
    """Instruments at one fiscal cost, in any draws."""

    def __init__(self, asked: DrawnQuestion, question: Question, names: Sequence[str], most_myen: float) -> None:
        self._asked = asked
        self._middle = one_at_a_time(asked.rows)[:1]
        self._packages = {name: load_package(name, question.scenario.folder) for name in names}
        costs = {name: self._can_spend(package, abs(most_myen)) for name, package in self._packages.items()}
        self.budget_myen = BUDGET_SHARE * min(found[-1][1] for found in costs.values())
        self._amounts = {
            name: float(np.interp(self.budget_myen, [cost for _, cost in found], [amount for amount, _ in found]))
            for name, found in costs.items()
        }

    def _can_spend(self, package: Package, enough: float) -> list[tuple[float, float]]:
        """Amounts and what each costs on the plan, until that is enough."""
        found = [(0.0, 0.0)]
        for share in TRIED:
            amount = share * largest_amount(package)
            cost = self._at(self._middle, package, amount).fiscal_cost_myen[0]
            found.append((amount, float(cost)))
            if cost >= enough:
                break
        return found

    def _at(self, values: Array, package: Package, amount: float) -> Answers:
        return self._asked.answer(values, (package.scaled(amount),), proven=False)

    def scores(self, values: Array, names: Sequence[str] | None = None) -> dict[Goal, Array]:
        """What each instrument does at the budget (draws, instruments); not a number where it cannot spend it."""
        found: dict[Goal, list[Array]] = {goal: [] for goal in GOALS}
        for name in names or self._packages:
            package, amount = self._packages[name], self._amounts[name]
            once = self._at(values, package, amount)
            twice = self._at(values, package, min(2.0 * amount, largest_amount(package)))
            first, second = once.fiscal_cost_myen, twice.fiscal_cost_myen
            share = (self.budget_myen - first) / np.where(second == first, 1.0, second - first)
            reached = second >= self.budget_myen
            for goal in GOALS:
                low, high = getattr(once, goal), getattr(twice, goal)
                with np.errstate(invalid="ignore"):
                    at = np.where(np.isinf(low) | np.isinf(high), low, low + share * (high - low))
                found[goal].append(np.where(reached, at, np.nan))
        return {goal: np.column_stack(columns) for goal, columns in found.items()}

    def standings(self, values: Array) -> tuple[Standing, ...]:
        """How often each is the best."""
        scores = self.scores(values)
        best = {goal: _best(found) for goal, found in scores.items()}
        return tuple(
            Standing(
                name,
                reaches=float(np.isfinite(scores["induced_it_mw"][:, place]).mean()),
                best={goal: float((best[goal] == place).mean()) for goal in GOALS},
                median={goal: _median(scores[goal][:, place]) for goal in GOALS},
            )
            for place, name in enumerate(self._packages)
        )

    def turns(self, alone: Array) -> tuple[Turn, ...]:
        """Where two instruments change places as one row moves from its value to an end, the widest changes first."""
        scores, names = self.scores(alone), list(self._packages)
        brackets = []
        for goal, (first, other) in itertools.product(GOALS, itertools.combinations(range(len(names)), 2)):
            ahead = scores[goal][:, first] - scores[goal][:, other]
            for place in range(1, len(alone)):
                row = self._asked.rows[(place - 1) // 2]
                if ahead[0] * ahead[place] < 0 and row.kind != "life":
                    brackets.append(
                        (
                            abs(float(ahead[place] / scores[goal][place, first])),
                            goal,
                            (place - 1) // 2,
                            (place - 1) % 2,
                            first,
                            other,
                        )
                    )
        found = []
        for _, goal, number, end, first, other in sorted(brackets, key=lambda one: -one[0]):
            turn = self._turn(goal, number, end, (names[first], names[other]))
            if turn is not None:
                found.append(turn)
            if len(found) == MOST_TURNS:
                break
        return tuple(found)

    def _turn(self, goal: Goal, number: int, end: int, pair: tuple[str, str]) -> Turn | None:
        """The root between a row's value and an end; None where the order is not another on its two sides."""
        from scipy.optimize import brentq

        row = self._asked.rows[number]

        def ahead(values: Array) -> Array:
            rows = np.repeat(self._middle, len(values), axis=0)
            rows[:, number] = values
            score = self.scores(rows, pair)[goal]
            return np.asarray(score[:, 0] - score[:, 1])

        @cache
        def ahead_at(value: float) -> float:
            return float(ahead(np.array([value]))[0])

        (low, high), width = row.ends, row.triangle.high - row.triangle.low
        value = float(brentq(ahead_at, row.triangle.mode, row.ends[end], xtol=CLOSE_TURN * width))
        steps = width * np.array(SIDES)
        around = np.concatenate((value - steps, value + steps))
        if around.min() < low or around.max() > high:
            return None
        signs = np.sign(ahead(around))
        below, above = signs[: len(steps)], signs[len(steps) :]
        if np.any(below != below[0]) or np.any(above != -below[0]) or below[0] == 0:
            return None
        return Turn(goal, row.row, value, *(pair if below[0] > 0 else pair[::-1]))


def _best(scores: Array) -> Array:
    """Place of the best of each draw; -1 where none is known."""
    filled = np.where(np.isnan(scores), -np.inf, scores)
    return np.where(np.isnan(scores).all(axis=1), -1, filled.argmax(axis=1))


def _median(found: Array) -> float:
    known = found[~np.isnan(found)]
    return float(np.quantile(known, 0.5, method="inverted_cdf")) if len(known) else float("nan")
