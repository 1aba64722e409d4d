"""What the national plan asks of grid areas and interconnectors: at the command line, in JSON and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from rich.console import Group, RenderableType
from rich.text import Text

from kiban.national.result.plan import AreaBalance, AreaFlows, LinkFlow, NationalPlan
from kiban.quantities import Language, MoneyFormat, format_number, format_percent
from kiban.report.layout import NOTHING, bullets, remark, table
from kiban.report.phrases import phrase, phrase_or
from kiban.report.table_file import csv_text

SHOWN_MW = 0.5
LINK_COLUMNS = (
    "id", "from", "to", "mw", "limit_mw", "used_share", "binding", "worth_myen_per_mw_year", "expansion_mw",
    "converts_frequency", "forward_mw", "reverse_mw",
)  # fmt: skip


# "from" is a word of the language, so that the keys are given in a call.
LinkDocument = TypedDict(
    "LinkDocument",
    {
        "id": str,
        "from": str,
        "to": str,
        "mw": float,
        "limit_mw": float,
        "used_share": float,
        "binding": bool,
        "worth_myen_per_mw_year": float,
        "expansion_mw": float,
        "converts_frequency": bool,
        "forward_mw": float,
        "reverse_mw": float,
        "phase_mw": list[float],
    },
)
"""An interconnector at the peak, in the direction of its flow in the last phase; see `LinkFlow`."""


class BalanceDocument(TypedDict):
    """A grid area at the peak; see `AreaBalance`."""

    area: str
    frequency_hz: float
    draw_mw: float
    spare_supply_mw: float
    import_mw: float
    export_mw: float
    worth_myen_per_mw_year: float
    floor_hours_per_year: float | None
    floor_import_mwh_per_year: float
    curtailed_mwh_per_year: float | None
    absorbed_mwh_per_year: float | None


def flow_documents(flows: AreaFlows | None) -> list[LinkDocument]:
    """Every interconnector in plain types; `from` and `to` in the direction of its flow in the last phase."""
    return [] if flows is None else [_link(link) for link in flows.links]


def _link(link: LinkFlow) -> LinkDocument:
    ends = (link.from_area, link.to_area) if link.flow_mw >= 0 else (link.to_area, link.from_area)
    sign = 1.0 if link.flow_mw >= 0 else -1.0
    return {
        "id": link.id,
        "from": ends[0],
        "to": ends[1],
        "mw": abs(link.flow_mw),
        "limit_mw": link.limit_mw,
        "used_share": link.used_share,
        "binding": link.binding,
        "worth_myen_per_mw_year": link.worth_myen_per_mw,
        "expansion_mw": link.expansion_mw,
        "converts_frequency": link.converts_frequency,
        "forward_mw": link.forward_mw,
        "reverse_mw": link.reverse_mw,
        "phase_mw": [sign * mw for mw in link.phase_flow_mw],
    }


def balance_documents(flows: AreaFlows | None) -> list[BalanceDocument]:
    """Every grid area at the peak in plain types, with its hours at the floor price and what the plan may absorb."""
    return [] if flows is None else [_balance(area) for area in flows.areas]


def _balance(area: AreaBalance) -> BalanceDocument:
    return {
        "area": area.area,
        "frequency_hz": area.frequency_hz,
        "draw_mw": area.draw_mw,
        "spare_supply_mw": area.spare_supply_mw,
        "import_mw": area.import_mw,
        "export_mw": area.export_mw,
        "worth_myen_per_mw_year": area.worth_myen_per_mw,
        "floor_hours_per_year": area.floor_hours,
        "floor_import_mwh_per_year": area.floor_import_mwh,
        "curtailed_mwh_per_year": area.curtailed_mwh,
        "absorbed_mwh_per_year": area.absorbed_mwh,
    }


def flows_csv(flows: AreaFlows) -> str:
    """One row per interconnector, in the direction of its flow."""
    documents: list[Mapping[str, object]] = [{**document} for document in flow_documents(flows)]
    return csv_text(LINK_COLUMNS, ([document[name] for name in LINK_COLUMNS] for document in documents))


def flows_section(flows: AreaFlows, language: Language, money: MoneyFormat) -> RenderableType:
    """The areas that draw, give or take; the interconnectors that carry something; and what binds."""
    names = ("area", "frequency", "draw", "spare", "import", "export", "floor_hours")
    rows = [
        [
            area_name(area.area, language),
            f"{area.frequency_hz:.0f}",
            _mw(area.draw_mw),
            _mw(area.spare_supply_mw),
            _mw(area.import_mw),
            _mw(area.export_mw),
            NOTHING if area.floor_hours is None else f"{area.floor_hours:,.0f}",
        ]
        for area in flows.areas
        if max(area.draw_mw, area.import_mw, area.export_mw) >= SHOWN_MW
    ]
    headings = [phrase(f"flows.{name}", language) for name in names]
    parts: list[RenderableType] = [table(headings, rows, numeric=range(1, len(names)))] if rows else []
    carrying = [_carries(link, language, money) for link in flows.links if _is_told(link)]
    parts += [Text(), bullets(carrying)] if carrying else [Text(), remark(phrase("flows.none", language))]
    short = [
        phrase("flows.area_worth", language, area=area_name(area.area, language),
               worth=money.amount(area.worth_myen_per_mw))
        for area in flows.areas if area.worth_myen_per_mw > SHOWN_MW
    ]  # fmt: skip
    parts += [Text(), bullets(short)] if short else []
    return Group(*parts, Text(), remark(phrase("flows.basis", language)))


def _is_told(link: LinkFlow) -> bool:
    return abs(link.flow_mw) >= SHOWN_MW or link.expansion_mw >= SHOWN_MW or link.worth_myen_per_mw >= SHOWN_MW


def _carries(link: LinkFlow, language: Language, money: MoneyFormat) -> str:
    """One interconnector in a sentence."""
    said = _link(link)
    words = [
        phrase(
            "flows.link",
            language,
            source=area_name(said["from"], language),
            target=area_name(said["to"], language),
            flow=format_number(said["mw"]),
            limit=format_number(link.limit_mw),
            share=format_percent(link.used_share, language),
        )
    ]
    if link.converts_frequency:
        words.append(phrase("flows.converter", language))
    if link.expansion_mw >= SHOWN_MW:
        words.append(phrase("flows.added", language, added=format_number(link.expansion_mw)))
    if link.worth_myen_per_mw >= SHOWN_MW:
        words.append(phrase("flows.binding", language, worth=money.amount(link.worth_myen_per_mw)))
    elif link.binding:
        words.append(phrase("flows.full", language))
    return phrase("flows.comma", language).join(words) + phrase("flows.stop", language)


def weather_note(plan: NationalPlan, language: Language) -> str:
    """Which weather the sites have, and what they share of it."""
    real = plan.study.weather.source != "typical" or any(site.weather is not None for site in plan.study.site)
    return phrase(f"flows.{'weather_real' if real else 'weather_typical'}", language)


def area_name(area: str, language: Language) -> str:
    """The name of a grid area in the reader's language."""
    return phrase_or(f"area.{area}", language, area)


def _mw(mw: float) -> str:
    return NOTHING if mw < SHOWN_MW else f"{mw:,.0f}"
