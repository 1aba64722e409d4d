"""Why a scenario has no design, and the changes of its own keys that would give it one.

The elastic programme lets every limit be broken at a price in proportion to its size, far above the costs. The least
cost is convex in each limit, so that a limit whose price there is `p` must move by at least what all breaches cost
over `p`: that says which limits can mend the scenario alone. For each of these the programme is solved once more with
that limit open and all others kept. A yearly target gives way by as little as can be; a limit of a capacity by as much
as still saves, for a change by its own size, an ordinary plan: at the very least capacity a plan may cost many times
as much. Where no limit is enough alone, one is cheap to break and all others dear. A relaxation that holds another one
in it is left out, and what is left collides: each limit that some smallest relaxation moves.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.errors import SolverError
from kiban.linear import Solution, Staircase, solve
from kiban.linear.batch import answer_many, solve_many
from kiban.linear.elastic import SLACK, relax
from kiban.messages import Message
from kiban.planning.plan import LEAST_CAPACITIES, NO_SUPPLY, NO_SUPPLY_AT_TIMES, Change, Infeasibility, Relaxation
from kiban.planning.price_response import answered_price, bill_of
from kiban.planning.procurement import CLAIM
from kiban.planning.resources import Resources
from kiban.planning.worths import limit_keys
from kiban.progress import Report
from kiban.scenario.procurement import CERTIFIED

CONNECTION = "connection_limits"
RESTRICTED = "grid"
"""Stands for the keys that keep import from using the whole connection: hours are no number that could be raised."""
NEGLIGIBLE_SLACK = 1e-6
HOURS_SHOWN = 5
# Breaking a limit by its own size costs this many times an ordinary plan.
PENALTY = 30.0
DEARER = 30.0
# The same of the limit of a capacity that alone gives way.
STRETCH = 1.0
# A limit is no smaller than this share of the load, or of what the load uses: a limit of nothing has a size.
LEAST_SIZE = 0.1
# A limit that had to grow by more than so many times its size mends nothing.
FARTHEST = 1e3
MARGIN = 1e-4
# Relative gap of the programmes here: fine enough for the margin, and far from where dear limits cost digits.
EXPLAINED_TO = 1e-6


@dataclass(frozen=True, slots=True)
class _Limit:
    """A constraint that the user can relax: its key, its value now, the value after a breach, the largest breach."""

    name: str
    key: str
    unit: str
    current: float
    scale: float
    after: Callable[[float], float]
    most: float = math.inf


def explain_infeasibility(
    resources: Resources, programme: Staircase, labels: Callable[[int], str], report: Report
) -> Infeasibility:
    """The explanation; `labels` names a step for the reader, `report` tells of progress."""
    dark = _unsupplied(resources)
    if dark.all():
        return Infeasibility((NO_SUPPLY,), (), 0.0, ())
    programme = _with_whole_load(resources, programme)
    limits = _find_limits(resources, programme)
    ordinary = estimate_cost(resources)
    report(Message("progress.collisions"))
    broken = solve(
        _relax(resources, programme, {limit.name: PENALTY * ordinary / limit.scale for limit in limits}),
        tolerance=EXPLAINED_TO,
    )
    if broken.status != "optimal":
        missing = np.where(dark & (not resources.storages), resources.pue * resources.firm_mw, 0.0)
        if not missing.any():
            return Infeasibility((LEAST_CAPACITIES,), (), 0.0, ())
        hours = np.argsort(-missing, kind="stable")[:HOURS_SHOWN]
        shortfall = float(missing.sum()) * resources.step_weight_h
        shown = tuple(labels(int(step)) for step in hours if missing[step] > 0)
        return Infeasibility((NO_SUPPLY_AT_TIMES,), shown, shortfall, ())
    felt = [limit for limit in limits if _is_felt(broken, limit, limits)]
    relaxations = list(_relax_one(resources, programme, limits, broken, ordinary, report))
    if relaxations:
        alone = {change.key for relaxation in relaxations for change in relaxation.changes}
        others = [limit for limit in felt if limit.key not in alone]
        relaxations += _relax_others(resources, programme, others, PENALTY * ordinary, report)
    else:
        relaxations += _relax_several(resources, programme, limits, felt, PENALTY * ordinary, report)
    relaxations = _smallest(relaxations)
    relaxations.sort(key=lambda relaxation: (relaxation.cost_myen_per_year, relaxation.changes[0].key))
    moved = {change.key for relaxation in relaxations for change in relaxation.changes}
    short = _find_shortfall(resources, programme, limits, relaxations, PENALTY * ordinary, report)
    negligible = NEGLIGIBLE_SLACK * max(float((resources.pue * resources.firm_mw).max()), 1.0)
    worst = np.argsort(-short, kind="stable")[:HOURS_SHOWN]
    collisions = tuple(
        key
        for limit in limits
        if limit.key in moved
        for key in (_restrictions(resources) if limit.name == CONNECTION else (limit.key,))
    )
    # Where no limit is at fault, it is that units are whole.
    units = tuple(f"supply.{supply.name}.unit_mw" for supply in resources.supply if supply.unit_mw is not None)
    return Infeasibility(
        collisions=collisions or units,
        hours=tuple(labels(int(step)) for step in worst if short[step] > negligible),
        shortfall_mwh=float(short[short > negligible].sum()) * resources.step_weight_h,
        relaxations=tuple(relaxation for relaxation in relaxations if RESTRICTED not in _keys(relaxation)),
    )


def _unsupplied(resources: Resources) -> npt.NDArray[np.bool_]:
    """Steps in which nothing that the scenario allows generates or is bought, whatever is built of it."""
    if resources.grid is not None or resources.backup is not None:
        return np.zeros(resources.steps, dtype=bool)
    dark = np.ones(resources.steps, dtype=bool)
    for supply in resources.supply:
        dark &= np.asarray(supply.availability) <= 0
    return dark


def _with_whole_load(resources: Resources, programme: Staircase) -> Staircase:
    """The programme in which what must be served is added to the peak of the load, where its limit cut that off.

    The least IT capacity is the peak, or the limit of IT capacity below it: it rises as that limit is raised.
    """
    total = programme.totals.get("it_as_it_arrives")
    if total is None or not any(tranche.least_mw > 0 for tranche in resources.tranches):
        return programme
    changed = copy.copy(programme)
    peak = float((resources.firm_mw + resources.arrivals_mw).max())
    changed.totals = {**programme.totals, total.name: replace(total, lower=peak)}
    return changed


def _relax_one(
    resources: Resources,
    programme: Staircase,
    limits: Sequence[_Limit],
    broken: Solution,
    ordinary: float,
    report: Report,
) -> Iterator[Relaxation]:
    """The change of each limit that is enough alone, in the order of the limits."""
    able = [limit for limit in limits if _least_change(broken, limit, limits) <= _farthest(limit)]
    weights = [(STRETCH if limit.name in programme.capacities else PENALTY) * ordinary / limit.scale for limit in able]

    def open_limits() -> Iterator[Staircase]:
        for limit, weight in zip(able, weights, strict=True):
            report(Message("progress.relaxation", key=limit.key))
            yield _open(resources, programme, limit, weight)

    for limit, weight, solution in zip(able, weights, answer_many(open_limits(), _solve_if_any), strict=True):
        if solution is None or solution.certificate is None:
            continue
        if limit.name in programme.capacities:
            change = solution.capacities[limit.name] - limit.current
            paid = weight * solution.capacities[limit.name]
        else:
            change = max(solution.capacities[SLACK + limit.name], 0.0)
            paid = weight * change
        if NEGLIGIBLE_SLACK * limit.scale < change <= limit.most:
            yield Relaxation((_change(limit, change),), bill_of(resources, solution) - paid)


def _least_change(broken: Solution, limit: _Limit, limits: Sequence[_Limit]) -> float:
    """By how much a limit has to move at least if it alone moves."""
    penalties = sum(_price(broken, other) * max(broken.capacities[SLACK + other.name], 0.0) for other in limits)
    price = _price(broken, limit)
    return penalties / price if price > 0.0 else math.inf


def _farthest(limit: _Limit) -> float:
    return min(limit.most, FARTHEST * limit.scale)


def _open(resources: Resources, programme: Staircase, limit: _Limit, weight: float) -> Staircase:
    """The programme in which one limit alone may be broken; what a capacity costs more is counted from nothing on."""
    capacity = programme.capacities.get(limit.name)
    if capacity is None:
        return _relax(resources, programme, {limit.name: weight})
    opened = copy.copy(programme)
    opened.capacities = {
        name: replace(other, integer=False, upper=1.0 if other.integer else other.upper)
        for name, other in programme.capacities.items()
    }
    opened.capacities[limit.name] = replace(capacity, upper=math.inf, cost=capacity.cost + weight)
    return opened


def _solve_if_any(programme: Staircase) -> Solution | None:
    """The optimum; None where the kernel finds none: whether there is one is then asked of several limits at once."""
    try:
        return solve(programme, "kernel", tolerance=EXPLAINED_TO, threads=1)
    except SolverError:
        return None


def _relax_others(
    resources: Resources, programme: Staircase, limits: Sequence[_Limit], penalty: float, report: Report
) -> Iterator[Relaxation]:
    """The least breach of limits none of which is enough alone, if together they are: all that would be is kept."""
    if len(limits) < 2:
        return
    report(Message("progress.relaxation", key=limits[0].key))
    weights = {limit.name: penalty / limit.scale for limit in limits}
    solution = _solve_if_any(_relax(resources, programme, weights))
    relaxation = _read_relaxation(resources, limits, limits[0], weights, solution) if solution is not None else None
    if relaxation is not None:
        yield relaxation


def _relax_several(
    resources: Resources,
    programme: Staircase,
    limits: Sequence[_Limit],
    colliding: Sequence[_Limit],
    penalty: float,
    report: Report,
) -> Iterator[Relaxation]:
    """The least breach of each limit, and of others where it does not suffice alone."""
    weights = [_weigh(limits, limit, penalty) for limit in colliding]

    def write_relaxed() -> Iterator[Staircase]:
        for limit, dear in zip(colliding, weights, strict=True):
            report(Message("progress.relaxation", key=limit.key))
            yield _relax(resources, programme, dear)

    relaxed = solve_many(write_relaxed(), tolerance=EXPLAINED_TO)
    for limit, dear, solution in zip(colliding, weights, relaxed, strict=True):
        relaxation = _read_relaxation(resources, limits, limit, dear, solution)
        if relaxation is not None:
            yield relaxation


def _smallest(relaxations: Sequence[Relaxation]) -> list[Relaxation]:
    """Each set of keys once, and none that holds another."""
    kept: list[Relaxation] = []
    for relaxation in sorted(relaxations, key=lambda relaxation: len(relaxation.changes)):
        if not any(_keys(other) <= _keys(relaxation) for other in kept):
            kept.append(relaxation)
    return kept


def _relax(resources: Resources, programme: Staircase, weights: Mapping[str, float]) -> Staircase:
    """`relax`, with import beyond windows, calls and the limit by hour as one more constraint that may be broken."""
    relaxed = relax(programme, {name: weight for name, weight in weights.items() if name != CONNECTION})
    if CONNECTION in weights:
        relaxed.add_capacity(SLACK + CONNECTION, cost=weights[CONNECTION])
        relaxed.add_capacity(CONNECTION, cost=0.0)
        relaxed.add_total(f"limit:{CONNECTION}", upper=0.0)
        relaxed.add_capacity_term(f"limit:{CONNECTION}", CONNECTION)
        relaxed.add_capacity_term(f"limit:{CONNECTION}", SLACK + CONNECTION, -1.0)
        relaxed.add_variable("import_beyond", capacity=CONNECTION, factor=_restricted_steps(resources))
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


def estimate_cost(resources: Resources) -> float:
    """Order of magnitude of a plan's yearly cost, million yen."""
    load = resources.firm_mw + resources.arrivals_mw
    prices = [supply.annual_cost_myen_per_mw / HOURS_PER_YEAR for supply in resources.supply]
    if resources.grid is not None:
        own = float((resources.pue * load).max())
        prices.append(float(np.abs(answered_price(resources.grid, np.full(resources.steps, own))).mean()))
    energy = max(prices, default=1.0) * float(resources.pue @ load) * resources.step_weight_h
    return max(energy + resources.it_annual_cost_myen_per_mw * float(load.max()), 1.0)


