"""Plants of the catalogue that burn or split a fuel: small modular reactors, and gas with carbon capture.

    running cost = fuel price / efficiency + variable O&M + storage cost * captured
    emissions    = (1 - capture share) * carbon of the fuel / efficiency,     captured = capture share * the same

in million yen and tonnes per MWh of output. They are offered only where a scenario names them; least load, ramp and
unit come from the catalogue too, unless the scenario gives its own.
"""

from __future__ import annotations

from kiban.messages import Message
from kiban.planning.annual_costs import CostReader
from kiban.planning.inputs import Inputs
from kiban.scenario import Supply
from kiban.scenario.plant import CAPTURING_PLANTS, CATALOGUE_PLANTS


def complete_plant(name: str, option: Supply, inputs: Inputs) -> Supply:
    """A plant of the catalogue with the limits and emissions that the scenario leaves open; any other as it is."""
    if name not in CATALOGUE_PLANTS:
        return option
    found: dict[str, float] = {}
    for field in ("least_load_share", "ramp_share_per_hour", "unit_mw"):
        if getattr(option, field) is None:
            found[field] = inputs.costs.take(f"{name}.{field}")
        else:
            inputs.recorder.give(f"supply.{name}.{field}", getattr(option, field))
    if option.emission_t_per_mwh is None:
        found["emission_t_per_mwh"], _ = _carbon(name, inputs.costs)
    return option.model_copy(update=found)


def running_cost(name: str, inputs: Inputs) -> float:
    """Fuel, operation, and transport and storage of what is captured, million yen for each MWh of output."""
    costs = inputs.costs
    cost = costs.take_money(f"{name}.fuel_price") / costs.take(f"{name}.efficiency")
    cost += costs.take_money(f"{name}.variable_om")
    if name in CAPTURING_PLANTS:
        cost += costs.take_money(f"{name}.storage_cost") * _carbon(name, costs)[1]
    key, source = f"supply.{name}.variable_cost_myen_per_mwh", Message("origin.running_cost")
    inputs.recorder.record(key, f"{cost:.6g}", "million yen/MWh", source, "derived", "formula")
    return cost


def _carbon(name: str, costs: CostReader) -> tuple[float, float]:
    """Carbon dioxide that leaves the plant, and that is captured, t for each MWh of output."""
    if name not in CAPTURING_PLANTS:
        return 0.0, 0.0
    made = costs.take(f"{name}.fuel_emission_factor") / costs.take(f"{name}.efficiency")
    captured = made * costs.take(f"{name}.capture_share")
    return made - captured, captured
