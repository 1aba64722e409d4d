"""`kiban report` finds out what it is given, and says what it cannot use."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import kiban
from kiban.cli import app
from kiban.report.page import NEEDED_OF_A_PAYMENT, OPENING, fill_national_page, fill_payment_page

run = CliRunner()
NATIONAL = {
    "format": "kiban national plan",
    "version": 1,
    "name": "Two sites </script>",
    "status": "optimal",
    "years": [2030],
    "cost_myen_per_year": 1e5,
    "relative_gap": 0.001,
    "sites": [{"id": "tomakomai", "name": "Tomakomai East"}, {"id": "mine", "name": "My own place"}],
    "candidates": [
        {"id": "tomakomai", "area": "hokkaido", "latitude_deg": 42.66, "longitude_deg": 141.75},
        {"id": "mine", "area": "kyushu", "latitude_deg": 33.0, "longitude_deg": 131.0},
        {"id": "spare", "area": "kyushu", "latitude_deg": 32.0, "longitude_deg": 131.0},
    ],
}


def enclosed_in(page: str) -> dict:
    start = page.index(OPENING) + len(OPENING)
    return json.loads(page[start : page.index("</script>", start)])


def test_a_national_page_holds_the_map_and_names_in_both_languages():
    held = enclosed_in(fill_national_page(NATIONAL, "ja"))
    assert held["language"] == "ja"
    assert held["version"] == kiban.__version__
    assert held["national"]["name"] == NATIONAL["name"]
    names = {place["id"]: place["name"] for place in held["places"]}
    assert names["tomakomai"] == {"en": "Tomakomai East", "ja": "苫小牧東部"}
    assert names["mine"] == {"en": "My own place", "ja": "My own place"}
    assert names["spare"]["en"] == "spare"
    assert len(held["ground"]["prefectures"]) == 47


def test_a_page_without_a_map_holds_none():
    held = enclosed_in(fill_payment_page(dict.fromkeys(NEEDED_OF_A_PAYMENT, 0.0) | {"ledger": [1]}))
    assert set(held) == {"language", "version", "pay"}
    assert set(held["pay"]) == NEEDED_OF_A_PAYMENT


def test_a_payment_that_lacks_parts_says_which():
    with pytest.raises(ValueError, match=r"lacks .*flows"):
        fill_payment_page(dict.fromkeys(NEEDED_OF_A_PAYMENT - {"flows"}, 0.0))


def test_a_saved_national_plan_is_read_from_its_file_and_from_its_folder(tmp_path):
    (tmp_path / "plan").mkdir()
    for path in (tmp_path / "national.json", tmp_path / "plan" / "summary.json"):
        path.write_text(json.dumps(NATIONAL), encoding="utf-8")
    pages = []
    for number, source in enumerate(("national.json", "plan")):
        out = tmp_path / f"{number}.html"
        done = run.invoke(app, ["report", str(tmp_path / source), "-o", str(out)])
        assert done.exit_code == 0, done.output
        pages.append(out.read_text(encoding="utf-8"))
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be made into a report"),
        ("[]", "holds no object"),
        ('{"format": "other"}', "its format is 'other'"),
        ('{"format": "kiban payment", "version": 2}', "lacks"),
        ('{"format": "kiban payment", "version": 1}', "cannot be made into a report"),
        ('{"format": "kiban national plan", "candidates": [{"id": "x"}]}', "cannot be made into a report"),
    ],
)
def test_a_file_that_is_no_report_is_refused(tmp_path, content, said):
    (tmp_path / "saved.json").write_text(content, encoding="utf-8")
    done = run.invoke(app, ["report", str(tmp_path / "saved.json"), "-o", str(tmp_path / "out.html")])
    assert done.exit_code != 0
    assert said in f"{done.output} {done.exception}"
    assert not (tmp_path / "out.html").exists()


@pytest.mark.parametrize("subject", ["japan", "national.json"])
def test_who_pays_is_asked_for_one_site(tmp_path, monkeypatch, subject):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "national.json").write_text(json.dumps(NATIONAL), encoding="utf-8")
    done = run.invoke(app, ["report", subject, "--package", "tax-credit", "-o", "out.html"])
    assert done.exit_code != 0
    assert "cannot be asked who pays" in f"{done.output} {done.exception}"
