"""An operation as one JSON object: what `kiban run --json` prints and `summary.json` of its folder holds."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from kiban.operation.operation import Operation
from kiban.quantities import Language
from kiban.report.messages import say
from kiban.report.plan.entries import plain_entry

FORMAT: Final = "kiban operation"
VERSION: Final = 1


def operation_document(operation: Operation, language: Language) -> dict[str, Any]:
    """Every figure of an operation but its hours; `regret` in shares of the cost with perfect foresight."""
    regret = operation.regret
    parts = {
        "total": regret.total_myen,
        "horizon": regret.horizon_myen,
        "forecast": regret.forecast_myen,
        "hour": regret.hour_myen,
        "events": regret.events_myen,
    }
    windows = operation.windows
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": operation.plan.scenario.name,
        "sentence": say(operation.sentence, language),
        "first": operation.time[0].isoformat(),
        "steps": len(operation.time),
        "step_hours": operation.step_hours,
        "forecast": operation.forecast,
        "hour": operation.hour,
        "horizon_hours": operation.horizon_hours,
        "cost_myen": operation.cost_myen,
        "cash_myen": operation.cash_myen,
        "perfect_foresight_cost_myen": operation.perfect_foresight_cost_myen,
        "bound_myen": operation.bound_myen,
        "costs": dict(operation.costs),
        "perfect_foresight_costs": dict(operation.perfect_foresight_costs),
        "bill": None if operation.bill is None else dict(operation.bill),
        "planned_bill": None if operation.planned_bill is None else dict(operation.planned_bill),
        "regret": {name: operation.regret_share(part) for name, part in parts.items()},
        "regret_myen": parts,
        "unserved_mwh": operation.total_unserved_mwh,
        "unserved_by_class_mwh": dict(operation.unserved_mwh),
        "clean_share": operation.clean_share,
        "indicators": dict(operation.indicators),
        "valuation": dict(operation.valuation),
        "flexibility": None if operation.flexibility is None else asdict(operation.flexibility),
        "settlement": _settled_calls(operation),
        "settled": _settled(operation),
        "imbalance": None if operation.imbalance is None else asdict(operation.imbalance),
        "windows": {"count": windows.count, "seconds": windows.seconds, "largest_gap": windows.largest_gap},
        "provenance": [plain_entry(entry) for entry in operation.provenance],
        "notes": [say(note, language) for note in operation.notes],
    }


def _settled_calls(operation: Operation) -> list[dict[str, Any]]:
    """Every call, with what is left of its payment."""
    settlement = operation.settlement
    return [] if settlement is None else [{**asdict(call), "net_myen": call.net_myen} for call in settlement.calls]


def _settled(operation: Operation) -> dict[str, float] | None:
    """The sums of all calls."""
    settlement = operation.settlement
    if settlement is None:
        return None
    return {
        name: getattr(settlement, name) for name in ("payment_myen", "penalty_myen", "net_myen", "net_myen_per_mw_year")
    }
