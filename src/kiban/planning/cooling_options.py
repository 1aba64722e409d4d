"""The cooling of a scenario: which systems are offered, and the hourly PUE and WUE of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kiban.arrays import Array
from kiban.messages import Message
from kiban.planning.inputs import Inputs
from kiban.planning.memory import remembered
from kiban.planning.site_facts import take_site_fact

if TYPE_CHECKING:
    from kiban.weather import Weather

GIVEN = "given"
"""Name of the cooling system where the scenario gives PUE and cost, so that nothing is to be chosen."""

LIQUID_SYSTEMS = frozenset({"direct_liquid", "immersion"})
WARMER_K = 1.0


def offer_cooling(inputs: Inputs) -> tuple[str, ...]:
    """Systems to choose from: the scenario's, its candidates, or those that its chip can live with."""
    chosen = inputs.scenario.cooling
    if chosen.system != "auto":
        return (chosen.system,)
    if chosen.pue is not None and inputs.scenario.load.it_annual_cost_myen_per_mw is not None:
        return (GIVEN,)
    if not _chip_needs_liquid(inputs):
        return chosen.candidates
    return tuple(system for system in chosen.candidates if system in LIQUID_SYSTEMS) or chosen.candidates


def explain_offer(inputs: Inputs) -> tuple[Message, ...]:
    """What must be said about the systems that are not offered."""
    left_out = set(inputs.scenario.cooling.candidates) - set(offer_cooling(inputs))
    if inputs.scenario.cooling.system == "auto" and left_out and _chip_needs_liquid(inputs):
        return (Message("note.liquid", chip=inputs.scenario.load.chip),)
    return ()


def _chip_needs_liquid(inputs: Inputs) -> bool:
    name = f"chip.{inputs.scenario.load.chip}.liquid_cooled"
    return name in inputs.recorder.catalogue and bool(inputs.recorder.take(name))


def read_cooling(inputs: Inputs, system: str, supply_temperature_c: float | None = None) -> tuple[Array, Array]:
    """PUE, and water use in m3 per MWh of IT (the same number as l/kWh), over the horizon."""
    given, horizon = inputs.scenario.cooling, inputs.horizon
    modelled: tuple[Array, Array] | None = None
    has_weather = inputs.scenario.weather.source != "none"
    if system != GIVEN and (given.pue is None or (given.wue_l_per_kwh is None and has_weather)):
        modelled = _model_cooling(inputs, system, supply_temperature_c)
    if given.pue is not None:
        pue = inputs.series.read(given.pue, "cooling.pue", unit="", lower=1.0, upper=5.0)
    else:
        assert modelled is not None
        pue = horizon.cut(modelled[0])
    if given.wue_l_per_kwh is not None:
        wue = inputs.series.read(given.wue_l_per_kwh, "cooling.wue_l_per_kwh", unit="l/kWh", lower=0.0)
    else:
        wue = np.zeros(horizon.steps) if modelled is None else horizon.cut(modelled[1])
    return pue, wue


def read_warmer_cooling(inputs: Inputs, system: str) -> tuple[float, Array, Array] | None:
    """Supply temperature now; PUE and water use with one degree more, where the model gives the PUE."""
    if inputs.scenario.cooling.pue is not None or system == GIVEN:
        return None
    now = inputs.scenario.cooling.supply_temperature_c
    if now is None:
        now = inputs.recorder.catalogue.value(f"cooling.{system}.supply_temperature_c")
    return now, *read_cooling(inputs, system, now + WARMER_K)


def read_water_price(inputs: Inputs) -> float:
    """Price of cooling water, million yen per m3: the site's where it is known."""
    if inputs.scenario.finance.cost_set == "japan":
        local = take_site_fact(inputs.place, "water_price", inputs.recorder)
        if local is not None:
            return local
    return inputs.costs.take_money("datacentre.water_price")


def _model_cooling(inputs: Inputs, system: str, supply_temperature_c: float | None) -> tuple[Array, Array]:
    """PUE and WUE over whole weather years."""
    from kiban.physics.cooling import cooling_rows

    parameters = {row: inputs.recorder.take(row) for row in cooling_rows(system)}
    supply, given = supply_temperature_c, inputs.scenario.cooling.supply_temperature_c
    if supply is None and given is not None:
        supply = given
        inputs.recorder.give("cooling.supply_temperature_c", given, "degC")
    return _perform(inputs.weather, system, tuple(parameters.items()), supply)


@remembered
def _perform(
    weather: Weather, system: str, parameters: tuple[tuple[str, float], ...], supply_temperature_c: float | None
) -> tuple[Array, Array]:
    from kiban.physics.cooling import cooling_performance, cooling_system

    return cooling_performance(
        cooling_system(system, dict(parameters)),
        weather.temperature_c,
        weather.relative_humidity_pct,
        weather.pressure_hpa,
        supply_temperature_c=supply_temperature_c,
    )
