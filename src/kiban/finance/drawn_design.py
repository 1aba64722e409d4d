"""Designs that serve many draws: a few are solved, and for the others it is proven how far the best of them may be off.

Draws move costs alone, never the programme. With the capacities (and the energy drawn) `z`, what they cost `c` and what
operation costs with them `Q(z)`, a design is the least of `c z + Q(z)`, and Q is the same convex function in all draws.

    upper bound    any design that was solved once can be built: the cheapest of them at the new costs
    lower bound    each solved design gives a plane below Q (its prices): Q(z) >= base - earned z. The least of
                   `c z + max over planes` is a small linear programme and no design costs less

(Kelley, Journal of the Society for Industrial and Applied Mathematics 8, 1960.) Where the two are further apart than
`GAP`, a design is solved for that draw. Compute that is served beside the load, `q`, stands at a few levels; between
two of them a mixture of their designs serves what lies between, since the programme is convex, and the planes are of z
and q together.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.errors import Problem, ScenarioError
from kiban.finance.demand import ELASTIC
from kiban.finance.drawn_costs import CostModel
from kiban.finance.drawn_purchases import buy_items, list_items
from kiban.finance.kept_designs import KeptDesigns
from kiban.finance.project import PROCUREMENT_ACCOUNTS
from kiban.linear.batch import answer_many
from kiban.planning.building import design_alone
from kiban.planning.preparation import Preparation
from kiban.planning.resources import Resources
from kiban.policy.terms import PolicyTerms

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart
    from kiban.tasks.store import AnswerStore

GAP = 0.01
"""Of the yearly cost: how far a design that is used again may be from the least one."""
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
        return Built(*(getattr(self, field.name)[numbers] for field in fields(Built)))

    def with_rows(self, places: Sequence[int], others: Built) -> Built:
        """The same with other rows in some places."""
        found = []
        for field in fields(Built):
            rows = np.array(getattr(self, field.name))
            rows[list(places)] = getattr(others, field.name)
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


@dataclass(frozen=True, slots=True, eq=False)
class YearlyCosts:
    """Under one policy, by draw: a unit of each capacity (draws, capacities), and each MWh and tonne (draws, 1)."""

    capacities: Array
    charge: Array
    carbon: float
    production: Array
    """Production credit on each MWh of a capacity's clean output (draws, capacities)."""
    prices: Array
    """Of what is bought of others (draws, items)."""

    def of(self, built: Built) -> Array:
        """What designs cost in each draw, a row of designs for each (draws, designs)."""
        fixed = built.market.sum(axis=1) + self.carbon * built.emissions_t[:, 0]
        cost = self.capacities @ built.quantities.T + self.charge * built.import_mwh[:, 0] + fixed
        cost += self.prices @ built.bought.T
        return np.asarray(cost - self.production @ built.output_mwh.T)

    def of_rows(self, built: Built) -> Array:
        """What the design in each draw's own row costs there (draws,)."""
        cost = (self.capacities * built.quantities - self.production * built.output_mwh).sum(axis=1)
        cost += self.charge[:, 0] * built.import_mwh[:, 0] + self.carbon * built.emissions_t[:, 0]
        cost += (self.prices * built.bought).sum(axis=1)
        return np.asarray(cost + built.market.sum(axis=1))


