"""Calls by OpenADR: 3 at an emulated server that holds to the published description, 2.0b at openleadr's real one."""

from __future__ import annotations

import asyncio
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.cases.coroutines import run_apart
from tests.cases.openadr_vtn import CLIENT, SECRET, Vtn
from tests.cases.servers import free_port

from kiban.errors import InputError, Problem
from kiban.operation.live.orders import Call
from kiban.server.operating.openadr import Connection, Offer, OpenAdr, calls_of
from kiban.server.operating.openadr_2b import Server, listen
from kiban.server.operating.openadr_2b import calls_of as calls_of_2b
from kiban.server.operating.schedulers import SchedulerAwayError

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
PROGRAM = {"id": "p1", "programName": "capacity market", "objectType": "PROGRAM"}


def event(*limits: float, name: str = "e1", program: str = "p1", unit: str = "KW", **changes: Any) -> dict[str, Any]:
    """A call of an hour for each limit, from 17:00 on."""
    content = {
        "id": name,
        "objectType": "EVENT",
        "programID": program,
        "payloadDescriptors": [{"payloadType": "IMPORT_CAPACITY_LIMIT", "units": unit}],
        "intervalPeriod": {"start": "2026-07-01T17:00:00+09:00", "duration": "PT1H", "randomizeStart": "PT0S"},
        "intervals": [
            {"id": number, "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": [limit]}]}
            for number, limit in enumerate(limits)
        ],
    }
    return content | changes


def client(vtn: Vtn, secret: str = SECRET, program: str = "capacity market") -> OpenAdr:
    return OpenAdr(Connection("http://vtn/openadr3/3.0.1", CLIENT, secret, program, transport=vtn))


def hour(number: float) -> datetime:
    return datetime(2026, 7, 1, 8, tzinfo=UTC) + timedelta(hours=number)


def test_an_event_becomes_calls_of_the_campus() -> None:
    before = hour(-1)
    others = [event(1.0, name="other", program="p2"), event(name="price", intervals=[
        {"id": 0, "payloads": [{"type": "PRICE", "values": [0.17]}]}])]  # fmt: skip
    vtn = Vtn([{"id": "p0", "programName": "prices"}, PROGRAM], [event(5000.0, 0.0), *others])
    calls, problems = client(vtn).calls(before)
    assert problems == ()
    assert calls == (
        Call("e1/0", "capacity market", hour(0), hour(1), 5.0),
        Call("e1/1", "capacity market", hour(1), hour(2), 0.0),
    )
    assert [call.id for call in client(vtn).calls(hour(1))[0]] == ["e1/1"]  # the first has ended


def test_more_events_than_a_page() -> None:
    vtn = Vtn([PROGRAM], [event(1.0, name=f"e{number}") for number in range(107)])
    assert len(client(vtn).calls(hour(0))[0]) == 107


@pytest.mark.parametrize(
    ("changes", "limits", "begins", "hours", "limit_mw"),
    [
        ({"unit": "MW"}, (2.5,), 0, 1, 2.5),
        ({"unit": "W"}, (2.5e6,), 0, 1, 2.5),
        ({"payloadDescriptors": None}, (2500,), 0, 1, 2.5),
        ({"intervalPeriod": {"start": "2026-07-01T08:00:00Z", "duration": "PT1H30M"}}, (1000,), 0, 1.5, 1.0),
        ({"intervalPeriod": {"start": "2026-07-01T08:00:00Z", "duration": "P1DT1H"}}, (1000,), 0, 25, 1.0),
        ({"intervalPeriod": {"start": "0000-00-00", "duration": "PT1H"}}, (1000,), 4, 1, 1.0),
    ],
)
def test_units_and_times(changes: Any, limits: Any, begins: float, hours: float, limit_mw: float) -> None:
    (call,) = calls_of(event(*limits, **changes), who="x", now=NOW)
    assert (call.begins, call.ends) == (hour(begins), hour(begins + hours))
    assert call.import_limit_mw == pytest.approx(limit_mw)


