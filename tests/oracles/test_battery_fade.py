"""Fade of a battery against NREL's model of one (PySAM, BatteryStateful): by age, by full cycles, and both.

SAM lowers the capacity after each cycle by a table, and each day by another, and adds the two. With tables that are
straight lines it is the law that the programme has, `1 - fade_per_year t - fade_per_cycle cycles`, and its mean over
the life that of mid-life. SAM's full cycle is one of what is left, the programme's one of what was built: they are
apart by the square of the fade.
"""

from __future__ import annotations

import numpy as np
import pytest

HOURS_IN, HOURS_OUT = range(6), range(12, 18)


def cycle_daily(per_cycle, per_year, years):
    """Relative capacity of each day, and the full cycles in all: one a day between empty and full."""
    battery = pytest.importorskip("PySAM.BatteryStateful").default("LFPGraphite")
    cell, pack, control = battery.ParamsCell, battery.ParamsPack, battery.Controls
    cell.life_model, cell.resistance = 0, 1e-6
    cell.cycling_matrix = tuple(
        (depth, cycles, 100 * (1 - per_cycle * cycles * depth / 100))
        for depth in (20.0, 80.0, 100.0)
        for cycles in (0.0, 1000.0, 2000.0)
    )
    cell.calendar_choice = 2
    cell.calendar_matrix = ((0.0, 100.0), (7300.0, 100 * (1 - 20 * per_year)))
    cell.minimum_SOC, cell.maximum_SOC, cell.initial_SOC = 0.0, 100.0, 0.0
    pack.cap_vs_temp, pack.loss_choice = ((-20.0, 100.0), (20.0, 100.0), (60.0, 100.0)), 0
    control.control_mode, control.dt_hr, control.input_current = 0, 1.0, 0.0
    battery.setup()
    most = battery.StateCell.qmax_lifetime
    current = most / len(HOURS_IN)
    left, drawn = [], 0.0
    for _ in range(365 * years):
        for hour in range(24):
            control.input_current = -current if hour in HOURS_IN else current if hour in HOURS_OUT else 0.0
            battery.execute(0)
            drawn += max(battery.StatePack.I, 0.0)
        left.append(battery.StateCell.qmax_lifetime / most)
    return np.array(left), drawn / most


@pytest.mark.parametrize(("per_cycle", "per_year"), [(4e-5, 0.0), (0.0, 0.02), (4e-5, 0.01)])
def test_two_years_of_a_cycle_a_day(per_cycle, per_year):
    years = 2
    left, cycles = cycle_daily(per_cycle, per_year, years)
    assert left[-1] == pytest.approx(1 - per_year * years - per_cycle * cycles, abs=1e-3)
    mean = 1 - (per_year + per_cycle * cycles / years) * years / 2
    assert left.mean() == pytest.approx(mean, abs=1e-3)
