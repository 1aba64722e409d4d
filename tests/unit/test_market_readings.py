"""Files of the power system in the dialects of their publishers, small and made up, read into hours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from kiban.catalogue import load_catalogue
from kiban.catalogue.prices import PRICE_AREAS
from kiban.errors import WeatherError
from kiban.market.fuels import fuel_prices
from kiban.market.readings.area_record import AreaRecord, area_of_file, read_area_record
from kiban.market.readings.balancing import read_balancing
from kiban.market.readings.folder import read_folder
from kiban.market.readings.fuel_table import read_fuel_table
from kiban.market.readings.headings import number_of
from kiban.market.readings.outages import lost_mw, read_outages
from kiban.market.readings.power_usage import read_power_usage
from kiban.market.readings.tie_record import FENCES, TIES, close_fences, inflows, read_tie_record
from kiban.market.readings.unit_output import read_unit_output, source_of
from kiban.report.messages import say

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, lines: list[str], encoding: str = "cp932") -> Path:
        file = tmp_path / name
        file.write_bytes("\r\n".join(lines).encode(encoding))
        return file

    return write_file


HOKKAIDO = [
    "単位[MWh],,,,,,,,,,,,,,",
    ",,,供給力,,,,,,,,,,,",
    "月日,時刻,エリア需要,原子力,火力,水力,地熱,バイオマス,太陽光実績,太陽光抑制量,風力実績,風力抑制量,揚水,連系線,供給力合計",
    ",,,,,,,,,,,,,,",
    '2022/4/1,0時,"3,166",0,"2,573",474,13,3,0,0,40,0,21,42,3166',
    ",1時,3282,0,2640,531,13,3,0,5,34,1,0,61,3282",
    ",2時,3300,0,2640,549,13,3,0,0,34,0,0,61,3300",
]
TOHOKU = [
    "DATE_TIME,エリア需要〔MWh〕,水力〔MWh〕,火力〔MWh〕,原子力〔MWh〕,太陽光実績〔MWh〕,太陽光抑制量〔MWh〕,"
    "風力実績〔MWh〕,風力抑制量〔MWh〕,地熱〔MWh〕,バイオマス〔MWh〕,揚水〔MWh〕,連系線〔MWh〕",
    "2022/4/1 0:00,8000,1500,9000,0,0,0,300,2,20,100,80,-3000",
    "2022/4/1 1:00,8100,1500,9100,0,0,0,300,0,20,100,80,-3000",
]
TOKYO = [
    "単位[万kWh],,,,,,,,,,,,,,",
    "DATE,TIME,東京エリア需要,供給力,,,,,,,,,,,",
    ",,,原子力,火力,水力,地熱,バイオマス,太陽光発電実績,太陽光出力制御量,風力発電実績,風力出力制御量,揚水,連系線,合計",
    '2022/4/1,0:00,"2,555",0,2258,92,0,2,0,0,3,0,0,200,"2,555"',
    "2022/4/1,1:00,2500,0,2200,92,0,2,0,0,3,0,3,200,2500",
]
CHUBU = [
    "中部エリアの需給実績,,,,,,,,,,,,,",
    "単位：MWh,,,,,,,,,,,,,",
    ",,需要実績,供給実績,,,,,,,,,,",
    "DATE,TIME,需要,原子力,火力,水力,地熱,バイオマス,太陽光（実績）,太陽光（出力制御量）,風力（実績）,風力（出力制御量）,揚水,連系線",
    "2022/04/01,0:00,12000,0,10000,1500,0,20,0,0,30,0,-50,500",
    "2022/04/01,1:00,12000,0,10000,1500,0,20,0,0,30,0,-50,500",
]
KANSAI = [
    ",,,,,,,太陽光,太陽光,風力,風力,,",
    "DATE_TIME,エリア需要〔MWh〕,原子力〔MWh〕,火力〔MWh〕,水力〔MWh〕,地熱〔MWh〕,バイオマス〔MWh〕,"
    "実績〔MWh〕,抑制量〔MWh〕,実績〔MWh〕,抑制量〔MWh〕,揚水〔MWh〕,連系線〔MWh〕",
    "2016/4/1 0:00,12918,0,10405,758,0,0,10,7,41,3,79,1625",
    "2016/4/1 1:00,12918,0,10405,758,0,0,10,7,41,3,79,1625",
]
KYUSHU = [  # the group's name stands above the first of its columns alone
    ",,,,,,,太陽光,,風力,,,",
    *KANSAI[1:],
]
CHUGOKU = [
    "供給区域の需給実績,,,,,,,,,,,,,",
    ",,需要実績(MWh),供給実績(MWh),,,,,,,,,,",
    "DATE,TIME,需要,原子力,火力,水力,地熱,バイオマス,太陽光(実績),太陽光(抑制量),風力(実績),風力(抑制量),揚水,連系線潮流",
    "2023/12/13,0:00,5000,0,4523,249,0,186,0,－,2,－,129,-89",
    "2023/12/13,1:00,4900,0,4400,250,0,186,0,－,2,－,150,△88",
]
OKINAWA = [
    "需給実績公表,,,,,,,,,,,,",
    "※注意（単位：MWh）,,,,,,,,,,,,",
    ",,,,,,,,,,,,",
    "DATE,TIME,エリアの需要実績,,エリアの供給実績,,,,,,,,",
    ",,,,火力,水力,ﾊﾞｲｵﾏｽ,太陽光,,風力,,合計,",
    ',,,,,,,,"太陽光\n出力制御量",,"風力\n出力制御量",,',
    "2016/4/1,0:00,648,,643,1,2,0,4,2,0,648,",
    "2016/4/1,1:00,648,,643,1,2,0,0,2,0,648,",
]
NEW_NAMES = (
    "DATE,TIME,エリア需要,原子力,火力(LNG),火力(石炭),火力(石油),火力(その他),水力,地熱,バイオマス,"
    "太陽光発電実績,太陽光出力制御量,風力発電実績,風力出力制御量,揚水,蓄電池,連系線,その他,合計"
)
NEW = ["単位[MW平均],,,供給力", NEW_NAMES]


def half_hours(labels: list[str], tie: int = 100, day: str = "2024/04/01") -> list[str]:
    """Rows of the half-hourly dialect whose supplies are 900 MW and a tie's."""
    demand = 900 + abs(tie)
    return [
        f"{day},{label},{demand},100,200,300,10,20,50,5,15,150,30,40,2,-20,10,{tie},20,{demand}" for label in labels
    ]


