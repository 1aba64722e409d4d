"""What a sum is: amounts in two languages, refusals, figures by hand, and the way back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from kiban.catalogue import load_catalogue
from kiban.cli import app
from kiban.errors import InputError
from kiban.finance.amounts import parse_amount
from kiban.finance.things import (
    Contract,
    Things,
    chips_of_mw,
    cost_of_mw_myen,
    forgone_share,
    own_yen_per_gpu_hour,
    what_is,
)
from kiban.policy.terms import AssetTerms, CreditTerms, DepreciationTerms, GrantTerms, PropertyTaxTerms
from kiban.scenario.package import load_package

CATALOGUE = load_catalogue()
TRILLION, BILLION = 1e6, 1e3
"""Million units."""


def ask(text: str, package: str = "tax-credit", chip: str = "b200") -> Things | Contract:
    return what_is(text, CATALOGUE, package=load_package(package, None), chip=chip, start_year=2027)


@pytest.mark.parametrize(
    ("text", "kind", "value", "currency", "years", "until"),
    [
        ("1 trillion dollars in five years", "money", TRILLION, "USD", 5, None),
        ("5年で1兆ドル", "money", TRILLION, "USD", 5, None),
        ("今後5年間で約1兆ドルを投資", "money", TRILLION, "USD", 5, None),
        ("¥1.5tn", "money", 1.5 * TRILLION, "JPY", None, None),
        ("1兆5000億円", "money", 1.5 * TRILLION, "JPY", None, None),
        ("一兆二千億円", "money", 1.2 * TRILLION, "JPY", None, None),
        ("１兆円", "money", TRILLION, "JPY", None, None),
        ("2千万ドル", "money", 20, "USD", None, None),
        ("百万ドル", "money", 1, "USD", None, None),
        ("$1,000,000", "money", 1, "USD", None, None),
        ("$500B", "money", 500 * BILLION, "USD", None, None),
        ("US$ 500 million", "money", 500, "USD", None, None),
        ("500 million US dollars", "money", 500, "USD", None, None),
        ("jpy 10 trillion", "money", 10 * TRILLION, "JPY", None, None),
        ("5,000億円を10年間で", "money", 500 * BILLION, "JPY", 10, None),
        ("a trillion dollars", "money", TRILLION, "USD", None, None),
        ("3 GW by 2030", "power", 3_000, "JPY", None, 2030),
        ("2030年までに3GW", "power", 3_000, "JPY", None, 2030),
        ("二〇三〇年までに三百万kW", "power", 3_000, "JPY", None, 2030),
        ("300万kW", "power", 3_000, "JPY", None, None),
        ("3.5ギガワット", "power", 3_500, "JPY", None, None),
        ("500MW in 2 years", "power", 500, "JPY", 2, None),
    ],
)
def test_amounts_are_read(text, kind, value, currency, years, until) -> None:
    found = parse_amount(text)
    assert (found.kind, found.currency, found.years, found.until_year) == (kind, currency, years, until)
    assert found.value == pytest.approx(value)
    assert not found.rented


@pytest.mark.parametrize(
    "text",
    ["$38 billion over seven years, a contract", "380億ドルの7年契約", "38 billion dollar seven-year cloud contract"],
)
def test_a_contract_is_told_from_an_investment(text: str) -> None:
    found = parse_amount(text)
    assert (found.value, found.currency, found.years, found.rented) == (pytest.approx(38 * BILLION), "USD", 7, True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"), ("  ", "empty"), ("in 5 years", "no_amount"), ("..", "no_amount"), ("38 billion", "no_unit"),
        ("5 in dollars", "no_unit"), ("many dollars", "word"), ("1 trillion dollars of gold", "word"),
        ("5 dollars a year", "word"), ("ドル", "word"), ("数兆円", "word"), ("1兆2兆円", "word"), ("1億兆円", "word"),
        ("$5 and $6", "two_amounts"), ("$5 yen", "two_amounts"), ("5年間で3年で1兆円", "two_times"),
        ("1,5 trillion dollars", "comma"), ("1.2.3 dollars", "comma"), ("100 euros", "currency"), ("€5", "currency"),
        ("3 GWh", "unit"), ("$0", "not_positive"), ("-5 dollars", "not_positive"), ("9" * 40 + " yen", "not_positive"),
        ("$5 in 200 years", "years"), ("3 GW by 1990", "year"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_is_not_understood_is_one_sentence_with_a_remedy(text: str, code: str, language) -> None:
    with pytest.raises(InputError) as caught:
        parse_amount(text)
    (problem,) = caught.value.problems
    assert problem.code == f"what_is.{code}"
    run = CliRunner().invoke(app, ["what-is", "--lang", language, "--", text])
    assert run.exit_code == 2
    assert "Traceback" not in run.output
    assert len(run.output.strip().splitlines()) <= 6


@given(st.text(alphabet="0123456789.,- $¥円億兆万千百一二年までにドルbyinMGWkten dolarsmibn", max_size=20))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        found = parse_amount(text)
    except InputError as error:
        assert len(error.problems) == 1
    else:
        assert found.value > 0


def test_a_mw_by_hand() -> None:
    """B200: 1 MW / (1,000 W x 1.789) = 559 chips of 40,000 x 1.6 dollars at 150 yen: 5,366.1 million yen; the hall
    632.8 + 781.6 + 66.9 + 551.7 = 2,033.0."""
    value = CATALOGUE.value
    chips = 1e6 / (1_000 * 1.789)
    costs = cost_of_mw_myen(value, "b200")
    assert chips_of_mw(value, "b200") == pytest.approx(chips)
    assert costs["chips"] == pytest.approx(chips * 40_000 * 1.6 * 150 / 1e6)
    assert sum(costs.values()) - costs["chips"] == pytest.approx(2_033.0)
    found = ask("1 trillion dollars in five years")
    assert isinstance(found, Things)
    megawatts = 150e6 / sum(costs.values())
    figures = found.figures
    assert figures["it_mw"].value == pytest.approx(megawatts)
    assert figures["chips"].value == pytest.approx(megawatts * chips)
    energy = megawatts * value("datacentre.load_factor") * 8_760
    assert figures["energy_twh_per_year"].value == pytest.approx(energy * 1.18 / 1e6)
    assert figures["land_km2"].value == pytest.approx(megawatts * 1_500 / 1e6)
    assert figures["water_m3_per_year"].value == pytest.approx(energy * 0.05)
    assert figures["sum_myen_per_year"].value == pytest.approx(30e6)
    abroad = sum(found.spending_myen[asset] * value(f"finance.import_share.{asset}") for asset in costs)
    assert figures["imports_myen"].value == pytest.approx(abroad)
    assert sum(found.spending_myen.values()) == pytest.approx(150e6)
    assert figures["sum_myen"].low == figures["sum_myen"].high == pytest.approx(150e6)


def test_published_costs_of_a_gw_are_of_the_same_size() -> None:
    """Bernstein 35 and Epoch 38 billion dollars in the United States, NVIDIA 50 to 60."""
    found = ask("1 GW")
    assert isinstance(found, Things)
    assert found.published_usd_per_gw == {"bernstein": 35e9, "epoch": 38e9}
    assert found.usd_per_gw.low < 1.05 * 38e9 < found.usd_per_gw.value < 60e9
    assert found.usd_per_gw.high > 50e9


@pytest.mark.parametrize("chip", ["h100", "gb300", "mi355x"])
def test_there_and_back(chip: str) -> None:
    there = ask("3 GW by 2030", chip=chip)
    assert isinstance(there, Things)
    back = ask(f"{there.figures['sum_myen'].value:.6f} million yen", chip=chip)
    assert back.figures["it_mw"].value == pytest.approx(3_000, rel=1e-9)
    assert there.years == 4
    assert there.figures["it_mw"].low == there.figures["it_mw"].high == 3_000


def test_a_range_is_the_root_of_squares_of_rows_by_hand() -> None:
    """Land of 3 GW: 1,500 m2 a MW between 500 and 3,000, and nothing else moves it."""
    land = ask("3 GW").figures["land_km2"]
    assert (land.low, land.value, land.high) == pytest.approx((1.5, 4.5, 9.0))
    energy = ask("3 GW").figures["energy_twh_per_year"]
    load, pue = CATALOGUE.fact("datacentre.load_factor"), CATALOGUE.fact("pue.direct_liquid.tokyo")
    up = [(row.high - row.value) / row.value for row in (load, pue)]
    assert energy.high / energy.value - 1 == pytest.approx((up[0] ** 2 + up[1] ** 2) ** 0.5)


LINE = DepreciationTerms("straight_line", 4)


def test_tax_forgone_by_hand() -> None:
    """At no rate, 4 years: all depreciation counts 1. A credit of 20 % worth 1.143 with half of the basis cut, a grant
    of 10 % that cuts the basis, one of 5 % that is taxed, a tax rate of 30 %."""
    credit = CreditTerms(0.2, basis_reduction_share=0.5, worth=1.143)
    grants = (GrantTerms(0.1), GrantTerms(0.05, treatment="taxed"), GrantTerms(0.02, treatment="exempt"))
    terms = AssetTerms(LINE, LINE, credits=(credit,), grants=grants)
    expected = 0.2 * (1.143 - 0.3 * 0.5) + 0.1 * 0.7 + 0.05 * 0.7 + 0.02
    assert forgone_share(terms, 0.3, 0.0, 4.0) == pytest.approx(expected)
    at_once = AssetTerms(DepreciationTerms("straight_line", 4, first_year_share=1.0), LINE)
    ordinary = sum(0.25 * 1.05**-year for year in (1, 2, 3, 4))
    assert forgone_share(at_once, 0.3, 0.05, 4.0) == pytest.approx(0.3 * (1 / 1.05 - ordinary))
    full = PropertyTaxTerms(0.014, 0.0, 1.0, 0.05)
    half = PropertyTaxTerms(0.014, 0.0, 1.0, 0.05, relief=(0.5, 0.5))
    eased = AssetTerms(LINE, LINE, property_tax=half, ordinary_property_tax=full)
    assert forgone_share(eased, 0.3, 0.0, 4.0) == pytest.approx(0.7 * 0.014)


def test_a_credit_of_20_per_cent_costs_a_fifth_and_what_falls_away_with_it() -> None:
    found = ask("1 trillion yen", "capital-grant")
    none = ask("1 trillion yen", "none")
    assert isinstance(found, Things)
    assert none.figures["tax_forgone_myen"].value == 0.0
    assert 0.1 * 1e6 < found.figures["tax_forgone_myen"].value < 0.2 * 1e6


@pytest.mark.parametrize("package", ["loan-guarantee", "public-ownership", "production-credit"])
def test_what_does_not_follow_from_a_sum_is_refused(package: str) -> None:
    with pytest.raises(InputError, match="supports something else"):
        ask("1 trillion yen", package)


def test_the_cloud_contract_by_hand() -> None:
    """38 billion dollars over seven years at 3.8 dollars a GPU-hour: 163,079 chips, 292 MW."""
    found = ask("38 billion dollar seven-year cloud contract")
    assert isinstance(found, Contract)
    chips = 38e9 / 7 / (3.8 * 8_760)
    assert found.figures["rented_chips"].value == pytest.approx(chips)
    assert found.figures["rented_it_mw"].value == pytest.approx(chips * 1.789 / 1_000)
    assert found.figures["rent_yen_per_gpu_hour"].value == pytest.approx(570)
    own, rent = found.figures["own_yen_per_gpu_hour"].value, 570
    assert found.figures["own_saves_myen"].value == pytest.approx(5.7e6 * (1 - own / rent))
    assert found.figures["owned_it_mw"].value / found.figures["rented_it_mw"].value == pytest.approx(rent / own)
    assert found.figures["own_saves_myen"].low < 0 < found.figures["own_saves_myen"].value


def test_owning_a_gpu_hour_by_hand() -> None:
    """Chips over 4.5, equipment over 15 and the building over 38 years at 1.10 / 1.02 - 1 real, for a MW of B200."""
    rate = 1.10 / 1.02 - 1

    def annuity(years: float) -> float:
        return rate / (1 - (1 + rate) ** -years)

    chips = 1e6 / 1_789
    yearly = chips * 9.6 * annuity(4.5) + 632.8 * annuity(38) + (781.6 + 66.9 + 551.7) * annuity(15) + 55
    yearly += 8_760 * 1.18 * 0.021
    found = own_yen_per_gpu_hour(CATALOGUE.value, "b200")
    assert found == pytest.approx(yearly * 1e6 / (chips * 8_760))


@pytest.mark.parametrize(("text", "code"), [("3 GW contract", "rented_power"), ("1兆円の契約", "no_years")])
def test_a_contract_needs_a_sum_and_years(text: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        ask(text)
    assert caught.value.problems[0].code == f"what_is.{code}"


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("text", ["1 trillion dollars in five years", "3 GW by 2030", "380億ドルの7年契約"])
def test_the_command_says_it_in_both_languages(text: str, language: str) -> None:
    run = CliRunner().invoke(app, ["what-is", text, "--lang", language])
    assert run.exit_code == 0, run.output
    assert "{" not in run.output
    assert ("範囲" in run.output) is (language == "ja")
    found = json.loads(CliRunner().invoke(app, ["what-is", text, "--json"]).output)
    assert found["kind"] == ("contract" if "契約" in text else "campus")
    assert all(one["low"] <= one["value"] <= one["high"] for one in found["figures"].values())


def test_an_unknown_chip_is_named_with_those_that_are_known() -> None:
    run = CliRunner().invoke(app, ["what-is", "3 GW", "--chip", "b2000"])
    assert run.exit_code == 2
    assert "gb300" in run.output
