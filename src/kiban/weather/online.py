"""Weather years from web services: NASA POWER, Open-Meteo and PVGIS.

Answers are cached on disk, one file for each request, so that a plan can be repeated without network.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kiban.calendar import HOURS_PER_YEAR, year_index
from kiban.errors import Problem, WeatherError, nearest
from kiban.messages import Message
from kiban.outside import may_ask
from kiban.weather.download import Patience, Request, fetch_json
from kiban.weather.irradiance import beam_between
from kiban.weather.service import SERVICES, Answer, Service, hours_since_epoch
from kiban.weather.sun import Floats, sun_of_steps
from kiban.weather.textfile import refuse
from kiban.weather.year import WIND_HEIGHT_M, Weather, check_weather

if TYPE_CHECKING:
    import pandas as pd


def fetch_weather(
    service: str,
    latitude_deg: float,
    longitude_deg: float,
    years: Sequence[int],
    cache_dir: str | Path,
    *,
    utc_offset_hours: float,
    first_month: int = 1,
    base_url: str | None = None,
    timeout_s: float = 60.0,
    retries: int = 3,
    pause_s: float = 1.0,
    fill_gaps_hours: float = 0.0,
    clip_negative_w_m2: float = 0.0,
) -> Weather:
    """Weather years of a place from `service`: a key of `SERVICES`.

    * `nasa-power`: reanalysis and satellites, hourly means labelled by their start, from 2001,
    * `open-meteo`: reanalysis archive; irradiance is the mean of the hour before the label, temperature,
      humidity and pressure hold at the label (the step gets the mean of both its ends), wind at its end,
    * `pvgis`: the typical year of PVGIS, laid on the one calendar year in `years`; irradiance is
      instantaneous at an offset that the service gives and is interpolated to the middle of the step.

    Services count in UTC; steps start in the place's standard time, `utc_offset_hours` ahead of it (9 for
    Japan, 5.5 for India: with a fraction, a step is the weighted mean of the two hours that it touches).
    Years begin with `first_month`, the typical year with January. Wind is at 10 m; the elevation is the service's own.
    One request a year, at `base_url` if given; each answer may take `timeout_s`, and timeouts, 429 and 5xx are tried
    again `retries` times with pauses from `pause_s` on, doubled each time. `cache_dir` keeps the answers.

    Raises `WeatherError`: unknown service, place or years that it does not have, no network, no answer, an
    incomplete answer, each in one sentence, and all of `check_weather`.
    """
    import pandas as pd

    if not may_ask():
        raise WeatherError(Problem("online", key="weather.source", name=service))
    chosen = _check_request(service, latitude_deg, longitude_deg, years, utc_offset_hours)
    patience = Patience(timeout_s, retries, pause_s)
    parts: list[tuple[pd.DatetimeIndex, dict[str, Floats], Answer]] = []
    notes: list[Message] = []
    month = 1 if chosen.typical else first_month
    begun = "" if month == 1 else f"-{month:02d}"
    for year in sorted(years):
        first = _first_utc_hour(year, utc_offset_hours, month)
        last = _first_utc_hour(year + 1, utc_offset_hours, month)
        request = Request(
            chosen.title,
            base_url or chosen.url,
            chosen.query(latitude_deg, longitude_deg, first, last),
            f"{service}_{latitude_deg:.4f}_{longitude_deg:.4f}" + ("" if chosen.typical else f"_{year}{begun}"),
        )

        def accept(payload: object, year: int = year) -> None:
            _hours_of_year(chosen, chosen.parse(payload), year, utc_offset_hours, month)

        payload, said = fetch_json(request, cache_dir, patience, accept)
        answer = chosen.parse(payload)
        parts.append((*_hours_of_year(chosen, answer, year, utc_offset_hours, month), answer))
        notes += [note for note in (*answer.notes, *said) if note not in notes]
    if utc_offset_hours % 1:
        notes.append(Message("note.shifted", title=chosen.title, offset=utc_offset_hours))

    time = parts[0][0]
    for part in parts[1:]:
        time = pd.DatetimeIndex(time.append(part[0]))
    columns = {
        name: np.concatenate([part[1][name] for part in parts])
        for name in parts[0][1]
        if all(name in part[1] for part in parts)
    }
    if parts[0][2].irradiance_moved:
        sun = sun_of_steps(time, latitude_deg, longitude_deg, 1.0)
        columns["dni_w_m2"] = beam_between(columns["ghi_w_m2"], columns["dhi_w_m2"], sun)
    return check_weather(
        time,
        columns,
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        elevation_m=parts[0][2].elevation_m,
        wind_height_m=WIND_HEIGHT_M,
        source=f"{chosen.title} ({latitude_deg:g}, {longitude_deg:g})",
        years=tuple(years),
        first_month=month,
        notes=notes,
        where=chosen.title,
        fill_gaps_hours=fill_gaps_hours,
        clip_negative_w_m2=clip_negative_w_m2,
    )


def _check_request(
    service: str, latitude_deg: float, longitude_deg: float, years: Sequence[int], utc_offset_hours: float
) -> Service:
    """The service, or one error with everything that is wrong with the request; nothing is sent before."""
    problems = []
    if service not in SERVICES:
        guess = nearest(service, SERVICES)
        named = {"service": service, "near": guess, "names": tuple(SERVICES)}
        problems.append(Problem("online.service", "", "service", "nearest" if guess else "use_one_of", named))
    for name, value, low, high in (
        ("latitude_deg", latitude_deg, -90.0, 90.0),
        ("longitude_deg", longitude_deg, -180.0, 180.0),
        ("utc_offset_hours", utc_offset_hours, -12.0, 14.0),
    ):
        if not low <= value <= high:
            problems.append(Problem("out_of_range", key=name, values={"value": value, "low": low, "high": high}))
    if not years or len(set(years)) != len(years):
        problems.append(Problem("online.years", key="years", years=str(list(years))))
    elif service in SERVICES and SERVICES[service].typical and len(years) > 1:
        problems.append(Problem("online.one_year", key="years", years=str(list(years)), service=service))
    refuse(problems)
    return SERVICES[service]


def _first_utc_hour(year: int, utc_offset_hours: float, first_month: int) -> float:
    """Start of the year from `first_month` in the place's standard time, in hours since 1970-01-01 00:00 UTC."""
    return hours_since_epoch(datetime(year, first_month, 1)) - utc_offset_hours


