"""The value of waiting against textbooks and by hand, and what support with an end does to the time of an order."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cases.documents import misfits
from tests.cases.payments import package, paid, question

from kiban.finance import waiting
from kiban.finance.budget import draw_up_budget
from kiban.finance.timing import SHARES, Case, decide, split_case, time_orders
from kiban.finance.waiting import (
    STEPS_PER_YEAR,
    Split,
    Walk,
    costs_by_step,
    last_step,
    perpetual_threshold,
    split_orders,
    threshold,
    value_of_waiting,
)
from kiban.report.payment.document import PaymentDocument, payment_document
from kiban.report.plan.record import to_json

DIXIT_PINDYCK = Walk(volatility=0.2, riskless_rate=0.04, payout=0.04, growth=0.0)


# ---- textbooks


@pytest.mark.parametrize(
    ("stock", "volatility", "years", "value"),
    [(36, 0.2, 1, 4.478), (36, 0.2, 2, 4.840), (40, 0.2, 1, 2.314), (44, 0.4, 2, 5.647)],
)
def test_american_puts_of_longstaff_and_schwartz(
    stock: float, volatility: float, years: int, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Table 1 of Review of Financial Studies 14 (2001), finite differences, 50 exercises a year: strike 40, 6 %.

    A put on S with strike K at rate r is a call on K at cost S that loses r a year, at rate 0.
    """
    monkeypatch.setattr(waiting, "STEPS_PER_YEAR", 500)
    found, _ = value_of_waiting(40.0, np.full(500 * years + 1, float(stock)), Walk(volatility, 0.0, 0.06, 0.0))
    assert found == pytest.approx(value, abs=0.012)


def test_an_order_without_an_end_is_that_of_dixit_and_pindyck() -> None:
    """r = q = 0.04, s = 0.2: b = 2, one orders at twice the cost; at the cost the right is worth a quarter of it."""
    assert perpetual_threshold(DIXIT_PINDYCK) == pytest.approx(2.0)
    long = costs_by_step(120, 0.0, None)
    assert value_of_waiting(1.0, long, DIXIT_PINDYCK)[0] == pytest.approx(0.25, rel=3e-3)
    # Between two months one cannot order, which lowers the threshold by exp(-0.5826 s sqrt(dt)) (Broadie and others).
    continuous = 2.0 * math.exp(-0.5826 * 0.2 * math.sqrt(1 / STEPS_PER_YEAR))
    assert threshold(long, DIXIT_PINDYCK) == pytest.approx(continuous, rel=0.01)


def test_waiting_loses_nothing_so_that_one_waits_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call without payout is not exercised early and has Black and Scholes' value: 0.1087 at 2 % and 25 %."""
    monkeypatch.setattr(waiting, "STEPS_PER_YEAR", 1000)
    walk = Walk(0.25, 0.02, 0.0, 0.0)
    found, orders = value_of_waiting(1.0, np.ones(1001), walk)
    assert not any(step.any() for step in orders[:-1])
    assert found == pytest.approx(0.108705, abs=1e-4)


def test_two_steps_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """One step a year, up by 1.25, 0.1 lost a year: p = (exp(-0.1) - 0.8) / 0.45 = 0.232972.

    Ends: 1.5625, 1, 0.64 less 1. After a rise 0.25 at once is more than p 0.5625: one orders.
    """
    monkeypatch.setattr(waiting, "STEPS_PER_YEAR", 1)
    walk = Walk(math.log(1.25), 0.0, 0.1, 0.0)
    found, orders = value_of_waiting(1.0, np.ones(3), walk)
    rise = (math.exp(-0.1) - 0.8) / 0.45
    assert found == pytest.approx(rise * 0.25)
    assert [step.tolist() for step in orders] == [[False], [False, True], [False, False, True]]


# ---- who orders when


