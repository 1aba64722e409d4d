"""Weather services, replayed by a local server in their documented layouts; no test leaves this machine."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pvlib
import pytest

from kiban.errors import WeatherError
from kiban.weather.download import explain
from kiban.weather.online import fetch_weather
from kiban.weather.sun import sun_of_steps
from kiban.weather.year import Weather

pytestmark = pytest.mark.slow

LATITUDE, LONGITUDE, OFFSET, ELEVATION = 35.7, 139.7, 9.0, 40.0
Reply = tuple[int, bytes]
HANGS_S = 600.0
"""Nothing takes so long: it ends a test that hangs, and decides none."""


@dataclass
class Replay:
    """A server's script: `answer` makes a reply from the query, `asked` is what was asked so far."""

    answer: Callable[[dict[str, str]], Reply]
    asked: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    url: str = ""


@pytest.fixture
def replay(monkeypatch: pytest.MonkeyPatch) -> Iterator[Replay]:
    script = Replay(lambda query: (404, b"nothing here"))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
            script.asked.append(query)
            status, body = script.answer(query)
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                for name, value in script.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client gave up waiting

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_port}/api"
    yield script
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass(frozen=True)
class Made:
    """Weather by formula: `sky` for hours that start at UTC times, `air` at moments."""

    def sky(self, starts: pd.DatetimeIndex) -> dict[str, np.ndarray]:
        sun = sun_of_steps(starts, LATITUDE, LONGITUDE, 1.0)
        dni = np.where(sun.mean_cosine > 0.1, 500.0, 0.0)
        dhi = 0.1 * sun.extraterrestrial_w_m2 * sun.mean_cosine
        return {"ghi": dhi + dni * sun.mean_cosine, "dni": dni, "dhi": dhi}

    def air(self, moments: pd.DatetimeIndex) -> dict[str, np.ndarray]:
        """Piecewise linear between hours, so that the mean of two ends is exact; unique within a year."""
        hour = np.arange(len(moments)) + round(
            (moments[0] - pd.Timestamp("2020-01-01", tz="UTC")).total_seconds() / 3600
        )
        return {
            "temperature": np.round(5 + hour % 8784 / 500, 3),
            "humidity": 40.0 + hour % 50,
            "wind": np.round(hour % 89 / 10, 1),
            "pressure": 1000.0 + hour % 20,
        }


MADE = Made()


def remembered(make: Callable[..., Reply]) -> Callable[..., Reply]:
    """The same reply for the same query, made only once."""
    made: dict[object, Reply] = {}

    def answer(query: dict[str, str], *options: float) -> Reply:
        key = (tuple(sorted(query.items())), LONGITUDE, options)
        if key not in made:
            made[key] = make(query, *options)
        return made[key]

    return answer


@remembered
def nasa(query: dict[str, str]) -> Reply:
    """https://power.larc.nasa.gov/docs/services/api/temporal/hourly/: hours labelled by their start."""
    assert query["time-standard"] == "UTC"
    assert query["community"] == "RE"
    first = pd.Timestamp(query["start"], tz="UTC")
    last = pd.Timestamp(query["end"], tz="UTC") + pd.Timedelta(hours=23)
    hours = pd.date_range(first, last, freq="h")
    sky, air = MADE.sky(hours), MADE.air(hours)
    columns = {
        "T2M": air["temperature"],
        "RH2M": air["humidity"],
        "WS10M": air["wind"],
        "PS": air["pressure"] / 10,
        "ALLSKY_SFC_SW_DWN": sky["ghi"],
        "ALLSKY_SFC_SW_DNI": sky["dni"],
        "ALLSKY_SFC_SW_DIFF": sky["dhi"],
    }
    labels = hours.strftime("%Y%m%d%H").tolist()
    asked = query["parameters"].split(",")
    assert set(asked) == set(columns)
    payload = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [LONGITUDE, LATITUDE, ELEVATION]},
        "properties": {"parameter": {name: dict(zip(labels, columns[name].tolist(), strict=True)) for name in asked}},
        "header": {
            "title": "NASA/POWER Source Native Resolution Hourly Data",
            "api": {"version": "v2.5.0", "name": "POWER Hourly API"},
            "sources": ["SYN1DEG", "MERRA2"],
            "fill_value": -999.0,
            "time_standard": "UTC",
            "start": query["start"],
            "end": query["end"],
        },
        "messages": [],
        "parameters": {name: {"units": "", "longname": ""} for name in asked},
        "times": {"data": 0.1, "process": 0.1},
    }
    return 200, json.dumps(payload).encode()


