"""Supply cannot stand before its lead time has passed."""

from __future__ import annotations

import pytest

from kiban.catalogue import load_catalogue
from kiban.errors import ScenarioError
from kiban.national.study.assembly import write_problem
from kiban.national.study.lead_times import first_years, late_supply
from kiban.scenario.national_file import parse_national

STUDY = {
    "national": {
        "name": "lead times",
        "decision_year": 2026,
        "year": 2030,
        "sites": ["kokonoe", "hachimantai"],
        "hours": 48,
        "chip": "none",
    },
    "tranche": [{"id": "training", "it_load_mw": 100.0}],
    "cooling": {"system": "direct_liquid"},
}


def offered(study, site):
    problem, _ = write_problem(parse_national(study), load_catalogue())
    blocks = [block for block in problem.blocks if problem.places[block.site].candidate.id == site]
    return [{option.name for option in block.subproblems[-1].model.resources.supply} for block in blocks]


def test_what_takes_longer_than_the_years_left_is_not_offered():
    catalogue = load_catalogue()
    for supply in offered(STUDY, "kokonoe"):
        assert supply
        for name in supply:
            assert 2026 + catalogue.value(f"{name}.lead_time") <= 2030
        assert "geothermal" not in supply


def test_a_project_under_way_is_offered():
    study = {**STUDY, "supply": {"geothermal": {"lead_time_years": 4}}}
    assert all("geothermal" in supply for supply in offered(study, "kokonoe"))


def test_a_site_goes_before_the_study_and_the_study_before_the_catalogue():
    raw = {
        **STUDY,
        "supply": {"geothermal": {"lead_time_years": 9}},
        "site": [{"id": "kokonoe", "supply": {"geothermal": {"lead_time_years": 3}}}],
    }
    study, catalogue = parse_national(raw), load_catalogue()
    own = study.site[0]
    assert first_years(study, own, catalogue)["geothermal"] == 2029
    assert first_years(study, None, catalogue)["geothermal"] == 2035
    assert first_years(study, None, catalogue)["hydro"] == 2026 + catalogue.value("hydro.lead_time")
    assert "geothermal" in offered(raw, "kokonoe")[0]
    assert "geothermal" not in offered(raw, "hachimantai")[0]


def test_without_a_year_everything_is_there():
    study = parse_national({**STUDY, "national": {**STUDY["national"], "year": None}})
    assert late_supply(study, None, load_catalogue(), None) == {}


def test_each_phase_is_offered_what_is_ready_by_then():
    head = {key: value for key, value in STUDY["national"].items() if key != "year"}
    study = {
        **STUDY,
        "national": head,
        "phases": {"years": [2030, 2040], "last_year": 2045},
        "tranche": [{"id": "training", "it_load_mw": [50.0, 100.0]}],
    }
    early, late = offered(study, "kokonoe")
    assert "geothermal" not in early
    assert "geothermal" in late
    assert early < late


def test_what_must_be_built_and_cannot_be_is_refused():
    study = {**STUDY, "site": [{"id": "kokonoe", "supply": {"geothermal": {"min_mw": 20.0}}}]}
    with pytest.raises(ScenarioError, match=r"site kokonoe.*geothermal\.min_mw.*2038.*2030"):
        write_problem(parse_national(study), load_catalogue())
