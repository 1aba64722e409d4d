"""What a message about weather tells to ask for, a scenario can ask for, whatever file or service the weather is from.

Variants of a fault that was found with EPW files: a remedy that no scenario could follow, or that led to another
refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pvlib
import pytest
from tests.unit import test_epw, test_jma, test_nsrdb, test_solcast, test_tmy3

from kiban.errors import InputError
from kiban.planning.preparation import prepare
from kiban.quantities import LANGUAGES
from kiban.report.messages import say_problem
from kiban.scenario import parse_scenario

NIGHT, EVENING = range(1202, 1442, 24), range(1217, 1457, 24)
ASKED = re.compile(r"(fill_gaps_hours|clip_negative_w_m2) = (\d+)")


@dataclass(frozen=True)
class Reader:
    """Lines of a good file of a format: how many stand before its rows, and where its irradiance stands in them."""

    source: str
    lines: Callable[[], Sequence[str]]
    header: int
    ghi: int
    missing: str
    site: dict[str, float]
    more: dict[str, Any]
    unit: float = 1.0


@cache
def greensboro() -> tuple[str, ...]:
    return tuple((Path(pvlib.__file__).parent / "data" / test_tmy3.SHIPPED[0]).read_text().splitlines())


def at(latitude: float, longitude: float) -> dict[str, float]:
    return {"latitude_deg": latitude, "longitude_deg": longitude}


READERS = {
    "epw": Reader("epw", lambda: [*test_epw.header(), *test_epw.ROWS], 8, test_epw.GHI, "9999",
                  at(test_epw.LATITUDE, test_epw.LONGITUDE), {}),
    "tmy3": Reader("tmy3", greensboro, 2, 4, "-9900", at(36.1, -79.95), {}),
    "nsrdb": Reader("nsrdb", lambda: [*test_nsrdb.header(), *test_nsrdb.YEAR], 3, 9, "-999",
                    at(test_nsrdb.LATITUDE, test_nsrdb.LONGITUDE), {"years": [2021]}),
    "solcast": Reader("solcast", lambda: [test_solcast.NEW, *test_solcast.HOURS], 1, 5, "",
                      at(-33.86, 151.22), {"years": [2023]}),
    "jma": Reader("jma", lambda: test_jma.TIDY, 1, 6, "", at(*test_jma.PLACE[:2]),
                  {"years": [2022], "wind_height_m": 59.5}, unit=0.0036),
}  # fmt: skip


def replaced(reader: Reader, lines: Sequence[str], rows: Sequence[int], *cells: tuple[int, str]) -> list[str]:
    made = list(lines)
    for row in rows:
        parts = made[reader.header + row].split(",")
        for column, text in cells:
            parts[column] = text
        made[reader.header + row] = ",".join(parts)
    return made


def without(reader: Reader, lines: Sequence[str], rows: range) -> list[str]:
    return [line for number, line in enumerate(lines) if number - reader.header not in rows]


def noise(reader: Reader, lines: Sequence[str]) -> list[str]:
    """Irradiance a little below zero in ten nights."""
    return replaced(reader, lines, _dark(reader, lines), (reader.ghi, f"{-1.5 * reader.unit}"))


def _dark(reader: Reader, lines: Sequence[str]) -> list[int]:
    """Ten rows without sun, whatever the zone in which a format counts its hours."""
    values = [line.split(",")[reader.ghi] for line in lines[reader.header :]]
    return [row for row in range(1200, 2400) if values[row] in {"", "0", "0.0", "0.00"}][:10]


def hole(reader: Reader, lines: Sequence[str]) -> list[str]:
    """Five hours of a day without any irradiance."""
    columns = {"epw": (13, 14, 15), "tmy3": (4, 7, 10), "nsrdb": (7, 8, 9), "solcast": (3, 4, 5), "jma": (6,)}
    return replaced(reader, lines, range(3010, 3015), *((column, reader.missing) for column in columns[reader.source]))


FAULTS: dict[str, Callable[[Reader, Sequence[str]], list[str]]] = {
    "noise": noise,
    "three hours are missing": lambda reader, lines: without(reader, lines, range(2000, 2003)),
    "a day is missing": lambda reader, lines: without(reader, lines, range(2000, 2024)),
    "the first hours are missing": lambda reader, lines: without(reader, lines, range(2)),
    "irradiance is missing": hole,
    "noise and a hole": lambda reader, lines: noise(reader, hole(reader, lines)),
}


def check(folder: Path, reader: Reader, lines: Sequence[str], asked: dict[str, float]) -> Any:
    (folder / "site.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    weather = {"source": reader.source, "files": ["site.csv"], **reader.more, **asked}
    raw = {"name": "x", "site": {**reader.site, "area": "hokkaido"}, "time": {"hours": 24}, "weather": weather}
    return prepare(parse_scenario(raw).placed_in(folder))


def told(error: InputError) -> dict[str, float]:
    """The keys that the sentences name, and the most that any of them asks of each; the same in both languages."""
    found = []
    for language in LANGUAGES:
        asked: dict[str, float] = {}
        for problem in error.problems:
            for key, value in ASKED.findall(say_problem(problem, language)):
                asked[key] = max(asked.get(key, 0), int(value))
        found.append(asked)
    assert all(asked == found[0] for asked in found)
    assert found[0], str(error)
    return found[0]


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", READERS)
def test_a_file_is_read_once_what_its_message_tells_to_ask_for_is_asked(name: str, fault: str, tmp_path: Path) -> None:
    reader = READERS[name]
    lines = FAULTS[fault](reader, list(reader.lines()))
    with pytest.raises(InputError) as caught:
        check(tmp_path, reader, lines, {})
    asked = told(caught.value)
    notes = " ".join(str(note) for note in check(tmp_path, reader, lines, asked).weather.notes)
    assert ("set to 0" in notes) == ("clip_negative_w_m2" in asked)
    assert ("filled" in notes) == ("fill_gaps_hours" in asked)
    with pytest.raises(InputError):
        check(tmp_path, reader, lines, {key: value - 1 for key, value in asked.items()})
