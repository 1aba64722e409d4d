"""Remedies of files of the power system: companies' records, ties, units, balancing results, and folders of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tests.remedies import Case, Ground, Step

from kiban.catalogue import load_catalogue
from kiban.market.areas import MARKET_AREAS
from kiban.market.customers import load_customers
from kiban.market.fuels import fuel_prices
from kiban.market.judging import check_judged, load_fit_record
from kiban.market.readings.area_record import read_area_record
from kiban.market.readings.balancing import read_balancing
from kiban.market.readings.folder import day_of, read_folder
from kiban.market.readings.fuel_table import read_fuel_table
from kiban.market.readings.outages import COLUMNS, read_outages
from kiban.market.readings.tie_record import FENCES, TIES, read_tie_record
from kiban.market.readings.unit_output import read_unit_output

NAMES = "DATE,TIME,エリア需要,原子力,火力,水力,太陽光発電実績,連系線"
NAME = "eria_jukyu_202404_02.csv"
TIE = "周波数変換設備"
TIE_NAMES = "連系線,対象日付,対象時刻,運用容量(順方向),運用容量(逆方向),潮流実績"
UNIT_NAMES = "エリア,発電方式・燃種,対象日," + ",".join(
    f"{minute // 60:02d}:{minute % 60:02d}[kWh]" for minute in range(30, 1441, 30)
)
OUTAGE_NAMES = ",".join(COLUMNS)
OUTAGE = "東京,常陸那珂,火力（石炭）,2号機,1000000,出力低下,300000,2026/04/01 09:30,2026/04/03"
FUEL_NAMES = "year,month,lng_yen_per_t,steam_coal_yen_per_t,crude_yen_per_kl,spot_lng_usd_per_mmbtu,yen_per_usd"
FUEL = "2026,4,93354,19752,69036,11.76,157"
BALANCING_NAMES = "ブロック,項目,北海道,東北,東京,中部,北陸,関西,中国,四国,九州"
FIRST, END = date(2023, 4, 1), date(2023, 4, 3)


def record(
    g: Ground,
    *,
    unit: str = "単位[MWh]",
    names: str = NAMES,
    times: Sequence[str] = ("0:00", "1:00"),
    name: str = NAME,
    cell: str = "100",
) -> Step:
    rows = [f"2024/04/01,{time},400,50,{cell},100,50,100" for time in times]
    return lambda: read_area_record(g.write(name, [unit, names, *rows]))


def ties(g: Ground, *, name: str = TIE, capacity: str = "900,-500", names: str = TIE_NAMES) -> Step:
    rows = [f"{name},2026/09/06,{hour}:00,{capacity},50" for hour in range(1, 25)]
    return lambda: read_tie_record(g.write("ties.csv", [names, *rows]))


def units(g: Ground, *, area: str = "東京", names: str = UNIT_NAMES) -> Step:
    return lambda: read_unit_output(g.write("units.csv", [names, f"{area},水力,2026/03/15," + ",".join(["1"] * 48)]))


def outages(g: Ground, *, names: str = OUTAGE_NAMES, row: str = OUTAGE) -> Step:
    return lambda: read_outages(g.write("outages.csv", [names, row]))


def fuels_of_months(
    g: Ground, *, names: str = FUEL_NAMES, rows: Sequence[str] = (FUEL, FUEL.replace("4", "5", 1))
) -> Step:
    return lambda: read_fuel_table(g.write("fuels.csv", [names, *rows]))


def balancing(g: Ground, *, names: str = BALANCING_NAMES, block: str = "20260314B01") -> Step:
    return lambda: read_balancing(g.write("a.csv", ["H", "P", names, f"{block},募集量," + ",".join(["1"] * 9)]))


def tables(g: Ground, *, days: int = 2, prices: bool = True) -> Step:
    start = np.arange("2023-04-01", f"2023-04-{days + 1:02d}", dtype="datetime64[h]").astype("datetime64[us]")
    columns = ("nuclear", "thermal", "hydro", "geothermal", "biomass", "solar", "wind", "pumped", "tie_in")
    whole = {f"{name}_mwh": 1.0 for name in ("demand", *columns, "solar_curtailed", "wind_curtailed")}
    others = [area for area in MARKET_AREAS if area != "tokyo"]
    frames = [pd.DataFrame({"start": start, "area": area, **whole}) for area in others]
    pd.concat(frames).to_parquet(g.folder / "area_supply_demand_2023.parquet")
    tokyo = pd.DataFrame({"start": start, "demand_mw": 9.0, "solar_mw": 0.0})
    tokyo.to_parquet(g.folder / "tepco_tokyo_hourly_2023.parquet")
    if prices:
        spot(g, "2023/04")
    return lambda: read_folder(g.folder, FIRST, END)


def spot(g: Ground, month: str) -> None:
    names = ",".join(f"エリアプライス{name}" for name in BALANCING_NAMES.split(",")[2:])
    rows = [f"{month}/{day:02d},{half}," + ",".join(["9"] * 9) for day in (1, 2) for half in range(1, 49)]
    g.write(f"jepx_spot_summary_{month[:4]}.csv", [f"受渡日,時刻コード,{names}", *rows])


def plants(g: Ground, *, areas: Sequence[str] = MARKET_AREAS, missing: str = "", flows: bool = True) -> Step:
    def step() -> Any:
        start = np.arange("2026-04-01", "2026-04-03", dtype="datetime64[m]")[::30].astype("datetime64[us]")
        fuels = dict.fromkeys(("coal_mw", "gas_mw", "oil_mw", "unknown_mw", "other_mw"), 100.0)
        frames = [pd.DataFrame({"start": start, "area": area, "demand_mw": 900.0, **fuels}) for area in areas]
        pd.concat(frames).to_parquet(g.folder / "occto_area_2026.parquet")
        names = [name for name in (*TIES, *FENCES) if name != missing]
        parts = [pd.DataFrame({"start": start, "tie": name, "flow_mw": 0.0}) for name in names]
        file = g.folder / "occto_ties_2026.parquet"
        file.unlink(missing_ok=True)
        if flows:
            pd.concat(parts).to_parquet(file)
        spot(g, "2026/04")
        return read_folder(g.folder, date(2026, 4, 1), date(2026, 4, 3))

    return step


def pair(make: Callable[..., Step], **fault: Any) -> Case:
    """The file with a fault, and the same without it."""
    return lambda g: (make(g, **fault), make(g))


def folder_without_hours(g: Ground) -> tuple[Step, Step]:
    def wide() -> Any:
        tables(g)
        return read_folder(g.folder, FIRST, date(2023, 4, 8))

    return wide, tables(g)


def folder_without_prices(g: Ground) -> tuple[Step, Step]:
    def without() -> Any:
        step = tables(g, prices=False)
        return step()

    def with_prices() -> Any:
        return tables(g)()

    return without, with_prices


def judged(first: date, last: date) -> Step:
    return lambda: check_judged(first, last, load_fit_record())


def fuel(month: str) -> Step:
    return lambda: fuel_prices(load_catalogue(), np.array([month], dtype="datetime64[M]"))


def split_demand(demand_mwh: float) -> Step:
    return lambda: load_customers(load_catalogue(), ("tokyo",)).energy_mwh(np.array([demand_mwh]))


CASES: dict[str, Case] = {
    "area_file.dialect": pair(record, names="a,b,c,d,e,f,g,h"),
    "area_file.columns": pair(record, names=NAMES.replace("太陽光発電実績", "曇り")),
    "area_file.unit": pair(record, unit="東北"),
    "area_file.whose": lambda g: (record(g, name="load.csv"), record(g)),
    "area_file.order": pair(record, times=("1:00", "0:00")),
    "area_file.step": pair(record, times=("0:00", "0:20")),
    "area_file.label": pair(record, times=("0:30", "1:00")),
    "area_file.balance": pair(record, cell="350"),
    "area_file.number": pair(record, cell="many"),
    "area_file.time": pair(record, times=("0:00", "26:00")),
    "tie_file.dialect": pair(ties, names=TIE_NAMES.replace("潮流実績", "値")),
    "tie_file.unknown": pair(ties, name="第二の線"),
    "tie_file.no_limit": pair(ties, capacity=",-500"),
    "unit_file.dialect": pair(units, names=UNIT_NAMES.replace("対象日", "日")),
    "unit_file.area": pair(units, area="関東"),
    "outage_file.dialect": pair(outages, names=OUTAGE_NAMES.replace("停止区分", "区分")),
    "outage_file.kind": pair(outages, row=OUTAGE.replace("出力低下", "休み")),
    "outage_file.more": pair(outages, row=OUTAGE.replace(",300000", ",3000000")),
    "outage_file.order": pair(outages, row=OUTAGE.replace("04/03", "03/30")),
    "fuel_file.dialect": pair(fuels_of_months, names=FUEL_NAMES.replace("yen_per_usd", "rate")),
    "fuel_file.month": pair(fuels_of_months, rows=[FUEL.replace("4", "13", 1)]),
    "fuel_file.price": pair(fuels_of_months, rows=[FUEL.replace("19752", "19.752")]),
    "fuel_file.twice": pair(fuels_of_months, rows=[FUEL, FUEL]),
    "fuel_file.gap": pair(fuels_of_months, rows=[FUEL, FUEL.replace("4", "6", 1)]),
    "balancing_file.dialect": pair(balancing, names=BALANCING_NAMES.replace("九州", "西")),
    "balancing_file.area": pair(balancing, names=BALANCING_NAMES.replace("四国", "島")),
    "balancing_file.block": pair(balancing, block="朝"),
    "market_folder.absent": lambda g: (lambda: read_folder(Path("none"), FIRST, END), tables(g)),
    "market_folder.area": folder_without_hours,
    "market_folder.no_plants": pair(plants, areas=MARKET_AREAS[:-1]),
    "market_folder.no_ties": pair(plants, flows=False),
    "market_folder.tie": pair(plants, missing="関門連系線"),
    "market_folder.no_prices": folder_without_prices,
    "market_folder.day": lambda g: (lambda: day_of("1 October"), lambda: day_of("2023-10-01")),
    "market.no_fuel_month": lambda g: (fuel("2019-05"), fuel("2023-05")),
    "market.households_above_demand": lambda g: (split_demand(5e7), split_demand(2.8e8)),
    "market_fit.overlap": lambda g: (
        judged(date(2023, 9, 1), date(2023, 10, 2)),
        judged(date(2023, 10, 1), date(2023, 10, 2)),
    ),
    "market_fit.order": lambda g: (
        judged(date(2023, 10, 2), date(2023, 10, 1)),
        judged(date(2023, 10, 2), date(2023, 10, 2)),
    ),
}
