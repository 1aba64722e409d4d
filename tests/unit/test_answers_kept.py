"""The store of answers and the tasks whose answers it keeps: exact, once, of one edition, and never mistaken."""

from __future__ import annotations

import copy
import math
import os
import sqlite3
import stat
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kiban
from kiban.errors import InputError, OutputError
from kiban.national.study.site_model import fingerprint
from kiban.planning import making
from kiban.planning.making import edition_of_answers
from kiban.report.messages import say_problem
from kiban.tasks.answering import Standing, answer_all
from kiban.tasks.likeness import describe_likeness
from kiban.tasks.store import FILE, AnswerStore, answers
from kiban.tasks.task import Key, Task, digest, find_function, from_text, to_text
from kiban.version import edition

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
SHA = "kiban.tasks.task:digest"


def same(one: Any, other: Any) -> bool:
    """Equal to the last bit, and of one type: 1 is not 1.0, nor 0.0 the same as -0.0."""
    if isinstance(one, float) and isinstance(other, float):
        return one.hex() == other.hex()
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnswerStore]:
    opened = AnswerStore(tmp_path, edition="one")
    yield opened
    opened.close()


def key(number: int, edition: str = "one") -> Key:
    return Key(digest("subject"), f"question-{number}", edition)


def sentence(place: Path | str, language: Any = "en", edition: str = "one") -> str:
    """The one sentence in which a store is refused."""
    with pytest.raises(OutputError) as caught:
        AnswerStore(place, edition=edition).find(key(1))
    (problem,) = caught.value.problems
    return say_problem(problem, language)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PLAIN)
