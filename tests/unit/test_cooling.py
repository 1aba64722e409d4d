"""Cooling: the modes of each system, the parts, the rows it is made of, bad parameters."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import kiban
from kiban.physics import air
from kiban.physics.cooling import COOLING_SYSTEMS, chiller_duty, cooling_performance, cooling_rows, cooling_system
from kiban.physics.heat_rejection import (
    Chiller,
    DryCooler,
    Tower,
    chiller_performance,
    dry_rejection,
    fan_speed_share,
    free_share,
    make_up_factor,
    outside_air,
    tower_rejection,
)

TABLE = Path(kiban.__file__).parent / "catalogue" / "tables" / "cooling.csv"
SYSTEMS = tuple(COOLING_SYSTEMS)


@pytest.fixture(scope="module")
def table():
    with TABLE.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def values(table):
    return {row["id"]: float(row["value"]) for row in table}


def hour(system, temperature, humidity, **options):
    pue, wue = cooling_performance(system, temperature, humidity, 1013.25, **options)
    return float(pue), float(wue)


def without_cooling(values):
    feed = 1 / (
        values["cooling.electrical.ups_efficiency"] * (1 - values["cooling.electrical.distribution_loss_share"])
    )
    inside = feed + values["cooling.electrical.miscellaneous_share"]
    return inside, inside / (1 - values["cooling.electrical.transformer_loss_share"])


def test_every_row_is_used_and_lies_in_its_range(table):
    used = {row for name in SYSTEMS for row in cooling_rows(name)}
    assert used == {row["id"] for row in table}
    for row in table:
        assert float(row["low"]) <= float(row["value"]) <= float(row["high"]), row["id"]


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("bound", ["low", "high"])
def test_each_system_can_be_built_at_the_ends_of_its_ranges(table, name, bound):
    system = cooling_system(name, {row["id"]: float(row[bound]) for row in table})
    pue, wue = cooling_performance(system, [-15.0, 5.0, 20.0, 36.0], [60.0, 80.0, 95.0, 45.0], 1000.0)
    assert np.all((pue > 1.0) & (pue < 2.0))
    assert np.all((wue >= 0.0) & (wue < 5.0))


@pytest.mark.parametrize("name", SYSTEMS)
def test_heat_costs_power(values, name):
    system = cooling_system(name, values)
    pue, _ = cooling_performance(system, np.array([-10.0, 10.0, 35.0]), np.array([60.0, 60.0, 70.0]), 1013.25)
    assert without_cooling(values)[1] < pue[0] <= pue[1] < pue[2]


@pytest.mark.parametrize("name", SYSTEMS)
def test_thin_air_needs_more_fan_power(values, name):
    system = cooling_system(name, values)
    low, _ = cooling_performance(system, -5.0, 40.0, 1013.25)
    high, _ = cooling_performance(system, -5.0, 40.0, 850.0)
    assert high > low


def test_air_in_a_cold_hour_costs_its_fans_alone(values):
    system = cooling_system("air_economiser", values)
    inside, _ = without_cooling(values)
    expected = inside * (1 + values["cooling.room.fan_kw_per_kw"]) / 0.99
    pue, wue = hour(system, 5.0, 60.0)
    assert pue == pytest.approx(expected, rel=1e-9)
    assert wue == 0.0


def test_air_is_wetted_in_a_hot_dry_hour(values):
    system = cooling_system("air_economiser", values)
    pue, wue = hour(system, 33.0, 20.0)
    assert pue == pytest.approx(hour(system, 10.0, 50.0)[0], rel=1e-9)
    # 6 K off 1 / (1.006 * 15) kg of air a second, at 2,450 kJ/kg, a quarter more for the drain.
    inside, _ = without_cooling(values)
    assert wue == pytest.approx(inside * 1.05 * 6 / 15 / 2450 * 3600 * 1.25, rel=0.01)


def test_air_too_moist_stays_outside(values):
    system = cooling_system("air_economiser", values)
    dew = float(air.dew_point_c(22.0, 90.0))
    assert dew > values["cooling.air_economiser.maximum_dew_point_c"]
    pue, wue = hour(system, 22.0, 90.0)
    assert pue > hour(system, 22.0, 60.0)[0] + 0.1
    assert wue == 0.0
    tolerant = replace(system, maximum_dew_point_c=24.0)
    assert hour(tolerant, 22.0, 90.0)[0] == pytest.approx(hour(system, 22.0, 60.0)[0], rel=1e-9)


def test_pads_do_not_moisten_beyond_the_limit(values):
    system = cooling_system("air_economiser", values)
    temperature, humidity = 31.0, 41.0  # a dew point just below the limit
    assert 16.0 < float(air.dew_point_c(temperature, humidity)) < 17.0
    pue, wue = hour(system, temperature, humidity)
    limitless = replace(system, maximum_dew_point_c=30.0)
    assert hour(limitless, temperature, humidity)[0] < pue
    assert 0.0 < wue < hour(limitless, temperature, humidity)[1]


def test_wet_rejection_trades_water_for_power(values):
    dry = cooling_system("air_economiser", values)
    wet = replace(dry, wet_rejection=1.0)
    dry_pue, dry_wue = hour(dry, 32.0, 70.0)
    wet_pue, wet_wue = hour(wet, 32.0, 70.0)
    assert wet_pue < dry_pue
    assert wet_wue > 1.0 > dry_wue == 0.0


def test_chilled_water_modes(values):
    system = cooling_system("chilled_water", values)
    cold, cool, mild, warm = (hour(system, temperature, 70.0)[0] for temperature in (-10.0, 8.0, 16.0, 32.0))
    assert cold < cool < mild < warm
    # Water is evaporated all year round, less of it in the cold, when the air takes sensible heat too.
    water = [hour(system, temperature, 70.0)[1] for temperature in (-10.0, 8.0, 16.0, 32.0)]
    assert 0.5 < water[0] < water[1] < water[2] < water[3] < 3.0


def test_warm_water_needs_no_chiller_even_in_summer(values):
    system = cooling_system("direct_liquid", values)
    hot = replace(system, supply_temperature_c=45.0, liquid_share=1.0)
    pue, wue = hour(hot, 36.0, 50.0)
    cold_pue, _ = hour(hot, -10.0, 50.0)
    assert wue == 0.0
    assert pue - cold_pue < 0.05


def test_pads_of_the_dry_cooler_start_when_the_air_is_too_warm(values):
    system = cooling_system("direct_liquid", values)
    assert hour(system, 26.0, 40.0)[1] == 0.0
    assert 0.0 < hour(system, 28.0, 40.0)[1] < hour(system, 34.0, 40.0)[1]
    dry_cooler = replace(system.dry_cooler, pad_effectiveness=0.0)
    padless = replace(system, dry_cooler=dry_cooler)
    assert hour(padless, 34.0, 40.0)[1] == 0.0
    assert hour(padless, 34.0, 40.0)[0] > hour(system, 34.0, 40.0)[0]


def test_more_heat_in_the_liquid_costs_less(values):
    system = cooling_system("direct_liquid", values)
    shares = [hour(replace(system, liquid_share=share), 25.0, 70.0)[0] for share in (0.6, 0.8, 1.0)]
    assert shares[0] > shares[1] > shares[2]


def test_immersion_is_the_best_of_all_in_summer(values):
    summer = {name: hour(cooling_system(name, values), 30.0, 70.0)[0] for name in SYSTEMS}
    assert min(summer, key=summer.get) == "immersion"
    assert summer["direct_liquid"] < summer["chilled_water"]


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_supply_temperature_can_be_overridden(values, name):
    system = cooling_system(name, values)
    warmer = system.supply_temperature_c + 3.0
    overridden = hour(system, 36.0, 70.0, supply_temperature_c=warmer)
    assert overridden == hour(replace(system, supply_temperature_c=warmer), 36.0, 70.0)
    assert overridden[0] < hour(system, 36.0, 70.0)[0]


# The parts.

CHILLER = Chiller(carnot_share=0.5, evaporator_approach_k=2.0, condenser_lift_k=7.0, minimum_lift_k=10.0)
TOWER = Tower(
    approach_k=4.0,
    range_k=5.0,
    fan_kw_per_kw=0.01,
    pump_kw_per_kw=0.01,
    minimum_speed_share=0.3,
    concentration_cycles=4.0,
)
COOLER = DryCooler(approach_k=6.0, air_rise_k=10.0, fan_kw_per_kw=0.02, minimum_speed_share=0.3, pad_effectiveness=0.5)


def test_the_chiller_is_half_of_carnot():
    # Evaporating at 8, condensing at 38 degrees Celsius.
    assert chiller_performance(CHILLER, 10.0, np.array(31.0)) == pytest.approx(0.5 * 281.15 / 30)
    # In the cold the compressor keeps its least lift.
    assert chiller_performance(CHILLER, 10.0, np.array(-20.0)) == pytest.approx(0.5 * 281.15 / 10)


def test_the_free_share_runs_from_return_to_supply():
    np.testing.assert_allclose(free_share(np.array([10.0, 20.0, 24.0, 28.0, 40.0]), 20.0, 8.0), [1, 1, 0.5, 0, 0])


def test_fans_slow_down_to_their_least_speed():
    np.testing.assert_allclose(fan_speed_share(10.0, np.array([-5.0, 5.0, 20.0, 100.0]), 0.3), [1, 1, 0.5, 0.3])


def test_the_drain_follows_from_the_cycles():
    assert make_up_factor(5.0) == pytest.approx(1.25)
    assert make_up_factor(2.0) == pytest.approx(2.0)


def test_the_tower_evaporates_less_than_all_of_the_heat_in_cold_and_moist_air():
    everything = 3600 / 2430 * 4 / 3
    shares = []
    for temperature in (0.0, 15.0, 30.0):
        outside = outside_air(temperature, 80.0, 1013.25)
        power, water = tower_rejection(TOWER, outside, np.array(1.0), np.maximum(outside.wet + 4.0, 15.0), 1.0)
        assert power == pytest.approx(0.02)
        shares.append(float(water) / everything)
    assert 0.45 < shares[0] < shares[1] < shares[2] < 0.95


def test_the_tower_saves_fan_power_by_the_cube_of_its_speed():
    outside = outside_air(10.0, 80.0, 1013.25)
    power, _ = tower_rejection(TOWER, outside, np.array(2.0), outside.wet + 4.0, 0.5)
    assert power == pytest.approx(2.0 * (0.01 / 8 + 0.01))


def test_the_dry_loop_is_free_until_its_approach_is_used_up():
    def power(temperature):
        outside = outside_air(temperature, 100.0, 1013.25)
        return float(dry_rejection(CHILLER, COOLER, outside, np.array(1.0), 30.0, 10.0, pads=True)[0])

    assert power(24.0) == pytest.approx(0.02)
    assert power(14.0) == pytest.approx(0.02 * (16 / 26) ** 3)
    # At 29 degrees half of the range is left to the chiller, which evaporates at 28 and condenses at 42.
    compressor = 0.5 / (0.5 * 301.15 / 14)
    assert power(29.0) == pytest.approx(compressor + 0.02 * (1 + compressor), rel=1e-9)


# What cannot be built.


def test_unknown_systems_are_refused():
    with pytest.raises(ValueError, match="must be one of air_economiser, chilled_water, direct_liquid, immersion"):
        cooling_system("ice", {})
    with pytest.raises(ValueError, match="must be one of"):
        cooling_rows("ice")


def test_missing_rows_are_all_named(values):
    short = {key: value for key, value in values.items() if not key.startswith("cooling.tower")}
    with pytest.raises(ValueError, match=r"cooling\.tower\.approach_k, .*cooling\.tower\.concentration_cycles"):
        cooling_system("air_economiser", short)


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ("cooling.electrical.ups_efficiency", 0.0),
        ("cooling.electrical.transformer_loss_share", 1.0),
        ("cooling.chiller.minimum_lift_k", 0.0),
        ("cooling.tower.concentration_cycles", 1.0),
        ("cooling.chilled_water.supply_temperature_c", 200.0),
        ("cooling.tower.minimum_speed_share", 1.5),
        ("cooling.room.fan_kw_per_kw", -0.1),
        ("cooling.room.fan_kw_per_kw", float("nan")),
    ],
)
def test_numbers_that_no_plant_has_are_refused(values, row, value):
    name = row.removeprefix("cooling.").removeprefix("chilled_water.")
    with pytest.raises(ValueError, match=f"{name} is {value}, but must be"):
        cooling_system("chilled_water", values | {row: value})


def test_all_faults_are_named_at_once(values):
    with pytest.raises(ValueError, match="ups_efficiency") as error:
        cooling_system(
            "immersion",
            values | {"cooling.electrical.ups_efficiency": 2.0, "cooling.immersion.liquid_share": -1.0},
        )
    assert "liquid_share is -1.0" in str(error.value)


def duty(system, temperature, humidity, **options):
    found = chiller_duty(system, temperature, humidity, 1013.25, **options)
    return float(found.heat_share), float(found.power), float(found.charge_power)


@pytest.mark.parametrize("wet", [0.0, 1.0])
@pytest.mark.parametrize("name", SYSTEMS)
def test_what_chillers_draw_is_what_the_pue_has_of_them(values, name, wet):
    """A chiller that draws half as much for each kW of heat changes the PUE by half of what is said of it, no more."""
    values = {**values, "cooling.air_economiser.wet_rejection": wet, "cooling.direct_liquid.liquid_share": 0.0}
    values["cooling.immersion.liquid_share"] = 0.0
    systems = [cooling_system(name, {**values, "cooling.chiller.carnot_share": share}) for share in (0.3, 0.6)]
    temperature, humidity = 33.0, 80.0
    heat, power, charge = duty(systems[0], temperature, humidity)
    assert heat > 0.9
    assert charge == power
    better = duty(systems[1], temperature, humidity)
    assert better[0] == heat
    pues = [hour(system, temperature, humidity)[0] for system in systems]
    assert pues[0] - pues[1] == pytest.approx(heat * (power - better[1]), rel=1e-9)


def test_chilled_water_by_hand(values):
    """30 degrees, saturated: COP of 0.45 x 286.15 K / 28.5 K, a tower for heat and work, all behind the transformer."""
    system = cooling_system("chilled_water", values)
    heat, power, _ = duty(system, 30.0, 100.0)
    inside, _ = without_cooling(values)
    assert heat == pytest.approx(inside * 1.05, rel=1e-3)
    work = (30 + 4.5 + 7 - (22 - 7 - 2)) / (0.45 * (22 - 7 - 2 + 273.15))
    assert power == pytest.approx((work + (1 + work) * 0.022) / 0.99, rel=1e-4)


@pytest.mark.parametrize("name", SYSTEMS)
def test_cold_weather_leaves_chillers_nothing_and_ice_costs_more(values, name):
    system = cooling_system(name, values)
    assert duty(system, -5.0, 60.0)[0] == 0.0
    heat, power, _ = duty(system, 35.0, 60.0)
    assert heat > 0
    assert duty(system, 35.0, 60.0, charge_temperature_c=-6.0)[2] > 1.3 * power
