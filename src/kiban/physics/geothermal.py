"""Geothermal power: flat output, less planned and forced outages."""

from __future__ import annotations

import numpy as np

from kiban.arrays import Array
from kiban.calendar import DAYS_PER_YEAR, HOURS_PER_DAY, HOURS_PER_YEAR, hours_before_month, steps_per_year
from kiban.errors import RangeError


def geothermal_availability(
    *,
    step_hours: float,
    years: int = 1,
    planned_outage_month: int,
    planned_outage_days: float,
    forced_outage_share: float,
    units: int = 1,
    mean_repair_hours: float | None = None,
    seed: int | None = None,
    first_month: int = 1,
) -> Array:
    """Output of each step for 1 MW of plant, shape (years * steps per year,).

    Each unit stands for `planned_outage_days` every year, one unit after the other, from the first day
    of `planned_outage_month` (running on into the next year's first month if need be). Outside of this, forced outages
    either derate the plant evenly by `forced_outage_share` (no `seed`), or strike at random: with a
    `seed`, each unit alternates between running and repair, both exponentially distributed, repair
    lasting `mean_repair_hours` on average and taking `forced_outage_share` of the time on average.

    Parameters
    ----------
    planned_outage_month : 1 to 12
    planned_outage_days : days for each unit; all units together at most one year
    forced_outage_share : 0 to 1, exclusive
    units : number of equal units
    first_month : month with which each year begins, 1 to 12
    """
    if not 1 <= planned_outage_month <= 12:
        raise RangeError(
            "planned_outage_month",
            planned_outage_month,
            f"planned_outage_month is {planned_outage_month}, but must lie between 1 and 12",
        )
    if units < 1 or planned_outage_days < 0.0 or units * planned_outage_days > DAYS_PER_YEAR:
        raise RangeError(
            "planned_outage_days",
            units * planned_outage_days,
            "planned outages of all units together must fit into one year of 365 days",
        )
    if not 0.0 <= forced_outage_share < 1.0:
        raise RangeError(
            "forced_outage_share",
            forced_outage_share,
            f"forced_outage_share is {forced_outage_share}, but must lie in [0, 1)",
        )
    per_year = steps_per_year(step_hours)
    first_hour = (hours_before_month(planned_outage_month) - hours_before_month(first_month)) % HOURS_PER_YEAR
    one_year = _planned(per_year, step_hours, first_hour, planned_outage_days, units)
    if seed is None:
        return np.tile(one_year.mean(axis=0) * (1.0 - forced_outage_share), years)
    if mean_repair_hours is None or mean_repair_hours <= 0.0:
        raise ValueError("random outages need a positive mean_repair_hours")
    random = np.random.default_rng(seed)
    running = np.stack(
        [
            _random_running(random, years * per_year, step_hours, forced_outage_share, mean_repair_hours)
            for _ in range(units)
        ]
    )
    return np.asarray((np.tile(one_year, (1, years)) * running).mean(axis=0))


def forced_outage_share(mean_availability: float, planned_outage_days: float) -> float:
    """Forced-outage share with which a plant reaches a yearly mean, planned outages included.

    Turns a published capacity factor into the parameter of `geothermal_availability`.
    """
    planned = 1.0 - planned_outage_days / DAYS_PER_YEAR
    if not 0.0 < mean_availability <= planned:
        raise RangeError(
            "mean_availability",
            mean_availability,
            f"mean_availability is {mean_availability}, but {planned_outage_days} days of planned outage"
            f" leave at most {planned:.4f}",
        )
    return 1.0 - mean_availability / planned


def _planned(per_year: int, step_hours: float, first_hour: float, days: float, units: int) -> Array:
    """Share of each step that each unit is not in planned outage, shape (units, steps of a year)."""
    first_step = first_hour / step_hours
    length = days * HOURS_PER_DAY / step_hours
    begin = np.arange(per_year, dtype=float)
    available = np.ones((units, per_year))
    for unit in range(units):
        start = first_step + unit * length
        for turn in (0.0, float(per_year)):
            overlap = np.minimum(begin + 1.0, start + length - turn) - np.maximum(begin, start - turn)
            available[unit] -= np.clip(overlap, 0.0, 1.0)
    return np.clip(available, 0.0, 1.0)


def _random_running(
    random: np.random.Generator, steps: int, step_hours: float, outage_share: float, repair_hours: float
) -> Array:
    """Share of each step that one unit runs, drawn from the two-state process."""
    if outage_share == 0.0:
        return np.ones(steps)
    running_hours = repair_hours * (1.0 - outage_share) / outage_share
    horizon = steps * step_hours
    is_up = bool(random.random() >= outage_share)
    clock = 0.0
    down: list[tuple[float, float]] = []
    while clock < horizon:
        length = float(random.exponential(running_hours if is_up else repair_hours))
        if not is_up:
            down.append((clock, min(clock + length, horizon)))
        clock += length
        is_up = not is_up
    edges = np.arange(steps + 1) * step_hours
    lost = np.zeros(steps + 1)
    for start, end in down:
        lost += np.clip(edges - start, 0.0, end - start)
    return np.clip(1.0 - np.diff(lost) / step_hours, 0.0, 1.0)
