"""The contract of a large load: figures by hand, laws of the ledger, published terms, and what a scenario says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cases.documents import misfits
from tests.cases.payments import campus, paid

from kiban.errors import ScenarioError
from kiban.finance.large_load import (
    NO_TERMS,
    OTHERS,
    OWNER,
    PUBLISHED,
    STATES,
    Chances,
    LargeLoad,
    post_connection,
    read_terms,
    weigh,
    weigh_terms,
)
from kiban.finance.ledger import TREASURIES
from kiban.finance.load_contract import OWN, LoadTerms
from kiban.finance.paying import Question
from kiban.policy.law import load_law
from kiban.report.payment.document import PaymentDocument, payment_document
from kiban.report.plan.record import to_json
from kiban.scenario.national_file import parse_national

CERTAIN = Chances(never=0.0, part=0.0, part_share=0.3, absent_payment=0.0)
ABSENT = Chances(never=1.0, part=0.0, part_share=0.3, absent_payment=0.0)


def load(**changes: object) -> LargeLoad:
    """100 MW contracted, 90 used; 6 million yen a MW and year; works of 3,000 of which a tenth is the owner's."""
    base = LargeLoad(
        contracted_mw=100.0,
        used_mw=90.0,
        ramp=(0.5,),
        demand_charge_myen_per_mw=6.0,
        energy_charges_myen=50.0,
        works_myen=3000.0,
        works_borne=0.1,
        years=4,
        first_year=2030,
        tax_shares=dict.fromkeys(TREASURIES, 0.1),
    )
    return replace(base, **changes)


TERMS = LoadTerms(
    "by hand",
    minimum_share=0.95,
    ramp_years=1,
    term_years=2,
    exit_fee_years=9,
    collateral_years=2,
    works_owed_share=0.5,
)


# ---- by hand


def test_charges_where_the_load_comes_by_hand() -> None:
    """Year 1: used 50 (the ramp), minimum 47.5; 2 and 3: used 90, minimum 95, so 5 x 6 more; 4: the term is over."""
    ledger = post_connection(load(), TERMS, "full", CERTAIN)
    paid_by_owner = {(one.year, one.account): one.amount_myen for one in ledger.entries if one.payer == OWNER}
    assert paid_by_owner == pytest.approx(
        {
            (2030, "grid_reinforcement"): 300.0,
            (2031, "network_charges"): 50 * 6 + 50 * 50 / 90,
            (2032, "network_charges"): 590.0,
            (2033, "network_charges"): 590.0,
            (2034, "network_charges"): 590.0,
            (2032, "minimum_charge"): 30.0,
            (2033, "minimum_charge"): 30.0,
        },
        abs=1e-6,
    )
    assert sum(one.amount_myen for one in ledger.entries if one.payer == OTHERS) == 2700.0


def test_a_part_of_the_load_pays_the_minimum_of_what_it_holds() -> None:
    """30 MW of 100 come: 30 x 6 and a third of the energy's charges, and the minimum up to 95."""
    ledger = post_connection(load(), TERMS, "part", replace(CERTAIN, part=1.0))
    of_2032 = {one.account: one.amount_myen for one in ledger.entries if one.year == 2032}
    assert of_2032 == pytest.approx({"network_charges": 180 + 50 / 3, "minimum_charge": 65 * 6}, abs=1e-6)
    of_2034 = {one.account: one.amount_myen for one in ledger.entries if one.year == 2034}
    assert of_2034 == pytest.approx({"network_charges": 180 + 50 / 3}, abs=1e-6)


def test_what_is_due_where_the_load_never_comes_by_hand() -> None:
    """A year's minimum is 570. The fee runs over ramp and term, 3 years: 1,710, above half of 2,700 of works.

    Collateral of 1,140 is called, of the rest 570 a quarter is paid; three treasuries bear a tenth each of 1,282.5.
    """
    chances = replace(ABSENT, absent_payment=0.25)
    found = weigh(load(), TERMS, chances, 0.04)
    accounts = post_connection(load(), TERMS, "never", chances).accounts(OTHERS)
    assert accounts == pytest.approx({"grid_reinforcement": -2700.0, "collateral": 1140.0, "exit_fee": 142.5})
    assert found.stranded_myen == 3000.0
    assert found.borne_by_others_myen == pytest.approx(2700 - 1282.5)
    assert found.borne_by_treasuries_myen == pytest.approx(0.3 * 1282.5)
    assert found.borne_by_owner_myen == pytest.approx(300 + 0.7 * 1282.5)
    assert found.others_expected_myen == pytest.approx(-1417.5)


