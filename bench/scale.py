"""Many answers at workers of Dask: overhead of a task, speed-up with one and two workers, agreement with one process.

python bench/scale.py [--sizes policies=100000,sites=1000,years=10,draws=10000] [--hours 8760] [--workers 1,2] [--json]

`policies`: points of a tax credit, 50 a task, on sites drawn from the catalogue's ranges. `sites`, `years`: designs of
sites drawn in the same way, the years of one site a task; what joins sites in a country is not in it. `draws`: PAY in
draws of assumed figures, every design solved anew, one draw a task, its numbers by seed and place of the draw. Workers
are processes of this machine behind one scheduler, which stands in this process;
`--workers none` measures the tasks alone.

Wall seconds are those of this machine as it is, beside its load; processor seconds of asking (scheduler
and client) depend on it less, and hold what the two use while they wait. Exit code 1 where an answer differs from
that of one process in any bit.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np

from kiban.catalogue import load_catalogue
from kiban.finance.comparison import Wanted
from kiban.finance.policy_points import point_tasks
from kiban.scenario import Scenario, Site, Time, parse_scenario
from kiban.scenario.package import load_package
from kiban.scenario.plain import plain_scenario
from kiban.tasks.pool import Pool, SerialPool

SIZES = {"policies": 100_000, "sites": 1_000, "years": 10, "draws": 10_000}
POINTS_A_TASK = 50
MOST_CREDIT = 0.5
SEED = 1
FIRST_HOURS = 24
"""Window of a task that is asked for what it imports."""
EMPTY_TASKS = 200
DRAWN = ("pv.capex", "wind_onshore.capex", "battery.energy_capex", "finance.discount_rate")
"""Rows of the catalogue that are drawn, triangular over low, value and high."""
ECHO = "kiban.tasks.task:from_text"
"""Answers with what it is sent: a task of bytes and no work."""
ECHOED_BYTES = 100_000
NOTHING = "kiban.policy.annuity:annuity_present_value"


class Tasks(Sequence[Mapping[str, Any]]):
    """Arguments of so many tasks, each made when it is asked for: a hundred thousand need no memory."""

    def __init__(self, count: int, make: Callable[[int], Mapping[str, Any]]) -> None:
        self.count, self.make = count, make

    def __len__(self) -> int:
        return self.count

    @overload
    def __getitem__(self, place: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Mapping[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return [self.make(number) for number in range(*place.indices(self.count))]
        if not 0 <= place < self.count:
            raise IndexError(place)
        return self.make(place)


@dataclass
class Measured:
    """What one kind of task took; seconds of wall where nothing else is said."""

    name: str
    function: str
    tasks: Tasks
    answers: int
    first: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of a small task of the same kind, by which a process imports what all others use."""
    own: dict[int, Any] = field(default_factory=dict)
    serial_seconds: float = 0.0
    work_seconds: float = 0.0
    """Processor seconds of all tasks in one process: the work itself."""
    full: int = 1
    """Answers of a task of full size."""
    seconds: dict[int, float] = field(default_factory=dict)
    """By the number of workers."""
    differing: int = 0
    """Answers that are not those of one process to the last bit."""

    def answer_here(self) -> None:
        """In this process, one after the other."""
        begun, processor = time.perf_counter(), time.process_time()
        self.own = dict(SerialPool().answer(self.function, self.tasks))
        self.serial_seconds, self.work_seconds = time.perf_counter() - begun, time.process_time() - processor

    def answer_by(self, workers: int, pool: Pool) -> None:
        """By a pool whose workers have imported kiban before."""
        begun = time.perf_counter()
        found = dict(pool.answer(self.function, self.tasks))
        self.seconds[workers] = time.perf_counter() - begun
        self.differing += sum(json.dumps(found[place]) != json.dumps(one) for place, one in self.own.items())

    def figures(self) -> dict[str, Any]:
        """What is printed; seconds and bytes of a task are those of one of full size, by its answers."""
        moved = sum(len(json.dumps(self.tasks[place])) + len(json.dumps(one)) for place, one in self.own.items())
        return {
            "name": self.name, "answers": self.answers, "tasks": len(self.tasks), "answers_of_a_full_task": self.full,
            "task_processor_seconds": self.work_seconds / self.answers * self.full,
            "task_bytes": moved / self.answers * self.full, "serial_seconds": self.serial_seconds,
            "speed_up": {workers: self.serial_seconds / seconds for workers, seconds in self.seconds.items()},
            "differing": self.differing,
        }  # fmt: skip


