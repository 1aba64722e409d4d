"""The numbers of the ways in which power is bought: menus, the market, plants elsewhere, certificates.

Arrays have shape `(steps,)`; power in MW, energy in MWh, money in million yen. A period is a month of a weather year:
`period_of_step` says in which one a step lies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.scenario.procurement import BILLED, BOUGHT, CERTIFIED, CONTRACTED, PROCURED

MARKET = "market"
"""The way of the day-ahead market through a supplier."""
DEMAND = "demand"
"""The charge on the peak of all that is drawn."""
CAPACITY = "capacity_contribution"
"""The charge on the peak of what is bought without a bundled menu."""


@dataclass(frozen=True, slots=True)
class WayResource:
    """A menu, or the market: its price of each MWh, the network's charges aside, and its charge on contract power."""

    name: str
    energy_myen_per_mwh: Array
    basic_myen_per_mw_year: float = 0.0
    """The network's part aside."""
    ratchet_share: float = 1.0
    max_mw: float = math.inf
    bundled: bool = False
    """Whether the capacity contribution is in its prices."""
    follows_market: bool = False
    """Whether its price moves with the day-ahead price where the campus stands."""

    @property
    def bought(self) -> str:
        """Power bought so in each step."""
        return f"{BOUGHT}{self.name}"

    @property
    def contracted(self) -> str:
        """The most that may be bought so, MW, where it is limited or charged for."""
        return f"{CONTRACTED}{self.name}"


@dataclass(frozen=True, slots=True)
class PlantResource:
    """A plant elsewhere. Costs of a MW are for a year, those of delivery for a MWh that arrives."""

    name: str
    way: str
    availability: Array
    min_mw: float
    max_mw: float
    loss_share: float
    paid_myen_per_mw: float
    """For all that a MW generates, at the strike."""
    balancing_myen_per_mw: float
    sold_myen_per_mw: float
    """What a MW would bring if all of it were sold at the plant's market."""
    generation_charge_myen_per_mw: float
    annual_cost_myen_per_mw: float
    """Of a plant of one's own."""
    delivered_myen_per_mwh: Array
    exempt_myen_per_mwh: float
    """Surcharge that is not due on what arrives."""
    generated_mwh_per_mw: float
    area: str | None = None
    """Grid area in which it stands."""
    technology: str = "pv"
    strike_myen_per_mwh: float = 0.0
    """Of all that it generates, as are the next three; the costs of a MW above are these over the year."""
    balancing_myen_per_mwh: float = 0.0
    generation_energy_myen_per_mwh: float = 0.0
    """Energy part of the generation-side charge."""
    sold_myen_per_mwh: Array | float = 0.0
    """What its sale brings in each step, where all that is not taken is sold."""
    follows_market: bool = False
    """Whether what arrives is paid at the day-ahead price where the campus stands."""

    @property
    def capacity(self) -> str:
        """Name of the MW in the programme."""
        return f"{PROCURED}{self.name}"

    @property
    def bought(self) -> str:
        """Power that arrives in each step."""
        return f"{BOUGHT}{self.name}"

    @property
    def delivers(self) -> bool:
        """Whether any power arrives: a virtual contract is money alone."""
        return self.way != "virtual"

    @property
    def cost_myen_per_mw(self) -> float:
        """All that a MW costs in a year, less what selling its output would bring."""
        paid = self.paid_myen_per_mw + self.balancing_myen_per_mw - self.sold_myen_per_mw
        return paid + self.generation_charge_myen_per_mw + self.annual_cost_myen_per_mw


@dataclass(frozen=True, slots=True)
class CertificateResource:
    """Certificates of one kind."""

    kind: str
    price_myen_per_mwh: float
    most_mwh_per_year: float

    @property
    def capacity(self) -> str:
        """Name in the programme: certificates as their mean over the year, MW."""
        return f"{CERTIFIED}{self.kind}"


@dataclass(frozen=True, slots=True)
class PeakCharge:
    """A charge on the highest power of each period: by its own peak, or at least a share of the highest of them all.

    `cost_myen_per_mw` is by period; `bought` are the hourly variables that add up to the power.
    """

    name: str
    bought: tuple[str, ...]
    cost_myen_per_mw: Array
    ratchet_share: float
    max_mw: float = math.inf

    @property
    def has_ratchet(self) -> bool:
        """Whether the highest peak of all periods counts in each."""
        return self.ratchet_share > 0

    @property
    def row(self) -> str:
        """Name of the constraint that holds the peaks."""
        return f"peak_{self.name}"

    @property
    def contracted(self) -> str:
        """The highest peak of all periods, MW."""
        return f"{CONTRACTED}{self.name}"

    def billed(self, period: int) -> str:
        """What is charged in a period, MW."""
        return f"{BILLED}{self.name}_{period:02d}"


@dataclass(frozen=True, slots=True)
class ProcurementResource:
    """All ways to buy, and what is charged for peaks."""

    ways: tuple[WayResource, ...]
    plants: tuple[PlantResource, ...]
    period_of_step: npt.NDArray[np.int64]
    period_months: tuple[int, ...]
    """Month of the year of each period."""
    market_price_myen_per_mwh: Array | None
    demand_myen_per_mw: Array
    """Charge on the peak of all that is drawn, by period."""
    demand_ratchet_share: float
    capacity_myen_per_mw: Array
    """Capacity contribution on the peak of what no bundled menu covers, by period."""
    certificates: tuple[CertificateResource, ...] = ()
    claim_share: float | None = None
    contract_power_mw: float | None = None
    loss_share: float = 0.0
    """Of what the market delivers, on the way to the campus."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Hourly variables of power that arrives, by all ways."""
        return (*(way.bought for way in self.ways), *(plant.bought for plant in self.plants if plant.delivers))

    @property
    def peak_charges(self) -> tuple[PeakCharge, ...]:
        """All charges on peaks that are not nothing."""
        periods = len(self.period_months)
        unbundled = [way.bought for way in self.ways if not way.bundled]
        unbundled += [plant.bought for plant in self.plants if plant.delivers]
        found = [
            PeakCharge(
                way.name,
                (way.bought,),
                np.full(periods, way.basic_myen_per_mw_year / periods),
                way.ratchet_share,
                way.max_mw,
            )
            for way in self.ways
        ]
        found.append(PeakCharge(DEMAND, ("import",), self.demand_myen_per_mw, self.demand_ratchet_share))
        found.append(PeakCharge(CAPACITY, tuple(unbundled), self.capacity_myen_per_mw, 0.0))
        return tuple(charge for charge in found if charge.bought and charge.cost_myen_per_mw.any())
