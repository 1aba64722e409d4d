"""No design begins with energy that it does not give back, or saves more than there is: variants of one kind of fault.

Of the first one (a battery that is full at the beginning of each window) the right value is known by hand: 20 MW of
flat load behind a connection at 33 yen/kWh cost 20 * 8760 * 0.033 + 20 + 20 million yen a year, with or without a
storage that loses a tenth of what it takes.
"""

from __future__ import annotations

from typing import Any

import pytest

from kiban.planning import build
from kiban.planning.plan import Plan
from kiban.planning.pypsa_network import optimise
from kiban.scenario import parse_scenario

BY_HAND = 20 * 8760 * 0.033 + 20 + 20
DAY, WEEK, YEAR = {"hours": 24}, {"hours": 168}, {"first_month": 1}
CELLS = {
    "cyclic": False, "initial_share": 1.0, "annual_cost_myen_per_mw": 1.0, "annual_cost_myen_per_mwh": 0.001,
    "round_trip_efficiency": 0.9, "life_years": 20.0,
}  # fmt: skip
BATTERY = {"enabled": True, **CELLS, "self_discharge_per_hour": 0.0}
FREE = {
    "a battery in a day": {"time": DAY, "battery": BATTERY},
    "a battery with cells that cost nothing": {"time": DAY, "battery": {**BATTERY, "annual_cost_myen_per_mwh": 0.0}},
    "half full": {"time": DAY, "battery": {**BATTERY, "initial_share": 0.5}},
    "another storage": {"time": WEEK, "storage": {"tank": CELLS}},
    "two of them": {"time": DAY, "battery": BATTERY, "storage": {"tank": CELLS}},
    "power in by itself": {"time": DAY, "storage": {"tank": {**CELLS, "annual_cost_myen_per_charge_mw": 1.0}}},
    "cells that fade": {"time": DAY, "storage": {"tank": {**CELLS, "fade": "oversizing", "fade_per_year": 0.01}}},
    "a whole year": {"time": YEAR, "storage": {"tank": CELLS}},
}


def site(**sections: Any) -> Plan:
    raw = {
        "name": "one load",
        "site": {"latitude_deg": 43.0, "longitude_deg": 141.5, "area": "hokkaido", "utc_offset_hours": 9},
        "weather": {"source": "none"},
        "time": DAY,
        "load": {"it_load_mw": 20.0, "firm_shape": "flat", "deferrable_share": 0.0, "chip": "none",
                 "it_annual_cost_myen_per_mw": 1.0},
        "cooling": {"pue": 1.0, "wue_l_per_kwh": 0.0},
        "battery": {"enabled": False},
        "backup": {"technology": "none", "critical_share": 0.0},
    }  # fmt: skip
    grid = {
        "price_myen_per_mwh": 0.03, "energy_charge_myen_per_mwh": 0.003, "annual_cost_myen_per_mw": 1.0,
        "clean_share": 0.3, "emission_factor_t_per_mwh": 0.5, **sections.pop("grid", {}),
    }  # fmt: skip
    plan = build(parse_scenario({**raw, **sections, "grid": grid}))
    assert plan.status == "optimal"
    return plan


@pytest.mark.parametrize("case", FREE)
def test_what_a_storage_begins_with_stands_there_again_at_the_end(case: str) -> None:
    plan = site(**FREE[case])
    assert plan.cost_myen_per_year == pytest.approx(BY_HAND, rel=1e-6)
    assert plan.indicators["clean_share"] == pytest.approx(0.3, abs=1e-6)


def test_a_start_of_its_own_costs_no_less_than_one_that_is_chosen() -> None:
    """More freedom never costs more, and a battery that pays is built either way."""
    grid = {"price_myen_per_mwh": 0.03, "annual_cost_myen_per_mw": 100.0}
    load = {"load": {"it_load_mw": 20.0, "firm_shape": "inference", "deferrable_share": 0.0, "chip": "none",
                     "it_annual_cost_myen_per_mw": 1.0}}  # fmt: skip
    chosen = site(**load, grid=grid, battery={**BATTERY, "cyclic": True})
    given = site(**load, grid=grid, battery=BATTERY)
    assert chosen.capacities["battery_energy_mwh"] > 1.0
    assert given.capacities["battery_energy_mwh"] > 1.0
    assert chosen.cost_myen_per_year <= given.cost_myen_per_year + 1e-6
    stored, energy = given.hourly["state_of_charge_mwh"], given.capacities["battery_energy_mwh"]
    assert stored[-1] == pytest.approx(energy, abs=1e-4)


SAVED: dict[str, dict[str, Any]] = {
    "more than the load": {"measure": [{"id": "magic", "annual_cost_myen": 1.0, "saving_mw": 50.0}]},
    "twice all of it": {"measure": [
        {"id": name, "annual_cost_myen": 1.0, "saving_share": 0.9} for name in ("fans", "doors", "pumps")
    ]},
}  # fmt: skip


@pytest.mark.parametrize("case", SAVED)
def test_nothing_is_sold_that_was_only_saved(case: str) -> None:
    """Feed-in at 20 yen/kWh: what is saved beyond the load would be sold without any plant."""
    plan = site(grid={"max_export_mw": 100.0, "export_price_myen_per_mwh": 0.02}, **SAVED[case])
    assert plan.indicators.get("export_mwh_per_year", 0.0) == pytest.approx(0.0, abs=1e-6)
    shares = 1.0 if case == "more than the load" else 0.1
    taken = 0.0 if shares == 1.0 else 1.0
    by_hand = 20 * 8760 * 0.033 * shares + 20 * shares + 20 + taken
    assert plan.cost_myen_per_year == pytest.approx(by_hand, rel=1e-6)


def test_measures_that_fit_the_load_are_taken_as_before() -> None:
    plan = site(measure=[{"id": "fans", "annual_cost_myen": 1.0, "saving_share": 0.1}])
    assert plan.cost_myen_per_year == pytest.approx(0.9 * (20 * 8760 * 0.033 + 20) + 20 + 1, rel=1e-6)


INFERENCE = {
    "it_load_mw": 20.0,
    "firm_shape": "inference",
    "deferrable_share": 0.0,
    "chip": "none",
    "it_annual_cost_myen_per_mw": 1.0,
}
SAME = {
    "a start": {"load": INFERENCE, "grid": {"annual_cost_myen_per_mw": 100.0}, "battery": BATTERY},
    "savings": {"grid": {"max_export_mw": 100.0, "export_price_myen_per_mwh": 0.02}, **SAVED["twice all of it"]},
}


@pytest.mark.slow
@pytest.mark.parametrize("case", SAME)
def test_pypsa_finds_the_same_cost(case: str) -> None:
    plan = site(**SAME[case])
    network = plan.to_pypsa()
    assert optimise(network) == "optimal"
    assert network.objective == pytest.approx(plan.cost_myen_per_year, rel=1e-6)