def clocks(first: int, count: int = 48) -> list[str]:
    return [f"{minutes // 60}:{minutes % 60:02d}" for minutes in range(first, first + 30 * count, 30)]


def at_first(record: AreaRecord, *names: str) -> list[float]:
    return [float(record.values[name][0]) for name in names]


@pytest.mark.parametrize(
    ("name", "lines", "area", "expected"),
    [
        ("sup_dem_results_2022_1q.csv", HOKKAIDO, "hokkaido", (3166, 2573, 0, 40, 21, 42)),
        ("juyo_2022_tohoku_1Q.csv", TOHOKU, "tohoku", (8000, 9000, 0, 300, 80, -3000)),
        ("area-2022.csv", TOKYO, "tokyo", (25550, 22580, 0, 30, 0, 2000)),
        ("2022_areabalance_current_term.csv", CHUBU, "chubu", (12000, 10000, 0, 30, -50, 500)),
        ("area_jyukyu_jisseki_2016.csv", KANSAI, "kansai", (12918, 10405, 10, 41, 79, 1625)),
        ("area_jyukyu_jisseki_2016_1Q.csv", KYUSHU, "kyushu", (12918, 10405, 10, 41, 79, 1625)),
        ("kako-2023.csv", CHUGOKU, "chugoku", (5000, 4523, 0, 2, 129, -89)),
    ],
)
def test_the_hourly_dialects(write: Write, name: str, lines: list[str], area: str, expected: tuple[float, ...]) -> None:
    record = read_area_record(write(name, lines))
    assert record.area == area
    assert at_first(record, "demand", "thermal", "solar", "wind", "pumped", "tie_inflow") == list(expected)
    assert record.notes == ()
    assert (np.diff(record.start) == np.timedelta64(1, "h")).all()
    assert record.start[0].astype("datetime64[h]").astype(int) % 24 == 0


