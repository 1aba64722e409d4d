"""PostgreSQL stopped at once in the middle of jobs, and started again after a few seconds.

    python -m tests.campaigns.postgresql_restarts --seed 1 --count 20

While it is away, requests have to be refused as such: never a fault of the server.
"""

from __future__ import annotations

import contextlib
import random
import sys
import tempfile
import time
from collections import Counter

from tests.campaigns.ground import GONE, any_job, follow, launched, reader, tell, wait_at_most
from tests.cases.postgresql import open_cluster
from tests.cases.servers import study

ZEROS = ("lost", "doubled", "half", "stuck", "failed", "answers of 500")
LONGEST_AWAY_SECONDS = 11.0
LONGEST_WORK_SECONDS = 3.0
IN_A_TURN = 2


def run(seed: int, count: int, longest_away_seconds: float = LONGEST_AWAY_SECONDS) -> Counter[str]:
    """So many stops; what was counted."""
    chance, counts = random.Random(seed), Counter[str]()
    with (
        tempfile.TemporaryDirectory(prefix="kiban-restarts-") as place,
        open_cluster(synchronous=True) as cluster,
        launched("--data", place, "--database", cluster.url) as server,
    ):
        acknowledged: list[str] = []
        for _ in range(count):
            for number in range(IN_A_TURN):
                address, question = any_job(round(chance.uniform(0.3, 0.8), 6), sweep=number == 0)
                acknowledged.append(server.post(address, question).json()["job"]["id"])
            time.sleep(chance.uniform(0.0, LONGEST_WORK_SECONDS))
            cluster.stop()
            back = time.monotonic() + chance.uniform(0.0, longest_away_seconds)
            while time.monotonic() < back:
                with contextlib.suppress(*GONE):
                    codes = [
                        server.get(f"/api/v1/jobs/{acknowledged[-1]}").status_code,
                        server.get("/api/v1/health").status_code,
                        server.post("/api/v1/plans", {**study(), "mode": "job"}).status_code,
                    ]
                    counts["refused as away"] += codes.count(503)
                    counts["answers of 500"] += codes.count(500)
                time.sleep(0.2)
            cluster.start(synchronous=True)
            counts["stops"] += 1
            # Until the server has found it again, a question is refused as before.
            wait_at_most(60.0, lambda: server.get("/api/v1/health").json()["status"] == "ok")
        follow(server, acknowledged, counts)
        counts["acknowledged"] = len(acknowledged)
        listed = server.get("/api/v1/jobs?limit=1000").json()["jobs"]
        counts["doubled"] += len(listed) - len({job["id"] for job in listed})
    return counts


if __name__ == "__main__":
    asked = reader(__doc__ or "", 20, "stops").parse_args()
    sys.exit(tell("postgresql_restarts", run(asked.seed, asked.count), ZEROS))
