"""How the campus of a plan buys its power in operation: what each way may give and costs, and what peaks are charged.

Power in MW, energy in MWh, money in million yen of the operated time. Every way is a source of its own; all that is
drawn is their sum, which the connection limits. Two kinds of charges on peaks are known:

    kept      Japan's contract power: the power that the plan contracted is paid whatever is drawn, and one MW more in
              any step is charged for twelve months (`ratchet_share = 1`)
    measured  each month is charged its own peak (`ratchet_share = 0`)

A window does not see the month's end. So it takes what is held, the plan's peak of the month or what has been reached
beyond it, as free, and pays the charge in full for each MW above it; what is charged in the end is the peak that came.

What contracts pay for all that their plants generate follows from the weather and from no decision. Certificates are
bought at the end, for what is then left to claim.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.operation.conditions import AVAILABILITY, PRICE
from kiban.planning.procured import DEMAND, MARKET, PeakCharge, ProcurementResource
from kiban.planning.procurement import WHOLE_RATCHET

if TYPE_CHECKING:
    from kiban.planning.plan import Plan
    from kiban.planning.resources import Resources
    from kiban.scenario.procurement import Procurement

WHOLE_TIME: Final = 0
"""The one group of a charge that holds for all steps."""
LEAST_BOUGHT_MW: Final = 1e-5
"""A peak of the plan below it is the solver's rounding."""


@dataclass(frozen=True, slots=True)
class PlantElsewhere:
    """A plant under contract: its MW, and what each MWh that it generates pays and brings."""

    name: str
    way: str
    capacity_mw: float
    series: str
    """Name of its output per MW among the conditions."""
    strike_myen_per_mwh: float
    balancing_myen_per_mwh: float
    generation_energy_myen_per_mwh: float
    sold_myen_per_mwh: Array
    fixed_myen: float
    """Of the operated time: the basic part of the generation-side charge."""
    annual_myen: float
    """Of the operated time: capital and upkeep of a plant of one's own."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """A way in which power arrives; `price` is all that a MWh costs in a step, the network's charges in it."""

    name: str
    column: str
    item: str
    """Item of the bill of `energy_myen_per_mwh`."""
    price_myen_per_mwh: Array
    energy_myen_per_mwh: Array
    """The part of the price that goes to who sells: the network's energy charge and the surcharge aside."""
    exempt_myen_per_mwh: float
    """Surcharge that is not due."""
    follows: float
    """By how much the price moves with the day-ahead price of the campus's area."""
    most_mw: float
    clean: bool
    plant: PlantElsewhere | None = None
    delivered_share: float = 1.0
    """Of what a plant generates, what arrives."""


@dataclass(frozen=True, slots=True, eq=False)
class PeakLimit:
    """A charge on the peak of some ways together, by group of steps: a month, or all of them."""

    name: str
    members: tuple[int, ...]
    """Places of the purchases."""
    group_of_step: npt.NDArray[np.int64]
    price_myen_per_mw: Array
    """By group."""
    planned_mw: Array
    """The plan's peak, by group."""
    kept: bool
    """Whether what was planned is paid whatever is drawn."""

    def held_mw(self, group: int, reached_mw: float) -> float:
        """What may be drawn in a group without a further charge, as windows see it."""
        return max(reached_mw, float(self.planned_mw[group]))

    def power_mw(self, flows: Sequence[Array]) -> Array:
        """What the charge is on, from the flows of all purchases."""
        return sum((flows[place] for place in self.members), np.zeros(self.group_of_step.size))


