"""Servers that call, as sources of orders of a service: what is heard and withdrawn, offered, and missed."""

from __future__ import annotations

import asyncio
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cases.emulated_campus import EmulatedCampus, EmulatedSource
from tests.cases.openadr_vtn import CLIENT, SECRET, Vtn
from tests.cases.operated import SMALL, plan_of
from tests.cases.servers import free_port, wait_until

from kiban.errors import InputError
from kiban.operation.live.campus import Campus, read_campus
from kiban.operation.live.journal import JournalFile, load_journal
from kiban.operation.live.offering import offer_now
from kiban.operation.live.record import digest_of
from kiban.operation.live.replay import replay
from kiban.operation.live.steering import Steering
from kiban.operation.live.telemetry import STEP
from kiban.planning.plan import Plan
from kiban.server.operating.addresses import describe
from kiban.server.operating.calls import CallDesk, name_of, open_source
from kiban.server.operating.clocks import FastClock
from kiban.server.operating.gauges import Gauges
from kiban.server.operating.openadr import Connection, OpenAdr
from kiban.server.operating.openadr_2b import OpenAdr2b, Server
from kiban.server.operating.service import Origin, Service

BEGINS = datetime.fromisoformat("2026-01-05T00:00:00+09:00")
PROGRAM = {"id": "p1", "programName": "capacity market", "objectType": "PROGRAM"}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(SMALL)


@pytest.fixture(scope="module")
def campus(plan: Plan) -> Campus:
    return read_campus(plan)


def event(limit_kw: float, *, name: str = "e1", minutes: int = 60) -> dict[str, Any]:
    """A call from the beginning on, that asks for a report of what can be given up."""
    return {
        "id": name,
        "objectType": "EVENT",
        "programID": "p1",
        "payloadDescriptors": [{"payloadType": "IMPORT_CAPACITY_LIMIT", "units": "KW"}],
        "reportDescriptors": [{"payloadType": "LOAD_SHED_DELTA_AVAILABLE"}],
        "intervalPeriod": {"start": BEGINS.isoformat(), "duration": f"PT{minutes}M"},
        "intervals": [{"id": 0, "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": [limit_kw]}]}],
    }


class AwayVtn(httpx.BaseTransport):
    """A VTN that may be away."""

    def __init__(self, vtn: Vtn) -> None:
        self.vtn, self.away = vtn, False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("refused")
        return self.vtn.handle_request(request)


@contextmanager
def living(campus: Campus, plan: Plan, path: Path, emulated: EmulatedCampus) -> Iterator[Service]:
    with JournalFile(path) as journal:
        yield Service(
            campus,
            journal,
            Origin(digest_of(plan), None, "0", None, "none", "csv"),
            source=EmulatedSource(emulated),
            clock=FastClock(max(BEGINS, emulated.now - STEP), float("inf")),
            apply=emulated.apply,
        )