def test_a_day_that_is_written_once_and_curtailment(write: Write) -> None:
    record = read_area_record(write("sup_dem_results_2022_1q.csv", HOKKAIDO))
    assert record.start.tolist() == [np.datetime64(f"2022-04-01T0{hour}", "h").tolist() for hour in range(3)]
    assert record.values["solar_curtailed"].tolist() == [0, 5, 0]
    assert record.values["wind_curtailed"].tolist() == [0, 1, 0]


def test_an_island_without_ties(write: Write) -> None:
    record = read_area_record(write("2016.csv", OKINAWA), "okinawa")
    assert at_first(record, "demand", "thermal", "hydro", "biomass", "wind", "solar_curtailed") == [
        648,
        643,
        1,
        2,
        2,
        4,
    ]
    assert at_first(record, "nuclear", "pumped", "tie_inflow") == [0, 0, 0]


def test_shikoku_s_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["単位[MWh]"])
    book.active.append(CHUGOKU[2].split(","))
    for clock, row in zip(("0:00", "1:00"), CHUGOKU[3:], strict=True):
        cells = row.split(",")
        numbers = [None if cell == "－" else float(cell.replace("△", "-")) for cell in cells[2:]]
        book.active.append([pd.Timestamp(cells[0]), clock, *(0.0 if number is None else number for number in numbers)])
    book.save(tmp_path / "jukyu2023.xlsx")
    record = read_area_record(tmp_path / "jukyu2023.xlsx")
    assert record.area == "shikoku"
    assert at_first(record, "demand", "thermal", "tie_inflow") == [5000, 4523, -89]


@pytest.mark.parametrize("encoding", ["cp932", "utf-8-sig"])
@pytest.mark.parametrize(("first", "area"), [(0, "02"), (30, "09")])
def test_the_half_hourly_dialect_with_either_label(write: Write, encoding: str, first: int, area: str) -> None:
    lines = [*NEW, *half_hours(clocks(first))]
    record = read_area_record(write(f"eria_jukyu_202404_{area}.csv", lines, encoding))
    assert record.area == {"02": "tohoku", "09": "kyushu"}[area]
    assert len(record.start) == 24
    assert record.start[0] == np.datetime64("2024-04-01T00")
    assert at_first(record, "demand", "thermal", "biomass", "solar", "battery", "other", "tie_inflow") == [
        1000, 530, 15, 150, 10, 20, 100,
    ]  # fmt: skip
    assert record.values["solar_curtailed"][0] == 30


def test_more_columns_full_width_names_days_without_slashes_and_days_to_come(write: Write) -> None:
    names = (
        NEW_NAMES.replace("火力(その他)", "火力（その他）,火力出力制御量")
        .replace("バイオマス,", "バイオマス,バイオマス出力制御量,")
        .replace("火力(LNG)", "火力（ＬＮＧ）")
    )
    rows = []
    for row in half_hours(clocks(0, 4), day="20240401"):
        cells = row.split(",")
        rows.append(",".join([*cells[:8], "7", *cells[8:11], "3", *cells[11:]]))
    blank = "20240401,2:00" + "," * 20
    record = read_area_record(write("eria_jukyu_202404_01.csv", [NEW[0], names, *rows, blank]))
    assert len(record.start) == 2
    assert at_first(record, "demand", "thermal", "biomass", "solar") == [1000, 530, 15, 150]


def test_a_tie_of_the_other_sign_is_turned_and_said(write: Write) -> None:
    rows = [row.replace(",1100,", ",700,").replace(",1100", ",700") for row in half_hours(clocks(0), tie=200)]
    record = read_area_record(write("eria_jukyu_202404_08.csv", [*NEW, *rows]))
    assert record.values["tie_inflow"][0] == -200
    assert [note.code for note in record.notes] == ["note.tie_sign"]
    assert "counted the other way" in say(record.notes[0], "en")


