"""PAY in words: both languages whole, no raw keys, no English under Japanese, plain JSON."""

from __future__ import annotations

import json
import re

import pytest
from rich.console import Console
from tests.cases.payments import ELEVEN, campus, package, paid, question

from kiban.finance.compared import instrument_rows
from kiban.finance.comparison import sweep
from kiban.finance.paying import Payment, Question
from kiban.quantities import Language
from kiban.report.layout import render
from kiban.report.payment.document import payment_document
from kiban.report.payment.figures import instrument_documents
from kiban.report.payment.terminal import payment_text
from kiban.report.payment.words import (
    answer,
    assumption_sentences,
    further_sentences,
)
from kiban.report.plan.record import to_json

RAW_KEY = re.compile(r"\b[a-z]+(?:_[a-z]+)*\.[a-z_]+\b")
NOTED = package(
    {"kind": "tax_credit", "rate": 0.1, "assets": ["battery"], "law": "jp_hyp_amic35"},
    {"kind": "capital_grant", "rate": 0.1, "assets": ["battery"], "from_year": 2020, "to_year": 2030},
    name="noted",
)


def page(payment: Payment, language: Language) -> str:
    console = Console(width=100, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        console.print(payment_text(payment, language))
    return captured.get()


@pytest.mark.parametrize("name", ELEVEN)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_package_is_told_in_both_languages(name: str, language: Language) -> None:
    payment = paid(name)
    sentences = [answer(payment, language), *further_sentences(payment, language)]
    for sentence in sentences:
        assert sentence.strip()
        assert "{" not in sentence
        assert not RAW_KEY.search(sentence), sentence
        if language == "ja":
            assert re.search(r"[ぁ-んァ-ヶ一-龠]", sentence), sentence
    # Lines break at spaces and, in Japanese, anywhere.
    shown, told = ("".join(text.split()) for text in (page(payment, language), sentences[0]))
    assert told in shown


@pytest.mark.parametrize("payment_of", ["japan-current", "openai-ask-us", "blueprint-japan", "noted"])
def test_assumptions_and_notes_are_japanese_under_japanese(payment_of: str) -> None:
    payment = question().pay((NOTED,)) if payment_of == "noted" else paid(payment_of)
    for sentence in assumption_sentences(payment, "ja"):
        assert re.search(r"[ぁ-んァ-ヶ一-龠]", sentence), sentence
    if payment_of == "noted":
        assert len(payment.after.terms.notes) >= 3


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_package_that_brings_money_does_not_cost_less_than_nothing(language: Language) -> None:
    payment = paid("loan-guarantee")
    assert payment.fiscal_cost_myen < 0
    text = answer(payment, language)
    assert "-" not in text
    assert {"en": "brings the treasuries", "ja": "収入をもたらします"}[language] in text


def test_the_answer_names_package_cost_and_split() -> None:
    text = answer(paid("tax-credit"), "en")
    assert "Tax credit of 20" in text
    # What stands in brackets is the range of windfall over the assumptions.
    shares = [float(number) for number in re.findall(r"¥(\d+\.\d) ?", re.sub(r" \([^)]*\)", "", text))]
    assert sum(shares[-2:]) == pytest.approx(100.0, abs=0.2)
    assert answer(paid("none"), "en").endswith("gives no support to what is built.")


def test_the_summary_is_plain_and_whole() -> None:
    payment = paid("tax-credit")
    found = json.loads(to_json(payment_document(payment)))
    assert found["ledger"]["residual_yen"] == 0
    support = found["support"]
    parts = sum(support[f"{name}_myen"] for name in ("windfall", "induced", "distortion"))
    assert parts == pytest.approx(support["total_myen"])
    assert set(found["sentence"]) == {"en", "ja"}
    assert {"finance", "downside", "packages"} <= set(found)
    balances = found["ledger"]["by_party"]["with"]
    for year in found["ledger"]["years"]:
        assert sum(balances[party][str(year)] for party in balances) == pytest.approx(0.0, abs=1e-5)
    change = found["ledger"]["present_values_myen"]["change"]
    assert change == pytest.approx(dict(payment.party_values_myen))


def test_instruments_in_a_summary() -> None:
    points = instrument_documents(instrument_rows(sweep(question(), "grant_rate=0:0.1:0.1")))
    assert [point["amount"] for point in points] == pytest.approx([0.0, 0.1])
    assert all(point["reached"] for point in points)
    assert points[1]["fiscal_cost_myen"] > points[0]["fiscal_cost_myen"]


def test_dollars_where_the_scenario_reckons_in_dollars() -> None:
    payment = Question(campus(money={"currency": "USD"})).pay(("tax-credit",))
    assert "$" in answer(payment, "en")


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("name", ["tax-credit", "japan-current", "public-ownership"])
def test_no_figure_is_cut_off_on_a_page_of_eighty_columns(name: str, language: Language) -> None:
    shown = render(payment_text(paid(name), language), width=80, colour=False)
    assert [line for line in shown.splitlines() if "…" in line] == []
    # What is nothing is written as nothing.
    assert "0.00000" not in shown
