"""What made a plan: all that must be the same for the same bytes to come out again."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kiban.linear.native.library import NO_LEVEL, find_library
from kiban.scenario import Scenario
from kiban.scenario.file import carry_files
from kiban.tasks.likeness import describe_likeness
from kiban.version import edition, installed_version

LIBRARIES = ("numpy", "scipy", "pandas", "pvlib", "clarabel", "highspy", "pyarrow", "openpyxl")
"""What calculates or writes beside kiban itself."""
COMMAND = "kiban build scenario.toml"


@dataclass(frozen=True, slots=True)
class Making:
    """What made a plan.

    `edition` changes with any line of kiban's code and figures. `processor_level` is the instruction set of the kernel
    that solved. `files` holds the SHA-256 of every file that the scenario names, by its name from the plan's folder.
    `seed` is the scenario's: wind is drawn from it where there are no measured hours.
    """

    command: str
    kiban: str
    edition: str
    python: str
    processor_level: str
    seed: int
    libraries: Mapping[str, str]
    files: Mapping[str, str | None]

    def differences(self, told: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
        """What was told of another making and differs here: (there, here) by name."""
        flat = {name: str(getattr(self, name)) for name in ("edition", "python", "processor_level", "seed")}
        pairs = {name: (str(told.get(name)), own) for name, own in flat.items()}
        for kind in ("libraries", "files"):
            written, here = told.get(kind), getattr(self, kind)
            there = written if isinstance(written, Mapping) else {}
            pairs |= {name: (str(there.get(name)), str(here.get(name))) for name in sorted({*there, *here})}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def describe_making(scenario: Scenario, folder: Path) -> Making:
    """What makes a plan of the scenario here and now; `folder` is where the plan stands."""
    library = find_library()
    _, found = carry_files(scenario, "")
    return Making(
        command=COMMAND,
        kiban=installed_version(),
        edition=edition(),
        python=platform.python_version(),
        processor_level=library.level if library is not None else NO_LEVEL,
        seed=scenario.seed,
        libraries={name: version(name) for name in LIBRARIES},
        files={_name(path, folder): _hash(path) for path in sorted(found.values())},
    )


def edition_of_answers() -> str:
    """What names all on which the last digits of an answer depend: what workers share, what reads or writes.

    Two machines have the same name only where each would take the other as a worker (`kiban.tasks.likeness`).
    """
    alike = describe_likeness()
    parts = [*(f"{name}={value}" for name, value in alike.items()), *(f"{name}={version(name)}" for name in LIBRARIES)]
    made_with = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    return f"{alike['edition']}-{made_with}-{alike['processor_level']}"


def _name(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()


def _hash(path: Path) -> str | None:
    """SHA-256 of a file; None where it is gone, as it may be when a plan is saved long after it was built."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
