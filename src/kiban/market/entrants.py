"""Plants that may enter the market in the long run, with the catalogue's costs: gas, sun, wind and batteries."""

from __future__ import annotations

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.market.entry import BatteryEntrant, Entrant
from kiban.market.year import MarketCase
from kiban.quantities import YEN_PER_MYEN


def annual_cost_yen_per_mw(catalogue: Catalogue, stem: str) -> float:
    """Level payment on the capital cost over the life, at the catalogue's discount rate, and the fixed cost."""
    capital = catalogue.value(f"{stem}.capex") * level_payment(catalogue, catalogue.value(f"{stem}.life"))
    return YEN_PER_MYEN * (capital + catalogue.value(f"{stem}.fixed_om"))


def level_payment(catalogue: Catalogue, life_years: float) -> float:
    """Payment a year that repays 1 over a life."""
    rate = catalogue.value("finance.discount_rate")
    return float(rate / (1.0 - (1.0 + rate) ** -life_years))


def load_entrants(case: MarketCase) -> tuple[Entrant, ...]:
    """Combined cycle, open cycle, sun and onshore wind in every area of the case, for all of its hours.

    Sun and wind have the hours of those that stand there, with the yearly output that the catalogue gives a new plant.
    """
    catalogue = case.catalogue
    heat = case.fuels.gas_yen_per_kwh[case.hours.places_of("M")][:, None]
    variable = catalogue.value("market.offer.variable_cost")
    there = np.full((1, len(case.hours.areas)), catalogue.value("market.offer.availability"))
    kinds = []
    for name, stem, row in (
        ("new_gas", "gas_ccgt", "market.thermal.gas.efficiency_best"),
        ("new_peaker", "market.entry.peaker", "market.entry.peaker.efficiency"),
    ):
        efficiency = catalogue.value(row)
        low = heat / efficiency + variable
        emission = catalogue.value("market.fuel.lng.emission_factor") / efficiency
        high = low + catalogue.value("market.entry.offer_rise")
        kinds.append(Entrant(name, there, low, high, emission, annual_cost_yen_per_mw(catalogue, stem)))
    rise = np.array(catalogue.value("market.entry.offer_rise"))
    for name, stem, made in (("new_pv", "pv", case.hours.solar_mw), ("new_wind", "wind_onshore", case.hours.wind_mw)):
        shape = availability_of(made, catalogue.value(f"{stem}.capacity_factor"))
        kinds.append(Entrant(name, shape, np.array(0.0), rise, 0.0, annual_cost_yen_per_mw(catalogue, stem)))
    return tuple(kinds)


def availability_of(made_mw: Array, mean_share: float) -> Array:
    """Hours of what stands there, scaled to the mean share and at most 1; nothing where nothing stands."""
    mean = made_mw.mean(axis=0)
    shape = np.divide(made_mw, mean, where=mean > 0.0, out=np.zeros_like(made_mw))
    return np.asarray(np.minimum(mean_share * shape, 1.0))


def load_battery(catalogue: Catalogue) -> BatteryEntrant:
    """The battery of the catalogue, with the hours that a new one has."""
    hours = catalogue.value("market.entry.battery.duration")
    capex = catalogue.value("battery.power_capex") + hours * catalogue.value("battery.energy_capex")
    yearly = level_payment(catalogue, catalogue.value("battery.life")) + catalogue.value("battery.fixed_om_share")
    return BatteryEntrant(
        hours=hours,
        efficiency=catalogue.value("battery.round_trip_efficiency"),
        band_yen_per_kwh=catalogue.value("market.entry.offer_rise"),
        annual_cost_yen_per_mw=YEN_PER_MYEN * capex * yearly,
    )
