"""The storages and the efficiency measures of a scenario.

Energy capacity fades by the calendar and by use, `x (1 - f_year t - f_cycle cycles)` after t years. Where what fades is
replaced year by year, at a for each MWh, it stays x and costs, evenly in every year of the life,

    f_year a x  (a charge on the capacity)  +  f_cycle a / eta_d for each MWh discharged  (a throughput cost)

Where nothing is replaced the storage is built larger, and the programme has the mean of its life (`storage`).
"""

from __future__ import annotations

import math
from dataclasses import replace

from kiban.arrays import Array
from kiban.errors import Problem, ScenarioError
from kiban.physics.battery import one_way_efficiencies
from kiban.planning.inputs import Inputs
from kiban.planning.resources import MeasureResource, StorageResource
from kiban.scenario import Battery, Storage


def read_battery(inputs: Inputs) -> StorageResource | None:
    """The battery, or None where the scenario leaves it out."""
    battery = inputs.scenario.battery
    if not battery.enabled:
        return None
    power, energy = inputs.costs.battery()
    charge, discharge = _efficiencies(inputs)
    _record_given(inputs, battery, "battery")
    return _with_fade(
        inputs,
        battery,
        StorageResource(
            annual_cost_myen_per_mw=power,
            annual_cost_myen_per_mwh=energy,
            min_power_mw=battery.min_power_mw,
            max_power_mw=_most(battery.max_power_mw),
            min_energy_mwh=battery.min_energy_mwh,
            max_energy_mwh=_most(battery.max_energy_mwh),
            min_hours=battery.min_hours,
            max_hours=battery.max_hours,
            charge_efficiency=charge,
            discharge_efficiency=discharge,
            self_discharge_per_hour=_performance(inputs, "self_discharge_per_hour"),
            cyclic=battery.cyclic,
            initial_share=battery.initial_share,
            charge_power_ratio=battery.charge_power_ratio,
            throughput_cost_myen_per_mwh=battery.throughput_cost_myen_per_mwh,
            from_own_supply=battery.charge_from == "own_supply",
        ),
    )


def _with_fade(inputs: Inputs, option: Battery, storage: StorageResource) -> StorageResource:
    """The storage with what its fade costs, or with the fade itself where nothing is replaced."""
    if option.fade == "none":
        return storage
    key = "battery" if storage.name is None else f"storage.{storage.name}"
    costs, recorder = inputs.costs, inputs.recorder

    def take(term: str, given: float | None) -> float:
        if given is not None:
            recorder.give(f"{key}.{term}", given)
            return given
        return costs.take(f"{key}.{term}") if f"{key}.{term}" in recorder.catalogue else 0.0

    recorder.give(f"{key}.fade", option.fade)
    yearly, of_cycle = take("fade_per_year", option.fade_per_year), take("fade_per_cycle", option.fade_per_cycle)
    if yearly == of_cycle == 0 and (option.fade_per_year, option.fade_per_cycle) == (None, None):
        raise ScenarioError(Problem("planning.fade", key=f"{key}.fade", value=option.fade))
    if option.fade == "augmentation":
        replaced = costs.replaced_energy(key, option)
        costs.charge(storage.energy, yearly * replaced)
        wear = of_cycle * replaced / storage.discharge_efficiency
        return replace(
            storage,
            annual_cost_myen_per_mwh=storage.annual_cost_myen_per_mwh + yearly * replaced,
            throughput_cost_myen_per_mwh=storage.throughput_cost_myen_per_mwh + wear,
        )
    life = costs.storage_life(key, option)
    if yearly * life >= 1:
        raise ScenarioError(
            Problem("planning.faded", key=f"{key}.fade_per_year", value=yearly, life=life, most=1 / life)
        )
    return replace(storage, fade_per_year=yearly, fade_per_cycle=of_cycle, life_years=life)


