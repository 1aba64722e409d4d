"""Policy packages: the eleven that come along, those that users write, and what is refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiban.errors import InputError, ScenarioError
from kiban.policy.package_terms import ORDINARY_PACKAGES, load_packages, resolve
from kiban.policy.tax_law import TAX_LAWS
from kiban.policy.terms import ASSETS
from kiban.scenario import parse_scenario
from kiban.scenario.package import load_package, package_names, parse_package

ELEVEN = {
    "none", "japan-current", "tax-credit", "special-depreciation", "capital-grant", "production-credit",
    "property-tax-relief", "loan-guarantee", "public-ownership", "openai-ask-us", "blueprint-japan",
}  # fmt: skip
ALL = ELEVEN | {"us-current"} | set(ORDINARY_PACKAGES.values())
SCALABLE = sorted(ELEVEN - {"none", "japan-current", "public-ownership", "blueprint-japan"})


def test_the_packages_are_there_and_ship() -> None:
    assert set(package_names()) == ALL
    assert set(ORDINARY_PACKAGES) == set(TAX_LAWS)
    for law, name in ORDINARY_PACKAGES.items():
        assert (load_package(name).tax_law, load_package(name).instrument) == (law, ())
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]["scenarios"] == "kiban/scenarios"


@pytest.mark.parametrize("name", sorted(ALL))
@pytest.mark.parametrize("country", ["japan", "united-states"])
@pytest.mark.parametrize("year", [2026, 2027, 2028])
def test_each_has_texts_and_holds_in_both_countries(name: str, country: str, year: int) -> None:
    package = load_package(name)
    for text in (package.title_en, package.title_ja, package.description_en, package.description_ja):
        assert text.strip()
    terms = resolve([package], start_year=year, tax_law=country)
    assert terms.name == name
    assert terms.title_ja == package.title_ja
    assert set(terms.assets) == set(ASSETS)
    assert all(asset.supports(year) for asset in terms.assets.values())
    assert set(terms.assumed) or terms.tax.jurisdiction == "none"


def test_none_is_the_law_alone() -> None:
    none, empty = resolve([load_package("none")], start_year=2027), resolve([], start_year=2027)
    assert none.assets == empty.assets
    assert none.tax == empty.tax
    assert empty.name == "none"
    assert not none.notes


def test_a_package_without_taxes() -> None:
    terms = resolve([parse_package({"name": "free", "tax_law": "none"})], start_year=2027)
    assert terms.tax.rate == 0
    assert {asset.depreciation.method for asset in terms.assets.values()} == {"none"}
    assert {asset.property_tax for asset in terms.assets.values()} == {None}


@pytest.mark.parametrize("name", SCALABLE)
def test_a_single_instrument_can_be_scaled(name: str) -> None:
    package = load_package(name)
    scaled = package.scaled(0.07)
    assert scaled.amount == 0.07
    assert scaled.description_ja == package.description_ja
    assert resolve([scaled], start_year=2027) != resolve([package], start_year=2027)
    assert scaled.scaled(0.07) == scaled


@given(st.floats(0, 1))
def test_scaling_sets_the_rate_and_nothing_else(rate: float) -> None:
    terms = resolve([load_package("tax-credit").scaled(rate)], start_year=2027)
    plain = resolve([load_package("tax-credit")], start_year=2027)
    for asset, support in terms.assets.items():
        assert [credit.rate for credit in support.credits] == [rate] * len(plain.assets[asset].credits)
        assert support.depreciation == plain.assets[asset].depreciation


def test_what_cannot_be_scaled_says_so() -> None:
    with pytest.raises(ScenarioError, match="has no single rate"):
        load_package("japan-current").scaled(0.1)
    with pytest.raises(ScenarioError, match="has no single rate"):
        load_package("public-ownership").scaled(0.1)
    with pytest.raises(ScenarioError, match=r"rate is 1\.2; it must be at most 1"):
        load_package("tax-credit").scaled(1.2)


TEN_LINES = """
title_en = "Mine"
[[instrument]]
kind = "tax_credit"
rate = 0.15
assets = ["compute"]
[[instrument]]
kind = "production_credit"
rate_usd_per_mwh = 20
years = 10
assets = ["clean_power"]
"""


def test_a_user_writes_ten_lines(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(TEN_LINES, encoding="utf-8")
    scenario = parse_scenario({"name": "x", "site": {"id": "tomakomai"}, "policy": {"packages": ["mine.toml"]}})
    (package,) = load_packages(scenario.placed_in(tmp_path))
    terms = resolve([package], start_year=2027)
    assert terms.name == "mine"
    assert [credit.rate for credit in terms.assets["chips"].credits] == [0.15]
    assert terms.assets["building"].credits == ()
    credit = terms.assets["wind_onshore"].production_credit
    assert credit is not None
    assert (credit.rate_myen_per_mwh, credit.years) == (pytest.approx(0.003), 10)
    assert len(terms.notes) == 2


def test_packages_combine() -> None:
    terms = resolve([load_package(name) for name in ("production-credit", "tax-credit")], start_year=2027)
    assert terms.name == "production-credit + tax-credit"
    assert terms.assets["chips"].credits
    assert terms.assets["pv"].production_credit is not None


def test_spending_outside_the_window_has_ordinary_terms() -> None:
    instrument = {"kind": "special_depreciation", "rate": 0.5, "assets": ["chips"], "from_year": 2026, "to_year": 2028}
    package = parse_package({"name": "window", "instrument": [instrument]})
    terms = resolve([package], start_year=2027, construction_years=0).assets["chips"]
    assert [terms.supports(year) for year in (2025, 2026, 2028, 2029)] == [False, True, True, False]
    assert terms.depreciation.first_year_share == 0.5
    assert terms.ordinary_depreciation.first_year_share == 0


def test_special_depreciation_changes_nothing_where_the_law_allows_as_much() -> None:
    package = load_package("special-depreciation")
    terms, plain = (resolve(each, start_year=2027, tax_law="united-states") for each in ([package], []))
    assert terms.assets["chips"] == plain.assets["chips"]
    assert terms.assets["building"] != plain.assets["building"]


BAD_FILE = """
titel_en = "x"
[[instrument]]
kind = "tax_credit"
rate = 1.5
assets = ["chips"]
[[instrument]]
kind = "tax_credti"
[[instrument]]
kind = "production_credit"
rate = 0.1
[[instrument]]
kind = "capital_grant"
ratee = 0.1
"""


def test_all_problems_of_a_file_come_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(BAD_FILE, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_package(path)
    lines = str(caught.value).replace(f"{path} ", "").splitlines()
    assert [line.split(";")[0] for line in lines] == [
        "line 5: instrument 1 rate is 1.5",
        lines[1].split(";")[0],
        "line 9: instrument 3 is a production_credit and cannot have rate, only assets, from_year, law, payer, "
        "rate_myen_per_mwh, to_year, years",
        "line 14: instrument 4 ratee is not a known key",
        "line 2: titel_en is not a known key",
    ]
    assert lines[1].startswith("line 8: instrument 2 kind is 'tax_credti'")
    assert lines[1].endswith("did you mean 'tax_credit'?")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty"),
        ("x =", "is not valid TOML"),
        ('[[instrument]]\nkind = "tax_credit"\n', "needs its rate"),
        ('[[instrument]]\nkind = "tax_credit"\nrate = 0.1\n', "needs the assets"),
        ('[[instrument]]\nkind = "property_tax_relief"\nrate = 1\nassets = ["all"]\n', "needs the years"),
        ('[[instrument]]\nkind = "carbon_price"\n', "needs its price_myen_per_t"),
        ('[[instrument]]\nkind = "carbon_price"\nprice_myen_per_t = -1\n', "it must be at least 0"),
        ('[[instrument]]\nkind = "public_ownership"\nrate = 0.5\n', "cannot have rate"),
        ('[[instrument]]\nkind = "loan_guarantee"\nrate = 1\nfrom_year = 2030\nto_year = 2029\n', "ends in 2029"),
        ('[[instrument]]\nkind = "loan_guarantee"\nrate = nan\n', "rate is"),
        ('tax_law = "mars"\n', "tax_law is 'mars'"),
        ("instrument = 3\n", "instrument is 3"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_package(path)
    assert fault in str(caught.value)
    assert all(str(path) in str(problem) for problem in caught.value.problems)


def test_a_package_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="did you mean 'tax-credit'"):
        load_package("tax-credti")
    with pytest.raises(ScenarioError, match="does not exist"):
        load_package(tmp_path / "gone.toml")
    scenario = parse_scenario({"name": "x", "site": {"id": "tomakomai"}, "policy": {"packages": ["gone", "lost.toml"]}})
    with pytest.raises(ScenarioError) as caught:
        load_packages(scenario)
    assert len(caught.value.problems) == 2


def refused(*instruments: dict[str, object], year: int = 2027) -> list[str]:
    with pytest.raises(InputError) as caught:
        resolve([parse_package({"name": "p", "instrument": list(instruments)})], start_year=year)
    return [str(problem) for problem in caught.value.problems]


CREDIT = {"kind": "tax_credit", "rate": 0.1, "assets": ["chips"]}
PUBLIC = {"kind": "public_ownership"}


@pytest.mark.parametrize(
    ("instruments", "fault"),
    [
        ([{**CREDIT, "assets": ["chipz"]}], "names the unknown asset class 'chipz'; did you mean 'chips'?"),
        ([{"kind": "tax_credit", "law": "us_48d"}], "names the unknown law 'us_48d'; did you mean"),
        ([{"kind": "tax_credit", "law": "us_48d_amic", "rate": 0.1}], "is outside its dates in 2027"),
        (
            [{**CREDIT, "from_year": 2030}],
            "in 2029, when what starts in 2027 comes into service; the package",
        ),
        ([{**CREDIT, "law": "jp_gx_ets", "assets": []}], "covers no assets"),
        ([{"kind": "tax_credit", "law": "jp_gx_ets", "assets": ["pv"]}], "has no rate, and the law gives none"),
        ([{"kind": "production_credit", "law": "us_48e_45y", "rate_myen_per_mwh": 1.0}], "for how many years"),
        ([{"kind": "special_depreciation", "rate": 0.5, "assets": ["all"]}] * 2, "two special depreciations on all"),
        ([{"kind": "carbon_price", "price_myen_per_t": 0.01}] * 2, "repeats p: instrument 1"),
        ([{"kind": "loan_guarantee", "rate": 0.8}, {"kind": "concessional_loan", "rate": 0.01}], "covers the debt"),
        ([CREDIT, PUBLIC], "relieves a tax that a public owner does not pay"),
        ([{"kind": "loan_guarantee", "rate": 0.8}, PUBLIC], "supports the debt of a public owner"),
        ([CREDIT, {**CREDIT, "rate": 0.95}], "pays 105% of the cost of chips"),
    ],
)
def test_what_the_law_forbids_is_refused_in_one_sentence(instruments: list[dict[str, object]], fault: str) -> None:
    (sentence,) = refused(*instruments)
    assert fault in sentence
    assert sentence.startswith("p")


def test_all_that_is_forbidden_comes_at_once() -> None:
    found = refused({**CREDIT, "assets": ["chipz"]}, {**CREDIT, "from_year": 2030}, CREDIT, PUBLIC)
    assert len(found) == 3


def test_two_tax_laws_do_not_mix() -> None:
    packages = [load_package("japan-current"), load_package("openai-ask-us")]
    with pytest.raises(ScenarioError, match="ask for different tax laws, japan and united-states"):
        resolve(packages, start_year=2027)
