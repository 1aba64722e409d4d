"""Leakage: circles by hand, that no share is today's answer, and that all of it from abroad is nothing new."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cases.documents import misfits
from tests.cases.payments import campus, paid

from kiban.errors import ScenarioError
from kiban.finance.fiscal import FiscalViews
from kiban.finance.leakage import CIRCLES, Elsewhere, Moved, measure_leakage, widen
from kiban.finance.ledger import TREASURIES
from kiban.finance.paying import Question
from kiban.report.payment.document import PaymentDocument, payment_document
from kiban.report.plan.record import to_json

MOVED = Moved(
    it_mw=10.0,
    it_energy_mwh_per_year=80_000.0,
    emissions_t_per_year=20_000.0,
    treasury_myen=-5_000.0,
    tax_myen_per_mw=200.0,
    fiscal_cost_myen=6_000.0,
)


def elsewhere(abroad: float, home: float) -> Elsewhere:
    return Elsewhere(abroad, home, factor_abroad_t_per_mwh=0.5, factor_at_home_t_per_mwh=0.4, pue=1.25, tax_abroad=0.5)


def test_three_circles_by_hand() -> None:
    """100,000 MWh with the PUE: 0.2 of it at 0.4 is 8,000 t at home, 0.5 at 0.5 is 25,000 t abroad. Tax of 10 MW is
    2,000: 400 at home, and half of 1,000 abroad."""
    found = widen(MOVED, elsewhere(0.5, 0.2))
    assert [found[circle].induced_it_mw for circle in CIRCLES] == pytest.approx([10, 8, 3])
    assert [found[circle].emissions_t_per_year for circle in CIRCLES] == pytest.approx([20_000, 12_000, -13_000])
    assert [found[circle].treasury_myen for circle in CIRCLES] == pytest.approx([-5_000, -5_400, -5_900])
    assert [found[circle].cost_per_induced_mw_myen for circle in CIRCLES] == pytest.approx([600, 750, 2_000])


def test_without_shares_all_circles_are_the_answer_itself() -> None:
    found = widen(MOVED, elsewhere(0.0, 0.0))
    assert found["here"] == found["nation"] == found["world"]
    none = {"leakage.share_abroad": 0.0, "leakage.share_other_prefectures": 0.0}
    payment = Question(campus(assumptions=none)).pay(("tax-credit",))
    leakage = measure_leakage(payment)
    assert leakage is not None
    for circle in leakage.circles.values():
        assert circle.induced_it_mw == payment.induced_it_mw
        assert circle.treasury_myen == payment.treasury_value_myen
        assert circle.cost_per_induced_mw_myen == payment.cost_per_induced_mw_myen


@given(st.floats(0.0, 1.0))
def test_where_all_of_it_has_left_other_places_nothing_is_new_to_the_world(home: float) -> None:
    found = widen(MOVED, elsewhere(1.0 - home, home))
    assert found["world"].induced_it_mw == pytest.approx(0.0, abs=1e-12)
    assert found["world"].cost_per_induced_mw_myen is None
    assert found["nation"].induced_it_mw == pytest.approx((1.0 - home) * 10.0)


@given(st.floats(0.0, 0.5), st.floats(0.0, 0.5), st.floats(0.0, 0.4))
def test_a_wider_circle_has_less_and_more_leakage_leaves_less(abroad: float, home: float, more: float) -> None:
    found, leaking = widen(MOVED, elsewhere(abroad, home)), widen(MOVED, elsewhere(min(abroad + more, 1 - home), home))
    for figure in ("induced_it_mw", "emissions_t_per_year", "treasury_myen"):
        values = [getattr(found[circle], figure) for circle in CIRCLES]
        assert values == sorted(values, reverse=True)
        assert getattr(leaking["world"], figure) <= getattr(found["world"], figure) + 1e-9
        assert getattr(leaking["nation"], figure) == getattr(found["nation"], figure)


def test_a_payment_takes_energy_and_tax_from_its_own_plans() -> None:
    payment = paid("tax-credit")
    found = measure_leakage(payment)
    assert found is not None
    energy = sum(one.it_energy_mwh_per_year for one in payment.after.plan.tranches)
    rate, home = payment.shares.social_rate, found.elsewhere.share_other_prefectures
    ledger = payment.before.ledger
    tax = sum(
        sign
        * sum(one.amount_myen * (1 + rate) ** (min(ledger.years) - one.year) for one in ledger.entries if fits(one))
        for sign, fits in (
            (1.0, lambda one: one.account in {"income_tax", "property_tax"} and one.payee in TREASURIES),
            (-1.0, lambda one: one.account in {"income_tax", "property_tax"} and one.payer in TREASURIES),
        )
    )
    nation = found.circles["nation"]
    lost = home * payment.induced_it_mw * tax / payment.load_mw
    assert nation.treasury_myen == pytest.approx(payment.treasury_value_myen - lost)
    change = payment.after.damage.emissions_t_per_year - payment.before.damage.emissions_t_per_year
    assert nation.emissions_t_per_year == pytest.approx(change - home * energy * 1.25 * 0.423)
    for circle in CIRCLES:
        low, middle, high = (one[circle].induced_it_mw for one in (found.low, found.circles, found.high))
        assert low <= middle <= high
    assert found.low["world"].induced_it_mw == pytest.approx(0.0, abs=1e-9)
    # At the place, what is assumed is the elasticity alone.
    assert (found.low["here"].induced_it_mw, found.high["here"].induced_it_mw) == payment.induced_range_mw
    assert found.high["nation"].induced_it_mw == pytest.approx(
        max(payment.induced_it_mw, (1.0 - home) * payment.induced_range_mw[1])
    )


def test_where_nothing_is_induced_nothing_leaks() -> None:
    assert measure_leakage(paid("none")) is None


def test_more_than_is_induced_cannot_have_left() -> None:
    with pytest.raises(ScenarioError, match="more than 1"):
        Question(campus(assumptions={"leakage.share_abroad": 0.8, "leakage.share_other_prefectures": 0.3}))


def test_the_document_has_it_in_both_languages() -> None:
    found = json.loads(to_json(payment_document(paid("tax-credit"))))
    assert misfits(found, PaymentDocument) == []
    views = FiscalViews(paid("tax-credit"))
    assert views.leakage is not None
    assert found["leakage"]["circles"]["world"]["induced_it_mw"] == views.leakage.circles["world"].induced_it_mw
    assert any("are new to the country" in said for one in found["details"]["en"] for said in one["sentences"])
    assert any("世界全体では" in said for one in found["details"]["ja"] for said in one["sentences"])
