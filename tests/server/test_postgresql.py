"""The store in PostgreSQL: the same as in SQLite, with jobs that outlive their server.

Runs where PostgreSQL's programs are installed (Debian's package will do), on a cluster of its own.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cases.servers import (
    PATIENCE_SECONDS,
    LiveServer,
    free_port,
    open_client,
    study,
    wait_for_job,
    wait_until_working,
)
from tests.server.gates import Gate

from kiban.server.settings import Settings

pwd = pytest.importorskip("pwd")
Launch = Callable[..., LiveServer]


def find_program(name: str) -> str | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")]))


def other_user() -> str | None:
    """PostgreSQL does not run as root: the user that its package made, if we are."""
    if os.geteuid() != 0:
        return None
    pwd.getpwnam("postgres")
    return "postgres"


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The URL of an empty database in a cluster that lives as long as this module."""
    programs = {name: find_program(name) for name in ("initdb", "pg_ctl", "createdb")}
    if None in programs.values():
        pytest.skip("PostgreSQL is not installed")
    try:
        user = other_user()
    except KeyError:
        pytest.skip("there is no user postgres")
    place = Path(tempfile.mkdtemp(prefix="kiban-postgresql-"))
    if user is not None:
        shutil.chown(place, user)
    port, cluster = str(free_port()), str(place / "cluster")

    def call(program: str, *arguments: str) -> None:
        command = [str(programs[program]), *arguments]
        subprocess.run(command, user=user, check=True, capture_output=True, timeout=PATIENCE_SECONDS, cwd=place)

    options = f"-p {port} -k {place} -c listen_addresses=127.0.0.1 -c fsync=off"
    call("initdb", "-D", cluster, "-A", "trust", "-U", "kiban", "--no-sync")
    call("pg_ctl", "-D", cluster, "-l", str(place / "log"), "-o", options, "-w", "start")
    try:
        call("createdb", "-h", "127.0.0.1", "-p", port, "-U", "kiban", "kiban")
        yield f"postgresql://kiban@127.0.0.1:{port}/kiban"
    finally:
        call("pg_ctl", "-D", cluster, "-m", "immediate", "stop")
        shutil.rmtree(place, ignore_errors=True)


def test_plans_jobs_and_audit(database: str, tmp_path: Path) -> None:
    with open_client(Settings(data=tmp_path, database=database)) as client:
        assert client.get("/api/v1/health").json()["database"] == "postgresql"
        plan = client.post("/api/v1/plans", json=study()).json()["plan"]
        job = client.post("/api/v1/plans", json={**study(target__clean_share=0.6), "mode": "job"}).json()["job"]["id"]
        assert wait_for_job(client.get, job)["result"]["plan"]["status"] == "optimal"
        strange = client.post("/api/v1/plans", json={**study(name="a\0b"), "mode": "job"})
        assert strange.status_code == 202
        assert wait_for_job(client.get, strange.json()["job"]["id"])["name"] == "a\ufffdb"
        assert client.delete("/api/v1/jobs/%00").status_code == 404
        entries = client.get("/api/v1/audit").json()["entries"]
        assert {entry["subject"] for entry in entries} >= {plan["id"], job}
        client.service.answers._writer.submit(lambda: None).result()
        client.service.store.prune_plans(0)
        kept = {row["id"] for row in client.get("/api/v1/plans").json()["plans"]}
        assert plan["id"] not in kept
        assert len(kept) == 2
    assert not (tmp_path / "kiban.sqlite3").exists()
    # A second server finds what the first has left.
    with open_client(Settings(data=tmp_path, database=database)) as client:
        assert client.get(f"/api/v1/jobs/{job}").json()["state"] == "done"


def test_the_job_of_a_killed_server_is_taken_over_by_another(
    database: str, launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(tmp_path / "gate")
    gate.shut()
    first = launch("--data", str(tmp_path / "a"), "--database", database, gate=gate)
    sweep: dict[str, Any] = {"key": "target.clean_share", "values": [0.5, 0.6, 0.7], "mode": "job"}
    job = first.post("/api/v1/sweep", {**study(), **sweep}).json()["job"]["id"]
    wait_until_working(first.get, job)
    os.kill(first.process.pid, signal.SIGKILL)
    monkeypatch.setattr("kiban.server.supervisor.SILENCE_SECONDS", 3.0)
    with open_client(Settings(data=tmp_path / "b", database=database)) as second:
        found = wait_for_job(second.get, job)
    assert found["state"] == "done"
    assert found["attempts"] == 2
    assert len(found["result"]["points"]) == 3
