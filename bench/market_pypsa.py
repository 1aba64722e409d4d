"""The market of nine areas against PyPSA with HiGHS on the same inputs: cost and prices.

    python bench/market_pypsa.py             four weeks, a line for each
    python bench/market_pypsa.py --week 3    one of them
    python bench/market_pypsa.py --hours 24  the first day of each

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

HOURS_AT_ONCE = 8
WEEK = 168
WEEKS = 4
FIRST_HOUR = 2904
"""A day of August: hours at the floor and hours of scarcity follow."""
SEED = 3


class Part(NamedTuple):
    """Some hours as PyPSA solves them: their cost, thousand yen, and prices (hours, areas)."""

    hours: slice
    cost_thousand_yen: float
    price_yen_per_kwh: Array


class Week(NamedTuple):
    """One week of both: seconds, cost of all hours in thousand yen, and how far they are apart."""

    hours: int
    seconds: float
    other_seconds: float
    cost_thousand_yen: float
    other_cost_thousand_yen: float
    worst_hours: float
    """The most by which costs differ in the hours that PyPSA solves together, as a share of them."""
    apart_yen_per_kwh: Array

    @property
    def line(self) -> str:
        """The week as a line of the table."""
        whole = abs(self.other_cost_thousand_yen / self.cost_thousand_yen - 1.0)
        return (
            f"{self.hours:6d} {self.cost_thousand_yen:16.8g} {whole:10.1e} {self.worst_hours:10.1e}"
            f" {self.apart_yen_per_kwh.mean():10.1e} {self.apart_yen_per_kwh.max():10.4f}"
            f" {self.seconds:8.2f} {self.other_seconds:8.0f}"
        )


HEADER = (
    f"{'hours':>6} {'thousand yen':>16} {'apart':>10} {'8 hours':>10} {'price mean':>10} {'price most':>10}"
    f" {'s':>8} {'PyPSA s':>8}"
)


def noisy_market(hours: int, first: int = FIRST_HOUR, seed: int = SEED) -> Market:
    """Hours of the synthetic year, with noise that makes areas and ties differ from hour to hour."""
    case, random = default_case(load_catalogue()), np.random.default_rng(seed)
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


def compare(week: int, hours: int) -> Week:
    """Hours of one of the weeks by both."""
    market = noisy_market(hours, FIRST_HOUR + week * WEEK, SEED + week)
    began = time.process_time()
    found = clear(market)
    ours = time.process_time() - began
    cost = found.cost_thousand_yen()
    began = time.process_time()
    parts = list(solve(market))
    took = time.process_time() - began
    return Week(
        hours=market.hours,
        seconds=ours,
        other_seconds=took,
        cost_thousand_yen=float(cost.sum()),
        other_cost_thousand_yen=sum(part.cost_thousand_yen for part in parts),
        worst_hours=max(abs(part.cost_thousand_yen / cost[part.hours].sum() - 1.0) for part in parts),
        apart_yen_per_kwh=np.abs(found.price_yen_per_kwh - np.concatenate([part.price_yen_per_kwh for part in parts])),
    )


def main() -> None:
    """Print both costs, how far they and the prices are apart, and the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=WEEK, help="of each week")
    parser.add_argument("--week", type=int, choices=range(1, WEEKS + 1), help="one week alone")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    print(f"week {HEADER}", flush=True)
    weeks = []
    for number in range(1, WEEKS + 1) if asked.week is None else [asked.week]:
        weeks.append(compare(number - 1, asked.hours))
        print(f"{number:4d} {weeks[-1].line}", flush=True)
    if len(weeks) > 1:
        columns = zip(*weeks, strict=True)
        hours, ours, theirs, cost, other, worst, apart = columns
        whole = Week(sum(hours), sum(ours), sum(theirs), sum(cost), sum(other), max(worst), np.concatenate(apart))
        print(f" all {whole.line}")


if __name__ == "__main__":
    main()
