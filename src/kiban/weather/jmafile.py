"""The two layouts in which hourly observations of the Japan Meteorological Agency (JMA) arrive.

* the CSV of the agency's download page (Shift_JIS): a line with the time of download, a blank line, the
  station names, the elements, one or two lines that tell values from wind direction, 現象なし情報 (no
  phenomenon), 品質情報 (quality) and 均質番号 (homogeneity), then one row an hour; the time in one column
  (年月日時, such as 2022/1/1 1:00:00) or in four (年, 月, 日, 時),
* a tidy table with one header line, `time_jst_end_of_hour` and one column for each element.

Both label an hour by its end, in Japanese standard time. https://www.data.jma.go.jp/risk/obsdl/top/help3
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kiban.errors import Problem, WeatherError
from kiban.weather.table import read_text_rows
from kiban.weather.textfile import at_line, parse_number, parse_time, refuse

USABLE_QUALITY = ("8", "5", "")
"""8 normal and 5 quasi-normal. 4 (insufficient), 2 (doubtful), 1 (missing) and 0 (not observed) are gaps."""

ELEMENTS = {
    "temperature_c": (("気温(℃)",), "temp_degC"),
    "relative_humidity_pct": (("相対湿度(％)",), "rh_pct"),
    "ghi_mj_m2": (("日射量(MJ/㎡)", "全天日射量(MJ/㎡)"), "ghi_MJ_m2_h"),
    "wind_speed_m_s": (("風速(m/s)",), "wind_m_s"),
    "pressure_hpa": (("現地気圧(hPa)",), "pressure_station_hPa"),
    "snow_depth_cm": (("積雪(cm)", "積雪の深さ(cm)"), "snow_depth_cm"),
    "sunshine_h": (("日照時間(時間)",), "sunshine_h"),
}
"""Names of each element on the download page and in the tidy table."""
OPTIONAL = ("snow_depth_cm",)
INSTEAD = {"ghi_mj_m2": "sunshine_h", "sunshine_h": "ghi_mj_m2"}
"""Of two elements one is enough: irradiance can be modelled from sunshine."""

NO_PHENOMENON, QUALITY = "現象なし情報", "品質情報"
TIDY_TIME = "time_jst_end_of_hour"
_TIME_HEADERS = (("年月日時",), ("年", "月", "日", "時"))


@dataclass(slots=True)
class Observations:
    """Rows of one file: times at the end of the hour, and for each element a number or None (missing)."""

    path: str
    times: list[datetime] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    values: dict[str, list[float | None]] = field(default_factory=dict)
    rejected: dict[str, list[int]] = field(default_factory=dict)  # lines whose quality is not usable
    station: str = ""


@dataclass(frozen=True, slots=True)
class _Column:
    """Positions of an element's value and of the marks that belong to it."""

    value: int
    quality: int | None = None
    no_phenomenon: int | None = None


def read_observations(path: str | Path, station: str | None = None) -> Observations:
    """Observations of one file in either layout; `station` chooses one of several stations.

    Raises `WeatherError` with every problem: unknown layout, missing element, several stations and none
    chosen, unreadable time or number (each by line).
    """
    rows, _ = read_text_rows(path)
    for position, (_, cells) in enumerate(rows[:8]):
        if TIDY_TIME in cells:
            columns = _tidy_columns(path, rows[position][0], cells)
            time_at = [cells.index(TIDY_TIME)]
            return _collect(path, rows[position + 1 :], time_at, columns, station or "")
        names = _time_names(cells)
        if names and position >= 1:
            chosen, columns = _page_columns(path, rows, position, len(names), station)
            first = next(
                (i for i in range(position + 1, len(rows)) if rows[i][1][0]),
                len(rows),
            )
            return _collect(path, rows[first:], list(range(len(names))), columns, chosen)
    raise WeatherError(Problem("jma.layout", str(path)))


def _time_names(cells: Sequence[str]) -> tuple[str, ...]:
    return next((names for names in _TIME_HEADERS if tuple(cells[: len(names)]) == names), ())


def _tidy_columns(path: str | Path, line: int, header: Sequence[str]) -> dict[str, _Column]:
    columns = {name: _Column(header.index(tidy)) for name, (_, tidy) in ELEMENTS.items() if tidy in header}
    missing = tuple(ELEMENTS[name][1] for name in _missing(columns))
    if missing:
        raise WeatherError(Problem("jma.no_column", at_line(path, line), names=missing))
    return columns


