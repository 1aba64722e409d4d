"""Forecasts that somebody else made: a table of issue time, valid time, series and value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.errors import Problem, WeatherError, nearest
from kiban.weather.series import MOST_PARQUET_ROWS
from kiban.weather.table import place_at, read_table
from kiban.weather.textfile import check_file, parse_number, parse_time, read_bytes, refuse

ISSUED, VALID, SERIES, VALUE = "issue_time", "valid_time", "series", "value"
COLUMNS = (ISSUED, VALID, SERIES, VALUE)
"""Of the table; a row is one value of one series for the step that begins at the valid time."""
_PARQUET_MARK = b"PAR1"


@dataclass(frozen=True, eq=False)
class GivenSeries:
    """Forecasts of one series in the order of the file; times are seconds since 1970, all of shape `(n,)`."""

    issued_s: npt.NDArray[np.int64]
    valid_s: npt.NDArray[np.int64]
    value: Array


def read_given(path: str | Path, known: Sequence[str], utc_offset_hours: float) -> Mapping[str, GivenSeries]:
    """Forecasts by series from a CSV, a workbook or a Parquet file with the columns `COLUMNS`.

    `known` are the series that may be given; times without an offset are in the site's standard time. Raises
    `WeatherError` with every problem: a column that is missing, a time or number that is none, a series that does not
    exist, and a forecast that was issued after the step that it is for had begun.
    """
    file = check_file(path)
    in_rows = True
    if read_bytes(file)[:4] == _PARQUET_MARK:
        columns, places = _parquet_columns(file)
    else:
        table = read_table(file)
        positions = [_position(table.header, name, path) for name in COLUMNS]
        columns = [[row[position] for row in table.rows] for position in positions]
        places, in_rows = table.places, table.in_rows

    problems: list[Problem] = []
    issued, valid = (_seconds(column, utc_offset_hours) for column in columns[:2])
    values = [_number(cell) for cell in columns[3]]
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(map(str, columns[2])):
        start, due = issued[row], valid[row]
        if start is not None and due is not None and start <= due and values[row] is not None and name in known:
            rows.setdefault(name, []).append(row)
            continue
        where = place_at(path, places[row], in_rows=in_rows)
        texts = [str(column[row]) for column in columns]
        if start is None or due is None:
            at = 0 if start is None else 1
            problems.append(Problem("not_a_time", where, COLUMNS[at], text=texts[at]))
        elif values[row] is None:
            problems.append(Problem("not_a_number", where, VALUE, text=texts[3]))
        elif name not in known:
            near = nearest(name, known)
            remedy = "nearest" if near else "use_one_of"
            said = {"text": name, "near": near, "names": tuple(known)}
            problems.append(Problem("forecast.series", where, SERIES, remedy, said))
        else:
            problems.append(Problem("forecast.issued_late", where, ISSUED, issued=texts[0], valid=texts[1]))
    refuse(problems)
    if not rows:
        raise WeatherError(Problem("rows.none", str(path), remedy="file.export"))
    return {name: _chosen(chosen, issued, valid, values) for name, chosen in rows.items()}


def _chosen(
    rows: Sequence[int], issued: Sequence[int | None], valid: Sequence[int | None], values: Sequence[float | None]
) -> GivenSeries:
    return GivenSeries(
        issued_s=np.array([issued[row] for row in rows], dtype=np.int64),
        valid_s=np.array([valid[row] for row in rows], dtype=np.int64),
        value=np.array([values[row] for row in rows], dtype=np.float64),
    )


def _position(header: Sequence[str], name: str, path: str | Path) -> int:
    found = [i for i, cell in enumerate(header) if cell.strip().lower() == name]
    if len(found) != 1:
        code = "forecast.no_column" if not found else "forecast.two_columns"
        raise WeatherError(Problem(code, str(path), name, names=COLUMNS))
    return found[0]


def _parquet_columns(file: Path) -> tuple[list[Sequence[object]], Sequence[int]]:
    import pyarrow.parquet as pq

    try:
        source = pq.ParquetFile(file)
        count, names = source.metadata.num_rows, list(source.schema_arrow.names)
        _refuse_many_rows(count, file)
        chosen = [names[_position(names, name, file)] for name in COLUMNS]
        table = source.read(columns=chosen)
    except WeatherError:
        raise
    except Exception as error:  # whatever a broken file makes its reader raise
        reason = str(error).split("\n")[0].rstrip(".") or type(error).__name__
        raise WeatherError(Problem("series.not_parquet", str(file), reason=reason)) from error
    return [table.column(name).to_pylist() for name in chosen], range(1, count + 1)


def _refuse_many_rows(count: int, file: Path) -> None:
    if count > MOST_PARQUET_ROWS:
        raise WeatherError(Problem("bounds.rows", str(file), count=count, most=MOST_PARQUET_ROWS))


def _seconds(cells: Iterable[object], utc_offset_hours: float) -> list[int | None]:
    site = timezone(timedelta(hours=utc_offset_hours))

    @lru_cache(maxsize=100_000)
    def of_text(text: str) -> int | None:
        return of_time(parse_time(text))

    def of_time(moment: datetime | None) -> int | None:
        if moment is None:
            return None
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=site)
        return round(aware.astimezone(UTC).timestamp())

    return [of_time(cell) if isinstance(cell, datetime) else of_text(str(cell)) for cell in cells]


def _number(cell: object) -> float | None:
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, int | float):
        return float(cell) if np.isfinite(cell) else None
    return parse_number(str(cell))
