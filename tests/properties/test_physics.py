"""Laws of the physics, for any weather and any plant within its ranges."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

import kiban
from kiban.calendar import month_of_step
from kiban.physics import air
from kiban.physics.battery import one_way_efficiencies, self_discharge_per_step
from kiban.physics.compute import allowed_backlog, inference_shape
from kiban.physics.cooling import COOLING_SYSTEMS, cooling_performance, cooling_system
from kiban.physics.geothermal import geothermal_availability
from kiban.physics.hydro import run_of_river_availability
from kiban.physics.solar import inverter_output, pv_availability
from kiban.physics.wind import power_curve_from_rows, power_curve_output, wind_availability

TABLES = Path(kiban.__file__).parent / "catalogue" / "tables"


def read(table):
    with (TABLES / f"{table}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


COOLING = read("cooling")
ONSHORE = power_curve_from_rows(
    {row["id"]: float(row["value"]) for row in read("wind_power_curves")}, "wind_power_curve.onshore."
)

temperatures = st.floats(-30.0, 45.0)
humidities = st.floats(1.0, 100.0)
pressures = st.floats(750.0, 1050.0)


def between(low, high):
    return st.floats(low, high, allow_nan=False)


@st.composite
def cooling_systems(draw):
    """A cooling system with every parameter anywhere within its row's range."""
    name = draw(st.sampled_from(tuple(COOLING_SYSTEMS)))
    weight = {row["id"]: draw(between(0.0, 1.0)) for row in COOLING}
    values = {
        row["id"]: float(row["low"]) + weight[row["id"]] * (float(row["high"]) - float(row["low"])) for row in COOLING
    }
    return cooling_system(name, values)


@settings(max_examples=150)
@given(cooling_systems(), temperatures, humidities, pressures)
def test_cooling_never_makes_power_and_never_gives_water(system, temperature, humidity, pressure):
    pue, wue = cooling_performance(system, temperature, humidity, pressure)
    assert np.isfinite(pue)
    assert 1.0 < pue < 2.5
    assert 0.0 <= wue < 12.0


@settings(max_examples=150)
@given(cooling_systems(), temperatures, humidities, pressures, between(0.0, 15.0))
def test_a_warmer_supply_never_raises_pue(system, temperature, humidity, pressure, warmer_k):
    supply = system.supply_temperature_c
    cold, _ = cooling_performance(system, temperature, humidity, pressure)
    warm, _ = cooling_performance(system, temperature, humidity, pressure, supply + warmer_k)
    assert warm <= cold + 1e-12


@settings(max_examples=100)
@given(cooling_systems(), temperatures, between(0.0, 20.0), between(1.0, 99.0), pressures)
def test_warmer_weather_never_lowers_pue_at_the_same_wet_depression(system, temperature, warmer_k, humidity, pressure):
    """At equal relative humidity both bulbs rise together, so no system can gain."""
    cool, _ = cooling_performance(system, temperature, humidity, pressure)
    warm, _ = cooling_performance(system, min(temperature + warmer_k, 50.0), humidity, pressure)
    assert warm >= cool - 1e-9


@given(temperatures, humidities, pressures)
def test_dew_point_wet_bulb_dry_bulb_are_in_order(temperature, humidity, pressure):
    dew = air.dew_point_c(temperature, humidity)
    wet = air.wet_bulb_c(temperature, humidity, pressure)
    assert dew - 1e-6 <= wet <= temperature + 1e-6
    assert np.isclose(air.saturation_pressure_hpa(dew), air.vapour_pressure_hpa(temperature, humidity), rtol=1e-6)


@given(temperatures, between(1.0, 95.0), between(0.1, 5.0), pressures)
def test_moister_air_has_a_higher_wet_bulb(temperature, humidity, more, pressure):
    drier = air.wet_bulb_c(temperature, humidity, pressure)
    # The formulas for water and ice on the wick overlap at freezing: the same air has two wet bulbs there.
    tolerance = 0.5 if abs(drier) < 0.5 else 1e-6
    assert air.wet_bulb_c(temperature, humidity + more, pressure) >= drier - tolerance


