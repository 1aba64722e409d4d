"""The facade with national studies: the same names as for one site, the same answer as the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import kiban
from kiban.cli import app
from kiban.errors import OutputError, ScenarioError
from kiban.report.national.document import national_document

STUDY = """[national]
name = "two sites"
sites = ["inzai", "tomakomai"]
hours = 48
first_hour = 2400

[[tranche]]
id = "training"
it_load_mw = 100.0

[cooling]
system = "direct_liquid"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "two.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path / "two.toml"


def test_a_study_is_read_checked_and_built_by_the_same_names(file: Path) -> None:
    study = kiban.read(file)
    assert isinstance(study, kiban.NationalScenario)
    assert isinstance(kiban.read("japan"), kiban.NationalScenario)
    assert isinstance(kiban.read("tomakomai"), kiban.Scenario)
    assert [place.candidate.id for place in kiban.check(study).places] == ["inzai", "tomakomai"]
    messages: list[str] = []
    plan = kiban.build(study, report=messages.append)
    assert isinstance(plan, kiban.NationalPlan)
    assert str(messages[0]) == "reading sites"


def test_the_facade_answers_as_the_command_does(file: Path) -> None:
    done = CliRunner().invoke(app, ["build", str(file), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == json.loads(json.dumps(national_document(kiban.build(str(file)))))


def test_a_national_plan_is_saved_and_its_folder_is_no_plan_of_one_site(file: Path, tmp_path: Path) -> None:
    folder = kiban.save(kiban.build(file), tmp_path / "out")
    assert (folder / "summary.json").is_file()
    with pytest.raises(OutputError):
        kiban.load(folder)


def test_a_fault_in_a_study_is_told_by_read_and_build_alike(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(STUDY.replace("inzai", "inzay"), encoding="utf-8")
    for ask in (kiban.read, kiban.build, kiban.check):
        with pytest.raises(ScenarioError, match="did you mean 'inzai'"):
            ask(tmp_path / "bad.toml")


def test_the_schema_of_national_studies_names_every_key() -> None:
    done = CliRunner().invoke(app, ["schema", "--national"])
    schema = json.loads(done.stdout)
    assert set(schema["properties"]) == set(kiban.NationalScenario.model_fields)
    assert schema["$defs"]["National"]["properties"]["gap"]["description"]
    plain = json.loads(CliRunner().invoke(app, ["schema"]).stdout)
    assert "national" not in plain["properties"]
