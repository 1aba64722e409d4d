"""Point forecasts of weather: the hours ahead of a place, as Open-Meteo's forecast service gives them.

    open-meteo                             the best models of the place, joined by the service
    jma-msm                                the mesoscale model of the Japan Meteorological Agency, 78 hours ahead
    open-meteo://api.example/v1/forecast   a server of one's own, or of a customer; `?apikey=` and such go along

`open-meteo+http://` and `jma-msm+http://` do without HTTPS. Variables and times are those of the archive (`service`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import numpy as np

from kiban.errors import InputError, Problem, WeatherError
from kiban.outside import may_ask
from kiban.weather.download import Patience, Request, ask_json
from kiban.weather.limits import IRRADIANCE, PHYSICAL_RANGE
from kiban.weather.service import SERVICES, Answer, hours_since_epoch

ADDRESS: Final = "api.open-meteo.com/v1/forecast"
"""As documented in 2025."""
MODELS: Final = {"open-meteo": "", "jma-msm": "jma_msm"}
"""Forecasts by name, and what the service calls the model; empty leaves the choice to it."""
TITLES: Final = {"open-meteo": "Open-Meteo", "jma-msm": "Open-Meteo (JMA MSM)"}


@dataclass(frozen=True, slots=True)
class PointForecast:
    """Whom to ask, and what else is asked with every question."""

    name: str
    url: str
    query: tuple[tuple[str, str], ...] = ()

    @staticmethod
    def is_meant(text: str) -> bool:
        """Whether a text names a forecast of a service, and no file."""
        return text.partition("://")[0].partition("+")[0] in MODELS

    @staticmethod
    def at(text: str) -> PointForecast:
        """The service that a text names (`is_meant`); raises `InputError` for an address that is none."""
        name, _, rest = text.partition("://")
        name, _, plain = name.partition("+")
        parts = urlsplit(f"{plain or 'https'}://{rest or ADDRESS}")
        if plain not in ("", "http") or (plain and not rest) or not parts.hostname:
            raise InputError(Problem("forecast.address", key="--forecast", text=text, allowed=tuple(MODELS)))
        model = (("models", MODELS[name]),) if MODELS[name] else ()
        url = f"{parts.scheme}://{parts.netloc}{parts.path}"
        return PointForecast(name, url, (*model, *parse_qsl(parts.query)))

    def ask(self, latitude_deg: float, longitude_deg: float, now: datetime, hours: int, patience: Patience) -> Answer:
        """Means over the UTC hours from that of `now` on, as far as the forecast reaches and `hours` at most.

        Hours that lack a value, or have one that cannot be, are left out; the rest may have holes. Raises
        `WeatherError` where the service is away, refuses, or has no hour to give.
        """
        title = TITLES[self.name]
        if not may_ask():
            raise WeatherError(Problem("online", key="--forecast", name=self.name))
        archive = SERVICES["open-meteo"]
        first = hours_since_epoch(now.astimezone(UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0))
        query = {**archive.query(latitude_deg, longitude_deg, first, first + hours), **dict(self.query)}
        answer = archive.parse(ask_json(Request(title, self.url, query, self.name), patience))
        # Models round irradiance below zero at night.
        columns = {
            name: np.maximum(column, 0.0) if name in IRRADIANCE else column for name, column in answer.columns.items()
        }
        good = (answer.hours >= first) & (answer.hours < first + hours)
        for name, column in columns.items():
            low, high = PHYSICAL_RANGE[name]
            good &= (column >= low) & (column <= high)
        if not good.any():
            raise WeatherError(Problem("forecast.no_hours", title))
        return Answer(answer.hours[good], {name: column[good] for name, column in columns.items()}, answer.elevation_m)
