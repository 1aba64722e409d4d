"""Questions about who pays: kept for the next one like them, and never waited for."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from kiban.scenario import Scenario
from kiban.scenario.examples import load_scenario
from kiban.scenario.package import Package, load_package
from kiban.server import payments
from kiban.server.payments import Questions

NONE = load_package("none")


class Held:
    """Stands for PAY: the question about `held` answers when it is let go, all others at once."""

    made: list[Held] = []  # noqa: RUF012
    held = ""
    busy = threading.Event()
    let_go = threading.Event()

    def __init__(self, scenario: Scenario, *, against: Sequence[Package]) -> None:
        self.scenario, self.asked = scenario, 0
        Held.made.append(self)

    def pay(self, packages: Sequence[Package], report: object, draws: int | None) -> Any:
        self.asked += 1
        if self.scenario.name == Held.held and not Held.busy.is_set():
            Held.busy.set()
            assert Held.let_go.wait(timeout=60)
        return self.scenario.name


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    Held.made, Held.held, Held.busy, Held.let_go = [], "", threading.Event(), threading.Event()
    monkeypatch.setattr(payments, "Question", Held)
    monkeypatch.setattr(payments, "payment_document", lambda found, **_: found)


def named(name: str) -> Scenario:
    return load_scenario("tomakomai").model_copy(update={"name": name})


def ask(questions: Questions, name: str, against: Package = NONE) -> Any:
    return payments.ask(named(name), [], against, downside=False, questions=questions)


@pytest.mark.parametrize("second", ["another", "held"])
def test_a_question_does_not_wait_for_one_that_is_being_answered(second: str) -> None:
    Held.held = "held"
    questions = Questions()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, questions, "held")
        assert Held.busy.wait(timeout=60)
        # This thread would never come back if it waited for the other's answer: that one waits for this thread.
        assert ask(questions, second) == second
        assert not first.done()
        Held.let_go.set()
        assert first.result(timeout=60) == "held"
    assert len(Held.made) == 2


def test_the_next_question_like_it_is_the_same_question() -> None:
    questions = Questions()
    for _ in range(3):
        ask(questions, "mine")
    assert [question.asked for question in Held.made] == [3]
    ask(questions, "mine", load_package("japan-current"))
    assert [question.asked for question in Held.made] == [3, 1]


def test_a_question_that_failed_can_be_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    questions = Questions()
    ask(questions, "mine")
    monkeypatch.setattr(Held, "pay", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        ask(questions, "mine")
    monkeypatch.undo()
    monkeypatch.setattr(payments, "Question", Held)
    monkeypatch.setattr(payments, "payment_document", lambda found, **_: found)
    assert ask(questions, "mine") == "mine"
    assert len(Held.made) == 1


def test_the_oldest_question_is_forgotten_first() -> None:
    questions = Questions(most=2)
    for name in ("a", "b", "a", "c", "a", "b"):
        ask(questions, name)
    assert [question.scenario.name for question in Held.made] == ["a", "b", "c", "b"]
