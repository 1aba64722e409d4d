"""The language that was asked for, whatever goes wrong and however early."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.cases import faulty
from typer.testing import CliRunner

import kiban.planning.building
from kiban.cli import app
from kiban.errors import SolverError, reason_of
from kiban.messages import Message
from kiban.report.messages import say


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LANG", "KIBAN_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def said(*arguments: str, code: int = 2) -> list[str]:
    """Lines on stderr, without progress."""
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == code, done.output
    return [line for line in done.stderr.splitlines() if not line.endswith(" ...")]


@pytest.mark.parametrize(
    ("text", "arguments", "count"),
    [
        (faulty.SCENARIO, ("check", "mine.toml"), faulty.SCENARIO_FAULTS),
        (faulty.NATIONAL, ("check", "mine.toml"), faulty.NATIONAL_FAULTS),
        (faulty.PACKAGE, ("compare", "mine.toml"), faulty.PACKAGE_FAULTS),
    ],
)
def test_every_fault_of_a_file_in_the_language_asked_for(text: str, arguments: tuple[str, ...], count: int) -> None:
    Path("mine.toml").write_text(text, encoding="utf-8")
    english, japanese = said(*arguments, "--lang", "en"), said(*arguments, "--lang", "ja")
    assert len(english) == len(japanese) == count
    for sentence in english:
        assert sentence.startswith("error: mine.toml line ")
        assert sentence.isascii()
    for sentence in japanese:
        assert sentence.startswith("エラー: mine.toml ")
        assert "行目" in sentence
        assert sentence.endswith("。")
        assert faulty.english_in(sentence.removeprefix("エラー: mine.toml ")) == [], sentence


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "tomakomi"),
        ("check", "lost.toml"),
        ("check", "."),
        ("build", "tomakomai", "--draws", "3"),
        ("sites", "tomakomi"),
        ("sources", "no such thing"),
        ("init", "lost/x"),
        ("pay", "--package", "tax-credti"),
        ("compare", "--budget-myen", "1", "--induce-mw", "1"),
        ("sweep", "tomakomai", "--over", "credit_rate=0:0.5:0.1", "--against", "tax-credti"),
        ("report", "tomakomai", "--out", "lost/x.html"),
        ("report", "saved.json"),
        ("serve", "token", "remove", "nobody", "--data", "data"),
    ],
)
def test_every_command_refuses_in_japanese(arguments: tuple[str, ...]) -> None:
    Path("saved.json").write_text("[]")
    for given in ((*arguments, "--lang", "ja"), (*arguments, "--lang=ja")):
        for sentence in said(*given):
            assert sentence.startswith("エラー: ")
            assert not sentence.isascii()


def test_the_language_of_the_environment_is_that_of_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    (problem,) = said("sites", "tomakomi")
    assert problem == "エラー: 「tomakomi」はカタログにない地点です。「tomakomai」ではありませんか。"
    (problem,) = said("sites", "tomakomi", "--lang", "en")
    assert problem == "error: 'tomakomi' is not a site of the catalogue; did you mean 'tomakomai'?"
    # What follows `--` is no option.
    assert said("check", "--", "tomakomi")[0].startswith("エラー: ")


def test_a_fault_of_ours_in_japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise errors.pop()

    errors: list[BaseException] = [KeyboardInterrupt(), SolverError("no optimum was proven by clarabel")]
    monkeypatch.setattr(kiban.planning.building, "build", fail)
    first, second = said("build", "--lang", "ja", code=1)
    assert first == "kiban の不具合です。入力の誤りではありません（no optimum was proven by clarabel）。"
    assert "KIBAN_DEBUG=1" in second
    assert not second.isascii()
    assert said("build", "--lang", "ja", code=130) == ["中断しました"]


def test_why_the_system_refused() -> None:
    missing = reason_of(FileNotFoundError(2, os.strerror(2)))
    assert isinstance(missing, Message)
    assert (say(missing, "en"), say(missing, "ja")) == (
        "no such file or directory",
        "ファイルまたはフォルダがありません",
    )
    assert reason_of(OSError(5, "Input/output error")) == "input/output error"
    assert reason_of(OSError("x")) == "oserror"
