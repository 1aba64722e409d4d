"""The ledger by hand: balances, accounts, present values, differences, and what shows an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiban.finance.ledger import PARTIES, TREASURIES, Entry, Ledger, difference

ENTRIES = (
    Entry(2027, "equity", "suppliers_home", "capex", 100.0, "a hall"),
    Entry(2028, "users", "equity", "compute_sales", 60.0, "compute"),
    Entry(2028, "equity", "national_treasury", "income_tax", 6.0, "law"),
    Entry(2029, "users", "equity", "compute_sales", 60.0, "compute"),
    Entry(2029, "national_treasury", "equity", "tax_credit", 10.0, "law"),
)


def test_balances_by_hand() -> None:
    balances = Ledger(ENTRIES).balances
    assert balances["equity"] == {2027: -100.0, 2028: 54.0, 2029: 70.0}
    assert balances["national_treasury"] == {2027: 0.0, 2028: 6.0, 2029: -10.0}
    assert set(balances) == set(PARTIES)
    assert set(TREASURIES) < set(PARTIES)


def test_accounts_and_flows_by_hand() -> None:
    ledger = Ledger(ENTRIES)
    assert ledger.years == (2027, 2028, 2029)
    assert ledger.accounts("equity") == {
        "capex": -100.0,
        "compute_sales": 120.0,
        "income_tax": -6.0,
        "tax_credit": 10.0,
    }
    assert ledger.flows(0.0)["users", "equity"] == 120.0
    assert ledger.flows(0.5)["users", "equity"] == pytest.approx(60 / 1.5 + 60 / 2.25)


def test_present_values_by_hand() -> None:
    ledger = Ledger(ENTRIES)
    assert ledger.present_value("equity", 0.1) == pytest.approx(-100 + 54 / 1.1 + 70 / 1.21)
    assert ledger.present_value("equity", 0.0, accounts=frozenset({"income_tax", "tax_credit"})) == pytest.approx(4.0)
    rates = dict.fromkeys(PARTIES, 0.05)
    values = ledger.present_values(rates)
    assert sum(values.values()) == pytest.approx(0.0, abs=1e-9)
    assert values["workers"] == 0.0


def test_a_payment_to_oneself_changes_nothing() -> None:
    ledger = Ledger((*ENTRIES, Entry(2028, "users", "users", "compute_sales", 5.0, "")))
    assert ledger.balances == Ledger(ENTRIES).balances
    assert ledger.present_value("users", 0.1) == pytest.approx(Ledger(ENTRIES).present_value("users", 0.1))


def test_the_difference_of_two_ledgers() -> None:
    less = Ledger(tuple(entry for entry in ENTRIES if entry.account != "tax_credit"))
    incidence = difference(Ledger(ENTRIES), less)
    assert [entry.account for entry in incidence.entries] == ["tax_credit"]
    assert difference(less, less).entries == ()
    assert difference(less, less).residual_yen == 0.0
    back = difference(less, Ledger(ENTRIES))
    assert back.balances["equity"][2029] == -10.0


amounts = st.floats(1e-6, 1e7).map(lambda amount: round(amount * 1e6) / 1e6)
entries = st.builds(
    Entry,
    st.integers(2027, 2032), st.sampled_from(PARTIES), st.sampled_from(PARTIES), st.just("any"), amounts, st.just(""),
)  # fmt: skip


@given(st.lists(entries, min_size=1, max_size=30), st.lists(entries, max_size=30))
def test_any_ledger_sums_to_zero_and_differs_by_its_balances(first: list[Entry], second: list[Entry]) -> None:
    one, two = Ledger(tuple(first)), Ledger(tuple(second))
    assert one.residual_yen == 0.0
    change = difference(one, two)
    for party in PARTIES:
        for year in range(2027, 2033):
            expected = one.balances[party].get(year, 0.0) - two.balances[party].get(year, 0.0)
            assert change.balances[party].get(year, 0.0) == pytest.approx(expected, abs=1e-6 * 30)


def test_a_difference_keeps_the_year_of_its_ledgers() -> None:
    """What changes only later is discounted to the same year as what it is the difference of."""
    less = Ledger(tuple(entry for entry in ENTRIES if entry.account != "tax_credit"))
    incidence = difference(Ledger(ENTRIES), less)
    assert incidence.years == (2029,)
    assert incidence.present_value("equity", 0.1) == pytest.approx(10.0 / 1.21)
    assert incidence.flows(0.1)["national_treasury", "equity"] == pytest.approx(10.0 / 1.21)
    rates = dict.fromkeys(PARTIES, 0.05)
    assert difference(less, less).present_values(rates) == dict.fromkeys(PARTIES, 0.0)
