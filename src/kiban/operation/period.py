"""The weather, the prices and the days that an operation meets, where they are not the plan's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kiban.errors import InputError, Problem
from kiban.planning.preparation import Preparation, prepare
from kiban.scenario.place import FILE_SOURCES
from kiban.scenario.plain import plain_scenario, restore_scenario

if TYPE_CHECKING:
    from kiban.planning.plan import Plan
    from kiban.scenario import Scenario

EPW = ".epw"
DAYS = "--from, --to"


@dataclass(frozen=True, slots=True)
class Period:
    """What is operated on: files of weather and of prices of the exchange, and the first and the last day.

    What is left out is as in the plan's scenario; without days, all years of the weather are operated. Names of files
    are read against the working folder.
    """

    weather: tuple[str, ...] = ()
    weather_source: str | None = None
    """Format of the weather files; None is by their names, or that of the plan's scenario."""
    prices: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    wind_height_m: float | None = None
    """Height of the anemometer of files of the Japan Meteorological Agency."""
    fill_gaps_hours: int | None = None


def read_period(plan: Plan, period: Period) -> tuple[Preparation, int, int]:
    """The inputs of a plan's scenario in the period, and its first step and the step after its last one."""
    if (period.first is None) != (period.last is None):
        raise InputError(Problem("operation.one_day", key=DAYS))
    if period.first is not None and period.last is not None and period.last < period.first:
        raise InputError(Problem("operation.days_crossed", key=DAYS, first=f"{period.first}", last=f"{period.last}"))
    preparation = prepare(_moved(plan.scenario, period))
    time = preparation.time
    if period.first is None or period.last is None:
        return preparation, 0, len(time)
    day = np.asarray(time.tz_localize(None).normalize().to_numpy(), dtype="datetime64[D]")
    wanted = np.arange(np.datetime64(period.first), np.datetime64(period.last) + 1)
    leap = np.array([str(one).endswith("-02-29") for one in wanted])
    if not np.isin(wanted[~leap], day).all() or leap.all():
        raise InputError(
            Problem("operation.days_outside", key=DAYS, first=f"{time[0]:%Y-%m-%d}", last=f"{time[-1]:%Y-%m-%d}")
        )
    inside = np.flatnonzero(np.isin(day, wanted))
    return preparation, int(inside[0]), int(inside[-1]) + 1


def _moved(scenario: Scenario, period: Period) -> Scenario:
    """The scenario with the weather and the prices of the period."""
    content: dict[str, Any] = plain_scenario(scenario)
    years = tuple(range(period.first.year, period.last.year + 1)) if period.first and period.last else ()
    weather: dict[str, Any] = dict(content.get("weather", {}))
    if period.weather:
        source = _source_of(period, weather.get("source", ""))
        kept = ("fill_gaps_hours", "clip_negative_w_m2") + (("wind_height_m", "station") if source == "jma" else ())
        weather = {key: weather[key] for key in kept if key in weather}
        weather |= {"source": source, "files": _placed(period.weather)}
    if period.wind_height_m is not None:
        weather["wind_height_m"] = period.wind_height_m
    if period.fill_gaps_hours is not None:
        weather["fill_gaps_hours"] = period.fill_gaps_hours
    if years and weather.get("source", "typical") != "typical":
        weather["years"] = list(years)
    content["weather"] = weather
    if period.prices:
        grid = dict(content.get("grid", {}))
        given = grid.get("price_myen_per_mwh")
        grid["price_myen_per_mwh"] = {"jepx_files": _placed(period.prices)}
        if isinstance(given, dict) and given.get("area"):
            grid["price_myen_per_mwh"]["area"] = given["area"]
        content["grid"] = grid
    if period.first is not None:
        content["time"] = {key: value for key, value in content.get("time", {}).items() if key == "step_hours"}
    return restore_scenario(content).placed_in(scenario.folder)


def _placed(files: tuple[str, ...]) -> list[str]:
    return [name if name.startswith("pvlib:") else str(Path(name).absolute()) for name in files]


def _source_of(period: Period, own: str) -> str:
    """The format of the weather files: as named, by how their names end, or as in the plan's scenario."""
    if period.weather_source is not None:
        return period.weather_source
    if all(name.lower().endswith(EPW) for name in period.weather):
        return "epw"
    return own if own in FILE_SOURCES else "jma"
