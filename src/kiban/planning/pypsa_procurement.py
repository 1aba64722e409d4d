"""The ways to buy power (`procurement`) in a PyPSA network, as generators on a bus of their own that serves no load.

That they add up to what is drawn, and the peaks that are charged, are constraints of type `weighted_hours`. What is
charged in one month is a generator that delivers in that month alone; where no charge holds, another one is free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.planning.procured import PeakCharge, ProcurementResource
from kiban.planning.procurement import CLAIM, WHOLE_RATCHET
from kiban.planning.pypsa_constraints import add_hours, add_total
from kiban.planning.resources import Resources

if TYPE_CHECKING:
    import pypsa

PURCHASES = "purchases"
IMPORT = "import"
PLANTS = "plants_elsewhere"
"""What of the network's description lists the plants elsewhere."""


def describe_plants(resources: Resources) -> dict[str, list[str]]:
    """Names of the plants elsewhere, for the network's description; nothing where there are none."""
    names = [plant.name for plant in resources.clean_plants_elsewhere]
    return {PLANTS: names} if names else {}


def add_purchases(network: pypsa.Network, resources: Resources) -> None:
    """All ways to buy and what is charged for peaks."""
    procurement, grid = resources.procurement, resources.grid
    if procurement is None or grid is None:
        return
    network.add("Carrier", PURCHASES)
    network.add("Bus", PURCHASES, carrier=PURCHASES)
    _add(network, "purchases_end", sign=-1.0)
    carbon = resources.carbon_price_myen_per_t * grid.emission_factor_t_per_mwh
    for way in procurement.ways:
        _add(network, way.bought, p_nom_max=way.max_mw, marginal_cost=way.energy_myen_per_mwh + carbon)
    for plant in procurement.plants:
        output = (1.0 - plant.loss_share) * plant.availability if plant.delivers else np.zeros(resources.steps)
        _add(
            network,
            plant.bought,
            p_nom_min=plant.min_mw,
            p_nom_max=plant.max_mw,
            p_max_pu=output,
            capital_cost=plant.cost_myen_per_mw,
            marginal_cost=plant.delivered_myen_per_mwh - plant.exempt_myen_per_mwh,
        )
    bought = dict.fromkeys(procurement.sources, 1.0)
    add_hours(network, "bought_most", {**bought, IMPORT: -1.0})
    add_hours(network, "bought_least", {**dict.fromkeys(bought, -1.0), IMPORT: 1.0})
    for charge in procurement.peak_charges:
        _add_peak_charge(network, charge, procurement)


def _add(network: pypsa.Network, name: str, **given: Array | float) -> None:
    network.add("Generator", name, bus=PURCHASES, carrier=PURCHASES, p_nom_extendable=True, **given)


def _add_peak_charge(network: pypsa.Network, charge: PeakCharge, procurement: ProcurementResource) -> None:
    power = dict.fromkeys(charge.bought, 1.0)
    if charge.ratchet_share == WHOLE_RATCHET:
        yearly = float(charge.cost_myen_per_mw.sum())
        _add(network, charge.contracted, p_max_pu=0.0, p_nom_max=charge.max_mw, capital_cost=yearly)
        add_hours(network, charge.row, power, {charge.contracted: -1.0})
        return
    if charge.has_ratchet:
        _add(network, charge.contracted, p_max_pu=0.0, p_nom_max=charge.max_mw)
    free = np.ones(len(network.snapshots))
    for period, cost in enumerate(charge.cost_myen_per_mw):
        if cost <= 0 and not charge.has_ratchet:
            continue
        billed, inside = charge.billed(period), procurement.period_of_step == period
        _add(network, billed, p_max_pu=inside.astype(float), capital_cost=float(cost))
        free[inside] = 0.0
        power[billed] = -1.0
        if charge.has_ratchet:
            ends = {billed: 1.0, charge.contracted: -1.0}
            add_total(network, f"{billed}_peak", "<=", 0.0, capacities=ends)
            ends = {billed: -1.0, charge.contracted: charge.ratchet_share}
            add_total(network, f"{billed}_ratchet", "<=", 0.0, capacities=ends)
    uncharged = f"uncharged_{charge.name}"
    _add(network, uncharged, p_max_pu=free)
    add_hours(network, charge.row, {**power, uncharged: -1.0})


def add_claim(network: pypsa.Network, resources: Resources) -> None:
    """Certificates and what is claimed over the year."""
    procurement = resources.procurement
    if procurement is None or procurement.claim_share is None:
        return
    capacities = {plant.bought: -plant.generated_mwh_per_mw for plant in procurement.plants if not plant.delivers}
    for certificate in procurement.certificates:
        yearly = certificate.price_myen_per_mwh * HOURS_PER_YEAR
        most = certificate.most_mwh_per_year / HOURS_PER_YEAR
        _add(network, certificate.capacity, p_max_pu=0.0, p_nom_max=most, capital_cost=yearly)
        capacities[certificate.capacity] = -HOURS_PER_YEAR
    allowed = np.full(resources.steps, 1.0 - procurement.claim_share)
    whole = np.ones(resources.steps)
    weights = {IMPORT: whole, "it": -allowed}
    weights |= {supply.name: whole for supply in resources.supply if not supply.clean}
    weights |= {plant.bought: -whole for plant in procurement.plants if plant.delivers}
    weights |= {measure.name: allowed for measure in resources.measures}
    if resources.backup is not None:
        weights["backup"] = whole
    add_total(network, CLAIM, "<=", 0.0, dispatch=weights, capacities=capacities)
