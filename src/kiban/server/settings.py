"""Where the server keeps its things, to whom it listens, and how much it takes on."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiban.server.provider_file import Provider

DEFAULT_PORT = 8765
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
DATABASE_FILE = "kiban.sqlite3"
ANSWERS_FOLDER = "answers"
DATA_VARIABLE = "KIBAN_DATA"


def default_data_folder() -> Path:
    """The user's folder for data of programs: KIBAN_DATA, else the platform's own place."""
    chosen = os.environ.get(DATA_VARIABLE)
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "kiban"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "kiban"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "kiban"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request and all requests together may ask for."""

    body_bytes: int = 1_000_000
    header_seconds: float = 20.0
    """In which a connection must have sent the header of its question, or is closed."""
    body_seconds: float = 30.0
    """In which a body must have come."""
    connections: int = 1_000
    """Connections at a time; fewer where the system lets a process open fewer files."""
    worker_memory_bytes: int = 8_000_000_000
    """Memory of a worker process; a job that needs more fails. 0 sets no limit."""
    steps: int = 52_560
    """Steps of the horizon, over all weather years of one study."""
    sites: int = 50
    plans_in_comparison: int = 5
    sweep_points: int = 101
    queued_jobs: int = 100
    queued_jobs_per_owner: int = 25
    """Of these, those of one caller, where callers are told apart by tokens; one that has none waiting is let in."""
    waiting_answers: int = 200
    """Instant questions that wait for a free core."""
    waiting_answers_per_owner: int = 20
    """Of these, those of one caller."""
    sessions_with_points: int = 8
    """Sessions whose last points are kept to start from: some twenty megabytes each for a year."""
    stored_plans: int = 1_000
    """Instant plans that the store keeps for each owner; those of jobs are kept until they are deleted."""
    stored_jobs: int = 1_000
    """Jobs of each owner that have ended and are still listed."""
    instant_seconds: float = 2.0
    """Work that is expected to take longer is a job."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One server; `database` is an SQLAlchemy URL, empty for SQLite in `data`."""

    data: Path = field(default_factory=default_data_folder)
    database: str = ""
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    workers: int = 1
    """Worker processes for jobs."""
    online: bool = False
    """Whether scenarios may fetch weather from online services."""
    limits: Limits = Limits()
    static: Path = Path(__file__).parent / "static"
    hosts: tuple[str, ...] = ()
    """Further names under which the server is asked, as by a proxy before it; they make tokens necessary."""
    token: bool = False
    """Whether tokens are needed although only this machine can ask, because several people use it."""
    oidc: Provider | None = None
    """Who signs people in, beside tokens."""
    operate: Path | None = None
    """Journal of `kiban operate` that the screen Run follows."""
    session_hours: float = 12.0
    """How long a browser stays signed in."""

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can ask."""
        return self.host in LOOPBACK and not self.hosts

    @property
    def is_local(self) -> bool:
        """Whether only this machine's one user can ask, so that no token is needed."""
        return self.is_loopback and not self.token and self.oidc is None

    @property
    def database_url(self) -> str:
        """The URL for SQLAlchemy."""
        from kiban.tasks.database import driver_url, file_url

        return driver_url(self.database) if self.database else file_url(self.data / DATABASE_FILE)

    @property
    def answers_place(self) -> str:
        """Where jobs keep the answers on their way: beside the plans."""
        return self.database or str(self.data / ANSWERS_FOLDER)
