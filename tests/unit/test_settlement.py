"""Calls settled by hand (`settlement_cases`), the laws that a settlement keeps, and rules outside of their dates."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.test_occurrences import plan

from kiban.errors import InputError
from kiban.operation.flexibility import Product
from kiban.operation.occurrences import Occurrence
from kiban.operation.running import run
from kiban.operation.settlement import Settlement, japanese_holidays, load_market_rules, read_rule, settle
from kiban.report.messages import say_problem
from kiban.report.operation.document import operation_document
from kiban.report.operation.words import settlement_rows, settlement_sentences

CASES = tomllib.loads((Path(__file__).parents[1] / "settlement_cases" / "calls.toml").read_text(encoding="utf-8"))[
    "case"
]
TIME = pd.date_range("2025-04-01", periods=30 * 24, freq="h", tz="Asia/Tokyo")
PRODUCT = Product(
    price_myen_per_mw_year=12.0,
    call_hours=3.0,
    notice_hours=3.0,
    calls_per_year=12.0,
    first_hour=9.0,
    last_hour=20.0,
    delivery_share=0.9,
)
RULE = read_rule(load_market_rules(), date(2025, 4, 1))
CONTRACTED_MW = 10.0


def call(begins: pd.Timestamp, hours: int, notice_hours: float = 3.0) -> Occurrence:
    first = TIME.get_loc(begins.tz_localize("Asia/Tokyo"))
    assert isinstance(first, int)
    known = first - int(notice_hours)
    return Occurrence("demand_response_call", first, first + hours, known, None, {"import_limit_mw": 0.0}, str(begins))


def work(case: dict[str, Any]) -> Settlement:
    metered = np.full(TIME.size, float(case["usual_mw"]))
    for day, value in case.get("days", {}).items():
        metered[TIME.date == date.fromisoformat(day)] = value
    for hour, value in case.get("hours", {}).items():
        metered[TIME.get_loc(pd.Timestamp(f"{hour}:00", tz="Asia/Tokyo"))] = value
    calls = []
    for one in case["calls"]:
        found = call(pd.Timestamp(one["from"]), len(one["metered_mw"]), one.get("notice_hours", 3))
        metered[found.first : found.end] = one["metered_mw"]
        calls.append(found)
    product = replace(PRODUCT, calls_per_year=case.get("calls_per_year", PRODUCT.calls_per_year))
    return settle(metered, TIME, 1.0, calls, product, CONTRACTED_MW, japanese_holidays(TIME), RULE)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    found = work(case)
    for name, expected in case["expect"].items():
        if name == "net_myen_per_mw_year":
            assert found.net_myen_per_mw_year == pytest.approx(expected)
        elif name == "reason":
            assert [one.reason for one in found.calls] == expected
        else:
            assert [getattr(one, name) for one in found.calls] == pytest.approx(expected, abs=1e-6)
    if "reason" not in case["expect"]:
        assert not any(one.reason for one in found.calls)


def test_no_call_no_money() -> None:
    found = settle(np.full(TIME.size, 50.0), TIME, 1.0, (), PRODUCT, CONTRACTED_MW, frozenset(), RULE)
    assert (found.calls, found.payment_myen, found.penalty_myen) == ((), 0.0, 0.0)
    assert found.net_myen_per_mw_year == PRODUCT.price_myen_per_mw_year


def test_a_contract_of_nothing_is_not_settled() -> None:
    one = call(pd.Timestamp("2025-04-16T13:00"), 3)
    found = settle(np.full(TIME.size, 50.0), TIME, 1.0, (one,), PRODUCT, 0.0, frozenset(), RULE)
    assert (found.calls[0].reason, found.net_myen) == ("no_contract", 0.0)


def test_twelve_calls_fully_delivered_earn_the_price_of_the_year_and_none_delivered_costs_a_tenth_of_it() -> None:
    days = [day for day in range(8, 29) if date(2025, 4, day).weekday() < 5][:12]
    calls = [call(pd.Timestamp(f"2025-04-{day:02}T13:00"), 3) for day in days]
    usual = np.full(TIME.size, 50.0)
    given_up = usual.copy()
    for one in calls:
        given_up[one.first : one.end] -= CONTRACTED_MW
    full, nothing = (
        settle(metered, TIME, 1.0, calls, PRODUCT, CONTRACTED_MW, japanese_holidays(TIME), RULE)
        for metered in (given_up, usual)
    )
    assert full.net_myen == pytest.approx(CONTRACTED_MW * 12.0)
    assert full.net_myen_per_mw_year == pytest.approx(12.0)
    assert nothing.net_myen == pytest.approx(-0.1 * CONTRACTED_MW * 12.0)
    assert nothing.net_myen_per_mw_year == pytest.approx(-1.2)


@given(
    price=st.floats(0.1, 50.0),
    factor=st.floats(0.1, 10.0),
    metered=st.lists(st.floats(0.0, 80.0), min_size=3, max_size=3),
    half=st.booleans(),
)
def test_money_is_linear_in_the_price_and_bounded_by_the_contract(
    price: float, factor: float, metered: list[float], half: bool
) -> None:
    per_hour = 2 if half else 1
    time = pd.date_range("2025-04-01", periods=30 * 24 * per_hour, freq="30min" if half else "h", tz="Asia/Tokyo")
    first = (15 * 24 + 13) * per_hour
    end = first + 3 * per_hour
    import_mw = np.full(time.size, 50.0)
    import_mw[first:end] = np.repeat(metered, per_hour)
    one = Occurrence("demand_response_call", first, end, first - 3 * per_hour, None, {"contracted_mw": 20.0}, "")
    cheap, dear = (
        settle(import_mw, time, 1.0 / per_hour, (one,), replace(PRODUCT, price_myen_per_mw_year=so), 1.0, (), RULE)
        for so in (price, price * factor)
    )
    assert dear.net_myen == pytest.approx(factor * cheap.net_myen, abs=1e-9)
    assert dear.net_myen_per_mw_year == pytest.approx(factor * cheap.net_myen_per_mw_year, abs=1e-9)
    at_stake = 20.0 * price / 12.0
    assert -0.1 * at_stake - 1e-9 <= cheap.net_myen <= at_stake + 1e-9
    by_hand = sum(min(max(50.0 - value, 0.0), 20.0) for value in metered) / 60.0
    assert cheap.calls[0].delivered_share == pytest.approx(by_hand)


def test_a_rule_outside_of_its_dates_is_refused_in_both_languages() -> None:
    with pytest.raises(InputError) as caught:
        read_rule(load_market_rules(), date(2023, 4, 1))
    (problem,) = caught.value.problems  # the baseline holds from 2020 on
    said, japanese = say_problem(problem, "en"), say_problem(problem, "ja")
    assert "economic penalty" in said and "2023-04-01" in said and "2024-04-01" in said
    assert "経済的ペナルティ" in japanese and "2023-04-01" in japanese and "2024-04-01" in japanese
    with pytest.raises(InputError) as both:
        read_rule(load_market_rules(), date(2031, 4, 1))
    assert len(both.value.problems) == 2


def test_a_called_operation_is_settled_from_its_metered_import(tmp_path: Path) -> None:
    path = tmp_path / "events.toml"
    day = next(day for day in plan().time[::24] if day.weekday() < 5)
    path.write_text(
        f'[[event]]\nkind = "demand_response_call"\nfrom = {day:%Y-%m-%d}T15:00:00\nhours = 3\nnotice_hours = 3\n'
        "import_limit_mw = 1\ncontracted_mw = 4\n",
        encoding="utf-8",
    )
    operation = run(plan(), horizon_hours=24, events=path)
    assert operation.settlement is not None
    (settled,) = operation.settlement.calls
    at = int(np.searchsorted(operation.time, day + pd.Timedelta(hours=15)))
    assert settled.metered_mw == pytest.approx(operation.hourly["import_mw"][at : at + 3].mean())
    assert settled.contracted_mw == 4.0
    assert settled.reason == "no_baseline"  # four days are too few
    document = operation_document(operation, "ja")
    assert [one["reason"] for one in document["settlement"]] == ["no_baseline"]
    assert document["settled"]["net_myen"] == 0.0
    calm = operation_document(run(plan(), horizon_hours=24), "en")
    assert (calm["settlement"], calm["settled"]) == ([], None)
    for language in ("en", "ja"):
        headings, rows = settlement_rows(operation, language)
        assert len(rows) == 2 and all(len(row) == len(headings) for row in rows)
        assert "30" in settlement_sentences(operation, language)[0]
