"""A named column of a user's CSV or Parquet file, and everything that can be wrong with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiban.calendar import year_index
from kiban.errors import WeatherError
from kiban.weather import textfile
from kiban.weather.series import read_series


def write(folder: Path, text: str, encoding: str = "utf-8", name: str = "load.csv") -> Path:
    file = folder / name
    file.write_bytes(text.encode(encoding))
    return file


def problems(file: Path, column: str = "load", steps: int = 3, **options: float) -> list[str]:
    with pytest.raises(WeatherError) as caught:
        read_series(file, column, steps, **options)  # type: ignore[arg-type]
    return [str(problem).replace(str(file), file.name) for problem in caught.value.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_reads_a_column_by_name(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = "時刻,負荷(MW),load\n1,2.5,7\n2,-3e1,8\n3, .5 ,9\n".replace(",", delimiter)
    file = write(tmp_path, text, encoding)
    np.testing.assert_array_equal(read_series(file, "負荷(MW)", 3), [2.5, -30.0, 0.5])
    np.testing.assert_array_equal(read_series(file, "load", 3), [7.0, 8.0, 9.0])


def test_reads_a_year_of_parquet_and_csv_alike(tmp_path: Path) -> None:
    frame = pd.DataFrame({"time": year_index(2024, 9.0), "load": np.linspace(0.0, 1.0, 8760), "n": range(8760)})
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_csv(tmp_path / "a.csv", index=False)
    expected = frame["load"].to_numpy()
    np.testing.assert_array_equal(read_series(tmp_path / "a.parquet", "load", 8760, lower=0, upper=1), expected)
    np.testing.assert_array_equal(read_series(tmp_path / "a.csv", "load", 8760, lower=0, upper=1), expected)
    np.testing.assert_array_equal(read_series(tmp_path / "a.parquet", "n", 8760), np.arange(8760.0))


@settings(max_examples=40)
@given(values=st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20))
def test_what_was_written_is_read(values: list[float], tmp_path_factory: pytest.TempPathFactory) -> None:
    file = write(tmp_path_factory.mktemp("s"), "v\n" + "\n".join(map(repr, values)))
    np.testing.assert_array_equal(read_series(file, "v", len(values)), values)


def test_unknown_column_names_the_nearest(tmp_path: Path) -> None:
    file = write(tmp_path, "time,load_mw\n")
    [said] = problems(file, "load_mv")
    assert said == "load.csv: load_mv is not a column; there are 'time', 'load_mw'; did you mean 'load_mw'?"
    [said] = problems(file, "zzz")
    assert said.endswith("; name one of these.")
    [said] = problems(write(tmp_path, "load,load\n1,2\n"))
    assert "stands 2 times in the header" in said
    [said] = problems(write(tmp_path, "1,2\n3,4\n"))
    assert said == (
        "load.csv, line 1 starts with numbers instead of column names; put the names of the columns in the first line."
    )


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("", "is empty"),
        ("NaN", "is missing ('NaN')"),
        ("n/a", "is missing ('n/a')"),
        ("12 MW", "is '12 MW', not a number"),
        ("inf", "is 'inf', not a number"),
    ],
)
def test_a_cell_that_is_no_number_is_named_by_line(tmp_path: Path, cell: str, fault: str) -> None:
    file = write(tmp_path, f"a,load\n1,2\n1,{cell}\n1,3\n")
    [said] = problems(file, unit="MW")  # type: ignore[arg-type]
    assert said == f"load.csv, line 3: load {fault}; give a number in MW for every step."


@pytest.mark.parametrize("cell", ["30,5", "-30,5", "1,234.5", "1,234,567"])
@pytest.mark.parametrize("text", ['a,load\n1,"{}"\n', "a;load\n1;{}\n", "a\tload\n1\t{}\n"])
def test_a_decimal_comma_is_told_how_to_write_numbers(tmp_path: Path, cell: str, text: str) -> None:
    said, *_ = problems(write(tmp_path, text.format(cell)), steps=1, unit="MW")  # type: ignore[arg-type]
    assert said == (
        f"load.csv, line 2: load is '{cell}', not a number; "
        "write numbers with a decimal point and without a comma between thousands."
    )


def test_bounds_are_named_by_line_and_all_problems_come_at_once(tmp_path: Path) -> None:
    file = write(tmp_path, "load\n-1\n0.5\nx\n1.5\n")
    said = problems(file, lower=0.0, upper=1.0, unit="MW")  # type: ignore[arg-type]
    assert said == [
        "load.csv: load has 4 values, wanted 3; leave out the row that repeats the start of the next year.",
        "load.csv, line 2: load is -1 MW; give values from 0 to 1 MW.",
        "load.csv, line 4: load is 'x', not a number; give a number in MW for every step.",
        "load.csv, line 5: load is 1.5 MW; give values from 0 to 1 MW.",
    ]
    [_, said_low] = problems(write(tmp_path, "load\n-1\n2\n"), steps=3, lower=0.0)
    assert said_low.endswith("is -1; give at least 0.")
    [said_high] = problems(write(tmp_path, "load\n-1\n2\n2.5\n"), upper=2.0)
    assert said_high.endswith("is 2.5; give at most 2.")


@pytest.mark.parametrize(
    ("got", "wanted", "step_hours", "remedy"),
    [
        (8784, 8760, 1.0, "leave out the rows of 29 February"),
        (17544, 17520, 1.0, "leave out the rows of 29 February"),
        (8761, 8760, 1.0, "leave out the row that repeats"),
        (17520, 8760, 1.0, "give steps of 1 h, not of 0.5 h"),
        (8760, 17520, 0.5, "give steps of 0.5 h, not of 1 h"),
        (8000, 8760, 1.0, "give one value for each of the 8,760 steps of 1 h"),
        (0, 8760, 1.0, "give one value for each of the 8,760 steps of 1 h"),
    ],
)
def test_wrong_length_names_both_and_the_likely_cause(
    tmp_path: Path, got: int, wanted: int, step_hours: float, remedy: str
) -> None:
    [said] = problems(write(tmp_path, "load\n" + "1\n" * got), steps=wanted, step_hours=step_hours)
    assert f"has {got:,} values, wanted {wanted:,}; {remedy}" in said


def timed(folder: Path, times: list[object], name: str = "load.csv") -> Path:
    return write(folder, "Time,load\n" + "".join(f"{time},1\n" for time in times), name=name)


def hourly(first: datetime, steps: int, hours: float = 1.0) -> list[object]:
    return [first + timedelta(hours=hours * i) for i in range(steps)]


def test_times_may_skip_only_the_leap_day_and_whole_years(tmp_path: Path) -> None:
    leap = [*hourly(datetime(2024, 2, 28, 22), 2), *hourly(datetime(2024, 3, 1), 2)]
    years = [*hourly(datetime(2021, 12, 31, 22), 2), *hourly(datetime(2023, 1, 1), 2)]
    ends = [*hourly(datetime(2024, 2, 28, 23), 2), *hourly(datetime(2024, 3, 1, 1), 2)]
    marked = ["2022-01-01 23:00", "2022-01-01 24:00", "2022-01-02 01:00", "2022-01-02 02:00+00:00"]
    for times in (leap, years, ends):
        assert len(read_series(timed(tmp_path, times), "load", 4)) == 4
    [said] = problems(timed(tmp_path, marked), steps=4)
    assert "has an offset from UTC and its neighbour has none" in said


@pytest.mark.parametrize(
    ("times", "fault"),
    [
        (["2022-03-01 00:00", "2022-03-01 00:00", "2022-03-01 01:00"], "line 3: time 2022-03-01 00:00:00 is duplic"),
        (["2022-03-01 00:00", "2022-03-01 01:00", "2022-03-01 04:00"], "line 4: time 2022-03-01 04:00:00 is 3 h aft"),
        (["2022-03-01 01:00", "2022-03-01 00:00", "2022-03-01 01:00"], "line 3: time 2022-03-01 00:00:00 comes aft"),
        (["2022-03-01 00:00", "2022-03-01 00:30", "2022-03-01 01:30"], "is 0.5 h after the row before it instead"),
        (["2022-03-01 00:00", "soon", "2022-03-01 01:00"], "line 3: time is 'soon', not a time; write times as"),
        (["2021-02-28 23:00", "2021-03-02 00:00", "2021-03-02 01:00"], "is 25 h after the row before it"),
    ],
)
def test_faults_of_the_time_column(tmp_path: Path, times: list[object], fault: str) -> None:
    assert fault in problems(timed(tmp_path, times))[0]


def test_faults_of_parquet_files(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    file.write_bytes(b"no parquet at all")
    [said] = problems(file)
    assert said.startswith("a.parquet is not a readable Parquet file (")
    times = pd.DatetimeIndex(["2022-01-01 00:00", "2022-01-01 01:00", "2022-01-01 01:00"])
    pd.DataFrame({"time": times, "load": [1.0, None, np.inf]}).to_parquet(file)
    said_all = problems(file)
    assert "a.parquet, row 2: load is empty" in said_all[0]
    assert "a.parquet, row 3: load is inf (not finite)" in said_all[1]
    assert "row 3: time 2022-01-01 01:00:00 is duplicated" in said_all[2]
    pd.DataFrame({"load": [True, False, True]}).to_parquet(file)
    assert "row 1: load is 'True', not a number" in problems(file)[0]
    pd.DataFrame({"load": ["1", "b", "3"]}).to_parquet(file)
    assert "row 2: load is 'b', not a number" in problems(file)[0]
    assert "is not a column; there are 'load'" in problems(file, "lod")[0]


def test_faults_of_the_file_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "is a directory, not a file" in problems(tmp_path)[0]
    assert "does not exist" in problems(tmp_path / "none.csv")[0]
    assert "is empty" in problems(write(tmp_path, ""))[0]
    assert "holds no text" in problems(write(tmp_path, "\n\n \n"))[0]
    undecodable = tmp_path / "binary.csv"
    undecodable.write_bytes(b"load\n\xfd\xfe\xff\n")
    [said] = problems(undecodable)
    assert said == "binary.csv is neither UTF-8 nor Shift_JIS text; save it as CSV in UTF-8 and try again."
    monkeypatch.setattr(textfile, "MAX_FILE_BYTES", 10)
    assert "are read; keep only the hours" in problems(write(tmp_path, "load\n" + "1\n" * 9))[0]
