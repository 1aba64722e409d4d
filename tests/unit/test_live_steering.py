"""From what is heard to a limit: what decides when, what is never taken, and what replays to the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.cases.emulated_campus import EmulatedCampus, Truth
from tests.cases.operated import SMALL, plan_of

import kiban
from kiban.errors import InputError
from kiban.operation.live import steering as steering_module
from kiban.operation.live.campus import Campus, read_campus
from kiban.operation.live.issued import Issue, Issued
from kiban.operation.live.measured import measure_scenario
from kiban.operation.live.orders import Call, Override, order_content, read_order, restore_order
from kiban.operation.live.steering import LAST_PLAN, LIFE, Decision, Steering
from kiban.operation.live.telemetry import STEP
from kiban.operation.live.twin import CHARGING, DISCHARGING
from kiban.operation.power_limit import PowerLimit
from kiban.planning.plan import Plan
from kiban.report.operation.measured import save_measured

BEGINS = datetime.fromisoformat("2026-01-05T00:00:00+09:00")
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(SMALL)


@pytest.fixture(scope="module")
def campus(plan: Plan) -> Campus:
    return read_campus(plan)


def steer(campus: Campus, steps: int, emulated: EmulatedCampus | None = None) -> tuple[Steering, EmulatedCampus]:
    """A campus that was steered for some steps."""
    emulated = emulated or EmulatedCampus(campus, BEGINS)
    steering = Steering(campus, BEGINS)
    for _ in range(steps):
        step(steering, emulated)
    return steering, emulated


def step(steering: Steering, emulated: EmulatedCampus, leave_out: Sequence[str] = ()) -> Decision:
    now = emulated.now
    steering.hear(now, [one for one in emulated.readings if one.series not in leave_out])
    decision = steering.decide(now)
    emulated.apply(decision.limit)
    return decision


def listen(campus: Campus, days: int, truth: Truth) -> Steering:
    """Some days of a campus that draws as it likes, only heard."""
    emulated, steering = EmulatedCampus(campus, BEGINS, truth), Steering(campus, BEGINS)
    for number in range(1, days * 288 + 1):
        now = emulated.now
        steering.hear(now, emulated.readings)
        emulated.apply(PowerLimit(number, now, now + LIFE, campus.facility.it_mw, 2.0, "window"))
    return steering


def test_good_data_is_the_window_and_a_limit_ends_by_itself(campus: Campus) -> None:
    steering, emulated = steer(campus, 3)
    decision = step(steering, emulated)
    assert decision.limit.reason == "window"
    assert decision.limit.number == 4
    assert decision.limit.expires - decision.limit.begins == LIFE
    assert decision.missing == ()


def test_without_data_the_last_plan_decides_then_the_rule_of_merit(campus: Campus) -> None:
    steering, emulated = steer(campus, 3)
    quiet = [one.series for one in emulated.readings]
    begun, reasons = emulated.now, []
    while emulated.now - begun < LAST_PLAN + HOUR:
        decision = step(steering, emulated, quiet)
        reasons.append((decision.limit.begins - begun, decision.limit.reason))
    told = {reason for _, reason in reasons}
    assert told == {"window", "last_plan", "merit"}
    # Readings count for twelve minutes; the last good window says something for six hours.
    assert all((since <= timedelta(minutes=5)) == (reason == "window") for since, reason in reasons)
    first_merit = min(since for since, reason in reasons if reason == "merit")
    assert LAST_PLAN < first_merit <= LAST_PLAN + 2 * STEP
    assert step(steering, emulated).limit.reason == "window"


def test_a_window_that_is_not_solved_is_said_and_the_last_plan_decides(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ArithmeticError("no pivot")

    steering, emulated = steer(campus, 3)
    with monkeypatch.context() as patched:
        patched.setattr(steering_module, "solve_window", fails)
        decision = step(steering, emulated)
        fresh = Steering(campus, BEGINS)
        fresh.hear(emulated.now, emulated.readings)
        at_once = fresh.decide(emulated.now)
    assert decision.unsolved
    assert decision.limit.reason == "last_plan"
    assert at_once.unsolved
    assert at_once.limit.reason == "merit"
    assert not step(steering, emulated).unsolved


def test_firm_compute_is_never_limited(campus: Campus) -> None:
    """In no state: with data, without, under a call to draw nothing, under an override of nothing."""
    steering, emulated = steer(campus, 2)
    now = emulated.now
    steering.order(Call("c", "grid", now, now + HOUR, 0.0))
    steering.order(Override("sato", "works", now + 6 * STEP, now + HOUR, 0.0))
    for number in range(24):
        leave_out = [one.series for one in emulated.readings] if 8 <= number < 16 else []
        decision = step(steering, emulated, leave_out)
        firm = next(one.value for one in emulated.readings if one.series == "firm_mw")
        assert decision.limit.firm_mw >= min(firm, campus.facility.it_mw) - 0.1 * campus.facility.it_mw
        measured = steering.telemetry.last("firm_mw")
        assert measured is not None
        assert decision.limit.firm_mw >= measured - 1e-6


def test_a_call_lowers_the_draw_and_ends(campus: Campus) -> None:
    steering, emulated = steer(campus, 12)
    # Until the store has given what it can.
    while (before := step(steering, emulated)).guess.import_mw <= 0.1:
        assert before.limit.number < 288
    now = emulated.now
    steering.order(Call("c", "grid", now, now + HOUR, 0.0))
    called = step(steering, emulated)
    assert called.limit.reason == "call"
    assert called.guess.import_mw == pytest.approx(0.0, abs=1e-6)
    while emulated.now < now + HOUR:
        assert step(steering, emulated).limit.reason == "call"
    after = step(steering, emulated)
    assert after.limit.reason == "window"


def test_a_call_that_comes_while_data_is_missing_is_not_answered_by_an_older_plan(campus: Campus) -> None:
    steering, emulated = steer(campus, 3)
    quiet = [one.series for one in emulated.readings]
    for _ in range(4):
        decision = step(steering, emulated, quiet)
    assert decision.limit.reason == "last_plan"
    steering.order(Call("c", "grid", emulated.now, emulated.now + HOUR, 0.0))
    assert step(steering, emulated, quiet).limit.reason == "merit"


def test_a_persons_override_wins_also_over_a_call(campus: Campus) -> None:
    steering, emulated = steer(campus, 3)
    now = emulated.now
    steering.order(Call("c", "grid", now, now + HOUR, 0.0))
    steering.order(Override("sato", "a deadline", now, now + 2 * STEP, 1.25))
    decision = step(steering, emulated)
    assert decision.limit.reason == "override"
    assert decision.limit.flexible_mw == 1.25
    steering.order(Override("suzuki", "more", now, now + 2 * STEP, 1e6))
    most = step(steering, emulated).limit
    assert most.firm_mw + most.flexible_mw <= campus.facility.it_mw + 1e-6
    assert step(steering, emulated).limit.reason == "call"


def test_forecasts_count_from_their_issue_and_change_what_is_decided(campus: Campus) -> None:
    """A forecast of strong wind for the next hours; the plan's mean otherwise."""
    calm, emulated = steer(campus, 3)
    windy, _ = steer(campus, 3)
    now = emulated.now
    hours = [now.replace(minute=0) + place * HOUR for place in range(48)]
    issues = [Issue("availability_wind_onshore", now, hour, 0.9) for hour in hours]
    windy.forecast(Issued("file", "", issues))
    for steering in (calm, windy):
        steering.hear(now, emulated.readings)
    expected = [
        steering.outlook.expect(now, steering.telemetry, {})["availability_wind_onshore"] for steering in (calm, windy)
    ]
    assert expected[1][24:40] == pytest.approx(0.9, abs=0.05)
    assert abs(expected[0][24:40] - 0.9).min() > 0.05
    assert windy.decide(now).guess != calm.decide(now).guess


