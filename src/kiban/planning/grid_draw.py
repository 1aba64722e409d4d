"""What a plan draws from the grid, hour by hour, in the hours of the market of its area."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import DAYS_PER_MONTH, HOURS_PER_DAY, HOURS_PER_YEAR, MONTHS_PER_YEAR, hours_before_month
from kiban.catalogue import load_catalogue
from kiban.errors import Problem, ScenarioError
from kiban.market.areas import MARKET_AREAS
from kiban.market.campus import CampusLoad, place_of
from kiban.market.placements import CampusDraw
from kiban.planning.plan import Plan

Times = npt.NDArray[np.datetime64]
_BEFORE_MONTH = np.array([hours_before_month(month + 1) for month in range(MONTHS_PER_YEAR)])


def load_of_plan(plan: Plan, start: Times) -> CampusLoad:
    """What the plan draws from the grid less what it delivers, in the hours that begin at `start`.

    An hour of the market has the plan's hour of the same month, day and time of day by the clock of the campus. Of
    several weather years it is the first. Hours of the year that the plan does not hold have the mean of those that it
    holds of their hour of the day. Raises `ScenarioError` for a campus that is in no area of the market.
    """
    scenario = plan.scenario
    area = scenario.site.area
    if area is None and scenario.site.id is not None:
        area = load_catalogue().site(scenario.site.id).area
    if area is None:
        raise ScenarioError(Problem("impact.abroad", key="site.area", names=MARKET_AREAS))
    place = place_of(area)
    nothing = np.zeros(len(plan.time))
    net = plan.hourly.get("import_mw", nothing) - plan.hourly.get("export_mw", nothing)
    local: Times = plan.time.tz_localize(None).to_numpy()
    wanted, step_hours = place_in_year(start), scenario.time.step_hours
    load, drawn = (_spread(column, local, step_hours)[wanted] for column in (plan.hourly["load_mw"], net))
    load_mw = np.zeros((start.size, len(MARKET_AREAS)))
    load_mw[:, place] = drawn
    flat = np.where(np.arange(len(MARKET_AREAS)) == place, load.mean(), 0.0)
    waits = scenario.load
    draw = CampusDraw(float(load.mean()), waits.deferrable_share, waits.max_delay_hours, drawn)
    return CampusLoad(scenario.name, "plan", load_mw, draw, flat)


def place_in_year(time: Times) -> npt.NDArray[np.int64]:
    """Hours since 1 January of a year of 365 days; 29 February is taken for the day before."""
    month = time.astype("datetime64[M]")
    number = month.astype(np.int64) % MONTHS_PER_YEAR
    day = (time.astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64)
    hour = (time.astype("datetime64[h]") - time.astype("datetime64[D]")).astype(np.int64)
    inside = np.minimum(day, np.array(DAYS_PER_MONTH)[number] - 1)
    return np.asarray(_BEFORE_MONTH[number] + HOURS_PER_DAY * inside + hour)


def _spread(values: Array, local: Times, step_hours: float) -> Array:
    """Values of steps of an hour or less as the hours of one year from 1 January."""
    first_year = round(HOURS_PER_YEAR / step_hours)
    places, held = place_in_year(local[:first_year]), values[:first_year]
    counts = np.bincount(places, minlength=HOURS_PER_YEAR)
    sums = np.bincount(places, held, minlength=HOURS_PER_YEAR)
    days = (HOURS_PER_YEAR // HOURS_PER_DAY, HOURS_PER_DAY)
    known = counts.reshape(days).sum(axis=0)
    of_hour = np.where(known, sums.reshape(days).sum(axis=0) / np.maximum(known, 1), held.mean())
    return np.where(counts, sums / np.maximum(counts, 1), np.tile(of_hour, days[0]))
