"""Who ends with the support: textbook shares, the ledger's answer where supply is elastic, and laws of the system."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cases.documents import misfits
from tests.cases.payments import paid

from kiban.finance.chip_market import (
    CHIPS_ABROAD,
    ELASTIC,
    ENDS,
    GIVEN,
    HOME,
    ChipMarket,
    Input,
    find_incidence,
    range_incidence,
    supply_here,
)
from kiban.finance.fiscal import FiscalViews
from kiban.report.payment.document import PaymentDocument, payment_document
from kiban.report.plan.record import to_json

NOTHING = Input(0.0, 0.0)


def market(
    chips: Input, home: Input = NOTHING, *, demand: float = 1.0, passed: float = 1.0, given: float = 0.0
) -> ChipMarket:
    rest = 1.0 - chips.share - home.share
    return ChipMarket({CHIPS_ABROAD: chips, HOME: home, GIVEN: Input(rest, given)}, demand, passed)


@pytest.mark.parametrize(("demand", "supply"), [(1.0, 1.0), (0.5, 2.0), (3.0, 1.0), (1.0, 0.1)])
def test_a_small_support_is_shared_as_in_every_textbook(demand: float, supply: float) -> None:
    """One input, all of it passed on: the supplier has e / (e + h), users h / (e + h), nothing is lost."""
    found = find_incidence(market(Input(1.0, 1e-5, supply), demand=demand))
    assert found.shares[CHIPS_ABROAD] == pytest.approx(demand / (demand + supply), abs=1e-4)
    assert found.shares["users"] == pytest.approx(supply / (demand + supply), abs=1e-4)
    assert found.shares["owner"] == pytest.approx(0.0, abs=1e-9)
    assert found.shares["lost"] == pytest.approx(0.0, abs=1e-4)


def test_a_large_support_by_hand() -> None:
    """e = h = 1, all of cost supported by 19 %, all passed on: Q = 1 / (0.81 Q), so Q = w = 1 / 0.9 and p = 0.9.

    Support 0.19 Q w = 0.234568; users ln(1 / 0.9) = 0.105361; makers (w^2 - 1) / 2 = 0.117284; lost 0.011924.
    """
    found = find_incidence(market(Input(1.0, 0.19, 1.0)))
    assert found.quantity_change == pytest.approx(1 / 0.9 - 1)
    assert found.price_change == pytest.approx(-0.1)
    assert found.chip_price_change == pytest.approx(1 / 0.9 - 1)
    assert found.support_share_of_cost == pytest.approx(0.19 / 0.81)
    assert found.shares["users"] == pytest.approx(math.log(1 / 0.9) / (0.19 / 0.81))
    assert found.shares[CHIPS_ABROAD] == pytest.approx((1 / 0.81 - 1) / 2 / (0.19 / 0.81))
    assert found.shares["lost"] == pytest.approx(0.011924 / 0.234568, abs=1e-5)


def test_with_supply_without_end_users_and_owner_share_the_fall_in_cost() -> None:
    """Cost falls by 20 % of one half: c = 0.9; with half of it passed on p = 0.95, Q = 1 / 0.95."""
    found = find_incidence(market(Input(0.5, 0.2), passed=0.5))
    assert found.quantity_change == pytest.approx(1 / 0.95 - 1)
    support = 0.1 / 0.95
    assert found.shares["owner"] == pytest.approx(0.05 / 0.95 / support)
    assert found.shares["users"] == pytest.approx(math.log(1 / 0.95) / support)
    assert found.shares[CHIPS_ABROAD] == found.shares[HOME] == 0.0


@pytest.mark.parametrize("name", ["tax-credit", "japan-current", "capital-grant", "blueprint-japan"])
def test_with_elastic_supply_todays_result_comes_back(name: str) -> None:
    """The load that the ledger's design induces, and the shares that its pass-through gives."""
    payment = paid(name)
    found = range_incidence(payment)
    assert found is not None
    load = payment.before.plan.capacities["it_mw"]
    assert load * found.elastic.quantity_change == pytest.approx(payment.induced_it_mw, rel=0.05)
    fall = 1 - payment.after.levelised.myen_per_it_mwh / payment.before.levelised.myen_per_it_mwh
    assert found.elastic.price_change == pytest.approx(-payment.pass_through * fall)
    assert found.elastic.shares["owner"] == pytest.approx(1 - payment.pass_through, rel=1e-6)
    assert found.elastic.shares["users"] <= payment.pass_through
    assert found.elastic.shares[CHIPS_ABROAD] == found.elastic.shares[HOME] == 0.0


def test_a_small_country_pays_its_makers_little_and_all_together_much() -> None:
    assert supply_here(1.0, 1.0, 0.04) == pytest.approx((1 + 0.96) / 0.04)
    assert supply_here(1.0, 1.0, 1.0) == 1.0
    found = range_incidence(paid("tax-credit"))
    assert found is not None
    assert found.middle.shares[CHIPS_ABROAD] < 0.02
    assert 0.15 < found.all_countries.shares[CHIPS_ABROAD] < 0.5
    assert found.all_countries.chip_price_change > 5 * found.middle.chip_price_change > 0
    for end in ENDS:
        assert found.low[end] <= found.middle.shares[end] <= found.high[end]
    assert found.low["users"] == pytest.approx(0.0, abs=1e-12)  # Nothing is passed on at the low end.


SHARE = st.floats(0.05, 0.45)
SUPPORT = st.floats(0.01, 0.9)
ELASTICITY = st.floats(0.05, 20.0)


@given(SHARE, SHARE, SUPPORT, SUPPORT, ELASTICITY, ELASTICITY, st.floats(0.1, 6.0), st.floats(0.0, 1.0))
def test_laws_of_the_system(a, b, s, t, chips, home, demand, passed) -> None:
    """Shares sum to 1, nobody loses, more is bought, and a stiffer supply leaves users and owner less."""
    found = find_incidence(market(Input(a, s, chips), Input(b, t, home), demand=demand, passed=passed))
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert all(share >= -1e-9 for share in found.shares.values())
    assert found.quantity_change >= 0
    free = find_incidence(market(Input(a, s, ELASTIC), Input(b, t, ELASTIC), demand=demand, passed=passed))
    assert found.quantity_change <= free.quantity_change + 1e-12
    assert found.price_change >= free.price_change - 1e-12
    # The root is one: demand at the price is what is bought.
    assert (1 + found.price_change) ** -demand == pytest.approx(1 + found.quantity_change, rel=1e-9)


@pytest.mark.parametrize("support", [0.0, 1.0])
def test_nothing_or_everything_off_the_cost_has_no_incidence(support: float) -> None:
    with pytest.raises(ValueError, match="nothing or everything"):
        find_incidence(ChipMarket({CHIPS_ABROAD: Input(1.0, support), HOME: Input(0.0, 0.0)}, 1.0, 1.0))
    assert range_incidence(paid("none")) is None


def test_the_document_has_it() -> None:
    found = json.loads(to_json(payment_document(paid("tax-credit"))))
    assert misfits(found, PaymentDocument) == []
    shares = found["incidence"]
    assert sum(shares[end] for end in ENDS) == pytest.approx(1.0)
    assert shares["users"] == pytest.approx(FiscalViews(paid("tax-credit")).incidence.middle.shares["users"])
