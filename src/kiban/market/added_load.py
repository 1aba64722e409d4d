"""A load that comes to a market, in which every hour still has to clear.

Demand that was there can be given up in every hour (`offers.UNSERVED`). A load that is more than its area's own plants
adds a last block, of itself from the value of lost load on, so that no hour is without prices. What a campus delivers
has to find demand: by the theorem of Gale and Hoffman it does if, and only if, no set of areas has more left over than
the ties that leave the set carry.
"""

from __future__ import annotations

import numpy as np

from kiban.arrays import Array
from kiban.errors import Problem, ScenarioError
from kiban.market.blocks import Market, flat_block
from kiban.market.offers import UNSERVED, UNSERVED_LOAD

PRICE_RISE_YEN = 500.0
"""From the value of lost load, so that output follows from the price; over one yen, storages do not clear."""


def with_load(market: Market, load_mw: Array) -> Market:
    """The market with a load of a shape that broadcasts to `(hours, areas)`, MW, negative where it delivers.

    Raises `ScenarioError` where demand and ties cannot take what it delivers, storages apart.
    """
    load = np.broadcast_to(load_mw, market.demand_mw.shape)
    loaded = market.with_demand(load)
    if (loaded.demand_mw < 0.0).any():
        _check_delivery(market, load)
    plants = sum((block.capacity_mw for block in market.blocks if block.name != UNSERVED), np.zeros_like(load))
    if not (load > plants).any():
        return loaded
    unserved = next(block for block in market.blocks if block.name == UNSERVED)
    lost = float(np.max(unserved.high_yen_per_kwh))
    return loaded.with_blocks([flat_block(UNSERVED_LOAD, np.maximum(load, 0.0), lost, lost + PRICE_RISE_YEN)])


def deliverable_share(market: Market, load_mw: Array) -> float:
    """The largest share, 1 at most, of what a load `(hours, areas)` delivers that demand and ties take in each hour."""
    load, areas, ties = np.minimum(load_mw, 0.0), market.demand_mw.shape[1], market.ties
    some = np.flatnonzero((market.demand_mw + load < 0.0).any(axis=1))
    if not some.size:
        return 1.0
    members = (np.arange(1, 2**areas)[:, None] >> np.arange(areas)) & 1 == 1
    origin, destination = members[:, ties.origin], members[:, ties.destination]
    shape = (market.hours, ties.origin.size)
    forward, reverse = (np.broadcast_to(limit, shape)[some] for limit in (ties.forward_mw, ties.reverse_mw))
    leaves = forward @ (origin & ~destination).T + reverse @ (destination & ~origin).T
    room = market.demand_mw[some] @ members.T + leaves
    given = -load[some] @ members.T
    share = np.divide(room, given, out=np.ones_like(room), where=given > 0.0)
    return float(np.clip(share.min(), 0.0, 1.0))


def _check_delivery(market: Market, load: Array) -> None:
    share = deliverable_share(market, load)
    if share < 1.0:
        most = float(-np.minimum(load, 0.0).sum(axis=1).min())
        said = {"value": most, "most": share * most}
        raise ScenarioError(Problem("impact.undeliverable", key="grid.max_export_mw", values=said))
