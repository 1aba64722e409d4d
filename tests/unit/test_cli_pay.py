"""`kiban pay | compare | sweep` as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cases.payments import campus
from typer.testing import CliRunner

from kiban.cli import app
from kiban.planning import build
from kiban.report.plan.folder import save_plan

pytestmark = pytest.mark.slow

WEEK = """
name = "One week"
[site]
id = "tomakomai"
[time]
hours = 168
[load]
it_load_mw = 50
deferrable_share = 0.2
max_delay_hours = 6
[cooling]
system = "direct_liquid"
[target]
clean_share = 0.6
"""


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("LC_ALL", "LANG", "KIBAN_DEBUG", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("week.toml").write_text(WEEK, encoding="utf-8")


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_pay_gives_one_object() -> None:
    code, out, _ = run("pay", "week.toml", "--package", "tax-credit", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["ledger"]["residual_yen"] == 0
    support = found["support"]
    parts = sum(support[f"{name}_myen"] for name in ("windfall", "induced", "distortion"))
    assert parts == pytest.approx(support["total_myen"])
    assert {"with", "without"} <= set(found["finance"])
    assert found["downside"]
    assert found["sentence"]["en"]
    assert found["sentence"]["ja"]
    assert found["packages"] == {"with": ["tax-credit"], "against": ["none"]}


def test_pay_tells_both_languages() -> None:
    code, english, _ = run("pay", "week.toml", "--package", "capital-grant")
    assert code == 0
    assert "costs the treasuries" in english
    code, japanese, _ = run("pay", "week.toml", "--package", "japan-current", "--lang", "ja")
    assert code == 0
    assert "財政負担" in japanese
    assert "instruments with" not in japanese


def test_pay_reads_a_saved_plan() -> None:
    save_plan(build(campus()), Path("saved"))
    code, out, _ = run("pay", "saved", "--package", "special-depreciation", "--json")
    assert code == 0
    assert json.loads(out)["name"] == "One week"


def test_compare_as_they_are_at_equal_cost_and_in_reverse() -> None:
    code, out, _ = run("compare", "tax-credit", "capital-grant", "--scenario", "week.toml", "--json")
    assert code == 0
    assert [one["package"] for one in json.loads(out)["instruments"]] == ["tax-credit", "capital-grant"]
    code, out, _ = run(
        "compare", "tax-credit", "capital-grant", "--scenario", "week.toml", "--budget-myen", "9000", "--json"
    )
    assert code == 0
    costs = [one["fiscal_cost_myen"] for one in json.loads(out)["instruments"]]
    assert costs == pytest.approx([9000.0, 9000.0], rel=1e-3)
    code, out, _ = run("compare", "tax-credit", "--scenario", "week.toml", "--induce-mw", "2", "--json")
    assert code == 0
    assert json.loads(out)["instruments"][0]["induced_it_mw"] >= 2.0 * (1 - 1e-6)


def test_sweep_over_a_rate() -> None:
    code, out, _ = run("sweep", "week.toml", "--over", "grant_rate=0:0.1:0.1", "--json")
    assert code == 0
    assert [point["amount"] for point in json.loads(out)["points"]] == pytest.approx([0.0, 0.1])


TWICE = """
[[instrument]]
kind = "tax_credit"
law = "jp_large_investment_2026"
assets = ["compute"]
[[instrument]]
kind = "special_depreciation"
law = "jp_large_investment_2026"
assets = ["compute"]
"""
BAD_PACKAGES = {
    "rate": ('[[instrument]]\nkind = "tax_credit"\nrate = 1.2\nassets = ["chips"]\n', "1.2"),
    "dates": (
        '[[instrument]]\nkind = "tax_credit"\nrate = 0.2\nassets = ["chips"]\nfrom_year = 2030\nto_year = 2035\n',
        "outside its dates",
    ),
    "asset": ('[[instrument]]\nkind = "tax_credit"\nrate = 0.2\nassets = ["chip"]\n', "unknown asset class"),
    "twice": (TWICE, "may not be combined"),
    "typo": ('[[instrument]]\nkind = "tax_credit"\nrtae = 0.2\nassets = ["chips"]\n', "rtae"),
    "broken": ('[[instrument]\nkind = "tax_credit"\n', "bad"),
}


@pytest.mark.parametrize("name", list(BAD_PACKAGES))
def test_a_package_that_cannot_be_used_is_one_sentence(name: str) -> None:
    text, says = BAD_PACKAGES[name]
    Path("bad.toml").write_text(text, encoding="utf-8")
    code, out, err = run("pay", "week.toml", "--package", "bad.toml")
    assert code == 2
    assert out == ""
    assert says in err
    assert "Traceback" not in err
    assert err.strip().endswith((".", "?"))


@pytest.mark.parametrize(
    ("added", "says"),
    [
        ('[[tranche]]\nname = "abroad"\nit_load_mw = 5\nprice_myen_per_mwh = -1\n', "price_myen_per_mwh"),
        ('[assumptions]\n"finance.debt_share" = 1.5\n', "debt_share"),
    ],
)
def test_a_scenario_that_cannot_be_paid_is_one_sentence(added: str, says: str) -> None:
    Path("bad.toml").write_text(WEEK + added, encoding="utf-8")
    code, _, err = run("pay", "bad.toml", "--package", "none", "--json")
    assert "Traceback" not in err
    assert code == 2
    assert says in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("pay", "week.toml", "--package", "tax-credits"),
        ("sweep", "week.toml", "--over", "credit_rate=0:1"),
        ("sweep", "week.toml", "--over", "credit_rate=0:2:1"),
        ("compare", "tax-credit", "--scenario", "week.toml", "--budget-myen", "-5"),
        ("compare", "tax-credit", "--scenario", "week.toml", "--budget-myen", "5", "--induce-mw", "5"),
        ("compare", "tax-credit", "--scenario", "week.toml", "--clean-share", "1.5"),
        ("pay", "nowhere.toml"),
    ],
)
def test_what_cannot_be_asked_ends_with_2(arguments: tuple[str, ...]) -> None:
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    assert err.strip()
    assert "Traceback" not in err


def test_no_design_is_explained_and_ends_with_4() -> None:
    Path("blocked.toml").write_text(
        WEEK.replace("clean_share = 0.6", "clean_share = 1.0")
        + "[grid]\nmax_mw = 0\n[supply.pv]\nmax_mw = 1\n[supply.geothermal]\nenabled = false\n"
        + "".join(f"[supply.{name}]\nenabled = false\n" for name in (
            "hydro", "wind_onshore", "wind_offshore_fixed", "wind_offshore_floating"))
        + '[battery]\nenabled = false\n[backup]\ntechnology = "none"\n',
        encoding="utf-8",
    )  # fmt: skip
    code, out, err = run("pay", "blocked.toml")
    assert code == 4
    assert "grid.max_mw" in out + err
    assert "Traceback" not in err


def test_debt_that_no_cash_flow_carries_is_refused_in_one_sentence() -> None:
    """Half of the servers is paid by the state and all of it passed on: sales do not pay for the next servers."""
    asked = '\n[assumptions]\n"finance.debt_share" = 0.6\n"finance.pass_through" = 1.0\n'
    Path("asked.toml").write_text(WEEK + asked, encoding="utf-8")
    Path("half.toml").write_text(
        '[[instrument]]\nkind = "tax_credit"\nrate = 0.5\nassets = ["compute"]\nrefundable = true\n', encoding="utf-8"
    )
    code, out, complaint = run("pay", "asked.toml", "--package", "half.toml")
    assert code == 2
    assert not out.strip()
    (sentence,) = [line for line in complaint.splitlines() if not line.endswith("...")]
    assert "finance.debt_share asks for 0.6 of the cost as debt, but the cash flow can carry none" in sentence
    # Whoever asks for no debt gets an answer without any.
    Path("free.toml").write_text(WEEK + asked.replace("0.6", "0.0"), encoding="utf-8")
    code, out, _ = run("pay", "free.toml", "--package", "half.toml", "--json")
    assert code == 0
    assert json.loads(out)["finance"]["with"]["returns"]["debt_myen"] == 0


def test_what_does_not_apply_is_said_with_its_reason() -> None:
    Path("inzai.toml").write_text(WEEK.replace("tomakomai", "inzai"), encoding="utf-8")
    code, out, _ = run("pay", "inzai.toml", "--package", "japan-current", "--json")
    assert code == 0
    found = json.loads(out)
    assert [c["found"] for c in found["conditions"] if c["status"] == "unmet"] == ["Chiba", "Inzai"]
    assert "does not apply and is left out" in found["sentences"]["en"][0]
    assert "千葉県" in found["sentences"]["ja"][0]
    grants = [entry for entry in found["ledger"]["entries"] if entry["account"] == "grant"]
    assert not grants
    assert found["ledger"]["residual_yen"] == 0


def test_effective_rates_tokens_and_emissions_are_in_the_object() -> None:
    code, out, _ = run("pay", "week.toml", "--package", "tax-credit", "--json")
    assert code == 0
    found = json.loads(out)
    before, after = found["finance"]["without"], found["finance"]["with"]
    assert after["effective_tax_rates"]["building"] < before["effective_tax_rates"]["building"]
    assert set(after["yen_per_million_tokens"]) == {"fp16", "fp8", "int4", "fp4"}
    assert after["yen_per_million_tokens"]["fp8"] < before["yen_per_million_tokens"]["fp8"]
    environment = found["environment"]
    change = environment["with"]["damage_myen"] - environment["without"]["damage_myen"]
    assert environment["damage_change_myen"] == pytest.approx(change)
    assert environment["status"] == "assumed"
    assert found["ledger"]["present_values_myen"]["change"]["environment"] == 0
