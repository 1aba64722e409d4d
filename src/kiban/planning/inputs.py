"""What every part of a preparation reads from: the scenario, the place, the weather, the horizon, the costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from kiban.calendar import year_index
from kiban.planning.annual_costs import CostReader
from kiban.planning.local_weather import override_weather, read_weather
from kiban.planning.provenance import Recorder
from kiban.planning.series_inputs import Horizon, SeriesReader
from kiban.planning.site_facts import Place, find_place
from kiban.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

    from kiban.weather import Weather


@dataclass(frozen=True, eq=False)
class Inputs:
    """The sources of one scenario; each is opened once, when it is first needed."""

    scenario: Scenario
    recorder: Recorder
    place: Place

    @cached_property
    def weather(self) -> Weather:
        """Weather of whole years; raises `InputError` where the scenario has none."""
        weather = read_weather(self.scenario, self.place, self.recorder)
        return override_weather(weather, self.scenario, self.place, self.recorder)

    @cached_property
    def horizon(self) -> Horizon:
        """The steps of the scenario."""
        given = self.scenario.weather
        given_years = given.years or (self.scenario.base_year,)
        return Horizon(self.scenario, given_years if given.source == "none" else self.weather.years)

    @cached_property
    def time(self) -> pd.DatetimeIndex:
        """Start of each step of the horizon."""
        if self.scenario.weather.source != "none":
            whole = self.weather.time
        else:
            whole = year_index(
                self.horizon.labels, self.place.utc_offset_hours, self.horizon.step_hours, self.horizon.first_month
            )
        return whole[self.horizon.positions]

    @cached_property
    def series(self) -> SeriesReader:
        """The reader of hourly inputs, which keeps their problems."""
        return SeriesReader(self.scenario, self.horizon, self.place.utc_offset_hours, self.recorder)

    @cached_property
    def costs(self) -> CostReader:
        """The reader of yearly costs, which keeps what each capacity is made of."""
        return CostReader(self.scenario, self.recorder)


def open_inputs(scenario: Scenario, recorder: Recorder) -> Inputs:
    """The sources of a scenario, with place, horizon and rates read; raises `InputError` for what is wrong there."""
    inputs = Inputs(scenario, recorder, find_place(scenario, recorder))
    # Read in this order, in which a plan lists its inputs.
    _ = inputs.horizon, inputs.series, inputs.costs
    return inputs
