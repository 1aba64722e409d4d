"""`kiban run` and `kiban.run`: the answer, the contract of the JSON, the folder, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.cases.operated import SMALL, WIDE, plan_of
from typer.testing import CliRunner

import kiban
from kiban.cli import app
from kiban.commands.terminal import progress
from kiban.errors import InputError
from kiban.messages import Message
from kiban.operation.campaign import try_outages
from kiban.operation.events import GRID, Event
from kiban.operation.operation import Operation
from kiban.planning.plan import Plan
from kiban.planning.preparation import prepare


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(SMALL)


@pytest.fixture(scope="module")
def folder(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(kiban.save(plan, tmp_path_factory.mktemp("plans") / "small"))


@pytest.fixture(scope="module")
def operation(plan: Plan) -> Operation:
    return kiban.run(plan)


def invoke(*words: str) -> Any:
    return CliRunner().invoke(app, ["run", *words], env={"LC_ALL": "C"})


def test_a_log_has_a_line_for_every_tenth_of_counted_work(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("en") as tell:
        tell(Message("progress.inputs"))
        for done in range(7, 1_001, 7):
            tell(Message("progress.windows", done=done, of=1_000))
        tell(Message("progress.windows", done=1_000, of=1_000))
        for done in range(1, 5):
            tell(Message("progress.moving_alone", done=done, of=4))
        tell(Message("progress.flexibility"))
    said = capsys.readouterr().err.splitlines()
    counted = [int(line.split()[0].replace(",", "")) for line in said if "windows solved" in line]
    # The first multiple of 7 from each tenth on.
    assert counted == [-(-tenth * 100 // 7) * 7 for tenth in range(1, 10)] + [1_000]
    assert len(said) == 1 + 10 + 4 + 1


def test_the_contract_of_the_json(folder: str) -> None:
    result = invoke(folder, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert {"cost_myen", "perfect_foresight_cost_myen", "regret", "unserved_mwh", "clean_share"} <= set(found)
    assert {"flexibility", "windows", "sentence"} <= set(found)
    regret = found["regret"]
    assert set(regret) == {"total", "horizon", "forecast", "hour", "events"}
    assert regret["total"] == pytest.approx(sum(regret[part] for part in regret if part != "total"), abs=1e-12)
    shares = found["cost_myen"] / found["perfect_foresight_cost_myen"] - 1.0
    assert regret["total"] == pytest.approx(shares, abs=1e-9)
    assert found["cost_myen"] == pytest.approx(sum(found["costs"].values()), rel=1e-12)
    assert found["windows"]["count"] == 120
    assert found["cost_myen"] >= found["bound_myen"] - 1e-9
    assert {"offered_mw", "value_myen_per_year"} <= set(found["flexibility"])
    assert found["flexibility"]["value_myen_per_year"] >= 0.0
    assert found["sentence"].startswith("Operated in the hours of its plan with forecasts of a weather model's grade")


def test_the_report_answers_first_in_both_languages(folder: str) -> None:
    english, japanese = invoke(folder), invoke(folder, "--lang", "ja")
    assert english.exit_code == japanese.exit_code == 0
    assert "than with perfect foresight" in " ".join(english.stdout.split("\n\n")[0].split())
    assert "完全予見より" in japanese.stdout.split("\n\n")[0].replace("\n", "")
    assert "What foresight would have saved" in english.stdout


def test_an_operation_adds_up_and_balances(operation: Operation, plan: Plan) -> None:
    hourly, regret = operation.hourly, operation.regret
    supplied = hourly["available_mw"] - hourly["curtailment_mw"] + hourly["import_mw"] + hourly["backup_mw"]
    supplied = supplied + hourly["discharge_mw"] - hourly["charge_mw"]
    assert np.abs(supplied - hourly["load_mw"]).max() < 1e-9
    lost = operation.cost_myen - operation.perfect_foresight_cost_myen
    assert regret.total_myen == pytest.approx(lost, abs=1e-9)
    assert regret.horizon_myen >= -1e-6
    assert operation.bound_myen <= operation.perfect_foresight_cost_myen + 1e-9
    assert str(operation.sentence).endswith("nothing went unserved.")
    assert operation.plan is plan
    energy = float(hourly["grid_price_myen_per_mwh"] @ hourly["import_mw"])
    assert operation.costs["energy"] == pytest.approx(energy)
    share = 1.0 - (0.8 * hourly["import_mw"].sum() + hourly["backup_mw"].sum()) / hourly["load_mw"].sum()
    assert operation.clean_share == pytest.approx(share)


def test_perfect_forecasts_have_the_regret_of_the_horizon_alone(plan: Plan) -> None:
    operation = kiban.run(plan, forecast="perfect")
    assert operation.regret.forecast_myen == operation.regret.hour_myen == operation.regret.events_myen == 0.0


def test_an_hour_that_is_solved_again_has_no_regret_of_the_hour(plan: Plan, operation: Operation) -> None:
    measured = kiban.run(plan, hour="measured")
    assert measured.regret.hour_myen == 0.0
    assert measured.regret.forecast_myen == pytest.approx(operation.regret.forecast_myen, abs=1e-9)


def test_events_are_a_part_of_the_regret(plan: Plan, operation: Operation) -> None:
    """Five hours without the grid in the night: the parts before stay as they are, and the events' part adds."""
    hit = kiban.run(plan, events=(Event(GRID, 48, 53),))
    assert hit.hourly["import_mw"][48:53].max() == 0.0
    assert hit.regret.events_myen != 0.0
    for part in ("horizon_myen", "forecast_myen", "hour_myen"):
        assert getattr(hit.regret, part) == pytest.approx(getattr(operation.regret, part), abs=1e-9)
    lost = hit.cost_myen - hit.perfect_foresight_cost_myen
    assert hit.regret.total_myen == pytest.approx(lost, abs=1e-9)


