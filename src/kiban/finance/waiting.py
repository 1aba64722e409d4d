"""The value of waiting: when to spend a cost for a project whose value is uncertain, on a binomial lattice.

The value of the project per unit of its cost, V, rises or falls by exp(+-s sqrt(dt)) in a step (Cox, Ross and
Rubinstein, Journal of Financial Economics 7, 1979): s is its yearly volatility, r the riskless rate and q what a
year of waiting loses of it, so that it grows by r - q where risk has its price. Whoever may order at cost I_t has

    F_t = max(V_t - I_t, (p F_up + (1 - p) F_down) exp(-r dt)),        F = max(V - I, 0) in the end

and orders where the first is not less. Without an end and with a level cost that is McDonald and Siegel (Quarterly
Journal of Economics 101, 1986), where he orders at V = I b / (b - 1):

    b = 1/2 - (r - q) / s^2 + sqrt(((r - q) / s^2 - 1/2)^2 + 2 r / s^2)

How often it comes to that follows from the same lattice with the growth that is really expected.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array

STEPS_PER_YEAR = 12
SAME_VALUE = 1e-12
"""Gain from waiting that is none."""
HALVINGS = 22
HIGHEST_THRESHOLD = 16.0
"""Value over cost above which no threshold is looked for."""
Orders = tuple[npt.NDArray[np.bool_], ...]
"""By step, the nodes from the lowest value up in which one orders."""


@dataclass(frozen=True, slots=True)
class Walk:
    """How the value moves; rates are real and a year, with continuous compounding."""

    volatility: float
    riskless_rate: float
    payout: float
    """Share of the value that a year of waiting loses."""
    growth: float
    """What the value is really expected to grow by."""

    def chance(self, drift: float, step: float) -> float:
        """Probability of a rise in a step of so many years at which the value grows by `drift`.

        ValueError where steps are too long for the drift.
        """
        up = math.exp(self.volatility * math.sqrt(step))
        found = (math.exp(drift * step) - 1.0 / up) / (up - 1.0 / up)
        if not 0.0 <= found <= 1.0:
            raise ValueError(f"a step of {step:g} years is too long for a growth of {drift:g} a year")
        return found


def costs_by_step(years: float, support: float, ends_after_years: float | None) -> Array:
    """Cost at each step of a window, 1 without support; the support is there until it ends (never where None)."""
    steps = round(years * STEPS_PER_YEAR)
    costs = np.full(steps + 1, 1.0 - support)
    if ends_after_years is not None:
        costs[last_step(ends_after_years) + 1 :] = 1.0
    return costs


def last_step(years: float) -> int:
    """Number of the last step that begins within so many years."""
    return math.floor(years * STEPS_PER_YEAR + SAME_VALUE)


def value_of_waiting(value: float, costs: Array, walk: Walk) -> tuple[float, Orders]:
    """What the right to order is worth at the start, and where one orders; `costs` has one number for each step."""
    steps, step = len(costs) - 1, 1.0 / STEPS_PER_YEAR
    discount = math.exp(-walk.riskless_rate * step)
    rise = walk.chance(walk.riskless_rate - walk.payout, step)
    log_step = walk.volatility * math.sqrt(step)
    # The node k of step n, from the lowest, has risen 2 k - n times.
    levels = value * np.exp(log_step * np.arange(-steps, steps + 1))
    gain = np.maximum(levels[::2] - costs[steps], 0.0)
    orders = [gain > SAME_VALUE]
    for number in range(steps - 1, -1, -1):
        waiting = discount * (rise * gain[1:] + (1.0 - rise) * gain[:-1])
        now = levels[steps - number : steps + number + 1 : 2] - costs[number]
        ordered = (now > SAME_VALUE) & (now >= waiting - SAME_VALUE)
        gain = np.where(ordered, now, waiting)
        orders.append(ordered)
    return float(gain[0]), tuple(reversed(orders))


def threshold(costs: Array, walk: Walk) -> float:
    """Least value over the cost without support at which one orders at once; infinite where one never does."""
    low, high = 0.0, HIGHEST_THRESHOLD
    if not value_of_waiting(high, costs, walk)[1][0][0]:
        return math.inf
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if value_of_waiting(middle, costs, walk)[1][0][0]:
            high = middle
        else:
            low = middle
    return high


def perpetual_threshold(walk: Walk) -> float:
    """The same without an end and with a level cost of 1 (McDonald and Siegel)."""
    variance = walk.volatility**2
    carry = (walk.riskless_rate - walk.payout) / variance
    root = 0.5 - carry + math.sqrt((carry - 0.5) ** 2 + 2.0 * walk.riskless_rate / variance)
    return root / (root - 1.0)


@dataclass(frozen=True, slots=True)
class Split:
    """Of all ways that the value may go, the shares by when one orders with support and without; they sum to 1."""

    windfall: float
    """At the same time, while there is support."""
    brought_forward: float
    """Earlier with support, and later without it."""
    induced: float
    """With support, and never within the window without it."""
    unaffected: float
    """At the same time, when support has ended."""
    never: float
    years_brought_forward: float
    """By how much earlier, in the mean of those that are brought forward; 0 where none is."""


def split_orders(with_support: Orders, without: Orders, walk: Walk, supported_steps: int) -> Split:
    """How often each comes to pass, with the growth that is really expected.

    `supported_steps` is the last step with support. Support that falls away puts no order off: who orders without it
    orders with it, since waiting is worth at most the support more.
    """
    rise = walk.chance(walk.growth, 1.0 / STEPS_PER_YEAR)
    waiting, early, since = np.ones(1), np.zeros(1), np.zeros(1)
    windfall = unaffected = forward = months = 0.0
    for number, (alone, helped) in enumerate(zip(without, with_support, strict=True)):
        same = float(waiting[alone].sum())
        windfall, unaffected = (
            (windfall + same, unaffected) if number <= supported_steps else (windfall, unaffected + same)
        )
        forward += float(early[alone].sum())
        months += float((number * early - since)[alone].sum())
        first = helped & ~alone
        early = np.where(alone, 0.0, early + first * waiting)
        since = np.where(alone, 0.0, since + first * waiting * number)
        waiting = np.where(alone | helped, 0.0, waiting)
        if number < len(without) - 1:
            waiting, early, since = (_step(mass, rise) for mass in (waiting, early, since))
    return Split(
        windfall=windfall,
        brought_forward=forward,
        induced=float(early.sum()),
        unaffected=unaffected,
        never=float(waiting.sum()),
        years_brought_forward=months / forward / STEPS_PER_YEAR if forward > SAME_VALUE else 0.0,
    )


def _step(mass: Array, rise: float) -> Array:
    moved = np.zeros(len(mass) + 1)
    moved[1:] += rise * mass
    moved[:-1] += (1.0 - rise) * mass
    return moved
