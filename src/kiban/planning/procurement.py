"""Power that is bought, as part of the programme: ways that add up to what is drawn, peaks, plants, certificates.

    sum_w bought[w,t] = import[t]
    bought[p,t] <= (1 - loss_p) a_p[t] x_p                          a plant elsewhere that delivers
    sum of some bought[t] <= billed[m]   in the steps t of month m   the peak of a month, for each charge on peaks
    contracted >= billed[m],  billed[m] >= ratchet contracted        what a month pays at least for the year's peak

    cost    sum_t price[w,t] bought[w,t] + sum_m charge[m] billed[m] + sum_p cost_p x_p + certificates

Where the ratchet is whole (Japan's contract power over twelve months), every month is charged the year's peak, and one
capacity stands for all of them. A charge without ratchet has a capacity for each month; both are convex, and the price
of the row `peak_NAME` in the steps of a month is what one MW less of that month's peak is worth.

The claim over the year, which says nothing of the hours:

    sum_t (import + backup - bought from clean plants elsewhere) - virtual - certificates <= (1 - claim) sum_t load
"""

from __future__ import annotations

import math

import numpy as np

from kiban.calendar import HOURS_PER_YEAR
from kiban.linear import Staircase
from kiban.planning.procured import PeakCharge, ProcurementResource
from kiban.planning.resources import Resources

CLAIM = "claim_share"
WHOLE_RATCHET = 1.0


def add_procurement(programme: Staircase, resources: Resources) -> None:
    """The ways to buy, after the grid connection."""
    procurement = resources.procurement
    if procurement is None or resources.grid is None:
        return
    weight = resources.step_weight_h
    carbon = resources.carbon_price_myen_per_t * resources.grid.emission_factor_t_per_mwh
    programme.add_row("bought", equal=0.0)
    programme.add_term("bought", "import", -1.0)
    ratchets = {charge.name for charge in procurement.peak_charges if charge.has_ratchet}
    for way in procurement.ways:
        cost = (way.energy_myen_per_mwh + carbon) * weight
        if math.isfinite(way.max_mw) and way.name not in ratchets:
            programme.add_capacity(way.contracted, cost=0.0, upper=way.max_mw)
            programme.add_variable(way.bought, cost=cost, capacity=way.contracted)
        else:
            programme.add_variable(way.bought, cost=cost)
        programme.add_term("bought", way.bought)
    for plant in procurement.plants:
        programme.add_capacity(plant.capacity, cost=plant.cost_myen_per_mw, lower=plant.min_mw, upper=plant.max_mw)
        if plant.delivers:
            programme.add_variable(
                plant.bought,
                cost=(plant.delivered_myen_per_mwh - plant.exempt_myen_per_mwh) * weight,
                capacity=plant.capacity,
                factor=(1.0 - plant.loss_share) * plant.availability,
            )
            programme.add_term("bought", plant.bought)
    for charge in procurement.peak_charges:
        add_peak_charge(programme, charge, procurement)


def add_peak_charge(programme: Staircase, charge: PeakCharge, procurement: ProcurementResource) -> None:
    """What is charged for the peaks of some purchases: a capacity for the year, for each month, or both."""
    if charge.ratchet_share == WHOLE_RATCHET:
        programme.add_capacity(charge.contracted, cost=float(charge.cost_myen_per_mw.sum()), upper=charge.max_mw)
        programme.add_row(charge.row, upper=0.0)
        programme.add_capacity_term(charge.row, charge.contracted, -1.0)
    else:
        if charge.has_ratchet:
            programme.add_capacity(charge.contracted, cost=0.0, upper=charge.max_mw)
        charged = [period for period, cost in enumerate(charge.cost_myen_per_mw) if cost > 0 or charge.has_ratchet]
        holds = np.isin(procurement.period_of_step, charged)
        programme.add_row(charge.row, upper=np.where(holds, 0.0, np.inf))
        for period in charged:
            billed = charge.billed(period)
            programme.add_capacity(billed, cost=float(charge.cost_myen_per_mw[period]))
            programme.add_capacity_term(charge.row, billed, np.where(procurement.period_of_step == period, -1.0, 0.0))
            if charge.has_ratchet:
                _add_ratchet(programme, charge, billed)
    for name in charge.bought:
        programme.add_term(charge.row, name)


def _add_ratchet(programme: Staircase, charge: PeakCharge, billed: str) -> None:
    """A month is charged no more than the year's peak, and a share of it at least."""
    for row, of_billed, of_contracted in (
        (f"{billed}_peak", 1.0, -1.0),
        (f"{billed}_ratchet", -1.0, charge.ratchet_share),
    ):
        programme.add_total(row, upper=0.0)
        programme.add_capacity_term(row, billed, of_billed)
        programme.add_capacity_term(row, charge.contracted, of_contracted)


def add_certificates(programme: Staircase, resources: Resources) -> None:
    """Certificates, and the claim over the year without the load's part of it, which `add_allowed_load` adds."""
    procurement = resources.procurement
    if procurement is None or procurement.claim_share is None:
        return
    weight = resources.step_weight_h
    programme.add_total(CLAIM, upper=(1.0 - procurement.claim_share) * resources.firm_energy_mwh_per_year)
    programme.add_total_term(CLAIM, "import", weight)
    if resources.backup is not None:
        programme.add_total_term(CLAIM, "backup_output", weight)
    for supply in resources.supply:
        if not supply.clean:
            programme.add_total_term(CLAIM, f"{supply.name}_output", weight)
    for plant in procurement.plants:
        if plant.delivers:
            programme.add_total_term(CLAIM, plant.bought, -weight)
        else:
            programme.add_capacity_term(CLAIM, plant.capacity, -plant.generated_mwh_per_mw)
    for certificate in procurement.certificates:
        programme.add_capacity(
            certificate.capacity,
            cost=certificate.price_myen_per_mwh * HOURS_PER_YEAR,
            upper=certificate.most_mwh_per_year / HOURS_PER_YEAR,
        )
        programme.add_capacity_term(CLAIM, certificate.capacity, -HOURS_PER_YEAR)
