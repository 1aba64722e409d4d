"""The course of an operation: what happened in each step, and what that cost, item by item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.operation.bill import Drawn, bought_costs
from kiban.operation.conditions import ARRIVALS, FIRM, PRICE, PUE, Conditions
from kiban.operation.expectation import DayAhead
from kiban.operation.facility import BACKUP_OUTPUT, EXPORT, IMPORT, Facility
from kiban.operation.hour import Standing
from kiban.operation.valuation import Valuation

CASH: Final = ("energy", "peaks", "contracts", "certificates", "sales", "fuel", "supply", "wear", "carbon", "water")
"""Items that are paid; the others are prices on limits and on states."""
RESERVE: Final = "reserve_mwh"
"""Column of what is held for an outage of the grid, where something is."""
BATTERY_COLUMNS: Final = ("charge_mw", "discharge_mw", "state_of_charge_mwh")
"""Columns that every operation has, with a battery or without."""


@dataclass(frozen=True, eq=False)
class Course:
    """How an operation ran; `flows` are columns `(steps,)`, MW or MWh at the end of a step.

    They are those of every source and store of the facility, and `available_mw`, `served_mw`, `curtailment_mw`,
    `unserved_mw`, `dropped_mw` and `backlog_mwh`; what is fed in is counted as it flows.
    """

    facility: Facility
    conditions: Conditions
    flows: Mapping[str, Array]
    begun: Standing
    """Where it begins."""
    windows: int = 0
    seconds: float = 0.0
    """Spent in the windows' solver."""
    largest_gap: float = 0.0
    """Relative distance of cost and proven bound, the largest of all windows."""
    days: tuple[DayAhead, ...] = ()
    """The first window of each day, where the manner keeps them."""
    planned_import_mw: Array | None = None
    """Import of each step as the window at gate closure planned it, `(steps,)`, where the manner keeps it; what has no
    such window is as drawn."""

    @property
    def it_load_mw(self) -> Array:
        """IT load that was served."""
        served = self.flows["served_mw"]
        for promise in self.facility.promises:
            served = served + self.flows[promise.served]
        return self.conditions.series[FIRM] - self.flows["unserved_mw"] + served

    @property
    def load_mw(self) -> Array:
        """Electric load that was served, measures aside."""
        return self.conditions.series[PUE] * self.it_load_mw

    def standing(self, step: int) -> Standing:
        """Where operation stands when a step begins."""
        if step == 0:
            return self.begun
        flows, before = self.flows, step - 1
        sold = {EXPORT: -1.0}
        return Standing(
            tuple(float(flows[store.state][before]) for store in self.facility.stores),
            float(flows["backlog_mwh"][before]),
            tuple(sold.get(name, 1.0) * float(flows[name][before]) for name in self.facility.sources),
            tuple(float(flows[promise.owed][before]) for promise in self.facility.promises),
            self._peaks_before(step),
        )

    def _peaks_before(self, step: int) -> tuple[float, ...]:
        """Of each charge on peaks what has been reached in the month of a step before it begins."""
        purchases = self.facility.purchases
        if purchases is None:
            return ()
        ended = [
            step < one.group_of_step.size and one.group_of_step[step] != one.group_of_step[step - 1]
            for one in purchases.peaks
        ]
        reached = purchases.reach_all(self.begun.peaks_mw, self.flows)
        return tuple(0.0 if over else float(peak[step - 1]) for over, peak in zip(ended, reached, strict=True))

    @property
    def net_load_mw(self) -> Array:
        """Load as it arrives less power that costs nothing, both as measured."""
        series = self.conditions.series
        load = series[FIRM] + series[ARRIVALS] + self.facility.promised_mw
        need: Array = series[PUE] * load - self.available_mw
        return need

    def total(self, column: str) -> float:
        """Energy of a flow, MWh."""
        return float(self.flows[column].sum()) * self.facility.step_hours

    @property
    def drawn(self) -> Drawn:
        """What its bill is written from."""
        return Drawn(self.facility, self.conditions, self.flows, self.load_mw, self.begun.peaks_mw)

    @property
    def unclean_mwh(self) -> float:
        """Energy that is not clean: of imports by the mix of their hour, all of the backup's and of unclean supply.

        All of it counts as used here, also where energy is fed in.
        """
        given = np.array([self.flows[name] for name in self.facility.sources])
        shares = self.facility.unclean_shares(self.conditions.grid_clean_share)
        return float(np.sum(shares * given)) * self.facility.step_hours

    @property
    def emissions_t(self) -> float:
        """Carbon dioxide of imports, backup and paid supply."""
        given = np.array([self.flows[name] for name in self.facility.sources])
        factors = self.facility.emission_factors(self.conditions.grid_emission_factor_t_per_mwh)
        return float(np.sum(factors * given)) * self.facility.step_hours

    @property
    def water_m3(self) -> float:
        """Water for cooling."""
        return float(self.conditions.wue_m3_per_mwh @ self.it_load_mw) * self.facility.step_hours

    @property
    def clean_share(self) -> float:
        """Hourly matched clean share of the load."""
        load = float(self.load_mw.sum()) * self.facility.step_hours
        return 1.0 - min(self.unclean_mwh / load, 1.0) if load > 0 else 1.0

    def costs(self, valuation: Valuation) -> dict[str, float]:
        """What the course cost, million yen by item: what is paid, then what limits and states are worth."""
        facility, flows, hours = self.facility, self.flows, self.facility.step_hours
        price = self.conditions.series.get(PRICE)
        if facility.purchases is not None:
            costs = bought_costs(self.drawn)
        else:
            costs = {"energy": 0.0 if price is None else float(price @ flows[IMPORT]) * hours}
        if facility.sells:
            costs["sales"] = -float(self.conditions.export_price_myen_per_mwh @ flows[EXPORT]) * hours
        costs["fuel"] = float(facility.fuel_cost_myen_per_mwh @ flows[BACKUP_OUTPUT]) * hours
        if facility.generators:
            costs["supply"] = (
                sum(float(one.cost_myen_per_mwh @ flows[one.output]) for one in facility.generators) * hours
            )
        if any(store.wear_myen_per_mwh for store in facility.stores):
            costs["wear"] = sum(store.wear_myen_per_mwh * self.total(store.discharge) for store in facility.stores)
        if RESERVE in flows:
            below = np.maximum(
                flows[RESERVE] - facility.given_in_outage([flows[one.state] for one in facility.stores]), 0.0
            )
            costs["reserve"] = valuation.reserve_myen_per_mwh * float(below.sum()) * hours
        gained = (
            valuation.worth_of(store.name) * (float(flows[store.state][-1]) - begun)
            for store, begun in zip(facility.stores, self.begun.stored_mwh, strict=True)
        )
        return costs | {
            "carbon": facility.carbon_price_myen_per_t * self.emissions_t,
            "water": facility.water_price_myen_per_m3 * self.water_m3,
            "unclean": valuation.unclean_myen_per_mwh * self.unclean_mwh,
            "carbon_cap": valuation.carbon_cap_myen_per_t * self.emissions_t,
            "water_cap": valuation.water_cap_myen_per_m3 * self.water_m3,
            "backup_hours": valuation.backup_hours_myen_per_mwh * self.total(BACKUP_OUTPUT),
            "unserved": valuation.unserved_myen_per_mwh * self.total("unserved_mw"),
            "dropped": valuation.dropped_myen_per_mwh * self.total("dropped_mw"),
            **self._short(valuation),
            "stored": -sum(gained, 0.0),
            "waiting": self.cost_of_waiting(self.standing(len(flows["backlog_mwh"])), valuation),
        }

    def _short(self, valuation: Valuation) -> dict[str, float]:
        """What promises cost that were not kept, where any were made."""
        promises, dropped = self.facility.promises, valuation.dropped_myen_per_mwh
        return {"short": sum(one.short_price(dropped) * self.total(one.short) for one in promises)} if promises else {}

    def cost_of_waiting(self, standing: Standing, valuation: Valuation) -> float:
        """What compute costs that waits, or is owed, where operation stands."""
        owed = zip(self.facility.promises, standing.owed_mwh, strict=True)
        return valuation.backlog_myen_per_mwh * standing.waiting_mwh + sum(
            valuation.cost_of_owing(promise.name) * energy for promise, energy in owed
        )

    @property
    def unserved_mwh(self) -> dict[str, float]:
        """IT energy that was not served, by class of compute; a promise counts when its period closes."""
        found = {"firm": self.total("unserved_mw"), "deferrable": self.total("dropped_mw")}
        return found | {promise.tranche: self.total(promise.short) for promise in self.facility.promises}

    @property
    def lost_mwh(self) -> float:
        """IT energy that was not served, of all classes."""
        return sum(self.unserved_mwh.values())

    def hourly(self) -> dict[str, Array]:
        """The columns of the operation: load, what met it, states, and the conditions that were met."""
        series = self.conditions.series
        columns = {"it_load_mw": self.it_load_mw, "load_mw": self.load_mw, **self.flows}
        columns |= {"firm_mw": series[FIRM], "arrivals_mw": series[ARRIVALS], "pue": series[PUE]}
        if PRICE in series:
            columns["grid_price_myen_per_mwh"] = series[PRICE]
        if self.planned_import_mw is not None:
            columns["planned_import_mw"] = self.planned_import_mw
        return columns

    def imbalance_mw(self) -> Array:
        """What each hour's balance is open by; zero but for rounding."""
        flows = self.flows
        supplied = self.available_mw - flows["curtailment_mw"] - self.load_mw
        for name in self.facility.sources:
            supplied = supplied - flows[name] if name == EXPORT else supplied + flows[name]
        for store in self.facility.stores:
            supplied = supplied + flows[store.discharge] - flows[store.charge]
        return supplied

    @property
    def available_mw(self) -> Array:
        """Power that cost nothing, and what measures save."""
        return self.flows["available_mw"]


def count_starts(output_mw: Array, least_mw: float = 1e-3) -> int:
    """How often something began to run that stood still the step before."""
    runs = output_mw > least_mw
    return int(np.count_nonzero(runs[1:] & ~runs[:-1]) + (1 if runs[0] else 0))
