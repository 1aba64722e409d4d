"""Reactors and gas with carbon capture from the catalogue: running cost and carbon by hand, and PyPSA's least cost."""

import numpy as np
import pytest
from tests.unit.test_connection_limits import campus

from kiban.catalogue import load_catalogue
from kiban.errors import InputError
from kiban.planning.building import build
from kiban.planning.preparation import prepare
from kiban.planning.pypsa_network import optimise
from kiban.report.messages import say_problem
from kiban.scenario import parse_scenario

PLANTS = {"nuclear_smr": {}, "gas_ccs": {}}
AMERICAN = {"finance": {"cost_set": "united-states"}}


def resource(name, option=None, **more):
    resources = prepare(campus({}, supply={name: option or {}}, **more)).resources_for("given")
    return next(supply for supply in resources.supply if supply.name == name)


def test_running_cost_and_carbon_of_gas_with_capture_by_hand():
    # 6.99 million BTU a MWh at 4 USD and 53.06 kg of CO2 each: 28 USD of gas, 371 kg, of which 95 % is captured and
    # stored at 20 USD a tonne. The IPCC's factor is within 1 % of that of the American inventory.
    gas = resource("gas_ccs", **AMERICAN)
    burnt_t = 6.99 * 0.05306
    assert gas.emission_t_per_mwh == pytest.approx(0.05 * burnt_t, rel=0.01)
    usd = 6.99 * 4.0 + 4.49 + 20.0 * 0.95 * burnt_t
    yen_per_usd = load_catalogue().value("money.yen_per_usd")
    assert gas.variable_cost_myen_per_mwh == pytest.approx(np.full(48, usd * yen_per_usd / 1e6), rel=0.005)
    assert not gas.clean
    assert resource("gas_ccs", {"clean": True}).clean
    assert (gas.least_load_share, gas.ramp_share_per_hour, gas.unit_mw) == (0.5, 1.0, 377.0)
    assert gas.availability == pytest.approx(np.full(48, 0.87))


def test_running_cost_of_a_reactor_by_hand():
    # Some 11 USD of fuel a MWh and 2.6 USD of operation; nothing is burnt.
    reactor = resource("nuclear_smr", **AMERICAN)
    yen_per_usd = load_catalogue().value("money.yen_per_usd")
    assert reactor.variable_cost_myen_per_mwh[0] == pytest.approx(
        (4.1 * 9.18 / 3.412142 + 2.6) * yen_per_usd / 1e6, rel=1e-3
    )
    assert reactor.emission_t_per_mwh == 0.0
    assert reactor.clean
    assert reactor.unit_mw == 77.0
    # In both cost sets a reactor costs as much, at the catalogue's exchange rate.
    japanese = resource("nuclear_smr")
    assert japanese.variable_cost_myen_per_mwh[0] == pytest.approx(reactor.variable_cost_myen_per_mwh[0], rel=0.01)


def test_what_the_scenario_gives_goes_before_the_catalogue():
    given = {
        "least_load_share": 0.0,
        "ramp_share_per_hour": 0.1,
        "unit_mw": 5.0,
        "emission_t_per_mwh": 0.1,
        "variable_cost_myen_per_mwh": 0.03,
        "availability": 1.0,
        "annual_cost_myen_per_mw": 50.0,
    }
    for name in PLANTS:
        found = resource(name, given)
        assert (found.least_load_share, found.ramp_share_per_hour, found.unit_mw) == (0.0, 0.1, 5.0)
        assert found.emission_t_per_mwh == 0.1
        assert found.variable_cost_myen_per_mwh == pytest.approx(np.full(48, 0.03))
        assert found.availability == pytest.approx(np.ones(48))
        assert found.annual_cost_myen_per_mw == 50.0


def test_they_are_offered_only_where_they_are_named():
    named = prepare(campus({})).resources_for("given").supply
    assert not {supply.name for supply in named} & PLANTS.keys()
    off = {name: {"enabled": False} for name in PLANTS}
    assert not prepare(campus({}, supply=off)).resources_for("given").supply


def test_only_whole_modules_are_built_and_their_sources_are_told():
    plan = build(large())
    assert plan.capacities["nuclear_smr_mw"] == pytest.approx(154.0)
    assert [note.code for note in plan.notes].count("units.proven") == 1
    told = {entry.name: entry for entry in plan.provenance}
    assert told["nuclear_smr.unit_mw"].origin == "catalogue"
    assert told["supply.nuclear_smr.variable_cost_myen_per_mwh"].origin == "formula"
    assert plan.indicators["clean_share"] > 0.9


def large():
    """A campus of 150 MW whose grid is so dear that reactors pay."""
    base = campus({"price_myen_per_mwh": 0.1, "clean_share": 0.0}, supply={"nuclear_smr": {}})
    return base.model_copy(update={"load": base.load.model_copy(update={"it_load_mw": 150.0})})


@pytest.mark.parametrize("cost_set", ["japan", "united-states"])
def test_pypsa_finds_the_same_cost(cost_set):
    scenario = parse_scenario(
        {
            "name": "plants",
            "site": {"id": "inzai"},
            "time": {"first_hour": 4800, "hours": 48},
            "load": {"it_load_mw": 400.0, "deferrable_share": 0.2},
            "cooling": {"system": "direct_liquid"},
            "supply": {"pv": {}, "nuclear_smr": {"unit_mw": 77.0}, "gas_ccs": {"unit_mw": 100.0, "clean": True}},
            "grid": {"max_mw": 100.0},
            "finance": {"cost_set": cost_set},
            "target": {"clean_share": 0.8, "carbon_price_myen_per_t": 0.01},
        }
    )
    plan = build(scenario)
    assert plan.capacities["nuclear_smr_mw"] + plan.capacities["gas_ccs_mw"] > 0
    network = plan.to_pypsa()
    assert optimise(network) == "optimal"
    assert network.objective == pytest.approx(plan.certificate.primal, rel=1e-6)


def test_an_efficiency_of_nothing_is_refused():
    with pytest.raises(InputError) as caught:
        prepare(campus({}, supply={"gas_ccs": {}}, assumptions={"gas_ccs.efficiency": 0.0}))
    assert "gas_ccs.efficiency" in say_problem(caught.value.problems[0], "en")
