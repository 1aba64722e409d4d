"""After a change of prices: which of the old questions to ask again.

A cut belongs to the prices at which it was found. What it will be at others is expected to first order
from its design, and only where that matters is the site asked again, from where the old solve came
through. What is merely expected never becomes a bound.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace

import numpy as np

from kiban.arrays import Array
from kiban.messages import Message
from kiban.national.search.asking import MASTER_SHARE, allowed_doubt, ask_of
from kiban.national.search.master import Choice, Known, solve_masters
from kiban.national.search.memory import Memory
from kiban.national.search.subproblem import Point, SiteModel
from kiban.national.study.problem import Problem
from kiban.progress import Report

MOST_RENEWALS = 12
"""Rounds in which old questions are asked at new prices before new ones are."""
MOST_AT_ONCE = 3
"""Old questions of one site in such a round."""


def renew(problem: Problem, memory: Memory, gap: float, tolerance: float, report: Report) -> None:
    """After a change of prices, ask again where cuts are expected to matter, as long as any is.

    What a cut will be is expected from the design that it belonged to. The first proposal is made by what is
    expected of all, the others by what is proven where anything is, until nothing that is expected speaks against
    a proposal.
    """
    for number in range(MOST_RENEWALS):
        known = memory.known(problem)
        if not any(is_expected(point) for points in known.values() for point in points):
            return
        bare = {key for key, points in known.items() if not any(point.has_cut for point in points)}
        believed = {
            key: [_believe(point) for point in points] if key in bare or not number else points
            for key, points in known.items()
        }
        proposal, promise = solve_masters(problem, believed, known, gap * MASTER_SHARE)
        if proposal is None:
            return
        if (
            number
            and not bare
            and promise is not None
            and promise.objective - proposal.bound <= gap * promise.objective
        ):
            # What is proven is enough, whatever is expected of the rest.
            return
        questions = _find_unproven(problem, known, proposal, gap)
        asked = {model.key for model, _ in questions}
        questions += [question for question in _ask_once(problem, known, bare) if question[0].key not in asked]
        if questions:
            report(Message("progress.national_again", count=len(questions)))
            memory.ask(questions, tolerance=tolerance)
        elif number:
            return


def _find_unproven(problem: Problem, known: Known, choice: Choice, gap: float) -> list[tuple[SiteModel, Array]]:
    """Arguments whose cuts are expected to raise the cost of a choice by more than is proven, or nearly do."""
    allowed = allowed_doubt(choice, gap)
    questions = []
    for number, which, function in problem.functions():
        if not choice.load_mw[number].any():
            continue
        z = ask_of(problem, choice, number, which, function)
        proven = max((point.cut_at(z) for point in known[number, which] if point.has_cut), default=0.0)
        expected = [(point.expected_at(z), point) for point in known[number, which] if is_expected(point)]
        expected.sort(key=lambda pair: -pair[0])
        for value, point in expected[:MOST_AT_ONCE]:
            # Proposals lie where several cuts meet: those that are nearly the highest matter as well.
            if function.weight * (value - proven) > allowed and function.weight * (expected[0][0] - value) <= allowed:
                questions.append((function.model, point.asked))
    return questions


def _ask_once(problem: Problem, known: Known, bare: Collection[tuple[int, int]]) -> list[tuple[SiteModel, Array]]:
    """One old question of every function of which nothing is proven: the one that is expected to say most."""
    questions = []
    for number, which, function in problem.functions():
        points = [point for point in known[number, which] if is_expected(point)]
        if (number, which) in bare and points:
            middle = np.mean([point.asked for point in points], axis=0)
            highest = max(range(len(points)), key=lambda place: points[place].expected_at(middle))
            questions.append((function.model, points[highest].asked))
    return questions


def is_expected(point: Point) -> bool:
    """Whether a point's cut is expected, and not proven."""
    return not point.has_cut and math.isfinite(point.expected_myen)


def _believe(point: Point) -> Point:
    return replace(point, bound_myen=point.expected_myen) if is_expected(point) else point
