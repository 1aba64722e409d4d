"""Figures of the catalogue against each other and against published results that they should reproduce."""

from __future__ import annotations

import pytest

from kiban.catalogue import AREAS, load_catalogue

CATALOGUE = load_catalogue()
value = CATALOGUE.value

HOURS_PER_YEAR = 8760.0


def annuity(rate: float, years: float) -> float:
    return rate / (1.0 - (1.0 + rate) ** -years)


def generation_cost(technology: str, share: float, rate: float = 0.03, life: float | None = None) -> float:
    years = value(f"{technology}.life") if life is None else life
    yearly = value(f"{technology}.capex") * annuity(rate, years) + value(f"{technology}.fixed_om")
    return yearly / (share * HOURS_PER_YEAR)


# ---- sums and rules stated in the notes


def test_pv_cost_is_the_sum_of_its_parts() -> None:
    parts = value("pv.system_cost") + value("pv.land_preparation") + value("pv.connection_capex")
    assert value("pv.capex") == pytest.approx(parts)


def test_onshore_wind_cost_is_the_sum_of_its_parts() -> None:
    fact = CATALOGUE.fact("wind_onshore.capex")
    plant, connection = (
        CATALOGUE.fact("wind_onshore.plant_capex"),
        CATALOGUE.fact("wind_onshore.connection_capex"),
    )
    assert fact.value == pytest.approx(plant.value + connection.value)
    assert fact.low == pytest.approx((plant.low or 0.0) + (connection.low or 0.0))
    assert fact.high == pytest.approx((plant.high or 0.0) + (connection.high or 0.0))


def test_battery_parts_give_the_published_total_at_three_hours() -> None:
    parts = value("battery.power_capex") / 3.0 + value("battery.energy_capex")
    assert parts == pytest.approx(value("battery.all_in_capex"))
    cells = ("cell", "converter", "other", "construction")
    assert sum(value(f"battery.{part}_capex") for part in cells) == pytest.approx(value("battery.all_in_capex"))


def test_american_battery_parts_give_the_published_four_hours() -> None:
    four_hours = value("us.battery.power_capex") + 4.0 * value("us.battery.energy_capex")
    assert four_hours == pytest.approx(value("us.battery.capex_4h"), abs=1500.0)


def test_geothermal_availability_is_net_of_own_consumption() -> None:
    net = value("geothermal.capacity_factor") * (1.0 - value("geothermal.own_consumption"))
    assert value("geothermal.availability") == pytest.approx(net)


def test_gas_engine_fuel_cost_follows_from_gas_price() -> None:
    fuel = value("backup_gas_engine.gas_price") / value("backup_gas_engine.efficiency")
    assert value("backup_gas_engine.fuel_cost") == pytest.approx(fuel)


def test_regional_construction_parts_add_up_with_chilled_water() -> None:
    parts = sum(value(f"datacentre.{part}.capex") for part in ("building", "electrical", "fitout"))
    total = parts + value("cooling.chilled_water.capex")
    assert total == pytest.approx(value("datacentre.total.capex_regional"), rel=2e-3)


def test_american_construction_parts_add_up_with_chilled_water() -> None:
    parts = sum(value(f"us.datacentre.{part}.capex") for part in ("building", "electrical", "fitout"))
    total = parts + value("us.cooling.chilled_water.capex")
    assert total == pytest.approx(value("us.datacentre.total.capex"), rel=2e-3)


def test_dollar_construction_costs_convert_at_the_catalogue_rate() -> None:
    for city in ("tokyo", "osaka"):
        dollars = value(f"datacentre.construction.{city}_2025")
        converted = dollars * value("money.yen_per_usd") / 1e6
        assert value(f"datacentre.total.capex_{city}") == pytest.approx(converted, rel=1e-3)


def test_carbon_price_is_the_middle_of_the_band() -> None:
    middle = (value("carbon.price_floor") + value("carbon.price_ceiling")) / 2.0
    assert value("carbon.price") == pytest.approx(middle)


@pytest.mark.parametrize("area", AREAS)
def test_network_charges_keep_the_tokyo_split(area: str) -> None:
    ratio = value(f"grid.{area}.wheeling_average") / value("grid.tokyo.wheeling_average")
    for part in ("wheeling_demand_charge", "wheeling_energy_charge"):
        assert value(f"grid.{area}.{part}") == pytest.approx(value(f"grid.tokyo.{part}") * ratio, rel=2e-4)


def test_tokyo_network_charges_give_their_average_at_a_usual_load_factor() -> None:
    load_factor = 0.65
    average = value("grid.tokyo.wheeling_demand_charge") / (HOURS_PER_YEAR * load_factor)
    average += value("grid.tokyo.wheeling_energy_charge")
    assert average == pytest.approx(value("grid.tokyo.wheeling_average"), rel=0.1)


def test_backup_emission_factors_follow_from_fuel_and_efficiency() -> None:
    diesel_kg_per_gj, gas_kg_per_gj, gj_per_mwh = 74.1, 56.1, 3.6
    diesel = diesel_kg_per_gj * gj_per_mwh / 0.38 / 1000.0
    gas = gas_kg_per_gj * gj_per_mwh / value("backup_gas_engine.efficiency") / 1000.0
    assert value("backup_diesel.emission_factor") == pytest.approx(diesel, rel=0.01)
    assert value("backup_gas_engine.emission_factor") == pytest.approx(gas, rel=0.01)