def test_an_interval_may_have_a_time_of_its_own() -> None:
    content = event(1000.0, 2000.0, 3000.0)
    content["intervals"][1]["intervalPeriod"] = {"start": "2026-07-01T12:00:00Z", "duration": "PT30M"}
    found = [(call.begins, call.ends) for call in calls_of(content, who="x", now=NOW)]
    assert found == [(hour(0), hour(1)), (hour(4), hour(4.5)), (hour(4.5), hour(5.5))]


@pytest.mark.parametrize(
    "changes",
    [
        {"unit": "PERCENT"},
        {"intervalPeriod": None},
        {"intervalPeriod": {"start": "2026-07-01T08:00:00Z"}},
        {"intervalPeriod": {"start": "2026-07-01T08:00:00Z", "duration": "PT0S"}},
        {"intervalPeriod": {"start": "2026-07-01T08:00:00Z", "duration": "P1M"}},
        {"intervalPeriod": {"start": "tomorrow", "duration": "PT1H"}},
        {"intervals": [{"id": 0, "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": []}]}]},
        {"intervals": [{"id": 0, "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": ["none"]}]}]},
        {"intervals": [{"id": 0, "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": [-1]}]}]},
        {"intervals": [{"id": 0, "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": ["nan"]}]}]},
    ],
)
def test_a_call_that_cannot_be_understood_is_told_and_hides_no_other(changes: Any) -> None:
    vtn = Vtn([PROGRAM], [event(1000.0, name="bad", **changes), event(1000.0)])
    calls, problems = client(vtn).calls(hour(0))
    assert [call.id for call in calls] == ["e1/0"]
    assert [problem.code for problem in problems] == ["openadr.no_call"]
    assert "event bad has a call in interval 1" in str(problems[0])


def test_the_offer_is_reported_as_the_description_wants_it() -> None:
    vtn = Vtn([PROGRAM], [event(1000.0)])
    offers = [Offer(hour(0), hour(1), 12.5), Offer(hour(1), hour(1.5), 0.0)]
    client(vtn).report(offers, event="e1", client="kiban", resource="campus")
    (report,) = vtn.reports
    assert (report["programID"], report["eventID"]) == ("p1", "e1")
    first, second = report["resources"][0]["intervals"]
    assert first["payloads"] == [{"type": "LOAD_SHED_DELTA_AVAILABLE", "values": [12500.0]}]
    assert first["intervalPeriod"] == {"start": "2026-07-01T08:00:00Z", "duration": "PT3600S"}
    assert second["intervalPeriod"]["duration"] == "PT1800S"
    assert report["payloadDescriptors"][0]["units"] == "KW"


@pytest.mark.parametrize(
    ("event_name", "resource"), [("", "campus"), ("an event", "campus"), ("e1", ""), ("e1", "x" * 129)]
)
def test_the_emulated_server_refuses_what_the_description_refuses(event_name: str, resource: str) -> None:
    vtn = Vtn([PROGRAM], [event(1000.0)])
    with pytest.raises(SchedulerAwayError, match="refused /reports with 400"):
        client(vtn).report([Offer(hour(0), hour(1), 1.0)], event=event_name, client="kiban", resource=resource)
    assert vtn.reports == []


def test_a_token_that_has_expired_is_renewed() -> None:
    vtn = Vtn([PROGRAM], [event(1000.0)])
    asking = client(vtn)
    asking.calls(hour(0))
    vtn.tokens.append("a newer one")  # the server has forgotten the client's
    assert len(asking.calls(hour(0))[0]) == 1
    assert len(vtn.tokens) == 3


def test_who_may_not_ask_and_what_does_not_exist() -> None:
    vtn = Vtn([PROGRAM], [])
    with pytest.raises(SchedulerAwayError, match="403"):
        client(vtn, secret="wrong").calls(NOW)
    with pytest.raises(SchedulerAwayError, match="has no programme 'x'"):
        client(vtn, program="x").calls(NOW)
    with pytest.raises(SchedulerAwayError, match="did not answer within 5 s"):
        OpenAdr(Connection("http://127.0.0.1:1", CLIENT, SECRET, "x")).calls(NOW)


# OpenADR 2.0b


