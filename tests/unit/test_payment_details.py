"""The sections of a payment that no chart shows: the command line's own, in documents and beneath a report."""

from __future__ import annotations

import re
from html import escape

import pytest
from rich.text import Text
from tests.cases.payments import paid
from typer.testing import CliRunner

from kiban.cli import app
from kiban.finance.fiscal import FiscalViews
from kiban.quantities import LANGUAGES
from kiban.report.layout import bullets, remark, render, section, table
from kiban.report.page import fill_payment_page
from kiban.report.page_details import details_html
from kiban.report.payment.details import _sections, payment_details
from kiban.report.payment.document import payment_document
from kiban.report.payment.terminal import payment_text
from kiban.report.phrases import phrase


def test_sections_are_taken_apart():
    parts = [
        *section("First", bullets(["One.", "Two."])),
        *section("Second", table(["What", "Amount (bn)"], [["tax", "1.50"], ["grant", "−12"]], numeric=(1,))),
        *section("Third", Text("A text.")),
        remark("And a remark."),
    ]
    first, second, third = _sections(parts)
    assert first == {"title": "First", "tables": [], "sentences": ["One.", "Two."]}
    assert second["tables"] == [
        {"columns": ["What", "Amount (bn)"], "numeric": [1], "rows": [["tax", "1.50"], ["grant", "−12"]]}
    ]
    assert third["sentences"] == ["A text.", "And a remark."]
    with pytest.raises(TypeError, match="no page can show"):
        list(_sections([Text("Fourth"), object()]))


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_section_that_is_printed_and_drawn_in_no_chart_is_among_them(language):
    payment = paid("tax-credit")
    details = payment_details(FiscalViews(payment), language)
    page = render(payment_text(payment, language), width=200, colour=False)
    titles = [one["title"] for one in details]
    for key in ("bridge", "budget", "kept", "incidence"):
        assert phrase(f"fiscal.title.{key}", language) in titles
    for one in details:
        assert one["title"] in page
        for table_ in one["tables"]:
            for row in table_["rows"]:
                assert all(cell in page for cell in row)
    assert any(one["tables"] for one in details)


@pytest.mark.slow
def test_a_report_shows_them_in_both_languages_beneath_the_charts():
    document = payment_document(paid("tax-credit"))
    page = fill_payment_page(document, "ja")
    body = page[page.index('<main id="details">') :]
    assert body.endswith("</body>\n</html>\n") or body.rstrip().endswith("</html>")
    for language in LANGUAGES:
        part = body[body.index(f'data-language="{language}"') :]
        for one in document["details"][language]:
            assert f"<h2>{escape(one['title'])}</h2>" in part
    # Each table has as many headings as its rows have cells.
    for found in re.findall(r"<table>.*?</table>", body):
        headings = found.count("<th ")
        assert all(row.count("<td") == headings for row in re.findall(r"<tr>(?:<td.*?)</tr>", found))
    assert "details" not in page[: page.index('<main id="details">')].split('id="kiban-view">')[1].split("</script>")[0]


def test_what_a_section_says_is_text_and_nothing_else():
    section_ = {"title": "<b>", "tables": [{"columns": ["&"], "numeric": [], "rows": [["<script>"]]}], "sentences": []}
    made = details_html({"en": [section_], "ja": []})
    assert "<script>" not in made
    assert "&lt;b&gt;" in made
    assert details_html({"en": [], "ja": []}) == ""


def test_draws_without_a_package_are_refused(tmp_path):
    done = CliRunner().invoke(app, ["report", "--draws", "10", "-o", str(tmp_path / "page.html")])
    assert done.exit_code == 2
    assert "--package" in done.stderr
