"""Bridging supply: gas engines and batteries that are hired until the connection is ready, or while it is called.

    bridging_gas_output[t] <= x_bridging_gas <= max_mw
    hired batteries: a storage with x_energy = hours x_power,   x_power <= battery_max_mw

A hired engine is a supply option like any other, with a yearly hire, fuel and carbon, a hired battery a storage like
any other, with the losses of the catalogue's battery. Neither is an asset of the owner.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from kiban.physics.battery import one_way_efficiencies
from kiban.planning.inputs import Inputs
from kiban.planning.resources import StorageResource, SupplyResource
from kiban.scenario.plant import HIRED_BATTERY, STORAGE

BRIDGING: Final = "bridging_gas"


def read_bridging(inputs: Inputs) -> tuple[SupplyResource, ...]:
    """The engines on offer; none where the scenario has no table `[bridging]` or offers no MW."""
    bridging, costs, recorder = inputs.scenario.bridging, inputs.costs, inputs.recorder
    if bridging is None or bridging.max_mw == 0:
        return ()
    recorder.give("bridging.max_mw", bridging.max_mw, "MW")
    hire = bridging.annual_cost_myen_per_mw
    if hire is None:
        hire = recorder.take("national.temporary_gas.annual_cost")
    else:
        recorder.give("bridging.annual_cost_myen_per_mw", hire)
    if bridging.fuel_cost_myen_per_mwh is None:
        engine = recorder.take("backup_gas_engine.fuel_cost") + recorder.take("backup_gas_engine.variable_om")
        fuel = np.full(inputs.horizon.steps, engine)
    else:
        key = "bridging.fuel_cost_myen_per_mwh"
        fuel = inputs.series.read(bridging.fuel_cost_myen_per_mwh, key, unit="million yen/MWh")
    emission = bridging.emission_factor_t_per_mwh
    if emission is None:
        emission = recorder.take("backup_gas_engine.emission_factor")
    else:
        recorder.give("bridging.emission_factor_t_per_mwh", emission, "t/MWh")
    return (
        SupplyResource(
            name=BRIDGING,
            availability=np.ones(inputs.horizon.steps),
            annual_cost_myen_per_mw=costs.hire(BRIDGING, hire),
            min_mw=0.0,
            max_mw=bridging.max_mw,
            variable_cost_myen_per_mwh=fuel,
            emission_t_per_mwh=emission,
            clean=False,
            firm_share=1.0,
        ),
    )


def read_hired_batteries(inputs: Inputs) -> tuple[StorageResource, ...]:
    """The batteries on offer; none where the scenario offers no MW."""
    bridging, costs, recorder = inputs.scenario.bridging, inputs.costs, inputs.recorder
    if bridging is None or bridging.battery_max_mw == 0:
        return ()
    recorder.give("bridging.battery_max_mw", bridging.battery_max_mw, "MW")
    row = "bridging.battery"
    hours = recorder.prefer(bridging.battery_hours, "bridging.battery_hours", f"{row}.hours")
    given = bridging.battery_annual_cost_myen_per_mw
    hire = recorder.prefer(given, "bridging.battery_annual_cost_myen_per_mw", f"{row}.annual_cost")
    charge, discharge = one_way_efficiencies(costs.take("battery.round_trip_efficiency"))
    capacity = f"{STORAGE}{HIRED_BATTERY}"
    return (
        StorageResource(
            annual_cost_myen_per_mw=costs.hire(f"{capacity}_power", hire, "other_storage"),
            annual_cost_myen_per_mwh=costs.hire(f"{capacity}_energy", 0.0, "other_storage"),
            min_power_mw=0.0,
            max_power_mw=bridging.battery_max_mw,
            min_energy_mwh=0.0,
            max_energy_mwh=np.inf,
            min_hours=hours,
            max_hours=hours,
            charge_efficiency=charge,
            discharge_efficiency=discharge,
            self_discharge_per_hour=costs.take("battery.self_discharge_per_hour"),
            cyclic=True,
            initial_share=0.0,
            name=HIRED_BATTERY,
        ),
    )
