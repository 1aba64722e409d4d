"""Plans side by side: what differs from a base, by cost, capacity, figure and scenario key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kiban.planning.plan import Plan
from kiban.quantities import unit_of
from kiban.report.names import capacity_parts, indicator_name, subject_name
from kiban.report.plan.costs import group_of
from kiban.scenario import Scenario
from kiban.server.packing import plain_scenario
from kiban.server.plan_views import group_name, named

MISSING = None


def difference_view(base: Plan, other: Plan) -> dict[str, Any]:
    """How a plan differs from the base; costs by item and by group add up to the difference."""
    comparable = base.status == other.status == "optimal"
    items = {name: other.costs.get(name, 0.0) - base.costs.get(name, 0.0) for name in {**base.costs, **other.costs}}
    groups: dict[str, float] = {}
    for name, difference in items.items():
        groups[group_of(name)] = groups.get(group_of(name), 0.0) + difference
    return {
        "difference_myen_per_year": sum(items.values()) if comparable else None,
        "by_group": [_cost(name, group_name(name), value) for name, value in groups.items()] if comparable else [],
        "by_item": [_cost(name, named(subject_name, name), value) for name, value in items.items()]
        if comparable
        else [],
        "capacities": list(_capacities(base, other)),
        "indicators": list(_indicators(base, other)),
        "keys": [
            {"key": key, "base": before, "value": after}
            for key, before, after in differing_keys(base.scenario, other.scenario)
        ],
        "by_cause": None,
    }


def _cost(name: str, label: Mapping[str, str], difference: float) -> dict[str, Any]:
    return {"name": name, "label": dict(label), "difference_myen_per_year": difference}


def _capacities(base: Plan, other: Plan) -> Iterator[dict[str, Any]]:
    for name in {**base.capacities, **other.capacities}:
        subject, unit = capacity_parts(name)
        before, after = base.capacities.get(name, 0.0), other.capacities.get(name, 0.0)
        label = named(subject_name, subject)
        yield {
            "name": name,
            "label": label,
            "unit": unit,
            "base": before,
            "value": after,
            "difference": after - before,
        }


def _indicators(base: Plan, other: Plan) -> Iterator[dict[str, Any]]:
    for name in {**base.indicators, **other.indicators}:
        before, after = base.indicators.get(name), other.indicators.get(name)
        yield {
            "name": name,
            "label": named(indicator_name, name),
            "unit": unit_of(name),
            "base": before,
            "value": after,
            "difference": after - before if before is not None and after is not None else None,
        }


def differing_keys(base: Scenario, other: Scenario) -> list[tuple[str, Any, Any]]:
    """Dotted keys with the value in both scenarios; None where a scenario leaves it at its default."""
    before, after = _flat(plain_scenario(base)), _flat(plain_scenario(other))
    names = [name for name in {**before, **after} if name not in {"name", "description"}]
    return [(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)]


def cause_steps(base: Scenario, other: Scenario) -> list[dict[str, Any]]:
    """The changes from base to other by section, in the order in which they are applied."""
    sections: dict[str, dict[str, Any]] = {}
    for key, _, after in differing_keys(base, other):
        sections.setdefault(_section(key), {})[key] = after
    return list(sections.values())


def _section(key: str) -> str:
    parts = key.split(".")
    if parts[0] == "assumptions":
        return ".".join(parts[:2])
    return ".".join(parts[: 2 if parts[0] == "supply" else 1])


def _flat(node: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in node.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and prefix != "assumptions." and value:
            flat.update(_flat(value, f"{name}."))
        else:
            flat[name] = value
    return flat


def cause_view(steps: Sequence[Mapping[str, Any]], costs: Sequence[float | None]) -> list[dict[str, Any]]:
    """What each step of changes costs; `costs` has one entry more than `steps`, None where there was no design."""
    view = []
    for step, before, after in zip(steps, costs[:-1], costs[1:], strict=True):
        difference = after - before if before is not None and after is not None else MISSING
        view.append({"keys": list(step), "difference_myen_per_year": difference})
    return view
