"""Items of cost in groups, and whether an item is fixed by the capacities or runs with the hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kiban.planning.design import COMPUTE, MEASURE
from kiban.scenario.plant import COOLING_STORAGE, STORAGE

GROUPS = ("compute", "supply", "storage", "grid", "backup", "environment", "measures", "unserved", "revenue")
RUNNING = frozenset(
    {
        "throughput",
        "energy",
        "export_revenue",
        "flexibility_revenue",
        "fuel",
        "carbon",
        "water",
        "unserved",
        "production_credit",
        "compute_revenue",
        *("retail_energy", "market_energy", "ppa", "ppa_market", "balancing", "imbalance", "certificates"),
    }
)
_GROUP_OF = {
    "battery_power": "storage",
    "battery_energy": "storage",
    "throughput": "storage",
    f"{COOLING_STORAGE}_energy": "storage",
    "interconnection": "grid",
    "energy": "grid",
    **dict.fromkeys(
        (
            *("retail_basic", "retail_energy", "market_energy", "demand_charge", "capacity_contribution"),
            *("ppa", "ppa_market", "balancing", "imbalance", "generation_charge", "certificates"),
        ),
        "grid",
    ),
    "export_revenue": "grid",
    "flexibility_revenue": "grid",
    "backup": "backup",
    "fuel": "backup",
    "carbon": "environment",
    "water": "environment",
    "unserved": "unserved",
    "production_credit": "supply",
    "compute_revenue": "revenue",
}


@dataclass(frozen=True, slots=True)
class CostGroup:
    """A group of items, million yen a year; `items` keep the order of the plan."""

    name: str
    items: Mapping[str, float]

    @property
    def fixed_myen(self) -> float:
        """Cost of capacity."""
        return sum(cost for item, cost in self.items.items() if item not in RUNNING)

    @property
    def running_myen(self) -> float:
        """Cost that depends on the hours."""
        return sum(cost for item, cost in self.items.items() if item in RUNNING)


def group_of(item: str) -> str:
    """Group of an item of cost; what is no known item is a supply option."""
    if item.startswith(COMPUTE):
        return "compute"
    if item.startswith(MEASURE):
        return "measures"
    if item.startswith(STORAGE):
        return "storage"
    return _GROUP_OF.get(item, "supply")


def group_costs(costs: Mapping[str, float]) -> tuple[CostGroup, ...]:
    """All items in their groups, without empty groups."""
    found = (CostGroup(group, {k: v for k, v in costs.items() if group_of(k) == group}) for group in GROUPS)
    return tuple(group for group in found if group.items)
