"""The bill of an operation that buys in several ways: by component, as the plan's bill is, over the operated time.

Components and who is paid are those of `planning.procurement_account`; with everything known and the plan's own hours
the bill is the plan's. Arrays have shape `(steps,)`, money is million yen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.operation.conditions import Conditions
from kiban.operation.facility import IMPORT, Facility
from kiban.operation.purchases import Claim, Purchases
from kiban.planning.procured import CAPACITY, DEMAND

if TYPE_CHECKING:
    from kiban.planning.procurement_result import Bought


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a bill is written from: the flows of an operated time, its load, and the peaks with which it begins."""

    facility: Facility
    conditions: Conditions
    flows: Mapping[str, Array]
    load_mw: Array
    begun_peaks_mw: tuple[float, ...]

    def total_mwh(self, column: str) -> float:
        """Energy of a flow."""
        return float(self.flows[column].sum()) * self.facility.step_hours


@dataclass(frozen=True, slots=True)
class Contracts:
    """What contracts with plants elsewhere cost for all that they generated, whoever took it."""

    ppa_myen: float
    balancing_myen: float
    imbalance_myen: float
    """Of one's own plants."""
    generation_myen: float
    """Energy part of the generation-side charge."""
    sold_myen: float
    """What the market paid for it."""
    virtual_mwh: float
    """Generated under virtual contracts, which deliver nothing and are claimed."""

    @property
    def total_myen(self) -> float:
        """What is paid less what is earned."""
        paid = self.ppa_myen + self.balancing_myen + self.imbalance_myen + self.generation_myen
        return paid - self.sold_myen


def settle_contracts(purchases: Purchases, series: Mapping[str, Array], step_hours: float) -> Contracts:
    """The contracts at what plants generated: `series` have their output per MW."""
    totals = {"ppa": 0.0, "balancing": 0.0, "imbalance": 0.0, "generation": 0.0, "sold": 0.0, "virtual": 0.0}
    for plant in purchases.plants:
        generated = plant.capacity_mw * series[plant.series] * step_hours
        energy = float(generated.sum())
        totals["ppa"] += plant.strike_myen_per_mwh * energy
        totals["imbalance" if plant.way == "self_wheeling" else "balancing"] += plant.balancing_myen_per_mwh * energy
        totals["generation"] += plant.generation_energy_myen_per_mwh * energy
        totals["sold"] += float(plant.sold_myen_per_mwh @ generated)
        totals["virtual"] += energy if plant.way == "virtual" else 0.0
    return Contracts(*totals.values())


def unclaimed_mwh(drawn: Drawn) -> float:
    """What certificates are to claim: energy that claims nothing, less what may go without it and virtual power."""
    purchases = drawn.facility.purchases
    assert purchases is not None and purchases.claim is not None
    facility, hours = drawn.facility, drawn.facility.step_hours
    # The mix of the grid is claimed by nobody: all of it counts.
    shares = facility.unclean_shares(np.zeros(drawn.conditions.steps))
    counted_mw = sum(float(share @ drawn.flows[name]) for name, share in zip(facility.sources, shares, strict=True))
    virtual = settle_contracts(purchases, drawn.conditions.series, hours).virtual_mwh
    return counted_mw * hours - virtual - (1.0 - purchases.claim.share) * float(drawn.load_mw.sum()) * hours


def claim_beyond_line(purchases: Purchases, series: Mapping[str, Array], step_hours: float) -> float:
    """The least by which certificates may cost more than their price on the plan's margin for each MWh unclaimed.

    Their cost is convex in what is unclaimed, so that it lies above that line; what virtual contracts claim is known.
    """
    claim = purchases.claim
    if claim is None:
        return 0.0
    price = claim.price_myen_per_mwh
    cheaper = sum((price - one) * most for one, most in claim.certificates if one < price and math.isfinite(most))
    virtual = settle_contracts(purchases, series, step_hours).virtual_mwh
    return -price * virtual - cheaper


