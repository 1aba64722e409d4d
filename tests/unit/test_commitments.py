"""Promises of compute: sized by what they earn, kept within their period, and what is not served."""

from dataclasses import replace

import numpy as np
import pytest
from tests.cases import make_resources
from tests.unit.test_connection_limits import campus

from kiban.errors import InputError
from kiban.linear import solve
from kiban.planning.building import build
from kiban.planning.programme import write_programme
from kiban.planning.resources import TrancheResource
from kiban.report.messages import say

LOAD = {
    "it_load_mw": 0.0,
    "firm_shape": "flat",
    "deferrable_share": 0.0,
    "chip": "none",
    "it_annual_cost_myen_per_mw": 100.0,
    "min_it_capacity_mw": 0.0,
}
TWO_DAYS = np.concatenate([np.full(12, 0.01), np.full(12, 0.05), np.full(24, 0.03)])


def hall(tmp_path, tranche, price=TWO_DAYS, **load):
    (tmp_path / "price.csv").write_text("price\n" + "\n".join(f"{value:.6f}" for value in price))
    grid = {"annual_cost_myen_per_mw": 0.0, "price_myen_per_mwh": {"file": "price.csv", "column": "price"}}
    offered = {"name": "tier", "it_load_mw": 20.0, **tranche}
    return campus(
        grid, hours=len(price), tranche=[offered], load={**LOAD, **load}, backup={"technology": "none"}
    ).placed_in(tmp_path)


def test_a_promise_of_every_hour_is_sold_where_the_mean_price_pays(tmp_path):
    # 100 a year for the hall, 0.03 a MWh in the mean: 362.8 a MW and year, or 0.0414 a MWh.
    cheap, dear = (build(hall(tmp_path, {"committed": "hour", "price_myen_per_mwh": p})) for p in (0.0413, 0.0415))
    assert cheap.tranches[0].served_mw == pytest.approx(0.0, abs=1e-6)
    assert cheap.capacities["it_mw"] == pytest.approx(0.0, abs=1e-6)
    assert dear.tranches[0].served_mw == pytest.approx(20.0, rel=1e-6)
    assert dear.capacities["it_mw"] == pytest.approx(20.0, rel=1e-6)
    assert dear.hourly["tranche_tier_mw"] == pytest.approx(np.full(48, 20.0), rel=1e-6)


def test_a_promise_of_a_day_keeps_its_energy_within_each_day(tmp_path):
    offer = {"committed": "day", "price_myen_per_mwh": 0.06, "must_serve": True}
    plan = build(hall(tmp_path, offer, max_it_capacity_mw=30.0, it_annual_cost_myen_per_mw=1.0))
    served = plan.hourly["tranche_tier_mw"].reshape(2, 24)
    assert served.sum(axis=1) == pytest.approx([480.0, 480.0], rel=1e-6)
    # On the first day as much as the hall takes in the cheap half: 360 of 480 MWh.
    assert served[0, :12] == pytest.approx(np.full(12, 30.0), rel=1e-5)
    assert served[0, 12:].sum() == pytest.approx(120.0, rel=1e-5)


def test_a_promise_of_a_week_may_move_between_its_days(tmp_path):
    price = np.concatenate([np.full(24, 0.05), np.full(144, 0.01), np.full(24, 0.03)])
    offer = {"committed": "week", "price_myen_per_mwh": 0.06, "must_serve": True}
    plan = build(hall(tmp_path, offer, price, max_it_capacity_mw=40.0, it_annual_cost_myen_per_mw=1.0))
    served = plan.hourly["tranche_tier_mw"]
    assert served[:168].sum() == pytest.approx(168 * 20.0, rel=1e-6)
    # The last week has a day, and its energy is that of a day.
    assert served[168:].sum() == pytest.approx(24 * 20.0, rel=1e-6)
    assert served[:24].sum() == pytest.approx(0.0, abs=1e-4)


def test_what_reliability_leaves_is_not_delivered_where_it_costs_most_and_not_paid(tmp_path):
    offer = {"committed": "hour", "price_myen_per_mwh": 0.045, "must_serve": True, "reliability": 0.875}
    plan = build(hall(tmp_path, offer, it_annual_cost_myen_per_mw=1.0))
    (tranche,) = plan.tranches
    promised = 20.0 * 8760.0
    assert tranche.unserved_mwh_per_year == pytest.approx(promised / 8, rel=1e-6)
    assert tranche.it_energy_mwh_per_year == pytest.approx(promised * 7 / 8, rel=1e-6)
    assert plan.costs["compute_revenue"] == pytest.approx(-0.045 * promised * 7 / 8, rel=1e-6)
    # Six hours of 48 are missing, all of them among the twelve at 0.05, and which of these is open.
    assert plan.hourly["tranche_tier_short_mw"][12:24].sum() == pytest.approx(120.0, rel=1e-5)
    assert plan.indicators["unserved_mwh_per_year"] == pytest.approx(promised / 8, rel=1e-6)
    (note,) = [note for note in plan.notes if note.code.startswith("unserved.")]
    assert note.code == "unserved.open"
    assert "which hours they are is not determined" in say(note, "en")
    assert say(note, "ja")


def test_hours_that_are_known_are_said_so():
    grid = {"window": [{"start": "01-01 08:00", "hours": 2}]}
    load = {**LOAD, "it_load_mw": 10.0, "unserved_price_myen_per_mwh": 1.0, "it_annual_cost_myen_per_mw": 1.0}
    plan = build(campus(grid, load=load, backup={"technology": "none"}))
    assert plan.indicators["unserved_hours_per_year"] == pytest.approx(2 * 182.5)
    assert plan.indicators["unserved_mwh_per_year"] == pytest.approx(20 * 182.5, rel=1e-6)
    assert [note.code for note in plan.notes if note.code.startswith("unserved.")] == ["unserved.known"]


@pytest.mark.parametrize(
    "tranche",
    [{"committed": "day", "max_delay_hours": 3}, {"reliability": 0.9}, {"committed": "month"}],
)
def test_a_promise_that_is_none_is_refused(tmp_path, tranche):
    with pytest.raises(InputError):
        hall(tmp_path, {"price_myen_per_mwh": 0.03, **tranche})


@pytest.mark.parametrize("seed", range(3))
def test_a_longer_period_and_less_reliability_never_cost_more(seed):
    site = make_resources(seed, frozenset({"grid", "battery", "clean_share"}), block_steps=336)
    peak = float(site.firm_mw.max())

    def cost(committed, reliability):
        tier = TrancheResource("tier", 0.3 * peak, 0.3 * peak, 0.02, np.ones(site.steps), 0.0, committed, reliability)
        solution = solve(write_programme(replace(site, tranches=(tier,), tranches_need_own_it=False)))
        return solution.certificate.primal if solution.certificate else np.inf

    costs = [cost("hour", 1.0), cost("hour", 0.95), cost("day", 1.0), cost("week", 1.0), cost("week", 0.95)]
    hour, hour_less, day, week, week_less = costs
    noise = 1e-7 * abs(hour)
    assert hour >= day - noise >= week - 2 * noise
    assert week >= week_less - noise
    assert hour >= hour_less - noise
    assert hour > week
