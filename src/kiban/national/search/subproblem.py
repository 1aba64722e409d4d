"""The least cost of serving a load at one site, as a convex function with its slopes.

    C(z),   z = (MW of each load class, grid connection, shared supply limits, carbon allowance)

is the optimum of the site's programme with z on its right-hand sides, so that it is convex in z, falls
with every limit, and the prices of the optimum are its slopes: by weak duality

    C(z) >= dual objective at z' + slope' (z - z')      for every z

whatever the accuracy of the solution. That inequality is a cut; the cost of the solution is the upper
bound at z'. What a target or a carbon allowance forbids at any cost can still be had here at a price
far above any real one, so that every load has an optimum; a plan that uses it is no plan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kiban.arrays import Array
from kiban.errors import SolverError
from kiban.linear import Solution, Staircase, solve
from kiban.physics.compute import allowed_backlog
from kiban.planning.evaluation import (
    compute_costs,
    compute_emissions,
    compute_hourly,
    compute_indicators,
    net_battery,
)
from kiban.planning.programme import write_programme
from kiban.planning.resources import Resources
from kiban.scenario.national import Tranche

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart

PENALTY_MYEN_PER_MWH = 1.0
"""Price of missing the clean share; some twenty times what clean energy costs."""
PENALTY_MYEN_PER_T = 5.0
"""Price of carbon above the allowance; several hundred times a carbon price."""
TOLERANCE = 1e-6
SLACKS = {"clean_excess": 1e3, "carbon_excess": 1e3}
"""Unit of each slack: GWh and kt."""
BUILT = 1e-6
KEPT_GAPS = (2e-2, 5e-3, 1e-3)
"""Where on the way to an answer a point is kept, from which a similar question starts."""


@dataclass(frozen=True, slots=True)
class LoadClass:
    """Tranches with the same behaviour in time are one load for the site."""

    deferrable_share: float
    firm_shape: Literal["inference", "flat"]
    max_delay_hours: int


def class_of(tranche: Tranche) -> LoadClass:
    """The load class of a tranche; the delay of a load that may not wait is no matter."""
    delay = tranche.max_delay_hours if tranche.deferrable_share > 0 else 0
    shape: Literal["inference", "flat"] = tranche.firm_shape if tranche.deferrable_share < 1 else "flat"
    return LoadClass(tranche.deferrable_share, shape, delay)


def list_classes(tranches: Sequence[Tranche]) -> tuple[LoadClass, ...]:
    """The load classes of a demand, in the order in which they come."""
    return tuple(dict.fromkeys(class_of(tranche) for tranche in tranches))


@dataclass(frozen=True, slots=True, eq=False)
class SiteModel:
    """The programme of one site for any load: resources without load, and what one MW of each class is.

    `key` names its content, `shape` its content but for the yearly costs of capacity.

    `firm`, `arrivals` and `backlog` have shape (classes, steps). `limited` names the supply options
    with a shared limit; `has_carbon` whether emissions are limited. `floor_steps` marks the steps in
    which the area's price is at its floor, shape (steps,).
    """

    label: str
    key: str
    shape: str
    resources: Resources
    firm: Array
    arrivals: Array
    backlog: Array
    limited: tuple[str, ...]
    has_carbon: bool
    floor_steps: Array

    @property
    def classes(self) -> int:
        """Number of load classes."""
        return len(self.firm)

    @property
    def size(self) -> int:
        """Length of z."""
        return self.classes + 1 + len(self.limited) + self.has_carbon


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """One evaluation of C.

    `asked` is z; `used` is z with the connection, shared supply and emissions that the optimum uses.
    `cost_myen` is the cost of its design, `bound_myen` and `slope` make the cut. `costs` are by item and
    add up to `cost_myen` where `excess` is 0; `excess` is what the elastic limits had to give (GWh and kt).
    `tolerance` is the accuracy that was asked for. After a change of prices `bound_myen` is minus infinity until
    the point is asked anew, and `expected_myen` and `slope` say what its cut will be, nearly.
    """

    asked: Array
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
    tolerance: float = TOLERANCE
    expected_myen: float = -np.inf

    @property
    def has_cut(self) -> bool:
        """Whether the point is an optimum, and so proves a lower bound."""
        return bool(np.isfinite(self.bound_myen))

    def cut_at(self, z: Array) -> float:
        """The lower bound that this point proves at z."""
        return self.bound_myen + float(self.slope @ (z - self.asked))

    def expected_at(self, z: Array) -> float:
        """What the cut at z will nearly be; minus infinity where it is known."""
        return self.expected_myen + float(self.slope @ (z - self.asked))


def make_model(
    label: str,
    resources: Resources,
    inference: Array,
    classes: Sequence[LoadClass],
    limited: Sequence[str],
    has_carbon: bool,
    floor_steps: Array,
) -> SiteModel:
    """The model of a site from the resources of any load; `inference` is the daily shape, shape (steps,)."""
    steps = resources.steps
    firm = np.zeros((len(classes), steps))
    arrivals, backlog = np.zeros_like(firm), np.zeros_like(firm)
    for row, load in enumerate(classes):
        shape = inference if load.firm_shape == "inference" else np.ones(steps)
        firm[row] = (1.0 - load.deferrable_share) * shape
        arrivals[row] = load.deferrable_share
        delay = min(round(load.max_delay_hours / resources.step_hours), resources.block_steps)
        backlog[row] = allowed_backlog(arrivals[row] * resources.step_hours, delay, resources.block_steps)
    nothing = np.zeros(steps)
    empty = replace(
        resources, firm_mw=nothing, arrivals_mw=nothing, max_backlog_mwh=nothing, min_it_mw=0.0, max_it_mw=np.inf
    )
    return _named(SiteModel(label, "", "", empty, firm, arrivals, backlog, tuple(limited), has_carbon, floor_steps))


def at_costs(model: SiteModel, resources: Resources) -> SiteModel:
    """The same site at other costs; `resources` are without load, as in the model."""
    return _named(replace(model, resources=resources))


def _named(model: SiteModel) -> SiteModel:
    """The model with `key` and `shape` from its content."""
    content = (model.firm, model.backlog, model.limited, model.has_carbon)
    return replace(
        model,
        key=_fingerprint(model.resources, *content),
        shape=_fingerprint(_without_capacity_costs(model.resources), *content),
    )


def _without_capacity_costs(resources: Resources) -> Resources:
    """The same resources with every yearly cost of capacity at nothing."""
    free = replace(
        resources,
        supply=tuple(replace(option, annual_cost_myen_per_mw=0.0) for option in resources.supply),
        it_annual_costs_myen_per_mw=dict.fromkeys(resources.it_annual_costs_myen_per_mw, 0.0),
        assets={},
    )
    if free.battery is not None:
        battery = replace(free.battery, annual_cost_myen_per_mw=0.0, annual_cost_myen_per_mwh=0.0)
        free = replace(free, battery=battery)
    if free.grid is not None:
        free = replace(free, grid=replace(free.grid, annual_cost_myen_per_mw=0.0))
    if free.backup is not None:
        free = replace(free, backup=replace(free.backup, annual_cost_myen_per_mw=0.0))
    return free


def capacity_costs(resources: Resources) -> dict[str, dict[str, float]]:
    """Yearly cost of a unit of each capacity, by the item of cost that it makes."""
    costs = {"it": {f"it_{part}": cost for part, cost in resources.it_annual_costs_myen_per_mw.items()}}
    costs |= {option.name: {option.name: option.annual_cost_myen_per_mw} for option in resources.supply}
    if resources.battery is not None:
        costs["battery_power"] = {"battery_power": resources.battery.annual_cost_myen_per_mw}
        costs["battery_energy"] = {"battery_energy": resources.battery.annual_cost_myen_per_mwh}
    if resources.grid is not None:
        costs["interconnection"] = {"interconnection": resources.grid.annual_cost_myen_per_mw}
    if resources.backup is not None:
        costs["backup"] = {"backup": resources.backup.annual_cost_myen_per_mw}
    return costs


def reprice(point: Point, before: Resources, after: Resources, classes: int) -> Point:
    """A design at other yearly costs of capacity: what it costs then, and nothing about what the optimum would.

    It is as feasible as it was, so that its cost is an upper bound; `bound_myen` is minus infinity. To first
    order the optimum costs more by as much as the design; it is expected to, in proportion to the load, which
    are the first `classes` arguments.
    """
    was, now = capacity_costs(before), capacity_costs(after)
    costs, more = dict(point.costs), 0.0
    for capacity, items in now.items():
        for item, cost in items.items():
            change = (cost - was[capacity][item]) * point.capacities.get(capacity, 0.0)
            more += change
            costs[item] = costs.get(item, 0.0) + change
    slope = point.slope.copy()
    slope[:classes] += more / float(point.asked[:classes].sum())
    expected = point.bound_myen if point.has_cut else point.expected_myen
    return replace(
        point,
        cost_myen=point.cost_myen + more,
        bound_myen=-np.inf,
        slope=slope,
        costs=costs,
        expected_myen=expected + more,
    )


def load_resources(model: SiteModel, z: Array) -> Resources:
    """The resources of the site with the load and the limits of z."""
    load, empty = z[: model.classes], model.resources
    firm, arrivals = load @ model.firm, load @ model.arrivals
    grid = empty.grid
    if grid is not None:
        grid = replace(grid, max_mw=min(grid.max_mw, float(z[model.classes])))
    shared = dict(zip(model.limited, z[model.classes + 1 :], strict=False))
    supply = tuple(
        replace(option, max_mw=min(option.max_mw, float(shared[option.name]))) if option.name in shared else option
        for option in empty.supply
    )
    return replace(
        empty,
        firm_mw=firm,
        arrivals_mw=arrivals,
        max_backlog_mwh=load @ model.backlog,
        min_it_mw=float((firm + arrivals).max()),
        grid=grid,
        supply=supply,
        carbon_cap_t_per_year=float(z[-1]) if model.has_carbon else empty.carbon_cap_t_per_year,
    )


def write_elastic_programme(resources: Resources) -> Staircase:
    """The site's programme in which the yearly limits give way at a price far above any real one."""
    programme = write_programme(resources)
    for slack, total, price in (
        ("clean_excess", "clean_share", PENALTY_MYEN_PER_MWH),
        ("carbon_excess", "carbon_cap", PENALTY_MYEN_PER_T),
    ):
        if total in programme.totals:
            programme.add_capacity(slack, cost=price * SLACKS[slack])
            programme.add_capacity_term(total, slack, -SLACKS[slack])
    return programme


