"""Units that run or stand still against the unit commitment of PyPSA, by HiGHS."""

from __future__ import annotations

import numpy as np
import pypsa
import pytest
from tests.unit.test_commitment import HOURS, NONE

from kiban.market.areas import ties_of
from kiban.market.blocks import Market, flat_block
from kiban.market.commitment import Cluster, commit


@pytest.mark.filterwarnings("ignore")  # what PyPSA and linopy warn of is theirs
def test_against_the_unit_commitment_of_pypsa() -> None:
    """Three units in two areas over a day: the same cost to 1e-6."""
    demand = np.stack([80.0 + 60.0 * np.sin(np.arange(HOURS) / 24 * 2 * np.pi), np.full(HOURS, 50.0)], axis=1)
    ties = ties_of(("a", "b"), [("a", "b", 40.0, 40.0)])
    capacity = {"coal": np.array([90.0, 0.0]), "gas_1": np.array([80.0, 60.0]), "unserved": np.array([500.0, 500.0])}
    price = {"coal": 5.0, "gas_1": 11.0, "unserved": 200.0}
    narrow = 1e-7
    blocks = tuple(flat_block(name, capacity[name], price[name], price[name] + narrow) for name in capacity)
    case = Market(demand, blocks, ties)
    terms = {
        "coal": (0.5, 1.5, 6, 5),
        "gas_1": (0.4, 0.7, 3, 2),
    }
    clusters = [
        Cluster(name, area, 1, np.full(HOURS, capacity[name][area]), *terms[name])
        for name in terms
        for area in range(2)
        if capacity[name][area] > 0.0
    ]
    found = commit(case, NONE, clusters, gap=1e-9)

    network = pypsa.Network()
    network.set_snapshots(range(HOURS))
    for area, name in enumerate("ab"):
        network.add("Bus", name)
        network.add("Load", f"load_{name}", bus=name, p_set=demand[:, area])
        network.add("Generator", f"unserved_{name}", bus=name, p_nom=500.0, marginal_cost=200.0)
    network.add("Link", "tie", bus0="a", bus1="b", p_nom=40.0, p_min_pu=-1.0)
    for one in clusters:
        size, least = float(one.size_mw[0]), one.least_share
        network.add(
            "Generator", f"{one.block}_{one.area}", bus="ab"[one.area], p_nom=size, marginal_cost=price[one.block],
            committable=True, p_min_pu=least, start_up_cost=one.start_thousand_yen_per_mw * size,
            min_up_time=one.up_hours, min_down_time=one.down_hours, up_time_before=1, down_time_before=0,
        )  # fmt: skip
    # PyPSA's day does not close: hold what runs first to what runs in the end here, as it was before.
    places = {f"{one.block}_{one.area}": place for place, one in enumerate(clusters)}
    for name, place in places.items():
        ran = bool(found.running[-1, place])
        network.generators.loc[name, ["up_time_before", "down_time_before"]] = [24 * ran, 24 * (not ran)]
    status, _ = network.optimize(solver_name="highs", mip_rel_gap=1e-9)
    assert status == "ok"
    own = found.cost_thousand_yen
    # It is no dearer without the end of the day, and not cheaper than the day that closes where it begins alike.
    assert network.objective <= own * (1.0 + 1e-6)
    runs = network.generators_t.status[list(places)].to_numpy()
    closes = (runs[-1] == found.running[-1]).all()
    assert closes
    assert network.objective == pytest.approx(own, rel=1e-6)
