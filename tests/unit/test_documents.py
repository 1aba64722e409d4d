"""The JSON of plans and payments is what its definitions say, and the web pages' types are made from these."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TypedDict

import pytest
from tests.cases.documents import misfits
from tests.cases.payments import paid

import kiban
from kiban.finance.compared import ComparedInstrument, instrument_rows
from kiban.finance.comparison import sweep
from kiban.planning.plan import Change, Plan
from kiban.report.payment.document import PaymentDocument, payment_document, renewed
from kiban.report.payment.figures import instrument_documents
from kiban.report.payment.packages import PackageDocument, package_documents
from kiban.report.plan.differences import DifferenceDocument, cause_documents, difference_document
from kiban.report.plan.document import Circumstances, PlanDocument, Reproduction, plan_document, reproduction
from kiban.report.plan.hours import HoursDocument, ProfileDocument, hours_document, profile_document
from kiban.report.plan.inputs import CheckDocument, check_document
from kiban.report.plan.record import PlanFigures, PlanRecord, summarise
from kiban.scenario.examples import load_scenario
from kiban.server.catalogue_documents import (
    ExamplesDocument,
    SitesDocument,
    SiteWithFacts,
    examples_document,
    site_document,
    sites_document,
)
from kiban.server.problems import ProblemDocument, refuse
from kiban.server.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
HOW = Circumstances("p_1", 0.0, 0.5, "instant")


def plain(document: object) -> object:
    """The document as who asked for it reads it."""
    return json.loads(json.dumps(document, allow_nan=False))


@pytest.mark.parametrize("short", [False, True])
def test_a_plan_is_what_its_definition_says(plan: Plan, infeasible_plan: Plan, short: bool) -> None:
    for one in (plan, infeasible_plan):
        assert misfits(plain(plan_document(one, HOW, short=short)), PlanDocument) == []
        assert misfits(plain(summarise(one)), PlanRecord) == []
        assert misfits(plain(reproduction(one)), Reproduction) == []


def test_a_plan_has_the_same_numbers_wherever_it_is_shown(plan: Plan) -> None:
    document, record = plan_document(plan, HOW), summarise(plan)
    names = set(PlanFigures.__annotations__) - {"bought"}  # which only a plan has that says how power is bought
    assert names <= set(document) & set(record)
    assert all(document[name] == record[name] for name in names)  # type: ignore[literal-required]


def test_hours_and_differences_are_what_their_definitions_say(plan: Plan) -> None:
    names = list(plan.hourly)
    assert misfits(plain(hours_document(plan, names, 0, 24, 5)), HoursDocument) == []
    assert misfits(plain(profile_document(plan, names)), ProfileDocument) == []
    causes = cause_documents([{"grid.max_mw": 1.0}], [1.0, None])
    assert misfits(plain(difference_document(plan, plan, causes)), DifferenceDocument) == []


def test_inputs_are_what_their_definition_says() -> None:
    assert misfits(plain(check_document(kiban.check(load_scenario("greensboro")), 1.0, "job")), CheckDocument) == []


@pytest.mark.parametrize("name", ["tax-credit", "loan-guarantee", "none"])
def test_a_payment_is_what_its_definition_says(name: str) -> None:
    assert misfits(plain(payment_document(paid(name))), PaymentDocument) == []


def test_packages_and_instruments_are_what_their_definitions_say() -> None:
    from tests.cases.payments import question

    assert misfits(plain(package_documents()), list[PackageDocument]) == []
    points = instrument_documents(instrument_rows(sweep(question(), "grant_rate=0:0.1:0.1")))
    assert misfits(plain(points), list[ComparedInstrument]) == []


def test_the_catalogue_is_what_its_definitions_say(tmp_path: Path) -> None:
    assert misfits(plain(sites_document()), SitesDocument) == []
    assert misfits(plain(site_document("tomakomai")), SiteWithFacts) == []
    assert misfits(plain(examples_document(Settings(data=tmp_path))), ExamplesDocument) == []


def test_a_refusal_is_what_its_definition_says() -> None:
    assert misfits(plain(refuse("not-found", "no_plan", name="p").document), ProblemDocument) == []


def test_a_payment_of_version_1_is_read() -> None:
    now = payment_document(paid("tax-credit"))
    old = {name: now[name] for name in PaymentDocument.__annotations__ if name not in {"residual", "findings", "draws"}}  # type: ignore[literal-required]
    languages = ("en", "ja")
    screen = {name: old.pop(name) for name in ("title", "against_title", "parties", "years", "flow_rate", "flows")}
    screen |= {name: old.pop(name) for name in ("capacities", "losses")}
    screen["support"] = {"assets": old.pop("support_by_asset")}
    parts = ("residual", "findings")
    screen["sentences"] = {language: {part: now[part][language] for part in parts} for language in languages}
    assert renewed(old | {"version": 1, "screen": screen}) == now
    assert renewed(now) == now


def test_the_types_of_the_web_pages_are_those_of_the_definitions() -> None:
    path = ROOT / "scripts" / "write_web_types.py"
    specification = importlib.util.spec_from_file_location("write_web_types", path)
    assert specification is not None and specification.loader is not None
    writer = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(writer)
    made = writer.write_types()
    assert made == writer.FILE.read_text(encoding="utf-8"), "run `npm run types` in web/"
    assert "export interface PlanDocument {" in made


class Holder(TypedDict):
    """Stands for a document."""

    names: list[str]
    size: float | None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"names": ["a"], "size": None}, []),
        ({"names": ["a", 1], "size": 1}, [".names[1]: 1 is no <class 'str'>"]),
        ({"names": []}, [".size: missing in Holder"]),
        ({"names": [], "size": 1.0, "more": 1}, [".more: not defined in Holder"]),
        ({"names": [], "size": "1"}, [".size: '1' is no <class 'float'>"]),
    ],
)
def test_what_does_not_fit_is_found(value: object, said: list[str]) -> None:
    assert misfits(value, Holder) == said


def test_fields_of_a_dataclass_fit() -> None:
    assert misfits({"key": "a", "current": 1, "needed": 2.0, "unit": ""}, Change) == []
    assert len(misfits({"key": "a", "current": None}, Change)) == 3
