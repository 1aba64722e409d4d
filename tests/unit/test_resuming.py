"""Questions that end by force begin where they were: the same bytes, and what was kept is not made again."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.cases.national_studies import HARMLESS, one_site
from tests.cases.servers import SOURCE
from typer.testing import CliRunner

from kiban.cli import app
from kiban.finance import drawn_model
from kiban.finance.comparison import sweep_wanted
from kiban.finance.drawn_answers import DrawnQuestion
from kiban.finance.paying import Question
from kiban.finance.policy_points import answer_point, plain_package, point_tasks, restore_package, subject_of
from kiban.linear.kernel.packing import pack, unpack
from kiban.national.building import build_national
from kiban.national.search import kept_points
from kiban.national.search.cut_pool import CutPool
from kiban.planning import swept
from kiban.report.national.document import national_document
from kiban.scenario import Scenario
from kiban.scenario.file import read_scenario
from kiban.scenario.national import NationalScenario
from kiban.scenario.package import load_package, package_names
from kiban.scenario.plain import plain_scenario
from kiban.server import kept_answers, tasks
from kiban.tasks.store import FILE, AnswerStore

pytestmark = pytest.mark.slow

SITE = """
name = "A day"
site = {id = "tomakomai"}
load = {it_load_mw = 100.0}
time = {first_hour = 4704, hours = 24}
cooling = {system = "chilled_water"}
"""
ROOT = Path(__file__).parents[2]
OVER = "credit_rate=0:0.3:0.15"


class KilledError(Exception):
    """Stands for SIGKILL: nothing after it is done."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("resume") / "site.toml"
    path.write_text(SITE, encoding="utf-8")
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnswerStore]:
    opened = AnswerStore(tmp_path / "answers", edition="one")
    yield opened
    opened.close()


def kill_after(store: AnswerStore, answers: int, work: Callable[[], object]) -> None:
    """Do the work until so many answers are kept, and not one more."""
    keep, left = store.keep, [answers]

    def keep_or_die(key: Any, answer: Any) -> bool:
        if not left[0]:
            raise KilledError
        left[0] -= 1
        return keep(key, answer)

    store.keep = keep_or_die  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        work()
    store.keep = keep  # type: ignore[method-assign]


