"""What a plant cannot do: change its output at once, run below its least load, be built in parts of a unit.

|output[t] - output[t-1]| <= ramp h x        cyclic within each weather year
output[t] >= min(least, a[t]) x
x = unit n,  n whole
"""

from __future__ import annotations

from typing import Final

from kiban.linear import Solution, Staircase
from kiban.messages import Message
from kiban.planning.resources import Resources, SupplyResource

PROVEN_TO: Final = 1e-6
"""Relative gap below which the units are the best ones."""


def add_plant_limits(programme: Staircase, resources: Resources) -> None:
    """Ramps and least loads of plants with a schedule, and whole units of any."""
    for supply in resources.supply:
        output = f"{supply.name}_output"
        ramp = ramp_per_step(supply, resources.step_hours)
        if ramp is not None:
            for direction, sign in (("up", 1.0), ("down", -1.0)):
                row = f"{supply.name}_ramp_{direction}"
                programme.add_row(row, upper=0.0)
                programme.add_term(row, output, sign)
                programme.add_term(row, output, -sign, lagged=True)
                programme.add_capacity_term(row, supply.name, -ramp)
        if supply.least_load_share > 0:
            row = f"{supply.name}_least_load"
            programme.add_row(row, lower=0.0)
            programme.add_term(row, output)
            programme.add_capacity_term(row, supply.name, -supply.least_load())
        if supply.unit_mw is not None:
            row = f"{supply.name}_whole_units"
            programme.add_capacity(supply.units, cost=0.0, integer=True)
            programme.add_total(row, lower=0.0, upper=0.0)
            programme.add_capacity_term(row, supply.name)
            programme.add_capacity_term(row, supply.units, -supply.unit_mw)


def ramp_per_step(supply: SupplyResource, step_hours: float) -> float | None:
    """Most change of output from step to step, share of the capacity; None where no change can be as large."""
    if supply.ramp_share_per_hour is None:
        return None
    ramp = supply.ramp_share_per_hour * step_hours
    return ramp if ramp < float(supply.availability.max(initial=0.0)) else None


def describe_units(resources: Resources, solution: Solution) -> Message:
    """How many units of each size a plan builds, and how near to the least cost that is proven to be."""
    assert solution.certificate is not None
    built = tuple(
        Message("units.of", technology=supply.name, count=round(solution.capacities[supply.units]), size=supply.unit_mw)
        for supply in resources.supply
        if supply.unit_mw is not None
    )
    gap = solution.certificate.primal - solution.certificate.dual
    if solution.certificate.relative_gap <= PROVEN_TO:
        return Message("units.proven", units=built)
    return Message("units.open", units=built, gap=gap, share=solution.certificate.relative_gap)
