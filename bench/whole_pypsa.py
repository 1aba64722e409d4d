"""A national study as one PyPSA model: every site's network, its load a decision, and the choice of sites.

For studies with one phase whose tranches differ in load class, without shared resources, carbon cap and survival:
enough to compare. PyPSA has no form for opening a site, for its size, for areas and interconnectors, nor for the
totals of a site; they are added to its linopy model as variables and constraints.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pypsa
import xarray as xr

from kiban.national.search.transport import net_import
from kiban.national.study.problem import NationalProblem
from kiban.planning.pypsa_constraints import NOMINAL, WEIGHTED_SUM
from kiban.planning.pypsa_network import _without_notices, build_network
from kiban.planning.resources import Resources, TrancheResource

STATIC = {
    "Bus": ("carrier",),
    "Generator": ("bus", "carrier", "sign", "p_nom", "p_nom_extendable", "p_nom_min", "p_nom_max", "capital_cost"),
    "Link": ("bus0", "bus1", "carrier", "p_nom", "p_nom_extendable", "p_nom_min", "p_nom_max", "capital_cost"),
    "Store": (
        "bus", "carrier", "sign", "e_nom", "e_nom_extendable", "e_nom_min", "e_nom_max", "e_cyclic", "standing_loss",
        "capital_cost",
    ),
}  # fmt: skip
HOURLY = {"Generator": ("p_max_pu", "p_min_pu", "marginal_cost"), "Link": ("p_max_pu", "efficiency", "marginal_cost"),
          "Store": ("e_max_pu",)}  # fmt: skip
BUSES = ("bus", "bus0", "bus1")
OPTIONS = {"output_flag": False, "mip_rel_gap": 1e-6, "threads": 1}


def site_resources(problem: NationalProblem, site: int) -> Resources:
    """A site whose load of every class is a decision: what may not wait and what may, each as a tranche."""
    model = problem.blocks[site].subproblems[0].model
    most = problem.places[site].candidate.max_mw
    parts = []
    for number in range(model.classes):
        delay = problem.tranches[problem.class_of.index(number)].max_delay_hours
        for kind, shape, hours in (("firm", model.firm[number], 0), ("waits", model.arrivals[number], delay)):
            if shape.any():
                parts.append(TrancheResource(f"{number}_{kind}", 0.0, most, 0.0, shape, float(hours)))
    return replace(
        model.resources, tranches=tuple(parts), tranches_need_own_it=True, min_it_mw=0.0, max_it_mw=len(parts) * most
    )


def merge(problem: NationalProblem) -> tuple[pypsa.Network, list[pypsa.Network]]:
    """The networks of all sites side by side, names with the site's number before them; and each alone."""
    alone = [build_network(site_resources(problem, site)) for site in range(len(problem.places))]
    whole = pypsa.Network()
    whole.set_snapshots(alone[0].snapshots)
    for column in alone[0].snapshot_weightings:
        whole.snapshot_weightings[column] = alone[0].snapshot_weightings[column]
    for carrier in dict.fromkeys(name for network in alone for name in network.c["Carrier"].static.index):
        whole.add("Carrier", carrier)
    for site, network in enumerate(alone):
        for kind, columns in STATIC.items():
            static = network.c[kind].static
            if static.empty:
                continue
            names = [f"{site}:{name}" for name in static.index]
            given = {column: static[column].set_axis(names) for column in columns}
            given |= {column: f"{site}:" + given[column] for column in BUSES if column in given}
            for column in HOURLY.get(kind, ()):
                given[column] = network.get_switchable_as_dense(kind, column).set_axis(names, axis="columns")
            whole.add(kind, names, **given)
    return whole, alone


def solve_whole(problem: NationalProblem) -> tuple[float, set[int]]:
    """Least cost and open sites."""
    if problem.phases > 1 or len(set(problem.class_of)) < len(problem.tranches):
        raise ValueError("this model has one phase and tranches of different load classes")
    with _without_notices():
        whole, alone = merge(problem)
        _, condition = whole.optimize(
            solver_name="highs",
            solver_options=OPTIONS,
            io_api="direct",
            include_objective_constant=False,
            extra_functionality=lambda network, _: add_choice(network, alone, problem),
        )
    if condition != "optimal":
        raise RuntimeError(condition)
    opened = whole.model["open"].solution.to_numpy() > 0.5
    return float(whole.model.objective.value), {int(site) for site in np.flatnonzero(opened)}