def test_events_become_calls_change_are_withdrawn_and_a_server_that_is_away_is_said(
    campus: Campus, plan: Plan, tmp_path: Path
) -> None:
    vtn, emulated, gauges = Vtn([PROGRAM], [event(2000.0)]), EmulatedCampus(campus, BEGINS), Gauges()
    line = AwayVtn(vtn)
    source = OpenAdr(Connection("http://vtn/openadr3/3.0.1", CLIENT, SECRET, "capacity market", transport=line))
    desk = CallDesk("openadr3:vtn", source, gauges.count_order)
    path = tmp_path / "journal"
    with living(campus, plan, path, emulated) as service:
        service.run(threading.Event(), BEGINS)
        desk.refresh(service)
        (call,) = service.calls
        assert (call.id, call.import_limit_mw, call.who) == ("openadr3:vtn/e1/0", 2.0, "capacity market")
        assert service.limit is not None
        assert service.limit.reason == "call"
        desk.refresh(service)
        # What the event asks for is reported, once for each decision.
        assert [report["eventID"] for report in vtn.reports] == ["e1"]
        values = [one["payloads"][0]["values"][0] for one in vtn.reports[0]["resources"][0]["intervals"]]
        assert values == pytest.approx([1000.0 * one.reduction_mw for one in service.offers], abs=1e-3)
        assert len(values) == 3
        vtn.events = [event(500.0)]
        desk.refresh(service)
        assert [one.import_limit_mw for one in service.calls] == [0.5]
        # Away: what was heard holds, and the service says that it does not hear.
        line.away = True
        desk.refresh(service)
        desk.refresh(service)
        assert [one.import_limit_mw for one in service.calls] == [0.5]
        assert describe(service, "en")["state"] == "degraded"
        assert [fault["code"] for fault in describe(service, "en")["faults"]] == ["handover.away"]
        assert 'kiban_caller_up{source="openadr3:vtn"} 0.0' in gauges.text(service).decode("utf-8")
        line.away = False
        desk.refresh(service)
        assert describe(service, "en")["faults"] == []
    with living(campus, plan, path, emulated) as service:
        # Who was restarted hears nothing twice.
        again = CallDesk("openadr3:vtn", source)
        again.refresh(service)
        assert [one.import_limit_mw for one in service.calls] == [0.5]
        vtn.events = []
        again.refresh(service)
        assert service.limit is not None
        assert service.limit.reason == "window"
        assert service.calls == []
        text = gauges.text(service).decode("utf-8")
    assert 'kiban_caller_up{source="openadr3:vtn"} 1.0' in text
    assert "kiban_calls_total 2.0" in text
    entries = load_journal(path).entries
    kinds = [entry.kind for entry in entries if entry.kind in ("call", "calls")]
    assert kinds == ["call", "call", "calls", "calls", "call"]
    assert [entry.content["up"] for entry in entries if entry.kind == "calls"] == [False, True]
    assert [one.line for one in replay(entries, campus) if not one.is_same] == []


def test_an_event_that_cannot_be_understood_is_said_and_hides_no_other(
    campus: Campus, plan: Plan, tmp_path: Path
) -> None:
    bad = event(1.0, name="bad") | {"intervalPeriod": None}
    vtn, emulated = Vtn([PROGRAM], [bad, event(2000.0)]), EmulatedCampus(campus, BEGINS)
    source = OpenAdr(Connection("http://vtn/openadr3/3.0.1", CLIENT, SECRET, "capacity market", transport=vtn))
    with living(campus, plan, tmp_path / "journal", emulated) as service:
        CallDesk("openadr3:vtn", source).refresh(service)
        assert [one.id for one in service.calls] == ["openadr3:vtn/e1/0"]
        assert [fault["code"] for fault in describe(service, "en")["faults"]] == ["openadr.no_call"]


def test_an_offer_is_made_for_each_hour_of_a_call(campus: Campus) -> None:
    """Hour by hour, no more than can be imported, and asking changes nothing."""
    emulated, steering = EmulatedCampus(campus, BEGINS), Steering(campus, BEGINS)
    for _ in range(400):
        steering.hear(emulated.now, emulated.readings)
        offers = offer_now(steering, emulated.now)
        if min(one.reduction_mw for one in offers) > 0.3:
            break
        emulated.now += STEP
        emulated._draw(1.0)
    now = emulated.now
    assert [one.begins for one in offers] == [now + timedelta(hours=number) for number in range(3)]
    assert offers[-1].ends == now + timedelta(hours=3)
    number = steering.number
    assert offer_now(steering, now) == offers
    assert steering.number == number
    most = campus.expect("import_limit_mw", now, 3)
    assert all(0.0 < one.reduction_mw <= limit + 1e-6 for one, limit in zip(offers, most, strict=True))


def test_without_telemetry_nothing_is_offered(campus: Campus) -> None:
    steering = Steering(campus, BEGINS)
    assert offer_now(steering, BEGINS) == ()


