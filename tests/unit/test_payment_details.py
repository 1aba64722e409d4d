"""The tables of a payment: the command line's own, taken apart for documents, screens and reports."""

from __future__ import annotations

import csv
import io
import json

import pytest
from rich.console import Group
from rich.text import Text
from tests.cases.payments import paid
from typer.testing import CliRunner

from kiban.cli import app
from kiban.finance.fiscal import FiscalViews
from kiban.quantities import LANGUAGES
from kiban.report.layout import bullets, remark, render, section, table
from kiban.report.names import money_of
from kiban.report.page import fill_payment_page
from kiban.report.payment.details import _sections, payment_details
from kiban.report.payment.document import payment_document
from kiban.report.payment.others import others_remark
from kiban.report.payment.terminal import payment_text
from kiban.report.phrases import phrase

TITLE = "\x1b[1;36m"


def test_sections_are_taken_apart():
    amounts = table(
        ["What", "Amount (bn)", "Note"],
        [["tax", "1.50", "a"], ["grant", "−US$12", "1"], ["all", "–", "b"]],
        numeric=(1,),
        bold=(2,),
    )
    parts = [
        *section("First", bullets(["One.", "Two."])),
        *section("Second", amounts),
        *section("Third", Group(Text("A text."), Text(), amounts)),
        remark("And a remark."),
    ]
    first, second, third = _sections(parts)
    assert first == {"title": "First", "tables": [], "sentences": ["One.", "Two."]}
    assert second["tables"] == [
        {
            "columns": ["What", "Amount (bn)", "Note"],
            "numeric": [1],
            "rows": [["tax", "1.50", "a"], ["grant", "−US$12", "1"], ["all", "–", "b"]],
            "bold": [2],
        }
    ]
    assert third["sentences"] == ["A text.", "And a remark."]
    assert third["tables"] == second["tables"]
    with pytest.raises(TypeError, match="no page can show"):
        list(_sections([Text("Fourth"), object()]))


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_section_that_is_printed_is_among_them(language):
    payment = paid("tax-credit")
    details = payment_details(FiscalViews(payment), language)
    coloured = render(payment_text(payment, language), width=200, colour=True)
    titles = [part.split("\x1b[0m")[0] for part in coloured.split(TITLE)[1:]]
    last = [phrase(f"pay.title.{name}", language) for name in ("assumed", "proof")]
    assert [one["title"] for one in details] + last == titles
    assert {phrase(f"fiscal.title.{key}", language) for key in ("bridge", "budget", "kept", "incidence")} <= set(titles)
    page = render(payment_text(payment, language), width=200, colour=False)
    for one in details:
        assert one["tables"] or one["sentences"]
        for table_ in one["tables"]:
            assert all(len(row) == len(table_["columns"]) for row in table_["rows"])
            for row in table_["rows"]:
                assert all(cell in page for cell in row)


@pytest.mark.slow
def test_what_public_money_buys_adds_up_and_has_a_row_for_each_social_rate():
    payment = paid("tax-credit")
    title = phrase("pay.title.public_funds", "en")
    (found,) = (one for one in payment_details(FiscalViews(payment), "en") if one["title"] == title)
    amounts, values = found["tables"]
    gains, outlay, back, net = (float(row[1]) for row in amounts["rows"])
    assert amounts["bold"] == [3]
    assert net == pytest.approx(outlay - back, rel=0.01)
    by_rate = {row[0]: float(row[1]) for row in values["rows"]}
    assert list(by_rate) == ["1.00 %", "2.00 %", "3.00 %", "4.00 %"]
    assert by_rate["4.00 %"] == pytest.approx(gains / net, rel=0.01)
    assert by_rate["4.00 %"] == pytest.approx(payment.value_of_public_funds, rel=0.005)


@pytest.mark.slow
def test_the_table_of_parties_says_what_users_gain_and_shows_no_dust():
    payment = paid("tax-credit")
    parties = payment_details(FiscalViews(payment), "en")[0]
    said, beside = parties["sentences"]
    assert beside == others_remark(payment, "en")
    assert said.endswith(f"they gain {money_of(payment.after.plan, 'en').amount(payment.gains_myen['users'])}.")
    rows = {row[0]: row[1:] for row in parties["tables"][0]["rows"]}
    # Without the package equity earns what it asks and nothing more, but for the rounding of the search for a price.
    assert 0 < abs(payment.before.ledger.present_values(payment.shares.party_rates)["equity"]) < 0.5
    assert rows["equity"][0] == "0"


@pytest.mark.slow
def test_a_report_encloses_them_in_both_languages_and_a_short_document_none():
    document = payment_document(paid("tax-credit"))
    page = fill_payment_page(document, "ja")
    enclosed = json.loads(page.split('id="kiban-view">')[1].split("</script>")[0])
    assert enclosed["pay"]["details"] == document["details"]
    assert all(document["details"][language] for language in LANGUAGES)
    short = payment_document(paid("tax-credit"), short=True)
    assert short["details"] == {"en": [], "ja": []}
    left_out = {name for name in document if short[name] != document[name]}
    assert left_out == {"details", "kept_by", "incidence", "large_load", "leakage", "timing"}


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_of_the_budget_goes_along_as_the_file_that_is_written(language):
    budget = payment_document(paid("tax-credit"))["budget"]
    columns, *rows = csv.reader(io.StringIO(budget["form"][language].removeprefix("\ufeff")))
    assert columns[0] == phrase("fiscal.heading.year", language)
    years = {row[0]: float(row[1]) for row in rows if row[0].isdigit()}
    first = budget["first_year"]
    assert years[str(first["year"])] == pytest.approx(first["loss_myen"], abs=1e-3)
    assert sum(years.values()) == pytest.approx(budget["life_myen"], abs=1e-3 * len(years))
    assert float(rows[-1][1]) == pytest.approx(budget["life_myen"], abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["japan-current", "tax-credit", "property-tax-relief"])
def test_the_causes_in_the_form_of_the_budget_add_up_in_every_row(name):
    title = phrase("fiscal.title.budget", "en")
    (found,) = (one for one in payment_details(FiscalViews(paid(name)), "en") if one["title"] == title)
    (form,) = found["tables"]
    assert form["bold"] == [5, 6, 7, 8]
    if name == "japan-current":
        # Depreciation at once moves income tax between years and is nearly nothing over life.
        assert "income tax" in form["columns"]
    for row in form["rows"]:
        loss, *parts = (float(cell.replace(",", "")) for cell in row[1:])
        assert loss == pytest.approx(sum(parts), abs=0.006 * sum(map(abs, parts)) + 1e-3), row[0]


def test_draws_without_a_package_are_refused(tmp_path):
    done = CliRunner().invoke(app, ["report", "--draws", "10", "-o", str(tmp_path / "page.html")])
    assert done.exit_code == 2
    assert "--package" in done.stderr
