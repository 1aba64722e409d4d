"""An operation as a folder: `summary.json` with every figure, and `hourly.parquet` with the hours."""

from __future__ import annotations

from pathlib import Path

from kiban.errors import OutputError, Problem, reason_of
from kiban.operation.operation import Operation
from kiban.quantities import Language
from kiban.report.operation.document import operation_document
from kiban.report.plan.folder import HOURLY, SUMMARY, check_folder, hourly_bytes
from kiban.report.plan.record import to_json
from kiban.whole_files import write_whole


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
    try:
        return write_whole(folder, contents, make_parents=True)
    except OSError as error:
        raise OutputError(
            Problem("output.unwritable", str(folder), remedy="output.writable", reason=reason_of(error))
        ) from None
