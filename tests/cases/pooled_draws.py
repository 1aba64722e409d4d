"""Draws of a small campus whose designs a pool solves: what they answer, to be the same whoever solves them."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from functools import cache

import pytest
from tests.campaigns.resume_kills import SITE

from kiban.finance import drawn_answers
from kiban.finance.drawn_answers import DrawnQuestion
from kiban.finance.drawn_figures import Answers
from kiban.finance.paying import Question
from kiban.finance.payment import Payment
from kiban.finance.uncertain import draw_rows
from kiban.scenario import parse_scenario
from kiban.tasks.pool import Pool
from kiban.tasks.store import AnswerStore

DRAWS = 3
CLOSE_GAP = 1e-5
"""Of a design: so near to the least cost that several are solved anew."""


@cache
def asked() -> tuple[Question, Payment]:
    """A campus with sun, grid and backup alone, so that few kinds of cost move its design."""
    raw = tomllib.loads(SITE)
    raw |= {"supply": {"wind_onshore": {"enabled": False}}, "battery": {"enabled": False}}
    question = Question(parse_scenario(raw))
    return question, question.pay(("tax-credit",))


def answers(pool: Pool | None = None, store: AnswerStore | None = None) -> tuple[str, int, int]:
    """What draws answer, every figure to the last bit, and how many designs were solved beforehand and anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawn_answers, "GAP", CLOSE_GAP)
        drawn = DrawnQuestion(*asked(), store, pool)
        before = drawn.designs.solved
        found = drawn.answer(draw_rows(drawn.rows, seed=5, draws=DRAWS))
    figures = {one.name: getattr(found, one.name).tolist() for one in fields(Answers)}
    return repr(figures), before, drawn.designs.solved - before


@cache
def here() -> tuple[str, int, int]:
    """What this process finds, whose designs start from one another without a detour through text."""
    return answers()