@dataclass(frozen=True, slots=True)
class Claim:
    """The claim over the year: its share of the load, certificates by price with the most of each, and what one costs.

    `price` is what a certificate costs on the margin of the plan.
    """

    share: float
    certificates: tuple[tuple[float, float], ...]
    """Million yen per MWh and MWh of the operated time, the cheapest first."""
    price_myen_per_mwh: float

    def cost(self, wanted_mwh: float) -> tuple[float, float]:
        """What certificates for so much cost, and how much is left without, MWh."""
        cost, left = 0.0, max(wanted_mwh, 0.0)
        for price, most in self.certificates:
            bought = min(left, most)
            cost, left = cost + price * bought, left - bought
        return cost, left


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """All ways to buy of a campus."""

    ways: tuple[Purchase, ...]
    plants: tuple[PlantElsewhere, ...]
    """Those under contract, virtual ones too."""
    peaks: tuple[PeakLimit, ...]
    claim: Claim | None
    network_myen_per_mwh: float
    """The network's charge on each MWh drawn, and all else that is drawn pays beside the surcharge."""
    surcharge_myen_per_mwh: float
    network_basic_myen: float
    """Of the operated time, for the connection that the plan built."""
    whole_steps: int
    """Steps of the time for which planned peaks and fixed items are counted."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of what arrives."""
        return tuple(way.column for way in self.ways)

    def cut(self, part: slice) -> Purchases:
        """The same in some steps; charges on peaks stay what they are."""
        return replace(
            self,
            ways=tuple(_cut_way(way, part) for way in self.ways),
            plants=tuple(_cut_plant(plant, part) for plant in self.plants),
            peaks=tuple(replace(one, group_of_step=one.group_of_step[part]) for one in self.peaks),
        )

    def operated(self, first: int, end: int) -> Purchases:
        """The steps `first` to before `end` where they alone are operated.

        A month of which a part is operated is charged that part of its measured peak; certificates likewise. A MW above
        a contract power that is kept is charged in full, as it is for twelve months.
        """
        share = (end - first) / self.whole_steps
        peaks = []
        for one in self.peaks:
            groups = one.price_myen_per_mw.size
            inside, whole = (
                np.bincount(steps, minlength=groups) for steps in (one.group_of_step[first:end], one.group_of_step)
            )
            parts = np.ones(groups) if one.kept else inside / np.maximum(whole, 1)
            peaks.append(replace(one, price_myen_per_mw=one.price_myen_per_mw * parts))
        claim = self.claim
        if claim is not None:
            certificates = tuple((price, most * share) for price, most in claim.certificates)
            claim = replace(claim, certificates=certificates)
        return replace(self.cut(slice(first, end)), peaks=tuple(peaks), claim=claim)

    def begin(self) -> tuple[float, ...]:
        """Peaks reached before the first step: what is contracted, and nothing of a month."""
        return tuple(float(one.planned_mw[WHOLE_TIME]) if one.kept else 0.0 for one in self.peaks)

    def reach(self, step: int, before: Sequence[float], bought_mw: Sequence[float]) -> tuple[float, ...]:
        """Peaks after a step, from those before it and what was bought each way in it."""
        found = []
        for one, peak in zip(self.peaks, before, strict=True):
            reached = peak if step == 0 or one.group_of_step[step] == one.group_of_step[step - 1] else 0.0
            found.append(max(reached, sum(bought_mw[place] for place in one.members)))
        return tuple(found)

    def reach_all(self, begun: Sequence[float], flows: Mapping[str, Array]) -> list[Array]:
        """Of each charge the peak reached after each step."""
        bought = [flows[column] for column in self.columns]
        found = []
        for one, first in zip(self.peaks, begun, strict=True):
            power, groups = one.power_mw(bought), one.group_of_step
            starts = [0, *(np.flatnonzero(np.diff(groups)) + 1).tolist(), groups.size]
            reached = np.empty(groups.size)
            for number in range(len(starts) - 1):
                part = slice(starts[number], starts[number + 1])
                reached[part] = np.maximum.accumulate(power[part])
            reached[: starts[1]] = np.maximum(reached[: starts[1]], first)
            found.append(reached)
        return found

    def peak_cost(self, number: int, begun_mw: float, reached_mw: Array) -> float:
        """What a charge on peaks comes to in the operated steps.

        A contract power that is kept costs its part of the time, and what was reached above where it began in full.
        """
        one = self.peaks[number]
        if one.kept:
            price = float(one.price_myen_per_mw[WHOLE_TIME])
            share = reached_mw.size / self.whole_steps
            return price * (float(one.planned_mw[WHOLE_TIME]) * share + float(reached_mw[-1]) - begun_mw)
        ends = np.append(np.flatnonzero(np.diff(one.group_of_step)), one.group_of_step.size - 1)
        charged = float(one.price_myen_per_mw[one.group_of_step[ends]] @ reached_mw[ends])
        return charged - float(one.price_myen_per_mw[one.group_of_step[0]]) * begun_mw


def read_purchases(plan: Plan, resources: Resources) -> Purchases | None:
    """How a plan buys, under the hours of `resources`; None where its scenario does not say how."""
    procurement, grid = resources.procurement, resources.grid
    if procurement is None or grid is None or plan.bought is None:
        return None
    zero = np.zeros(resources.steps)
    # Of yearly sums in money of the operated time.
    scale = resources.step_hours / resources.step_weight_h
    pass_through = 1.0 / (1.0 - procurement.loss_share)
    ways = [
        Purchase(
            way.name,
            f"{way.bought}_mw",
            "market_energy" if way.name == MARKET else "retail_energy",
            grid.price_myen_per_mwh + way.energy_myen_per_mwh,
            way.energy_myen_per_mwh + zero,
            0.0,
            pass_through if way.follows_market else 0.0,
            way.max_mw,
            clean=False,
        )
        for way in procurement.ways
    ]
    plants = []
    for plant in procurement.plants:
        built = plan.capacities.get(f"{plant.capacity}_mw", 0.0)
        if built <= 0.0:
            continue
        basic = plant.generation_charge_myen_per_mw - plant.generation_energy_myen_per_mwh * plant.generated_mwh_per_mw
        elsewhere = PlantElsewhere(
            plant.name,
            plant.way,
            built,
            series_of(plant.technology, plant.name),
            plant.strike_myen_per_mwh,
            plant.balancing_myen_per_mwh,
            plant.generation_energy_myen_per_mwh,
            plant.sold_myen_per_mwh + zero,
            basic * built * scale,
            plant.annual_cost_myen_per_mw * built * scale,
        )
        plants.append(elsewhere)
        if plant.delivers:
            energy = plant.delivered_myen_per_mwh - plant.exempt_myen_per_mwh
            ways.append(
                Purchase(
                    plant.name,
                    f"{plant.bought}_mw",
                    "ppa_market",
                    grid.price_myen_per_mwh + energy,
                    plant.delivered_myen_per_mwh + zero,
                    plant.exempt_myen_per_mwh,
                    pass_through if plant.follows_market else 0.0,
                    math.inf,
                    clean=True,
                    plant=elsewhere,
                    delivered_share=1.0 - plant.loss_share,
                )
            )
    places = {way.column: place for place, way in enumerate(ways)}
    peaks = [
        limit
        for charge in procurement.peak_charges
        if (limit := _read_limit(plan, charge, procurement, places, scale)) is not None
    ]
    claim = None
    if procurement.claim_share is not None:
        certificates = sorted(
            (one.price_myen_per_mwh, one.most_mwh_per_year * scale) for one in procurement.certificates
        )
        bought = plan.bought.certificates_mwh_per_year
        used = [one.price_myen_per_mwh for one in procurement.certificates if bought.get(one.kind, 0.0) > 0.0]
        claim = Claim(procurement.claim_share, tuple(certificates), max(used, default=0.0))
    basic_item = next((one for one in plan.bought.bill if one.component == "network_basic"), None)
    return Purchases(
        tuple(ways),
        tuple(plants),
        tuple(peaks),
        claim,
        network_myen_per_mwh=float(np.mean(grid.price_myen_per_mwh)) - grid.surcharge_myen_per_mwh,
        surcharge_myen_per_mwh=grid.surcharge_myen_per_mwh,
        network_basic_myen=0.0 if basic_item is None else basic_item.cost_myen_per_year * scale,
        whole_steps=resources.steps,
    )


