"""A plan as a folder, and back.

    scenario.toml     the scenario; names of files are relative to the folder
    summary.json      everything but the hours, every digit
    hourly.parquet    the hourly columns over `time`
    tables/*.csv      the same as tables, with units and explanations, as Excel opens them
    plan.xlsx         the same as a workbook
    provenance.json   every input with its origin, the sources in full, and what made the plan
    ro-crate-metadata.json   the folder described for archives (RO-Crate)

A folder with the plan's name is always whole (`kiban.whole_files`). Nothing that is there already is changed or
removed.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Mapping
from datetime import timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiban.arrays import Array
from kiban.catalogue import load_catalogue
from kiban.errors import InputError, OutputError, Problem, reason_of
from kiban.messages import Message
from kiban.planning.making import describe_making
from kiban.planning.plan import Plan
from kiban.report.plan.crate import CRATE, crate_graph, present_day
from kiban.report.plan.entries import plain_entry, source_keys
from kiban.report.plan.record import restore, summarise, to_json
from kiban.report.plan.tables import make_tables
from kiban.report.plan.workbook import workbook_bytes
from kiban.report.table_file import csv_text
from kiban.scenario import dump_scenario, read_scenario
from kiban.whole_files import nearest_folder, write_whole

if TYPE_CHECKING:
    import pandas as pd

SCENARIO, SUMMARY, HOURLY, TABLES = "scenario.toml", "summary.json", "hourly.parquet", "tables"
WORKBOOK, PROVENANCE = "plan.xlsx", "provenance.json"
TIME = "time"


def save_plan(plan: Plan, folder: str | Path) -> Path:
    """Write a plan to a new folder and return it.

    Raises `OutputError` where the place is taken (an empty folder is not) or cannot be written.
    """
    folder = Path(folder)
    check_folder(folder)
    try:
        return write_whole(folder, plan_contents(plan, folder), make_parents=True)
    except OSError as error:
        raise OutputError(_unwritable(folder, error)) from None


def check_folder(folder: str | Path) -> None:
    """Raise `OutputError` unless a plan can be saved under this name; worth asking before a long calculation."""
    folder = Path(folder)
    if (folder / SUMMARY).exists():
        raise OutputError(Problem("output.another_plan", str(folder), free=_other_name(folder)))
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputError(Problem("output.not_empty", str(folder), free=_other_name(folder)))
    if folder.exists() and not folder.is_dir():
        raise OutputError(Problem("output.is_file", str(folder), free=_other_name(folder)))
    parent = nearest_folder(folder)
    if not parent.is_dir():
        raise OutputError(Problem("output.below_file", str(folder), parent=str(parent)))
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(Problem("output.no_entries", str(folder), parent=str(parent)))


def load_plan(folder: str | Path) -> Plan:
    """The plan in a folder, equal to the one that was saved.

    Raises `OutputError` where the folder holds no plan, or not all of it.
    """
    folder = Path(folder)
    if not folder.exists():
        raise OutputError(Problem("output.no_folder", str(folder)))
    if not (folder / SUMMARY).is_file():
        raise OutputError(Problem("output.no_plan", str(folder), part=SUMMARY))
    part = SUMMARY
    try:
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        part = SCENARIO
        scenario = read_scenario(folder / SCENARIO)
        part = HOURLY
        time, hourly = _read_hourly((folder / HOURLY).read_bytes())
        part = SUMMARY
        return restore(summary, scenario, time, hourly)
    except InputError as error:
        first = error.problems[0]
        raise OutputError(_damaged(folder, part, Message(f"fault.{first.code}", first.values))) from None
    except OSError as error:
        raise OutputError(_damaged(folder, part, error.strerror or Message("damage.unreadable"))) from None
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise OutputError(_damaged(folder, part, _first_line(error))) from None


def plan_contents(plan: Plan, folder: Path) -> dict[str, bytes]:
    """The files of a plan by name; `folder` is where they will stand, for the names of files in the scenario."""
    contents = {
        SCENARIO: dump_scenario(plan.scenario, folder).encode("utf-8"),
        SUMMARY: to_json(summarise(plan)).encode("utf-8"),
        HOURLY: hourly_bytes(plan.time, plan.hourly),
        PROVENANCE: to_json(_provenance(plan, folder)).encode("utf-8"),
        WORKBOOK: workbook_bytes(plan),
        **{
            f"{TABLES}/{table.name}.csv": csv_text(table.columns, table.rows).encode("utf-8")
            for table in make_tables(plan)
        },
    }
    return contents | {CRATE: crate_bytes(plan, contents, present_day())}


def crate_bytes(plan: Plan, contents: Mapping[str, bytes], day: str) -> bytes:
    """The description of a plan's folder with these files, made on a day."""
    return to_json(crate_graph(plan.scenario.name, contents, SCENARIO, PROVENANCE, day)).encode("utf-8")


