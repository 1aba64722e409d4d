"""Fade of storages by hand: what replaces it costs, or what is built for it, and what a plan says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from tests.cases import resources
from tests.unit.test_schedule import build, study
from tests.unit.test_storage import shift  # noqa: F401

from kiban.errors import InputError
from kiban.linear import solve
from kiban.planning.programme import write_programme

OPEN = {"min_energy_mwh": 0, "annual_cost_myen_per_mwh": 0.01, "life_years": 10}
FADE = {"fade_per_year": 0.02, "fade_per_cycle": 1e-4}


def test_a_larger_battery_holds_what_is_needed_at_mid_life(shift):  # noqa: F811
    """12 h of 10 MW stored with 0.8^0.5 a day: over ten years 10 % fade by age, and 5 x 365 x 1e-4 of what is drawn."""
    plan = shift(battery={**OPEN, **FADE, "fade": "oversizing", "max_energy_mwh": 400})
    drawn = float(plan.hourly["discharge_mw"].sum()) / 0.8**0.5
    assert drawn == pytest.approx(12 * 10 * 0.8**0.5, rel=1e-6)
    built = drawn * (1 + 5 * 365 * 1e-4) / 0.9
    assert plan.capacities["battery_energy_mwh"] == pytest.approx(built, rel=1e-6)
    assert plan.costs["battery_energy"] == pytest.approx(0.01 * built, rel=1e-6)
    assert plan.indicators["battery_usable_share"] == pytest.approx(drawn / built, rel=1e-6)
    assert plan.indicators["battery_cycles_per_year"] == pytest.approx(365 * drawn / built, rel=1e-6)
    assert plan.hourly["state_of_charge_mwh"].max() <= drawn + 1e-5


def test_what_is_replaced_costs_by_the_year_and_by_the_cycle(shift):  # noqa: F811
    """80 MWh at 5 million yen each: 2 % of them a year, and 1e-4 of each MWh that is drawn, which is 80 a day."""
    plain, plan = shift(), shift(battery={**FADE, "fade": "augmentation", "augmentation_cost_myen_per_mwh": 5})
    drawn = float(plan.hourly["discharge_mw"].sum()) / 0.8**0.5
    assert drawn == pytest.approx(80.0, rel=1e-6)
    assert plan.costs["battery_energy"] - plain.costs["battery_energy"] == pytest.approx(0.02 * 5 * 80, rel=1e-9)
    assert plan.costs["throughput"] == pytest.approx(1e-4 * 5 * 80 * 365, rel=1e-6)
    (cells,) = [asset for asset in plan.investments if asset.capacity == "battery_energy"]
    assert cells.fixed_om_myen_per_year == pytest.approx(0.02 * 5 * 80, rel=1e-9)
    assert "battery_usable_share" not in plan.indicators


def test_the_catalogue_knows_the_fade_and_the_cost_of_a_battery():
    """10 MWh at 58 million yen: 1 % a year is 5.8 million yen a year beside the 1.5 % of operation."""
    battery = {"enabled": True, "min_energy_mwh": 10, "max_energy_mwh": 10, "max_power_mw": 1}
    plain, plan = (build(study(battery={**battery, "fade": fade})) for fade in ("none", "augmentation"))
    assert plan.costs["battery_energy"] - plain.costs["battery_energy"] == pytest.approx(0.01 * 58 * 10, rel=1e-9)
    rates = {"battery.fade_per_year", "battery.fade_per_cycle"}
    assert rates <= {entry.name for entry in plan.provenance}
    assert not rates & {entry.name for entry in plain.provenance}


TANK = {"annual_cost_myen_per_mw": 1, "annual_cost_myen_per_mwh": 1, "round_trip_efficiency": 0.8}


@pytest.mark.parametrize(
    ("tank", "said"),
    [
        ({"fade": "augmentation"}, r"storage.tank.fade is 'augmentation', but neither fade_per_year nor"),
        ({"fade": "augmentation", **FADE}, r"storage.tank.augmentation_cost_myen_per_mwh is needed"),
        ({"fade": "oversizing", **FADE}, r"storage.tank.life_years is needed"),
        (
            {"fade": "oversizing", "fade_per_year": 0.1, "life_years": 10},
            r"is 0.1 a year: over a life of",
        ),
    ],
)
def test_what_is_not_known_is_one_sentence(tank, said):
    with pytest.raises(InputError, match=said):
        build(study(storage={"tank": {**TANK, **tank}}))


@settings(max_examples=20)
@given(site=resources(required=("battery", "battery_fade")))
def test_less_fade_never_costs_more(site):
    costs = []
    for part in (0.0, 0.5, 1.0):
        battery = replace(
            site.battery,
            fade_per_year=part * site.battery.fade_per_year,
            fade_per_cycle=part * site.battery.fade_per_cycle,
        )
        solution = solve(write_programme(replace(site, battery=battery)))
        costs.append(float("inf") if solution.certificate is None else solution.certificate.primal)
    slack = 1e-8 * (abs(costs[0]) + 1e4)
    assert costs[0] <= costs[1] + slack
    assert costs[1] <= costs[2] + slack
