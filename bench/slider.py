"""From a slider to the answer: drags over HTTP as the web page asks, and the answers against plans made from cold.

python bench/slider.py [--positions 30] [--pace-ms 60] [--check 6] [--hours 8760] [--pay] [--lever NAME]

For each lever, a server of its own session is asked in two ways:

- drag: a position every `pace-ms`. One question is under way at a time and only the newest wish is kept, so that some
  positions are passed over. `drag` is the time from a position to its answer, waiting included.
- steps: every position is answered before the next is asked. `step` is the time from request to answer.

When a drag ends, all cooling systems are asked for (`rest`). Processor time of the server and iterations are those of
an answer to a step: one cooling system, from the session's last points.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

SOURCE = Path(__file__).parents[1] / "src"
EXAMPLE = "tomakomai"
AGREED = 1e-6


@dataclass(frozen=True)
class Lever:
    """A key that is moved from `low` to `high` under packages."""

    name: str
    key: str
    low: float
    high: float
    packages: tuple[str, ...] = ()

    def positions(self, count: int) -> list[float]:
        # There and half the way back, as a hand that looks for a value.
        there = [self.low + (self.high - self.low) * i / (2 * count // 3) for i in range(2 * count // 3 + 1)]
        back = there[-2 : -2 - (count - len(there)) : -1]
        return [round(value, 6) for value in (*there, *back)][:count]


LEVERS = (
    Lever("clean share", "target.clean_share", 0.60, 0.95),
    Lever("load", "load.it_load_mw", 60.0, 260.0),
    Lever("battery price", "assumptions.battery.energy_capex", 30.0, 75.0),
    Lever("carbon price", "target.carbon_price_myen_per_t", 0.0, 0.03),
    Lever("solar under a credit", "assumptions.pv.capex", 90.0, 200.0, ("tax-credit",)),
)


@dataclass
class Drag:
    """What one lever saw; times in seconds."""

    lever: str
    drag: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    rests: list[float] = field(default_factory=list)
    iterations: list[int] = field(default_factory=list)
    passed_over: int = 0
    refused: int = 0
    processor_s: float = 0.0
    answers: dict[float, tuple[float, str | None]] = field(default_factory=dict)
    """Cost, and the cooling system where only one was asked for, by position."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--positions", type=int, default=30)
    parser.add_argument("--pace-ms", type=float, default=60.0)
    parser.add_argument("--check", type=int, default=6, help="answers of each lever to compare with cold plans")
    parser.add_argument("--hours", type=int, default=8760)
    parser.add_argument("--lever", help="only the levers whose name holds this")
    parser.add_argument("--pay", action="store_true", help="the rate of a tax credit, with who pays")
    given = parser.parse_args()
    print(f"load before: {_load()}; {os.cpu_count()} cores", flush=True)
    found = []
    with serve() as (client, process):
        if given.pay:
            drag_pay(client, process, given)
            return
        print(f"{'':22}{'drag':>16}{'step':>16}{'rest':>8}{'passed':>8}{'CPU':>9}{'iter':>6}{'differs by':>12}")
        print(f"{'':22}{'median   95 %':>16}{'median   95 %':>16}{'median':>8}{'over':>8}{'/step':>9}")
        for number, lever in enumerate(LEVERS):
            if given.lever is None or given.lever in lever.name:
                seen = measure(client, process, lever, f"bench-{number}", given)
                found.append(seen)
                report(seen, worst_difference(seen, lever, given))
    drags, steps = ([s for seen in found for s in getattr(seen, name)] for name in ("drag", "steps"))
    print(f"{'all':22}{_middle(drags)}{_middle(steps)}")
    print(f"load after: {_load()}")


def measure(client: httpx.Client, process: int, lever: Lever, session: str, given: argparse.Namespace) -> Drag:
    seen = Drag(lever.name)
    page = Page(client, session, lever, given.hours)
    page.ask(None, "all")
    positions = lever.positions(given.positions)
    _drag(page, positions, given.pace_ms / 1000, seen)
    seen.rests.append(_timed(lambda: _note(seen, page.ask(positions[-1], "all"), positions[-1]))[0])
    # Once more, from the other end and between the positions of before, so that nothing is remembered.
    shift = (positions[1] - positions[0]) / 3
    seen.iterations.clear()
    before = _processor_s(process)
    for value in reversed(positions):
        position = round(value + shift, 6)
        took, answer = _timed(lambda at=position: page.ask(at, "keep"))
        seen.steps.append(took)
        _note(seen, answer, position)
    seen.processor_s = _share(process, before, len(seen.steps))
    return seen


def _drag(page: Page, positions: list[float], pace_s: float, seen: Drag) -> None:
    """Positions come at their pace, whatever the server does; the page asks for the newest when it is free."""
    wish: list[tuple[float, float]] = []
    moved, done = threading.Condition(), threading.Event()

    def hand() -> None:
        begun = time.perf_counter()
        for number, position in enumerate(positions):
            time.sleep(max(begun + number * pace_s - time.perf_counter(), 0.0))
            with moved:
                seen.passed_over += len(wish)
                wish[:] = [(position, time.perf_counter())]
                moved.notify()
        done.set()
        with moved:
            moved.notify()

    thread = threading.Thread(target=hand)
    thread.start()
    while True:
        with moved:
            while not wish and not done.is_set():
                moved.wait()
            if not wish:
                break
            position, at = wish.pop()
        answer = page.ask(position, "keep")
        if answer is None:
            seen.refused += 1
            continue
        seen.drag.append(time.perf_counter() - at)
        _note(seen, answer, position)
    thread.join()


