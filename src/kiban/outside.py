"""What this process may open and ask beyond itself: everything for its own user, an allow-list for what strangers send.

    with restricted(Reach(online=False)):
        ...                         # only files that come with kiban and pvlib are opened, and nobody is asked

Whoever opens a file that a scenario names, or asks a service, asks here first; so the rule holds whichever way a name
came in. A server and its workers restrict themselves for good.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a process reaches: to `files` beyond those that are shipped, and to services that are `online`."""

    files: bool = False
    online: bool = False


EVERYTHING = Reach(files=True, online=True)

_of_call: ContextVar[Reach | None] = ContextVar("reach", default=None)
_of_process = [EVERYTHING]


def restrict(reach: Reach) -> Reach:
    """Restrict the whole process from now on; returns what held before."""
    before = _of_process[0]
    _of_process[0] = reach
    return before


@contextmanager
def restricted(reach: Reach) -> Iterator[None]:
    """Restrict what is called within, and what runs in a copy of its context."""
    before = _of_call.set(reach)
    try:
        yield
    finally:
        _of_call.reset(before)


def present_reach() -> Reach:
    """The rule that holds here: of the call and of the process what both allow."""
    own = _of_call.get() or EVERYTHING
    process = _of_process[0]
    return Reach(own.files and process.files, own.online and process.online)


def may_open(path: str | Path) -> bool:
    """Whether a file that somebody named may be opened, or even looked for."""
    if present_reach().files:
        return True
    try:
        found = Path(path).resolve()
    except (OSError, ValueError, RuntimeError):
        return False
    return any(found.is_relative_to(folder) for folder in _shipped_folders())


def may_ask() -> bool:
    """Whether an online service may be asked."""
    return present_reach().online


@cache
def _shipped_folders() -> tuple[Path, ...]:
    package = Path(__file__).resolve().parent
    scenarios = package / "scenarios"
    folders = [scenarios if scenarios.is_dir() else package.parents[1] / "scenarios"]
    pvlib = find_spec("pvlib")
    if pvlib is not None and pvlib.origin is not None:
        folders.append(Path(pvlib.origin).resolve().parent / "data")
    return tuple(folders)
