"""What the parts of a plan are called: capacities, items of cost, constraints and inputs, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TypedDict

from kiban.catalogue import Fact, load_catalogue
from kiban.planning.design import COMPUTE, MEASURE
from kiban.planning.plan import Plan
from kiban.planning.provenance import Entry
from kiban.quantities import GLOSSARY, Language, MoneyFormat, format_exact, term, unit_text
from kiban.report.phrases import load_phrases, phrase, phrase_or
from kiban.scenario import Money, Scenario
from kiban.scenario.procurement import CONTRACTED, PROCURED

RATE = "money.yen_per_usd"
_SERIES = {
    "grid.price_myen_per_mwh": "price",
    "grid.export_price_myen_per_mwh": "export_price",
    "grid.clean_share": "clean_share",
    "grid.emission_factor_t_per_mwh": "emission_factor",
}


class Names(TypedDict):
    """A name or sentence in both languages."""

    en: str
    ja: str


def named(name_of: Callable[[str, Language], str], name: str) -> Names:
    """What something is called in both languages."""
    return {"en": name_of(name, "en"), "ja": name_of(name, "ja")}


@cache
def unit_names(unit: str) -> Names:
    """A unit in words; one mapping for all who ask."""
    return named(unit_text, unit)


def money_of(plan: Plan, language: Language) -> MoneyFormat:
    """How money of this plan is written: the scenario's currency at the rate that the plan used."""
    return money_format(plan.scenario, language, plan.provenance)


def money_format(scenario: Scenario, language: Language, provenance: tuple[Entry, ...] = ()) -> MoneyFormat:
    """How money of a scenario is written; the rate is the recorded one, the scenario's, or the catalogue's."""
    recorded = [float(str(entry.value)) for entry in provenance if entry.name == RATE]
    rate = recorded[0] if recorded else scenario.money.yen_per_usd
    return MoneyFormat(language, scenario.money.currency, rate if rate is not None else load_catalogue().value(RATE))


def study_money(money: Money, language: Language) -> MoneyFormat:
    """How money of a national study is written."""
    rate = money.yen_per_usd
    return MoneyFormat(language, money.currency, rate if rate is not None else load_catalogue().value(RATE))


def site_name(scenario: Scenario, language: Language) -> str:
    """Name of the place: the scenario's own, the catalogue's, or the coordinates."""
    site = scenario.site
    if site.name is not None:
        return site.name
    known = load_catalogue().sites.get(site.id or "")
    if known is not None:
        return known.name_ja if language == "ja" else known.name_en
    return f"{site.latitude_deg:.2f}°, {site.longitude_deg:.2f}°"


def subject_name(subject: str, language: Language) -> str:
    """Name of a capacity, an item of cost or a constraint's subject."""
    if subject.startswith(MEASURE) and subject not in GLOSSARY:
        name = subject.removeprefix(MEASURE).replace("_", " ")
        return phrase("design.measure", language, name=name)
    if subject.startswith(COMPUTE) and subject not in GLOSSARY:
        return term(subject.removeprefix(COMPUTE), language)
    for beginning, key in ((PROCURED, "procurement.plant"), (CONTRACTED, "procurement.contract")):
        if subject.startswith(beginning):
            return phrase(key, language, name=subject.removeprefix(beginning).replace("_", " "))
    return term(subject, language)


def lost_unit_name(unit: str, language: Language) -> str:
    """Name of what an event may hit: the connection, a store, a supply option."""
    from kiban.operation.events import GRID

    return term("interconnection" if unit == GRID else unit, language)


def indicator_name(name: str, language: Language) -> str:
    """Name of a yearly figure."""
    return phrase_or(f"indicator.{name}.name", language, name.replace("_", " "))


def input_name(name: str, language: Language) -> str:
    """Name of an input: the catalogue's for a figure, words for a series, else the scenario key itself."""
    fact = catalogue_facts().get(name)
    if fact is not None:
        return (fact.name_ja if language == "ja" else fact.name_en) or name
    if name in _SERIES:
        return phrase(f"series.{_SERIES[name]}", language)
    if f"series.{name}" in load_phrases(language):
        return phrase(f"series.{name}", language)
    if name.startswith("supply.") and name.endswith(".availability"):
        return phrase("series.availability", language, name=term(name.split(".")[1], language))
    return name


def fact_range(fact: Fact, language: Language) -> str:
    """Low and high of a figure, shares in per cent; empty where no range is known."""
    if fact.low is None and fact.high is None:
        return ""
    percent = fact.unit.startswith("share")
    low, high = ("?" if end is None else format_exact(end * 100 if percent else end) for end in (fact.low, fact.high))
    tail = (" %" if language == "en" else "%") if percent else ""
    return f"{low}{'–' if language == 'en' else '〜'}{high}{tail}"


@cache
def catalogue_facts() -> Mapping[str, Fact]:
    """The catalogue's facts by id."""
    return load_catalogue().facts
