"""The version of kiban, as it was installed, and the edition of its code and figures."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

CALCULATING = frozenset({".py", ".toml", ".csv", ".npz", ".cpp", ".hpp"})
"""Ends of the names of files that hold code or figures."""


@cache
def installed_version() -> str:
    """The version; `0+unknown` in a source tree that was never installed."""
    try:
        return version("kiban")
    except PackageNotFoundError:
        return "0+unknown"


@cache
def edition() -> str:
    """Twelve digits that change with the code and the figures of this kiban, so that no answer outlives them."""
    package = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package)
        if path.suffix in CALCULATING and inside.parts[0] not in {"server", "commands"}:
            digest.update(inside.as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
