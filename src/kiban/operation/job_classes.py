"""Classes of firm compute by what they tolerate, and how much power each gives up in a call, at what cost.

A job of L hours that may take a share s longer can do without s L hours of work. In a call of d hours its throughput
may thus fall by r = min(1, s L / d). Accelerators are capped for it: how much power that saves follows from the
measured curve of throughput over the cap, to its lowest cap. What may be paused is saved, stands idle, starts again,
which loses the time of both beside the call. How much of the work is in how long jobs was measured in public clusters;
of each span the shortest job counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from kiban.arrays import Array

TOLERANCES: Final = {"none": 0.0, "tenth": 0.1, "quarter": 0.25, "half": 0.5}
"""How much longer a job of a class may take; what may be paused is a class of its own."""
PAUSABLE: Final = "pausable"
LONG_HOURS: Final = (1, 4, 24)
CAPS: Final = (43, 57, 71, 86)


@dataclass(frozen=True, slots=True)
class Jobs:
    """What is measured of jobs and accelerators; shares of one, times in hours."""

    class_shares: dict[str, float]
    """Of the energy of firm compute, by class."""
    least_hours: tuple[float, ...]
    """Length of the shortest job of each span, rising."""
    work_shares: tuple[float, ...]
    """Share of the work in each span."""
    caps: tuple[float, ...]
    """Caps as shares of the full power, rising, and the throughput that each leaves."""
    throughputs: tuple[float, ...]
    idle_share: float
    """Power of an accelerator that stands idle."""
    pause_hours: float
    """Lost by a pause beside it: to save and to start again."""
    accelerator_share: float
    """Of the power of IT."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What a class gives up in a call: power and work, both as shares of the power of all firm compute."""

    name: str
    power_share: float
    work_share: float
    """Work that is not done in each hour of the call, as a share of all work of an hour."""

    def cost_myen_per_mwh(self, price_myen_per_mwh: float) -> float:
        """Of a MWh of IT energy that is given up, where a MWh of compute is worth `price`."""
        return price_myen_per_mwh * self.work_share / self.power_share if self.power_share > 0.0 else 0.0


def read_jobs(take: Callable[[str], float], server_power_factor: float) -> Jobs:
    """Jobs by the catalogue; `take` gives a row its value, the factor is IT power over that of accelerators."""
    longer = [1.0, *(take(f"compute.work_in_long_jobs.{hours}h") for hours in LONG_HOURS), 0.0]
    caps = tuple(cap / 100.0 for cap in CAPS)
    return Jobs(
        class_shares={name: take(f"compute.tolerance_share.{name}") for name in (*TOLERANCES, PAUSABLE)},
        least_hours=(0.0, *(float(hours) for hours in LONG_HOURS)),
        work_shares=tuple(max(more - less, 0.0) for more, less in pairwise(longer)),
        caps=(*caps, 1.0),
        throughputs=(*(take(f"compute.throughput_at_cap.{cap}") for cap in CAPS), 1.0),
        idle_share=take("compute.idle_power_share"),
        pause_hours=take("compute.checkpoint_time") + take("compute.restart_time"),
        accelerator_share=1.0 / server_power_factor,
    )


def give_up(jobs: Jobs, call_hours: float) -> tuple[GivenUp, ...]:
    """What each class gives up in a call, the cheapest MWh first; what gives up nothing is left out."""
    found = []
    lengths, weights = np.array(jobs.least_hours), np.array(jobs.work_shares)
    for name, share in jobs.class_shares.items():
        if name == PAUSABLE:
            # What is shorter than the pause itself ends before it has been saved.
            stopped = float(weights[lengths > jobs.pause_hours].sum())
            power = stopped * (1.0 - jobs.idle_share)
            work = stopped * (1.0 + jobs.pause_hours / call_hours)
        else:
            lost = np.minimum(TOLERANCES[name] * lengths / call_hours, 1.0 - jobs.throughputs[0])
            power, work = float(weights @ save_power(jobs, lost)), float(weights @ lost)
        if share * power > 0.0:
            found.append(GivenUp(name, share * power * jobs.accelerator_share, share * work))
    return tuple(sorted(found, key=lambda one: (one.work_share / one.power_share, one.name)))


def save_power(jobs: Jobs, lost_throughput: Array) -> Array:
    """Power of accelerators that a lower throughput saves, as a share of the full power; straight between the caps."""
    saved: Array = 1.0 - np.interp(1.0 - lost_throughput, jobs.throughputs, jobs.caps)
    return saved
