"""The model of one site for any load: its resources without load, and what one MW of each load class is.

Tranches with the same behaviour in time are one load class. A model is known by its content, so that what was
solved of it holds wherever the same content comes again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal

import numpy as np

from kiban.arrays import Array
from kiban.physics.compute import allowed_backlog
from kiban.planning.resources import Resources
from kiban.scenario.national import Tranche


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
        key=fingerprint(model.resources, *content),
        shape=fingerprint(_without_capacity_costs(model.resources), *content),
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


def fingerprint(*parts: Any) -> str:
    """A name for the content of a model: the same numbers give the same name, and other content another one.

    Each part begins with its type and length, an array with its type and shape, so that no two ways to divide the same
    characters meet. A NumPy scalar is not the Python number of the same value.
    """
    digest = hashlib.sha256()

    def begin(kind: str, length: object) -> None:
        digest.update(f"{kind}:{length};".encode())

    def add(part: Any) -> None:
        if is_dataclass(part):
            own = fields(part)
            begin(f"dataclass {type(part).__qualname__}", len(own))
            for item in own:
                add(item.name)
                add(getattr(part, item.name))
        elif isinstance(part, np.ndarray):
            begin(f"array {part.dtype.str}", part.shape)
            digest.update(np.ascontiguousarray(part).tobytes())
        elif isinstance(part, Mapping):
            begin("mapping", len(part))
            for name in sorted(part):
                add(name)
                add(part[name])
        elif isinstance(part, tuple | list):
            begin("sequence", len(part))
            for item in part:
                add(item)
        else:
            content = repr(part).encode()
            begin(type(part).__qualname__, len(content))
            digest.update(content)

    for part in parts:
        add(part)
    return digest.hexdigest()
