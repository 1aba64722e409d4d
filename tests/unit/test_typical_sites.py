"""The typical year at the 30 catalogue sites against normals: how far off it is, and in which direction.

Normals: annual means 1991 to 2020 of the nearest station of the Japan Meteorological Agency, brought to the
site's elevation by 6.5 K/km, and annual GHI (observed 2016 to 2025 in Sapporo and Tokyo, elsewhere
estimated from sunshine to 3 %). The standard year is of 1981 to 1995 and from another place, so it is
cooler and duller; that is why a plan should pass monthly normals.
"""

from __future__ import annotations

import numpy as np
import pytest

from kiban.weather import nearest_station, read_typical

# site, latitude, longitude, elevation (m), annual temperature (degrees C), annual GHI (kWh/m2)
SITES = (
    ("ishikari", 43.2, 141.29, 5, 9.4, 1298),
    ("tomakomai", 42.66, 141.75, 10, 7.8, 1201),
    ("muroran", 42.33, 140.98, 10, 9.2, 1224),
    ("kitami", 43.8, 143.9, 100, 6.5, 1195),
    ("rokkasho", 40.97, 141.37, 30, 9.7, 1211),
    ("akita", 39.75, 140.06, 5, 12.1, 1215),
    ("hachimantai", 39.95, 141.08, 300, 9.7, 1246),
    ("hamadori", 37.4, 140.96, 40, 13.3, 1402),
    ("inzai", 35.8, 140.14, 25, 16.1, 1393),
    ("koto", 35.65, 139.81, 3, 16.0, 1384),
    ("kawasaki", 35.49, 139.75, 5, 16.5, 1410),
    ("sagamihara", 35.54, 139.37, 110, 15.8, 1410),
    ("tochigi", 36.42, 139.69, 70, 14.7, 1361),
    ("kashiwazaki", 37.37, 138.56, 10, 13.9, 1285),
    ("nanto", 36.55, 136.87, 100, 13.9, 1294),
    ("tsuruga", 35.66, 136.06, 5, 15.7, 1297),
    ("mihama", 35.6, 135.92, 10, 15.7, 1297),
    ("keihanna", 34.76, 135.79, 40, 16.2, 1372),
    ("sakai", 34.57, 135.43, 3, 17.3, 1449),
    ("kure", 34.23, 132.55, 3, 16.6, 1452),
    ("mihara", 34.4, 133.08, 5, 16.6, 1452),
    ("kitakyushu", 33.89, 130.71, 10, 17.3, 1417),
    ("itoshima", 33.54, 130.21, 20, 17.2, 1417),
    ("oita", 33.25, 131.68, 5, 16.8, 1446),
    ("kokonoe", 33.17, 131.19, 800, 11.6, 1446),
    ("kumamoto", 32.88, 130.83, 100, 16.9, 1460),
    ("miyazaki", 31.95, 131.42, 10, 17.8, 1511),
    ("satsumasendai", 31.84, 130.2, 5, 18.8, 1458),
    ("kirishima", 31.85, 130.75, 250, 17.2, 1458),
    ("okinawa", 26.37, 127.85, 20, 23.4, 1452),
)
WIND = {"wind_speed_m_s": 3.0, "wind_height_m": 10.0, "seed": 1}


def deviation(site) -> tuple[float, float]:
    _, latitude, longitude, elevation, temperature, irradiation = site
    weather = read_typical(latitude, longitude, elevation, **WIND)
    warmer = float(weather.temperature_c.mean()) - temperature
    brighter = float(weather.ghi_w_m2.mean()) * 8.76 / irradiation - 1.0
    return warmer, brighter


@pytest.mark.parametrize("site", SITES, ids=[site[0] for site in SITES])
def test_each_site_is_near_its_normals(site):
    warmer, brighter = deviation(site)
    assert -2.7 < warmer < 0.8
    assert -0.22 < brighter < 0.03


def test_sites_are_cooler_and_duller_on_average():
    warmer, brighter = np.array([deviation(site) for site in SITES]).T
    assert -1.2 < warmer.mean() < -0.6
    assert -0.10 < brighter.mean() < -0.04
    near = [nearest_station(*site[1:4])[1] < 30.0 for site in SITES]
    assert sum(near) == 7


def test_normals_remove_the_deviation():
    name, latitude, longitude, elevation, temperature, irradiation = SITES[7]
    assert name == "hamadori"
    season = np.cos(2.0 * np.pi * (np.arange(12) - 6.0) / 12.0)
    weather = read_typical(
        latitude,
        longitude,
        elevation,
        **WIND,
        monthly_temperature_c=temperature + 11.0 * season,
        monthly_ghi_mj_m2_day=irradiation * 3.6 / 365.0 + 5.0 * season,
    )
    assert weather.temperature_c.mean() == pytest.approx(temperature, abs=0.1)
    assert weather.ghi_w_m2.mean() * 8.76 == pytest.approx(irradiation, rel=0.01)
