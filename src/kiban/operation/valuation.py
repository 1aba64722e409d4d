"""What an operation is judged by: the prices that the plan's yearly limits have, and those of what is not served.

A plan holds its yearly limits (clean share, carbon, water); an operation cannot know whether it will. So each limit
has a price, that of the plan's optimum, which is counted on every unit: every hour knows what it may cost to spare one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from kiban.operation.events import BATTERY
from kiban.operation.promises import OF_TRANCHE

if TYPE_CHECKING:
    from kiban.planning.plan import Plan

POINT = 0.01


@dataclass(frozen=True, slots=True)
class Valuation:
    """Prices in million yen: of energy that is not clean (MWh), carbon (t) and water (m3) under a cap,
    of compute."""

    unclean_myen_per_mwh: float
    carbon_cap_myen_per_t: float
    water_cap_myen_per_m3: float
    unserved_myen_per_mwh: float
    """Of firm IT energy that is not served."""
    dropped_myen_per_mwh: float
    """Of IT energy that waited in vain."""
    backup_hours_myen_per_mwh: float = 0.0
    """Of energy of the backup, where the hours that it may run are limited."""
    storage_myen_per_mwh: Mapping[str, float] = field(default_factory=dict)
    """Of what each store holds when operation ends."""
    backlog_myen_per_mwh: float = 0.0
    """Of what still waits then."""
    owed_myen_per_mwh: Mapping[str, float] = field(default_factory=dict)
    """Of what of each tranche is still owed then."""
    reserve_myen_per_mwh: float = 0.0
    """Of what the stores lack of their reserve for an outage, at the meter, in each hour."""

    def numbers(self) -> dict[str, float]:
        """The prices by name; the worth of what a store beside the battery holds by the store's."""
        by_name = ("storage_myen_per_mwh", "owed_myen_per_mwh")
        found = {name: float(value) for name, value in asdict(self).items() if name not in by_name}
        found["storage_myen_per_mwh"] = self.worth_of(BATTERY)
        if not self.reserve_myen_per_mwh:
            del found["reserve_myen_per_mwh"]
        further = {name: worth for name, worth in self.storage_myen_per_mwh.items() if name != BATTERY}
        owed = {f"{OF_TRANCHE}{name}_owed_myen_per_mwh": price for name, price in self.owed_myen_per_mwh.items()}
        return found | {f"{name}_myen_per_mwh": worth for name, worth in further.items()} | owed

    def worth_of(self, store: str) -> float:
        """What a MWh in a store is worth when operation ends."""
        return self.storage_myen_per_mwh.get(store, 0.0)

    def cost_of_owing(self, tranche: str) -> float:
        """What a MWh of a tranche costs that is still owed when operation ends."""
        return self.owed_myen_per_mwh.get(tranche, 0.0)


def read_valuation(plan: Plan, unserved_myen_per_mwh: float, dropped_myen_per_mwh: float) -> Valuation:
    """The prices of a plan's limits; `unserved` and `dropped` where the scenario gives no price of its own."""
    worths = {worth.name: worth.saving_myen for worth in plan.worths}
    own = plan.scenario.load.unserved_price_myen_per_mwh
    load = plan.indicators["load_mwh_per_year"]
    # An hour more lets every MW run for an hour more.
    backup = plan.capacities.get("backup_mw", 0.0)
    return Valuation(
        unclean_myen_per_mwh=worths.get("clean_share", 0.0) / (POINT * load) if load > 0 else 0.0,
        carbon_cap_myen_per_t=worths.get("carbon_cap", 0.0),
        water_cap_myen_per_m3=worths.get("water_cap", 0.0),
        backup_hours_myen_per_mwh=worths.get("backup_hours", 0.0) / backup if backup > 0 else 0.0,
        unserved_myen_per_mwh=unserved_myen_per_mwh if own is None else own,
        dropped_myen_per_mwh=dropped_myen_per_mwh if own is None else own,
        reserve_myen_per_mwh=0.0 if plan.scenario.outage is None else dropped_myen_per_mwh,
    )
