"""What may turn out worse than planned, drawn at random from the catalogue's distributions.

Lasting quantities (level of the price of compute, share sold, drift of the price of chips, level of the price of
power, delay) are triangular over the low, most likely and high value of their row, and correlated through normal
scores (a Gaussian copula). Around their level the prices of compute and power take yearly shocks that fade,

    z_t = persistence z_(t-1) + volatility e_t          factor = exp(z_t - Var(z_t) / 2)

so that shocks alone change no mean. The price of compute also follows the price of chips with an elasticity: who
buys cheaper chips later sets the price.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.catalogue.facts import Fact
from kiban.errors import CatalogueError, Problem
from kiban.finance.cash_flow import Draws

LASTING = ("price_level", "utilisation", "chip_price_change", "power_price_level", "delay")
_NUMBERS = (
    "price_volatility", "price_persistence", "price_follows_chips", "power_price_volatility",
    "power_price_persistence",
)  # fmt: skip
_CORRELATIONS = {"price_utilisation": (0, 1), "price_chips": (0, 2), "price_power": (0, 3)}
MOST_DRAWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Triangle:
    """A triangular distribution."""

    low: float
    mode: float
    high: float

    @property
    def mean(self) -> float:
        """Its expectation."""
        return (self.low + self.mode + self.high) / 3.0

    def quantile(self, probability: Array) -> Array:
        """Values below which the probabilities lie."""
        width = self.high - self.low
        if width == 0:
            return np.full(probability.shape, self.mode)
        split = (self.mode - self.low) / width
        rising = self.low + np.sqrt(probability * width * (self.mode - self.low))
        falling = self.high - np.sqrt((1.0 - probability) * width * (self.high - self.mode))
        return np.where(probability < split, rising, falling)


@dataclass(frozen=True, slots=True, eq=False)
class Downside:
    """The distributions; `facts` are the catalogue's rows behind them."""

    price_level: Triangle
    utilisation: Triangle
    chip_price_change: Triangle
    power_price_level: Triangle
    delay: Triangle
    price_volatility: float
    price_persistence: float
    price_follows_chips: float
    power_price_volatility: float
    power_price_persistence: float
    correlation: Array
    """Of the normal scores of the lasting quantities, in the order of `LASTING`."""
    facts: tuple[Fact, ...] = ()


def read_downside(catalogue: Catalogue) -> Downside:
    """The catalogue's distributions; CatalogueError where no joint distribution has the stated correlations."""
    facts = {name: catalogue.fact(f"downside.{name}") for name in (*LASTING, *_NUMBERS)}
    pairs = {name: catalogue.fact(f"downside.correlation.{name}") for name in _CORRELATIONS}
    correlation = np.eye(len(LASTING))
    for name, (first, second) in _CORRELATIONS.items():
        correlation[first, second] = correlation[second, first] = pairs[name].value
    if np.linalg.eigvalsh(correlation)[0] <= 0:
        raise CatalogueError(Problem("finance.contradiction", key="downside.correlation"))
    triangles: dict[str, Any] = {name: triangle_of(facts[name]) for name in LASTING}
    numbers: dict[str, Any] = {name: facts[name].value for name in _NUMBERS}
    return Downside(**triangles, **numbers, correlation=correlation, facts=(*facts.values(), *pairs.values()))


def draw_downside(downside: Downside, *, seed: int, draws: int, horizon_years: int) -> Draws:
    """Draws over the operating years; the same seed and number give the same draws.

    ValueError where the number of draws is not between 1 and `MOST_DRAWS` or the delay outlasts the horizon.
    """
    from scipy.special import ndtr

    if not 1 <= draws <= MOST_DRAWS:
        raise ValueError(f"{draws} draws are outside 1 to {MOST_DRAWS}")
    if downside.delay.high >= horizon_years:
        raise ValueError("the longest delay outlasts the horizon")
    random = np.random.Generator(np.random.PCG64(seed))
    scores = random.standard_normal((draws, len(LASTING))) @ np.linalg.cholesky(downside.correlation).T
    probability = ndtr(scores)
    lasting = {name: getattr(downside, name).quantile(probability[:, [column]]) for column, name in enumerate(LASTING)}
    shocks = random.standard_normal((2, draws, horizon_years))
    chips = (1.0 + lasting["chip_price_change"]) ** np.arange(horizon_years + 1)
    price = lasting["price_level"] * _fading(shocks[0], downside.price_volatility, downside.price_persistence)
    power = _fading(shocks[1], downside.power_price_volatility, downside.power_price_persistence)
    return Draws(
        price_factor=price * chips[:, 1:] ** downside.price_follows_chips,
        utilisation=lasting["utilisation"],
        chip_price_factor=chips,
        delay_years=lasting["delay"],
        power_price_factor=lasting["power_price_level"] * power,
    )


def _fading(shocks: Array, volatility: float, persistence: float) -> Array:
    """Factors with mean 1 whose logarithm takes a shock each year and keeps a share of it; (draws, years)."""
    level, variance = np.zeros(len(shocks)), 0.0
    factors = np.empty(shocks.shape)
    for year in range(shocks.shape[1]):
        level = persistence * level + volatility * shocks[:, year]
        variance = persistence**2 * variance + volatility**2
        factors[:, year] = np.exp(level - variance / 2.0)
    return factors


def triangle_of(fact: Fact) -> Triangle:
    """Over the low value of a row, its value and its high value."""
    low = fact.value if fact.low is None else fact.low
    high = fact.value if fact.high is None else fact.high
    # A value that a scenario puts outside the row's range widens the range.
    return Triangle(min(low, fact.value), fact.value, max(high, fact.value))
