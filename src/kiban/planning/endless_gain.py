"""What earns without end where a scenario has no least cost, each with the limit that ends it.

Load, feed-in, compute that is offered and what is sold on call have limits of their own. So whatever grows without end
is built without a limit and gains by itself: a capacity whose yearly cost is below zero, output or power from the grid
that is paid for being taken. Where each of these is limited, the yearly cost has a least value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from kiban.errors import Problem
from kiban.linear import Staircase
from kiban.planning.resources import Resources, StorageResource
from kiban.planning.worths import limit_keys


def explain_endless_gain(resources: Resources, programme: Staircase) -> list[Problem]:
    """Everything that gains without a limit; `programme` is that of the resources."""
    found = [*_paid_to_run(resources), *_paid_to_be_built(resources, programme), *_paid_to_draw(resources)]
    assert found, "the programme is unbounded, and everything that gains has a limit"
    return found


def _paid_to_run(resources: Resources) -> Iterator[Problem]:
    """Plants and backup whose output has a cost below zero."""
    carbon = resources.carbon_price_myen_per_t
    costs = [
        (f"supply.{supply.name}", supply.max_mw, supply.output_cost(carbon))
        for supply in resources.supply
        if not supply.is_free
    ]
    backup = resources.backup
    if backup is not None:
        costs.append(
            ("backup", backup.max_mw, backup.fuel_cost_myen_per_mwh + carbon * backup.emission_factor_t_per_mwh)
        )
    for key, limit, cost in costs:
        if math.isinf(limit) and bool((cost < 0).any()):
            yield Problem("paid_to_run", key=key, hours=int((cost < 0).sum()) * resources.step_hours)


def _paid_to_be_built(resources: Resources, programme: Staircase) -> Iterator[Problem]:
    """Capacities whose support is more than they cost."""
    keys = limit_keys(resources)
    for name, capacity in programme.capacities.items():
        if math.isinf(capacity.upper) and capacity.cost < 0:
            most = keys.get(name, (f"supply.{name}.max_mw", "", ""))[0]
            yield Problem("paid_to_build", key=most.rpartition(".")[0], name=most, cost=capacity.cost)


def _paid_to_draw(resources: Resources) -> Iterator[Problem]:
    """A connection in whose hours power has a price below zero, and what takes that power."""
    grid = resources.grid
    if grid is None or math.isfinite(grid.max_mw) or grid.import_limit_mw is not None:
        return
    price = grid.price_myen_per_mwh + resources.carbon_price_myen_per_t * grid.emission_factor_t_per_mwh
    hours = int((price < 0).sum()) * resources.step_hours
    if not hours:
        return
    burning = [storage for storage in resources.storages if _can_burn(storage)]
    for storage in burning:
        key = "battery" if storage.name is None else f"storage.{storage.name}"
        yield Problem("burning", key=key, name=key, hours=hours)
    if not burning:
        yield Problem("unlimited", key="grid.max_mw", remedy="limit_it", hours=hours)


def _can_burn(storage: StorageResource) -> bool:
    """Whether a storage may take any power in and out at once."""
    is_held = storage.min_hours is not None and math.isfinite(storage.max_energy_mwh)
    return (
        math.isinf(storage.max_power_mw)
        and math.isinf(storage.max_charge_mw)
        and not (is_held or storage.from_own_supply)
    )
