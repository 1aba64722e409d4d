"""The campaign of outages: what is lost and when by hand, and that a tier is tried and not assumed."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from kiban.cli import app
from kiban.operation.campaign import Campaign, Outcome, _share_that_starts, count_failures, try_outages
from kiban.operation.facility import Facility
from kiban.planning.building import build
from kiban.planning.plan import Plan
from kiban.report.messages import say
from kiban.scenario import parse_scenario
from kiban.scenario.examples import load_scenario


@cache
def plan(technology: str) -> Plan:
    """A week with little more than sun and grid, with backup for all of the load or with none."""
    content = {
        "name": "week",
        "site": {"id": "tomakomai"},
        "time": {"first_hour": 2160, "hours": 168},
        "load": {"deferrable_share": 0.0},
        "backup": {"technology": technology},
        "supply": {"geothermal": {"max_mw": 15}, "hydro": {"max_mw": 0}, "wind_onshore": {"max_mw": 0}},
    }
    return build(parse_scenario(content))


def outcomes(technology: str, **asked: object) -> dict[str, Outcome]:
    given = {"trials": 12, "hours": 6.0, "horizon_hours": 12.0, **asked}
    return {one.unit: one for one in try_outages(plan(technology), **given).outcomes}


def test_counts_by_hand() -> None:
    """Two of ten fail: 0.2, between 0.0252 and 0.556 (the table of Clopper and Pearson)."""
    found = count_failures("grid", [0, 0, 3.0, 0, 1.0, 0, 0, 0, 0, 1e-9], [str(hour) for hour in range(10)])
    assert (found.failed, found.probability, found.worst_begins) == (2, 0.2, "2")
    assert (found.low, found.high) == (pytest.approx(0.0252, abs=1e-4), pytest.approx(0.5561, abs=1e-4))
    assert (found.mean_unserved_mwh, found.worst_unserved_mwh) == (pytest.approx(0.4), 3.0)
    none = count_failures("grid", [0.0] * 200, ["now"] * 200)
    assert (none.probability, none.low, none.worst_begins) == (0.0, 0.0, None)
    assert none.high == pytest.approx(0.0183, abs=1e-4)  # the rule of three, two-sided: 3.7 / 200
    assert count_failures("grid", [1.0] * 5, ["now"] * 5).high == 1.0


def test_sets_that_do_not_start() -> None:
    zero = np.zeros(1)
    facility = Facility(1.0, 0, 100.0, (), (), (), zero, zero, 10.0, zero, zero, 0.0, 0.0, 0.0)
    draw = np.random.default_rng(1)
    shares = [_share_that_starts(facility, 2.5, 0.5, draw) for _ in range(2_000)]
    assert set(shares) == {0.0, 0.25, 0.5, 0.75, 1.0}
    assert np.mean(shares) == pytest.approx(0.5, abs=0.02)
    assert _share_that_starts(facility, 2.5, 0.0, draw) == 1.0


@pytest.mark.slow
def test_a_backup_of_the_whole_load_survives_every_unit_and_none_does_not() -> None:
    safe, bare = outcomes("diesel"), outcomes("none")
    assert {"grid", "backup", "geothermal"} <= set(safe)
    assert "backup" not in bare
    assert bare["grid"].failed >= 8  # around noon the sun may carry it
    assert safe["grid"].mean_unserved_mwh < 0.05 * bare["grid"].mean_unserved_mwh
    # The grid carries what the backup gives, but not in the hour in which that is lost and nobody knew.
    assert safe["backup"].failed < bare["grid"].failed
    assert safe["backup"].worst_unserved_mwh < 0.1 * bare["grid"].worst_unserved_mwh


@pytest.mark.slow
def test_the_same_seed_gives_the_same_trials() -> None:
    assert outcomes("none", seed=4, trials=4) == outcomes("none", seed=4, trials=4)
    assert outcomes("none", seed=4, trials=4) != outcomes("none", seed=5, trials=4)


def test_the_sentence_says_what_fails_and_how_sure_that_is() -> None:
    fine = count_failures("grid", [0.0] * 200, ["now"] * 200)
    bad = count_failures("backup", [2.0] * 3 + [0.0] * 197, ["then"] * 200)
    carried = Campaign((fine,), 200, 8.0, 1)
    assert say(carried.sentence, "en").startswith("Whichever one unit is lost for 8 h at 200 random hours, all compute")
    assert "1.83 %" in say(carried.sentence, "en")
    failing = Campaign((fine, bad), 200, 8.0, 1)
    assert "the loss of 1 for 8 h" in say(failing.sentence, "en")
    assert "backup generation: in 1.50 % of 200" in say(failing.sentence, "en")
    assert "非常用発電" in say(failing.sentence, "ja")


@pytest.mark.slow
def test_the_command_prints_what_python_returns(tmp_path: Path) -> None:
    file = tmp_path / "week.toml"
    content = "[site]\nid = 'tomakomai'\n[time]\nfirst_hour = 2160\nhours = 48\n[backup]\ntechnology = 'none'\n"
    file.write_text("name = 'two days'\n" + content, encoding="utf-8")
    asked = ["outages", str(file), "--trials", "2", "--hours", "2"]
    answer = CliRunner().invoke(app, [*asked, "--json"])
    assert answer.exit_code == 0
    document = json.loads(answer.stdout)
    found = try_outages(build(load_scenario(file)), trials=2, hours=2.0)
    assert document["sentence"] == say(found.sentence, "en")
    assert [one["unit"] for one in document["units"]] == [one.unit for one in found.outcomes]
    assert [one["probability"] for one in document["units"]] == [one.probability for one in found.outcomes]
    said = CliRunner().invoke(app, [*asked, "--lang", "ja"])
    assert say(found.sentence, "ja")[:12] in said.stdout.replace("\n", "")
