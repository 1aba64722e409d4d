"""Hourly files of the Japan Meteorological Agency in both layouts; the year is made by a formula."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pvlib
import pytest

from kiban.errors import WeatherError
from kiban.weather.irradiance import SunshineModel, model_global
from kiban.weather.jma import W_M2_FROM_MJ_M2_H, read_jma
from kiban.weather.sun import sun_of_steps
from kiban.weather.year import Weather

pytestmark = pytest.mark.slow

PLACE = (43.06, 141.33, 17.0, 59.5)
TIDY_HEADER = "time_jst_end_of_hour,pressure_station_hPa,precip_mm,temp_degC,rh_pct,wind_m_s,ghi_MJ_m2_h,snow_depth_cm"
ELEMENTS = ("降水量(mm)", "気温(℃)", "風速(m/s)", "現地気圧(hPa)", "相対湿度(％)", "日射量(MJ/㎡)", "積雪(cm)")


def made(year: int) -> pd.DataFrame:
    """Observations at the end of each hour of a year; GHI is None with the sun down, snow in summer."""
    starts = pd.date_range(f"{year}-01-01", f"{year + 1}-01-01", freq="h", inclusive="left", tz="Etc/GMT-9")
    sun = pvlib.solarposition.get_solarposition(starts + pd.Timedelta(minutes=30), PLACE[0], PLACE[1])
    cosine = np.cos(np.radians(np.minimum(sun["zenith"].to_numpy(), 90.0)))
    i = np.arange(len(starts))
    lit = sun_of_steps(starts, PLACE[0], PLACE[1], 1.0).largest_cosine > 0
    winter = (starts.month <= 3) | (starts.month >= 12)
    summer = (starts.month >= 6) & (starts.month <= 9)
    return pd.DataFrame(
        {
            "end": (starts + pd.Timedelta(hours=1)).tz_localize(None),
            "temp": np.round(10 + i % 48 / 4, 1),
            "rh": 50 + i % 40,
            "wind": np.round(i % 97 / 10, 1),
            "pressure": np.round(1000 + i % 30 / 10, 1),
            "ghi": [round(2.4 * c, 2) if up else None for c, up in zip(cosine, lit, strict=True)],
            "snow": [None if s else (20 if w else 0) for s, w in zip(summer, winter, strict=True)],
        }
    )


YEAR = made(2022)
LEAP_YEAR = made(2024)


def text(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def tidy_lines(frame: pd.DataFrame) -> list[str]:
    lines = [TIDY_HEADER]
    for row in frame.itertuples():
        hour = f"{row.end:%Y-%m-%dT%H}"
        if row.end.hour == 0:
            hour = f"{row.end - pd.Timedelta(days=1):%Y-%m-%d}T24"
        cells = [row.pressure, 0.0, row.temp, row.rh, row.wind, row.ghi, row.snow]
        lines.append(",".join([hour, *map(text, cells)]))
    return lines


def page_lines(frame: pd.DataFrame, station: str = "札幌", four_columns: bool = False) -> list[str]:
    """The layout of the download page: wind has its direction, precipitation and snow 現象なし情報."""
    groups = [
        ("降水量(mm)", ["", "現象なし情報", "品質情報", "均質番号"], ["", "", "", ""]),
        ("気温(℃)", ["", "品質情報", "均質番号"], ["", "", ""]),
        ("風速(m/s)", ["", "品質情報", "", "品質情報", "均質番号"], ["", "", "風向", "風向", ""]),
        ("現地気圧(hPa)", ["", "品質情報", "均質番号"], ["", "", ""]),
        ("相対湿度(％)", ["", "品質情報", "均質番号"], ["", "", ""]),
        ("日射量(MJ/㎡)", ["", "品質情報", "均質番号"], ["", "", ""]),
        ("積雪(cm)", ["", "現象なし情報", "品質情報", "均質番号"], ["", "", "", ""]),
    ]
    width = sum(len(marks) for _, marks, _ in groups)
    time = ["年", "月", "日", "時"] if four_columns else ["年月日時"]
    blank = [""] * len(time)
    lines = [
        "ダウンロードした時刻：2025/04/01 09:00:00",
        "",
        ",".join([*blank, *[station] * width]),
        ",".join([*time, *[name for name, marks, _ in groups for _ in marks]]),
        ",".join([*blank, *[cell for _, _, direction in groups for cell in direction]]),
        ",".join([*blank, *[cell for _, marks, _ in groups for cell in marks]]),
    ]
    for row in frame.itertuples():
        end = row.end
        if four_columns:
            day = end - pd.Timedelta(hours=1)
            label = [str(day.year), str(day.month), str(day.day), str(day.hour + 1)]
        else:
            label = [f"{end.year}/{end.month}/{end.day} {end.hour}:00:00"]
        snow = ["", "", "1", "1"] if text(row.snow) == "" else [text(row.snow), str(int(row.snow == 0)), "8", "1"]
        cells = ["0", "1", "8", "1", text(row.temp), "8", "1", text(row.wind), "8", "北北西", "8", "1"]
        cells += [text(row.pressure), "8", "1", text(row.rh), "5", "1", text(row.ghi), "8", "1", *snow]
        lines.append(",".join([*label, *cells]))
    return lines


TIDY = tidy_lines(YEAR)
PAGE = page_lines(YEAR)
PAGE_HEADER = 6


def write(folder: Path, lines: Sequence[str], encoding: str = "cp932", name: str = "data.csv") -> Path:
    file = folder / name
    file.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    return file


def replaced(lines: Sequence[str], line: int, column: int, cell: str) -> list[str]:
    """The lines with one cell of one line (1 is the first) replaced."""
    cells = lines[line - 1].split(",")
    cells[column] = cell
    return [*lines[: line - 1], ",".join(cells), *lines[line:]]


def read(path: Path | Sequence[Path], **options: object) -> Weather:
    return read_jma(path, *PLACE, **options)  # type: ignore[arg-type]


def problems(path: Path | Sequence[Path], **options: object) -> list[str]:
    folder = path.parent if isinstance(path, Path) else path[0].parent
    with pytest.raises(WeatherError) as caught:
        read(path, **options)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


@pytest.fixture(scope="module")
def tidy(tmp_path_factory: pytest.TempPathFactory) -> Weather:
    return read(write(tmp_path_factory.mktemp("jma"), TIDY, "utf-8"))


def test_steps_start_an_hour_before_the_label(tidy: Weather) -> None:
    assert len(tidy.time) == 8760
    assert str(tidy.time[0]) == "2022-01-01 00:00:00+09:00"
    assert str(tidy.time[-1]) == "2022-12-31 23:00:00+09:00"
    assert (tidy.latitude_deg, tidy.longitude_deg, tidy.elevation_m, tidy.wind_height_m) == PLACE
    np.testing.assert_array_equal(tidy.wind_speed_m_s, YEAR["wind"])
    np.testing.assert_allclose(tidy.ghi_w_m2, YEAR["ghi"].astype(float).fillna(0.0) * W_M2_FROM_MJ_M2_H)
    assert tidy.ghi_w_m2.sum() / 1000 == pytest.approx(YEAR["ghi"].astype(float).sum() / 3.6)  # kWh/m2


def test_temperature_humidity_and_pressure_are_means_of_both_ends(tidy: Weather) -> None:
    for ours, name in (("temperature_c", "temp"), ("relative_humidity_pct", "rh"), ("pressure_hpa", "pressure")):
        at_end = YEAR[name].to_numpy(dtype=float)
        np.testing.assert_allclose(getattr(tidy, ours)[1:], (at_end[1:] + at_end[:-1]) / 2)
        assert getattr(tidy, ours)[0] == at_end[0]


def test_beam_and_diffuse_recompose_to_what_was_measured(tidy: Weather) -> None:
    sun = sun_of_steps(tidy.time, *PLACE[:2], 1.0)
    np.testing.assert_allclose(tidy.dhi_w_m2 + tidy.dni_w_m2 * sun.mean_cosine, tidy.ghi_w_m2, atol=1e-6)
    assert "DNI and DHI are modelled from measured GHI (Erbs-Driesse)" in map(str, tidy.notes)


def test_summer_without_snow_observation_counts_as_zero_and_is_said(tidy: Weather) -> None:
    np.testing.assert_array_equal(tidy.snow_depth_cm, YEAR["snow"].astype(float).fillna(0.0))
    assert any("2928 h without observation between snow-free hours" in str(note) for note in tidy.notes)


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("four_columns", [False, True])
def test_both_layouts_and_all_encodings_agree(tmp_path: Path, tidy: Weather, encoding: str, four_columns: bool) -> None:
    page = read(write(tmp_path, page_lines(YEAR, four_columns=four_columns), encoding))
    assert page.source == "JMA: 札幌"
    assert (page.time == tidy.time).all()
    for name in ("temperature_c", "relative_humidity_pct", "wind_speed_m_s", "pressure_hpa", "ghi_w_m2", "dni_w_m2"):
        np.testing.assert_array_equal(getattr(page, name), getattr(tidy, name))
    np.testing.assert_array_equal(page.snow_depth_cm, tidy.snow_depth_cm)


def test_files_by_month_in_any_order_are_joined(tmp_path: Path, tidy: Weather) -> None:
    months = YEAR["end"].sub(pd.Timedelta(hours=1)).dt.month
    files = [write(tmp_path, page_lines(YEAR[months == m]), name=f"{m}.csv") for m in (3, 1, 2, *range(12, 3, -1))]
    joined = read(files, years=[2022])
    np.testing.assert_array_equal(joined.temperature_c, tidy.temperature_c)
    said = problems(files[1:])
    assert any("744 h missing from 2022-03-01 00:00" in one and "2.csv, line 678" in one for one in said)


def test_years_are_chosen_and_the_leap_day_is_left_out(tmp_path: Path) -> None:
    file = write(tmp_path, [*tidy_lines(LEAP_YEAR), *TIDY[1:]])
    both = problems(file)
    assert any("is earlier than" in said for said in both)
    file = write(tmp_path, [*TIDY, *tidy_lines(LEAP_YEAR)[1:]])
    weather = read(file, years=[2024])
    assert weather.years == (2024,)
    assert len(weather.time) == 8760
    assert "29 February is left out (24 rows)" in map(str, weather.notes)
    march = (31 + 28) * 24
    assert weather.wind_speed_m_s[march] == LEAP_YEAR["wind"][march + 24]
    assert weather.temperature_c[0] == LEAP_YEAR["temp"][0]
    assert len(read(file).time) == 2 * 8760


def test_blank_irradiance_is_zero_at_night_only(tmp_path: Path) -> None:
    noon = 2 + 11 + 24 * 100  # 11:00 to 12:00
    column = TIDY_HEADER.split(",").index("ghi_MJ_m2_h")
    lines = replaced(TIDY, noon, column, "")
    said = problems(write(tmp_path, lines))
    assert said == [
        f"data.csv, line {noon}: ghi_w_m2 is missing (NaN) for 1 h from 2022-04-11 11:00; "
        "complete the column, or ask to fill gaps (fill_gaps_hours = 1)."
    ]
    filled = read(write(tmp_path, lines), fill_gaps_hours=1)
    assert filled.ghi_w_m2[noon - 2] == pytest.approx(YEAR["ghi"][noon - 2] * W_M2_FROM_MJ_M2_H, rel=0.01)
    assert any("ghi_w_m2: 1 h filled by clearness (gaps of at most 1 h)" in str(note) for note in filled.notes)


def test_a_single_missing_temperature_stays_one_gap(tmp_path: Path) -> None:
    column = TIDY_HEADER.split(",").index("temp_degC")
    lines = replaced(TIDY, 502, column, "")
    [said] = problems(write(tmp_path, lines))
    assert said.startswith("data.csv, line 502: temperature_c is missing (NaN) for 1 h from 2022-01-21 20:00")
    weather = read(write(tmp_path, lines), fill_gaps_hours=1)
    at_end = YEAR["temp"]
    before, after = (at_end[499] + at_end[498]) / 2, at_end[501]
    assert weather.temperature_c[501] == at_end[501]
    assert weather.temperature_c[500] == pytest.approx((before + after) / 2)


@pytest.mark.parametrize("quality", ["4", "2", "1", "0"])
def test_values_of_low_quality_are_gaps_and_are_counted(tmp_path: Path, quality: str) -> None:
    line = PAGE_HEADER + 101
    lines = replaced(PAGE, line, 6, quality)  # of the temperature
    said = problems(write(tmp_path, lines))
    assert said[0].startswith(f"data.csv, line {line}: temperature_c is missing (NaN) for 1 h")
    assert said[1] == f"data.csv, line {line}: temperature_c 1 values of quality 4, 2, 1 or 0 count as missing."
    assert len(said) == 2
    assert len(read(write(tmp_path, lines), fill_gaps_hours=1).time) == 8760


def test_quality_of_wind_direction_does_not_matter(tmp_path: Path) -> None:
    lines = replaced(PAGE, PAGE_HEADER + 101, 11, "1")
    np.testing.assert_array_equal(read(write(tmp_path, lines)).wind_speed_m_s, YEAR["wind"])
    lines = replaced(PAGE, PAGE_HEADER + 101, 9, "1")
    assert "wind_speed_m_s is missing" in problems(write(tmp_path, lines))[0]


def test_several_stations_must_be_chosen_from(tmp_path: Path, tidy: Weather) -> None:
    lines = []
    for i, (a, b) in enumerate(zip(PAGE, page_lines(made(2022), "小樽"), strict=True)):
        lines.append(a if i < 2 else f"{a},{b.split(',', 1)[1]}")
    file = write(tmp_path, lines)
    assert problems(file) == [
        "data.csv, line 3: station holds 2 stations (札幌, 小樽); name one of them in weather.station."
    ]
    assert problems(file, station="函館")[0].startswith("data.csv, line 3: station '函館' is not in this file")
    np.testing.assert_array_equal(read(file, station="札幌").temperature_c, tidy.temperature_c)
    assert read(file, station="小樽").source == "JMA: 小樽"
    other = write(tmp_path, page_lines(YEAR, "小樽"), name="other.csv")
    assert "hold different stations (小樽, 札幌)" in problems([write(tmp_path, PAGE), other])[0]


def test_missing_elements_are_named(tmp_path: Path) -> None:
    lines = [line.replace("現地気圧(hPa)", "海面気圧(hPa)") for line in PAGE[:8]]
    assert problems(write(tmp_path, lines)) == [
        "data.csv, line 4 lacks 現地気圧(hPa); "
        "tick these elements on the download page (all in one file, for each period)."
    ]
    lines = [TIDY_HEADER.replace("wind_m_s", "wind"), *TIDY[1:]]
    assert problems(write(tmp_path, lines)) == ["data.csv, line 1 has no column wind_m_s; add it to the table."]


def test_names_with_other_signs_and_without_snow_are_read(tmp_path: Path) -> None:
    lines = [line.replace("日射量(MJ/㎡)", "全天日射量(MJ/m2)").replace("％", "%") for line in PAGE]
    lines = [line.replace("積雪(cm)", "降雪(cm)") for line in lines]
    weather = read(write(tmp_path, lines))
    assert weather.snow_depth_cm is None


def test_a_gap_in_snow_of_winter_is_no_summer(tmp_path: Path) -> None:
    column = TIDY_HEADER.split(",").index("snow_depth_cm")
    [said] = problems(write(tmp_path, replaced(TIDY, 300, column, "")))
    assert said.startswith("data.csv, line 300: snow_depth_cm is missing (NaN) for 1 h")
    blank = [TIDY[0], *[",".join([*line.split(",")[:-1], ""]) for line in TIDY[1:]]]
    assert read(write(tmp_path, blank)).snow_depth_cm is None


def test_no_phenomenon_means_zero(tmp_path: Path) -> None:
    line = PAGE_HEADER + 8000  # in November, snow-free
    cells = PAGE[line - 1].split(",")
    cells[-4:] = ["", "1", "8", "1"]
    weather = read(write(tmp_path, [*PAGE[: line - 1], ",".join(cells), *PAGE[line:]]))
    assert weather.snow_depth_cm is not None
    assert weather.snow_depth_cm[7999] == 0.0


def test_faulty_cells_come_all_at_once_with_line(tmp_path: Path) -> None:
    lines = replaced(TIDY, 10, 3, "cold")
    lines = replaced(lines, 20, 0, "yesterday")
    lines = replaced(lines, 30, 5, "///")
    said = problems(write(tmp_path, lines))
    assert said == [
        "data.csv, line 10: temperature_c is 'cold', not a number; leave missing values blank.",
        "data.csv, line 20: time is 'yesterday', not a time; "
        "write times like 2022/1/1 1:00 or 2022-01-01T01, in Japanese standard time.",
        "data.csv, line 30: wind_speed_m_s is '///', not a number; leave missing values blank.",
    ]


def test_duplicated_missing_and_impossible_rows_name_file_and_line(tmp_path: Path) -> None:
    said = problems(write(tmp_path, [*TIDY[:10], TIDY[9], *TIDY[10:]]))
    assert said[0].startswith("data.csv, line 11: time 2022-01-01 08:00 is duplicated (first in data.csv, line 10)")
    said = problems(write(tmp_path, [*TIDY[:10], *TIDY[12:]]))
    assert said[0].startswith("data.csv, line 10: time 2 h missing from 2022-01-01 09:00 to 2022-01-01 11:00")
    said = problems(write(tmp_path, replaced(TIDY, 40, 4, "140")))
    assert "data.csv, line 40: relative_humidity_pct is" in said[0]
    [said_of_wind] = problems(write(tmp_path, replaced(TIDY, 50, 5, "-3")))
    assert said_of_wind.startswith("data.csv, line 50: wind_speed_m_s is -3 at 2022-01-03 00:00")


def test_files_that_are_no_observations(tmp_path: Path) -> None:
    assert "data.csv is not a table of hourly observations" in problems(write(tmp_path, ["a,b", "1,2"]))[0]
    assert problems(write(tmp_path, TIDY[:1])) == ["data.csv has no rows; download it again."]
    daily = ["ダウンロードした時刻：2025/04/01 09:00:00", "", ",札幌", "年月日,平均気温(℃)", "2022/1/1,1.0"]
    assert "choose hourly values (時別値)" in problems(write(tmp_path, daily))[0]
    assert "is a directory" in problems([tmp_path])[0]
    with pytest.raises(WeatherError, match="no file is named"):
        read_jma([], *PLACE)
    said = problems([write(tmp_path, ["a"], name="x.csv"), tmp_path / "none.csv"])
    assert len(said) == 2


def test_wrong_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeatherError, match=r"UTC\+9 at longitude 10"):
        read_jma(write(tmp_path, TIDY), 43.0, 10.0, 17.0, 59.5)


@pytest.mark.parametrize("layout", ["tidy", "page"])
def test_irradiance_from_sunshine_where_there_is_none(tmp_path: Path, layout: str) -> None:
    starts = pd.DatetimeIndex(YEAR["end"] - pd.Timedelta(hours=1)).tz_localize("Etc/GMT-9")
    sun = sun_of_steps(starts, PLACE[0], PLACE[1], 1.0)
    shone = np.round(np.where(np.arange(8760) % 5 < 3, sun.sunlit, 0.0), 1)
    if layout == "tidy":
        lines = [",".join(line.split(",")[:6] + line.split(",")[7:]) for line in TIDY]
        lines = [f"{lines[0]},sunshine_h", *(f"{line},{hours:g}" for line, hours in zip(lines[1:], shone, strict=True))]
    else:
        lines = [line.replace("日射量(MJ/㎡)", "日照時間(時間)") for line in PAGE]
        at = PAGE[3].split(",").index("日射量(MJ/㎡)")
        rows = [line.split(",") for line in lines[PAGE_HEADER:]]
        for cells, hours in zip(rows, shone, strict=True):
            cells[at] = f"{hours:g}"
        lines = [*lines[:PAGE_HEADER], *(",".join(cells) for cells in rows)]
    file = write(tmp_path, lines)
    weather = read_jma(file, *PLACE, sunshine=SunshineModel(0.244, 0.511, 0.118))
    assert {"ghi_w_m2", "dni_w_m2", "dhi_w_m2"} <= weather.synthetic
    assert weather.notes[0].code == "note.sunshine"
    np.testing.assert_allclose(weather.ghi_w_m2, model_global(shone, sun, SunshineModel(0.244, 0.511, 0.118)))
    np.testing.assert_allclose(weather.dhi_w_m2 + weather.dni_w_m2 * sun.mean_cosine, weather.ghi_w_m2, atol=1e-9)
    with pytest.raises(WeatherError, match="have sunshine and no irradiance"):
        read_jma(file, *PLACE)
    bare = [",".join(line.split(",")[:-1]) for line in lines] if layout == "tidy" else None
    if bare is not None:
        with pytest.raises(WeatherError, match="has no column ghi_MJ_m2_h"):
            read_jma(write(tmp_path, bare), *PLACE)
