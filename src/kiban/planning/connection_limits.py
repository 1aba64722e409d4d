"""How much of the grid connection may be used in each step: windows, calls, a non-firm contract, and a limit by hour.

    import[t] <= import_share[t] x_interconnection,    import[t] <= import_limit[t]
    export[t] <= export_share[t] x_interconnection,    export[t] <= export_share[t] max_export

A share is the least that any window leaves in the step. A non-firm connection is called in the steps of each weather
year in which grid energy is dearest, the earlier one where prices are equal: a network is short when its price is
high. So the calls are known in advance here, as everything is.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR, hours_before_month
from kiban.errors import Problem, ScenarioError
from kiban.messages import Message
from kiban.planning.inputs import Inputs
from kiban.planning.series_inputs import Horizon
from kiban.scenario.connection import ConnectionWindow

ROUNDING: Final = 1e-9
"""Steps below it are the rounding of a division."""


def read_import_limit(inputs: Inputs) -> Array | None:
    """The most import in each step, MW; None without a limit."""
    given = inputs.scenario.grid.import_limit_mw
    if given is None:
        return None
    return inputs.series.read(given, "grid.import_limit_mw", unit="MW", lower=0.0)


def read_window_shares(inputs: Inputs) -> tuple[Array, Array]:
    """Shares of the connection that windows leave for import and for export, each of shape `(steps,)`."""
    imported, exported = np.ones(inputs.horizon.steps), np.ones(inputs.horizon.steps)
    for position, window in enumerate(inputs.scenario.grid.window):
        inside = mark_window(window, inputs.horizon)
        key = f"grid.window.{position}"
        if not inside.any():
            raise ScenarioError(Problem("planning.window_outside", key=key, start=window.start, hours=window.hours))
        inputs.recorder.give(f"{key}.remaining_share", window.remaining_share, "share")
        imported[inside] = np.minimum(imported[inside], window.remaining_share)
        if window.kind != "call":
            exported[inside] = np.minimum(exported[inside], window.remaining_share)
    return imported, exported


def mark_window(window: ConnectionWindow, horizon: Horizon) -> npt.NDArray[np.bool_]:
    """Steps of the horizon that a window touches."""
    start_hour = (window.start_hour - hours_before_month(horizon.first_month)) % HOURS_PER_YEAR
    first = math.floor(start_hour / horizon.step_hours)
    end = math.ceil((start_hour + window.hours) / horizon.step_hours)
    year = np.zeros(horizon.steps_per_year)
    year[np.arange(first, min(end, first + horizon.steps_per_year)) % horizon.steps_per_year] = 1.0
    return horizon.cut(np.tile(year, horizon.years)) > 0


def read_calls(inputs: Inputs, price: Array) -> tuple[Array, tuple[int, ...]]:
    """Share of the connection that a non-firm contract leaves in each step, and the last step called of each year.

    `price` is that of grid energy, million yen per MWh.
    """
    non_firm, horizon = inputs.scenario.grid.non_firm, inputs.horizon
    share = np.ones(horizon.steps)
    if non_firm is None or non_firm.called_hours_per_year == 0:
        return share, ()
    inputs.recorder.give("grid.non_firm.called_hours_per_year", non_firm.called_hours_per_year, "h")
    inputs.recorder.give("grid.non_firm.remaining_share", non_firm.remaining_share, "share")
    called = called_steps(price, horizon.block_steps, non_firm.called_hours_per_year)
    share[called] = non_firm.remaining_share
    least = f"{float(price[called].min()):.6g}"
    source = Message("origin.calls")
    inputs.recorder.record("grid.non_firm.called_from_price", least, "million yen/MWh", source, "derived", "formula")
    return share, tuple(int(step) for step in called.reshape(horizon.years, -1)[:, -1])


def called_steps(price: Array, block_steps: int, hours_per_year: float) -> npt.NDArray[np.int64]:
    """Steps in which a non-firm connection is called, the dearest first, of each weather year as many.

    A window that stands for a year has its part of the hours, rounded up. Raises `ScenarioError` where all hours of a
    year cost the same, since nothing then says when the network is short.
    """
    count = min(max(math.ceil(hours_per_year * block_steps / HOURS_PER_YEAR - ROUNDING), 1), block_steps)
    years = price.reshape(-1, block_steps)
    if count < block_steps and bool((years.max(axis=1) == years.min(axis=1)).any()):
        raise ScenarioError(Problem("planning.calls_without_price", key="grid.non_firm"))
    order = np.argsort(-years, axis=1, kind="stable")[:, :count]
    return (order + block_steps * np.arange(len(years))[:, None]).ravel()