BROKEN = [row.replace(",0:30,1000,", ",0:30,many,") for row in half_hours(clocks(0))]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["a,b", "1,2"], "is no table of a power system that is known"),
        ([NEW_NAMES, *half_hours(clocks(0))], "has no unit"),
        ([NEW[0], NEW_NAMES.replace("エリア需要", "x"), *half_hours(clocks(0))], "has no column of demand"),
        ([*NEW, *BROKEN], "is 'many', not a number"),
        ([*NEW, *half_hours(["0:00", "0:00"])], "which is not after the row before"),
        ([*NEW, *half_hours(["0:00", "0:20"])], "runs in steps of 20 min"),
        ([*NEW, *half_hours(["0:30", "1:00", "1:30"])], "nothing says whether times are starts or ends"),
        ([*NEW, *[row.replace(",100,200,300,", ",100,200,900,") for row in half_hours(clocks(0))]], "does not add up"),
        ([*NEW, *[row.replace(",100,200,300,", ",,200,400,", 1) for row in half_hours(clocks(0))][:2],
          *half_hours(clocks(0))[2:]], "is empty"),
        ([*NEW, *half_hours(["0:00", "25:00"])], "not a time"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(write: Write, lines: list[str], said: str) -> None:
    with pytest.raises(WeatherError, match=said):
        read_area_record(write("eria_jukyu_202404_02.csv", lines))


def test_whose_a_file_is() -> None:
    names = ("20240401_hokkaido_jukyu.csv", "area_jisseki_rikuden202203.csv", "eria_jukyu_202501_10.csv")
    assert [area_of_file(name) for name in names] == ["hokkaido", "hokuriku", "okinawa"]
    for name in ("load.csv", "eria_jukyu_202501_11.csv"):
        with pytest.raises(WeatherError, match="does not tell its area by its name"):
            area_of_file(name)
    with pytest.raises(WeatherError, match="'kantou' is not a price area"):
        read_area_record("load.csv", "kantou")


@pytest.mark.parametrize(
    ("cell", "number"),
    [("2,555", 2555), ("△305", -305), ("－", 0), ("１２", 12), (3.5, 3.5), ("1,23", None), ("", None)],
)
def test_numbers_as_companies_write_them(cell: object, number: float | None) -> None:
    assert number_of(cell) == number


POWER = [
    "2022/12/1 23:55 UPDATE",
    "ピーク時供給力(万kW),時間帯,供給力情報更新日,供給力情報更新時刻",
    "4607,13:00～14:00,12/1,23:40",
    "",
    "DATE,TIME,当日実績(万kW),予測値(万kW),使用率(%),供給力(万kW)",
    *[f"2022/12/1,{hour}:00,{2500 + hour if hour < 20 else 0},2600,77,3359" for hour in range(24)],
    "",
    "DATE,TIME,当日実績(５分間隔値)(万kW),太陽光発電実績(５分間隔値)(万kW)",
    *[f"2022/12/1,{m // 60}:{m % 60:02d},2500,{60 + m // 5 % 12 if m < 600 else 0}" for m in range(0, 1440, 5)],
]


def test_a_day_of_power_usage(write: Write) -> None:
    usage = read_power_usage(write("20221201_power_usage.csv", POWER))
    assert len(usage.start) == 20  # hours to come have no demand yet
    assert usage.demand_mw[:2].tolist() == [25000, 25010]
    assert set(usage.forecast_mw) == {26000.0}
    assert set(usage.supply_capacity_mw) == {33590.0}
    assert usage.solar_mw[[0, 9, 10]].tolist() == [655, 655, 0]


def test_a_year_of_demand_alone(write: Write) -> None:
    lines = ["2021/4/1 0:05 UPDATE", "DATE,TIME,実績(万kW)", "2020/4/1,0:00,2500", "2020/4/1,1:00,2400"]
    usage = read_power_usage(write("juyo-2020.csv", lines))
    assert usage.demand_mw.tolist() == [25000, 24000]
    assert np.isnan(usage.forecast_mw).all()
    with pytest.raises(WeatherError, match="has no column of demand"):
        read_power_usage(write("other.csv", ["DATE,TIME,気温", "2020/4/1,0:00,12", "2020/4/1,1:00,11"]))


TIE_NAMES = "連系線,対象日付,対象時刻,運用容量(順方向),運用容量(逆方向),マージン(順方向),マージン(逆方向),潮流実績"


def tie_rows(name: str, flow: float, capacity: str = "900,-500", minutes: int = 5) -> list[str]:
    ends = range(minutes, 24 * 60 + 1, minutes)
    return [f"{name},2026/09/06,{m // 60:02d}:{m % 60:02d},{capacity},100,-30,{flow + m % 2}" for m in ends]


def test_flows_and_limits_of_ties(write: Write) -> None:
    lines = [TIE_NAMES, *tie_rows("北海道・本州間電力連系設備", 120.5), *tie_rows("関西-中国（東）", 9)]
    record = read_tie_record(write("ties.csv", lines))
    assert record.names == ("北海道・本州間電力連系設備",)
    assert record.start[[0, -1]].tolist() == np.array(["2026-09-06T00", "2026-09-06T23"], "datetime64[h]").tolist()
    assert record.flow_mw[0, 0] == 121.0
    assert (record.forward_limit_mw[0, 0], record.reverse_limit_mw[0, 0]) == (800.0, 470.0)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([TIE_NAMES, *tie_rows("周波数変換設備", 1, ",-500")], "周波数変換設備 has no limit"),
        ([TIE_NAMES, *tie_rows("第二の線", 1)], "'第二の線' is not a tie that is known"),
        (["連系線,対象日付", "a,b"], "is not a table of flows on interconnectors: it lacks 対象時刻, 潮流実績"),
        ([TIE_NAMES, *tie_rows("周波数変換設備", 1, minutes=20)], "runs in steps of 20 min"),
        ([TIE_NAMES, "周波数変換設備,2026/09/06,夜,1,1,0,0,5"], "not a time"),
    ],
)
def test_ties_that_cannot_be_read(write: Write, lines: list[str], said: str) -> None:
    with pytest.raises(WeatherError, match=said):
        read_tie_record(write("ties.csv", lines))


