"""Why a scenario has no design, and the smallest changes of its own keys that would give it one.

The elastic programme lets every limit be broken at a price in proportion to its size, far above the
costs. Limits that its optimum breaks, or whose price is of that order there, collide. For each of
them the programme is solved again with that limit cheap to break and all others dear: the breaches
are a relaxation, mostly of one key. The plan's cost with each relaxation ranks them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.linear import Solution, Staircase
from kiban.linear.batch import solve_many
from kiban.linear.elastic import SLACK, relax
from kiban.messages import Message
from kiban.planning.plan import LEAST_CAPACITIES, NO_SUPPLY, Change, Infeasibility, Relaxation
from kiban.planning.resources import Resources
from kiban.planning.worths import limit_keys
from kiban.progress import Report

CONNECTION = "connection_limits"
NEGLIGIBLE_SLACK = 1e-6
HOURS_SHOWN = 5
# Breaking a limit by its own size costs this many times an ordinary plan.
PENALTY = 30.0
DEARER = 30.0
# Price of a constraint that collides, as a share of the penalty.
BINDING = 0.05
MARGIN = 1e-4
# Relative gap of the programmes here: fine enough for the margin, and far from where dear limits cost digits.
EXPLAINED_TO = 1e-6


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
    resources: Resources, programme: Staircase, labels: Callable[[int], str], report: Report
) -> Infeasibility:
    """The explanation; `labels` names a step for the reader, `report` tells of progress."""
    if resources.grid is None and resources.backup is None and not resources.supply:
        return Infeasibility((NO_SUPPLY,), (), 0.0, ())
    limits = _find_limits(resources, programme)
    penalty = PENALTY * _ordinary_cost(resources)

    def write_first() -> Iterator[Staircase]:
        report(Message("progress.collisions"))
        yield _relax(resources, programme, {limit.name: penalty / limit.scale for limit in limits})
        report(Message("progress.short_hours"))
        yield _with_shortfall(resources, programme, penalty)

    solution, missed = solve_many(write_first(), tolerance=EXPLAINED_TO)
    if solution.status != "optimal":
        return Infeasibility((LEAST_CAPACITIES,), (), 0.0, ())
    colliding = [limit for limit in limits if _collides(solution, limit, penalty)]
    short = _read_shortfall(resources, missed)
    negligible = NEGLIGIBLE_SLACK * max(float((resources.pue * resources.firm_mw).max()), 1.0)
    worst = np.argsort(-short, kind="stable")[:HOURS_SHOWN]

    weights = [_weigh(limits, limit, penalty) for limit in colliding]

    def write_relaxed() -> Iterator[Staircase]:
        for limit, dear in zip(colliding, weights, strict=True):
            report(Message("progress.relaxation", key=limit.key))
            yield _relax(resources, programme, dear)

    relaxations: list[Relaxation] = []
    relaxed = solve_many(write_relaxed(), tolerance=EXPLAINED_TO)
    for limit, dear, solution in zip(colliding, weights, relaxed, strict=True):
        if limit.name == CONNECTION:
            # Hours of windows and calls are no number that could be raised.
            continue
        relaxation = _read_relaxation(limits, limit, dear, solution)
        if relaxation is not None and all(_keys(relaxation) != _keys(other) for other in relaxations):
            relaxations.append(relaxation)
    relaxations.sort(key=lambda relaxation: (relaxation.cost_myen_per_year, relaxation.changes[0].key))
    missing = float(short[short > negligible].sum()) * resources.step_weight_h
    keys = [
        key for limit in colliding for key in (_restrictions(resources) if limit.name == CONNECTION else (limit.key,))
    ]
    return Infeasibility(
        collisions=tuple(keys),
        hours=tuple(labels(int(step)) for step in worst if short[step] > negligible),
        shortfall_mwh=missing,
        relaxations=tuple(relaxations),
    )


def _relax(resources: Resources, programme: Staircase, weights: Mapping[str, float]) -> Staircase:
    """`relax`, with import beyond windows, calls and the limit by hour as one more constraint that may be broken."""
    relaxed = relax(programme, {name: weight for name, weight in weights.items() if name != CONNECTION})
    if CONNECTION in weights:
        relaxed.add_capacity(SLACK + CONNECTION, cost=weights[CONNECTION])
        relaxed.add_variable("import_beyond", capacity=SLACK + CONNECTION, factor=_restricted_steps(resources))
        relaxed.add_term("balance", "import_beyond")
    return relaxed


def _restricted_steps(resources: Resources) -> Array:
    """1 in the steps in which import may not use the whole connection, else 0."""
    grid = resources.grid
    if grid is None or not grid.is_restricted:
        return np.zeros(resources.steps)
    if grid.import_limit_mw is not None:
        return np.ones(resources.steps)
    return np.where(np.broadcast_to(np.asarray(grid.import_share), (resources.steps,)) < 1.0, 1.0, 0.0)


def _restrictions(resources: Resources) -> tuple[str, ...]:
    """Scenario keys that keep import from using the whole connection."""
    grid = resources.grid
    assert grid is not None
    found = []
    if grid.import_limit_mw is not None:
        found.append("grid.import_limit_mw")
    if grid.last_called:
        found.append("grid.non_firm.called_hours_per_year")
    if grid.has_windows:
        found.append("grid.window")
    return tuple(found)


def _keys(relaxation: Relaxation) -> frozenset[str]:
    return frozenset(change.key for change in relaxation.changes)


def _ordinary_cost(resources: Resources) -> float:
    """Order of magnitude of a plan's yearly cost, million yen."""
    load = resources.firm_mw + resources.arrivals_mw
    prices = [supply.annual_cost_myen_per_mw / HOURS_PER_YEAR for supply in resources.supply]
    if resources.grid is not None:
        prices.append(float(np.abs(resources.grid.price_myen_per_mwh).mean()))
    energy = max(prices, default=1.0) * float(resources.pue @ load) * resources.step_weight_h
    return max(energy + resources.it_annual_cost_myen_per_mw * float(load.max()), 1.0)


