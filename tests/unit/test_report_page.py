"""The report as one file is filled so that nothing in a plan can break out of it, and its titles are findings."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from kiban.planning.hours import clean_energy
from kiban.report.page import OPENING, fill_page
from kiban.report.plan.document import Circumstances, plan_document, reproduction
from kiban.report.plan.findings import findings

HOSTILE = "</script><script>alert(1)</script><!-- \u2028"


def page_of(plan, moment: float = 0.0) -> str:
    how = Circumstances(id=f"p_{moment}", created=moment, seconds=moment, work="instant")
    return fill_page(plan_document(plan, how), plan.hourly, "ja", reproduction(plan))


def enclosed_in(page: str) -> dict:
    start = page.index(OPENING) + len(OPENING)
    return json.loads(page[start : page.index("</script>", start)])


def test_the_page_holds_the_plan(plan):
    enclosed = enclosed_in(page_of(plan))
    assert enclosed["language"] == "ja"
    assert enclosed["plan"]["cost_myen_per_year"] == pytest.approx(plan.cost_myen_per_year)
    load = enclosed["hourly"]["load_mw"]
    assert load == pytest.approx(list(plan.hourly["load_mw"]), rel=1e-3)
    assert "kiban build" in enclosed["reproduction"]["command"]


def test_the_same_plan_gives_the_same_bytes_at_any_moment(plan):
    assert page_of(plan, 1.0) == page_of(plan, 2.0)


def test_a_hostile_name_stays_a_name(plan):
    named = replace(plan, scenario=plan.scenario.model_copy(update={"name": HOSTILE}))
    page = page_of(named)
    assert page.count("</script>") == page_of(plan).count("</script>")
    assert enclosed_in(page)["plan"]["name"] == HOSTILE


def test_findings_are_there_in_both_languages_with_the_same_charts(plan):
    english, japanese = findings(plan, "en"), findings(plan, "ja")
    assert set(english) == set(japanese) >= {"costs", "design", "worths", "inputs", "clean"}
    assert all(english.values())
    assert not set(english.values()) & set(japanese.values())


def test_an_infeasible_plan_has_no_findings_and_still_a_page(infeasible_plan):
    assert findings(infeasible_plan, "en") == {}
    assert enclosed_in(page_of(infeasible_plan))["plan"]["status"] == "infeasible"


def test_clean_hours_are_those_without_grid_and_backup(plan):
    unclean, load = clean_energy(plan)
    assert np.all(unclean >= 0)
    assert np.all(unclean <= load)
    quiet = replace(plan, hourly={**plan.hourly, "import_mw": np.zeros_like(load), "backup_mw": np.zeros_like(load)})
    assert clean_energy(quiet)[0].sum() <= unclean.sum()
    found = findings(quiet, "en")["clean"]
    hours = len(load)
    if not any(not option.clean for option in plan.scenario.supply.values()):
        assert found.startswith(f"{hours} of {hours} hours")