def test_fences_get_the_signs_that_close(write: Write) -> None:
    random = np.random.default_rng(1)
    start = np.arange("2026-04-01", "2026-04-11", dtype="datetime64[h]")
    hokuriku, kansai = random.normal(300, 500, (2, len(start)))
    chubu = hokuriku + kansai + random.normal(0, 10, len(start))
    true = np.stack([chubu, hokuriku, kansai], axis=1)
    published = true.copy()
    published[:78, [0, 2]] *= -1  # until the morning of the fourth day
    published[200:, 2] *= -1
    closed, days = close_fences(start, published)
    np.testing.assert_allclose(closed, true)
    assert days == 4 + 2
    lines = [
        TIE_NAMES,
        *(row for name, flow in zip(FENCES, (-500, 200, -300), strict=True) for row in tie_rows(name, flow)),
    ]
    record = read_tie_record(write("ties.csv", lines))
    assert [note.code for note in record.notes] == ["note.fence_signs"]
    assert record.flow_mw[0].round().tolist() == [500, 200, 300]


def test_inflows_add_up_to_nothing() -> None:
    random = np.random.default_rng(2)
    names = list(TIES)
    flows = random.normal(0, 1000, (5, len(names)))
    plain = inflows(names, flows, PRICE_AREAS)
    np.testing.assert_allclose(plain.sum(axis=1), 0, atol=1e-9)
    assert plain[0, 0] == -flows[0, 0]
    inside = [names.index(name) for name in ("三重東近江線", "南福光連系所・南福光変電所の連系設備", "越前嶺南線")]
    east, north, west = flows[:, inside].T
    fences = np.stack([east + north, north - west, east + west], axis=1)
    fenced = inflows([*names, *FENCES], np.concatenate([flows, fences], axis=1), PRICE_AREAS)
    np.testing.assert_allclose(fenced, plain, atol=1e-9)


UNIT_NAMES = "発電所コード,エリア,発電所名,ユニット名,発電方式・燃種,対象日," + ",".join(
    f"{m // 60:02d}:{m % 60:02d}[kWh]" for m in range(30, 1441, 30)
)


