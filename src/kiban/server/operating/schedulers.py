"""What takes a limit of power to a scheduler: any callable of a `PowerLimit`.

    def apply(limit: PowerLimit) -> None

It may be called again with the same limit, also after a restart, and then does nothing twice. Where the scheduler does
not answer it raises `SchedulerAwayError` soon, with the reason; the service goes on, says so, and hands the next limit
over. Limits end by themselves: whoever holds one that has expired holds nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from kiban.errors import KibanError, Problem
from kiban.operation.power_limit import PowerLimit

Apply = Callable[[PowerLimit], None]


class SchedulerAwayError(KibanError):
    """A scheduler that cannot be reached or does not do what it is asked; `problem` says which and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem
