"""An operation as a folder: `summary.json` with every figure, `hourly.parquet` with the hours.

One that was operated in detail has `view.json` too, which `kiban report` makes a page of.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from kiban.errors import OutputError, Problem, reason_of
from kiban.operation.operation import Operation
from kiban.quantities import Language
from kiban.report.operation.document import FORMAT as OPERATION
from kiban.report.operation.document import operation_document
from kiban.report.operation.view import FORMAT, operation_view
from kiban.report.plan.folder import HOURLY, SUMMARY, check_folder, hourly_bytes
from kiban.report.plan.record import to_json
from kiban.whole_files import write_whole

VIEW: Final = "view.json"


def save_operation(operation: Operation, folder: str | Path, language: Language = "en") -> Path:
    """Write an operation to a new folder and return it.

    Raises `OutputError` where the place is taken (an empty folder is not) or cannot be written.
    """
    folder = Path(folder)
    check_folder(folder)
    contents = {
        SUMMARY: to_json(operation_document(operation, language)).encode("utf-8"),
        HOURLY: hourly_bytes(operation.time, operation.hourly),
    }
    if operation.expectation is not None:
        view = json.dumps(operation_view(operation), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        contents[VIEW] = view.encode("utf-8")
    try:
        return write_whole(folder, contents, make_parents=True)
    except OSError as error:
        raise OutputError(
            Problem("output.unwritable", str(folder), remedy="output.writable", reason=reason_of(error))
        ) from None


def read_view(folder: Path) -> Mapping[str, Any] | None:
    """What the page of an operation's folder shows; None where the folder is another's.

    Raises `OutputError` for an operation that was not kept in detail, or whose view cannot be read.
    """
    path = folder / VIEW
    if not path.is_file():
        if _is_operation(folder):
            raise OutputError(Problem("operation.no_view", str(folder)))
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else str(error)
        raise OutputError(Problem("command.no_report", str(path), reason=reason)) from None
    whole = (
        isinstance(found, dict) and isinstance(found.get("operation"), dict) and isinstance(found.get("hours"), dict)
    )
    if not whole or found["operation"].get("format") != FORMAT:
        raise OutputError(Problem("operation.no_view", str(folder)))
    return dict(found)


def _is_operation(folder: Path) -> bool:
    """Whether a folder's summary is that of an operation."""
    try:
        found = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("format") == OPERATION
