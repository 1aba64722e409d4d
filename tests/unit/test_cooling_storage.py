"""A store of cold by hand: what it shifts, what chillers leave room for, and what of it counts as load."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from tests.cases import resources
from tests.unit.test_schedule import build, study

from kiban.errors import InputError
from kiban.linear import solve
from kiban.planning.cooling_storage import COLD_CHARGE, COLD_DISCHARGE, COLD_STATE, kept_per_step, shift_load
from kiban.planning.evaluation import compute_load, matched_load
from kiban.planning.programme import write_programme
from kiban.planning.schedule import tidy

TANK = {"charge_hours": 1, "discharge_hours": 1, "loss_per_hour": 0, "annual_cost_myen_per_mwh": 0, "chiller_cop": 5}
EXTRA = 0.003
"""Energy charge of the studies by hand, million yen per MWh."""


@pytest.fixture
def shift(tmp_path):
    """Builds a day of 20 MW of IT; power costs 10 yen/kWh in its first half and 20 in its second, which is hot."""
    file = tmp_path / "day.csv"
    rows = ["0.01,0.5,4,5"] * 12 + ["0.02,1.0,6,4"] * 12
    file.write_text("\n".join(["price,heat,cop,falling", *rows]), encoding="utf-8")

    def build_day(tank=None, **changes):
        def column(name):
            return {"file": str(file), "column": name}

        tank = {**TANK, "chiller_heat_share": column("heat"), **(tank or {})}
        tank = {key: column(value) if value in ("heat", "cop", "falling") else value for key, value in tank.items()}
        grid = {"price_myen_per_mwh": column("price"), "annual_cost_myen_per_mw": 0}
        hall = {"max_it_capacity_mw": 20}  # or a larger one would be built for its chillers
        raw = study(cooling={"pue": 1.4}, cooling_storage=tank, grid=grid, load=hall)
        for section, keys in changes.items():
            raw[section] = {**raw.get(section, {}), **keys}
        return build(raw)

    return build_day


def test_cooling_power_moves_to_cheap_hours_as_far_as_chillers_have_room(shift):
    """Chillers that can cool 20 MW are half used by day: 12 h of 10 MW are stored, and 120 MWh / 5 saved at night."""
    without, plan = (shift(tank={"enabled": enabled}) for enabled in (False, True))
    saving = 120 / 5 * 0.01 * 365
    assert plan.cost_myen_per_year == pytest.approx(without.cost_myen_per_year - saving, rel=1e-8)
    assert plan.hourly["cooling_storage_charge_mw"] == pytest.approx(np.repeat([10.0, 0.0], 12), abs=1e-5)
    assert plan.hourly["cooling_storage_discharge_mw"].sum() == pytest.approx(120, rel=1e-6)
    assert plan.capacities["cooling_storage_energy_mwh"] >= 120 - 1e-5
    assert plan.hourly["load_mw"] == pytest.approx(plan.hourly["import_mw"], abs=1e-6)
    assert plan.indicators["stored_cold_mwh_per_year"] == pytest.approx(120 * 365, rel=1e-6)
    assert plan.indicators["stored_cold_saving_mwh_per_year"] == pytest.approx(0.0, abs=1e-3)


def test_ice_takes_more_power_and_so_more_of_the_chillers(shift):
    """At 4 instead of 5 the 2 MW that are free make 8 MW of cold: 96 MWh, for 24 MWh by day and 19.2 saved at night."""
    without, plan = (shift(tank={"enabled": enabled, "charge_cop": 4}) for enabled in (False, True))
    saving = (19.2 * (0.02 + EXTRA) - 24 * (0.01 + EXTRA)) * 365
    assert plan.cost_myen_per_year == pytest.approx(without.cost_myen_per_year - saving, rel=1e-8)
    assert plan.hourly["cooling_storage_charge_mw"] == pytest.approx(np.repeat([8.0, 0.0], 12), abs=1e-5)
    assert plan.indicators["stored_cold_saving_mwh_per_year"] == pytest.approx(-4.8 * 365, rel=1e-6)


def test_chillers_that_are_full_all_day_shift_nothing(shift):
    plan = shift(tank={"chiller_heat_share": 1.0})
    assert plan.hourly["cooling_storage_discharge_mw"].max() == pytest.approx(0.0, abs=1e-5)


def test_nothing_is_carried_that_the_weather_cools(shift):
    """Heat that chillers carry in no hour makes no store of cold; 30 MWh that must be there are bought for nothing."""
    assert "cooling_storage_energy_mwh" not in shift(tank={"chiller_heat_share": 0.0}).capacities
    plan = shift(tank={"chiller_heat_share": 0.0, "min_energy_mwh": 30})
    assert plan.hourly["cooling_storage_discharge_mw"].max() == 0.0


def test_it_is_filled_and_emptied_no_faster_than_it_can_be(shift):
    """A tank of 30 MWh that takes 6 h either way: at most 5 MW, and one MWh more saves what it shifts in a day."""
    plan = shift(tank={"charge_hours": 6, "discharge_hours": 6, "max_energy_mwh": 30})
    assert plan.hourly["cooling_storage_charge_mw"].max() <= 5 + 1e-6
    (worth,) = [worth for worth in plan.worths if worth.key == "cooling_storage.max_energy_mwh"]
    assert worth.saving_myen == pytest.approx(0.01 / 5 * 365, rel=1e-4)


def test_what_it_costs_and_what_it_is():
    """30 MWh of chilled water: 30 x 26,240 EUR/MWh x 165 yen over 40 years at 5 %, 1 % O&M; it is cooling equipment."""
    tank = {"min_energy_mwh": 30, "max_energy_mwh": 30, "chiller_cop": 5, "chiller_heat_share": 1.0}
    plan = build(study(cooling={"pue": 1.4}, cooling_storage=tank))
    capex = 30 * 26240 * 165 / 1e6
    assert plan.costs["cooling_storage_energy"] == pytest.approx(capex * (0.05 / (1 - 1.05**-40) + 0.01), rel=1e-9)
    (bought,) = [bought for bought in plan.investments if bought.capacity == "cooling_storage_energy"]
    assert (bought.asset, bought.unit, bought.life_years) == ("cooling", "mwh", 40.0)


@pytest.mark.parametrize(
    ("tank", "said"),
    [
        ({"charge_cop": "cop"}, r"charge_cop is 6 in step 13, above chiller_cop \(5\)"),
        ({"chiller_cop": None}, r"needs chiller_cop and chiller_heat_share together"),
        ({"chiller_cop": None, "chiller_heat_share": None}, r"cooling_storage.chiller_cop is needed"),
        ({"min_energy_mwh": 3, "max_energy_mwh": 2}, r"cooling_storage"),
    ],
)
def test_what_cannot_be_is_one_sentence(shift, tank, said):
    with pytest.raises(InputError, match=said):
        shift(tank=tank)


def test_a_loss_makes_no_target_easier(shift):
    """All is bought half clean, and ice takes 4.8 MWh a day more than it saves: the hall's load is 672 MWh."""
    clean = {"clean_share": 0.5, "emission_factor_t_per_mwh": 0.4}
    plan = shift(tank={"charge_cop": 4}, grid=clean)
    assert plan.indicators["load_mwh_per_year"] == pytest.approx((20 * 1.4 * 24 + 4.8) * 365, rel=1e-6)
    assert plan.indicators["clean_share"] == pytest.approx(1 - 0.5 * (672 + 4.8) / 672, rel=1e-6)
    strict = shift(tank={"charge_cop": 4}, grid=clean, target={"clean_share": 0.5})
    assert strict.hourly["cooling_storage_charge_mw"].max() == pytest.approx(0.0, abs=1e-4)


