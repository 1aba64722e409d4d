"""What is bought of others in draws: the prices that rows of the catalogue move, and how much a design buys at each.

A row moves what menus, contracts, certificates and peaks cost for each unit, and nothing else of them. With the
quantities q of a design and the prices p of a draw its bill is

    rest + p q        rest: what does not move (the shape of prices over the hours, day-ahead markets)

so that the bill is a straight line in p, as what capacities cost is in their prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.planning.plan import Plan
from kiban.planning.procured import CAPACITY, DEMAND, MARKET, PeakCharge, ProcurementResource
from kiban.planning.resources import Resources

OWN = "self_wheeling"
"""The way of a plant of one's own, whose power is free of the surcharge."""
SAME_SHIFT = 1e-12
"""Million yen a MWh by which an hourly price may move otherwise than its mean and have moved as a whole."""


@dataclass(frozen=True, slots=True)
class Item:
    """What is bought at one price: its account, its price (million yen for each unit), and the most of it.

    Units are MWh a year, or MW. `is_exempt` marks power that is free of the surcharge: its price is what that spares.
    """

    name: str
    account: str
    price: float
    most: float = np.inf
    is_exempt: bool = False


def list_items(resources: Resources) -> tuple[Item, ...]:
    """All that is bought at a price that may move; nothing where no scenario says how power is bought."""
    procurement, grid = resources.procurement, resources.grid
    if procurement is None or grid is None:
        return ()
    energy = grid.max_mw * HOURS_PER_YEAR
    found = [
        Item(
            way.bought,
            "market_energy" if way.name == MARKET else "retail_energy",
            float(way.energy_myen_per_mwh.mean()),
            min(way.max_mw, grid.max_mw) * HOURS_PER_YEAR,
        )
        for way in procurement.ways
    ]
    found += [
        Item(
            charge.row,
            {DEMAND: "demand_charge", CAPACITY: "capacity_contribution"}.get(charge.name, "retail_basic"),
            float(charge.cost_myen_per_mw.sum()),
            min(charge.max_mw, grid.max_mw),
        )
        for charge in procurement.peak_charges
    ]
    for plant in procurement.plants:
        balancing = "imbalance" if plant.way == OWN else "balancing"
        found += [
            Item(f"{plant.capacity}_{account}", account, price, plant.max_mw)
            for account, price in (
                ("ppa", plant.paid_myen_per_mw),
                (balancing, plant.balancing_myen_per_mw),
                ("generation_charge", plant.generation_charge_myen_per_mw),
            )
        ]
        if plant.way == OWN:
            most = min(energy, plant.max_mw * plant.generated_mwh_per_mw)
            found.append(Item(f"{plant.bought}_exempt", "energy", -plant.exempt_myen_per_mwh, most, is_exempt=True))
    found += [
        Item(one.capacity, "certificates", one.price_myen_per_mwh, min(one.most_mwh_per_year, energy))
        for one in procurement.certificates
    ]
    return tuple(found)


def buy_items(resources: Resources, plan: Plan) -> Array:
    """How much a plan of the resources buys of each item (items,)."""
    procurement, bought = resources.procurement, plan.bought
    if procurement is None or bought is None:
        return np.zeros(0)
    ways = {way.name: way for way in bought.ways}
    by_charge = groupby(sorted(bought.peaks, key=lambda peak: peak.charge), key=lambda peak: peak.charge)
    peaks = {name: np.array([peak.peak_mw for peak in months]) for name, months in by_charge}
    found = [ways[way.name].delivered_mwh_per_year for way in procurement.ways]
    found += [_billed_mw(charge, peaks.get(charge.name)) for charge in procurement.peak_charges]
    for plant in procurement.plants:
        found += [ways[plant.name].capacity_mw] * 3
        if plant.way == OWN:
            found.append(ways[plant.name].delivered_mwh_per_year)
    found += [bought.certificates_mwh_per_year[one.kind] for one in procurement.certificates]
    return np.array(found)


def _billed_mw(charge: PeakCharge, peak_mw: Array | None) -> float:
    """Mean of what is charged in the periods, weighted with what they charge; nothing where there is no peak."""
    if peak_mw is None:
        return 0.0
    billed = np.maximum(peak_mw, charge.ratchet_share * peak_mw.max())
    return float(charge.cost_myen_per_mw @ billed / charge.cost_myen_per_mw.sum())


def only_prices_move(known: ProcurementResource, moved: ProcurementResource) -> bool:
    """Whether the two differ in the prices of items alone: hours move together, day-ahead markets and limits do not."""
    charges = [{charge.row for charge in one.peak_charges} for one in (known, moved)]
    shifts = [
        one.energy_myen_per_mwh - other.energy_myen_per_mwh for one, other in zip(known.ways, moved.ways, strict=True)
    ]
    shapes = [np.ptp(shift) <= SAME_SHIFT for shift in shifts]
    plants = [
        np.array_equal(one.delivered_myen_per_mwh, other.delivered_myen_per_mwh)
        and np.array_equal(one.availability, other.availability)
        and one.sold_myen_per_mw == other.sold_myen_per_mw
        and (one.max_mw, one.loss_share) == (other.max_mw, other.loss_share)
        for one, other in zip(known.plants, moved.plants, strict=True)
    ]
    return charges[0] == charges[1] and all(shapes) and all(plants)
