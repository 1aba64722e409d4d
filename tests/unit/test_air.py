"""Moist air against psychrolib, the reference implementation of the ASHRAE formulas."""

from __future__ import annotations

import itertools

import numpy as np
import psychrolib
import pytest

from kiban.physics import air

TEMPERATURES_C = (-25.0, -15.0, -6.0, -1.0, -0.2, 0.0, 0.2, 1.5, 4.0, 9.0, 15.0, 22.0, 28.0, 35.0, 42.0)
HUMIDITIES_PCT = (5.0, 20.0, 45.0, 70.0, 90.0, 100.0)
PRESSURES_HPA = (880.0, 1013.25, 1030.0)
GRID = np.array(list(itertools.product(TEMPERATURES_C, HUMIDITIES_PCT, PRESSURES_HPA)))


@pytest.fixture(autouse=True)
def si_units():
    psychrolib.SetUnitSystem(psychrolib.SI)


def oracle(function, *columns):
    return np.array([function(*row) for row in zip(*columns, strict=True)])


@pytest.mark.slow
def test_wet_bulb_agrees_with_psychrolib():
    dry, humidity, pressure = GRID.T
    expected = oracle(psychrolib.GetTWetBulbFromRelHum, dry, humidity / 100, pressure * 100)
    np.testing.assert_allclose(air.wet_bulb_c(dry, humidity, pressure), expected, atol=0.01)


def test_dew_point_agrees_with_psychrolib():
    dry, humidity, _ = GRID.T
    expected = oracle(psychrolib.GetTDewPointFromRelHum, dry, humidity / 100)
    np.testing.assert_allclose(air.dew_point_c(dry, humidity), expected, atol=0.01)


def test_saturation_pressure_agrees_with_psychrolib():
    dry = np.linspace(-40.0, 60.0, 201)
    expected = oracle(psychrolib.GetSatVapPres, dry) / 100
    np.testing.assert_allclose(air.saturation_pressure_hpa(dry), expected, rtol=1e-9)


def test_density_enthalpy_and_humidity_ratio_agree_with_psychrolib():
    dry, humidity, pressure = GRID.T
    ratio = oracle(psychrolib.GetHumRatioFromRelHum, dry, humidity / 100, pressure * 100)
    ours = air.humidity_ratio(air.vapour_pressure_hpa(dry, humidity), pressure)
    np.testing.assert_allclose(ours, ratio, rtol=1e-6)
    density = oracle(psychrolib.GetMoistAirDensity, dry, ratio, pressure * 100)
    np.testing.assert_allclose(air.density_kg_m3(dry, pressure, humidity), density, rtol=2e-5)
    enthalpy = oracle(psychrolib.GetMoistAirEnthalpy, dry, ratio) / 1000
    np.testing.assert_allclose(air.enthalpy_kj_kg(dry, ours), enthalpy, atol=1e-4)


@pytest.mark.parametrize("elevation_m", [-50.0, 0.0, 600.0, 2500.0])
def test_standard_pressure_agrees_with_psychrolib(elevation_m):
    expected = psychrolib.GetStandardAtmPressure(elevation_m) / 100
    assert air.standard_pressure_hpa(elevation_m) == pytest.approx(expected, rel=1e-6)


def test_saturated_air_has_one_temperature():
    dry = np.array([-12.0, -0.5, 3.0, 20.0, 38.0])
    np.testing.assert_allclose(air.dew_point_c(dry, 100.0), dry, atol=1e-6)
    np.testing.assert_allclose(air.wet_bulb_c(dry, 100.0, 1013.25), dry, atol=1e-5)


def test_bone_dry_air_is_reported_at_the_end_of_the_formulas():
    assert air.dew_point_c(20.0, 0.0) == air.COLDEST_C
    assert -5.0 < air.wet_bulb_c(20.0, 0.0, 1013.25) < 8.0


def test_scalars_and_arrays_broadcast():
    wet = air.wet_bulb_c([10.0, 20.0], 50.0, 1000.0)
    assert wet.shape == (2,)
    assert wet[1] == pytest.approx(float(air.wet_bulb_c(20.0, 50.0, 1000.0)))


def test_latent_heat_falls_from_its_value_at_freezing():
    assert air.latent_heat_kj_kg(0.0) == 2501.0
    assert air.latent_heat_kj_kg(30.0) == pytest.approx(2430.0, abs=5.0)
