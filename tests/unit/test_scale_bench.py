"""The benchmark of scale: what is drawn, what is planned on paper, which tasks are asked."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from kiban.catalogue import load_catalogue
from kiban.tasks.pool import SerialPool
from kiban.tasks.task import find_function

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scale_bench", ROOT / "bench" / "scale.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_a_thousand_workers_on_paper_by_hand(bench: ModuleType) -> None:
    # 2,000 tasks of 10 s by 1,000 workers: two rounds, 20 s; asking takes 2,000 * 2 ms = 4 s meanwhile.
    paper = bench.plan_on_paper(1000, 2000, 10.0, 0.002)
    assert paper["seconds"] == pytest.approx(20.002)
    assert paper["efficiency"] == pytest.approx(20_000 / (1000 * 20.002))
    assert paper["most_workers"] == pytest.approx(5000)
    # 1 s tasks: asking takes longer than the two rounds.
    assert bench.plan_on_paper(1000, 2000, 1.0, 0.002, start_seconds=3.0)["seconds"] == pytest.approx(7.002)
    assert bench.plan_on_paper(3, 10, 1.0, 0.0001)["seconds"] == pytest.approx(4.0001)


def test_asking_is_that_of_an_empty_task_and_of_its_bytes(bench: ModuleType) -> None:
    empty = {"seconds": 9.0, "processor_seconds": 0.007, "byte_processor_seconds": 2e-8}
    assert bench.asking_of(empty, 50_000.0) == pytest.approx(0.008)
    assert 0.0 <= bench.cost_of_bytes(SerialPool()) < 1e-3


def test_a_task_is_scaled_to_its_full_size(bench: ModuleType) -> None:
    tasks = bench.Tasks(2, lambda number: {"text": json.dumps("x" * 10)})
    kind = bench.Measured("policies", bench.ECHO, tasks, 20, full=50)
    kind.answer_here()
    kind.work_seconds = 4.0
    figures = kind.figures()
    assert figures["task_processor_seconds"] == pytest.approx(10.0)
    assert figures["task_bytes"] == pytest.approx(2 * (len(json.dumps(tasks[0])) + 12) / 20 * 50)


def test_too_few_tasks_are_refused(bench: ModuleType) -> None:
    kinds = [bench.Measured(name, bench.ECHO, bench.Tasks(count, dict), count) for name, count in (("a", 4), ("b", 3))]
    bench.require_tasks(kinds[:1], [1, 2])
    with pytest.raises(SystemExit, match="2 workers need 4 tasks of each kind, and b has 3"):
        bench.require_tasks(kinds, [1, 2])


def test_draws_are_known_by_their_number_and_lie_in_the_range(bench: ModuleType) -> None:
    catalogue = load_catalogue()
    several = [bench.drawn(number) for number in range(50)]
    assert several[7] == bench.drawn(7)
    for name in bench.DRAWN:
        fact, values = catalogue.fact(name), [one[name] for one in several]
        assert fact.low is not None
        assert fact.high is not None
        assert fact.low <= min(values) < max(values) <= fact.high
        assert len(set(values)) == 50


def test_tasks_are_plain_and_as_many_as_asked(bench: ModuleType) -> None:
    function, tasks = bench.policies(120, 48)
    assert (len(tasks), [len(task["calls"]) for task in tasks]) == (3, [50, 50, 20])
    assert find_function(function)
    rates = [call["asked"]["package"]["instrument"][0]["rate"] for call in tasks[0]["calls"]]
    assert rates == [pytest.approx(0.01 * point) for point in range(50)]
    assert len({json.dumps(bench.synthetic_site(number, 48).site.model_dump()) for number in range(9)}) == 9
    _, sites = bench.national(3, 10, 48)
    assert [point["seed"] for point in sites[2]["points"]] == list(range(1, 11))
    with pytest.raises(IndexError):
        sites[3]
    with pytest.raises(SystemExit):
        bench.read_sizes("colour=3")
    assert bench.read_sizes("draws=0,sites=2") == {**bench.SIZES, "draws": 0, "sites": 2}


@pytest.mark.slow
def test_each_kind_of_task_is_answered(bench: ModuleType) -> None:
    for function, tasks in (bench.policies(2, 24), bench.national(1, 2, 24), bench.draws(1, 24)):
        ((_, answer),) = SerialPool().answer(function, tasks)
        answers = answer if isinstance(answer, list) else [answer]
        assert len(answers) == (1 if "answer_point" in function else 2)
        assert all(one.get("status", "optimal") == "optimal" and len(one) > 3 for one in answers)
        # Two rates of a credit, and two winds, are two answers.
        assert len({json.dumps(one) for one in answers}) == len(answers)
