from __future__ import annotations

import math
import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiban.catalogue import UNITS
from kiban.quantities import (
    GLOSSARY,
    LANGUAGES,
    MoneyFormat,
    format_given,
    format_money,
    format_number,
    format_percent,
    format_quantity,
    format_share,
    round_outward,
    round_significant,
    term,
    unit_of,
    unit_text,
)

sizes = st.floats(min_value=1e-6, max_value=1e12)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (213.4, "213"),
        (50.0, "50.0"),
        (15432.0, "15,400"),
        (999.6, "1,000"),
        (0.9996, "1.00"),
        (99.96, "100"),
        (0.012345, "0.0123"),
        (-3.456, "-3.46"),
        (1234567.0, "1,230,000"),
    ],
)
def test_a_number_has_three_significant_digits(value: float, text: str) -> None:
    assert format_number(value) == text


@given(sizes)
def test_a_number_is_never_more_precise_than_three_digits_nor_further_off_than_half_of_the_last(value: float) -> None:
    text = format_number(value)
    digits = text.replace(",", "").replace(".", "").lstrip("0").rstrip("0")
    assert len(digits) <= 3
    assert "e" not in text
    assert float(text.replace(",", "")) == pytest.approx(value, rel=5.001e-3)


@given(sizes, sizes)
def test_a_needed_value_is_never_rounded_to_the_side_that_is_too_little(needed: float, current: float) -> None:
    shown = round_outward(needed, current)
    assert shown == pytest.approx(needed, rel=1.001e-2)
    if needed > current:
        assert shown >= needed * (1 - 1e-8)
    else:
        assert shown <= needed * (1 + 1e-8)


def test_outward_rounding_keeps_what_needs_no_rounding() -> None:
    assert round_outward(61.234, 40.0) == 61.3
    assert round_outward(0.87349, 0.9) == 0.873
    assert round_outward(100.0, 40.0) == 100.0
    assert round_outward(0.0, 1.0) == 0.0


@given(st.floats(min_value=-1e9, max_value=1e9).filter(lambda x: x == 0 or abs(x) > 1e-6))
def test_a_given_number_can_be_pasted_back(value: float) -> None:
    pasted = tomllib.loads(f"x = {format_given(value)}")["x"]
    assert pasted == pytest.approx(value, rel=1e-9, abs=1e-12)


def test_significant_rounding_leaves_what_is_no_number_alone() -> None:
    assert math.isinf(round_significant(math.inf))
    assert round_significant(0.0) == 0.0


@pytest.mark.parametrize(
    ("myen", "english", "japanese", "dollars", "dollars_japanese"),
    [
        (98_019.8, "¥98.0 bn", "980億円", "US$653 m", "6.53億米ドル"),
        (1_200_000.0, "¥1.20 tn", "1.20兆円", "US$8.00 bn", "80.0億米ドル"),
        (12.3, "¥12.3 m", "1,230万円", "US$82,000", "8.20万米ドル"),
        (0.0004, "¥400", "400円", "US$2.67", "2.67米ドル"),
        (-12.3, "-¥12.3 m", "-1,230万円", "-US$82,000", "-8.20万米ドル"),
        (999_999.9, "¥1.00 tn", "1.00兆円", "US$6.67 bn", "66.7億米ドル"),
        (0.0, "¥0", "0円", "US$0", "0米ドル"),
    ],
)
def test_money(myen: float, english: str, japanese: str, dollars: str, dollars_japanese: str) -> None:
    assert format_money(myen, "en") == english
    assert format_money(myen, "ja") == japanese
    assert format_money(myen, "en", "USD", 150.0) == dollars
    assert format_money(myen, "ja", "USD", 150.0) == dollars_japanese


