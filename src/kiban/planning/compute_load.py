"""The compute of a scenario: firm load, deferrable arrivals, the room for waiting, and chips."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR, hour_of_step
from kiban.errors import Problem, ScenarioError
from kiban.messages import Message
from kiban.physics.compute import allowed_backlog, gpu_hours_per_mwh, inference_shape
from kiban.planning.falling_price import FallingPrice
from kiban.planning.inputs import Inputs
from kiban.planning.resources import TrancheResource
from kiban.scenario import SeriesReference
from kiban.scenario.compute import Tranche
from kiban.scenario.names import NO_CHIP, find_unknown_chip

J_PER_MWH = 3.6e9
TOKEN_ENERGY = {
    "fp16": "token.70b_bf16.h100.batch128",
    "fp8": "token.70b_fp8.h100.batch128",
    "int4": "token.70b_int4.h100.batch128",
    "fp4": "token.70b_fp4.b200.batch256",
}


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

    @property
    def mean_mw(self) -> float:
        """Mean IT load, MW."""
        return float((self.firm_mw + self.arrivals_mw).mean())


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


def read_tranches(
    tranches: Sequence[Tranche], inputs: Inputs, compute: ComputeLoad, falling: Mapping[str, FallingPrice]
) -> tuple[TrancheResource, ...]:
    """Compute that is served as far as it pays; raises `ScenarioError` where GPU-hours are given without chips."""
    made, chips_per_mw = [], compute.chips_per_mw
    for position, tranche in enumerate(tranches):
        key = f"tranche.{position}"
        shape = _tranche_shape(inputs, tranche, compute)
        per_hour = tranche.gpu_hours_per_year is not None or tranche.price_myen_per_gpu_hour is not None
        if chips_per_mw is None and (per_hour or tranche.tokens_per_year is not None):
            raise ScenarioError(Problem("planning.no_chips", key=key, name=tranche.name))
        offered = tranche.it_load_mw or _offered_mw(inputs, tranche, chips_per_mw or 0.0, float(shape.mean()))
        price = tranche.price_myen_per_mwh
        if price is None:
            assert tranche.price_myen_per_gpu_hour is not None
            price = tranche.price_myen_per_gpu_hour * (chips_per_mw or 0.0)
        inputs.recorder.give(f"{key}.it_load_mw", offered, "MW")
        inputs.recorder.give(f"{key}.price_myen_per_mwh", price)
        least = offered if tranche.must_serve else 0.0
        made.append(
            TrancheResource(
                name=tranche.name,
                least_mw=least,
                offered_mw=offered,
                price_myen_per_mwh=price,
                shape=shape,
                max_delay_hours=tranche.max_delay_hours,
                committed=tranche.committed,
                reliability=tranche.reliability,
                falling=falling.get(tranche.name),
            )
        )
    return tuple(made)


def _tranche_shape(inputs: Inputs, tranche: Tranche, compute: ComputeLoad) -> Array:
    load = compute.firm_mw + compute.arrivals_mw
    if tranche.shape == "inference":
        return _daily_shape(inputs)
    if tranche.shape == "load" and load.any():
        return np.asarray(load / load.max())
    return np.ones(inputs.horizon.steps)


def _offered_mw(inputs: Inputs, tranche: Tranche, chips_per_mw: float, mean_shape: float) -> float:
    """Peak IT load of GPU-hours or tokens a year, MW."""
    if tranche.gpu_hours_per_year is not None:
        return tranche.gpu_hours_per_year / (chips_per_mw * HOURS_PER_YEAR * mean_shape)
    assert tranche.tokens_per_year is not None
    energy = tranche.energy_j_per_token or energy_per_token(inputs, tranche.precision, tranche.sparsity)
    overhead = inputs.recorder.take(f"chip.{inputs.scenario.load.chip}.server_power_factor")
    mwh = tranche.tokens_per_year * energy * overhead / J_PER_MWH
    return mwh / (HOURS_PER_YEAR * mean_shape)


def energy_per_token(inputs: Inputs, precision: str, sparsity: str) -> float:
    """Energy of the accelerators per output token of a 70-billion-parameter model served in large batches, J."""
    take = inputs.recorder.take
    energy = take(TOKEN_ENERGY[precision])
    return energy * take("sparsity.energy_24") if sparsity == "two_of_four" else energy


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
        np.asarray(inputs.time.day_of_week >= 5),
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
    recorder.record("load.min_it_capacity_mw", f"{least:g}", "MW", Message("origin.peak"), "derived", "formula")
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
