"""spot_summary files of the Japan Electric Power Exchange: fiscal years, half-hours, areas, encodings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from kiban.calendar import steps_per_year
from kiban.errors import WeatherError
from kiban.weather.jepx import AREAS, read_fiscal_year, read_jepx
from kiban.weather.placement import Span

pytestmark = pytest.mark.slow

HEADER = (
    "受渡日,時刻コード,売り入札量(kWh),買い入札量(kWh),約定総量(kWh),システムプライス(円/kWh),"
    + ",".join(f"エリアプライス{name}(円/kWh)" for area, name in AREAS.items() if area != "system")
    + ",売りブロック入札総量(kWh)"
)


def price_of(day: date, half: int) -> float:
    """Made-up system price: differs for every half-hour of a year."""
    return day.timetuple().tm_yday + half / 100


def rows_of(year: int) -> list[str]:
    """Rows of fiscal `year`; the area number a (hokkaido 1 ... kyushu 9) costs 1000 a more."""
    rows = []
    day = date(year, 4, 1)
    while day < date(year + 1, 4, 1):
        for half in range(1, 49):
            price = price_of(day, half)
            areas = ",".join(f"{price + 1000 * a:.2f}" for a in range(1, 10))
            rows.append(f"{day:%Y/%m/%d},{half},1,2,3,{price:.2f},{areas},9")
        day += timedelta(days=1)
    return rows


ROWS = {year: rows_of(year) for year in (2022, 2023, 2024)}


def write(
    folder: Path, year: int, rows: list[str] | None = None, encoding: str = "cp932", header: str = HEADER
) -> Path:
    file = folder / f"spot_summary_{year}.csv"
    file.write_bytes("\r\n".join([header, *(ROWS[year] if rows is None else rows)]).encode(encoding))
    return file


def problems(call: Callable[[], object]) -> list[str]:
    with pytest.raises(WeatherError) as caught:
        call()
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_calendar_year_from_two_fiscal_years(tmp_path: Path, encoding: str) -> None:
    files = [write(tmp_path, 2023, encoding=encoding), write(tmp_path, 2022, encoding=encoding)]
    price = read_jepx(files, "system", Span((2023,), 9.0))
    assert price.shape == (8760,)
    assert price[0] == pytest.approx((1.01 + 1.02) / 2 * 1e-3)
    assert price[8759] == pytest.approx((365.47 + 365.48) / 2 * 1e-3)
    kyushu = read_jepx(files, "kyushu", Span((2023,), 9.0, step_hours=0.5))
    assert kyushu.shape == (17520,)
    np.testing.assert_allclose(kyushu[:3], np.array([9001.01, 9001.02, 9001.03]) * 1e-3)
    np.testing.assert_allclose(kyushu.reshape(-1, 2).mean(axis=1), price + 9.0)


def test_leap_day_is_left_out_and_years_keep_their_order(tmp_path: Path) -> None:
    files = [write(tmp_path, year) for year in (2022, 2023, 2024)]
    price = read_jepx(files, "system", Span((2024, 2023), 9.0))
    assert price.shape == (2 * steps_per_year(),)
    leap_year, common_year = np.split(price, 2)
    hour_of_march = (31 + 28) * 24
    assert leap_year[hour_of_march] == pytest.approx((61.01 + 61.02) / 2 * 1e-3)
    assert common_year[hour_of_march] == pytest.approx((60.01 + 60.02) / 2 * 1e-3)
    np.testing.assert_allclose(leap_year[:hour_of_march], common_year[:hour_of_march])


def test_fiscal_year_in_yen_per_kwh(tmp_path: Path) -> None:
    price = read_fiscal_year(write(tmp_path, 2023), "system", 2023)
    assert price.shape == (366 * 48,)
    assert price[0] == 91.01
    assert price[-1] == 91.48


def test_the_missing_fiscal_year_is_named(tmp_path: Path) -> None:
    file = write(tmp_path, 2023)
    [said] = problems(lambda: read_jepx(file, "tokyo", Span((2023,), 9.0)))
    assert said == (
        f"{file} fiscal year 2022, which holds 2023-01-01 to 2023-03-31, is not in the files; "
        "add spot_summary_2022.csv."
    )
    said_all = problems(lambda: read_jepx(file, "tokyo", Span((2022, 2025), 9.0)))
    assert [text.split("fiscal year ")[1][:4] for text in said_all] == ["2021", "2022", "2024", "2025"]


def test_missing_half_hours_are_placed(tmp_path: Path) -> None:
    rows = list(ROWS[2023])
    del rows[50:52]  # 2 April, half-hours 3 and 4
    del rows[94:142]  # all of 4 April... shifted by the two rows above: 2 April 49 does not exist
    file = write(tmp_path, 2023, rows)
    said = problems(lambda: read_fiscal_year(file, "tokyo", 2023))
    assert said == [
        f"{file}, after line 51 2023-04-02 lacks half-hours 3, 4; add the rows, or download the file again.",
        f"{file}, after line 95 2023-04-03 lacks all half-hours; add the rows, or download the file again.",
    ]


def test_faults_of_rows_come_all_at_once_with_line(tmp_path: Path) -> None:
    rows = list(ROWS[2023])
    rows[1] = rows[1].replace(",2,", ",-2,", 1)
    rows[2] = rows[2].replace(",3,", ",49,", 1)
    rows[3] = rows[3].replace("2023/04/01", "2023/04/31", 1)
    rows[5] = rows[4]
    file = write(tmp_path, 2023, rows)
    said = problems(lambda: read_fiscal_year(file, "tokyo", 2023))
    assert said == [
        f"{file}, line 3: 時刻コード is '-2'; give a code from 1 to 48.",
        f"{file}, line 4: 時刻コード is '49'; give a code from 1 to 48.",
        f"{file}, line 5: 受渡日 is '2023/04/31', not a date; write dates as 2023/04/01.",
        f"{file}, line 7 2023-04-01 half-hour 5 is duplicated (first in {file}, line 6); "
        "keep one row for each half-hour, and name each file once.",
    ]


def test_prices_that_are_no_numbers_and_negative_prices(tmp_path: Path) -> None:
    rows = list(ROWS[2023])
    rows[0] = rows[0].replace("3091.01", "")
    rows[1] = rows[1].replace("3091.02", "closed")
    rows[2] = rows[2].replace("3091.03", "-0.5")
    file = write(tmp_path, 2023, rows)
    said = problems(lambda: read_fiscal_year(file, "tokyo", 2023))
    assert said[0].startswith(f"{file}, line 2: price of tokyo is empty; give the price in yen/kWh")
    assert said[1].startswith(f"{file}, line 3: price of tokyo is 'closed', not a price")
    assert len(said) == 2
    assert read_fiscal_year(file, "kansai", 2023)[0] == 6091.01


def test_the_same_file_twice_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, 2023)
    said = problems(lambda: read_fiscal_year([file, file], "tokyo", 2023))
    assert "half-hour 1 is duplicated (first in" in said[0]
    assert "and 17,548 more" in said[-1]


def test_faults_of_the_call(tmp_path: Path) -> None:
    file = write(tmp_path, 2023)
    assert problems(lambda: read_jepx(file, "tokio", Span((2023,), 9.0))) == [
        "area 'tokio' is not a price area; did you mean 'tokyo'?"
    ]
    assert "use one of system, hokkaido" in problems(lambda: read_jepx(file, "x", Span((2023,), 9.0)))[0]
    fifths = Span((2023,), 9.0, step_hours=0.2)
    assert "cannot be made of half-hours" in problems(lambda: read_jepx(file, "tokyo", fifths))[0]
    assert "no year is asked for" in problems(lambda: read_jepx(file, "tokyo", Span((), 9.0)))[0]
    assert "no file is named" in problems(lambda: read_jepx([], "tokyo", Span((2023,), 9.0)))[0]
    missing = tmp_path / "spot_summary_2021.csv"
    assert (
        "does not exist; did you mean 'spot_summary_2023.csv'"
        in problems(lambda: read_jepx([missing, file], "tokyo", Span((2023,), 9.0)))[0]
    )


def test_files_that_are_no_spot_summary(tmp_path: Path) -> None:
    file = write(tmp_path, 2023, header="日,時,値")
    assert "line 1 is not a spot_summary table" in problems(lambda: read_fiscal_year(file, "tokyo", 2023))[0]
    file = write(tmp_path, 2023, header="受渡日,時刻コード,システムプライス(円/kWh)")
    assert "has no price column for tokyo (東京)" in problems(lambda: read_fiscal_year(file, "tokyo", 2023))[0]
    file = write(tmp_path, 2023, rows=[])
    assert "has no rows" in problems(lambda: read_fiscal_year(file, "tokyo", 2023))[0]


@pytest.mark.parametrize(
    ("column", "said_of"),
    [
        ("時刻", lambda half: f"{half // 2}:{half % 2 * 30:02d}"),  # ends: 0:30 ... 24:00
        ("時刻", lambda half: f"{(half - 1) // 2:02d}:{(half - 1) % 2 * 30:02d}"),  # starts: 00:00 ... 23:30
        (
            "時間帯",
            lambda half: f"{(half - 1) // 2:02d}:{(half - 1) % 2 * 30:02d}～{half // 2:02d}:{half % 2 * 30:02d}",
        ),
    ],
    ids=["ends", "starts", "ranges"],
)
def test_a_column_of_times_instead_of_codes(tmp_path: Path, column: str, said_of: Callable[[int], str]) -> None:
    rows = []
    for row in ROWS[2023]:
        day, half, rest = row.split(",", 2)
        rows.append(f"{day},{said_of(int(half))},{rest}")
    file = write(tmp_path, 2023, rows, header=HEADER.replace("時刻コード", column))
    np.testing.assert_array_equal(
        read_fiscal_year(file, "tokyo", 2023), read_fiscal_year(write(tmp_path, 2023), "tokyo", 2023)
    )


def test_faulty_times_are_refused(tmp_path: Path) -> None:
    rows = ["2023/04/01,24:30,1,2,3,4,5,6,7", "2023/04/01,00:15,1,2,3,4,5,6,7", "2023/04/01,noon,1,2,3,4,5,6,7"]
    file = write(tmp_path, 2023, rows, header=HEADER.replace("時刻コード", "時刻"))
    said = problems(lambda: read_fiscal_year(file, "tokyo", 2023))
    assert [text.split("is ")[1][:7] for text in said] == ["'24:30'", "'00:15'", "'noon';"]


def test_english_column_names(tmp_path: Path) -> None:
    header = HEADER.replace("受渡日", "Date").replace("時刻コード", "Time Code")
    for area, name in AREAS.items():
        english = "System Price" if area == "system" else f"Area Price {area.title()}"
        japanese = "システムプライス" if area == "system" else f"エリアプライス{name}"
        header = header.replace(f"{japanese}(円/kWh)", f"{english}(JPY/kWh)")
    file = write(tmp_path, 2023, header=header, encoding="utf-8")
    assert read_fiscal_year(file, "hokkaido", 2023)[0] == 1091.01
