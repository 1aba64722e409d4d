"""Bridging supply: gas engines that are hired until the connection is ready, or for the hours in which it is called.

    bridging_gas_output[t] <= x_bridging_gas <= max_mw

A hired engine is a supply option like any other, with a yearly hire, fuel and carbon; it is no asset of the owner.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from kiban.planning.inputs import Inputs
from kiban.planning.resources import SupplyResource

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