def test_the_break_even_is_where_others_have_nothing_more_or_less() -> None:
    even = weigh(load(works_myen=1500.0), TERMS, replace(CERTAIN, part=0.1), 0.04).break_even_probability
    assert even is not None
    assert 0 < even < 0.9
    at = weigh(load(works_myen=1500.0), TERMS, replace(CERTAIN, part=0.1, never=even), 0.04)
    assert at.others_expected_myen == pytest.approx(0.0, abs=1e-6)
    assert weigh(load(works_myen=9000.0), TERMS, CERTAIN, 0.04).break_even_probability == 0.0
    assert weigh(load(works_myen=100.0), TERMS, CERTAIN, 0.04).break_even_probability is None


# ---- laws

SHARE = st.floats(0.0, 1.0)


@st.composite
def some_terms(draw: st.DrawFn) -> LoadTerms:
    return LoadTerms(
        "some",
        minimum_share=draw(SHARE),
        ramp_years=draw(st.integers(0, 3)),
        term_years=draw(st.integers(0, 6)),
        exit_fee_years=draw(st.integers(0, 8)),
        collateral_years=draw(st.floats(0, 5)),
        collateral_myen_per_mw=draw(st.floats(0, 20)),
        works_owed_share=draw(SHARE),
    )


@given(some_terms(), st.sampled_from(STATES), SHARE, SHARE, SHARE)
def test_each_year_sums_to_zero_to_the_yen_and_works_are_paid_once(terms, state, borne, part_share, paid_share) -> None:
    one = load(works_borne=borne)
    ledger = post_connection(one, terms, state, Chances(0.2, 0.2, part_share, paid_share))
    assert ledger.residual_yen == 0
    builders = ledger.accounts("suppliers_home")
    assert sum(builders.values()) == pytest.approx(3000.0, abs=2e-6)


@given(some_terms(), st.floats(0.0, 0.9))
def test_with_certain_full_load_and_a_minimum_below_its_use_nothing_changes(terms, minimum) -> None:
    """The ramp of the terms is as long as that of the load, so that no minimum runs ahead of it; the term ends with
    the campus, which would else pay to leave."""
    term = min(terms.term_years, load().years - 1)
    held = replace(terms, minimum_share=minimum, ramp_years=max(terms.ramp_years, 1), term_years=term)
    free = post_connection(load(), LoadTerms(held.name), "full", CERTAIN)
    assert post_connection(load(), held, "full", CERTAIN) == free
    assert weigh(load(), held, CERTAIN, 0.04).others_expected_myen == pytest.approx(free.present_value(OTHERS, 0.04))


@given(some_terms(), st.floats(0.0, 0.99))
def test_with_certain_absence_and_full_collateral_others_bear_nothing(terms, borne) -> None:
    one = load(works_borne=borne)
    full = replace(terms, works_owed_share=1.0, exit_fee_years=0, collateral_myen_per_mw=one.works_myen / 100.0)
    assert weigh(one, full, ABSENT, 0.04).others_expected_myen == pytest.approx(0.0, abs=2e-6)
    half = replace(full, collateral_myen_per_mw=(1 - borne) * one.works_myen / 200.0, collateral_years=0.0)
    assert weigh(one, half, ABSENT, 0.04).borne_by_others_myen == pytest.approx((1 - borne) * 1500.0, abs=2e-6)


@given(some_terms(), st.floats(0.0, 10.0), st.floats(0.0, 10.0), SHARE, SHARE)
def test_more_collateral_never_makes_others_worse(terms, years, per_mw, never, paid_share) -> None:
    chances = Chances(never, (1.0 - never) / 2, 0.3, paid_share)
    more = replace(
        terms,
        collateral_years=terms.collateral_years + years,
        collateral_myen_per_mw=terms.collateral_myen_per_mw + per_mw,
    )
    before, after = (weigh(load(), one, chances, 0.04) for one in (terms, more))
    assert after.others_expected_myen >= before.others_expected_myen - 2e-6
    assert sum(
        (after.borne_by_others_myen, after.borne_by_owner_myen, after.borne_by_treasuries_myen)
    ) == pytest.approx(after.stranded_myen, abs=1e-5)


