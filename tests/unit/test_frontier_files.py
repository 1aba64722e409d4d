"""The frontier as a document, as files and in a report: the same figures, and keys that ask for each point."""

import io
import json
import re
from dataclasses import replace

import pytest
from openpyxl import load_workbook
from tests.unit.test_frontier import SMALL
from typer.testing import CliRunner

from kiban.cli import app
from kiban.errors import OutputError
from kiban.planning import build
from kiban.planning.frontier import trace
from kiban.report.plan.frontier import finding, frontier_table, frontier_text, needed_change
from kiban.report.plan.frontier_document import frontier_document, frontier_file, read_frontier
from kiban.report.plan.frontier_files import KINDS, make_file
from kiban.scenario import parse_scenario
from kiban.scenario.plain import plain_scenario

RAW = {**SMALL, "time": {"first_hour": 300, "hours": 48}}
TOML = 'name = "A & B"\n[site]\nid = "inzai"\n[time]\nhours = 48\n[cooling]\nsystem = "direct_liquid"\n'


@pytest.fixture(scope="module", params=["emissions", "clean_share"])
def frontier(request):
    found = trace(parse_scenario(RAW), request.param, points=4)
    return replace(found, best=found.points[1])


def enclosed(page):
    """What a report holds."""
    return json.loads(re.search(r'id="kiban-view">(.*?)</script>', page).group(1))


def test_what_is_written_is_read_again_digit_by_digit(frontier, tmp_path):
    path = tmp_path / "f.json"
    path.write_text(frontier_file(frontier), "utf-8")
    again = read_frontier(path)
    assert again.points == frontier.points
    assert (again.best, again.measure) == (frontier.best, frontier.measure)
    assert plain_scenario(again.scenario) == plain_scenario(frontier.scenario)


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"format": "kiban payment"}', '{"format": "kiban frontier", "measure": "cost"}']
)
def test_what_holds_no_frontier_is_refused_by_name(text, tmp_path):
    path = tmp_path / "f.json"
    path.write_text(text, "utf-8")
    with pytest.raises(OutputError, match=r"f\.json cannot be made into a report: no frontier"):
        read_frontier(path)
    with pytest.raises(OutputError, match=r"nowhere\.json"):
        read_frontier(tmp_path / "nowhere.json")


def test_the_keys_of_a_point_ask_for_it_and_for_no_more_money(frontier):
    for point in frontier.points:
        change = {key.removeprefix("target."): value for key, value in needed_change(point, frontier).items()}
        plan = build(parse_scenario({**RAW, "target": change}), explain=False)
        cost = point.cost_myen_per_year
        assert plan.net_cost_myen_per_year <= cost * (1 + 1e-7)
        assert plan.net_cost_myen_per_year == pytest.approx(cost, rel=1e-4)
        value = plan.indicators["emissions_t_per_year" if frontier.measure == "emissions" else "clean_share"]
        limit = next(iter(change.values()))
        assert value <= limit * (1 + 1e-6) if frontier.measure == "emissions" else value >= limit - 1e-6


def test_an_objective_gives_way_to_the_limit_of_a_point(frontier):
    target = frontier.scenario.target.model_copy(update={"objective": "emissions", "budget_myen_per_year": 9e9})
    other = replace(frontier, scenario=frontier.scenario.model_copy(update={"target": target}))
    change = needed_change(frontier.points[0], other)
    assert change["target.objective"] == "cost"
    assert change["target.budget_myen_per_year"] is None


def test_the_document_says_what_the_terminal_says(frontier):
    from rich.console import Console

    document = frontier_document(frontier)
    for language in ("en", "ja"):
        console = Console(width=250, record=True, file=io.StringIO())
        console.print(frontier_text(frontier, language))
        told = console.export_text()
        assert document["finding"][language] == finding(frontier, language)
        for said in (document["title"], document["finding"], document["best_sentence"], *document["axes"].values()):
            assert said[language] in told
        table = document[f"table_{language}"]
        assert all(column.rstrip(" %") in told for column in table["columns"])
        for row, point in zip(table["rows"], frontier.points, strict=True):
            assert f"{row[0]:,.2f}" in told
            assert row[2] == pytest.approx(100 * point.clean_share, rel=1e-5)


def test_every_file_holds_every_point(frontier):
    files = {kind: make_file(frontier, kind, "ja") for kind in KINDS}
    assert files["xlsx"] == make_file(frontier, "xlsx", "en")
    sheet = load_workbook(io.BytesIO(files["xlsx"])).active
    rows = [[cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)]
    said = [row[0] for row in rows if len(row) == 1]
    for language in ("en", "ja"):
        assert finding(frontier, language) in said
    table = [tuple(row) for row in rows if len(row) > 1]
    for row, wanted in zip(table[1:], frontier_table(frontier).rows, strict=True):
        assert row[5] == wanted[5]
        assert row[:5] + row[6:] == pytest.approx(wanted[:5] + wanted[6:], rel=1e-14)
    assert "Cost" in table[0][0]
    assert "費用" in table[0][0]
    assert files["svg"].decode().count("<circle") == len(frontier.points)
    assert len(files["csv"].decode("utf-8-sig").splitlines()) == 1 + len(frontier.points)
    assert b'<html lang="ja">' in files["html"]
    assert json.loads(files["json"])["format"] == "kiban frontier"


def test_a_report_shows_the_frontier_that_is_asked_for_or_lies_in_the_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(TOML, "utf-8")

    def ask(*arguments):
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == 0, done.output
        return done

    ask("report", "small.toml", "--frontier", "--frontier-against", "clean_share", "-o", "asked.html")
    asked = enclosed((tmp_path / "asked.html").read_text("utf-8"))["frontier"]
    assert asked["measure"] == "clean_share"
    assert len(asked["points"]) == 20
    assert "scenario" not in asked
    ask("build", "small.toml", "--out", "plan")
    ask("report", "plan", "-o", "without.html")
    assert "frontier" not in enclosed((tmp_path / "without.html").read_text("utf-8"))
    ask("frontier", "plan", "--points", "3", "-o", "plan/frontier.json", "-o", "f.xlsx")
    ask("report", "plan", "-o", "with.html")
    shown = enclosed((tmp_path / "with.html").read_text("utf-8"))["frontier"]
    assert shown["points"] == json.loads((tmp_path / "plan" / "frontier.json").read_text("utf-8"))["points"]
    refused = CliRunner().invoke(
        app, ["report", "small.toml", "--frontier", "--package", "tax-credit", "-o", "no.html"]
    )
    assert refused.exit_code == 2
    assert "leave --frontier out" in refused.output
    assert not (tmp_path / "no.html").exists()
