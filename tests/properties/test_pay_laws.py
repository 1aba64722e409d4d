"""Laws of PAY over rates: more support never serves less nor makes compute dearer, and nothing gets lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cases.payments import question

from kiban.finance.payment import Payment
from kiban.scenario.package import load_package

laws = settings(max_examples=6)
RATED = ("tax-credit", "capital-grant", "special-depreciation", "property-tax-relief")


def at(name: str, rate: float) -> Payment:
    return question().pay((load_package(name).scaled(rate),))


@laws
@given(st.sampled_from(RATED), st.floats(0.0, 0.5), st.floats(0.0, 0.5))
def test_more_support_never_serves_less_nor_makes_compute_dearer(name: str, rate: float, more: float) -> None:
    less, most = at(name, rate), at(name, rate + more)
    assert most.after.served_mw >= less.after.served_mw - 1e-4
    # What the programme minimises falls; the average cost of a larger campus may not.
    cost, fallen = less.after.plan.net_cost_myen_per_year, most.after.plan.net_cost_myen_per_year
    assert fallen <= cost + 1e-6 * abs(cost)
    if most.after.served_mw == pytest.approx(less.after.served_mw, abs=1e-3):
        assert most.after.levelised.myen_per_it_mwh <= less.after.levelised.myen_per_it_mwh * (1 + 1e-5)
        assert most.fiscal_cost_myen >= less.fiscal_cost_myen - 1e-4 * abs(most.fiscal_cost_myen) - 1.0


@laws
@given(st.sampled_from((*RATED, "loan-guarantee")), st.floats(0.0, 0.9))
def test_the_whole_is_its_parts_and_the_ledger_is_zero(name: str, rate: float) -> None:
    payment = at(name, rate)
    support = payment.support
    for one in (support, *support.assets):
        parts = one.windfall_myen + one.induced_myen + one.distortion_myen
        assert parts == pytest.approx(one.total_myen, rel=1e-9, abs=1e-6)
    for ledger in (payment.before.ledger, payment.after.ledger, payment.incidence):
        assert ledger.residual_yen == 0
    forced = {served.name: served.served_mw for served in payment.forced.tranches}
    for served in payment.after.plan.tranches:
        assert forced[served.name] == pytest.approx(served.served_mw, abs=1e-6)
