"""Why a scenario has no design, and the smallest changes of its own keys that would give it one.

The elastic programme lets every limit be broken at a price in proportion to its size. Limits that
its optimum breaks, or whose price is not zero there, collide. Each colliding limit is then relaxed
alone: where that suffices, the least change is a relaxation, and the plan's cost with it ranks it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from kiban.linear import Solution, Staircase, solve
from kiban.linear.elastic import SLACK, relax
from kiban.linear.staircase import Array
from kiban.planning.plan import Infeasibility, Relaxation
from kiban.planning.resources import Resources
from kiban.planning.worths import LIMIT_KEYS

NEGLIGIBLE = 1e-6
HOURS_SHOWN = 5
# A shortfall of energy weighs more than any limit, so that limits give way first.
SHORTFALL_WEIGHT = 10.0
MARGIN = 1e-4


@dataclass(frozen=True, slots=True)
class _Limit:
    """A constraint that the user can relax: its key, its value now, and the value after a breach."""

    name: str
    key: str
    unit: str
    current: float
    scale: float
    after: Callable[[float], float]


def explain_infeasibility(
    resources: Resources, programme: Staircase, labels: Callable[[int], str], report: Callable[[str], None]
) -> Infeasibility:
    """The explanation; `labels` names a step for the reader, `report` tells of progress."""
    limits = {limit.name: limit for limit in _find_limits(resources, programme)}
    weights = {name: 1.0 / limit.scale for name, limit in limits.items()}
    report("finding the constraints that collide")
    peak = max(float((resources.pue * resources.firm_mw).max()), 1.0)
    solution = solve(relax(programme, weights | {"balance": SHORTFALL_WEIGHT / peak}))
    if solution.status != "optimal":
        return Infeasibility(("the least capacities and the battery's hours contradict each other",), (), 0.0, ())
    colliding = [limit for limit in limits.values() if _collides(solution, limit)]
    shortfall = solution.hourly[SLACK + "balance"]
    hours = _short_hours(resources, programme, shortfall, report)

    relaxations = []
    for limit in colliding:
        report(f"how far {limit.key} would have to change")
        relaxation = _relax_alone(programme, limit)
        if relaxation is not None:
            relaxations.append(relaxation)
    relaxations.sort(key=lambda item: (item.cost_myen_per_year is None, item.cost_myen_per_year or 0.0, item.key))
    missing = float(hours.sum()) * resources.step_weight_h
    worst = np.argsort(-hours, kind="stable")[:HOURS_SHOWN]
    return Infeasibility(
        collisions=tuple(limit.key for limit in colliding),
        hours=tuple(labels(int(step)) for step in worst if hours[step] > NEGLIGIBLE * peak),
        shortfall_mwh=missing if missing > NEGLIGIBLE * peak else 0.0,
        relaxations=tuple(relaxations),
    )


def _find_limits(resources: Resources, programme: Staircase) -> list[_Limit]:
    limits = []
    for name, capacity in programme.capacities.items():
        if capacity.integer or not math.isfinite(capacity.upper):
            continue
        key, _, unit = LIMIT_KEYS.get(name, (f"supply.{name}.max_mw", "", "MW"))
        most = capacity.upper
        limits.append(_Limit(name, key, unit, most, max(most, 1.0), partial(_add, most)))
    if resources.clean_share is not None:
        target, load = resources.clean_share, resources.firm_energy_mwh_per_year
        load += float(resources.pue @ resources.arrivals_mw) * resources.step_weight_h
        limits.append(
            _Limit(
                "clean_share",
                "target.clean_share",
                "share",
                target,
                max(load, 1.0),
                lambda breach: max(target - breach / load, 0.0),
            )
        )
    caps = (
        ("carbon_cap", "target.carbon_cap_t_per_year", "t", resources.carbon_cap_t_per_year),
        ("water_cap", "target.water_cap_m3_per_year", "m3", resources.water_cap_m3_per_year),
    )
    for name, key, unit, cap in caps:
        if cap is not None:
            limits.append(_Limit(name, key, unit, cap, max(cap, 1.0), partial(_add, cap)))
    if "adequacy" in programme.totals:
        share, peak = resources.critical_share, resources.critical_mw / resources.critical_share
        limits.append(
            _Limit(
                "adequacy",
                "backup.critical_share",
                "share",
                share,
                max(resources.critical_mw, 1.0),
                lambda breach: max(share - breach / peak, 0.0),
            )
        )
    return limits


def _add(limit: float, breach: float) -> float:
    return limit + breach


def _collides(solution: Solution, limit: _Limit) -> bool:
    broken = solution.capacities[SLACK + limit.name] > NEGLIGIBLE * limit.scale
    row = f"limit:{limit.name}" if f"limit:{limit.name}" in solution.total_prices else limit.name
    return broken or abs(solution.total_prices[row]) * limit.scale > NEGLIGIBLE


def _short_hours(resources: Resources, programme: Staircase, first: Array, report: Callable[[str], None]) -> Array:
    """Energy that is missing in each step when every limit holds, MW."""
    report("finding the hours that fall short")
    peak = max(float((resources.pue * resources.firm_mw).max()), 1.0)
    solution = solve(relax(programme, {"balance": 1.0 / peak}))
    shortfall = solution.hourly[SLACK + "balance"] if solution.status == "optimal" else first
    return np.asarray(np.maximum(shortfall, 0.0))


def _relax_alone(programme: Staircase, limit: _Limit) -> Relaxation | None:
    alone = solve(relax(programme, {limit.name: 1.0 / limit.scale}))
    if alone.status != "optimal":
        return None
    breach = max(alone.capacities[SLACK + limit.name], 0.0) * (1.0 + MARGIN)
    within = relax(programme, {limit.name: 0.0}, keep_costs=True)
    within.add_total("allowed", upper=breach)
    within.add_capacity_term("allowed", SLACK + limit.name)
    costed = solve(within)
    cost = costed.certificate.primal if costed.certificate is not None else None
    return Relaxation(limit.key, limit.current, limit.after(breach), limit.unit, cost)
