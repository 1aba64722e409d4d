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
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kiban.arrays import Array
from kiban.finance.design_tasks import DesignAsked, DesignTasks
from kiban.finance.drawn_model import (
    LEVELS,
    Built,
    CostPoint,
    DesignModel,
    Plane,
    plain_design,
    restore_design,
    stack,
)
from kiban.linear.batch import answer_many
from kiban.planning.resources import Resources
from kiban.tasks.answering import answer_all

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart
    from kiban.tasks.pool import Pool
    from kiban.tasks.store import AnswerStore

GAP = 0.01
"""Of the yearly cost: how far a design that is used again may be from the least one."""


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

    def __init__(self, model: DesignModel, store: AnswerStore | None = None, pool: Pool | None = None) -> None:
        """With `store` each design is kept there, and one that is there is not solved again; `pool` solves them."""
        self._model, self._store, self._pool = model, store, pool
        self._tasks = DesignTasks(model) if store is not None or pool is not None else None
        self.capacities, self.load_mw = model.capacities, model.load_mw
        resources = model.costs.resources
        weight = resources.step_weight_h
        self.energy_mwh_per_mw = float(model.unpaid[0].shape.sum()) * weight
        self.firm_energy_mwh = float(resources.firm_mw.sum() + resources.arrivals_mw.sum()) * weight
        supplies = {supply.name: float(supply.availability.sum()) * weight for supply in resources.supply}
        self.clean = frozenset(supply.name for supply in resources.supply if supply.clean)
        self._most_output = np.array([supplies.get(name, 0.0) for name in self.capacities])
        self._limits, self._it = _limits(resources), self.capacities.index("it")
        self._most_bought = [(0.0, _limit(item.most)) for item in model.costs.items]
        # The least IT capacity is a limit of the programme; nothing needs more where nothing waits or is left out.
        own = resources.tranches_need_own_it
        self._least_it_mw, self._it_per_mw = resources.min_it_mw, float(model.unpaid[0].shape.max()) if own else 0.0
        self._fits = own and not resources.has_deferrable
        # What is learned first of each level, and the points that it leaves: all other designs start there.
        self._first: list[DesignAsked] = []
        self._warm: list[dict[str, WarmStart]] = [{} for _ in LEVELS]
        self._finding = threading.Lock()
        self._levels: list[list[Built]] = [[] for _ in LEVELS]
        self._planes: list[Plane] = []
        self.solved = 0

    def learn(self, points: Sequence[CostPoint]) -> None:
        """Solve the designs of all levels at these costs, for all draws to use; those at the first come first."""
        if not self._first:
            self._learn_at(points[:1])
            points = points[1:]
        self._learn_at(points)

    def _learn_at(self, points: Sequence[CostPoint]) -> None:
        asked = [(share * self.load_mw, point) for point in points for share in LEVELS]
        first, found = not self._first, self._find(asked)
        if first:
            self._first = [one for one, _ in found]
        for place, (_, (built, plane)) in enumerate(found):
            self._levels[place % len(LEVELS)].append(built)
            self._planes.append(plane)

    def solve(self, asked: Sequence[tuple[float, CostPoint]]) -> list[Built]:
        """The designs that serve so much beside the load at these costs after tax; ScenarioError where there is none.

        Each starts from what was learned first at the nearest level, so that it is the same whatever else was solved.
        """
        return [built for _, (built, _) in self._find(asked)]

    def _find(self, asked: Sequence[tuple[float, CostPoint]]) -> list[tuple[DesignAsked, tuple[Built, Plane]]]:
        """Designs from the store, by the pool, or solved here."""
        self.solved += len(asked)
        named = [DesignAsked(served_mw, point, self._start_of(served_mw)) for served_mw, point in asked]
        if self._pool is None:
            return list(zip(named, answer_many(named, self._answer_here), strict=True))
        assert self._tasks is not None
        answers = answer_all([self._tasks.task(one) for one in named], store=self._store, pool=self._pool)
        return list(zip(named, map(restore_design, answers), strict=True))

    def _start_of(self, served_mw: float) -> DesignAsked | None:
        """The first design of the nearest level, once there is one."""
        return self._first[self._model.nearest_level(served_mw)] if self._first else None

    def _answer_here(self, asked: DesignAsked) -> tuple[Built, Plane]:
        """A design from what is kept, or solved and kept."""
        if self._store is None:
            return self._solve(asked)
        assert self._tasks is not None
        key = self._tasks.task(asked).key(self._store.edition)
        known = self._store.find(key)
        if known is None:
            known = plain_design(*self._solve(asked))
            self._store.keep(key, known)
        return restore_design(known)

    def _solve(self, asked: DesignAsked) -> tuple[Built, Plane]:
        if asked.start is not None:
            return self._model.solve(asked.served_mw, asked.point, self._points_of(asked.start))
        level = self._model.nearest_level(asked.served_mw)
        found = self._model.solve(asked.served_mw, asked.point, self._warm[level])
        if self._store is not None and self._model.system in self._warm[level]:
            from kiban.linear.kernel.packing import pack

            self._store.keep_point(asked.name, pack(self._warm[level][self._model.system]))
        return found

    def _points_of(self, first: DesignAsked) -> dict[str, WarmStart]:
        """Where designs of a level start: at hand, kept, or solved again."""
        from kiban.linear.kernel.packing import unpack

        level = self._model.nearest_level(first.served_mw)
        with self._finding:
            if not self._warm[level]:
                kept = None if self._store is None else self._store.find_point(first.name)
                if kept is not None:
                    self._warm[level][self._model.system] = unpack(kept)
                else:
                    self._solve(first)
            return dict(self._warm[level])

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
