"""Weather forecasts of a service: what is asked, what is taken of the answer, and the plants under it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from tests.cases.monitoring import open_pages
from tests.cases.operated import SMALL
from tests.cases.weather_service import WeatherService, refuse

import kiban
from kiban.errors import InputError, WeatherError
from kiban.operation.live.campus import read_campus
from kiban.operation.live.weather_forecast import WeatherForecast
from kiban.outside import Reach, restricted
from kiban.planning.plan import Plan
from kiban.planning.preparation import prepare
from kiban.scenario.examples import load_scenario
from kiban.weather.download import Patience
from kiban.weather.forecast import PointForecast
from kiban.weather.service import Answer

pytestmark = pytest.mark.slow

ONCE = Patience(timeout_s=10.0, retries=0, pause_s=0.0)
NOW = datetime(2026, 1, 5, 3, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def weather(at: datetime, number: int = 1) -> dict[str, float | None]:
    hour = (at - datetime(2026, 1, 5, tzinfo=UTC)) / HOUR
    return {
        "temperature_2m": 2.0 + hour / 10.0, "relative_humidity_2m": 60.0, "shortwave_radiation": 100.0 + hour,
        "direct_normal_irradiance": 0.0, "diffuse_radiation": 100.0 + hour, "wind_speed_10m": 5.0 + number,
        "surface_pressure": 1000.0, "snow_depth": None,
    }  # fmt: skip


def asked(service: WeatherService, name: str = "open-meteo", hours: int = 24) -> Answer:
    with open_pages(service.answer) as page:
        return PointForecast.at(f"{name}+http://{page}/v1/forecast").ask(42.6, 141.6, NOW, hours, ONCE)


@pytest.mark.parametrize(
    ("text", "name", "url", "query"),
    [
        ("open-meteo", "open-meteo", "https://api.open-meteo.com/v1/forecast", ()),
        ("jma-msm", "jma-msm", "https://api.open-meteo.com/v1/forecast", (("models", "jma_msm"),)),
        ("jma-msm+http://own:8080/v1/jma?apikey=x", "jma-msm", "http://own:8080/v1/jma",
         (("models", "jma_msm"), ("apikey", "x"))),
    ],
)  # fmt: skip
def test_addresses(text: str, name: str, url: str, query: tuple[tuple[str, str], ...]) -> None:
    assert PointForecast.is_meant(text)
    found = PointForecast.at(text)
    assert (found.name, found.url, found.query) == (name, url, query)


@pytest.mark.parametrize("text", ["open-meteo+ftp://x/y", "open-meteo+http", "jma-msm:///nowhere"])
def test_an_address_that_is_none(text: str) -> None:
    with pytest.raises(InputError, match="no weather service"):
        PointForecast.at(text)


@pytest.mark.parametrize("text", ["forecast.csv", "models.sqlite", "synthetic", "./open-meteo"])
def test_a_file_is_no_service(text: str) -> None:
    assert not PointForecast.is_meant(text)


def test_hours_from_now_on_as_means_of_utc_hours() -> None:
    service = WeatherService(weather)
    found = asked(service)
    assert found.hours.tolist() == [round(NOW.replace(minute=0).timestamp()) // 3600 + place for place in range(24)]
    # The label is the end of the hour for irradiance and wind, and one end of it for the air.
    assert found.columns["ghi_w_m2"][0] == pytest.approx(104.0)
    assert found.columns["temperature_c"][0] == pytest.approx(2.35)
    assert "snow_depth_cm" not in found.columns
    assert "models" not in service.asked[0]
    asked(service, "jma-msm")
    assert service.asked[1]["models"] == "jma_msm"


def test_what_the_model_does_not_reach_is_left_out() -> None:
    """MSM ends after 78 hours: then its columns are empty."""

    def short(at: datetime, number: int) -> Mapping[str, float | None]:
        found = weather(at, number)
        return found if at < NOW + 10 * HOUR else dict.fromkeys(found)

    assert asked(WeatherService(short)).hours.size == 10
    with pytest.raises(WeatherError, match="no hour of the time ahead"):
        asked(WeatherService(lambda at, number: dict.fromkeys(weather(at, number))))


def test_a_value_that_cannot_be_takes_its_hour_with_it_and_rounding_at_night_does_not() -> None:
    def odd(at: datetime, number: int) -> Mapping[str, float | None]:
        found = weather(at, number)
        if at == NOW.replace(minute=0) + 3 * HOUR:
            found["wind_speed_10m"] = 900.0
        if at == NOW.replace(minute=0) + 6 * HOUR:
            found["shortwave_radiation"] = -0.1
        return found

    found = asked(WeatherService(odd))
    first = round(NOW.replace(minute=0).timestamp()) // 3600
    assert sorted(set(range(first, first + 24)) - set(found.hours.tolist())) == [first + 2]
    assert found.columns["ghi_w_m2"].min() == 0.0


def test_a_service_that_is_away_refuses_or_is_forbidden() -> None:
    service = WeatherService(weather)
    service.down = True
    with pytest.raises(WeatherError, match="503"):
        asked(service)
    with pytest.raises(WeatherError, match="allowed range"):
        asked(WeatherService(weather), hours=500)
    with pytest.raises(WeatherError), restricted(Reach(online=False)):
        asked(service)


def test_the_emulator_refuses_what_the_service_does_not_know() -> None:
    good = {"latitude": "42", "longitude": "141", "hourly": "temperature_2m", "wind_speed_unit": "ms",
            "start_date": "2026-01-05", "end_date": "2026-01-06"}  # fmt: skip
    assert refuse(good) == ""
    for name in ("latitude", "longitude", "hourly"):
        assert name in refuse({key: value for key, value in good.items() if key != name})
    for change in ({"latitude": "95"}, {"hourly": "warmth"}, {"models": "jma"}, {"days": "3"},
                   {"end_date": "2026-03-01"}, {"timezone": "JST"}):  # fmt: skip
        assert refuse({**good, **change})


@pytest.fixture(scope="module")
def measured() -> Plan:
    """Four days of April of the small plant, whose PUE follows the weather."""
    scenario = load_scenario(str(SMALL))
    time = scenario.time.model_copy(update={"hours": 96, "first_hour": 2400})
    built = kiban.build(scenario.model_copy(update={"time": time, "cooling": type(scenario.cooling)()}))
    assert isinstance(built, Plan)
    return built


def answer_of(plan: Plan) -> Answer:
    """The plan's own hours of weather as the answer of a service."""
    own = prepare(plan.scenario).weather
    part = slice(2400, 2400 + 48)
    hours = own.time[part].as_unit("s").asi8 // 3600
    names = ("temperature_c", "relative_humidity_pct", "ghi_w_m2", "dni_w_m2", "dhi_w_m2", "wind_speed_m_s",
             "pressure_hpa")  # fmt: skip
    return Answer(hours, {name: getattr(own, name)[part] for name in names}, own.elevation_m)


