"""PAY in draws with designs that others solve: the same bits, whoever solves them, also though they are killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest
from tests.cases.pooled_draws import answers, asked, here
from typer.testing import CliRunner

from kiban.cli import app
from kiban.errors import InputError
from kiban.finance import design_tasks
from kiban.finance.design_tasks import DesignAsked, DesignTasks, answer_design
from kiban.finance.drawn_costs import CostModel
from kiban.finance.drawn_model import CostPoint, DesignModel, Law, plain_design
from kiban.tasks.pool import SerialPool
from kiban.tasks.processes import ProcessPool
from kiban.tasks.store import AnswerStore
from kiban.tasks.task import from_text, to_text


@pytest.fixture(autouse=True)
def no_model_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(design_tasks, "_models", type(design_tasks._models)())


class Counting(SerialPool):
    """Counts what it is asked for, and ends after so many groups as a killed command does."""

    def __init__(self, last: int | None = None) -> None:
        self.calls: list[Mapping[str, Any]] = []
        self.last = last

    def answer(self, function: Any, arguments: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Any]]:
        for place, answer in super().answer(function, arguments):
            if self.last == 0:
                raise KeyboardInterrupt
            self.last = None if self.last is None else self.last - 1
            self.calls += arguments[place]["calls"]
            yield place, answer


def test_designs_that_others_solve_are_those_of_this_process_to_the_last_bit() -> None:
    pool = Counting()
    assert answers(pool) == here()
    _, beforehand, anew = here()
    assert anew >= 2
    assert len(pool.calls) == beforehand + anew
    # The first three start from nothing; a worker is told at which costs, not at which point, the others start.
    assert sum(call["asked"]["start"] is None for call in pool.calls) == 3
    assert max(len(to_text(call)) for call in pool.calls) < 20_000


def test_what_was_solved_elsewhere_is_not_solved_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, killed = AnswerStore(tmp_path, edition="one"), Counting(last=2)
    with pytest.raises(KeyboardInterrupt):
        answers(killed, store)
    rest = Counting()
    assert answers(rest, store) == here()
    assert not {to_text(call) for call in killed.calls} & {to_text(call) for call in rest.calls}
    # Nor by this process, which needs no point of them then.
    monkeypatch.setattr(DesignModel, "solve", None)
    assert answers(None, store) == here()
    store.close()


@pytest.mark.slow
def test_processes_solve_them_too_though_one_is_killed() -> None:
    class Killing(ProcessPool):
        killed = 0

        def answer(self, function: Any, arguments: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Any]]:
            for one in super().answer(function, arguments):
                if not self.killed and len(arguments) > 1:
                    self.killed = int(str(active_children()[0].pid))
                    os.kill(self.killed, signal.SIGKILL)
                yield one

    with Killing(2) as pool:
        assert answers(pool) == here()
    assert pool.killed


def test_a_worker_with_other_inputs_says_so() -> None:
    question, payment = asked()
    model = DesignModel(question.preparation, CostModel(question.preparation, payment.before.plan.cooling_system))
    point = CostPoint({}, 0.05, Law(payment.before.packages))
    task = DesignTasks(model).task(DesignAsked(0.0, point))
    answered = answer_design(**from_text(to_text(task.arguments)))
    assert answered == plain_design(*model.solve(0.0, point, {}))
    with pytest.raises(InputError) as error:
        answer_design(**{**task.arguments, "subject": "other", "inputs": "other"})
    assert [problem.code for problem in error.value.problems] == ["pool.other_inputs"]
    assert "A day" in str(error.value)


def test_a_pool_without_draws_is_refused() -> None:
    done = CliRunner().invoke(app, ["pay", "tomakomai", "--pool", "processes:2"])
    assert done.exit_code == 2
    assert "add --draws N" in done.stderr
