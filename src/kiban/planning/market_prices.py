"""The day-ahead price of the campus's area and of others: given, of the exchange's files, or made from statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.catalogue import newest_complete_fiscal_year, price_hour_profile, price_month_means, price_statistics
from kiban.catalogue.prices import PRICE_AREAS, PRICE_SEASON_OF_MONTH
from kiban.errors import Problem, ScenarioError
from kiban.messages import Message
from kiban.planning.area_prices import shape_prices
from kiban.planning.inputs import Inputs
from kiban.planning.memory import remembered
from kiban.planning.provenance import catalogue_source
from kiban.scenario import JepxPrices

if TYPE_CHECKING:
    from kiban.weather import Weather

PRICE_UNIT = "million yen/MWh"
FLOOR_PRICE_MYEN_PER_MWH = 1e-5
"""Lowest price that the exchange accepts, 0.01 yen/kWh: the definition of its floor hours."""


def is_american(inputs: Inputs) -> bool:
    """Whether costs are those of the United States."""
    return inputs.scenario.finance.cost_set == "united-states"


def area_of(inputs: Inputs) -> str:
    """The grid area; a connection in Japan cannot do without one."""
    if inputs.place.area is None:
        raise ScenarioError(Problem("no_prices_area", key="site.area"))
    return inputs.place.area


def has_market(inputs: Inputs) -> bool:
    """Whether a day-ahead price is known where the campus stands."""
    return inputs.scenario.grid.price_myen_per_mwh is not None or inputs.place.area in PRICE_AREAS


def read_market_price(inputs: Inputs) -> Array:
    """The wholesale price of the campus's area."""
    given, horizon = inputs.scenario.grid.price_myen_per_mwh, inputs.horizon
    if isinstance(given, JepxPrices):
        from kiban.weather.jepx import read_jepx

        files = [str(inputs.scenario.folder / name) for name in given.jepx_files]
        area = given.area or area_of(inputs)
        named = ", ".join(given.jepx_files)
        value, source = Message("input.area_price", price_area=area), Message("origin.named", name=named)
        inputs.recorder.record("grid.price_myen_per_mwh", value, PRICE_UNIT, source, "given", "file")
        return read_jepx(files, area, horizon.span(inputs.place.utc_offset_hours))
    if given is not None:
        return inputs.series.read(given, "grid.price_myen_per_mwh", unit=PRICE_UNIT)
    if is_american(inputs):
        return np.full(horizon.steps, inputs.costs.take_money("grid.energy_price"))
    area = area_of(inputs)
    if area not in PRICE_AREAS:
        # Without an exchange the utility's tariff is the price, its network charges in it.
        return np.full(horizon.steps, inputs.costs.take_money(f"grid.{area}.tariff_energy_charge"))
    return horizon.cut(_area_prices(inputs, area))


def read_area_price(inputs: Inputs, there: Inputs, area: str | None, key: str) -> Array | None:
    """Day-ahead price of another area, from the same files or the published statistics; None where it has none.

    `there` gives the weather of the place whose sun makes the hours at the floor.
    """
    given, horizon = inputs.scenario.grid.price_myen_per_mwh, inputs.horizon
    if area not in PRICE_AREAS:
        return None
    if isinstance(given, JepxPrices):
        from kiban.weather.jepx import read_jepx

        files = [str(inputs.scenario.folder / name) for name in given.jepx_files]
        value, source = (
            Message("input.area_price", price_area=area),
            Message("origin.named", name=", ".join(given.jepx_files)),
        )
        inputs.recorder.record(key, value, PRICE_UNIT, source, "given", "file")
        return read_jepx(files, area, horizon.span(inputs.place.utc_offset_hours))
    year = newest_complete_fiscal_year()
    statistics = price_statistics(area, year)
    if inputs.scenario.weather.source == "none":
        raise ScenarioError(Problem("procurement.no_price_there", key=key, name=area))
    inputs.recorder.record(
        key,
        Message("input.mean_price", price_area=area, year=year, price=statistics.mean_myen_per_mwh),
        PRICE_UNIT,
        catalogue_source(statistics.source),
        "synthetic",
        "catalogue",
    )
    return horizon.cut(_shape_prices(there.weather, area, year))


def _area_prices(inputs: Inputs, area: str) -> Array:
    year = newest_complete_fiscal_year()
    statistics = price_statistics(area, year)
    inputs.recorder.record(
        "grid.price_myen_per_mwh",
        Message("input.mean_price", price_area=area, year=year, price=statistics.mean_myen_per_mwh),
        PRICE_UNIT,
        catalogue_source(statistics.source),
        "synthetic",
        "catalogue",
        Message("note.price_hours", hours=statistics.floor_hours),
    )
    return _shape_prices(inputs.weather, area, year)


@remembered
def _shape_prices(weather: Weather, area: str, year: int) -> Array:
    statistics, profile = price_statistics(area, year), price_hour_profile(area, year)
    return shape_prices(
        np.asarray(weather.time.month, dtype=np.int64),
        np.asarray(weather.time.hour, dtype=np.int64),
        weather.ghi_w_m2,
        month_mean=price_month_means(area, year),
        hour_deviation=np.stack([profile[season] - profile[season].mean() for season in PRICE_SEASON_OF_MONTH]),
        floor_price=FLOOR_PRICE_MYEN_PER_MWH,
        high_price=statistics.p90_myen_per_mwh,
        floor_share=statistics.floor_hours / HOURS_PER_YEAR,
    )
