"""`kiban why`: every figure that is printed has its formula, and what is arithmetic comes out again."""

from __future__ import annotations

import copy
import io
import json
import math
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests.cases.national_studies import one_site
from typer.testing import CliRunner, Result

from kiban.catalogue import load_catalogue
from kiban.cli import app
from kiban.commands.race import PACKAGE, RIVAL
from kiban.economy.asking import economy_of_plan
from kiban.errors import InputError
from kiban.figures.entries import DOCUMENTS, Document, load_table
from kiban.figures.explanation import Explanation, explain
from kiban.figures.expression import evaluate, names_in
from kiban.figures.finding import find_figure
from kiban.figures.leaves import Leaf, dotted, leaves_of, match, select
from kiban.finance.connecting import compare_connections
from kiban.finance.national import NationalQuestion
from kiban.finance.on_others import impact_of_load
from kiban.finance.paying import Question
from kiban.finance.race import race
from kiban.national.building import build_national
from kiban.operation.running import run
from kiban.planning.building import build
from kiban.planning.frontier import trace
from kiban.planning.plan import Plan
from kiban.report.connecting import connecting_document
from kiban.report.economy.document import economy_document
from kiban.report.market.document import impact_document
from kiban.report.national.document import national_document
from kiban.report.national.payment_document import national_payment_document
from kiban.report.operation.document import operation_document
from kiban.report.payment.document import payment_document
from kiban.report.phrases import load_phrases
from kiban.report.plan.frontier_document import frontier_document
from kiban.report.plan.record import summarise, to_json
from kiban.report.race import race_document
from kiban.report.why import figure_name, figure_names, why_text
from kiban.scenario import Scenario, parse_scenario
from kiban.scenario.examples import load_scenario

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
SMALL = Path(__file__).parents[1] / "cases" / "small_run.toml"
RECOMPUTED = {
    "build": 26,
    "pay": 600,
    "run": 10,
    "impact": 18,
    "japan": 15,
    "economy": 1150,
    "pay_japan": 170,
    "connect": 9,
    "race": 22,
    "frontier": 0,
}
"""At least so many figures of each answer come out again."""
KEYS = ("supply.", "target.", "load.", "grid.max_mw", "grid.annual_cost")
"""Beginnings of keys of a scenario, which are inputs of a plan where they are given."""


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@cache
def small() -> Scenario:
    return load_scenario(str(SMALL))


CREWS = [
    {
        "id": "crew",
        "building_per_mw": 2,
        "build_years": 2,
        "years": [2028, 2029],
        "available": [250, 250],
    }
]
"""Of the national study of one site, so that its limits by year are told too."""


@cache
def plan() -> Plan:
    return build(small())


@cache
def answer(document: Document) -> dict[str, Any]:
    """What `--json` prints, of a small case of each kind."""
    if document == "pay":
        question = Question(small(), about=["blueprint-japan"])
        found: Any = payment_document(question.with_downside(question.pay(["blueprint-japan"])))
    elif document == "run":
        found = operation_document(run(plan()), "en")
    elif document == "impact":
        found = impact_document(impact_of_load(100.0, "tokyo"), "en")
    elif document == "japan":
        found = national_document(build_national(one_site(year=2030, build_limit=CREWS)))
    elif document == "pay_japan":
        found = national_payment_document(NationalQuestion(one_site()).pay(["blueprint-japan"]))
    elif document == "connect":
        found = connecting_document(small(), compare_connections(small()), "en")
    elif document == "race":
        place = parse_scenario({**small().model_dump(exclude_unset=True), "site": {"id": "tomakomai"}})
        found = race_document(race(place, RIVAL, PACKAGE))
    elif document == "frontier":
        found = frontier_document(trace(small(), points=3))
    elif document == "economy":
        found = economy_document(economy_of_plan(small(), "Hokkaido"), "en")
    else:
        found = summarise(plan())
    return dict(json.loads(to_json(found)))


@cache
def leaves(document: Document) -> dict[tuple[str, ...], Leaf]:
    return dict(leaves_of(answer(document)))


