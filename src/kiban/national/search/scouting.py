"""A scout: the same problem over a few weeks, to learn cheaply where the sites are worth asking.

Its plan proves nothing about the year and is not shown; it only says at which sizes the real
programmes should be asked first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.national.search.subproblem import SiteModel
from kiban.national.study.problem import Block, Function, Problem

WEEKS = 4
HOURS_PER_WEEK = 168.0
WORTHWHILE = 4
"""A scout must be this many times shorter than what it scouts for."""


def coarsen(problem: Problem) -> Problem | None:
    """The problem over one week of each season; None where that is hardly shorter."""
    blocks = []
    for block in problem.blocks:
        functions = []
        for function in block.functions:
            model = _coarsen_model(function.model)
            if model is None:
                return None
            functions.append(Function(model, function.weight, function.phases, function.connected))
        blocks.append(
            Block(block.site, block.phase, tuple(functions), block.weight, block.cost_myen_per_mw, block.gain)
        )
    return replace(problem, blocks=tuple(blocks))


def _coarsen_model(model: SiteModel) -> SiteModel | None:
    resources = model.resources
    week = round(HOURS_PER_WEEK / resources.step_hours)
    if resources.block_steps < WORTHWHILE * WEEKS * week:
        return None
    middle = ((np.arange(WEEKS) + 0.5) / WEEKS * resources.block_steps).astype(np.int64) - week // 2
    picked = np.concatenate([np.arange(start, start + week) for start in middle])
    short = replace(_pick(resources, resources.steps, picked), steps=picked.size, block_steps=week)
    return replace(
        model,
        label=f"{model.label} scout",
        key=f"{model.key} scout",
        shape=f"{model.shape} scout",
        resources=short,
        firm=model.firm[:, picked],
        arrivals=model.arrivals[:, picked],
        backlog=model.backlog[:, picked],
        floor_steps=model.floor_steps[picked],
    )


def _pick(part: Any, steps: int, picked: npt.NDArray[np.int64]) -> Any:
    """The same numbers with every series cut to the picked steps."""
    if isinstance(part, np.ndarray):
        series: Array = part[picked] if part.shape == (steps,) else part
        return series
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{item.name: _pick(getattr(part, item.name), steps, picked) for item in fields(part)})
    if isinstance(part, tuple):
        return tuple(_pick(item, steps, picked) for item in part)
    if isinstance(part, Mapping):
        return {name: _pick(item, steps, picked) for name, item in part.items()}
    return part