def test_output_of_units_by_area_and_source(write: Write) -> None:
    rows = [
        f"P1,北海道,甲,1号機,火力（石炭）,{day}," + ",".join(["1000"] * 47 + [""])
        for day in ("2026/03/15", "2026/03/16")
    ]
    rows.append("P2,北海道,乙,2号機,火力（石炭）,2026/03/15," + ",".join(["500"] * 48))
    rows.append("P3,東京,丙,1号機,火力（ＬＮＧ）,2026/03/16," + ",".join(["0"] * 48))
    output = read_unit_output(
        write("units.csv", [UNIT_NAMES + ",日量[kWh]", *(f"{row},1" for row in rows)], "utf-8-sig")
    )
    coal = output.values["hokkaido", "coal"]
    assert len(output.start) == 48
    assert (coal[0], coal[23], coal[24]) == (3.0, 2.0, 2.0)
    assert not output.values["tokyo", "gas"].any()
    assert [source_of(text) for text in ("原子力", "水力", "揚水", "火力（石油）", "太陽光")] == [
        "nuclear", "hydro", "pumped", "oil", "other",
    ]  # fmt: skip
    with pytest.raises(WeatherError, match="is not a table of the output of units: it lacks 発電方式・燃種"):
        read_unit_output(write("a.csv", [UNIT_NAMES.replace("発電方式・燃種", "x"), rows[0]]))
    with pytest.raises(WeatherError, match=r"line 2: エリア '関東' is not an area"):
        read_unit_output(write("a.csv", [UNIT_NAMES, rows[0].replace("北海道", "関東")]))


BALANCING_NAMES = "商品ブロック,項目,北海道,東北,東京,中部,北陸,関西,中国,四国,九州,合計"


def test_outages_of_units_by_hour_and_area(write: Write) -> None:
    names = (
        "エリア,発電事業者,発電所コード,発電所名,発電形式,ユニット名,認可出力(kW),停止区分,種別,低下量(kW),停止日時,"
        "復旧見通し,復旧予定日,停止原因,最終更新日時"
    )
    unit = '東京,J,1,常陸那珂,火力（石炭）,2号機,"1,000,000"'
    rows = [
        f'{unit},出力低下,低下・設備故障,"300,000",2026/04/01 09:30,あり,2026/04/02,,',
        f"{unit},計画外停止,停止・設備故障,,2026/04/01 12:00,あり,2026/04/01 18:00,,",
        "関西,K,2,高浜,原子力,3号機,870000,計画停止,停止・定期検査等,-,2026/03/01 00:00,なし,,,",
    ]
    outages = read_outages(write("outages.csv", [names, *rows]))
    assert [(one.area, one.source, one.planned, one.lost_mw) for one in outages] == [
        ("tokyo", "coal", False, 300.0),
        ("tokyo", "coal", False, 1000.0),
        ("kansai", "nuclear", True, 870.0),
    ]
    start = np.arange("2026-04-01", "2026-04-04", dtype="datetime64[h]")
    lost = lost_mw(outages, start, PRICE_AREAS)
    tokyo = lost[:, PRICE_AREAS.index("tokyo")]
    # Half of the hour from 9; all of the unit while it stands still; less again to the end of the day it comes back.
    assert tokyo[[8, 9, 11, 12, 17, 18, 47, 48]].tolist() == [0.0, 150.0, 300.0, 1000.0, 1000.0, 300.0, 300.0, 0.0]
    assert (lost[:, PRICE_AREAS.index("kansai")] == 870.0).all()
    assert lost_mw(outages, start, PRICE_AREAS, ("coal", "gas"))[:, PRICE_AREAS.index("kansai")].sum() == 0.0


def test_fuel_prices_of_one_s_own_months(write: Write) -> None:
    names = "year,month,lng_yen_per_t,steam_coal_yen_per_t,crude_yen_per_kl,spot_lng_usd_per_mmbtu,yen_per_usd"
    rows = read_fuel_table(
        write("fuels.csv", [names, "2026,7,120000,22000,90000,15,160", "2026,6,110000,21000,80000,14,158"])
    )
    assert [row["month"] for row in rows] == ["6", "7"]
    catalogue = load_catalogue()
    months = np.array(["2026-06"], dtype="datetime64[M]")
    found = fuel_prices(catalogue, months, table=rows, spot_share=0.5, lead_months=1, carbon_price_myen_per_t=0.0)
    # LNG: half of the customs price of July over 54.6 MJ/kg, half of the spot price of June; coal: July's too.
    assert found.gas_yen_per_kwh[0] == pytest.approx(0.5 * 120.0 / 54.6 * 3.6 + 0.5 * 14.0 * 158.0 / 293.07107)
    assert found.coal_yen_per_kwh[0] == pytest.approx(22.0 / 25.7 * 3.6)


