"""The offers' parameters and the ties' limits fitted to prices that were.

The loss is the mean absolute error, with weaker terms for each area's mean, hours at the floor and daily spread, for
how often neighbours' prices differ, and for the slope of prices on net load: without the last two, equal errors hide
effects of new load that differ twofold. It is made smaller by the Gauss-Newton method on the market's own derivatives:
at given prices the supply of every block changes with a parameter, and the cleared prices answer to that as to a change
of demand. Absolute values are taken as squares over what they were (iterated re-weighting).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.market.areas import MARKET_AREAS, Ties, load_ties
from kiban.market.backcast import Setting
from kiban.market.blocks import Market
from kiban.market.clearing import Clearing, HourDuals, clear, tie_flow_mw
from kiban.market.elimination import solve_pattern
from kiban.market.measures import FLOOR_YEN, HIGHEST_YEN, LOWEST_YEN, REGIONS, SPLIT_YEN, held, regional_slope_weights
from kiban.market.offers import OfferParameters, load_offers

FIXED: Final = ("oil_efficiency_best", "oil_efficiency_worst", "oil_share", "variable_cost_yen_per_kwh", "availability")
"""Parameters that prices of the fit hardly tell; they stay as they are."""
WEIGHTS: Final = {"bias": 0.3, "floor": 4.0, "spread": 0.1, "split": 2.0, "slope": 1.0}
"""Weights of the terms beside the mean absolute error, yen/kWh."""
_PULLS: Final = {"fleet_factor": 0.16, "must_run_share": 0.03, "price_factor": 0.22, "tie": 0.02}
"""Pull of the parameters of areas and ties to where they began, per square of their range."""
_NO_BETTER_THAN: Final = {
    "coal_efficiency_worst": "coal_efficiency_best",
    **{f"gas_efficiency_{place + 1}": f"gas_efficiency_{place}" for place in (1, 2, 3)},
}
_NEIGHBOURS: Final = (
    ("hokkaido", "tohoku"), ("tohoku", "tokyo"), ("tokyo", "chubu"), ("chubu", "kansai"), ("kansai", "shikoku"),
    ("chugoku", "kyushu"),
)  # fmt: skip
_SMOOTH_FLOOR_YEN, _SMOOTH_SPLIT_YEN = 0.4, 0.2
_SMALL_ERROR_YEN, _SMALL_TERM = 0.5, 0.05
"""Below these, what is re-weighted counts as a square."""
_LEAST_SLOPE_MW_PER_YEN: Final = 0.5
"""Added where answers are worked out: where no supply answers, a price would move without bound."""
_DIFFERENCE: Final = 1e-4
_LEAST_RANGE: Final = 1e-9
_LONGEST_STEP: Final = 0.15
_MOST_SHORTER_STEPS: Final = 6

Term = tuple[float, float, Array]
"""Weight, value, and how the value changes with each price (hours, areas)."""


@dataclass(frozen=True, slots=True)
class Knob:
    """A parameter that is fitted: its row of the catalogue, where it stands, and its range.

    `scale` is what the row is multiplied by to be the parameter: the operating limit of a tie, else 1. `most` is a
    parameter that it does not exceed: an offer's efficiency is no better than that of the offer before it.
    """

    row: str
    field: str
    place: int | None
    low: float
    high: float
    scale: float = 1.0
    most: str | None = None

    def highest(self, values: Mapping[str, float | Array]) -> float:
        """Upper end of the range, with what is known of the other parameters."""
        above = values.get(self.most) if self.most else None
        return min(self.high, above) if isinstance(above, float) else self.high


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Parameters that were found, the loss after each step, and in the end with storages balanced under them."""

    offers: OfferParameters
    ties: Ties
    rows: dict[str, float]
    losses: tuple[float, ...]
    loss: float


def load_fitted_ties(catalogue: Catalogue) -> Ties:
    """The ties with their operating limits times the factors that the fit found."""
    ties = load_ties(catalogue)
    factors = {
        f"{side}_mw": np.array([catalogue.value(f"market.tie_factor.{name}.{side}") for name in ties.names])
        for side in ("forward", "reverse")
    }
    return replace(ties, **{side: getattr(ties, side) * factor for side, factor in factors.items()})