def _missing(columns: Mapping[str, _Column]) -> list[str]:
    """Elements that a file has to have and does not; of irradiance and sunshine the first is named."""
    absent = [name for name in ELEMENTS if name not in columns and name not in OPTIONAL]
    return [name for name in absent if name not in INSTEAD or (INSTEAD[name] in absent and name == "ghi_mj_m2")]


def _page_columns(
    path: str | Path, rows: Sequence[tuple[int, list[str]]], header_at: int, time_width: int, station: str | None
) -> tuple[str, dict[str, _Column]]:
    """The chosen station and its columns in a file of the download page."""
    header_line, header = rows[header_at]
    stations = _padded(rows[header_at - 1][1], len(header))
    marks = []
    for _, cells in rows[header_at + 1 : header_at + 3]:
        if cells[0]:
            break
        marks.append(_padded(cells, len(header)))
    present = list(dict.fromkeys(name for name in stations[time_width:] if name))
    if station is None and len(present) > 1:
        said = {"count": len(present), "stations": tuple(present)}
        raise WeatherError(Problem("jma.several", at_line(path, rows[header_at - 1][0]), "station", "jma.choose", said))
    if station is not None and station not in present:
        named = {"station": station, "stations": tuple(present)}
        raise WeatherError(Problem("jma.absent", at_line(path, rows[header_at - 1][0]), "station", "jma.choose", named))
    chosen = station if station is not None else (present[0] if present else "")

    columns: dict[str, _Column] = {}
    for name, (elements, _) in ELEMENTS.items():
        names = [_plain(element) for element in elements]
        at = [i for i in range(time_width, len(header)) if stations[i] == chosen and _plain(header[i]) in names]
        values = [i for i in at if not any(line[i] for line in marks)]
        if values:
            columns[name] = _Column(values[0], _marked(at, marks, QUALITY), _marked(at, marks, NO_PHENOMENON))
    missing = _missing(columns)
    if missing:
        elements = tuple(ELEMENTS[name][0][0] for name in missing)
        raise WeatherError(Problem("jma.lacks", at_line(path, header_line), elements=elements))
    return chosen, columns


def _padded(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]


def _plain(element: str) -> str:
    """A name whose full-width and compound signs (㎡, ℃) are spelled in one way."""
    return unicodedata.normalize("NFKC", element).replace(" ", "")


def _marked(at: Sequence[int], marks: Sequence[Sequence[str]], label: str) -> int | None:
    """The element's column with this mark. Wind has two of 品質情報: the second is of its direction."""
    return next((i for i in at if any(line[i] == label for line in marks)), None)


def _collect(
    path: str | Path,
    rows: Sequence[tuple[int, list[str]]],
    time_at: Sequence[int],
    columns: dict[str, _Column],
    station: str,
) -> Observations:
    found = Observations(
        str(path),
        values={name: [] for name in columns},
        rejected={name: [] for name in columns},
        station=station,
    )
    problems: list[Problem] = []
    width = 1 + max(time_at[-1], *(max(c.value, c.quality or 0, c.no_phenomenon or 0) for c in columns.values()))
    for line, cells in rows:
        row = _padded(cells, width)
        moment = _moment([row[i] for i in time_at])
        if moment is None:
            said = " ".join(row[: len(time_at)])
            problems.append(Problem("not_a_time", at_line(path, line), "time", "jma.time", text=said))
            continue
        found.times.append(moment)
        found.lines.append(line)
        for name, column in columns.items():
            text = row[column.value]
            number = parse_number(text)
            if text and number is None:
                problems.append(Problem("not_a_number", at_line(path, line), name, "jma.blank", text=text))
            if column.no_phenomenon is not None and number is None and row[column.no_phenomenon] == "1":
                number = 0.0
            if number is not None and column.quality is not None and row[column.quality] not in USABLE_QUALITY:
                found.rejected[name].append(line)
                number = None
            found.values[name].append(number)
    if not found.times and not problems:
        problems.append(Problem("rows.none", str(path), remedy="file.download"))
    refuse(problems)
    return found


def _moment(cells: Sequence[str]) -> datetime | None:
    """The end of the hour from one cell, or from year, month, day and hour."""
    text = cells[0] if len(cells) == 1 else f"{cells[0]}/{cells[1]}/{cells[2]} {cells[3]}"
    moment = parse_time(text)
    return moment if moment is not None and moment.tzinfo is None else None
