"""A scenario with measured numbers as a folder: `scenario.toml`, and the hours that it names."""

from __future__ import annotations

from pathlib import Path

from kiban.errors import OutputError, Problem, reason_of
from kiban.operation.live.measured import FILE, MeasuredScenario
from kiban.report.plan.folder import SCENARIO, check_folder
from kiban.report.table_file import csv_text
from kiban.scenario.file import dump_scenario
from kiban.whole_files import write_whole


def save_measured(measured: MeasuredScenario, folder: str | Path) -> Path:
    """Write it to a new folder, from which `kiban build` builds; raises `OutputError` where that cannot be written."""
    folder = Path(folder)
    check_folder(folder)
    columns = [values.tolist() for values in measured.columns.values()]
    rows = zip((time.isoformat() for time in measured.time), *columns, strict=True)
    text = csv_text(["time", *measured.columns], rows)
    contents = {SCENARIO: dump_scenario(measured.scenario, folder).encode("utf-8"), FILE: text.encode("utf-8")}
    try:
        return write_whole(folder, contents, make_parents=True)
    except OSError as error:
        raise OutputError(
            Problem("output.unwritable", str(folder), remedy="output.writable", reason=reason_of(error))
        ) from None
