"""Flows that can happen: a connection buys or sells, a battery charges or discharges, in any one step.

A linear programme may do both at once where power sells for more than it costs, and where energy has to be wasted or
pays for being wasted: at a negative price, under a credit for each MWh that is generated, beside a plant that cannot
turn down. What curtailment can take is curtailed (`schedule`). Where its optimum still does both, what holds for every
plan that does not is added first:

    import + export <= interconnection        charge / ratio + discharge <= power of a storage
    export <= output of the site + discharge - curtailment + what measures save

and the most that the site can have left over bounds what it sells. Mostly the optimum then keeps to one direction; else
`linear.exclusive` decides the steps that do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.linear import Solution, Staircase
from kiban.linear.exclusive import Pair, find_overlaps, solve_exclusive
from kiban.messages import Message
from kiban.planning.cooling_storage import COLD_CHARGE, COLD_DISCHARGE
from kiban.planning.programme import write_programme
from kiban.planning.resources import Resources
from kiban.planning.schedule import net_storages

IMPORT: Final = "import"
PROVEN: Final = 1e-7
"""Relative gap below which the directions are the best ones."""


@dataclass(frozen=True, slots=True)
class TwoWay:
    """What the optimum of the linear programme did in both directions at once, and what it costs to do without."""

    import_hours: float
    """Hours a year of buying and selling at once."""
    charge_hours: float
    """Hours a year of charging and discharging at once."""
    cost_myen_per_year: float
    """By how much the plan costs more than that schedule, which no equipment can run."""
    gap_myen_per_year: float
    """By how much a plan could still be cheaper: zero where the directions are proven."""

    def note(self) -> Message:
        """The sentence beside the plan."""
        flows = (
            Message("one_way.both", import_hours=self.import_hours, charge_hours=self.charge_hours)
            if self.import_hours and self.charge_hours
            else Message("one_way.grid", import_hours=self.import_hours)
            if self.import_hours
            else Message("one_way.battery", charge_hours=self.charge_hours)
        )
        if self.gap_myen_per_year == 0:
            return Message("one_way.proven", flows=flows, cost=self.cost_myen_per_year)
        return Message("one_way.open", flows=flows, cost=self.cost_myen_per_year, gap=self.gap_myen_per_year)


def solve_one_way(
    resources: Resources,
    optimum: Solution,
    solve: Callable[[Staircase], Solution],
    write: Callable[[Resources], Staircase] = write_programme,
) -> tuple[Solution, TwoWay | None]:
    """The least cost of flows in one direction; `optimum` is what `solve` finds for the programme that `write` writes.

    None beside the solution says that the optimum already keeps to it.
    """
    paper = optimum.certificate
    if paper is None:
        return optimum, None
    known, optimum = list_pairs(resources), net_storages(resources, optimum)
    hours = _measure_overlaps(resources, optimum)
    if not any(hours.values()):
        return optimum, None

    def solve_netted(programme: Staircase) -> Solution:
        return net_storages(resources, solve(programme))

    programme, relaxed = write(resources), optimum
    if any(hours[pair] for pair in known):
        add_cuts(programme, resources)
        relaxed = solve_netted(programme)
    found = solve_exclusive(programme, list(hours), relaxed, solve_netted)
    if found.certificate is None:
        return found, None
    cost = found.certificate.primal - paper.primal
    size = max(1.0, abs(found.certificate.primal))
    gap = found.certificate.primal - found.certificate.dual
    return found, TwoWay(
        import_hours=max((count for pair, count in hours.items() if pair.first == IMPORT), default=0.0),
        charge_hours=max((count for pair, count in hours.items() if pair.first != IMPORT), default=0.0),
        cost_myen_per_year=max(cost, 0.0),
        gap_myen_per_year=gap if gap > PROVEN * size else 0.0,
    )


def keep_to_one_way(resources: Resources, optimum: Solution) -> Solution | None:
    """The optimum as it is run, without what only burns surplus; None where its flows still go in both directions."""
    netted = net_storages(resources, optimum)
    return None if netted.certificate is not None and any(_measure_overlaps(resources, netted).values()) else netted


def _measure_overlaps(resources: Resources, netted: Solution) -> dict[Pair, float]:
    """Hours a year in which each pair of flows that exclude each other goes in both directions."""
    pairs = list_pairs(resources)
    if not resources.has_energy_to_waste:
        # What no curtailment can take of what a storage burns is a flow of both directions all the same.
        more = [pair for pair in _pair_storages(resources) if pair not in pairs]
        pairs += [pair for pair in more if find_overlaps(netted, pair).any()]
    return {pair: float(find_overlaps(netted, pair).sum()) * resources.step_weight_h for pair in pairs}


def list_pairs(resources: Resources) -> list[Pair]:
    """The flows of a site that exclude each other, and that an optimum may join at a gain."""
    pairs = []
    grid = resources.grid
    if grid is not None and grid.max_export_mw > 0:
        most = min(grid.max_export_mw, grid.max_mw)
        pairs.append(Pair(IMPORT, "export", grid.max_mw, most))
    if _may_burn(resources):
        pairs += _pair_storages(resources)
        cold = resources.cooling_storage
        if cold is not None and (cold.charge_power > cold.power).any():
            most = cold.max_energy_mwh
            flows = COLD_CHARGE, COLD_DISCHARGE
            pairs.append(Pair(*flows, most / cold.charge_hours, most / cold.discharge_hours))
    return pairs


def _may_burn(resources: Resources) -> bool:
    """Whether wasting energy may pay, but for a credit on what is generated, whose plans are not kept from it yet."""
    grid, carbon = resources.grid, resources.carbon_price_myen_per_t
    if grid is not None and bool((grid.price_myen_per_mwh + carbon * grid.emission_factor_t_per_mwh < 0.0).any()):
        return True
    return resources.has_energy_to_waste and not any(one.production_credit_myen_per_mwh for one in resources.supply)


def _pair_storages(resources: Resources) -> list[Pair]:
    return [Pair(s.charge, s.discharge, s.max_charge_mw, s.max_power_mw) for s in resources.storages]


def add_cuts(programme: Staircase, resources: Resources) -> None:
    """What every plan keeps to whose flows go in one direction."""
    for storage in resources.storages:
        # Powers that are sized apart have no such cut: their shares cannot be added.
        if _may_burn(resources) and storage.charge_power == storage.power:
            row = f"{storage.prefix}_one_way"
            programme.add_row(row, upper=0.0)
            programme.add_term(row, storage.charge, 1.0 / storage.charge_power_ratio)
            programme.add_term(row, storage.discharge)
            programme.add_capacity_term(row, storage.power, -1.0)
    if "export" not in programme.variables:
        return
    programme.add_row("grid_one_way", upper=0.0)
    for name in ("import", "export"):
        programme.add_term("grid_one_way", name)
    programme.add_capacity_term("grid_one_way", "interconnection", -1.0)
    # Power that is sold comes from the site: in a step that sells, none is bought.
    programme.add_row("own_export", upper=0.0)
    programme.add_term("own_export", "export")
    for supply in resources.supply:
        if supply.is_free:
            programme.add_capacity_term("own_export", supply.name, -supply.availability)
        else:
            programme.add_term("own_export", f"{supply.name}_output", -1.0)
    released = [(storage.discharge, -1.0) for storage in resources.storages]
    for name, sign in (*released, ("backup_output", -1.0), ("curtailment", 1.0)):
        if name in programme.variables:
            programme.add_term("own_export", name, sign)
    for measure in resources.measures:
        programme.add_capacity_term("own_export", measure.name, -measure.saving_mw)
    programme.add_row("site_export", upper=np.maximum(_most_left_over(resources), 0.0))
    programme.add_term("site_export", "export")


def _most_left_over(resources: Resources) -> Array:
    """The most that the site can have beyond its own firm load in each step, MW; infinite without limits."""
    most = sum((measure.saving_mw for measure in resources.measures), np.zeros(resources.steps))
    if resources.unserved_price_myen_per_mwh is None:
        most = most - resources.pue * resources.firm_mw
    for supply in resources.supply:
        has_output = supply.availability > 0
        most = most + np.multiply(supply.availability, supply.max_mw, where=has_output, out=np.zeros(resources.steps))
    for storage in resources.storages:
        most = most + storage.max_power_mw
    cold = resources.cooling_storage
    if cold is not None and resources.unserved_price_myen_per_mwh is None:
        most = most + cold.power * cold.heat_share * resources.firm_mw
    if resources.backup is not None:
        most = most + resources.backup.max_mw
    return most
