"""The cooling of a scenario: which systems are offered, the hourly PUE and WUE of each, and a store of cold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kiban.arrays import Array
from kiban.errors import Problem, ScenarioError
from kiban.messages import Message
from kiban.planning.inputs import Inputs
from kiban.planning.memory import remembered
from kiban.planning.resources import CoolingStorageResource
from kiban.planning.site_facts import take_site_fact

if TYPE_CHECKING:
    from kiban.physics.cooling import ChillerDuty
    from kiban.scenario import CoolingStorage
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


def model_pue(inputs: Inputs, system: str, weather: Weather) -> Array | None:
    """PUE in hours of other weather at the place, such as a forecast's; None where the scenario gives the PUE."""
    if system == GIVEN or inputs.scenario.cooling.pue is not None:
        return None
    return _model_cooling(inputs, system, None, weather)[0]


def read_warmer_cooling(inputs: Inputs, system: str) -> tuple[float, Array, Array] | None:
    """Supply temperature now; PUE and water use with one degree more, where the model gives the PUE."""
    if inputs.scenario.cooling.pue is not None or system == GIVEN:
        return None
    now = inputs.scenario.cooling.supply_temperature_c
    if now is None:
        now = inputs.recorder.catalogue.value(f"cooling.{system}.supply_temperature_c")
    return now, *read_cooling(inputs, system, now + WARMER_K)


def read_cooling_storage(inputs: Inputs, system: str) -> CoolingStorageResource | None:
    """The store of cold with one cooling system; None where there is none, or nothing that it could do."""
    option = inputs.scenario.cooling_storage
    if option is None or not option.enabled:
        return None
    heat_share, power, charge_power, most = _read_chillers(inputs, option, system)
    if not heat_share.any() and option.min_energy_mwh == 0:
        return None
    key, row = "cooling_storage", f"cooling_storage.{option.medium}"

    def take(term: str, given: float | None) -> float:
        return inputs.recorder.prefer(given, f"{key}.{term}", f"{row}.{term}")

    for term in ("min_energy_mwh", "max_energy_mwh"):
        if term in option.model_fields_set:
            inputs.recorder.give(f"{key}.{term}", getattr(option, term), "MWh")
    return CoolingStorageResource(
        annual_cost_myen_per_mwh=inputs.costs.cooling_storage(option),
        min_energy_mwh=option.min_energy_mwh,
        max_energy_mwh=np.inf if option.max_energy_mwh is None else option.max_energy_mwh,
        charge_hours=take("charge_hours", option.charge_hours),
        discharge_hours=take("discharge_hours", option.discharge_hours),
        loss_per_hour=take("loss_per_hour", option.loss_per_hour),
        heat_share=heat_share,
        power=power,
        charge_power=charge_power,
        chiller_mw_per_mw=most,
    )


def _read_chillers(inputs: Inputs, option: CoolingStorage, system: str) -> tuple[Array, Array, Array, float]:
    """Heat that chillers carry for each MW of IT, power for each MW of it, the same while filling, and its most."""
    if option.chiller_cop is None or option.chiller_heat_share is None:
        if system == GIVEN or inputs.scenario.weather.source == "none":
            raise ScenarioError(Problem("planning.chillers", key="cooling_storage.chiller_cop"))
        duty = _model_chillers(inputs, option, system)
        cut = inputs.horizon.cut
        # Chillers are built for the hottest hour of all the weather, whatever part of it is planned.
        most = float((duty.heat_share * duty.power).max())
        return cut(duty.heat_share), cut(duty.power), cut(duty.charge_power), most
    key, read = "cooling_storage", inputs.series.read
    heat = read(option.chiller_heat_share, f"{key}.chiller_heat_share", unit="MW per MW", lower=0.0, upper=5.0)
    least = 1e-3
    cop = read(option.chiller_cop, f"{key}.chiller_cop", unit="", lower=least, upper=100.0)
    charge = cop
    if option.charge_cop is not None:
        charge = read(option.charge_cop, f"{key}.charge_cop", unit="", lower=least, upper=100.0)
    inputs.series.raise_problems()
    above = charge > cop
    if above.any():
        step = int(np.argmax(above))
        values = {"value": float(charge[step]), "most": float(cop[step]), "step": step + 1}
        raise ScenarioError(Problem("planning.charge_cop", key=f"{key}.charge_cop", values=values))
    return heat, 1.0 / cop, 1.0 / charge, float((heat / cop).max())


def read_water_price(inputs: Inputs) -> float:
    """Price of cooling water, million yen per m3: the site's where it is known."""
    if inputs.scenario.finance.cost_set == "japan":
        local = take_site_fact(inputs.place, "water_price", inputs.recorder)
        if local is not None:
            return local
    return inputs.costs.take_money("datacentre.water_price")


def _model_cooling(
    inputs: Inputs, system: str, supply_temperature_c: float | None, weather: Weather | None = None
) -> tuple[Array, Array]:
    """PUE and WUE over the hours of the weather, by default the scenario's whole years."""
    from kiban.physics.cooling import cooling_rows

    parameters = {row: inputs.recorder.take(row) for row in cooling_rows(system)}
    supply, given = supply_temperature_c, inputs.scenario.cooling.supply_temperature_c
    if supply is None and given is not None:
        supply = given
        inputs.recorder.give("cooling.supply_temperature_c", given, "degC")
    return _perform(weather or inputs.weather, system, tuple(parameters.items()), supply)


def _model_chillers(inputs: Inputs, option: CoolingStorage, system: str) -> ChillerDuty:
    """What chillers carry and take over whole weather years."""
    from kiban.physics.cooling import cooling_rows

    parameters = tuple((row, inputs.recorder.take(row)) for row in cooling_rows(system))
    brine = f"cooling_storage.{option.medium}.charge_temperature_c"
    charge = inputs.recorder.take(brine) if brine in inputs.recorder.catalogue else None
    return _chill(inputs.weather, system, parameters, inputs.scenario.cooling.supply_temperature_c, charge)


@remembered
def _chill(
    weather: Weather,
    system: str,
    parameters: tuple[tuple[str, float], ...],
    supply_temperature_c: float | None,
    charge_temperature_c: float | None,
) -> ChillerDuty:
    from kiban.physics.cooling import chiller_duty, cooling_system

    return chiller_duty(
        cooling_system(system, dict(parameters)),
        weather.temperature_c,
        weather.relative_humidity_pct,
        weather.pressure_hpa,
        supply_temperature_c=supply_temperature_c,
        charge_temperature_c=charge_temperature_c,
    )


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
