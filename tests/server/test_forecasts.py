"""Forecasts of the living service: a champion that changes, a service that goes away, what is kept of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cases.emulated_campus import EmulatedCampus
from tests.cases.monitoring import open_pages
from tests.cases.operated import nine_weeks
from tests.cases.weather_service import WeatherService
from tests.server.test_operating import BEGINS, check_replay, make_service
from tests.unit.test_weather_forecast import weather

from kiban.errors import InputError
from kiban.operation.forecast.training import Settings, TrainedModel
from kiban.operation.learning import learn
from kiban.operation.live.campus import Campus, read_campus
from kiban.operation.live.journal import load_journal
from kiban.operation.live.steering import Steering
from kiban.operation.live.telemetry import STEP
from kiban.operation.register import Judgement, Register
from kiban.planning.plan import Plan
from kiban.server.operating.addresses import describe
from kiban.server.operating.clocks import FastClock
from kiban.server.operating.forecast_file import ForecastFile
from kiban.server.operating.forecasts import RegisterForecasts, WeatherServiceForecasts, open_forecasts
from kiban.server.operating.gauges import Gauges
from kiban.weather.download import Patience
from kiban.weather.forecast import PointForecast

HOUR = timedelta(hours=1)
AT = "2026-01-05T00:00:00"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return nine_weeks()


@pytest.fixture(scope="module")
def campus(plan: Plan) -> Campus:
    return read_campus(plan, horizon_hours=24)


@pytest.fixture(scope="module")
def models(plan: Plan) -> list[TrainedModel]:
    return [learn(plan, settings=Settings(horizon_hours=12, trees=number, least_rows_of_leaf=30)) for number in (5, 9)]


def promote(register: Register, model: TrainedModel) -> str:
    version = register.add(model, AT)
    register.judge(version, Judgement(register.champion or "climatology", 1.0, 2.0, "2026-01-01", "2026-01-02"), AT)
    register.promote(version, AT)
    return version


def entries_of(path: Path, kind: str) -> list[Mapping[str, Any]]:
    return [entry.content for entry in load_journal(path).entries if entry.kind == kind]


def test_the_champion_is_asked_once_an_hour_and_a_new_one_is_heard(
    campus: Campus, plan: Plan, models: list[TrainedModel], tmp_path: Path
) -> None:
    """Each forecast says its version; the day replays to the byte, whatever has become of the register since."""
    register, path = Register(tmp_path / "models.sqlite", create=True), tmp_path / "journal"
    first = promote(register, models[0])
    emulated, gauges = EmulatedCampus(campus, BEGINS), Gauges()
    forecasts = open_forecasts(str(register.path), plan, campus, lambda: emulated.now, real_time=False)
    service = make_service(campus, plan, path, emulated, forecasts=forecasts, watch=gauges.update)
    service.run(threading.Event(), BEGINS + 2 * HOUR)
    second = promote(register, models[1])
    service.run(threading.Event(), BEGINS + 4 * HOUR)
    assert describe(service, "en")["forecast"] == {"name": "model", "version": second}
    text = gauges.text(service).decode("utf-8")
    assert f'kiban_forecast_info{{source="model",version="{second}"}} 1.0' in text
    assert f'version="{first}"' not in text
    assert 'kiban_forecast_up{source="model"} 1.0' in text
    assert 'kiban_forecast_drift_ratio{series="availability_pv"} 0.0' in text
    register.retire(first, AT)
    register.path.unlink()
    service.run(threading.Event(), BEGINS + 5 * HOUR)
    assert 'kiban_forecast_up{source="model"} 0.0' in gauges.text(service).decode("utf-8")
    told = describe(service, "en")
    assert (told["state"], [one["code"] for one in told["faults"]]) == ("degraded", ["register.absent"])
    service._journal.close()
    lines = entries_of(path, "forecast")
    # What has just begun has measured nothing; the model that was loaded goes on without its register.
    assert [datetime.fromisoformat(line["at"]).hour for line in lines] == list(range(1, 6))
    assert [line["version"] for line in lines] == [first] * 2 + [second] * 3
    assert set(lines[0]["accepted"]) <= set(models[0].series)
    assert all(one[1] == line["at"] for line in lines for one in line["issues"])
    assert [line["code"] for line in entries_of(path, "forecaster")] == ["register.absent"]
    assert check_replay(path, campus) == 61


def test_forecasts_change_what_is_decided_and_a_restart_knows_them(
    campus: Campus, plan: Plan, models: list[TrainedModel], tmp_path: Path
) -> None:
    """Who goes on after a stop decides what who never stopped decides, drift and all."""
    register = Register(tmp_path / "models.sqlite", create=True)
    promote(register, models[0])
    judged = []
    for parts in ((5,), (2, 5)):
        path, emulated = tmp_path / f"journal{len(parts)}", EmulatedCampus(campus, BEGINS)
        for hours in parts:
            forecasts = RegisterForecasts(register.path, campus)
            clock = make_clock(emulated)
            service = make_service(campus, plan, path, emulated, forecasts=forecasts, clock=clock)
            service.run(threading.Event(), BEGINS + hours * HOUR)
            service._journal.close()
        days = {key: (found.open, found.total) for key, found in service.steering.judge._days.items()}
        assert any(total > 0.0 for _, total in days.values())
        judged.append((days, service.steering.judge.drift, decisions_of(path)))
    assert judged[0] == judged[1]
    path, emulated = tmp_path / "bare", EmulatedCampus(campus, BEGINS)
    service = make_service(campus, plan, path, emulated)
    service.run(threading.Event(), BEGINS + 5 * HOUR)
    service._journal.close()
    assert decisions_of(path) != judged[0][2]


def make_clock(emulated: EmulatedCampus) -> Any:
    return FastClock(max(BEGINS, emulated.now - STEP), 1e9)


def decisions_of(path: Path) -> list[Any]:
    return [content["decision"] for content in entries_of(path, "step")]


def test_a_champion_that_is_taken_out_of_use_says_nothing_any_more(
    campus: Campus, plan: Plan, models: list[TrainedModel], tmp_path: Path
) -> None:
    register = Register(tmp_path / "models.sqlite", create=True)
    with pytest.raises(InputError, match="no champion"):
        open_forecasts(str(register.path), plan, campus, datetime.now, real_time=True)
    version, other = promote(register, models[0]), promote(register, models[1])
    forecasts, steering = RegisterForecasts(register.path, campus), Steering(campus, BEGINS)
    emulated = EmulatedCampus(campus, BEGINS)
    assert forecasts.issue(BEGINS, steering) is not None
    assert forecasts.fault is None
    # An hour later nothing was measured: that is said.
    forecasts.issue(BEGINS + HOUR, steering)
    assert forecasts.fault is not None
    assert forecasts.fault.code == "forecast.unmeasured"
    steering.hear(BEGINS + HOUR, [])
    register.roll_back(AT)
    register.retire(other, AT)
    back = forecasts.issue(BEGINS + 2 * HOUR, steering)
    assert back is not None
    assert back.version == version
    assert emulated.limits == []


def test_what_comes_from_a_weather_service_is_heard_at_the_next_step(
    campus: Campus, plan: Plan, tmp_path: Path
) -> None:
    """Nobody waits for it; away, it is a fault, and what came before holds; the journal replays without it."""
    outside = WeatherService(weather)
    emulated, path = EmulatedCampus(campus, BEGINS), tmp_path / "journal"
    with open_pages(outside.answer) as page:
        address = PointForecast.at(f"jma-msm+http://{page}/v1/forecast")
        patience = Patience(timeout_s=30.0, retries=0, pause_s=0.0)
        forecasts = WeatherServiceForecasts(address, plan, campus, lambda: emulated.now, patience)
        service = make_service(campus, plan, path, emulated, forecasts=forecasts)
        outside.free.clear()
        begun = time.monotonic()
        service.run(threading.Event(), BEGINS + timedelta(minutes=10))
        assert time.monotonic() - begun < 20.0
        assert service.steering.issued is None
        outside.free.set()
        settle(forecasts)
        service.run(threading.Event(), BEGINS + timedelta(minutes=15))
        assert service.steering.issued is not None
        assert service.steering.issued.name == "jma-msm"
        assert len(outside.asked) == 1
        outside.down = True
        service.run(threading.Event(), BEGINS + HOUR)
        settle(forecasts)
        service.run(threading.Event(), BEGINS + HOUR + timedelta(minutes=5))
        assert service.forecast_fault is not None
        assert service.forecast_fault.code == "online.busy"
        outside.down = False
        service.run(threading.Event(), BEGINS + 2 * HOUR)
        settle(forecasts)
        service.run(threading.Event(), BEGINS + 2 * HOUR + timedelta(minutes=5))
        assert service.forecast_fault is None
    service._journal.close()
    lines = entries_of(path, "forecast")
    assert len(lines) == 2
    assert lines[0]["version"] != lines[1]["version"]
    assert {one[0] for one in lines[0]["issues"]} == {"availability_pv", "availability_wind_onshore"}
    assert [line["up"] for line in entries_of(path, "forecaster")] == [False, True]
    assert check_replay(path, campus) == 26


def settle(forecasts: WeatherServiceForecasts) -> None:
    """Until what was asked has come, or not."""
    thread = forecasts._thread
    assert thread is not None
    thread.join(30.0)
    assert not thread.is_alive()


def test_a_weather_service_has_nothing_to_say_of_other_times(campus: Campus, plan: Plan) -> None:
    with pytest.raises(InputError, match="clock"):
        open_forecasts("jma-msm", plan, campus, datetime.now, real_time=False)
    with pytest.raises(InputError, match="no weather service"):
        open_forecasts("jma-msm+ftp://host/path", plan, campus, datetime.now, real_time=False)
    assert open_forecasts("jma-msm", plan, campus, datetime.now, real_time=True).name == "jma-msm"


def test_a_file_that_breaks_is_said_and_what_was_read_counts(campus: Campus, plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "forecast.csv"
    rows = [f"{BEGINS - HOUR},{BEGINS + place * HOUR},availability_wind_onshore,0.7" for place in range(48)]
    file.write_text("\n".join(["issue_time,valid_time,series,value", *rows, ""]), encoding="utf-8")
    emulated, path = EmulatedCampus(campus, BEGINS), tmp_path / "journal"
    forecasts = open_forecasts(str(file), plan, campus, lambda: emulated.now, real_time=False)
    assert isinstance(forecasts, ForecastFile)
    service = make_service(campus, plan, path, emulated, forecasts=forecasts)
    service.run(threading.Event(), BEGINS)
    assert service.steering.issued is not None
    assert service.steering.issued.name == "forecast.csv"
    file.write_text("nothing of this\n", encoding="utf-8")
    service.run(threading.Event(), BEGINS + timedelta(minutes=5))
    assert describe(service, "en")["faults"][0]["code"] == "forecast.no_column"
    assert service.steering.outlook.base("availability_wind_onshore", BEGINS, 1, {})[0] == pytest.approx(0.7)
    file.unlink()
    service.run(threading.Event(), BEGINS + timedelta(minutes=10))
    assert service.forecast_fault is not None
    service._journal.close()
    assert len(entries_of(path, "forecast")) == 1
    assert check_replay(path, campus) == 3
