"""Build again with measured numbers: the scenario of a plan, with what the twin is sure of in place of the models.

PUE and output of plants are the plan's hours times their measured ratios, as series of a file; the battery's
efficiencies are numbers. What the twin is not sure of stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kiban.arrays import Array
from kiban.operation.conditions import AVAILABILITY, PUE
from kiban.operation.events import BATTERY
from kiban.operation.facility import Store
from kiban.operation.live.twin import Twin, charging_of, discharging_of, is_steady
from kiban.operation.running import arrange
from kiban.scenario.plain import plain_scenario, restore_scenario
from kiban.scenario.plant import MOST_AVAILABILITY

if TYPE_CHECKING:
    import pandas as pd

    from kiban.planning.plan import Plan
    from kiban.scenario import Scenario

FILE: Final = "measured.csv"
MOST_PUE: Final = 5.0
"""The most that a scenario may say."""


@dataclass(frozen=True, eq=False)
class MeasuredScenario:
    """A scenario, the hours that stand beside it in `FILE`, and the ratios that went into it."""

    scenario: Scenario
    time: pd.DatetimeIndex
    columns: Mapping[str, Array]
    ratios: Mapping[str, float]


def measure_scenario(plan: Plan, twin: Twin, folder: Path) -> MeasuredScenario:
    """The scenario of a plan with what was measured, to be written to `folder`."""
    file = str(folder.absolute() / FILE)
    setting = arrange(plan, forecast="perfect").setting
    conditions, facility = setting.conditions, setting.facility
    ratios = {
        name: found.ratio for name, found in twin.calibrations.items() if found.is_sure and found.ratio is not None
    }
    content: dict[str, Any] = plain_scenario(plan.scenario)
    columns: dict[str, Array] = {}
    if PUE in ratios:
        columns[PUE] = np.clip(conditions.series[PUE] * ratios[PUE], 1.0, MOST_PUE)
        content["cooling"] = {
            **content.get("cooling", {}), "system": plan.cooling_system, "pue": {"file": file, "column": PUE},
        }  # fmt: skip
    supply = dict(content.get("supply", {}))
    for name, ratio in ratios.items():
        plant = name.removeprefix(AVAILABILITY)
        if plant != name:
            columns[plant] = np.clip(conditions.series[name] * ratio, 0.0, MOST_AVAILABILITY)
            supply[plant] = {**supply.get(plant, {}), "availability": {"file": file, "column": plant}}
    if supply:
        content["supply"] = supply
    for store in facility.stores:
        if not is_steady(store) or not {charging_of(store), discharging_of(store)} & set(ratios):
            continue
        table, within = ("battery", content) if store.name == BATTERY else _table_of(store, content)
        given = {key: value for key, value in within.get(table, {}).items() if key != "round_trip_efficiency"}
        charge, discharge = twin.efficiencies_of(store)
        within[table] = {**given, "charge_efficiency": charge, "discharge_efficiency": discharge}
    if content.get("cooling", {}).get("system") == "given":
        del content["cooling"]["system"]
    scenario = restore_scenario(content).placed_in(plan.scenario.folder)
    return MeasuredScenario(scenario, conditions.time, columns, ratios)


def _table_of(store: Store, content: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The key of a store in the tables of storages, and these."""
    storages = content["storage"] = dict(content.get("storage", {}))
    return store.name.removeprefix("storage_"), storages