def fitted_knobs(catalogue: Catalogue) -> tuple[Knob, ...]:
    """The parameters of the offers that are fitted, and the factors on both limits of every tie."""
    found = []
    for field in fields(OfferParameters):
        if field.name in FIXED:
            continue
        row = field.name.removesuffix("_yen_per_kwh")
        by_area = isinstance(getattr(load_offers(catalogue), field.name), np.ndarray)
        places = [(f"{area}.{row}", number) for number, area in enumerate(MARKET_AREAS)] if by_area else [(row, None)]
        for name, place in places:
            fact = catalogue.facts[f"market.offer.{name}"]
            assert fact.low is not None and fact.high is not None
            found.append(Knob(fact.id, field.name, place, fact.low, fact.high, most=_NO_BETTER_THAN.get(field.name)))
    operating = load_ties(catalogue)
    for number, name in enumerate(operating.names):
        for side in ("forward", "reverse"):
            fact = catalogue.facts[f"market.tie_factor.{name}.{side}"]
            assert fact.low is not None and fact.high is not None
            limit = float(getattr(operating, f"{side}_mw")[number])
            found.append(Knob(fact.id, f"{side}_mw", number, fact.low * limit, fact.high * limit, limit))
    return tuple(found)


def values_of(knobs: Sequence[Knob], offers: OfferParameters, ties: Ties) -> Array:
    """What the knobs stand at, as shares of their ranges (knobs,)."""
    known = {field.name: getattr(offers, field.name) for field in fields(OfferParameters)}
    found = []
    for knob in knobs:
        value = known[knob.field] if knob.field in known else getattr(ties, knob.field)
        width = max(knob.highest(known) - knob.low, _LEAST_RANGE)
        found.append(((value if knob.place is None else value[knob.place]) - knob.low) / width)
    return np.array(found)


def parameters_at(
    knobs: Sequence[Knob], shares: Array, offers: OfferParameters, ties: Ties
) -> tuple[OfferParameters, Ties]:
    """Parameters with the knobs at these shares of their ranges; the others as in `offers` and `ties`."""
    of_offers: dict[str, float | Array] = {}
    of_ties = {"forward_mw": ties.forward_mw.copy(), "reverse_mw": ties.reverse_mw.copy()}
    for knob, share in zip(knobs, shares, strict=True):
        value = knob.low + share * max(knob.highest(of_offers) - knob.low, 0.0)
        if knob.field in of_ties:
            of_ties[knob.field][knob.place] = value
        elif knob.place is None:
            of_offers[knob.field] = float(value)
        else:
            array = of_offers.setdefault(knob.field, getattr(offers, knob.field).copy())
            assert isinstance(array, np.ndarray)
            array[knob.place] = value
    return replace(offers, **of_offers), replace(ties, **of_ties)  # type: ignore[arg-type]


def fit(
    setting: Setting,
    offers: OfferParameters,
    ties: Ties,
    knobs: Sequence[Knob],
    *,
    rounds: int = 3,
    steps: int = 5,
    report: Callable[[str], None] = lambda _: None,
) -> Fit:
    """The knobs moved to a lower loss on the setting's hours; each round balances the storages' water values anew.

    The others among the parameters stay as in `offers` and `ties`.
    """
    shares = first = values_of(knobs, offers, ties)
    price: Array | None = None
    damping, losses = 0.1, list[float]()
    for turn in range(rounds):
        here = parameters_at(knobs, shares, offers, ties)
        setting, price = setting.balanced(*here, price)
        target = _Target(setting, price)
        for step in range(steps):
            trial = _Trial(setting, target, knobs, offers, ties, first)
            moved, loss, damping, price = trial.step(shares, damping, price)
            losses.append(loss)
            report(f"round {turn + 1}, step {step + 1}: loss {loss:.4f}")
            if np.array_equal(moved, shares):
                break
            shares = moved
    here = parameters_at(knobs, shares, offers, ties)
    setting, price = setting.balanced(*here, price)
    loss = _Trial(setting, _Target(setting, price), knobs, offers, ties, first).loss(price, shares)
    return Fit(*here, {knob.row: _value(knob, *here) / knob.scale for knob in knobs}, tuple(losses), loss)


