"""A disk that is full: under a server while its jobs end, and under every command that writes.

    python -m tests.campaigns.full_disk --count 3

The disk is a small tmpfs; where mounting is not allowed, that is said, and nothing was tried.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.campaigns.ground import (
    MOST_WAIT_SECONDS,
    SURROUNDINGS,
    SWEEP,
    WEEK,
    follow,
    launched,
    reader,
    tell,
    wait_at_most,
)
from tests.cases.servers import LiveServer, study, wait_until_working
from tests.server.gates import SERVE, Gate

ZEROS = ("lost", "half", "stuck", "failed", "not refused with 507", "not degraded", "not well again", "not a sentence")
SERVER_MB, COMMANDS_KB = 24, 200
FILLING = "filling"
COMMANDS = (
    ("build", "{study}", "--out", "{disk}/plan"),
    ("report", "{study}", "-o", "{disk}/report.html"),
    ("pay", "{study}", "--package", "tax-credit", "--book", "{disk}/book.xlsx"),
    ("init", "{disk}/study"),
)


class MountError(Exception):
    """No disk of a size of our own can be had here; the text says why."""


@contextlib.contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A file system in memory of this size; `MountError` where mounting is not allowed."""
    with tempfile.TemporaryDirectory(prefix="kiban-disk-") as place:
        try:
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place], check=True, capture_output=True
            )
        except (OSError, subprocess.CalledProcessError):
            raise MountError("mounting is not allowed here") from None
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk: Path) -> None:
    """Write until there is no room."""
    with contextlib.suppress(OSError), (disk / FILLING).open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))


def serve_on(disk: Path, number: int, counts: Counter[str]) -> None:
    """A server on that disk."""
    gate = Gate(Path(tempfile.gettempdir()) / f"kiban-gate-{disk.name}-{number}")
    gate.shut()
    with launched("--data", str(disk / "data"), program=("-c", SERVE, str(gate.file))) as server:
        be_full(server, disk, gate, counts)


def be_full(server: LiveServer, disk: Path, gate: Gate, counts: Counter[str]) -> None:
    """A job ends while the disk is full, and what is asked meanwhile is refused; then there is room again."""
    job = server.post("/api/v1/sweep", {**study(), **SWEEP}).json()["job"]["id"]
    waiting = server.post("/api/v1/plans", {**study(target__clean_share=0.6), "mode": "job"}).json()["job"]["id"]
    wait_until_working(server.get, job)
    fill(disk)
    for share in range(3):
        changed = study(target__clean_share=0.41 + share / 100)
        codes = [server.post("/api/v1/plans", {**changed, "mode": mode}).status_code for mode in ("instant", "job")]
        counts["not refused with 507"] += sum(code != 507 for code in codes)
    health = server.get("/api/v1/health").json()
    counts["not degraded"] += (health["status"], health["fault"]) != ("degraded", "full")
    gate.open()
    counts["half"] += bool(wait_at_most(10.0, lambda: server.get(f"/api/v1/jobs/{job}").json()["state"] != "running"))
    (disk / FILLING).unlink()
    follow(server, [job, waiting], counts)
    counts["failed"] += server.get(f"/api/v1/jobs/{job}").json()["attempts"] != 1
    well = wait_at_most(MOST_WAIT_SECONDS, lambda: server.get("/api/v1/health").json()["status"] == "ok")
    counts["not well again"] += not well
    counts["not well again"] += server.post("/api/v1/plans", study(target__clean_share=0.37)).status_code != 200


def command_on(disk: Path, study_file: Path, arguments: tuple[str, ...], counts: Counter[str]) -> None:
    """A command on a disk with too little room: one sentence, exit code 2, and nothing left."""
    before = sorted(disk.rglob("*"))
    command = [sys.executable, "-m", "kiban.cli", *(part.format(disk=disk, study=study_file) for part in arguments)]
    done = subprocess.run(command, env=SURROUNDINGS, capture_output=True, text=True, check=False)
    counts["half"] += sorted(disk.rglob("*")) != before
    said = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    is_sentence = done.returncode == 2 and len(said) == 1 and "no space left" in said[0]
    counts["not a sentence"] += not (is_sentence and "Traceback" not in done.stderr)


def print_on_full_device(counts: Counter[str]) -> None:
    """Output to where there is no room at all."""
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "kiban.cli", "sites"]
        done = subprocess.run(command, env=SURROUNDINGS, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    said = done.stderr.splitlines()
    counts["not a sentence"] += not (done.returncode == 2 and len(said) == 1 and said[0].startswith("error: "))


def run(count: int) -> Counter[str]:
    """So many times a full disk under a server, and once under every command; raises `MountError`."""
    counts = Counter[str]()
    with small_disk(f"{COMMANDS_KB}k") as disk, tempfile.TemporaryDirectory(prefix="kiban-study-") as place:
        study_file = Path(place) / "study.toml"
        study_file.write_text(WEEK, encoding="utf-8")
        fill(disk)
        for arguments in COMMANDS:
            command_on(disk, study_file, arguments, counts)
    print_on_full_device(counts)
    counts["commands"] = len(COMMANDS) + 1
    for number in range(count):
        with small_disk(f"{SERVER_MB}m") as disk:
            serve_on(disk, number, counts)
        counts["servers"] += 1
    return counts


if __name__ == "__main__":
    asked = reader(__doc__ or "", 3, "times under a server").parse_args()
    try:
        sys.exit(tell("full_disk", run(asked.count), ZEROS))
    except MountError as error:
        print(f"full_disk: skipped, {error}")
