"""A campus with all that the compiled window does not know, as a service operates it, over restarts."""

from __future__ import annotations

import re
import threading
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.cases.emulated_campus import EmulatedCampus, EmulatedSource
from tests.cases.operated import WIDE, plan_of

from kiban.operation.conditions import FIRM
from kiban.operation.horizon import look_ahead
from kiban.operation.lane import open_lane
from kiban.operation.live.campus import Campus, read_campus
from kiban.operation.live.journal import JournalFile, load_journal
from kiban.operation.live.record import digest_of
from kiban.operation.live.replay import replay
from kiban.operation.live.solving import solve_window
from kiban.operation.live.steering import Steering
from kiban.operation.live.telemetry import STEP
from kiban.operation.running import arrange
from kiban.planning.plan import Plan
from kiban.server.operating.clocks import FastClock
from kiban.server.operating.meters import UNIT_LABEL, find_meter
from kiban.server.operating.service import Origin, Service

BEGINS = datetime.fromisoformat("2026-01-05T00:00:00+09:00")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(WIDE)


@pytest.fixture(scope="module")
def campus(plan: Plan) -> Campus:
    return read_campus(plan)


def operate(campus: Campus, plan: Plan, path: Path, emulated: EmulatedCampus, until: datetime) -> None:
    """Steps until a time, each unit doing what it is told; goes on where the journal ends."""

    def obey(_: Service, step: object) -> None:
        emulated.setpoints_mw = step.decision.guess.units_mw  # type: ignore[attr-defined]

    clock = FastClock(max(BEGINS, emulated.now - STEP), float("inf"))
    with JournalFile(path) as journal:
        service = Service(
            campus,
            journal,
            Origin(digest_of(plan), None, "0", None, "none", "csv"),
            source=EmulatedSource(emulated),
            clock=clock,
            apply=emulated.apply,
            watch=obey,
        )
        service.run(threading.Event(), until)


def test_a_wide_campus_is_operated_and_replays_to_the_byte_over_restarts(
    campus: Campus, plan: Plan, tmp_path: Path
) -> None:
    """HiGHS begins every window from the same basis: who was restarted decides the same as who was not."""
    whole, parted = EmulatedCampus(campus, BEGINS), EmulatedCampus(campus, BEGINS)
    end = BEGINS + timedelta(minutes=80)
    operate(campus, plan, tmp_path / "whole", whole, end)
    for minutes in (25, 50, 80):
        operate(campus, plan, tmp_path / "parted", parted, BEGINS + timedelta(minutes=minutes))
    found = [
        [entry.content for entry in load_journal(tmp_path / name).entries if entry.kind == "step"]
        for name in ("whole", "parted")
    ]
    assert [step["decision"] for step in found[0]] == [step["decision"] for step in found[1]]
    assert len(found[0]) == 17
    assert {step["decision"]["limit"]["reason"] for step in found[0]} == {"window"}
    again = list(replay(load_journal(tmp_path / "parted").entries, campus))
    assert [one.line for one in again if not one.is_same] == []
    assert len(again) == 17
    assert whole.unserved_mwh == pytest.approx(0.0, abs=1e-9)
    firm = {step["at"]: value for step in found[0] for series, _, value in step["readings"] if series == FIRM}
    assert all(step["decision"]["limit"]["firm_mw"] >= firm[step["at"]] - 1e-6 for step in found[0])


def test_set_points_name_every_unit_and_keep_to_its_limits(campus: Campus, plan: Plan, tmp_path: Path) -> None:
    emulated = EmulatedCampus(campus, BEGINS)
    operate(campus, plan, tmp_path / "journal", emulated, BEGINS + timedelta(hours=1))
    facility = campus.facility
    stores = {store.name: store for store in facility.stores}
    names = {one.name for one in facility.generators} | set(stores) | {"export_mw"}
    assert {"geothermal", "battery", "storage_flow", "cooling_storage"} <= names
    for entry in load_journal(tmp_path / "journal").entries:
        if entry.kind != "step":
            continue
        units = entry.content["decision"]["guess"]["units_mw"]
        assert set(units) == names
        for name, store in stores.items():
            most = np.max(store.discharge_limit_mw), np.max(store.charge_limit_mw)
            assert -most[1] - 1e-6 <= units[name] <= most[0] + 1e-6
        one = facility.generators[0]
        assert one.capacity_mw * one.least_share - 1e-6 <= units[one.name] <= one.capacity_mw + 1e-6
        assert units["export_mw"] <= 0.0


def test_a_window_is_that_of_kiban_run(plan: Plan) -> None:
    """The same hours, the same standing: what the service solves costs what the lane of `kiban run` does."""
    arranged = arrange(plan, forecast="perfect")
    facility, conditions = arranged.setting.facility, arranged.setting.conditions
    assert not facility.is_narrow
    forecast, horizon = arranged.manner.forecast, arranged.manner.horizon_steps
    standing = arranged.best.course.standing(30)
    begins = np.array([30])
    ahead = look_ahead(facility, conditions, forecast, (), begins, horizon, measured=True)
    found = solve_window(ahead, arranged.setting.valuation, standing)
    lane = open_lane(ahead, arranged.setting.valuation).solve(0, standing)
    assert found is not None
    assert found.cost_myen == pytest.approx(lane.cost_myen, rel=1e-9)
    assert found.handovers[0] == lane.handover
    assert len(found.handovers) == horizon


def test_every_unit_has_a_metric_and_is_read_from_it(campus: Campus) -> None:
    """What Prometheus scrapes of the campus comes back as the series that it measured, in their units."""
    emulated = EmulatedCampus(campus, BEGINS)
    found = {}
    for line in emulated.exposition().splitlines():
        parts = re.fullmatch(rf'(\w+)(?:{{{UNIT_LABEL}="(\w+)"}})? (\S+)', line)
        assert parts is not None
        metric, unit, value = parts.groups()
        meter = find_meter(metric, unit or "")
        assert meter is not None, line
        found[meter.series] = float(value) * meter.factor
    assert found == pytest.approx({one.series: one.value for one in emulated.readings}, rel=1e-9)
    assert set(found) <= {meter.series for meter in campus.meters()}


def test_a_plant_with_a_ramp_starts_from_where_it_is(campus: Campus, plan: Plan, tmp_path: Path) -> None:
    """In an hour it rises by its ramp and no more, whatever its window would like."""
    one = campus.facility.generators[0]
    assert one.ramp_mw is not None
    emulated = EmulatedCampus(campus, BEGINS)
    operate(campus, plan, tmp_path / "journal", emulated, BEGINS + timedelta(minutes=10))
    steps = [entry.content for entry in load_journal(tmp_path / "journal").entries if entry.kind == "step"]
    for step in steps:
        given = next(value for series, _, value in step["readings"] if series == one.output)
        assert abs(step["decision"]["guess"]["units_mw"][one.name] - given) <= one.ramp_mw + 1e-6


def test_without_the_output_of_a_plant_with_a_ramp_no_window_is_solved(campus: Campus) -> None:
    emulated, steering = EmulatedCampus(campus, BEGINS), Steering(campus, BEGINS)
    output = campus.facility.generators[0].output
    steering.hear(emulated.now, [one for one in emulated.readings if one.series != output])
    decision = steering.decide(emulated.now)
    assert decision.missing == (output,)
    assert decision.limit.reason == "merit"
