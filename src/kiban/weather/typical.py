"""The embedded default: a typical year of the nearest Japanese station, moved to the place.

Data: 38 stations of the Expanded AMeDAS standard year (the file names say 1981 to 1995) as shipped in
builelib 2.3.4 (MIT); `scripts/convert_typical_weather.py` describes the files. All have temperature,
direct normal and diffuse irradiance, eight have humidity and wind.

Hours of the source. Row r (0 to 8759) is labelled r + 1 o'clock JST: the solar altitude in the files is
that of the full hour r + 1, to 0.06 degrees. Temperature, humidity and wind are readings at that time.
Irradiation is the sum over the hour *centred* on the label, r + 1/2 to r + 3/2. Found by geometry: with
this interval all irradiation falls in steps with the sun up, and the year's diffuse irradiation is centred
within 3 minutes of solar noon at every station; with an interval half an hour earlier or later, 0.2 to
0.7 kWh/m2 a year of it would fall into the night and its centre be 27 to 33 minutes off.

Steps of kiban are means from their start. Readings are joined by straight lines and averaged;
irradiation is split at the middle of each hour in proportion to the extraterrestrial irradiance on the
horizontal, which keeps its sum and leaves the night dark.

Moving to the place. Station: least `distance + 0.2 km for each metre of height difference`, since a
coast 60 km away is a better proxy for a coast than a mountain lake at 30 km. Clearness (beam and
diffuse over extraterrestrial) is kept and the sun is the place's own. Temperature falls by 6.5 K/km
(ISO 2533), relative humidity is kept, pressure is that of the standard atmosphere. Then, if monthly
normals are given, the levels are moved to them (`calibration`): recommended, since the standard year
is about one degree cooler than 1991 to 2020 and a station may be far.

Humidity where the station has none comes from the nearest of the eight that have it (`humidity`).
Wind is always the stochastic model (`synthetic_wind`), also beside one of the eight: their readings are
in whole metres per second near the ground, and scaled to a hub they would jump between five or six
values, while the model has the same memory and cycles.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kiban.calendar import HOURS_PER_YEAR, JAPAN_UTC_OFFSET_HOURS, month_of_step, year_index
from kiban.errors import Problem, WeatherError, nearest
from kiban.messages import Message
from kiban.weather.calibration import check_monthly, scale_irradiance, shift_humidity, shift_to_means
from kiban.weather.distance import great_circle_km
from kiban.weather.humidity import (
    LAPSE_RATE_K_PER_M,
    relative_humidity_pct,
    standard_pressure_hpa,
    transfer_humidity,
)
from kiban.weather.sun import Floats, sun_of_steps
from kiban.weather.synthetic_wind import WindShape, generate_wind, shape_from_values, weibull_shape
from kiban.weather.year import Weather, check_weather

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPICAL_YEAR = 2001
"""Calendar year that labels the hours: no leap year, and it starts on a Monday."""
KM_PER_M_OF_HEIGHT = 0.2
FARTHEST_STATION_KM = 250.0
"""The north of Kyushu is 230 km from its nearest station; Korea and Sakhalin stay out."""
JAPAN_LATITUDES, JAPAN_LONGITUDES = (20.0, 45.6), (122.5, 154.0)
HALF_HOUR = 0.5


@dataclass(frozen=True, slots=True)
class TypicalStation:
    """A station of the embedded typical years; `has_humidity_and_wind` holds for eight of them."""

    id: int
    name_en: str
    name_ja: str
    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    irradiance_count_w_m2: float
    has_humidity_and_wind: bool


def read_typical(
    latitude_deg: float,
    longitude_deg: float,
    elevation_m: float,
    *,
    wind_speed_m_s: float,
    wind_height_m: float,
    seed: int,
    station: int | str | None = None,
    year: int = TYPICAL_YEAR,
    step_hours: float = 1.0,
    monthly_temperature_c: npt.ArrayLike | None = None,
    monthly_relative_humidity_pct: npt.ArrayLike | None = None,
    monthly_ghi_mj_m2_day: npt.ArrayLike | None = None,
) -> Weather:
    """Typical year at a place in Japan; see the module's text for what is done.

    `wind_speed_m_s` is the annual mean at `wind_height_m` (a station normal or a hub-height resource);
    `seed` decides when the synthetic wind blows. `station` (number or English or Japanese name) overrides
    the choice of the nearest. `year` only labels the hours. The `monthly_*` values are normals *at the
    place's elevation*, 12 each, January first; what is given replaces the correction for elevation.

    Raises `WeatherError`: a place outside Japan or more than 250 km from every station, an unknown
    station, a wind or monthly value out of range.
    """
    chosen, distance_km = _choose(latitude_deg, longitude_deg, elevation_m, station)
    where = Message("at.typical_year", typical_station=chosen.id)
    monthly = {
        "monthly_temperature_c": (monthly_temperature_c, -50.0, 45.0),
        "monthly_relative_humidity_pct": (monthly_relative_humidity_pct, 10.0, 99.0),
        "monthly_ghi_mj_m2_day": (monthly_ghi_mj_m2_day, 0.5, 40.0),
    }
    normals = {
        name: check_monthly(values, name, low, high, where)
        for name, (values, low, high) in monthly.items()
        if values is not None
    }
    if not 0.3 <= wind_speed_m_s <= 20.0:
        raise WeatherError(Problem("typical.wind", where, "wind_speed_m_s", values={"value": wind_speed_m_s}))

    time = year_index(year, JAPAN_UTC_OFFSET_HOURS, step_hours)
    sun = sun_of_steps(time, latitude_deg, longitude_deg, step_hours)
    note = "note.typical" if station is None else "note.typical_chosen"
    notes = [Message(note, typical_station=chosen.id, distance=distance_km)]

    temperature = _mean_of_readings(_hours(chosen, "temperature") / 10.0, step_hours)
    warmer = LAPSE_RATE_K_PER_M * (chosen.elevation_m - elevation_m)
    temperature = temperature + warmer
    dni, dhi = _irradiance(chosen, latitude_deg, longitude_deg, year, step_hours)
    if "monthly_ghi_mj_m2_day" in normals:
        normal = normals["monthly_ghi_mj_m2_day"]
        dni, dhi = scale_irradiance(dni, dhi, sun, normal, step_hours, where)
        notes.append(Message("note.irradiance"))
    ghi = dhi + dni * sun.mean_cosine
    if "monthly_temperature_c" in normals:
        temperature = shift_to_means(temperature, normals["monthly_temperature_c"], step_hours)
        notes.append(Message("note.temperature"))
    elif abs(warmer) >= 0.05:
        height_m = elevation_m - chosen.elevation_m
        notes.append(Message("note.height", kelvin=warmer, height=height_m))
    if not {"monthly_temperature_c", "monthly_ghi_mj_m2_day"} <= set(normals):
        notes.append(Message("note.old"))

    synthetic = {"wind_speed_m_s"}
    if chosen.has_humidity_and_wind:
        humidity = _station_humidity(chosen, step_hours)
    else:
        donor, donor_km = _nearest(latitude_deg, longitude_deg, elevation_m, with_humidity=True)
        donor_dni, donor_dhi = _irradiance(donor, donor.latitude_deg, donor.longitude_deg, year, step_hours)
        donor_sun = sun_of_steps(time, donor.latitude_deg, donor.longitude_deg, step_hours)
        humidity = transfer_humidity(
            temperature,
            _daily_clearness(ghi, sun.extraterrestrial_w_m2 * sun.mean_cosine, step_hours),
            month_of_step(step_hours),
            (np.arange(len(time), dtype=np.float64) + 0.5) * step_hours % 24.0,
            from_temperature_c=_mean_of_readings(_hours(donor, "temperature") / 10.0, step_hours),
            from_relative_humidity_pct=_station_humidity(donor, step_hours),
            from_daily_clearness=_daily_clearness(
                donor_dhi + donor_dni * donor_sun.mean_cosine,
                donor_sun.extraterrestrial_w_m2 * donor_sun.mean_cosine,
                step_hours,
            ),
        )
        synthetic.add("relative_humidity_pct")
        notes.append(Message("note.humidity_model", typical_station=donor.id, distance=donor_km))
    if "monthly_relative_humidity_pct" in normals:
        humidity = shift_humidity(humidity, normals["monthly_relative_humidity_pct"], step_hours)
        notes.append(Message("note.humidity"))

    shape = wind_shape()
    wind = generate_wind(wind_speed_m_s, wind_height_m, shape, steps=len(time), step_hours=step_hours, seed=seed)
    weibull = weibull_shape(wind_speed_m_s, shape.shape_per_root_mean)
    notes.append(Message("note.wind", shape=float(weibull), mean=wind_speed_m_s, seed=seed))
    notes.append(Message("note.pressure"))
    columns = {
        "temperature_c": temperature,
        "relative_humidity_pct": humidity,
        "ghi_w_m2": ghi,
        "dni_w_m2": dni,
        "dhi_w_m2": dhi,
        "wind_speed_m_s": wind,
        "pressure_hpa": np.full(len(time), standard_pressure_hpa(elevation_m)),
    }
    return check_weather(
        time,
        columns,
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        elevation_m=elevation_m,
        wind_height_m=wind_height_m,
        source=Message("at.typical_source", typical_station=chosen.id),
        step_hours=step_hours,
        synthetic=synthetic,
        notes=notes,
        where=where,
    )


@lru_cache(maxsize=1)
def typical_stations() -> tuple[TypicalStation, ...]:
    """All embedded stations, in the order of their numbers."""
    return tuple(
        TypicalStation(
            id=int(row["id"]),
            name_en=row["name_en"],
            name_ja=row["name_ja"],
            latitude_deg=float(row["latitude_deg"]),
            longitude_deg=float(row["longitude_deg"]),
            elevation_m=float(row["elevation_m"]),
            irradiance_count_w_m2=float(row["irradiance_count_w_m2"]),
            has_humidity_and_wind=bool(row["humidity_and_wind_file"]),
        )
        for row in csv.DictReader(io.StringIO(_resource("stations.csv").decode("utf-8")))
    )


@lru_cache(maxsize=1)
def wind_shape() -> WindShape:
    """Parameters of the wind model, fitted on the eight stations with wind."""
    rows = csv.DictReader(io.StringIO(_resource("wind_model.csv").decode("utf-8")))
    return shape_from_values({row["id"]: float(row["value"]) for row in rows})


def nearest_station(latitude_deg: float, longitude_deg: float, elevation_m: float) -> tuple[TypicalStation, float]:
    """Most suitable station for a place and its distance in km; `WeatherError` where none is near enough."""
    chosen, distance_km = _nearest(latitude_deg, longitude_deg, elevation_m)
    (south, north), (west, east) = JAPAN_LATITUDES, JAPAN_LONGITUDES
    inside = south <= latitude_deg <= north and west <= longitude_deg <= east
    if inside and distance_km <= FARTHEST_STATION_KM:
        return chosen, distance_km
    said = {"limit": FARTHEST_STATION_KM, "latitude": latitude_deg, "longitude": longitude_deg}
    if inside:
        said |= {"typical_station": chosen.id, "distance": distance_km}
    fault = "typical.far" if inside else "typical.abroad"
    raise WeatherError(Problem(fault, Message("at.typical"), remedy="typical.far", values=said))


def _choose(
    latitude_deg: float, longitude_deg: float, elevation_m: float, station: int | str | None
) -> tuple[TypicalStation, float]:
    found, distance_km = nearest_station(latitude_deg, longitude_deg, elevation_m)
    if station is None:
        return found, distance_km
    for candidate in typical_stations():
        if str(station).strip().lower() in (str(candidate.id), candidate.name_en.lower(), candidate.name_ja):
            return candidate, _distance_km(candidate, latitude_deg, longitude_deg)
    names = [candidate.name_en for candidate in typical_stations()]
    guess = nearest(str(station).strip().capitalize(), names)
    said = {
        "text": str(station),
        "near": guess,
        "typical_station": tuple(candidate.id for candidate in typical_stations()),
    }
    remedy = "nearest" if guess else "typical.unknown"
    raise WeatherError(Problem("typical.unknown", Message("at.typical"), "station", remedy, said))


def _nearest(
    latitude_deg: float, longitude_deg: float, elevation_m: float, *, with_humidity: bool = False
) -> tuple[TypicalStation, float]:
    def remoteness(station: TypicalStation) -> float:
        height = abs(station.elevation_m - elevation_m)
        return _distance_km(station, latitude_deg, longitude_deg) + KM_PER_M_OF_HEIGHT * height

    candidates = [s for s in typical_stations() if s.has_humidity_and_wind or not with_humidity]
    found = min(candidates, key=remoteness)
    return found, _distance_km(found, latitude_deg, longitude_deg)


def _distance_km(station: TypicalStation, latitude_deg: float, longitude_deg: float) -> float:
    return great_circle_km(station.latitude_deg, station.longitude_deg, latitude_deg, longitude_deg)


def _resource(name: str) -> bytes:
    return (files("kiban") / "catalogue" / "typical" / name).read_bytes()


@lru_cache(maxsize=1)
def _archive() -> Mapping[str, npt.NDArray[np.int16]]:
    """Arrays of the embedded file: whole counts, rows in the order of `station` or `complete_station`."""
    with np.load(io.BytesIO(_resource("hours.npz")), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _hours(station: TypicalStation, name: str) -> Floats:
    """The 8760 rows of the source as float counts; `humidity` and `wind` only of the complete stations."""
    archive = _archive()
    index = archive["complete_station" if name in ("humidity", "wind") else "station"]
    row = int(np.flatnonzero(index == station.id)[0])
    return np.asarray(archive[name][row], dtype=np.float64)


def _mean_of_readings(readings: Floats, step_hours: float) -> Floats:
    """Means over steps from 0:00 of readings at 1:00 to 24:00 that are joined by straight lines.

    The reading at 0:00 of 1 January is that at 24:00 of 31 December.
    """
    before = np.roll(readings, 1)
    if step_hours == HALF_HOUR:
        halves = np.column_stack((0.75 * before + 0.25 * readings, 0.25 * before + 0.75 * readings))
        return np.asarray(halves.reshape(-1), dtype=np.float64)
    return 0.5 * (before + readings)


def _station_humidity(station: TypicalStation, step_hours: float) -> Floats:
    """Relative humidity in percent of a station that measured it."""
    return relative_humidity_pct(
        _mean_of_readings(_hours(station, "humidity") / 10.0, step_hours),
        _mean_of_readings(_hours(station, "temperature") / 10.0, step_hours),
        standard_pressure_hpa(station.elevation_m),
    )


def _irradiance(
    station: TypicalStation, latitude_deg: float, longitude_deg: float, year: int, step_hours: float
) -> tuple[Floats, Floats]:
    """DNI and DHI in W/m2 of the steps at a place with the clearness of the station's hours.

    Half hour i of the year (i = 2 r + 1 and 2 r + 2) belongs to row r, see the module's text.
    """
    import pandas as pd

    halves = year_index(year, JAPAN_UTC_OFFSET_HOURS, HALF_HOUR)
    rows = halves[::2] + pd.Timedelta(hours=HALF_HOUR)
    there = sun_of_steps(rows, station.latitude_deg, station.longitude_deg, 1.0)
    here = sun_of_steps(halves, latitude_deg, longitude_deg, HALF_HOUR)
    dni = _hours(station, "dni") * station.irradiance_count_w_m2
    dhi = _hours(station, "dhi") * station.irradiance_count_w_m2
    outside = there.extraterrestrial_w_m2 * there.mean_cosine
    up = there.mean_cosine > 1e-4
    beam_share = np.where(up, dni / np.where(up, there.extraterrestrial_w_m2 * there.sunlit, 1.0), 0.0)
    sky_share = np.where(up, dhi / np.where(up, outside, 1.0), 0.0)
    row_of_half = (np.arange(2 * HOURS_PER_YEAR) - 1) // 2 % HOURS_PER_YEAR
    horizontal = here.extraterrestrial_w_m2 * here.mean_cosine
    beam = np.minimum(beam_share, 1.0)[row_of_half] * horizontal
    sky = np.minimum(sky_share, 1.0)[row_of_half] * horizontal
    cosine = here.mean_cosine
    if step_hours != HALF_HOUR:
        beam, sky, cosine = (0.5 * (part[::2] + part[1::2]) for part in (beam, sky, cosine))
    risen = cosine > 1e-4
    return np.where(risen, beam / np.where(risen, cosine, 1.0), 0.0), sky


def _daily_clearness(ghi_w_m2: Floats, outside_w_m2: Floats, step_hours: float) -> Floats:
    """Each day's GHI over its extraterrestrial irradiation, repeated for the day's steps."""
    per_day = round(24 / step_hours)
    daily = ghi_w_m2.reshape(-1, per_day).sum(axis=1) / outside_w_m2.reshape(-1, per_day).sum(axis=1)
    return np.repeat(daily, per_day)
