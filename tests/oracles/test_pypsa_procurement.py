"""Power that is bought several ways, in PyPSA with HiGHS: the same cost and capacities on the same inputs."""

from __future__ import annotations

import pytest
from tests.cases import make_resources
from tests.cases.procurements import with_procurement

from kiban.linear import solve
from kiban.planning.evaluation import compute_costs, name_capacities
from kiban.planning.programme import write_programme
from kiban.planning.pypsa_network import build_network, optimise, read_capacities

FEATURES = (
    {"grid"},
    {"grid", "pv", "battery", "deferrable"},
    {"grid", "battery", "export", "clean_share"},
    {"grid", "pv", "backup", "carbon_price"},
    {"grid", "deferrable", "clean_share", "carbon_cap"},
)


@pytest.mark.parametrize("seed", range(10))
def test_ways_to_buy_cost_the_same(seed):
    site = with_procurement(
        make_resources(seed, frozenset(FEATURES[seed % 5]), block_steps=72), seed, claims=seed % 2 == 0
    )
    solution, network = solve(write_programme(site)), build_network(site)
    condition = optimise(network)
    if solution.certificate is None:
        assert condition.startswith(solution.status)
        return
    assert condition == "optimal"
    assert network.objective == pytest.approx(solution.certificate.primal, rel=1e-7)
    assert sum(compute_costs(site, solution).values()) == pytest.approx(solution.certificate.primal, rel=1e-8)
    assert read_capacities(network) == pytest.approx(name_capacities(site, solution), rel=1e-4, abs=1e-4)
