"""Work that nobody waits for any more ends at its next step.

    with while_wanted(lambda: not cancelled.is_set()):
        ...  # raises `UnwantedError` soon after it is cancelled

It holds for the thread, and for the threads that are given its context.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_is_wanted: ContextVar[Callable[[], bool] | None] = ContextVar("is_wanted", default=None)


class UnwantedError(Exception):
    """Nobody waits for the result any more."""


@contextmanager
def while_wanted(is_wanted: Callable[[], bool]) -> Iterator[None]:
    """Do what is inside only as long as it is wanted; it is asked between any two steps of a solver."""
    token = _is_wanted.set(is_wanted)
    try:
        yield
    finally:
        _is_wanted.reset(token)


def end_if_unwanted() -> None:
    """Raise `UnwantedError` where the work is not wanted any more; long work calls this now and then."""
    is_wanted = _is_wanted.get()
    if is_wanted is not None and not is_wanted():
        raise UnwantedError
