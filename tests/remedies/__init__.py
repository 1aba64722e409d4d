"""A case for each remedy: how a user comes by the message, and what the message tells him to do.

A case takes a `Ground` and gives steps, each of them a call. The first is refused with that very remedy; every other
one does what the remedy says and is not refused. What a call gives tells whether it was refused: an `InputError`, a
command that ends with exit code 2, an answer of the server from 400 on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

import httpx
import openpyxl
import pytest
from typer.testing import CliRunner

from kiban.cli import app
from kiban.errors import InputError, Problem
from kiban.quantities import LANGUAGES
from kiban.report.messages import say_problem
from kiban.report.phrases import load_phrases
from kiban.server.operating.schedulers import SchedulerAwayError
from kiban.server.operating.sources import SourceAwayError

REFUSED = 2
ABOVE_SUCCESS = 400
BEFORE = "remedy."


@dataclass(frozen=True)
class Ground:
    """An empty folder, in which the test runs, and what changes a module for one test."""

    folder: Path
    change: pytest.MonkeyPatch

    def write(self, name: str, content: str | bytes | Iterable[str]) -> Path:
        """A file of a text, of bytes or of lines."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, str | bytes):
            content = "\n".join(content) + "\n"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def workbook(self, name: str, rows: Iterable[Iterable[object]]) -> Path:
        """A workbook of one sheet."""
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(list(row))
        book.save(self.folder / name)
        return self.folder / name

    def command(self, *arguments: str | Path, text: str | None = None) -> Any:
        """What a command of kiban gives."""
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=text)


Step = Callable[[], object]
Case = Callable[[Ground], Iterable[Step]]


def templates() -> Mapping[str, str]:
    """Every remedy that there is a sentence for, by its code."""
    found = load_phrases("en")
    return {key.removeprefix(BEFORE): text for key, text in found.items() if key.startswith(BEFORE)}


def pattern(template: str) -> re.Pattern[str]:
    """What a sentence looks like once its blanks are filled."""
    parts = [(re.escape(text), ".*?" if blank is not None else "") for text, blank, _, _ in Formatter().parse(template)]
    return re.compile("".join(text + blank for text, blank in parts), re.DOTALL)


def refusal(step: Step) -> tuple[str, tuple[Problem, ...]]:
    """What a call was refused with, said in English, and its problems where it is a call of Python; "" for success."""
    try:
        answer = step()
    except (InputError, SchedulerAwayError, SourceAwayError) as error:
        problems = error.problems if isinstance(error, InputError) else (error.problem,)
        for problem in problems:
            for language in LANGUAGES:
                assert not re.search(r"\{\w*\}", say_problem(problem, language))
        return "\n".join(say_problem(problem, "en") for problem in problems), problems
    if hasattr(answer, "exit_code"):
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
        assert answer.exit_code in {0, REFUSED, 3, 4}, answer.output
        return (answer.stderr, ()) if answer.exit_code else ("", ())
    if isinstance(answer, httpx.Response):
        return (answer.text, ()) if answer.status_code >= ABOVE_SUCCESS else ("", ())
    return "", ()


def check(remedy: str, case: Case, ground: Ground) -> None:
    """The first step of a case is refused with its remedy, and every other one is not refused."""
    fault, *mended = case(ground)
    text, problems = refusal(fault)
    assert text, "nothing was refused"
    if problems:
        assert remedy in {problem.remedy or problem.code for problem in problems}, text
    assert pattern(templates()[remedy]).search(text.replace('\\"', '"')), text
    assert mended, "nothing is done about it"
    for step in mended:
        said, _ = refusal(step)
        assert not said, said
