"""Storages by hand: what a cycle costs, where its energy comes from, and two directions that are not alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from tests.cases import resources
from tests.unit.test_schedule import build, study

from kiban.errors import InputError
from kiban.linear import solve
from kiban.planning.cost_groups import group_costs
from kiban.planning.programme import write_programme
from kiban.planning.schedule import tidy

BATTERY = {
    "enabled": True, "min_power_mw": 10, "max_power_mw": 10, "min_energy_mwh": 80, "max_energy_mwh": 80,
    "round_trip_efficiency": 0.8, "self_discharge_per_hour": 0, "annual_cost_myen_per_mw": 0,
    "annual_cost_myen_per_mwh": 0,
}  # fmt: skip


@pytest.fixture
def shift(tmp_path):
    """Builds a day with power at 10 yen/kWh in its first half and 20 in its second, and a sun of 12 hours."""
    file = tmp_path / "day.csv"
    rows = [f"{0.01 if hour < 12 else 0.02},{int(hour < 12)}" for hour in range(24)]
    file.write_text("\n".join(["price,sun", *rows]), encoding="utf-8")

    def build_day(battery=None, **changes):
        price = {"file": str(file), "column": "price"}
        raw = study(
            battery={**BATTERY, **(battery or {})}, grid={"price_myen_per_mwh": price, "annual_cost_myen_per_mw": 0}
        )
        for section, keys in changes.items():
            raw[section] = {**raw.get(section, {}), **keys}
        for farm in raw.get("supply", {}).values():
            farm["availability"] = {"file": str(file), "column": "sun"}
        return build(raw)

    return build_day


def test_a_cycle_that_costs_more_than_it_earns_is_not_run(shift):
    """1 MWh out saves 23 yen/kWh and takes 13/0.8 = 16.25 in: it is worth 6.75 a kWh of wear and no more."""
    cheap, dear = (shift(battery={"throughput_cost_myen_per_mwh": cost}) for cost in (0.0067, 0.0068))
    assert cheap.hourly["discharge_mw"].sum() == pytest.approx(80 * 0.8**0.5, rel=1e-6)
    wear = 0.0067 * 80 * 0.8**0.5 * 365
    assert cheap.costs["throughput"] == pytest.approx(wear, rel=1e-6)
    (storage,) = [group for group in group_costs(cheap.costs) if group.name == "storage"]
    assert storage.running_myen == pytest.approx(wear, rel=1e-6)
    assert cheap.net_cost_myen_per_year == pytest.approx(cheap.certificate.primal, rel=1e-8)
    assert dear.hourly["discharge_mw"].max() == pytest.approx(0.0, abs=1e-5)


def test_own_supply_alone_is_stored(shift):
    """A plant of 4 MW by day is all that goes in, though power from the grid is cheap; without one nothing does."""
    own = {"charge_from": "own_supply"}
    plant = {"farm": {"annual_cost_myen_per_mw": 0, "min_mw": 4, "max_mw": 4}}
    plan = shift(battery=own, supply=plant)
    assert plan.hourly["charge_mw"] == pytest.approx(np.repeat([4.0, 0.0], 12), abs=1e-5)
    assert shift(supply=plant).hourly["charge_mw"].sum() > 80
    assert shift(battery=own).hourly["charge_mw"].max() == pytest.approx(0.0, abs=1e-6)


def test_backup_is_no_own_supply(shift):
    backup = {"technology": "diesel", "critical_share": 0, "fuel_cost_myen_per_mwh": 0.001, "min_mw": 20, "max_mw": 20}
    plan = shift(battery={"charge_from": "own_supply"}, backup=backup)
    assert plan.hourly["charge_mw"].max() == pytest.approx(0.0, abs=1e-6)


def test_power_in_and_out_and_their_losses_may_differ(shift):
    """In at 0.3 of 10 MW for 12 hours with 0.9, out with 0.7: 36 MWh are drawn, 32.4 stored, 22.68 given back."""
    uneven = {"charge_power_ratio": 0.3, "charge_efficiency": 0.9, "discharge_efficiency": 0.7}
    plan = shift(battery={**uneven, "round_trip_efficiency": None})
    assert plan.hourly["charge_mw"].max() == pytest.approx(3.0, abs=1e-5)
    assert plan.hourly["discharge_mw"].sum() == pytest.approx(36 * 0.9 * 0.7, rel=1e-6)


@pytest.mark.parametrize(
    "keys",
    [{"charge_efficiency": 0.9}, {"discharge_efficiency": 0.9}, {"charge_efficiency": 1, "discharge_efficiency": 1}],
)
def test_half_a_pair_of_efficiencies_is_one_sentence(shift, keys):
    with pytest.raises(InputError, match="charge_efficiency and discharge_efficiency together, or round_trip"):
        shift(battery=keys)


@settings(max_examples=20)
@given(site=resources(required=("battery", "battery_own_supply")))
def test_what_is_stored_of_own_supply_is_there(site):
    solution = solve(write_programme(site))
    if solution.certificate is None:
        return
    shown = tidy(site, solution)
    own = -shown.hourly.get("curtailment", np.zeros(site.steps))
    for supply in site.supply:
        own = own + (
            supply.availability * shown.capacities[supply.name]
            if supply.is_free
            else shown.hourly[f"{supply.name}_output"]
        )
    assert (shown.hourly["charge"] <= own + 1e-5).all()


TANK = {
    "annual_cost_myen_per_mw": 0, "annual_cost_myen_per_mwh": 0, "annual_cost_myen_per_charge_mw": 0,
    "round_trip_efficiency": 0.64, "max_charge_power_mw": 4, "max_power_mw": 9,
}  # fmt: skip


def test_power_in_may_be_sized_by_itself(shift):
    """In at 4 MW for 12 hours with 0.8, out with 0.8: 48 MWh in, 30.72 out, beside a battery that is left out."""
    plan = shift(battery={"enabled": False}, storage={"tank": TANK})
    assert plan.hourly["storage_tank_charge_mw"] == pytest.approx(np.repeat([4.0, 0.0], 12), abs=1e-5)
    assert plan.hourly["storage_tank_discharge_mw"].sum() == pytest.approx(48 * 0.64, rel=1e-6)
    assert plan.capacities["storage_tank_charge_power_mw"] == pytest.approx(4.0, abs=1e-5)
    # 1 MWh that is shifted costs 13 yen/kWh over 0.64 and saves 23: what one MW more of the electrolyser would earn.
    (worth,) = [worth for worth in plan.worths if worth.key == "storage.tank.max_charge_power_mw"]
    assert worth.saving_myen == pytest.approx((0.023 * 0.64 - 0.013) * 12 * 365, rel=1e-4)


def test_a_storage_of_the_catalogue_is_bought_at_its_price():
    """An island that must hold 100 MWh of iron-air: 100 x 21,033 EUR/MWh x 165 yen, over 17.5 years at 5 %, 1 % O&M."""
    farm = {"availability": 1.0, "annual_cost_myen_per_mw": 1}
    plan = build(study(storage={"iron_air": {"min_energy_mwh": 100}}, supply={"farm": farm}))
    capex = 100 * 21033 * 165 / 1e6
    recovery = 0.05 / (1 - 1.05**-17.5)
    assert plan.capacities["storage_iron_air_energy_mwh"] == pytest.approx(100)
    assert plan.costs["storage_iron_air_energy"] == pytest.approx(capex * (recovery + 0.01), rel=1e-9)
    (bought,) = [bought for bought in plan.investments if bought.capacity == "storage_iron_air_energy"]
    assert (bought.asset, bought.unit, bought.life_years) == ("other_storage", "mwh", 17.5)
    assert bought.capex_myen == pytest.approx(capex)
    (group,) = [group for group in group_costs(plan.costs) if group.name == "storage"]
    assert "storage_iron_air_energy" in group.items
    assert "money.yen_per_eur" in {entry.name for entry in plan.provenance}


def test_no_storage_burns_what_is_paid_for():
    """At -10 yen/kWh in every hour each of two storages keeps to one direction in a step."""
    grid = {"price_myen_per_mwh": -0.010, "energy_charge_myen_per_mwh": 0.0, "max_mw": 50}
    tank = {**TANK, "max_energy_mwh": 60}
    plan = build(study(time={"hours": 8}, grid=grid, battery={**BATTERY, "max_energy_mwh": 80}, storage={"tank": tank}))
    for name in ("", "storage_tank_"):
        overlap = np.minimum(plan.hourly[f"{name}charge_mw"], plan.hourly[f"{name}discharge_mw"])
        assert overlap.max() <= 1e-5
        assert plan.hourly[f"{name}charge_mw"].max() > 1
    assert any(note.code.startswith("one_way.") for note in plan.notes)


@pytest.mark.parametrize(
    ("name", "keys", "said"),
    [
        ("sand", {}, "storage 'sand' is not in the catalogue; give round_trip_efficiency"),
        ("sand", {"round_trip_efficiency": 0.5}, "storage 'sand' is not in the catalogue; give annual_cost"),
        ("battery", TANK, "'battery' cannot name a storage"),
        ("a_charge", TANK, "'a_charge' cannot name a storage"),
        ("tank", {**TANK, "min_power_mw": 10}, "storage.tank"),
    ],
)
def test_a_storage_that_cannot_be_is_one_sentence(name, keys, said):
    with pytest.raises(InputError, match=said):
        build(study(storage={name: keys}))


def test_a_storage_left_out_changes_nothing():
    plan, without = build(study(storage={"tank": {**TANK, "enabled": False}})), build(study())
    assert plan.capacities == without.capacities