def test_unserved_price_follows_from_the_gpu_hour() -> None:
    kilowatts = value("cluster.h100_100k.power") * 1000.0 / 100_000.0
    per_mwh = value("gpu_hour.h100.2026q1") / kilowatts * 1000.0
    assert value("us.compute.unserved_price") == pytest.approx(per_mwh, rel=1e-3)
    converted = per_mwh * value("money.yen_per_usd") / 1e6
    assert value("compute.unserved_price") == pytest.approx(converted, rel=1e-3)


def test_inzai_land_price_converts_at_the_catalogue_rate() -> None:
    converted = value("datacentre.land_price.inzai") * value("money.yen_per_usd") / 1e6
    assert value("site.inzai.land_price") == pytest.approx(converted)


# ---- published results that costs, lives and capacity factors must reproduce (rate 3 %)


def test_geothermal_cost_reproduces_the_published_one_only_net_of_own_consumption() -> None:
    published = value("geothermal.lcoe")
    assert generation_cost("geothermal", value("geothermal.availability")) == pytest.approx(published, rel=0.06)
    assert generation_cost("geothermal", value("geothermal.capacity_factor")) < 0.9 * published


def is_in_its_range(fact_id: str, cost: float) -> bool:
    fact = CATALOGUE.fact(fact_id)
    return fact.low is not None and fact.high is not None and fact.low <= cost <= fact.high


def test_pv_cost_by_hand_lies_in_the_published_range() -> None:
    """162.6 x 0.057428 (3 %, 25 years) + 4.2 = 13.538 million yen a year for 0.183 x 8,760 = 1,603.1 hours."""
    cost = generation_cost("pv", value("pv.capacity_factor"))
    assert cost == pytest.approx(0.0084449, rel=1e-4)
    assert is_in_its_range("pv.lcoe_2040", cost)


def test_onshore_wind_cost_by_hand_lies_in_the_published_range_over_twenty_years() -> None:
    """322 x 0.067216 (3 %, 20 years) + 13.4 = 35.043 million yen a year for 0.291 x 8,760 = 2,549.2 hours.

    The review calculates with 20 and 25 years. Over 25 it is 0.0125, below the range: what else the published cost
    holds, such as policy cost, the sources do not divide out.
    """
    cost = generation_cost("wind_onshore", value("wind_onshore.capacity_factor"), life=20.0)
    assert cost == pytest.approx(0.013747, rel=1e-4)
    assert is_in_its_range("wind_onshore.lcoe_2040", cost)
    longer = generation_cost("wind_onshore", value("wind_onshore.capacity_factor"))
    assert longer == pytest.approx(0.012510, rel=1e-4)


def test_floating_wind_2040_by_hand_is_near_the_published_cost() -> None:
    """600 x 0.067216 (3 %, 20 years) + 25 = 65.329 million yen a year for 0.35 x 8,760 = 3,066 hours.

    0.0213 of the published 0.0225; what fills the twentieth that lacks, the source does not say.
    """
    yearly = value("wind_offshore_floating.capex_2040") * annuity(0.03, value("wind_offshore_floating.life"))
    yearly += value("wind_offshore_floating.fixed_om")
    cost = yearly / (value("wind_offshore_floating.capacity_factor") * HOURS_PER_YEAR)
    assert cost == pytest.approx(0.021308, rel=1e-4)
    assert cost == pytest.approx(value("wind_offshore_floating.lcoe_2040"), rel=0.055)


# ---- orders that nature and engineering impose


def test_offshore_costs_more_than_onshore_and_floating_more_than_fixed() -> None:
    for prefix in ("", "us."):
        onshore, fixed, floating = (
            value(f"{prefix}wind_{kind}.capex") for kind in ("onshore", "offshore_fixed", "offshore_floating")
        )
        assert onshore < fixed < floating


def test_round_trips_grow_with_distance() -> None:
    for city in ("tokyo", "osaka"):
        pairs = sorted(
            (value(site.fact_id(f"distance_{city}")), value(site.fact_id(f"round_trip_{city}")))
            for site in CATALOGUE.sites.values()
        )
        delays = [delay for _, delay in pairs]
        assert delays == sorted(delays)
        for distance_km, delay_ms in pairs:
            assert delay_ms == pytest.approx(2.0 * 1.4 * distance_km / 200.0 + 0.5, abs=0.1)


def test_lower_precision_is_never_slower() -> None:
    for chip in ("h100", "h200", "b200", "gb200", "gb300", "mi300x", "mi355x"):
        rates = [value(f"chip.{chip}.{kind}") for kind in ("fp16", "fp8", "fp4") if f"chip.{chip}.{kind}" in CATALOGUE]
        assert rates == sorted(rates)
        assert f"chip.{chip}.price" in CATALOGUE
        assert value(f"chip.{chip}.server_power_factor") > 1.0
        assert value(f"chip.{chip}.server_cost_factor") > 1.0


def test_energy_per_token_falls_with_the_batch() -> None:
    for chip in ("h100", "b200"):
        prefix = f"token.70b_bf16.{chip}.batch"
        by_batch = sorted((int(key[len(prefix) :]), energy) for key, energy in CATALOGUE.values(prefix).items())
        energies = [energy for _, energy in by_batch]
        assert len(energies) >= 8
        assert energies == sorted(energies, reverse=True)
