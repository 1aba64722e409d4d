"""A folder of files of the power system as observed hours of a period.

What is taken, whatever the years in the names: `jepx_spot_summary_*.csv` for prices; for demand and supply the
companies' own files of each area, `area_supply_demand_*.parquet` (areas of which it holds hours) and
`tepco_tokyo_hourly_*.parquet` (Tokyo's demand and sun); and where those do not hold the period, `occto_area_*.parquet`
with `occto_ties_*.parquet`, the output of large plants and the flows on ties.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import load_catalogue
from kiban.errors import Problem, WeatherError
from kiban.market.areas import MARKET_AREAS
from kiban.market.hours import MarketHours
from kiban.market.readings.area_record import SUPPLIES, area_of_file, read_area_record
from kiban.market.readings.headings import Times, hourly_means
from kiban.market.readings.observed import ObservedHours
from kiban.market.readings.tie_record import FENCES, PARTS, TIES, close_fences, inflows
from kiban.messages import Message
from kiban.weather.jepx import read_days

if TYPE_CHECKING:
    import pandas as pd

PRICES, AREAS, TOKYO = "jepx_spot_summary_*.csv", "area_supply_demand_*.parquet", "tepco_tokyo_hourly_*.parquet"
PLANTS, FLOWS = "occto_area_*.parquet", "occto_ties_*.parquet"
LEAST_HELD_SHARE: Final = 0.9
"""Share of the hours of a period that every area has to have; the others are left out for all."""
_THERMAL: Final = ("coal_mw", "gas_mw", "oil_mw", "unknown_mw", "other_mw")
_COLUMNS: Final = ("demand", *SUPPLIES, "solar_curtailed", "wind_curtailed")


def read_folder(folder: str | Path, first: date, end: date) -> ObservedHours:
    """Hours of the nine areas from the day `first` up to, not including, the day `end`.

    Raises `WeatherError` where an area, a tie or the prices of the period are missing.
    """
    place = Path(folder)
    if not place.is_dir():
        raise WeatherError(Problem("market_folder.absent", str(folder)))
    hours = np.arange(np.datetime64(first, "h"), np.datetime64(end, "h"))
    records, notes = _records(place)
    absent = tuple(area for area in MARKET_AREAS if _held(records.get(area), hours) < LEAST_HELD_SHARE)
    if not absent:
        observed = _of_records(records, hours)
    elif list(place.glob(PLANTS)):
        observed, notes = _of_plants(place, hours)
    else:
        said = {"areas": absent, "first": str(first), "end": str(end)}
        raise WeatherError(Problem("market_folder.area", str(folder), values=said))
    return _with_prices(observed, place, first, end, notes)


Columns = Mapping[str, tuple[Times, Array]]


def _held(record: Columns | None, hours: Times) -> float:
    """Share of the hours that a record holds demand of."""
    return float(np.isin(hours, record["demand"][0]).mean()) if record is not None and len(hours) else 0.0


def _records(place: Path) -> tuple[dict[str, Columns], tuple[Message, ...]]:
    """By area: each column's hours and MW. Companies' own files go before tables made of them."""
    found: dict[str, Columns] = {}
    tables = [_parquet(file, ("start", "area", "demand_mwh")) for file in sorted(place.glob(AREAS))]
    for table in tables:
        for area, rows in table.groupby("area", observed=True):
            start = rows["start"].to_numpy("datetime64[h]")
            own = {name: (start, rows[f"{name}_mwh"].to_numpy(float)) for name in _columns_of(rows)}
            found[str(area)] = {**own, "tie_inflow": (start, rows["tie_in_mwh"].to_numpy(float))}
    parts: dict[str, list[tuple[Times, Mapping[str, Array]]]] = {}
    notes: tuple[Message, ...] = ()
    for file in _own_files(place):
        record = read_area_record(file)
        parts.setdefault(record.area, []).append((record.start, record.values))
        notes += record.notes
    for area, several in parts.items():
        start = np.concatenate([hours for hours, _ in several])
        start, kept = np.unique(start, return_index=True)
        found[area] = {name: (start, np.concatenate([v[name] for _, v in several])[kept]) for name in _COLUMNS}
    tokyo = [_parquet(file, ("start", "demand_mw", "solar_mw")) for file in sorted(place.glob(TOKYO))]
    if tokyo and "tokyo" not in found and len(found) >= len(MARKET_AREAS) - 1:
        found["tokyo"] = _tokyo(tokyo, found)
        notes += (Message("note.tokyo_assumed"),)
    return found, notes


def _own_files(place: Path) -> Iterable[Path]:
    for file in sorted(place.iterdir()):
        if file.suffix.lower() in {".csv", ".xlsx"}:
            try:
                area_of_file(file)
            except WeatherError:
                continue
            yield file


def _columns_of(rows: pd.DataFrame) -> list[str]:
    return [name for name in _COLUMNS if f"{name}_mwh" in rows.columns]


def _tokyo(tables: Sequence[pd.DataFrame], others: Mapping[str, Columns]) -> Columns:
    """Tokyo's record from its demand and sun: ties are what the others do not have, the rest is thermal.

    Hydro power is taken for a share of Tohoku's, biomass and wind for a constant; both are rows of the catalogue.
    """
    catalogue = load_catalogue()
    start = np.concatenate([table["start"].to_numpy("datetime64[h]") for table in tables])
    demand = np.concatenate([table["demand_mw"].to_numpy(float) for table in tables])
    solar = np.concatenate([table["solar_mw"].to_numpy(float) for table in tables])
    rest = [others[area] for area in MARKET_AREAS if area != "tokyo"]
    shared = start
    for record in rest:
        shared = np.intersect1d(shared, record["tie_inflow"][0])
    ours = np.searchsorted(start, shared)
    flows = [record["tie_inflow"][1][np.searchsorted(record["tie_inflow"][0], shared)] for record in rest]
    hydro_of_tohoku = others["tohoku"]["hydro"]
    hydro = hydro_of_tohoku[1][np.searchsorted(hydro_of_tohoku[0], shared)]
    one = np.ones(len(shared))
    values = {
        "demand": demand[ours],
        "solar": solar[ours],
        "hydro": hydro * catalogue.value("market.tokyo.hydro_of_tohoku"),
        "biomass": one * catalogue.value("market.tokyo.biomass"),
        "wind": one * catalogue.value("market.tokyo.wind"),
        "tie_inflow": -np.sum(flows, axis=0),
    }
    values["thermal"] = values["demand"] - sum(value for name, value in values.items() if name != "demand")
    return {name: (shared, value) for name, value in values.items()}


def _of_records(records: Mapping[str, Columns], hours: Times) -> ObservedHours:
    """Hours that all areas have, from the records of demand and supply."""
    for area in MARKET_AREAS:
        held, demand = records[area]["demand"]
        hours = np.intersect1d(hours, held[np.isfinite(demand)])
    rows = {area: np.searchsorted(records[area]["demand"][0], hours) for area in MARKET_AREAS}

    def stacked(name: str) -> Array:
        nothing = np.zeros(len(hours))
        columns = [records[area][name][1][rows[area]] if name in records[area] else nothing for area in MARKET_AREAS]
        return np.nan_to_num(np.stack(columns, axis=1))

    curtailed = {name: stacked(f"{name}_curtailed") for name in ("solar", "wind")}
    return ObservedHours(
        hours=MarketHours(
            areas=MARKET_AREAS,
            start=hours,
            demand_mw=stacked("demand"),
            nuclear_mw=stacked("nuclear"),
            hydro_mw=stacked("hydro") + stacked("other"),
            geothermal_mw=stacked("geothermal"),
            biomass_mw=stacked("biomass"),
            solar_mw=stacked("solar") + curtailed["solar"],
            wind_mw=stacked("wind") + curtailed["wind"],
            pumped_mw=stacked("pumped") + stacked("battery"),
        ),
        thermal_mw=stacked("thermal"),
        curtailed_mw=curtailed["solar"] + curtailed["wind"],
        tie_inflow_mw=stacked("tie_inflow"),
        price_yen_per_kwh=np.empty((len(hours), len(MARKET_AREAS))),
        stored=True,
    )


def _of_plants(place: Path, hours: Times) -> tuple[ObservedHours, tuple[Message, ...]]:
    """Hours from the output of large thermal plants and the flows on ties, which together serve the net load.

    What else serves an area's demand is not known by source; it is taken for sun, which may be curtailed. Where that
    is less than nothing, storages took it: it counts as demand.
    """
    import pandas as pd

    plants = pd.concat(
        [_parquet(file, ("start", "area", "demand_mw", *_THERMAL)) for file in sorted(place.glob(PLANTS))]
    )
    plants["thermal"] = plants[list(_THERMAL)].sum(axis=1)
    thermal, demand = (_pivot(plants, "area", name) for name in ("thermal", "demand_mw"))
    absent = tuple(area for area in MARKET_AREAS if area not in thermal[1])
    if absent:
        raise WeatherError(Problem("market_folder.no_plants", str(place), areas=absent))
    files = sorted(place.glob(FLOWS))
    if not files:
        raise WeatherError(Problem("market_folder.no_ties", str(place)))
    flows = pd.concat([_parquet(file, ("start", "tie", "flow_mw")) for file in files])
    flow = _pivot(flows, "tie", "flow_mw")
    names = [name for name in flow[1] if name not in PARTS]
    missing = tuple(name for name in TIES if name not in names and not _is_fenced(name, names))
    if missing:
        raise WeatherError(Problem("market_folder.tie", str(place), ties=missing))
    values = flow[2][:, [flow[1].index(name) for name in names]].copy()
    notes: tuple[Message, ...] = (Message("note.large_plants_only"),)
    if set(FENCES) <= set(names):
        places = [names.index(name) for name in FENCES]
        values[:, places], days = close_fences(flow[0], values[:, places])
        notes += (Message("note.fence_signs", days=days),) if days else ()
    inflow = inflows(names, values, MARKET_AREAS)
    both = np.intersect1d(np.intersect1d(hours, thermal[0]), flow[0])
    if len(both) < LEAST_HELD_SHARE * 0.5 * len(hours) or not len(both):
        said = {"areas": MARKET_AREAS, "first": str(hours[0]), "end": str(hours[-1])}
        raise WeatherError(Problem("market_folder.area", str(place), values=said))
    output, load = (
        found[2][np.searchsorted(found[0], both)][:, [found[1].index(area) for area in MARKET_AREAS]]
        for found in (thermal, demand)
    )
    inflow = inflow[np.searchsorted(flow[0], both)]
    whole = np.asarray(np.isfinite(output + inflow + load).all(axis=1))
    nothing = np.zeros_like(inflow)
    others = load - output - inflow
    observed = ObservedHours(
        hours=MarketHours(
            areas=MARKET_AREAS,
            start=both,
            demand_mw=output + inflow + np.maximum(others, 0.0),
            nuclear_mw=nothing,
            hydro_mw=nothing,
            geothermal_mw=nothing,
            biomass_mw=nothing,
            solar_mw=np.maximum(others, 0.0),
            wind_mw=nothing,
            pumped_mw=nothing,
        ),
        thermal_mw=output,
        curtailed_mw=nothing,
        tie_inflow_mw=inflow,
        price_yen_per_kwh=nothing,
        stored=False,
    )
    return observed.chosen(whole), notes


def _is_fenced(name: str, names: Sequence[str]) -> bool:
    return set(FENCES) <= set(names) and set(TIES[name]) <= {"chubu", "hokuriku", "kansai"}


def _pivot(table: pd.DataFrame, by: str, value: str) -> tuple[Times, list[str], Array]:
    """Hours, names and hourly means (hours, names), NaN where one is missing."""
    wide = table.pivot_table(index="start", columns=by, values=value, aggfunc="mean", observed=True).sort_index()
    start, means = hourly_means(wide.index.to_numpy("datetime64[m]"), wide.to_numpy(float), 30)
    return start, [str(name) for name in wide.columns], means


def _with_prices(
    observed: ObservedHours, place: Path, first: date, end: date, notes: tuple[Message, ...]
) -> ObservedHours:
    files = sorted(place.glob(PRICES))
    if not files:
        raise WeatherError(Problem("market_folder.no_prices", str(place)))
    every = np.arange(np.datetime64(first, "h"), np.datetime64(end, "h"))
    halves = np.stack([read_days(files, area, first, end) for area in MARKET_AREAS], axis=1)
    prices = halves.reshape(-1, 2, len(MARKET_AREAS)).mean(axis=1)
    kept = prices[np.searchsorted(every, observed.start)]
    left_out = len(every) - len(observed.start)
    said = (*notes, Message("note.hours_left_out", hours=left_out)) if left_out else notes
    return replace(observed, price_yen_per_kwh=kept, notes=said)


def _parquet(file: Path, needed: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    try:
        table = pd.read_parquet(file)
    except (OSError, ValueError) as error:
        raise WeatherError(Problem("series.not_parquet", str(file), reason=str(error).split("\n")[0])) from error
    missing = tuple(name for name in needed if name not in table.columns)
    if missing:
        raise WeatherError(Problem("area_file.columns", str(file), columns=missing))
    return table


def day_of(text: str) -> date:
    """A day such as 2023-10-01; raises `WeatherError` for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise WeatherError(Problem("market_folder.day", key="date", text=text)) from error
