"""The multi-regional input-output table of Japan: 42 prefectures, the five without a table together, 20 sectors.

No table of trade between prefectures is public. It is estimated sector by sector: of its demand a prefecture meets
from its own output what the location quotient says, and the rest comes from all others in proportion to what they
have left; then rows and columns are balanced (RAS) until every prefecture sells its output and every demand is met
(Miller and Blair 2009, sections 3.4, 7.4 and 8.4). Construction is not traded: tables of prefectures book it where it
is built, whoever builds it. With the trade shares t (Chenery-Moses)

    A[ri, sj] = t_i[r, s] (1 - imports_i) a_ij,      x = (I - A)^-1 f

so that the sum over prefectures is the national model exactly. Okinawa, Ishikawa, Fukui, Nara and Tottori published no
table that could be read; they share what the nation's has beyond the 42. Nine regions are sums of prefectures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from kiban.arrays import Array
from kiban.catalogue.economy_tables import InputOutputTable, load_input_output, load_prefectures, prefecture_shares
from kiban.errors import SolverError
from kiban.finance.economy import Quotient, location_ratios

WITHOUT_TABLE = "rest"
"""The prefectures without a table, together."""
BALANCED = 1e-10
"""Relative distance of rows and columns from their margins that is none."""
MOST_SCALING_ROUNDS = 20_000
BUILT_IN_PLACE = "const"
"""The sector whose product is made where it stands."""
SCALINGS = 10
"""Rounds of scaling before each step of Newton's."""


@dataclass(frozen=True, eq=False)
class RegionalTable:
    """An economy of several places with one technology; arrays by place and sector in the order of their names."""

    table: InputOutputTable
    places: tuple[str, ...]
    output_bn_yen: Array
    """(places, sectors)"""
    trade: Array
    """(sectors, supplier, buyer): share of a buyer's purchases at home; adds up to 1 over suppliers."""

    @cached_property
    def coefficients(self) -> Array:
        """Inputs from each place and sector per yen of output of each: (places * sectors) squared."""
        home = (1.0 - self.table.import_share)[:, None] * self.table.coefficients
        size = len(self.places) * len(self.table.sectors)
        return np.asarray(np.einsum("irs,ij->risj", self.trade, home).reshape(size, size))

    def spending(self, spent_share: float) -> Array:
        """What households of each place buy at home from each place and sector per yen of wages; the rest is saved."""
        spent = spent_share * (1.0 - self.table.import_share) * self.table.household_share
        return np.asarray(np.einsum("irs,i->ris", self.trade, spent).reshape(-1, len(self.places)))

    def outputs(self, demand: Array, spent_share: float) -> tuple[Array, Array]:
        """Output that a demand (places, sectors, ...) for home products needs, without and with households' spending.

        Both in the shape of the demand; the first counts direct and indirect output. With L the inverse, C what
        households buy and W what they earn the second is L f + L C (I - W L C)^-1 W L f, the closed model's.
        """
        shape, places = demand.shape, len(self.places)
        flat = demand.reshape(shape[0] * shape[1], -1)
        wanted = np.concatenate([flat, self.spending(spent_share)], axis=1)
        made = np.linalg.solve(np.eye(len(flat)) - self.coefficients, wanted)
        without, of_spending = made[:, : flat.shape[1]], made[:, flat.shape[1] :]
        earned = np.einsum("i,rik->rk", self.table.wage_ratio, without.reshape(places, shape[1], -1))
        again = np.einsum("i,rik->rk", self.table.wage_ratio, of_spending.reshape(places, shape[1], -1))
        everything = without + of_spending @ np.linalg.solve(np.eye(places) - again, earned)
        return without.reshape(shape), everything.reshape(shape)


def balance(prior: Array, rows: Array, columns: Array) -> Array:
    """The matrix nearest to a prior (in relative entropy) with these sums of rows and columns: RAS.

    ValueError where the margins do not have one sum or an entry is negative; SolverError where the zeros of the prior
    keep it from meeting them.
    """
    if np.any(prior < 0) or np.any(rows < 0) or np.any(columns < 0):
        raise ValueError("needs entries and margins that are not negative")
    total = float(rows.sum())
    if abs(total - float(columns.sum())) > BALANCED * max(total, 1.0):
        raise ValueError("rows and columns have different sums")
    matrix, close = prior.astype(np.float64), BALANCED * total
    for number in range(MOST_SCALING_ROUNDS):
        matrix = matrix * _ratio(rows, matrix.sum(axis=1))[:, None]
        matrix = matrix * _ratio(columns, matrix.sum(axis=0))[None, :]
        if _distance(matrix, rows, columns) <= close:
            return matrix
        if number % SCALINGS == SCALINGS - 1:
            matrix = _nearer(matrix, rows, columns)
    raise SolverError(f"no matrix with the zeros of this one meets its margins within {MOST_SCALING_ROUNDS} rounds")