def series_of(technology: str, plant: str) -> str:
    """Name of the output of a plant elsewhere among the conditions: kinds of plant err alike, each on its own."""
    return f"{AVAILABILITY}{technology}.{plant}"


def list_series(plan: Plan, resources: Resources) -> dict[str, Array]:
    """What the conditions hold for ways to buy: the output of plants elsewhere, and the day-ahead price."""
    procurement, grid = resources.procurement, resources.grid
    if procurement is None or grid is None:
        return {}
    found = {
        series_of(plant.technology, plant.name): plant.availability
        for plant in procurement.plants
        if plan.capacities.get(f"{plant.capacity}_mw", 0.0) > 0.0
    }
    if procurement.market_price_myen_per_mwh is not None:
        found[PRICE] = procurement.market_price_myen_per_mwh + grid.price_myen_per_mwh
    return found


def list_partial_ratchets(procurement: Procurement | None) -> tuple[str, ...]:
    """Scenario keys of charges by which a month pays for a part of another month's peak."""
    if procurement is None:
        return ()
    shares = {
        f"procurement.menu.{name}.ratchet_share": menu.ratchet_share
        for name, menu in procurement.menu.items()
        if menu.enabled
    }
    if np.any(procurement.demand_charge_myen_per_mw_month):
        shares["procurement.demand_ratchet_share"] = procurement.demand_ratchet_share
    return tuple(key for key, share in shares.items() if 0.0 < share < WHOLE_RATCHET)


def _read_limit(
    plan: Plan, charge: PeakCharge, procurement: ProcurementResource, places: Mapping[str, int], scale: float
) -> PeakLimit | None:
    """A charge on peaks as operation sees it; its planned peaks are those of the plan's own hours."""
    members = tuple(place for column, place in places.items() if column.removesuffix("_mw") in charge.bought)
    if charge.name == DEMAND:
        members = tuple(places.values())
    if not members:
        return None
    columns = list(places)
    power = sum((plan.hourly[columns[place]] for place in members), np.zeros(len(plan.time)))
    most = _above_rounding(float(power.max(initial=0.0)))
    periods = procurement.period_of_step
    if charge.ratchet_share == WHOLE_RATCHET:
        price = np.array([charge.cost_myen_per_mw.sum() * scale])
        return PeakLimit(charge.name, members, np.zeros_like(periods), price, np.array([most]), kept=True)
    month, planned = plan.time.month.to_numpy(), []
    for wanted in procurement.period_months:
        inside = month == wanted
        # A month that the plan does not hold may reach the plan's highest peak.
        planned.append(_above_rounding(float(power[inside].max())) if inside.any() else most)
    return PeakLimit(charge.name, members, periods, charge.cost_myen_per_mw * scale, np.array(planned), kept=False)


def _above_rounding(peak_mw: float) -> float:
    return peak_mw if peak_mw > LEAST_BOUGHT_MW else 0.0


def _cut_way(way: Purchase, part: slice) -> Purchase:
    return replace(
        way,
        price_myen_per_mwh=way.price_myen_per_mwh[part],
        energy_myen_per_mwh=way.energy_myen_per_mwh[part],
        plant=None if way.plant is None else _cut_plant(way.plant, part),
    )


def _cut_plant(plant: PlantElsewhere, part: slice) -> PlantElsewhere:
    return replace(plant, sold_myen_per_mwh=plant.sold_myen_per_mwh[part])
