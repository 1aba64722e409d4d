"""The plan: the frozen result of BUILD.

`capacities` carry their unit in the name; `costs` are million yen a year by item and add up to the certificate's primal
objective, and to what is paid beyond it where prices answer (`price_response`); `indicators` are the yearly figures;
`hourly` has one array per column over `time`; `worths` are the prices of the constraints; `provenance` says where each
input came from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kiban.arrays import Array
from kiban.linear import Certificate
from kiban.messages import Message
from kiban.planning.procurement_result import Bought
from kiban.planning.provenance import Entry
from kiban.policy.terms import PolicyTerms
from kiban.scenario import Scenario, dump_scenario

if TYPE_CHECKING:
    import pandas as pd
    import pypsa


@dataclass(frozen=True, slots=True)
class Worth:
    """What relaxing one constraint is worth.

    `saving_myen` is the fall of the yearly cost for one `unit` of relaxation of scenario key `key`
    (never negative), `limit` the value that holds now, in that unit.
    """

    name: str
    key: str
    saving_myen: float
    unit: str
    limit: float


@dataclass(frozen=True, slots=True)
class Change:
    """A new value for one scenario key."""

    key: str
    current: float
    needed: float
    unit: str


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Changes that together make the scenario feasible (mostly one), and the plan's yearly cost with them."""

    changes: tuple[Change, ...]
    cost_myen_per_year: float


LEAST_CAPACITIES = "least_capacities"
"""The least capacities and the battery's hours contradict each other, whatever the limits are."""
NO_SUPPLY = "no_supply"
"""Nothing that the scenario allows can serve the load, whatever the limits are."""
NO_SUPPLY_AT_TIMES = "no_supply_at_times"
"""The same of some hours: what could serve the load rests then, and nothing stores it."""

SURPLUS = "surplus"
"""More power has to be taken than finds a use: only storages that charge and discharge at once would burn it."""