def _distance(matrix: Array, rows: Array, columns: Array) -> float:
    off = (np.abs(matrix.sum(axis=1) - rows), np.abs(matrix.sum(axis=0) - columns))
    return float(max(np.max(one, initial=0.0) for one in off))


def _nearer(matrix: Array, rows: Array, columns: Array) -> Array:
    """Newton's step on the logarithms of the factors of rows and columns; the matrix itself where it leads astray.

    The fixed point is that of the scalings, which come near it slowly where little is traded across.
    """
    found, bought = matrix.sum(axis=1), matrix.sum(axis=0)
    jacobian = np.block([[np.diag(found), matrix], [matrix.T, np.diag(bought)]])
    off = np.concatenate([rows - found, columns - bought])
    # One factor is free: rows times c and columns over c are the same matrix.
    step = np.linalg.lstsq(jacobian, off, rcond=None)[0]
    step = np.clip(step, -1.0, 1.0)
    tried = matrix * np.exp(step[: len(rows), None] + step[None, len(rows) :])
    better = _distance(tried, rows, columns) < _distance(matrix, rows, columns)
    return np.asarray(tried if better else matrix)


def trade_shares(supply: Array, demand: Array, kept: Array) -> Array:
    """Shares of suppliers (rows) in each buyer's purchases of one product, balanced.

    `supply` and `demand` by place have one sum; `kept` is the share of its demand that a place would meet itself.
    """
    own = np.minimum(kept * demand, supply)
    left, missing = supply - own, demand - own
    prior = np.outer(left, missing)
    np.fill_diagonal(prior, 0.0)
    if prior.sum() > 0:
        prior *= missing.sum() / prior.sum()
    prior += np.diag(own)
    flows = balance(prior, supply, demand)
    bought = flows.sum(axis=0)
    return np.asarray(np.divide(flows, bought, out=np.eye(len(flows)), where=bought > 0))


@cache
def load_regional_table(quotient: Quotient, delta: float) -> RegionalTable:
    """Japan by prefecture, with many (`slq`) or few (`flq`) purchases within each."""
    table = load_input_output()
    shares = prefecture_shares()
    known = np.array(list(shares.values()))
    # Where the 42 tables add up to more than the nation's, all of them are scaled to it.
    scaled = known / np.maximum(known.sum(axis=0), 1.0)
    all_shares = np.vstack([scaled, 1.0 - scaled.sum(axis=0)]).clip(0.0)
    return regional_table(table, (*shares, WITHOUT_TABLE), all_shares, quotient=quotient, delta=delta)


def regional_table(
    table: InputOutputTable, places: tuple[str, ...], shares: Array, *, quotient: Quotient, delta: float
) -> RegionalTable:
    """A table of places with these shares (places, sectors; each sector adds up to 1) in the nation's output."""
    output = shares * table.output_bn_yen
    supply = shares * (table.output_bn_yen - table.export_bn_yen)
    weight = output @ table.value_added_ratio
    weight = weight / weight.sum()
    home = 1.0 - table.import_share
    inputs = output @ (home[:, None] * table.coefficients).T
    # What is not an input is consumed and invested where value is added.
    final = np.maximum(supply.sum(axis=0) - inputs.sum(axis=0), 0.0)
    demand = inputs + np.outer(weight, final)
    demand = demand * _ratio(supply.sum(axis=0), demand.sum(axis=0))
    trade = np.zeros((len(table.sectors), len(places), len(places)))
    kept = np.array([location_ratios(own, table.output_bn_yen, quotient=quotient, delta=delta)[1] for own in shares])
    for sector, name in enumerate(table.sectors):
        if name == BUILT_IN_PLACE:
            trade[sector] = np.eye(len(places))
            continue
        trade[sector] = trade_shares(supply[:, sector], demand[:, sector], kept[:, sector])
    return RegionalTable(table, places, output, trade)


def region_of(place: str) -> str:
    """The region that holds a place of the table; the prefectures without a table are one of their own."""
    return WITHOUT_TABLE if place == WITHOUT_TABLE else load_prefectures()[place].region


def _ratio(wanted: Array, found: Array) -> Array:
    return np.divide(wanted, found, out=np.zeros_like(found, dtype=np.float64), where=found > 0)
