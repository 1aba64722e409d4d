"""Many programmes of one shape: policies change costs, sites and weather change data.

Each programme is solved by one thread; the kernel leaves the interpreter free, so that both cores
work. Results are given in the order of the programmes, as soon as each is known, and do not depend
on the number of threads. Only as many programmes are held as are being solved.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from kiban.linear.solution import Solution
from kiban.linear.solvers import solve
from kiban.linear.staircase import Array, Staircase


def solve_many(programmes: Iterable[Staircase], *, threads: int | None = None) -> Iterator[Solution]:
    """The optimum of every programme, in order; `programmes` may be a generator and is read as needed.

    A programme on which the kernel gives up goes to the general solvers, visibly in its certificate.
    """
    workers = threads or os.cpu_count() or 1
    if workers == 1:
        yield from map(solve, programmes)
        return
    waiting: deque[Future[Solution]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for programme in programmes:
                waiting.append(pool.submit(solve, programme))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def with_costs(
    programme: Staircase,
    *,
    capacities: dict[str, float] | None = None,
    hourly: dict[str, Array] | None = None,
    constant: float | None = None,
) -> Staircase:
    """The same programme at other costs; all else is shared, not copied. Raises `KeyError` on an unknown name."""
    changed = Staircase(programme.steps, programme.block_steps)
    changed.constant = programme.constant if constant is None else constant
    changed.rows, changed.totals = programme.rows, programme.totals
    changed.capacities, changed.variables = dict(programme.capacities), dict(programme.variables)
    for name, cost in (capacities or {}).items():
        changed.capacities[name] = replace(changed.capacities[name], cost=cost)
    for name, costs in (hourly or {}).items():
        changed.variables[name] = replace(changed.variables[name], cost=costs)
    return changed
