"""Messages survive JSON exactly, each has a sentence in both languages, and Japanese pages hold no English ones."""

from __future__ import annotations

import ast
import json
import re
import string
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kiban
from kiban.catalogue import load_catalogue
from kiban.messages import Message, from_plain, to_plain
from kiban.planning import prepare
from kiban.planning.plan import Plan
from kiban.policy.package_terms import load_packages, resolve, say_unchecked
from kiban.policy.terms import PolicyTerms
from kiban.quantities import LANGUAGES
from kiban.report.catalogue import site_text
from kiban.report.layout import render
from kiban.report.messages import say
from kiban.report.phrases import load_phrases
from kiban.report.plan.check import check_text
from kiban.report.plan.record import plain_terms, restore, restore_terms, summarise, to_json
from kiban.scenario import parse_scenario
from kiban.scenario.examples import load_scenario

PACKAGES = Path(kiban.__file__).parent

plain_values = st.one_of(st.text(max_size=8), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
blanks = st.text(alphabet=string.ascii_lowercase, min_size=1, max_size=5)
messages = st.recursive(
    st.builds(Message, st.just("note.a"), st.dictionaries(blanks, plain_values, max_size=3)),
    lambda inner: st.builds(
        Message,
        st.just("note.b"),
        st.dictionaries(
            blanks, st.one_of(plain_values, inner, st.lists(st.one_of(plain_values, inner)).map(tuple)), max_size=3
        ),
    ),
    max_leaves=6,
)


@given(messages)
def test_a_message_survives_json(message: Message) -> None:
    assert from_plain(json.loads(json.dumps(to_plain(message)))) == message


def terms_with_notes() -> PolicyTerms:
    scenario = parse_scenario({"name": "x", "site": {"id": "tomakomai"}, "policy": {"packages": ["japan-current"]}})
    return say_unchecked(resolve(load_packages(scenario), start_year=2027))


def again(summary: dict[str, Any], plan: Plan) -> Plan:
    return restore(json.loads(to_json(summary)), plan.scenario, plan.time, plan.hourly)


def test_notes_and_origins_of_a_plan_survive_json(plan: Plan) -> None:
    terms = terms_with_notes()
    assert terms.notes
    plan = replace(plan, policy=terms)
    back = again(summarise(plan), plan)
    assert back.notes == plan.notes
    assert back.provenance == plan.provenance
    assert back.policy == terms
    assert [say(note, "ja") for note in back.notes] == [say(note, "ja") for note in plan.notes]


def test_json_holds_the_notes_as_sentences_too(plan: Plan) -> None:
    summary = summarise(replace(plan, policy=terms_with_notes()))
    assert summary["notes"][0] == "wind is synthetic: Weibull shape 1.84, mean 3.2 m/s, seed 1"
    entries = {entry["name"]: entry for entry in summary["provenance"]}
    assert entries["site"]["value"] == "Tomakomai East"
    assert entries["load.it_load_mw"]["source"] == "scenario key load.it_load_mw"
    assert entries["chip.life"]["source"] == "engineering-estimate (2025)"
    assert entries["chip.life"]["note"] == "critics argue for less"
    assert entries["weather"]["note"].startswith("generated: relative_humidity_pct, wind_speed_m_s; typical year of")
    assert all(isinstance(note, str) for note in summary["policy"]["notes"])


def test_a_plan_of_version_2_can_be_read(plan: Plan) -> None:
    plan = replace(plan, policy=terms_with_notes())
    summary: dict[str, Any] = dict(summarise(plan)) | {"version": 2}
    del summary["notes_said"], summary["policy"]["notes_said"]
    worths = summary.pop("worths")
    summary["duals"] = {key: {name: x for name, x in worth.items() if name != "name"} for key, worth in worths.items()}
    for entry in summary["provenance"]:
        del entry["said"], entry["origin"]
    back = again(summary, plan)
    assert back.worths == plan.worths
    assert [str(note) for note in back.notes] == [str(note) for note in plan.notes]
    assert [str(note) for note in back.policy.notes] == [str(note) for note in plan.policy.notes]  # type: ignore[union-attr]
    origins = {entry.name: entry.origin for entry in plan.provenance}
    old = {entry.name: entry for entry in back.provenance}
    assert {name: entry.origin for name, entry in old.items()} == origins | {"weather": "formula"}
    for entry in plan.provenance:
        assert str(old[entry.name].source) == str(entry.source)
        assert str(old[entry.name].value) == str(entry.value)
        assert "; ".join(map(str, old[entry.name].notes)) == "; ".join(map(str, entry.notes))


def test_terms_survive_json_alone() -> None:
    terms = terms_with_notes()
    assert restore_terms(json.loads(json.dumps(plain_terms(terms)))) == terms


def made_messages() -> list[tuple[str, str, set[str] | None]]:
    """File, code and blanks of every message that the source makes; None where the blanks are not written out."""
    found = []
    for folder in ("weather", "policy", "planning"):
        for path in sorted((PACKAGES / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Message":
                    code = node.args[0]
                    written = len(node.args) == 1 and all(keyword.arg for keyword in node.keywords)
                    given_blanks = {str(keyword.arg) for keyword in node.keywords} if written else None
                    codes = [code.body, code.orelse] if isinstance(code, ast.IfExp) else [code]
                    found += [
                        (path.name, str(one.value), given_blanks) for one in codes if isinstance(one, ast.Constant)
                    ]
    return found


def test_every_note_has_a_sentence_in_both_languages_with_its_blanks() -> None:
    made = made_messages()
    assert len([code for _, code, _ in made if code.startswith("note.")]) >= 25
    for language in LANGUAGES:
        phrases = load_phrases(language)
        for file, code, given_blanks in made:
            asked = {name for _, name, _, _ in string.Formatter().parse(phrases[code]) if name is not None}
            assert given_blanks is None or asked == given_blanks, (file, code)


LATIN_SENTENCE = re.compile(r"[A-Za-z][a-z]+(?:[ ,;:]+[A-Za-z][a-z]+){2,}")


@pytest.mark.parametrize("example", ["tomakomai", "kyushu"])
def test_check_says_nothing_in_english_under_japanese(example: str) -> None:
    scenario = load_scenario(example)
    preparation = prepare(scenario)
    for system in preparation.cooling_systems:
        preparation.resources_for(system)
    text = render(check_text(preparation, "ja", example), width=100, colour=False)
    _, _, after = text.partition("\n")  # the first line is the scenario's own name
    assert "留意点" in after
    assert LATIN_SENTENCE.findall(after.replace(f"kiban build {example}", "")) == []
    assert "Iwamizawa" not in after
    assert "Tomakomai" not in after


@pytest.mark.parametrize("site", sorted(load_catalogue().sites))
def test_what_is_said_about_a_site_is_japanese(site: str) -> None:
    catalogue = load_catalogue()
    text = render(site_text(catalogue, catalogue.site(site), "ja"), width=100, colour=False)
    before, _, _ = text.partition("出典一覧")
    assert LATIN_SENTENCE.findall(before) == []