def counted(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[int]:
    """How often a function of a module is called from now on."""
    real, count = getattr(module, name), [0]

    def counting(*given: Any, **named: Any) -> Any:
        count[0] += 1
        return real(*given, **named)

    monkeypatch.setattr(module, name, counting)
    return count


# ---- one campus


def rows_in(order: list[int], scenario: Scenario) -> dict[int, str]:
    """Rows of a sweep that are asked in an order, by a question that nobody else has asked."""
    given = point_tasks(scenario, ("none",), sweep_wanted(OVER, scenario.folder), question=Question(scenario))
    return {place: json.dumps(answer_point(**given[place].arguments)) for place in order}


def test_no_answer_depends_on_those_before_it(site: Path) -> None:
    scenario = read_scenario(site)
    forwards = rows_in([0, 1, 2], scenario)
    assert rows_in([2, 1], scenario).items() <= forwards.items()
    assert len(set(forwards.values())) == 3


@pytest.mark.parametrize("name", package_names())
def test_a_package_survives_its_plain_types(name: str) -> None:
    package = load_package(name)
    assert restore_package(json.loads(json.dumps(plain_package(package)))) == package


def test_the_subject_is_content(site: Path, tmp_path: Path) -> None:
    scenario, other = read_scenario(site), tmp_path / "elsewhere.toml"
    other.write_text(SITE, encoding="utf-8")
    none = [plain_package(load_package("none"))]
    assert subject_of(read_scenario(other), none) == subject_of(scenario, none)
    other.write_text(SITE.replace("100.0", "101.0"), encoding="utf-8")
    assert subject_of(read_scenario(other), none) != subject_of(scenario, none)
    assert subject_of(scenario, []) != subject_of(scenario, none)


def test_the_subject_holds_the_content_of_files(tmp_path: Path) -> None:
    prices, path = tmp_path / "prices.csv", tmp_path / "site.toml"
    prices.write_text("price\n1\n", encoding="utf-8")
    path.write_text(f'{SITE}grid = {{price_myen_per_mwh = {{file = "prices.csv", column = "price"}}}}\n', "utf-8")
    before = subject_of(read_scenario(path), [])
    prices.write_text("price\n2\n", encoding="utf-8")
    assert subject_of(read_scenario(path), []) != before


def run(*words: str | Path) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_says_what_is_there_and_makes_the_rest(site: Path, tmp_path: Path) -> None:
    words = ("sweep", site, "--over", OVER)
    plain = run(*words)
    runner, resumed = CliRunner(), [*map(str, words), "--resume", str(tmp_path / "kept")]
    first, again = runner.invoke(app, resumed), runner.invoke(app, resumed)
    assert first.stdout == again.stdout == plain
    assert "answers.sqlite3: 0 of 3 answers are there." in first.stderr
    assert "answers.sqlite3: 3 of 3 answers are there." in again.stderr
    assert "are made ..." in first.stderr
    assert "are made ..." not in again.stderr
    japanese = runner.invoke(app, [*resumed, "--lang", "ja"])
    assert "：答え3件のうち3件が保存済みです。" in japanese.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("build", "tomakomai", "--resume", "x"), "--resume asks about a national study, and this is one site"),
        (("pay", "tomakomai", "--resume", "x"), "--resume keeps the designs of draws, and no draws are asked for"),
    ],
)
def test_what_cannot_be_resumed_is_said(words: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(app, list(words))
    assert (done.exit_code, said in done.stderr) == (2, True)
    assert not Path("x").exists()


# ---- draws


@cache
def asked(path: Path) -> tuple[Question, Any]:
    question = Question(read_scenario(path))
    return question, question.pay(("tax-credit",))


LEARN = """
import sys
from pathlib import Path
from tests.unit.test_resuming import asked
from kiban.finance.drawn_answers import DrawnQuestion
from kiban.tasks.store import AnswerStore
DrawnQuestion(*asked(Path(sys.argv[1])), AnswerStore(sys.argv[2], edition="one"))
"""
"""Solves the designs of draws in a process that can be killed."""


def designs_in(folder: Path) -> int:
    with contextlib.closing(sqlite3.connect(folder / FILE)) as database:
        return int(database.execute("select count(*) from kiban_answers").fetchone()[0])


def test_designs_of_draws_are_solved_once_though_their_process_is_killed(
    site: Path, store: AnswerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def learn(kept: AnswerStore | None) -> tuple[list[str], int]:
        designs = DrawnQuestion(*asked(site), kept).designs
        built = [repr(level.quantities.tolist()) + repr(level.market.tolist()) for level in designs.levels]
        return built, designs.solved

    plain = learn(None)
    folder = Path(store.shown).parent
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (SOURCE, ROOT)))}
    killed = subprocess.Popen([sys.executable, "-c", LEARN, str(site), str(folder)], env=surroundings)
    while designs_in(folder) < 7:
        assert killed.poll() is None, "it ended before it was killed"
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    kept, solved = designs_in(folder), counted(monkeypatch, drawn_model, "design_alone")
    assert 7 <= kept < plain[1]
    assert learn(store) == plain
    assert solved[0] == plain[1] - kept
    solved[0] = 0
    assert learn(store) == plain
    assert solved[0] == 0


# ---- a country


def study() -> NationalScenario:
    sites = [{**HARMLESS, "max_mw": 70.0}, {**HARMLESS, "id": "ishikari", "max_mw": 70.0}]
    return one_site(site=sites, national={**NATIONAL, "sites": ["tomakomai", "ishikari"]})


NATIONAL = {"name": "two sites", "hours": 48, "first_hour": 2400, "gap": 1e-4}


def planned(store: AnswerStore | None) -> str:
    return json.dumps(national_document(build_national(study(), pool=CutPool(store=store))))


@cache
def planned_without_a_store() -> str:
    return planned(None)


