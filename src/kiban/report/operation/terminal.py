"""The operation at the command line: the answer, what foresight would have saved, the cost, and how it ran."""

from __future__ import annotations

from rich.console import Group, RenderableType

from kiban.operation.operation import Operation
from kiban.quantities import Language, format_number, format_share
from kiban.report.layout import NOTHING, Sentence, bullets, lines, pairs, remark, section, table
from kiban.report.messages import say
from kiban.report.names import money_format
from kiban.report.operation.words import (
    bill_rows,
    cost_name,
    flexibility_sentences,
    limits_sentence,
    regret_parts,
    run_figures,
    settlement_rows,
    settlement_sentences,
)
from kiban.report.phrases import phrase
from kiban.report.plan.words import assumed_sentences

SMALLEST_SHARE = 5e-4
"""Items of cost below this share of the total are not shown."""


def operation_text(operation: Operation, language: Language) -> RenderableType:
    """Everything that `kiban run` prints."""
    parts: list[RenderableType] = [Sentence(say(operation.sentence, language), style="bold")]
    parts += section(phrase("operation.title_regret", language), _regret(operation, language))
    parts += section(phrase("operation.title_costs", language), _costs(operation, language))
    if operation.bill is not None:
        parts += section(phrase("operation.title_bill", language), _bill(operation, language))
    parts += section(phrase("operation.title_run", language), pairs(run_figures(operation, language)))
    parts += section(
        phrase("operation.title_flexibility", language), bullets(flexibility_sentences(operation, language))
    )
    if operation.settlement is not None:
        parts += section(phrase("operation.title_settlement", language), _settlement(operation, language))
    parts += section(phrase("title.assumed", language), lines(assumed_sentences(operation.provenance, language)))
    if operation.notes:
        parts += section(phrase("title.notes", language), bullets(say(note, language) for note in operation.notes))
    return Group(*parts)


def _regret(operation: Operation, language: Language) -> RenderableType:
    money = money_format(operation.plan.scenario, language, operation.provenance)
    size, unit = money.scale(operation.perfect_foresight_cost_myen)
    rows = []
    for name, part in regret_parts(operation, language):
        share = operation.regret_share(part)
        rows.append([name, format_number(part / size), NOTHING if share is None else format_share(share, language)])
    headings = ["", phrase("operation.part", language, unit=unit), phrase("operation.share", language)]
    return table(headings, rows, numeric=(1, 2), bold=(len(rows) - 1,), whole=())


def _costs(operation: Operation, language: Language) -> RenderableType:
    money = money_format(operation.plan.scenario, language, operation.provenance)
    size, unit = money.scale(operation.cost_myen)
    costs, best = operation.costs, operation.perfect_foresight_costs
    least = SMALLEST_SHARE * abs(operation.cost_myen)
    shown = [item for item in costs if max(abs(costs[item]), abs(best[item])) > least]
    rows = [
        [cost_name(item, language), format_number(costs[item] / size), format_number(best[item] / size)]
        for item in shown
    ]
    sums = (operation.cost_myen, operation.perfect_foresight_cost_myen)
    rows.append([phrase("operation.total", language), *(format_number(value / size) for value in sums)])
    headings = [phrase("operation.part", language, unit=unit)]
    headings += [phrase(f"operation.{name}", language) for name in ("operated", "foresight")]
    made = table(headings, rows, numeric=(1, 2), bold=(len(rows) - 1,))
    return Group(made, remark(limits_sentence(operation, language)))


def _bill(operation: Operation, language: Language) -> RenderableType:
    headings, rows = bill_rows(operation, language)
    made = table(headings, rows, numeric=(1, 2), bold=(len(rows) - 1,))
    return Group(made, remark(phrase("operation.bill_note", language)))


def _settlement(operation: Operation, language: Language) -> RenderableType:
    headings, rows = settlement_rows(operation, language)
    made = table(headings, rows, numeric=range(1, len(headings)), bold=(len(rows) - 1,))
    return Group(made, bullets(settlement_sentences(operation, language)))
