"""A weather service of one's own that speaks as Open-Meteo's forecast does, and refuses what that refuses."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

UNITS = {
    "temperature_2m": "°C", "relative_humidity_2m": "%", "shortwave_radiation": "W/m²",
    "direct_normal_irradiance": "W/m²", "diffuse_radiation": "W/m²", "wind_speed_10m": "m/s",
    "surface_pressure": "hPa", "snow_depth": "m",
}  # fmt: skip
MODELS = ("jma_msm", "jma_gsm", "jma_seamless", "best_match")
NEEDED = ("latitude", "longitude", "hourly")
KNOWN = (*NEEDED, "start_date", "end_date", "timezone", "wind_speed_unit", "models", "apikey")
Values = Callable[[datetime, int], Mapping[str, float | None]]
"""What holds at a time (UTC), by the service's names; the number counts the questions."""


class WeatherService:
    """Pages for `tests.cases.monitoring.open_pages`; `down` lets it fail, and it waits for `free`."""

    def __init__(self, values: Values) -> None:
        self.values, self.asked, self.down = values, list[dict[str, str]](), False
        self.free = threading.Event()
        self.free.set()

    def answer(self, path: str, _: bytes) -> tuple[int, str]:
        query = {name: values[-1] for name, values in parse_qs(urlsplit(path).query).items()}
        self.asked.append(query)
        self.free.wait(60.0)
        if self.down:
            return 503, "overloaded"
        reason = refuse(query)
        if reason:
            return 400, json.dumps({"error": True, "reason": reason})
        first = datetime.fromisoformat(query["start_date"]).replace(tzinfo=UTC)
        last = datetime.fromisoformat(query["end_date"]).replace(tzinfo=UTC) + timedelta(days=1)
        names, times = query["hourly"].split(","), []
        while first < last:
            times.append(first)
            first += timedelta(hours=1)
        rows = [self.values(at, len(self.asked)) for at in times]
        hourly = {name: [row.get(name) for row in rows] for name in names}
        return 200, json.dumps(
            {
                "latitude": float(query["latitude"]), "longitude": float(query["longitude"]), "elevation": 20.0,
                "utc_offset_seconds": 0, "hourly_units": {name: UNITS[name] for name in names},
                "hourly": {"time": [f"{at:%Y-%m-%dT%H:%M}" for at in times], **hourly},
            }
        )  # fmt: skip


def refuse(query: Mapping[str, str]) -> str:
    """Why the service says no; empty where it does not."""
    for name in NEEDED:
        if name not in query:
            return f"Parameter '{name}' is required"
    for name in query:
        if name not in KNOWN:
            return f"Unknown parameter '{name}'"
    if not -90.0 <= float(query["latitude"]) <= 90.0:
        return "Latitude must be in range of -90 to 90°."
    for name in query["hourly"].split(","):
        if name not in UNITS:
            return f"Cannot initialize hourly variables from invalid String value {name}"
    if query.get("models", "best_match") not in MODELS:
        return f"Cannot initialize models from invalid String value {query['models']}"
    if query.get("timezone", "GMT") != "GMT" or query.get("wind_speed_unit") != "ms":
        return "Invalid timezone or unit"
    if datetime.fromisoformat(query["end_date"]) - datetime.fromisoformat(query["start_date"]) > timedelta(days=16):
        return "Parameter 'end_date' is out of allowed range"
    return ""
