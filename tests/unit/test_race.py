"""Two prefectures and one campus: the four cells by hand, what is at rest, and the campus of a week."""

from __future__ import annotations

import json
import math

import pytest
from tests.cases.payments import campus
from typer.testing import CliRunner

from kiban.cli import app
from kiban.errors import CatalogueError, ScenarioError
from kiban.finance import race as module
from kiban.finance.race import Place, play, race
from kiban.report.race import race_document, race_sentences

EVEN = Place("tomakomai", (100.0, 90.0), (10.0, 6.0), (20.0, 17.0))
RIVAL = Place("kitakyushu", (100.0, 90.0), (10.0, 6.0), (20.0, 17.0))


def cells(game):
    return {(one.first_offers, one.second_offers): one for one in game.outcomes}


def test_without_a_spread_the_cheaper_place_wins_and_both_race_to_the_bottom() -> None:
    """A prisoners' dilemma: alone each wins all by offering (6 against 5), together they have 3 each."""
    game = cells(play(EVEN, RIVAL, 0.0))
    assert [(one.first_gain_myen_per_year, one.second_gain_myen_per_year) for one in game.values()] == [
        (5.0, 5.0), (0.0, 6.0), (6.0, 0.0), (3.0, 3.0),
    ]  # fmt: skip
    assert [one.at_rest for one in game.values()] == [False, False, False, True]
    assert [one.treasury_gain_myen_per_year for one in game.values()] == [20.0, 17.0, 17.0, 17.0]
    # 10 and 20 without a race, 6 and 17 with it: seven are lost, the three places together.
    assert play(EVEN, RIVAL, 0.0).lost_by_racing_myen_per_year == pytest.approx(30.0 - 23.0)


def test_with_a_spread_the_chance_is_a_logit_by_hand() -> None:
    game = cells(play(EVEN, RIVAL, 20.0))
    chance = 1.0 / (1.0 + math.exp(-0.5))
    offered = game[True, False]
    assert offered.first_chance == pytest.approx(chance)
    assert offered.first_gain_myen_per_year == pytest.approx(6.0 * chance)
    assert offered.second_gain_myen_per_year == pytest.approx(10.0 * (1 - chance))
    assert offered.treasury_gain_myen_per_year == pytest.approx(17.0 * chance + 20.0 * (1 - chance))
    # 6 x 0.622 = 3.73 is less than 5: nobody offers.
    assert [one.at_rest for one in game.values()] == [True, False, False, False]


def test_a_place_far_cheaper_has_no_need_to_offer() -> None:
    cheap = Place("tomakomai", (50.0, 40.0), (10.0, 6.0), (20.0, 17.0))
    game = cells(play(cheap, RIVAL, 0.0))
    assert game[False, False].first_gain_myen_per_year == 10.0
    assert game[False, True].first_gain_myen_per_year == 10.0
    assert game[False, False].at_rest
    assert game[False, True].at_rest
    assert not game[True, True].at_rest


def test_extreme_costs_do_not_overflow() -> None:
    assert cells(play(Place("a", (1e9, 1e9), (1, 1), (1, 1)), RIVAL, 1e-6))[False, False].first_chance < 1e-300


def test_a_campus_of_a_day_is_raced_for() -> None:
    scenario = campus(time={"hours": 24}, load={"it_load_mw": 10})
    found = race(scenario, "rokkasho", "property-tax-relief")
    for place in (found.first, found.second):
        assert place.cost_myen_per_year[1] < place.cost_myen_per_year[0]
        assert place.region_myen_per_year[1] < place.region_myen_per_year[0]
    assert found.first.name == "tomakomai"
    mean = (found.first.cost_myen_per_year[0] + found.second.cost_myen_per_year[0]) / 2
    assert found.spread_myen_per_year == pytest.approx(0.02 * mean)
    # Rokkasho receives no grant and keeps all of its tax; Tomakomai keeps a quarter.
    assert found.second.region_myen_per_year[0] > 2 * found.first.region_myen_per_year[0]
    document = json.loads(json.dumps(race_document(found)))
    assert len(document["outcomes"]) == 4
    for language in ("en", "ja"):
        assert all("{" not in sentence for sentence in race_sentences(found, language))


def test_what_is_no_race_is_refused() -> None:
    with pytest.raises(ScenarioError, match="one place alone"):
        race(campus(), "tomakomai", "property-tax-relief")
    with pytest.raises(CatalogueError):
        race(campus(), "atlantis", "property-tax-relief")
    with pytest.raises(ScenarioError, match="two places of Japan"):
        race(campus(finance={"cost_set": "united-states"}), "kitakyushu", "property-tax-relief")


def test_the_command_prints_the_game(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(module, "race", lambda *_, **__: play(EVEN, RIVAL, 0.0))
    for arguments in ([], ["--lang", "ja"]):
        run = CliRunner().invoke(app, ["race", *arguments])
        assert run.exit_code == 0, run.output
        assert "3.00" in run.output or "300万円" in run.output
    found = json.loads(CliRunner().invoke(app, ["race", "--json"]).output)
    assert found["outcomes"][3]["at_rest"]
