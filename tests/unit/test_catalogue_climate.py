"""Climate: twelve months for every site, physically ordered, and near what was observed lately."""

from __future__ import annotations

import numpy as np
import pytest

from kiban.calendar import DAYS_PER_MONTH
from kiban.catalogue import climate_normals, load_catalogue, observed_climate
from kiban.catalogue.climate import QUANTITIES
from kiban.errors import CatalogueError

CATALOGUE = load_catalogue()
MJ_PER_KWH = 3.6


@pytest.mark.parametrize("site_id", sorted(CATALOGUE.sites))
def test_normals_are_physical(site_id: str) -> None:
    normals = climate_normals(site_id)
    low, mean, high = (
        np.array(months)
        for months in (
            normals.temperature_min_mean_c,
            normals.temperature_mean_c,
            normals.temperature_max_mean_c,
        )
    )
    assert low.shape == mean.shape == high.shape == (12,)
    assert np.all((low < mean) & (mean < high))
    assert np.argmax(mean) in {6, 7}
    assert np.argmin(mean) in {0, 1}
    humidity, sunshine = np.array(normals.relative_humidity_pct), np.array(normals.sunshine_hours)
    assert humidity.min() > 40.0
    assert humidity.max() < 95.0
    daylight = np.array(DAYS_PER_MONTH) * 16.0
    assert sunshine.min() > 0.0
    assert np.all(sunshine < daylight)
    assert 1.0 < normals.wind_mean_m_s < 6.0
    assert set(normals.status) == set(QUANTITIES)
    assert normals.distance_km < 80.0


@pytest.mark.parametrize("site_id", sorted(CATALOGUE.sites))
def test_yearly_sun_is_the_sum_of_its_months(site_id: str) -> None:
    yearly = float(np.dot(climate_normals(site_id).ghi_mj_m2_day, DAYS_PER_MONTH)) / MJ_PER_KWH
    assert CATALOGUE.value(f"site.{site_id}.ghi_yearly") == pytest.approx(yearly, abs=2.0)


def test_elevation_difference() -> None:
    assert climate_normals("kokonoe").elevation_difference_m == pytest.approx(800.0 - 4.6)


def test_north_is_colder_than_south() -> None:
    means = [np.mean(climate_normals(site).temperature_mean_c) for site in ("kitami", "koto", "okinawa")]
    assert means == sorted(means)


@pytest.mark.parametrize(("site_id", "station"), [("ishikari", "sapporo"), ("koto", "tokyo")])
def test_recent_years_are_warmer_than_the_normals(site_id: str, station: str) -> None:
    normals, observed = climate_normals(site_id), observed_climate(station)
    warming = np.array(observed.temperature_mean_c) - np.array(normals.temperature_mean_c)
    assert 0.3 < warming.mean() < 1.2
    assert observed.ghi_mj_m2_day == pytest.approx(normals.ghi_mj_m2_day, abs=0.06)
    assert np.all(np.array(observed.dew_point_mean_c) < np.array(observed.temperature_mean_c))


def test_tomakomai_months_are_near_the_checked_yearly_means() -> None:
    normals = climate_normals("tomakomai")
    assert normals.wind_mean_m_s == 3.2
    assert normals.status["wind"] == "verified"
    assert normals.status["temperature"] == "assumed"
    assert np.mean(normals.temperature_mean_c) == pytest.approx(7.9, abs=0.3)
    assert sum(normals.sunshine_hours) == pytest.approx(1711.5, rel=0.04)


def test_unknown_names_are_input_errors() -> None:
    with pytest.raises(CatalogueError, match="did you mean 'inzai'"):
        climate_normals("inzay")
    with pytest.raises(CatalogueError, match="choose one of sapporo"):
        observed_climate("x")