@st.composite
def sunny_days(draw):
    """Two days of one season with a clear fraction each hour, and a plant."""
    month = draw(st.integers(1, 12))
    index = pd.date_range(f"2023-{month:02d}-10", periods=48, freq="1h", tz="Etc/GMT-9")
    clear = np.array(draw(st.lists(between(0.05, 1.0), min_size=48, max_size=48)))
    height = np.clip(np.sin((np.asarray(index.hour) + 0.5 - 6) / 12 * np.pi), 0.0, None)
    ghi = 900.0 * height * clear
    diffuse = ghi * (1.0 - 0.8 * clear)
    normal = np.where(height > 0.1, (ghi - diffuse) / np.maximum(height, 0.1), 0.0)
    plant = {
        "step_hours": 1.0,
        "mount": draw(st.sampled_from(["fixed", "single_axis"])),
        "tilt_deg": draw(between(0.0, 60.0)),
        "azimuth_deg": draw(between(120.0, 240.0)),
        "dc_ac_ratio": draw(between(0.8, 2.0)),
        "system_loss_share": draw(between(0.0, 0.4)),
        "temperature_coefficient_per_k": draw(between(-0.005, -0.002)),
        "inverter_efficiency": draw(between(0.9, 1.0)),
        "ground_albedo": draw(between(0.0, 0.8)),
        "ground_coverage_ratio": 0.4,
        "maximum_rotation_deg": 55.0,
    }
    return index, ghi, normal, diffuse, plant


def pv(days, temperature=15.0, scale=1.0, **changes):
    index, ghi, normal, diffuse, plant = days
    return pv_availability(
        index,
        36.0,
        138.0,
        100.0,
        scale * ghi,
        scale * normal,
        scale * diffuse,
        np.full(48, temperature),
        np.full(48, 2.0),
        **plant | changes,
    )


@settings(max_examples=40)
@given(sunny_days(), temperatures)
def test_pv_output_is_a_share_and_dark_nights_give_none(days, temperature):
    output = pv(days, temperature)
    assert np.all((output >= 0.0) & (output <= 1.0))
    assert np.all(output[days[1] == 0.0] <= 1e-12)


@settings(max_examples=40)
@given(sunny_days(), between(0.2, 0.95))
def test_less_light_never_gives_more_energy(days, scale):
    assert pv(days, scale=scale).sum() <= pv(days).sum() + 1e-9


@settings(max_examples=40)
@given(sunny_days(), temperatures, between(0.0, 20.0))
def test_a_warmer_day_never_gives_more_pv(days, temperature, warmer_k):
    assert np.all(pv(days, temperature + warmer_k) <= pv(days, temperature) + 1e-12)


@settings(max_examples=40)
@given(sunny_days(), between(1.0, 1.5))
def test_more_modules_never_give_less_and_never_more_than_in_proportion(days, factor):
    ratio = days[-1]["dc_ac_ratio"]
    small, large = pv(days), pv(days, dc_ac_ratio=factor * ratio)
    assert np.all(large >= small - 1e-12)
    # The inverter's part-load efficiency gains a little, at most its own loss at the lowest load.
    lit = small > 0.2
    assert np.all(large[lit] <= factor * small[lit] * 1.03 + 1e-12)


@settings(max_examples=30)
@given(sunny_days(), st.lists(between(0.0, 30.0), min_size=48, max_size=48), st.integers(1, 8))
def test_snow_never_adds(days, depth, strings):
    covered = pv(days, temperature=-1.0, snow_depth_cm=np.array(depth), snow_strings=strings)
    assert np.all(covered <= pv(days, temperature=-1.0) + 1e-12)


@given(st.lists(between(0.0, 3.0), min_size=2, max_size=20), between(0.8, 1.0))
def test_the_inverter_never_makes_power(direct, efficiency):
    current = np.sort(np.array(direct))
    output = inverter_output(current, efficiency)
    assert np.all(output <= np.minimum(current * efficiency * 0.9858 / 0.9637, 1.0) + 1e-12)
    assert np.all(np.diff(output) >= -1e-12)


@given(between(0.0, 25.0), between(0.0, 5.0), between(0.8, 1.4))
def test_wind_output_rises_with_speed_up_to_cut_out(speed, more, density):
    speeds, shares = ONSHORE
    slow, fast = (
        float(power_curve_output(each, density, curve_speeds_m_s=speeds, curve_shares=shares))
        for each in (speed, min(speed + more, 25.0))
    )
    assert 0.0 <= slow <= fast <= 1.0


@given(between(0.0, 25.0), between(0.8, 1.4), between(0.0, 0.3))
def test_denser_air_never_gives_less(speed, density, more):
    speeds, shares = ONSHORE
    thin, thick = (
        float(power_curve_output(speed, each, curve_speeds_m_s=speeds, curve_shares=shares))
        for each in (density, density + more)
    )
    assert thin <= thick + 1e-12