def test_results_of_the_balancing_market(write: Write) -> None:
    lines = ["H,一次調整力", "P,20260314,20260314,1-0,48", BALANCING_NAMES]
    for block in (1, 48):
        lines.append(f"20260314B{block:02d},募集量（TSO別）[MW],9,195,461,56,59,264,144,40,161,1389")
        lines.append(f"20260314B{block:02d},平均落札価格（TSO別）[円/kW・30分],1.5,,2,2,2,2,2,2,2,2")
    results = read_balancing(write("1-0.csv", lines))
    assert results.start[1] == np.datetime64("2026-03-14T23:30")
    assert results.values["wanted_mw"][0].tolist() == [9, 195, 461, 56, 59, 264, 144, 40, 161]
    assert np.isnan(results.values["mean_yen"][0, 1])
    assert np.isnan(results.values["offered_mw"]).all()
    with pytest.raises(WeatherError, match="no line names the areas"):
        read_balancing(write("a.csv", lines[:2]))
    with pytest.raises(WeatherError, match="has no column of 四国"):
        read_balancing(write("a.csv", [*lines[:2], BALANCING_NAMES.replace("四国,", ""), lines[3]]))
    with pytest.raises(WeatherError, match="is of '朝', not of a block"):
        read_balancing(write("a.csv", [*lines[:3], lines[3].replace("20260314B01", "朝")]))
    eight = [line.replace("B48", "B08") for line in lines]
    assert read_balancing(write("1-1.csv", eight)).start[1] == np.datetime64("2026-03-14T21:00")


def spot(folder: Path, days: int) -> None:
    names = "受渡日,時刻コード," + ",".join(f"エリアプライス{name}(円/kWh)" for name in NAMES.values())
    rows = [
        f"2023/04/{day:02d},{half}," + ",".join(str(half + place) for place in range(9))
        for day in range(1, days + 1)
        for half in range(1, 49)
    ]
    (folder / "jepx_spot_summary_2023.csv").write_text("\n".join([names, *rows]), encoding="utf-8")


NAMES = dict(zip(PRICE_AREAS, ("北海道", "東北", "東京", "中部", "北陸", "関西", "中国", "四国", "九州"), strict=True))


def tables(folder: Path, days: int = 2) -> None:
    """Eight areas, Tokyo and prices as folders of real hours hold them."""
    start = np.arange("2023-04-01", f"2023-04-{days + 1:02d}", dtype="datetime64[h]")
    parts = [
        pd.DataFrame(
            {
                "start": start.astype("datetime64[us]"), "area": area, "demand_mwh": 1000.0, "nuclear_mwh": 100.0,
                "thermal_mwh": 500.0, "hydro_mwh": 100.0, "geothermal_mwh": 0.0, "biomass_mwh": 50.0,
                "solar_mwh": 200.0,
                "solar_curtailed_mwh": 20.0, "wind_mwh": 40.0, "wind_curtailed_mwh": 1.0, "pumped_mwh": -20.0,
                "tie_in_mwh": 30.0,
            }
        )
        for area in PRICE_AREAS if area != "tokyo"
    ]  # fmt: skip
    pd.concat(parts).to_parquet(folder / "area_supply_demand_2023.parquet")
    tokyo = pd.DataFrame({"start": start.astype("datetime64[us]"), "demand_mw": 30000.0, "solar_mw": 2000.0})
    tokyo.to_parquet(folder / "tepco_tokyo_hourly_2023.parquet")
    spot(folder, days)


def test_a_folder_of_tables(tmp_path: Path) -> None:
    tables(tmp_path)
    observed = read_folder(tmp_path, date(2023, 4, 1), date(2023, 4, 3))
    assert observed.hours.demand_mw.shape == (48, 9)
    assert observed.hours.net_load_mw[0, 0] == 1000 - 100 - 100 - 50 - 220 - 41
    tokyo = PRICE_AREAS.index("tokyo")
    assert observed.tie_inflow_mw[0, tokyo] == -8 * 30
    assert observed.thermal_mw[0, tokyo] == 30000 - 2000 - 100 - 700 - 90 + 240
    assert observed.curtailed_mw[0, 0] == 21
    assert observed.price_yen_per_kwh[1].tolist() == [3.5 + place for place in range(9)]
    assert [note.code for note in observed.notes] == ["note.tokyo_assumed"]