def event_2b(**changes: Any) -> dict[str, Any]:
    signal = {
        "signal_id": "s", "signal_name": "LOAD_DISPATCH", "signal_type": "setpoint",
        "intervals": [{"dtstart": hour(0), "duration": timedelta(hours=1), "signal_payload": 5000.0}],
    }  # fmt: skip
    return {
        "event_descriptor": {"event_id": "e", "event_status": "far", "market_context": "oadr://market"} | changes,
        "event_signals": [signal | changes],
    }


@pytest.mark.parametrize(
    ("changes", "limits_mw"),
    [
        ({}, [5.0]),
        ({"measurement": {"unit": "W", "scale": "k"}}, [5.0]),
        ({"measurement": {"unit": "W", "scale": "M"}}, [5000.0]),
        ({"event_status": "cancelled"}, []),
        ({"signal_name": "SIMPLE"}, []),
        ({"signal_type": "delta"}, []),
    ],
)
def test_what_is_a_call_in_2b(changes: dict[str, Any], limits_mw: list[float]) -> None:
    calls = list(calls_of_2b(event_2b(**changes)))
    assert [call.import_limit_mw for call in calls] == limits_mw
    assert all((call.begins, call.ends, call.who) == (hour(0), hour(1), "oadr://market") for call in calls)


async def talk(taken: list[Call]) -> tuple[list[str], list[float]]:
    """A VTN of openleadr with two events, the campus as its VEN: how the events were answered, and reports."""
    from openleadr import OpenADRServer

    port, answers, reports = free_port(), [], []
    vtn = OpenADRServer(vtn_id="VTN", http_port=port, requested_poll_freq=timedelta(seconds=1))

    async def register(_: Any) -> tuple[str, str]:
        return "ven", "registration"

    async def register_report(
        ven_id: str, resource_id: str, measurement: str, unit: str, scale: str,
        min_sampling_interval: timedelta, max_sampling_interval: timedelta,
    ) -> Any:  # fmt: skip
        assert (resource_id, measurement, scale) == ("campus", "powerReal", "k")

        async def keep(data: list[tuple[datetime, float]]) -> None:
            reports.extend(value for _, value in data)

        return keep, min_sampling_interval

    async def answered(ven_id: str, event_id: str, opt_type: str) -> None:
        answers.append(f"{event_id} {opt_type}")

    vtn.add_handler("on_create_party_registration", register)
    vtn.add_handler("on_register_report", register_report)
    hours = {"dtstart": datetime.now(UTC) + timedelta(hours=1), "duration": timedelta(hours=3)}
    for name, signal, kind, value in (("call", "LOAD_DISPATCH", "setpoint", 8000.0), ("level", "SIMPLE", "level", 1.0)):
        interval = [{**hours, "signal_payload": value}]
        vtn.add_event("ven", signal, kind, interval, event_id=name, callback=answered)
    await vtn.run()
    server = Server(f"http://127.0.0.1:{port}/OpenADR2/Simple/2.0b", "campus")
    stop = await listen(server, taken.append, lambda: 12.5, every=timedelta(seconds=1))
    try:
        async with asyncio.timeout(30):
            while len(answers) < 2 or not reports:
                await asyncio.sleep(0.05)
    finally:
        await stop()
        await vtn.stop()
    return answers, reports


def test_a_real_server_of_2b_calls_and_is_told_the_offer() -> None:
    pytest.importorskip("openleadr", reason="openleadr is not installed")
    taken: list[Call] = []
    with warnings.catch_warnings():
        # openleadr uses what newer versions of what it rests on discourage.
        warnings.filterwarnings("ignore", "It is recommended to use web.AppKey", UserWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        answers, reports = run_apart(talk(taken))
    assert sorted(answers) == ["call optIn", "level optOut"]
    assert [(call.import_limit_mw, call.ends - call.begins) for call in taken] == [(8.0, timedelta(hours=3))]
    assert set(reports) == {12_500.0}


def test_without_openleadr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openleadr", None)
    with pytest.raises(InputError) as caught:
        run_apart(listen(Server("http://x", "campus"), print, lambda: 0.0, every=timedelta(seconds=1)))
    assert caught.value.problems == (Problem("openadr.no_library", "http://x"),)
