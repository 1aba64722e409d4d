"""What every part of a preparation reads from: the scenario, the place, the weather, the horizon, the costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiban.planning.annual_costs import CostReader
from kiban.planning.provenance import Recorder
from kiban.planning.series_inputs import Horizon, SeriesReader
from kiban.planning.site_facts import Place
from kiban.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

    from kiban.weather import Weather


@dataclass(frozen=True, slots=True)
class Inputs:
    """The sources of one preparation; `weather` is called only by what needs it, since it may not exist.

    `time` gives the start of each step of the horizon.
    """

    scenario: Scenario
    place: Place
    weather: Callable[[], Weather]
    time: Callable[[], pd.DatetimeIndex]
    horizon: Horizon
    series: SeriesReader
    costs: CostReader
    recorder: Recorder
