"""Small weather, price and series files of every format, and the reader of each by its name."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.unit import test_epw, test_jepx, test_jma, test_nsrdb, test_solcast

ROWS = 60
"""Enough for every reader to come to its rows; a whole year costs a hundred times as much and tries nothing else."""


@cache
def weather_files() -> Mapping[str, bytes]:
    import pandas as pd
    import pvlib

    shipped = Path(pvlib.__file__).parent / "data"
    series = pd.DataFrame(
        {"time": pd.date_range("2023-01-01", periods=ROWS, freq="h"), "x": range(ROWS), "t": ["1"] * ROWS}
    )
    parquet = io.BytesIO()
    series.to_parquet(parquet)
    epw = "\n".join([*test_epw.header(), *test_epw.ROWS[:ROWS]])
    prices = "\n".join([test_jepx.HEADER, *test_jepx.ROWS[2022][:ROWS]])
    return {
        "a.tmy3": b"\n".join((shipped / "723170TYA.CSV").read_bytes().splitlines()[:ROWS]),
        "b.tmy3": b"\n".join((shipped / "703165TY.csv").read_bytes().splitlines()[:ROWS]),
        "a.epw": epw.encode(),
        "a.nsrdb": "\n".join([*test_nsrdb.header(), *test_nsrdb.YEAR[:ROWS]]).encode(),
        "a.solcast": "\n".join([test_solcast.NEW, *test_solcast.HOURS[:ROWS]]).encode(),
        "a.jepx": prices.encode("cp932"),
        "tidy.jma": "\n".join(test_jma.TIDY[:ROWS]).encode(),
        "page.jma": "\n".join(test_jma.PAGE[:ROWS]).encode("cp932"),
        "a.csv": series.to_csv(index=False).encode(),
        "b.csv": series.to_csv(index=False, sep=";").encode("cp932"),
        "a.parquet": parquet.getvalue(),
    }


def read_weather_file(path: Path) -> None:
    """Read a file by the reader of its format."""
    from kiban.weather.epw import read_epw
    from kiban.weather.jepx import read_fiscal_year
    from kiban.weather.jma import read_jma
    from kiban.weather.nsrdb import read_nsrdb
    from kiban.weather.series import read_series
    from kiban.weather.solcast import read_solcast
    from kiban.weather.tmy3 import read_tmy3

    if path.suffix == ".tmy3":
        read_tmy3(path, year=2021)
    elif path.suffix == ".epw":
        read_epw(path, year=2021)
    elif path.suffix == ".nsrdb":
        read_nsrdb(path, year=2021)
    elif path.suffix == ".solcast":
        read_solcast(path, test_solcast.PLACE)
    elif path.suffix == ".jepx":
        read_fiscal_year(path, "tokyo", 2022)
    elif path.suffix == ".jma":
        read_jma([path], 43.06, 141.33, 17.0, 59.5)
    else:
        read_series(path, "t" if path.suffix == ".parquet" else "x", ROWS)
