"""Readings: what is refused, what is stuck, what is missing, each dated and counted."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import pytest

from kiban.operation.live.telemetry import GAP, STEP, STUCK_READINGS, Meter, Reading, Telemetry

BEGINS = datetime.fromisoformat("2026-01-05T00:00:00+09:00")
METERS = (Meter("load_mw", 0.0, 10.0, moves=True), Meter("firm_mw", 0.0, 10.0, needed=True))


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry(METERS, BEGINS)


def reading(minutes: float, value: float, series: str = "load_mw") -> Reading:
    return Reading(series, BEGINS + timedelta(minutes=minutes), value)


def test_a_reading_counts_until_it_is_too_old(telemetry: Telemetry) -> None:
    telemetry.hear(BEGINS, [reading(0, 5.0, "firm_mw")])
    assert telemetry.value("firm_mw", BEGINS + GAP) == 5.0
    assert telemetry.value("firm_mw", BEGINS + GAP + timedelta(seconds=1)) is None
    assert telemetry.last("firm_mw") == 5.0
    assert telemetry.age(BEGINS + STEP) == STEP


@pytest.mark.parametrize("value", [-0.1, 10.1, math.nan, math.inf])
def test_what_cannot_be_is_not_used(telemetry: Telemetry, value: float) -> None:
    telemetry.hear(BEGINS, [reading(0, 5.0)])
    begun = telemetry.hear(BEGINS + STEP, [reading(5, value)])
    assert [(fault.kind, fault.series, fault.count) for fault in begun] == [("impossible", "load_mw", 1)]
    assert telemetry.value("load_mw", BEGINS + STEP) == 5.0
    assert telemetry.hear(BEGINS + 2 * STEP, [reading(10, value)]) == []
    telemetry.hear(BEGINS + 3 * STEP, [reading(15, 6.0)])
    (closed,) = (fault for fault in telemetry.closed if fault.kind == "impossible")
    assert (closed.first, closed.last, closed.count) == (BEGINS + STEP, BEGINS + 2 * STEP, 2)


def test_the_future_is_refused(telemetry: Telemetry) -> None:
    begun = telemetry.hear(BEGINS, [reading(6 / 60, 5.0, "firm_mw")])
    assert [fault.kind for fault in begun] == ["future"]
    assert telemetry.missing(BEGINS) == ("firm_mw",)
    assert telemetry.hear(BEGINS, [reading(4 / 60, 5.0, "firm_mw")]) == []
    assert telemetry.missing(BEGINS) == ()


def test_what_is_older_than_what_is_known_is_refused(telemetry: Telemetry) -> None:
    telemetry.hear(BEGINS + STEP, [reading(5, 5.0)])
    assert [fault.kind for fault in telemetry.hear(BEGINS + STEP, [reading(4, 6.0)])] == ["late"]
    # The newest again is no fault, and none of a stuck meter.
    assert telemetry.hear(BEGINS + STEP, [reading(5, 5.0)] * 50) == []
    assert telemetry.value("load_mw", BEGINS + STEP) == 5.0


def test_a_meter_that_must_move_and_does_not_is_stuck(telemetry: Telemetry) -> None:
    for number in range(STUCK_READINGS - 1):
        at = BEGINS + number * STEP
        assert telemetry.hear(at, [reading(5 * number, 5.0), reading(5 * number, 7.0, "firm_mw")]) == []
    now = BEGINS + (STUCK_READINGS - 1) * STEP
    minutes = 5 * (STUCK_READINGS - 1)
    begun = telemetry.hear(now, [reading(minutes, 5.0), reading(minutes, 7.0, "firm_mw")])
    assert [(fault.kind, fault.series) for fault in begun] == [("stuck", "load_mw")]
    assert telemetry.value("load_mw", now) is None
    assert telemetry.last("load_mw") is None
    # A load that is the same every hour may be: that meter need not move.
    assert telemetry.value("firm_mw", now) == 7.0
    telemetry.hear(now + STEP, [reading(minutes + 5, 5.5)])
    assert telemetry.value("load_mw", now + STEP) == 5.5


def test_a_plant_at_rest_is_not_stuck(telemetry: Telemetry) -> None:
    for number in range(3 * STUCK_READINGS):
        assert [
            fault.kind
            for fault in telemetry.hear(BEGINS + number * STEP, [reading(5 * number, 0.0)])
            if fault.series == "load_mw"
        ] == []


def test_a_gap_has_its_beginning_and_its_length(telemetry: Telemetry) -> None:
    telemetry.hear(BEGINS, [reading(0, 5.0, "firm_mw")])
    assert telemetry.hear(BEGINS + 2 * STEP, []) == []
    (begun,) = telemetry.hear(BEGINS + 3 * STEP, [])
    assert (begun.kind, begun.series, begun.first) == ("gap", "firm_mw", BEGINS)
    telemetry.hear(BEGINS + 4 * STEP, [])
    telemetry.hear(BEGINS + 5 * STEP, [reading(25, 5.0, "firm_mw")])
    (closed,) = telemetry.closed
    assert (closed.kind, closed.last, closed.count) == ("gap", BEGINS + 4 * STEP, 2)


def test_a_needed_series_that_never_comes_is_missed_from_the_start(telemetry: Telemetry) -> None:
    assert [(fault.kind, fault.series) for fault in telemetry.hear(BEGINS + 3 * STEP, [])] == [("gap", "firm_mw")]
    assert telemetry.age(BEGINS + 3 * STEP) == 3 * STEP
