"""Remedies of a user's own tables: the file itself, its header, its cells, its times and where they lie in the year."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from tests.remedies import Case, Ground, Step

from kiban.weather import series as series_module
from kiban.weather import table as table_module
from kiban.weather import textfile
from kiban.weather.placement import Span
from kiban.weather.series import place_series, read_series
from kiban.weather.table import read_table

THREE = "load\n1\n2\n3\n"
YEAR = 8760


def read(
    g: Ground, content: str | bytes, name: str = "load.csv", column: str = "load", steps: int = 3, **options: Any
) -> Any:
    return read_series(g.write(name, content), column, steps, **options)


def rows(count: int) -> str:
    return "load\n" + "1\n" * count


def timed(g: Ground, *times: str) -> Any:
    return read(g, "time,load\n" + "".join(f"{time},1\n" for time in times))


def hours(first: datetime, count: int) -> list[datetime]:
    return [first + timedelta(hours=i) for i in range(count)]


def placed(g: Ground, times: Sequence[datetime], *years: int, **window: int) -> Any:
    text = "time,load\n" + "".join(f"{time.isoformat()},1\n" for time in times)
    return place_series(g.write("load.csv", text), "load", Span(years or (2025,), 9.0, **window))


def bare(g: Ground, count: int, *years: int) -> Any:
    return place_series(g.write("load.csv", rows(count)), "load", Span(years, 9.0))


def parquet(**columns: Sequence[object]) -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame(columns).to_parquet(buffer)
    return buffer.getvalue()


def small(g: Ground, content: str) -> Any:
    """A file where ten bytes are already much."""
    g.change.setattr(textfile, "MAX_FILE_BYTES", 10)
    return read(g, content)


def few(g: Ground, count: int) -> Any:
    """A Parquet file where five rows are already many."""
    g.change.setattr(series_module, "MOST_PARQUET_ROWS", 5)
    return read(g, parquet(load=[1.0] * count), "load.parquet", steps=count)


def sealed(g: Ground, *, readable: bool) -> Any:
    """A file that the system lets nobody read, until it does."""

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    with g.change.context() as change:
        if not readable:
            change.setattr(Path, "read_bytes", refuse)
        return read(g, THREE)


def huge_cell(size: int) -> str:
    return f'load\n"{"1" * size}"\n2\n3\n'


def unpacked(g: Ground, most: int) -> Any:
    g.change.setattr(table_module, "MAX_UNPACKED_BYTES", most)
    return read_table(g.workbook("a.xlsx", [["load"], [1]]))


def book(g: Ground, *cells: object, merged: str = "") -> Step:
    """A column of a workbook as a program writes it that works nothing out."""

    def step() -> Any:
        found = openpyxl.Workbook()
        for cell in ("load", *cells):
            found.active.append([cell])
        if merged:
            found.active.merge_cells(merged)
        found.save(g.folder / "load.xlsx")
        return read_series(g.folder / "load.xlsx", "load", len(cells))

    return step


LEAP = hours(datetime(2024, 1, 1), 8784)
WINDOW = {"first_step": 4704, "block_steps": 48}

CASES: Mapping[str, Case] = {
    "file.directory": lambda g: (lambda: read_series(g.folder, "load", 3), lambda: read(g, THREE)),
    "file.path": lambda g: (lambda: read_series(g.folder / "zzz.csv", "load", 3), lambda: read(g, THREE)),
    "file.no_folder": lambda g: (
        lambda: read_series(g.folder / "no" / "load.csv", "load", 3),
        lambda: read(g, THREE, "no/load.csv"),
    ),
    "nearest": lambda g: (
        lambda: (g.write("load.csv", THREE), read_series("lod.csv", "load", 3)),
        lambda: read_series("load.csv", "load", 3),
    ),
    "file.unreadable": lambda g: (lambda: sealed(g, readable=False), lambda: sealed(g, readable=True)),
    "file.export": lambda g: (lambda: read(g, ""), lambda: read(g, THREE)),
    "file.too_big": lambda g: (lambda: small(g, "load,note\n1,a\n2,b\n3,c\n"), lambda: small(g, "load\n1\n2\n3")),
    "bounds.rows": lambda g: (lambda: few(g, 6), lambda: few(g, 5)),
    "file.utf16": lambda g: (lambda: read(g, THREE.encode("utf-16")), lambda: read(g, THREE.encode("utf-8-sig"))),
    "file.encoding": lambda g: (lambda: read(g, b"load\n\xfd\xfe\xff\n"), lambda: read(g, THREE.encode())),
    "file.not_csv": lambda g: (lambda: read(g, huge_cell(200_000)), lambda: read(g, huge_cell(1))),
    "file.more": lambda g: (
        lambda: read(g, "load\n" + "x\n" * 99, steps=99),
        lambda: read(g, "load\n" + "1\n" * 99, steps=99),
    ),
    "table.more_cells": lambda g: (lambda: read(g, "load\n1,5\n2\n3\n"), lambda: read(g, "load\n1.5\n2\n3\n")),
    "table.no_name": lambda g: (
        lambda: read(g, "load,,b\n1,9,8\n2,9,8\n3,9,8\n"),
        lambda: read(g, "load,a,b\n1,9,8\n2,9,8\n3,9,8\n"),
    ),
    "table.not_workbook": lambda g: (
        lambda: read(g, b"PK\x03\x04nothing", "load.xlsx"),
        lambda: read_series(g.workbook("load.xlsx", [["load"], [1], [2], [3]]), "load", 3),
        lambda: read(g, THREE),
    ),
    "table.formula": lambda g: (book(g, 1, "=1+1", 3), book(g, 1, 2, 3)),
    "table.merged": lambda g: (book(g, 1, 2, 3, merged="A3:A4"), book(g, 1, 2, 3)),
    "series.no_header": lambda g: (lambda: read(g, "1\n2\n3\n"), lambda: read(g, THREE)),
    "series.column_twice": lambda g: (
        lambda: read(g, "load,load\n1,1\n2,2\n3,3\n"),
        lambda: read(g, "load,b\n1,1\n2,2\n3,3\n"),
    ),
    "series.no_column": lambda g: (lambda: read(g, THREE, column="zzz"), lambda: read(g, THREE, column="load")),
    "series.not_parquet": lambda g: (
        lambda: read(g, b"none", "load.parquet"),
        lambda: read(g, parquet(load=[1.0, 2.0, 3.0]), "load.parquet"),
    ),
    "series.number": lambda g: (lambda: read(g, "load\n1\nx\n3\n"), lambda: read(g, THREE)),
    "series.number_in": lambda g: (lambda: read(g, "load\n1\nx\n3\n", unit="MW"), lambda: read(g, THREE, unit="MW")),
    "series.at_least": lambda g: (
        lambda: read(g, "load\n1\n-2\n3\n", lower=0.0),
        lambda: read(g, "load\n1\n0\n3\n", lower=0.0),
    ),
    "series.at_most": lambda g: (lambda: read(g, THREE, upper=2.0), lambda: read(g, "load\n1\n2\n2\n", upper=2.0)),
    "series.between": lambda g: (
        lambda: read(g, THREE, lower=0.0, upper=2.0),
        lambda: read(g, "load\n0\n1\n2\n", lower=0.0, upper=2.0),
    ),
    "series.length": lambda g: (lambda: read(g, rows(8000), steps=YEAR), lambda: read(g, rows(YEAR), steps=YEAR)),
    "series.leap_day": lambda g: (
        lambda: read(g, rows(8784), steps=YEAR),
        lambda: read(g, rows(8784 - 24), steps=YEAR),
    ),
    "series.next_year": lambda g: (
        lambda: read(g, rows(YEAR + 1), steps=YEAR),
        lambda: read(g, rows(YEAR), steps=YEAR),
    ),
    "series.steps": lambda g: (lambda: read(g, rows(2 * YEAR), steps=YEAR), lambda: read(g, rows(YEAR), steps=YEAR)),
    "series.years": lambda g: (lambda: bare(g, YEAR, 2022, 2024), lambda: bare(g, 2 * YEAR, 2022, 2024)),
    "series.mixed_zones": lambda g: (
        lambda: timed(g, "2022-01-01 22:00", "2022-01-01 23:00+00:00", "2022-01-02 00:00"),
        lambda: timed(g, "2022-01-01 22:00", "2022-01-01 23:00", "2022-01-02 00:00"),
    ),
    "series.duplicated": lambda g: (
        lambda: timed(g, "2022-03-01 00:00", "2022-03-01 00:00", "2022-03-01 01:00"),
        lambda: timed(g, "2022-03-01 00:00", "2022-03-01 01:00", "2022-03-01 02:00"),
    ),
    "series.backward": lambda g: (
        lambda: timed(g, "2022-03-01 02:00", "2022-03-01 00:00", "2022-03-01 01:00"),
        lambda: timed(g, "2022-03-01 00:00", "2022-03-01 01:00", "2022-03-01 02:00"),
    ),
    "series.gap": lambda g: (
        lambda: timed(g, "2022-03-01 00:00", "2022-03-01 01:00", "2022-03-01 04:00"),
        lambda: timed(g, "2022-03-01 00:00", "2022-03-01 01:00", "2022-03-01 02:00"),
    ),
    "series.too_many": lambda g: (
        lambda: timed(g, "2022-03-01 00:00", "2022-03-01 00:30", "2022-03-01 01:30"),
        lambda: timed(g, "2022-03-01 00:00", "2022-03-01 01:00", "2022-03-01 02:00"),
    ),
    "not_a_time": lambda g: (
        lambda: timed(g, "2022-03-01 00:00", "soon", "2022-03-01 02:00"),
        lambda: timed(g, "2022-03-01 00:00", "2022-03-01 01:00", "2022-03-01 02:00"),
    ),
    "placement.between": lambda g: (
        lambda: placed(g, hours(datetime(2025, 1, 1, 0, 30), YEAR)),
        lambda: placed(g, hours(datetime(2025, 1, 1), YEAR)),
    ),
    "placement.which_year": lambda g: (
        lambda: placed(g, hours(datetime(2021, 1, 1), 2 * YEAR)),
        lambda: placed(g, hours(datetime(2021, 1, 1), YEAR)),
        lambda: placed(g, hours(datetime(2025, 1, 1), YEAR)),
    ),
    "placement.missing": lambda g: (
        lambda: placed(g, hours(datetime(2025, 1, 1), 48), **WINDOW),
        lambda: placed(g, hours(datetime(2025, 7, 16), 48), **WINDOW),
    ),
    "placement.years": lambda g: (
        lambda: placed(g, hours(datetime(2022, 1, 1), YEAR), 2022, 2024),
        lambda: placed(g, [*hours(datetime(2022, 1, 1), YEAR), *LEAP], 2022, 2024),
    ),
}
