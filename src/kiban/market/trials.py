"""A whole fit: from a start that knows no prices, with what is tried value by value.

Pumped hydro and fuel enter the market before the parameters of offers do: for each value that they may have the offers
are fitted anew, and the value stays whose loss on the days of the fit is least. One of them is tried after the other.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Final

from kiban.catalogue import Catalogue
from kiban.market.backcast import prepare
from kiban.market.calibration import Fit, fit, fitted_knobs, load_fitted_ties
from kiban.market.fleet import load_fleet
from kiban.market.offers import load_offers
from kiban.market.readings.observed import ObservedHours
from kiban.market.storages import load_storages

TRIED: Final[Mapping[str, tuple[float, ...]]] = {
    "market.pumped.used_share": (0.5, 0.3, 0.7, 1.0),
    "market.pumped.price_band": (3.0, 1.0, 5.0),
    "market.fuel.lead_months": (1.0, 0.0),
    "market.fuel.spot_share": (0.5, 0.25, 0.75),
}
"""Rows and the values that are tried; of each the first one stands until it is its turn."""
_ROUNDS_OF_A_TRIAL: Final = 2
_ROUNDS_AT_LAST: Final = 4


def fit_whole(
    observed: ObservedHours,
    catalogue: Catalogue,
    *,
    tried: Mapping[str, tuple[float, ...]] = TRIED,
    report: Callable[[str], None] = lambda _: None,
) -> Fit:
    """The fit of all parameters to the hours; its rows hold those that were tried too.

    What the catalogue holds of them is not used: the start stands in `fit.toml`.
    """
    chosen = {row: values[0] for row, values in tried.items()}
    known: dict[tuple[float, ...], Fit] = {}
    for row, values in tried.items():
        for value in values:
            trial = {**chosen, row: value}
            place = tuple(trial.values())
            if place not in known:
                known[place] = _fit_at(observed, catalogue, trial, None, _ROUNDS_OF_A_TRIAL)
                report(f"{row} {value:g}: loss {known[place].loss:.4f}")
        chosen[row] = min(values, key=lambda value: known[tuple({**chosen, row: value}.values())].loss)
    found = _fit_at(observed, catalogue, chosen, known[tuple(chosen.values())], _ROUNDS_AT_LAST)
    report(f"in the end: loss {found.loss:.4f}")
    return replace(found, rows={**found.rows, **chosen})


def _fit_at(
    observed: ObservedHours, catalogue: Catalogue, trial: Mapping[str, float], before: Fit | None, rounds: int
) -> Fit:
    """The offers and ties fitted with what is tried, from the start or from a fit before."""
    knobs = fitted_knobs(catalogue)
    start = load_start()
    first = before.rows if before else {knob.row: start[_kind(knob.row)] for knob in knobs}
    there = catalogue.overridden({**first, **trial})
    setting = prepare(observed, load_fleet(there), load_storages(there), there)
    return fit(setting, load_offers(there), load_fitted_ties(there), knobs, rounds=rounds)


def _kind(row: str) -> str:
    """Of a row its parameter, the same for all areas and ties."""
    return "tie_factor" if row.startswith("market.tie_factor.") else row.rpartition(".")[2]


def load_start() -> dict[str, float]:
    """Where a fit begins, by parameter: those of plants, and factors of 1."""
    content = tomllib.loads(files("kiban.market").joinpath("fit.toml").read_text(encoding="utf-8"))
    return dict(content["start"])
