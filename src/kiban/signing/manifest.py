"""The files of a folder, or one file, with their hashes: what a signature is about.

Names are as they stand in the folder, with `/` between its parts. A link or a device is refused: what it leads to may
change while the folder does not.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kiban.errors import OutputError, Problem, reason_of


@dataclass(frozen=True, slots=True)
class Differences:
    """How a folder differs from its manifest; names of files, each in order."""

    changed: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.changed or self.missing or self.added)


def hash_files(path: Path, without: str) -> dict[str, str]:
    """SHA-256 by name of all files of a folder but those in its folder `without`, or of one file.

    Raises `OutputError` where the path is not there, holds a link, or cannot be read.
    """
    try:
        if not path.exists():
            raise OutputError(Problem("signing.nothing_there", str(path)))
        return {name: _hash(file) for name, file in sorted(_files(path, without))}
    except OSError as error:
        place = str(error.filename or path)
        raise OutputError(Problem("signing.unreadable", place, reason=reason_of(error))) from None


def compare(signed: Mapping[str, str], found: Mapping[str, str]) -> Differences:
    """How what is found differs from what was signed."""
    return Differences(
        changed=tuple(sorted(name for name in signed.keys() & found.keys() if signed[name] != found[name])),
        missing=tuple(sorted(signed.keys() - found.keys())),
        added=tuple(sorted(found.keys() - signed.keys())),
    )


def _files(path: Path, without: str) -> Iterator[tuple[str, Path]]:
    if not path.is_dir():
        yield path.name, path
        return
    folders = [path]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                name = Path(entry.path).relative_to(path).as_posix()
                if entry.is_dir(follow_symlinks=False):
                    if name != without:
                        folders.append(Path(entry.path))
                else:
                    yield name, Path(entry.path)


def _hash(path: Path) -> str:
    if not stat.S_ISREG(path.lstat().st_mode):
        raise OutputError(Problem("signing.no_plain_file", str(path)))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
