"""One design of many draws: at which costs it is made, how it is solved, and what draws take from it.

Draws move costs alone, so that one model of a scenario with one cooling system answers them all (`DesignModel`). A
design is asked for in plain words (`CostPoint`: values of rows, a rate, a law), so that whoever has the scenario can
make it, and makes the same one.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.errors import Problem, ScenarioError
from kiban.finance.demand import ELASTIC
from kiban.finance.drawn_costs import CostModel
from kiban.finance.drawn_purchases import buy_items, list_items
from kiban.finance.policy_points import plain_package, restore_package
from kiban.finance.project import PROCUREMENT_ACCOUNTS
from kiban.national.study.site_model import fingerprint
from kiban.planning.after_tax import under_policy
from kiban.planning.building import design_alone
from kiban.planning.preparation import Preparation
from kiban.planning.resources import Resources
from kiban.policy.terms import FinancingTerms, PolicyTerms
from kiban.scenario.package import Package
from kiban.tasks.task import digest

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart

LEVELS = (0.0, 0.1, 0.4)
"""Shares of the load that are served beside it in the designs."""
MARKET = (
    "energy", "export_revenue", "flexibility_revenue", "throughput", "fuel", "water", "unserved", *PROCUREMENT_ACCOUNTS
)  # fmt: skip
"""Costs of operation that a design has, charges on energy, carbon and what has a price in draws apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """What draws take from designs: each array has a row for each draw (or each design), of one column or more."""

    quantities: Array
    """By capacity (..., capacities)."""
    output_mwh: Array
    """Clean output by capacity, a year."""
    market: Array
    """Million yen a year by account of `MARKET`, without charges on energy."""
    import_mwh: Array
    emissions_t: Array
    load_mwh: Array
    works_myen: Array
    """What ratepayers bear of the network's reinforcement."""
    bought: Array
    """Of others, by item (..., items)."""

    def rows(self, numbers: npt.NDArray[np.int64]) -> Built:
        """Rows of these numbers."""
        return Built(*(getattr(self, one.name)[numbers] for one in fields(Built)))

    def with_rows(self, places: Sequence[int], others: Built) -> Built:
        """The same with other rows in some places."""
        found = []
        for one in fields(Built):
            rows = np.array(getattr(self, one.name))
            rows[list(places)] = getattr(others, one.name)
            found.append(rows)
        return Built(*found)


def mix(first: Built, second: Built, share: Array) -> Built:
    """Row by row `share` (draws, 1) of the second and the rest of the first."""
    pairs = ((getattr(first, field.name), getattr(second, field.name)) for field in fields(Built))
    return Built(*(one + share * (other - one) for one, other in pairs))


def choose(chosen: npt.NDArray[np.bool_], first: Built, second: Built) -> Built:
    """Row by row the first where it is chosen, else the second."""
    pairs = ((getattr(first, field.name), getattr(second, field.name)) for field in fields(Built))
    return Built(*(np.where(chosen[:, np.newaxis], one, other) for one, other in pairs))


def stack(parts: Sequence[Built]) -> Built:
    """All rows under one another."""
    return Built(*(np.vstack([getattr(part, field.name) for part in parts]) for field in fields(Built)))


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """What the prices of a design prove of operation with b bought of others.

    It costs at least `base - earned z - charge import - prices b + served q`.
    """

    base: float
    earned: Array
    charge: float
    prices: Array
    served: float
    carbon: float
    """Price of carbon at which it was solved: where that is higher, operation costs no less."""


@dataclass(frozen=True, slots=True)
class Law:
    """Packages, without the instruments whose conditions were not fulfilled (name of the package, number)."""

    packages: tuple[Package, ...]
    refused: tuple[tuple[str, int], ...] = ()

    def plain(self) -> dict[str, Any]:
        """In plain types."""
        packages = [plain_package(one) for one in self.packages]
        return {"packages": packages, "refused": [list(one) for one in self.refused]}

    @staticmethod
    def restore(content: Mapping[str, Any]) -> Law:
        """The law of `plain`."""
        refused = tuple((str(name), int(number)) for name, number in content["refused"])
        return Law(tuple(map(restore_package, content["packages"])), refused)


@dataclass(frozen=True, slots=True)
class CostPoint:
    """At which costs a design is made: values of rows of the catalogue, the real rate before tax, and the law.

    `used` is the share of the credits of an asset class that can be used, all of it where nothing is said.
    """

    values: Mapping[str, float]
    rate: float
    law: Law
    used: Mapping[str, float] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """In plain types."""
        return {"values": dict(self.values), "rate": self.rate, "law": self.law.plain(), "used": dict(self.used)}

    @staticmethod
    def restore(content: Mapping[str, Any]) -> CostPoint:
        """The point of `plain`."""
        return CostPoint(content["values"], content["rate"], Law.restore(content["law"]), content["used"])


