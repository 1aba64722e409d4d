"""A week of the market with units that run or stand still: whole numbers in the place of offers that stand for them.

The market of `offers` lets thermal plants run below cost rather than stop (must-run and low load), so that it stays
convex. Here these two are left out, and the plants of coal and gas of each area are clusters of like units:

    min  cost of supply + sum_c start_c v[c,t] P_c        v: units that start, P: MW of one
    s.t. least_c P_c u[c,t] <= q[c,t] <= P_c u[c,t]       u: units that run, a whole number up to N_c
         u[c,t] - u[c,t-1] <= v[c,t]
         sum of v over the last up_c hours <= u[c,t]
         sum of v over the last down_c hours <= N_c - u[c,t - down_c]

(clustered unit commitment with the tight inequalities of Rajan and Takriti, IBM Research Report RC23628, 2005). The
cheapest part of a block's offer runs first, however many units do. The week ends as it begins. Offers are cut into
segments for the search; once it is known which units run, the market is cleared exactly with them (`clear_committed`),
and its duals are the prices. At these a unit may lose: what it must be paid beside them is its uplift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY
from kiban.catalogue import Catalogue
from kiban.catalogue.tables import read_table
from kiban.errors import SolverError
from kiban.market.areas import MARKET_AREAS
from kiban.market.blocks import Market, SupplyBlock
from kiban.market.offers import OfferParameters
from kiban.market.storages import StorageClearing, Storages, clear_with_storages
from kiban.quantities import KW_PER_MW

SEGMENTS: Final = 4
"""Into so many parts of one price each an offer is cut for the search."""
NARROW_YEN: Final = 0.05
"""Offers that rise by less are one part."""
SEARCH_GAP: Final = 2e-3
"""Relative distance of cost and bound at which the search ends."""
COMMITTED: Final = {"coal": "coal", "gas_1": "gas", "gas_2": "gas", "gas_3": "gas"}
"""Blocks of offers whose plants are committed, and their kind of plant."""
LEAST: Final = "least_of_"
"""Beginning of the names of blocks of output that committed units cannot go below."""
_CYCLES: Final = HOURS_PER_DAY


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """Like units of a block in an area; `size_mw` is `(hours,)`, `start` thousand yen for each MW that starts."""

    block: str
    area: int
    units: int
    size_mw: Array
    least_share: float
    start_thousand_yen_per_mw: float
    up_hours: int
    down_hours: int


@dataclass(frozen=True, slots=True, eq=False)
class Commitment:
    """Units that run and that start, `(hours, clusters)`; what they cost to start, and how good the search is.

    `cost` and `bound` are thousand yen of the whole week with offers cut into segments.
    """

    clusters: tuple[Cluster, ...]
    running: Array
    started: Array
    cost_thousand_yen: float
    bound_thousand_yen: float

    @property
    def gap(self) -> float:
        """How far the cost may be above the least one, as a share of it."""
        return (self.cost_thousand_yen - self.bound_thousand_yen) / max(abs(self.cost_thousand_yen), 1.0)

    @property
    def start_cost_thousand_yen(self) -> float:
        """What all starts cost."""
        return float(
            sum(
                one.start_thousand_yen_per_mw * float(one.size_mw @ self.started[:, place])
                for place, one in enumerate(self.clusters)
            )
        )


def without_proxies(offers: OfferParameters) -> OfferParameters:
    """The offers without what stands for commitment in them: nothing runs at any price or below cost."""
    nothing = np.zeros_like(offers.must_run_share)
    return replace(offers, must_run_share=nothing, peak_share=0.0, low_load_share=0.0)


def list_clusters(market: Market, catalogue: Catalogue) -> tuple[Cluster, ...]:
    """The clusters of a market that was built `without_proxies`: units of the mean size of the area's large ones.

    Rows `market.commitment.*` hold what a start costs and how long units run and stand still, `market.thermal.*` their
    least load.
    """
    fleet = read_table("market_fleet")
    sizes = {(row["area"], row["plant"]): float(row["capacity_mw"]) / float(row["units"]) for row in fleet}
    yen_per_usd = catalogue.value("money.yen_per_usd")
    found = []
    for block in market.blocks:
        kind = COMMITTED.get(block.name)
        if kind is None:
            continue
        capacity = np.broadcast_to(block.capacity_mw, market.demand_mw.shape)
        row = f"market.commitment.{kind}"
        for area, name in enumerate(MARKET_AREAS):
            most, size = float(capacity[:, area].max()), sizes.get((name, kind), 0.0)
            if most <= 0.0 or size <= 0.0:
                continue
            units = max(round(most / size), 1)
            found.append(
                Cluster(
                    block.name,
                    area,
                    units,
                    capacity[:, area] / units,
                    catalogue.value(f"market.thermal.{kind}.least_load"),
                    # A thousand yen for each MW is a yen for each kW.
                    catalogue.value(f"{row}.start_cost") * yen_per_usd / KW_PER_MW,
                    round(catalogue.value(f"{row}.up_time")),
                    round(catalogue.value(f"{row}.down_time")),
                )
            )
    return tuple(found)


def commit(
    market: Market,
    storages: Storages,
    clusters: Sequence[Cluster],
    *,
    gap: float = SEARCH_GAP,
    segments: int = SEGMENTS,
    whole: bool = True,
) -> Commitment:
    """Which units run in each hour at least cost; `whole` false lets parts of units run.

    Raises `SolverError` where no answer is found.
    """
    programme = _Programme(market, storages, clusters, segments, whole=whole)
    point, cost, bound = programme.solve(gap)
    shape = (market.hours, len(clusters))
    running, started = (point[place].reshape(shape) for place in (programme.running, programme.starting))
    if whole:
        running = np.rint(running)
        # A start is what the running units say: the search lets none be dearer.
        started = np.maximum(running - np.roll(running, 1, axis=0), 0.0)
    return Commitment(tuple(clusters), running, started, cost, bound)


def clear_committed(
    market: Market, storages: Storages, commitment: Commitment, start: Array | None = None
) -> StorageClearing:
    """The market with the units that run, cleared exactly: what they cannot go below is offered at any price."""
    least, most = (np.zeros((len(market.blocks), *market.demand_mw.shape)) for _ in range(2))
    held = {block.name: place for place, block in enumerate(market.blocks)}
    for place, one in enumerate(commitment.clusters):
        runs = one.size_mw * commitment.running[:, place]
        most[held[one.block], :, one.area] = runs
        least[held[one.block], :, one.area] = one.least_share * runs
    areas = {name: [one.area for one in commitment.clusters if one.block == name] for name in held}
    lowest = min(float(np.min(block.low_yen_per_kwh)) for block in market.blocks)
    blocks: list[SupplyBlock] = []
    for place, block in enumerate(market.blocks):
        if not areas[block.name]:
            blocks.append(block)
            continue
        blocks += _split(block, least[place], most[place], areas[block.name], lowest)
    return clear_with_storages(Market(market.demand_mw, tuple(blocks), market.ties), storages, start=start)


def _split(block: SupplyBlock, least: Array, most: Array, areas: Sequence[int], lowest: float) -> list[SupplyBlock]:
    """A block as the units that run offer it: its least output below all others, and the part of its offer above it."""
    capacity = np.broadcast_to(block.capacity_mw, most.shape)
    low, high = (np.broadcast_to(edge, most.shape) for edge in (block.low_yen_per_kwh, block.high_yen_per_kwh))
    chosen = np.isin(np.arange(most.shape[1]), areas)
    floor, top = np.where(chosen, least, 0.0), np.where(chosen, most, capacity)
    per_mw = (high - low) / np.maximum(capacity, 1e-300)
    begin, end = low + per_mw * floor, low + per_mw * top
    width = np.maximum(end - begin, np.where(top > floor, 0.0, high - low))
    tick = np.full(most.shape, lowest)
    emission = block.emission_t_per_mwh
    return [
        SupplyBlock(f"{LEAST}{block.name}", floor, tick - 1.0, tick, emission),
        SupplyBlock(block.name, top - floor, begin, begin + np.maximum(width, 1e-9), emission),
    ]


def uplift_thousand_yen(market: Market, commitment: Commitment, cleared: StorageClearing) -> Array:
    """What each cluster must be paid beside the prices so that it loses nothing over the week, `(clusters,)`."""
    blocks = {block.name: block for block in market.blocks}
    made = {block.name: cleared.clearing.output_mw(block) for block in cleared.clearing.market.blocks}
    price = cleared.clearing.price_yen_per_kwh
    found = np.zeros(len(commitment.clusters))
    for place, one in enumerate(commitment.clusters):
        output = made[one.block][:, one.area] + made[f"{LEAST}{one.block}"][:, one.area]
        block = blocks[one.block]
        low, high, capacity = (
            np.broadcast_to(values, market.demand_mw.shape)[:, one.area]
            for values in (block.low_yen_per_kwh, block.high_yen_per_kwh, block.capacity_mw)
        )
        cost = low * output + (high - low) * output**2 / np.maximum(2.0 * capacity, 1e-300)
        started = one.start_thousand_yen_per_mw * float(one.size_mw @ commitment.started[:, place])
        found[place] = max(float((cost - price[:, one.area] * output).sum()) + started, 0.0)
    return found


class _Programme:
    """The week as one mixed-integer programme, in columns of equal kind; hours vary slowest in each."""

    def __init__(
        self, market: Market, storages: Storages, clusters: Sequence[Cluster], segments: int, *, whole: bool
    ) -> None:
        self._hours, self._areas = market.demand_mw.shape
        self._costs: list[Array] = []
        self._lower: list[Array] = []
        self._upper: list[Array] = []
        self._whole: list[npt.NDArray[np.bool_]] = []
        self._entries: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Array]] = []
        self._row_lower: list[Array] = []
        self._row_upper: list[Array] = []
        self._columns = self._rows = 0
        demand = market.demand_mw.ravel()
        self._balance = self._add_rows(demand, demand)
        output = self._add_supply(market, segments)
        self._add_ties(market)
        self._add_storages(storages, segments)
        self.running, self.starting = self._add_clusters(market, clusters, output, whole=whole)

    def _add_columns(self, cost: Array, upper: Array, lower: Array | float = 0.0, *, whole: bool = False) -> slice:
        cost, upper = np.ravel(cost), np.ravel(upper)
        self._costs.append(cost)
        self._upper.append(upper)
        self._lower.append(np.broadcast_to(np.ravel(lower), upper.shape))
        self._whole.append(np.full(cost.size, whole))
        self._columns += cost.size
        return slice(self._columns - cost.size, self._columns)

    def _add_rows(self, lower: Array, upper: Array) -> npt.NDArray[np.int64]:
        lower, upper = np.broadcast_arrays(np.ravel(lower), np.ravel(upper))
        self._row_lower.append(lower)
        self._row_upper.append(upper)
        self._rows += lower.size
        return np.arange(self._rows - lower.size, self._rows)

    def _add(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], value: Array | float) -> None:
        rows, columns = np.ravel(rows), np.ravel(columns)
        self._entries.append((rows, columns, np.broadcast_to(np.ravel(value), rows.shape)))

    def _cut(self, width: Array, segments: int) -> int:
        return segments if float(np.max(width)) > NARROW_YEN else 1

    def _add_supply(self, market: Market, segments: int) -> dict[str, list[npt.NDArray[np.int64]]]:
        """Output of each block in parts that rise in price; places of their columns, `(hours, areas)` each."""
        found: dict[str, list[npt.NDArray[np.int64]]] = {}
        for block in market.blocks:
            low, high, capacity = (
                np.broadcast_to(values, (self._hours, self._areas))
                for values in (block.low_yen_per_kwh, block.high_yen_per_kwh, block.capacity_mw)
            )
            parts = self._cut(high - low, segments)
            found[block.name] = []
            for part in range(parts):
                columns = _places(self._add_columns(low + (high - low) * (part + 0.5) / parts, capacity / parts))
                self._add(self._balance, columns, 1.0)
                found[block.name].append(columns.reshape(self._hours, self._areas))
        return found

    def _add_ties(self, market: Market) -> None:
        ties = market.ties
        shape = (self._hours, ties.origin.size)
        forward, reverse = (np.broadcast_to(limit, shape) for limit in (ties.forward_mw, ties.reverse_mw))
        columns = _places(self._add_columns(np.zeros(shape), forward, -reverse)).reshape(shape)
        balance = self._balance.reshape(self._hours, self._areas)
        self._add(balance[:, ties.origin], columns, -1.0)
        self._add(balance[:, ties.destination], columns, 1.0)

    def _add_storages(self, storages: Storages, segments: int) -> None:
        shape = (self._hours, storages.area.size)
        if not storages.area.size:
            return
        if self._hours % _CYCLES:
            raise ValueError("the hours of the market are whole days")
        balance = self._balance.reshape(self._hours, self._areas)[:, storages.area]
        held = _places(self._add_columns(np.zeros(shape), np.broadcast_to(storages.size_mwh, shape))).reshape(shape)
        nothing = np.zeros(held.size)
        rows = self._add_rows(nothing, nothing).reshape(shape)
        before = np.roll(held.reshape(-1, _CYCLES, storages.area.size), 1, axis=1).reshape(shape)
        self._add(rows, held, 1.0)
        self._add(rows, before, -1.0)
        parts = self._cut(storages.band_yen_per_kwh, segments)
        for part in range(parts):
            cost = np.broadcast_to(storages.band_yen_per_kwh * (part + 0.5) / parts, shape)
            most = np.broadcast_to(storages.power_mw / parts, shape)
            deliver, take = (_places(self._add_columns(cost, most)).reshape(shape) for _ in range(2))
            self._add(balance, deliver, 1.0)
            self._add(balance, take, -1.0)
            self._add(rows, deliver, 1.0)
            self._add(rows, take, np.broadcast_to(-storages.efficiency, shape))

    def _add_clusters(
        self,
        market: Market,
        clusters: Sequence[Cluster],
        output: dict[str, list[npt.NDArray[np.int64]]],
        *,
        whole: bool,
    ) -> tuple[slice, slice]:
        shape = (self._hours, len(clusters))
        units = np.broadcast_to(np.array([one.units for one in clusters], dtype=np.float64), shape)
        size = np.stack([one.size_mw for one in clusters], axis=1) if clusters else np.zeros(shape)
        price = np.array([one.start_thousand_yen_per_mw for one in clusters])
        running = self._add_columns(np.zeros(shape), units, whole=whole)
        starting = self._add_columns(price * size, units)
        u, v = (_places(place).reshape(shape) for place in (running, starting))
        never = -np.inf
        rows = self._add_rows(np.full(u.size, never), np.zeros(u.size))
        self._add(rows, u, 1.0)
        self._add(rows, np.roll(u, 1, axis=0), -1.0)
        self._add(rows, v, -1.0)
        for place, one in enumerate(clusters):
            zero = np.zeros(self._hours)
            most = self._add_rows(zero + never, zero)
            least = self._add_rows(zero, zero + np.inf)
            for part in output[one.block]:
                self._add(most, part[:, one.area], 1.0)
                self._add(least, part[:, one.area], 1.0)
            self._add(most, u[:, place], -one.size_mw)
            self._add(least, u[:, place], -one.least_share * one.size_mw)
            up, down = (min(hours, self._hours) for hours in (one.up_hours, one.down_hours))
            if up > 1:
                rows = self._add_rows(zero + never, zero)
                for back in range(up):
                    self._add(rows, np.roll(v[:, place], back), 1.0)
                self._add(rows, u[:, place], -1.0)
            if down > 1:
                rows = self._add_rows(zero + never, zero + one.units)
                for back in range(down):
                    self._add(rows, np.roll(v[:, place], back), 1.0)
                self._add(rows, np.roll(u[:, place], down), 1.0)
        return running, starting

    def solve(self, gap: float) -> tuple[Array, float, float]:
        """The point, its cost and the bound."""
        import highspy
        import scipy.sparse as sp

        from kiban.linear.highs import open_highs

        highs: Any = open_highs()
        rows, columns, values = (np.concatenate([entry[place] for entry in self._entries]) for place in range(3))
        matrix = sp.csc_array((values, (rows, columns)), shape=(self._rows, self._columns))
        whole = np.concatenate(self._whole)
        highs.setOptionValue("mip_rel_gap", gap)
        highs.passModel(
            self._columns,
            self._rows,
            matrix.nnz,
            int(highspy.MatrixFormat.kColwise),
            int(highspy.ObjSense.kMinimize),
            0.0,
            np.concatenate(self._costs),
            np.concatenate(self._lower),
            np.concatenate(self._upper),
            np.concatenate(self._row_lower),
            np.concatenate(self._row_upper),
            matrix.indptr,
            matrix.indices,
            matrix.data,
            whole.astype(np.int32),
        )
        highs.run()
        if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise SolverError(f"no commitment of units was found: {highs.getModelStatus()}")
        information = highs.getInfo()
        cost = float(information.objective_function_value)
        bound = float(information.mip_dual_bound) if whole.any() else cost
        return np.asarray(highs.getSolution().col_value), cost, bound


def _places(columns: slice) -> npt.NDArray[np.int64]:
    return np.arange(columns.start, columns.stop)
