"""Models of forecasts: what a register holds, and what a trial of a model has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.console import Group, RenderableType

from kiban.operation.learning import Trial
from kiban.operation.register import Entry, Judgement
from kiban.quantities import Language, format_number, format_share
from kiban.report.layout import NOTHING, Sentence, remark, section, table
from kiban.report.names import money_format
from kiban.report.phrases import phrase

FORMAT: Final = "kiban forecast trial"
VERSION: Final = 1


def trial_text(trial: Trial, judgement: Judgement, version: str, language: Language) -> RenderableType:
    """The verdict in yen, then scores of each series by hours ahead."""
    operation = trial.operation
    money = money_format(operation.plan.scenario, language, operation.provenance)
    less = judgement.rival_cost_myen - judgement.cost_myen
    verdict = phrase(
        "model.no_worse" if judgement.is_no_worse else "model.worse",
        language,
        version=version,
        cost=money.amount(judgement.cost_myen),
        difference=money.amount(abs(less)),
        rival=_rival(judgement.rival, language),
        first=judgement.first,
        last=judgement.last,
    )
    headings = [phrase(f"model.{name}", language) for name in ("series", "hours_ahead", "absolute", "square", "bias")]
    rows = [
        [
            one.series,
            _hours(lead.first_step_ahead, lead.last_step_ahead, operation.step_hours),
            *map(format_number, (lead.mean_absolute_error, lead.root_mean_square_error, lead.bias)),
        ]
        for one in trial.scores
        for lead in one.leads
    ]
    wide = [phrase(f"model.{name}", language) for name in ("series", "ranked", "coverage", "drift")]
    intervals = [
        [
            one.series,
            format_number(one.ranked_probability_score),
            format_share(one.coverage_share, language),
            NOTHING if one.drift_day is None else str(one.drift_day + 1),
        ]
        for one in trial.scores
    ]
    return Group(
        Sentence(verdict, style="bold"),
        *section(phrase("model.title_errors", language), table(headings, rows, numeric=(2, 3, 4))),
        *section(phrase("model.title_intervals", language), table(wide, intervals, numeric=(1, 2, 3))),
        remark(phrase("model.intervals_remark", language)),
    )


def trial_document(trial: Trial, judgement: Judgement, version: str) -> dict[str, Any]:
    """The same as one JSON object."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "model": version,
        **asdict(judgement),
        "is_no_worse": judgement.is_no_worse,
        "perfect_foresight_cost_myen": trial.operation.perfect_foresight_cost_myen,
        "scores": [asdict(one) for one in trial.scores],
    }


def register_text(entries: Sequence[Entry], language: Language) -> RenderableType:
    """The models of a register."""
    if not entries:
        return Sentence(phrase("model.none", language))
    rows = []
    for entry in entries:
        judged = entry.judgement
        found = NOTHING
        if judged is not None:
            code = "model.cheaper" if judged.is_no_worse else "model.dearer"
            difference = format_number(abs(judged.cost_myen - judged.rival_cost_myen))
            found = phrase(code, language, difference=difference, rival=_rival(judged.rival, language))
        rows.append([entry.version, phrase(f"model_state.{entry.state}", language), entry.trained[:10], found])
    headings = [phrase(f"model.{name}", language) for name in ("version", "state", "since", "judged")]
    return table(headings, rows)


def _rival(name: str, language: Language) -> str:
    known = {"climatology": phrase("forecast.climatology", language)}
    return known.get(name) or phrase("model.named", language, version=name)


def _hours(first: int, last: int, step_hours: float) -> str:
    return f"{first * step_hours:g}–{(last + 1) * step_hours:g} h"
