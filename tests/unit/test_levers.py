"""An engineer's levers: worths by hand, by the plan's own prices, and signs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.cases.operated import SMALL, WIDE, plan_of
from typer.testing import CliRunner

import kiban
from kiban.cli import app
from kiban.errors import EXIT_INFEASIBLE, InputError
from kiban.operation.levers import PUE_STEP, SHARE_STEP, Lever, weigh_levers
from kiban.planning.plan import Plan

HOURS_PER_YEAR = 8760.0


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(SMALL)


@pytest.fixture(scope="module")
def levers(plan: Plan) -> dict[str, Lever]:
    return {lever.name: lever for lever in weigh_levers(plan)}


def test_a_lever_with_a_price_has_the_price_of_the_plan(plan: Plan, levers: dict[str, Lever]) -> None:
    worths = {worth.name: worth.saving_myen for worth in plan.worths}
    assert levers["delay"].saving_myen_per_year == worths["delay"]
    assert levers["delay"].found_by == "price"
    assert "supply_temperature" not in levers  # PUE is given, the cooling is not modelled


def test_pue_and_energy_are_worth_what_the_prices_of_the_hours_say(plan: Plan, levers: dict[str, Lever]) -> None:
    """A small change saves its energy at the price of each hour; the target counts a part of the load less."""
    hourly, weight = plan.hourly, HOURS_PER_YEAR / 120
    (point,) = (worth.saving_myen for worth in plan.worths if worth.name == "clean_share")
    load = plan.indicators["load_mwh_per_year"]
    # One MWh less of load takes with it the share of unclean energy that it allowed.
    price = hourly["energy_value_myen_per_mwh"] - (1.0 - 0.7) * point / (0.01 * load)
    it, value = hourly["it_load_mw"], price * weight
    # Backup must carry the firm load: less of it is built.
    backup = next(worth.saving_myen for worth in plan.worths if worth.name == "adequacy")
    critical = float((hourly["pue"] * hourly["firm_mw"]).max())
    by_pue = PUE_STEP * float(value @ it) + PUE_STEP / 1.2 * critical * backup / (0.01 * critical)
    assert levers["pue"].saving_myen_per_year == pytest.approx(by_pue, rel=0.03)
    by_energy = SHARE_STEP * 1.2 * float(value @ it) + SHARE_STEP * critical * backup / (0.01 * critical)
    assert levers["compute_energy"].saving_myen_per_year == pytest.approx(by_energy, rel=0.05)


def test_more_freedom_and_better_plant_save_and_are_sorted(levers: dict[str, Lever]) -> None:
    for name in ("pue", "compute_energy", "deferrable_share", "delay", "round_trip", "wear"):
        assert levers[name].saving_myen_per_year > 0.0, name
    values = [lever.saving_myen_per_year for lever in levers.values()]
    assert values == sorted(values, reverse=True)
    assert {"forecast_error", "window"} <= set(levers)


def test_wear_is_worth_the_energy_through_the_battery(plan: Plan, levers: dict[str, Lever]) -> None:
    """A thousand yen a MWh discharged; less, since the battery would be used less."""
    used = 1e-3 * float(plan.hourly["discharge_mw"].sum()) * HOURS_PER_YEAR / 120
    assert 0.5 * used < levers["wear"].saving_myen_per_year <= used * (1.0 + 1e-6)


def test_a_plant_with_everything_has_levers() -> None:
    found = weigh_levers(kiban.build(WIDE))  # type: ignore[arg-type]
    assert {"pue", "compute_energy", "round_trip", "forecast_error"} <= {lever.name for lever in found}
    assert np.isfinite([lever.saving_myen_per_year for lever in found]).all()


def test_a_plan_without_a_design_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "dark.toml"
    text = SMALL.read_text(encoding="utf-8")
    for most in ("60", "40"):
        text = text.replace(f"max_mw = {most}", "max_mw = 1")
    file.write_text(text, encoding="utf-8")
    plan = kiban.build(file)
    assert isinstance(plan, Plan)
    assert plan.status == "infeasible"
    with pytest.raises(InputError):
        weigh_levers(plan)
    assert CliRunner().invoke(app, ["levers", str(file)]).exit_code == EXIT_INFEASIBLE


def test_the_command_prints_what_python_returns(levers: dict[str, Lever]) -> None:
    answer = CliRunner().invoke(app, ["levers", str(SMALL), "--json"])
    assert answer.exit_code == 0
    document = json.loads(answer.stdout)
    assert [one["name"] for one in document["levers"]] == list(levers)
    assert document["levers"][0]["saving_myen_per_year"] == pytest.approx(
        next(iter(levers.values())).saving_myen_per_year
    )
    said = CliRunner().invoke(app, ["levers", str(SMALL), "--lang", "ja"])
    assert "PUEを0.01下げる" in said.stdout
