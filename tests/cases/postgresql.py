"""A cluster of PostgreSQL of one's own, which can be stopped and started; Debian's package has its programs."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.cases.servers import PATIENCE_SECONDS, free_port

PROGRAMS = ("initdb", "pg_ctl", "createdb")


class MissingError(Exception):
    """PostgreSQL cannot be had here; the text says why."""


@dataclass(frozen=True)
class Cluster:
    """A cluster that only this machine reaches."""

    place: Path
    port: int
    user: str | None

    @property
    def url(self) -> str:
        return f"postgresql://kiban@127.0.0.1:{self.port}/kiban"

    def call(self, program: str, *arguments: str) -> None:
        found = find_program(program)
        assert found is not None
        subprocess.run([found, *arguments], user=self.user, check=True, capture_output=True, timeout=PATIENCE_SECONDS,
                       cwd=self.place)  # fmt: skip

    def start(self, *, synchronous: bool = False) -> None:
        options = (
            f"-p {self.port} -k {self.place} -c listen_addresses=127.0.0.1 -c fsync={'on' if synchronous else 'off'}"
        )
        log = str(self.place / "log")
        self.call("pg_ctl", "-D", str(self.place / "cluster"), "-l", log, "-o", options, "-w", "start")

    def stop(self) -> None:
        """At once, as when the machine is reset."""
        self.call("pg_ctl", "-D", str(self.place / "cluster"), "-m", "immediate", "stop")


def find_program(name: str) -> str | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")]))


def other_user() -> str | None:
    """PostgreSQL does not run as root: the user that its package made, if we are."""
    import pwd

    if os.geteuid() != 0:
        return None
    pwd.getpwnam("postgres")
    return "postgres"


@contextlib.contextmanager
def open_cluster(*, synchronous: bool = False) -> Iterator[Cluster]:
    """A new cluster with an empty database; `MissingError` where there is no PostgreSQL."""
    if None in map(find_program, PROGRAMS):
        raise MissingError("PostgreSQL is not installed")
    try:
        user = other_user()
    except KeyError:
        raise MissingError("there is no user postgres") from None
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="kiban-postgresql-")), free_port(), user)
    if user is not None:
        shutil.chown(cluster.place, user)
    try:
        cluster.call("initdb", "-D", str(cluster.place / "cluster"), "-A", "trust", "-U", "kiban", "--no-sync")
        cluster.start(synchronous=synchronous)
        cluster.call("createdb", "-h", "127.0.0.1", "-p", str(cluster.port), "-U", "kiban", "kiban")
        yield cluster
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            cluster.stop()
        shutil.rmtree(cluster.place, ignore_errors=True)
