"""The grid connection and the backup of a scenario: prices, carbon and cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from kiban.calendar import HOURS_PER_YEAR, hour_of_step, month_of_step
from kiban.catalogue import newest_complete_fiscal_year, price_hour_profile, price_month_means, price_statistics
from kiban.catalogue.prices import PRICE_AREAS, PRICE_SEASON_OF_MONTH
from kiban.errors import Problem, ScenarioError
from kiban.linear.staircase import Array
from kiban.planning.annual_costs import CostReader
from kiban.planning.area_prices import shape_clean_share, shape_emission_factor, shape_prices
from kiban.planning.provenance import Recorder
from kiban.planning.resources import BackupResource, GridResource
from kiban.planning.series_inputs import Horizon, SeriesReader
from kiban.planning.site_facts import Place
from kiban.scenario import JepxPrices, Scenario

if TYPE_CHECKING:
    from kiban.weather import Weather

PRICE_UNIT = "million yen/MWh"
FLOOR_PRICE_MYEN_PER_MWH = 1e-5
"""Lowest price that the exchange accepts, 0.01 yen/kWh: the definition of its floor hours."""


def read_grid(
    scenario: Scenario,
    place: Place,
    weather: Callable[[], Weather],
    horizon: Horizon,
    series: SeriesReader,
    costs: CostReader,
    recorder: Recorder,
) -> GridResource | None:
    """The grid connection, or None for an island; `weather` is called only if a series must be made."""
    grid = scenario.grid
    if not grid.enabled:
        return None
    wholesale = _wholesale(scenario, place, weather, horizon, series, costs, recorder)
    charge = _energy_charge(scenario, place, costs, recorder)
    clean = _clean_share(scenario, place, weather, horizon, series, costs, recorder)
    export = np.zeros(horizon.steps)
    if grid.max_export_mw > 0:
        if grid.export_price_myen_per_mwh is not None:
            export = series.read(grid.export_price_myen_per_mwh, "grid.export_price_myen_per_mwh", unit=PRICE_UNIT)
        else:
            export = wholesale - recorder.take("grid.generator_charge_energy")
    for key in ("max_mw", "min_mw", "max_export_mw"):
        if getattr(grid, key):
            recorder.give(f"grid.{key}", getattr(grid, key), "MW")
    return GridResource(
        annual_cost_myen_per_mw=costs.connection(lambda: _area(place, scenario)),
        min_mw=grid.min_mw,
        max_mw=math.inf if grid.max_mw is None else grid.max_mw,
        max_export_mw=grid.max_export_mw,
        price_myen_per_mwh=wholesale + charge,
        export_price_myen_per_mwh=export,
        emission_factor_t_per_mwh=_emission_factor(scenario, place, clean, series, costs, recorder),
        clean_share=clean,
    )


def _area(place: Place, scenario: Scenario) -> str:
    """The grid area; a connection in Japan cannot do without one."""
    if place.area is None and scenario.finance.cost_set == "japan":
        raise ScenarioError(
            Problem(
                "is missing, and prices and charges depend on it",
                key="site.area",
                remedy=(
                    "give the grid area, or under [grid] price_myen_per_mwh, energy_charge_myen_per_mwh,"
                    " annual_cost_myen_per_mw, clean_share and emission_factor_t_per_mwh"
                ),
            )
        )
    return place.area or ""


def _wholesale(
    scenario: Scenario,
    place: Place,
    weather: Callable[[], Weather],
    horizon: Horizon,
    series: SeriesReader,
    costs: CostReader,
    recorder: Recorder,
) -> Array:
    given = scenario.grid.price_myen_per_mwh
    if isinstance(given, JepxPrices):
        from kiban.weather.jepx import read_jepx

        files = [str(scenario.folder / name) for name in given.jepx_files]
        area = given.area or _area(place, scenario)
        recorder.record(
            "grid.price_myen_per_mwh", f"area price {area}", PRICE_UNIT, ", ".join(given.jepx_files), "given"
        )
        return horizon.cut(read_jepx(files, area, list(weather().years), horizon.step_hours))
    if given is not None:
        return series.read(given, "grid.price_myen_per_mwh", unit=PRICE_UNIT)
    if scenario.finance.cost_set == "united-states":
        return np.full(horizon.steps, costs.take_money("grid.energy_price"))
    area = _area(place, scenario)
    if area not in PRICE_AREAS:
        # Without an exchange the utility's tariff is the price, its network charges in it.
        return np.full(horizon.steps, costs.take_money(f"grid.{area}.tariff_energy_charge"))
    return horizon.cut(_area_prices(area, weather(), horizon, recorder))


def _area_prices(area: str, weather: Weather, horizon: Horizon, recorder: Recorder) -> Array:
    year = newest_complete_fiscal_year()
    statistics = price_statistics(area, year)
    profile = price_hour_profile(area, year)
    deviation = np.stack([profile[season] - profile[season].mean() for season in PRICE_SEASON_OF_MONTH])
    recorder.record(
        "grid.price_myen_per_mwh",
        f"{area}, fiscal year {year}, mean {statistics.mean_myen_per_mwh:.6g}",
        PRICE_UNIT,
        statistics.source,
        "synthetic",
        f"hours made from published monthly and hourly means and {statistics.floor_hours:g} floor hours",
    )
    return shape_prices(
        np.tile(month_of_step(horizon.step_hours), horizon.years),
        np.tile(hour_of_step(horizon.step_hours), horizon.years),
        weather.ghi_w_m2,
        month_mean=price_month_means(area, year),
        hour_deviation=deviation,
        floor_price=FLOOR_PRICE_MYEN_PER_MWH,
        high_price=statistics.p90_myen_per_mwh,
        floor_share=statistics.floor_hours / HOURS_PER_YEAR,
    )


def _energy_charge(scenario: Scenario, place: Place, costs: CostReader, recorder: Recorder) -> float:
    """Network charge, levies and margin on each MWh drawn."""
    given = scenario.grid.energy_charge_myen_per_mwh
    if given is not None:
        recorder.give("grid.energy_charge_myen_per_mwh", given, PRICE_UNIT)
        return given
    if scenario.finance.cost_set == "united-states":
        # The catalogue's industrial price has all charges in it.
        return 0.0
    area = _area(place, scenario)
    if area not in PRICE_AREAS and scenario.grid.price_myen_per_mwh is None:
        return costs.take_money("grid.renewable_surcharge")
    names = ("capacity_levy", "renewable_surcharge", "retail_margin", f"{area}.wheeling_energy_charge")
    return sum(costs.take_money(f"grid.{name}") for name in names)


def _clean_share(
    scenario: Scenario,
    place: Place,
    weather: Callable[[], Weather],
    horizon: Horizon,
    series: SeriesReader,
    costs: CostReader,
    recorder: Recorder,
) -> Array:
    given = scenario.grid.clean_share
    if given is not None:
        return series.read(given, "grid.clean_share", unit="share", lower=0.0, upper=1.0)
    prefix = _grid_prefix(scenario, place)
    mean, solar = costs.take(f"{prefix}.clean_share"), costs.take(f"{prefix}.solar_share")
    if scenario.weather.source == "none":
        return np.full(horizon.steps, mean)
    recorder.record("grid.clean_share", f"{mean:g}", "share", "the area's share, its solar part by the sun", "derived")
    return horizon.cut(shape_clean_share(weather().ghi_w_m2, clean_share=mean, solar_share=solar))


def _emission_factor(
    scenario: Scenario, place: Place, clean: Array, series: SeriesReader, costs: CostReader, recorder: Recorder
) -> Array:
    given = scenario.grid.emission_factor_t_per_mwh
    if given is not None:
        return series.read(given, "grid.emission_factor_t_per_mwh", unit="t/MWh", lower=0.0)
    mean = costs.take(f"{_grid_prefix(scenario, place)}.emission_factor")
    source = "the area's factor, by what is not clean"
    recorder.record("grid.emission_factor_t_per_mwh", f"{mean:g}", "t/MWh", source, "derived")
    return shape_emission_factor(clean, emission_factor=mean)


def _grid_prefix(scenario: Scenario, place: Place) -> str:
    if scenario.finance.cost_set == "united-states":
        return "grid"
    return f"grid.{_area(place, scenario)}"


def read_backup(
    scenario: Scenario, series: SeriesReader, costs: CostReader, recorder: Recorder, horizon: Horizon
) -> BackupResource | None:
    """Backup generators, or None."""
    backup = scenario.backup
    if backup.technology == "none":
        return None
    name = f"backup_{backup.technology}"
    if backup.fuel_cost_myen_per_mwh is None:
        fuel = np.full(horizon.steps, costs.take_money(f"{name}.fuel_cost"))
        if f"{name}.variable_om" in recorder.catalogue and scenario.finance.cost_set == "japan":
            fuel += costs.take_money(f"{name}.variable_om")
    else:
        fuel = series.read(backup.fuel_cost_myen_per_mwh, "backup.fuel_cost_myen_per_mwh", unit=PRICE_UNIT)
    emission = backup.emission_factor_t_per_mwh
    if emission is None:
        emission = costs.take(f"{name}.emission_factor")
    else:
        recorder.give("backup.emission_factor_t_per_mwh", emission, "t/MWh")
    recorder.settle(backup, "critical_share", "backup.critical_share")
    return BackupResource(
        annual_cost_myen_per_mw=costs.backup(backup.technology),
        min_mw=backup.min_mw,
        max_mw=math.inf if backup.max_mw is None else backup.max_mw,
        fuel_cost_myen_per_mwh=fuel,
        emission_factor_t_per_mwh=emission,
    )
