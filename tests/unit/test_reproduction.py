"""A saved plan is built again to the same bytes, and what differs is named with its cause."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path

import pytest
from tests.remedies import Ground

from kiban.planning.building import build
from kiban.planning.making import Making
from kiban.report.plan.folder import load_plan, save_plan
from kiban.report.plan.reproduction import Reproduction, compare_plans, reproduction_text
from kiban.scenario import read_scenario

SCENARIO = """
name = "With a file"
seed = 7
[site]
id = "tomakomai"
[time]
hours = 48
[load]
it_load_mw = 20
[cooling]
system = "immersion"
pue = { file = "data/pue.csv", column = "pue" }
"""


@cache
def _built(folder: Path) -> Path:
    (folder / "data").mkdir()
    (folder / "data/pue.csv").write_text("pue\n" + "\n".join(f"{1.1 + hour % 24 / 100:.2f}" for hour in range(48)))
    (folder / "mine.toml").write_text(SCENARIO)
    return save_plan(build(read_scenario(folder / "mine.toml")), folder / "plan")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _built(tmp_path_factory.mktemp("reproduction"))


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A copy of the plan and its file."""
    shutil.copytree(original.parent, tmp_path / "copy")
    return tmp_path / "copy/plan"


def reproduce(folder: Path) -> Reproduction:
    saved = load_plan(folder)
    return compare_plans(folder, saved, build(saved.scenario))


def test_a_plan_with_a_file_comes_out_the_same_elsewhere(folder: Path) -> None:
    found = reproduce(folder)
    assert found.is_same, found
    assert not found.causes
    assert found.files == sum(file.is_file() for file in folder.rglob("*"))
    assert "the same to the last byte" in reproduction_text(found, "en")


def test_what_made_it_has_the_seed_of_its_scenario(folder: Path) -> None:
    made = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))["made"]
    assert made["seed"] == load_plan(folder).scenario.seed == 7


def test_one_byte_is_named(folder: Path) -> None:
    file = folder / "tables/costs.csv"
    file.write_bytes(file.read_bytes() + b"\n")
    found = reproduce(folder)
    assert found.differing == ("tables/costs.csv",)
    assert not found.causes
    assert "a file was changed after the plan was saved" in reproduction_text(found, "en")


def test_a_file_that_is_gone_is_named(folder: Path) -> None:
    (folder / "plan.xlsx").unlink()
    assert reproduce(folder).differing == ("plan.xlsx",)


def test_what_was_made_of_nothing_is_another_making(folder: Path) -> None:
    file = folder / "provenance.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    told["made"] |= {"libraries": "numpy", "files": ["x"]}
    file.write_text(json.dumps(told), encoding="utf-8")
    found = reproduce(folder)
    assert "numpy" in found.causes and "../data/pue.csv" in found.causes


def test_another_input_is_the_cause(folder: Path) -> None:
    file = folder.parent / "data/pue.csv"
    file.write_text(file.read_text().replace("1.10", "1.30"))
    found = reproduce(folder)
    assert {"summary.json", "hourly.parquet"} <= set(found.differing)
    assert list(found.causes) == ["../data/pue.csv"]
    assert found.costs_myen[1] > found.costs_myen[0]


def test_another_kiban_with_the_same_result_reproduces_it_and_is_named(folder: Path) -> None:
    file = folder / "provenance.json"
    provenance = json.loads(file.read_text(encoding="utf-8"))
    provenance["made"]["edition"] = "another"
    provenance["made"]["libraries"]["numpy"] = "1.0"
    file.write_text(json.dumps(provenance, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    found = reproduce(folder)
    assert found.is_same, found.differing
    assert list(found.causes) == ["edition", "numpy"]
    assert "numpy: 1.0 there" in reproduction_text(found, "en")


def test_a_plan_of_before_there_was_a_making_is_compared(folder: Path) -> None:
    file = folder / "provenance.json"
    provenance = json.loads(file.read_text(encoding="utf-8"))
    del provenance["made"]
    file.write_text(json.dumps(provenance, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    found = reproduce(folder)
    assert found.differing == ("provenance.json",)
    assert found.causes["edition"][0] == "None"


def test_what_is_compared_is_all_that_made_it() -> None:
    one = Making("c", "1", "e", "3.11", "none", 1, {"numpy": "1"}, {"a": "x"})
    assert not one.differences(
        {"edition": "e", "python": "3.11", "processor_level": "none", "seed": 1} | _rest("1", "x")
    )
    told = {"edition": "f", "python": "3.12", "processor_level": "v2", "seed": 2} | _rest("2", "y")
    assert list(one.differences(told)) == ["edition", "python", "processor_level", "seed", "numpy", "a"]


def _rest(numpy: str, file: str) -> dict[str, dict[str, str]]:
    return {"libraries": {"numpy": numpy}, "files": {"a": file}}


def test_the_command(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ground = Ground(tmp_path, monkeypatch)
    answer = ground.command("reproduce", folder, "--lang", "ja")
    assert answer.exit_code == 0, answer.output
    assert "再現されました" in answer.stdout
    (folder / "summary.json").write_bytes((folder / "summary.json").read_bytes() + b" ")
    assert ground.command("reproduce", folder).exit_code == 3
