"""What happens in an operation, as a user writes it: a TOML file of dated events, checked and laid on the steps.

[[event]]
kind = "grid_outage"          # see KINDS
from = 2023-01-15T18:00:00    # the site's standard time, or with an offset
hours = 6
notice_hours = 0              # how long before it is known; absent: once it has begun
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

import numpy as np

from kiban.errors import InputError, Problem, nearest
from kiban.messages import Message
from kiban.operation.conditions import Conditions
from kiban.weather.textfile import read_text

Kind = Literal[
    "grid_outage", "unit_trip", "heat_wave", "forecast_bust", "price_spike", "curtailment_call",
    "demand_response_call", "telemetry_gap",
]  # fmt: skip
COMMON: Final = ("kind", "from", "hours", "notice_hours")
NEEDED: Final[Mapping[Kind, tuple[str, ...]]] = {
    "grid_outage": (),
    "unit_trip": ("unit",),
    "heat_wave": ("pue_rise_share",),
    "forecast_bust": ("factor",),
    "price_spike": ("price_rise_myen_per_mwh",),
    "curtailment_call": ("unit", "left_share"),
    "demand_response_call": ("import_limit_mw",),
    "telemetry_gap": (),
}
"""Keys that a kind of event must have beside those of all."""
POSSIBLE: Final[Mapping[Kind, tuple[str, ...]]] = {
    "unit_trip": ("left_share", "start_failure_share"),
    "heat_wave": ("unit", "left_share", "throttled_share"),
    "demand_response_call": ("contracted_mw",),
    "forecast_bust": ("unit",),
}
"""Keys that it may have."""
RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "hours": (0.0, 8760.0),
    "notice_hours": (0.0, 8760.0),
    "left_share": (0.0, 1.0),
    "start_failure_share": (0.0, 1.0),
    "pue_rise_share": (0.0, 1.0),
    "throttled_share": (0.0, 1.0),
    "factor": (0.0, 10.0),
    "price_rise_myen_per_mwh": (-1.0, 1.0),
    "import_limit_mw": (0.0, math.inf),
    "contracted_mw": (0.0, math.inf),
}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event in steps `first` to before `end` of an operation; `known` is the first step whose window knows of it.

    `unit` names what it hits, where its kind asks for that; `values` has the numbers of its kind.
    """

    kind: Kind
    first: int
    end: int
    known: int
    unit: str | None
    values: Mapping[str, float]
    begins: str
    """When it begins, for a reader."""

    def note(self, step_hours: float) -> Message:
        """What happened, for the notes of an operation."""
        hours = (self.end - self.first) * step_hours
        unit = self.unit or ""
        return Message(
            "note.event", event_kind=self.kind, hit=f" ({unit})" if unit else "", begins=self.begins, hours=hours
        )


@dataclass(frozen=True, slots=True)
class EventText:
    """Events as text of TOML that lies in no file; `name` is what problems call it."""

    text: str
    name: str


def read_occurrences(
    source: str | Path | EventText, conditions: Conditions, units: Collection[str]
) -> tuple[Occurrence, ...]:
    """The events of a file or a text, laid on the steps of an operation; `units` are what may be hit.

    Raises `InputError` with every problem: text that is no TOML, a kind, key or unit that does not exist, a key that is
    missing, a number out of its range, and a time outside of what is operated.
    """
    text = source if isinstance(source, EventText) else EventText(read_text(source), str(source))
    problems: list[Problem] = []
    found = []
    for number, event in enumerate(_parse(text), start=1):
        where = Message("at.event", file=text.name, number=number)
        faults = list(_faults(event, where, units))
        if not faults:
            occurrence = _lay(event, conditions)
            if occurrence is not None:
                found.append(occurrence)
                continue
            first, last = (f"{conditions.time[place]:%Y-%m-%d %H:%M}" for place in (0, -1))
            faults = [Problem("event.outside", where, "from", time=str(event["from"]), first=first, last=last)]
        problems += faults
    if problems:
        raise InputError(problems)
    return tuple(found)


def check_events(text: EventText) -> None:
    """Refuse, with every problem, what no operation could take; units and times are left to `read_occurrences`."""
    problems = [
        problem
        for number, event in enumerate(_parse(text), start=1)
        for problem in _faults(event, Message("at.event", file=text.name, number=number), None)
    ]
    if problems:
        raise InputError(problems)


def _parse(text: EventText) -> list[dict[str, Any]]:
    try:
        content = tomllib.loads(text.text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(Problem("event.not_toml", text.name, reason=str(error))) from None
    events = content.get("event")
    unknown = sorted(set(content) - {"event"})
    if unknown or not isinstance(events, list) or not all(isinstance(one, dict) for one in events):
        raise InputError(Problem("event.no_list", text.name, unknown[0] if unknown else "event"))
    return events


def _faults(event: Mapping[str, Any], where: Message, units: Collection[str] | None) -> list[Problem]:
    """What is wrong with an event; its unit is not looked at where `units` is None."""
    if event.get("kind") not in get_args(Kind):
        name = str(event.get("kind"))
        near = nearest(name, get_args(Kind))
        remedy = "nearest" if near else "use_one_of"
        return [Problem("event.kind", where, "kind", remedy, {"name": name, "near": near, "names": get_args(Kind)})]
    kind = cast(Kind, event["kind"])
    needed = ("from", "hours", *NEEDED[kind])
    allowed = (*COMMON, *NEEDED[kind], *POSSIBLE.get(kind, ()))
    faults = [Problem("event.missing", where, key, kind=kind) for key in needed if key not in event]
    for key, value in event.items():
        if key not in allowed:
            near = nearest(key, allowed)
            remedy = "nearest" if near else "use_one_of"
            faults.append(Problem("event.key", where, key, remedy, {"kind": kind, "near": near, "names": allowed}))
        elif key == "from" and not isinstance(value, date):
            faults.append(Problem("not_a_time", where, key, text=str(value)))
        elif key == "unit" and units is not None and value not in units:
            near = nearest(str(value), units)
            remedy = "nearest" if near else "use_one_of"
            said = {"name": str(value), "near": near, "names": tuple(units)}
            faults.append(Problem("event.unit", where, key, remedy, said))
        elif key in RANGES:
            low, high = RANGES[key]
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                faults.append(Problem("event.range", where, key, value=str(value), low=f"{low:g}", high=f"{high:g}"))
    return faults


def _lay(event: Mapping[str, Any], conditions: Conditions) -> Occurrence | None:
    """The event on the steps; None where it does not begin in one of them."""
    given = event["from"]
    offset = conditions.time[0].utcoffset()
    assert offset is not None
    moment = given if isinstance(given, datetime) else datetime(given.year, given.month, given.day)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone(offset))
    starts = conditions.time.as_unit("s").asi8
    step = timedelta(hours=conditions.step_hours).total_seconds()
    first = int(np.searchsorted(starts, moment.timestamp(), side="right")) - 1
    if first < 0 or moment.timestamp() - starts[first] >= step:
        return None
    steps = max(math.ceil(event["hours"] / conditions.step_hours - 1e-9), 1)
    notice = event.get("notice_hours")
    known = first + 1 if notice is None else first - math.floor(notice / conditions.step_hours + 1e-9)
    numbers = {key: float(value) for key, value in event.items() if key in RANGES and key not in COMMON}
    begins = f"{moment.astimezone(timezone(offset)):%Y-%m-%d %H:%M}"
    end = min(first + steps, conditions.steps)
    return Occurrence(cast(Kind, event["kind"]), first, end, max(known, 0), event.get("unit"), numbers, begins)