def evaluate(model: SiteModel, z: Array) -> Point:
    """C and its slope at z; raises `SolverError` where nothing can be proven."""
    return evaluate_from(model, z)[0]


def evaluate_from(
    model: SiteModel, z: Array, *, tolerance: float = TOLERANCE, start: WarmStart | None = None
) -> tuple[Point, WarmStart | None]:
    """The same to any accuracy and from a point on the way to a similar answer; and the points on this way."""
    if not z[: model.classes].any():
        raise ValueError("a site without load needs no evaluation")
    resources = load_resources(model, z)
    solution = solve_site(resources, tolerance, start)
    certificate = solution.certificate
    if certificate is None:
        raise SolverError(f"the programme of {model.label} is {solution.status} at {np.round(z, 3).tolist()}")
    shown = net_battery(resources, solution)
    costs = compute_costs(resources, shown)
    hourly = compute_hourly(resources, shown)
    imported = solution.hourly.get("import", np.zeros(resources.steps))
    used = z.copy()
    used[model.classes] = solution.capacities.get("interconnection", 0.0)
    for place, name in enumerate(model.limited):
        used[model.classes + 1 + place] = solution.capacities.get(name, 0.0)
    if model.has_carbon:
        used[-1] = compute_emissions(resources, solution)
    point = Point(
        asked=z,
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
        tolerance=tolerance,
    )
    return point, solution.warm


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


