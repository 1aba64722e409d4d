"""Plans side by side as JSON: what differs from a base, by cost, capacity, figure, scenario key and cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

from kiban.planning.cost_groups import group_of
from kiban.planning.design import capacity_parts
from kiban.planning.plan import Plan
from kiban.quantities import unit_of
from kiban.report.names import Names, indicator_name, named, subject_name
from kiban.report.plan.document import PlanDocument, group_name
from kiban.scenario.plain import differing_keys


class CostDifference(TypedDict):
    """What an item or a group of costs is dearer."""

    name: str
    label: Names
    difference_myen_per_year: float


class QuantityDifference(TypedDict):
    """A capacity or a yearly figure in both plans; None where a plan has none of the name."""

    name: str
    label: Names
    unit: str
    base: float | None
    value: float | None
    difference: float | None


class ChangedKey(TypedDict):
    """A scenario key with its value in both scenarios; None is its default."""

    key: str
    base: Any
    value: Any


class CauseDocument(TypedDict):
    """What a step of changes costs; None where there was no design before or after it."""

    keys: list[str]
    difference_myen_per_year: float | None


class DifferenceDocument(TypedDict):
    """How a plan differs from the base; costs by item and by group add up to the difference."""

    difference_myen_per_year: float | None
    by_group: list[CostDifference]
    by_item: list[CostDifference]
    capacities: list[QuantityDifference]
    indicators: list[QuantityDifference]
    keys: list[ChangedKey]
    by_cause: list[CauseDocument] | None


class OtherDocument(DifferenceDocument):
    """A plan that is compared with the base."""

    plan: PlanDocument


class ComparisonDocument(TypedDict):
    """A base and the plans that are compared with it."""

    base: PlanDocument
    others: list[OtherDocument]


def difference_document(base: Plan, other: Plan, causes: list[CauseDocument] | None = None) -> DifferenceDocument:
    """How a plan differs from the base, and by which causes where these were asked for."""
    comparable = base.status == other.status == "optimal"
    items = _differences(base.costs, other.costs)
    groups: dict[str, float] = {}
    for name, difference in items.items():
        groups[group_of(name)] = groups.get(group_of(name), 0.0) + difference
    by_group = [_cost(name, group_name(name), value) for name, value in groups.items()]
    by_item = [_cost(name, named(subject_name, name), value) for name, value in items.items()]
    return {
        "difference_myen_per_year": sum(items.values()) if comparable else None,
        "by_group": by_group if comparable else [],
        "by_item": by_item if comparable else [],
        "capacities": list(_capacities(base, other)),
        "indicators": list(_indicators(base, other)),
        "keys": [
            {"key": key, "base": before, "value": after}
            for key, before, after in differing_keys(base.scenario, other.scenario)
        ],
        "by_cause": causes,
    }


def cause_documents(steps: Sequence[Mapping[str, Any]], costs: Sequence[float | None]) -> list[CauseDocument]:
    """What each step of changes costs; `costs` has one entry more than `steps`, None where there was no design."""
    return [
        {
            "keys": list(step),
            "difference_myen_per_year": after - before if before is not None and after is not None else None,
        }
        for step, before, after in zip(steps, costs[:-1], costs[1:], strict=True)
    ]


def _differences(base: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: other.get(name, 0.0) - base.get(name, 0.0) for name in {**base, **other}}


def _cost(name: str, label: Names, difference: float) -> CostDifference:
    return {"name": name, "label": label, "difference_myen_per_year": difference}


def _capacities(base: Plan, other: Plan) -> Iterator[QuantityDifference]:
    for name, difference in _differences(base.capacities, other.capacities).items():
        subject, unit = capacity_parts(name)
        yield {
            "name": name,
            "label": named(subject_name, subject),
            "unit": unit,
            "base": base.capacities.get(name, 0.0),
            "value": other.capacities.get(name, 0.0),
            "difference": difference,
        }


def _indicators(base: Plan, other: Plan) -> Iterator[QuantityDifference]:
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
