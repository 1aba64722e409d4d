"""The plan that buys from plants elsewhere, beside the same campus without them: what they add, and what it costs.

Behind the meter the campus keeps the tariffs, the certificates, the cooling system and the compute of the plan; only
the plants elsewhere are left out. Three designs answer, each an optimum of its own:

    least      without plants elsewhere and without a target of clean share: what the campus would be without both
    matched    without plants elsewhere, at the share that is asked for; or, where no design reaches that, the cleanest
    elsewhere  with plants elsewhere, at the share of `matched`: never dearer than it, since it may leave them out, but
               for a least capacity that the scenario asks for

The cleanest is where the frontier of clean share ends: the rest of it, at the price of the last step, would cost more
than an ordinary plan (`frontier`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kiban.planning.frontier import find_ends
from kiban.planning.plan import Plan
from kiban.planning.procurement_account import BOUGHT_DUST_MW
from kiban.planning.procurement_result import BehindMeter, BesideDesign, Bought
from kiban.planning.resources import Resources, serve

AT_LIMIT = 1e-6
"""A capacity is at its limit within this share of it."""
EASED = 1e-6
"""What a share that the frontier reached is eased by, so that its proof can be repeated."""
SOLVER_DUST_MYEN = 1e-3
"""Items of cost that differ by less are the same."""

Design = Callable[[Resources], Plan | None]


def compare_behind_meter(plan: Plan, resources: Resources, design: Design) -> BehindMeter | None:
    """What plants elsewhere add to a plan; None where it buys from none.

    `resources` are those of the plan, `design` finds the least-cost plan of others that serve the same compute.
    """
    bought, procurement = plan.bought, resources.procurement
    if (
        bought is None
        or procurement is None
        or not any(_is_elsewhere(bought, plant.name) for plant in procurement.plants)
    ):
        return None
    near = replace(resources, procurement=replace(procurement, plants=()))
    least = design(replace(near, clean_share=None))
    if least is None:
        return BehindMeter(None, None, None, reaches=False, differences={}, full=())
    share, reaches = resources.clean_share, True
    matched: Plan | None = least
    if share is not None and least.indicators["clean_share"] < share:
        # That no design reaches a share takes long to prove; where the frontier ends is known from designs.
        served = {tranche.name: tranche.served_mw for tranche in plan.tranches}
        ends = find_ends(serve(replace(near, clean_share=None), served), "clean_share")
        most = least.indicators["clean_share"] if ends is None else ends.last.clean_share - EASED
        reaches = share <= most
        share = min(share, most)
        matched = design(replace(near, clean_share=share))
        # What has no proof is not said to be reached.
        reaches = reaches and matched is not None
    elsewhere = plan if reaches else design(replace(resources, clean_share=share)) if matched is not None else None
    reference = matched if reaches and matched is not None else least
    items = dict.fromkeys([*plan.costs, *reference.costs])
    differences = {item: plan.costs.get(item, 0.0) - reference.costs.get(item, 0.0) for item in items}
    return BehindMeter(
        least=_beside(least),
        matched=_beside(matched),
        elsewhere=_beside(elsewhere),
        reaches=reaches,
        differences={item: cost for item, cost in differences.items() if abs(cost) > SOLVER_DUST_MYEN},
        full=_list_full(matched, near) if matched is not None else (),
    )


def _is_elsewhere(bought: Bought, name: str) -> bool:
    return any(way.name == name and way.capacity_mw > BOUGHT_DUST_MW for way in bought.ways)


def _beside(plan: Plan | None) -> BesideDesign | None:
    return None if plan is None else BesideDesign(plan.cost_myen_per_year, plan.indicators["clean_share"])


def _list_full(plan: Plan, resources: Resources) -> tuple[str, ...]:
    """Clean plants of the campus, and its connection, that are built up to their limits."""
    limits = {supply.name: supply.max_mw for supply in resources.supply if supply.clean}
    if resources.grid is not None:
        limits["interconnection"] = resources.grid.max_mw
    return tuple(
        name for name, limit in limits.items() if 0.0 < limit * (1.0 - AT_LIMIT) <= plan.capacities[f"{name}_mw"]
    )
