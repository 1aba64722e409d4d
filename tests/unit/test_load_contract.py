"""The contract of a large load in its owner's cash flow: by hand, to the yen against its own ledger, and by law."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cases.payments import campus
from tests.unit.test_model_book import Worked, assert_same
from tests.unit.test_purchase_tax import CASE, SHARES, project

from kiban.finance.cash_flow import CashFlow, project_cash_flow
from kiban.finance.large_load import OWNER, Chances, post_connection, weigh_terms
from kiban.finance.load_contract import Connected, LoadTerms
from kiban.finance.paying import Question
from kiban.finance.posting import post_entries
from kiban.report.payment.workbook import model_book_bytes

TERMS = LoadTerms("by hand", minimum_share=0.95, ramp_years=1, term_years=2, exit_fee_years=9, collateral_years=2)
CONTRACT = Connected(TERMS, contracted_mw=100.0, used_mw=90.0, ramp=(0.5,), demand_charge_myen_per_mw=6.0)


def flow(contract: Connected | None, **changes: Any) -> CashFlow:
    return project_cash_flow(replace(project(), contract=contract), replace(CASE, **changes))


def test_charges_and_collateral_by_hand() -> None:
    """The ramp asks for 47.5 MW, which are used; years 2 and 3 for 95 of 90: 5 x 6; two years of 570 are held."""
    assert CONTRACT.charges(4) == {"minimum_charge": pytest.approx([0, 30, 30, 0])}
    assert list(CONTRACT.held(1, 6)) == [0, 1140, 1140, 1140, 0, 0]


def test_a_campus_that_closes_within_the_term_pays_to_leave() -> None:
    """After two of three years one is left: 570; after one, two; of which at most the years of the fee are due."""
    assert CONTRACT.charges(2) == {"minimum_charge": pytest.approx([0, 30]), "exit_fee": pytest.approx([0, 570])}
    assert CONTRACT.charges(1) == {"exit_fee": pytest.approx([1140])}
    short = replace(CONTRACT, terms=replace(TERMS, exit_fee_years=1))
    assert short.exit_fee_myen(1) == pytest.approx(570)
    assert list(CONTRACT.held(1, 4)) == [0, 1140, 1140, 0]


def test_the_owners_cash_flow_by_hand() -> None:
    """30 more in years 2 and 3 of operation, a quarter of it back in tax; 1,140 paid in at the start of operation and
    back at the end of year 3; with prices that rise by 10 %, the charges too, and the collateral as it was paid."""
    plain, bound = flow(None), flow(CONTRACT)
    assert bound.equity_flow - plain.equity_flow == pytest.approx([0, -1140, 0, -22.5, -22.5 + 1140, 0])
    assert bound.project_flow - plain.project_flow == pytest.approx([0, 0, 0, -22.5, -22.5, 0])
    plain, bound = flow(None, inflation=0.1), flow(CONTRACT, inflation=0.1)
    assert bound.operating_costs["minimum_charge"] == pytest.approx([0, 0, 0, 30 * 1.1**3, 30 * 1.1**4, 0])
    assert bound.cash_reserves == pytest.approx([0, 1254, 1254, 1254, 0, 0])


def test_the_ledger_pays_the_other_customers() -> None:
    ledger = post_entries(flow(CONTRACT), SHARES)
    assert ledger.residual_yen == 0
    paid = {
        one.year: (one.payer, one.payee, one.amount_myen) for one in ledger.entries if one.account == "minimum_charge"
    }
    assert paid == {2030: ("equity", "ratepayers", 30.0), 2031: ("equity", "ratepayers", 30.0)}


@given(
    st.floats(0, 200), st.floats(0, 1), st.integers(0, 6), st.integers(0, 9), st.floats(0, 20),
    st.lists(st.floats(0, 1), max_size=4),
)  # fmt: skip
def test_laws(power: float, share: float, term: int, exit_years: int, charge: float, ramp: list[float]) -> None:
    """Nothing where nothing is promised; never less for a higher minimum; collateral comes back in full."""
    terms = LoadTerms("any", share, len(ramp), term, exit_years, collateral_years=1.0)
    found = Connected(terms, power + 1.0, power, tuple(ramp), charge)
    total = sum(float(np.sum(amounts)) for amounts in found.charges(5).values())
    assert total >= 0.0
    more = replace(found, terms=replace(terms, minimum_share=min(1.0, share + 0.1)))
    assert sum(float(np.sum(amounts)) for amounts in more.charges(5).values()) >= total - 1e-9
    assert np.diff(found.held(1, 7), prepend=0.0).sum() == 0.0
    silent = replace(found, terms=LoadTerms("silent", 0.0, len(ramp), term, exit_years))
    assert silent.charges(5) == {}
    assert not silent.held(1, 7).any()


def test_a_contract_that_asks_for_nothing_changes_nothing() -> None:
    plain, silent = flow(None), flow(Connected(LoadTerms("silent", term_years=9), 100.0, 90.0, (), 6.0))
    assert np.array_equal(plain.equity_flow, silent.equity_flow)
    assert post_entries(plain, SHARES).entries == post_entries(silent, SHARES).entries


def test_a_payment_bridges_to_the_ledger_of_the_connection_to_the_yen() -> None:
    """What the campus pays beside its demand charge is what the contract's own ledger says where the load comes."""
    contract = {"contracted_mw": 80.0, "ramp": [0.5], "minimum_share": 0.9, "term_years": 10, "exit_fee_years": 3}
    payment = Question(campus(grid={"contract": contract})).pay(("none",))
    view = weigh_terms(payment)
    assert view is not None
    own = post_connection(view.load, view.outcomes[-1].terms, "full", Chances(0.0, 0.0, 0.3, 0.0))

    def paid(entries: Any) -> dict[tuple[int, str], float]:
        kept = ("minimum_charge", "exit_fee")
        return {(e.year, e.account): e.amount_myen for e in entries if e.payer == OWNER and e.account in kept}

    campus_side, connection = paid(payment.after.ledger.entries), paid(own.entries)
    assert len(campus_side) == 11
    assert campus_side == connection
    assert payment.after.ledger.residual_yen == 0


@pytest.mark.slow
def test_the_model_book_has_the_contract(tmp_path: Path) -> None:
    cash = flow(CONTRACT, debt_share=0.3, inflation=0.02)
    assert_same(Worked(tmp_path, model_book_bytes(cash)), cash)
