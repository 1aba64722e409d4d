"""The conditions of an operation: what weather, prices and load turn out to be, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kiban.arrays import Array
from kiban.operation.forecast.forecast import ARRIVALS, AVAILABILITY, FIRM, PRICE, PUE
from kiban.planning.resources import Resources

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Conditions:
    """What is measured in each step of an operation; every array has shape `(steps,)`.

    `series` are those that a forecast may be wrong about, by name: `price_myen_per_mwh` (of energy drawn from the grid,
    all charges in), `pue`, `firm_mw`, `arrivals_mw` (MW of IT load that may wait, as it arrives) and
    `availability_pv` and so on (output per MW of capacity). `time` are the starts of the steps. What lies beyond the
    last step is taken from the first one on: a year is a circle.
    """

    time: pd.DatetimeIndex
    step_hours: float
    series: Mapping[str, Array]
    grid_clean_share: Array
    grid_emission_factor_t_per_mwh: Array
    wue_m3_per_mwh: Array

    @property
    def steps(self) -> int:
        """How many steps are operated."""
        return int(self.series[FIRM].size)


def conditions_of(resources: Resources, time: pd.DatetimeIndex) -> Conditions:
    """The conditions for which resources were read."""
    zero = np.zeros(resources.steps)
    grid = resources.grid
    series = {
        PUE: resources.pue,
        FIRM: resources.firm_mw,
        ARRIVALS: resources.arrivals_mw,
        **{f"{AVAILABILITY}{supply.name}": supply.availability for supply in resources.supply},
    }
    if grid is not None:
        series[PRICE] = grid.price_myen_per_mwh
    return Conditions(
        time=time,
        step_hours=resources.step_hours,
        series=series,
        grid_clean_share=zero if grid is None else grid.clean_share,
        grid_emission_factor_t_per_mwh=zero if grid is None else grid.emission_factor_t_per_mwh,
        wue_m3_per_mwh=resources.wue_m3_per_mwh,
    )
