"""The sentences of what a plan sets in motion: the same for the command line, JSON and the page."""

from __future__ import annotations

from typing import TypedDict

from kiban.catalogue.economy_products import load_products
from kiban.catalogue.economy_tables import Skill, load_prefectures, load_skills
from kiban.economy.answer import Economy
from kiban.economy.receipts import PHASES
from kiban.economy.spread import Spread, add
from kiban.quantities import Language, MoneyFormat, format_number, format_share
from kiban.report.phrases import phrase, phrase_or

CHANGE = {"change": "value", "low": "low", "high": "high"}
"""Blanks of a change and its range."""


def product_name(name: str, language: Language) -> str:
    """What a product is called."""
    product = load_products()[name]
    return product.name_ja if language == "ja" else product.name_en


def prefecture_name(name: str, language: Language) -> str:
    """What a prefecture is called; where none is known, a word for it."""
    known = load_prefectures().get(name)
    if known is None:
        return phrase("economy.nowhere", language)
    return known.name_ja if language == "ja" else name


def skill_name(skill: Skill, language: Language) -> str:
    """What an occupation is called."""
    return skill.name_ja if language == "ja" else skill.name_en


def region_name(name: str, language: Language) -> str:
    """What a region is called, or a prefecture."""
    return phrase_or(f"economy.region.{name}", language, "") or prefecture_name(name, language)


def economy_word(name: str, language: Language) -> str:
    """What a phase, measure, region, product, prefecture or occupation is called; empty for anything else."""
    where = "where_japan" if name == "japan" else name.removesuffix("_myen")
    for key in (f"phase.{name}", f"measure.{name}", f"region.{name}", f"heading.{where}"):
        if found := phrase_or(f"economy.{key}", language, ""):
            return found
    if name in load_products():
        return product_name(name, language)
    if name in load_skills():
        return skill_name(load_skills()[name], language)
    return prefecture_name(name, language) if name in load_prefectures() else ""


def place_name(found: Economy, language: Language) -> str:
    """The prefectures that an answer means."""
    names = found.prefectures or tuple(host for host in found.hosts if host)
    if not names:
        return phrase("economy.nowhere", language)
    return phrase("economy.comma", language).join(prefecture_name(name, language) for name in names)


def asked_elsewhere(found: Economy) -> bool:
    """Whether the prefecture that is asked about is another one than the campuses'."""
    return found.asked is not None and found.hosts != (found.asked,)


def amounts(name: str, found: Spread, money: MoneyFormat) -> dict[str, str]:
    """The blanks of an amount and its range."""
    return {name: money.amount(found.value), **_ends(name, money.amount(found.low), money.amount(found.high))}


def counts(name: str, found: Spread) -> dict[str, str]:
    """The blanks of a count and its range."""
    return {name: format_number(found.value), **_ends(name, format_number(found.low), format_number(found.high))}


def _ends(name: str, low: str, high: str) -> dict[str, str]:
    return {f"{name}_low": low, f"{name}_high": high}


def answer(found: Economy, language: Language) -> str:
    """Where the money goes, in a sentence."""
    money = MoneyFormat(language)
    total = totals(found)
    said = {
        "total": money.amount(found.total_myen - found.worth_left_myen),
        "name": found.name,
        "first": str(found.years[0]) if found.years else "",
        "last": str(found.years[-1]) if found.years else "",
        "place": place_name(found, language),
        "japan": money.amount(total["japan"].value),
        **amounts("abroad", total["abroad"], money),
    }
    own = total["prefecture"]
    if own is None:
        return phrase("economy.answer_unknown", language, **said)
    added = add([found.headline("prefecture", phase, "value_added_myen") for phase in PHASES])
    return phrase(
        "economy.answer", language, **said, **amounts("prefecture", own, money), **amounts("added", added, money)
    )


class Totals(TypedDict):
    """All industries together, by where their suppliers are; without a prefecture that is meant, of it None."""

    abroad: Spread
    japan: Spread
    prefecture: Spread | None


def totals(found: Economy) -> Totals:
    """All industries together, by where their suppliers are."""
    own = [one.prefecture for one in found.industries if one.prefecture is not None]
    return {
        "abroad": add([one.abroad for one in found.industries]),
        "japan": add([one.japan for one in found.industries]),
        "prefecture": add(own) if found.prefectures else None,
    }


