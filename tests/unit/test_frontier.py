"""The frontier: proven points, evenly spaced, none better in both; a budget that is spent; text, CSV and SVG of it."""

import csv
import io
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

import kiban
from kiban.cli import app
from kiban.errors import ScenarioError
from kiban.linear import solve
from kiban.planning import build
from kiban.planning import frontier as frontier_of
from kiban.planning.frontier import trace
from kiban.planning.preparation import prepare
from kiban.planning.programme import write_programme
from kiban.progress import say_nothing
from kiban.quantities import LANGUAGES
from kiban.report.plan.frontier import best_sentence, frontier_csv, frontier_page, frontier_svg, frontier_text
from kiban.scenario import parse_scenario

SMALL = {
    "name": "six days",
    "site": {"id": "inzai"},
    "time": {"first_hour": 300, "hours": 144},
    "cooling": {"system": "direct_liquid"},
    "load": {"it_load_mw": 50.0, "deferrable_share": 0.0},
}
OF = {"emissions": "emissions_t_per_year", "clean_share": "clean_share"}
KEY = {"emissions": "carbon_cap_t_per_year", "clean_share": "clean_share"}


@pytest.fixture(scope="module", params=list(OF))
def frontier(request):
    return trace(parse_scenario(SMALL), request.param, points=7)


def values(frontier):
    return np.array([getattr(point, OF[frontier.measure]) for point in frontier.points])


def costs(frontier):
    return np.array([point.cost_myen_per_year for point in frontier.points])


def built(frontier, value):
    target = {"target": {KEY[frontier.measure]: value}}
    return build(parse_scenario({**SMALL, **target}), explain=False)


def test_it_begins_at_the_least_cost_and_every_step_costs_more_for_each_unit(frontier):
    assert len(frontier.points) == 7
    assert costs(frontier)[0] == pytest.approx(build(parse_scenario(SMALL)).net_cost_myen_per_year, rel=1e-6)
    steps = np.diff(values(frontier))
    assert (steps < 0).all() if frontier.measure == "emissions" else (steps > 0).all()
    assert np.allclose(steps[1:-1], steps[1], rtol=2e-2)  # the least cost may have several schedules
    slopes = np.diff(costs(frontier)) / np.abs(steps)
    assert (slopes > 0).all()
    assert (np.diff(slopes) > -1e-4 * slopes[1:]).all()


def test_each_point_is_the_plan_of_its_target_and_its_price_the_slope(frontier):
    for place in (2, 5):
        point, value = frontier.points[place], values(frontier)[place]
        assert point.relative_gap < 1e-6
        plan = built(frontier, float(value))
        assert plan.net_cost_myen_per_year == pytest.approx(point.cost_myen_per_year, rel=1e-6)
    slopes = np.diff(costs(frontier)) / np.abs(np.diff(values(frontier)))
    per = 100.0 if frontier.measure == "clean_share" else 1.0
    for place in range(1, 6):
        price = frontier.points[place].price_myen * per
        assert slopes[place - 1] * (1 - 1e-3) <= price <= slopes[place] * (1 + 1e-3)


def test_a_budget_buys_what_it_can_and_the_sentence_asks_for_it(frontier):
    budget = float(costs(frontier)[3] + costs(frontier)[4]) / 2.0
    spent = trace(frontier.scenario, frontier.measure, points=4, budget_myen_per_year=budget)
    assert budget * (1 - 1e-5) < spent.best.cost_myen_per_year <= budget
    low, high = sorted(values(frontier)[3:5])
    assert low < getattr(spent.best, OF[frontier.measure]) < high
    for language in LANGUAGES:
        value = float(re.search(r"target\.\w+ = ([\d.]+\d)", best_sentence(spent, language)).group(1))
        assert value == pytest.approx(getattr(spent.best, OF[frontier.measure]), rel=1e-2)
        assert built(frontier, value).net_cost_myen_per_year <= budget
    all_of_it = trace(frontier.scenario, frontier.measure, points=2, budget_myen_per_year=1e9)
    assert all_of_it.best == all_of_it.points[-1]


def test_what_cannot_be_traced_is_said():
    scenario = parse_scenario(SMALL)
    with pytest.raises(ScenarioError, match="pays for no design"):
        trace(scenario, points=2, budget_myen_per_year=1.0)
    for wrong in (1, 201):
        with pytest.raises(ScenarioError, match="between 2 and 200"):
            trace(scenario, points=wrong)
    nowhere = {**SMALL, "grid": {"enabled": False}, "backup": {"technology": "none"},
               "battery": {"enabled": False}}  # fmt: skip
    with pytest.raises(ScenarioError, match="no design"):
        trace(parse_scenario(nowhere), points=2)


def test_an_outage_is_survived_at_every_point():
    free = {**SMALL, "supply": {"pv": {"max_mw": 60.0}}, "time": {"first_hour": 300, "hours": 48}}
    raw = {**free, "outage": {"hours": 12, "fuel_hours": 0.5}}
    found = trace(parse_scenario(raw), points=4)
    for point in found.points[1:3]:
        target = {"target": {"carbon_cap_t_per_year": point.emissions_t_per_year}}
        plan = build(parse_scenario({**raw, **target}), explain=False)
        assert point.cost_myen_per_year == pytest.approx(plan.net_cost_myen_per_year, abs=0.05)
    # Where it binds it costs something, at the least cost and on the way.
    dearer = [
        point.cost_myen_per_year
        - build(
            parse_scenario({**free, "target": {"carbon_cap_t_per_year": point.emissions_t_per_year}}), explain=False
        ).net_cost_myen_per_year
        for point in found.points[:2]
    ]
    assert min(dearer) > 10.0


