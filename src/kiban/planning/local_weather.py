"""The weather of a scenario: the right reader for its source, at its site."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kiban.calendar import SECONDS_PER_HOUR
from kiban.catalogue import Catalogue
from kiban.catalogue.climate import ClimateNormals, Quantity
from kiban.errors import InputError, Problem, ScenarioError, WeatherError
from kiban.messages import Message
from kiban.planning.memory import remembered
from kiban.planning.provenance import Recorder, Status, catalogue_source
from kiban.planning.series_inputs import Horizon, SeriesReader
from kiban.planning.site_facts import Place
from kiban.scenario import Scenario
from kiban.scenario.place import FILE_SOURCES
from kiban.weather.distance import great_circle_km
from kiban.weather.humidity import LAPSE_RATE_K_PER_M
from kiban.weather.sun import sun_of_steps

if TYPE_CHECKING:
    from kiban.weather import Weather

Months = tuple[float, ...] | None
CACHE_VARIABLE = "KIBAN_CACHE"
SHORTEST_TYPICAL_STEP_HOURS = 0.5
"""The embedded years know half-hours; shorter steps are made of these."""
SUNSHINE = ("irradiance.sunshine_diffuse", "irradiance.sunshine_direct", "irradiance.sunshine_overcast")
BRIGHTER_SHARE = 0.02
"""Share of the irradiation above what the sun gives outside the air at the site, beyond which it is said."""
FAR_KM = 50.0
"""Weather from farther away is said to be of another place."""


def read_weather(scenario: Scenario, place: Place, recorder: Recorder) -> Weather:
    """The checked weather years of a scenario; raises `InputError` for what cannot be used."""
    source = scenario.weather.source
    if source == "none":
        raise ScenarioError(Problem("weather_none", key="weather.source"))
    try:
        weather = _read(scenario, place, recorder)
    except InputError as error:
        raise WeatherError([_under_source(problem, source) for problem in error.problems]) from None
    weather = _lay(weather, scenario.time.first_month, scenario.time.step_hours)
    if weather.step_hours != scenario.time.step_hours:
        asked, steps = scenario.time.step_hours, weather.step_hours
        raise ScenarioError(Problem("planning.weather_step", key="time.step_hours", hours=asked, weather_hours=steps))
    misfits = _misfits(weather, place, recorder)
    if misfits:  # what is remembered is known by the weather's identity: without need there is no other one
        weather = replace(weather, notes=(*weather.notes, *misfits))
    status: Status = "synthetic" if weather.synthetic else ("derived" if source == "typical" else "given")
    notes = weather.notes
    if weather.synthetic:
        notes = (Message("note.generated", weather_columns=tuple(sorted(weather.synthetic))), *notes)
    named = weather.source if isinstance(weather.source, Message) else Message("origin.named", name=weather.source)
    recorder.record("weather", weather.source, "", named, status, "weather", *notes)
    return weather


def _misfits(weather: Weather, place: Place, recorder: Recorder) -> tuple[Message, ...]:
    """What is said where the weather is of another place, or counts its hours in another zone, than the site."""
    notes = []
    distance_km = great_circle_km(place.latitude_deg, place.longitude_deg, weather.latitude_deg, weather.longitude_deg)
    if distance_km > FAR_KM:
        notes.append(Message("note.place_apart", distance=distance_km))
    offset = weather.time[0].utcoffset()
    weather_offset = place.utc_offset_hours if offset is None else offset.total_seconds() / SECONDS_PER_HOUR
    if weather_offset != place.utc_offset_hours:
        said = {"weather_offset": weather_offset, "site_offset": place.utc_offset_hours}
        notes.append(Message("note.zone_apart", said))
    return (*notes, *_climate_misfits(weather, place, recorder.catalogue))


def _climate_misfits(weather: Weather, place: Place, catalogue: Catalogue) -> tuple[Message, ...]:
    """What is said where the sun or the warmth of the weather is not what the site's latitude can have.

    No hour of a place is brighter than its sun outside the air, but for reflections of clouds, which last minutes; the
    mean temperature lies near that of the latitude, `a + b (3 sin^2 - 1) / 2`, less the height's part.
    """
    notes = []
    sun = sun_of_steps(weather.time, place.latitude_deg, place.longitude_deg, weather.step_hours)
    most = sun.extraterrestrial_w_m2 * sun.mean_cosine
    above = float(np.maximum(weather.ghi_w_m2 - most, 0.0).sum() / max(float(weather.ghi_w_m2.sum()), 1.0))
    if above > BRIGHTER_SHARE:
        notes.append(Message("note.too_bright", share=above, latitude=place.latitude_deg))
    polynomial = (3.0 * math.sin(math.radians(place.latitude_deg)) ** 2 - 1.0) / 2.0
    zonal = catalogue.value("climate.zonal_mean") + catalogue.value("climate.zonal_second") * polynomial
    zonal -= LAPSE_RATE_K_PER_M * max(weather.elevation_m, 0.0)
    mean = float(weather.temperature_c.mean())
    if abs(mean - zonal) > catalogue.value("climate.zonal_tolerance"):
        notes.append(Message("note.other_climate", mean=mean, zonal=zonal, latitude=place.latitude_deg))
    return tuple(notes)


def _under_source(problem: Problem, source: str) -> Problem:
    """The problem with the scenario key that led to it, where it names none."""
    if problem.key:
        return problem
    key = "weather.files" if source in FILE_SOURCES else f"weather.source = '{source}'"
    return replace(problem, where=Message("at.under", outer=key, inner=problem.where) if problem.where else key)


def _read(scenario: Scenario, place: Place, recorder: Recorder) -> Weather:
    chosen, offset = scenario.weather, place.utc_offset_hours
    source = chosen.source
    if source == "typical":
        normals = _normals_at_place(place, recorder)
        return _read_typical(
            place.latitude_deg,
            place.longitude_deg,
            place.elevation_m,
            wind_speed_m_s=_mast_speed(place, recorder),
            wind_height_m=recorder.take("wind.mast_height"),
            seed=scenario.seed,
            step_hours=max(scenario.time.step_hours, SHORTEST_TYPICAL_STEP_HOURS),
            monthly_temperature_c=normals[0],
            monthly_relative_humidity_pct=normals[1],
            monthly_ghi_mj_m2_day=normals[2],
        )
    files = [name if name.startswith("pvlib:") else str(scenario.folder / name) for name in chosen.files]
    mended = {"fill_gaps_hours": chosen.fill_gaps_hours, "clip_negative_w_m2": chosen.clip_negative_w_m2}
    if source in {"epw", "tmy3"}:
        from kiban.weather.epw import read_epw
        from kiban.weather.tmy3 import read_tmy3
        from kiban.weather.year import join_years

        labels = chosen.years or tuple(scenario.base_year + number for number in range(len(files)))
        if len(set(labels)) != len(files):
            raise ScenarioError(Problem("planning.weather_files", key="weather.files", count=len(files), years=labels))
        read = read_epw if source == "epw" else read_tmy3
        return join_years([read(name, year=year, **mended) for name, year in zip(files, labels, strict=True)])
    years, first_month = list(chosen.years) or None, scenario.time.first_month
    if source == "nsrdb":
        from kiban.weather.nsrdb import read_nsrdb

        laid_on = chosen.years[0] if chosen.years else scenario.base_year
        return read_nsrdb(files, year=laid_on, years=years, first_month=first_month, **mended)
    if source == "solcast":
        from kiban.weather.frame import Place as WeatherPlace
        from kiban.weather.solcast import read_solcast

        here = WeatherPlace(place.latitude_deg, place.longitude_deg, place.elevation_m, offset)
        step_hours = scenario.time.step_hours
        return read_solcast(files, here, years=years, first_month=first_month, step_hours=step_hours, **mended)
    if source == "jma":
        from kiban.weather.irradiance import SunshineModel
        from kiban.weather.jma import read_jma

        if chosen.wind_height_m is None:
            raise ScenarioError(Problem("missing", key="weather.wind_height_m", remedy="planning.wind_height"))
        model = SunshineModel(*(recorder.catalogue.value(name) for name in SUNSHINE))
        weather = read_jma(
            files,
            place.latitude_deg,
            place.longitude_deg,
            place.elevation_m,
            chosen.wind_height_m,
            years=years,
            first_month=first_month,
            fill_gaps_hours=chosen.fill_gaps_hours,
            clip_negative_w_m2=chosen.clip_negative_w_m2,
            station=chosen.station,
            sunshine=model,
        )
        if "ghi_w_m2" in weather.synthetic:
            for name in SUNSHINE:
                recorder.take(name)
        return weather
    from kiban.weather.online import fetch_weather

    return fetch_weather(
        source,
        place.latitude_deg,
        place.longitude_deg,
        list(chosen.years) or [scenario.base_year],
        _cache_folder(),
        utc_offset_hours=offset,
        first_month=first_month,
        fill_gaps_hours=chosen.fill_gaps_hours,
        clip_negative_w_m2=chosen.clip_negative_w_m2,
    )


@remembered
def _read_typical(latitude_deg: float, longitude_deg: float, elevation_m: float, **given: Any) -> Weather:
    from kiban.weather.typical import read_typical

    return read_typical(latitude_deg, longitude_deg, elevation_m, **given)


@remembered
def _lay(weather: Weather, first_month: int, step_hours: float) -> Weather:
    """The weather on the steps of the horizon: typical years from its first month on, longer steps held."""
    from kiban.weather.sub_hours import hold_within_steps
    from kiban.weather.year import begin_in_month

    return hold_within_steps(begin_in_month(weather, first_month), step_hours)


def _mast_speed(place: Place, recorder: Recorder) -> float:
    """Annual mean wind speed near the ground: the station normal, or the national figure."""
    if place.normals is None:
        return recorder.take("wind.mast_mean_speed")
    normals = place.normals
    speed, source = f"{normals.wind_mean_m_s:g}", catalogue_source(normals.source)
    station = Message("note.of_station", normals_station=normals.site)
    notes = (station, *_notes(normals))
    recorder.record("normal wind speed", speed, "m/s", source, normals.status["wind"], "catalogue", *notes)
    return normals.wind_mean_m_s


def _notes(normals: ClimateNormals) -> tuple[Message, ...]:
    return (Message("note.as_written", text=normals.note),) if normals.note else ()


def _normals_at_place(place: Place, recorder: Recorder) -> tuple[Months, Months, Months]:
    """Monthly normals of temperature, humidity and irradiation at the site's elevation, if they are known."""
    if place.normals is None:
        return None, None, None
    normals = place.normals
    higher = place.elevation_m - normals.station_elevation_m
    used: tuple[Quantity, ...] = ("temperature", "humidity", "ghi")
    status: Status = "verified" if all(normals.status[name] == "verified" for name in used) else "assumed"
    value, source = Message("input.normals", normals_station=normals.site), catalogue_source(normals.source)
    recorder.record("climate normals", value, "", source, status, "catalogue", *_notes(normals))
    cooler = LAPSE_RATE_K_PER_M * higher
    temperature = tuple(value - cooler for value in normals.temperature_mean_c)
    return temperature, normals.relative_humidity_pct, normals.ghi_mj_m2_day


def _cache_folder() -> Path:
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else Path.home() / ".cache" / "kiban"


def override_weather(weather: Weather, scenario: Scenario, place: Place, recorder: Recorder) -> Weather:
    """The weather with the scenario's own temperature or wind in place of the source's."""
    given = scenario.weather
    series = SeriesReader(scenario, Horizon(scenario, weather.years), place.utc_offset_hours, recorder)
    changed = weather
    if given.temperature_c is not None:
        temperature = series.read(
            given.temperature_c, "weather.temperature_c", unit="degC", lower=-90.0, upper=60.0, whole_years=True
        )
        changed = replace(changed, temperature_c=temperature)
    if given.wind_speed_m_s is not None:
        wind = series.read(
            given.wind_speed_m_s, "weather.wind_speed_m_s", unit="m/s", lower=0.0, upper=120.0, whole_years=True
        )
        changed = replace(
            changed,
            wind_speed_m_s=wind,
            wind_height_m=weather.wind_height_m if given.wind_height_m is None else given.wind_height_m,
            synthetic=weather.synthetic - {"wind_speed_m_s"},
        )
    series.raise_problems()
    return changed
