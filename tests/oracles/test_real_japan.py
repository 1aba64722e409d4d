"""The readers on real hourly files of Japan, which may not be redistributed: skipped where they are absent.

`KIBAN_REAL_DATA` names their folder; by default it is `../shared/real` beside the repository.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from kiban.errors import WeatherError
from kiban.weather.jepx import read_fiscal_year, read_jepx
from kiban.weather.jma import read_jma
from kiban.weather.placement import Span
from kiban.weather.sun import sun_of_steps
from kiban.weather.year import Weather

ROOT = Path(__file__).resolve().parents[2]
REAL = Path(os.environ.get("KIBAN_REAL_DATA", ROOT.parent / "shared" / "real"))
PUBLISHED = REAL.parent / "data" / "jepx_area_price_annual.csv"

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason=f"the real hourly files are not at {REAL}")

# latitude, longitude, elevation, anemometer height: the agency's list of stations.
STATIONS = {"sapporo": (43.06, 141.328, 17.4, 59.5), "tokyo": (35.692, 139.75, 25.2, 35.3)}
LONGEST_GAP_HOURS = 16  # wind at Sapporo, 16 and 17 March 2023
CHECKED_AREAS = ("hokkaido", "tokyo", "kyushu")
JEPX = [REAL / "jepx_spot_summary_2022.csv", REAL / "jepx_spot_summary_2023.csv"]


@pytest.fixture(scope="module", params=list(STATIONS))
def observed(request: pytest.FixtureRequest) -> Weather:
    file = REAL / f"jma_{request.param}_2022_2023.csv"
    return read_jma(file, *STATIONS[request.param], fill_gaps_hours=LONGEST_GAP_HOURS)


def test_both_years_are_whole(observed: Weather) -> None:
    assert observed.years == (2022, 2023)
    assert len(observed.time) == 2 * 8760
    assert any("gaps of at most 16 h" in str(note) for note in observed.notes)


def test_irradiance_of_a_year_is_that_of_japan(observed: Weather) -> None:
    annual = np.array([year.sum() / 1000 for year in np.split(observed.ghi_w_m2, 2)])  # kWh/m2
    assert 1250 < annual.mean() < 1450
    assert ((annual > 1250) & (annual < 1500)).all()  # 1,488 in Tokyo in 2023
    diffuse_share = observed.dhi_w_m2.sum() / observed.ghi_w_m2.sum()
    assert 0.40 < diffuse_share < 0.55


def test_beam_and_diffuse_recompose(observed: Weather) -> None:
    sun = sun_of_steps(observed.time, observed.latitude_deg, observed.longitude_deg, 1.0)
    np.testing.assert_allclose(observed.dhi_w_m2 + observed.dni_w_m2 * sun.mean_cosine, observed.ghi_w_m2, atol=1e-6)
    assert observed.dni_w_m2.max() < 1100


def test_the_sun_is_where_the_irradiance_is(observed: Weather) -> None:
    """The day's irradiance is centred on solar noon within a quarter of an hour: labels and zone are right."""
    sun = sun_of_steps(observed.time, observed.latitude_deg, observed.longitude_deg, 1.0)
    centre = (observed.ghi_w_m2 * sun.solar_hours).sum() / observed.ghi_w_m2.sum()
    assert abs(centre - 12.0) < 0.25


def test_temperature_and_snow_are_those_of_the_place(observed: Weather) -> None:
    northern = observed.latitude_deg > 40
    mean = observed.temperature_c.mean()
    assert (9 < mean < 12) if northern else (15 < mean < 18.5)
    assert observed.snow_depth_cm is not None
    assert (observed.snow_depth_cm.max() > 50) == northern
    summer = (observed.time.month >= 6) & (observed.time.month <= 9)
    assert observed.snow_depth_cm[summer].max() == 0


def test_gaps_are_refused_unless_filling_is_asked_for() -> None:
    file = REAL / "jma_sapporo_2022_2023.csv"
    with pytest.raises(WeatherError) as caught:
        read_jma(file, *STATIONS["sapporo"])
    said = str(caught.value)
    assert f"{file}, line 3953: temperature_c is missing" in said
    assert "wind_speed_m_s is missing (NaN) for 16 h from 2023-03-16 18:00" in said or "more" in said
    with pytest.raises(WeatherError, match="wind_speed_m_s is missing"):
        read_jma(file, *STATIONS["sapporo"], fill_gaps_hours=2)


@pytest.mark.parametrize("area", ["system", *CHECKED_AREAS])
def test_calendar_year_needs_both_fiscal_years(area: str) -> None:
    price = read_jepx(JEPX, area, Span((2023,), 9.0))
    assert price.shape == (8760,)
    assert 0.005 < price.mean() < 0.020  # 5 to 20 yen/kWh
    assert price.min() >= 0.00001  # the lowest bid is 0.01 yen/kWh


def test_the_missing_fiscal_year_is_named() -> None:
    with pytest.raises(WeatherError, match=r"fiscal year 2022, which holds 2023-01-01 to 2023-03-31, is not in the"):
        read_jepx(JEPX[1:], "tokyo", Span((2023,), 9.0))
    with pytest.raises(WeatherError, match=r"fiscal year 2023, which holds 2023-04-01 to 2023-12-31, is not in the"):
        read_jepx(JEPX[:1], "tokyo", Span((2023,), 9.0))


@pytest.mark.parametrize("year", [2022, 2023])
def test_means_of_fiscal_years_are_the_published_ones(year: int) -> None:
    if not PUBLISHED.is_file():
        pytest.skip(f"the table of annual means is not at {PUBLISHED}")
    with PUBLISHED.open(encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if row["fiscal_year"] == str(year)]
    rows = [row for row in rows if row["area"] in CHECKED_AREAS]
    assert len(rows) == len(CHECKED_AREAS)
    for row in rows:
        price = read_fiscal_year(JEPX, row["area"], year)
        assert len(price) == int(row["half_hours"])
        assert price.mean() == pytest.approx(float(row["mean_yen_per_kWh"]), abs=6e-4)
        assert price.max() == pytest.approx(float(row["max_yen_per_kWh"]))
        assert (price <= 0.01).sum() / 2 == float(row["hours_at_or_below_0.01_yen"])
