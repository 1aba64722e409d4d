"""Units that run or stand still: by hand, relaxed against the convex market, and as a week without and with a load."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from typer.testing import CliRunner

from kiban.arrays import Array
from kiban.catalogue import load_catalogue
from kiban.cli import app
from kiban.errors import ScenarioError
from kiban.market.areas import MARKET_AREAS, ties_of
from kiban.market.blocks import Market, SupplyBlock, flat_block
from kiban.market.commitment import (
    Cluster,
    clear_committed,
    commit,
    list_clusters,
    uplift_thousand_yen,
    without_proxies,
)
from kiban.market.committed_week import OFFERS, commit_week
from kiban.market.offers import build_market
from kiban.market.storages import Storages, clear_with_storages
from kiban.market.year import default_case

HOURS = 24
NONE = Storages(np.array([0]), np.array([1e-9]), np.array([1e-9]), np.array([0.5]), np.array([1.0]))
"""As good as none: a storage of a milliwatt."""


def block(name: str, capacity: float, low: float, rise: float = 1e-3) -> SupplyBlock:
    return flat_block(name, np.array(capacity), low, low + rise)


def market(demand: Array, *blocks: SupplyBlock) -> Market:
    """One area with these blocks, and demand that is not served at 200 yen/kWh."""
    lost = block("unserved", 10_000.0, 200.0)
    return Market(np.asarray(demand, dtype=float).reshape(-1, 1), (*blocks, lost), ties_of(("one",), []))


def cluster(name: str, size: float, units: int = 1, **terms: float) -> Cluster:
    given = {"least": 0.5, "start": 0.0, "up": 1, "down": 1} | terms
    return Cluster(
        name, 0, units, np.full(HOURS, size), given["least"], given["start"], int(given["up"]), int(given["down"])
    )


def test_two_units_by_hand() -> None:
    """Coal of 100 MW at 5 yen, half of it at least; gas of 100 MW at 10 yen; 120 MW by day and 40 MW by night.

    Coal cannot run at night below 50 MW. Standing still all night costs a start (a thousand yen for each MW is a yen
    for each kW): 100 MW x 2 = 200 thousand yen, and gas serves the night at 5 yen more. Free supply that is thrown away
    would cost nothing, but there is none: so coal stops at night while gas, which may go to nothing, serves 40 MW.
    """
    demand = np.where((np.arange(HOURS) >= 8) & (np.arange(HOURS) < 20), 120.0, 40.0)
    case = market(demand, block("coal", 100.0, 5.0), block("gas_1", 100.0, 10.0))
    clusters = (cluster("coal", 100.0, start=2.0), cluster("gas_1", 100.0, least=0.0))
    found = commit(case, NONE, clusters, gap=1e-9)
    assert found.running[:, 0].tolist() == [1.0 if 8 <= hour < 20 else 0.0 for hour in range(HOURS)]
    assert found.started[:, 0].sum() == 1.0
    assert found.start_cost_thousand_yen == pytest.approx(200.0)
    by_hand = 12 * (100 * 5.0 + 20 * 10.0) + 12 * 40 * 10.0 + 200.0
    assert found.cost_thousand_yen == pytest.approx(by_hand, rel=1e-3)
    assert found.gap <= 1e-8
    cleared = clear_committed(case, NONE, found)
    price = cleared.clearing.price_yen_per_kwh[:, 0]
    assert price == pytest.approx(np.full(HOURS, 10.0), abs=2e-3)
    # Coal earns 5 yen on 100 MW in twelve hours and pays its start of it: nobody loses.
    assert uplift_thousand_yen(case, found, cleared) == pytest.approx([0.0, 0.0], abs=1.0)


def test_a_unit_that_must_run_on_is_paid_an_uplift() -> None:
    """Gas of 100 MW is wanted in one hour and must run for four at 40 MW, above cheap supply that it pushes out."""
    demand = np.full(HOURS, 100.0)
    demand[12] = 160.0
    case = market(demand, block("fixed", 120.0, 2.0), block("gas_1", 100.0, 10.0))
    found = commit(case, NONE, (cluster("gas_1", 100.0, least=0.4, up=4, start=3.0),), gap=1e-9)
    assert found.running.sum() == 4.0
    assert found.running[12, 0] == 1.0
    assert found.started.sum() == 1.0
    cleared = clear_committed(case, NONE, found)
    price = cleared.clearing.price_yen_per_kwh[:, 0]
    # Least output of 40 MW is just what is wanted at noon and never worth its cost: cheap supply sets the price.
    assert price == pytest.approx(np.full(HOURS, 2.0), abs=2e-3)
    lost = 4 * 40 * (10.0 - 2.0) + 100 * 3.0
    assert uplift_thousand_yen(case, found, cleared) == pytest.approx([lost], rel=1e-3)


def test_a_unit_that_stands_still_does_so_for_its_time() -> None:
    """Two valleys of two hours: a unit that must stand still for five hours runs through, one that need not stops."""
    demand = np.full(HOURS, 100.0)
    demand[[6, 7, 15, 16]] = 30.0
    case = market(demand, block("coal", 100.0, 5.0), block("oil", 200.0, 30.0))
    sure = commit(case, NONE, (cluster("coal", 100.0, down=5),), gap=1e-9)
    free = commit(case, NONE, (cluster("coal", 100.0, down=2),), gap=1e-9)
    assert free.running[[6, 7, 15, 16], 0].max() == 0.0
    assert free.running.sum() == HOURS - 4
    stopped = sure.running[:, 0] == 0.0
    for hour in np.flatnonzero(stopped & ~np.roll(stopped, 1)):
        assert stopped[(hour + np.arange(5)) % HOURS].all()
    assert sure.cost_thousand_yen > free.cost_thousand_yen


def small_week(days: int = 1) -> tuple[Market, Storages]:
    """The nine areas in a day of summer without what stands for commitment."""
    catalogue = load_catalogue()
    case = default_case(catalogue)
    hours = np.arange(200 * HOURS, (200 + days) * HOURS)
    offers = without_proxies(case.offers)
    built = build_market(case.hours, case.fleet, case.ties, offers, catalogue, fuels=case.fuels)
    return built.at(hours), case.storages


def test_relaxed_and_free_of_terms_it_is_the_convex_market() -> None:
    """Without least load, starts and times, parts of units are the offers: the same cost to what segments cut off.

    Offers in straight lines that are cut into n steps of their middle price cost at most width x MW / (8 n^2) less and
    as much more in each step; 40 of them are enough for one in ten thousand.
    """
    case, storages = small_week()
    convex = clear_with_storages(case, storages)
    clusters = [
        replace(one, least_share=0.0, start_thousand_yen_per_mw=0.0, up_hours=1, down_hours=1)
        for one in list_clusters(case, load_catalogue())
    ]
    relaxed = commit(case, storages, clusters, segments=40, whole=False)
    assert relaxed.cost_thousand_yen == pytest.approx(convex.cost_thousand_yen, rel=1e-4)
    # All units at no cost are the market itself, to its last digit.
    everything = replace(relaxed, running=np.tile([float(one.units) for one in clusters], (HOURS, 1)))
    again = clear_committed(case, storages, everything)
    assert again.clearing.price_yen_per_kwh == pytest.approx(convex.clearing.price_yen_per_kwh, abs=1e-5)


def test_whole_units_cost_more_than_parts_and_every_term_holds() -> None:
    case, storages = small_week()
    clusters = list_clusters(case, load_catalogue())
    parts, whole = commit(case, storages, clusters, whole=False), commit(case, storages, clusters)
    assert parts.cost_thousand_yen <= whole.cost_thousand_yen
    assert 0.0 <= whole.gap <= 2e-3
    assert whole.bound_thousand_yen >= parts.cost_thousand_yen * (1.0 - 1e-9)
    cleared = clear_committed(case, storages, whole)
    made = {one.name: cleared.clearing.output_mw(one) for one in cleared.clearing.market.blocks}
    for place, one in enumerate(clusters):
        runs = whole.running[:, place]
        assert (runs == np.rint(runs)).all()
        assert runs.max() <= one.units
        output = made[one.block][:, one.area] + made[f"least_of_{one.block}"][:, one.area]
        assert (output <= one.size_mw * runs + 1e-6).all()
        assert (output >= one.least_share * one.size_mw * runs - 1e-6).all()
        recent = sum(np.roll(whole.started[:, place], back) for back in range(one.up_hours))
        assert (recent <= runs + 1e-9).all()


def test_a_week_without_and_with_a_load() -> None:
    case = default_case(load_catalogue())
    load = np.where(np.array(MARKET_AREAS) == "tokyo", 1000.0, 0.0)
    week = commit_week(case, date(2024, 7, 22), load)
    assert set(week.prices) == set(OFFERS)
    assert week.load_mw == tuple(load.tolist())
    tokyo = MARKET_AREAS.index("tokyo")
    for name in OFFERS:
        found = week.prices[name]
        assert found.after_yen_per_kwh[tokyo] > found.before_yen_per_kwh[tokyo]
        assert found.others_pay_yen > 0.0
    assert max(week.before.gap, week.after.gap) <= 2e-3
    assert 0.0 < week.before.mean_running <= week.before.units
    assert week.before.starts > 0.0
    # Units that stop and start spread the day's prices more than offers of cost alone.
    assert week.prices["committed"].spread_yen_per_kwh > week.prices["free"].spread_yen_per_kwh
    with pytest.raises(ScenarioError, match="1999"):
        commit_week(case, date(1999, 1, 1), load)


def test_the_command_prints_the_week_and_refuses_what_clears_no_market() -> None:
    asked = ["impact", "--load", "500", "--area", "kyushu", "--commitment", "2024-07-22"]
    printed = CliRunner().invoke(app, [*asked, "--lang", "ja"])
    assert printed.exit_code == 0, printed.output
    assert "2024-07-22からの1週間" in printed.stdout
    assert "起動停止を決める" in printed.stdout
    found = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert found["commitment"]["first"] == "2024-07-22"
    assert set(found["commitment"]["prices"]) == set(OFFERS)
    for wrong, said in ((["--fast"], "--fast"), (["--commitment", "1999-01-01"], "1999-01-01")):
        refused = CliRunner().invoke(app, [*asked, *wrong])
        assert refused.exit_code == 2
        assert "--commitment" in refused.output
        assert said in refused.output