class DesignModel:
    """Designs of one scenario with one cooling system, at any costs that draws have and any law."""

    def __init__(self, preparation: Preparation, costs: CostModel) -> None:
        self.preparation, self.costs = preparation, costs
        resources = costs.resources
        # What is sold is no cost of a design.
        self.unpaid = tuple(replace(tranche, price_myen_per_mwh=0.0, falling=None) for tranche in resources.tranches)
        self.capacities = tuple(resources.assets)
        self.load_mw = preparation.falling[ELASTIC].at_mw
        self.system = resources.cooling_system
        self._laws: dict[str, PolicyTerms] = {}

    def terms_of(self, law: Law) -> PolicyTerms:
        """What a law means for this scenario."""
        name = digest(law.plain())
        if name not in self._laws:
            terms = self.preparation.under(law.packages, without=law.refused).terms
            assert terms is not None
            self._laws[name] = terms
        return self._laws[name]

    def resources_at(self, point: CostPoint) -> Resources:
        """The resources of the programme at these costs after tax, without what compute is sold for."""
        capital = replace(self.preparation.capital, discount_rate=point.rate)
        neutral = replace(self.terms_of(point.law), financing=FinancingTerms())
        found = under_policy(self.costs.resources_at(point.values), neutral, capital, point.used)
        return replace(found, tranches=self.unpaid)

    @property
    def inputs(self) -> str:
        """A name for all that was read for the programme, by content."""
        return fingerprint(self.costs.resources, self.capacities)

    def nearest_level(self, served_mw: float) -> int:
        """The level of what is served beside the load at which a design starts."""
        return min(range(len(LEVELS)), key=lambda level: abs(LEVELS[level] * self.load_mw - served_mw))

    def solve(self, served_mw: float, point: CostPoint, warm: MutableMapping[str, WarmStart]) -> tuple[Built, Plane]:
        """The design that serves so much beside the load at these costs after tax; ScenarioError where there is none.

        `warm` is where it starts, by cooling system, and where it leaves a point to start from.
        """
        resources = self.resources_at(point)
        preparation = replace(self.preparation, terms=self.terms_of(point.law))
        found = design_alone(preparation, resources, {ELASTIC: served_mw}, warm)
        if found is None:
            said = {"served": served_mw, "whole": self.load_mw + served_mw}
            raise ScenarioError(Problem("finance.draws_room", key="draws", values=said))
        plan, prices = found
        quantities = dict.fromkeys(self.capacities, 0.0)
        for item in plan.investments:
            quantities[item.capacity] = item.quantity
        built = np.array([list(quantities.values())])
        yearly = np.array([sum(asset.annual_cost_myen for asset in resources.assets[n]) for n in self.capacities])
        reduced = np.array([prices.get(name, 0.0) for name in self.capacities])
        drawn, charge = plan.indicators["import_mwh_per_year"], self._charge(resources)
        market = [plan.costs.get(account, 0.0) for account in MARKET]
        market[0] -= charge * drawn
        items, bought = list_items(resources), buy_items(resources, plan)
        for one, quantity in zip(items, bought, strict=True):
            market[MARKET.index(one.account)] -= one.price * float(quantity)
        assert plan.certificate is not None
        served = prices.get(self.unpaid[0].capacity, 0.0)
        emissions = plan.indicators["emissions_t_per_year"] - plan.indicators.get("embodied_t_per_year", 0.0)
        return (
            Built(
                quantities=built,
                output_mwh=np.array([[plan.clean_output_mwh_per_year.get(name, 0.0) for name in self.capacities]]),
                market=np.array([market]),
                import_mwh=np.array([[drawn]]),
                emissions_t=np.array([[emissions]]),
                load_mwh=np.array([[plan.indicators["load_mwh_per_year"]]]),
                works_myen=np.array([[plan.ratepayers_works_myen]]),
                bought=bought[np.newaxis],
            ),
            Plane(
                base=plan.certificate.dual - float(reduced @ built[0]) - served * served_mw,
                earned=yearly - reduced,
                charge=charge,
                prices=np.array([item.price for item in items]),
                served=served,
                carbon=resources.carbon_price_myen_per_t,
            ),
        )

    def _charge(self, resources: Resources) -> float:
        """What is charged on a MWh drawn beside its market price."""
        grid = self.costs.resources.grid
        if resources.grid is None or grid is None:
            return 0.0
        dearer = float((resources.grid.price_myen_per_mwh - grid.price_myen_per_mwh).mean())
        return self.costs.charges[0] + dearer


def plain_design(built: Built, plane: Plane) -> list[dict[str, Any]]:
    """A design in plain types."""
    return [_plain(built), _plain(plane)]


def restore_design(content: Sequence[Mapping[str, Any]]) -> tuple[Built, Plane]:
    """The design of `plain_design`."""
    built, plane = content
    return Built(**_arrays(built)), Plane(**_arrays(plane))


def _plain(part: Built | Plane) -> dict[str, Any]:
    found = ((one.name, getattr(part, one.name)) for one in fields(part))
    return {name: value.tolist() if isinstance(value, np.ndarray) else float(value) for name, value in found}


def _arrays(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: np.array(one, dtype=float) if isinstance(one, list) else one for name, one in content.items()}