def test_what_is_kept_comes_back_to_the_last_bit(store: AnswerStore, content: Any) -> None:
    own = Key(digest("subject"), digest(content), "one")
    store.keep(own, content)
    assert same(store.find(own), content)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_survives_its_text(value: float) -> None:
    assert from_text(to_text(value)).hex() == value.hex()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_no_answer(store: AnswerStore, value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.keep(key(1), {"value": value})
    assert store.find(key(1)) is None


def test_the_first_answer_stays(store: AnswerStore) -> None:
    assert store.keep(key(1), 1.5) is True
    assert store.keep(key(1), 2.5) is False
    assert store.find(key(1)) == 1.5


def test_many_threads_keep_one_answer_once(store: AnswerStore) -> None:
    new: list[bool] = []
    threads = [threading.Thread(target=lambda: new.append(store.keep(key(7), 7.0))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(new) == [False] * 7 + [True]


def test_it_outlives_its_process_and_knows_other_editions(tmp_path: Path) -> None:
    first = AnswerStore(tmp_path, edition="one")
    first.keep(key(1), 1.0)
    first.close()
    again, other = AnswerStore(tmp_path, edition="one"), AnswerStore(tmp_path, edition="two")
    assert again.find(key(1)) == 1.0
    assert other.find(key(1, "two")) is None
    assert (other.count_others([key(1, "two"), key(2, "two")]), again.count_others([key(1)])) == (1, 0)
    again.close()
    other.close()


def test_more_keys_than_one_query_takes(store: AnswerStore) -> None:
    keys = [key(number) for number in range(1203)]
    for number in (0, 499, 500, 1202):
        store.keep(keys[number], number)
    assert store.find_all(keys) == {keys[number]: number for number in (0, 499, 500, 1202)}


def test_points_are_kept_by_edition_and_removed(tmp_path: Path) -> None:
    one, two = AnswerStore(tmp_path, edition="one"), AnswerStore(tmp_path, edition="two")
    one.keep_point("a", b"\x00\xff")
    assert (one.find_point("a"), two.find_point("a")) == (b"\x00\xff", None)
    two.remove_points(["a"])
    assert one.find_point("a") == b"\x00\xff"
    one.remove_points(["a"])
    assert one.find_point("a") is None
    one.close()
    two.close()


def test_old_answers_go(store: AnswerStore) -> None:
    store.keep(key(1), 1)
    assert (store.remove_before(0.0), store.remove_before(math.inf), store.find(key(1))) == (0, 1, None)


# ---- the edition of an answer


def test_two_machines_share_a_key_only_where_each_would_take_the_other_as_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own, here = edition_of_answers(), describe_likeness()
    assert len(own) <= answers.c.edition.type.length
    assert own.startswith(f"{edition()}-")
    others = set()
    for name in here:
        monkeypatch.setattr(making, "describe_likeness", lambda name=name: {**here, name: "another"})
        others.add(edition_of_answers())
    assert len(others | {own}) == len(here) + 1
    assert {"c_library", "machine", "numpy_instructions"} <= set(here)


def test_every_file_of_figures_and_code_is_in_the_edition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = Path(kiban.__file__).parent
    monkeypatch.setattr(kiban.version, "__file__", str(tmp_path / "version.py"))
    named = {
        path.relative_to(package) for path in package.rglob("*") if path.suffix in {".npz", ".csv", ".toml", ".py"}
    }
    figures = [path for path in sorted(named) if path.parts[0] == "catalogue"]
    assert Path("catalogue/typical/hours.npz") in figures
    seen = {edition.__wrapped__()}
    for count, path in enumerate(figures, 2):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"1")
        seen.add(edition.__wrapped__())
        assert len(seen) == count, path


PARTS = st.recursive(
    st.integers(0, 30) | st.text("(1,2)'", max_size=3) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    max_leaves=6,
)


@settings(max_examples=300)
@given(st.lists(PARTS, max_size=3), st.lists(PARTS, max_size=3))
def test_a_fingerprint_is_of_one_content_alone(one: list[Any], other: list[Any]) -> None:
    assert (fingerprint(*one) == fingerprint(*other)) == (to_text(sort(one)) == to_text(sort(other)))


def sort(content: Any) -> Any:
    """The same with the names of every mapping in order."""
    if isinstance(content, dict):
        return {name: sort(content[name]) for name in sorted(content)}
    return [sort(one) for one in content] if isinstance(content, list) else content


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (((1, 23),), ((12, 3),)),
        ((1, 23), (12, 3)),
        (((1,), 2), ((1, 2),)),
        (({"a": 1, "b": 2},), ({"a": "1b2"},)),
        ((1,), ("1",)),
        ((1,), (1.0,)),
        ((0.0,), (-0.0,)),
        ((np.zeros((2, 3)),), (np.zeros((3, 2)),)),
        ((np.zeros(2),), (np.zeros(2, dtype=np.int64),)),
        ((np.zeros(1), np.zeros(2)), (np.zeros(2), np.zeros(1))),
        ((Key("ab", "c", "d"),), (Key("a", "bc", "d"),)),
    ],
)
def test_what_is_alike_in_characters_has_another_fingerprint(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    assert fingerprint(*one) == fingerprint(*copy.deepcopy(one))
    assert fingerprint(*one) != fingerprint(*other)


# ---- places


@pytest.mark.parametrize("name", ["a?b", "a#b", "a%41b", "a b+c@d", "答え", "?"])
def test_any_name_is_that_of_a_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = AnswerStore(name, edition="one")
    store.keep(key(1), 1.0)
    store.close()
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == [name, f"{name}/{FILE}"]


@pytest.mark.parametrize(
    "place",
    ["", "  ", "sqlite:///z.db", "sqlite://", "mysql://u:secret@h/x", "postgresql://u:secret@h:abc/x", "https://a.example",
     "postgresql+other://u:secret@h/x", "ftp://u:sec/ret@h"],
)  # fmt: skip
def test_what_is_neither_folder_nor_database_is_one_sentence(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        AnswerStore(place, edition="one")
    (problem,) = caught.value.problems
    assert (problem.code, problem.key) == ("answers.no_place", "--resume")
    for language in ("en", "ja"):
        assert "secret" not in say_problem(problem, language)
        assert "ret@" not in say_problem(problem, language)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_no_system_takes_is_one_sentence() -> None:
    assert "cannot be used: " in sentence("a\0b")


def test_answers_are_for_their_owner_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    before = os.umask(0)
    try:
        store = AnswerStore(tmp_path, edition="one")
        store.keep(key(1), 1.0)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert modes == {FILE: 0o600, f"{FILE}-wal": 0o600, f"{FILE}-shm": 0o600}


# ---- what is no store


def test_a_file_of_something_else_is_refused_and_kept(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("create table sheep (name text)")
    other.close()
    said = sentence(tmp_path)
    assert said == f"{tmp_path / FILE} is a database of something else; name another folder with --resume."
    with sqlite3.connect(tmp_path / FILE) as other:
        assert [name for (name,) in other.execute("select name from sqlite_master")] == ["sheep"]
    other.close()


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all " * 100)
    assert "is damaged: file is not a database; remove the file" in sentence(tmp_path)
    assert (tmp_path / FILE).read_bytes().startswith(b"no database")
    assert sentence(tmp_path, "ja").startswith(f"{tmp_path / FILE} は壊れています（file is not a database）。")


def test_a_damaged_page_is_refused(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path, edition="one")
    for number in range(200):
        store.keep(key(number), "x" * 500)
    store.close()
    content = bytearray((tmp_path / FILE).read_bytes())
    content[8192:12288] = b"\xff" * 4096
    (tmp_path / FILE).write_bytes(content)
    assert "is damaged: " in sentence(tmp_path)


def test_a_changed_answer_is_refused(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path, edition="one")
    store.keep(key(1), 1.25)
    store.close()
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("update kiban_answers set answer = '1.26'")
    other.close()
    assert "holds an answer that is not the one that was kept there" in sentence(tmp_path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    AnswerStore(tmp_path, edition="one").close()
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("update kiban_answers_format set format = 'kiban answers 99'")
    other.close()
    assert "holds answers of the format 'kiban answers 99', and this kiban keeps 'kiban answers 1'" in sentence(
        tmp_path
    )


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert "cannot be used: " in sentence(tmp_path / "file")


# ---- many answers


class Backwards:
    """A pool that answers the last first and counts."""

    width = 1

    def __init__(self) -> None:
        self.asked = 0

    def answer(self, function: Any, arguments: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Any]]:
        for place in reversed(range(len(arguments))):
            self.asked += len(arguments[place]["calls"])
            yield place, function(**arguments[place])


def tasks_of(*numbers: int) -> list[Task]:
    return [Task(SHA, {"content": number}, digest("numbers"), number) for number in numbers]


@settings(max_examples=15)
@given(st.lists(st.integers(0, 9), max_size=12), st.sets(st.integers(0, 9)), st.booleans())
def test_answers_come_in_order_and_are_made_once(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int], held: set[int], pooled: bool
) -> None:
    store = AnswerStore(tmp_path_factory.mktemp("answers"), edition="one")
    for task in tasks_of(*held):
        store.keep(task.key("one"), digest(task.asked))
    pool, told = Backwards(), list[Standing]()
    found = list(answer_all(tasks_of(*numbers), store=store, pool=pool if pooled else None, progress=told.append))
    assert found == [digest(number) for number in numbers]
    missing = len(set(numbers) - held)
    assert pool.asked == (missing if pooled else 0)
    assert [standing.done - standing.held for standing in told] == list(range(missing + 1))
    assert list(answer_all(tasks_of(*numbers), store=store, pool=pool)) == found
    assert pool.asked == (missing if pooled else 0)
    store.close()


def test_an_answer_is_kept_before_the_next_is_made(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path, edition="one")
    walk = answer_all(tasks_of(1, 2, 3), store=store)
    next(walk)
    other = AnswerStore(tmp_path, edition="one")
    assert len(other.find_all([task.key("one") for task in tasks_of(1, 2, 3)])) == 1
    store.close()
    other.close()


def test_made_and_kept_answers_are_of_one_type(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path, edition="one")
    task = Task("kiban.tasks.task:from_text", {"text": '{"b": [1, 2.0], "a": null}'}, digest(0), 0)
    (made,), (kept,) = list(answer_all([task], store=store)), list(answer_all([task], store=store))
    assert same(made, kept)
    assert list(made) == ["b", "a"]
    store.close()


def test_the_key_is_of_content_and_not_of_places() -> None:
    here = Task(SHA, {"content": 1, "folder": "/here"}, "s", {"a": 1, "b": 2.0})
    there = Task(SHA, {"content": 1, "folder": "/there"}, "s", {"b": 2.0, "a": 1})
    other = Task(SHA, {"content": 1}, "s", {"b": 2.0, "a": 2})
    assert here.key("e") == there.key("e") != other.key("e")


@pytest.mark.parametrize("name", ["os:system", "kiban.tasks.task", "kiban.tasks.task:Key.__class__"])
def test_only_own_functions_are_called(name: str) -> None:
    with pytest.raises(ValueError, match="names no function of kiban"):
        find_function(name)


def test_without_the_driver_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(OutputError) as error:
        AnswerStore("postgresql://nobody@127.0.0.1:1/none", edition="one")
    assert [problem.code for problem in error.value.problems] == ["answers.driver"]
    assert "extra postgresql" in str(error.value)


def test_of_two_threads_that_want_an_answer_one_makes_it(store: AnswerStore) -> None:
    made: list[int] = []

    def want() -> None:
        with store.turn(key(3)):
            if store.find(key(3)) is None:
                made.append(1)
                store.keep(key(3), 3)

    threads = [threading.Thread(target=want) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
