"""The compute of a scenario: firm load, deferrable arrivals, the room for waiting, and chips."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kiban.calendar import hour_of_step
from kiban.errors import ScenarioError
from kiban.linear.staircase import Array
from kiban.physics.compute import allowed_backlog, gpu_hours_per_mwh, inference_shape
from kiban.planning.inputs import Inputs
from kiban.scenario import SeriesReference
from kiban.scenario.names import NO_CHIP, find_unknown_chip


@dataclass(frozen=True, slots=True)
class ComputeLoad:
    """IT load over the horizon in MW, the backlog that may wait in MWh of IT, and the capacity behind it.

    `chips_per_mw` is None where the scenario leaves chips out.
    """

    firm_mw: Array
    arrivals_mw: Array
    max_backlog_mwh: Array
    min_it_mw: float
    max_it_mw: float
    chips_per_mw: float | None


def read_compute(inputs: Inputs) -> ComputeLoad:
    """Firm load with its shape, arrivals of deferrable compute, and limits of IT capacity."""
    load, horizon = inputs.scenario.load, inputs.horizon
    firm, arrivals = _split_load(inputs)
    inputs.recorder.settle(load, "max_delay_hours", "load.max_delay_hours", "h")
    delay_steps = min(round(load.max_delay_hours / horizon.step_hours), horizon.block_steps)
    return ComputeLoad(
        firm_mw=firm,
        arrivals_mw=arrivals,
        max_backlog_mwh=allowed_backlog(arrivals * horizon.step_hours, delay_steps, horizon.block_steps),
        min_it_mw=_least_capacity(inputs, firm, arrivals),
        max_it_mw=math.inf if load.max_it_capacity_mw is None else load.max_it_capacity_mw,
        chips_per_mw=_count_chips(inputs),
    )


def _split_load(inputs: Inputs) -> tuple[Array, Array]:
    """Firm load and arrivals; a series is taken as it is, a number gets the daily shape."""
    load = inputs.scenario.load
    it_load = inputs.series.read(load.it_load_mw, "load.it_load_mw", unit="MW", lower=0.0)
    if load.deferrable_mw is not None:
        share = 0.0
        arrivals = inputs.series.read(load.deferrable_mw, "load.deferrable_mw", unit="MW", lower=0.0)
    else:
        inputs.recorder.settle(load, "deferrable_share", "load.deferrable_share")
        share = load.deferrable_share
        arrivals = share * it_load
    firm = (1.0 - share) * it_load
    if not isinstance(load.it_load_mw, SeriesReference) and load.firm_shape == "inference":
        firm = firm * _daily_shape(inputs)
    return firm, arrivals


def _daily_shape(inputs: Inputs) -> Array:
    take, horizon = inputs.recorder.take, inputs.horizon
    hours = np.tile(hour_of_step(horizon.step_hours), horizon.years).astype(np.float64)
    return inference_shape(
        horizon.cut(hours),
        np.asarray(inputs.time().day_of_week >= 5),
        trough_share=take("inference.trough_share"),
        peak_hour=take("inference.peak_hour"),
        weekend_share=take("inference.weekend_share"),
    )


def _least_capacity(inputs: Inputs, firm: Array, arrivals: Array) -> float:
    load, recorder = inputs.scenario.load, inputs.recorder
    if load.min_it_capacity_mw is not None:
        recorder.give("load.min_it_capacity_mw", load.min_it_capacity_mw, "MW")
        return load.min_it_capacity_mw
    least = float((firm + arrivals).max())
    if load.max_it_capacity_mw is not None:
        least = min(least, load.max_it_capacity_mw)
    recorder.record("load.min_it_capacity_mw", f"{least:g}", "MW", "peak of the load as it arrives", "derived")
    return least


def _count_chips(inputs: Inputs) -> float | None:
    """Accelerators that one MW of IT feeds."""
    chip, recorder = inputs.scenario.load.chip, inputs.recorder
    if chip == NO_CHIP:
        return None
    unknown = list(find_unknown_chip(chip, recorder.catalogue))
    if unknown:
        raise ScenarioError(unknown)
    factor = recorder.take(f"chip.{chip}.server_power_factor")
    return gpu_hours_per_mwh(recorder.take(f"chip.{chip}.power"), factor)