def _efficiencies(inputs: Inputs) -> tuple[float, float]:
    """Of charging and of discharging."""
    battery = inputs.scenario.battery
    if battery.charge_efficiency is None or battery.discharge_efficiency is None:
        return one_way_efficiencies(_performance(inputs, "round_trip_efficiency"))
    return _performance(inputs, "charge_efficiency"), _performance(inputs, "discharge_efficiency")


def read_storages(inputs: Inputs) -> tuple[StorageResource, ...]:
    """The storages beside the battery that the scenario names."""
    return tuple(
        _read_storage(inputs, name, option) for name, option in inputs.scenario.storage.items() if option.enabled
    )


def _read_storage(inputs: Inputs, name: str, option: Storage) -> StorageResource:
    key, recorder = f"storage.{name}", inputs.recorder
    power, charge_power, energy = inputs.costs.storage(name, option)
    _record_given(inputs, option, key)

    def take(term: str, given: float | None) -> float:
        if given is not None:
            recorder.give(f"{key}.{term}", given)
            return given
        return recorder.take(f"{key}.{term}") if f"{key}.{term}" in recorder.catalogue else 0.0

    if option.round_trip_efficiency is not None:
        charge, discharge = one_way_efficiencies(take("round_trip_efficiency", option.round_trip_efficiency))
    else:
        charge = take("charge_efficiency", option.charge_efficiency)
        discharge = take("discharge_efficiency", option.discharge_efficiency)
    return _with_fade(
        inputs,
        option,
        StorageResource(
            annual_cost_myen_per_mw=power,
            annual_cost_myen_per_mwh=energy,
            min_power_mw=option.min_power_mw,
            max_power_mw=_most(option.max_power_mw),
            min_energy_mwh=option.min_energy_mwh,
            max_energy_mwh=_most(option.max_energy_mwh),
            min_hours=take("min_hours", option.min_hours) or None,
            max_hours=option.max_hours,
            charge_efficiency=charge,
            discharge_efficiency=discharge,
            self_discharge_per_hour=take("self_discharge_per_hour", option.self_discharge_per_hour),
            cyclic=option.cyclic,
            initial_share=option.initial_share,
            charge_power_ratio=1.0 if charge_power is not None else option.charge_power_ratio,
            annual_cost_myen_per_charge_mw=charge_power,
            max_charge_power_mw=_most(option.max_charge_power_mw),
            throughput_cost_myen_per_mwh=option.throughput_cost_myen_per_mwh,
            from_own_supply=option.charge_from == "own_supply",
            name=name,
        ),
    )


def _record_given(inputs: Inputs, option: Battery, key: str) -> None:
    """The terms that the catalogue does not know, where the scenario gives them."""
    for term in ("charge_power_ratio", "throughput_cost_myen_per_mwh", "charge_from"):
        if term in option.model_fields_set:
            inputs.recorder.give(f"{key}.{term}", getattr(option, term))


def _most(limit: float | None) -> float:
    return math.inf if limit is None else limit


def _performance(inputs: Inputs, name: str) -> float:
    given: float | None = getattr(inputs.scenario.battery, name)
    if given is None:
        return inputs.costs.take(f"battery.{name}")
    inputs.recorder.give(f"battery.{name}", given)
    return given


def read_measures(inputs: Inputs, pue: Array, firm_mw: Array) -> tuple[MeasureResource, ...]:
    """Efficiency measures with their yearly cost and what they save of the electric load."""
    made = []
    for measure in inputs.scenario.measure:
        key = f"measure.{measure.id}"
        if measure.saving_share is not None:
            inputs.recorder.give(f"{key}.saving_share", measure.saving_share)
            saving = measure.saving_share * pue * firm_mw
        else:
            assert measure.saving_mw is not None
            saving = inputs.series.read(measure.saving_mw, f"{key}.saving_mw", unit="MW", lower=0.0)
        cost = inputs.costs.measure(measure.id, measure.capex_myen, measure.life_years, measure.annual_cost_myen)
        inputs.recorder.give(f"{key}.annual_cost_myen", cost)
        made.append(MeasureResource(measure.id, cost, saving, measure.group))
    return tuple(made)
