"""Payments of a small campus over one week, each asked once: quick enough to lay many packages side by side."""

from __future__ import annotations

from functools import cache
from typing import Any

from kiban.finance.paying import Payment, Question
from kiban.scenario import Scenario, parse_scenario
from kiban.scenario.package import Package, parse_package

WEEK: dict[str, Any] = {
    "name": "One week",
    "site": {"id": "tomakomai"},
    "time": {"hours": 168},
    "load": {"it_load_mw": 50, "deferrable_share": 0.2, "max_delay_hours": 6},
    "cooling": {"system": "direct_liquid"},
    "target": {"clean_share": 0.6, "carbon_price_myen_per_t": 0.003},
}
ELEVEN = (
    "none", "japan-current", "tax-credit", "special-depreciation", "capital-grant", "production-credit",
    "property-tax-relief", "loan-guarantee", "public-ownership", "openai-ask-us", "blueprint-japan",
)  # fmt: skip


def campus(**changes: Any) -> Scenario:
    """The campus of one week, with sections replaced."""
    return parse_scenario(WEEK | changes)


def package(*instruments: dict[str, Any], name: str = "own", **keys: Any) -> Package:
    """A package of instruments."""
    return parse_package({"name": name, **keys, "instrument": list(instruments)})


FREE = package(name="free", tax_law="none")


@cache
def question() -> Question:
    """The campus against the tax law without support."""
    return Question(campus())


@cache
def paid(name: str) -> Payment:
    """The campus under one of the packages that come along."""
    return question().pay((name,))
