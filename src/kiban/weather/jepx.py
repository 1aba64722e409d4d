"""Day-ahead prices of the Japan Electric Power Exchange (JEPX), from its `spot_summary` files.

The exchange publishes one file for each fiscal year (April to March), in Shift_JIS, with 48 half-hours a
day in Japanese standard time and prices in yen/kWh. A calendar year therefore needs two files, a fiscal year one.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kiban.calendar import FISCAL_YEAR_FIRST_MONTH, JAPAN_UTC_OFFSET_HOURS, fiscal_year
from kiban.errors import Problem, WeatherError, nearest
from kiban.messages import Message
from kiban.weather.placement import Span
from kiban.weather.table import place_at, read_text_rows
from kiban.weather.textfile import parse_number, parse_time, refuse

Floats = npt.NDArray[np.float64]

HALF_HOURS_PER_DAY = 48
HALF_HOUR = 0.5
MYEN_PER_MWH_FROM_YEN_PER_KWH = 1e-3  # 1 yen/kWh = 1,000 yen/MWh

AREAS = {
    "system": "システム",
    "hokkaido": "北海道",
    "tohoku": "東北",
    "tokyo": "東京",
    "chubu": "中部",
    "hokuriku": "北陸",
    "kansai": "関西",
    "chugoku": "中国",
    "shikoku": "四国",
    "kyushu": "九州",
}
"""Area names of the scenario and their names in the exchange's columns."""

_DATE_HEADERS = ("受渡日", "年月日", "日付", "date", "delivery date")
_CODE_HEADERS = ("時刻コード", "コマ", "time code", "code")
_TIME_HEADERS = ("時刻", "時間", "時間帯", "time")

Half = tuple[date, int]


@dataclass(frozen=True, slots=True)
class _Quote:
    """The text of one price and where it stands."""

    text: str
    path: str
    line: int
    where: Message


def read_jepx(paths: str | Path | Sequence[str | Path], area: str, span: Span) -> Floats:
    """Day-ahead price of `area` in each step of `span`, in million yen per MWh.

    `paths` are spot_summary files, in any order, that together hold the half-hours of the span: those of its window
    are enough. `area` is a key of `AREAS`. Returns shape `(span.steps,)`, years in the given order, 29 February left
    out; an hour is the mean of its two half-hours, a quarter has the price of its half-hour. Half-hours are moved from
    Japanese time to that of the span. Prices may be negative.

    Raises `WeatherError` with every problem: unknown area, missing fiscal year (the file is named), missing
    or duplicated half-hour, code outside 1 to 48, price that is not a number, each with file and line.
    """
    parts = HALF_HOUR / span.step_hours
    if parts not in (0.5, 1.0, 2.0):
        raise WeatherError(Problem("jepx.step", key="step_hours", hours=span.step_hours))
    if not span.years:
        raise WeatherError(Problem("jepx.no_year", key="years"))
    quotes = _read_quotes(paths, area)
    first, end = (math.floor(span.window.start / parts), math.ceil(span.window.stop / parts))
    halves = replace(span, step_hours=HALF_HOUR, first_step=first, block_steps=end - first)
    later = timedelta(hours=JAPAN_UTC_OFFSET_HOURS - span.utc_offset_hours)
    starts = [halves.start(year, step) + later for year in span.years for step in range(first, end)]
    prices = _prices_of([(start.date(), _half_of_clock(start)) for start in starts], quotes, area, paths)
    if parts == 0.5:
        prices = prices.reshape(-1, 2).mean(axis=1)
    elif parts == 2.0:
        prices = np.repeat(prices, 2).reshape(len(span.years), -1)
        skipped = span.window.start - 2 * first
        prices = np.ascontiguousarray(prices[:, skipped : skipped + span.steps_of_window]).ravel()
    return prices * MYEN_PER_MWH_FROM_YEN_PER_KWH


