"""The growth that published GDP figures for AI imply: levels, sums and rates brought onto one path of GDP.

A claim is one of four measures, and they must not be added up: a level gap (share of GDP, or trillion yen), a sum of
yearly gaps, or added growth a year. With the path Y_t of GDP without AI and added growth g from the year t0,

    gap_t = Y_t ((1 + g)^(t - t0) - 1)                 sum = gap_(t0+1) + ... + gap_T

The claims are others'; nothing here enters the benefits of a project.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from kiban.errors import CatalogueError, Problem

Measure = Literal["level_share", "value", "cumulative", "yearly_growth"]
_GROWTH_TOLERANCE = 1e-15


@dataclass(frozen=True, slots=True)
class Claim:
    """One published figure; `repeats` names the claim that it only restates."""

    id: str
    publisher: str
    title: str
    date: str
    """ISO date, or empty where it was not read."""
    address: str
    status: str
    measure: Measure
    value: float
    """A share, trillion yen, or a share a year, as the measure says."""
    note: str
    until_year: int | None = None
    years: int | None = None
    repeats: str | None = None


@dataclass(frozen=True, slots=True)
class GdpPath:
    """GDP without AI by fiscal year, trillion yen."""

    name: str
    base_year: int
    """Growth is added in the years after it."""
    trillion_yen: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a claim amounts to on one path: the added growth a year behind it, and its gap and sum at the end."""

    claim: Claim
    path: str
    until_year: int
    growth_per_year: float
    gap_share: float
    """Gap to the path in the last year, as a share of it."""
    gap_trillion_yen: float
    cumulative_trillion_yen: float


@cache
def load_claims() -> Mapping[str, Claim]:
    """The published claims by id."""
    return {key: Claim(id=key, **entry) for key, entry in _read()["claim"].items()}


def claim(claim_id: str) -> Claim:
    """One claim; CatalogueError where there is none of that id."""
    claims = load_claims()
    if claim_id not in claims:
        raise CatalogueError(Problem("finance.no_claim", key=claim_id, claims=tuple(claims)))
    return claims[claim_id]


def nominal_path(base_year: int, until_year: int = 2035) -> GdpPath:
    """Nominal GDP of the Cabinet Office's path of past growth, prolonged at its last growth."""
    data = _read()["gdp"]
    levels = dict(enumerate(data["nominal_trillion_yen"], start=data["first_year"]))
    for year in range(max(levels) + 1, until_year + 1):
        levels[year] = levels[year - 1] * (1.0 + data["nominal_growth_after"])
    return GdpPath(f"nominal, from {base_year}", base_year, _between(levels, base_year, until_year))


def real_path(until_year: int = 2035) -> GdpPath:
    """GDP at the prices of the path's base year (fiscal 2025)."""
    data = _read()["gdp"]
    base, first = data["real_base_year"], data["first_year"]
    levels = {base: data["nominal_trillion_yen"][base - first]}
    for year in range(base + 1, until_year + 1):
        known = year - first < len(data["real_growth"])
        levels[year] = levels[year - 1] * (
            1.0 + (data["real_growth"][year - first] if known else data["real_growth_after"])
        )
    return GdpPath(f"real, prices of {base}", base, levels)


def gaps(path: GdpPath, growth_per_year: float) -> dict[int, float]:
    """Yearly gap to the path with added growth, trillion yen."""
    start = path.base_year
    return {
        year: level * ((1.0 + growth_per_year) ** (year - start) - 1.0)
        for year, level in path.trillion_yen.items()
        if year > start
    }


def cumulative_gap(path: GdpPath, growth_per_year: float) -> float:
    """Sum of the yearly gaps, trillion yen."""
    return sum(gaps(path, growth_per_year).values())


def growth_for_sum(path: GdpPath, cumulative_trillion_yen: float) -> float:
    """Added growth a year whose gaps sum to an amount; ValueError for a negative amount."""
    from scipy.optimize import brentq

    if cumulative_trillion_yen < 0:
        raise ValueError("the sum must not be negative")
    high = 1.0
    while cumulative_gap(path, high) < cumulative_trillion_yen:
        high *= 2.0

    def excess(growth: float) -> float:
        return cumulative_gap(path, growth) - cumulative_trillion_yen

    return brentq(excess, 0.0, high, xtol=_GROWTH_TOLERANCE)


def growth_for_level(path: GdpPath, share: float) -> float:
    """Added growth a year that makes the gap in the last year a share of GDP."""
    return float((1.0 + share) ** (1.0 / (max(path.trillion_yen) - path.base_year)) - 1.0)


def linear_sum(path: GdpPath, gap_trillion_yen: float) -> float:
    """Sum of gaps that rise in equal steps from nothing in the base year to an amount in the last year."""
    years = max(path.trillion_yen) - path.base_year
    return gap_trillion_yen * (years + 1) / 2.0


def interpret(claim: Claim, path: GdpPath) -> Scenario:
    """The growth scenario behind a claim on a path of GDP.

    A level without a date is read as reached in the path's last year; that is an assumption of the reading, the
    claim itself names no year. Added growth runs for the claim's own years, on this path from its base year.
    """
    last = max(path.trillion_yen)
    if claim.measure == "cumulative":
        growth = growth_for_sum(path, claim.value)
    elif claim.measure == "level_share":
        growth = growth_for_level(path, claim.value)
    elif claim.measure == "value":
        growth = growth_for_level(path, claim.value / path.trillion_yen[last])
    else:
        growth = claim.value
    by_year = gaps(path, growth)
    return Scenario(
        claim=claim,
        path=path.name,
        until_year=last,
        growth_per_year=growth,
        gap_share=by_year[last] / path.trillion_yen[last],
        gap_trillion_yen=by_year[last],
        cumulative_trillion_yen=sum(by_year.values()),
    )


def recompute_claims(path: GdpPath | None = None) -> tuple[Scenario, ...]:
    """Every claim on one path (nominal, from fiscal 2025, to 2035 by default), so that they can be compared."""
    chosen = path or nominal_path(_read()["gdp"]["real_base_year"])
    return tuple(interpret(claim, chosen) for claim in load_claims().values())


def level_today_trillion_yen(share: float) -> float:
    """A level claim in trillion yen of nominal GDP in calendar 2024: how a percentage becomes a round number."""
    return float(share * _read()["gdp"]["calendar_2024_nominal_trillion_yen"])


def _between(levels: Mapping[int, float], first: int, last: int) -> dict[int, float]:
    if first not in levels or last <= first:
        raise ValueError(f"the path has no year {first} before {last}")
    return {year: level for year, level in levels.items() if first <= year <= last}


@cache
def _read() -> dict[str, Any]:
    text = files("kiban.catalogue").joinpath("economy", "growth_claims.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