def _value(knob: Knob, offers: OfferParameters, ties: Ties) -> float:
    value = getattr(ties if knob.field in {"forward_mw", "reverse_mw"} else offers, knob.field)
    return float(value if knob.place is None else value[knob.place])


class _Target:
    """What prices are compared with: the actual ones and what is measured of them."""

    def __init__(self, setting: Setting, price: Array) -> None:
        observed = setting.observed
        self.actual = np.minimum(observed.price_yen_per_kwh, HIGHEST_YEN)
        _, self.first = np.unique(observed.hours.places_of("D"), return_index=True)
        self.last = np.append(self.first[1:], len(self.actual))
        self.floor = (self.actual < FLOOR_YEN).mean(axis=0)
        self.spread = self._extremes(self.actual)
        self.pairs = [(MARKET_AREAS.index(one), MARKET_AREAS.index(other)) for one, other in _NEIGHBOURS]
        net = observed.hours.net_load_mw - setting.storage_mw(price)
        slopes = regional_slope_weights(MARKET_AREAS, observed.start, net, REGIONS)
        self.slopes = [(MARKET_AREAS.index(area), weights) for _, area, weights in slopes]

    def _extremes(self, price: Array) -> Array:
        days = zip(self.first, self.last, strict=True)
        return np.asarray(np.mean([np.ptp(price[first:last], axis=0) for first, last in days], axis=0))

    def terms(self, price: Array) -> list[Term]:
        """The terms beside the mean absolute error, at prices within the compared range."""
        hours, areas = price.shape
        found: list[Term] = []

        def add(name: str, count: int, value: float | Array, area: int, change: Array) -> None:
            whole = np.zeros((hours, areas))
            whole[:, area] = change
            found.append((WEIGHTS[name] / count, float(value), whole))

        low = _step((FLOOR_YEN - price) / _SMOOTH_FLOOR_YEN)
        bias, floor, spread = (
            (price - self.actual).mean(axis=0), low.mean(axis=0) - self.floor, self._extremes(price) - self.spread,
        )  # fmt: skip
        for area in range(areas):
            add("bias", areas, bias[area], area, np.full(hours, 1.0 / hours))
            add("floor", areas, floor[area], area, -low[:, area] * (1.0 - low[:, area]) / _SMOOTH_FLOOR_YEN / hours)
            ends = np.zeros(hours)
            for first, last in zip(self.first, self.last, strict=True):
                ends[first + price[first:last, area].argmax()] += 1.0 / len(self.first)
                ends[first + price[first:last, area].argmin()] -= 1.0 / len(self.first)
            add("spread", areas, spread[area], area, ends)
        for one, other in self.pairs:
            apart = price[:, other] - price[:, one]
            seen = (np.abs(self.actual[:, other] - self.actual[:, one]) > SPLIT_YEN).mean()
            split = _step((np.abs(apart) - SPLIT_YEN) / _SMOOTH_SPLIT_YEN)
            change = split * (1.0 - split) / _SMOOTH_SPLIT_YEN * np.sign(apart) / hours
            add("split", len(self.pairs), split.mean() - seen, other, change)
            found[-1][2][:, one] -= change
        for area, weights in self.slopes:
            actual = weights @ self.actual[:, area]
            add("slope", len(self.slopes), weights @ price[:, area] / actual - 1.0, area, weights / actual)
        return found


