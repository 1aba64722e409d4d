"""The subproblem of a site: the least cost of serving a load there, as a convex function with its slopes.

    C(z),   z = (MW of each load class, grid connection, shared supply limits, carbon allowance)

is the value function of the site's programme in the linking variables z, its right-hand sides: convex in z, falling
with every limit, and the prices of the optimum are its slopes. By weak duality

    C(z) >= dual objective at z' + slope' (z - z')      for every z

whatever the accuracy of the solution. That inequality is the cut of Benders (1962, Numerische Mathematik 4,
238-252) and, where costs are convex rather than linear, of Geoffrion (1972, J. Optimization Theory and Applications
10, 237-260); that it holds where the subproblem is solved roughly is shown by Zakeri, Philpott and Ryan (2000, SIAM
J. Optimization 10, 643-657). The cost of the solution is an upper bound at z'. Elastic limits give every load an
optimum, so that no cut is needed that says where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kiban.arrays import Array
from kiban.linear import Certificate, Solution
from kiban.national.study.site_model import SiteModel, capacity_costs
from kiban.national.study.site_programme import (
    SITE_TOLERANCE,
    SLACKS,
    load_resources,
    solve_at,
    solve_site_one_way,
)
from kiban.planning.evaluation import (
    compute_costs,
    compute_emissions,
    compute_hourly,
    compute_indicators,
)
from kiban.planning.one_way import TwoWay, list_pairs
from kiban.planning.resources import Resources
from kiban.planning.schedule import tidy

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart

BUILT = 1e-6
"""A capacity below it, MW or MWh, is rounding of the solver."""


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """One evaluation of C: a cut for the outer master, and a design (a column) for the inner one.

    `z` is where C was evaluated; `used` is z with the connection, shared supply and emissions that the optimum uses.
    `cost_myen` is the cost of its design, `bound_myen` and `slope` make the cut. `costs` are by item and
    add up to `cost_myen` where `excess` is 0; `excess` is what the elastic limits had to give (GWh and kt).
    `import_mw` is what is drawn from the grid, `(steps,)`. `tolerance` is the accuracy of the solve. After a change of
    prices `bound_myen` is minus infinity until C is evaluated at z again, and `estimate_myen` and `slope` say what its
    cut will be, nearly.
    """

    z: Array
    used: Array
    cost_myen: float
    bound_myen: float
    slope: Array
    costs: Mapping[str, float]
    capacities: Mapping[str, float]
    energy_mwh: Mapping[str, float]
    indicators: Mapping[str, float]
    floor_import_mwh: float
    excess: float
    solver: str
    import_mw: Array
    tolerance: float = SITE_TOLERANCE
    estimate_myen: float = -np.inf

    @property
    def has_cut(self) -> bool:
        """Whether the point is an optimum, and so proves a lower bound."""
        return bool(np.isfinite(self.bound_myen))

    @property
    def is_estimated(self) -> bool:
        """Whether the point's cut is estimated, and not proven."""
        return not self.has_cut and bool(np.isfinite(self.estimate_myen))

    def cut_at(self, z: Array) -> float:
        """The lower bound that this point proves at z, million yen a year."""
        return self.bound_myen + float(self.slope @ (z - self.z))

    def estimate_at(self, z: Array) -> float:
        """What the cut at z will nearly be, million yen a year; minus infinity where it is known."""
        return self.estimate_myen + float(self.slope @ (z - self.z))


Points = Mapping[tuple[int, int], Sequence[Point]]
"""Evaluated points by block and subproblem: the outer master takes their cuts, the inner one their designs."""


def reprice(point: Point, before: Resources, after: Resources, classes: int) -> Point:
    """A design at other yearly costs of capacity: what it costs then, and nothing about what the optimum would.

    It is as feasible as it was, so that its cost is an upper bound; `bound_myen` is minus infinity. To first
    order the optimum costs more by as much as the design; the estimate says so, in proportion to the load, which
    the first `classes` entries of z are.
    """
    was, now = capacity_costs(before), capacity_costs(after)
    costs, more = dict(point.costs), 0.0
    for capacity, items in now.items():
        for item, cost in items.items():
            change = (cost - was[capacity][item]) * point.capacities.get(capacity, 0.0)
            more += change
            costs[item] = costs.get(item, 0.0) + change
    slope = point.slope.copy()
    slope[:classes] += more / float(point.z[:classes].sum())
    estimate = point.bound_myen if point.has_cut else point.estimate_myen
    return replace(
        point,
        cost_myen=point.cost_myen + more,
        bound_myen=-np.inf,
        slope=slope,
        costs=costs,
        estimate_myen=estimate + more,
    )


def evaluate(model: SiteModel, z: Array) -> Point:
    """C and its slope at z; raises `SolverError` where nothing can be proven."""
    return evaluate_from(model, z)[0]


def evaluate_from(
    model: SiteModel, z: Array, *, tolerance: float = SITE_TOLERANCE, start: WarmStart | None = None
) -> tuple[Point, WarmStart | None]:
    """The same to any accuracy and from the warm start of a similar solve; and the warm start that this one leaves."""
    resources, solution, certificate = solve_at(model, z, tolerance, start)
    return _make_point(model, z, resources, solution, certificate, tolerance), solution.warm


