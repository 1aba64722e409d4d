"""Every bad input that a user has been seen to give, through the command line.

Each ends with exit code 2, one sentence for each problem on stderr, nothing on stdout and nothing written.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit import test_epw
from typer.testing import CliRunner

import kiban
from kiban.cli import app
from kiban.scenario.hints import hint

SITE = '[site]\nid = "tomakomai"\n'
QUICK = """
[site]
name = "Bench"
latitude_deg = 43.0
longitude_deg = 141.5
[time]
hours = 24
[weather]
source = "none"
[load]
it_load_mw = {load}
deferrable_share = 0
firm_shape = "flat"
it_annual_cost_myen_per_mw = 1.0
chip = "none"
[cooling]
pue = 1.2
wue_l_per_kwh = 0
[battery]
enabled = false
[grid]
price_myen_per_mwh = 0.01
energy_charge_myen_per_mwh = 0
clean_share = 0.2
emission_factor_t_per_mwh = 0.4
annual_cost_myen_per_mw = 1
[backup]
technology = "none"
[supply.pv]
enabled = false
[supply.wind_onshore]
enabled = false
"""
TMY3 = Path("pvlib", "data", "723170TYA.CSV")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LANG", "KIBAN_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def refuse(*arguments: str) -> list[str]:
    """The problems that the command names; everything else about a refusal is checked here."""
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*")}
    done = CliRunner().invoke(app, list(arguments))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert {path: path.stat().st_mtime_ns for path in Path().rglob("*")} == before
    problems = [line for line in done.stderr.splitlines() if not line.endswith(" ...")]
    assert problems
    for problem in problems:
        assert problem.startswith("error: ")
        assert problem.endswith((".", "?"))
    return [problem.removeprefix("error: ") for problem in problems]


def scenario(text: str, name: str = "mine.toml") -> str:
    Path(name).write_text(f'name = "x"\n{text}', encoding="utf-8")
    return name


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(Path(kiban.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "kiban.cli", *arguments],
        capture_output=True, encoding="utf-8", env={**os.environ, "PYTHONPATH": paths}, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "key", "fault"),
    [
        ("[target]\nclean_shar = 0.9\n", "target.clean_shar", "is not a known key; did you mean 'clean_share'?"),
        (
            "[grid]\ndemand_charge_myen_per_mw_month = 0.2\n",
            "grid.demand_charge_myen_per_mw_month",
            "is not a known key; a charge per MW of connection is grid.annual_cost_myen_per_mw, "
            "in million yen a year (twelve times a monthly charge); on the peak of each month it is "
            "procurement.demand_charge_myen_per_mw_month.",
        ),
        (
            "[grid]\nenergy_charge_myen_per_mw = 0.2\n",
            "grid.energy_charge_myen_per_mw",
            "is not a known key; did you mean 'energy_charge_myen_per_mwh'?",
        ),
        (
            "[grid]\ntier_price_myen_per_mwh = 0.2\n",
            "grid.tier_price_myen_per_mwh",
            "is not a known key; a price that changes by the hour is a file in grid.price_myen_per_mwh, "
            "to which grid.energy_charge_myen_per_mwh is added.",
        ),
        ("[grid]\npeak_mw = 9\n", "grid.peak_mw", "is not a known key; did you mean 'max_mw'?"),
        (
            "[grid]\nnet_metering = true\n",
            "grid.net_metering",
            "is not a known key; what is fed in is paid by grid.export_price_myen_per_mwh, up to grid.max_export_mw.",
        ),
        ("[taget]\n", "taget", "is not a known key; did you mean 'target'?"),
        ('[load]\nit_load_mw = "100"\n', "load.it_load_mw", "is '100'; it must be a valid number."),
        ("[load]\nmax_delay_hours = 1.5\n", "load.max_delay_hours", "is 1.5; it must be a valid integer."),
        ("[battery]\nenabled = 1\n", "battery.enabled", "is 1; it must be a valid boolean."),
        ("[grid]\nmax_mw = -5\n", "grid.max_mw", "is -5; it must be at least 0."),
        ("[supply.pv]\nmax_mw = nan\n", "supply.pv.max_mw", "is nan; it must be a finite number."),
        ("[supply.pv]\nmin_mw = inf\n", "supply.pv.min_mw", "is inf; it must be a finite number."),
        ("[target]\nclean_share = 1.2\n", "target.clean_share", "is 1.2; it must be at most 1."),
        ("[target]\nclean_share = 90\n", "target.clean_share", "is 90; it must be at most 1."),
        ("[site]\nlatitude_deg = 95\nlongitude_deg = 1\n", "site.latitude_deg", "is 95; it must be at most 90."),
        ("[finance]\ndiscount_rate = 5\n", "finance.discount_rate", "is 5; it must be at most 0.5."),
    ],
)
@pytest.mark.parametrize("verb", ["check", "build"])
def test_a_key_that_cannot_be(verb: str, text: str, key: str, fault: str) -> None:
    whole = text if text.startswith("[site]") else f"{SITE}{text}"
    line = 1 + len(whole.splitlines()) - text.startswith("[site]")
    assert refuse(verb, scenario(whole)) == [f"mine.toml line {line}: {key} {fault}"]


def test_what_is_written_alike_in_another_unit_is_no_hint() -> None:
    known = ("annual_cost_myen_per_mw", "annual_cost_myen_per_mwh", "max_power_mw")
    assert hint("throughput_cost_myen_per_mwh", known, "battery") == ("nearest", "annual_cost_myen_per_mwh")
    assert hint("throughput_cost_myen_per_mw_year", known, "battery") == ("known", "")
    assert hint("anual_cost_myen_per_mwh", known, "battery") == ("nearest", "annual_cost_myen_per_mwh")
    assert hint("max_power_kw", known, "battery") == ("nearest", "max_power_mw")  # a slip of the pen


def test_a_word_that_is_none_of_those_known() -> None:
    (problem,) = refuse("check", scenario(f'{SITE}[cooling]\nsystem = "immersive"\n'))
    assert problem.startswith("mine.toml line 5: cooling.system is 'immersive'; it must be 'auto', 'air_economiser',")
    assert problem.endswith("did you mean 'immersion'?")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[site]\nid = "tomakomi"\n', "'tomakomi' is not a site of the catalogue; did you mean 'tomakomai'?"),
        (f'{SITE}[assumptions]\n"pv.capx" = 150.0\n', "is not a figure of the catalogue; did you mean 'pv.capex'?"),
        (f'{SITE}[assumptions]\n"battery.life" = -1.0\n', "battery.life is -1"),
        (f'{SITE}[load]\nchip = "gb2000"\n', "gb2000"),
        ("[site]\nid = \"tomakomai\"\narea = \"hokaido\"\n", "'hokaido' is not a grid area; did you mean 'hokkaido'?"),
        (f"{SITE}[time]\nfirst_hour = 8000\nhours = 1000\n", "beyond the year's 8760"),
        ('[site]\nlatitude_deg = 36.1\nlongitude_deg = -79.9\n', "-79.9"),
        (f'{SITE}[supply.tidal]\nmax_mw = 5\n', "'tidal' is not in the catalogue and needs its availability"),
        ('[load]\nit_load_mw = 5\n', "site is missing"),
    ],
)  # fmt: skip
def test_what_the_catalogue_does_not_know(text: str, words: str) -> None:
    assert any(words in problem for problem in refuse("check", scenario(text)))


def test_all_problems_of_a_file_at_once() -> None:
    text = f"{SITE}[target]\nclean_share = 2\n[load]\nit_laod_mw = 5\ndeferrable_share = -1\n[grid]\nmax_mw = nan\n"
    problems = refuse("build", scenario(text))
    assert len(problems) == 4
    for words in (
        "line 5: target.clean_share",
        "line 7: load.it_laod_mw",
        "line 8: load.deferrable_share",
        "line 10: grid",
    ):
        assert sum(words in problem for problem in problems) == 1


def test_all_problems_of_the_series_at_once() -> None:
    text = QUICK.format(load='{ file = "a.csv", column = "mw" }').replace(
        "pue = 1.2", 'pue = { file = "b.csv", column = "pue" }'
    )
    Path("b.csv").write_text("hour,puee\n0,1.2\n")
    problems = refuse("check", scenario(text))
    assert len(problems) == 2
    assert any("a.csv" in problem and "does not exist" in problem for problem in problems)
    assert any(
        "pue" in problem and "is not a column" in problem and "did you mean 'puee'?" in problem for problem in problems
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty; start from `kiban init`"),
        (b"# nothing but a comment\n", "is empty"),
        (b"name = \n", "is not valid TOML: Invalid value (at line 1, column 8); mend that line."),
        ('name = "電力"\n'.encode("cp932"), "is not UTF-8 at byte 8; save it as UTF-8 (it may be Shift_JIS)."),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not UTF-8 at byte 0"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "nests too deeply"),
        (b"name = 'x'\x00\n", "is not valid TOML"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_scenario(content: bytes, words: str) -> None:
    Path("mine.toml").write_bytes(content)
    (problem,) = refuse("build", "mine.toml", "--out", "plan")
    assert problem.startswith("mine.toml ")
    assert words in problem


def test_a_scenario_of_a_hundred_megabytes_is_not_read() -> None:
    with Path("mine.toml").open("wb") as file:
        file.truncate(100_000_000)
    (problem,) = refuse("build", "mine.toml")
    assert problem.startswith("mine.toml has 100 MB, and a scenario has at most 1 MB; keep hourly series in CSV")


def test_a_scenario_that_is_not_there() -> None:
    assert refuse("build", "missing.toml") == ["missing.toml does not exist; check the name or run `kiban init`."]
    assert refuse("build", "tomakomi") == ["'tomakomi' is neither a file nor an example; did you mean 'tomakomai'?"]
    Path("folder").mkdir()
    assert refuse("check", "folder") == ["folder is a folder; give the scenario's TOML file."]


def weather(source: str, name: str) -> str:
    height = "wind_height_m = 10\n" if source == "jma" else ""
    return scenario(f'{SITE}[weather]\nsource = "{source}"\nfiles = ["{name}"]\n{height}')


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("fill_gaps_hours = 3", "no gaps to fill"),
        ("clip_negative_w_m2 = 3", "no sensor noise"),
        ("years = [2020]", "no date"),
        ("wind_height_m = 10", "height of its wind"),
    ],
)
def test_a_weather_key_that_would_be_ignored_is_refused(keys: str, said: str) -> None:
    (problem,) = refuse("check", scenario(f"{SITE}[weather]\n{keys}\n"))
    assert said in problem


@pytest.mark.parametrize(
    ("change", "offered"),
    [
        (lambda rows: test_epw.replaced(rows, 2, test_epw.GHI, "-1"), "clip_negative_w_m2 = 1"),
        (lambda rows: rows[:4800] + rows[4824:], "fill_gaps_hours = 24"),
        (lambda rows: test_epw.replaced(rows, 3, test_epw.WIND, "999"), "fill_gaps_hours = 1"),
    ],
)
def test_a_remedy_of_a_weather_file_can_be_followed(change: Callable[[list[str]], list[str]], offered: str) -> None:
    """The key and the value that the message offers, as they stand, in the scenario that was refused."""
    Path("site.epw").write_text("\n".join([*test_epw.header(), *change(test_epw.ROWS)]))
    before = f'{SITE}[time]\nhours = 24\n[weather]\nsource = "epw"\nfiles = ["site.epw"]\n'
    (problem,) = refuse("check", scenario(before))
    assert f"({offered})" in problem
    done = CliRunner().invoke(app, ["check", scenario(f"{before}{offered}\n")])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("source", ["epw", "tmy3", "jma", "nsrdb", "solcast"])
def test_a_weather_file_that_is_not_there(source: str) -> None:
    (problem,) = refuse("check", weather(source, "missing.csv"))
    assert "missing.csv" in problem
    assert "does not exist" in problem


@pytest.mark.parametrize("source", ["epw", "tmy3", "jma", "nsrdb", "solcast"])
def test_a_folder_in_place_of_a_weather_file(source: str) -> None:
    Path("years").mkdir()
    (problem,) = refuse("check", weather(source, "years"))
    assert "years" in problem
    assert "file" in problem


@pytest.mark.parametrize("kept", [0, 40, 20_000, 1_000_000])
def test_a_weather_file_that_was_cut_off(kept: int) -> None:
    import pvlib

    whole = (Path(pvlib.__file__).parents[1] / TMY3).read_bytes()
    Path("cut.csv").write_bytes(whole[:kept])
    for problem in refuse("check", weather("tmy3", "cut.csv")):
        assert "cut.csv" in problem


@pytest.mark.parametrize("name", ["harm.epw", "harm.csv"])
def test_a_weather_file_of_something_else(name: str) -> None:
    Path(name).write_text("a,b\n1,2\n")
    for source in ("epw", "tmy3", "jma"):
        assert all(name in problem for problem in refuse("check", weather(source, name)))


def test_a_series_in_shift_jis_is_read_and_one_in_no_encoding_refused() -> None:
    text = QUICK.format(load='{ file = "load.csv", column = "負荷" }')
    rows = "時刻,負荷\n" + "".join(f"{hour},{10 + hour % 3}\n" for hour in range(24))
    Path("load.csv").write_bytes(rows.encode("cp932"))
    hourly = kiban.build(scenario(text)).hourly["it_load_mw"]
    assert list(hourly[:4]) == [10.0, 11.0, 12.0, 10.0]
    Path("load.csv").write_bytes(b"hour,mw\n0,\xff\xfe\x81\n")
    (problem,) = refuse("check", "mine.toml")
    assert "load.csv" in problem


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("".join(f"{hour},10\n" for hour in range(23)), "has 23 values, wanted 24"),
        ("".join(f"{hour},{'nan' if hour == 7 else 10}\n" for hour in range(24)), "load.csv"),
        ("".join(f"{hour},{'ten' if hour == 7 else 10}\n" for hour in range(24)), "ten"),
        ("".join(f"{hour},{-10 if hour == 7 else 10}\n" for hour in range(24)), "-10"),
        ("", "load.csv"),
    ],
)
def test_a_series_that_cannot_be(rows: str, words: str) -> None:
    Path("load.csv").write_text(f"hour,mw\n{rows}")
    (problem,) = refuse("check", scenario(QUICK.format(load='{ file = "load.csv", column = "mw" }')))
    assert "load.it_load_mw" in problem
    assert words in problem


def test_an_output_folder_that_cannot_be() -> None:
    name = scenario(QUICK.format(load=10))
    Path("taken").write_text("mine")
    Path("full").mkdir()
    Path("full", "mine.txt").write_text("mine")
    for out, words in (
        ("taken", "taken is a file, and a plan needs a folder; choose another name, for example taken-2."),
        ("full", "full is a folder that is not empty; choose another name, for example full-2."),
        ("taken/below", "taken/below cannot be made, because"),
    ):
        (problem,) = refuse("build", name, "--out", out)
        assert problem.startswith(words)


def test_an_output_folder_that_may_not_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    name = scenario(QUICK.format(load=10))
    monkeypatch.setattr(os, "access", lambda *_: False)
    (problem,) = refuse("build", name, "--out", "plan")
    assert "allows no new entries; give a folder that you may write to" in problem


@pytest.mark.slow
def test_an_output_folder_with_another_plan() -> None:
    name = scenario(QUICK.format(load=10))
    done = CliRunner().invoke(app, ["build", name, "--out", "plan"])
    assert done.exit_code == 0, done.stderr
    before = {path: path.read_bytes() for path in Path("plan").rglob("*") if path.is_file()}
    again = CliRunner().invoke(app, ["build", name, "--out", "plan"])
    assert again.exit_code == 2
    assert again.stdout == ""
    assert again.stderr == "error: plan holds another plan, which is kept; choose another name, for example plan-2.\n"
    assert {path: path.read_bytes() for path in Path("plan").rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in Path().iterdir()) == ["mine.toml", "plan"]


def test_the_command_itself_refuses() -> None:
    done = command("build", scenario(f"{SITE}[target]\nclean_share = 1.2\n[grid]\nmax_mw = -1\n"), "--json")
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 2
    assert "Traceback" not in done.stderr


def test_names_that_only_the_catalogue_knows_are_told_with_the_rest() -> None:
    Path("names.toml").write_text(
        'name = "x"\n[site]\nid = "tomakomi"\n[load]\nit_load_mw = -5\nchip = "gb2000"\n', encoding="utf-8"
    )
    assert refuse("check", "names.toml") == [
        "names.toml line 5: load.it_load_mw is -5; it must be at least 0.",
        "names.toml line 3: site.id 'tomakomi' is not a site of the catalogue; did you mean 'tomakomai'?",
        "names.toml line 6: load.chip 'gb2000' is not a chip of the catalogue; did you mean 'gb200'?",
    ]
