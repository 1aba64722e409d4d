"""The market of nine areas against HiGHS: a year without and with storages, and what the two agree on.

    python bench/market_speed.py            a year; HiGHS on as many days as it finishes in about a minute
    python bench/market_speed.py --days 2   HiGHS on two days

HiGHS gets the hours as a linear programme in which every block is cut into steps of equal size, each at the price of
its middle, so that its prices differ by up to half a step. Times are of the processor, one thread.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from kiban.arrays import Array
from kiban.catalogue import load_catalogue
from kiban.linear.highs import open_highs
from kiban.market.blocks import Market
from kiban.market.clearing import clear
from kiban.market.hours import MarketHours
from kiban.market.offers import build_market
from kiban.market.year import clear_year, default_case

STEPS = 12


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor time of one call, and what it returns."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def solve_in_steps(market: Market) -> tuple[float, Array]:
    """Seconds of HiGHS on the market in steps, and its prices."""
    import highspy

    hours, areas = market.demand_mw.shape
    shape, ties = (hours, areas), market.ties
    middles = (np.arange(STEPS) + 0.5) / STEPS
    cost, most = [], []
    for block in market.blocks:
        low, high, capacity = (
            np.broadcast_to(values, shape).ravel()
            for values in (block.low_yen_per_kwh, block.high_yen_per_kwh, block.capacity_mw)
        )
        for middle in middles:
            cost.append(low + middle * (high - low))
            most.append(capacity / STEPS)
    net = sp.lil_matrix((areas, ties.origin.size))
    for tie, (origin, destination) in enumerate(zip(ties.origin, ties.destination, strict=True)):
        net[origin, tie], net[destination, tie] = -1.0, 1.0
    supply = sp.hstack([sp.eye(hours * areas)] * len(cost))
    matrix = sp.hstack([supply, sp.kron(sp.eye(hours), net)], format="csc")
    flows = hours * ties.origin.size
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = matrix.shape[1], matrix.shape[0]
    model.col_cost_ = np.concatenate([*cost, np.zeros(flows)])
    model.col_lower_ = np.concatenate([np.zeros(supply.shape[1]), np.tile(-ties.reverse_mw, hours)])
    model.col_upper_ = np.concatenate([*most, np.tile(ties.forward_mw, hours)])
    model.row_lower_ = model.row_upper_ = market.demand_mw.ravel()
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = matrix.indptr, matrix.indices
    model.a_matrix_.value_ = matrix.data
    highs = open_highs()
    highs.passModel(model)
    took, _ = seconds(highs.run)
    return took, np.asarray(highs.getSolution().row_dual).reshape(shape)


def first_days(hours: MarketHours, days: int) -> MarketHours:
    """The first days of the hours."""
    columns = {name: getattr(hours, name)[: 24 * days] for name in MarketHours.__dataclass_fields__ if "_mw" in name}
    return replace(hours, start=hours.start[: 24 * days], **columns)


def main() -> None:
    """Print times and how far prices are apart."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30)
    days = parser.parse_args().days
    case = default_case(load_catalogue())

    def built(hours: MarketHours) -> Market:
        return build_market(hours, case.fleet, case.ties, case.offers, case.catalogue)

    took, market = seconds(lambda: built(case.hours))
    print(f"offers of {market.hours} hours and {market.demand_mw.shape[1]} areas: {took:.2f} s")
    took, found = seconds(lambda: clear(market))
    print(f"cleared: {took:.2f} s; largest imbalance {np.abs(found.excess_mw).max():.0e} MW")
    again, _ = seconds(lambda: clear(market.with_demand(10.0), found.price_yen_per_kwh))
    print(f"again with 10 MW more in every area, from these prices: {again:.2f} s")
    stored, year = seconds(lambda: clear_year(case, start=found.price_yen_per_kwh))
    gap = abs(year.cleared.gap_thousand_yen) / year.cleared.cost_thousand_yen
    print(f"with pumped hydro, offers included: {stored:.2f} s; gap {gap:.0e} of the cost")
    print(
        f"consumers pay {year.accounts.consumer_payment_yen.sum() / 1e12:.3f} trillion yen; "
        f"left over {year.accounts.residual_yen:.3f} yen"
    )
    part = built(first_days(case.hours, days))
    ours, small = seconds(lambda: clear(part))
    highs, prices = solve_in_steps(part)
    apart = np.abs(small.price_yen_per_kwh - prices)
    print(
        f"{days} days: {ours:.3f} s, HiGHS in {STEPS} steps a block {highs:.1f} s, {highs / ours:.0f} x; "
        f"prices differ by {apart.mean():.3f} yen/kWh in the mean, {np.quantile(apart, 0.99):.2f} at 99 %"
    )


if __name__ == "__main__":
    main()
