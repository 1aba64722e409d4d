"""Options of `kiban build` for national studies: draws with flip points, and the gap on what siting moves."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kiban.cli import app
from kiban.national.building import build_national
from kiban.report.layout import render
from kiban.report.national.terminal import national_text
from kiban.scenario.national_file import parse_national

STUDY = """[national]
name = "three sites"
sites = ["inzai", "tomakomai", "nanto"]
hours = 48
first_hour = 2400
year = 2032
gap = 0.02

[[tranche]]
id = "training"
it_load_mw = 300.0

[cooling]
system = "direct_liquid"

[target]
clean_share = 0.5
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "three.toml").write_text(STUDY, encoding="utf-8")
    return str(tmp_path / "three.toml")


def test_draws_and_the_gap_may_be_asked_for_at_the_command_line(file: str) -> None:
    plain = json.loads(CliRunner().invoke(app, ["build", file, "--json"]).stdout)
    assert plain["robustness"] is None
    done = CliRunner().invoke(app, ["build", file, "--json", "--draws", "5", "--movable-gap", "0.01"])
    assert done.exit_code == 0, done.output
    asked = json.loads(done.stdout)
    assert asked["movable_gap"] <= 0.01
    assert asked["robustness"]["draws"] == 5
    assert {flip["assumption"] for flip in asked["robustness"]["flips"]} >= {
        "energy",
        "pv",
        "site",
        "spare",
        "interconnectors",
    }
    assert asked["delay"]["year"] == 2032


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--draws", "-1"], "--draws"),
        (["--movable-gap", "2"], "--movable-gap"),
        (["--movable-gap", "0"], "--movable-gap"),
    ],
)
def test_other_numbers_are_refused(file: str, options: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["build", file, *options])
    assert done.exit_code == 2
    assert said in done.output


def test_a_scenario_of_one_site_has_no_draws() -> None:
    done = CliRunner().invoke(app, ["build", "tomakomai", "--draws", "10"])
    assert done.exit_code != 0
    assert "--draws asks about a national study" in f"{done.output}{done.exception}"


def test_the_factor_at_which_the_site_falls_is_that_of_its_advantage() -> None:
    raw = {**tomllib.loads(STUDY), "tranche": [{"id": "training", "it_load_mw": 100}]}
    raw["national"] = {**raw["national"], "sites": ["inzai", "nanto"], "gap": 1e-4}

    def site(name: str, **given: float) -> dict[str, object]:
        return {"id": name, "max_mw": 100, "min_mw": 0, "fixed_cost_myen_per_year": 0.0, **given}

    def cost(name: str) -> float:
        alone = {**raw, "national": {**raw["national"], "sites": [name]}, "site": [site(name)]}
        return build_national(parse_national(alone)).net_cost_myen

    costs = {name: cost(name) for name in ("inzai", "nanto")}
    best, other = sorted(costs, key=costs.__getitem__)
    advantage = costs[other] - costs[best]
    assert advantage > 100
    fixed = site(best, fixed_cost_myen_per_year=0.7 * advantage)
    raw |= {"site": [fixed, site(other)], "risk": {"draws": 0, "flip_points": True}}
    plan = build_national(parse_national(raw))
    flip = {flip.assumption: flip for flip in plan.robustness.flips}["site"]
    assert (flip.site, flip.lower, flip.instead) == (best, None, (other,))
    assert flip.upper == pytest.approx(1 / 0.7, abs=0.05)
    assert (flip.at_high.dropped, flip.at_high.added) == ((best,), (other,))
    assert (flip.at_low.dropped, flip.at_low.added) == ((), ())
    assert "At 2 times, " in render(national_text(plan, "en", 200), width=200, colour=False)
    assert "2倍では" in render(national_text(plan, "ja", 200), width=200, colour=False)
