"""The sentences of a national plan: its answer, under which packages, and how much the choice of sites can move."""

from __future__ import annotations

from collections.abc import Iterator

from kiban.national.result.plan import FlipPoint, NationalPlan, NearOptimum, SitePlan
from kiban.national.study.candidates import Candidate
from kiban.quantities import Language, MoneyFormat, format_number, format_percent, format_share
from kiban.report.names import study_money
from kiban.report.phrases import phrase
from kiban.scenario.package import load_package


def answer(plan: NationalPlan, language: Language) -> str:
    """The answer in one sentence."""
    sizes = [
        phrase("national.site_size", language, name=name_of(site.candidate, language), load=power_text(site.total_mw))
        for site in plan.sites
    ]
    return phrase(
        "national.answer",
        language,
        load=power_text(sum(site.total_mw for site in plan.sites)),
        count=len(plan.sites),
        cost=study_money(plan.study.money, language).amount(plan.cost_myen),
        sites=phrase("national.comma", language).join(sizes),
    )


def name_of(candidate: Candidate, language: Language) -> str:
    """The name of a candidate in the reader's language."""
    return candidate.name_ja if language == "ja" else candidate.name_en


def site_name(plan: NationalPlan, site: str, language: Language) -> str:
    """The name of a candidate by its id."""
    found = next((candidate for candidate in plan.candidates if candidate.id == site), None)
    return site if found is None else name_of(found, language)


def power_text(mw: float) -> str:
    """A load in MW or GW."""
    return f"{format_number(mw)} MW" if mw < 9_995 else f"{format_number(mw / 1000)} GW"


def policy_notes(plan: NationalPlan, language: Language) -> Iterator[str]:
    """That costs are after tax, and under what; nothing for a plan before tax."""
    packages = [load_package(name, plan.study.folder) for name in plan.study.policy.packages]
    if packages:
        titles = (package.title_ja if language == "ja" else package.title_en for package in packages)
        joined = " + ".join(title or package.name for title, package in zip(titles, packages, strict=True))
        yield phrase("national_pay.under", language, package=joined)


def movable_sentence(plan: NationalPlan, language: Language, money: MoneyFormat) -> str:
    """What servers cost wherever they stand, the rest, and the gap on it."""
    return phrase(
        "margin.movable",
        language,
        common=money.amount(plan.common_myen),
        movable=money.amount(plan.movable_myen),
        gap=money.amount(plan.net_cost_myen - plan.bound_myen),
        share=f"{plan.movable_gap:.1%}",
    )


def why_sentence(plan: NationalPlan, site: SitePlan, language: Language, money: MoneyFormat) -> str:
    """What the plan would cost more without a site, between its bounds, and who would take its load."""
    name = name_of(site.candidate, language)
    if site.without_myen is None:
        return phrase("margin.why_must", language, name=name)
    most = money.amount(site.without_myen)
    share = format_percent(max(site.without_myen, 0.0) / max(plan.movable_myen, 1e-9), language)
    if site.without_least_myen > 0:
        said = phrase(
            "margin.why_between",
            language,
            name=name,
            least=money.amount(site.without_least_myen),
            most=most,
            share=share,
        )
    else:
        said = phrase("margin.why_within", language, name=name, most=most, share=share)
    if not site.instead:
        return said + phrase("margin.stop", language)
    instead = phrase("national.comma", language).join(site_name(plan, other, language) for other in site.instead)
    return said + phrase("margin.instead", language, instead=instead)


def near_sentence(plan: NationalPlan, other: NearOptimum, language: Language, money: MoneyFormat) -> str:
    """Another plan within a share of what siting can move: what it costs more, what changes, and its sites."""
    comma = phrase("national.comma", language)
    changes = [
        phrase(f"national.near_{key}", language, names=comma.join(site_name(plan, name, language) for name in names))
        for key, names in (("dropped", other.dropped), ("added", other.added))
        if names
    ]
    sizes = sorted(other.load_mw.items(), key=lambda item: (-item[1], item[0]))
    return phrase(
        "margin.near",
        language,
        share=format_share(other.share, language),
        more=money.amount(max(other.cost_myen - plan.net_cost_myen, 0.0)),
        change=comma.join(changes or [phrase("national.near_same", language)]),
        sites=comma.join(
            phrase("national.site_size", language, name=site_name(plan, name, language), load=f"{format_number(mw)} MW")
            for name, mw in sizes
        ),
    )


def turnover_sentence(plan: NationalPlan, flip: FlipPoint, language: Language) -> str:
    """Which sites come and go at the ends of the range over which an assumption was moved; empty where none does."""
    low, high = plan.robustness.ranges["search"] if plan.robustness is not None else (1.0, 1.0)
    said = []
    for factor, turnover in ((low, flip.at_low), (high, flip.at_high)):
        if turnover is None or not (turnover.dropped or turnover.added):
            continue
        comma = phrase("national.comma", language)
        changes = [
            phrase(f"margin.{key}", language, names=comma.join(site_name(plan, name, language) for name in names))
            for key, names in (("goes", turnover.dropped), ("comes", turnover.added))
            if names
        ]
        said.append(phrase("margin.at", language, factor=f"{factor:g}", change=comma.join(changes)))
    return "".join(said)
