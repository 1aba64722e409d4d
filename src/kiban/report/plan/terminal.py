"""The plan at the command line: the answer, the design, the costs, the constraints, and what is assumed."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from kiban.planning.assumptions import rank_assumptions
from kiban.planning.cost_groups import RUNNING, group_costs
from kiban.planning.design import MEASURE, DesignRow, design_rows
from kiban.planning.plan import Plan
from kiban.quantities import (
    MWH_PER_GWH,
    Language,
    MoneyFormat,
    format_given,
    format_number,
    format_percent,
    format_share,
    unit_text,
)
from kiban.report.layout import NOTHING, Sentence, bullets, lines, pairs, remark, section, table
from kiban.report.messages import say
from kiban.report.names import money_of, subject_name
from kiban.report.phrases import phrase
from kiban.report.plan.entries import input_sentence
from kiban.report.plan.procurement import bought_details
from kiban.report.plan.words import (
    SHOWN_WORTHS,
    answer,
    assumed_sentences,
    built_capacities,
    cooling_sentences,
    infeasible_sentences,
    join_words,
    proof_sentence,
    valuable_worths,
    worth_now,
    worth_sentence,
)

SHOWN_ASSUMPTIONS = 12
WIDE = 100
SHOWN_AS_ZERO = 1e-5
SMALLEST_SHARE = 5e-4
"""Items of cost below this share of the total are not shown."""


def plan_text(plan: Plan, language: Language, width: int) -> RenderableType:
    """Everything that `kiban build` prints of a plan."""
    parts: list[RenderableType] = [Sentence(answer(plan, language), style="bold")]
    if plan.status == "infeasible":
        for title, sentences in infeasible_sentences(plan, language).items():
            closing = sentences.pop() if title == "title.relaxations" else None
            content: list[RenderableType] = [bullets(sentences)] if sentences else []
            parts += section(phrase(title, language), Group(*content, *([remark(closing)] if closing else [])))
        parts += section(phrase("title.assumed", language), lines(assumed_sentences(plan.provenance, language)))
    else:
        parts += section(phrase("title.design", language), _design(plan, language))
        parts += section(phrase("title.costs", language), _costs(plan, language))
        for detail in bought_details(plan, language):
            tables = [
                table(one["columns"], one["rows"], numeric=one["numeric"], bold=one["bold"]) for one in detail["tables"]
            ]
            parts += section(detail["title"], Group(*tables, *(remark(said) for said in detail["sentences"])))
        parts += section(phrase("title.worths", language), _worths(plan, language))
        parts += section(phrase("title.year", language), pairs(yearly_figures(plan, language)))
        parts += section(phrase("title.cooling", language), bullets(cooling_sentences(plan, language)))
        parts += section(phrase("title.proof", language), lines([proof_sentence(plan, language)]))
        parts += section(phrase("title.assumed", language), _assumed(plan, language, width))
    if plan.notes:
        parts += section(phrase("title.notes", language), bullets(say(note, language) for note in plan.notes))
    return Group(*parts)


def _design(plan: Plan, language: Language) -> RenderableType:
    built = {capacity.name for capacity in built_capacities(plan)}
    rows = [row for row in design_rows(plan) if row.name in built]
    size, unit = money_of(plan, language).scale(max((abs(row.cost_myen or 0.0) for row in rows), default=0.0))
    headings = ["", *(phrase(f"design.{name}", language) for name in ("capacity", "limit", "energy", "use"))]
    headings.append(phrase("design.cost", language, unit=unit))
    cells = [_design_cells(row, size, language) for row in rows]
    parts: list[RenderableType] = [table(headings, cells, numeric=range(1, 6))]
    if any(row[2].endswith("*") for row in cells):
        parts.append(remark(phrase("design.reached", language)))
    absent = [row.subject for row in design_rows(plan) if row.name not in built]
    if {"battery_power", "battery_energy"} <= set(absent):
        absent = [subject for subject in absent if subject != "battery_energy"]
        absent[absent.index("battery_power")] = "battery"
    if absent:
        names = join_words([subject_name(subject, language) for subject in absent], language)
        parts.append(remark(phrase("design.not_built", language, names=names)))
    return Group(*parts)


def _design_cells(row: DesignRow, size: float, language: Language) -> list[str]:
    name = subject_name(row.subject, language)
    cost = format_number(row.cost_myen / size) if row.cost_myen is not None else NOTHING
    if row.subject.startswith(MEASURE):
        return [name, phrase("design.taken", language), NOTHING, NOTHING, NOTHING, cost]
    reached = row.limit is not None and row.value >= row.limit * (1.0 - 1e-6)
    limit = NOTHING if row.limit is None else f"{row.limit:,.10g}" + ("*" if reached else "")
    energy = format_number(row.energy_mwh / MWH_PER_GWH) if row.energy_mwh is not None else NOTHING
    factor = format_percent(row.factor, language) if row.factor is not None else NOTHING
    return [name, f"{format_number(row.value)} {unit_text(row.unit, language)}", limit, energy, factor, cost]


def _costs(plan: Plan, language: Language) -> RenderableType:
    total = plan.cost_myen_per_year
    size, unit = money_of(plan, language).scale(total)
    least = SMALLEST_SHARE * abs(total)

    def cells(name: str, fixed: float, running: float) -> list[str]:
        amounts = [format_number(cost / size) if abs(cost) > least else NOTHING for cost in (fixed, running)]
        return [name, *amounts, format_percent((fixed + running) / total, language) if total else NOTHING]

    rows: list[list[str]] = []
    bold: list[int] = []
    groups = group_costs(plan.costs)
    for group in groups:
        items = {item: cost for item, cost in group.items.items() if abs(cost) > least}
        if not items:
            continue
        bold.append(len(rows))
        rows.append(cells(phrase(f"group.{group.name}", language), group.fixed_myen, group.running_myen))
        for item, cost in items.items():
            fixed, running = (0.0, cost) if item in RUNNING else (cost, 0.0)
            rows.append(cells(f"  {subject_name(item, language)}", fixed, running))
    bold.append(len(rows))
    fixed, running = sum(group.fixed_myen for group in groups), sum(group.running_myen for group in groups)
    rows.append(cells(phrase("costs.total", language), fixed, running))
    headings = [phrase("costs.item", language, unit=unit)]
    headings += [phrase(f"costs.{name}", language) for name in ("fixed", "running", "share")]
    made = table(headings, rows, numeric=(1, 2, 3), bold=bold)
    return Group(made, remark(phrase("costs.note", language)))


def _worths(plan: Plan, language: Language) -> RenderableType:
    worths, money = valuable_worths(plan), money_of(plan, language)
    if not worths:
        return Sentence(phrase("worth.none", language))
    shown = worths[:SHOWN_WORTHS]
    page: list[RenderableType] = [
        bullets(f"{worth_sentence(worth, money)} ({worth_now(worth, language)})" for worth in shown)
    ]
    if len(worths) <= SHOWN_WORTHS:
        page.append(remark(phrase("worth.rest", language)))
    return Group(*page)


def yearly_figures(plan: Plan, language: Language) -> list[tuple[str, str]]:
    """The figures of the year, named and with three digits; what is zero and not asked for is left out."""
    figures, money = plan.indicators, money_of(plan, language)
    rows: list[tuple[str, str]] = []

    def add(name: str, value: str | None) -> None:
        if value is not None:
            rows.append((phrase(f"year.{name}", language), value))

    add("clean_share", _clean_share(plan, language))
    add("load", _energy(figures["load_mwh_per_year"]))
    add("emissions", f"{_figure(figures['emissions_t_per_year'])} t")
    share, energy = format_share(figures["curtailment_share"], language), _energy(figures["curtailment_mwh_per_year"])
    add("curtailment", f"{energy} ({share})" if energy else None)
    for name in ("import", "export", "backup", "unserved"):
        add(name, _energy(figures[f"{name}_mwh_per_year"]))
    if figures.get("unserved_hours_per_year"):
        add("unserved_hours", f"{format_number(figures['unserved_hours_per_year'])} h")
    if "restricted_hours_per_year" in figures:
        add("restricted", f"{format_number(figures['restricted_hours_per_year'])} h")
    add("pue", format_number(figures["mean_pue"]))
    add("wue", phrase("year.wue_value", language, value=_figure(figures["mean_wue_l_per_kwh"])))
    add("water", f"{_figure(figures['water_m3_per_year'])} m³")
    cycles = figures.get("battery_cycles_per_year")
    if cycles is not None and any(built.subject == "battery_energy" for built in built_capacities(plan)):
        add("cycles", phrase("year.cycles_value", language, cycles=format_number(cycles)))
    add("stored_cold", _energy(figures.get("stored_cold_mwh_per_year", 0.0)))
    add("energy_value", money.energy_price(figures["mean_energy_value_myen_per_mwh"]))
    if "power_cost_myen_per_mwh" in figures:
        add("power_cost", money.energy_price(figures["power_cost_myen_per_mwh"]))
    add("compute_cost", _compute_price(plan, money))
    return rows


def _clean_share(plan: Plan, language: Language) -> str:
    share, target = format_share(plan.indicators["clean_share"], language), plan.scenario.target.clean_share
    if target is None:
        return share
    asked = f"{format_given(target * 100)}{'' if language == 'ja' else ' '}%"
    return phrase("year.target", language, share=share, target=asked)


def _figure(value: float) -> str:
    """Three digits; the solver's dust is nothing."""
    return format_number(value) if abs(value) > SHOWN_AS_ZERO else "0"


