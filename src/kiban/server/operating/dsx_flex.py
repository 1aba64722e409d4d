"""Messages of NVIDIA's DSX Flex: a load target becomes calls, and the state of the campus is told in its format.

Every message is a CloudEvent 1.0.2 in JSON, as in the published schema 1.7
(https://docs.nvidia.com/dsx-exchange/schema/dsx-flex/overview). Heard is `grid.loadtarget.set.v1`: targets, each with
an interval, feeds, a strategy and the most that is drawn in W, kW or MW, or null, which takes back what was set for
that time. Of targets that overlap, the latest holds. Told is `grid.powerstate.status.v1`. `data` is plain JSON here;
one that is signed (JWS) is refused, since kiban holds no keys for it. How messages travel (MQTT there) is left to what
stands between: they are taken by `POST /dsx` and given by `GET /dsx`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from kiban.errors import InputError, Problem
from kiban.operation.live.orders import Call

if TYPE_CHECKING:
    from kiban.server.operating.service import Service

SET: Final = "grid.loadtarget.set.v1"
STATUS: Final = "grid.powerstate.status.v1"
SPECIFICATION: Final = "1.0.2"
JSON_TYPE: Final = "application/json"
MESSAGE_TYPE: Final = "application/cloudevents+json"
MW_OF_UNIT: Final[Mapping[str, float]] = {"watt": 1e-6, "kilowatt": 1e-3, "megawatt": 1.0}
NEEDED: Final = ("specversion", "id", "source", "type", "time", "datacontenttype", "subject", "traceparent", "data")
WHERE: Final = "DSX Flex"
FEED: Final = "campus"
PREFIX: Final = "dsx/"
ENDLESS: Final = timedelta(days=3650)
"""So long what was set is taken back where no end is named."""


@dataclass(frozen=True, slots=True)
class Target:
    """A load target of this feed; `limit_mw` None takes back what was set."""

    begins: datetime
    ends: datetime
    limit_mw: float | None


def calls_of(message: Mapping[str, Any], now: datetime, known: Sequence[Call], feed: str = FEED) -> tuple[Call, ...]:
    """The calls that a load target changes and makes, in their order; `known` are those that hold or are to come.

    A call that is taken back, or replaced, ends. A target without feeds is for all of them. Raises `InputError` for
    what is no such message, with all that is wrong.
    """
    problems = [Problem("dsx.missing", WHERE, key) for key in NEEDED if key not in message]
    for key, wanted in (("type", SET), ("specversion", SPECIFICATION)):
        if message.get(key) != wanted:
            problems.append(Problem("dsx.type", WHERE, key, text=str(message.get(key)), wanted=wanted))
    data = message.get("data")
    if isinstance(data, str):
        problems.append(Problem("dsx.signed", WHERE, "data"))
    elif not isinstance(data, Mapping) or not isinstance(data.get("targets"), list):
        problems.append(Problem("dsx.missing", WHERE, "data.targets"))
    if problems:
        raise InputError(problems)
    assert isinstance(data, Mapping)
    found = [_read_target(target, now, feed, f"data.targets.{number}") for number, target in enumerate(data["targets"])]
    problems = [one for one in found if isinstance(one, Problem)]
    if problems:
        raise InputError(problems)
    holding = {one.id: one for one in known if one.id.startswith(PREFIX) and one.ends > now}
    orders: list[Call] = []
    for number, target in enumerate(found):
        if not isinstance(target, Target):
            continue
        changed = [part for one in holding.values() for part in _make_way(one, target, now)]
        if target.limit_mw is not None and target.ends > now:
            name = f"{PREFIX}{message.get('correlationid') or message['id']}/{number}"
            changed.append(Call(name, str(message["source"]), target.begins, target.ends, target.limit_mw))
        orders += changed
        holding |= {one.id: one for one in changed}
    return tuple(orders)


def _make_way(call: Call, target: Target, now: datetime) -> Iterator[Call]:
    """What is left of a call where a later target holds."""
    if call.ends <= target.begins or target.ends <= call.begins:
        return
    if call.begins < target.begins:
        yield replace(call, ends=target.begins)
    else:
        yield replace(call, begins=min(call.begins, now), ends=now)
    if call.ends > target.ends:
        yield replace(call, id=f"{call.id}+", begins=target.ends)


def status_of(service: Service, feed: str = FEED) -> dict[str, Any]:
    """The state of the campus as one feed: what may be drawn, what is drawn, the targets that are known."""
    now, facility = service.clock.now(), service.campus.facility
    most = float(service.campus.expect("import_limit_mw", now, 1)[0])
    drawn = service.steering.telemetry.value("import_mw", now)
    targets = [
        {
            "active": one.begins <= now < one.ends,
            "load_constraint": _megawatt(one.import_limit_mw),
            "interval": {"start_time": _utc(one.begins), "end_time": _utc(one.ends)},
            "strategy": {"best_effort": True},
            "correlation_id": one.id.split("/")[1] if one.id.startswith(PREFIX) else one.id,
        }
        for one in service.calls
    ]
    allowed = min([one.import_limit_mw for one in service.calls if one.begins <= now < one.ends], default=most)
    state = {
        "metadata": {
            "power_minimum": _megawatt(0.0),
            "power_maximum": _megawatt(float(facility.import_limit_mw.max(initial=0.0))),
            "default_constraint": _megawatt(most),
        },
        "targets": targets,
        "calculated_load": _megawatt(0.0 if drawn is None else drawn),
        "in_flight": any(one["active"] for one in targets),
        "event": "periodic",
        "power_event_start_time": None,
        # Nothing is said to be kept that is not measured.
        "compliant": drawn is not None and drawn <= allowed + 1e-6,
    }
    return {
        "specversion": SPECIFICATION,
        "id": str(uuid.uuid4()),
        "source": "//grid/v1/dsx-flex-agent/kiban",
        "type": STATUS,
        "time": _utc(now),
        "datacontenttype": JSON_TYPE,
        "subject": "powerstate",
        "traceparent": f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01",
        "data": {"snapshot_time": _utc(now), "feeds": {feed: state}},
    }


def _read_target(target: Any, now: datetime, feed: str, where: str) -> Target | Problem | None:
    """A target; None for other feeds, a problem where it cannot be understood."""
    if not isinstance(target, Mapping) or not isinstance(target.get("interval"), Mapping):
        return Problem("dsx.missing", WHERE, f"{where}.interval")
    if feed not in (target.get("feed_tags") or [feed]):
        return None
    interval, constraint = target["interval"], target.get("load_constraint")
    begins = _moment(interval["start_time"]) if interval.get("start_time") else now
    endless = constraint is None and not interval.get("end_time")
    ends = now + ENDLESS if endless else _moment(interval.get("end_time"))
    if begins is None or ends is None or not begins < ends:
        return Problem("dsx.interval", WHERE, f"{where}.interval")
    if constraint is None:
        return Target(begins, ends, None)
    value, unit = (
        (constraint.get(key) for key in ("value", "unit")) if isinstance(constraint, Mapping) else (None, None)
    )
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < float("inf"):
        return Problem("dsx.power", WHERE, f"{where}.load_constraint.value", text=str(value))
    if not isinstance(unit, str) or unit not in MW_OF_UNIT:
        return Problem("dsx.unit", WHERE, f"{where}.load_constraint.unit", text=str(unit), allowed=tuple(MW_OF_UNIT))
    return Target(begins, ends, float(value) * MW_OF_UNIT[unit])


def _megawatt(value: float) -> dict[str, Any]:
    return {"value": round(value, 6), "unit": "megawatt"}


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
