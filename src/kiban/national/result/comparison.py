"""Two plans beside each other: the load of their sites, which come and go, and which grow most."""

from __future__ import annotations

import numpy as np

from kiban.arrays import Array
from kiban.national.result.plan import Turnover
from kiban.national.search.master import Choice
from kiban.national.study.problem import NationalProblem

COUNTED_MW = 1.0
"""A site with less than this counts as not chosen where plans are compared."""
SHOWN_INSTEAD = 3
"""Sites that are named as taking the place of another."""
RELATIVE_GAP = 1e-3
"""Gap to which the masters of comparisons are solved."""
SECONDS = 20.0
"""Most time for one of them."""


def site_loads(problem: NationalProblem, choice: Choice) -> Array:
    """IT load of every site in the last phase, MW."""
    loads = np.zeros(len(problem.places))
    for number, block in enumerate(problem.blocks):
        loads[block.site] += float(choice.load_mw[number].sum())
    return loads


def site_names(problem: NationalProblem) -> list[str]:
    """Ids of the candidates, in the order of their numbers."""
    return [place.candidate.id for place in problem.places]


def grown_most(problem: NationalProblem, before_mw: Array, after_mw: Array) -> tuple[str, ...]:
    """The sites that gain most load from one plan to another, the largest gain first."""
    gained = after_mw - before_mw
    order = [int(number) for number in np.argsort(-gained, kind="stable") if gained[number] > COUNTED_MW]
    names = site_names(problem)
    return tuple(names[number] for number in order[:SHOWN_INSTEAD])


def turnover(problem: NationalProblem, before_mw: Array, after_mw: Array) -> Turnover:
    """The sites that go and come from one plan to another."""
    pairs = list(zip(site_names(problem), before_mw, after_mw, strict=True))
    return Turnover(
        dropped=tuple(name for name, was, now in pairs if was > COUNTED_MW >= now),
        added=tuple(name for name, was, now in pairs if now > COUNTED_MW >= was),
    )
