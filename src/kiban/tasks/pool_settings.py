"""Which pool, with all that it must know; `--pool` and the table `[pool]` are read in `kiban.scenario.pool`."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from kiban.errors import Problem

Kind = Literal["serial", "processes", "dask", "slurm"]
SCHEMES: Final = ("tls", "tcp", "dask")
WORKER_PATIENCE_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class SlurmJob:
    """What a job of Slurm is asked for; one job is one worker."""

    folder: str
    """A folder that all nodes see."""
    partition: str | None = None
    account: str | None = None
    walltime: str = "01:00:00"
    cores: int = 1
    memory_gb: float = 4.0
    interface: str | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """A pool; `workers` are processes or jobs, None as many as there are processors."""

    kind: Kind = "serial"
    workers: int | None = None
    address: str = ""
    """Of Dask's scheduler, `tls://HOST:PORT` or `tcp://HOST:PORT`."""
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    patience_seconds: float = WORKER_PATIENCE_SECONDS
    job: SlurmJob | None = None


def read_address(text: str, where: str, *, tls: bool) -> tuple[str, list[Problem]]:
    """The address of a scheduler as Dask writes it, and what is wrong with it.

    `dask://` is `tls://` where certificates are given (`tls`) or the host is another, and `tcp://` on this machine.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    # What is neither host nor port would be dropped unseen, or carried to whom it is no business of.
    whole = host and port is not None and text.lower() == f"{parts.scheme}://{parts.netloc}".lower()
    if not whole or parts.scheme not in SCHEMES or "@" in parts.netloc:
        return "", [Problem("pool.no_address", where, text=re.sub(r"(?<=://).*@", "***@", text, flags=re.DOTALL))]
    near = is_this_machine(host)
    scheme = parts.scheme if parts.scheme != "dask" else "tcp" if near and not tls else "tls"
    if scheme == "tcp" and not near:
        return "", [Problem("pool.open_link", where, address=text, safe=f"tls://{parts.netloc}")]
    return f"{scheme}://{parts.netloc}", []


def is_safe_link(address: str) -> bool:
    """Whether nobody between can read along, or put in what a worker then runs: TLS, or within this machine."""
    try:
        parts = urlsplit(address)
        return parts.scheme in {"tls", "inproc"} or is_this_machine(parts.hostname or "")
    except ValueError:
        return False


def is_this_machine(host: str) -> bool:
    """Whether a host is this machine by its loopback; of names `localhost` alone, for others may be moved."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
