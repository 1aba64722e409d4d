"""Many programmes of one shape: policies change costs, sites and weather change data.

Each programme is solved by one thread; the kernel leaves the interpreter free, so that both cores
work. Results are given in the order of the programmes, as soon as each is known, and do not depend
on the number of threads. Only as many programmes are held as are being solved. Threads are given the
context of the caller, so that work that is not wanted any more ends in each of them.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from kiban.linear.solution import Solution
from kiban.linear.solvers import solve
from kiban.linear.staircase import Staircase

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def solve_many(
    programmes: Iterable[Staircase], *, tolerance: float | None = None, threads: int | None = None
) -> Iterator[Solution]:
    """The optimum of every programme, in order; `programmes` may be a generator and is read as needed.

    It is read by the thread that asks for the results. `tolerance` as in `solve`. A programme on which the kernel
    gives up goes to the general solvers, visibly in its certificate.
    """
    # Programmes of many years would else take all cores each.
    return answer_many(programmes, partial(solve, tolerance=tolerance, threads=1), threads=threads)


def answer_many(
    items: Iterable[Item], answer: Callable[[Item], Answer], *, threads: int | None = None
) -> Iterator[Answer]:
    """The answer to every item, in order, each found by one thread; `items` is read as in `solve_many`."""
    workers = threads or os.cpu_count() or 1
    if workers == 1:
        yield from map(answer, items)
        return
    waiting: deque[Future[Answer]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(copy_context().run, answer, item))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
