"""What answers tasks: one interface for this process, processes of this machine, and workers elsewhere.

    with open_pool(settings) as pool:
        for number, answer in pool.answer("kiban.module:function", arguments):
            ...

Every answer goes through JSON, in this process too, so that it is the same wherever it came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from kiban.interruption import end_if_unwanted
from kiban.tasks.calls import Function, answer_text, name_of, read_answer, write_call


class Pool(Protocol):
    """Answers tasks until it is left."""

    @property
    def width(self) -> int:
        """How many tasks are at work at a time, at least 1."""
        ...

    def answer(self, function: Function, arguments: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Any]]:
        """Places of tasks and their answers, in the order in which they come.

        Each task calls the function with one mapping of arguments by name. Arguments and answers are what JSON has.
        The first task that fails ends the rest: a user's error is raised as the task raised it, any other as
        `TaskError` (or `SolverError`) that names the task. ValueError for a function that workers could not find.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class SerialPool:
    """Answers tasks in this process, one after the other in their order."""

    width = 1

    def answer(self, function: Function, arguments: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Any]]:
        """As `Pool.answer`."""
        name = name_of(function)
        for number, one in enumerate(arguments):
            end_if_unwanted()
            call = write_call(number, name, one)
            yield number, read_answer(call, answer_text(call.function, call.arguments))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
