from __future__ import annotations

import csv
import io
import json
import os
import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

import kiban.report.plan.folder as folder_module
from kiban.errors import OutputError
from kiban.messages import Message
from kiban.planning.plan import Plan
from kiban.report.plan.folder import check_folder, load_plan, save_plan
from kiban.report.plan.record import restore, summarise, to_json
from kiban.scenario import parse_scenario
from kiban.weather.table import read_table as read_any_table

PARTS = {
    "scenario.toml",
    "summary.json",
    "hourly.parquet",
    "tables",
    "plan.xlsx",
    "provenance.json",
    "ro-crate-metadata.json",
}


def umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def saved_again(plan: Plan, folder: Path) -> Plan:
    """What comes back."""
    return load_plan(save_plan(plan, folder))


def read_table(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / "tables" / f"{name}.csv").read_text(encoding="utf-8-sig"))))


def test_tables_open_right_in_japanese_excel_and_are_read_back(plan: Plan, tmp_path: Path) -> None:
    folder = save_plan(plan, tmp_path / "out") / "tables"
    files = sorted(folder.glob("*.csv"))
    assert len(files) > 3
    for file in files:
        # Without the mark Excel takes the bytes for Shift_JIS.
        assert file.read_bytes()[:3] == b"\xef\xbb\xbf"
        table = read_any_table(file)
        header = file.read_text(encoding="utf-8-sig").splitlines()[0].split(",")
        assert table.header[0] == header[0]
    assert "太陽光" in (folder / "capacities.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize("kind", ["plan", "infeasible_plan"])
def test_a_plan_comes_back_equal(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    plan = request.getfixturevalue(kind)
    assert saved_again(plan, tmp_path / "out") == plan


def test_floats_come_back_to_the_last_bit(plan: Plan, tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    hard = random.uniform(size=plan.time.size) * 10.0 ** random.integers(-300, 300, plan.time.size)
    exact = replace(
        plan,
        hourly={"price": hard, "zero": np.zeros(plan.time.size)},
        costs={"a": 0.1 + 0.2, "b": 5e-324, "c": -1 / 3e9},
    )
    loaded = saved_again(exact, tmp_path / "out")
    assert loaded.hourly["price"].tobytes() == hard.tobytes()
    assert loaded.costs == exact.costs
    assert loaded.hourly["price"].flags.writeable


@pytest.mark.parametrize("zone", ["UTC+05:30", "UTC-05:00", "UTC", "UTC+14:00", "UTC-09:30"])
@pytest.mark.parametrize("unit", ["ns", "us", "ms"])
def test_time_comes_back_with_its_zone(plan: Plan, tmp_path: Path, zone: str, unit: str) -> None:
    time = pd.date_range("2020-02-28 22:00", periods=plan.time.size, freq="30min", tz=zone).as_unit(unit)
    loaded = saved_again(replace(plan, time=time), tmp_path / "out")
    assert (loaded.time == time).all()
    assert str(loaded.time[0]) == str(time[0])
    assert loaded.time.unit == unit


def test_a_folder_holds_all_parts_and_nothing_else(plan: Plan, tmp_path: Path) -> None:
    folder = save_plan(plan, tmp_path / "deep" / "er" / "out")
    assert {path.name for path in folder.iterdir()} == PARTS
    assert [path.name for path in folder.parent.iterdir()] == ["out"]
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]
    assert folder.stat().st_mode & 0o777 == 0o777 & ~umask()


def test_the_same_plan_gives_the_same_bytes(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = save_plan(plan, tmp_path / "one")
    monkeypatch.setattr("zipfile.time.localtime", lambda *_: (2031, 5, 6, 7, 8, 9, 0, 0, 0), raising=False)
    second = save_plan(plan, tmp_path / "two")
    names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert len(names) == 13
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    with zipfile.ZipFile(first / "plan.xlsx") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert str(pd.Timestamp.now().year).encode() not in archive.read("docProps/core.xml")


def test_scenario_names_its_files_from_the_folder(plan: Plan, tmp_path: Path) -> None:
    series = {"file": "load.csv", "column": "mw"}
    raw = {"name": "x", "site": {"id": "inzai"}, "load": {"it_load_mw": series}}
    (tmp_path / "study").mkdir()
    scenario = parse_scenario(raw).placed_in(tmp_path / "study")
    folder = save_plan(replace(plan, scenario=scenario), tmp_path / "plans" / "a")
    written = tomllib.loads((folder / "scenario.toml").read_text(encoding="utf-8"))
    assert written["load"]["it_load_mw"]["file"] == "../../study/load.csv"
    assert load_plan(folder).scenario.folder == folder


def test_summary_has_what_the_command_line_promises(plan: Plan, tmp_path: Path) -> None:
    folder = save_plan(plan, tmp_path / "out")
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["status"] == "optimal"
    assert {"primal", "dual", "relative_gap"} <= set(summary["certificate"])
    assert summary["worths"]["interconnection_limit"] == {
        "name": "interconnection_limit", "key": "grid.max_mw", "saving_myen": 12.345, "unit": "MW", "limit": 35.83,
    }  # fmt: skip
    assert [entry["status"] for entry in summary["assumptions"]] == ["assumed"] * 7
    assert "hourly" not in summary


def test_a_summary_of_version_2_is_read(plan: Plan) -> None:
    summary = dict(summarise(plan)) | {"version": 2}
    worths = summary.pop("worths")
    summary["duals"] = {key: {name: x for name, x in worth.items() if name != "name"} for key, worth in worths.items()}
    assert restore(summary, plan.scenario, plan.time, plan.hourly).worths == plan.worths != ()


def test_a_summary_of_another_make_is_refused(plan: Plan) -> None:
    summary = summarise(plan) | {"version": 99}
    with pytest.raises(ValueError, match="version 99"):
        restore(summary, plan.scenario, plan.time, plan.hourly)


def test_json_holds_no_nan() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        to_json({"x": float("nan")})


def test_hours_are_readable_by_anyone(plan: Plan, tmp_path: Path) -> None:
    table = pq.read_table(save_plan(plan, tmp_path / "out") / "hourly.parquet")
    assert table.column_names == ["time", *plan.hourly]
    assert table.schema.field("time").type.tz == "+09:00"
    assert all(table.schema.field(name).type == pa.float64() for name in plan.hourly)
    assert table.schema.metadata is None


def test_tables_have_units_and_words(plan: Plan, tmp_path: Path) -> None:
    folder = save_plan(plan, tmp_path / "out")
    for path in sorted((folder / "tables").glob("*.csv")):
        text = path.read_bytes()
        assert b"\r" not in text
        rows = list(csv.DictReader(io.StringIO(text.decode("utf-8"))))
        assert rows
        for row in rows:
            assert None not in row.values()
    costs = read_table(folder, "costs")
    assert sum(float(row["cost"]) for row in costs) == pytest.approx(plan.cost_myen_per_year)
    assert {row["unit"] for row in costs} == {"million yen/year"}
    assumptions = read_table(folder, "assumptions")
    assert assumptions[0]["name"] == "finance.discount_rate"
    assert "Planning assumption without a document" in assumptions[0]["source_title"]
    capacities = read_table(folder, "capacities")
    assert capacities[1]["capacity"] == "2.1e-09"


def test_provenance_names_sources_in_full(plan: Plan, tmp_path: Path) -> None:
    text = (save_plan(plan, tmp_path / "out") / "provenance.json").read_text(encoding="utf-8")
    provenance = json.loads(text)
    assert [entry["name"] for entry in provenance["inputs"]] == [entry.name for entry in plan.provenance]
    assert provenance["sources"]["invest-hokkaido"]["publisher"] == "Invest All Hokkaido"
    named = {key for entry in provenance["inputs"] for key in entry["sources"]}
    assert named == set(provenance["sources"])


def test_the_workbook(plan: Plan, tmp_path: Path) -> None:
    book = load_workbook(save_plan(plan, tmp_path / "out") / "plan.xlsx")
    assert book.sheetnames == ["Summary", "Design", "Costs", "Constraints", "Assumptions", "Provenance", "Hourly"]
    summary = [str(row[0].value) for row in book["Summary"].iter_rows()]
    assert any(text.startswith("100 MW of AI load at Tomakomai East") for text in summary)
    assert any(text.startswith("苫小牧東部のAI負荷") for text in summary)
    design = book["Design"]
    assert design.freeze_panes == "B2"
    headings = [cell.value for cell in design[1]]
    assert "Energy [MWh/year]\n電力量" in headings
    assert design.column_dimensions["B"].width > 15
    hourly = book["Hourly"]
    assert hourly.max_row == plan.time.size + 1
    assert [cell.value for cell in hourly[1]][:3] == ["Time\n時刻", "it load [MW]", "load [MW]"]
    assert hourly["A3"].value == pd.Timestamp("2001-01-01 01:00").to_pydatetime()
    assert hourly["B5"].value == pytest.approx(plan.hourly["it_load_mw"][3], rel=1e-5)
    assert hourly["B5"].number_format == "#,##0.000"
    share = next(row for row in book["Summary"].iter_rows() if row[0].value == "clean_share")
    assert share[3].number_format == "0.0%"


def test_the_workbook_of_an_explanation(infeasible_plan: Plan, tmp_path: Path) -> None:
    book = load_workbook(save_plan(infeasible_plan, tmp_path / "out") / "plan.xlsx")
    texts = [str(row[0].value) for row in book["Summary"].iter_rows()]
    assert any("grid.max_mw = 61.3" in text for text in texts)
    assert book["Hourly"].max_row == 1


def test_text_from_a_scenario_is_never_a_formula(plan: Plan, tmp_path: Path) -> None:
    scenario = parse_scenario({"name": "=1+1\x07", "site": {"id": "inzai", "name": "=cmd()"}})
    notes = (Message("note.as_written", text="=HYPERLINK(1)"),)
    book = load_workbook(save_plan(replace(plan, scenario=scenario, notes=notes), tmp_path / "out") / "plan.xlsx")
    cells = [cell for row in book["Summary"].iter_rows() for cell in row if cell.value is not None]
    assert any(cell.value == "=1+1 " for cell in cells)
    assert all(cell.data_type != "f" for cell in cells)


def test_an_empty_folder_is_filled(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert load_plan(save_plan(plan, tmp_path / "out")).status == "optimal"


def test_another_plan_is_kept_and_a_free_name_suggested(plan: Plan, tmp_path: Path) -> None:
    folder = save_plan(plan, tmp_path / "out")
    (tmp_path / "out-2").mkdir()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(OutputError, match=r"out holds another plan, which is kept; .* for example .*out-3\.$"):
        save_plan(plan, folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    with pytest.raises(OutputError, match="out-3"):
        check_folder(tmp_path / "out")
    save_plan(plan, tmp_path / "out-3")
    with pytest.raises(OutputError, match="out-4"):
        check_folder(tmp_path / "out-3")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("file", "is a file, and a plan needs a folder"),
        ("full", "is a folder that is not empty"),
        ("file/below", "cannot be made, because .*file is a file"),
        (".", "is a folder that is not empty"),
    ],
)
def test_a_place_that_is_taken(plan: Plan, tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    for refuse in (check_folder, lambda folder: save_plan(plan, folder)):
        with pytest.raises(OutputError, match=words) as caught:
            refuse(tmp_path / name)
        assert len(caught.value.problems) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_parent_that_may_not_be_written(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="allows no new entries; give a folder that you may write to"):
        save_plan(plan, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt(), RuntimeError("bug")])
def test_nothing_is_left_half_written(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    def fail(_: Plan) -> bytes:
        raise fault

    monkeypatch.setattr(folder_module, "workbook_bytes", fail)
    expected: type[BaseException] = OutputError if isinstance(fault, OSError) else type(fault)
    with pytest.raises(expected) as caught:
        save_plan(plan, tmp_path / "deep" / "out")
    if expected is OutputError:
        assert "cannot be written: no space left on device" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("none", "does not exist; give the folder of a saved plan"),
        ("empty", "is no saved plan: it has no summary.json"),
        ("file", "is no saved plan"),
        ("half a summary", "is damaged: summary.json cannot be used"),
        ("summary of something else", "is damaged: summary.json cannot be used"),
        ("half the hours", "is damaged: hourly.parquet cannot be used"),
        ("no hours", "is damaged: hourly.parquet no such file"),
        ("no scenario", "is damaged: scenario.toml does not exist"),
        ("scenario changed", "is damaged: scenario.toml is not a known key"),
        ("hours without zone", "is damaged: hourly.parquet cannot be used .*time zone"),
    ],
)
def test_a_folder_that_is_no_plan_or_not_all_of_one(plan: Plan, tmp_path: Path, harm: str, words: str) -> None:
    folder = tmp_path / "out"
    if harm == "empty":
        folder.mkdir()
    elif harm == "file":
        folder.write_text("x")
    elif harm != "none":
        save_plan(plan, folder)
        _harm(folder, harm)
    with pytest.raises(OutputError, match=rf"(?i)^{folder} {words}"):
        load_plan(folder)


def _harm(folder: Path, harm: str) -> None:
    summary, hours, scenario = folder / "summary.json", folder / "hourly.parquet", folder / "scenario.toml"
    if harm == "half a summary":
        summary.write_bytes(summary.read_bytes()[:1000])
    elif harm == "summary of something else":
        summary.write_text("[1, 2]")
    elif harm == "half the hours":
        hours.write_bytes(hours.read_bytes()[:3000])
    elif harm == "no hours":
        hours.unlink()
    elif harm == "no scenario":
        scenario.unlink()
    elif harm == "scenario changed":
        scenario.write_text(scenario.read_text() + "\n[targets]\n")
    elif harm == "hours without zone":
        pq.write_table(pa.table({"time": pa.array([0], pa.timestamp("s"))}), hours)
