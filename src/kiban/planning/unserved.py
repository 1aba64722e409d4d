"""Compute that is not served: how much, in how many hours, and whether it is known which hours they are.

Where another hour would cost as much, the optimum leaves open in which of them compute is missing: not serving costs
there what serving does, so that the reduced cost of the variable is nothing, and it is not at its limit. What may wait,
or is promised for a day or a week, is open in any case: only the energy is known.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.linear import Solution, Staircase
from kiban.messages import Message
from kiban.planning.evaluation import UNSERVED_MW, list_unserved
from kiban.planning.programme import write_programme
from kiban.planning.resources import Resources

NO_COST: Final = 1e-6
"""A reduced cost below this share of the variable's own cost is none."""


def describe_unserved(resources: Resources, solution: Solution, hourly: dict[str, Array]) -> Message | None:
    """The sentence beside the plan; None where all compute is served."""
    columns = [hourly[name] for name in list_unserved(resources) if name in hourly]
    missing = sum(columns, np.zeros(resources.steps))
    steps = missing > UNSERVED_MW
    if not steps.any():
        return None
    energy, hours = (float(values.sum()) * resources.step_weight_h for values in (missing, steps))
    if _is_open(resources, solution, hourly):
        return Message("unserved.open", energy=energy, hours=hours)
    return Message("unserved.known", energy=energy, hours=hours)


def _is_open(resources: Resources, solution: Solution, hourly: dict[str, Array]) -> bool:
    """Whether other hours would cost as much."""
    programme = write_programme(resources)
    for name in list_unserved(resources):
        variable = name.removesuffix("_mw")
        if name not in hourly or not (hourly[name] > UNSERVED_MW).any():
            continue
        if variable == "dropped" or any(
            variable == f"{tranche.capacity}_short" and tranche.may_wait for tranche in resources.tranches
        ):
            return True
        costs = programme.variables[variable].cost
        free = np.abs(reduced_cost(programme, solution, variable)) <= NO_COST * np.maximum(np.abs(costs), 1e-12)
        served = resources.firm_mw - hourly[name] if variable == "unserved" else hourly[f"{_tier(variable)}_mw"]
        between = free & (hourly[name] > UNSERVED_MW) & (served > UNSERVED_MW)
        if between.sum() > 1 or (free & (hourly[name] <= UNSERVED_MW)).any():
            return True
    return False


def _tier(variable: str) -> str:
    """Capacity of the tranche whose promise a variable falls short of."""
    return variable.removesuffix("_short")


def reduced_cost(programme: Staircase, solution: Solution, name: str) -> Array:
    """What one unit more of an hourly variable that looks at its own step would add to the cost, limits aside."""
    reduced = programme.variables[name].cost.copy()
    for row in programme.rows.values():
        for term in row.terms:
            if term.variable == name and not term.lagged:
                reduced -= term.coefficient * solution.row_prices[row.name]
    for total in programme.totals.values():
        for variable, coefficient in total.terms:
            if variable == name:
                reduced -= coefficient * solution.total_prices[total.name]
    return reduced
