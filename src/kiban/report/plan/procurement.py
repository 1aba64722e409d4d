"""What a plan buys and which way, in words: the ways, the bill, the peaks by month, and what is matched and claimed."""

from __future__ import annotations

from kiban.planning.plan import Plan
from kiban.planning.procurement_result import Bought, BoughtWay
from kiban.quantities import MWH_PER_GWH, Language, format_number, format_percent, format_share
from kiban.report.layout import NOTHING
from kiban.report.names import money_of, subject_name
from kiban.report.payment.details import DetailDocument, TableDocument
from kiban.report.phrases import phrase, phrase_or
from kiban.report.plan.behind_meter import behind_meter_details

DRAWN = "interconnection"
"""The charge on all that is drawn."""


def bought_details(plan: Plan, language: Language) -> list[DetailDocument]:
    """Sections of what is bought, in one language; none where the scenario does not say how."""
    bought = plan.bought
    if bought is None:
        return []
    return [
        {
            "title": phrase("procurement.title", language),
            "tables": [_ways(plan, bought, language)],
            "sentences": [*_shares(bought, language), phrase("procurement.note", language)],
        },
        {"title": phrase("procurement.bill", language), "tables": [_bill(plan, bought, language)], "sentences": []},
        {
            "title": phrase("procurement.peaks", language),
            "tables": [_peaks(plan, bought, language)],
            "sentences": [phrase("procurement.worth_note", language, unit=money_of(plan, language).scale(1.0)[1])],
        },
        *behind_meter_details(plan, language),
    ]


def _ways(plan: Plan, bought: Bought, language: Language) -> TableDocument:
    size, unit = money_of(plan, language).scale(bought.total_myen_per_year)
    columns = [phrase(f"procurement.{name}", language) for name in ("way", "power", "arrives", "generated")]
    rows = [
        [
            way_name(way, language),
            _number(way.capacity_mw),
            _number(way.delivered_mwh_per_year / MWH_PER_GWH),
            _number(way.generated_mwh_per_year / MWH_PER_GWH),
            _number(way.cost_myen_per_year / size),
        ]
        for way in bought.ways
    ]
    return {
        "columns": [*columns, phrase("procurement.cost", language, unit=unit)],
        "numeric": [1, 2, 3, 4],
        "rows": rows,
        "bold": [],
    }


def way_name(way: BoughtWay, language: Language) -> str:
    """The name of a way in the scenario and what it is; the market is what it is."""
    kind = phrase(f"procurement.kind_{way.way}", language)
    if way.way == "market":
        return kind
    if way.area is None:
        return phrase("procurement.named", language, name=way.name, kind=kind)
    area = phrase_or(f"area.{way.area}", language, way.area)
    return phrase("procurement.named_there", language, name=way.name, kind=kind, area=area)


def _bill(plan: Plan, bought: Bought, language: Language) -> TableDocument:
    total = bought.total_myen_per_year
    size, unit = money_of(plan, language).scale(total)
    rows = [
        [
            phrase_or(f"procurement.component.{item.component}", language, subject_name(item.component, language)),
            phrase(f"procurement.payee.{item.payee}", language),
            _number(item.cost_myen_per_year / size),
            format_percent(item.cost_myen_per_year / total, language) if total else NOTHING,
        ]
        for item in bought.bill
    ]
    rows.append([phrase("procurement.total", language), "", _number(total / size), ""])
    columns = [phrase("procurement.bill", language), phrase("procurement.payee_of", language)]
    columns += [phrase("procurement.cost", language, unit=unit), phrase("procurement.share", language)]
    return {"columns": columns, "numeric": [2, 3], "rows": rows, "bold": [len(rows) - 1]}


def _peaks(plan: Plan, bought: Bought, language: Language) -> TableDocument:
    """A row for each month: what is drawn at most, and the worth of a MW of each charge."""
    size, _ = money_of(plan, language).scale(1.0)
    charges = list(dict.fromkeys(peak.charge for peak in bought.peaks))
    by_charge = {charge: [peak for peak in bought.peaks if peak.charge == charge] for charge in charges}
    columns = [phrase("procurement.month", language), phrase("procurement.drawn", language)]
    columns += [phrase_or(f"procurement.charge.{charge}", language, charge.replace("_", " ")) for charge in charges]
    rows = [
        [
            str(peak.month),
            _number(peak.peak_mw),
            *(_number(by_charge[charge][number].worth_myen_per_mw / size) for charge in charges),
        ]
        for number, peak in enumerate(by_charge.get(DRAWN, []))
    ]
    return {"columns": columns, "numeric": list(range(1, len(columns))), "rows": rows, "bold": []}


def _shares(bought: Bought, language: Language) -> list[str]:
    said = [phrase("procurement.matched", language, share=format_share(bought.hourly_matched_share, language))]
    if bought.claimed_share is None:
        return [*said, phrase("procurement.unclaimed", language)]
    said.append(phrase("procurement.claimed", language, share=format_share(bought.claimed_share, language)))
    kinds = [
        phrase(
            "procurement.certificate",
            language,
            name=phrase(f"procurement.certificate_kind.{kind}", language),
            energy=f"{_number(energy / MWH_PER_GWH)} GWh",
        )
        for kind, energy in bought.certificates_mwh_per_year.items()
        if energy > 0
    ]
    if kinds:
        joined = phrase("answer.comma", language).join(kinds)
        said.append(phrase("procurement.certificates", language, kinds=joined))
    return said


def _number(value: float) -> str:
    return format_number(value) if abs(value) > 1e-9 else NOTHING