class Page:
    """Asks as the page does: numbered, with one session."""

    def __init__(self, client: httpx.Client, session: str, lever: Lever, hours: int) -> None:
        self.client, self.session, self.lever, self.hours = client, session, lever, hours
        self.sequence = 0

    def ask(self, position: float | None, cooling: str) -> dict | None:
        self.sequence += 1
        changes = changes_of(self.lever, position, self.hours)
        body = {"example": EXAMPLE, "changes": changes, "packages": list(self.lever.packages), "cooling": cooling,
                "session": self.session, "sequence": self.sequence, "mode": "instant"}  # fmt: skip
        answer = self.client.post("/api/v1/plans?view=short", json=body)
        if answer.status_code == 409:
            return None
        answer.raise_for_status()
        return answer.json()["plan"]


def changes_of(lever: Lever, position: float | None, hours: int) -> dict:
    changes: dict = {} if hours == 8760 else {"time.first_hour": 4704, "time.hours": hours}
    return changes if position is None else changes | {lever.key: position}


def _note(seen: Drag, plan: dict, position: float) -> None:
    seen.iterations.append(plan["certificate"]["iterations"])
    seen.answers[position] = (plan["cost_myen_per_year"], plan["cooling_system"] if plan["cooling_kept"] else None)


def worst_difference(seen: Drag, lever: Lever, given: argparse.Namespace) -> float:
    """Largest relative difference of cost between some of the answers and the plans that `kiban.build` makes."""
    import kiban
    from kiban.scenario import parse_scenario
    from kiban.scenario.examples import load_scenario
    from kiban.scenario.plain import plain_scenario
    from kiban.server.studies import apply_changes

    base = plain_scenario(load_scenario(EXAMPLE))
    positions = sorted(seen.answers)
    chosen = positions[:: max(len(positions) // max(given.check, 1), 1)][: given.check]
    worst = 0.0
    for position in chosen:
        cost, held = seen.answers[position]
        changes = {**changes_of(lever, position, given.hours), "policy.packages": list(lever.packages)}
        if held is not None:
            changes["cooling.system"] = held
        own = kiban.build(parse_scenario(apply_changes(base, changes)))
        worst = max(worst, abs(cost / own.cost_myen_per_year - 1.0))
    return worst


def drag_pay(client: httpx.Client, process: int, given: argparse.Namespace) -> None:
    """The rate of a tax credit at every position, one after another."""
    rates = [0.20 + 0.01 * number for number in range(min(given.positions, 12))]
    horizon = changes_of(LEVERS[0], None, given.hours)
    took, before = [], 0.0
    for number, rate in enumerate(rates, start=1):
        body = {"example": EXAMPLE, "changes": horizon, "package": "tax-credit", "rate": rate, "downside": False,
                "session": "pay", "sequence": number}  # fmt: skip
        took.append(_timed(lambda body=body: _pay(client, body))[0])
        print(f"rate {rate:6.3f}: {took[-1]:6.2f} s", flush=True)
        before = before or _processor_s(process)
    each = _share(process, before, len(took) - 1)
    print(f"first {took[0]:.2f} s, then {_middle(took[1:])}, processor {each:.2f} s each")
    print(f"load after: {_load()}")


def _pay(client: httpx.Client, body: dict) -> dict:
    answer = client.post("/api/v1/pay", json=body)
    answer.raise_for_status()
    found = answer.json()
    while "job" in found:
        job = client.get(f"/api/v1/jobs/{found['job']['id']}").json()
        if job["state"] == "done":
            return job["result"]
        if job["state"] in {"failed", "cancelled"}:
            raise RuntimeError(job["problem"])
        time.sleep(0.05)
    return found


def report(seen: Drag, difference: float) -> None:
    agreed = f"{difference:12.1e}" + ("" if difference <= AGREED else "  DIFFERS")
    print(
        f"{seen.lever:22}{_middle(seen.drag)}{_middle(seen.steps)}{1000 * statistics.median(seen.rests):6.0f}ms"
        f"{seen.passed_over + seen.refused:8d}{1000 * seen.processor_s:7.0f}ms{statistics.median(seen.iterations):6.0f}"
        f"{agreed}",
        flush=True,
    )


def _middle(times: list[float]) -> str:
    """Median and 95th percentile in milliseconds."""
    if not times:
        return f"{'-':>16}"
    highest = statistics.quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]
    return f"{1000 * statistics.median(times):6.0f}ms{1000 * highest:6.0f}ms"


def _timed(ask):
    begun = time.perf_counter()
    answer = ask()
    return time.perf_counter() - begun, answer


def _load() -> str:
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def _share(process: int, before: float, count: int) -> float:
    return (_processor_s(process) - before) / max(count, 1)


def _processor_s(process: int) -> float:
    """Processor seconds of a process and of its workers so far (Linux)."""
    total = 0.0
    for number in (process, *_children(process)):
        with contextlib.suppress(FileNotFoundError):
            fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def _children(process: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError):
            found += [int(number) for number in task.read_text().split()]
    return found


@contextlib.contextmanager
def serve():
    """`kiban serve` in a process of its own, which has planned once."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "kiban.cli", "serve", "--port", str(port), "--data", folder]
        surroundings = {**os.environ, "PYTHONPATH": str(SOURCE)}
        process = subprocess.Popen(command, env=surroundings, stdout=subprocess.DEVNULL)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120.0, trust_env=False) as client:
                until = time.monotonic() + 60.0
                while time.monotonic() < until:
                    with contextlib.suppress(httpx.TransportError):
                        client.get("/api/v1/health")
                        break
                    time.sleep(0.1)
                client.post("/api/v1/plans", json={"example": EXAMPLE}).raise_for_status()
                yield client, process.pid
        finally:
            process.terminate()
            process.wait(timeout=30)


if __name__ == "__main__":
    main()