def _provenance(plan: Plan, folder: Path) -> dict[str, Any]:
    catalogue = load_catalogue()
    entries = [{**plain_entry(entry), "sources": list(source_keys(entry))} for entry in plan.provenance]
    used = sorted({key for entry in plan.provenance for key in source_keys(entry)})
    return {
        "made": dataclasses.asdict(describe_making(plan.scenario, folder)),
        "inputs": entries,
        "sources": {key: dataclasses.asdict(catalogue.sources[key]) for key in used},
    }


def hourly_bytes(time: pd.DatetimeIndex, hourly: Mapping[str, Array]) -> bytes:
    """Parquet with `time` in the site's fixed offset and one column of doubles for each hourly column."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    offset = time[0].utcoffset() if len(time) else timedelta()
    instants = pa.array(time.tz_convert("UTC").tz_localize(None).to_numpy())
    stamped = instants.cast(pa.timestamp(instants.type.unit)).cast(pa.timestamp(instants.type.unit, tz=_zone(offset)))
    columns = {name: pa.array(np.asarray(column, dtype=np.float64)) for name, column in hourly.items()}
    written = pa.BufferOutputStream()
    pq.write_table(pa.table({TIME: stamped, **columns}), written, compression="zstd")
    return bytes(written.getvalue().to_pybytes())


def _read_hourly(content: bytes) -> tuple[pd.DatetimeIndex, dict[str, Array]]:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(pa.BufferReader(content))
    kind = table.schema.field(TIME).type
    instants = table.column(TIME).cast(pa.int64()).to_numpy().view(f"datetime64[{kind.unit}]")
    found = re.fullmatch(r"([+-])(\d\d):(\d\d)", kind.tz or "")
    if found is None:
        raise ValueError(f"time zone {kind.tz!r}")
    offset = timedelta(hours=int(found[2]), minutes=int(found[3])) * (-1 if found[1] == "-" else 1)
    time = pd.DatetimeIndex(instants).tz_localize("UTC").tz_convert(timezone(offset))
    names = [name for name in table.column_names if name != TIME]
    return time, {name: np.array(table.column(name).to_numpy(), dtype=np.float64) for name in names}


def _zone(offset: timedelta | None) -> str:
    minutes = round((offset or timedelta()).total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _other_name(folder: Path) -> str:
    whole = folder.absolute()
    stem = re.sub(r"-\d+$", "", whole.name) or "plan"
    number = 2
    while (whole.parent / f"{stem}-{number}").exists():
        number += 1
    return str(folder.parent / f"{stem}-{number}")


def _unwritable(folder: Path, error: OSError) -> Problem:
    return Problem("output.unwritable", str(folder), remedy="output.writable", reason=reason_of(error))


def _damaged(folder: Path, part: str, reason: str | Message) -> Problem:
    return Problem("output.damaged", str(folder), part=part, reason=reason)


def _first_line(error: Exception) -> Message:
    kind, text = type(error).__name__, str(error).strip().splitlines()
    if not text:
        return Message("damage.unusable", kind=kind)
    return Message("damage.unusable_why", kind=kind, text=text[0][:120])