def why(document: Document, path: str) -> Explanation:
    return explain(document, answer(document), tuple(path.split(".")))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_figure_that_is_printed_has_its_formula(document: Document) -> None:
    table = load_table(document)
    assert len(leaves(document)) > (25 if document in ("connect", "race", "frontier") else 300)
    assert [dotted(path) for path in leaves(document) if not table.covers(path)] == []
    assert not table.covers(("nothing", "like", "it"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_arithmetic_comes_out_again(document: Document) -> None:
    table, known, again = load_table(document), summarise(plan())["provenance"], 0
    for path, value in leaves(document).items():
        found = table.find(path)
        if value is None or found is None or not found[0].expression:
            continue
        told = explain(document, answer(document), path, provenance=known, leaves=leaves(document))
        assert isinstance(value, int | float)
        if told.again is None:
            empty = found[0].unless or value == 0.0
            assert empty, f"{dotted(path)} has a formula that gives nothing"
            continue
        # Entries of a ledger are whole yen.
        assert told.again == pytest.approx(value, rel=1e-9, abs=2e-6), dotted(path)
        assert all(one.value is not None for one in told.inputs), dotted(path)
        again += 1
    assert again >= RECOMPUTED[document]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_said_of_a_figure_is_there(document: Document) -> None:
    facts, own = load_catalogue().facts, {str(one["name"]) for one in summarise(kiban_plan())["provenance"]}
    for entry in load_table(document).entries:
        if not entry.is_text:
            assert entry.code, entry.id
            assert entry.page, entry.id
            assert "::test_" in entry.held, entry.id
        for file in entry.code:
            assert (ROOT / "src" / "kiban" / file).is_file(), entry.id
        for file, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", entry.held):
            assert re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), entry.id
        page, _, anchor = entry.page.partition("#")
        if page:
            headings = re.findall(r"^#+ (.+)$", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert not anchor or anchor in anchors, entry.id
        if entry.expression:
            assert set(names_in(entry.expression)) == set(entry.inputs or {}), entry.id
        for row in entry.rows:
            if "{" not in row and "[=" not in row and not row.startswith("of "):
                known = [name for name in {*facts, *own} if match((row,), (name,)) is not None]
                assert known or row.startswith(KEYS), f"{entry.id}: {row}"
        for language in ("en", "ja"):
            phrases = load_phrases(language)
            assert f"{entry.family}.name" in phrases
            assert "{" in entry.formula or entry.formula in phrases, entry.formula


@cache
def kiban_plan() -> Plan:
    return build(load_scenario("tomakomai").model_copy(update={"time": small().time}))


def test_inputs_are_rows_with_source_and_status() -> None:
    found = why("build", "costs.pv")
    capex = next(row for row in found.rows if row.id == "pv.capex")
    fact = load_catalogue().fact("pv.capex")
    assert (capex.value, capex.low, capex.high, capex.status) == ("162.6", fact.low, fact.high, "verified")
    assert "smart-japan" in capex.source
    assert {row.id.split(".")[0] for row in found.rows} == {"pv", "supply", "finance"}
    parts = ("annual_capital_myen", "fixed_om_myen_per_year", "network_charge_myen_per_year")
    place, investment = next((at, one) for at, one in enumerate(plan().investments) if one.asset == "pv")
    assert [one.name for one in found.inputs] == [f"investments.{place}.{part}" for part in parts]
    assert [one.value for one in found.inputs] == [getattr(investment, part) for part in parts]


def test_a_capital_cost_moves_the_least_cost_as_the_formula_says() -> None:
    """By the envelope theorem a price that rises by 1 % moves the least cost by 1 % of what is bought."""
    told = {one.name: one.one_percent for one in why("build", "indicators.cost_myen_per_year").inputs}
    facts = load_catalogue()
    dearer = {name: facts.value(name) * 1.01 for name in ("pv.capex", "pv.fixed_om")}
    moved = build(small().model_copy(update={"assumptions": dearer}))
    change = moved.cost_myen_per_year - plan().cost_myen_per_year
    assert told["costs.pv"] == pytest.approx(plan().costs["pv"] * 0.01, rel=1e-9)
    assert change == pytest.approx(told["costs.pv"], rel=0.02)


def test_prices_of_constraints_are_derivatives_of_the_cost_alone() -> None:
    cost, power = why("build", "indicators.cost_myen_per_year"), why("build", "indicators.power_cost_myen_per_mwh")
    assert cost.exact
    assert not power.exact
    share = next(one for one in cost.limits if one.name == "clean_share")
    assert share.saving_myen == next(one for one in plan().worths if one.name == "clean_share").saving_myen
    target = small().target.model_copy(update={"clean_share": 0.7 - 0.001})
    looser = build(small().model_copy(update={"target": target}))
    saved = plan().cost_myen_per_year - looser.cost_myen_per_year
    assert saved == pytest.approx(share.saving_myen * 0.1, rel=0.02)
    sold = copy.deepcopy(answer("build"))
    sold["costs"]["compute_revenue"] = -1.0
    assert not explain("build", sold, ("indicators", "cost_myen_per_year")).exact


@cache
def within_budget(objective: str) -> dict[str, Any]:
    target = {"objective": objective, "budget_myen_per_year": plan().cost_myen_per_year * 1.02}
    raw = small().model_dump(exclude_unset=True)
    return dict(json.loads(to_json(summarise(build(parse_scenario({**raw, "target": target}))))))


@pytest.mark.parametrize(("objective", "constraint"), [("emissions", "carbon_cap"), ("clean_share", "clean_share")])
def test_an_objective_has_no_derivatives_of_the_cost(objective: str, constraint: str) -> None:
    content = within_budget(objective)
    assert content["worths"][constraint]["saving_myen"] > 0.0
    found = explain("build", content, ("indicators", "cost_myen_per_year"))
    assert not found.exact
    assert constraint not in {one.name for one in found.limits}
    for language, said in (("en", "only a calculation anew can tell"), ("ja", "再計算で確かめて")):
        text = printed(found, language)
        assert said in text
        assert "envelope" not in text
        assert "包絡" not in text


def printed(found: Explanation, language: Any) -> str:
    console = Console(width=10_000, file=io.StringIO())
    console.print(why_text(found, language))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_a_price_that_answers_leaves_no_derivatives() -> None:
    grid = small().grid.model_copy(update={"price_response_yen_per_kwh_per_gw": 2.0})
    found = summarise(build(small().model_copy(update={"grid": grid})))
    assert not explain("build", found, ("indicators", "cost_myen_per_year")).exact
    none = small().grid.model_copy(update={"price_response_yen_per_kwh_per_gw": 0.0})
    assert explain(
        "build", summarise(build(small().model_copy(update={"grid": none}))), ("indicators", "cost_myen_per_year")
    ).exact
    answers = copy.deepcopy(answer("japan")) | {"price_answer": {}}
    assert not explain("japan", answers, ("cost_myen_per_year",)).exact
    assert explain("japan", answer("japan"), ("cost_myen_per_year",)).exact


def test_a_payment_rests_on_what_its_scenario_assumes(tmp_path: Path) -> None:
    row = "finance.discount_rate.social"
    text = SMALL.read_text(encoding="utf-8")
    (tmp_path / "own.toml").write_text(f'{text}\n[assumptions]\n"{row}" = 0.03\n', encoding="utf-8")
    own = json.loads(invoke("why", "social_rate", str(tmp_path / "own.toml"), "--package", "none", "--json").stdout)
    assert (own["value"], own["again"]) == (0.03, 0.03)
    assert [(one["id"], one["value"], one["status"]) for one in own["rows"]] == [(row, "0.03", "given")]
    default = json.loads(invoke("why", "social_rate", str(SMALL), "--package", "none", "--json").stdout)
    fact = load_catalogue().fact(row)
    assert default["again"] == fact.value != 0.03
    assert [(one["id"], one["is_default"]) for one in default["rows"]] == [(row, False)]


@pytest.mark.parametrize(("language", "said"), [("en", "the plan's own is unknown"), ("ja", "この計画での値は不明")])
def test_a_saved_payment_does_not_know_the_plans_rows(language: str, said: str, tmp_path: Path) -> None:
    saved = tmp_path / "pay.json"
    saved.write_text(to_json({**answer("pay"), "social_rate": 0.03}), encoding="utf-8")
    told = invoke("why", "social_rate", str(saved), "--lang", language).stdout
    assert said in "".join(told.split("\n")).replace("  ", " ") or said.replace(" ", "") in "".join(told.split())
    assert "document was changed" not in " ".join(told.split())
    content = json.loads(invoke("why", "social_rate", str(saved), "--json").stdout)
    assert (content["again"], content["inputs"][0]["value"]) == (None, None)
    assert [one["is_default"] for one in content["rows"]] == [True]


@pytest.mark.parametrize(
    ("asked", "change", "said"),
    [
        ("sheep", {"sheep": 1.0}, "is no figure of this answer"),
        ("costs.pv", {"worths": [1]}, "is no answer of"),
        ("costs.pv", {"worths": {"a": 1}}, "is no answer of"),
        ("costs.pv", {"worths": {"a": {"key": "a", "limit": "x", "unit": "", "saving_myen": 1}}}, "is no answer of"),
        ("costs.pv", {"provenance": [{"value": "1"}]}, "is no answer of"),
        ("costs.pv", {"provenance": [{"name": "pv.capex"}]}, "is no answer of"),
        ("costs.pv", {"provenance": 5}, "is no answer of"),
        ("costs.pv", {"notes_said": [3]}, "is no answer of"),
        ("costs.pv", {"range": {"pv": {"low": 1}}}, "is no answer of"),
    ],
)
def test_a_file_may_hold_anything(asked: str, change: dict[str, Any], said: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({**answer("build"), **change}), encoding="utf-8")
    for language in ("en", "ja"):
        found = invoke("why", asked, str(file), "--lang", language)
        assert found.exit_code == 2
        assert found.exception is None or isinstance(found.exception, SystemExit)
    assert said in " ".join(invoke("why", asked, str(file), "--lang", "en").stderr.split())


def test_a_figure_that_was_changed_is_noticed(tmp_path: Path) -> None:
    changed = copy.deepcopy(answer("build"))
    changed["indicators"]["power_cost_myen_per_mwh"] *= 1.001
    found = explain("build", changed, ("indicators", "power_cost_myen_per_mwh"))
    assert not found.agrees
    assert why("build", "indicators.power_cost_myen_per_mwh").agrees
    (tmp_path / "plan.json").write_text(json.dumps(changed), encoding="utf-8")
    said = invoke("why", "power_cost_myen_per_mwh", str(tmp_path / "plan.json"))
    assert "this document was changed" in " ".join(said.stdout.split())


@pytest.mark.parametrize(
    ("document", "asked", "path"),
    [
        ("build", "indicators.cost_myen_per_year", "indicators.cost_myen_per_year"),
        ("build", "cost_myen_per_year", "indicators.cost_myen_per_year"),
        ("build", "Total cost", "indicators.cost_myen_per_year"),
        ("build", "総費用", "indicators.cost_myen_per_year"),
        ("build", "delay.saving", "worths.delay.saving_myen"),
        ("pay", "windfall share", "support.windfall_share"),
        ("pay", "便乗の割合", "support.windfall_share"),
        ("pay", "財政費用", "fiscal_cost_myen"),
        ("run", "regret_myen.total", "regret_myen.total"),
        ("impact", "areas.tokyo.price_after_yen_per_kwh", "areas.tokyo.price_after_yen_per_kwh"),
        ("japan", "cost_myen_per_year", None),
    ],
)
def test_a_figure_is_found_by_path_part_or_name(document: Document, asked: str, path: str | None) -> None:
    def find() -> str:
        return dotted(find_figure(asked, leaves(document), lambda one: figure_names(document, one)))

    assert find() == (path or asked)


def test_what_an_answer_of_several_plans_assumes_is_what_its_scenario_gives() -> None:
    path = ("spread_myen_per_year",)
    default = explain("race", answer("race"), path, provenance=[])
    given = {
        "name": "race.cost_spread",
        "value": "0.1",
        "unit": "share",
        "source": "me",
        "status": "given",
        "origin": "key",
    }
    other = explain("race", answer("race"), path, provenance=[given])
    assert default.agrees and default.again is not None and other.again is not None
    assert other.again == pytest.approx(default.again * 0.1 / load_catalogue().value("race.cost_spread"), rel=1e-12)
    assert not other.agrees
    assert [(row.id, row.value, row.status) for row in other.rows] == [("race.cost_spread", "0.1", "given")]
    kept = explain("race", answer("race"), ("first", "region_myen_per_year", "0"), provenance=[given])
    assert {row.id.split(".")[0] for row in kept.rows} == {"finance", "local"}
    # What a file does not say is not known.
    assert explain("race", answer("race"), path).again is None


def test_of_many_inputs_those_that_move_a_figure_most_are_shown() -> None:
    found = why("pay", "fiscal_cost_myen")
    moved = {one.name: one.one_percent for one in found.inputs}
    years = [year["year"] for year in answer("pay")["by_fiscal_year"]]
    assert {moved[f"by_fiscal_year.{year}.year"] for year in years} == {None}
    losses = {f"by_fiscal_year.{year}.at_start_prices_myen" for year in years}
    assert sum(moved[name] or 0.0 for name in losses) == pytest.approx(0.01 * answer("pay")["fiscal_cost_myen"])
    text = printed(found, "en")
    assert f"by_fiscal_year.{years[0]}.at_start" in text and f"by_fiscal_year.{years[0]}.year" not in text
    assert len([name for name in moved if name in text]) <= 24
    assert "inputs that move it most" in text


def test_a_range_that_stands_beside_a_figure_is_its_range() -> None:
    spread = answer("economy")["imports_myen"]
    found = why("economy", "imports_myen.value")
    assert (found.low, found.high) == (spread["low"], spread["high"])
    assert why("economy", "imports_myen.low").low is None


def test_what_is_no_figure_names_the_nearest() -> None:
    def names(path: tuple[str, ...]) -> tuple[str, ...]:
        return figure_names("build", path)

    with pytest.raises(InputError) as several:
        find_figure("saving_myen", leaves("build"), names)
    assert several.value.problems[0].code == "why.several"
    assert several.value.problems[0].values["count"] == len(plan().worths)
    with pytest.raises(InputError) as unknown:
        find_figure("cost_myen_a_year", leaves("build"), names)
    assert "indicators.cost_myen_per_year" in unknown.value.problems[0].values["names"]
    for nothing in ("", "??", "x" * 5000):
        with pytest.raises(InputError):
            find_figure(nothing, leaves("build"), names)


def test_names_are_in_both_languages() -> None:
    for document in DOCUMENTS:
        for path, value in leaves(document).items():
            if value is not None and not load_table(document).find(path)[0].is_text:  # type: ignore[index]
                name = figure_name(document, path, "ja")
                assert name == name.strip()
                assert name
    wages = ("effects", "japan", "construction", "direct", "wages_myen", "value")
    assert figure_name("economy", wages, "ja") == "直接の賃金（国内・建設）"
    assert figure_name("pay", ("support", "windfall_share"), "ja") == "支援（便乗の割合）"


def test_arithmetic_is_all_that_an_expression_holds() -> None:
    assert evaluate("sum(a) - 2 * b ** 2", {"a": [1.0, 2.0, 30.0], "b": 3.0}) == 15.0
    assert evaluate("min(x, y) / max(x, y)", {"x": 1.0, "y": 4.0}) == 0.25
    assert evaluate("a / b", {"a": 1.0, "b": 0.0}) is None
    assert evaluate("-abs(a)", {"a": -3.0}) == -3.0
    assert evaluate("sum(abs(a)) / 2", {"a": [-3.0, 1.0]}) == 2.0
    assert evaluate("1 / (1 + exp(a))", {"a": 0.0}) == 0.5
    assert evaluate("present_value(r, a)", {"r": 1.0, "a": [8.0, 4.0]}) == 10.0
    assert evaluate("present_value(r, a, y, b)", {"r": 1.0, "a": [8.0], "y": [2028], "b": 2027}) == 4.0
    assert evaluate("exp(a)", {"a": 1e4}) is None
    assert evaluate("a ** b", {"a": 10.0, "b": 400.0}) is None
    for text in ("__import__('os')", "a.b", "[a]", "a if a else b", "open(a)"):
        with pytest.raises(ValueError):
            evaluate(text, {"a": 1.0, "b": 1.0})
    with pytest.raises(KeyError):
        evaluate("c", {"a": 1.0})


def test_patterns_and_labels() -> None:
    content = {"list": [{"id": "x", "v": 1}, {"id": "y", "v": 2}], "plain": [3, 4], "same": [{"id": "x"}, {"id": "x"}]}
    found = dict(leaves_of(content))
    named = ["list.x.id", "list.x.v", "list.y.id", "list.y.v", "plain.0", "plain.1", "same.0.id", "same.1.id"]
    assert [dotted(path) for path in found] == named
    assert select(found, "list.*.v") == [(("list", "x", "v"), 1), (("list", "y", "v"), 2)]
    assert select(found, "list[id=y].v") == [(("list", "y", "v"), 2)]
    assert match(("a", "**"), ("a",)) == ("",)
    assert match(("a", "**"), ("a", "b", "c")) == ("b.c",)
    assert match(("a", "b_*"), ("a", "b_c")) == ("c",)
    assert match(("a",), ("a", "b")) is None
    assert math.isclose(sum(value for _, value in select(found, "plain.*")), 7)  # type: ignore[misc]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_command_explains_a_plan(language: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(to_json(answer("build")), encoding="utf-8")
    said = invoke("why", "costs.pv", str(file), "--lang", language)
    assert said.exit_code == 0
    for word in ("costs.pv", "pv.capex", "target.clean_share"):
        assert word in said.stdout
    told = json.loads(invoke("why", "costs.pv", str(file), "--json").stdout)
    assert told["again"] == pytest.approx(told["value"], rel=1e-12)
    assert told["figure"] == "costs.pv"
    assert set(told["name"]) == {"en", "ja"}
    assert told["constraints_are_derivatives"] is False


def test_the_command_asks_what_the_figure_belongs_to(tmp_path: Path) -> None:
    told = json.loads(invoke("why", "run.regret.total", str(SMALL), "--json").stdout)
    assert (told["of"], told["figure"]) == ("run", "regret.total")
    assert told["constraints"] == []
    # The catalogue's lead time is that of the area of the campus; a scenario may assume another.
    lead = json.loads(invoke("why", "connect.lead_years", str(SMALL), "--json").stdout)
    assert (lead["of"], lead["value"], lead["again"]) == ("connect", 5.0, 5.0)
    assert [row["id"] for row in lead["rows"]] == ["grid.hokkaido.connection_lead_time"]
    place = json.loads(invoke("why", "it_mw", str(SMALL), "--prefecture", "Akita", "--json").stdout)
    assert place["of"] == "economy"
    paid = json.loads(invoke("why", "fiscal_cost_myen", str(SMALL), "--package", "none", "--json").stdout)
    assert (paid["of"], paid["figure"], paid["value"]) == ("pay", "fiscal_cost_myen", 0.0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("costs.nothing", "PLAN"), "nearest to it are"),
        (("saving_myen", "PLAN"), "could be any of"),
        (("costs.pv", "PLAN", "--package", "none"), "finished answer"),
        (("costs.pv", "OTHER"), "no answer of"),
        (("costs.pv", "MISSING"), "cannot be read"),
        (("run.regret.total", "japan"), "national study"),
        (("japan.cost_myen_per_year", "tomakomai"), "one campus"),
        (("costs.pv", "PLAN", "--prefecture", "Akita"), "finished answer"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    files = {"PLAN": to_json(answer("build")), "OTHER": '{"format": "other"}'}
    for name, text in files.items():
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    given = [str(tmp_path / f"{one}.json") if one in ("PLAN", "OTHER", "MISSING") else one for one in arguments]
    found = invoke("why", *given)
    assert found.exit_code == 2
    assert said in found.stderr
