"""Files are checked and decoded the same way everywhere; numbers and times are read strictly."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiban.errors import Problem, WeatherError
from kiban.weather import textfile
from kiban.weather.textfile import (
    check_file,
    csv_rows,
    decode,
    parse_number,
    parse_time,
    read_text,
    refuse,
    split_lines,
)

JST = timezone(timedelta(hours=9))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_reads_japanese_text_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("気温(℃),①\n1,2\n".encode(encoding))
    assert read_text(file) == "気温(℃),①\n1,2\n"


def test_refuses_utf16_and_binary_with_a_remedy() -> None:
    with pytest.raises(WeatherError, match=r"a.csv is in UTF-16; save it as CSV in UTF-8"):
        decode("load\n1\n".encode("utf-16"), "a.csv")
    with pytest.raises(WeatherError, match=r"a.csv is neither UTF-8 nor Shift_JIS text; save it"):
        decode(b"\x80\x81\xfd\xfe\xff" * 9, "a.csv")
    with pytest.raises(WeatherError, match="neither UTF-8 nor Shift_JIS"):
        decode(b"a\x00b\x00", "a.csv")


def test_last_resort_encoding_is_used_only_when_named() -> None:
    latin = "S\xe3o".encode("latin-1") + b"\xff"
    assert decode(latin, "a.epw", "latin-1").startswith("S")
    with pytest.raises(WeatherError):
        decode(latin, "a.epw")


def test_refuses_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "load.csv").write_text("x")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(WeatherError, match="is a directory, not a file; name a file inside it"):
        check_file(tmp_path)
    with pytest.raises(WeatherError, match=r"laod.csv does not exist; did you mean 'load.csv'\?"):
        check_file(tmp_path / "laod.csv")
    with pytest.raises(WeatherError, match=r"does not exist; its folder .* does not exist either"):
        check_file(tmp_path / "nowhere" / "a.csv")
    with pytest.raises(WeatherError, match=r"empty.csv is empty; export or download it again"):
        check_file(tmp_path / "empty.csv")
    with pytest.raises(WeatherError, match=r"cannot be opened|does not exist"):
        check_file("a" * 5000)


def test_refuses_a_huge_file_before_reading_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"0" * 3_000_000)
    monkeypatch.setattr(textfile, "MAX_FILE_BYTES", 2_000_000)
    with pytest.raises(WeatherError, match="has 3 MB; at most 2 MB are read; keep only the hours"):
        check_file(file)


def test_rows_keep_their_line_numbers() -> None:
    text = 'a,b\n\n"two\nlines",2\n , \nx , y\n'
    assert list(csv_rows(text, "a.csv")) == [(1, ["a", "b"]), (3, ["two\nlines", "2"]), (6, ["x", "y"])]


def test_lines_end_in_any_usual_way_and_nowhere_else() -> None:
    assert split_lines("a\r\nb\rc\nd\x85e\x0cf\n") == ["a", "b", "c", "d\x85e\x0cf"]
    assert split_lines("a\n\nb") == ["a", "", "b"]


@pytest.mark.parametrize("text", ["", "nan", "inf", "-inf", "1,234", "1_000", "1e999", "12 MW", "0x1f", "--1", "."])
def test_what_is_no_number(text: str) -> None:
    assert parse_number(text) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_float_is_read_back(number: float) -> None:
    assert parse_number(repr(number)) == number


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2022-01-01T24", datetime(2022, 1, 2)),
        ("2022/1/1 1:00:00", datetime(2022, 1, 1, 1)),
        ("2022-12-31 24:00", datetime(2023, 1, 1)),
        ("2022/02/28", datetime(2022, 2, 28)),
        ("2022-01-01T00:30:00+09:00", datetime(2022, 1, 1, 0, 30, tzinfo=JST)),
        ("2022-01-01T00:00Z", datetime(2022, 1, 1, tzinfo=timezone.utc)),  # noqa: UP017
        ("2022-02-29", None),
        ("2022-01-01 24:30", None),
        ("2022-01-01 25:00", None),
        ("2022-01-01 10:60", None),
        ("01/02/2022", None),
        ("2022-01-01 00:00+99:00", None),
        ("noon", None),
    ],
)
def test_times(text: str, moment: datetime | None) -> None:
    assert parse_time(text) == moment


def test_a_long_list_of_problems_is_cut_and_counted() -> None:
    refuse([])
    with pytest.raises(WeatherError) as caught:
        refuse([Problem("unknown_key", key=f"key {i}") for i in range(1234)])
    assert len(caught.value.problems) == textfile.MAX_LISTED_PROBLEMS + 1
    assert "and 1,214 more of this kind" in str(caught.value)
