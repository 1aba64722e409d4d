from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

import kiban
import kiban.planning.building
from kiban.catalogue import load_catalogue
from kiban.cli import app, choose_language
from kiban.errors import SolverError
from kiban.messages import Message
from kiban.planning.plan import Plan
from kiban.progress import Report
from kiban.report.plan.folder import load_plan
from kiban.report.starter import starter_text
from kiban.scenario import Scenario, parse_scenario, read_scenario
from kiban.scenario.examples import DEFAULT_EXAMPLE, example_names, example_path, find_scenario, load_scenario

QUICK = """
name = "Two days"
[site]
name = "Bench"
latitude_deg = 43.0
longitude_deg = 141.5
[time]
hours = 48
[weather]
source = "none"
[load]
it_load_mw = 10
deferrable_share = 0
firm_shape = "flat"
it_annual_cost_myen_per_mw = 1.0
chip = "none"
[cooling]
pue = 1.2
wue_l_per_kwh = 0
[supply.river]
availability = 0.5
annual_cost_myen_per_mw = 10
max_mw = 100
[battery]
enabled = false
[grid]
max_mw = 5
price_myen_per_mwh = 0.01
energy_charge_myen_per_mwh = 0
clean_share = 0.2
emission_factor_t_per_mwh = 0.4
annual_cost_myen_per_mw = 1
[backup]
technology = "none"
[target]
clean_share = 0.5
"""
Result = tuple[int, str, str]


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("LC_ALL", "LANG", "KIBAN_DEBUG", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(Path(kiban.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    surroundings = {**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8", **environment}
    return subprocess.run(
        [sys.executable, "-m", "kiban.cli", *arguments],
        capture_output=True, encoding="utf-8", env=surroundings, check=False,
    )  # fmt: skip


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, plan: Plan) -> list[Scenario]:
    """Scenarios that were built; each gives the plan made by hand."""
    seen: list[Scenario] = []

    def build(scenario: Scenario, *, report: Report) -> Plan:
        seen.append(scenario)
        report(Message("progress.solving", technology="direct_liquid"))
        return plan

    monkeypatch.setattr(kiban.planning.building, "build", build)
    return seen


@pytest.fixture
def infeasible(monkeypatch: pytest.MonkeyPatch, infeasible_plan: Plan) -> None:
    monkeypatch.setattr(kiban.planning.building, "build", lambda scenario, *, report: infeasible_plan)


def test_build_without_a_scenario_builds_the_example(built: list[Scenario]) -> None:
    code, out, err = run("build")
    assert code == 0
    assert built == [load_scenario(None)]
    assert out.startswith("100 MW of AI load at Tomakomai East, 90 % clean hour by hour, costs at least")
    assert err.splitlines()[0] == "solving with direct liquid cooling ..."
    assert re.fullmatch(r"done in [\d.]+ s; not saved: --out DIR keeps the plan", err.splitlines()[-1])


def test_build_takes_a_path_or_the_name_of_an_example(built: list[Scenario], tmp_path: Path) -> None:
    Path("mine.toml").write_text(QUICK)
    assert run("build", "mine.toml")[0] == 0
    assert run("build", "inzai")[0] == 0
    assert [scenario.name for scenario in built] == ["Two days", read_scenario(example_path("inzai")).name]
    assert built[0].folder == Path()


@pytest.mark.parametrize(
    ("surroundings", "arguments", "japanese"),
    [
        ({}, [], False),
        ({"LANG": "ja_JP.UTF-8"}, [], True),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C.UTF-8"}, [], False),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "ja"}, [], True),
        ({"LANG": "ja_JP.UTF-8"}, ["--lang", "en"], False),
        ({}, ["--lang", "ja"], True),
    ],
)
def test_the_language(
    built: list[Scenario],
    monkeypatch: pytest.MonkeyPatch,
    surroundings: dict[str, str],
    arguments: list[str],
    japanese: bool,
) -> None:
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    _, out, err = run("build", *arguments)
    assert out.startswith("苫小牧東部のAI負荷" if japanese else "100 MW of AI load")
    assert err.startswith("直接液冷で計算中" if japanese else "solving")
    assert built
    assert japanese == (choose_language("en" if "en" in arguments else "ja" if arguments else None) == "ja")


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("columns", ["80", "120"])
def test_pages_fit_their_screen(
    built: list[Scenario], monkeypatch: pytest.MonkeyPatch, columns: str, language: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for arguments in (["build"], ["sites"], ["sites", "tomakomai"], ["sources"], ["sources", "battery"]):
        code, out, _ = run(*arguments, "--lang", language)
        assert code == 0
        assert max(map(cell_len, out.splitlines())) <= int(columns)
        assert "\x1b" not in out
        assert "…" not in out


def test_json_is_one_object_with_what_is_promised(built: list[Scenario], plan: Plan) -> None:
    code, out, _ = run("build", "--json")
    content = json.loads(out)
    assert code == 0
    promised = "status certificate capacities costs worths assumptions indicators cooling_system alternatives notes"
    assert set(promised.split()) <= set(content)
    assert content["certificate"]["primal"] == plan.certificate.primal  # type: ignore[union-attr]
    assert content["capacities"]["pv_mw"] == 213.4
    assert content["worths"]["clean_share"]["key"] == "target.clean_share"


def test_build_saves_what_it_prints(built: list[Scenario], plan: Plan) -> None:
    code, _, err = run("build", "--out", "plans/first")
    assert code == 0
    assert err.splitlines()[-1].endswith("saved in plans/first")
    assert load_plan("plans/first").costs == plan.costs


def test_a_name_that_is_taken_costs_no_time(built: list[Scenario]) -> None:
    assert run("build", "--out", "first")[0] == 0
    code, out, err = run("build", "--out", "first")
    assert (code, out) == (2, "")
    assert err == "error: first holds another plan, which is kept; choose another name, for example first-2.\n"
    assert len(built) == 1


@pytest.mark.usefixtures("infeasible")
@pytest.mark.parametrize("language", ["en", "ja"])
def test_infeasible_is_explained_on_stdout(language: str) -> None:
    code, out, err = run("build", "--lang", language, "--out", "plans/first")
    assert code == 4
    assert "grid.max_mw = 61.3" in out
    assert {"en": "nothing was written", "ja": "何も書き込んでいません"}[language] in err
    assert not Path("plans").exists()


@pytest.mark.usefixtures("infeasible")
def test_infeasible_as_json() -> None:
    code, out, _ = run("build", "--json")
    content = json.loads(out)
    assert code == 4
    assert content["status"] == "infeasible"
    assert content["certificate"] is None
    assert content["infeasibility"]["relaxations"][0]["changes"][0]["key"] == "grid.max_mw"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (RuntimeError("it\nbroke"), 1, "kiban failed, and that is not your input's fault: RuntimeError: it broke."),
        (AssertionError(), 1, "kiban failed, and that is not your input's fault: AssertionError."),
        (MemoryError(), 1, "MemoryError"),
        (SolverError("no optimum was proven by clarabel"), 1, "fault: no optimum was proven by clarabel."),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)  # fmt: skip
def test_a_fault_of_ours_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: str
) -> None:
    def fail(scenario: Scenario, *, report: Report) -> Plan:
        raise error

    monkeypatch.setattr(kiban.planning.building, "build", fail)
    found, out, err = run("build", "--out", "first")
    assert (found, out) == (code, "")
    assert words in err
    assert "Traceback" not in err
    assert ("KIBAN_DEBUG=1" in err) == (code == 1)
    assert not Path("first").exists()
    monkeypatch.setenv("KIBAN_DEBUG", "1")
    assert ("Traceback" in run("build")[2]) == (code == 1)


@pytest.mark.parametrize("arguments", [["bild"], ["build", "--jsn"], ["build", "--lang", "fr"], ["check"]])
def test_wrong_usage(arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "Usage" in err


def test_help_and_version() -> None:
    assert run()[0] == 0
    for arguments in ([], ["--help"]):
        out = run(*arguments)[1]
        for name in ("build", "check", "schema", "init", "sites", "sources"):
            assert name in out
    code, out, _ = run("--version")
    assert code == 0
    assert re.fullmatch(r"kiban \d+\S*\n", out)


def test_schema_describes_every_key() -> None:
    schema = json.loads(run("schema")[1])
    assert schema["properties"]["target"]
    assert schema["$defs"]["Target"]["properties"]["clean_share"]["description"]
    assert schema["$defs"]["Load"]["additionalProperties"] is False


@pytest.mark.parametrize("language", ["en", "ja"])
def test_init_writes_a_scenario_that_can_be_read(language: str) -> None:
    code, out, _ = run("init", "campus", "--lang", language)
    assert code == 0
    assert "campus.toml" in out
    scenario = read_scenario("campus.toml")
    assert scenario.name == "campus"
    assert scenario.target.clean_share == 0.9


def test_init_never_overwrites() -> None:
    assert run("init")[0] == 0
    Path("scenario.toml").write_text("mine")
    code, _, err = run("init", "scenario.toml")
    assert code == 2
    assert err == "error: scenario.toml exists already and is kept; choose another name, for example scenario-2.toml.\n"
    assert Path("scenario.toml").read_text() == "mine"
    assert run("init", "nowhere/x")[2].startswith("error: nowhere/x.toml cannot be written: no such file or directory")
    Path("folder.toml").mkdir()
    assert "folder.toml is a folder" in run("init", "folder")[2]


def test_both_starters_are_the_same_scenario_and_every_suggested_key_exists() -> None:
    english, japanese = starter_text('a "quoted" name', "en"), starter_text('a "quoted" name', "ja")
    assert tomllib.loads(english) == tomllib.loads(japanese)
    for text in (english, japanese):
        whole = re.sub(r"^#(?=[a-z\"])", "", text, flags=re.MULTILINE)
        assert whole.count("\n#") <= 5
        raw = tomllib.loads(whole)
        assert raw["name"] == 'a "quoted" name'
        load_catalogue().overridden(parse_scenario(raw).assumptions)
    keys = [re.findall(r"^#?(\w+) =", text, flags=re.MULTILINE) for text in (english, japanese)]
    assert keys[0] == keys[1]


def test_check_shows_what_will_be_used() -> None:
    Path("quick.toml").write_text(QUICK)
    code, out, err = run("check", "quick.toml")
    assert code == 0
    assert "• grid.max_mw = 5" in out
    assert "48 steps of 1 h" in out
    assert "Discount rate" in out
    assert out.rstrip().endswith("Next: kiban build quick.toml")
    assert err == "reading inputs ...\n"
    assert "シナリオで指定した値" in run("check", "quick.toml", "--lang", "ja")[1]


def test_sites() -> None:
    code, out, _ = run("sites")
    assert code == 0
    assert all(site in out for site in load_catalogue().sites)
    code, out, _ = run("sites", "tomakomai")
    assert "Elevation" in out
    assert "assumed" in out
    assert run("sites", "tomakomi")[2] == (
        "error: 'tomakomi' is not a site of the catalogue; did you mean 'tomakomai'?\n"
    )


def test_sources() -> None:
    out = run("sources", "battery.energy_capex")[1]
    assert "58 million yen/MWh, range 35–65, 2024, assumed" in out
    assert "Planning assumption without a document" in out
    assert "smart-japan-2026-01-14" in run("sources")[1]
    code, _, err = run("sources", "no such thing")
    assert code == 2
    assert "nothing in the catalogue matches" in err


def test_examples_are_found_by_name() -> None:
    assert DEFAULT_EXAMPLE in example_names()
    for name in example_names():
        assert isinstance(load_scenario(name), Scenario)
    assert find_scenario("tomakomai") == example_path("tomakomai")
    Path("tomakomai").write_text("a file of the user wins")
    assert find_scenario("tomakomai") == Path("tomakomai")
    Path("inzai").mkdir()
    assert find_scenario("inzai") == example_path("inzai")
    assert find_scenario("missing.toml") == Path("missing.toml")


def test_facade() -> None:
    Path("quick.toml").write_text(QUICK)
    scenario = kiban.read("quick.toml")
    assert isinstance(scenario, kiban.Scenario)
    assert kiban.check(scenario).horizon.steps == 48
    messages: list[str] = []
    plan = kiban.build(scenario, report=messages.append)
    assert isinstance(plan, kiban.Plan)
    assert str(messages[0]) == "reading inputs"
    assert kiban.load(kiban.save(plan, "out")).hourly.keys() == plan.hourly.keys()
    assert set(kiban.__all__) == set(dir(kiban))
    with pytest.raises(AttributeError, match="no attribute 'walk'"):
        _ = kiban.walk  # type: ignore[attr-defined]


@pytest.mark.slow
def test_the_command_itself_builds_and_saves() -> None:
    Path("quick.toml").write_text(QUICK)
    done = command("build", "quick.toml", "--json", "--out", "out")
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    assert content["status"] == "optimal"
    # 12 MW of load from 24 MW of river at half output, and 10 MW of IT, all at the costs given.
    assert content["certificate"]["primal"] == pytest.approx(24 * 10 + 10 * 1, rel=1e-6)
    assert load_plan("out").certificate.primal == content["certificate"]["primal"]  # type: ignore[union-attr]
    assert "saved in out" in done.stderr


@pytest.mark.slow
def test_the_command_itself_explains_infeasible() -> None:
    Path("quick.toml").write_text(QUICK.replace("max_mw = 100", "max_mw = 8"))
    done = command("build", "quick.toml", "--json")
    assert done.returncode == 4, done.stderr
    assert "supply.river.max_mw" in json.loads(done.stdout)["infeasibility"]["collisions"]


def test_a_reader_that_goes_away_is_no_error() -> None:
    paths = str(Path(kiban.__file__).parents[1])
    line = f'PYTHONPATH="{paths}:$PYTHONPATH" "{sys.executable}" -m kiban.cli schema; echo "code $?" >&2'
    done = subprocess.run(["bash", "-c", f"({line}) | head -n 1"], capture_output=True, text=True, check=False)
    assert done.stdout == "{\n"
    assert done.stderr == "code 0\n"


@pytest.mark.parametrize("words", ["--help", "build --help"])
def test_help_whose_reader_goes_away_is_no_error(words: str) -> None:
    paths = str(Path(kiban.__file__).parents[1])
    line = f'sleep 0.1; PYTHONPATH="{paths}:$PYTHONPATH" "{sys.executable}" -m kiban.cli {words}; echo "code $?" >&2'
    done = subprocess.run(["bash", "-c", f"({line}) | true"], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("", "code 0\n")


def test_a_terminal_without_unicode_gets_marks_instead_of_a_crash() -> None:
    done = command("sites", "--lang", "ja", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "tomakomai" in done.stdout
    assert "?" in done.stdout
