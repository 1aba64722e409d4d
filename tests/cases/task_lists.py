"""Tasks for pools: small designs of one site, and a function of kiban that answers at once."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from kiban.scenario import parse_scenario
from kiban.scenario.plain import plain_scenario
from kiban.tasks.pool import SerialPool

DESIGNS = "kiban.planning.points:plan_points"
ANNUITY = "kiban.policy.annuity:annuity_present_value"
QUICK: list[dict[str, Any]] = [{"rate": 0.03, "years": float(years)} for years in range(1, 13)]


def design_tasks(count: int, points: int = 1) -> list[dict[str, Any]]:
    """Tasks about a window of two days, each with designs at some sizes of the grid connection."""
    raw = tomllib.loads((Path(__file__).parent / "small_run.toml").read_text(encoding="utf-8"))
    scenario = plain_scenario(parse_scenario({**raw, "time": {"hours": 48}}))
    sizes = [[{"grid": {"max_mw": 8.0 + 0.5 * task + 0.1 * point}} for point in range(points)] for task in range(count)]
    return [{"scenario": scenario, "points": some} for some in sizes]


@cache
def serial_designs(count: int, points: int = 1) -> dict[int, Any]:
    """What this process answers."""
    with SerialPool() as pool:
        return dict(pool.answer(DESIGNS, design_tasks(count, points)))