def test_a_national_search_goes_its_way_again(store: AnswerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = planned_without_a_store()
    solved = counted(monkeypatch, kept_points, "evaluate_from")
    assert planned(store) == plain
    whole, solved[0] = solved[0], 0
    assert planned(store) == plain
    assert solved[0] == 0
    assert whole >= 5


@pytest.mark.parametrize("killed_after", [1, 4])
def test_a_national_search_that_was_killed(
    store: AnswerStore, monkeypatch: pytest.MonkeyPatch, killed_after: int
) -> None:
    solved = counted(monkeypatch, kept_points, "evaluate_from")
    plain = planned_without_a_store()
    kill_after(store, killed_after, lambda: planned(store))
    solved[0] = 0
    assert planned(store) == plain
    left, solved[0] = solved[0], 0
    other = AnswerStore(Path(store.shown).parent / "other", edition="one")
    assert planned(other) == plain
    assert left == solved[0] - killed_after
    other.close()


def test_a_point_that_is_gone_is_made_again(store: AnswerStore) -> None:
    plain = planned_without_a_store()
    kill_after(store, 6, lambda: planned(store))
    store.find_point = lambda name: None  # type: ignore[method-assign]
    assert planned(store) == plain


def test_points_to_start_from_survive_their_bytes() -> None:
    pool = CutPool()
    build_national(study(), pool=pool)
    starts = [start.load() for kept in pool.starts.values() for _, start in kept]
    assert len(starts) >= 2
    for warm in starts:
        assert warm is not None
        again = unpack(pack(warm))
        assert (again.names, again.border, again.pattern) == (warm.names, warm.border, warm.pattern)
        assert asdict(again.scales) == asdict(warm.scales)
        for one, other in zip(warm.iterates, again.iterates, strict=True):
            assert one.gap == other.gap
            for name in ("y", "z", "r", "u", "lambdas", "x", "zx", "rx", "ux", "q"):
                before, after = getattr(one, name), getattr(other, name)
                assert (before.dtype, before.shape, before.tobytes()) == (after.dtype, after.shape, after.tobytes())


# ---- jobs of the server


def test_a_job_begins_where_it_was(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = plain_scenario(read_scenario(site))
    shares = [0.5, 0.6, 0.7]
    scenarios = [{**content, "target": {"clean_share": share}} for share in shares]
    question = {"key": "target.clean_share", "values": shares, "scenarios": scenarios}
    plain = tasks.run("sweep", question, lambda _: None)
    monkeypatch.setattr(kept_answers._Present, "place", str(tmp_path))
    monkeypatch.setattr(kept_answers._Present, "store", None)
    built, told = counted(monkeypatch, swept, "build"), list[Any]()

    def tell_until_second(progress: Any) -> None:
        told.append(progress)
        if progress["done"] == 2:
            raise KilledError

    with pytest.raises(KilledError):
        tasks.run("sweep", question, tell_until_second)
    assert (built[0], told[-1]["of"]) == (2, 3)
    again = tasks.run("sweep", question, lambda _: None)
    assert built[0] == 3
    assert json.dumps(again.result) == json.dumps(plain.result)
    assert [point["value"] for point in again.result["points"]] == shares
    assert (tmp_path / "answers.sqlite3").is_file()


def test_without_a_usable_store_a_job_is_still_done(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "answers.sqlite3").write_bytes(b"no database at all " * 100)
    monkeypatch.setattr(kept_answers._Present, "place", str(tmp_path))
    monkeypatch.setattr(kept_answers._Present, "store", None)
    question = {"key": "name", "values": [1.0], "scenarios": [plain_scenario(read_scenario(site))]}
    assert tasks.run("sweep", question, lambda _: None).result["points"][0]["status"] == "optimal"
    assert "jobs that are ended by force will begin anew" in caplog.text


def test_without_room_for_answers_a_job_is_still_done(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kept_answers._Present, "place", str(tmp_path))
    monkeypatch.setattr(kept_answers._Present, "store", None)
    store = kept_answers.kept_answers()
    assert store is not None
    with store._engine.begin() as connection:
        connection.exec_driver_sql("drop table kiban_answers")
        connection.exec_driver_sql("drop table kiban_points")
    question = {"key": "name", "values": [1.0], "scenarios": [plain_scenario(read_scenario(site))]}
    assert tasks.run("sweep", question, lambda _: None).result["points"][0]["status"] == "optimal"
    assert "an answer of a job is not kept" in caplog.text
    assert "answers of jobs cannot be read" in caplog.text
    store.keep_point("a", b"x")
    assert store.find_point("a") is None
    store.remove_points(["a"])
    store.close()
