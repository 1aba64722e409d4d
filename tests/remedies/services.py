"""Remedies of the services of weather, replayed by a server of this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
from tests.remedies import Case, Ground, Step
from tests.unit import test_online
from tests.unit.test_online import HANGS_S, LATITUDE, LONGITUDE, OFFSET, altered, cut_nasa, cut_pvgis, nasa, pvgis, unit

from kiban.weather import download
from kiban.weather.online import fetch_weather

Answer = Callable[[dict[str, str]], Any]
ADDRESS = "http://service.example/api"


def ask(g: Ground, answer: Answer, service: str = "nasa-power", cache: str = "cache", **options: Any) -> Any:
    """The weather that a service with these answers gives; each answer is a status and a body, or an exception."""

    def answered(request: httpx.Request) -> httpx.Response:
        given = answer(dict(request.url.params))
        if isinstance(given, Exception):
            raise given
        return httpx.Response(given[0], content=given[1])

    client = httpx.Client
    with g.change.context() as change:
        change.setattr(httpx, "Client", lambda **_: client(transport=httpx.MockTransport(answered)))
        given = {"utc_offset_hours": OFFSET, "base_url": ADDRESS, "timeout_s": HANGS_S, "retries": 0, "pause_s": 0.0}
        years = options.pop("years", [2022])
        return fetch_weather(service, LATITUDE, LONGITUDE, years, g.folder / cache, **{**given, **options})


def refused(g: Ground, status: int) -> Step:
    return lambda: ask(g, lambda _: (status, b"no"))


def well(g: Ground, **options: Any) -> Step:
    return lambda: ask(g, nasa, **options)


def failing(error: Exception) -> Answer:
    return lambda _: error


def large(g: Ground, most: int) -> Any:
    """An address that sends much more than the hours of a year, and the service that sends no more than those."""
    with g.change.context() as change:
        change.setattr(download, "MAX_FILE_BYTES", most)
        return ask(g, nasa)


CASES: Mapping[str, Case] = {
    "online.years": lambda g: (well(g, years=[2022, 2022]), well(g, years=[2022])),
    "online.one_year": lambda g: (
        lambda: ask(g, pvgis, "pvgis", years=[2021, 2022]),
        lambda: ask(g, pvgis, "pvgis", years=[2022]),
    ),
    "online.hours": lambda g: (lambda: ask(g, altered(nasa, cut_nasa)), well(g)),
    "online.base_url": lambda g: (
        lambda: ask(g, altered(test_online.open_meteo, unit), "open-meteo"),
        lambda: ask(g, test_online.open_meteo, "open-meteo"),
    ),
    "online.later": lambda g: (lambda: ask(g, altered(pvgis, cut_pvgis), "pvgis"), lambda: ask(g, pvgis, "pvgis")),
    "online.unusable": lambda g: (lambda: ask(g, lambda _: (200, b"[]")), well(g)),
    "online.cache": lambda g: (lambda: (g.write("file", "x"), ask(g, nasa, cache="file")), well(g, cache="folder")),
    "online.timeout": lambda g: (lambda: ask(g, failing(httpx.ReadTimeout("late"))), well(g, timeout_s=HANGS_S)),
    "online.unreachable": lambda g: (lambda: ask(g, failing(httpx.ConnectError("no route"))), well(g)),
    "online.refused": lambda g: (refused(g, 400), well(g)),
    "online.busy": lambda g: (refused(g, 503), well(g)),
    "online.too_big": lambda g: (lambda: large(g, 10), lambda: large(g, 10**9)),
}
