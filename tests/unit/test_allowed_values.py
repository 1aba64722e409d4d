"""What the formats of weather files allow is read with a note, in every reader: what the other columns give is derived.

Variants of faults that were found with EPW files: air above saturation, an irradiance, a pressure or a humidity that is
missing while the file's other columns give it, a column that is not there at all, a name with a comma.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.test_asked_of_weather import READERS, Reader, check, replaced

from kiban.errors import InputError

COLUMNS = {
    # Temperature, dew point, humidity, pressure, GHI, DNI, DHI.
    "epw": (6, 7, 8, 9, 13, 14, 15),
    "tmy3": (31, 34, 37, 40, 4, 7, 10),
    "nsrdb": (5, 6, 10, 11, 9, 8, 7),
    "solcast": (2, 9, 6, 7, 5, 4, 3),
}
MARKS = {
    "epw": {"humidity": "999", "pressure": "999999", "sun": "9999"},
    "tmy3": dict.fromkeys(("humidity", "pressure", "sun"), "-9900"),
    "nsrdb": dict.fromkeys(("humidity", "pressure", "sun"), "-999"),
    "solcast": dict.fromkeys(("humidity", "pressure", "sun"), ""),
}
EVERY = range(8760)


def lines_of(reader: Reader) -> list[str]:
    """A good file; to the one of Solcast a dew point is added 5 K below the temperature."""
    lines = list(reader.lines())
    if reader.source != "solcast":
        return lines
    head, *rows = lines
    return [f"{head},dewpoint_temp", *(f"{row},{float(row.split(',')[2]) - 5.0}" for row in rows)]


def read(folder: Path, reader: Reader, lines: Sequence[str]) -> Any:
    return check(folder, reader, lines, {}).weather


def notes_of(weather: Any) -> list[str]:
    return [str(note) for note in weather.notes]


@pytest.mark.parametrize("name", COLUMNS)
def test_air_above_saturation_is_saturated(name: str, tmp_path: Path) -> None:
    reader = READERS[name]
    humidity = COLUMNS[name][2]
    lines = replaced(reader, lines_of(reader), range(4000, 4002), (humidity, "104"))
    weather = read(tmp_path, reader, lines)
    assert weather.relative_humidity_pct.max() == 100.0
    assert "relative_humidity_pct: 2 values above 100 set to 100" in notes_of(weather)


@pytest.mark.slow
@pytest.mark.parametrize("lacking", ["ghi_w_m2", "dni_w_m2", "dhi_w_m2", "pressure_hpa", "relative_humidity_pct"])
@pytest.mark.parametrize("name", COLUMNS)
def test_what_the_other_columns_give_is_derived(name: str, lacking: str, tmp_path: Path) -> None:
    reader = READERS[name]
    _, _, humidity, pressure, ghi, dni, dhi = COLUMNS[name]
    place, kind, near = {
        "ghi_w_m2": (ghi, "sun", 60.0), "dni_w_m2": (dni, "sun", 150.0), "dhi_w_m2": (dhi, "sun", 60.0),
        "pressure_hpa": (pressure, "pressure", 60.0), "relative_humidity_pct": (humidity, "humidity", 15.0),
    }[lacking]  # fmt: skip
    lines = lines_of(reader)
    whole = read(tmp_path, reader, lines)
    rows = range(4000, 4100) if lacking == "relative_humidity_pct" else EVERY
    weather = read(tmp_path, reader, replaced(reader, lines, rows, (place, MARKS[name][kind])))
    (note,) = [note for note in notes_of(weather) if "derived" in note]
    assert note.startswith(f"{lacking}: {len(rows):,} missing values derived")
    day = slice(4024, 4072)
    if name == "tmy3" or lacking not in {"pressure_hpa", "relative_humidity_pct"}:
        assert abs(getattr(weather, lacking)[day] - getattr(whole, lacking)[day]).mean() < near
    if lacking == "relative_humidity_pct" and name != "tmy3":
        # The fixtures' dew point by hand: Magnus at dew point over Magnus at temperature.
        cells = lines[reader.header + 4024].split(",")
        dry, dew = float(cells[COLUMNS[name][0]]), float(cells[COLUMNS[name][1]])
        share = np.exp(17.625 * dew / (243.04 + dew) - 17.625 * dry / (243.04 + dry))
        assert weather.relative_humidity_pct.min() <= 100.0
        assert np.isclose(weather.relative_humidity_pct, min(100.0 * share, 100.0), rtol=0.02).any()


@pytest.mark.parametrize("name", ["tmy3", "nsrdb", "solcast"])
def test_a_column_that_is_not_there_is_derived_too(name: str, tmp_path: Path) -> None:
    """EnergyPlus and SAM do not need the global irradiance: some files leave its column out."""
    reader = READERS[name]
    ghi = COLUMNS[name][4]
    head, rows = lines_of(reader)[: reader.header], lines_of(reader)[reader.header :]
    cut = [",".join(cell for i, cell in enumerate(row.split(",")) if i != ghi) for row in [head[-1], *rows]]
    weather = read(tmp_path, reader, [*head[:-1], *cut])
    assert "ghi_w_m2: 8,760 missing values derived: DHI + DNI cos(zenith)" in notes_of(weather)


def test_a_humidity_without_a_dew_point_is_still_refused(tmp_path: Path) -> None:
    reader = READERS["epw"]
    lines = replaced(reader, lines_of(reader), range(4000, 4003), (8, "999"), (7, "99.9"))
    with pytest.raises(InputError, match=r"relative_humidity_pct is missing \(999\) for 3 h"):
        read(tmp_path, reader, lines)


def test_a_dew_point_that_is_no_number_harms_nobody(tmp_path: Path) -> None:
    """It serves to derive what is missing and nothing else."""
    reader = READERS["epw"]
    weather = read(tmp_path, reader, replaced(reader, lines_of(reader), range(4000, 4003), (7, "wet")))
    assert not any("derived" in note for note in notes_of(weather))


@pytest.mark.parametrize("name", ["epw", "tmy3"])
def test_a_name_with_a_comma_in_quotation_marks(name: str, tmp_path: Path) -> None:
    reader = READERS[name]
    lines = lines_of(reader)
    cells = lines[0].split(",")
    lines[0] = ",".join([cells[0], '"Town, North"', *cells[2:]])
    assert "Town, North" in str(read(tmp_path, reader, lines).source)


def test_rows_without_the_last_columns_as_older_files_have_them(tmp_path: Path) -> None:
    """Rows of EPW files from before 2005 end with the days since snow."""
    reader = READERS["epw"]
    lines = lines_of(reader)
    whole = read(tmp_path, reader, lines)
    short = [*lines[:8], *(",".join(line.split(",")[:32]) for line in lines[8:])]
    np.testing.assert_array_equal(read(tmp_path, reader, short).ghi_w_m2, whole.ghi_w_m2)


def test_empty_lines_at_the_end_are_no_rows(tmp_path: Path) -> None:
    for name in READERS:
        reader = READERS[name]
        read(tmp_path, reader, [*lines_of(reader), "", ""])
