"""Where to evaluate the sites first: from the same problem over a few weeks, or at a few sizes.

The solution of the coarse problem proves nothing about the year and is not shown; it only says near which sizes the
first cuts are worth having.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.national.search.cut_pool import SAME_MW
from kiban.national.study.problem import Block, NationalProblem, Subproblem, linking_values
from kiban.national.study.site_model import SiteModel

WEEKS = 4
HOURS_PER_WEEK = 168.0
WORTHWHILE = 4
"""A coarse problem must be this many times shorter than what it stands for."""
TRIED_SHARE = 0.25
"""Load at which a site that the coarse plan leaves closed is evaluated, as a share of its largest."""
FIRST_SHARES = (1.0, 0.35)
"""Sizes at which a site is evaluated without a coarse solution, as shares of its largest."""


def coarsen(problem: NationalProblem) -> NationalProblem | None:
    """The problem over one week of each season; None where that is hardly shorter."""
    blocks = []
    for block in problem.blocks:
        subproblems = []
        for subproblem in block.subproblems:
            model = _coarsen_model(subproblem.model)
            if model is None:
                return None
            subproblems.append(replace(subproblem, model=model))
        blocks.append(replace(block, subproblems=tuple(subproblems)))
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
        label=f"{model.label} coarse",
        key=f"{model.key} coarse",
        shape=f"{model.shape} coarse",
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


def worthwhile(problem: NationalProblem, block: Block, z: Array) -> Array:
    """The linking variables z, made as much larger as makes the load a quarter of the largest, if it is less.

    Where the coarse plan leaves a site closed, its cheapest mix of loads and limits is known from small ones; a cut
    there would allow too much of a large site.
    """
    load = max(float(z[: problem.classes].sum()), SAME_MW)
    return z * max(TRIED_SHARE * problem.largest_mw(block) / load, 1.0)


def first_sizes(problem: NationalProblem, block: Block, subproblem: Subproblem) -> list[Array]:
    """Large and small with all that the site may draw on; nothing where no tranche may be served there."""
    place = problem.places[block.site]
    demand = np.zeros(problem.classes)
    for tranche, group in enumerate(problem.class_of):
        if problem.serves[block.site, tranche]:
            demand[group] += float(problem.demand_mw[tranche].max())
    if not demand.any():
        return []
    headroom = problem.areas[place.candidate.area].headroom_mw
    wide = min(headroom, problem.connection_needed_mw(block), place.candidate.connection_mw)
    shared = np.array([problem.most_shared_mw(block, name) for name in subproblem.model.limited])
    mix = demand / demand.sum()
    most = place.candidate.max_mw
    return [
        linking_values(subproblem, mix * min(most * share, float(demand.sum())), wide, shared, problem.carbon_cap_t)
        for share in FIRST_SHARES
    ]
