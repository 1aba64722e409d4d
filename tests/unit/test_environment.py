"""Damage by emissions beside the ledger: by hand, and no money flow to the environment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.cases.payments import ELEVEN, paid

from kiban.catalogue import load_catalogue
from kiban.finance.environment import DamageTerms, measure_damage, read_damage_terms

TERMS = DamageTerms(0.03, 0.02, 0.05, 0.02, 2030)


def measure(emitted: float, paid_myen: float) -> Any:
    plan: Any = SimpleNamespace(indicators={"emissions_t_per_year": emitted}, costs={"carbon": paid_myen})
    cash: Any = SimpleNamespace(
        years=np.arange(2027, 2033), start=3, project=SimpleNamespace(waiting_years=0, years_after_base=0)
    )
    return measure_damage(plan, cash, TERMS, 0.01)


def test_damage_by_hand() -> None:
    # Operation in the years that end in 2031 and 2032, four and five years after the start.
    found = measure(1000.0, 3.0)
    by_hand = 1000 * 0.03 * (1.02 / 1.01**4 + 1.02**2 / 1.01**5)
    assert found.damage_myen == pytest.approx(by_hand, rel=1e-12)
    assert found.paid_share == pytest.approx(3.0 / (1000 * 0.03 * 1.02), rel=1e-12)


def test_what_emits_nothing_does_no_damage() -> None:
    found = measure(0.0, 0.0)
    assert (found.damage_myen, found.paid_share) == (0.0, 0.0)


def test_the_terms_are_the_catalogue_s_in_yen() -> None:
    catalogue = load_catalogue()
    terms, fact = read_damage_terms(catalogue, 150.0), catalogue.fact("carbon.damage")
    assert fact.status == "assumed"
    assert terms.myen_per_t == pytest.approx(fact.value * 150.0 / 1e6)
    assert terms.low_myen_per_t < terms.myen_per_t < terms.high_myen_per_t
    assert terms.year == fact.year


@pytest.mark.parametrize("name", ELEVEN)
def test_no_money_reaches_the_environment_and_carbon_prices_reach_the_treasury(name: str) -> None:
    payment = paid(name)
    for side in (payment.before, payment.after):
        assert not any("environment" in {entry.payer, entry.payee} for entry in side.ledger.entries)
        carbon = [entry for entry in side.ledger.entries if entry.account == "carbon"]
        if side.terms.financing.public:
            # The treasury would pay itself.
            assert not carbon
            continue
        assert {entry.payee for entry in carbon} == {"national_treasury"}
        assert side.damage is not None
        yearly = side.damage.paid_myen_per_year
        assert carbon[-1].amount_myen == pytest.approx(yearly, abs=1e-5)
    assert payment.party_values_myen["environment"] == 0
