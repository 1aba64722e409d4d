"""A server that is killed, cancelled or stopped loses no job and leaves no process behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cases.servers import PATIENCE_SECONDS, LiveServer, study, wait_for_job, wait_until, wait_until_working
from tests.server.gates import Gate

Launch = Callable[..., LiveServer]
SWEEP = {"key": "target.clean_share", "values": [0.5, 0.6, 0.7], "mode": "job"}


def children_of(process_id: int) -> set[int]:
    """Processes of this machine whose parent is this one; only where there is /proc."""
    found = set()
    for place in Path("/proc").glob("[0-9]*"):
        try:
            status = (place / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if int(status.rpartition(")")[2].split()[1]) == process_id:
            found.add(int(place.name))
    return found


def is_gone(process_id: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{process_id}/status").read_text(encoding="utf-8")
    except OSError:
        return True


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
def test_kill_nine_in_the_middle_of_a_job_loses_nothing(launch: Launch, tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    gate.shut()
    server = launch("--data", str(tmp_path), gate=gate)
    long = server.post("/api/v1/sweep", {**study(), **SWEEP}).json()["job"]["id"]
    waiting = [
        server.post("/api/v1/plans", {**study(target__clean_share=share), "mode": "job"}).json()["job"]["id"]
        for share in (0.6, 0.7)
    ]
    wait_until_working(server.get, long)
    made = server.post("/api/v1/plans", study()).json()["plan"]
    workers = children_of(server.process.pid)
    assert workers

    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(timeout=PATIENCE_SECONDS)
    wait_until(lambda: all(is_gone(worker) for worker in workers))

    again = launch("--data", str(tmp_path), gate=gate)
    jobs = {job["id"]: job for job in again.get("/api/v1/jobs").json()["jobs"]}
    assert set(jobs) == {long, *waiting}
    assert jobs[long]["state"] in {"queued", "running"}
    assert again.delete(f"/api/v1/jobs/{long}").json()["state"] == "cancelled"
    gate.open()
    for job_id in waiting:
        assert wait_for_job(again.get, job_id)["state"] == "done"
    found = again.get(f"/api/v1/plans/{made['id']}").json()
    assert found["cost_myen_per_year"] == made["cost_myen_per_year"]

    # Ctrl+C ends the second server in good order; what was done stays done.
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(timeout=PATIENCE_SECONDS) in {0, 130, -signal.SIGINT}
