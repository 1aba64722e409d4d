"""What the report and the screen Run show of an operation: expectations, weeks, words, and the folder's page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cases.operated import SMALL, plan_of
from tests.cases.operations import VALUATION, random_campus
from typer.testing import CliRunner

import kiban
from kiban.cli import app
from kiban.errors import OutputError
from kiban.interruption import UnwantedError, while_wanted
from kiban.messages import Message
from kiban.operation.expectation import EARLIER, FORECAST, NET_LOAD, DayAhead, gather_expectation
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.foresight import foresee
from kiban.operation.horizon import Manner, operate
from kiban.operation.operation import Operation
from kiban.operation.weeks import find_weeks
from kiban.planning.plan import Plan
from kiban.quantities import LANGUAGES
from kiban.report.messages import say
from kiban.report.operation.document import operation_document
from kiban.report.operation.folder import VIEW, read_view
from kiban.report.operation.view import operation_view
from kiban.report.operation.words import regret_parts, run_figures, settlement_rows

EVENTS = """
[[event]]
kind = "grid_outage"
from = 2001-01-02T18:00:00
hours = 6
[[event]]
kind = "demand_response_call"
from = 2001-01-03T13:00:00
hours = 3
notice_hours = 24
import_limit_mw = 1
contracted_mw = 1
"""


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(SMALL)


@pytest.fixture(scope="module")
def told() -> list[Message]:
    return []


@pytest.fixture(scope="module")
def operation(plan: Plan, told: list[Message], tmp_path_factory: pytest.TempPathFactory) -> Operation:
    file = tmp_path_factory.mktemp("events") / "events.toml"
    file.write_text(EVENTS)
    return kiban.run(plan, events=file, in_detail=True, report=told.append)


@pytest.fixture(scope="module")
def folder(operation: Operation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kiban.save(operation, tmp_path_factory.mktemp("operations") / "small")


def test_what_was_expected_is_laid_beside_what_came() -> None:
    """By hand: two days of four steps, windows of six; the second day came two higher than its own window said."""
    came = np.array([1.0, 2.0, 3.0, 4.0, 7.0, 8.0, 9.0, 10.0])
    windows = (np.array([1.0, 2.0, 3.0, 4.0, 4.0, 5.0]), np.array([5.0, 6.0, 7.0, 8.0, 9.0, 9.0]))
    days = [DayAhead(4 * day, window, {"import_mw": 10.0 * window}) for day, window in enumerate(windows)]
    found = gather_expectation(days, came)
    assert found.columns[NET_LOAD] is came
    assert found.columns[FORECAST].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    np.testing.assert_equal(found.columns[EARLIER], [np.nan] * 4 + [4.0, 5.0] + [np.nan] * 2)
    assert found.columns["scheduled_import_mw"].tolist() == [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0]
    # Errors of the four leads within the day are 0 and 2, of the leads beyond it 3, of the first window alone.
    assert found.low_mw.tolist() == pytest.approx([0.2, 0.2, 0.2, 0.2, 3.0, 3.0])
    assert found.high_mw.tolist() == pytest.approx([1.8, 1.8, 1.8, 1.8, 3.0, 3.0])


@pytest.mark.parametrize("wide", [False, True])
def test_weeks_add_up_and_schedules_are_those_of_the_windows(wide: bool) -> None:
    facility, conditions = random_campus(5, 200, wide=wide)
    manner = Manner(PerfectForecast(conditions), horizon_steps=30, keeps_days=True)
    passed: list[int] = []
    course = operate(facility, conditions, VALUATION, manner, passed=passed.append)
    best = foresee(facility, conditions, VALUATION).course
    assert sum(passed) == 200
    weeks = find_weeks(course, best, VALUATION)
    assert weeks.cost_myen.size == 2
    assert weeks.cost_myen.sum() == pytest.approx(sum(course.costs(VALUATION).values()), rel=1e-9)
    assert weeks.perfect_foresight_cost_myen.sum() == pytest.approx(sum(best.costs(VALUATION).values()), rel=1e-9)
    lost = course.total("unserved_mw") + course.total("dropped_mw")
    assert weeks.unserved_mwh.sum() == pytest.approx(lost, abs=1e-9)
    # With perfect forecasts the first hour of each schedule is what came, and the need is what was expected.
    expected = gather_expectation(course.days, course.net_load_mw)
    assert [day.step for day in course.days] == list(range(0, 200, 24))
    assert expected.columns[FORECAST] == pytest.approx(course.net_load_mw, abs=1e-9)
    assert np.nanmax(np.abs(expected.columns[EARLIER] - course.net_load_mw)) < 1e-9
    assert np.abs(expected.high_mw).max() < 1e-9
    begins = [day.step for day in course.days]
    for name in course.days[0].schedule:
        scheduled = expected.columns[f"scheduled_{name}"][begins]
        assert scheduled == pytest.approx(course.flows[name][begins], abs=1e-5), name


def test_nobody_waits_for_an_operation_that_is_not_wanted() -> None:
    facility, conditions = random_campus(3, 48)
    with while_wanted(lambda: False), pytest.raises(UnwantedError):
        operate(facility, conditions, VALUATION, Manner(PerfectForecast(conditions), horizon_steps=12))


def test_an_operation_tells_how_many_windows_are_solved(operation: Operation, told: list[Message]) -> None:
    counted = [(step.values["done"], step.values["of"]) for step in told if step.code == "progress.windows"]
    # Perfect forecasts, the hour solved again, merit order, and that with events.
    assert counted[-1] == (4 * 120, 4 * 120)
    assert counted == sorted(counted)
    assert "of 480 windows solved" in str([step for step in told if step.code == "progress.windows"][-1])


def test_the_view_says_what_the_command_line_says(operation: Operation) -> None:
    view: dict[str, Any] = dict(operation_view(operation)["operation"])
    for language in LANGUAGES:
        summary = operation_document(operation, language)
        assert view["sentence"][language] == summary["sentence"] == say(operation.sentence, language)
        assert view["notes"][language] == summary["notes"]
        parts = [*view["regret"], view["total"]]
        assert [(part["label"][language], part["cost_myen"]) for part in parts] == regret_parts(operation, language)
        assert [(one["label"][language], one["text"][language]) for one in view["figures"]] == run_figures(
            operation, language
        )
        assert view["calls"]["headings"][language] == settlement_rows(operation, language)[0]
        assert view["calls"][f"rows_{language}"] == settlement_rows(operation, language)[1]
    assert {part["name"]: part["share"] for part in parts} == operation_document(operation, "en")["regret"]
    assert [(event["kind"], event["first"], event["end"], event["known"]) for event in view["events"]] == [
        ("grid_outage", 42, 48, 43),
        ("demand_response_call", 61, 64, 37),
    ]
    assert {"grid", "backup", "battery", "pv", "wind_onshore"} <= {unit["name"] for unit in view["units"]}
    assert view["worst_week"] == 0


def test_the_hours_of_the_view_are_those_of_the_operation(operation: Operation) -> None:
    view = operation_view(operation)
    columns: Any = view["hours"]["columns"]
    assert {len(values) for values in columns.values()} == {120}
    assert columns["import_mw"] == pytest.approx(operation.hourly["import_mw"], rel=1e-5, abs=1e-9)
    # What serves the load, charging aside: the picture's stack ends where the load does.
    served = sum(np.array(columns[one["column"]]) for one in view["operation"]["sources"])
    assert served - np.array(columns["charged_mw"]) == pytest.approx(operation.hourly["load_mw"], abs=1e-3)
    assert columns["net_load_earlier_forecast_mw"][0] is None
    json.dumps(view, allow_nan=False)


def test_a_folder_becomes_one_page(folder: Path, operation: Operation, tmp_path: Path) -> None:
    page = tmp_path / "run.html"
    result = CliRunner().invoke(app, ["report", str(folder), "-o", str(page), "--lang", "ja"], env={"LC_ALL": "C"})
    assert result.exit_code == 0, result.stderr
    enclosed = re.search(r'id="kiban-view">(.*?)</script>', page.read_text(encoding="utf-8"), re.S)
    assert enclosed is not None
    found = json.loads(enclosed[1])
    assert found["language"] == "ja"
    assert found["operation"]["sentence"]["en"] == say(operation.sentence, "en")
    assert found["operated"]["import_mw"] == operation_view(operation)["hours"]["columns"]["import_mw"]
    assert not re.search(r'(src|href)="https?:', page.read_text(encoding="utf-8"))


def test_what_has_no_pictures_is_refused_in_a_sentence(folder: Path, plan: Plan, tmp_path: Path) -> None:
    plain = kiban.save(kiban.run(plan, forecast="perfect"), tmp_path / "plain")
    assert not (plain / VIEW).exists()
    with pytest.raises(OutputError, match="save it anew with `kiban run --out DIR`"):
        read_view(plain)
    assert read_view(kiban.save(plan, tmp_path / "plan")) is None
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / VIEW).write_text("{")
    with pytest.raises(OutputError, match=re.escape(str(broken))):
        read_view(broken)
    asked = ["report", str(folder), "--package", "tax-credit", "-o", str(tmp_path / "x.html")]
    result = CliRunner().invoke(app, asked, env={"LC_ALL": "C"})
    assert result.exit_code == 2, result.stdout
    assert not (tmp_path / "x.html").exists()
