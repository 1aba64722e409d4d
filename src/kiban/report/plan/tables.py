"""The plan as tables with every digit: one row per figure, with its unit and what it is or where it comes from.

Names are given in both languages; values keep the units of the plan (million yen, MW, MWh, shares of one).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kiban.catalogue import load_catalogue
from kiban.planning.assumptions import rank_assumptions
from kiban.planning.cost_groups import RUNNING, group_of
from kiban.planning.design import MEASURE, design_rows
from kiban.planning.plan import Plan
from kiban.planning.procurement_result import BoughtWay, MonthPeak
from kiban.planning.provenance import Entry
from kiban.quantities import LANGUAGES, Language, term, unit_of, unit_text
from kiban.report.messages import say
from kiban.report.names import indicator_name, input_name, money_of, subject_name
from kiban.report.phrases import phrase, phrase_or
from kiban.report.plan.entries import note_text, source_keys, value_text
from kiban.report.plan.words import alternative_sentence, worth_sentence

Cell = str | float | int | bool | None
NameOf = Callable[[str, Language], str]
MYEN_PER_YEAR = "million yen/year"
NAMES = ("name", "name_en", "name_ja")
ORIGIN = ("source", "source_title", "note")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of exact values; `name` is its file, every row has one cell for each column."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def make_tables(plan: Plan) -> tuple[Table, ...]:
    """All tables of a plan."""
    return (
        capacity_table(plan),
        cost_table(plan),
        indicator_table(plan),
        worth_table(plan),
        alternative_table(plan),
        assumption_table(plan),
        provenance_table(plan),
        *procurement_tables(plan),
    )


def procurement_tables(plan: Plan) -> tuple[Table, ...]:
    """What is bought by way, the bill and the peaks, where the scenario says how power is bought."""
    bought = plan.bought
    if bought is None:
        return ()
    ways: list[tuple[Cell, ...]] = [dataclasses.astuple(way) for way in bought.ways]
    bill = [
        (item.component, *_both(subject_name, item.component), item.payee, item.cost_myen_per_year)
        for item in bought.bill
    ]
    peaks: list[tuple[Cell, ...]] = [dataclasses.astuple(peak) for peak in bought.peaks]
    return (
        Table("bought", _fields(BoughtWay), tuple(ways)),
        Table("bill", (*NAMES, "payee", "cost_myen_per_year"), tuple(bill)),
        Table("peaks", _fields(MonthPeak), tuple(peaks)),
    )


def _fields(kind: type[BoughtWay] | type[MonthPeak]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def capacity_table(plan: Plan) -> Table:
    """Capacities with their limits."""
    rows = []
    for row in design_rows(plan):
        kind = {"it": "it_capacity"}.get(row.subject, "measure" if row.subject.startswith(MEASURE) else "capacity")
        unit = unit_text(row.unit, "en") or "taken"
        cells = (row.value, unit, row.limit, row.limit_key, row.energy_mwh, row.factor, row.cost_myen)
        rows.append((row.name, *_both(subject_name, row.subject), *cells, *_explain(kind)))
    yearly = ("energy_mwh_per_year", "capacity_factor", "fixed_cost_myen_per_year")
    return _table("capacities", ("capacity", "unit", "limit", "limit_key", *yearly), rows)


def cost_table(plan: Plan) -> Table:
    """Items of cost with their group and kind."""
    rows = []
    for item, cost in plan.costs.items():
        kind = item if item in RUNNING else "fixed"
        shown = (group_of(item), "running" if item in RUNNING else "fixed", cost, MYEN_PER_YEAR)
        rows.append((item, *_both(subject_name, item), *shown, *_explain(kind)))
    return _table("costs", ("group", "kind", "cost", "unit"), rows)


def indicator_table(plan: Plan) -> Table:
    """Yearly figures."""
    rows: list[tuple[Cell, ...]] = []
    for name, value in plan.indicators.items():
        unit = "million yen/year" if name.endswith("_myen_per_year") else unit_text(unit_of(name), "en")
        words = tuple(phrase_or(f"indicator.{name}.explanation", language, "") for language in LANGUAGES)
        rows.append((name, *_both(indicator_name, name), value, unit or "1", *words))
    return _table("indicators", ("value", "unit"), rows)


def worth_table(plan: Plan) -> Table:
    """What one unit of each constraint is worth a year."""
    rows = []
    for worth in plan.worths:
        sentences = [worth_sentence(worth, money_of(plan, language)) for language in LANGUAGES]
        unit = f"million yen/year per {unit_text(worth.unit, 'en')}"
        subject = worth.name.removesuffix("_limit").removesuffix("_least")
        cells: tuple[Cell, ...] = (worth.key, worth.saving_myen, unit, worth.limit, unit_text(worth.unit, "en"))
        rows.append((worth.name, *_both(subject_name, subject), *cells, *sentences))
    return _table("worths", ("key", "saving", "unit", "limit", "limit_unit"), rows)


def alternative_table(plan: Plan) -> Table:
    """The chosen cooling system and the others with their cost."""
    rows: list[tuple[Cell, ...]] = []
    if plan.cooling_system and plan.status == "optimal":
        cells = (plan.cost_myen_per_year, MYEN_PER_YEAR)
        rows.append((plan.cooling_system, *_both(term, plan.cooling_system), *cells, *_explain("alternative_chosen")))
    for other in plan.alternatives:
        how = "explain.alternative_at_least" if other.is_bound else "explain.alternative_exact"
        words = [f"{alternative_sentence(other, plan, x)} ({phrase(how, x)})" for x in LANGUAGES]
        cells = (other.cost_myen_per_year, MYEN_PER_YEAR)
        rows.append((other.cooling_system, *_both(term, other.cooling_system), *cells, *words))
    return _table("alternatives", ("cost", "unit"), rows)


def assumption_table(plan: Plan) -> Table:
    """Assumed inputs, the one on which most of the cost rests first."""
    rows = []
    facts = load_catalogue().facts
    for item in rank_assumptions(plan):
        entry, fact = item.entry, facts.get(item.entry.name)
        low, high = (fact.low, fact.high) if fact is not None else (None, None)
        cells = (value_text(entry, "en"), entry.unit, low, high, item.cost_myen, item.members)
        rows.append((entry.name, *_both(input_name, entry.name), *cells, *_origin(entry)))
    columns = ("value", "unit", "low", "high", "cost_resting_on_it_myen_per_year", "rows")
    return Table("assumptions", (*NAMES, *columns, *ORIGIN), tuple(rows))


def provenance_table(plan: Plan) -> Table:
    """Every input with its origin."""
    rows = [
        (
            entry.name,
            *_both(input_name, entry.name),
            *(value_text(entry, "en"), entry.unit, entry.status, *_origin(entry)),
        )
        for entry in plan.provenance
    ]
    return Table("provenance", (*NAMES, "value", "unit", "status", *ORIGIN), tuple(rows))


def _origin(entry: Entry) -> tuple[str, str, str]:
    """Source, titles of the catalogue's sources, and note; these columns are in English."""
    sources = load_catalogue().sources
    titles = "; ".join(f"{sources[key].publisher}: {sources[key].title}" for key in source_keys(entry))
    return say(entry.source, "en"), titles, note_text(entry, "en")


def _both(name_of: NameOf, name: str) -> tuple[str, str]:
    return name_of(name, "en"), name_of(name, "ja")


def _explain(kind: str) -> tuple[str, str]:
    return phrase(f"explain.{kind}", "en"), phrase(f"explain.{kind}", "ja")


def _table(name: str, columns: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> Table:
    return Table(name, (*NAMES, *columns, "explanation_en", "explanation_ja"), tuple(rows))
