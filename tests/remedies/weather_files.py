"""Remedies of files of weather and of prices of the exchange, each format in its own tests' layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pvlib
from tests.remedies import Case, Ground
from tests.unit import test_epw, test_jepx, test_jma, test_nsrdb, test_solcast, test_tmy3
from tests.unit.test_epw import DRY_BULB, replaced

from kiban.weather.epw import read_epw
from kiban.weather.irradiance import SunshineModel
from kiban.weather.jepx import read_fiscal_year, read_jepx
from kiban.weather.jma import read_jma
from kiban.weather.nsrdb import read_nsrdb
from kiban.weather.placement import Span
from kiban.weather.recognition import recognise
from kiban.weather.solcast import read_solcast
from kiban.weather.tmy3 import read_tmy3
from kiban.weather.typical import read_typical

EPW_ROWS = test_epw.ROWS
DAYS = 48
"""Half-hours of a day of prices."""


def epw(g: Ground, rows: Sequence[str] = EPW_ROWS, **header: str) -> Any:
    return read_epw(g.write("site.epw", [*test_epw.header(**header), *rows]), year=2023)


def quoted() -> list[str]:
    """A row that hides the next one, since a quotation mark ends only there."""
    lines = list(EPW_ROWS)
    for row, mark in ((100, '"a'), (101, 'b"')):
        lines[row] = ",".join([*lines[row].split(",")[:5], mark, *lines[row].split(",")[6:]])
    return lines


@cache
def greensboro() -> tuple[str, ...]:
    file = Path(pvlib.__file__).parent / "data" / test_tmy3.SHIPPED[0]
    return tuple(file.read_text().splitlines())


def without_temperature() -> list[str]:
    head, *lines = greensboro()
    return [head, *(",".join(line.split(",")[:31] + line.split(",")[34:]) for line in lines)]


def tmy3(g: Ground, lines: Sequence[str]) -> Any:
    return read_tmy3(g.write("station.csv", lines), year=2023)


def nsrdb(g: Ground, lines: Sequence[str], *others: Sequence[str], years: Any = None) -> Any:
    files = [g.write(f"{i}.csv", each) for i, each in enumerate((lines, *others))]
    return read_nsrdb(files, year=2023, **({} if years is None else {"years": years}))


NSRDB = [*test_nsrdb.header(), *test_nsrdb.YEAR]


def solcast(g: Ground, lines: Sequence[str]) -> Any:
    return read_solcast(g.write("site.csv", lines), test_solcast.PLACE, step_hours=1.0)


SOLCAST = [test_solcast.NEW, *test_solcast.HOURS]


def jma(g: Ground, *files: Sequence[str], **options: Any) -> Any:
    paths = [g.write(f"{i}.csv", lines) for i, lines in enumerate(files)]
    return read_jma(paths, *test_jma.PLACE, **options)


TIDY, PAGE = test_jma.TIDY, test_jma.PAGE


@cache
def page_of_otaru() -> tuple[str, ...]:
    return tuple(line.replace("札幌", "小樽") for line in PAGE)


def two_stations() -> list[str]:
    pairs = zip(PAGE, page_of_otaru(), strict=True)
    return [a if i < 2 else f"{a},{b.split(',', 1)[1]}" for i, (a, b) in enumerate(pairs)]


def sunny() -> list[str]:
    """Hours of sunshine in place of irradiance."""
    column = test_jma.TIDY_HEADER.split(",").index("ghi_MJ_m2_h")
    rows = [line.split(",") for line in TIDY[1:]]
    shone = [f"{min(1.0, float(cells[column] or 0.0)):.1f}" for cells in rows]
    kept = [",".join([*cells[:column], *cells[column + 1 :], sun]) for cells, sun in zip(rows, shone, strict=True)]
    names = test_jma.TIDY_HEADER.split(",")
    return [",".join([*names[:column], *names[column + 1 :], "sunshine_h"]), *kept]


def spot(g: Ground, rows: Sequence[str] | None = None, year: int = 2023, header: str = test_jepx.HEADER) -> Path:
    return g.write(f"spot_summary_{year}.csv", [header, *(test_jepx.ROWS[year] if rows is None else rows)])


def prices(g: Ground, row: int | None = None, old: str = "", new: str = "", header: str = test_jepx.HEADER) -> Any:
    """A fiscal year of which one row is written otherwise."""
    rows = list(test_jepx.ROWS[2023])
    if row is not None:
        assert old in rows[row]
        rows[row] = rows[row].replace(old, new, 1)
    return read_fiscal_year(spot(g, rows, header=header), "tokyo", 2023)


def clocks(start: str) -> list[str]:
    """The rows with the time at which each half-hour begins; the first says `start`."""
    made = []
    for i, row in enumerate(test_jepx.ROWS[2023]):
        day, half, rest = row.split(",", 2)
        clock = f"{(int(half) - 1) // 2:02d}:{(int(half) - 1) % 2 * 30:02d}" if i else start
        made.append(f"{day},{clock},{rest}")
    return made


def calendar_year(g: Ground, *fiscal: int, **span: Any) -> Any:
    return read_jepx(
        [spot(g, year=year) for year in fiscal], "tokyo", Span(**{"years": (2023,), "utc_offset_hours": 9.0, **span})
    )


def timed(g: Ground, start: str) -> Any:
    return read_fiscal_year(
        spot(g, clocks(start), header=test_jepx.HEADER.replace("時刻コード", "時刻")), "tokyo", 2023
    )


def without_area(g: Ground) -> Any:
    """A file of the system price alone, which lacks the prices of all areas."""
    rows = [",".join(row.split(",")[:6]) for row in test_jepx.ROWS[2023]]
    return read_fiscal_year(spot(g, rows, header=",".join(test_jepx.HEADER.split(",")[:6])), "tokyo", 2023)


def typical(latitude_deg: float, longitude_deg: float) -> Any:
    return read_typical(latitude_deg, longitude_deg, 10.0, wind_speed_m_s=4.0, wind_height_m=10.0, seed=1)


CASES: Mapping[str, Case] = {
    "epw.no_location": lambda g: (lambda: read_epw(g.write("site.epw", EPW_ROWS), year=2023), lambda: epw(g)),
    "epw.commas": lambda g: (
        lambda: epw(g, city="Town, North"),
        lambda: epw(g, city='"Town, North"'),
        lambda: epw(g, city="Town North"),
    ),
    "epw.rows": lambda g: (lambda: epw(g, rows_an_hour="4"), lambda: epw(g)),
    "frame.text": lambda g: (lambda: epw(g, replaced(EPW_ROWS, 8000, DRY_BULB, "cold")), lambda: epw(g)),
    "frame.header": lambda g: (lambda: epw(g, zone="JST"), lambda: epw(g, zone="9")),
    "frame.header_range": lambda g: (lambda: epw(g, zone="36.1"), lambda: epw(g, zone="9")),
    "frame.label": lambda g: (lambda: epw(g, replaced(EPW_ROWS, 3, 3, "25")), lambda: epw(g)),
    "frame.rows": lambda g: (lambda: epw(g, quoted()), lambda: epw(g)),
    "frame.incomplete": lambda g: (lambda: nsrdb(g, [*test_nsrdb.header(), "a,b,c"]), lambda: nsrdb(g, NSRDB)),
    "frame.no_column": lambda g: (lambda: tmy3(g, without_temperature()), lambda: tmy3(g, greensboro())),
    "tmy3.header": lambda g: (lambda: tmy3(g, greensboro()[2:]), lambda: tmy3(g, greensboro())),
    "nsrdb.header": lambda g: (lambda: nsrdb(g, test_nsrdb.YEAR), lambda: nsrdb(g, NSRDB)),
    "nsrdb.places": lambda g: (
        lambda: nsrdb(g, NSRDB, [line.replace("40.01", "41.01") for line in NSRDB]),
        lambda: nsrdb(g, NSRDB, [*test_nsrdb.header(), *test_nsrdb.rows(2022)], years=(2021, 2022)),
    ),
    "nsrdb.step": lambda g: (
        lambda: nsrdb(g, [*test_nsrdb.header(), *test_nsrdb.rows(2021, 15)]),
        lambda: nsrdb(g, NSRDB),
        lambda: nsrdb(g, [*test_nsrdb.header(), *test_nsrdb.rows(2021, 30)]),
    ),
    "solcast.header": lambda g: (lambda: solcast(g, ["time,ghi", "2023-01-01T00:00Z,1"]), lambda: solcast(g, SOLCAST)),
    "solcast.periods": lambda g: (
        lambda: solcast(g, [SOLCAST[0], SOLCAST[1].replace("PT60M", "PT30M"), *SOLCAST[2:]]),
        lambda: solcast(g, SOLCAST),
    ),
    "solcast.time": lambda g: (
        lambda: solcast(g, [SOLCAST[0], SOLCAST[1].replace("+00:00", ""), *SOLCAST[2:]]),
        lambda: solcast(g, SOLCAST),
    ),
    "jma.no_model": lambda g: (
        lambda: jma(g, sunny()),
        lambda: jma(g, sunny(), sunshine=SunshineModel(0.244, 0.511, 0.118)),
        lambda: jma(g, TIDY),
    ),
    "jma.no_file": lambda g: (lambda: jma(g), lambda: jma(g, TIDY)),
    "jma.stations": lambda g: (lambda: jma(g, PAGE, page_of_otaru()), lambda: jma(g, PAGE)),
    "jma.choose": lambda g: (lambda: jma(g, two_stations()), lambda: jma(g, two_stations(), station="札幌")),
    "jma.layout": lambda g: (lambda: jma(g, ["a,b", "1,2"]), lambda: jma(g, PAGE)),
    "jma.no_column": lambda g: (lambda: jma(g, [TIDY[0].replace("wind_m_s", "wind"), *TIDY[1:]]), lambda: jma(g, TIDY)),
    "jma.lacks": lambda g: (
        lambda: jma(g, [line.replace("現地気圧(hPa)", "海面気圧(hPa)") for line in PAGE]),
        lambda: jma(g, PAGE),
    ),
    "jma.time": lambda g: (
        lambda: jma(g, test_jma.replaced(TIDY, 20, 0, "yesterday")),
        lambda: jma(g, test_jma.replaced(TIDY, 20, 0, "2022/1/1 19:00")),
        lambda: jma(g, test_jma.replaced(TIDY, 20, 0, "2022-01-01T19")),
    ),
    "jma.blank": lambda g: (
        lambda: jma(g, test_jma.replaced(TIDY, 30, 5, "///")),
        lambda: jma(g, test_jma.replaced(TIDY, 30, 5, ""), fill_gaps_hours=1),
    ),
    "jepx.step": lambda g: (
        lambda: calendar_year(g, 2022, 2023, step_hours=0.2),
        *(lambda hours=hours: calendar_year(g, 2022, 2023, step_hours=hours) for hours in (1.0, 0.5, 0.25)),
    ),
    "jepx.no_year": lambda g: (lambda: calendar_year(g, 2022, 2023, years=()), lambda: calendar_year(g, 2022, 2023)),
    "jepx.no_file": lambda g: (lambda: calendar_year(g), lambda: calendar_year(g, 2022, 2023)),
    "jepx.fiscal_year": lambda g: (lambda: calendar_year(g, 2023), lambda: calendar_year(g, 2022, 2023)),
    "jepx.layout": lambda g: (lambda: prices(g, header="日,時,値"), lambda: prices(g)),
    "jepx.no_prices": lambda g: (lambda: without_area(g), lambda: prices(g)),
    "jepx.date": lambda g: (
        lambda: prices(g, 0, "2023/04/01", "2023/04/31"),
        lambda: prices(g, 0, "2023/04/01", "2023/04/01"),
    ),
    "jepx.code": lambda g: (lambda: prices(g, 2, ",3,", ",49,"), lambda: prices(g, 2, ",3,", ",3,")),
    "jepx.clock": lambda g: (lambda: timed(g, "noon"), lambda: timed(g, "00:00")),
    "jepx.duplicated": lambda g: (
        lambda: read_fiscal_year([spot(g), spot(g)], "tokyo", 2023),
        lambda: read_fiscal_year([spot(g)], "tokyo", 2023),
    ),
    "jepx.price": lambda g: (lambda: prices(g, 1, "3091.02", "closed"), lambda: prices(g, 1, "3091.02", "9.5")),
    "jepx.lacks": lambda g: (
        lambda: read_fiscal_year(spot(g, test_jepx.ROWS[2023][:-1]), "tokyo", 2023),
        lambda: prices(g),
    ),
    "use_one_of": lambda g: (lambda: read_jepx(spot(g), "x", Span((2023,), 9.0)), lambda: calendar_year(g, 2022, 2023)),
    "weather.unknown_format": lambda g: (
        lambda: recognise(g.write("a.txt", "nothing")),
        *(
            lambda lines=lines: recognise(g.write("a.csv", lines))
            for lines in ([*test_epw.header(), *EPW_ROWS[:9]], greensboro()[:9], NSRDB[:9], SOLCAST[:9], PAGE[:9])
        ),
    ),
    "typical.far": lambda g: (
        lambda: typical(36.1, -79.9),
        lambda: tmy3(g, greensboro()),
        lambda: epw(g),
        lambda: jma(g, PAGE),
    ),
}
