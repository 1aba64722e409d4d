"""What a plan sets in motion as one JSON object: what `kiban economy --json` prints.

Money is million yen at prices of the start year, over all years and not discounted; jobs are persons engaged. `low` and
`high` are over the three cases.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypedDict

from kiban.economy.answer import Economy, PlaceShare
from kiban.economy.inequality import Inequality
from kiban.economy.people import SkillNeed
from kiban.economy.spread import Spread
from kiban.quantities import Language
from kiban.report.economy.words import answer, further_sentences, note_sentences


class SpreadDocument(TypedDict):
    """A figure and its range."""

    value: float
    low: float
    high: float


class IndustryDocument(TypedDict):
    """What one product brings to whom."""

    id: str
    abroad_myen: SpreadDocument
    japan_myen: SpreadDocument
    prefecture_myen: SpreadDocument | None


class EconomyDocument(TypedDict):
    """Everything in plain types. `japan_myen` of an industry is elsewhere in Japan; in effects it is all of Japan.

    Where no campus stands in a prefecture with a table, all of `prefecture` is null, and `japan_myen` all of Japan.
    """

    sentence: str
    sentences: list[str]
    notes: list[str]
    name: str
    prefecture: str | None
    hosts: list[str]
    prefectures: list[str]
    it_mw: float
    years: list[int]
    total_myen: float
    by_industry: list[IndustryDocument]
    by_year: list[dict[str, Any]]
    effects: dict[str, Any]
    jobs: dict[str, Any]
    skills: list[dict[str, Any]]
    makers: list[dict[str, Any]]
    imports_myen: SpreadDocument
    regions: list[dict[str, Any]]
    by_prefecture: list[dict[str, Any]]
    inequality: dict[str, Any] | None
    land_myen: float
    worth_left_myen: float
    public_myen: dict[str, float]
    assumed: list[dict[str, Any]]
    residual_yen: int


def economy_document(found: Economy, language: Language) -> EconomyDocument:
    """The figures behind every sentence."""
    return {
        "sentence": answer(found, language),
        "sentences": further_sentences(found, language),
        "notes": note_sentences(found, language),
        "name": found.name,
        "prefecture": found.asked,
        "hosts": list(found.hosts),
        "prefectures": list(found.prefectures),
        "it_mw": found.it_mw,
        "years": list(found.years),
        "total_myen": found.total_myen,
        "by_industry": [
            {
                "id": one.id,
                "abroad_myen": _spread(one.abroad),
                "japan_myen": _spread(one.japan),
                "prefecture_myen": _known(one.prefecture),
            }
            for one in found.industries
        ],
        "by_year": [dataclasses.asdict(flow) for flow in found.flows],
        "effects": {"prefecture": None, **_plain(found.effects)},
        "jobs": {
            phase: [
                {
                    "year": year,
                    "prefecture": None,
                    **{where: _plain(found.jobs[phase][where][year]) for where in found.jobs[phase]},
                }
                for year in found.jobs[phase]["japan"]
            ]
            for phase in found.jobs
        },
        "skills": [_skill(one) for one in found.skills],
        "makers": [
            {
                "id": one.product,
                "share": _spread(one.share),
                "lead_months": _known(one.lead_months),
                "status": one.status,
            }
            for one in found.makers
        ],
        "imports_myen": _spread(found.imports),
        "regions": [_place(one) for one in found.regions],
        "by_prefecture": [_place(one) for one in found.places],
        "inequality": None if found.inequality is None else _inequality(found.inequality),
        "land_myen": found.land_myen,
        "worth_left_myen": found.worth_left_myen,
        "public_myen": dict(found.public_myen),
        "assumed": [
            {"id": fact.id, "value": fact.value, "low": fact.low, "high": fact.high, "status": fact.status}
            for fact in found.facts
        ],
        "residual_yen": found.residual_yen,
    }


def _spread(found: Spread) -> SpreadDocument:
    return {"value": found.value, "low": found.low, "high": found.high}


def _inequality(found: Inequality) -> dict[str, Any]:
    return {"gini_before": found.before, "gini_with": _spread(found.after), "change": _spread(found.change)}


def _skill(found: SkillNeed) -> dict[str, Any]:
    """By year; what no source gives is null, and training places are nowhere given."""
    return {
        "id": found.skill.name,
        "level": found.skill.level,
        "counted": found.counted,
        "years": [
            {
                "year": year,
                "need": _spread(one.need),
                "stock": _known(one.stock),
                "short": _known(one.short),
            }
            for year, one in found.years.items()
        ],
        "training_months": _spread(found.training_months),
        "training_cost_myen": _spread(found.training_cost_myen),
        "training_places_per_year": None,
        "wage_myen": _spread(found.wage_myen),
        "wage_rise": _known(found.wage_rise),
        "mw_at_once": _known(found.mw_at_once),
        "status": {fact.id: fact.status for fact in found.facts},
    }


def _known(found: Spread | None) -> SpreadDocument | None:
    return None if found is None else _spread(found)


def _place(found: PlaceShare) -> dict[str, Any]:
    return {
        "id": found.id,
        "received_myen": _spread(found.received),
        "value_added_myen": _spread(found.value_added),
        "jobs": _spread(found.jobs),
    }


def _plain(found: Any) -> Any:
    return _spread(found) if isinstance(found, Spread) else {str(key): _plain(value) for key, value in found.items()}