def solve_site(resources: Resources, tolerance: float = TOLERANCE, start: WarmStart | None = None) -> Solution:
    """To the accuracy of cuts, and fully by the general solvers where the kernel gives up."""
    from kiban.linear.kernel.method import solve_kernel

    programme = write_elastic_programme(resources)
    answer = solve_kernel(programme, tolerance=tolerance, correctors=0, warm=start, keep=KEPT_GAPS)
    return replace(answer.solution, warm=answer.warm) if answer.solution is not None else solve(programme)


def _energy(resources: Resources, hourly: Mapping[str, Array]) -> dict[str, float]:
    """Energy a year by source, MWh: what is curtailed is taken off the free sources in proportion."""
    weight = resources.step_weight_h
    free = [option.name for option in resources.supply if option.is_free]
    available = sum((hourly[f"{name}_available_mw"] for name in free), np.zeros(resources.steps))
    curtailed = hourly.get("curtailment_mw", np.zeros(resources.steps))
    kept = 1.0 - np.divide(curtailed, available, out=np.zeros_like(available), where=available > 0)
    energy = {}
    for option in resources.supply:
        output = hourly[f"{option.name}_available_mw"] * kept if option.is_free else hourly[f"{option.name}_mw"]
        energy[option.name] = float(output.sum()) * weight
    for name, column in (("import", "import_mw"), ("backup", "backup_mw")):
        if column in hourly:
            energy[name] = float(hourly[column].sum()) * weight
    return energy


def _fingerprint(*parts: Any) -> str:
    """A name for the content of a model: the same numbers give the same name."""
    digest = hashlib.sha256()

    def add(part: Any) -> None:
        if is_dataclass(part):
            for item in fields(part):
                digest.update(item.name.encode())
                add(getattr(part, item.name))
        elif isinstance(part, np.ndarray):
            digest.update(np.ascontiguousarray(part).tobytes())
        elif isinstance(part, Mapping):
            for name in sorted(part):
                digest.update(str(name).encode())
                add(part[name])
        elif isinstance(part, tuple | list):
            for item in part:
                add(item)
        else:
            digest.update(repr(part).encode())

    for part in parts:
        add(part)
    return digest.hexdigest()