def test_a_company_s_own_file_goes_first(tmp_path: Path, write: Write) -> None:
    tables(tmp_path, 1)
    rows = [row.replace("2024/04/01", "2023/04/01") for row in half_hours(clocks(0))]
    write("eria_jukyu_202304_03.csv", [*NEW, *rows])
    observed = read_folder(tmp_path, date(2023, 4, 1), date(2023, 4, 2))
    assert observed.hours.demand_mw[0, PRICE_AREAS.index("tokyo")] == 1000
    assert observed.notes == ()


def plants(folder: Path, **changed: object) -> None:
    """Half-hours of large plants and of ties, the two fences with turned signs."""
    start = np.arange("2026-04-01", "2026-04-02", dtype="datetime64[m]")[::30].astype("datetime64[us]")
    areas = [area for area in PRICE_AREAS if area != changed.get("without")]
    fuels = {"coal_mw": 300.0, "gas_mw": 200.0, "oil_mw": np.nan, "unknown_mw": 10.0, "other_mw": np.nan}
    one = [pd.DataFrame({"start": start, "area": area, "demand_mw": 1000.0, **fuels}) for area in areas]
    pd.concat(one).to_parquet(folder / "occto_area_2026.parquet")
    inside = {"chubu", "hokuriku", "kansai"}
    flows = {name: 50.0 for name, ends in TIES.items() if not set(ends) <= inside and name != changed.get("tie")}
    flows |= dict(zip(FENCES, (-500.0, 200.0, -300.0), strict=True))
    parts = [pd.DataFrame({"start": start, "tie": name, "flow_mw": flow}) for name, flow in flows.items()]
    if changed.get("ties", True):
        pd.concat(parts).to_parquet(folder / "occto_ties_2026.parquet")
    spot(folder, 1)
    prices = folder / "jepx_spot_summary_2023.csv"
    (folder / "jepx_spot_summary_2026.csv").write_text(prices.read_text("utf-8").replace("2023/04", "2026/04"), "utf-8")


def test_a_folder_of_large_plants(tmp_path: Path) -> None:
    plants(tmp_path)
    observed = read_folder(tmp_path, date(2026, 4, 1), date(2026, 4, 2))
    assert [note.code for note in observed.notes] == ["note.large_plants_only", "note.fence_signs"]
    assert not observed.stored
    np.testing.assert_allclose(observed.tie_inflow_mw.sum(axis=1), 0.0)
    chubu = PRICE_AREAS.index("chubu")
    assert observed.tie_inflow_mw[0, chubu] == 50 - 500
    np.testing.assert_allclose(observed.hours.net_load_mw, observed.thermal_mw + observed.tie_inflow_mw)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"without": "shikoku"}, "holds no output of plants of shikoku"),
        ({"ties": False}, "holds no flows on ties"),
        ({"tie": "関門連系線"}, "holds no flow on 関門連系線"),
    ],
)
def test_a_folder_that_lacks_an_area_or_a_tie(tmp_path: Path, changed: dict[str, object], said: str) -> None:
    plants(tmp_path, **changed)
    with pytest.raises(WeatherError, match=said):
        read_folder(tmp_path, date(2026, 4, 1), date(2026, 4, 2))


def test_a_folder_that_lacks_hours_or_prices(tmp_path: Path) -> None:
    with pytest.raises(WeatherError, match="is not a folder"):
        read_folder(tmp_path / "none", date(2023, 4, 1), date(2023, 4, 2))
    with pytest.raises(WeatherError, match="does not hold the hours from 2023-04-01 to 2023-04-02 of hokkaido, tohoku"):
        read_folder(tmp_path, date(2023, 4, 1), date(2023, 4, 2))
    tables(tmp_path, 1)
    with pytest.raises(WeatherError, match="does not hold the hours from 2023-04-01 to 2023-04-04"):
        read_folder(tmp_path, date(2023, 4, 1), date(2023, 4, 4))
    (tmp_path / "jepx_spot_summary_2023.csv").unlink()
    with pytest.raises(WeatherError, match="holds no prices"):
        read_folder(tmp_path, date(2023, 4, 1), date(2023, 4, 2))
    pd.DataFrame({"start": [1]}).to_parquet(tmp_path / "area_supply_demand_2023.parquet")
    with pytest.raises(WeatherError, match="has no column of area, demand_mwh"):
        read_folder(tmp_path, date(2023, 4, 1), date(2023, 4, 2))