@contextmanager
def real_vtn() -> Iterator[str]:
    """A VTN of openleadr in a thread with one call of three hours; its address."""
    from openleadr import OpenADRServer

    port = free_port()
    started, stopping = threading.Event(), threading.Event()

    async def serve() -> None:
        vtn = OpenADRServer(vtn_id="VTN", http_port=port, requested_poll_freq=timedelta(seconds=1))

        async def register(_: Any) -> tuple[str, str]:
            return "ven", "registration"

        async def register_report(
            ven_id: str, resource_id: str, measurement: str, unit: str, scale: str,
            min_sampling_interval: timedelta, max_sampling_interval: timedelta,
        ) -> Any:  # fmt: skip
            async def keep(data: list[tuple[datetime, float]]) -> None:
                pass

            return keep, min_sampling_interval

        async def answered(ven_id: str, event_id: str, opt_type: str) -> None:
            pass

        vtn.add_handler("on_create_party_registration", register)
        vtn.add_handler("on_register_report", register_report)
        interval = {
            "dtstart": datetime.now(UTC) + timedelta(hours=1),
            "duration": timedelta(hours=3),
            "signal_payload": 8000.0,
        }
        vtn.add_event("ven", "LOAD_DISPATCH", "setpoint", [interval], event_id="call", callback=answered)
        await vtn.run()
        started.set()
        while not stopping.is_set():
            await asyncio.sleep(0.05)
        await vtn.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(30.0)
    try:
        yield f"http://127.0.0.1:{port}/OpenADR2/Simple/2.0b"
    finally:
        stopping.set()
        thread.join(timeout=10.0)


def test_a_real_server_of_2b_calls_the_service_and_is_missed_when_it_goes() -> None:
    pytest.importorskip("openleadr", reason="openleadr is not installed")
    from kiban.server.operating.schedulers import SchedulerAwayError

    with warnings.catch_warnings():
        # openleadr uses what newer versions of what it rests on discourage.
        warnings.filterwarnings("ignore", "It is recommended to use web.AppKey", UserWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        with real_vtn() as address:
            source = OpenAdr2b(Server(address, "campus"))
            found = wait_until(lambda: source.calls(datetime.now(UTC))[0])
        assert [(one.import_limit_mw, one.ends - one.begins) for one in found] == [(8.0, timedelta(hours=3))]
        with pytest.raises(SchedulerAwayError, match="did not answer"):
            source.calls(datetime.now(UTC))
        source.close()


@pytest.mark.parametrize(
    ("address", "codes"),
    [
        ("https://vtn/openadr3", ["calls.address"]),
        ("openadr3+ftp://vtn", ["calls.address"]),
        ("openadr2:///nowhere?ven=campus", ["calls.address"]),
        ("openadr2://vtn/OpenADR2/Simple/2.0b", ["calls.needed"]),
        ("openadr3://vtn?programme=x", ["calls.key", "calls.needed", "calls.needed", "calls.needed"]),
        ("openadr3://vtn?program=x&client=y&secret_file=/nowhere", ["calls.secret"]),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(address: str, codes: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        open_source(address)
    assert [problem.code for problem in caught.value.problems] == codes
    assert str(caught.value)


def test_addresses(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s\n", encoding="utf-8")
    address = f"openadr3://vtn.example:8443/openadr3/3.0.1?program=a+b&client=c&secret_file={tmp_path / 'secret'}"
    source = open_source(address)
    assert isinstance(source, OpenAdr)
    assert source.connection == Connection("https://vtn.example:8443/openadr3/3.0.1", "c", "s", "a b")
    assert name_of(address) == "openadr3:vtn.example:8443"
    plain = open_source("openadr2+http://vtn/OpenADR2/Simple/2.0b?ven=campus")
    assert isinstance(plain, OpenAdr2b)
    assert plain.server == Server("http://vtn/OpenADR2/Simple/2.0b", "campus")
