"""What a service hears and decides, as content of the journal and back."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kiban.operation.live.issued import Issue, Issued
from kiban.operation.live.steering import Decision
from kiban.operation.live.telemetry import Fault, Reading
from kiban.operation.power_limit import PowerLimit
from kiban.scenario.plain import plain_scenario

if TYPE_CHECKING:
    from kiban.planning.plan import Plan


def digest_of(plan: Plan) -> str:
    """What tells a plan from every other: a hash of its scenario, its design, its worths and its hours.

    Whether what is implausible was insisted on makes no other plan: a journal is replayed with it.
    """
    parts = [
        {key: value for key, value in plain_scenario(plan.scenario).items() if key != "insist"},
        plan.cooling_system,
        dict(plan.capacities),
        [[worth.name, worth.saving_myen] for worth in plan.worths],
    ]
    found = hashlib.sha256(json.dumps(parts, sort_keys=True).encode("utf-8"))
    for name in sorted(plan.hourly):
        found.update(plan.hourly[name].tobytes())
    return found.hexdigest()


def readings_content(readings: Iterable[Reading]) -> list[list[Any]]:
    """Readings as lists of series, time and value; null is a value that is not a number."""
    return [[one.series, one.at.isoformat(), one.value if math.isfinite(one.value) else None] for one in readings]


def restore_readings(content: Sequence[Sequence[Any]]) -> list[Reading]:
    """The readings of `readings_content`."""
    return [
        Reading(series, datetime.fromisoformat(at), math.nan if value is None else value)
        for series, at, value in content
    ]


def issued_content(issued: Issued) -> dict[str, Any]:
    """Forecasts and who made them; issues are lists of series, issue time, valid time and value."""
    return {
        "name": issued.name,
        "version": issued.version,
        "accepted": {series: list(found) for series, found in issued.accepted.items()},
        "issues": [[one.series, one.issued.isoformat(), one.valid.isoformat(), one.value] for one in issued.issues],
    }


def restore_issued(content: Mapping[str, Any]) -> Issued:
    """The forecasts of `issued_content`; a journal of before 2027 does not say who made them."""
    issues = [
        Issue(series, datetime.fromisoformat(issued), datetime.fromisoformat(valid), value)
        for series, issued, valid, value in content["issues"]
    ]
    accepted = {series: (mean, deviation) for series, (mean, deviation) in content.get("accepted", {}).items()}
    return Issued(content.get("name", ""), content.get("version", ""), issues, accepted)


def decision_content(decision: Decision, faults: Iterable[Fault]) -> dict[str, Any]:
    """A decision, and the faults of telemetry that begin with it."""
    return {
        "limit": limit_content(decision.limit),
        "missing": list(decision.missing),
        "unsolved": decision.unsolved,
        "guess": asdict(decision.guess),
        "unlimited_flexible_mw": decision.unlimited_flexible_mw,
        "prices": dict(decision.prices),
        "faults": [
            [fault.kind, fault.series, fault.first.isoformat(), fault.last.isoformat(), fault.count] for fault in faults
        ],
    }


def limit_content(limit: PowerLimit) -> dict[str, Any]:
    """A limit in types that JSON has."""
    return {
        "number": limit.number,
        "begins": limit.begins.isoformat(),
        "expires": limit.expires.isoformat(),
        "firm_mw": limit.firm_mw,
        "flexible_mw": limit.flexible_mw,
        "reason": limit.reason,
        "cap_share": limit.cap_share,
        "jobs_mw": limit.jobs_mw,
    }


def restore_limit(content: Mapping[str, Any]) -> PowerLimit:
    """The limit of `limit_content`."""
    times = {name: datetime.fromisoformat(content[name]) for name in ("begins", "expires")}
    return PowerLimit(**{**content, **times})


def decision_bytes(content: Mapping[str, Any]) -> bytes:
    """A decision as a line of bytes: what a replay has to give again."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8") + b"\n"