def certificate_costs(claim: Claim, wanted_mwh: float) -> dict[str, float]:
    """What certificates cost, and what it is valued at where there are too few of them."""
    cost, left = claim.cost(wanted_mwh)
    dearest = max((price for price, _ in claim.certificates), default=0.0)
    return {"certificates": cost, "unclaimed": max(dearest, claim.price_myen_per_mwh) * left}


def bought_costs(drawn: Drawn) -> dict[str, float]:
    """Items of an operation's costs that are bought: energy as it is drawn, peaks, contracts, certificates."""
    purchases = drawn.facility.purchases
    assert purchases is not None
    hours, flows = drawn.facility.step_hours, drawn.flows
    reached = purchases.reach_all(drawn.begun_peaks_mw, flows)
    peaks = sum(
        purchases.peak_cost(number, begun, peak)
        for number, (begun, peak) in enumerate(zip(drawn.begun_peaks_mw, reached, strict=True))
    )
    found = {
        "energy": hours * sum(float(way.price_myen_per_mwh @ flows[way.column]) for way in purchases.ways),
        "peaks": peaks,
        "contracts": settle_contracts(purchases, drawn.conditions.series, hours).total_myen,
    }
    if purchases.claim is not None:
        found |= certificate_costs(purchases.claim, unclaimed_mwh(drawn))
    return found


def write_bill(drawn: Drawn) -> dict[str, float]:
    """The whole bill by component, in the order of the plan's; what is nothing is left out."""
    facility, flows, hours = drawn.facility, drawn.flows, drawn.facility.step_hours
    purchases = facility.purchases
    assert purchases is not None
    share = drawn.conditions.steps / purchases.whole_steps
    drawn_mwh = drawn.total_mwh(IMPORT)
    exempt = sum(way.exempt_myen_per_mwh * drawn.total_mwh(way.column) for way in purchases.ways)
    contracts = settle_contracts(purchases, drawn.conditions.series, hours)
    bill = {
        "network_basic": purchases.network_basic_myen * share,
        "network_energy": purchases.network_myen_per_mwh * drawn_mwh,
        "surcharge": purchases.surcharge_myen_per_mwh * drawn_mwh - exempt,
        "retail_basic": 0.0,
        "retail_energy": 0.0,
        "market_energy": 0.0,
        "demand_charge": 0.0,
        "capacity_contribution": 0.0,
        "balancing": contracts.balancing_myen,
        "ppa": contracts.ppa_myen,
        "ppa_market": -contracts.sold_myen,
        "certificates": 0.0,
        "generation_charge": contracts.generation_myen + share * sum(one.fixed_myen for one in purchases.plants),
        "imbalance": contracts.imbalance_myen,
        "own_plants": share * sum(one.annual_myen for one in purchases.plants),
    }
    for way in purchases.ways:
        bill[way.item] += float(way.energy_myen_per_mwh @ flows[way.column]) * hours
    reached = purchases.reach_all(drawn.begun_peaks_mw, flows)
    names = {DEMAND: "demand_charge", CAPACITY: "capacity_contribution"}
    for number, (one, begun, peak) in enumerate(zip(purchases.peaks, drawn.begun_peaks_mw, reached, strict=True)):
        bill[names.get(one.name, "retail_basic")] += purchases.peak_cost(number, begun, peak)
    if purchases.claim is not None:
        bill["certificates"] = certificate_costs(purchases.claim, unclaimed_mwh(drawn))["certificates"]
    return {component: cost for component, cost in bill.items() if cost != 0.0}


def planned_bill(bought: Bought, hours: float) -> dict[str, float]:
    """The plan's bill of so many hours, by the components of `write_bill`."""
    found: dict[str, float] = {}
    for item in bought.bill:
        name = "own_plants" if item.payee == "owner" else item.component
        found[name] = found.get(name, 0.0) + item.cost_myen_per_year * hours / HOURS_PER_YEAR
    return found