def plan_on_paper(
    workers: int, tasks: int, task_seconds: float, asking_seconds: float, start_seconds: float = 0.0
) -> dict[str, float]:
    """What so many workers would take for tasks of this length, and which share of their time is work.

    One scheduler asks for one task after the other, each taking `asking_seconds` of it, while all work at once: the
    whole lasts as long as the longer of the two, `max(tasks * asking, ceil(tasks / workers) * task)`, after the start
    and with one more asking for the last. Beyond `most_workers` more of them wait for the scheduler. It leaves out what
    was not measured: slower networks, workers that die, processors that share memory.
    """
    rounds = math.ceil(tasks / workers)
    seconds = start_seconds + max(tasks * asking_seconds, rounds * task_seconds) + asking_seconds
    return {
        "workers": workers,
        "seconds": seconds,
        "one_worker_seconds": start_seconds + tasks * task_seconds,
        "efficiency": tasks * task_seconds / (workers * seconds),
        "most_workers": task_seconds / asking_seconds,
    }


def drawn(number: int, rows: Sequence[str] = DRAWN) -> dict[str, float]:
    """Values of catalogue rows in the draw of this number: by the seed and the number alone, whoever draws it."""
    catalogue, random = load_catalogue(), np.random.default_rng([SEED, number])
    found = {}
    for name in rows:
        fact = catalogue.fact(name)
        low, high = (fact.value if end is None else end for end in (fact.low, fact.high))
        found[name] = float(random.triangular(low, fact.value, high)) if low < high else fact.value
    return found


def synthetic_site(number: int, hours: int) -> Scenario:
    """A site within the ranges of the catalogue's: its place, elevation and load between those of two sites, its costs
    drawn."""
    catalogue, random = load_catalogue(), np.random.default_rng([SEED, 1_000_000 + number])
    one, other = random.choice(sorted(site.id for site in catalogue.sites.values()), size=2, replace=False)
    near, far, share = catalogue.site(str(one)), catalogue.site(str(other)), float(random.uniform(0.0, 0.2))
    place = Site(
        id=near.id,
        latitude_deg=round(near.latitude_deg + share * (far.latitude_deg - near.latitude_deg), 3),
        longitude_deg=round(near.longitude_deg + share * (far.longitude_deg - near.longitude_deg), 3),
    )
    raw = {
        "name": f"synthetic {number}", "site": place.model_dump(exclude_none=True), "assumptions": drawn(number),
        "load": {"it_load_mw": float(random.integers(20, 301))}, "cooling": {"system": "chilled_water"},
    }  # fmt: skip
    return with_hours(parse_scenario(raw), hours)


def with_hours(scenario: Scenario, hours: int) -> Scenario:
    """The same over a window; all hours where it is a year."""
    return scenario if hours >= 8760 else scenario.model_copy(update={"time": Time(first_hour=4704, hours=hours)})


def policies(count: int, hours: int) -> tuple[str, Tasks]:
    """Tasks of `POINTS_A_TASK` rates of a tax credit on one site each."""
    package = load_package("tax-credit", Path())

    def make(number: int) -> Mapping[str, Any]:
        points = min(POINTS_A_TASK, count - number * POINTS_A_TASK)
        wanted = [Wanted(package.scaled(MOST_CREDIT * point / POINTS_A_TASK)) for point in range(points)]
        tasks = point_tasks(synthetic_site(number, hours), ("none",), wanted)
        return {"function": tasks[0].function, "calls": [task.arguments for task in tasks]}

    return "kiban.tasks.calls:answer_group", Tasks(math.ceil(count / POINTS_A_TASK), make)