def test_a_price_is_written_in_full_and_energy_in_the_unit_of_the_country() -> None:
    assert MoneyFormat("en").price(0.000261) == "¥261"
    assert MoneyFormat("en").energy_price(0.01457) == "¥14,600 per MWh"
    assert MoneyFormat("ja").energy_price(0.01457) == "14.6円/kWh"
    assert MoneyFormat("en", "USD", 150.0).energy_price(0.01457) == "US$97.1 per MWh"
    assert MoneyFormat("ja", "USD", 150.0).energy_price(0.01457) == "97.1米ドル/MWh"


@given(st.floats(min_value=1e-4, max_value=1e9))
def test_a_table_of_money_shows_the_same_amount_as_the_prose(myen: float) -> None:
    for money in (MoneyFormat("en"), MoneyFormat("ja"), MoneyFormat("en", "USD", 150.0)):
        size, unit = money.scale(myen)
        factor = {"¥ bn": 1e9, "¥ m": 1e6, "億円": 1e8, "US$ m": 1.5e8}[unit]
        assert size * 1e6 == pytest.approx(factor)


@pytest.mark.parametrize(
    ("share", "english", "japanese"),
    [(0.9, "90.0 %", "90.0%"), (0.99999, ">99.9 %", ">99.9%"), (1.0, "100 %", "100%"), (0.0, "0 %", "0%")],
)
def test_a_share(share: float, english: str, japanese: str) -> None:
    assert format_share(share, "en") == english
    assert format_share(share, "ja") == japanese


@given(st.floats(min_value=0.0, max_value=0.99999))
def test_a_share_below_one_is_never_called_the_whole(share: float) -> None:
    assert not format_share(share, "en").startswith("100")


def test_per_cent_in_columns() -> None:
    assert [format_percent(x, "en") for x in (0.0003, 0.1234, 1.0, 0.0)] == ["<0.1 %", "12.3 %", "100 %", "0.0 %"]


@pytest.mark.parametrize("unit", sorted(UNITS))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_unit_of_the_catalogue_has_words(unit: str, language: str) -> None:
    text = unit_text(unit, language)
    assert "_" not in text
    if language == "ja":
        assert not re.search(r"yen|year|day|share|million", text)


def test_units_in_words() -> None:
    assert unit_text("myen_per_mw_it_year", "en") == "million yen/(MW IT year)"
    assert unit_text("myen_per_mw_it_year", "ja") == "百万円/(MW(IT)・年)"
    assert unit_text("MW per MW", "en") == "MW/MW"
    assert unit_text("million yen/MWh", "ja") == "百万円/MWh"
    assert unit_text("", "en") == ""


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("battery_energy_mwh", "mwh"),
        ("power_cost_myen_per_mwh", "myen_per_mwh"),
        ("cost_myen_per_it_mwh", "myen_per_it_mwh"),
        ("cost_yen_per_gpu_hour", "yen_per_gpu_hour"),
        ("battery_cycles_per_year", "cycles_per_year"),
        ("clean_share", "share"),
        ("mean_pue", ""),
        ("pue", ""),
    ],
)
def test_the_unit_at_the_end_of_a_name(name: str, unit: str) -> None:
    assert unit_of(name) == unit


def test_quantities_in_words() -> None:
    assert format_quantity(0.05, "share_per_year", "en") == "5 % a year"
    assert format_quantity(0.05, "share_per_year", "ja") == "5%/年"
    assert format_quantity(15.0, "year", "ja") == "15年"
    assert format_quantity(1.0, "flag", "en") == "yes"
    assert format_quantity(0.0, "flag", "ja") == "いいえ"
    assert format_quantity(30.0, "deg", "en") == "30°"
    assert format_quantity(32.0, "degc", "en") == "32 °C"
    assert format_quantity(35000.0, "usd", "en") == "35,000 USD"
    assert format_quantity(5.0, "month", "ja") == "5月"


def test_the_glossary_names_each_thing_once() -> None:
    for column in (0, 1):
        words = [pair[column] for pair in GLOSSARY.values()]
        assert all(words)
        assert len(set(words)) == len(words), sorted(word for word in words if words.count(word) > 1)
    assert term("tidal_stream", "en") == "tidal stream"
    assert term("pv", "ja") == "太陽光"
