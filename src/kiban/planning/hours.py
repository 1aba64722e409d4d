"""What the hours of a plan add up to: clean energy by week and month, clean hours, and hours whose energy is free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.planning.plan import Plan
from kiban.scenario.plant import is_clean

WEEK_HOURS = 168
WEEKS = {"winter": (1, 14), "summer": (7, 16)}
"""Month and day on which the weeks that charts show begin."""
CLEAN_TOLERANCE = 1e-4
FREE_MYEN_PER_MWH = 1e-5


@dataclass(frozen=True, slots=True)
class HourFigures:
    """Figures of the hours of a plan; weeks and months are left out where the horizon does not hold all of them.

    `clean_hours` of `hours` are served without energy that is not clean; `week_shares` and `month_shares` are clean
    shares of the load. In `free_hours` one more MWh costs nothing, `high_value_myen_per_mwh` is reached in a tenth of
    all hours; both are None where the plan has no value of energy.
    """

    hours: int
    clean_hours: int
    week_shares: Mapping[str, float]
    month_shares: Mapping[int, float]
    free_hours: int | None
    high_value_myen_per_mwh: float | None


def describe_hours(plan: Plan) -> HourFigures | None:
    """The figures of a plan with hours and a load; None without."""
    unclean, load = clean_energy(plan)
    if not len(load) or load.sum() <= 0:
        return None
    step_hours = plan.scenario.time.step_hours
    hours = int(len(load) * step_hours)
    value = plan.hourly.get("energy_value_myen_per_mwh")
    weeks = {name: week_start(plan, month, day) for name, (month, day) in WEEKS.items()}
    length = _week_steps(plan)
    months = _months(_local_time(plan))
    return HourFigures(
        hours=hours,
        clean_hours=int(np.sum(unclean <= CLEAN_TOLERANCE * np.maximum(load, 1e-9)) * step_hours),
        week_shares={
            name: _clean_share(unclean[start : start + length], load[start : start + length])
            for name, start in weeks.items()
            if start is not None
        },
        month_shares={
            month: _clean_share(unclean[months == month], load[months == month])
            for month in (range(1, 13) if hours >= HOURS_PER_YEAR else ())
        },
        free_hours=None if value is None else int(np.sum(value < FREE_MYEN_PER_MWH) * step_hours),
        high_value_myen_per_mwh=None if value is None else float(np.quantile(value, 0.9)),
    )


def clean_energy(plan: Plan) -> tuple[Array, Array]:
    """Energy of each step that is not clean, and its load, both as MW.

    Supply that a scenario marks as not clean counts with what it could deliver, as in the programme's target.
    """
    hourly = plan.hourly
    load = hourly["load_mw"]
    if "unclean_mw" in hourly:
        return np.minimum(hourly["unclean_mw"], load), load
    unclean = np.zeros_like(load)
    if "import_mw" in hourly:
        unclean = unclean + hourly["import_mw"] * (1.0 - hourly.get("grid_clean_share", np.zeros_like(load)))
    if "backup_mw" in hourly:
        unclean = unclean + hourly["backup_mw"]
    unclean = unclean + hourly.get("bridging_gas_mw", np.zeros_like(load))
    for name, option in plan.scenario.supply.items():
        if not is_clean(name, option):
            unclean = unclean + hourly.get(f"{name}_available_mw", hourly.get(f"{name}_mw", np.zeros_like(load)))
    return np.minimum(unclean, load), load


def week_start(plan: Plan, month: int, day: int) -> int | None:
    """First step of a week of the first weather year; None where the horizon does not hold all of it."""
    local = _local_time(plan)
    days = local.astype("datetime64[D]")
    in_month = (days - days.astype("datetime64[M]")).astype(np.int64) + 1
    at = np.flatnonzero((_months(local) == month) & (in_month == day) & (local == days))
    steps = _week_steps(plan)
    if not at.size or int(at[0]) + steps > len(local):
        return None
    return int(at[0])


def _clean_share(unclean: Array, load: Array) -> float:
    return 1.0 - float(unclean.sum() / load.sum())


def _local_time(plan: Plan) -> npt.NDArray[np.datetime64]:
    """Start of each step by the place's clock: numpy takes dates apart faster than an index with a time zone."""
    local: npt.NDArray[np.datetime64] = plan.time.tz_localize(None).to_numpy()
    return local


def _months(local: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    return local.astype("datetime64[M]").astype(np.int64) % 12 + 1


def _week_steps(plan: Plan) -> int:
    return round(WEEK_HOURS / plan.scenario.time.step_hours)
