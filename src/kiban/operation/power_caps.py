"""Power caps of accelerators before jobs are paused: of a limited power the most work is made.

Throughput falls less than power while a cap is mild (`compute.throughput_at_cap.*`, straight between the points). A
server's other parts keep what they take, so that a MW of jobs under the cap `c` takes

    power(c) = a c + 1 - a        with a the accelerators' share of IT power

and does `throughput(c)` of its work. Where less power is to be had than jobs would take, either all of them run under
the cap at which they fit, or some run under the cap of the most work for a MWh and the others are paused; what makes
more work is chosen, and no cap where none makes more than pausing alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kiban.errors import InputError, Problem
from kiban.operation.job_classes import CAPS

STEPS_OF_A_CAP: Final = 100
"""Caps are whole percent of the full power."""


@dataclass(frozen=True, slots=True)
class CapCurve:
    """Caps as shares of the full power, rising to 1, the throughput that each leaves, and full W by kind."""

    caps: tuple[float, ...]
    throughputs: tuple[float, ...]
    accelerator_share: float
    full_watts: Mapping[str, float]

    def power(self, cap: float) -> float:
        """What a job takes under a cap, as a share of what it takes without."""
        return self.accelerator_share * cap + 1.0 - self.accelerator_share

    def throughput(self, cap: float) -> float:
        """What is left of its throughput."""
        return float(np.interp(cap, self.caps, self.throughputs))

    def watts(self, cap: float) -> dict[str, int]:
        """A cap in whole watts for each kind of accelerator."""
        return {name: math.floor(cap * full + 1e-6) for name, full in self.full_watts.items()}


@dataclass(frozen=True, slots=True)
class Capped:
    """A cap, the jobs that run under it in MW of what they take without, and the work they do in the same unit."""

    cap_share: float
    jobs_mw: float
    work_mw: float


def read_curve(take: Callable[[str], float], known: Iterable[str], chips: Sequence[str]) -> CapCurve:
    """The curve for kinds of accelerators; `take` gives a row of the catalogue its value, `known` are all its rows.

    Raises `InputError` for a kind that the catalogue does not know.
    """
    kinds = sorted(name.split(".")[1] for name in known if name.startswith("chip.") and name.endswith(".power"))
    problems = [Problem("caps.chip", text=chip, allowed=tuple(kinds)) for chip in chips if chip not in kinds]
    if problems:
        raise InputError(problems)
    return CapCurve(
        caps=(*(cap / 100.0 for cap in CAPS), 1.0),
        throughputs=(*(take(f"compute.throughput_at_cap.{cap}") for cap in CAPS), 1.0),
        # Of several kinds the one whose caps save least.
        accelerator_share=min(1.0 / take(f"chip.{chip}.server_power_factor") for chip in chips),
        full_watts={chip: take(f"chip.{chip}.power") for chip in chips},
    )


def cap_before_pause(curve: CapCurve, wanted_mw: float, limit_mw: float) -> Capped:
    """How jobs that would take `wanted_mw` make most of `limit_mw`."""
    found = Capped(1.0, limit_mw, min(wanted_mw, limit_mw))
    if limit_mw <= 0.0 or wanted_mw <= limit_mw:
        return found
    share = limit_mw / wanted_mw
    fitting = (share - 1.0 + curve.accelerator_share) / curve.accelerator_share
    # Of whole percent the one below fits all jobs, the one above nearly all.
    for cap in (*reversed(curve.caps), fitting, fitting + 1.0 / STEPS_OF_A_CAP):
        whole = math.floor(cap * STEPS_OF_A_CAP + 1e-9) / STEPS_OF_A_CAP
        if not curve.caps[0] <= whole < 1.0:
            continue
        jobs = min(limit_mw / curve.power(whole), wanted_mw)
        work = jobs * curve.throughput(whole)
        if work > found.work_mw + 1e-9:
            found = Capped(whole, jobs, work)
    return found
