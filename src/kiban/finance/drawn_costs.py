"""What capacities and energy cost in each draw: prices of assets by row of the catalogue, user costs by rate.

The prices are read as for any scenario that gives those rows another value, so that a draw is that scenario. The user
cost of an asset depends on the rate alone once the law is given: it is a polynomial through its values at Chebyshev's
points, exact to the last digits that are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.finance.drawn_purchases import Item, list_items, only_prices_move
from kiban.finance.uncertain import CHIP_LIFE, DEMAND, RATES, Uncertain, uncertain
from kiban.planning.asset_costs import AssetCost
from kiban.planning.grid_supply import read_energy_charge
from kiban.planning.inputs import Inputs
from kiban.planning.preparation import Preparation
from kiban.planning.procured import ProcurementResource
from kiban.planning.procurement_options import open_tariffs, read_procurement
from kiban.planning.provenance import Recorder
from kiban.planning.resources import Resources
from kiban.policy.capital import CapitalTerms, asset_user_cost
from kiban.policy.terms import FinancingTerms, PolicyTerms
from kiban.scenario.plant import KNOWN_SUPPLY, Supply

if TYPE_CHECKING:
    from numpy.polynomial.chebyshev import Chebyshev

RATE_ENDS = (0.0, 0.4)
"""Real rates before tax between which user costs are known."""
DEGREE = 32
Assets = Mapping[str, tuple[AssetCost, ...]]
Charges = tuple[float, float, float]
PER_COOLING = "cooling."
"""Rows that decide between cooling systems; the draws keep the system of the plan."""


@dataclass(frozen=True, slots=True)
class Part:
    """One asset of one capacity."""

    capacity: str
    place: int
    asset: str
    life_years: float


@dataclass(frozen=True, slots=True, eq=False)
class UnitCosts:
    """Million yen for each unit of a capacity, by draw and part (draws, parts), and charges on a MWh (draws, 1).

    `prices` are those of what is bought of others (draws, items).
    """

    capex: Array
    fixed_om: Array
    network: Array
    charge: Array
    surcharge: Array
    network_charge: Array
    prices: Array

    def of(self, chosen: Array) -> UnitCosts:
        """Those of some draws."""
        return UnitCosts(*(getattr(self, name)[chosen] for name in self.__slots__))


class CostsAt(NamedTuple):
    """Costs at some values of the rows.

    Assets by capacity, the charge on a MWh drawn with what of it is the surcharge and the network's, the ways to buy,
    and the prices of what is bought (items).
    """

    assets: dict[str, tuple[AssetCost, ...]]
    charges: Charges
    procurement: ProcurementResource | None
    bought: tuple[float, ...]

    @property
    def prices(self) -> tuple[dict[str, tuple[AssetCost, ...]], Charges, tuple[float, ...]]:
        """All that rows move."""
        return self.assets, self.charges, self.bought


class CostModel:
    """Costs before tax of one scenario with one cooling system, at any values of the rows that move them."""

    def __init__(self, preparation: Preparation, cooling_system: str) -> None:
        preparation.resources_for(cooling_system)
        self.resources: Resources = preparation.before_tax[cooling_system]
        self._preparation = preparation
        self.catalogue: Catalogue = preparation.recorder.catalogue
        self._known = self._read(self.catalogue)
        charge = self._known[1]
        grid = self.resources.grid
        # A scenario that gives its charge, or another country's price, has none of the catalogue's.
        self.charges = charge if grid is not None else (0.0, 0.0, 0.0)
        self.items: tuple[Item, ...] = list_items(self.resources)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Assets of all capacities, in the order of columns."""
        return tuple(
            Part(capacity, place, asset.asset, asset.life_years)
            for capacity, made_of in self.resources.assets.items()
            for place, asset in enumerate(made_of)
        )

    def find_rows(self) -> tuple[Uncertain, ...]:
        """Rows with a range that this scenario reads and that move its costs, finance or demand; by name."""
        read = [entry.name for entry in self._preparation.recorder if entry.name in self.catalogue]
        several = len(self._preparation.cooling_systems) > 1
        found = []
        for name in read:
            if name in RATES or name in DEMAND or (several and name.startswith(PER_COOLING)):
                continue
            row = uncertain(self.catalogue, name, "life" if name == CHIP_LIFE else "cost")
            if row is not None and (name == CHIP_LIFE or self._moves_costs(row)):
                found.append(row)
        others = [uncertain(self.catalogue, name, "rate") for name in RATES]
        others += [uncertain(self.catalogue, name, "demand") for name in DEMAND]
        return (*found, *(row for row in others if row is not None))

    def _moves_costs(self, row: Uncertain) -> bool:
        """Whether prices change with the row, and neither lives nor what has no price of its own."""
        moved = [self.at({row.row: end}) for end in row.ends if end != row.triangle.mode]
        same_lives = all(
            [asset.life_years for asset in made_of] == [asset.life_years for asset in found.assets[capacity]]
            for found in moved
            for capacity, made_of in self.resources.assets.items()
        )
        known = self.resources.procurement
        same_else = all(
            known is None or found.procurement is None or only_prices_move(known, found.procurement) for found in moved
        )
        return same_lives and same_else and any(found.prices != self.at({}).prices for found in moved)

    def at(self, values: Mapping[str, float]) -> CostsAt:
        """What all costs at these values."""
        found, charges, procurement = self._known if not values else self._read(self.catalogue.overridden(values))
        moved = {}
        for capacity, made_of in self.resources.assets.items():
            now, before = found.get(capacity, ()), self._known[0].get(capacity, ())
            moved[capacity] = made_of if len(before) != len(made_of) else tuple(map(_shifted, made_of, now, before))
        items = list_items(replace(self.resources, procurement=procurement))
        return CostsAt(moved, charges, procurement, tuple(item.price for item in items))

    def _read(self, catalogue: Catalogue) -> tuple[Assets, Charges, ProcurementResource | None]:
        preparation, resources = self._preparation, self.resources
        known = preparation.inputs
        inputs = Inputs(known.scenario, Recorder(catalogue), known.place)
        costs, scenario = inputs.costs, inputs.scenario
        costs.it_capacity(resources.cooling_system, preparation.plant.compute.chips_per_mw, inputs.place.area)
        for supply in resources.supply:
            if supply.name in KNOWN_SUPPLY or supply.name in scenario.supply:
                costs.supply(supply.name, scenario.supply.get(supply.name, Supply()))
        if resources.battery is not None:
            costs.battery()
        charges, tariffs = (0.0, 0.0, 0.0), open_tariffs(inputs)
        if resources.grid is not None:
            basic = None if tariffs is None else tariffs.basic_myen_per_mw_year
            costs.connection(lambda: inputs.place.area or "", basic)
            charges = read_energy_charge(inputs) if tariffs is None else tariffs.energy_charges
        if resources.backup is not None:
            costs.backup(scenario.backup.technology)
        return costs.assets, charges, self._read_procurement(inputs)

    def _read_procurement(self, inputs: Inputs) -> ProcurementResource | None:
        """The ways to buy; the day-ahead price where the campus stands is no part of the draws."""
        known = self.resources.procurement
        if known is None:
            return None
        here = known.market_price_myen_per_mwh
        return read_procurement(inputs, None if here is None else lambda: here)

    def unit_costs(self, rows: Sequence[Uncertain], values: Array) -> UnitCosts:
        """Costs in each draw; `values` are those of all rows (draws, rows)."""
        places = [place for place, row in enumerate(rows) if row.kind == "cost"]
        drawn, back = np.unique(values[:, places], axis=0, return_inverse=True)
        tables: list[list[tuple[float, ...]]] = []
        charges, prices = [], []
        for draw in drawn:
            found = self.at({rows[place].row: float(value) for place, value in zip(places, draw, strict=True)})
            whole = [found.assets[part.capacity][part.place] for part in self.parts]
            tables.append(
                [(one.capex_myen, one.fixed_om_myen_per_year, one.network_charge_myen_per_year) for one in whole]
            )
            charges.append(found.charges)
            prices.append(found.bought)
        table, charge_table = np.array(tables)[back], np.array(charges)[back]
        columns = [table[:, :, place] for place in range(3)]
        columns += [charge_table[:, [place]] for place in range(3)]
        columns.append(np.array(prices).reshape(len(drawn), -1)[back])
        return UnitCosts(*columns)

    def resources_at(self, values: Mapping[str, float]) -> Resources:
        """The resources of the programme before tax at these values."""
        found = self.at(values)
        charge, surcharge, network = found.charges
        grid = self.resources.grid
        if grid is not None:
            grid = replace(
                grid,
                price_myen_per_mwh=grid.price_myen_per_mwh + (charge - self.charges[0]),
                surcharge_myen_per_mwh=surcharge,
                network_charge_myen_per_mwh=network,
            )
        return replace(self.resources, assets=found.assets, grid=grid, procurement=found.procurement)