def read_fiscal_year(paths: str | Path | Sequence[str | Path], area: str, year: int) -> Floats:
    """Half-hourly prices of fiscal `year` (April to March, 29 February included) in yen/kWh."""
    first = date(year, FISCAL_YEAR_FIRST_MONTH, 1)
    return read_days(paths, area, first, date(year + 1, FISCAL_YEAR_FIRST_MONTH, 1))


def read_days(paths: str | Path | Sequence[str | Path], area: str, first: date, end: date) -> Floats:
    """Half-hourly prices from the day `first` up to, not including, the day `end`, in yen/kWh."""
    halves = [(day, half) for day in _days(first, end) for half in range(1, HALF_HOURS_PER_DAY + 1)]
    return _prices_of(halves, _read_quotes(paths, area), area, paths)


def _days(first: date, end: date) -> Iterator[date]:
    while first < end:
        yield first
        first += timedelta(days=1)


def _read_quotes(paths: str | Path | Sequence[str | Path], area: str) -> dict[Half, _Quote]:
    """Every half-hour of all files; problems of all files are raised together."""
    if area not in AREAS:
        guess = nearest(area, AREAS)
        said = {"area": area, "near": guess, "names": tuple(AREAS)}
        raise WeatherError(Problem("jepx.area", "", "area", "nearest" if guess else "use_one_of", said))
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    if not files:
        raise WeatherError(Problem("jepx.no_file", key="paths"))
    quotes: dict[Half, _Quote] = {}
    problems: list[Problem] = []
    for path in files:
        try:
            problems += _read_file(path, area, quotes)
        except WeatherError as error:
            problems += error.problems
    refuse(problems)
    return quotes


def _read_file(path: str | Path, area: str, quotes: dict[Half, _Quote]) -> list[Problem]:
    """Add the file's half-hours to `quotes`; return what is wrong with its rows."""
    rows, in_rows = read_text_rows(path)
    at = partial(place_at, path, in_rows=in_rows)
    header_line, header = rows[0] if rows else (1, [])
    names = [unicodedata.normalize("NFKC", name).lower() for name in header]
    date_at = _find(names, _DATE_HEADERS)
    code_at = _find(names, _CODE_HEADERS)
    time_at = _find(names, _TIME_HEADERS)
    price_at = _find_price(names, area)
    if date_at is None or (code_at is None and time_at is None):
        return [Problem("jepx.layout", at(header_line))]
    if price_at is None:
        return [Problem("jepx.no_prices", at(header_line), area=area, name=AREAS[area])]
    rows_read = rows[1:]
    if code_at is None and time_at is not None:
        halves = _halves_of_times([_cell(row, time_at) for _, row in rows_read])
    else:
        halves = [_half_of_code(_cell(row, code_at or 0)) for _, row in rows_read]

    problems = []
    for (line, row), half in zip(rows_read, halves, strict=True):
        day = _parse_date(_cell(row, date_at))
        if day is None:
            problems.append(Problem("jepx.date", at(line), header[date_at], text=_cell(row, date_at)))
        if half is None:
            column = code_at if code_at is not None else time_at or 0
            fault = "jepx.code" if code_at is not None else "jepx.clock"
            problems.append(Problem(fault, at(line), header[column], text=_cell(row, column)))
        if day is None or half is None:
            continue
        earlier = quotes.get((day, half))
        if earlier is not None:
            problems.append(Problem("jepx.duplicated", at(line), day=str(day), half=half, first=earlier.where))
            continue
        quotes[day, half] = _Quote(_cell(row, price_at), str(path), line, at(line))
    if not rows_read:
        problems.append(Problem("rows.none", str(path), remedy="file.download"))
    return problems


def _find(names: Sequence[str], known: Sequence[str]) -> int | None:
    found = [i for i, name in enumerate(names) if name in known]
    return found[0] if found else None


def _find_price(names: Sequence[str], area: str) -> int | None:
    """The column such as エリアプライス北海道(円/kWh), システムプライス(円/kWh) or their English names."""
    japanese = "システムプライス" if area == "system" else f"エリアプライス{AREAS[area]}"
    english = "system price" if area == "system" else f"area price {area}"
    found = [i for i, name in enumerate(names) if name.startswith((japanese, english))]
    return found[0] if found else None


