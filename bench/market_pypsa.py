"""The market of nine areas against PyPSA with HiGHS on the same inputs: cost and prices.

    python bench/market_pypsa.py             four weeks
    python bench/market_pypsa.py --hours 24  one day

Blocks are generators with quadratic costs, ties are links both ways. HiGHS solves quadratic programmes by an active set
whose time grows fast with their size; hours without storages do not know of one another, so that PyPSA solves a few of
them at a time. Times are of the processor, one thread.
"""

from __future__ import annotations

import argparse
import logging
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import load_catalogue
from kiban.market.blocks import Market
from kiban.market.clearing import TIE_SLOPE_MW_PER_YEN, clear
from kiban.market.hours import MarketHours
from kiban.market.offers import build_market
from kiban.market.year import default_case

HOURS_AT_ONCE = 4
FOUR_WEEKS = 672
FIRST_HOUR = 2904
"""A day of August: hours at the floor and hours of scarcity follow."""


class Part(NamedTuple):
    """Some hours as PyPSA solves them: their cost, thousand yen, and prices (hours, areas)."""

    hours: slice
    cost_thousand_yen: float
    price_yen_per_kwh: Array


def noisy_market(hours: int, first: int = FIRST_HOUR) -> Market:
    """Hours of the synthetic year, with noise that makes areas and ties differ from hour to hour."""
    case, random = default_case(load_catalogue()), np.random.default_rng(3)
    some = slice(first, first + hours)
    columns = {
        name: getattr(case.hours, name)[some] * random.uniform(0.7, 1.35, getattr(case.hours, name)[some].shape)
        for name in MarketHours.__dataclass_fields__
        if name.endswith("_mw")
    }
    part = replace(case.hours, start=case.hours.start[some], **columns)
    return build_market(part, case.fleet, case.ties, case.offers, case.catalogue)


def network_of(market: Market) -> Any:
    """The same market for PyPSA."""
    import pandas as pd
    import pypsa

    ties, shape = market.ties, market.demand_mw.shape
    network = pypsa.Network()
    network.set_snapshots(range(market.hours))
    network.add("Bus", ties.areas)
    network.add("Load", ties.areas, bus=ties.areas, p_set=pd.DataFrame(market.demand_mw, columns=ties.areas))
    columns: dict[str, dict[str, Array]] = {
        name: {} for name in ("p_max_pu", "marginal_cost", "marginal_cost_quadratic")
    }
    buses, sizes = [], []
    for place, area in enumerate(ties.areas):
        for block in market.blocks:
            capacity, low, high = (
                np.broadcast_to(values, shape)[:, place]
                for values in (block.capacity_mw, block.low_yen_per_kwh, block.high_yen_per_kwh)
            )
            buses.append(area)
            sizes.append(max(float(capacity.max()), 1.0))
            name = f"{area} {block.name}"
            columns["p_max_pu"][name] = capacity / sizes[-1]
            columns["marginal_cost"][name] = low
            columns["marginal_cost_quadratic"][name] = (high - low) / np.maximum(2.0 * capacity, 1e-6)
    names = list(columns["marginal_cost"])
    tables = {key: pd.DataFrame(found) for key, found in columns.items()}
    network.add("Generator", names, bus=buses, p_nom=sizes, **tables)
    most = np.maximum(ties.forward_mw, ties.reverse_mw)
    network.add(
        "Link",
        ties.names,
        bus0=[ties.areas[end] for end in ties.origin],
        bus1=[ties.areas[end] for end in ties.destination],
        p_nom=most,
        p_max_pu=ties.forward_mw / most,
        p_min_pu=-ties.reverse_mw / most,
        marginal_cost_quadratic=1.0 / (2.0 * TIE_SLOPE_MW_PER_YEN),
    )
    return network


def solve(market: Market, hours_at_once: int = HOURS_AT_ONCE) -> Iterator[Part]:
    """The hours of the market by PyPSA, some at a time."""
    network = network_of(market)
    areas = list(market.ties.areas)
    for first in range(0, market.hours, hours_at_once):
        some = slice(first, min(first + hours_at_once, market.hours))
        status, how = network.optimize(
            snapshots=network.snapshots[some],
            solver_name="highs",
            log_to_console=False,
            include_objective_constant=False,
        )
        if status != "ok":
            raise RuntimeError(f"hours from {first}: {status}, {how}")
        prices = network.buses_t.marginal_price.loc[network.snapshots[some], areas].to_numpy()
        yield Part(some, float(network.objective), prices)


def main() -> None:
    """Print both costs, how far they and the prices are apart, and the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=FOUR_WEEKS)
    hours = parser.parse_args().hours
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    market = noisy_market(hours)
    began = time.process_time()
    found = clear(market)
    ours = time.process_time() - began
    cost = found.cost_thousand_yen()
    began = time.process_time()
    parts = list(solve(market))
    took = time.process_time() - began
    other = sum(part.cost_thousand_yen for part in parts)
    worst = max(abs(part.cost_thousand_yen / cost[part.hours].sum() - 1.0) for part in parts)
    apart = np.abs(found.price_yen_per_kwh - np.concatenate([part.price_yen_per_kwh for part in parts]))
    print(f"{market.hours} hours: {ours:.2f} s, PyPSA with HiGHS {took:.0f} s, {took / ours:.0f} x")
    whole = abs(other / cost.sum() - 1.0)
    print(f"cost {cost.sum():.8g} thousand yen: apart by {whole:.1e} of it, in some hours by {worst:.1e}")
    print(f"prices apart by {apart.mean():.1e} yen/kWh in the mean, {apart.max():.4f} at most")


if __name__ == "__main__":
    main()