@given(st.lists(between(0.1, 30.0), min_size=4, max_size=40), between(0.1, 10.0), between(3.0, 12.0))
def test_a_resource_map_overrides_the_unit_of_the_series(speeds, factor, mean):
    def output(series):
        return wind_availability(
            series,
            10.0,
            12.0,
            1000.0,
            hub_height_m=110.0,
            shear_exponent=0.2,
            curve_speeds_m_s=ONSHORE[0],
            curve_shares=ONSHORE[1],
            loss_share=0.15,
            resource_mean_speed_m_s=mean,
        )

    series = np.array(speeds)
    hub_at_cut_out = np.isclose(series * mean / series.mean() * 1.1**0.2, 25.0, rtol=1e-9)
    same = np.isclose(output(series), output(factor * series), atol=1e-9)
    assert np.all(same | hub_at_cut_out)
    assert np.all(output(series) <= 0.85 + 1e-12)


@settings(max_examples=40)
@given(
    st.integers(1, 12),
    between(0.0, 60.0),
    between(0.0, 0.5),
    st.integers(1, 6),
    st.one_of(st.none(), st.integers(0, 99)),
)
def test_geothermal_output_is_a_share_with_the_wanted_mean(month, days, forced, units, seed):
    output = geothermal_availability(
        step_hours=1.0,
        planned_outage_month=month,
        planned_outage_days=days,
        forced_outage_share=forced,
        units=units,
        mean_repair_hours=50.0,
        seed=seed,
    )
    assert np.all((output >= 0.0) & (output <= 1.0))
    if seed is None:
        assert np.isclose(output.mean(), (1 - forced) * (1 - days / 365))


@given(st.lists(between(0.01, 10.0), min_size=12, max_size=12), between(0.01, 1.0))
def test_hydro_meets_its_mean_and_keeps_the_order_of_the_months(shape, factor):
    months = month_of_step()
    output = run_of_river_availability(months, shape, factor)
    assert np.isclose(output.mean(), factor, rtol=1e-6)
    assert np.all(output <= 1.0)
    monthly = np.array([output[months == month][0] for month in range(1, 13)])
    assert np.all(np.diff(monthly[np.argsort(shape)]) >= -1e-12)


@given(between(0.5, 1.0), between(0.0, 1.0), between(0.0, 0.01), between(0.25, 24.0))
def test_a_battery_never_gains(round_trip, split, hourly, step_hours):
    charge, discharge = one_way_efficiencies(round_trip, split)
    assert np.isclose(charge * discharge, round_trip)
    assert max(charge, discharge) <= 1.0 + 1e-12
    assert 0.0 <= self_discharge_per_step(hourly, step_hours) < 1.0


@given(
    st.lists(between(0.0, 100.0), min_size=24, max_size=24), st.integers(0, 11), between(0.0, 5.0), st.integers(0, 11)
)
def test_backlog_grows_with_delay_scales_with_work_and_turns_with_the_year(work, delay, factor, turn):
    arrivals = np.array(work)
    room = allowed_backlog(arrivals, delay, 12)
    assert np.all(allowed_backlog(arrivals, delay + 1, 12) >= room - 1e-9)
    np.testing.assert_allclose(allowed_backlog(factor * arrivals, delay, 12), factor * room, atol=1e-9)
    turned = np.roll(arrivals.reshape(2, 12), turn, axis=1).reshape(-1)
    expected = np.roll(room.reshape(2, 12), turn, axis=1).reshape(-1)
    np.testing.assert_allclose(allowed_backlog(turned, delay, 12), expected, atol=1e-9)


@given(st.lists(between(0.0, 24.0), min_size=1, max_size=48), between(0.0, 1.0), between(0.0, 24.0), between(0.0, 1.0))
def test_inference_stays_between_its_trough_and_one(hours, trough, peak, weekend_share):
    shape = inference_shape(hours, trough_share=trough, peak_hour=peak)
    assert np.all((shape >= trough - 1e-12) & (shape <= 1.0 + 1e-12))
    weekend = inference_shape(
        hours, np.ones(len(hours)), trough_share=trough, peak_hour=peak, weekend_share=weekend_share
    )
    np.testing.assert_allclose(weekend, weekend_share * shape)