def _find_limits(resources: Resources, programme: Staircase) -> list[_Limit]:
    limits = []
    served_mw = resources.firm_mw + resources.arrivals_mw
    peak = float((resources.pue * served_mw).max())
    load = float(resources.pue @ served_mw) * resources.step_weight_h
    tranches = {tranche.capacity for tranche in resources.tranches}
    for name, capacity in programme.capacities.items():
        if capacity.integer or name in tranches or not math.isfinite(capacity.upper):
            continue
        key, _, unit = limit_keys(resources).get(name, (f"supply.{name}.max_mw", "", "MW"))
        most = capacity.upper
        if name.startswith(CERTIFIED):
            # Certificates are counted as their mean over the year.
            yearly = partial(_scaled, most, HOURS_PER_YEAR)
            limits.append(_Limit(name, key, unit, yearly(0.0), max(most, LEAST_SIZE * peak, 1.0), yearly))
            continue
        limits.append(_Limit(name, key, unit, most, max(most, LEAST_SIZE * peak, 1.0), partial(_add, most)))
    if resources.grid is not None and resources.grid.is_restricted:
        limits.append(_Limit(CONNECTION, RESTRICTED, "MW", 0.0, max(peak, 1.0), partial(_add, 0.0)))
    if resources.clean_share is not None:
        target = resources.clean_share
        limits.append(
            _Limit(
                "clean_share",
                "target.clean_share",
                "share",
                target,
                max(load, 1.0),
                lambda breach: max(target - breach / load, 0.0),
                most=target * load,
            )
        )
    procurement = resources.procurement
    if procurement is not None and procurement.claim_share is not None:
        claim = procurement.claim_share
        limits.append(
            _Limit(
                CLAIM,
                "procurement.certificates.claim_share",
                "share",
                claim,
                max(load, 1.0),
                lambda breach: max(claim - breach / load, 0.0),
                most=claim * load,
            )
        )
    emitted = load * max((float(factor.max()) for _, factor in resources.emission_factors()), default=0.0)
    water = float(resources.wue_m3_per_mwh @ served_mw) * resources.step_weight_h
    caps = (
        ("carbon_cap", "target.carbon_cap_t_per_year", "t", resources.carbon_cap_t_per_year, emitted),
        ("water_cap", "target.water_cap_m3_per_year", "m3", resources.water_cap_m3_per_year, water),
    )
    for name, key, unit, cap, used in caps:
        if cap is not None:
            limits.append(_Limit(name, key, unit, cap, max(cap, LEAST_SIZE * used, 1.0), partial(_add, cap)))
    if "adequacy" in programme.totals:
        share, critical = resources.critical_share, resources.critical_mw / resources.critical_share
        limits.append(
            _Limit(
                "adequacy",
                "backup.critical_share",
                "share",
                share,
                max(resources.critical_mw, 1.0),
                lambda breach: max(share - breach / critical, 0.0),
                most=resources.critical_mw,
            )
        )
    return limits