def _cell(row: Sequence[str], position: int) -> str:
    return row[position] if position < len(row) else ""


def _parse_date(text: str) -> date | None:
    if re.fullmatch(r"\d{8}", text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    moment = parse_time(text)
    return moment.date() if moment is not None and moment.hour == moment.minute == 0 else None


def _half_of_clock(moment: datetime) -> int:
    """Half-hour 1 to 48 of its day in which a moment lies."""
    return 2 * moment.hour + moment.minute // 30 + 1


def _half_of_code(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,2}", text) and 1 <= int(text) <= HALF_HOURS_PER_DAY else None


def _halves_of_times(texts: Sequence[str]) -> list[int | None]:
    """Half-hour 1 to 48 from a column of clock times, where there is no code.

    A range (`00:00-00:30`) is read by its start. A single time is the start of its half-hour, unless the
    column holds 24:00, which only the end of a half-hour can be.
    """
    clocks = [re.fullmatch(r"(\d{1,2}):(\d{2})(?::00)?(?:\s*[-~～〜]\s*\d{1,2}:\d{2})?", text) for text in texts]
    half_hours = [
        int(clock[1]) * 2 + int(clock[2]) // 30 if clock is not None and int(clock[2]) in (0, 30) else None
        for clock in clocks
    ]
    ends = HALF_HOURS_PER_DAY in half_hours
    first, last = (1, HALF_HOURS_PER_DAY) if ends else (0, HALF_HOURS_PER_DAY - 1)
    return [(half if ends else half + 1) if half is not None and first <= half <= last else None for half in half_hours]


def _prices_of(
    halves: Sequence[Half],
    quotes: dict[Half, _Quote],
    area: str,
    paths: str | Path | Sequence[str | Path],
) -> Floats:
    """Prices in yen/kWh of half-hours, shape `(len(halves),)`."""
    problems: list[Problem] = []
    days_of_fiscal_year: defaultdict[int, dict[date, list[int]]] = defaultdict(dict)
    for day, half in halves:
        days_of_fiscal_year[fiscal_year(day.year, day.month)].setdefault(day, []).append(half)
    present = {fiscal_year(day.year, day.month) for day, _ in quotes}
    for year, its_days in sorted(days_of_fiscal_year.items()):
        if year in present:
            problems += _missing_halves(its_days, quotes)
        else:
            where = ", ".join(map(str, [paths] if isinstance(paths, str | Path) else paths))
            said = {"year": year, "first": str(min(its_days)), "last": str(max(its_days))}
            problems.append(Problem("jepx.fiscal_year", where, values=said))
    prices = np.full(len(halves), np.nan)
    for i, key in enumerate(halves):
        quote = quotes.get(key)
        if quote is None:
            continue
        number = parse_number(quote.text)
        if number is None:
            spot = Message("at.price", place=quote.where, price_area=area)
            problems.append(Problem("jepx.price" if quote.text else "empty", spot, "", "jepx.price", text=quote.text))
        else:
            prices[i] = number
    refuse(problems)
    return prices


def _missing_halves(days: dict[date, list[int]], quotes: dict[Half, _Quote]) -> list[Problem]:
    """A problem for each day that lacks half-hours that are wanted of it, placed after the row before the hole."""
    problems = []
    last: _Quote | None = None
    for day, wanted in days.items():
        missing = [half for half in wanted if (day, half) not in quotes]
        if missing:
            before = quotes.get((day, missing[0] - 1), last)
            where = Message("at.after_line", file=before.path, line=before.line) if before is not None else ""
            halves = (*missing[:6], *(["..."] if len(missing) > 6 else []))
            whole = len(missing) == HALF_HOURS_PER_DAY
            fault = "jepx.lacks_day" if whole else "jepx.lacks" if len(missing) > 1 else "jepx.lacks_one"
            problems.append(Problem(fault, where, remedy="jepx.lacks", day=str(day), halves=halves))
        last = quotes.get((day, HALF_HOURS_PER_DAY), last)
    return problems
