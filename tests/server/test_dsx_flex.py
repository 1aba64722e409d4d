"""Load targets of DSX Flex as calls, and the state in its format, by the published schema written down by hand."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from tests.cases.emulated_campus import EmulatedCampus, EmulatedSource
from tests.cases.operated import SMALL, plan_of

from kiban.errors import InputError
from kiban.operation.live.campus import Campus, read_campus
from kiban.operation.live.journal import JournalFile
from kiban.operation.live.orders import Call
from kiban.operation.live.record import digest_of
from kiban.server.operating.addresses import Listener, make_addresses
from kiban.server.operating.clocks import FastClock
from kiban.server.operating.dsx_flex import calls_of
from kiban.server.operating.gauges import Gauges
from kiban.server.operating.service import Origin, Service
from kiban.server.running import listen

BEGINS = datetime.fromisoformat("2026-01-05T00:00:00+09:00")
HOUR = timedelta(hours=1)
TOKEN = "a token that is long enough"


def strict(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


POWER = strict(
    ["value", "unit"],
    value={"type": "number", "minimum": 0},
    unit={"enum": ["watt", "kilowatt", "megawatt"]},
)
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
INTERVAL = strict([], start_time=MOMENT, end_time=MOMENT)
TARGET = strict(
    ["active", "load_constraint", "interval", "strategy", "correlation_id"],
    active={"type": "boolean"},
    load_constraint=POWER,
    interval=INTERVAL,
    strategy=strict(["best_effort"], best_effort={"type": "boolean"}),
    correlation_id={"type": "string"},
)
FEED_STATE = strict(
    ["metadata", "targets", "calculated_load", "in_flight", "event", "power_event_start_time", "compliant"],
    metadata=strict(
        ["power_minimum", "power_maximum", "default_constraint"],
        power_minimum=POWER,
        power_maximum=POWER,
        default_constraint=POWER,
    ),
    targets={"type": "array", "items": TARGET},
    calculated_load=POWER,
    in_flight={"type": "boolean"},
    event={"enum": ["target_set", "start_ramp_down", "end_ramp_down", "start_ramp_up", "end_ramp_up", "periodic"]},
    power_event_start_time={"type": ["string", "null"]},
    compliant={"type": "boolean"},
)
STATUS = strict(
    ["specversion", "id", "source", "type", "time", "datacontenttype", "subject", "traceparent", "data"],
    specversion={"const": "1.0.2"},
    id={"type": "string", "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"},
    source={"type": "string", "pattern": "^//grid/v1/dsx-flex-agent/[a-z0-9-]+$"},
    type={"const": "grid.powerstate.status.v1"},
    time=MOMENT,
    datacontenttype={"const": "application/json"},
    subject={"const": "powerstate"},
    traceparent={"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$"},
    data=strict(
        ["snapshot_time", "feeds"],
        snapshot_time=MOMENT,
        feeds={"type": "object", "additionalProperties": FEED_STATE},
    ),
)


def target(value: float | None, begins: float, ends: float | None, unit: str = "megawatt", **more: Any) -> Any:
    """Hours from the beginning on."""
    interval = {"start_time": (BEGINS + begins * HOUR).isoformat()}
    if ends is not None:
        interval["end_time"] = (BEGINS + ends * HOUR).isoformat()
    return {"interval": interval, "load_constraint": None if value is None else {"value": value, "unit": unit}} | more


def message(*targets: Any, correlation: str = "c", **changes: Any) -> dict[str, Any]:
    content = {
        "specversion": "1.0.2",
        "id": str(uuid.uuid4()),
        "source": "//grid/v1/isv/acme-energy",
        "type": "grid.loadtarget.set.v1",
        "time": "2026-01-04T15:00:00Z",
        "datacontenttype": "application/json",
        "subject": "loadtarget",
        "correlationid": correlation,
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "data": {"targets": list(targets)},
    }
    return {key: value for key, value in (content | changes).items() if value is not ...}


def held(calls: tuple[Call, ...], known: tuple[Call, ...] = ()) -> list[tuple[float, float, float]]:
    """What holds after orders: from, to, in hours, and MW; what has ended is left out."""
    newest = {one.id: one for one in (*known, *calls)}
    hours = [((one.begins - BEGINS) / HOUR, (one.ends - BEGINS) / HOUR, one.import_limit_mw) for one in newest.values()]
    return sorted(one for one in hours if one[1] > 0.0)


def test_targets_become_calls_in_their_units_and_for_their_feed() -> None:
    found = calls_of(
        message(
            target(2.0, 1, 3),
            target(2500.0, 4, 5, "kilowatt", feed_tags=["campus", "other"]),
            target(3e6, 6, 7, "watt", strategy={"best_effort": True}),
            target(1.0, 1, 3, feed_tags=["other"]),
        ),
        BEGINS,
        (),
    )
    assert held(found) == [(1.0, 3.0, 2.0), (4.0, 5.0, 2.5), (6.0, 7.0, 3.0)]
    assert {(one.who, one.id[:6]) for one in found} == {("//grid/v1/isv/acme-energy", "dsx/c/")}


def test_of_targets_that_overlap_the_latest_holds_and_null_takes_back() -> None:
    first = calls_of(message(target(2.0, 1, 9)), BEGINS, ())
    second = calls_of(message(target(5.0, 3, 5), correlation="d"), BEGINS, first)
    assert held(second, first) == [(1.0, 3.0, 2.0), (3.0, 5.0, 5.0), (5.0, 9.0, 2.0)]
    taken = calls_of(message(target(None, 4, None), correlation="e"), BEGINS, (*first, *second)[1:])
    newest = tuple({one.id: one for one in (*first, *second, *taken)}.values())
    assert held(newest) == [(1.0, 3.0, 2.0), (3.0, 4.0, 5.0)]
    by_others = (Call("7", "TSO", BEGINS, BEGINS + 9 * HOUR, 1.0),)
    assert calls_of(message(target(None, 0, None)), BEGINS, by_others) == ()


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (message(target(1.0, 1, 2), traceparent=...), ["dsx.missing"]),
        (message(target(1.0, 1, 2), type="grid.powerbreach.alert.v1"), ["dsx.type"]),
        (message(target(1.0, 1, 2), specversion="1.0"), ["dsx.type"]),
        (message(data="eyJhbGciOiJFUzI1NiJ9.e30.c2ln"), ["dsx.signed"]),
        (message(data={"target": []}), ["dsx.missing"]),
        (message(target(1.0, 2, 1), target(-1.0, 1, 2)), ["dsx.interval", "dsx.power"]),
        (message(target(1.0, 1, 2, "hp")), ["dsx.unit"]),
        (message(target(1.0, 1, None)), ["dsx.interval"]),
        (message(5), ["dsx.missing"]),
    ],
)  # fmt: skip
def test_what_is_no_load_target_is_refused_with_all_that_is_wrong(content: dict[str, Any], codes: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        calls_of(content, BEGINS, ())
    assert [problem.code for problem in caught.value.problems] == codes
    assert str(caught.value)


def test_over_http_a_target_calls_and_the_state_keeps_to_the_schema(tmp_path: Path) -> None:
    plan = plan_of(SMALL)
    campus: Campus = read_campus(plan)
    emulated, gauges = EmulatedCampus(campus, BEGINS), Gauges()
    with JournalFile(tmp_path / "journal") as journal, listen("127.0.0.1", 0) as listener:
        origin = Origin(digest_of(plan), None, "0", None, "none", "csv")
        clock = FastClock(BEGINS, float("inf"))
        service = Service(campus, journal, origin, source=EmulatedSource(emulated), clock=clock)
        service.step(BEGINS)
        pages = Listener(make_addresses(service, gauges, TOKEN, "en"), listener)
        pages.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{pages.port}", trust_env=False) as client:
            signed = {"authorization": f"Bearer {TOKEN}"}
            assert client.post("/dsx", json=message(target(2.0, 0, 2))).status_code == 401
            bad = client.post("/dsx", json=message(target(2.0, 2, 1)), headers=signed)
            assert (bad.status_code, bad.json()["codes"]) == (422, ["dsx.interval"])
            taken = client.post("/dsx", json=message(target(2.0, 0, 2)), headers=signed)
            assert (taken.status_code, taken.json()["reason"]) == (200, "call")
            answer = client.get("/dsx")
        pages.stop()
    assert answer.headers["content-type"] == "application/cloudevents+json"
    status = answer.json()
    jsonschema.Draft202012Validator(STATUS).validate(status)
    feed = status["data"]["feeds"]["campus"]
    (known,) = feed["targets"]
    assert (known["active"], known["correlation_id"]) == (True, "c")
    assert known["load_constraint"] == {"value": 2.0, "unit": "megawatt"}
    assert feed["in_flight"]
