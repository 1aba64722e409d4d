"""A new file that a command writes: what its name must be before the work begins, and what can go wrong at the end."""

from __future__ import annotations

from pathlib import Path

from kiban.errors import OutputError, Problem, reason_of
from kiban.whole_files import write_whole


def require_new(file: Path) -> None:
    """Raise `OutputError` where the name is taken or its folder is not there."""
    if file.exists():
        raise OutputError(Problem("command.kept", str(file)))
    if not file.absolute().parent.is_dir():
        raise OutputError(Problem("command.no_folder", str(file)))


def write_new(file: Path, content: bytes) -> None:
    """Write it whole; raises `OutputError` where the name has been taken meanwhile or nothing can be written."""
    try:
        write_whole(file, content)
    except FileExistsError:
        raise OutputError(Problem("command.kept", str(file))) from None
    except OSError as error:
        raise OutputError(Problem("command.unwritable", str(file), reason=reason_of(error))) from None