class Designs:
    """Designs of one scenario with one cooling system, at levels of compute that is served beside the load."""

    def __init__(self, preparation: Preparation, costs: CostModel, store: AnswerStore | None = None) -> None:
        """With `store` each design is kept there, and one that is there is not solved again."""
        self._preparation = preparation
        self._kept = None if store is None else KeptDesigns(store, preparation.scenario)
        # What is sold is no cost of a design.
        unpaid = tuple(replace(tranche, price_myen_per_mwh=0.0, falling=None) for tranche in costs.resources.tranches)
        self._unpaid = unpaid
        self._base_charge = costs.charges[0]
        self._base_grid = costs.resources.grid
        resources = costs.resources
        self._system = resources.cooling_system
        self.capacities = tuple(resources.assets)
        self.load_mw = preparation.falling[ELASTIC].at_mw
        weight = resources.step_weight_h
        self.energy_mwh_per_mw = float(unpaid[0].shape.sum()) * weight
        self.firm_energy_mwh = float(resources.firm_mw.sum() + resources.arrivals_mw.sum()) * weight
        supplies = {supply.name: float(supply.availability.sum()) * weight for supply in resources.supply}
        self.clean = frozenset(supply.name for supply in resources.supply if supply.clean)
        self._most_output = np.array([supplies.get(name, 0.0) for name in self.capacities])
        self._limits, self._it = _limits(resources), self.capacities.index("it")
        self._most_bought = [(0.0, _limit(item.most)) for item in costs.items]
        # The least IT capacity is a limit of the programme; nothing needs more where nothing waits or is left out.
        own = resources.tranches_need_own_it
        self._least_it_mw, self._it_per_mw = resources.min_it_mw, float(unpaid[0].shape.max()) if own else 0.0
        self._fits = own and not resources.has_deferrable
        # What was learned first, and the points that its designs leave by level: all other designs start there.
        self._first: tuple[Resources, PolicyTerms] | None = None
        self._names = [""] * len(LEVELS)
        self._warm: list[dict[str, WarmStart]] = [{} for _ in LEVELS]
        self._finding = threading.Lock()
        self._levels: list[list[Built]] = [[] for _ in LEVELS]
        self._planes: list[Plane] = []
        self.solved = 0

    def solve(self, asked: Sequence[tuple[float, Resources]], terms: PolicyTerms) -> list[Built]:
        """The designs that serve so much beside the load at these costs after tax; ScenarioError where there is none.

        Each starts from what was learned first at the nearest level, so that it is the same whatever else was solved.
        """

        def solve_one(one: tuple[float, Resources]) -> Built:
            served_mw, resources = one
            nearest = min(range(len(LEVELS)), key=lambda level: abs(LEVELS[level] * self.load_mw - served_mw))
            return self._answer(nearest, served_mw, resources, terms)[0]

        found = list(answer_many(asked, solve_one))
        self.solved += len(found)
        return found

    def _answer(self, level: int, served_mw: float, resources: Resources, terms: PolicyTerms) -> tuple[Built, Plane]:
        """A design from what is kept, or solved and kept."""

        def solve_it() -> tuple[Built, Plane]:
            return self._solve(served_mw, resources, terms, self._points_at(level))

        if self._kept is None:
            return solve_it()
        name = self._kept.name_of(replace(resources, tranches=self._unpaid), served_mw, self._names[level])
        built, plane = self._kept.answer(name, solve_it, (Built, Plane))
        return built, plane

    def _answer_first(self, level: int, resources: Resources, terms: PolicyTerms) -> tuple[Built, Plane]:
        """The design of a level from which all others start."""
        served_mw = LEVELS[level] * self.load_mw
        if self._kept is None:
            return self._solve(served_mw, resources, terms, self._warm[level])
        name = self._kept.name_of(replace(resources, tranches=self._unpaid), served_mw, "")
        self._names[level] = name
        built, plane = self._kept.answer(name, lambda: self._solve_first(level, resources, terms), (Built, Plane))
        return built, plane

    def _solve_first(self, level: int, resources: Resources, terms: PolicyTerms) -> tuple[Built, Plane]:
        found = self._solve(LEVELS[level] * self.load_mw, resources, terms, self._warm[level])
        if self._kept is not None and self._system in self._warm[level]:
            self._kept.keep_point(self._names[level], self._warm[level][self._system])
        return found

    def _points_at(self, level: int) -> dict[str, WarmStart]:
        """Where a design at a level starts: at hand, kept, or solved again."""
        with self._finding:
            if not self._warm[level] and self._kept is not None and self._first is not None:
                point = self._kept.find_point(self._names[level])
                if point is not None:
                    self._warm[level][self._system] = point
                else:
                    self._solve_first(level, *self._first)
            return dict(self._warm[level])

    def _solve(
        self, served_mw: float, resources: Resources, terms: PolicyTerms, warm: dict[str, WarmStart]
    ) -> tuple[Built, Plane]:
        preparation = replace(self._preparation, terms=terms)
        resources = replace(resources, tranches=self._unpaid)
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
        served = prices.get(self._unpaid[0].capacity, 0.0)
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
        if resources.grid is None or self._base_grid is None:
            return 0.0
        dearer = float((resources.grid.price_myen_per_mwh - self._base_grid.price_myen_per_mwh).mean())
        return self._base_charge + dearer

    def learn(self, resources: Resources, terms: PolicyTerms) -> None:
        """Solve the designs of all levels at these costs, for all draws to use; ScenarioError where one has none."""

        is_first = self._first is None
        self._first = self._first or (resources, terms)

        def solve_one(level: int) -> tuple[Built, Plane]:
            if is_first:
                return self._answer_first(level, resources, terms)
            return self._answer(level, LEVELS[level] * self.load_mw, resources, terms)

        for known, (built, plane) in zip(self._levels, answer_many(range(len(LEVELS)), solve_one), strict=True):
            known.append(built)
            self._planes.append(plane)
        self.solved += len(LEVELS)

    @property
    def levels(self) -> tuple[Built, ...]:
        """Designs of each level, all that are known."""
        return tuple(map(stack, self._levels))

    def gaps(self, costs: YearlyCosts, built: Built, served_mw: Array) -> Array:
        """How far designs may be from the least cost of their draws, as a share of it (draws,); infinite: not known.

        A production credit is counted on all that could be delivered, so that the bound holds.
        """
        from scipy.optimize import linprog

        planes = [plane for plane in self._planes if plane.carbon <= costs.carbon]
        total = costs.of_rows(built)
        needed = self._least_it_mw + self._it_per_mw * served_mw[:, 0]
        rows = np.array([[*-plane.earned, -plane.charge, *-plane.prices, -1.0] for plane in planes])
        base, served = (np.array([getattr(plane, name) for plane in planes]) for name in ("base", "served"))
        yearly = costs.capacities - costs.production * self._most_output
        least = np.full(len(total), -np.inf)
        for draw in range(len(total)):
            limits = list(self._limits)
            limits[self._it] = (needed[draw], needed[draw] if self._fits else None)
            below = -(base + served * served_mw[draw, 0])
            given = np.array([*yearly[draw], costs.charge[draw, 0], *costs.prices[draw], 1.0])
            bounds = [*limits, (0.0, None), *self._most_bought, (None, None)]
            found = linprog(given, A_ub=rows, b_ub=below, bounds=bounds, method="highs")
            if found.status == 0:
                least[draw] = found.fun
        return np.asarray((total - least) / np.maximum(np.abs(total), 1.0))


def _limits(resources: Resources) -> list[tuple[float, float | None]]:
    """Least and most of each capacity, in their order."""
    found = dict.fromkeys(resources.assets, (0.0, np.inf))
    for supply in resources.supply:
        found[supply.name] = (supply.min_mw, supply.max_mw)
    for storage in resources.storages:
        found[storage.power] = (storage.min_power_mw, storage.max_power_mw)
        found[storage.energy] = (storage.min_energy_mwh, storage.max_energy_mwh)
    if resources.grid is not None:
        found["interconnection"] = (resources.grid.min_mw, resources.grid.max_mw)
    for plant in resources.procurement.plants if resources.procurement is not None else ():
        if plant.capacity in found:
            found[plant.capacity] = (plant.min_mw, plant.max_mw)
    return [(low, _limit(high)) for low, high in found.values()]


def _limit(most: float) -> float | None:
    """A limit as linear programmes of scipy take it."""
    return None if np.isinf(most) else float(most)
