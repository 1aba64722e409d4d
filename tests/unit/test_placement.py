"""Rows where their times put them: offsets, fiscal years, leap days, windows, several years."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiban.calendar import year_index
from kiban.errors import WeatherError
from kiban.weather.placement import Span
from kiban.weather.series import place_series

JAPAN = timezone(timedelta(hours=9))
YEAR = Span((2025,), 9.0)
HEADER = "time,load\n"


def hours(first: datetime, last: datetime) -> list[datetime]:
    """Every hour from `first` up to, not including, `last`."""
    return [first + timedelta(hours=i) for i in range(round((last - first) / timedelta(hours=1)))]


def value_at(time: datetime) -> float:
    """A number that says month, day and hour of a time in the place's own clock."""
    return time.month * 10_000 + time.day * 100 + time.hour


def write(folder: Path, times: list[datetime], values: list[float] | None = None) -> Path:
    numbers = [value_at(time) for time in times] if values is None else values
    file = folder / "load.csv"
    file.write_text(HEADER + "".join(f"{t.isoformat()},{v!r}\n" for t, v in zip(times, numbers, strict=True)))
    return file


def wanted(span: Span) -> list[float]:
    index = year_index(list(span.years), span.utc_offset_hours, span.step_hours)
    return [value_at(time) for time in index.to_pydatetime()]


def refused(file: Path, span: Span) -> str:
    with pytest.raises(WeatherError) as caught:
        place_series(file, "load", span)
    return str(caught.value)


def codes(placed) -> list[str]:
    return [note.code for note in placed.notes]


def test_a_calendar_year_of_any_number(tmp_path):
    placed = place_series(write(tmp_path, hours(datetime(2022, 1, 1), datetime(2023, 1, 1))), "load", YEAR)
    np.testing.assert_array_equal(placed.values, wanted(YEAR))
    assert codes(placed) == ["note.placed_by_month"]
    placed = place_series(write(tmp_path, hours(datetime(2025, 1, 1), datetime(2026, 1, 1))), "load", YEAR)
    np.testing.assert_array_equal(placed.values, wanted(YEAR))
    assert codes(placed) == ["note.placed"]


def test_a_fiscal_year_from_april(tmp_path):
    placed = place_series(write(tmp_path, hours(datetime(2022, 4, 1), datetime(2023, 4, 1))), "load", YEAR)
    np.testing.assert_array_equal(placed.values, wanted(YEAR))


def test_the_leap_day_is_left_out_and_never_taken_for_the_first_of_march(tmp_path):
    placed = place_series(write(tmp_path, hours(datetime(2024, 1, 1), datetime(2025, 1, 1))), "load", YEAR)
    np.testing.assert_array_equal(placed.values, wanted(YEAR))
    assert "note.leap_day" in codes(placed)