@dataclass(frozen=True, slots=True)
class Infeasibility:
    """Why no design exists: which keys collide, which hours lack energy, and what would help, cheapest first.

    `collisions` are scenario keys, or `LEAST_CAPACITIES`, `NO_SUPPLY`, `NO_SUPPLY_AT_TIMES` or `SURPLUS` alone where
    no limit of the user's is at fault.
    `shortfall_mwh` is the energy a year that is missing when every capacity limit holds and the yearly
    targets do not; `hours` are the worst hours of it.
    """

    collisions: tuple[str, ...]
    hours: tuple[str, ...]
    shortfall_mwh: float
    relaxations: tuple[Relaxation, ...]


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another cooling system and its least cost; with `is_bound` what it costs at least, dearer than the plan."""

    cooling_system: str
    cost_myen_per_year: float
    is_bound: bool = False


@dataclass(frozen=True, slots=True)
class Investment:
    """An asset that the plan builds; million yen at constant prices, before any support.

    `quantity` is in `unit` of `capacity`. `annual_capital_myen` is what the programme counted for the capital: its
    recovery before tax, or the user cost under the policy. A service that is hired has no price and a yearly charge.
    """

    asset: str
    capacity: str
    quantity: float
    unit: str
    capex_myen: float
    life_years: float
    fixed_om_myen_per_year: float
    network_charge_myen_per_year: float
    annual_capital_myen: float


@dataclass(frozen=True, slots=True)
class ServedTranche:
    """Compute that was offered at a price, and how much of it the plan serves.

    The price is what it is worth to its buyers, the mean over what is served. They pay that, or, where it is
    `sold_as_load`, what the load costs.
    """

    name: str
    offered_mw: float
    served_mw: float
    price_myen_per_mwh: float
    it_energy_mwh_per_year: float
    must_serve: bool
    committed: str | None = None
    """`hour`, `day` or `week`: within which period the energy of the MW that are sold is promised."""
    reliability: float = 1.0
    """Least share of the promised energy that is delivered."""
    unserved_mwh_per_year: float = 0.0
    """Promised energy that is not delivered, and not paid."""
    sold_as_load: bool = False


@dataclass(frozen=True, slots=True)
class YearFigures:
    """One weather year of a plan, called by the calendar year in which it begins; the design is that of all years."""

    year: int
    cost_myen_per_year: float
    clean_share: float
    emissions_t_per_year: float


@dataclass(frozen=True, slots=True)
class Spread:
    """The median over the weather years, and what nine of ten years keep."""

    cost_p50_myen_per_year: float
    cost_p90_myen_per_year: float
    clean_share_p50: float
    clean_share_p90: float


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The least-cost design of one scenario, or the explanation why there is none."""

    status: Literal["optimal", "infeasible"]
    scenario: Scenario
    cooling_system: str
    capacities: Mapping[str, float]
    costs: Mapping[str, float]
    indicators: Mapping[str, float]
    worths: tuple[Worth, ...]
    alternatives: tuple[Alternative, ...]
    time: pd.DatetimeIndex
    hourly: Mapping[str, Array]
    certificate: Certificate | None
    provenance: tuple[Entry, ...]
    notes: tuple[Message, ...]
    infeasibility: Infeasibility | None = None
    investments: tuple[Investment, ...] = ()
    tranches: tuple[ServedTranche, ...] = ()
    clean_output_mwh_per_year: Mapping[str, float] = field(default_factory=dict)
    """Energy that each clean supply option delivers, curtailment shared by what was available."""
    energy_charges_myen_per_year: Mapping[str, float] = field(default_factory=dict)
    """What of the energy bill goes to the renewable `surcharge` and to the `network`."""
    capital_factors: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Yearly cost of each yen of capital, by capacity on offer (built or not) and asset."""
    production_credits_myen_per_mwh: Mapping[str, float] = field(default_factory=dict)
    """Worth of the production credit on each MWh of a supply option, before tax and levelled over the horizon."""
    ratepayers_works_myen: float = 0.0
    """What all ratepayers bear of the reinforcement of the network."""
    years: tuple[YearFigures, ...] = ()
    """Each weather year of a design for several; empty for one year."""
    spread: Spread | None = None
    """The spread over those years."""
    bought: Bought | None = None
    """What is bought and which way, where the scenario says how; None buys at the grid's price."""
    policy: PolicyTerms | None = None
    """The terms under which the design was chosen; None is before tax."""

    @property
    def cost_myen_per_year(self) -> float:
        """Yearly cost of the design, million yen: the sum of `costs` without what tranches of compute pay."""
        return float(sum(cost for item, cost in self.costs.items() if item != "compute_revenue"))

    @property
    def net_cost_myen_per_year(self) -> float:
        """Yearly cost less what tranches of compute pay, the sum of `costs`; the objective, if no price answers."""
        return float(sum(self.costs.values()))

    @property
    def assumptions(self) -> tuple[Entry, ...]:
        """Inputs that rest on a figure that is not verified."""
        return tuple(entry for entry in self.provenance if entry.status == "assumed")

    def to_pypsa(self) -> pypsa.Network:
        """The same problem as a PyPSA network (needs the extra `kiban[pypsa]`).

        The inputs are read again from the scenario. `kiban.planning.pypsa_network.optimise` solves it.
        """
        from kiban.planning.preparation import prepare
        from kiban.planning.pypsa_network import build_network
        from kiban.planning.stored_energy import may_lose_purchases

        resources = prepare(self.scenario).resources_for(self.cooling_system)
        weight = resources.step_weight_h
        stored = self.hourly.get("charge_mw", np.zeros(1)) - self.hourly.get("discharge_mw", np.zeros(1))
        loses = float(stored.sum()) * weight > sum(self.clean_output_mwh_per_year.values())
        if loses and may_lose_purchases(resources):
            resources = dataclasses.replace(resources, loses_purchases=True)
        return build_network(resources, self.time)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Plan):
            return NotImplemented
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in dataclasses.fields(self))

    __hash__ = None  # type: ignore[assignment]


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, Scenario) and isinstance(right, Scenario):
        # Two scenarios are the same if they say the same, wherever their files' names are read from.
        here = Path.cwd()
        return dump_scenario(left, here) == dump_scenario(right, here)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return list(left) == list(right) and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, np.ndarray):
        return np.array_equal(left, right)
    equal = left == right
    return bool(equal.all()) if hasattr(equal, "all") else bool(equal)
