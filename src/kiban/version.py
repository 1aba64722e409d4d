"""The version of kiban, as it was installed."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def installed_version() -> str:
    """The version; `0+unknown` in a source tree that was never installed."""
    try:
        return version("kiban")
    except PackageNotFoundError:
        return "0+unknown"
