"""Which format a weather file has, by its first lines."""

from __future__ import annotations

import re
from pathlib import Path

from kiban.errors import Problem, WeatherError
from kiban.weather.table import read_lines

BEGINNING = 4_000
"""Letters of a file that are looked at: every known format has its header there."""
PVLIB = "pvlib:"

_MARKS = (
    ("epw", re.compile(r"\ALOCATION,", re.IGNORECASE)),
    ("nsrdb", re.compile(r"\ASource,Location ID,")),
    ("solcast", re.compile(r"\A[^\n]*\bperiod_?(?:end|start)\b", re.IGNORECASE)),
    ("tmy3", re.compile(r"\A[^\n]*\n\"?Date \(MM/DD/YYYY\)", re.IGNORECASE)),
    ("jma", re.compile(r"ダウンロードした時刻|^[^\n]*time_jst_end_of_hour", re.MULTILINE)),
)
"""A format and what its files begin with."""


def recognise(path: str | Path) -> str:
    """The weather source that reads a file; raises `WeatherError` where none does."""
    text = "\n".join(read_lines(path, last_resort="latin-1"))[:BEGINNING]
    for source, mark in _MARKS:
        if mark.search(text):
            return source
    raise WeatherError(Problem("weather.unknown_format", str(path)))