def test_the_page_holds_both_languages_and_the_figures_of_the_terminal(frontier):
    pages = {language: frontier_page(frontier, language) for language in LANGUAGES}
    console = Console(width=200, record=True, file=io.StringIO())
    for language, page in pages.items():
        tree = ElementTree.fromstring(re.search(r"<section.*", page, re.DOTALL).group(0).join(("<r>", "</r>")))
        sections = tree.findall("section")
        assert sections[0].get("lang") == language
        assert sorted(part.get("lang") for part in sections) == sorted(LANGUAGES)
        console.print(frontier_text(frontier, language))
        told = console.export_text()
        cells = [cell.text for cell in sections[0].iter("td")]
        assert len(cells) >= 4 * len(frontier.points)
        assert [cell for cell in cells if cell not in told] == []


def test_csv_and_drawing_hold_every_point(frontier):
    rows = list(csv.DictReader(io.StringIO(frontier_csv(frontier).removeprefix("\ufeff"))))
    assert [float(row["cost_myen_per_year"]) for row in rows] == pytest.approx(costs(frontier), rel=1e-8)
    assert [float(row[OF[frontier.measure]]) for row in rows] == pytest.approx(values(frontier), rel=1e-6, abs=1e-6)
    for language in LANGUAGES:
        picture = ElementTree.fromstring(frontier_svg(frontier, language))
        dots = picture.findall(".//{http://www.w3.org/2000/svg}circle")
        assert len(dots) == len(rows)
        across = [float(dot.get("cx")) for dot in dots]
        assert across == sorted(across)


def test_the_command_prints_draws_and_writes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(
        'name = "A & B"\n[site]\nid = "inzai"\n[time]\nhours = 48\n[cooling]\nsystem = "direct_liquid"\n', "utf-8"
    )
    ask = ["frontier", "small.toml", "--points", "3"]
    done = CliRunner().invoke(app, [*ask, "--lang", "ja", "-o", "f.csv", "-o", "f.svg", "-o", "f.html"])
    assert done.exit_code == 0, done.output
    assert done.stdout.count("●") == 3
    assert "年間費用" in done.stdout
    assert (tmp_path / "f.csv").read_bytes().startswith(b"\xef\xbb\xbfcost_myen_per_year,")
    ElementTree.parse(tmp_path / "f.svg")
    assert "A &amp; B" in (tmp_path / "f.html").read_text("utf-8")
    told = json.loads(CliRunner().invoke(app, [*ask, "--json", "--against", "clean_share"]).stdout)
    assert told["measure"] == "clean_share"
    assert len(told["points"]) == 3
    assert CliRunner().invoke(app, [*ask, "-o", "f.pdf"]).exit_code != 0
    assert CliRunner().invoke(app, [*ask, "-o", "f.csv"]).exit_code != 0


def test_the_facade_asks_the_same():
    found = kiban.frontier(parse_scenario(SMALL), "clean_share", points=3)
    assert len(found.points) == 3
    assert found.measure == "clean_share"


def test_of_systems_that_cross_each_target_has_the_cheaper_and_what_is_dearer_is_not_solved(monkeypatch):
    """One hall, and one that costs more and draws less: the first is cheaper while carbon dioxide is allowed."""
    preparation = prepare(parse_scenario(SMALL))
    plain = replace(preparation.resources_for("direct_liquid"), carbon_cap_t_per_year=None)
    less = replace(plain, pue=plain.pue * 0.985)
    ends = [frontier_of._find_all_ends([one], "emissions")[0] for one in (plain, less)]
    saved = [
        getattr(ends[0], at).cost_myen_per_year - getattr(ends[1], at).cost_myen_per_year for at in ("first", "last")
    ]
    halls = {**plain.it_annual_costs_myen_per_mw, "hall": sum(saved) / 2.0 / 50.0}
    saving = replace(less, it_annual_costs_myen_per_mw=halls)
    systems = frontier_of._find_all_ends([saving, plain], "emissions")
    assert [ends.resources.pue is plain.pue for ends in systems] == [True, False]
    first, last = frontier_of._bracket(systems, "emissions")
    targets = [float(t) for t in np.linspace(first.emissions_t_per_year, last.emissions_t_per_year, 12)[1:-1]]
    asked, solve_at = [], frontier_of._solve_at
    monkeypatch.setattr(frontier_of, "_solve_at", lambda *given: asked.append(given) or solve_at(*given))
    traced = list(frontier_of._trace_between(systems, targets, "emissions", say_nothing))
    everywhere = [
        [solve(write_programme(replace(one, carbon_cap_t_per_year=t))).certificate.primal for one in (plain, saving)]
        for t in targets
    ]
    cheapest = [
        min(point.cost_myen_per_year for point in traced if point.emissions_t_per_year <= target * (1 + 1e-6))
        for target in targets
    ]
    assert cheapest == pytest.approx([min(costs) for costs in everywhere], rel=1e-6)
    assert len({plain < saving for plain, saving in everywhere}) == 2
    assert len(targets) < len(asked) < 2 * len(targets)
