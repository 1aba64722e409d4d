"""Where the scenarios and packages stand that come with kiban: in an installed package and in a source checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

SUFFIX = ".toml"


@cache
def examples_folder() -> Path:
    """Folder of the worked examples."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "scenarios"
    return installed if installed.is_dir() else package.parents[1] / "scenarios"


def packages_folder() -> Path:
    """Folder of the policy packages."""
    return examples_folder() / "packages"
