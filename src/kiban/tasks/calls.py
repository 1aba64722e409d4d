"""A call as text: a function of kiban by its name, arguments and answer as JSON, a failure as a failure.

Nothing else crosses from one process to another, so that no worker runs what it did not install and a call means the
same in every release that has the function. JSON of Python gives back every float to the last bit.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import kiban.errors as known_errors
from kiban.errors import InputError, KibanError, SolverError, problem_from_plain, problem_to_plain
from kiban.tasks.task import find_function, from_text, to_text

LONGEST_SAID: Final = 200
"""Letters of arguments that an error repeats."""
Function = str | Callable[..., Any]
"""A function on the level of a module of kiban, or its name `kiban.module:function`."""


class TaskError(KibanError):
    """A task failed, and not by what a user gave: which task, and what its worker said."""


@dataclass(frozen=True, slots=True)
class Call:
    """One task: its place among the tasks, the function by name, and its arguments as JSON."""

    number: int
    function: str
    arguments: str

    def __str__(self) -> str:
        shown = self.arguments if len(self.arguments) <= LONGEST_SAID else f"{self.arguments[:LONGEST_SAID]}…"
        return f"task {self.number}, {self.function}({shown})"


def name_of(function: Function) -> str:
    """The name by which a worker finds a function; ValueError for one that it could not find."""
    name = function if isinstance(function, str) else f"{function.__module__}:{function.__qualname__}"
    found = find_function(name)
    if not isinstance(function, str) and found is not function:
        raise ValueError(f"{name} is another function")
    return name


def write_call(number: int, function: str, arguments: Mapping[str, Any]) -> Call:
    """A call of a function with named arguments; TypeError or ValueError for arguments that JSON does not have."""
    return Call(number, function, to_text(dict(arguments)))


def answer_text(function: str, arguments: str) -> str:
    """Answer a call here: JSON with `answer`, or with `failure` whatever it is that failed."""
    try:
        answer = find_function(function)(**from_text(arguments))
        return to_text({"answer": answer})
    except Exception as error:
        return to_text({"failure": _write_failure(error)})


def answer_group(function: str, calls: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Many tasks as one, for who answers in less time than it takes to be asked: answers in the order of the calls."""
    answer = find_function(function)
    return [answer(**one) for one in calls]


def read_answer(call: Call, text: str) -> Any:
    """The answer that a text holds, or the error: a user's error as it was raised, any other with its task named."""
    told = from_text(text)
    if "failure" not in told:
        return told["answer"]
    failure = told["failure"]
    kind = getattr(known_errors, failure["kind"], None)
    if isinstance(kind, type) and issubclass(kind, InputError):
        raise kind([problem_from_plain(problem) for problem in failure["problems"]])
    if kind is SolverError:
        raise SolverError(f"{call}: {failure['text']}")
    if kind is KibanError:
        # An error that says more than text can carry, such as why there is no design: it is raised by the same call.
        return from_text(to_text(find_function(call.function)(**from_text(call.arguments))))
    raise TaskError(f"{call} failed:\n{failure['text']}")


def _write_failure(error: Exception) -> dict[str, Any]:
    """A failure in types that JSON has; an error of a user's keeps its problems."""
    # A part of kiban may have errors of its own: the first of their kinds that every part knows.
    kinds = (kind.__name__ for kind in type(error).__mro__ if kind.__module__ == known_errors.__name__)
    kind = next(kinds, "")
    if isinstance(error, InputError):
        return {"kind": kind, "problems": [problem_to_plain(problem) for problem in error.problems]}
    if isinstance(error, SolverError):
        return {"kind": kind, "text": str(error)}
    return {"kind": kind, "text": "".join(traceback.format_exception(error))}
