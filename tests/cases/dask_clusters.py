"""Clusters of Dask on this machine: one with TLS, or a scheduler and workers that can be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cases.servers import PATIENCE_SECONDS

# Whoever has not installed the extra leaves these tests out; CI, which has it, allows no such skip.
distributed = pytest.importorskip("distributed")
pytest.importorskip("dask_jobqueue")

QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
ROLES = ("scheduler", "worker", "client")


def write_certificates(place: Path) -> Any:
    """A new authority and its certificate as files: `ca.pem`, `certificate.pem`, `key.pem`."""
    made = distributed.security.Security.temporary()
    texts = {"ca.pem": made.tls_ca_file, "certificate.pem": made.tls_client_cert, "key.pem": made.tls_client_key}
    for name, text in texts.items():
        (place / name).write_text(text, encoding="utf-8")
    own = {f"tls_{role}_cert": str(place / "certificate.pem") for role in ROLES}
    own |= {f"tls_{role}_key": str(place / "key.pem") for role in ROLES}
    return distributed.security.Security(require_encryption=True, tls_ca_file=str(place / "ca.pem"), **own)


@contextlib.contextmanager
def open_cluster(place: Path, workers: int) -> Iterator[Any]:
    """A cluster with TLS, its workers processes; its certificates stand in `place`."""
    with distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, protocol="tls://", security=write_certificates(place),
        dashboard_address="127.0.0.1:0", local_directory=str(place),
    ) as cluster:  # fmt: skip
        yield cluster


@contextlib.contextmanager
def started(module: str, *arguments: str, place: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program of Dask that runs until it is left, such as `dask_worker`; `variables` go into its environment."""
    command = [sys.executable, "-m", f"distributed.cli.{module}", *arguments]
    surroundings = {**os.environ, "PYTHONWARNINGS": "ignore", **variables}
    process = subprocess.Popen(command, cwd=place, env=surroundings, start_new_session=True, **QUIET)
    try:
        yield process
    finally:
        kill(process)


def worker(address: str, place: Path, *arguments: str, **variables: str) -> contextlib.AbstractContextManager[object]:
    """A worker of one thread, without a nanny that would start it again."""
    return started("dask_worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard",
                   *arguments, place=place, **variables)  # fmt: skip


def kill(process: subprocess.Popen[bytes]) -> None:
    """At once, as a power cut does."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE_SECONDS)