@remembered
def open_meteo(query: dict[str, str]) -> Reply:
    """https://open-meteo.com/en/docs/historical-weather-api: irradiance of the hour before the label."""
    assert query["timezone"] == "GMT"
    assert query["wind_speed_unit"] == "ms"
    first = pd.Timestamp(query["start_date"], tz="UTC")
    last = pd.Timestamp(query["end_date"], tz="UTC") + pd.Timedelta(hours=23)
    labels = pd.date_range(first, last, freq="h")
    sky, air = MADE.sky(labels - pd.Timedelta(hours=1)), MADE.air(labels)
    columns = {
        "temperature_2m": (air["temperature"], "°C"),
        "relative_humidity_2m": (air["humidity"], "%"),
        "shortwave_radiation": (sky["ghi"], "W/m²"),
        "direct_normal_irradiance": (sky["dni"], "W/m²"),
        "diffuse_radiation": (sky["dhi"], "W/m²"),
        "wind_speed_10m": (air["wind"], "m/s"),
        "surface_pressure": (air["pressure"], "hPa"),
        "snow_depth": (np.full(len(labels), 0.25), "m"),
    }
    asked = query["hourly"].split(",")
    payload = {
        "latitude": LATITUDE,
        "longitude": LONGITUDE,
        "generationtime_ms": 1.0,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": ELEVATION,
        "hourly_units": {"time": "iso8601", **{name: columns[name][1] for name in asked}},
        "hourly": {
            "time": labels.strftime("%Y-%m-%dT%H:%M").tolist(),
            **{name: columns[name][0].tolist() for name in asked},
        },
    }
    return 200, json.dumps(payload, ensure_ascii=False).encode()


@remembered
def pvgis(query: dict[str, str], offset: float = 0.5) -> Reply:
    """https://re.jrc.ec.europa.eu/pvg_tools/en/: a typical year in UTC, months of different years."""
    assert query["outputformat"] == "json"
    hours = pd.date_range("2022-01-01", "2023-01-01", freq="h", inclusive="left", tz="UTC")
    # Irradiance as it is at the label plus the offset: the mean of an hour around that moment.
    sky, air = MADE.sky(hours + pd.Timedelta(hours=offset - 0.5)), MADE.air(hours)
    source_year = [2007 + month % 5 for month in range(13)]
    rows = [
        {
            "time(UTC)": f"{source_year[hour.month]}{hour:%m%d:%H}00",
            "T2m": float(air["temperature"][i]),
            "RH": float(air["humidity"][i]),
            "G(h)": float(sky["ghi"][i]),
            "Gb(n)": -0.0 if sky["dni"][i] == 0 else float(sky["dni"][i]),
            "Gd(h)": float(sky["dhi"][i]),
            "IR(h)": 300.0,
            "WS10m": float(air["wind"][i]),
            "WD10m": 180.0,
            "SP": float(air["pressure"][i]) * 100,
        }
        for i, hour in enumerate(hours)
    ]
    location = {"latitude": LATITUDE, "longitude": LONGITUDE, "elevation": ELEVATION}
    payload = {
        "inputs": {
            "location": {**location, "irradiance_time_offset": offset},
            "meteo_data": {"radiation_db": "PVGIS-ERA5", "meteo_db": "ERA5", "year_min": 2005, "year_max": 2023},
        },
        "outputs": {
            "months_selected": [{"month": m, "year": source_year[m]} for m in range(1, 13)],
            "tmy_hourly": rows,
        },
        "meta": {"inputs": {}, "outputs": {}},
    }
    return 200, json.dumps(payload).encode()


