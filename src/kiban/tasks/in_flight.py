"""Some calls at a time at an executor, their answers in the order in which they come.

It knows of a future only that it can be told what to do when it is done: futures of Python and Dask are alike in that.
"""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Any, Final, Protocol

from kiban.interruption import end_if_unwanted
from kiban.tasks.calls import Call

GLANCE_SECONDS: Final = 0.5
"""After how long without an answer it is looked whether the answer is wanted, and whether anybody works."""


class Coming(Protocol):
    """An answer that will be there."""

    def add_done_callback(self, fn: Callable[[Any], object], /) -> object:
        """Call it with the future once that is done, be it by failing."""
        ...

    def cancel(self) -> object:
        """It is not wanted any more."""
        ...


def follow(
    calls: Iterable[Call],
    submit: Callable[[Call], Coming],
    most: Callable[[], int],
    look: Callable[[], None] = lambda: None,
) -> Generator[tuple[Call, Any], None, None]:
    """Calls and their futures, each as soon as it is done.

    `most` says how many may be in flight at the time; `look` is called where nothing came for a while. What is in
    flight when the caller leaves, or `look` or `submit` raises, is cancelled.
    """
    done: queue.SimpleQueue[tuple[Call, Any]] = queue.SimpleQueue()
    waiting, left = iter(calls), True
    flying: dict[int, Coming] = {}
    try:
        while left or flying:
            while left and len(flying) < max(most(), 1):
                call = next(waiting, None)
                if call is None:
                    left = False
                    break
                flying[call.number] = future = submit(call)
                future.add_done_callback(partial(_note, done, call))
            if not flying:
                break
            end_if_unwanted()
            try:
                call, future = done.get(timeout=GLANCE_SECONDS)
            except queue.Empty:
                look()
                continue
            del flying[call.number]
            yield call, future
    finally:
        for future in flying.values():
            # Where the scheduler is gone nothing can be cancelled, and the error that says so must arrive.
            with contextlib.suppress(Exception):
                future.cancel()


def _note(done: queue.SimpleQueue[tuple[Call, Any]], call: Call, future: Any) -> None:
    done.put((call, future))