def add_choice(network: pypsa.Network, alone: list[pypsa.Network], problem: NationalProblem) -> None:
    """Totals of the sites, loads by tranche, open or not, areas and interconnectors."""
    model = network.model
    sites = np.arange(len(problem.places))
    opened = model.add_variables(binary=True, coords=[("site", sites)], name="open")
    fixed = [place.candidate.fixed_cost_myen_per_year for place in problem.places]
    objective = model.objective.expression + (opened * xr.DataArray(fixed, coords={"site": sites})).sum()
    loads: dict[tuple[int, int], object] = {}
    for site in sites:
        add_totals(network, alone[site], site)
        place, block = problem.places[site].candidate, problem.blocks[site]
        for tranche, group in enumerate(problem.class_of):
            parts = [f"{site}:tranche_{group}_{kind}" for kind in ("firm", "waits")]
            held = [
                model["Generator-p_nom"].sel(name=name) for name in parts if name in network.c["Generator"].static.index
            ]
            for other in held[1:]:
                model.add_constraints(other - held[0] == 0, name=f"one_load_{site}_{tranche}")
            loads[site, tranche] = held[0]
            objective = objective + held[0] * problem.tranche_cost(block, tranche)
            if not problem.serves[site, tranche]:
                model.add_constraints(held[0] <= 0, name=f"too_far_{site}_{tranche}")
        size = sum(1 * loads[site, tranche] for tranche in range(len(problem.tranches)))
        model.add_constraints(size - place.max_mw * opened.sel(site=site) <= 0, name=f"largest_{site}")
        model.add_constraints(size - place.min_mw * opened.sel(site=site) >= 0, name=f"least_{site}")
    for tranche in range(len(problem.tranches)):
        served = sum(1 * loads[site, tranche] for site in sites)
        model.add_constraints(served >= float(problem.demand_mw[tranche, 0]), name=f"demand_{tranche}")
    model.objective = objective + add_areas(network, problem)


def add_areas(network: pypsa.Network, problem: NationalProblem) -> object:
    """Connection within the headroom, and supply at the peak; the cost of what is added."""
    model, cost = network.model, 0.0
    drawn = {
        area: [
            1 * model["Generator-p_nom"].sel(name=f"{site}:import")
            for site, place in enumerate(problem.places)
            if place.candidate.area == area
        ]
        for area in problem.areas
    }
    for area, limit in problem.areas.items():
        added = model.add_variables(lower=0, upper=limit.reinforcement_mw, name=f"reinforcement_{area}")
        cost = cost + limit.reinforcement_myen_per_mw * added
        model.add_constraints(sum(drawn[area]) - added <= limit.headroom_mw, name=f"headroom_{area}")
    flows: dict[tuple[str, str, int], object] = {}
    for link in problem.network.links:
        added = model.add_variables(lower=0, upper=link.expansion_mw, name=f"expansion_{link.id}")
        cost = cost + link.expansion_myen_per_mw * added
        for way, limit_mw in (("forward", link.forward_mw[0]), ("reverse", link.reverse_mw[0])):
            flow = flows[link.id, way, 0] = model.add_variables(lower=0, name=f"flow_{link.id}_{way}")
            model.add_constraints(flow - added <= limit_mw, name=f"free_{link.id}_{way}")
    for area, spare in problem.network.spare_mw.items():
        taken = [-sign * flow for flow, sign in net_import(problem.network, flows, area, 0)]
        if taken or area in drawn:
            model.add_constraints(sum([*drawn.get(area, []), *taken]) <= spare, name=f"spare_{area}")
    return cost


def add_totals(network: pypsa.Network, site: pypsa.Network, number: int) -> None:
    """The `weighted_sum` constraints of one site, on its variables in the whole model."""
    model = network.model
    hours = site.snapshot_weightings["objective"]
    totals = site.c["GlobalConstraint"].static
    for name, total in totals[totals["type"] == WEIGHTED_SUM].iterrows():
        left = []
        for kind, nominal in NOMINAL.items():
            if name in site.c[kind].static:
                weights = site.c[kind].static[name].dropna()
                names = [f"{number}:{item}" for item in weights.index]
                if names:
                    left.append((model[f"{kind}-{nominal}"].sel(name=names) * weights.to_numpy()).sum())
            frame = site.c[kind].dynamic.get(name)
            if frame is not None and not frame.empty:
                names = [f"{number}:{item}" for item in frame.columns]
                power = model[f"{kind}-p"].sel(name=names)
                weights = xr.DataArray(
                    frame.mul(hours, axis=0).to_numpy(),
                    coords={"snapshot": power.indexes["snapshot"], "name": power.indexes["name"]},
                )
                left.append((power * weights).sum())
        model.add_constraints(sum(left), total["sense"], total["constant"], name=f"{name}_{number}")
