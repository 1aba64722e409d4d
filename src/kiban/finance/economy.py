"""What spending on a campus sets in motion: output, value added and jobs, at home and in the prefecture.

Open Leontief model with leakage (Miller and Blair 2009, chapters 2, 3 and 6). Of each input a share is bought
outside the boundary: x = L f with L = (I - A_in)^-1 and A_in = (share bought inside) A. Direct effects are the
output f itself, indirect ones its suppliers' (L - I) f, induced ones what households do with the wages, from the
inverse that is closed with them. The headline is direct and indirect; induced effects assume idle hands and average
spending, and are shown apart as an upper bound.

For a prefecture the shares come from location quotients, SLQ_i = (share in the nation's output of i) / (share in all
output), at most 1 of each input: with SLQ alone (leaks little), or Flegg's (leaks much):

    FLQ_ij = (SLQ_i / SLQ_j, for i = j SLQ_i) [log2(1 + share in all output)]^delta

Money is million yen at today's prices; the table's ratios hold at its own, so jobs count deflated output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.catalogue.economy_tables import InputOutputTable, demand_shares, load_input_output, shares_of
from kiban.catalogue.facts import Fact

Quotient = Literal["slq", "flq"]
MYEN_PER_BN_YEN = 1_000.0
LAND_ASSET = "building"
"""The asset whose price includes land; land changes hands and makes nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """An economy within a boundary: what its sectors buy inside, and the inverses that follow."""

    table: InputOutputTable
    inside: Array
    """Coefficients of inputs bought within the boundary."""
    final_share: Array
    """Share of a purchase for final use that is supplied within the boundary."""
    inverse: Array
    household_inverse: Array
    """With households as one more sector, last in rows and columns."""

    @property
    def output_multipliers(self) -> Array:
        """Output within the boundary per yen of final demand for each sector's products."""
        return np.asarray(self.inverse.sum(axis=0))

    @property
    def household_factor(self) -> float:
        """Wages with households' spending over wages without, the same for every sector."""
        return float(self.household_inverse[-1, -1])


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """One round of effects by sector: million yen, and jobs (for spending in one year: job-years)."""

    output_myen: Array
    value_added_myen: Array
    wages_myen: Array
    jobs_by_sector: Array

    @property
    def output(self) -> float:
        """Over all sectors, million yen."""
        return float(self.output_myen.sum())

    @property
    def value_added(self) -> float:
        """Over all sectors, million yen."""
        return float(self.value_added_myen.sum())

    @property
    def wages(self) -> float:
        """Over all sectors, million yen."""
        return float(self.wages_myen.sum())

    @property
    def jobs(self) -> float:
        """Over all sectors."""
        return float(self.jobs_by_sector.sum())

    def plus(self, other: Effect) -> Effect:
        """Both together."""
        return Effect(
            self.output_myen + other.output_myen,
            self.value_added_myen + other.value_added_myen,
            self.wages_myen + other.wages_myen,
            self.jobs_by_sector + other.jobs_by_sector,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """Effects within a boundary, apart by round."""

    direct: Effect
    indirect: Effect
    induced: Effect
    leaked_myen: float
    """What direct and indirect demand buys outside the boundary; with their value added it is all that was spent."""

    @property
    def headline(self) -> Effect:
        """Direct and indirect effects."""
        return self.direct.plus(self.indirect)


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """Spending: what goes to each sector at home, what goes abroad at once, and what pays for land; million yen."""

    home_myen: Array
    abroad_myen: float
    land_myen: float

    @property
    def total_myen(self) -> float:
        """All that is spent."""
        return float(self.home_myen.sum()) + self.abroad_myen + self.land_myen


@dataclass(frozen=True, slots=True, eq=False)
class EconomicImpact:
    """Effects of one demand in the nation and, where its prefecture has a table, there as a range."""

    demand: Demand
    national: Effects
    prefecture: str | None
    regional_low: Effects | None
    regional_high: Effects | None

    @property
    def imports_myen(self) -> float:
        """Bought abroad, at once and by suppliers."""
        return self.demand.abroad_myen + self.national.leaked_myen

    def summary(self) -> dict[str, Any]:
        """Plain numbers for tables and JSON; million yen and jobs (job-years where the spending is one year's)."""
        spent = {
            "spent_myen": self.demand.total_myen, "imports_myen": self.imports_myen, "land_myen": self.demand.land_myen,
        }  # fmt: skip
        regions = {"regional_low": self.regional_low, "regional_high": self.regional_high}
        found = {name: _summarise(effects) for name, effects in regions.items() if effects is not None}
        return {**spent, "prefecture": self.prefecture, "national": _summarise(self.national), **found}


@dataclass(frozen=True, slots=True)
class EconomyTerms:
    """What the model assumes beside its tables."""

    price_level: float
    """Prices of today over those of the table."""
    spent_share: float
    """Share of further wages that households spend."""
    flq_delta: float
    imports: Mapping[str, float]
    """Share of an asset's price that goes abroad, by asset class."""
    land_share: float
    """Share of the building's price that pays for land."""
    facts: tuple[Fact, ...] = ()


def read_economy_terms(catalogue: Catalogue) -> EconomyTerms:
    """The catalogue's assumptions."""
    names = ("economy.price_level", "economy.spent_share", "economy.flq_delta", "finance.land_share.building")
    rows = tuple(catalogue.fact(name) for name in names)
    prefix = "finance.import_share."
    imports = {key.removeprefix(prefix): share for key, share in catalogue.values(prefix).items()}
    level, spent, delta, land = (row.value for row in rows)
    return EconomyTerms(level, spent, delta, imports, land, rows)


def leontief_inverse(coefficients: Array) -> Array:
    """(I - A)^-1; ValueError where A is negative, not square, or takes more than it makes."""
    size = len(coefficients)
    if coefficients.shape != (size, size) or np.any(coefficients < 0):
        raise ValueError("needs a square matrix without negative coefficients")
    if np.max(np.abs(np.linalg.eigvals(coefficients))) >= 1:
        raise ValueError("sectors use up more than they make")
    return np.asarray(np.linalg.inv(np.eye(size) - coefficients), dtype=np.float64)


def household_inverse(coefficients: Array, consumption: Array, wages: Array, own: float = 0.0) -> Array:
    """The inverse closed with households, who spend a yen as `consumption` and earn `wages` per yen of output."""
    size = len(coefficients)
    closed = np.zeros((size + 1, size + 1))
    closed[:size, :size], closed[:size, size], closed[size, :size], closed[size, size] = (
        coefficients, consumption, wages, own,
    )  # fmt: skip
    return leontief_inverse(closed)


def national_structure(table: InputOutputTable | None = None, *, spent_share: float) -> Structure:
    """Japan: inputs less their imports."""
    known = table or load_input_output()
    home = 1.0 - known.import_share
    return _structure(known, home[:, None] * known.coefficients, np.ones(len(home)), home, spent_share)


def regional_structure(
    shares: Array, *, quotient: Quotient, delta: float, spent_share: float, table: InputOutputTable | None = None
) -> Structure:
    """A region with these shares in the nation's output by sector: inputs less imports and other regions' supply."""
    known = table or load_input_output()
    home = 1.0 - known.import_share
    ratios, final = location_ratios(shares, known.output_bn_yen, quotient=quotient, delta=delta)
    return _structure(known, ratios * home[:, None] * known.coefficients, final, home * final, spent_share)


def location_ratios(shares: Array, output: Array, *, quotient: Quotient, delta: float) -> tuple[Array, Array]:
    """Shares bought within the region: of the input i of sector j, and of final demand for i; at most 1."""
    size = float(shares @ output / output.sum())
    simple = shares / size
    if quotient == "slq":
        return np.minimum(np.repeat(simple[:, None], len(simple), axis=1), 1.0), np.minimum(simple, 1.0)
    damping = np.log2(1.0 + size) ** delta
    # A sector that is missing in the region buys nothing there, whatever its quotient.
    across = np.divide(simple[:, None], simple[None, :], out=np.zeros((len(simple),) * 2), where=simple[None, :] > 0)
    np.fill_diagonal(across, simple)
    return np.minimum(across * damping, 1.0), np.minimum(simple * damping, 1.0)


def trace_effects(structure: Structure, demand_myen: Array, *, price_level: float = 1.0) -> Effects:
    """Effects of a demand for home products by sector within the structure's boundary.

    What of the demand itself is supplied outside counts as leaked.
    """
    table = structure.table
    direct = structure.final_share * demand_myen
    output = structure.inverse @ direct
    everything = (structure.household_inverse @ np.append(direct, 0.0))[:-1]
    outside = float(((table.coefficients - structure.inside) @ output).sum())
    return Effects(
        direct=_effect(table, direct, price_level),
        indirect=_effect(table, output - direct, price_level),
        induced=_effect(table, everything - output, price_level),
        leaked_myen=float((demand_myen - direct).sum()) + outside,
    )


def construction_demand(capex_myen: Mapping[str, float], terms: EconomyTerms) -> Demand:
    """Spending on assets, by class of asset: land and imports taken off, the rest by sector."""
    land = terms.land_share * capex_myen.get(LAND_ASSET, 0.0)
    paid = {asset: amount - (land if asset == LAND_ASSET else 0.0) for asset, amount in capex_myen.items()}
    shares = demand_shares("construction")
    home = sum(((1.0 - terms.imports[asset]) * amount * shares[asset] for asset, amount in paid.items()), _nothing())
    return Demand(home, sum(terms.imports[asset] * amount for asset, amount in paid.items()), land)


def operation_demand(fixed_om_myen: Mapping[str, float], accounts_myen: Mapping[str, float]) -> Demand:
    """A year's spending on operation and maintenance by class of asset, and on energy, network, fuel and water.

    Charges that pass money on to others (surcharge, carbon price) are no demand and must be left out.
    """
    items = ((demand_shares("operation"), fixed_om_myen), (demand_shares("account"), accounts_myen))
    home = sum((amount * shares[name] for shares, spent in items for name, amount in spent.items()), _nothing())
    return Demand(home, 0.0, 0.0)


def assess_impact(demand: Demand, terms: EconomyTerms, *, prefecture: str | None = None) -> EconomicImpact:
    """Effects in the nation, and in the prefecture with few (`high`) and many (`low`) purchases elsewhere.

    CatalogueError where the prefecture has no table.
    """

    def within(structure: Structure) -> Effects:
        return trace_effects(structure, demand.home_myen, price_level=terms.price_level)

    def regional(quotient: Quotient) -> Effects | None:
        if prefecture is None:
            return None
        return within(
            regional_structure(
                shares_of(prefecture), quotient=quotient, delta=terms.flq_delta, spent_share=terms.spent_share
            )
        )

    nation = within(national_structure(spent_share=terms.spent_share))
    return EconomicImpact(demand, nation, prefecture, regional("flq"), regional("slq"))


def _summarise(effects: Effects) -> dict[str, dict[str, float]]:
    rounds = {
        "headline": effects.headline, "direct": effects.direct, "indirect": effects.indirect,
        "induced": effects.induced,
    }  # fmt: skip
    return {
        name: {"output_myen": e.output, "value_added_myen": e.value_added, "wages_myen": e.wages, "jobs": e.jobs}
        for name, e in rounds.items()
    }


def _structure(
    table: InputOutputTable, inside: Array, final_share: Array, consumed_inside: Array, spent_share: float
) -> Structure:
    households = spent_share * consumed_inside * table.household_share
    return Structure(
        table,
        inside,
        final_share,
        leontief_inverse(inside),
        household_inverse(inside, households, table.wage_ratio),
    )


def _effect(table: InputOutputTable, output_myen: Array, price_level: float) -> Effect:
    return Effect(
        output_myen=output_myen,
        value_added_myen=table.value_added_ratio * output_myen,
        wages_myen=table.wage_ratio * output_myen,
        jobs_by_sector=table.jobs_per_bn_yen * output_myen / price_level / MYEN_PER_BN_YEN,
    )


def _nothing() -> Array:
    return np.zeros(len(load_input_output().sectors))
