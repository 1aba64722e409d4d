"""Every number that may be asked, at, below and above its range: taken at its ends, refused by name beyond them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from tests.cases.servers import WEEK, Client

from kiban.catalogue import load_catalogue
from kiban.errors import InputError
from kiban.quantities import LANGUAGES
from kiban.report.messages import say_problem
from kiban.scenario import Scenario
from kiban.scenario.examples import load_scenario
from kiban.scenario.file import parse_scenario
from kiban.scenario.plain import plain_scenario
from kiban.server import bodies
from kiban.server.studies import apply_changes

BOUNDS = {
    "minimum": (-1.0, True),
    "maximum": (1.0, True),
    "exclusiveMinimum": (-1.0, False),
    "exclusiveMaximum": (1.0, False),
}
"""Which way is outside of each, and whether the bound itself is inside."""
QUESTIONS = (
    bodies.PlanQuestion,
    bodies.PayQuestion,
    bodies.CompareQuestion,
    bodies.SweepQuestion,
    bodies.FrontierQuestion,
    bodies.RunQuestion,
    bodies.NationalQuestion,
    bodies.ImpactQuestion,
)
Field = tuple[str, str, float, bool]
"""Key, kind of bound, the bound, and whether the number is whole."""


def fields_of(schema: Mapping[str, Any], whole: Mapping[str, Any], key: str = "") -> Iterator[Field]:
    """Every bound of every number below a schema; tables of names and lists of tables are left to their own tests."""
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    for option in schema.get("anyOf", ()):
        yield from fields_of(option, whole, key)
    if schema.get("type") in {"number", "integer"}:
        for kind in BOUNDS:
            if kind in schema:
                yield key, kind, float(schema[kind]), schema["type"] == "integer"
    for name, inner in schema.get("properties", {}).items():
        yield from fields_of(inner, whole, f"{key}.{name}".lstrip("."))


def outside(kind: str, bound: float, whole: bool) -> float | int:
    """A number just beyond a bound."""
    way, inside = BOUNDS[kind]
    step = 1.0 if whole else max(abs(bound), 1.0) * 1e-6
    value = bound + way * step if inside else bound
    return round(value) if whole else value


def within(kind: str, bound: float, whole: bool) -> float | int:
    """The last number inside a bound."""
    way, inside = BOUNDS[kind]
    value = bound if inside else bound - way * (1.0 if whole else 1e-6)
    return round(value) if whole else value


SCENARIO = Scenario.model_json_schema()
SCENARIO_FIELDS = sorted(set(fields_of(SCENARIO, SCENARIO)))
BASE = plain_scenario(load_scenario("tomakomai"))


def problems_of(changes: Mapping[str, Any]) -> tuple[Any, ...]:
    try:
        parse_scenario(apply_changes(BASE, changes), where="")
    except InputError as error:
        return tuple(error.problems)
    return ()


def test_the_walk_sees_the_fields() -> None:
    keys = {key for key, *_ in SCENARIO_FIELDS}
    assert {"target.clean_share", "load.it_load_mw", "grid.max_mw", "time.hours", "load.max_delay_hours"} <= keys
    assert len(keys) > 60


@pytest.mark.parametrize("field", SCENARIO_FIELDS, ids=lambda field: f"{field[0]} {field[1]}")
def test_a_number_of_a_scenario_beyond_its_range_is_refused_by_name(field: Field) -> None:
    key, kind, bound, whole = field
    found = [problem for problem in problems_of({key: outside(kind, bound, whole)}) if problem.key == key]
    assert found, "taken, or refused under another name"
    for language in LANGUAGES:
        assert f"{bound:g}" in say_problem(found[0], language).replace(",", "").replace("−", "-"), say_problem(
            found[0], language
        )
    inside = problems_of({key: within(kind, bound, whole)})
    assert found[0].code not in {problem.code for problem in inside if problem.key == key}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.__name__)
def test_a_number_of_a_question_beyond_its_range_is_refused_by_name(client: Client, question: type[BaseModel]) -> None:
    schema = question.model_json_schema()
    address = question.__name__.removesuffix("Question").lower()
    address = {"plan": "plans", "run": "runs"}.get(address, address)
    for key, kind, bound, whole in fields_of(schema, schema):
        answer = client.post(f"/api/v1/{address}", json={"example": "tomakomai", key: outside(kind, bound, whole)})
        assert answer.status_code == 422, (key, kind, answer.text)
        said = [problem for problem in answer.json()["problems"] if problem["path"] == key]
        assert said, (key, kind, answer.text)
        assert f"{bound:g}" in said[0]["detail"].replace(",", "") or math.fabs(bound) >= 1e6, said
        assert _faults_at(question, key, within(kind, bound, whole)) == []


def _faults_at(question: type[BaseModel], key: str, value: float) -> list[str]:
    """What is wrong with one number of a question, whatever else it lacks."""
    try:
        question.model_validate({key: value})
    except ValidationError as error:
        return [str(one["msg"]) for one in error.errors() if one["loc"] == (key,)]
    return []


def test_no_figure_of_the_catalogue_makes_a_fault_whatever_it_is_set_to(client: Client) -> None:
    """Below, at and above its range, at nothing and below it: taken with a word or refused, never a fault of ours."""
    for name in ("wind_onshore.hub_height_m", "pv.capex", "chip.life", "finance.discount_rate"):
        fact = load_catalogue().facts[name]
        for value in (-20.0, 0.0, fact.low, fact.high, 3.0 * (fact.high or fact.value)):
            if value is not None:
                asked = {"example": "tomakomai", "changes": {**WEEK, f"assumptions.{name}": value}}
                answer = client.post("/api/v1/check", json=asked)
                assert answer.status_code in {200, 422}, (name, value, answer.text)
                if value == -20.0:
                    assert answer.status_code == 422, name
                    assert name in answer.json()["problems"][0]["path"], name
