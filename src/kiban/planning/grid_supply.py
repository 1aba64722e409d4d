"""The grid connection and the backup of a scenario: prices, carbon and cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from kiban.arrays import Array
from kiban.catalogue.prices import PRICE_AREAS
from kiban.errors import Problem, ScenarioError
from kiban.messages import Message
from kiban.planning.area_prices import shape_clean_share, shape_emission_factor
from kiban.planning.connection_limits import read_calls, read_import_limit, read_window_shares
from kiban.planning.inputs import Inputs
from kiban.planning.market_prices import PRICE_UNIT, area_of, is_american
from kiban.planning.memory import remembered
from kiban.planning.procurement_options import open_tariffs
from kiban.planning.resources import BackupResource, GridResource, OutageResource

if TYPE_CHECKING:
    from kiban.weather import Weather


def describe_connection(inputs: Inputs, connection_mw: float) -> Message | None:
    """What no new data centre of the area is given: a connection above the area's headroom; None below it."""
    headroom = f"grid.{inputs.place.area}.headroom"
    if headroom not in inputs.recorder.catalogue:
        return None
    most = inputs.recorder.catalogue.value(headroom)
    return Message("grid_note.headroom", mw=connection_mw, most=most) if connection_mw > most else None


def read_grid(inputs: Inputs, market_price: Callable[[], Array]) -> GridResource | None:
    """The grid connection, or None for an island; `market_price` reads the wholesale price of its area."""
    grid = inputs.scenario.grid
    if not grid.enabled:
        return None
    tariffs = open_tariffs(inputs)
    wholesale = market_price()
    charge, surcharge, network = read_energy_charge(inputs) if tariffs is None else tariffs.energy_charges
    clean = _clean_share(inputs)
    export = np.zeros(inputs.horizon.steps)
    if grid.max_export_mw > 0:
        if grid.export_price_myen_per_mwh is not None:
            key = "grid.export_price_myen_per_mwh"
            export = inputs.series.read(grid.export_price_myen_per_mwh, key, unit=PRICE_UNIT)
        else:
            export = wholesale - inputs.recorder.take("grid.generator_charge_energy")
    for key in ("max_mw", "min_mw", "max_export_mw", "flexibility_mw"):
        if getattr(grid, key):
            inputs.recorder.give(f"grid.{key}", getattr(grid, key), "MW")
    if grid.flexibility_mw > 0 and grid.flexibility_price_myen_per_mw_year is not None:
        key = "grid.flexibility_price_myen_per_mw_year"
        inputs.recorder.give(key, grid.flexibility_price_myen_per_mw_year, "myen_per_mw_year")
    import_share, export_share = read_window_shares(inputs)
    call_share, last_called = read_calls(inputs, wholesale + charge)
    basic = None if tariffs is None else tariffs.basic_myen_per_mw_year
    least, most = _connection_limits(inputs)
    return GridResource(
        annual_cost_myen_per_mw=inputs.costs.connection(lambda: area_of(inputs), basic),
        min_mw=least,
        max_mw=most,
        max_export_mw=grid.max_export_mw,
        # What is bought some way has its own price, and the charges on top.
        price_myen_per_mwh=wholesale + charge if tariffs is None else np.full(inputs.horizon.steps, charge),
        export_price_myen_per_mwh=export,
        emission_factor_t_per_mwh=_emission_factor(inputs, clean),
        clean_share=clean,
        surcharge_myen_per_mwh=surcharge,
        network_charge_myen_per_mwh=network,
        import_share=np.minimum(import_share, call_share),
        export_share=export_share,
        import_limit_mw=read_import_limit(inputs),
        has_windows=bool(grid.window),
        called_hours_per_year=grid.non_firm.called_hours_per_year if grid.non_firm is not None else 0.0,
        last_called=last_called,
        flexibility_mw=grid.flexibility_mw,
        flexibility_price_myen_per_mw_year=grid.flexibility_price_myen_per_mw_year or 0.0,
    )


def _connection_limits(inputs: Inputs) -> tuple[float, float]:
    """Least and most connection, MW: a contract power that is settled is both."""
    grid, procurement = inputs.scenario.grid, inputs.scenario.procurement
    least, most = grid.min_mw, math.inf if grid.max_mw is None else grid.max_mw
    settled = None if procurement is None else procurement.contract_power_mw
    if settled is None:
        return least, most
    inputs.recorder.give("procurement.contract_power_mw", settled, "MW")
    if not least <= settled <= most:
        said = {"value": settled, "low": least, "high": most}
        raise ScenarioError(Problem("procurement.beyond_connection", key="procurement.contract_power_mw", values=said))
    return settled, settled