def test_times_in_utc_are_moved_to_the_place(tmp_path):
    local = hours(datetime(2025, 1, 1, tzinfo=JAPAN), datetime(2026, 1, 1, tzinfo=JAPAN))
    file = write(tmp_path, [time.astimezone(UTC) for time in local], [value_at(time) for time in local])
    np.testing.assert_array_equal(place_series(file, "load", YEAR).values, wanted(YEAR))
    # The calendar year of UTC holds all hours of the place's year: the first nine by those of the next.
    world = hours(datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    file = write(tmp_path, world, [value_at(time.astimezone(JAPAN)) for time in world])
    np.testing.assert_array_equal(place_series(file, "load", YEAR).values, wanted(YEAR))


def test_a_window_takes_its_own_hours(tmp_path):
    span = Span((2025,), 9.0, first_step=4704, block_steps=48)
    year = write(tmp_path, hours(datetime(2022, 4, 1), datetime(2023, 4, 1)))
    np.testing.assert_array_equal(place_series(year, "load", span).values, wanted(YEAR)[4704:4752])
    july = write(tmp_path, hours(datetime(2022, 7, 16), datetime(2022, 7, 18)))
    np.testing.assert_array_equal(place_series(july, "load", span).values, wanted(YEAR)[4704:4752])
    said = refused(write(tmp_path, hours(datetime(2022, 1, 1), datetime(2022, 1, 3))), span)
    assert "has no row for 48 steps of the horizon, the first of them 2025-07-16 00:00" in said
    assert "from 2022-01-01 00:00 to 2022-01-02 23:00, the horizon from 2025-07-16 00:00 to 2025-07-17 23:00" in said


def test_several_years_each_by_its_own_number(tmp_path):
    span = Span((2022, 2024), 9.0)
    times = [*hours(datetime(2022, 1, 1), datetime(2023, 1, 1)), *hours(datetime(2024, 1, 1), datetime(2025, 1, 1))]
    placed = place_series(write(tmp_path, times, [float(time.year) for time in times]), "load", span)
    np.testing.assert_array_equal(placed.values, np.repeat([2022.0, 2024.0], 8760))
    # Two fiscal years for two calendar years: January to March 2022 by those of 2024.
    span = Span((2022, 2023), 9.0)
    times = hours(datetime(2022, 4, 1), datetime(2024, 4, 1))
    placed = place_series(write(tmp_path, times, [float(time.year) for time in times]), "load", span)
    assert placed.values[: 90 * 24].tolist() == [2024.0] * (90 * 24)
    assert placed.values[90 * 24 : 8760].tolist() == [2022.0] * (275 * 24)
    assert placed.values[8760:].tolist() == [2023.0] * 8760


def test_one_year_does_not_serve_for_two(tmp_path):
    span = Span((2022, 2024), 9.0)
    said = refused(write(tmp_path, hours(datetime(2022, 1, 1), datetime(2023, 1, 1))), span)
    assert "has no row for 8,760 steps" in said
    assert said.endswith("give the rows of each of the years 2022, 2024.")
    bare = tmp_path / "bare.csv"
    bare.write_text("load\n" + "1\n" * 8760)
    assert "has 8,760 values, wanted 17,520; give all 2 years, 8,760 rows each" in refused(bare, span)


def test_two_other_years_for_one_are_refused(tmp_path):
    said = refused(write(tmp_path, hours(datetime(2021, 1, 1), datetime(2023, 1, 1))), YEAR)
    assert "2021-01-01 00:00, 2022-01-01 00:00 are one and the same hour of the year 2025" in said
    # With the horizon's own year among them that one is taken.
    times = hours(datetime(2024, 1, 1), datetime(2026, 1, 1))
    placed = place_series(write(tmp_path, times, [float(time.year) for time in times]), "load", YEAR)
    assert set(placed.values.tolist()) == {2025.0}


def test_rows_between_the_steps_are_refused(tmp_path):
    times = [time + timedelta(minutes=30) for time in hours(datetime(2025, 1, 1), datetime(2026, 1, 1))]
    assert "2025-01-01 00:30 is not the start of a step of 1 h" in refused(write(tmp_path, times), YEAR)


def test_without_times_rows_are_taken_in_order_and_the_plan_says_so(tmp_path):
    span = Span((2025,), 9.0, first_step=24, block_steps=48)
    file = tmp_path / "bare.csv"
    file.write_text("load\n" + "".join(f"{i}\n" for i in range(48)))
    placed = place_series(file, "load", span)
    assert placed.values.tolist() == list(range(48))
    assert codes(placed) == ["note.untimed"]
    file.write_text("load\n" + "".join(f"{i}\n" for i in range(8760)))
    placed = place_series(file, "load", span)
    assert placed.values.tolist() == list(range(24, 72))
    assert codes(placed) == ["note.untimed_year"]


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_every_kind_of_file_is_placed_alike(tmp_path, kind):
    span = Span((2025,), 9.0, first_step=31 * 24, block_steps=24)
    times = hours(datetime(2022, 1, 31), datetime(2022, 2, 3))
    values = [value_at(time) for time in times]
    file = tmp_path / f"load.{kind}"
    if kind == "xlsx":
        book = openpyxl.Workbook()
        for row in (["time", "load"], *zip(times, values, strict=True)):
            book.active.append(list(row))
        book.save(file)
    elif kind == "csv":
        write(tmp_path, times)
    else:
        pd.DataFrame({"time": times, "load": values}).to_parquet(file)
    assert place_series(file, "load", span).values.tolist() == [20_100.0 + hour for hour in range(24)]


@settings(max_examples=12)
@given(
    first=st.datetimes(datetime(2019, 1, 1), datetime(2026, 1, 1)),
    offset=st.sampled_from([-8.0, 0.0, 5.5, 9.0]),
    written=st.sampled_from([None, -3.0, 0.0, 9.0]),
)
def test_any_whole_year_fills_the_year_wherever_it_begins(first, offset, written, tmp_path_factory):
    """A year of rows with true offsets, or in the place's own time: each step has the value of its own hour."""
    zone = timezone(timedelta(hours=offset))
    begin = first.replace(minute=0, second=0, microsecond=0, tzinfo=zone)
    own = [begin + timedelta(hours=i) for i in range(367 * 24)]
    # One row for each hour of the year, the first one where an hour comes twice.
    seen: set[tuple[int, int, int]] = set()
    kept = []
    for time in own:
        key = (time.month, time.day, time.hour)
        if key in seen:
            break
        seen.add(key)
        kept.append(time)
    times = [
        time.replace(tzinfo=None) if written is None else time.astimezone(timezone(timedelta(hours=written)))
        for time in kept
    ]
    span = Span((2030,), offset)
    file = write(tmp_path_factory.mktemp("s"), times, [value_at(time) for time in kept])
    np.testing.assert_array_equal(place_series(file, "load", span).values, wanted(span))