def test_the_same_question_has_the_same_answer(plan: Plan, operation: Operation) -> None:
    again = kiban.run(plan)
    for name, column in operation.hourly.items():
        assert column.tobytes() == again.hourly[name].tobytes(), name


def test_an_operation_is_saved_once(folder: str, tmp_path: Path) -> None:
    out = str(tmp_path / "ran")
    first = invoke(folder, "--out", out)
    assert first.exit_code == 0
    summary = json.loads((tmp_path / "ran" / "summary.json").read_text(encoding="utf-8"))
    assert summary["format"] == "kiban operation"
    hours = pd.read_parquet(tmp_path / "ran" / "hourly.parquet")
    assert len(hours) == 120
    assert {"time", "import_mw", "state_of_charge_mwh", "unserved_mw"} <= set(hours.columns)
    second = invoke(folder, "--out", out)
    assert second.exit_code == 2
    assert second.stderr.startswith("error: ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--forecast", "crystal ball"), "'crystal ball'"),
        (("--from", "2001-01-02"), "--from"),
        (("--from", "2001-01-03", "--to", "2001-01-02"), "before they begin"),
        (("--from", "2031-01-01", "--to", "2031-01-05"), "are not all in the weather"),
        (("--weather", "no-such-file.csv", "--wind-height", "10"), "no-such-file.csv"),
        (("--weather", "no-such-file.epw"), "no-such-file.epw"),
        (("--prices", "no-such-prices.csv"), "no-such-prices.csv"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(folder: str, words: tuple[str, ...], said: str) -> None:
    result = invoke(folder, *words)
    assert result.exit_code == 2, result.output
    problems = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(problems) == 1
    assert said in problems[0]
    assert "Traceback" not in result.output


def test_a_national_study_and_a_plan_without_design_are_refused(tmp_path: Path) -> None:
    national = invoke("japan", "--horizon", "24")
    assert national.exit_code == 2
    assert "national study" in national.stderr
    impossible, text = tmp_path / "dark.toml", SMALL.read_text(encoding="utf-8")
    for most in ("60", "40", "8"):
        text = text.replace(f"max_mw = {most}\n", "max_mw = 1\n")
    impossible.write_text(f'{text}\n[backup]\ntechnology = "none"\n', encoding="utf-8")
    assert invoke(str(impossible)).exit_code == 4
    with pytest.raises(InputError):
        kiban.run(impossible)


def test_a_plan_with_what_operation_does_not_know_is_refused(tmp_path: Path) -> None:
    partly = tmp_path / "partly.toml"
    text = '[[tranche]]\nname = "batch"\nit_load_mw = 1\nprice_myen_per_mwh = 1\ncommitted = "day"\n'
    partly.write_text(f"{SMALL.read_text(encoding='utf-8')}{text}reliability = 0.9\n", encoding="utf-8")
    with pytest.raises(InputError, match="tranche"):
        kiban.run(partly)


def test_hours_of_the_backup_that_are_limited_have_a_price(tmp_path: Path) -> None:
    """The plan may run its backup two hours; an operation under forecasts pays their worth for each MWh."""
    few = tmp_path / "few.toml"
    text = SMALL.read_text(encoding="utf-8").replace("max_mw = 8\n", "max_mw = 6\n")
    few.write_text(text + "[backup]\npermitted_hours_per_year = 60\n", encoding="utf-8")
    plan = kiban.build(few)
    assert isinstance(plan, Plan)
    (worth,) = (one.saving_myen for one in plan.worths if one.name == "backup_hours")
    assert worth > 0.0
    operation = kiban.run(plan)
    price = operation.valuation["backup_hours_myen_per_mwh"]
    assert price == pytest.approx(worth / plan.capacities["backup_mw"])
    assert operation.costs["backup_hours"] == pytest.approx(price * operation.hourly["backup_mw"].sum())


def test_a_plan_with_everything_is_operated() -> None:
    """Two stores, one of own supply and one that fades; cold; a plant that ramps; feed-in."""
    plan = plan_of(WIDE)
    operation = kiban.run(plan, forecast="perfect", horizon_hours=48)
    hourly = operation.hourly
    assert operation.total_unserved_mwh == pytest.approx(0.0, abs=1e-6)
    assert 0.0 <= operation.regret.total_myen <= 0.1 * operation.perfect_foresight_cost_myen
    assert sum(operation.costs.values()) == pytest.approx(operation.cost_myen)
    assert operation.costs["sales"] == pytest.approx(-0.008 * hourly["export_mw"].sum())
    assert operation.costs["wear"] == pytest.approx(0.001 * hourly["discharge_mw"].sum())
    # The battery holds the mean over its life; the plan has the same.
    assert hourly["state_of_charge_mwh"].max() <= plan.hourly["state_of_charge_mwh"].max() + 1e-6
    filling, spared = hourly["cooling_storage_filling_power_mw"], hourly["cooling_storage_spared_power_mw"]
    resources = prepare(plan.scenario).resources_for(plan.cooling_system)
    cold = resources.cooling_storage
    assert cold is not None
    chillers = cold.power * cold.heat_share * hourly["it_load_mw"]
    assert spared.max() > 0.1
    assert (spared <= chillers + 1e-9).all()
    assert (chillers + filling - spared <= cold.chiller_mw_per_mw * plan.capacities["it_mw"] + 1e-9).all()
    assert (hourly["storage_flow_charge_mw"] <= hourly["available_mw"] + hourly["geothermal_mw"] + 1e-9).all()
    change = np.abs(np.diff(hourly["geothermal_mw"]))
    assert change.max() <= 0.2 * plan.capacities["geothermal_mw"] + 1e-9
    # What the plan does with the same hours, at the operation's prices, costs no less than foresight.
    again = kiban.run(plan, forecast="perfect", horizon_hours=120)
    assert again.regret_share(again.regret.total_myen) == pytest.approx(0.0, abs=0.02)


def test_every_unit_of_a_plan_with_everything_can_be_lost() -> None:
    plan = plan_of(WIDE)
    outcomes = try_outages(plan, trials=2, hours=3.0).outcomes
    units = {"grid", "backup", "battery", "storage_flow", "cooling_storage", "pv", "wind_onshore", "geothermal"}
    assert {one.unit for one in outcomes} == units
