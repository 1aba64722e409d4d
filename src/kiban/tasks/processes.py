"""A pool of processes of this machine, each with an interpreter of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context, parent_process
from types import TracebackType
from typing import Any, Final, Self

from kiban.outside import Reach, present_reach, restrict
from kiban.tasks.calls import Call, Function, TaskError, answer_text, name_of, read_answer, write_call
from kiban.tasks.in_flight import follow

CALLS_PER_PROCESS: Final = 2
"""Calls in flight for each process: one is at work, one lies ready."""
MOST_DEATHS: Final = 3
"""Processes that may die with one task before it is the task's fault."""


class ProcessPool:
    """Answers tasks in `count` processes; a process that is killed is replaced, and its task is done again."""

    def __init__(self, count: int | None = None) -> None:
        """By default as many processes as this machine has processors."""
        self.count = count or os.cpu_count() or 1
        self._executor: ProcessPoolExecutor | None = None

    @property
    def width(self) -> int:
        """As `Pool.width`."""
        return self.count

    def answer(self, function: Function, arguments: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Any]]:
        """As `Pool.answer`; `TaskError` too for a task with which process after process dies."""
        name = name_of(function)
        fresh = (write_call(number, name, one) for number, one in enumerate(arguments))
        again: deque[Call] = deque()
        deaths: Counter[int] = Counter()
        while True:
            # Which of the tasks in flight killed the process is not known until each was alone in one.
            alone, lost = bool(again), list[Call]()
            calls = _until_lost(_drain(again) if alone else fresh, lost)
            most = 1 if alone else CALLS_PER_PROCESS * self.count
            flight = follow(calls, self._submit, partial(int, most))
            with contextlib.closing(flight):
                for call, future in flight:
                    if isinstance(future.exception(), BrokenProcessPool):
                        lost.append(call)
                    else:
                        yield call.number, read_answer(call, future.result())
            if not lost and not alone:
                return
            if lost:
                self._end()
            for call in lost:
                deaths[call.number] += 1
                if deaths[call.number] >= MOST_DEATHS:
                    raise TaskError(f"{call} failed: {MOST_DEATHS} processes in turn died while they worked on it")
            again.extendleft(reversed(lost))

    def _submit(self, call: Call) -> Future[str]:
        if self._executor is None:
            reach = present_reach()
            self._executor = ProcessPoolExecutor(
                self.count, get_context("spawn"), initializer=_begin, initargs=(reach.files, reach.online)
            )
        try:
            return self._executor.submit(answer_text, call.function, call.arguments)
        except BrokenProcessPool as error:
            # It broke between two submissions: this call shares the fate of those in flight.
            future: Future[str] = Future()
            future.set_exception(error)
            return future

    def _end(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._executor is not None:
            # What is at work is not wanted any more, and may take minutes.
            for process in list(getattr(self._executor, "_processes", None) or ()):
                with contextlib.suppress(OSError):
                    os.kill(process, signal.SIGTERM)
        self._end()


def _drain(calls: deque[Call]) -> Iterator[Call]:
    while calls:
        yield calls.popleft()


def _until_lost(calls: Iterator[Call], lost: Sequence[Call]) -> Iterator[Call]:
    """Calls one by one, until a process has died; the rest stays where it is."""
    while not lost and (call := next(calls, None)) is not None:
        yield call


def _begin(files: bool, online: bool) -> None:
    """In a new process: it reaches as far as its parent, leaves interruptions to it, and ends without it."""
    restrict(Reach(files, online))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.join,), daemon=True).start()


def _end_with(wait: Any) -> None:
    wait()
    os._exit(1)