class _Trial:
    """The loss around one point of the parameters, and the step from it."""

    def __init__(
        self,
        setting: Setting,
        target: _Target,
        knobs: Sequence[Knob],
        offers: OfferParameters,
        ties: Ties,
        first: Array,
    ) -> None:
        self.setting, self.target, self.knobs, self.offers, self.ties, self.first = (
            setting, target, knobs, offers, ties, first,
        )  # fmt: skip
        pulls = [_PULLS.get("tie" if knob.field.endswith("_mw") else knob.field, 0.0) for knob in knobs]
        self.pulls = np.array(pulls) / len(MARKET_AREAS)

    def clear(self, shares: Array, price: Array | None) -> Clearing:
        return clear(self.setting.market(*parameters_at(self.knobs, shares, self.offers, self.ties)), price)

    def loss(self, price: Array, shares: Array) -> float:
        compared = held(price)
        error = float(np.abs(compared - self.target.actual).mean())
        terms = sum(weight * abs(value) for weight, value, _ in self.target.terms(compared))
        return error + terms + 0.5 * float(self.pulls @ (shares - self.first) ** 2)

    def derivatives(self, shares: Array, cleared: Clearing) -> Array:
        """How prices answer to each knob (knobs, hours, areas): as to the demand that its supply leaves open."""
        price = cleared.price_yen_per_kwh
        duals = HourDuals(cleared.market)
        _, slope, off = duals.evaluate(np.ascontiguousarray(price.T))
        slope += _LEAST_SLOPE_MW_PER_YEN
        left = _excess(cleared.market, price)
        answers = np.empty((len(self.knobs), *price.shape))
        for number in range(len(self.knobs)):
            moved = shares.copy()
            step = _DIFFERENCE if shares[number] < 1.0 - _DIFFERENCE else -_DIFFERENCE
            moved[number] += step
            other = self.setting.market(*parameters_at(self.knobs, moved, self.offers, self.ties))
            opened = np.ascontiguousarray((left - _excess(other, price)).T) / step
            answers[number] = solve_pattern(duals.pattern, slope, off, opened).T
        return np.asarray(answers * ((price > LOWEST_YEN) & (price < HIGHEST_YEN)))

    def step(self, shares: Array, damping: float, start: Array | None) -> tuple[Array, float, float, Array]:
        """Shares after one step, their loss, the damping of the next step, and the prices there."""
        cleared = self.clear(shares, start)
        price, compared = cleared.price_yen_per_kwh, held(cleared.price_yen_per_kwh)
        before = self.loss(price, shares)
        answers = self.derivatives(shares, cleared)
        error = compared - self.target.actual
        weight = 1.0 / np.maximum(np.abs(error), _SMALL_ERROR_YEN) / error.size
        flat = answers.reshape(len(shares), -1)
        curvature = (flat * weight.ravel()) @ flat.T
        gradient = flat @ (weight * error).ravel()
        for of_term, value, change in self.target.terms(compared):
            slope = flat @ change.ravel()
            weighed = of_term / max(abs(value), _SMALL_TERM)
            curvature += weighed * np.outer(slope, slope)
            gradient += weighed * value * slope
        curvature += np.diag(self.pulls)
        gradient += self.pulls * (shares - self.first)
        for _ in range(_MOST_SHORTER_STEPS):
            moved = np.clip(shares + _bounded_step(curvature, gradient, damping, shares), 0.0, 1.0)
            there = self.clear(moved, price).price_yen_per_kwh
            after = self.loss(there, moved)
            if after < before:
                return moved, after, damping / 3.0, there
            damping *= 4.0
        return shares, before, damping, price


def _bounded_step(curvature: Array, gradient: Array, damping: float, shares: Array) -> Array:
    """The least of the damped quadratic model within the ranges and the longest step."""
    from scipy.optimize import lsq_linear

    damped = curvature + np.diag(damping * (np.diag(curvature) + 1e-3) + 1e-9)
    root = np.linalg.cholesky(damped)
    limits = (np.clip(-shares, -_LONGEST_STEP, -1e-9), np.clip(1.0 - shares, 1e-9, _LONGEST_STEP))
    return np.asarray(lsq_linear(root.T, np.linalg.solve(root, -gradient), limits).x)


def _excess(market: Market, price: Array) -> Array:
    """Supply and inflow less demand at prices, MW (hours, areas)."""
    excess = sum((block.output_mw(price) for block in market.blocks), -market.demand_mw)
    flow = tie_flow_mw(market.ties, price.T)
    for tie, (first, last) in enumerate(zip(market.ties.origin, market.ties.destination, strict=True)):
        excess[:, first] -= flow[tie]
        excess[:, last] += flow[tie]
    return excess


def _step(x: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -30.0, 30.0))))
