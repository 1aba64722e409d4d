"""Many designs of one site as one task: the weather is read once, and each design starts from the one before.

A task is plain: a scenario as JSON gives it and what changes from point to point; so are its answers. Another process
or machine that has the same kiban can answer it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiban.planning.building import build
from kiban.scenario import Scenario, parse_scenario

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart


def plan_points(
    scenario: Mapping[str, Any], points: Sequence[Mapping[str, Any]] = ({},), folder: str = ""
) -> list[dict[str, Any]]:
    """The design of a scenario at each of some points, in their order.

    `scenario` is what TOML or JSON give, files that it names are read against `folder` where the task is answered.
    A point holds the tables and keys that differ, such as `{"grid": {"max_mw": 60.0}}`. Costs are in million yen a
    year, capacities and figures in the units of their names; without a design cost and bound are None. Every design is
    solved to the same proof; its last digits (1e-9) depend on the points before it, so that the same task has the same
    answer to the last bit, and another division into tasks may not. Raises `InputError` as `build`.
    """
    warm: dict[str, WarmStart] = {}
    return [_figures(parse_scenario(_changed(scenario, point)), folder, warm) for point in points]


def _figures(scenario: Scenario, folder: str, warm: dict[str, WarmStart]) -> dict[str, Any]:
    plan = build(scenario.placed_in(Path(folder)), warm=warm, explain=False)
    built = plan.status == "optimal"
    return {
        "status": plan.status,
        "cooling_system": plan.cooling_system,
        "cost_myen_per_year": plan.net_cost_myen_per_year if built else None,
        "bound_myen_per_year": plan.certificate.dual if built and plan.certificate else None,
        "capacities": {name: float(value) for name, value in plan.capacities.items()},
        "indicators": {name: float(value) for name, value in plan.indicators.items()},
    }


def _changed(node: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping with another laid over it, table by table."""
    found = dict(node)
    for key, value in change.items():
        below = found.get(key)
        found[key] = _changed(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return found
