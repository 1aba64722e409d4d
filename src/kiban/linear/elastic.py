"""A programme in which chosen constraints may be broken at a price: how infeasibility explains itself."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace

from kiban.linear.staircase import UNBOUNDED, Staircase

SLACK = "slack:"


def relax(programme: Staircase, weights: Mapping[str, float]) -> Staircase:
    """A copy in which the named constraints may be broken, each unit at its weight on top of the costs.

    A name is a total row (broken on either side), an hourly row (broken each step by a shortfall, which
    stands for missing supply), or a capacity (built beyond its upper bound). The amount by which a
    constraint is broken is the capacity or hourly variable `slack:NAME`. Weights far above the costs
    give the least breach, and among those the least cost; the costs keep the optimum well determined.
    Whole numbers become continuous.
    """
    relaxed = copy.deepcopy(programme)
    relaxed.capacities = {name: replace(capacity, integer=False) for name, capacity in relaxed.capacities.items()}
    for name, weight in weights.items():
        slack = SLACK + name
        if name in relaxed.rows:
            relaxed.add_variable(slack, cost=weight)
            relaxed.add_term(name, slack)
        elif name in relaxed.totals:
            relaxed.add_capacity(slack, cost=weight)
            sign = -1.0 if relaxed.totals[name].upper < UNBOUNDED else 1.0
            relaxed.add_capacity_term(name, slack, sign)
        else:
            limit = relaxed.capacities[name].upper
            relaxed.capacities[name] = replace(relaxed.capacities[name], upper=UNBOUNDED)
            relaxed.add_capacity(slack, cost=weight)
            relaxed.add_total(f"limit:{name}", upper=limit)
            relaxed.add_capacity_term(f"limit:{name}", name)
            relaxed.add_capacity_term(f"limit:{name}", slack, -1.0)
    return relaxed
