"""Yearly costs: the annuity, the catalogue's currency, and what the scenario gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiban.catalogue import load_catalogue
from kiban.errors import ScenarioError
from kiban.planning import build
from kiban.planning.annual_costs import CostReader
from kiban.planning.provenance import Recorder
from kiban.policy.annuity import capital_recovery_factor
from kiban.scenario import parse_scenario
from kiban.scenario.plant import Storage, Supply


def reader(**sections):
    raw = {"name": "x", "site": {"id": "tomakomai"}, **sections}
    return CostReader(parse_scenario(raw), Recorder(load_catalogue()))


@pytest.mark.parametrize(
    ("rate", "life", "factor"),
    # Table of compound interest factors in engineering-economics textbooks (A/P).
    [(0.05, 20, 0.08024), (0.05, 10, 0.12950), (0.08, 25, 0.09368), (0.12, 5, 0.27741), (0.0, 20, 0.05)],
)
def test_the_annuity_of_the_textbook(rate, life, factor):
    assert capital_recovery_factor(rate, life) == pytest.approx(factor, abs=5e-6)


@given(st.floats(0.0, 0.3), st.integers(1, 60))
def test_the_annuity_repays_the_capital(rate, life):
    payment = capital_recovery_factor(rate, life)
    assert sum(payment / (1 + rate) ** year for year in range(1, life + 1)) == pytest.approx(1.0, rel=1e-9)


def test_the_united_states_pay_in_dollars_that_become_yen():
    cost = reader(finance={"cost_set": "united-states", "discount_rate": 0.06}, money={"yen_per_usd": 100.0})
    expected = (1_323_000 * capital_recovery_factor(0.06, 30) + 21_000) * 100 / 1e6
    assert cost.supply("pv", Supply()) == pytest.approx(expected)


def test_keys_in_dollars_are_converted_at_the_border():
    scenario = parse_scenario(
        {
            "name": "x",
            "site": {"id": "inzai"},
            "money": {"yen_per_usd": 150.0},
            "grid": {"price_usd_per_mwh": 80.0, "export_price_usd_per_mwh": {"file": "a.csv", "column": "b"}},
        }
    )
    assert scenario.grid.price_myen_per_mwh == pytest.approx(0.012)
    assert scenario.grid.export_price_myen_per_mwh.scale == pytest.approx(150e-6)


def test_the_exchange_rate_may_be_an_assumption_and_is_no_amount_in_dollars():
    raw = {"name": "x", "site": {"id": "inzai"}, "grid": {"price_usd_per_mwh": 80.0}}
    scenario = parse_scenario({**raw, "assumptions": {"money.yen_per_usd": 120}})
    assert scenario.assumptions == {"money.yen_per_usd": 120.0}
    assert scenario.grid.price_myen_per_mwh == pytest.approx(80 * 120 / 1e6)


def test_a_life_or_a_cost_of_the_scenario_wins():
    cost = reader()
    longer = cost.supply("pv", Supply(life_years=40.0))
    assert longer < cost.supply("pv", Supply())
    assert cost.supply("pv", Supply(annual_cost_myen_per_mw=9.0)) == 9.0
    own = Supply(availability=0.5, capex_myen_per_mw=100.0, life_years=10.0, fixed_om_myen_per_mw_year=2.0)
    assert cost.supply("wave", own) == pytest.approx(100.0 * capital_recovery_factor(0.05, 10) + 2.0)


def test_building_in_the_metropolis_costs_more():
    cost = reader()
    tokyo, region = cost.it_capacity("direct_liquid", None, "tokyo"), cost.it_capacity("direct_liquid", None, "tohoku")
    assert tokyo["building"] > region["building"]
    assert tokyo["operation"] == region["operation"]
    assert "chips" not in region
    with_chips = cost.it_capacity("direct_liquid", 500.0, "tohoku")
    assert with_chips["chips"] == pytest.approx(500 * 35000 * 1.19 * 150e-6 * capital_recovery_factor(0.05, 4.5))


def american(**sections):
    return {
        "name": "x", "site": {"id": "kokonoe"}, "time": {"hours": 24}, "finance": {"cost_set": "united-states"},
        "cooling": {"system": "direct_liquid"}, **sections,
    }  # fmt: skip


def test_supply_that_a_country_has_no_costs_of_is_not_offered_unasked():
    assert "geothermal_mw" in build(parse_scenario(american(finance={}))).capacities
    assert "geothermal_mw" not in build(parse_scenario(american())).capacities


@pytest.mark.parametrize(
    ("sections", "remedies"),
    [
        (
            {"supply": {"geothermal": {"max_mw": 10.0}}},
            (
                {"supply": {"geothermal": {"max_mw": 10.0, "annual_cost_myen_per_mw": 60.0}}},
                {"supply": {"geothermal": {"capex_myen_per_mw": 600.0, "fixed_om_myen_per_mw_year": 20.0}}},
                {"supply": {"geothermal": {"enabled": False}}},
            ),
        ),
        (
            {"backup": {"technology": "gas_engine"}},
            (
                {
                    "backup": {
                        "technology": "gas_engine", "annual_cost_myen_per_mw": 10.0, "fuel_cost_myen_per_mwh": 0.02,
                    }
                },
                {"backup": {"technology": "diesel"}},
            ),
        ),
    ],
)  # fmt: skip
def test_costs_that_a_country_does_not_know_are_asked_for_and_the_remedies_work(sections, remedies):
    with pytest.raises(ScenarioError, match=r"cost set united-states; give "):
        build(parse_scenario(american(**sections)))
    for remedy in remedies:
        assert build(parse_scenario(american(**remedy))).status == "optimal"


def test_power_in_that_the_catalogue_does_not_size_apart_is_kept_up_as_power_out_is():
    cost = reader()
    option = Storage(charge_power_capex_myen_per_mw=100.0)
    _, charge_power, _ = cost.storage("compressed_air", option)
    catalogue = load_catalogue()
    share, life = (catalogue.value(f"storage.compressed_air.{name}") for name in ("power_fixed_om_share", "life"))
    assert charge_power == pytest.approx(cost.annualise(100.0, life) + share * 100.0)
