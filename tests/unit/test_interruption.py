"""Work that nobody waits for any more ends at its next step, and only that work."""

import contextvars
import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

import kiban
from kiban.interruption import UnwantedError, end_if_unwanted, while_wanted
from kiban.scenario import parse_scenario

WEEK = parse_scenario({"name": "x", "site": {"id": "tomakomai"}, "time": {"hours": 168}})


def test_work_goes_on_where_nobody_was_asked():
    end_if_unwanted()


def test_work_ends_as_soon_as_it_is_not_wanted():
    steps = []
    answers = iter([True, True, False])
    with while_wanted(lambda: next(answers)), pytest.raises(UnwantedError):
        for step in itertools.count():
            end_if_unwanted()
            steps.append(step)
    assert steps == [0, 1]
    end_if_unwanted()


def test_a_plan_ends_between_two_iterations_and_is_the_same_afterwards():
    asked = itertools.count()
    with while_wanted(lambda: next(asked) < 5), pytest.raises(UnwantedError):
        kiban.build(WEEK)
    # Each of two cooling systems was asked once more at most.
    assert 6 <= next(asked) <= 7
    whole = itertools.count()
    with while_wanted(lambda: next(whole) >= 0):
        watched = kiban.build(WEEK)
    assert next(whole) > 20
    assert watched == kiban.build(WEEK)


def test_other_threads_are_not_concerned_unless_they_are_given_the_context():
    with ThreadPoolExecutor(1) as pool, while_wanted(lambda: False):
        pool.submit(end_if_unwanted).result()
        given = pool.submit(contextvars.copy_context().run, end_if_unwanted)
        with pytest.raises(UnwantedError):
            given.result()
