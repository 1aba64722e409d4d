"""What can go wrong, and whose fault it is.

    KibanError
     ├─ InputError             the user's input; exit code 2
     │   ├─ ScenarioError      a scenario file or a scenario key
     │   ├─ CatalogueError     an unknown site, technology or figure
     │   ├─ WeatherError       a weather, price or series file or service
     │   └─ OutputError        a place where the plan cannot be written
     └─ SolverError            no solver could prove an optimum: a fault of ours; exit code 1

Infeasible is not an error: it is a plan that explains itself (exit code 4).
Every `InputError` carries all `Problem`s that were found, not only the first.
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from kiban.messages import Message, from_plain, to_plain

EXIT_FAULT = 1
EXIT_INPUT = 2
EXIT_BROKEN = 3
EXIT_INFEASIBLE = 4
MOST_PROBLEMS = 100
"""Problems that are explained one by one."""
LONGEST_COMPARED = 200
"""What is longer is no name that somebody mistyped."""


@dataclass(frozen=True, slots=True, init=False)
class Problem(Message):
    """One thing that is wrong: a code and values as in `Message`, where it is, and which key.

    `where` names a file or a service, or is a message of `at.*` that says more (a line of it, an instrument of a
    package); `key` is the scenario key or the column. The sentence is made of
    `fault.CODE`, which says what is wrong including the value, and `remedy.CODE`, which says what to do and may be
    missing; `remedy` names another code where what to do depends on more than what is wrong.
    """

    where: str | Message
    key: str
    remedy: str

    def __init__(
        self,
        code: str,
        where: str | Message = "",
        key: str = "",
        remedy: str = "",
        values: Mapping[str, object] | None = None,
        **named: object,
    ) -> None:
        Message.__init__(self, code, values, **named)
        object.__setattr__(self, "where", where)
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "remedy", remedy)


def problem_to_plain(problem: Problem) -> dict[str, Any]:
    """A problem in types that JSON has; tuples are lists."""
    where = to_plain(problem.where) if isinstance(problem.where, Message) else problem.where
    return {**to_plain(problem), "where": where, "key": problem.key, "remedy": problem.remedy}


def problem_from_plain(content: Mapping[str, Any]) -> Problem:
    """The problem that `problem_to_plain` was given; KeyError or TypeError for anything else."""
    said, where = from_plain(content), content["where"]
    place = from_plain(where) if isinstance(where, Mapping) else where
    return Problem(said.code, place, content["key"], content["remedy"], values=said.values)


class KibanError(Exception):
    """Any error that kiban raises on purpose."""

    exit_code = EXIT_FAULT


class InputError(KibanError):
    """The user's input cannot be used; `problems` lists every reason at once."""

    exit_code = EXIT_INPUT

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ScenarioError(InputError):
    """A scenario file or key."""


class CatalogueError(InputError):
    """An unknown site, technology or figure."""


class WeatherError(InputError):
    """A weather, price or series file or service."""


class OutputError(InputError):
    """A place where a result cannot be written."""


class SolverError(KibanError):
    """No solver could prove an optimum, and the programme is not infeasible either."""


class RangeError(ValueError):
    """A value for which a formula does not hold.

    Who calls a formula with a user's numbers turns it into its `problem` by `as_problems`; where it is not the user's,
    it is a fault of ours and stays a ValueError.
    """

    def __init__(self, name: str, value: float, text: str) -> None:
        self.problem = Problem("bounds.formula", key=name, value=float(value))
        super().__init__(text)


@contextmanager
def as_problems() -> Iterator[None]:
    """Within this, a value of the user's for which a formula does not hold is a `ScenarioError`."""
    try:
        yield
    except RangeError as error:
        raise ScenarioError(error.problem) from error


def limit_problems(problems: Iterable[Problem]) -> list[Problem]:
    """The first problems of many, and that there are more; what comes after them is not even looked for."""
    found = list(islice(problems, MOST_PROBLEMS + 1))
    if len(found) <= MOST_PROBLEMS:
        return found
    return [*found[:MOST_PROBLEMS], Problem("bounds.more", count=MOST_PROBLEMS)]


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word closest to `word`, or the empty string; `remedy.nearest` asks whether it was meant, as `near`."""
    if len(word) > LONGEST_COMPARED:
        return ""
    match = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return match[0] if match else ""


def reason_of(error: OSError) -> Message | str:
    """Why the system refused: a message of ours for what people meet, else the system's own words."""
    for code, numbers in _REASONS.items():
        if error.errno in numbers:
            return Message(code)
    return (error.strerror or type(error).__name__).lower()


_REASONS: Mapping[str, tuple[int, ...]] = {
    "reason.permission": (errno.EACCES, errno.EPERM),
    "reason.read_only": (errno.EROFS,),
    "reason.no_space": (errno.ENOSPC,),
    "reason.not_found": (errno.ENOENT,),
    "reason.is_folder": (errno.EISDIR,),
}