def national(sites: int, years: int, hours: int) -> tuple[str, Tasks]:
    """Tasks of one site each with its years, which differ by when the wind blows."""

    def make(number: int) -> Mapping[str, Any]:
        points = [{"seed": year + 1} for year in range(years)]
        return {"scenario": plain_scenario(synthetic_site(number, hours)), "points": points}

    return "kiban.planning.points:plan_points", Tasks(sites, make)


def draws(count: int, hours: int) -> tuple[str, Tasks]:
    """Tasks of one draw each: both sides of PAY at its costs, every design solved anew."""
    package = load_package("tax-credit", Path())

    def make(number: int) -> Mapping[str, Any]:
        raw = {"name": "drawn", "site": {"id": "tomakomai"}, "load": {"it_load_mw": 100.0},
               "cooling": {"system": "chilled_water"}, "assumptions": drawn(number)}  # fmt: skip
        (task,) = point_tasks(with_hours(parse_scenario(raw), hours), ("none",), [Wanted(package)])
        return task.arguments

    return "kiban.finance.policy_points:answer_point", Tasks(count, make)


def overhead_of(pool: Pool) -> dict[str, float]:
    """Seconds and processor seconds of scheduler and client for a task with next to no work, whose asking is all."""
    nothing = Tasks(EMPTY_TASKS, lambda number: {"rate": 0.03, "years": 1.0 + number})
    dict(pool.answer(NOTHING, nothing[:20]))
    begun, processor = time.perf_counter(), time.process_time()
    dict(pool.answer(NOTHING, nothing))
    wall, own = time.perf_counter() - begun, time.process_time() - processor
    return {"seconds": wall / EMPTY_TASKS, "processor_seconds": own / EMPTY_TASKS}