def further_sentences(found: Economy, language: Language) -> list[str]:
    """Jobs, land, what is left, and the campuses' own taxes."""
    money, place = MoneyFormat(language), place_name(found, language)
    said = []
    for key, japan in (
        ("building", found.headline("japan", "construction", "jobs")),
        ("running", found.yearly_jobs("japan", "operation")),
    ):
        blanks = counts("japan", japan)
        if not found.prefectures:
            said.append(phrase(f"economy.{key}_japan", language, place=place, **blanks))
            continue
        own = (
            found.headline("prefecture", "construction", "jobs")
            if key == "building"
            else found.yearly_jobs("prefecture", "operation")
        )
        said.append(phrase(f"economy.{key}", language, place=place, **blanks, **counts("prefecture", own)))
    said += _people(found, place, language)
    if found.inequality is None:
        said.append(phrase("economy.evenness_unknown", language))
    elif found.inequality.change.value:
        change = found.inequality.change
        key = "economy.more_even" if change.high < 0.0 else "economy.less_even" if change.low > 0.0 else "economy.even"
        parts = {name: _change(getattr(change, end)) for name, end in CHANGE.items()}
        said.append(phrase(key, language, before=f"{found.inequality.before:.4f}", **parts))
    if found.land_myen:
        said.append(phrase("economy.lands", language, land=money.amount(found.land_myen)))
    if found.worth_left_myen:
        said.append(phrase("economy.left", language, left=money.amount(-found.worth_left_myen)))
    paid = {party: money.amount(amount) for party, amount in found.public_myen.items()}
    said.append(phrase("economy.public", language, **paid))
    return said


def _people(found: Economy, place: str, language: Language) -> list[str]:
    """Which skills are short, what would draw them, and the skill that lets the least be built at once."""
    short = [one for one in found.skills if one.worst.short is not None and one.worst.short.high >= 1.0]
    surely = [one for one in short if one.worst.short is not None and one.worst.short.value >= 1.0]
    said = []
    if surely:
        worst = max(surely, key=lambda one: one.wage_rise.value if one.wage_rise is not None else 0.0)
        assert worst.worst.short is not None and worst.wage_rise is not None and worst.mw_at_once is not None
        said.append(
            phrase(
                "economy.short",
                language,
                place=place,
                skill=skill_name(worst.skill, language),
                year=str(worst.worst_year),
                rise=_rise(worst.wage_rise.value, language),
                rise_low=_rise(worst.wage_rise.low, language),
                rise_high=_rise(worst.wage_rise.high, language),
                months=format_number(worst.training_months.value, 2),
                mw=format_number(worst.mw_at_once.value, 2),
                **counts("short", worst.worst.short),
            )
        )
    elif short:
        names = phrase("economy.comma", language).join(skill_name(one.skill, language) for one in short)
        said.append(phrase("economy.may_be_short", language, place=place, names=names))
    elif found.skills and found.prefectures:
        said.append(phrase("economy.none_short", language, place=place))
    return said


def _change(value: float) -> str:
    """A change with its sign and one significant digit, which is all that the model carries."""
    sign = "+" if value > 0.0 else "-" if value < 0.0 else ""
    return sign + format_number(abs(value), 1)


def _rise(share: float, language: Language) -> str:
    """A rise of pay; what is more than double lies beyond what any elasticity was measured for."""
    return phrase("economy.doubled", language) if share > 1.0 else format_share(share, language, 2)


def note_sentences(found: Economy, language: Language) -> list[str]:
    """The model, the ranges, what is assumed, and what is not known."""
    spent = next(fact.value for fact in found.facts if fact.id == "economy.spent_share")
    said = [
        phrase("economy.method", language),
        phrase("economy.range", language),
        phrase("economy.induced", language, spent=format_share(spent, language)),
        phrase("economy.taxes", language),
    ]
    if found.rests_on_the_rest:
        unknown = [host for host in found.hosts if host not in found.prefectures]
        names = phrase("economy.comma", language).join(prefecture_name(name, language) for name in unknown)
        said.append(phrase("economy.rest", language, names=names))
    assumed = [fact.name_ja if language == "ja" else fact.name_en for fact in found.facts if fact.status == "assumed"]
    if found.skills:
        unknown = [skill_name(one.skill, language) for one in found.skills if not one.counted]
        said.append(phrase("economy.people", language))
        said.append(phrase("economy.uncounted", language, names=phrase("economy.comma", language).join(unknown)))
        if not found.prefectures or set(found.hosts) <= set(found.prefectures):
            by_money, by_skill = (format_number(one) for one in (found.people_by_money(), found.people_by_skill()))
            said.append(phrase("economy.two_measures", language, by_money=by_money, by_skill=by_skill))
    elif found.asked is not None:
        said.append(phrase("economy.no_campus", language, place=place_name(found, language)))
    said.append(phrase("economy.assumed", language, names=phrase("economy.comma", language).join(assumed)))
    return said