def test_a_saving_is_no_load_of_which_a_share_may_be_unclean(shift):
    """At 4 by day and 5 at night, the tank saves 6 MWh a day of 672: what is bought half clean stays half clean."""
    clean = {"clean_share": 0.5, "emission_factor_t_per_mwh": 0.4}
    cool_nights = {"chiller_cop": "falling", "chiller_heat_share": "heat"}
    plan = shift(tank=cool_nights, grid=clean, target={"clean_share": 0.5})
    saved = plan.indicators["stored_cold_saving_mwh_per_year"]
    assert saved > 1
    assert plan.indicators["load_mwh_per_year"] == pytest.approx(672 * 365 - saved, rel=1e-6)
    assert plan.indicators["clean_share"] == pytest.approx(0.5, rel=1e-6)


@settings(max_examples=20)
@given(site=resources(required=("cooling_storage",)))
def test_more_freedom_never_costs_more(site):
    """A store of cold, a larger chiller, and a tank that is faster each cost nothing to be offered."""
    without, found = solve(write_programme(replace(site, cooling_storage=None))), solve(write_programme(site))
    if without.certificate is None:
        return
    assert found.certificate is not None
    slack = 1e-8 * (abs(without.certificate.primal) + 1e4)
    assert found.certificate.primal <= without.certificate.primal + slack
    store = site.cooling_storage
    for change in ({"chiller_mw_per_mw": 2 * store.chiller_mw_per_mw}, {"charge_hours": store.charge_hours / 2}):
        freer = solve(write_programme(replace(site, cooling_storage=replace(store, **change))))
        assert freer.certificate.primal <= found.certificate.primal + slack


@settings(max_examples=20)
@given(site=resources(required=("cooling_storage", "clean_share")))
def test_cold_is_kept_and_carries_only_what_chillers_would(site):
    solution = solve(write_programme(site))
    if solution.certificate is None:
        return
    shown, store, block = tidy(site, solution), site.cooling_storage, site.block_steps
    charge, discharge, state = (shown.hourly[name] for name in (COLD_CHARGE, COLD_DISCHARGE, COLD_STATE))
    kept = kept_per_step(store, site.step_hours) * np.roll(state.reshape(-1, block), 1, axis=1).ravel()
    assert state == pytest.approx(kept + site.step_hours * (charge - discharge), rel=0, abs=1e-5)
    served = (compute_load(site, shown) - shift_load(site, shown)) / site.pue
    if not site.measures:
        assert (discharge <= store.heat_share * served + 1e-5).all()
        used = store.power * (store.heat_share * served - discharge) + store.charge_power * charge
        assert (used <= store.chiller_mw_per_mw * shown.capacities["it"] + 1e-5).all()
    if not site.has_energy_to_waste:
        assert np.minimum(charge, discharge).max() <= 1e-6
    assert matched_load(site, shown) <= float(compute_load(site, shown).sum()) * site.step_weight_h + 1e-6
