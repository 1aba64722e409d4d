"""The catalogue at the command line: sites, what is known about one, sources, and figures with their origin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from kiban.catalogue import Catalogue, Fact, Site, describe
from kiban.quantities import Language, format_given, format_quantity
from kiban.report.layout import INDENT, NOTHING, Sentence, pairs, remark, section, table
from kiban.report.names import fact_range
from kiban.report.phrases import phrase, phrase_or


def sites_text(catalogue: Catalogue, language: Language) -> RenderableType:
    """All sites in a table, north to south."""
    names = ("id", "name", "prefecture", "area", "kind", "announced")
    rows = [
        [
            site.id,
            _site_name(site, language),
            phrase_or(f"prefecture.{site.prefecture}", language, site.prefecture),
            _area(site.area, language),
            phrase(f"sites.{site.kind}", language),
            NOTHING if site.announced_capacity_mw is None else format_given(site.announced_capacity_mw),
        ]
        for site in catalogue.sites.values()
    ]
    headings = [phrase(f"sites.{name}", language) for name in names]
    made = table(headings, rows, numeric=(5,), whole=(0, 3))
    return Group(made, Text(), remark(phrase("sites.count", language, count=len(rows))))


def site_text(catalogue: Catalogue, site: Site, language: Language) -> RenderableType:
    """One site: where it is, what is said about it, and every figure with its status."""
    prefecture = phrase_or(f"prefecture.{site.prefecture}", language, site.prefecture)
    place = prefecture if language == "ja" else f"{site.municipality}, {prefecture}"
    title = phrase("sites.facts", language, name=_site_name(site, language), id=site.id, place=place)
    said = {
        "area": _area(site.area, language),
        "kind": phrase(f"sites.{site.kind}", language),
        **_site_notes(site, language),
    }
    rows = [(phrase(f"sites.{key}", language), text) for key, text in said.items() if text]
    numbers: dict[str, int] = {}
    own = describe(catalogue, site.id)
    area_facts = describe(catalogue, f"grid.{site.area}")
    made = _figures(own, _site_name(site, language), numbers, language)
    parts: list[RenderableType] = [Sentence(title, style="bold"), Text(), Padding(pairs(rows), (0, 0, 0, INDENT))]
    parts += section(phrase("sites.figures", language), made)
    parts += section(
        phrase("national.site_area", language, area=_area(site.area, language)),
        _figures(area_facts, _area(site.area, language), numbers, language),
    )
    links = [fact for name in _links_of(site.area, catalogue) for fact in describe(catalogue, f"interconnector.{name}")]
    if links:
        parts += section(phrase("place.links", language), _figures(links, "", numbers, language))
    sources = [
        (str(number), f"{source.publisher}: {source.title} {source.address} [{source.grade}]")
        for key, number in numbers.items()
        if (source := catalogue.sources.get(key)) is not None
    ]
    parts += section(phrase("place.sources", language), pairs(sources))
    return Group(*parts, Text(), remark(phrase("sites.origin", language, id=site.id)))


def _site_notes(site: Site, language: Language) -> dict[str, str]:
    """What is said about a site in words, by the heading."""
    if language == "ja":
        return {
            "water": site.water_note_ja,
            "hydro": site.hydro_note_ja,
            "volcano": site.volcano_note_ja,
            "landing": site.landing_station_ja,
            "note": site.note_ja,
        }
    return {
        "water": site.water_note,
        "hydro": site.hydro_note,
        "volcano": site.volcano_note,
        "landing": site.landing_station,
        "note": site.note,
    }


def _links_of(area: str, catalogue: Catalogue) -> list[str]:
    """The interconnectors that begin or end in an area."""
    names = dict.fromkeys(fact.split(".")[1] for fact in catalogue.facts if fact.startswith("interconnector."))
    return [name for name in names if area in name.split("-")]


def _figures(facts: Sequence[Fact], named: str, numbers: dict[str, int], language: Language) -> RenderableType:
    """Facts with value, range, status and the numbers of their sources, which `numbers` collects in order.

    `named` is left out of each name, as it stands above the table.
    """
    rows = []
    for fact in facts:
        name = (fact.name_ja if language == "ja" else fact.name_en).removesuffix(named).rstrip(", ")
        keys = ", ".join(str(numbers.setdefault(key, len(numbers) + 1)) for key in fact.source_keys)
        value = format_quantity(fact.value, fact.unit, language)
        known = fact_range(fact, language) or NOTHING
        rows.append([name, value, known, phrase(f"status.{fact.status}", language), keys])
    headings = [phrase(f"sites.{name}", language) for name in ("figure", "value", "range", "status")]
    return table([*headings, phrase("place.source", language)], rows, whole=(3, 4))


def sources_text(catalogue: Catalogue, language: Language) -> RenderableType:
    """All sources with the number of figures that rest on each."""
    counts = Counter(key for fact in catalogue.facts.values() for key in fact.source_keys)
    rows = [
        [key, f"{source.publisher}: {source.title}", source.grade, str(counts[key])]
        for key, source in sorted(catalogue.sources.items())
    ]
    headings = [phrase(f"sources.{name}", language) for name in ("key", "title", "grade", "figures")]
    count = phrase("sources.count", language, sources=len(rows), facts=f"{len(catalogue.facts):,}")
    made = table(headings, rows, numeric=(3,), whole=(0, 2))
    return Group(made, Text(), remark(phrase("sources.grades", language)), remark(count))


def facts_text(catalogue: Catalogue, facts: Sequence[Fact], language: Language) -> RenderableType:
    """Figures one under the other: name, value, range, status, sources, note."""
    parts: list[RenderableType] = []
    for fact in facts:
        name = fact.name_ja if language == "ja" else fact.name_en
        parts.append(Text.assemble((fact.id, "bold"), "  "))
        parts += [_inset(name)] if name else []
        parts.append(_inset(_value_line(fact, language), style="bold"))
        parts += [
            _inset(f"{source.publisher}: {source.title} {source.address} [{source.grade}]", style="dim")
            for source in catalogue.sources_of(fact)
        ]
        if fact.note:
            parts.append(_inset(phrase("sources.note", language, note=fact.note)))
        parts.append(Text())
    one = "_one" if len(facts) == 1 else ""
    return Group(*parts, remark(phrase(f"sources.found{one}", language, count=len(facts))))


def _value_line(fact: Fact, language: Language) -> str:
    words = [format_quantity(fact.value, fact.unit, language)]
    known = fact_range(fact, language)
    if known:
        words.append(phrase("sources.range", language, range=known))
    if fact.year is not None:
        words.append(phrase("sources.year", language, year=fact.year))
    words.append(phrase(f"status.{fact.status}", language))
    return ("、" if language == "ja" else ", ").join(words)


def _site_name(site: Site, language: Language) -> str:
    return site.name_ja if language == "ja" else site.name_en


def _area(area: str, language: Language) -> str:
    return phrase_or(f"area.{area}", language, area)


def _inset(text: str, style: str = "") -> RenderableType:
    return Padding(Sentence(text, style=style), (0, 0, 0, INDENT * 2), expand=False)
