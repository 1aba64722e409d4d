"""Which assumed figures matter: each is ranked by the yearly cost that rests on it.

A figure's cost is that of the items that it enters: a capital cost that of its technology, the discount
rate that of all capacity, a parameter of the cooling system that of the power above the IT load.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kiban.planning.cost_groups import RUNNING
from kiban.planning.design import COMPUTE, MEASURE
from kiban.planning.plan import Plan
from kiban.planning.provenance import Entry
from kiban.scenario.plant import CATALOGUE_PLANTS, COOLING_STORAGE, HIRED_BATTERY, STORAGE
from kiban.scenario.procurement import PROCURED

_AMERICAN = "us."
_CONNECTION = ("connection_capex", "demand_charge", "grid.life")


@dataclass(frozen=True, slots=True)
class RankedAssumption:
    """An assumed input (the first of a numbered family) and the yearly cost that rests on it, million yen."""

    entry: Entry
    cost_myen: float
    members: int


def rank_assumptions(plan: Plan) -> tuple[RankedAssumption, ...]:
    """Assumed inputs, the costliest first; numbered rows of one table (`monthly_shape.01`) count as one."""
    ranked = [
        RankedAssumption(members[0], resting_cost_myen(members[0].name, plan), len(members))
        for members in group_families(plan.assumptions)
    ]
    return tuple(sorted(ranked, key=lambda item: (-item.cost_myen, item.entry.name)))


def group_families(inputs: Iterable[Entry]) -> list[list[Entry]]:
    """Inputs with the numbered rows of one table together, in the order of the first of each."""
    families: dict[str, list[Entry]] = {}
    for entry in inputs:
        families.setdefault(re.sub(r"\.\d+$", "", entry.name), []).append(entry)
    return list(families.values())


def group_by_subject(inputs: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    """Inputs by subject, the subject with the most inputs first."""
    groups: dict[str, list[Entry]] = {}
    for entry in inputs:
        groups.setdefault(subject_of(entry.name), []).append(entry)
    return sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))


def subject_of(name: str) -> str:
    """Subject of an input: the first part of its id, wind and backup without their kind."""
    first = name.removeprefix(_AMERICAN).split(".")[0]
    for stem in ("wind", "backup"):
        if first.startswith(f"{stem}_") or first == stem:
            return stem
    if name.startswith(("normal ", "climate ")) or first == "wind_power_curve":
        return "weather"
    return first


def resting_cost_myen(name: str, plan: Plan) -> float:
    """Yearly cost of the items that an input enters, million yen."""
    costs = plan.costs
    name = name.removeprefix(_AMERICAN)
    subject, _, quantity = name.partition(".")
    if name == "finance.discount_rate":
        return _capital_cost(plan)
    if name == "money.yen_per_usd":
        if plan.scenario.finance.cost_set == "japan":
            return costs.get("it_chips", 0.0)
        # Costs in dollars that are reported in dollars do not depend on it.
        return 0.0 if plan.scenario.money.currency == "USD" else plan.cost_myen_per_year
    if name == "money.yen_per_eur":
        return sum(cost for item, cost in costs.items() if item.startswith(STORAGE))
    if subject == "chip" and not quantity.endswith("liquid_cooled"):
        return costs.get("it_chips", 0.0)
    if subject == "datacentre":
        return _compute_cost(quantity, plan)
    if subject == "cooling":
        if quantity == f"{plan.cooling_system}.capex":
            return costs.get("it_cooling", 0.0)
        return _overhead_cost(quantity, plan)
    if subject == "inference":
        return plan.indicators.get("power_cost_myen_per_year", 0.0)
    if subject == "battery":
        return costs.get("battery_power", 0.0) + costs.get("battery_energy", 0.0)
    if subject == COOLING_STORAGE:
        return costs.get(f"{COOLING_STORAGE}_energy", 0.0)
    if subject == "storage":
        return sum(cost for item, cost in costs.items() if item.startswith(f"{STORAGE}{quantity.partition('.')[0]}_"))
    bought = _bought_cost(subject, name, plan)
    if bought is not None:
        return bought
    if subject in ("grid", "market"):
        return costs.get("interconnection" if name.endswith(_CONNECTION) else "energy", 0.0)
    if subject.startswith("backup_"):
        return costs.get("fuel" if quantity.startswith(("fuel", "emission", "gas", "efficiency")) else "backup", 0.0)
    if subject in CATALOGUE_PLANTS and quantity.startswith(("fuel", "efficiency", "variable", "storage", "capture")):
        return costs.get("fuel", 0.0)
    if subject == "site":
        found = [item for item in costs if name.split(".")[-1].startswith(item)]
        return costs[max(found, key=len)] if found else 0.0
    return costs.get(subject, 0.0)


_BOUGHT_COSTS: Mapping[str, tuple[str, ...]] = {
    "surcharge": ("energy",),
    "wheeling": ("interconnection", "energy"),
    "capacity_contribution": ("capacity_contribution",),
    "certificate": ("certificates",),
    "imbalance": ("imbalance",),
    "ppa": ("ppa", "balancing"),
}
"""Items of cost that rest on tariffs and prices of contracts, by the subject of their rows."""


def _bought_cost(subject: str, name: str, plan: Plan) -> float | None:
    """Cost that rests on a figure of how power is bought; None for other figures and other plans."""
    if plan.bought is None:
        return None
    items = _BOUGHT_COSTS.get(subject, ())
    if name == "grid.retail_margin":
        items = ("market_energy",)
    elif name.endswith(".tariff_energy_charge"):
        items = ("retail_energy",)
    elif name.endswith(".tariff_demand_charge"):
        items = ("retail_basic",)
    return sum(plan.costs.get(item, 0.0) for item in items) if items else None


def _capital_cost(plan: Plan) -> float:
    """Cost of capacity, without items whose yearly cost the scenario gives."""
    given = {entry.name.rpartition(".")[0] for entry in plan.provenance if "annual_cost_myen" in entry.name}
    return sum(cost for item, cost in plan.costs.items() if item not in RUNNING and _section_of(item) not in given)


def _section_of(item: str) -> str:
    """Section of the scenario that could give an item's yearly cost."""
    known = {"interconnection": "grid", "backup": "backup", "battery_power": "battery", "battery_energy": "battery"}
    known[f"{COOLING_STORAGE}_energy"] = COOLING_STORAGE
    if item.startswith(COMPUTE):
        return "load"
    if item.startswith(MEASURE):
        return f"measure.{item.removeprefix(MEASURE)}"
    if item.startswith(f"{STORAGE}{HIRED_BATTERY}"):
        return "bridging"
    if item.startswith(STORAGE):
        return f"storage.{item.removeprefix(STORAGE).rpartition('_')[0].removesuffix('_charge')}"
    if item.startswith(PROCURED):
        return f"procurement.plant.{item.removeprefix(PROCURED)}"
    return known.get(item, f"supply.{item}")


def _compute_cost(quantity: str, plan: Plan) -> float:
    parts = {
        "equipment.life": ("it_electrical", "it_fitout", "it_cooling"),
        "fixed_om": ("it_operation",),
    }.get(quantity, (f"it_{quantity.partition('.')[0]}",))
    return sum(plan.costs.get(part, 0.0) for part in parts)


def _overhead_cost(quantity: str, plan: Plan) -> float:
    """Cost of the power above the IT load, for parameters of the cooling system that was chosen."""
    if quantity.partition(".")[0] in {other.cooling_system for other in plan.alternatives}:
        return 0.0
    pue = plan.indicators.get("mean_pue", 1.0)
    return plan.indicators.get("power_cost_myen_per_year", 0.0) * (1.0 - 1.0 / pue)
