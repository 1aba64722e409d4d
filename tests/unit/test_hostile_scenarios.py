"""Every place where a scenario, a study, a package or a weather file was seen to crash kiban is a sentence now."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import kiban
from kiban.cli import app
from kiban.errors import EXIT_INPUT, InputError, RangeError, as_problems
from kiban.scenario.file import parse_scenario
from kiban.weather.epw import read_epw
from kiban.weather.tmy3 import read_tmy3

HUGE = "1" + "0" * 400
KOKONOE = 'name = "x"\n[site]\nid = "kokonoe"\n[time]\nhours = 48\n'
TOMAKOMAI = 'name = "x"\n[site]\nid = "tomakomai"\n[time]\nhours = 48\n'

CASES = {
    "life": (KOKONOE + "[supply.wind_onshore]\nlife_years = 5e-324\n", "life_years is 5e-324"),
    "no cooling": (TOMAKOMAI + "[cooling]\ncandidates = []\n", "it must have at least 1 of them"),
    "cold supply": (
        KOKONOE + '[assumptions]\n"cooling.direct_liquid.supply_temperature_c" = -32.0\n',
        "give a value between -20 and 75",
    ),
    "hot room": (
        KOKONOE + '[assumptions]\n"cooling.direct_liquid.room_temperature_c" = 270.0\n',
        "give a value between -20 and 75",
    ),
    "scale is a table": ("[site.area_usd_per_mw.scale]\n", "is not a known key"),
    "dollars of 400 digits": (f"[load.it_load_mw]\nscale_usd_per_mw = {HUGE}\n", "is 1e400; it must be at most 1e+15"),
    "no units": (TOMAKOMAI + '[assumptions]\n"geothermal.units" = 0.0\n', "give a value between 1 and 1000"),
    "long package": (KOKONOE + f'[policy]\npackages = ["{"a" * 300}"]\n', "is neither a file nor a policy package"),
    "colder than cold": (TOMAKOMAI + "[weather]\ntemperature_c = -1e+308\n", "it must be at least -1e+15"),
    "too cold": (TOMAKOMAI + "[weather]\ntemperature_c = -100.0\n", "give a number from -90 to 60"),
    "calm": (TOMAKOMAI + "[weather]\nwind_speed_m_s = 0\n", "wind_speed_m_s is 0, for which a formula"),
    "hub below ground": (
        TOMAKOMAI + '[assumptions]\n"wind_offshore_floating.hub_height_m" = -150.0\n',
        "give a value between 10 and 400",
    ),
    "national assumption": (
        f'[national]\nname = "x"\n[[tranche]]\nid = "t"\nit_load_mw = 1\n[assumptions]\n"pue.ishikari_2013" = {HUGE}\n',
        "is 1e400; it must be at most 1e+15",
    ),
    "decimal digits": ("a = " + "1" * 5_000, "a key or a number of 5,000 letters"),
    "hexadecimal digits": (TOMAKOMAI + "[load]\nit_load_mw = 0x" + "f" * 5_000, "a key or a number of 5,002 letters"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_hostile_file_ends_with_a_sentence(case: str, language: str, tmp_path: Path) -> None:
    text, said = CASES[case]
    (tmp_path / "scenario.toml").write_text(text)
    done = CliRunner().invoke(app, ["check", str(tmp_path / "scenario.toml"), "--lang", language])
    assert done.exit_code == EXIT_INPUT, done.output
    assert "Traceback" not in done.output
    flat = " ".join(done.output.split())
    assert said in flat if language == "en" else not flat.isascii()


def test_a_formula_that_does_not_hold_is_the_input_only_where_numbers_are_a_users() -> None:
    with (
        pytest.raises(InputError, match="hub_height_m is -1, for which a formula of the model does not hold"),
        as_problems(),
    ):
        raise RangeError("hub_height_m", -1.0, "by a test")
    with pytest.raises(ValueError, match="by a bug"), as_problems():
        raise ValueError("by a bug")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("weather.temperature_c", 61.0),
        ("weather.wind_speed_m_s", 121.0),
        ("weather.wind_speed_m_s", -1.0),
    ],
)
def test_a_number_in_place_of_a_series_has_the_bounds_of_the_series(key: str, value: float) -> None:
    section, name = key.split(".")
    raw = {"name": "x", "site": {"id": "tomakomai"}, "time": {"hours": 24}, section: {name: value}}
    with pytest.raises(InputError, match=f"{key} is {value:g}; give a number from"):
        kiban.check(parse_scenario(raw))


def shipped_tmy3() -> list[bytes]:
    import pvlib

    return (Path(pvlib.__file__).parent / "data" / "723170TYA.CSV").read_bytes().splitlines()[:60]


def test_what_the_readers_of_others_stumble_over_is_the_file(tmp_path: Path) -> None:
    """A torn header (pvlib raised AttributeError), a byte 1C before a month, a doubled stretch (TypeError)."""
    from tests.unit import test_epw

    lines = shipped_tmy3()
    first, _, rest = lines[1].partition(b",")
    files = {
        "header.csv": b"\n".join([lines[0], first + b",DD/YYYY)," + rest, *lines[2:]]),
        "month.csv": b"\n".join([*lines[:5], b"\x1c" + lines[5], *lines[6:]]),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError):
            read_tmy3(tmp_path / name, year=2021)
    rows = list(test_epw.ROWS[:60])
    cells = rows[20].split(",")
    rows[20] = ",".join([*cells[:20], *cells[12:]])
    (tmp_path / "torn.epw").write_text("\n".join([*test_epw.header(), *rows]))
    with pytest.raises(InputError):
        read_epw(tmp_path / "torn.epw", year=2021)


def test_a_label_of_thousands_of_digits_is_no_label() -> None:
    from kiban.weather.frame import read_labels

    labels = [("1", "1", "1"), ("1" * 5_000, "1", "1"), ("\x1c1", "1", "1"), ("１", "1", "1"), ("²", "1", "1")]
    *_, problems = read_labels(labels, "f", 1)
    assert [str(problem.where) for problem in problems] == ["f, line 2", "f, line 5"]