# ---- published terms


def test_published_terms_are_dated_and_read_from_the_law() -> None:
    law = load_law()
    assert {name: law.measure(name).valid_from for name in PUBLISHED} == {
        "us_aep_ohio_dct": date(2025, 7, 23),
        "us_dominion_gs5": date(2027, 1, 1),
        "us_evergy_kansas_llps": date(2025, 11, 6),
        "jp_large_demand_connection": date(2025, 9, 30),
    }
    ohio, virginia, kansas, japan = (read_terms(law.measure(name)) for name in PUBLISHED)
    assert (ohio.minimum_share, ohio.ramp_years + ohio.term_years, ohio.exit_fee_years) == (0.85, 12, 3)
    assert (virginia.minimum_share, virginia.term_years) == (0.85, 14)
    assert (kansas.minimum_share, kansas.term_years, kansas.collateral_years) == (0.8, 12, 2)
    assert (japan.minimum_share, japan.collateral_years) == (0.0, 0)
    assert law.measure("us_evergy_kansas_llps").is_settled
    assert "collateral_years" in law.measure("us_aep_ohio_dct").assumed


def test_a_payment_lays_all_terms_side_by_side_with_their_ranges() -> None:
    view = weigh_terms(paid("tax-credit"))
    assert view is not None
    names = [one.terms.name for one in view.outcomes]
    assert names == [NO_TERMS, *PUBLISHED]
    connected = paid("tax-credit").after.plan.capacities["interconnection_mw"]
    assert view.load.contracted_mw == view.load.used_mw == connected
    assert view.load.works_myen == pytest.approx(30.0 * connected)
    for one in view.outcomes:
        low, high = one.others_range_myen
        assert low < one.others_expected_myen < high
        assert one.others_myen["full"] == view.outcomes[0].others_myen["full"]
    free, ohio = view.outcomes[0], view.outcomes[1]
    assert free.borne_by_others_myen == pytest.approx(view.load.works_myen)
    assert ohio.borne_by_others_myen < free.borne_by_others_myen


def test_a_scenario_may_promise_more_than_it_connects() -> None:
    contract = {"contracted_mw": 20.0, "ramp": [0.5], "minimum_share": 0.9, "term_years": 10, "collateral_years": 3.0}
    works = {"reinforcement_myen_per_mw": 50.0, "reinforcement_rule": "shared", "reinforcement_developer_share": 0.25}
    question = Question(campus(grid={"contract": contract, **works}))
    view = weigh_terms(question.pay(("tax-credit",)))
    assert view is not None
    own = view.outcomes[-1]
    assert own.terms.name == OWN
    assert (view.load.contracted_mw, view.load.works_myen, view.load.works_borne) == (20.0, 1000.0, 0.25)
    assert own.others_myen["full"] > view.outcomes[0].others_myen["full"] + 100.0
    assert own.borne_by_others_myen == pytest.approx(750.0)  # Without an exit fee nothing is due.


def test_faults_are_named_with_their_key() -> None:
    with pytest.raises(ScenarioError, match="more than 1"):
        Question(campus(assumptions={"large_load.absence_probability": 0.7, "large_load.part_probability": 0.4}))
    with pytest.raises(ScenarioError, match="connects"):
        Question(campus(grid={"contract": {"contracted_mw": 0.1}})).pay(("none",))
    raw = {"national": {"name": "x"}, "tranche": [{"id": "t", "it_load_mw": 100.0}], "grid": {"contract": {}}}
    with pytest.raises(ScenarioError, match=r"grid\.contract is a promise of one campus"):
        parse_national(raw)


def test_an_island_has_no_contract() -> None:
    island = campus(grid={"enabled": False}, target={})
    assert weigh_terms(Question(island).pay(("none",))) is None


def test_the_document_has_it_in_both_languages() -> None:
    found = json.loads(to_json(payment_document(paid("tax-credit"))))
    assert misfits(found, PaymentDocument) == []
    terms = {one["terms"]["name"]: one for one in found["large_load"]["terms"]}
    assert terms["us_evergy_kansas_llps"]["label"]["ja"] == "Evergy Kansas LLPS(2025年)"
    assert any("never comes after" in said for one in found["details"]["en"] for said in one["sentences"])
    assert any("需要がまったく現れない場合" in said for one in found["details"]["ja"] for said in one["sentences"])
