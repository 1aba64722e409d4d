"""A file of telemetry is read as a spreadsheet has saved it, and what would lose a part of a number is refused."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kiban.errors import InputError
from kiban.server.operating.clocks import FastClock
from kiban.server.operating.sources import CsvSource, SourceAwayError

FIRST = datetime.fromisoformat("2026-01-05T00:00:00+09:00")
ROWS = ["time,firm_mw,served_mw", "2026-01-05T00:00:00+09:00,8.5,", "2026-01-05T00:05:00+09:00,9,-0.25"]
FOUND = [(FIRST, "firm_mw", 8.5), (FIRST + timedelta(minutes=5), "firm_mw", 9.0)]
FOUND += [(FIRST + timedelta(minutes=5), "served_mw", -0.25)]
DECIMAL_COMMAS = "\n".join(ROWS).replace(",", ";").replace(".", ",")


def read(path: Path, content: bytes) -> list[tuple[datetime, str, float]]:
    path.write_bytes(content)
    source = CsvSource(path, FastClock(FIRST + timedelta(hours=1), math.inf), ends=True)
    assert source.first == FIRST
    return [(one.at, one.series, one.value) for one in source.read()]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(ROWS),
        "\r\n".join(ROWS),
        "\n".join(ROWS).replace(",", "\t"),
        "\n".join(ROWS).replace(",", ";"),
        DECIMAL_COMMAS,
        "sep=;\n" + DECIMAL_COMMAS,
        "\n".join(ROWS).replace("2026-01-05T", "2026/1/5 "),
        "\n".join(ROWS).replace("00:05:00+", "00:05:00.000+"),
        "\n\n".join(ROWS).replace("8.5", "\uff18.\uff15"),
    ],
)
def test_whoever_saved_it_the_same_is_read(tmp_path: Path, text: str) -> None:
    for encoding in ("utf-8", "utf-8-sig", "cp932"):
        assert read(tmp_path / "telemetry.csv", f"{text}\n".encode(encoding)) == FOUND


def test_names_of_other_columns_may_be_japanese_and_the_last_line_may_be_cut_anywhere(tmp_path: Path) -> None:
    rows = [f"{row},{cell}" for row, cell in zip(ROWS, ("備考", "正常", "異常"), strict=True)]
    for encoding in ("utf-8", "cp932"):
        whole = "\n".join([*rows, "2026-01-05T00:10:00+09:00,9,1,苫小牧"]).encode(encoding)
        for cut in range(1, 12):
            found = read(tmp_path / "telemetry.csv", whole[:-cut])
            assert [one for one in found if one[1] != "備考"] == FOUND


def test_a_comma_within_a_number_is_never_a_smaller_number(tmp_path: Path) -> None:
    """Between commas the rest of it has no column; with semicolons two commas are no number."""
    path = tmp_path / "telemetry.csv"
    with pytest.raises(InputError, match=r"line 2 has 3 cells for 2 columns.*decimal point"):
        read(path, b"time,firm_mw\n2026-01-05T00:00:00+09:00,8,5\n")
    found = read(path, b"time;firm_mw\n2026-01-05T00:00:00+09:00;1,234,5\n")
    assert math.isnan(found[0][2])
    assert math.isnan(read(path, b"time\tfirm_mw\n2026-01-05T00:00:00+09:00\t1,234\n")[0][2])


def test_what_is_no_text_is_said_while_the_service_runs(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.csv"
    source = CsvSource(path, FastClock(FIRST, math.inf), ends=False)
    for content, said in (("\n".join(ROWS).encode("utf-16"), "UTF-16"), (b"\x00\x01\n", "UTF-8"), (b"", "time")):
        path.write_bytes(content)
        with pytest.raises(SourceAwayError, match=said):
            source.read()
    path.write_bytes(("\n".join(ROWS) + "\n").encode())
    assert len(source.read()) >= 1
