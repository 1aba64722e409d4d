"""What the plan asks of every grid area and interconnector: flows at the peak, what binds, and what more would save."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kiban.catalogue import Catalogue, newest_complete_fiscal_year, price_statistics
from kiban.catalogue.prices import PRICE_AREAS
from kiban.national.result.plan import AreaBalance, AreaFlows, AreaPlan, LinkFlow
from kiban.national.search.incumbent import Incumbent
from kiban.national.search.master import write_master
from kiban.national.search.subproblem import Points
from kiban.national.search.transport import carry
from kiban.national.study.problem import NationalProblem

BINDING_SHARE = 0.999
FLOW_ROUNDING_MW = 1e-6
"""A flow below it is rounding of the solver."""
HELD_MW = 1e-4
"""How nearly loads are held where limits are priced: exactly would leave no room for rounding."""


def find_flows(
    problem: NationalProblem, points: Points, incumbent: Incumbent, areas: Sequence[AreaPlan], catalogue: Catalogue
) -> AreaFlows | None:
    """Flows that supply the plan, the shortest of those that cost the same; None where the study has no network."""
    network, carried = problem.network, carry(problem, incumbent.points)
    if network is None or carried is None:
        return None
    prices = limit_prices(problem, points, incumbent)
    last = problem.phases - 1
    links = []
    for link in network.links:
        flow = carried.flow_mw[link.id]
        added = carried.expansion_mw.get(link.id, 0.0)
        free = (link.forward_mw if flow[last] >= 0 else link.reverse_mw)[last] + added
        used = abs(flow[last]) / free if free > 0 else 1.0
        full = used >= BINDING_SHARE
        links.append(
            LinkFlow(
                id=link.id,
                from_area=link.from_area,
                to_area=link.to_area,
                converts_frequency=link.converts,
                forward_mw=link.forward_mw[last],
                reverse_mw=link.reverse_mw[last],
                flow_mw=_whole(flow[last]),
                phase_flow_mw=tuple(_whole(mw) for mw in flow),
                limit_mw=free,
                used_share=min(used, 1.0),
                binding=full,
                expansion_mw=added,
                worth_myen_per_mw=prices.get(f"interconnector.{link.id}", 0.0) if full else 0.0,
            )
        )
    plans = {area.area: area for area in areas}
    balances = []
    for place, (area, spare) in enumerate(network.spare_mw.items()):
        net = sum(
            link.flow_mw * ((link.to_area == area) - (link.from_area == area))
            for link in links
            if area in (link.from_area, link.to_area)
        )
        inward = sum(_inward(link, area) for link in links)
        draw = float(carried.draws_mw[place, last])
        short = draw >= BINDING_SHARE * (spare + net)
        plan = plans.get(area)
        floor = plan.floor_import_mwh if plan is not None else 0.0
        curtailed = plan.curtailed_mwh if plan is not None else None
        hours = price_statistics(area, newest_complete_fiscal_year()).floor_hours if area in PRICE_AREAS else None
        balances.append(
            AreaBalance(
                area=area,
                frequency_hz=catalogue.value(f"grid.{area}.frequency"),
                draw_mw=draw,
                spare_supply_mw=spare,
                import_mw=inward,
                export_mw=inward - net,
                worth_myen_per_mw=prices.get(f"spare_supply.{area}", 0.0) if short else 0.0,
                floor_hours=hours,
                floor_import_mwh=floor,
                curtailed_mwh=curtailed,
                absorbed_mwh=None if curtailed is None else min(floor, curtailed),
            )
        )
    return AreaFlows(tuple(balances), tuple(links), carried.cost_myen)


def _inward(link: LinkFlow, area: str) -> float:
    """What a link brings into an area, MW; 0 where it takes from it."""
    sign = (link.to_area == area) - (link.from_area == area)
    return max(sign * link.flow_mw, 0.0)


def _whole(mw: float) -> float:
    """A flow without rounding of the solver."""
    return 0.0 if abs(mw) < FLOW_ROUNDING_MW else mw


def limit_prices(problem: NationalProblem, points: Points, incumbent: Incumbent) -> dict[str, float]:
    """What one more unit of every named limit would save a year at most, million yen, with sites and loads held.

    From the prices of the outer master: the slopes of the cuts, which no cost lies below. Empty where it gives none.
    """
    master = write_master(problem, points, "outer")
    master.hold_open(incumbent.choice)
    for load, column in master.loads.items():
        mw = float(incumbent.choice.load_mw[load])
        master.model.lower[column], master.model.upper[column] = max(mw - HELD_MW, 0.0), mw + HELD_MW
    answer = master.model.solve()
    if answer.status != "optimal":
        return {}
    return {name: float(np.abs(answer.prices[rows]).sum()) for name, rows in master.rows.items()}