def test_the_plan_s_own_weather_as_a_forecast_gives_the_plan_s_own_output(measured: Plan) -> None:
    """The physics of the plan: its weather, forecast, is what it expects hour by hour."""
    campus = read_campus(measured)
    answer = answer_of(measured)
    issued = datetime(2025, 1, 1, tzinfo=UTC)
    issues = WeatherForecast(measured, campus).issues(answer, issued)
    past = campus.circumstances.past.series
    by_series = {name: [one for one in issues if one.series == name] for name in ("availability_pv", "pue")}
    for name, found in by_series.items():
        assert [one.value for one in found] == pytest.approx(past[name][:48].tolist(), abs=1e-9), name
        starts = campus.circumstances.past.time[:48]
        assert [one.valid for one in found] == [start.to_pydatetime() for start in starts]
    assert {one.issued for one in issues} == {issued}
    assert {one.series for one in issues} <= set(campus.most)


def test_wind_follows_the_level_of_the_plan(measured: Plan) -> None:
    """Twice the wind of the year's mean is at the hub what it is in the plan: by hand from the resource."""
    campus = read_campus(measured)
    answer = answer_of(measured)
    own = prepare(measured.scenario).weather
    mean = float(own.wind_speed_m_s.mean()) * (10.0 / own.wind_height_m) ** 0.2
    calm = {**answer.columns, "wind_speed_m_s": np.zeros(48) + 1e-6}
    even = {**answer.columns, "wind_speed_m_s": np.full(48, mean)}
    storm = {**answer.columns, "wind_speed_m_s": np.full(48, 2.0 * mean)}
    forecast = WeatherForecast(measured, campus)
    outputs = [
        float(np.mean([one.value for one in forecast.issues(Answer(answer.hours, columns, 20.0), NOW)
                       if one.series.startswith("availability_wind")]))
        for columns in (calm, even, storm)
    ]  # fmt: skip
    assert outputs[0] == 0.0
    assert 0.05 < outputs[1] < 0.7
    assert outputs[2] > outputs[1]


def test_hours_that_are_missing_are_left_out(measured: Plan) -> None:
    campus = read_campus(measured)
    answer = answer_of(measured)
    kept = np.arange(48) != 5
    forecast = WeatherForecast(measured, campus)
    holed = Answer(answer.hours[kept], {name: column[kept] for name, column in answer.columns.items()}, 20.0)
    pue = [one for one in forecast.issues(holed, NOW) if one.series == "pue"]
    assert len(pue) == 47
    assert not math.isnan(sum(one.value for one in pue))
