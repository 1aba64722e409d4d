"""The hours of the market in which a study's steps lie, and the study at prices that the market gives there.

A step has the market's hour of the same month, day and time of day by the clock. A window of the year asks for the
whole days that it touches; hours of them that it does not hold draw what the window draws in the mean at their hour of
the day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_DAY, HOURS_PER_YEAR
from kiban.catalogue import Catalogue
from kiban.market.hours import MarketHours
from kiban.market.response import AreaMarket, area_market
from kiban.market.year import default_case
from kiban.national.study.problem import Block, NationalProblem
from kiban.national.study.site_cases import site_scenario
from kiban.national.study.site_model import SiteModel, at_costs
from kiban.planning.grid_draw import place_in_year
from kiban.planning.preparation import prepare
from kiban.planning.resources import GridResource

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class StudyHours:
    """`chosen` are places among all hours of the market, whole days in order; `place` is each step's place there."""

    chosen: Places
    place: Places

    @property
    def is_whole_year(self) -> bool:
        """Whether every hour of the year is chosen."""
        return self.chosen.size == HOURS_PER_YEAR

    def by_hour(self, values: Array) -> Array:
        """Values of steps as means of the chosen hours; of hours without a step, that of their hour of the day."""
        size = self.chosen.size
        counts, sums = (np.bincount(self.place, weights, minlength=size) for weights in (None, values))
        known, whole = (part.reshape(-1, HOURS_PER_DAY).sum(axis=0) for part in (counts, sums))
        of_hour = np.where(known, whole / np.maximum(known, 1), values.mean())
        return np.where(counts, sums / np.maximum(counts, 1), np.tile(of_hour, size // HOURS_PER_DAY))


def study_hours(time: npt.NDArray[np.datetime64], hours: MarketHours) -> StudyHours:
    """Where steps that begin at `time` by the clock lie in the hours of a market of one year."""
    in_year, in_market = place_in_year(time), place_in_year(hours.start)
    days = np.zeros(HOURS_PER_YEAR // HOURS_PER_DAY, dtype=bool)
    days[in_year // HOURS_PER_DAY] = True
    chosen = np.flatnonzero(days[in_market // HOURS_PER_DAY])
    position = np.full(HOURS_PER_YEAR, -1)
    position[in_market[chosen]] = np.arange(chosen.size)
    return StudyHours(chosen, position[in_year])


def market_of_study(problem: NationalProblem, catalogue: Catalogue) -> tuple[AreaMarket, StudyHours]:
    """The catalogue's market in the hours of a study, whose sites have one time axis."""
    case = default_case(catalogue)
    first = site_scenario(problem.study, problem.places[0].candidate, problem.study.assumptions)
    hours = study_hours(prepare(first).time.tz_localize(None).to_numpy(), case.hours)
    return area_market(case, hours.chosen), hours


def with_grids(problem: NationalProblem, change: Callable[[Block, GridResource], GridResource]) -> NationalProblem:
    """The problem whose connected sites buy at other terms; what does not change stays the model that it was."""

    def changed(model: SiteModel, block: Block) -> SiteModel:
        grid = model.resources.grid
        if grid is None:
            return model
        other = change(block, grid)
        return model if other is grid else at_costs(model, replace(model.resources, grid=other))

    def of_block(block: Block) -> Block:
        subproblems = (
            replace(one, model=changed(one.model, block)) if one.connected else one for one in block.subproblems
        )
        return replace(block, subproblems=tuple(subproblems))

    return replace(problem, blocks=tuple(of_block(block) for block in problem.blocks))