def cost_of_bytes(pool: Pool) -> float:
    """Processor seconds of scheduler and client for each byte of a task's arguments and answer."""

    def seconds(length: int) -> float:
        tasks = Tasks(EMPTY_TASKS // 10, lambda number: {"text": json.dumps(str(number).ljust(length, "x"))})
        begun = time.process_time()
        dict(pool.answer(ECHO, tasks))
        return (time.process_time() - begun) / len(tasks)

    seconds(1)
    return max(seconds(ECHOED_BYTES) - seconds(1), 0.0) / (2 * ECHOED_BYTES)


def asking_of(empty: Mapping[str, float], task_bytes: float) -> float:
    """Processor seconds of scheduler and client for a task of so many bytes.

    That of an empty task and of the bytes; not what passes while a long task is awaited, when both look after others.
    """
    return empty["processor_seconds"] + empty["byte_processor_seconds"] * task_bytes


def require_tasks(kinds: Sequence[Measured], workers: Sequence[int]) -> None:
    """Leave where a kind has too few tasks to tell anything about so many workers."""
    if not workers:
        return
    least = 2 * max(workers)
    few = [f"{kind.name} has {len(kind.tasks)}" for kind in kinds if len(kind.tasks) < least]
    if few:
        raise SystemExit(f"--sizes: {max(workers)} workers need {least} tasks of each kind, and {', '.join(few)}")


def read_sizes(text: str) -> dict[str, int]:
    """Sizes as `policies=500,draws=20`; what is not named keeps its full size, 0 leaves a kind out."""
    found = dict(SIZES)
    for part in filter(None, text.split(",")):
        name, equals, number = part.partition("=")
        if name not in SIZES or not equals or not number.isdecimal():
            raise SystemExit(f"--sizes: '{part}' is none of {', '.join(f'{one}=N' for one in SIZES)}")
        found[name] = int(number)
    return found


def run(sizes: Mapping[str, int], hours: int, workers: Sequence[int]) -> dict[str, Any]:
    """All kinds that have a size, by pools of so many workers."""
    from distributed import LocalCluster

    from kiban.tasks.dask_pool import DaskPool

    kinds = [
        Measured(
            "policies", *policies(sizes["policies"], hours), sizes["policies"], first=policies(1, FIRST_HOURS)[1][0],
            full=POINTS_A_TASK,
        ),
        Measured(
            "national", *national(sizes["sites"], sizes["years"], hours), sizes["sites"] * sizes["years"],
            first=national(1, 1, FIRST_HOURS)[1][0], full=SIZES["years"],
        ),
        Measured("draws", *draws(sizes["draws"], hours), sizes["draws"], first=draws(1, FIRST_HOURS)[1][0]),
    ]  # fmt: skip
    asked = [kind for kind in kinds if kind.answers]
    require_tasks(asked, workers)
    for kind in asked:
        dict(SerialPool().answer(kind.function, [kind.first]))
        kind.answer_here()
        tell(f"{kind.name}, one process: {len(kind.tasks)} tasks in {kind.serial_seconds:.1f} s")
    empty = {}
    for count in workers:
        with (
            LocalCluster(
                n_workers=count, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
            ) as cluster,
            DaskPool(cluster.scheduler_address) as pool,
        ):
            for kind in asked:
                # Every worker imports what the tasks of the kind use.
                dict(pool.answer(kind.function, [kind.first] * (2 * count)))
            empty[count] = {**overhead_of(pool), "byte_processor_seconds": cost_of_bytes(pool)}
            for kind in asked:
                kind.answer_by(count, pool)
                tell(f"{kind.name}, {count} workers: {len(kind.tasks)} tasks in {kind.seconds[count]:.1f} s")
    measured = [kind.figures() for kind in asked]
    if workers:
        last = empty[workers[-1]]
        measured = [{**one, "asking_processor_seconds": asking_of(last, one["task_bytes"])} for one in measured]
    return {
        "hours": hours, "processors": os.cpu_count(), "load": os.getloadavg()[0], "empty_task": empty,
        "measured": measured,
    }  # fmt: skip


def tell(line: str) -> None:
    """Say on stderr how far it is."""
    print(line, file=sys.stderr, flush=True)


def describe(result: Mapping[str, Any]) -> str:
    """A table, and what a thousand workers would take on paper."""
    lines = [f"{result['hours']} hours a design, {result['processors']} processors at a load of {result['load']:.1f}"]
    for workers, cost in result["empty_task"].items():
        lines.append(
            f"an empty task by {workers} workers: {1e3 * cost['seconds']:.1f} ms, of which scheduler and client "
            f"{1e3 * cost['processor_seconds']:.1f} ms of a processor, and for each byte "
            f"{1e9 * cost['byte_processor_seconds']:.1f} ns"
        )
    lines.append(
        "kind        answers   tasks  processor s/full task  asking ms/task  speed-up by workers  unlike in bits"
    )
    for one in result["measured"]:
        faster = ", ".join(f"{workers}: {ratio:.2f}" for workers, ratio in one["speed_up"].items())
        lines.append(
            f"{one['name']:10s}{one['answers']:9d}{one['tasks']:8d}{one['task_processor_seconds']:23.3f}"
            f"{1e3 * one.get('asking_processor_seconds', 0.0):16.1f}  {faster:>19s}{one['differing']:16d}"
        )
    for one in result["measured"] if result["empty_task"] else []:
        full = {"policies": SIZES["policies"] // POINTS_A_TASK, "national": SIZES["sites"], "draws": SIZES["draws"]}
        paper = plan_on_paper(1000, full[one["name"]], one["task_processor_seconds"], one["asking_processor_seconds"])
        lines.append(
            f"on paper, 1,000 workers for {full[one['name']]} tasks of {one['name']}: {paper['seconds']:.0f} s, "
            f"{100 * paper['efficiency']:.0f} % of it work; more than {paper['most_workers']:.0f} workers wait for one "
            f"scheduler"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="", help="such as policies=500,sites=4,years=2,draws=20; default: full size")
    parser.add_argument("--hours", type=int, default=8760, help="window of each design")
    parser.add_argument("--workers", default="1,2", help="pools that are tried, by their workers; none: no pool")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    workers = [] if given.workers == "none" else [int(part) for part in given.workers.split(",")]
    result = run(read_sizes(given.sizes), given.hours, workers)
    print(json.dumps(result, indent=2) if given.json else describe(result))
    if any(one["differing"] for one in result["measured"]):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