def evaluate_one_way(model: SiteModel, point: Point) -> tuple[Point, TwoWay | None]:
    """The design at the same z whose flows go in one direction; the cut stays that of the linear programme.

    The point itself and None where its flows do so already.
    """
    resources = load_resources(model, point.z)
    if not list_pairs(resources):
        return point, None
    solution, two_way = solve_site_one_way(resources)
    if two_way is None or solution.certificate is None:
        return point, None
    kept = _make_point(model, point.z, resources, solution, solution.certificate, point.tolerance)
    return replace(kept, bound_myen=point.bound_myen, slope=point.slope), two_way


def price_design(model: SiteModel, proven: Point, solution: Solution) -> Point:
    """The design of a solution at other prices, priced as the model is, with the cut that is proven at its load."""
    assert solution.certificate is not None
    resources = load_resources(model, proven.z)
    made = _make_point(model, proven.z, resources, solution, solution.certificate, proven.tolerance)
    cost = sum(made.costs.values())
    return replace(made, cost_myen=cost, bound_myen=proven.bound_myen, slope=proven.slope, solver=proven.solver)


def _make_point(
    model: SiteModel, z: Array, resources: Resources, solution: Solution, certificate: Certificate, tolerance: float
) -> Point:
    shown = tidy(resources, solution)
    costs = compute_costs(resources, shown)
    hourly = compute_hourly(resources, shown)
    imported = solution.hourly.get("import", np.zeros(resources.steps))
    used = z.copy()
    used[model.classes] = solution.capacities.get("interconnection", 0.0)
    for place, name in enumerate(model.limited):
        used[model.classes + 1 + place] = solution.capacities.get(name, 0.0)
    if model.has_carbon:
        used[-1] = compute_emissions(resources, solution)
    return Point(
        z=z,
        used=np.minimum(used, z),
        cost_myen=certificate.primal,
        bound_myen=certificate.dual,
        slope=slope_of(model, resources, solution),
        costs=costs,
        capacities={name: value for name, value in solution.capacities.items() if value > BUILT},
        energy_mwh=_energy(resources, hourly),
        indicators=compute_indicators(resources, shown, hourly, costs),
        floor_import_mwh=float(imported @ model.floor_steps) * resources.step_weight_h,
        excess=sum(solution.capacities.get(slack, 0.0) for slack in SLACKS),
        solver=certificate.solver,
        import_mw=imported,
        tolerance=tolerance,
    )


def slope_of(model: SiteModel, resources: Resources, solution: Solution) -> Array:
    """What one unit more of each entry of z changes the least cost, million yen a year."""
    weight, hours = resources.step_weight_h, resources.step_hours
    rows, totals = solution.row_prices, solution.total_prices
    electric = model.firm * resources.pue
    load = electric @ rows["balance"]
    load += resources.water_price_myen_per_m3 * weight * (model.firm @ resources.wue_m3_per_mwh)
    if "backlog_balance" in rows:
        load += hours * (model.arrivals @ rows["backlog_balance"])
        load += model.backlog @ solution.bound_prices["backlog"]
    if "it_capacity" in rows:
        load -= model.firm @ rows["it_capacity"]
    peak = int(np.argmax(resources.firm_mw + resources.arrivals_mw))
    load += max(solution.capacity_prices["it"], 0.0) * (model.firm + model.arrivals)[:, peak]
    if "clean_share" in totals and resources.clean_share is not None:
        load += totals["clean_share"] * (1.0 - resources.clean_share) * weight * electric.sum(axis=1)
    if "adequacy" in totals:
        worst = int(np.argmax(resources.pue * resources.firm_mw))
        load += totals["adequacy"] * resources.critical_share * electric[:, worst]
    if "water_cap" in totals:
        load -= totals["water_cap"] * weight * (model.firm @ resources.wue_m3_per_mwh)
    limits = [min(solution.capacity_prices.get("interconnection", 0.0), 0.0)]
    if resources.grid is not None and model.resources.grid is not None:
        # A connection limit of the site's own that is tighter than z has the price, and z has none.
        limits[0] *= resources.grid.max_mw < model.resources.grid.max_mw
    own = {option.name: option.max_mw for option in model.resources.supply}
    now = {option.name: option.max_mw for option in resources.supply}
    for name in model.limited:
        binding = name in now and now[name] < own[name]
        limits.append(min(solution.capacity_prices.get(name, 0.0), 0.0) * binding)
    if model.has_carbon:
        limits.append(min(totals["carbon_cap"], 0.0))
    return np.concatenate([load, limits])


def _energy(resources: Resources, hourly: Mapping[str, Array]) -> dict[str, float]:
    """Energy a year by source, MWh: what is curtailed is taken off the free sources in proportion."""
    weight = resources.step_weight_h
    free = [option.name for option in resources.supply if option.is_free]
    available = sum((hourly[f"{name}_available_mw"] for name in free), np.zeros(resources.steps))
    curtailed = hourly.get("curtailment_mw", np.zeros(resources.steps))
    taken = 1.0 - np.divide(curtailed, available, out=np.zeros_like(available), where=available > 0)
    energy = {}
    for option in resources.supply:
        output = hourly[f"{option.name}_available_mw"] * taken if option.is_free else hourly[f"{option.name}_mw"]
        energy[option.name] = float(output.sum()) * weight
    for name, column in (("import", "import_mw"), ("backup", "backup_mw")):
        if column in hourly:
            energy[name] = float(hourly[column].sum()) * weight
    return energy