SERVICES = {"nasa-power": nasa, "open-meteo": open_meteo, "pvgis": pvgis}


def fetch(replay: Replay, cache: Path, service: str = "nasa-power", **options: Any) -> Weather:
    given = {"utc_offset_hours": OFFSET, "base_url": replay.url, "timeout_s": HANGS_S, "retries": 0, "pause_s": 0.01}
    years = options.pop("years", [2022])
    return fetch_weather(service, LATITUDE, LONGITUDE, years, cache, **(given | options))


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(WeatherError) as caught:
        call()
    assert len(caught.value.problems) == 1
    return str(caught.value)


@pytest.mark.parametrize("service", ["nasa-power", "open-meteo"])
@pytest.mark.parametrize("offset", [9.0, 0.0, -5.0])
def test_local_hours_are_the_right_hours_of_utc(
    replay: Replay, tmp_path: Path, service: str, offset: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.LONGITUDE", 139.7 if offset == 9.0 else offset * 15)
    replay.answer = SERVICES[service]
    weather = fetch(replay, tmp_path, service, utc_offset_hours=offset, years=[2023])
    starts = pd.DatetimeIndex(weather.time.tz_convert("UTC"))
    assert len(starts) == 8760
    assert str(weather.time[0])[:16] == "2023-01-01 00:00"
    assert starts[0] == pd.Timestamp("2023-01-01", tz="UTC") - pd.Timedelta(hours=offset)
    sky = MADE.sky(starts)
    np.testing.assert_allclose(weather.ghi_w_m2, sky["ghi"], atol=1e-9)
    np.testing.assert_allclose(weather.dni_w_m2, sky["dni"], atol=1e-9)
    moments = pd.date_range(starts[0], periods=8761, freq="h")
    air = MADE.air(moments)
    if service == "nasa-power":
        np.testing.assert_allclose(weather.temperature_c, air["temperature"][:-1])
        np.testing.assert_allclose(weather.pressure_hpa, air["pressure"][:-1])
        np.testing.assert_allclose(weather.wind_speed_m_s, air["wind"][:-1])
        assert weather.snow_depth_cm is None
    else:
        np.testing.assert_allclose(weather.temperature_c, (air["temperature"][:-1] + air["temperature"][1:]) / 2)
        np.testing.assert_allclose(weather.wind_speed_m_s, air["wind"][1:])
        assert weather.snow_depth_cm is not None
        np.testing.assert_allclose(weather.snow_depth_cm, 25.0)
    assert weather.elevation_m == ELEVATION
    assert weather.wind_height_m == 10.0


def test_half_hour_zones_are_weighted_means(replay: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.LONGITUDE", 77.0)
    replay.answer = nasa
    weather = fetch(replay, tmp_path, utc_offset_hours=5.5)
    hours = pd.date_range("2021-12-31 18:00", periods=8761, freq="h", tz="UTC")
    ghi = MADE.sky(hours)["ghi"]
    np.testing.assert_allclose(weather.ghi_w_m2, (ghi[:-1] + ghi[1:]) / 2, atol=1e-9)
    assert weather.time[0] == pd.Timestamp("2022-01-01 00:00+05:30")
    assert any("weighted means of two UTC hours (offset 5.5 h)" in str(note) for note in weather.notes)


def test_several_years_one_request_each_without_leap_day(replay: Replay, tmp_path: Path) -> None:
    replay.answer = nasa
    weather = fetch(replay, tmp_path, years=[2024, 2022])
    assert weather.years == (2024, 2022)
    assert len(weather.time) == 2 * 8760
    assert [(query["start"], query["end"]) for query in replay.asked] == [
        ("20211231", "20221231"),
        ("20231231", "20241231"),
    ]
    assert "29 February is left out (24 rows)" in map(str, weather.notes)
    start_of_2022 = pd.date_range("2021-12-31 15:00", periods=3, freq="h", tz="UTC")
    np.testing.assert_allclose(weather.temperature_c[8760:8763], MADE.air(start_of_2022)["temperature"])
    assert weather.source == "NASA POWER (35.7, 139.7)"


def test_agrees_with_pvlib_on_the_same_answers(replay: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.LONGITUDE", 0.0)
    body = json.loads(pvgis({"outputformat": "json"})[1])
    frame, _ = pvlib.iotools.read_pvgis_tmy(io.StringIO(json.dumps(body)), pvgis_format="json")
    replay.answer = pvgis
    typical = fetch(replay, tmp_path, "pvgis", utc_offset_hours=0.0)
    np.testing.assert_allclose(typical.ghi_w_m2, frame["ghi"])
    np.testing.assert_allclose(typical.dni_w_m2, frame["dni"])
    replay.answer = nasa
    ours = fetch(replay, tmp_path, utc_offset_hours=0.0)
    given = nasa(replay.asked[-1])[1]
    hourly = json.loads(given)["properties"]["parameter"]
    theirs = pd.DataFrame(hourly)
    theirs.index = pd.to_datetime(theirs.index, format="%Y%m%d%H").tz_localize("UTC")
    np.testing.assert_allclose(ours.ghi_w_m2, theirs["ALLSKY_SFC_SW_DWN"].loc["2022"].to_numpy())
    np.testing.assert_allclose(ours.temperature_c, theirs["T2M"].loc["2022"].to_numpy())


@pytest.mark.parametrize("offset", [0.5, 0.1761, 0.8])
def test_typical_year_of_pvgis_is_rolled_and_centred(replay: Replay, tmp_path: Path, offset: float) -> None:
    replay.answer = lambda query: pvgis(query, offset)
    leap = fetch(replay, tmp_path, "pvgis", years=[2024])
    assert leap.years == (2024,)
    assert len(leap.time) == 8760
    weather = fetch(replay, tmp_path, "pvgis", years=[2022])
    assert len(replay.asked) == 1
    np.testing.assert_array_equal(weather.temperature_c, leap.temperature_c)
    expected = MADE.sky(pd.DatetimeIndex(weather.time.tz_convert("UTC").map(lambda t: t.replace(year=2022))))
    step = 15  # 00:00 in Tokyo is 15:00 UTC of the day before
    air = MADE.air(pd.date_range("2022-01-01", periods=8760, freq="h", tz="UTC"))
    temperature = (air["temperature"] + np.roll(air["temperature"], -1)) / 2
    np.testing.assert_allclose(weather.temperature_c, np.roll(temperature, 24 - step))
    error = np.abs(weather.ghi_w_m2 - expected["ghi"])
    assert error.mean() < (1.5 if offset == 0.5 else 10.0)
    assert weather.ghi_w_m2.sum() == pytest.approx(expected["ghi"].sum(), rel=0.002)
    sun = sun_of_steps(weather.time, LATITUDE, LONGITUDE, 1.0)
    closure = weather.dhi_w_m2 + weather.dni_w_m2 * sun.mean_cosine
    assert closure.sum() == pytest.approx(weather.ghi_w_m2.sum(), rel=0.03)
    assert "PVGIS: a typical year whose months come from different years" in map(str, weather.notes)


def test_an_answer_is_cached_and_read_without_network(replay: Replay, tmp_path: Path) -> None:
    replay.answer = nasa
    first = fetch(replay, tmp_path / "new" / "cache")
    replay.answer = lambda query: (500, b"down")
    again = fetch(replay, tmp_path / "new" / "cache")
    assert len(replay.asked) == 1
    np.testing.assert_array_equal(first.ghi_w_m2, again.ghi_w_m2)
    assert first.notes == again.notes
    [file] = (tmp_path / "new" / "cache").iterdir()
    assert file.name.startswith("nasa-power_35.7000_139.7000_2022_")


def test_another_place_year_or_address_is_another_request(replay: Replay, tmp_path: Path) -> None:
    replay.answer = nasa
    fetch(replay, tmp_path)
    fetch(replay, tmp_path, years=[2023])
    fetch(replay, tmp_path, base_url=replay.url + "/v2")
    fetch_weather("nasa-power", LATITUDE + 0.01, LONGITUDE, [2022], tmp_path, utc_offset_hours=9.0, base_url=replay.url)
    assert len(replay.asked) == 4
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("damage", [lambda text: text[: len(text) // 2], lambda text: text.replace("5.0", "6.0"), str])
def test_a_damaged_cache_is_fetched_again_and_said(
    replay: Replay, tmp_path: Path, damage: Callable[[str], str]
) -> None:
    replay.answer = nasa
    whole = fetch(replay, tmp_path)
    [file] = tmp_path.iterdir()
    text = file.read_text(encoding="utf-8")
    file.write_text(damage(text) if damage is not str else "", encoding="utf-8")
    weather = fetch(replay, tmp_path)
    assert len(replay.asked) == 2
    assert str(weather.notes[-1]) == f"NASA POWER: the cached answer {file.name} was damaged and was fetched again"
    np.testing.assert_array_equal(weather.temperature_c, whole.temperature_c)
    assert file.read_text(encoding="utf-8") == text


def test_passing_faults_are_tried_again(replay: Replay, tmp_path: Path) -> None:
    replies = iter([(500, b"oops"), (429, b'{"error":true,"reason":"Too many"}')])
    replay.answer = lambda query: next(replies, None) or nasa(query)
    assert len(fetch(replay, tmp_path, retries=2).time) == 8760
    assert len(replay.asked) == 3


def test_lasting_faults_end_in_one_sentence(replay: Replay, tmp_path: Path) -> None:
    replay.answer = lambda query: (503, b"<html><body><h1>Service\nUnavailable</h1></body></html>")
    said = refusal(lambda: fetch(replay, tmp_path, retries=2))
    assert said == (
        "NASA POWER answered 503 (Service Unavailable): Service Unavailable in 3 tries; "
        "try later, or connect to the network, or use a weather file or a typical year instead."
    )
    assert len(replay.asked) == 3
    assert not list(tmp_path.iterdir())


def test_the_pause_that_the_service_asks_for_is_kept(
    replay: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("kiban.weather.download.time", SimpleNamespace(monotonic=time.monotonic, sleep=pauses.append))
    replies = iter([(429, b"slow down")])
    replay.headers["Retry-After"] = "1"
    replay.answer = lambda query: next(replies, None) or nasa(query)
    fetch(replay, tmp_path, retries=1)
    assert pauses == [1.0]


def test_an_answer_that_does_not_come_ends_in_one_sentence(replay: Replay, tmp_path: Path) -> None:
    given_up, asked = threading.Event(), threading.Semaphore(0)

    def never(query: dict[str, str]) -> Reply:
        del query
        asked.release()
        assert given_up.wait(HANGS_S)
        return 200, b"{}"

    replay.answer = never
    said = refusal(lambda: fetch(replay, tmp_path, timeout_s=0.2, retries=1))
    assert said.startswith("NASA POWER did not answer within 0.2 s in 2 tries; raise timeout_s, or")
    # Both questions have been sent; when the service comes to read them is its own affair.
    assert asked.acquire(timeout=HANGS_S)
    assert asked.acquire(timeout=HANGS_S)
    given_up.set()
    assert len(replay.asked) == 2


def test_no_network_ends_in_one_sentence(tmp_path: Path) -> None:
    nobody = Replay(lambda query: (404, b""), url="http://127.0.0.1:9/api")
    said = refusal(lambda: fetch(nobody, tmp_path))
    assert said.startswith("NASA POWER cannot be reached at http://127.0.0.1:9/api (")
    assert said.endswith("; connect to the network, or use a weather file or a typical year instead.")
    assert "is not an address" in refusal(
        lambda: fetch(Replay(lambda query: (404, b""), url="http://127.0.0.1:port/"), tmp_path)
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            b'{"error":true,"reason":"Latitude must be in range of -90 to 90."}',
            "Latitude must be in range of -90 to 90",
        ),
        (b'{"header":"failed","messages":["Please supply dates.","Please supply dates."]}', "Please supply dates"),
        (b'{"detail":[{"loc":["query","start"],"msg":"field required"}]}', "field required"),
        (b'{"message":"Location over the sea. Please, select another location","status":400}', "Location over the sea"),
        (b"", "no reason given"),
        (b"\xff\xfe plain", "plain"),
    ],
)
def test_refusals_in_the_words_of_the_service(replay: Replay, tmp_path: Path, body: bytes, reason: str) -> None:
    replay.answer = lambda query: (400, body)
    said = refusal(lambda: fetch(replay, tmp_path, retries=5))
    assert said.startswith("NASA POWER answered 400 (Bad Request): ")
    assert reason in said
    assert said.endswith("; correct the place, the years or the service.")
    assert len(replay.asked) == 1


def test_a_long_explanation_is_cut() -> None:
    assert len(explain(b"x" * 5000)) <= 300


@pytest.mark.parametrize("body", [b"<html>login</html>", b"", b'{"properties": '])
def test_an_answer_that_is_not_json(replay: Replay, tmp_path: Path, body: bytes) -> None:
    replay.answer = lambda query: (200, body)
    said = refusal(lambda: fetch(replay, tmp_path))
    assert said.startswith("NASA POWER gave an answer that is not JSON (")
    assert not list(tmp_path.iterdir())


def altered(make: Callable[[dict[str, str]], Reply], alter: Callable[[Any], None]) -> Callable[[dict[str, str]], Reply]:
    def answer(query: dict[str, str]) -> Reply:
        payload = json.loads(make(query)[1])
        alter(payload)
        return 200, json.dumps(payload).encode()

    return answer


def cut_nasa(payload: Any) -> None:
    for column in payload["properties"]["parameter"].values():
        for label in [label for label in column if label >= "2022120100"]:
            del column[label]


def cut_open_meteo(payload: Any) -> None:
    payload["hourly"] = {name: column[:8000] for name, column in payload["hourly"].items()}


def cut_pvgis(payload: Any) -> None:
    del payload["outputs"]["tmy_hourly"][8000:]


@pytest.mark.parametrize(
    ("service", "cut", "fault"),
    [
        ("nasa-power", cut_nasa, "NASA POWER gives 8,025 of 8,760 hours of 2022; 2022-12-01 00:00 UTC is the first"),
        ("open-meteo", cut_open_meteo, "Open-Meteo gives 7,984 of 8,760 hours of 2022; 2022-11-29 07:00 UTC is the"),
        ("pvgis", cut_pvgis, "PVGIS gives 8,000 rows that are not the 8,760 hours of a year in order"),
    ],
)
def test_a_truncated_year_is_refused_and_not_cached(
    replay: Replay, tmp_path: Path, service: str, cut: Callable[[Any], None], fault: str
) -> None:
    replay.answer = altered(SERVICES[service], cut)
    assert refusal(lambda: fetch(replay, tmp_path, service)).startswith(fault)
    assert not list(tmp_path.iterdir())


def test_fill_values_and_nulls_are_gaps(replay: Replay, tmp_path: Path) -> None:
    def holed_nasa(payload: Any) -> None:
        payload["properties"]["parameter"]["T2M"]["2022030100"] = -999.0

    replay.answer = altered(nasa, holed_nasa)
    said = refusal(lambda: fetch(replay, tmp_path))
    assert "NASA POWER" in said
    assert "temperature_c is missing (NaN) for 1 h from 2022-03-01 09:00" in said
    assert len(fetch(replay, tmp_path, fill_gaps_hours=1).time) == 8760

    def holed_open_meteo(payload: Any) -> None:
        payload["hourly"]["wind_speed_10m"][5000] = None
        payload["hourly"]["snow_depth"][7] = None
        payload["hourly"]["snow_depth"][5000] = None

    replay.answer = altered(open_meteo, holed_open_meteo)
    assert "wind_speed_m_s is missing (NaN) for 1 h" in refusal(lambda: fetch(replay, tmp_path, "open-meteo"))
    weather = fetch(replay, tmp_path, "open-meteo", fill_gaps_hours=1)
    assert weather.snow_depth_cm is None
    assert "Open-Meteo: snow depth is incomplete and not used" in map(str, weather.notes)


def unit(payload: Any) -> None:
    payload["hourly_units"]["wind_speed_10m"] = "km/h"


def zone(payload: Any) -> None:
    payload["utc_offset_seconds"] = 32400


def short(payload: Any) -> None:
    payload["hourly"]["surface_pressure"].pop()


def hole(payload: Any) -> None:
    for column in payload["hourly"].values():
        del column[100]


def word(payload: Any) -> None:
    payload["hourly"]["temperature_2m"][3] = "mild"


def when(payload: Any) -> None:
    payload["hourly"]["time"][3] = "noon"


def gone(payload: Any) -> None:
    del payload["hourly"]["diffuse_radiation"]


@pytest.mark.parametrize(
    ("alter", "fault"),
    [
        (unit, "gives wind_speed_10m in km/h"),
        (zone, "gives 32400 s off UTC"),
        (short, "columns of different length"),
        (hole, "hours that do not follow one another"),
        (word, "text among the numbers"),
        (when, "the time 'noon'"),
        (gone, "no field 'diffuse_radiation'"),
    ],
)
def test_undocumented_answers_are_refused(
    replay: Replay, tmp_path: Path, alter: Callable[[Any], None], fault: str
) -> None:
    replay.answer = altered(open_meteo, alter)
    said = refusal(lambda: fetch(replay, tmp_path, "open-meteo"))
    assert said.startswith("Open-Meteo gives")
    assert fault in said


@pytest.mark.parametrize("service", ["nasa-power", "open-meteo", "pvgis"])
@pytest.mark.parametrize("payload", [{}, [], "text", None, {"outputs": {}, "hourly": [], "properties": 3}])
def test_other_json_is_refused(replay: Replay, tmp_path: Path, service: str, payload: object) -> None:
    replay.answer = lambda query: (200, json.dumps(payload).encode())
    assert "gives an answer that cannot be used (" in refusal(lambda: fetch(replay, tmp_path, service))


def test_faults_of_the_request_are_found_before_anything_is_sent(replay: Replay, tmp_path: Path) -> None:
    with pytest.raises(WeatherError) as caught:
        fetch_weather("nasa-pwer", 95.0, 200.0, [], tmp_path, utc_offset_hours=20.0, base_url=replay.url)
    assert [str(problem) for problem in caught.value.problems] == [
        "service 'nasa-pwer' is not a weather service; did you mean 'nasa-power'?",
        "latitude_deg is 95; give a number from -90 to 90.",
        "longitude_deg is 200; give a number from -180 to 180.",
        "utc_offset_hours is 20; give a number from -12 to 14.",
        "years is []; name each year once.",
    ]
    assert "pvgis has one typical year" in refusal(lambda: fetch(replay, tmp_path, "pvgis", years=[2021, 2022]))
    assert "name each year once" in refusal(lambda: fetch(replay, tmp_path, years=[2021, 2021]))
    assert not replay.asked


def test_a_cache_folder_that_cannot_be_written(replay: Replay, tmp_path: Path) -> None:
    replay.answer = nasa
    (tmp_path / "file").write_text("x")
    said = refusal(lambda: fetch(replay, tmp_path / "file"))
    assert "cannot be written (" in said
    assert said.endswith("; name a cache folder that can be written (cache_dir).")


def test_the_replayed_year_is_plausible() -> None:
    hours = pd.date_range("2022-01-01", periods=8760, freq="h", tz="UTC")
    assert 1000 < MADE.sky(hours)["ghi"].sum() / 1000 < 2000
    assert datetime(2022, 1, 1) + timedelta(hours=len(hours)) == datetime(2023, 1, 1)
