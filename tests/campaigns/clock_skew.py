"""Two servers on one PostgreSQL whose clocks differ: neither takes what the other works on, and both take what is left.

    python -m tests.campaigns.clock_skew --count 4 --seconds 30

In the second server `time.time` is shifted, forward and back in turns. By its own clock it could take the job of the
first at once; it may do so only when that one has been killed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.campaigns.ground import SWEEP, end, follow, launched, reader, tell
from tests.cases.postgresql import open_cluster
from tests.cases.servers import study, wait_until_working
from tests.server.gates import SERVE, Gate

from kiban.server.supervisor import TICK_SECONDS

ZEROS = ("taken from the living", "not taken from the dead", "lost", "half", "stuck", "failed")
SKEW_SECONDS = 30.0
TICKS = 4
SHIFTED = """
import sys, time
real = time.time
shift = float(sys.argv.pop(1))
time.time = lambda: real() + shift
"""


def run(count: int, seconds: float = SKEW_SECONDS) -> Counter[str]:
    """So many times a job under the eyes of a server with another clock."""
    counts = Counter[str]()
    with tempfile.TemporaryDirectory(prefix="kiban-clocks-") as place, open_cluster() as cluster:
        for number in range(count):
            shift = seconds if number % 2 == 0 else -seconds
            gate = Gate(Path(place) / f"gate-{number}")
            gate.shut()
            data = ["--data", place, "--database", cluster.url]
            shifted = ("-c", SHIFTED + SERVE, str(shift), str(gate.file))
            with launched(*data, program=("-c", SERVE, str(gate.file))) as first:
                job = first.post("/api/v1/sweep", {**study(), **SWEEP}).json()["job"]["id"]
                wait_until_working(first.get, job)
                with launched(*data, program=shifted) as second:
                    time.sleep(TICKS * TICK_SECONDS)
                    counts["taken from the living"] += second.get(f"/api/v1/jobs/{job}").json()["attempts"] != 1
                    end(first)
                    gate.open()
                    follow(second, [job], counts)
                    counts["not taken from the dead"] += second.get(f"/api/v1/jobs/{job}").json()["attempts"] != 2
            counts["skews"] += 1
    return counts


if __name__ == "__main__":
    options = reader(__doc__ or "", 4, "times")
    options.add_argument("--seconds", type=float, default=SKEW_SECONDS, help="by which the clocks differ")
    asked = options.parse_args()
    sys.exit(tell("clock_skew", run(asked.count, asked.seconds), ZEROS))