def test_the_twin_finds_what_the_campus_really_is(campus: Campus) -> None:
    truth = Truth(pue=1.06, availability=0.9, charge_efficiency=0.96, discharge_efficiency=0.95)
    steering = listen(campus, 6, truth)
    found = steering.twin.calibrations
    wanted = {
        "pue": truth.pue,
        "availability_pv": truth.availability,
        CHARGING: truth.charge_efficiency,
        DISCHARGING: 1.0 / truth.discharge_efficiency,
    }
    for name, value in wanted.items():
        calibration = found[name]
        assert calibration.ratio is not None, name
        assert calibration.half_width is not None, name
        assert calibration.ratio == pytest.approx(value, abs=max(2.0 * calibration.half_width, 1e-6)), name
        assert calibration.is_sure, name
        assert calibration.twin_error_share is not None
        assert calibration.plan_error_share is not None
        assert calibration.twin_error_share < calibration.plan_error_share, name
    store = campus.facility.store
    assert store is not None
    assert steering.twin.efficiencies_of(store) == pytest.approx(
        (store.charge_efficiency * 0.96, store.discharge_efficiency * 0.95), rel=0.01
    )


def test_a_plan_is_built_again_with_measured_numbers(campus: Campus, plan: Plan, tmp_path: Path) -> None:
    """A PUE of 1.06 times the plan's, and worse storage: the new plan has them, and costs more."""
    truth = Truth(pue=1.06, charge_efficiency=0.96, discharge_efficiency=0.95, noise=0.0)
    steering = listen(campus, 4, truth)
    folder = tmp_path / "measured"
    measured = measure_scenario(plan, steering.twin, folder)
    assert measured.ratios["pue"] == pytest.approx(1.06, abs=1e-6)
    save_measured(measured, folder)
    again = kiban.build(folder / "scenario.toml")
    assert isinstance(again, Plan)
    assert again.indicators["mean_pue"] == pytest.approx(plan.indicators["mean_pue"] * 1.06, rel=1e-6)
    assert again.indicators["power_cost_myen_per_year"] > plan.indicators["power_cost_myen_per_year"]


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("override", {"who": ""}, "'who'"),
        ("override", {"flexible_mw": -1}, "-1"),
        ("override", {"flexible_mw": True}, "True"),
        ("override", {"ends": "2026-01-05T01:00:00"}, "2026-01-05T01:00:00"),
        ("override", {"ends": "2026-01-04T01:00:00+09:00", "begins": "2026-01-03T00:00:00+09:00"}, "now is"),
        ("override", {"begins": "2026-01-06T00:00:00+09:00"}, "not after it begins"),
        ("override", {"colour": 1}, "no key"),
        ("call", {"import_limit_mw": "much"}, "much"),
        ("call", {"id": None}, "is not a text"),
    ],
)
def test_an_order_that_cannot_be_is_refused(kind: str, changes: dict[str, object], said: str) -> None:
    good: dict[str, dict[str, object]] = {
        "override": {"who": "sato", "why": "works", "ends": "2026-01-05T01:00:00+09:00", "flexible_mw": 1},
        "call": {"id": "7", "who": "grid", "ends": "2026-01-05T01:00:00+09:00", "import_limit_mw": 2.5},
    }
    found = read_order(kind, good[kind], BEGINS)
    assert restore_order(kind, order_content(found)) == found
    with pytest.raises(InputError) as caught:
        read_order(kind, good[kind] | changes, BEGINS)
    assert len(caught.value.problems) == 1
    assert said.strip("'") in str(caught.value) + caught.value.problems[0].key
