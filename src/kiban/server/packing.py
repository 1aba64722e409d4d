"""Content of large columns: compressed JSON, and a plan with or without its hours."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kiban.arrays import Array
from kiban.report.plan.record import restore, summarise
from kiban.scenario import Scenario
from kiban.scenario.plain import plain_scenario, restore_scenario
from kiban.version import edition

if TYPE_CHECKING:
    import pandas as pd

    from kiban.planning.plan import Plan

_TIME, _OFFSET = "__time", "__offset"
_QUICK = 1


@dataclass(frozen=True, slots=True)
class PackedPlan:
    """A plan as the store holds it; `hours` is None where they can be calculated again."""

    scenario: bytes
    summary: bytes
    hours: bytes | None
    status: str
    name: str
    site: str | None
    cost_myen_per_year: float | None


def pack(content: object) -> bytes:
    """Compressed JSON; no NaN."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return zlib.compress(text.encode("utf-8"), _QUICK)


def unpack(content: bytes) -> Any:
    """What `pack` was given."""
    return json.loads(zlib.decompress(content))


def pack_plan(plan: Plan, *, with_hours: bool) -> PackedPlan:
    """A plan for the store."""
    return PackedPlan(
        scenario=pack(plain_scenario(plan.scenario)),
        summary=pack(summarise(plan)),
        hours=_pack_hours(plan.time, plan.hourly) if with_hours or plan.status != "optimal" else None,
        status=plan.status,
        name=plan.scenario.name,
        site=plan.scenario.site.id,
        cost_myen_per_year=plan.cost_myen_per_year if plan.status == "optimal" else None,
    )


def restore_plan(scenario: bytes, summary: bytes, hours: bytes) -> Plan:
    """The plan that was packed with its hours."""
    time, hourly = _restore_hours(hours)
    return restore(unpack(summary), restore_scenario(unpack(scenario)), time, hourly)


def _pack_hours(time: pd.DatetimeIndex, hourly: Mapping[str, Array]) -> bytes:
    offset = time[0].utcoffset() if len(time) else None
    arrays: dict[str, Any] = {
        _TIME: time.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64),
        _OFFSET: np.float64(offset.total_seconds() if offset is not None else 0.0),
        **hourly,
    }
    written = io.BytesIO()
    np.savez(written, **arrays)
    return zlib.compress(written.getvalue(), _QUICK)


def _restore_hours(content: bytes) -> tuple[pd.DatetimeIndex, dict[str, Array]]:
    from datetime import timedelta, timezone

    import pandas as pd

    with np.load(io.BytesIO(zlib.decompress(content)), allow_pickle=False) as arrays:
        seconds, offset = arrays[_TIME], float(arrays[_OFFSET])
        hourly = {name: arrays[name] for name in arrays.files if name not in {_TIME, _OFFSET}}
    zone = timezone(timedelta(seconds=offset))
    time = (
        pd.DatetimeIndex(seconds.astype("datetime64[s]").astype("datetime64[ns]")).tz_localize("UTC").tz_convert(zone)
    )
    return time, hourly


def plan_id(scenario: Scenario, *, cooling_system: str | None = None) -> str:
    """The id of the plan of a scenario: the same question to the same kiban has the same id."""
    content = json.dumps([plain_scenario(scenario), cooling_system, edition()], sort_keys=True)
    return f"p_{hashlib.sha256(content.encode('utf-8')).hexdigest()[:20]}"