def _hours_of_year(
    service: Service, answer: Answer, year: int, utc_offset_hours: float, first_month: int
) -> tuple[pd.DatetimeIndex, dict[str, Floats]]:
    """Starts and values of the steps of `year` in the place's standard time, from hours in UTC.

    An answer that lacks hours is refused.
    """
    import pandas as pd

    whole = math.floor(-utc_offset_hours)
    late = -utc_offset_hours - whole  # share of the step that lies in the later of the two hours
    zone = timezone(timedelta(hours=utc_offset_hours))
    if service.typical:
        time = year_index(year, utc_offset_hours)
        position = (np.arange(HOURS_PER_YEAR) + whole) % HOURS_PER_YEAR
        following = (position + 1) % HOURS_PER_YEAR
    else:
        begin, end = (f"{number}-{first_month:02d}-01" for number in (year, year + 1))
        time = pd.date_range(begin, end, freq="h", inclusive="left", tz=zone)
        first = round(hours_since_epoch(datetime(year, first_month, 1))) + whole
        wanted = np.arange(first, first + len(time) + (1 if late else 0))
        found = np.minimum(np.searchsorted(answer.hours, wanted), len(answer.hours) - 1)
        absent = wanted[answer.hours[found] != wanted]
        if len(absent):
            moment = datetime(1970, 1, 1) + timedelta(hours=int(absent[0]))
            said = {"found": len(wanted) - len(absent), "wanted": len(wanted), "time": f"{moment:%Y-%m-%d %H:%M}"}
            raise WeatherError(Problem("online.hours", service.title, values=said, year=year))
        position = found[: len(time)]
        following = found[1 : len(time) + 1] if late else position
    values = {
        name: column[position] if not late else (1.0 - late) * column[position] + late * column[following]
        for name, column in answer.columns.items()
    }
    return time, values
