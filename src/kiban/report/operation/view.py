"""An operation as its page and the screen Run show it: every figure named and said in both languages, and its hours.

The words are those of `kiban run`: the same sentences, parts and rows. What only a picture needs is here as numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, TypedDict

from kiban.arrays import Array
from kiban.operation.events import BATTERY
from kiban.operation.expectation import SCHEDULED
from kiban.operation.facility import BACKUP_OUTPUT, EXPORT, IMPORT
from kiban.operation.occurrences import Occurrence
from kiban.operation.operation import Operation
from kiban.quantities import Language, round_significant, term, unit_of
from kiban.report.messages import say
from kiban.report.names import Names, lost_unit_name, money_format, named, site_name
from kiban.report.operation.words import (
    cost_name,
    flexibility_sentences,
    limits_sentence,
    regret_parts,
    run_figures,
    settlement_rows,
    settlement_sentences,
)
from kiban.report.phrases import phrase, phrase_or
from kiban.report.plan.hours import HOUR_DIGITS
from kiban.report.plan.words import assumed_sentences
from kiban.scenario.procurement import BOUGHT
from kiban.version import installed_version

FORMAT: Final = "kiban operation view"
VERSION: Final = 1
KEPT: Final = ("unserved_mw", "dropped_mw", "backlog_mwh", "curtailment_mw", "grid_price_myen_per_mwh")
DUST: Final = 1e-9
"""MW, MWh or million yen below which a figure is nothing."""
PARTS: Final = ("horizon", "forecast", "hour", "events", "total")
FREE: Final = "free_mw"
CHARGED, DISCHARGED = "charged_mw", "discharged_mw"


class Lines(TypedDict):
    """Sentences in both languages."""

    en: list[str]
    ja: list[str]


class RegretPart(TypedDict):
    """A part of the regret; `share` is of the cost with perfect foresight."""

    name: str
    label: Names
    cost_myen: float
    share: float | None


class OperatedCost(TypedDict):
    """An item of cost, as operated and with perfect foresight."""

    item: str
    label: Names
    cost_myen: float
    perfect_foresight_cost_myen: float


class RunFigure(TypedDict):
    """How it ran: a name, and its value in words."""

    label: Names
    text: Names


class OperatedEvent(TypedDict):
    """An event in steps `first` to before `end`, known from step `known` on."""

    kind: str
    label: Names
    unit: str | None
    first: int
    end: int
    known: int


class SettledCalls(TypedDict):
    """What calls were paid, as a table and in sentences."""

    headings: Lines
    rows_en: list[list[str]]
    rows_ja: list[list[str]]
    sentences: Lines


class FlexibilityDocument(TypedDict):
    """What could be offered to the grid, and in sentences what that is worth."""

    offered_mw: float | None
    value_myen_per_year: float | None
    sentences: Lines


class OperatedWeek(TypedDict):
    """A week from step `first` on."""

    first: int
    steps: int
    cost_myen: float
    perfect_foresight_cost_myen: float
    unserved_mwh: float


class FanDocument(TypedDict):
    """By lead in steps, what a forecast of the net load is to be moved by to hold eight of ten outcomes."""

    low_mw: list[float | None]
    high_mw: list[float | None]
    days: int


class UnitDocument(TypedDict):
    """What an event may hit."""

    name: str
    label: Names


class OperatedFlow(TypedDict):
    """A column of the hours: what gives power, or what is in a store; `subject` is how colours know it."""

    column: str
    subject: str
    label: Names


class OperatedTime(TypedDict):
    """The operated steps."""

    start: str
    step_hours: float
    steps: int


class OperationDocument(TypedDict):
    """An operation in both languages; its hours are a document of their own."""

    format: str
    version: int
    kiban: str
    name: str
    site_name: Names
    sentence: Names
    time: OperatedTime
    forecast: str
    forecast_name: Names
    hour: str
    horizon_hours: float
    currency: str
    yen_per_usd: float | None
    cost_myen: float
    perfect_foresight_cost_myen: float
    regret: list[RegretPart]
    total: RegretPart
    costs: list[OperatedCost]
    limits: Names
    figures: list[RunFigure]
    unserved_by_class_mwh: dict[str, float]
    battery_cycles: float
    backup_starts: float
    events: list[OperatedEvent]
    units: list[UnitDocument]
    flexibility: FlexibilityDocument
    calls: SettledCalls | None
    weeks: list[OperatedWeek]
    worst_week: int
    fan: FanDocument
    sources: list[OperatedFlow]
    stores: list[OperatedFlow]
    assumed: Lines
    notes: Lines


class OperationHours(TypedDict):
    """Columns of an operation, rounded to six digits; null where nothing was expected."""

    columns: dict[str, list[float | None]]
    units: dict[str, str]


class OperationView(TypedDict):
    """All that a page of an operation needs."""

    operation: OperationDocument
    hours: OperationHours


def operation_view(operation: Operation) -> OperationView:
    """What the page of an operation shows; ValueError where it was not operated `in_detail`."""
    if operation.expectation is None or operation.weeks is None:
        raise ValueError("the operation was not run in detail")
    return {"operation": operation_in_both_languages(operation), "hours": _hours(operation)}


def operation_in_both_languages(operation: Operation) -> OperationDocument:
    """Every figure of an operation but its hours, named and said."""
    assert operation.weeks is not None
    assert operation.expectation is not None
    scenario, weeks, fan = operation.plan.scenario, operation.weeks, operation.expectation
    money = money_format(scenario, "en", operation.provenance)
    parts = _regret(operation)
    return {
        "format": FORMAT,
        "version": VERSION,
        "kiban": installed_version(),
        "name": scenario.name,
        "site_name": _both(lambda language: site_name(scenario, language)),
        "sentence": _both(lambda language: say(operation.sentence, language)),
        "time": {
            "start": operation.time[0].isoformat(),
            "step_hours": operation.step_hours,
            "steps": len(operation.time),
        },
        "forecast": operation.forecast,
        "forecast_name": _both(
            lambda language: phrase_or(f"forecast.{operation.forecast}", language, operation.forecast)
        ),
        "hour": operation.hour,
        "horizon_hours": operation.horizon_hours,
        "currency": money.currency,
        "yen_per_usd": money.yen_per_usd,
        "cost_myen": operation.cost_myen,
        "perfect_foresight_cost_myen": operation.perfect_foresight_cost_myen,
        "regret": parts[:-1],
        "total": parts[-1],
        "costs": [
            {
                "item": item,
                "label": named(cost_name, item),
                "cost_myen": cost,
                "perfect_foresight_cost_myen": operation.perfect_foresight_costs[item],
            }
            for item, cost in operation.costs.items()
        ],
        "limits": _both(lambda language: limits_sentence(operation, language)),
        "figures": [
            {"label": {"en": english[0], "ja": japanese[0]}, "text": {"en": english[1], "ja": japanese[1]}}
            for english, japanese in zip(run_figures(operation, "en"), run_figures(operation, "ja"), strict=True)
        ],
        "unserved_by_class_mwh": dict(operation.unserved_mwh),
        "battery_cycles": operation.indicators["battery_cycles"],
        "backup_starts": operation.indicators["backup_starts"],
        "events": [_event(one, operation.step_hours) for one in operation.occurrences],
        "units": [{"name": name, "label": named(lost_unit_name, name)} for name in operation.units],
        "flexibility": {
            "offered_mw": None if operation.flexibility is None else operation.flexibility.offered_mw,
            "value_myen_per_year": None if operation.flexibility is None else operation.flexibility.value_myen_per_year,
            "sentences": _lines(lambda language: flexibility_sentences(operation, language)),
        },
        "calls": _calls(operation),
        "weeks": [
            {
                "first": number * weeks.steps,
                "steps": min(weeks.steps, len(operation.time) - number * weeks.steps),
                "cost_myen": float(cost),
                "perfect_foresight_cost_myen": float(best),
                "unserved_mwh": float(lost),
            }
            for number, (cost, best, lost) in enumerate(
                zip(weeks.cost_myen, weeks.perfect_foresight_cost_myen, weeks.unserved_mwh, strict=True)
            )
        ],
        "worst_week": weeks.worst,
        "fan": {"low_mw": _plain(fan.low_mw), "high_mw": _plain(fan.high_mw), "days": fan.days},
        "sources": _flows(operation),
        "stores": [
            {"column": name, "subject": _store_subject(name), "label": named(term, _store_subject(name))}
            for name in _scheduled(operation, "mwh")
        ],
        "assumed": _lines(lambda language: assumed_sentences(operation.provenance, language)),
        "notes": _lines(lambda language: [say(note, language) for note in operation.notes]),
    }


def _both(make: Callable[[Language], str]) -> Names:
    return {"en": make("en"), "ja": make("ja")}


def _lines(make: Callable[[Language], Sequence[str]]) -> Lines:
    return {"en": list(make("en")), "ja": list(make("ja"))}


def _regret(operation: Operation) -> list[RegretPart]:
    """The parts of the regret, and their sum as the last one."""
    return [
        {
            "name": name,
            "label": {"en": english, "ja": japanese},
            "cost_myen": cost,
            "share": operation.regret_share(cost),
        }
        for name, (english, cost), (japanese, _) in zip(
            PARTS, regret_parts(operation, "en"), regret_parts(operation, "ja"), strict=True
        )
    ]


def _event(one: Occurrence, step_hours: float) -> OperatedEvent:
    return {
        "kind": one.kind,
        "label": _both(lambda language: say(one.note(step_hours), language)),
        "unit": one.unit,
        "first": one.first,
        "end": one.end,
        "known": one.known,
    }


def _calls(operation: Operation) -> SettledCalls | None:
    if operation.settlement is None:
        return None
    english, japanese = settlement_rows(operation, "en"), settlement_rows(operation, "ja")
    return {
        "headings": {"en": english[0], "ja": japanese[0]},
        "rows_en": english[1],
        "rows_ja": japanese[1],
        "sentences": _lines(lambda language: settlement_sentences(operation, language)),
    }


def _scheduled(operation: Operation, unit: str) -> list[str]:
    """Columns of sources (`mw`) or stores (`mwh`) that windows schedule."""
    assert operation.expectation is not None
    names = [name.removeprefix(SCHEDULED) for name in operation.expectation.columns if name.startswith(SCHEDULED)]
    return [name for name in names if unit_of(name) == unit]


def _sources(operation: Operation) -> list[str]:
    """Sources that ever gave something; what is fed in gives nothing, and ways to buy are drawn together."""
    return [
        name
        for name in _scheduled(operation, "mw")
        if name != EXPORT
        and not name.startswith(BOUGHT)
        and (name == IMPORT or float(operation.hourly[name].max()) > DUST)
    ]


def _flows(operation: Operation) -> list[OperatedFlow]:
    """What gives power: what costs nothing, stores, and each source that ever gave something."""
    found: list[OperatedFlow] = [
        {"column": FREE, "subject": "supply", "label": _both(lambda language: phrase("operation.free", language))},
        {
            "column": DISCHARGED,
            "subject": "discharge",
            "label": _both(lambda language: phrase("operation.discharged", language)),
        },
    ]
    others: list[OperatedFlow] = [
        {"column": name, "subject": _subject(name), "label": _column_label(name)} for name in _sources(operation)
    ]
    return [*found, *others]


def _subject(column: str) -> str:
    return column.removesuffix("_mw")


def _store_subject(column: str) -> str:
    name = column.removesuffix("state_of_charge_mwh").rstrip("_")
    return name or BATTERY


def _column_label(column: str) -> Names:
    known = {IMPORT: "operation.import", BACKUP_OUTPUT: "operation.backup"}
    if column in known:
        return _both(lambda language: phrase(known[column], language))
    return named(term, _subject(column))


def _hours(operation: Operation) -> OperationHours:
    """Columns that pictures need: what served the load, what was expected, what was not served, and prices."""
    assert operation.expectation is not None
    hourly = operation.hourly
    charges = [name for name in hourly if name == "charge_mw" or name.endswith("_charge_mw")]
    free = hourly["available_mw"] - hourly["curtailment_mw"]
    columns: dict[str, Array] = {
        "load_mw": hourly["load_mw"],
        FREE: free,
        CHARGED: sum((hourly[name] for name in charges), 0.0 * free),
        DISCHARGED: sum((hourly[name.replace("charge_mw", "discharge_mw")] for name in charges), 0.0 * free),
    }
    kept = (*_scheduled(operation, "mw"), *_scheduled(operation, "mwh"), *KEPT)
    columns |= {name: hourly[name] for name in kept if name in hourly}
    columns |= operation.expectation.columns
    return {
        "columns": {name: _plain(values) for name, values in columns.items()},
        "units": {name: unit_of(name) for name in columns},
    }


def _plain(values: Array) -> list[float | None]:
    """Six digits; nothing below any meaning, and null for what is not known."""
    return [
        None if math.isnan(value) else round_significant(value, HOUR_DIGITS) if abs(value) > DUST else 0.0
        for value in values.tolist()
    ]