def _energy(value_mwh: float) -> str | None:
    if value_mwh < 0.5:
        return None
    if value_mwh < MWH_PER_GWH:
        return f"{format_number(value_mwh)} MWh"
    return f"{format_number(value_mwh / MWH_PER_GWH)} GWh"


def _compute_price(plan: Plan, money: MoneyFormat) -> str | None:
    figures = plan.indicators
    if "cost_yen_per_gpu_hour" in figures:
        price = money.price(figures["cost_yen_per_gpu_hour"] / 1e6)
        return phrase("year.per_gpu_hour", money.language, price=price)
    if "cost_myen_per_it_mwh" in figures:
        return phrase("year.per_it_mwh", money.language, price=money.price(figures["cost_myen_per_it_mwh"]))
    return None


def _assumed(plan: Plan, language: Language, width: int) -> RenderableType:
    parts: list[RenderableType] = [lines(assumed_sentences(plan.provenance, language))]
    ranked = rank_assumptions(plan)
    shown = [item for item in ranked if item.cost_myen > 0][:SHOWN_ASSUMPTIONS]
    if not shown:
        return Group(*parts)
    money, wide = money_of(plan, language), width >= WIDE
    size, unit = money.scale(plan.cost_myen_per_year)
    headings = [phrase("costs.item", language, unit=unit), phrase("assumed.figure", language)]
    headings += ["ID"] if wide else []
    rows = []
    for item in shown:
        figure = input_sentence(item.entry, language)
        rows.append([format_number(item.cost_myen / size), figure, *([item.entry.name] if wide else [])])
    parts += [Text(), Sentence(phrase("assumed.largest", language)), table(headings, rows, numeric=(0,), whole=(2,))]
    more = len(plan.assumptions) - sum(item.members for item in shown)
    if more > 0:
        parts.append(remark(phrase("assumed.more", language, count=more)))
    parts.append(remark(phrase("assumed.source", language)))
    return Group(*parts)
