"""Answers about one campus under one package each, as tasks: what a sweep, a comparison or a pool of workers makes.

A task carries the scenario, what it is compared with and the package as plain values. Who makes it keeps the question,
with its side without the package, for the next task about the same: each answer starts from that side and from nothing
else, so that it is the same to the last bit in any order, in any process.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kiban.finance.compared import InstrumentRow, instrument_row
from kiban.finance.comparison import Wanted, answer
from kiban.finance.paying import Question
from kiban.scenario import Scenario
from kiban.scenario.file import carry_files
from kiban.scenario.package import Package, load_package
from kiban.scenario.plain import plain_scenario, restore_scenario
from kiban.tasks.task import Task, digest

FUNCTION = "kiban.finance.policy_points:answer_point"
QUESTIONS_AT_HAND = 2
"""Questions that a process keeps: some hundred megabytes each for a year."""
_questions: OrderedDict[str, Question] = OrderedDict()


def point_tasks(
    scenario: Scenario, against: Sequence[str | Package], wanted: Sequence[Wanted], *, question: Question | None = None
) -> list[Task]:
    """A task for each answer that is wanted; `question` is that of the scenario where this process has it."""
    compared = [plain_package(load_package(package, scenario.folder)) for package in against]
    subject = subject_of(scenario, compared)
    if question is not None:
        _remember(subject, question)
    content, folder = plain_scenario(scenario), str(scenario.folder.absolute())
    tasks = []
    for one in wanted:
        asked = {"package": plain_package(one.package), "kind": one.kind, "value": one.value}
        arguments = {"subject": subject, "scenario": content, "folder": folder, "against": compared, "asked": asked}
        tasks.append(Task(FUNCTION, arguments, subject, asked))
    return tasks


def answer_point(
    subject: str,
    scenario: Mapping[str, Any],
    folder: str,
    against: Sequence[Mapping[str, Any]],
    asked: Mapping[str, Any],
) -> InstrumentRow:
    """The figures of one answer; raises what `Question` and `comparison.answer` raise."""
    question = _questions.get(subject)
    if question is None:
        given = restore_scenario(scenario).placed_in(Path(folder))
        question = Question(given, against=[restore_package(package) for package in against])
    _remember(subject, question)
    wanted = Wanted(restore_package(asked["package"]), asked["kind"], asked["value"])
    return instrument_row(answer(question, wanted))


def _remember(subject: str, question: Question) -> None:
    _questions[subject] = question
    _questions.move_to_end(subject)
    while len(_questions) > QUESTIONS_AT_HAND:
        _questions.popitem(last=False)


def subject_of(scenario: Scenario, against: Sequence[Mapping[str, Any]]) -> str:
    """A digest of a scenario, the files that it names, and what its packages are compared with: content, not places."""
    files = {name: _hash(path) for name, path in sorted(carry_files(scenario, "")[1].items())}
    return digest({"scenario": plain_scenario(carry_files(scenario, "")[0]), "files": files, "against": list(against)})


def _hash(path: Path) -> str | None:
    """SHA-256 of a file; None for what is none, which reading it says."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def plain_package(package: Package) -> dict[str, Any]:
    """A package in plain types, with the keys that were given."""
    return package.model_dump(exclude_unset=True, mode="json")


def restore_package(content: Mapping[str, Any]) -> Package:
    """The package of `plain_package`."""
    return Package.model_validate_json(json.dumps(content))
