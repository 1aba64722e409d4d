"""A national study whose sites others evaluate: the same plan to the last bit, killed, resumed, and by either way."""

from __future__ import annotations

import json
import math
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cases.national_studies import HARMLESS, one_site

from kiban.catalogue import load_catalogue
from kiban.national.building import build_national
from kiban.national.search import cut_pool, kept_points, site_tasks
from kiban.national.search.cut_pool import CutPool
from kiban.national.search.kept_points import plain_point, restore_point
from kiban.national.search.site_tasks import SiteAsked, SiteWorkers
from kiban.national.study.assembly import write_problem
from kiban.national.study.site_model import SiteModel, fingerprint
from kiban.report.national.document import national_document
from kiban.scenario.national import NationalScenario
from kiban.tasks.content import plain_content, restore_content
from kiban.tasks.pool import Pool, SerialPool
from kiban.tasks.processes import ProcessPool
from kiban.tasks.store import AnswerStore
from kiban.tasks.task import from_text, to_text

NATIONAL = {"name": "two sites", "hours": 48, "first_hour": 2400, "gap": 1e-4}


def study() -> NationalScenario:
    sites = [{**HARMLESS, "max_mw": 70.0}, {**HARMLESS, "id": "ishikari", "max_mw": 70.0}]
    return one_site(site=sites, national={**NATIONAL, "sites": ["tomakomai", "ishikari"]})


def planned(pool: Pool | None = None, store: AnswerStore | None = None) -> str:
    workers = None if pool is None else SiteWorkers(pool)
    return json.dumps(national_document(build_national(study(), pool=CutPool(store=store, workers=workers))))


@cache
def here() -> str:
    """The plan of this process, whose sites never go through text."""
    return planned()


@cache
def model() -> SiteModel:
    problem, _ = write_problem(study(), load_catalogue())
    return next(subproblem.model for _, _, subproblem in problem.subproblems())


class Counting(SerialPool):
    """Counts evaluations, and ends after so many as a killed command does."""

    def __init__(self, last: int | None = None) -> None:
        self.asked: list[str] = []
        self.started = 0
        self.last = last

    def answer(self, function: Any, arguments: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Any]]:
        for place, answer in super().answer(function, arguments):
            if len(self.asked) == self.last:
                raise KeyboardInterrupt
            one = arguments[place]
            self.asked.append(to_text([one["model"], one["z"], one["tolerance"]]))
            self.started += one["start"] is not None
            yield place, answer


def test_sites_that_others_evaluate_make_the_same_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, pool = here(), Counting()
    # Whatever is solved is solved by the pool.
    monkeypatch.setattr(cut_pool, "evaluate_from", None)
    assert planned(pool) == whole
    assert len(pool.asked) >= 5
    assert 0 < pool.started < len(pool.asked)


def test_what_is_kept_is_found_whoever_made_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, killed = AnswerStore(tmp_path, edition="one"), Counting(last=4)
    with pytest.raises(KeyboardInterrupt):
        planned(killed, store)
    rest = Counting()
    assert planned(rest, store) == here()
    assert not set(killed.asked) & set(rest.asked)
    assert len(rest.asked) >= 1
    # Nothing is left for this process to solve.
    monkeypatch.setattr(kept_points, "evaluate_from", None)
    assert planned(None, store) == here()
    store.close()


@pytest.mark.slow
def test_processes_evaluate_them_too_though_one_is_killed() -> None:
    class Killing(ProcessPool):
        killed = 0

        def answer(self, function: Any, arguments: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Any]]:
            for one in super().answer(function, arguments):
                if not self.killed:
                    self.killed = int(str(active_children()[0].pid))
                    os.kill(self.killed, signal.SIGKILL)
                yield one

    with Killing(2) as pool:
        assert planned(pool) == here()
    assert pool.killed


def test_a_model_arrives_as_it_was_sent() -> None:
    sent = model()
    text = to_text(plain_content(sent))
    arrived = restore_content(from_text(text))
    assert type(arrived) is SiteModel
    assert fingerprint(arrived) == fingerprint(sent)
    z = np.array([20.0, *[1e3] * (sent.size - 1)])
    (point, start), (again, _) = (
        SiteWorkers(SerialPool()).evaluate([SiteAsked(one, z, 1e-6, None)], None)[0] for one in (sent, arrived)
    )
    assert start is not None
    assert plain_point(again) == plain_point(point)
    kept = restore_point(from_text(to_text(plain_point(point))))
    assert isinstance(kept.import_mw, np.ndarray)
    assert kept.import_mw.tolist() == point.import_mw.tolist()


@dataclass(frozen=True)
class Foreign:
    number: int = 1


def test_content_is_arrays_numbers_and_dataclasses_of_kiban() -> None:
    values = (
        math.inf,
        -0.0,
        np.float32(0.1),
        True,
        None,
        "x",
        {"a": (1, 2)},
        np.arange(6, dtype=np.int32).reshape(2, 3),
    )
    back = restore_content(from_text(to_text(plain_content(values))))
    assert repr(back) == repr(values)
    assert [type(one) for one in back] == [type(one) for one in values]
    for strange in (object(), np.arange(6.0)[::-1], np.array([object()])):
        with pytest.raises(TypeError, match="no content"):
            plain_content(strange)
    grid = np.arange(12.0).reshape(3, 4)
    for array in (grid[:, [0, 2, 1]], grid.T, grid[1:, ::2], np.broadcast_to(0.1, (2, 7)), np.zeros((0, 3)),
                  np.array(2)):  # fmt: skip
        again = restore_content(from_text(to_text(plain_content(array))))
        assert (again.tolist(), again.dtype, again.strides) == (array.tolist(), array.dtype, array.strides)
    torn = {**plain_content(grid), "shape": [3, 5]}
    with pytest.raises(ValueError, match="12 numbers are no array"):
        restore_content(torn)
    for kind in ("os:system", "kiban.tasks.content:plain_content", f"{__name__}:Foreign"):
        with pytest.raises(ValueError, match=r"names no (function|dataclass)"):
            restore_content({"kind": kind, "of": {}})
    assert f"{site_tasks.answer_site.__module__}:{site_tasks.answer_site.__qualname__}" == site_tasks.SITE_FUNCTION
