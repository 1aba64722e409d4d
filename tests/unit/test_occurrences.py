"""Events of a file: laid on the steps, refused with a sentence, and what each kind does, by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.cases.forecasts import PRICE, PUE, PV, WIND, conditions

from kiban.errors import InputError
from kiban.operation.disturbance import change_conditions, disturb_forecast, list_events
from kiban.operation.events import BACKUP, GRID, IMPORT, IT, Event
from kiban.operation.facility import Facility
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.occurrences import NEEDED, Occurrence, read_occurrences
from kiban.operation.running import run
from kiban.planning.building import build
from kiban.planning.plan import Plan
from kiban.report.messages import say
from kiban.scenario import parse_scenario

UNITS = (GRID, BACKUP, "battery", "pv", "wind_onshore")
HERE = conditions(3, 1)  # from 1 April 2023
ALL = """
[[event]]
kind = "grid_outage"
from = 2023-04-01T18:20:00
hours = 6
[[event]]
kind = "unit_trip"
unit = "backup"
from = 2023-04-01T00:00:00
hours = 1.5
start_failure_share = 0.25
[[event]]
kind = "heat_wave"
from = 2023-04-02
hours = 24
pue_rise_share = 0.05
throttled_share = 0.2
unit = "pv"
left_share = 0.9
[[event]]
kind = "forecast_bust"
from = 2023-04-01T10:00:00
hours = 5
factor = 1.5
[[event]]
kind = "price_spike"
from = 2023-04-01T03:00:00Z
hours = 2
price_rise_myen_per_mwh = 0.1
[[event]]
kind = "curtailment_call"
unit = "wind_onshore"
from = 2023-04-03T10:00:00
hours = 100
left_share = 0.4
notice_hours = 12
[[event]]
kind = "demand_response_call"
from = 2023-04-01T17:00:00
hours = 2
import_limit_mw = 20
notice_hours = 3
[[event]]
kind = "telemetry_gap"
from = 2023-04-01T06:00:00
hours = 4
"""


def read(tmp_path: Path, text: str) -> tuple[Occurrence, ...]:
    path = tmp_path / "events.toml"
    path.write_text(text, encoding="utf-8")
    return read_occurrences(path, HERE, UNITS)


def test_every_kind_is_laid_on_its_steps(tmp_path: Path) -> None:
    found = {one.kind: one for one in read(tmp_path, ALL)}
    assert set(found) == set(NEEDED)
    laid = {kind: (one.first, one.end, one.known) for kind, one in found.items()}
    assert laid == {
        "grid_outage": (18, 24, 19),  # 18:20 is in the hour of 18:00; known once it has begun
        "unit_trip": (0, 2, 1),
        "heat_wave": (24, 48, 25),
        "forecast_bust": (10, 15, 11),
        "price_spike": (12, 14, 13),  # 3:00 UTC
        "curtailment_call": (58, 72, 46),  # until the end; known twelve hours before
        "demand_response_call": (17, 19, 14),
        "telemetry_gap": (6, 10, 7),
    }
    note = found["unit_trip"].note(1.0)
    assert say(note, "en") == "Trip of a unit (backup) from 2023-04-01 00:00, for 2 h"
    assert say(note, "ja") == "設備の停止 (backup) 2023-04-01 00:00から2時間"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("grid_outage", "grid_outag"), "event 1: kind is 'grid_outag'"),
        (('unit = "backup"\n', ""), "event 2: unit is missing, and unit_trip needs it"),
        (('"backup"', '"diesel"'), "event 2: unit is 'diesel'"),
        (("hours = 6", "hours = -6"), "event 1: hours is -6; give a number from 0 to 8760"),
        (("hours = 6", 'hours = "six"'), "event 1: hours is six"),
        (("2023-04-02\n", '"tomorrow"\n'), "event 3: from is 'tomorrow', not a time"),
        (("2023-04-02\n", "2024-04-02\n"), "event 3: from is 2024-04-02, and operation runs from 2023-04-01 00:00"),
        (("factor", "faktor"), "event 4: faktor is no key of forecast_bust"),
        (("factor = 1.5", "factor = true"), "event 4: factor is True"),
        (("[[event]]", "[event]"), "TOML"),
        (("[[event]]", "[[events]]"), "events is not a list"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, ALL.replace(*change))
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, ALL.replace('"backup"', '"diesel"').replace("factor = 1.5", "factor = 99"))
    assert len(caught.value.problems) == 2


def test_conditions_change_while_it_lasts(tmp_path: Path) -> None:
    found = change_conditions(read(tmp_path, ALL), HERE)
    rise = found.series[PUE] / HERE.series[PUE]
    assert rise[24:48] == pytest.approx(1.05)
    assert (np.delete(rise, range(24, 48)) == 1.0).all()
    spike = found.series[PRICE] - HERE.series[PRICE]
    assert spike[12:14] == pytest.approx(0.1)
    assert (np.delete(spike, range(12, 14)) == 0.0).all()
    assert found.series[WIND] is HERE.series[WIND]


def facility(import_limit_mw: np.ndarray) -> Facility:
    zero = np.zeros(72)
    return Facility(1.0, 0, 100.0, (), (), (), import_limit_mw, zero, 90.0, zero, zero, 0.0, 0.0, 0.0)


def test_units_are_away_and_calls_limit_import(tmp_path: Path) -> None:
    limit = np.full(72, 50.0)
    limit[18] = 16.0
    found = list_events(read(tmp_path, ALL), facility(limit))
    assert found == (
        Event(GRID, 18, 24, 0.0, 19),
        Event(BACKUP, 0, 2, 0.0, 1),
        Event(IT, 24, 48, 0.8, 25),
        Event("pv", 24, 48, 0.9, 25),
        Event("wind_onshore", 58, 72, 0.4, 46),
        Event(IMPORT, 17, 18, 0.4, 14),  # 20 of 50 MW
        Event(IMPORT, 18, 19, 1.0, 14),  # 16 MW are below the limit as they are
    )


def test_some_backups_that_do_not_start(tmp_path: Path) -> None:
    text = ALL.replace("start_failure_share = 0.25", "start_failure_share = 0.25\nleft_share = 1.0")
    assert list_events(read(tmp_path, text), facility(np.full(72, 50.0)))[1].left_share == 0.75


def test_forecasts_fail_while_it_lasts(tmp_path: Path) -> None:
    plain = PerfectForecast(HERE)
    forecast = disturb_forecast(plain, read(tmp_path, ALL), 1.0)
    assert (forecast.name, forecast.measures_first_step) == ("perfect", True)
    # A gap from 6:00 to 10:00: at 8:00 what was said at 6:00, prices as they are; its last two hours are a day earlier.
    said, begun = forecast.issue(8, 30), plain.issue(6, 30)
    assert (said[WIND][:28] == begun[WIND][2:]).all()
    assert (said[WIND][28:] == begun[WIND][6:8]).all()
    assert (said[PRICE] == plain.issue(8, 30)[PRICE]).all()
    assert (forecast.issue(5, 30)[WIND] == plain.issue(5, 30)[WIND]).all()
    # A bust from 10:00 to 15:00.
    assert forecast.issue(12, 30)[PV] == pytest.approx(1.5 * plain.issue(12, 30)[PV])
    assert (forecast.issue(12, 30)[PUE] == plain.issue(12, 30)[PUE]).all()
    assert (forecast.issue(15, 30)[PV] == plain.issue(15, 30)[PV]).all()
    one = replace(read(tmp_path, ALL)[3], unit="wind_onshore")
    assert (disturb_forecast(plain, [one], 1.0).issue(12, 30)[PV] == plain.issue(12, 30)[PV]).all()
    assert disturb_forecast(plain, [read(tmp_path, ALL)[0]], 1.0) is plain


@cache
def plan() -> Plan:
    content = {
        "name": "days",
        "site": {"id": "tomakomai"},
        "time": {"first_hour": 2160, "hours": 96},
        "grid": {"max_mw": 60},
        "supply": {"geothermal": {"max_mw": 15}, "hydro": {"max_mw": 10}},
    }
    return build(parse_scenario(content))


def test_an_outage_changes_nothing_before_it_is_known_and_costs_something(tmp_path: Path) -> None:
    time = plan().time
    path = tmp_path / "events.toml"
    text = f'[[event]]\nkind = "grid_outage"\nfrom = {time[30]:%Y-%m-%dT%H:%M:%S}\nhours = 5\n'
    path.write_text(text, encoding="utf-8")
    calm, sudden = run(plan(), horizon_hours=24), run(plan(), horizon_hours=24, events=path)
    path.write_text(f"{text}notice_hours = 8\n", encoding="utf-8")
    told = run(plan(), horizon_hours=24, events=str(path))
    for name, column in calm.hourly.items():
        assert column[:30].tobytes() == sudden.hourly[name][:30].tobytes()
        assert column[:22].tobytes() == told.hourly[name][:22].tobytes()
    assert calm.hourly["import_mw"][30:35].max() > 1.0
    for operation in (sudden, told):
        assert (operation.hourly["import_mw"][30:35] == 0.0).all()
        assert operation.regret.events_myen > 0.0
        assert operation.regret.forecast_myen == calm.regret.forecast_myen
    assert told.cost_myen <= sudden.cost_myen + 1e-9
    assert "Outage of the grid" in [say(note, "en") for note in sudden.notes][-1]