def test_the_split_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without drift a rise has p = (1 - 0.8) / 0.45 = 4 / 9. Without support one orders after a rise, or after two
    falls never; with it at the start where helped. Here: with support at once in all, without in the up node of year 1.
    """
    monkeypatch.setattr(waiting, "STEPS_PER_YEAR", 1)
    walk = Walk(math.log(1.25), 0.0, 0.1, 0.0)
    yes, no = np.array([True]), np.array([False])
    alone = (no, np.array([False, True]), np.array([False, True, True]))
    at_once = (yes, np.array([False, True]), np.array([False, True, True]))
    found = split_orders(at_once, alone, walk, 0)
    rise = 4 / 9
    late = (1 - rise) * rise
    assert found.brought_forward == pytest.approx(rise + late)
    assert found.years_brought_forward == pytest.approx((rise * 1 + late * 2) / (rise + late))
    assert found.induced == pytest.approx((1 - rise) ** 2)
    assert (found.windfall, found.unaffected, found.never) == (0.0, 0.0, 0.0)
    same = split_orders(alone, alone, walk, 1)
    assert (same.windfall, same.unaffected) == pytest.approx((rise, late))
    assert same.never == pytest.approx((1 - rise) ** 2)


def case(support: float, ends: float | None, value: float = 1.0, *, volatility: float = 0.25) -> Case:
    return Case(value, support, ends, 6.0, Walk(volatility, 0.01, 0.08, 0.0))


@settings(max_examples=40)
@given(st.floats(0.02, 0.6), st.one_of(st.none(), st.floats(0.0, 8.0)), st.floats(0.5, 2.0), st.floats(0.1, 0.45))
def test_laws_of_the_split(support: float, ends: float | None, value: float, volatility: float) -> None:
    """Shares sum to 1; support puts no order off and is worth at most itself; without an end the threshold scales."""
    one = case(support, ends, value, volatility=volatility)
    found = split_case(one)
    shares = [getattr(found, share) for share in SHARES]
    assert sum(shares) == pytest.approx(1.0)
    assert min(shares) >= 0.0
    (with_value, helped), (alone_value, alone) = (
        value_of_waiting(value, one.costs(supported), one.walk) for supported in (True, False)
    )
    assert alone_value - 1e-9 <= with_value <= alone_value + support + 1e-9
    assert all((not_helped <= yes).all() for not_helped, yes in zip(alone, helped, strict=True))
    if ends is None:
        level = threshold(one.costs(False), one.walk)
        assert threshold(one.costs(True), one.walk) == pytest.approx((1.0 - support) * level, rel=1e-4)


def test_without_support_every_order_is_as_it_was() -> None:
    found = split_case(case(0.0, 3.0))
    assert (found.brought_forward, found.induced, found.years_brought_forward) == (0.0, 0.0, 0.0)


def test_costs_have_the_support_up_to_the_month_in_which_it_ends() -> None:
    """Three months are the steps 0 to 3: who orders at the end of the third still has it."""
    assert costs_by_step(0.5, 0.2, 0.25).tolist() == pytest.approx([0.8] * 4 + [1.0] * 3)
    assert costs_by_step(0.25, 0.2, None).tolist() == pytest.approx([0.8] * 4)


def test_support_that_ends_sooner_hurries_more() -> None:
    """Just before its end one orders at a lower value than under support that stays."""
    lasting, ending = (threshold(case(0.3, ends).costs(True), case(0.3, ends).walk) for ends in (None, 0.25))
    assert ending < lasting
    assert last_step(0.25) == 3


@pytest.mark.parametrize(("value", "choice"), [(3.0, "now"), (1.0, "later"), (0.05, "never")])
def test_now_later_or_never(value: float, choice: str) -> None:
    one = case(0.1, 3.0, value)
    split = split_case(one)
    found = decide(one, supported=True, chance=1.0 - split.never)
    assert found.choice == choice
    assert found.value_of_ordering_now == pytest.approx(value - 0.9)
    assert found.waiting_value >= max(found.value_of_ordering_now, 0.0) - 1e-9
    assert (found.order_now_above <= value) == (choice == "now")


def test_a_step_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        Walk(0.01, 0.0, 0.5, 0.0).chance(-0.5, 1 / 12)


# ---- of a payment


def test_a_payment_starts_where_its_owner_earns_what_he_asks() -> None:
    payment = paid("tax-credit")
    found = time_orders(payment, draw_up_budget(payment).limits)
    assert found is not None
    assert found.case.value_over_cost == pytest.approx(1.0, abs=1e-3)
    before, after = payment.before, payment.after
    capital = sum(one.annual_capital_myen for one in before.plan.investments) / before.plan.cost_myen_per_year
    fall = 1 - after.levelised.myen_per_it_mwh / before.levelised.myen_per_it_mwh
    assert found.case.support == pytest.approx(0.5 * fall / capital)
    assert (found.ends_by_law, found.case.ends_after_years) == (False, 5.0)
    assert found.without.choice == "later"
    assert found.with_package.order_now_above < found.without.order_now_above
    for share in SHARES:
        assert found.low[share] <= getattr(found.split, share) <= found.high[share]
    assert isinstance(found.endless, Split)
    assert found.without.chance_of_an_order < found.with_package.chance_of_an_order


def test_an_end_that_the_package_names_is_taken() -> None:
    """What starts in 2027 comes into service in 2029: until 2031 one may order for three years."""
    instrument = {"kind": "tax_credit", "assets": ["compute"], "rate": 0.2, "to_year": 2031}
    payment = question().pay((package(instrument),))
    limits = draw_up_budget(payment).limits
    found = time_orders(payment, limits)
    assert found is not None
    assert (found.ends_by_law, found.case.ends_after_years) == (True, 3.0)
    sunset = time_orders(payment, (replace(limits[0], sunset="2031-12-31"),))
    assert sunset is not None
    assert sunset.case.ends_after_years == pytest.approx(3.0, abs=0.01)
    started = time_orders(payment, (replace(limits[0], sunset="2031-12-31", measure="us_48e_45y"),))
    assert started is not None
    assert started.case.ends_after_years == pytest.approx(5.0, abs=0.01)


@pytest.mark.parametrize("name", ["none", "public-ownership"])
def test_nobody_waits_for_no_support_or_as_a_public_body(name: str) -> None:
    payment = paid(name)
    assert time_orders(payment, draw_up_budget(payment).limits) is None


def test_the_document_has_it_in_both_languages() -> None:
    found = json.loads(to_json(payment_document(paid("tax-credit"))))
    assert misfits(found, PaymentDocument) == []
    assert sum(found["timing"]["split"][share] for share in SHARES) == pytest.approx(1.0)
    assert any("are brought forward, by" in said for one in found["details"]["en"] for said in one["sentences"])
    assert any("は前倒し(平均" in said for one in found["details"]["ja"] for said in one["sentences"])