def read_energy_charge(inputs: Inputs) -> tuple[float, float, float]:
    """Network charge, levies and margin on each MWh drawn: the sum, and in it the surcharge and the network's part."""
    grid = inputs.scenario.grid
    if grid.energy_charge_myen_per_mwh is not None:
        inputs.recorder.give("grid.energy_charge_myen_per_mwh", grid.energy_charge_myen_per_mwh, PRICE_UNIT)
        return grid.energy_charge_myen_per_mwh, 0.0, 0.0
    if is_american(inputs):
        # The catalogue's industrial price has all charges in it.
        return 0.0, 0.0, 0.0
    area = area_of(inputs)
    if area not in PRICE_AREAS and grid.price_myen_per_mwh is None:
        surcharge = inputs.costs.take_money("grid.renewable_surcharge")
        return surcharge, surcharge, 0.0
    names = ("capacity_levy", "renewable_surcharge", "retail_margin", f"{area}.wheeling_energy_charge")
    levy, surcharge, margin, network = (inputs.costs.take_money(f"grid.{name}") for name in names)
    return levy + surcharge + margin + network, surcharge, network


def _clean_share(inputs: Inputs) -> Array:
    given = inputs.scenario.grid.clean_share
    if given is not None:
        return inputs.series.read(given, "grid.clean_share", unit="share", lower=0.0, upper=1.0)
    prefix = _grid_prefix(inputs)
    mean, solar = inputs.costs.take(f"{prefix}.clean_share"), inputs.costs.take(f"{prefix}.solar_share")
    if inputs.scenario.weather.source == "none":
        return np.full(inputs.horizon.steps, mean)
    source = Message("origin.clean_share")
    inputs.recorder.record("grid.clean_share", f"{mean:g}", "share", source, "derived", "formula")
    return inputs.horizon.cut(_shape_clean_share(inputs.weather, mean, solar))


@remembered
def _shape_clean_share(weather: Weather, mean: float, solar: float) -> Array:
    return shape_clean_share(weather.ghi_w_m2, clean_share=mean, solar_share=solar)


def _emission_factor(inputs: Inputs, clean: Array) -> Array:
    given = inputs.scenario.grid.emission_factor_t_per_mwh
    if given is not None:
        return inputs.series.read(given, "grid.emission_factor_t_per_mwh", unit="t/MWh", lower=0.0)
    mean = inputs.costs.take(f"{_grid_prefix(inputs)}.emission_factor")
    source = Message("origin.emission_factor")
    inputs.recorder.record("grid.emission_factor_t_per_mwh", f"{mean:g}", "t/MWh", source, "derived", "formula")
    return shape_emission_factor(clean, emission_factor=mean)


def _grid_prefix(inputs: Inputs) -> str:
    return "grid" if is_american(inputs) else f"grid.{area_of(inputs)}"


def read_backup(inputs: Inputs) -> BackupResource | None:
    """Backup generators, or None."""
    backup, costs, recorder = inputs.scenario.backup, inputs.costs, inputs.recorder
    if backup.technology == "none":
        return None
    name = f"backup_{backup.technology}"
    given = {"capex": backup.annual_cost_myen_per_mw, "fuel_cost": backup.fuel_cost_myen_per_mwh}
    if any(value is None and not costs.knows(f"{name}.{part}") for part, value in given.items()):
        said = {"name": backup.technology, "cost_set": inputs.scenario.finance.cost_set}
        raise ScenarioError(Problem("planning.no_backup_cost", key="backup.technology", values=said))
    if backup.fuel_cost_myen_per_mwh is None:
        fuel = np.full(inputs.horizon.steps, costs.take_money(f"{name}.fuel_cost"))
        if f"{name}.variable_om" in recorder.catalogue and not is_american(inputs):
            fuel += costs.take_money(f"{name}.variable_om")
    else:
        fuel = inputs.series.read(backup.fuel_cost_myen_per_mwh, "backup.fuel_cost_myen_per_mwh", unit=PRICE_UNIT)
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
        permitted_hours_per_year=_permitted_hours(inputs),
    )


def _permitted_hours(inputs: Inputs) -> float | None:
    hours = inputs.scenario.backup.permitted_hours_per_year
    if hours is not None:
        inputs.recorder.give("backup.permitted_hours_per_year", hours, "h")
    return hours


def read_outage(inputs: Inputs) -> OutageResource | None:
    """The outage that the site survives, if the scenario asks for one."""
    outage, recorder = inputs.scenario.outage, inputs.recorder
    if outage is None:
        return None
    recorder.give("outage.hours", outage.hours, "h")
    recorder.settle(outage, "share", "outage.share", "share")
    if outage.fuel_hours is not None:
        recorder.give("outage.fuel_hours", outage.fuel_hours, "h")
    fuel = math.inf if outage.fuel_hours is None else outage.fuel_hours
    return OutageResource(float(outage.hours), outage.share, fuel)