def _shifted(known: AssetCost, now: AssetCost, before: AssetCost) -> AssetCost:
    """The asset with what the rows change of it; what was added to it beside the rows stays."""
    return replace(
        known,
        capex_myen=known.capex_myen + (now.capex_myen - before.capex_myen),
        fixed_om_myen_per_year=known.fixed_om_myen_per_year
        + (now.fixed_om_myen_per_year - before.fixed_om_myen_per_year),
        network_charge_myen_per_year=known.network_charge_myen_per_year
        + (now.network_charge_myen_per_year - before.network_charge_myen_per_year),
        annual_capital_myen=known.annual_capital_myen,
        life_years=known.life_years + (now.life_years - before.life_years),
    )


class UserCosts:
    """User cost of assets for each yen of their price under one policy, at any rate of the design.

    What financing takes off the rate is in the rate.
    """

    def __init__(self, terms: PolicyTerms, capital: CapitalTerms) -> None:
        self._terms, self._capital = replace(terms, financing=FinancingTerms()), capital
        self._known: dict[tuple[str, float, float], Chebyshev] = {}

    def at(self, parts: Sequence[Part], rates: Array, used: Mapping[str, Array]) -> Array:
        """At the real rate before tax of each draw (draws, 1), by part (draws, parts).

        `used` is the share of the credits of an asset class that can be used (draws, 1); all of it where nothing is
        said. The cost is a straight line in that share.
        """
        if np.any((rates <= RATE_ENDS[0]) | (rates >= RATE_ENDS[1])):
            raise ValueError(f"a rate outside {RATE_ENDS}")
        found: dict[tuple[str, float], Array] = {}
        for part in parts:
            key = (part.asset, part.life_years)
            if key in found:
                continue
            whole = self._curve(*key, 1.0)(rates)
            share = used.get(part.asset)
            if share is not None and np.any(share < 1.0):
                none = self._curve(*key, 0.0)(rates)
                whole = none + share * (whole - none)
            found[key] = whole
        return np.hstack([found[part.asset, part.life_years] for part in parts])

    def _curve(self, asset: str, life_years: float, used: float) -> Chebyshev:
        from numpy.polynomial.chebyshev import Chebyshev

        def factor(rates: Array) -> Array:
            capital = (replace(self._capital, discount_rate=float(rate)) for rate in rates)
            return np.array(
                [asset_user_cost(asset, life_years, self._terms, one, used).annual_factor for one in capital]
            )

        key = (asset, life_years, used)
        if key not in self._known:
            self._known[key] = Chebyshev.interpolate(factor, DEGREE, domain=list(RATE_ENDS))
        return self._known[key]
