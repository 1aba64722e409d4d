"""Many clients at once: every one asks, waits for the answer, reads it a while, and asks the next thing.

    python -m tests.campaigns.load --seed 1 --count 200 --seconds 300

Counts answers that are errors; prints how long they took, and the memory of the server after a third and at the end.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from tests.campaigns.ground import MOST_WAIT_SECONDS, launched, reader, tell
from tests.cases.servers import LiveServer, study

ZEROS = ("errors",)
LONGEST_PAUSE_SECONDS = 4.0
"""Until a client has read an answer and asks the next thing: between nothing and this."""
KINDS = ("health", "check", "check", "plan", "health", "plans", "check", "health")
BETWEEN_LOOKS_SECONDS = 1.0
MB = 1e6


def memory_mb(server: LiveServer) -> float:
    """What the server's own process takes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    return next(float(line.split()[1]) * 1024 / MB for line in status.splitlines() if line.startswith("VmRSS"))


async def ask(client: httpx.AsyncClient, kind: str, chance: random.Random) -> httpx.Response:
    """One question of a kind."""
    if kind in {"health", "plans"}:
        return await client.get(f"/api/v1/{kind}")
    # Few enough that some are remembered and most are not.
    changed = study(target__clean_share=chance.randrange(300, 800) / 1000)
    return await client.post("/api/v1/check" if kind == "check" else "/api/v1/plans", json=changed)


async def be_a_client(
    number: int, client: httpx.AsyncClient, until: float, seed: int, took: dict[str, list[float]], counts: Counter[str]
) -> None:
    chance = random.Random(f"{seed} {number}")
    while time.monotonic() < until:
        kind = chance.choice(KINDS)
        begun = time.monotonic()
        try:
            answer = await ask(client, kind, chance)
            fault = "" if answer.status_code in {200, 202} else str(answer.status_code)
        except httpx.HTTPError as error:
            fault = type(error).__name__
        if fault:
            counts["errors"] += 1
            counts[f"errors of {fault}"] += 1
        took[kind].append(time.monotonic() - begun)
        counts["requests"] += 1
        await asyncio.sleep(chance.uniform(0.0, LONGEST_PAUSE_SECONDS))


def share_of(values: list[float], share: float) -> float:
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


async def press(server: LiveServer, seed: int, clients: int, seconds: float, counts: Counter[str]) -> None:
    """So many clients for so long."""
    took: dict[str, list[float]] = defaultdict(list)
    limits = httpx.Limits(max_connections=clients)
    begun = time.monotonic()
    async with httpx.AsyncClient(
        base_url=server.address, limits=limits, timeout=MOST_WAIT_SECONDS, trust_env=False
    ) as client:
        running = [be_a_client(number, client, begun + seconds, seed, took, counts) for number in range(clients)]
        all_of_them = asyncio.gather(*running)
        while not all_of_them.done():
            await asyncio.sleep(BETWEEN_LOOKS_SECONDS)
            if "MB after a third" not in counts and time.monotonic() - begun >= seconds / 3:
                counts["MB after a third"] = round(memory_mb(server))
        await all_of_them
    counts["MB at the end"] = round(memory_mb(server))
    for kind, values in took.items():
        for name, share in (("p50", 0.5), ("p95", 0.95)):
            counts[f"{kind} {name} ms"] = round(1000 * share_of(values, share))


def run(seed: int, clients: int, seconds: float) -> Counter[str]:
    """The load on a server of its own; what was counted."""
    counts = Counter[str]()
    with (
        tempfile.TemporaryDirectory(prefix="kiban-load-") as place,
        launched("--data", place) as server,
        ThreadPoolExecutor(1) as thread,  # which has no event loop yet: that of the browser tests has one
    ):
        thread.submit(lambda: asyncio.run(press(server, seed, clients, seconds, counts))).result()
    return counts


if __name__ == "__main__":
    options = reader(__doc__ or "", 200, "clients")
    options.add_argument("--seconds", type=float, default=300.0, help="how long they ask")
    asked = options.parse_args()
    sys.exit(tell("load", run(asked.seed, asked.count, asked.seconds), ZEROS))