def _scaled(limit: float, factor: float, breach: float) -> float:
    return factor * (limit + breach)


def _add(limit: float, breach: float) -> float:
    return limit + breach


def _is_felt(broken: Solution, limit: _Limit, limits: Sequence[_Limit]) -> bool:
    """Whether a limit is broken, or a change that is no larger than a limit may need would pay for part of a breach."""
    slack = broken.capacities[SLACK + limit.name]
    return slack > NEGLIGIBLE_SLACK * limit.scale or _least_change(broken, limit, limits) <= FARTHEST * limit.scale


def _price(solution: Solution, limit: _Limit) -> float:
    """What one unit of a limit is worth in the elastic programme."""
    row = f"limit:{limit.name}" if f"limit:{limit.name}" in solution.total_prices else limit.name
    return abs(solution.total_prices[row])


def _find_shortfall(
    resources: Resources,
    programme: Staircase,
    limits: Sequence[_Limit],
    relaxations: Sequence[Relaxation],
    penalty: float,
    report: Report,
) -> Array:
    """Power that is missing in each step when capacity limits hold and yearly targets do not, MW.

    None is missing where targets alone mend the scenario.
    """
    targets = {limit.key for limit in limits if limit.name in programme.totals}
    if any(_keys(relaxation) <= targets for relaxation in relaxations):
        return np.zeros(resources.steps)
    report(Message("progress.short_hours"))
    missed = solve(_with_shortfall(resources, programme, penalty), tolerance=EXPLAINED_TO)
    return _read_shortfall(resources, missed)


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


