"""The plan that buys from plants elsewhere beside the same campus without them, in words."""

from __future__ import annotations

from collections.abc import Iterable

from kiban.planning.plan import Plan
from kiban.planning.procurement_result import BehindMeter, BesideDesign
from kiban.quantities import Language, format_number, format_percent, format_share
from kiban.report.layout import NOTHING
from kiban.report.names import money_of, subject_name
from kiban.report.payment.details import DetailDocument, TableDocument
from kiban.report.phrases import phrase

SHOWN_ITEMS = 3
SMALLEST_ITEM = 0.02
"""Items of cost below this share of the largest difference are not named."""

SHOWN_AS_NOTHING = 1e-6
SAME = 1e-6
"""Costs that differ by less than this share are those of one design, found twice."""


def behind_meter_details(plan: Plan, language: Language) -> list[DetailDocument]:
    """The section that compares, in one language; none where the plan buys from no plant elsewhere."""
    beside = None if plan.bought is None else plan.bought.behind_meter
    if beside is None:
        return []
    return [
        {
            "title": phrase("procurement.beside.title", language),
            "tables": [_table(plan, beside, language)] if beside.least is not None else [],
            "sentences": [*_verdict(plan, beside, language), phrase("procurement.beside.note", language)],
        }
    ]


def _table(plan: Plan, beside: BehindMeter, language: Language) -> TableDocument:
    """A row for each design, this plan last: its clean share, and how much more it costs than this plan."""
    cost = plan.cost_myen_per_year
    this = BesideDesign(cost, plan.indicators["clean_share"])
    named = {"least": beside.least, "matched" if beside.reaches else "cleanest": beside.matched}
    if not beside.reaches:
        named["elsewhere"] = beside.elsewhere
    elif plan.scenario.target.clean_share is None:
        del named["least"]
    designs = {name: design for name, design in [*named.items(), ("plan", this)] if design is not None}
    size, unit = money_of(plan, language).scale(max(abs(one.cost_myen_per_year - cost) for one in designs.values()))
    rows = [
        [
            phrase(f"procurement.beside.{name}", language),
            format_share(design.clean_share, language),
            _signed((design.cost_myen_per_year - cost) / size),
        ]
        for name, design in designs.items()
    ]
    columns = [phrase(f"procurement.beside.{name}", language) for name in ("design", "share")]
    columns.append(phrase("procurement.beside.more", language, unit=unit))
    return {"columns": columns, "numeric": [1, 2], "rows": rows, "bold": [len(rows) - 1]}


def _verdict(plan: Plan, beside: BehindMeter, language: Language) -> list[str]:
    """Which is better and by how much, and what the difference is made of."""
    if beside.least is None:
        return [phrase("procurement.beside.nothing", language)]
    money, cost = money_of(plan, language), plan.cost_myen_per_year
    if beside.reaches and beside.matched is not None:
        more = _felt(beside.matched.cost_myen_per_year - cost, cost)
        values = {"more": money.amount(abs(more)), "percent": format_percent(abs(more) / cost, language)}
        said = [phrase(f"procurement.beside.{'wins' if more >= 0 else 'loses'}", language, **values)]
        return [*said, *_reasons(plan, beside, "matched", language)]
    said = []
    if beside.matched is not None and beside.elsewhere is not None:
        full = phrase("answer.comma", language).join(subject_name(name, language) for name in beside.full)
        saved = _felt(beside.matched.cost_myen_per_year - beside.elsewhere.cost_myen_per_year, cost)
        ends = {
            "share": format_share(beside.matched.clean_share, language),
            "cost": money.amount(beside.matched.cost_myen_per_year),
            "saved": money.amount(abs(saved)),
        }
        said.append(phrase(f"procurement.beside.ends{'' if saved >= 0 else '_dearer'}", language, **ends))
        said += [phrase("procurement.beside.full", language, names=full)] if full else []
    else:
        said.append(phrase("procurement.beside.never", language))
    step = {
        "low": format_share(beside.least.clean_share, language),
        "high": format_share(plan.indicators["clean_share"], language),
        "more": money.amount(cost - beside.least.cost_myen_per_year),
        "percent": format_percent((cost - beside.least.cost_myen_per_year) / beside.least.cost_myen_per_year, language),
    }
    return [*said, phrase("procurement.beside.step", language, **step), *_reasons(plan, beside, "least", language)]


def _felt(saved_myen: float, cost_myen: float) -> float:
    """What plants elsewhere save, negative where a least capacity of them costs more; 0 within rounding."""
    return saved_myen if abs(saved_myen) > SAME * cost_myen else 0.0


def _reasons(plan: Plan, beside: BehindMeter, than: str, language: Language) -> list[str]:
    """The largest items that this plan pays more than the other design, and those that it spares."""
    largest = max((abs(cost) for cost in beside.differences.values()), default=0.0)
    felt = {item: cost for item, cost in beside.differences.items() if abs(cost) > SMALLEST_ITEM * largest}
    ranked = sorted(felt, key=lambda item: -abs(felt[item]))
    more = _name_items(plan, ((item, felt[item]) for item in ranked if felt[item] > 0), language)
    less = _name_items(plan, ((item, felt[item]) for item in ranked if felt[item] < 0), language)
    other = phrase(f"procurement.beside.{than}", language)
    found = [phrase("procurement.beside.pays", language, other=other, items=more)] if more else []
    return [*found, *([phrase("procurement.beside.spares", language, items=less)] if less else [])]


def _name_items(plan: Plan, items: Iterable[tuple[str, float]], language: Language) -> str:
    money = money_of(plan, language)
    named = [
        phrase("procurement.beside.item", language, name=subject_name(item, language), amount=money.amount(abs(cost)))
        for item, cost in list(items)[:SHOWN_ITEMS]
    ]
    return phrase("answer.comma", language).join(named)


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else '−'}{format_number(abs(value))}" if abs(value) > SHOWN_AS_NOTHING else NOTHING
