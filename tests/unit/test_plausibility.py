"""Slips of a thousand: what is noted, what is refused, and that every price, cost, load and size has a range.

The values of the first tests are those of case 17: 15 yen/kWh written as 15 million yen per MWh, and kW written as MW.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

import kiban
from kiban.catalogue import load_catalogue
from kiban.catalogue.plausible import plausible_figure, plausible_range
from kiban.catalogue.tables import read_table
from kiban.cli import app
from kiban.errors import InputError
from kiban.scenario import KNOWN_SUPPLY, Scenario, parse_scenario
from kiban.scenario.examples import example_names, load_scenario
from kiban.scenario.national import NationalScenario
from kiban.scenario.national_file import parse_national
from kiban.scenario.plausibility import find_doubts

CASE = """
name = "Case 17"
[site]
latitude_deg = 43.0
longitude_deg = 141.5
area = "hokkaido"
utc_offset_hours = 9
[time]
hours = 24
[weather]
source = "none"
[load]
it_load_mw = {load}
firm_shape = "flat"
deferrable_share = 0.0
it_annual_cost_myen_per_mw = 100
chip = "none"
[cooling]
pue = 1.0
[battery]
enabled = false
[backup]
technology = "none"
critical_share = 0
[grid]
price_myen_per_mwh = {price}
energy_charge_myen_per_mwh = 0.003
annual_cost_myen_per_mw = 1
clean_share = 0.3
emission_factor_t_per_mwh = 0.5
"""


COMMANDS = [["build"], ["check"], ["frontier"], ["pay"], ["sweep"], ["report"], ["compare", "--scenario"]]


def write(folder: Path, load: object = 20, price: object = 0.015, top: str = "") -> Path:
    path = folder / "case.toml"
    path.write_text(top + CASE.format(load=load, price=price))
    return path


def doubts(**sections: Any) -> dict[str, bool]:
    scenario = parse_scenario({"name": "x", "site": {"id": "tomakomai"}, **sections})
    return {doubt.key: doubt.is_refused for doubt in find_doubts(scenario)}


def test_a_load_in_kilowatts_is_noted(tmp_path: Path) -> None:
    plan = kiban.build(write(tmp_path, load=100000))
    said = "load.it_load_mw is 100000, outside of what is plausible (0.1 to 10000): check the unit"
    assert said in [str(note) for note in plan.notes]


def test_a_price_of_yen_a_kwh_is_refused_and_the_remedy_works(tmp_path: Path) -> None:
    path = write(tmp_path, price=15)
    with pytest.raises(InputError) as caught:
        kiban.build(path)
    assert [str(problem) for problem in caught.value.problems] == [
        "grid.price_myen_per_mwh is 15, far from what is plausible (0.001 to 0.1); "
        "check the unit, or take it all the same (--insist, or insist = true at the top of the scenario)."
    ]
    plan = kiban.build(path, insist=True)
    assert str(plan.notes[0]).startswith("grid.price_myen_per_mwh is 15, outside of what is plausible")
    assert plan.indicators["power_cost_myen_per_mwh"] > 15
    again = kiban.load(kiban.save(plan, tmp_path / "plan"))
    assert again.scenario.insist
    assert kiban.check(again.scenario).notes == plan.notes
    assert kiban.check(write(tmp_path, price=15, top="insist = true\n")).notes == plan.notes


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_reads_a_scenario_refuses_and_offers(command: list[str], tmp_path: Path) -> None:
    path = str(write(tmp_path, price=15))
    out = ["--out", str(tmp_path / "page.html")] if command == ["report"] else []
    done = CliRunner().invoke(app, [*command, path, *out])
    assert done.exit_code == 2
    assert "--insist" in done.output
    shown = CliRunner().invoke(app, [command[0], "--help"])
    assert "--insist" in re.sub(r"\x1b\[[0-9;]*m", "", shown.output)


def test_the_flag_works(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["build", str(write(tmp_path, price=15)), "--insist"])
    assert done.exit_code == 0
    assert "grid.price_myen_per_mwh is 15" in " ".join(done.output.split())
    done = CliRunner().invoke(app, ["check", str(write(tmp_path, price=15)), "--insist", "--lang", "ja"])
    assert done.exit_code == 0
    assert "ありそうな範囲" in done.output


def test_a_series_is_judged_by_its_mean(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("yen\n" + "".join(f"{10 + hour}\n" for hour in range(24)))
    path = write(tmp_path, price='{ file = "prices.csv", column = "yen" }')
    with pytest.raises(InputError, match=r"grid.price_myen_per_mwh has a mean of 21.5, far from what is plausible"):
        kiban.build(path)
    plan = kiban.build(path, insist=True)
    assert "grid.price_myen_per_mwh has a mean of 21.5" in str(plan.notes[0])
    right = write(tmp_path, price='{ file = "prices.csv", column = "yen", scale = 0.001 }')
    assert kiban.build(right).notes == ()


def test_just_outside_is_noted_and_a_hundred_times_refused_on_both_sides() -> None:
    assert doubts(load={"it_load_mw": 10000.0}) == {}
    assert doubts(load={"it_load_mw": 10001.0}) == {"load.it_load_mw": False}
    assert doubts(load={"it_load_mw": 999999.0}) == {"load.it_load_mw": False}
    assert doubts(load={"it_load_mw": 1000000.0}) == {"load.it_load_mw": True}
    assert doubts(load={"it_load_mw": 0.09}) == {"load.it_load_mw": False}
    assert doubts(load={"it_load_mw": 0.001}) == {"load.it_load_mw": True}
    assert doubts(load={"it_load_mw": 0.0}) == {}
    assert doubts(grid={"export_price_myen_per_mwh": -0.01}) == {}
    assert doubts(grid={"export_price_myen_per_mwh": -20}) == {"grid.export_price_myen_per_mwh": True}


def test_an_assumption_is_judged_by_the_catalogues_own_range() -> None:
    fact = load_catalogue().fact("pv.capex")
    assert doubts(assumptions={"pv.capex": fact.high}) == {}
    assert doubts(assumptions={"pv.capex": fact.high * 1.01}) == {"assumptions.pv.capex": False}
    assert doubts(assumptions={"pv.capex": fact.value * 1000}) == {"assumptions.pv.capex": True}
    assert doubts(assumptions={"pv.capex": fact.value / 1000}) == {"assumptions.pv.capex": True}
    assert doubts(assumptions={"pv.life": 99}) == {}


def test_numbered_tables_are_judged_one_by_one() -> None:
    tranches = [
        {"name": "a", "it_load_mw": 10.0, "price_myen_per_mwh": 0.3},
        {"name": "b", "it_load_mw": 10.0, "price_myen_per_mwh": 300.0},
    ]
    assert doubts(tranche=tranches) == {"tranche.1.price_myen_per_mwh": False}


def test_a_national_study_is_judged_too() -> None:
    study = {
        "national": {"name": "x", "sites": ["inzai"], "hours": 24},
        "tranche": [{"id": "a", "it_load_mw": 100.0}],
        "site": [{"id": "inzai", "max_mw": 300000.0}, {"id": "ishikari", "land_price_myen_per_m2": 30000.0}],
    }
    assert {doubt.key: doubt.is_refused for doubt in find_doubts(parse_national(study))} == {
        "site.0.max_mw": False,
        "site.1.land_price_myen_per_m2": True,
    }
    with pytest.raises(InputError, match=r"site.1.land_price_myen_per_m2 is 30000, far from"):
        kiban.check(parse_national(study))


@pytest.mark.parametrize("name", example_names())
def test_the_examples_are_plausible(name: str) -> None:
    assert find_doubts(load_scenario(name)) == ()


NO_AMOUNT = {
    r"(.*\.)?(latitude|longitude|tilt|azimuth)_deg": "an angle, bounded by the schema",
    r".*(_share|_class|share)": "a share or a class, bounded by the schema",
    r".*availability": "a share, bounded by the schema",
    r"grid.contract.ramp": "shares by year, bounded by the schema",
    r".*(elevation_m|utc_offset_hours|mean_speed_m_s|wind_height_m|snow_depth_maximum_cm)": "of the place",
    r".*(?<!_per)(?<!_per_mw)_years?|phases.years|.*hours(?<!gpu_hours)|.*(called|permitted)_hours_per_year": "a time",
    r".*_reserve_months|time.first_month|.*time_of_use.0.(months|from_hour|to_hour)": "a time",
    r"procurement.power_factor": "a ratio, bounded by the schema",
    r"target.budget_myen_per_year": "a sum that the user has, of any size",
    r".*(\.|^)(seed|draws|max_rounds|max_sites|(movable_)?gap|year|first_hour|last_year)": "a count, a gap or a label",
    r".*weather\..*": "weather, judged by its own physical limits",
    r"cooling\..*": "an efficiency or a temperature, bounded by the schema",
    r".*(_efficiency|probability_30y|discount_rate|tax_rate)": "a ratio, bounded by the schema",
    r".*(reliability|price_path|power_ratio)": "a ratio, bounded by the schema",
    r".*((self_discharge|loss)_per_hour|(degradation|escalation)_per_year)": "a share in a time, bounded",
    r".*(ramp_share_per_hour|fade_per_(year|cycle))": "a share in a time or by a cycle, bounded",
    r".*round_trip.*_ms": "a time of light",
    r"build_limit.0.years": "a time",
    r"build_limit.0.(available|(building|running)_per_mw)": "units of the user's own, of any size",
    r"assumptions\..*": "judged by the catalogue's own range of each figure",
}
"""Keys of numbers that are no price, cost, load or size, each with the reason."""


def number_keys(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield from keys_of_type(field.annotation, (*path, name))


def keys_of_type(annotation: Any, path: tuple[str, ...]) -> Iterator[str]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in (float, int):
        yield ".".join(path)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation.__name__ not in {"SeriesReference", "JepxPrices"}:
            yield from number_keys(annotation, path)
    elif origin is typing.Annotated:
        yield from keys_of_type(arguments[0], path)
    elif origin is dict:
        yield from keys_of_type(arguments[1], (*path, "any"))
    elif origin is tuple:
        inner = arguments[0]
        numbered = isinstance(inner, type) and issubclass(inner, BaseModel)
        yield from keys_of_type(inner, (*path, "0") if numbered else path)
    elif origin in (typing.Union, types.UnionType):
        for part in arguments:
            yield from keys_of_type(part, path)


@pytest.mark.parametrize("model", [Scenario, NationalScenario])
def test_every_number_of_a_scenario_has_a_plausible_range_or_a_reason(model: type[BaseModel]) -> None:
    keys = sorted(set(number_keys(model)))
    assert len(keys) > 80
    for key in keys:
        excused = [reason for pattern, reason in NO_AMOUNT.items() if re.fullmatch(pattern, key)]
        judged = plausible_range(key) is not None
        assert judged != bool(excused), f"{key}: give it a row in catalogue/tables/plausible.csv, or a reason here"


def test_every_row_serves_a_key() -> None:
    rows = [row["pattern"] for row in read_table("plausible")]
    assert len(set(rows)) == len(rows)
    named = {key.replace(".any.", f".{name}.") for name in ("any", *KNOWN_SUPPLY) for key in all_keys()}
    served = {next((row for row in rows if fnmatchcase(key, row)), "") for key in named}
    assert set(rows) <= served
    assert all(0 < float(row["lowest"]) < float(row["highest"]) for row in read_table("plausible"))


def all_keys() -> set[str]:
    return {*number_keys(Scenario), *number_keys(NationalScenario)}


def test_every_figure_of_the_catalogue_is_plausible_itself() -> None:
    judged = [fact for fact in load_catalogue().facts.values() if plausible_figure(fact) is not None]
    assert len(judged) > 300
    for fact in judged:
        found = plausible_figure(fact)
        assert found is not None
        assert found.lowest <= fact.value <= found.highest, fact.id
