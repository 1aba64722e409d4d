"""The conditions of an operation: what weather, prices and load turn out to be, step by step."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from kiban.arrays import Array
from kiban.planning.resources import Resources

if TYPE_CHECKING:
    import pandas as pd

PRICE: Final = "price_myen_per_mwh"
PUE: Final = "pue"
FIRM: Final = "firm_mw"
ARRIVALS: Final = "arrivals_mw"
AVAILABILITY: Final = "availability_"
"""Beginning of the names of series of output per MW of capacity: `availability_pv` and so on."""


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
    export_price_myen_per_mwh: Array
    """Of energy fed in; zero where none is."""

    def cut(self, first: int, end: int) -> Conditions:
        """Those of the steps `first` to before `end`."""
        part = slice(first, end)
        return Conditions(
            time=self.time[part],
            step_hours=self.step_hours,
            series={name: values[part] for name, values in self.series.items()},
            grid_clean_share=self.grid_clean_share[part],
            grid_emission_factor_t_per_mwh=self.grid_emission_factor_t_per_mwh[part],
            wue_m3_per_mwh=self.wue_m3_per_mwh[part],
            export_price_myen_per_mwh=self.export_price_myen_per_mwh[part],
        )

    @cached_property
    def sells_at_a_fixed_price(self) -> bool:
        """Whether the price of energy fed in is one number."""
        return bool(np.ptp(self.export_price_myen_per_mwh) == 0.0)

    @property
    def steps(self) -> int:
        """How many steps are operated."""
        return int(self.series[FIRM].size)


def read_conditions(
    resources: Resources,
    time: pd.DatetimeIndex,
    built: Collection[str],
    served_mw: Array | float = 0.0,
    bought: Mapping[str, Array] | None = None,
) -> Conditions:
    """The conditions for which resources were read, of the supply options `built`.

    `served_mw` is the IT load of what is sold beside the load that must be served, as it arrives. `bought` are the
    series of the ways to buy; without them all that is drawn has the grid's price.
    """
    zero = np.zeros(resources.steps)
    grid = resources.grid
    series = {
        PUE: resources.pue,
        FIRM: resources.firm_mw + served_mw,
        ARRIVALS: resources.arrivals_mw,
        **{f"{AVAILABILITY}{one.name}": one.availability for one in resources.supply if one.name in built},
    }
    if bought is not None:
        series |= bought
    elif grid is not None:
        series[PRICE] = grid.price_myen_per_mwh
    return Conditions(
        time=time,
        step_hours=resources.step_hours,
        series=series,
        grid_clean_share=zero if grid is None else grid.clean_share,
        grid_emission_factor_t_per_mwh=zero if grid is None else grid.emission_factor_t_per_mwh,
        wue_m3_per_mwh=resources.wue_m3_per_mwh,
        export_price_myen_per_mwh=zero if grid is None else grid.export_price_myen_per_mwh + zero,
    )