def _weigh(limits: Sequence[_Limit], main: _Limit, penalty: float) -> dict[str, float]:
    """Prices at which others are broken only where one limit alone does not suffice."""
    return {limit.name: (1.0 if limit is main else DEARER) * penalty / limit.scale for limit in limits}


def _read_relaxation(
    resources: Resources, limits: Sequence[_Limit], main: _Limit, weights: Mapping[str, float], solution: Solution
) -> Relaxation | None:
    """The least breach of one limit, and of others only where that limit alone does not suffice."""
    if solution.certificate is None:
        return None
    breaches = {limit.name: max(solution.capacities[SLACK + limit.name], 0.0) for limit in limits}
    broken = [limit for limit in limits if breaches[limit.name] > NEGLIGIBLE_SLACK * limit.scale]
    if not broken:
        return None
    broken.sort(key=lambda limit: limit is not main)
    changes = tuple(_change(limit, breaches[limit.name]) for limit in broken)
    cost = bill_of(resources, solution) - sum(weights[name] * breach for name, breach in breaches.items())
    return Relaxation(changes, cost)


def _change(limit: _Limit, breach: float) -> Change:
    """A little more than the least, so that the answer can be typed in and still be feasible."""
    return Change(limit.key, limit.current, limit.after(breach * (1.0 + MARGIN)), limit.unit)
