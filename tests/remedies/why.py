"""Remedies of figures that are not found."""

from __future__ import annotations

from collections.abc import Mapping

from tests.remedies import Case, Ground, Step
from tests.unit.test_cli import QUICK


def why(g: Ground, figure: str, *more: str) -> Step:
    return lambda: g.command("why", figure, *more)


def quick(g: Ground) -> Ground:
    g.write("quick.toml", QUICK)
    return g


CASES: Mapping[str, Case] = {
    "why.several": lambda g: (
        why(quick(g), "power_cost", "quick.toml"),
        why(g, "indicators.power_cost_myen_per_year", "quick.toml"),
    ),
    "why.nearest": lambda g: (
        why(quick(g), "indicators.cost_myen_a_year", "quick.toml"),
        why(g, "indicators.cost_myen_per_year", "quick.toml"),
    ),
    "why.list": lambda g: (
        why(quick(g), "§§§", "quick.toml"),
        lambda: g.command("build", "quick.toml", "--json"),
        why(g, "indicators.mean_pue", "quick.toml"),
    ),
    "why.no_answer": lambda g: (
        why(g, "costs.pv", str(g.write("other.json", "{}"))),
        why(quick(g), "indicators.mean_pue", "quick.toml"),
    ),
    "why.one_campus": lambda g: (
        why(quick(g), "japan.cost_myen_per_year", "quick.toml"),
        why(g, "indicators.cost_myen_per_year", "quick.toml"),
    ),
    "why.packages_here": lambda g: (
        why(g, "run.regret.total", "japan"),
        why(quick(g), "run.regret.total", "quick.toml"),
    ),
}
