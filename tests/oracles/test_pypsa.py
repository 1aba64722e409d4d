"""The same problems in PyPSA with HiGHS: the least cost, the capacities and the prices of the totals agree.

The costs of the random sites are drawn from continuous ranges, so that their optima are unique and the
capacities can be compared as they are.
"""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests.cases import FEATURES, LINEAR_FEATURES, draw_features, make_resources

from kiban.errors import InputError
from kiban.linear import solve
from kiban.planning.building import build, prove
from kiban.planning.evaluation import name_capacities
from kiban.planning.outages import OutageGuard
from kiban.planning.programme import write_programme
from kiban.planning.pypsa_network import build_network, optimise, read_capacities
from kiban.planning.resources import OutageResource
from kiban.scenario import Time, read_scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SIX_WEEKS_H = 6 * 7 * 24
COST_REL = 1e-6
CAPACITY_MW, CAPACITY_REL = 1e-4, 1e-4
SEEDS = range(20)


@cache
def two_weeks(seed):
    """A random site of 336 hours: one in four with measures, one in three cut into two weather years."""
    features = draw_features(np.random.default_rng(seed), FEATURES if seed % 4 == 3 else LINEAR_FEATURES)
    years = 2 if seed % 3 == 2 else 1
    return features, make_resources(seed, features, block_steps=336 // years, blocks=years)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_two_weeks(seed):
    _, site = two_weeks(seed)
    solution = solve(write_programme(site))
    network = build_network(site)
    if solution.certificate is None:
        assert optimise(network).startswith(solution.status)
        return
    assert solution.certificate.solver == ("highs (whole numbers), kernel" if site.measures else "kernel")
    assert optimise(network) == "optimal"
    assert network.objective == pytest.approx(solution.certificate.primal, rel=COST_REL)
    assert read_capacities(network) == pytest.approx(name_capacities(site, solution), rel=CAPACITY_REL, abs=CAPACITY_MW)
    for name, price in solution.total_prices.items():
        # PyPSA returns no prices for a programme with whole numbers.
        if name in {"clean_share", "carbon_cap", "water_cap", "adequacy"} and not site.measures:
            scale = max(1.0, abs(price))
            assert network.c["GlobalConstraint"].static.at[name, "mu"] == pytest.approx(price, abs=1e-5 * scale), name


@pytest.mark.parametrize("seed", range(4))
def test_stored_and_sold_energy_keeps_its_kind(seed):
    """A site that buys nearly all of its energy, at a target that its purchases and their losses decide."""
    features = frozenset({"grid", "battery", "clean_share", *({"export"} if seed % 2 else ())})
    site = make_resources(seed, features, block_steps=48, blocks=2)
    battery = replace(site.battery, charge_efficiency=0.9, discharge_efficiency=0.85, self_discharge_per_hour=0.002)
    own = tuple(replace(supply, max_mw=0.3 * min(supply.max_mw, 1.0)) for supply in site.supply)
    mix = site.grid.clean_share
    target = float(0.7 * mix.mean() + 0.3 * mix.max())
    costs = []
    for loses in (False, True):
        asked = replace(site, battery=battery, supply=own, clean_share=target, loses_purchases=loses)
        solution = prove(write_programme(asked), solve)
        network = build_network(asked)
        condition = optimise(network)
        if solution.certificate is None:
            assert condition.startswith("infeasible")
            continue
        assert network.objective == pytest.approx(solution.certificate.primal, rel=COST_REL)
        price = solution.total_prices["clean_share"]
        assert network.c["GlobalConstraint"].static.at["clean_share", "mu"] == pytest.approx(price, rel=1e-4, abs=1e-6)
        costs.append(solution.certificate.primal)
    assert costs


@pytest.mark.parametrize("seed", [0, 2])
def test_plants_in_whole_units_with_ramps_and_least_loads(seed):
    features = frozenset(
        {
            "grid",
            "battery",
            "clean_share",
            "fuel_supply",
            "supply_limits",
            "ramps",
            "least_loads",
            "embodied",
            "carbon_cap",
        }
    )
    site = make_resources(seed, features, block_steps=24, blocks=1 + seed // 2)
    size = 0.17 * float(site.firm_mw.max())
    units = tuple(replace(s, unit_mw=size) if s.name != "wind_onshore" else s for s in site.supply)
    site = replace(site, supply=units)
    solution = solve(write_programme(site))
    network = build_network(site)
    assert optimise(network) == "optimal"
    assert network.objective == pytest.approx(solution.certificate.primal, rel=COST_REL)


@pytest.mark.parametrize(
    ("seed", "more"),
    [(1, ()), (2, ()), (1, ("further_storages",)), (2, ("further_storages", "battery_fade", "battery_start"))],
)
def test_an_outage_from_any_hour(seed, more):
    features = frozenset({"grid", "battery", "backup", "clean_share", "unserved", "supply_limits", "tranches", *more})
    site = make_resources(seed, features, block_steps=24, blocks=seed)
    site = replace(site, outage=OutageResource(5.0, 0.9, 2.0 if seed == 1 else np.inf))
    solution = OutageGuard(site).solve(write_programme(site))
    network = build_network(site)
    assert optimise(network) == "optimal"
    assert network.objective == pytest.approx(solution.certificate.primal, rel=COST_REL)
    assert network.objective > solve(write_programme(site)).certificate.primal * (1 + COST_REL)


def test_random_sites_use_every_feature():
    used = [two_weeks(seed)[0] for seed in SEEDS]
    assert all(sum(feature in features for features in used) >= 2 for feature in FEATURES)


def test_infeasible_site_is_infeasible_in_pypsa():
    site = make_resources(1, frozenset({"supply_limits"}), block_steps=24)
    site = replace(site, max_it_mw=0.5 * float(site.firm_mw.max()))
    assert solve(write_programme(site)).status == "infeasible"
    assert optimise(build_network(site)).startswith("infeasible")


@pytest.mark.filterwarnings("ignore:The 'future.infer_string' option", "ignore:The inplace keyword")  # PyPSA's own
def test_exported_network_solves_to_the_same_cost(tmp_path):
    import pypsa

    features = frozenset({"grid", "battery", "battery_start", "clean_share", "deferrable", "export"})
    site = make_resources(3, features, block_steps=24, blocks=2)
    network = build_network(site)
    network.export_to_netcdf(tmp_path / "network.nc")
    loaded = pypsa.Network(tmp_path / "network.nc")
    assert optimise(network) == optimise(loaded) == "optimal"
    assert loaded.objective == pytest.approx(network.objective, rel=1e-9)


def test_missing_package_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "pypsa", None)
    with pytest.raises(InputError, match=r"pip install 'kiban\[pypsa\]'"):
        build_network(make_resources(1, frozenset(), block_steps=24))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("example", "hours"),
    [
        ("tomakomai", SIX_WEEKS_H),
        ("inzai", SIX_WEEKS_H),
        ("kyushu", SIX_WEEKS_H),
        ("greensboro", SIX_WEEKS_H),
        ("inzai", None),
    ],
)
def test_examples(example, hours):
    scenario = read_scenario(SCENARIOS / f"{example}.toml")
    scenario = scenario.model_copy(update={"time": Time(first_hour=24 * 100 if hours else 0, hours=hours)})
    plan = build(scenario)
    network = plan.to_pypsa()
    assert optimise(network) == "optimal"
    assert network.objective == pytest.approx(plan.certificate.primal, rel=COST_REL)
    assert read_capacities(network) == pytest.approx(dict(plan.capacities), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("seed", [5])
def test_a_price_that_answers(seed):
    """A day of a campus whose price rises with its import: PyPSA's quadratic marginal cost, solved by HiGHS."""
    features = frozenset({"grid", "battery", "backup"})
    site = replace(make_resources(seed, features, block_steps=24), supply=())
    assert site.grid is not None
    flat = float(site.grid.price_myen_per_mwh.mean()) / float((site.pue * site.firm_mw).max())
    site = replace(site, grid=replace(site.grid, price_slope_myen_per_mwh2=0.8 * flat))
    solution = solve(write_programme(site))
    network = build_network(site)
    assert optimise(network) == "optimal"
    assert network.objective == pytest.approx(solution.certificate.primal, rel=COST_REL)
    straight = solve(write_programme(replace(site, grid=replace(site.grid, price_slope_myen_per_mwh2=0.0))))
    assert solution.certificate.primal > straight.certificate.primal * 1.001
    assert np.ptp(solution.hourly["import"] - straight.hourly["import"]) > 0.1