def _find_limits(resources: Resources, programme: Staircase) -> list[_Limit]:
    limits = []
    for name, capacity in programme.capacities.items():
        if capacity.integer or not math.isfinite(capacity.upper):
            continue
        key, _, unit = limit_keys(resources).get(name, (f"supply.{name}.max_mw", "", "MW"))
        most = capacity.upper
        limits.append(_Limit(name, key, unit, most, max(most, 1.0), partial(_add, most)))
    if resources.grid is not None and resources.grid.is_restricted:
        peak = max(float((resources.pue * (resources.firm_mw + resources.arrivals_mw)).max()), 1.0)
        limits.append(_Limit(CONNECTION, "grid", "MW", 0.0, peak, partial(_add, 0.0)))
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


def _collides(solution: Solution, limit: _Limit, penalty: float) -> bool:
    """Whether a limit is broken, or would have to be if it were a little tighter."""
    broken = solution.capacities[SLACK + limit.name] > NEGLIGIBLE_SLACK * limit.scale
    if limit.name == CONNECTION:
        return broken
    row = f"limit:{limit.name}" if f"limit:{limit.name}" in solution.total_prices else limit.name
    return broken or abs(solution.total_prices[row]) * limit.scale > BINDING * penalty


def _with_shortfall(resources: Resources, programme: Staircase, penalty: float) -> Staircase:
    """The programme in which power may be missing and yearly targets need not be kept."""
    targets = dict.fromkeys(programme.totals, 0.0)
    load = max(float((resources.pue * resources.firm_mw).sum()), 1.0)
    return relax(programme, targets | {"balance": penalty / load})


def _read_shortfall(resources: Resources, solution: Solution) -> Array:
    """Power that is missing in each step when capacity limits hold and yearly targets do not, MW."""
    if solution.status != "optimal":
        return np.zeros(resources.steps)
    return np.asarray(np.maximum(solution.hourly[SLACK + "balance"], 0.0))


def _weigh(limits: list[_Limit], main: _Limit, penalty: float) -> dict[str, float]:
    """Prices at which others are broken only where one limit alone does not suffice."""
    return {limit.name: (1.0 if limit is main else DEARER) * penalty / limit.scale for limit in limits}


def _read_relaxation(
    limits: list[_Limit], main: _Limit, weights: Mapping[str, float], solution: Solution
) -> Relaxation | None:
    """The least breach of one limit, and of others only where that limit alone does not suffice."""
    if solution.certificate is None:
        return None
    breaches = {limit.name: max(solution.capacities[SLACK + limit.name], 0.0) for limit in limits}
    broken = [limit for limit in limits if breaches[limit.name] > NEGLIGIBLE_SLACK * limit.scale]
    if not broken or any(limit.name == CONNECTION for limit in broken):
        return None
    broken.sort(key=lambda limit: limit is not main)
    # A little more than the least, so that the answer can be typed in and still be feasible.
    changes = tuple(
        Change(limit.key, limit.current, limit.after(breaches[limit.name] * (1.0 + MARGIN)), limit.unit)
        for limit in broken
    )
    cost = solution.certificate.primal - sum(weights[name] * breach for name, breach in breaches.items())
    return Relaxation(changes, cost)
