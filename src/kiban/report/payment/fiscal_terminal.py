"""The budget's form, who keeps the tax, and the bridge, at the command line."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType

from kiban.catalogue import load_catalogue
from kiban.finance.bridge import Step
from kiban.finance.budget import Budget, FiscalYear
from kiban.finance.chip_market import ENDS, IncidenceRange
from kiban.finance.fiscal import FiscalViews, PublicViews
from kiban.finance.kept_by import KeptBy
from kiban.finance.ledger import TREASURIES
from kiban.finance.national_payment import AnyPayment
from kiban.finance.payment import Payment
from kiban.quantities import Language, MoneyFormat, format_number, format_percent, format_share
from kiban.report.layout import bullets, section, table
from kiban.report.messages import measure_title
from kiban.report.names import money_of
from kiban.report.payment.fiscal import cause_name, causes_of, step_name, total_name
from kiban.report.payment.outlook_terminal import outlook_sections
from kiban.report.payment.words import payment_money
from kiban.report.phrases import phrase

SHOWN_CAUSES = 3
"""Columns of causes in the table; the file that `--budget-form` writes holds all."""
LEAST_SHOWN_YEN = 1_000_000


def fiscal_sections(fiscal: FiscalViews, language: Language) -> list[RenderableType]:
    """All sections of a campus; nothing where the package costs the treasuries nothing in any year."""
    kept = bullets(kept_sentences(fiscal.payment, fiscal.kept_by, language))
    return public_sections(fiscal, kept, language) + outlook_sections(fiscal, language)


def public_sections(views: PublicViews, kept: RenderableType, language: Language) -> list[RenderableType]:
    """Bridge, budget, who keeps the tax as it is told, and who ends with the support."""
    money, found = payment_money(views.payment, language), list[RenderableType]()
    if any(step.yen for step in views.bridge):
        found += section(phrase("fiscal.title.bridge", language), _bridge_table(views.bridge, money))
    if views.budget.first_year is not None:
        found += section(phrase("fiscal.title.budget", language), _budget_table(views.budget, money))
    found += section(phrase("fiscal.title.kept", language), kept)
    if views.incidence is not None:
        incidence = _incidence(views.payment, views.incidence, language)
        found += section(phrase("fiscal.title.incidence", language), incidence)
    return found


def kept_table(kept: KeptBy, money: MoneyFormat) -> RenderableType:
    """What each municipality, its prefecture and the national treasury have more, after the rules; and in all."""
    language = money.language
    amounts = [*(one.change_myen for one in kept.places), kept.change_myen, kept.before_rules_myen]
    size, unit = money.scale(max(abs(change[party]) for change in amounts for party in TREASURIES))

    def row(name: str, index: str, change: Mapping[str, float]) -> list[str]:
        return [name, index, *(format_number(change[party] / size) for party in reversed(TREASURIES))]

    rows = [
        row(
            one.place.name_ja if language == "ja" else one.place.name_en,
            format_number(one.place.fiscal_index),
            one.change_myen,
        )
        for one in kept.places
    ]
    rows.append(row(phrase("costs.total", language), "", kept.change_myen))
    rows.append(row(phrase("fiscal.heading.before_rules", language), "", kept.before_rules_myen))
    headings = [f"{phrase('pay.party.municipality', language)} ({unit})", phrase("fiscal.heading.index", language)]
    headings += [phrase(f"pay.party.{party}", language) for party in reversed(TREASURIES)]
    return table(headings, rows, numeric=(1, 2, 3, 4), bold=(len(rows) - 2,))


def _incidence(payment: AnyPayment, found: IncidenceRange, language: Language) -> RenderableType:
    """Shares of the support by who ends with it, their range, and the two cases that bound it."""
    columns = (found.middle.shares, found.low, found.high, found.elastic.shares, found.all_countries.shares)
    rows = [
        [phrase(f"fiscal.end.{end}", language), *(format_percent(one[end], language) for one in columns)]
        for end in ENDS
    ]
    headings = [
        phrase(f"fiscal.heading.{name}", language) for name in ("end", "share", "low", "high", "elastic", "everywhere")
    ]
    said = phrase(
        "fiscal.incidence",
        language,
        chips=format_share(found.middle.chip_price_change, language),
        everywhere=format_share(found.all_countries.chip_price_change, language),
    )
    return Group(
        table(headings, rows, numeric=(1, 2, 3, 4, 5)), bullets([said, *evidence_sentences(payment, language)])
    )


def evidence_sentences(payment: AnyPayment, language: Language) -> list[str]:
    """What has been measured elsewhere beside the answer; nothing where nothing is supported."""
    if payment.support.total_myen <= 0:
        return []
    facts = load_catalogue()
    tipped, returned = facts.fact("evidence.bartik.tipped"), facts.fact("evidence.jlarc.revenue_per_dollar")
    assert tipped.low is not None
    assert tipped.high is not None
    windfall = payment.support.windfall_share
    outside = not 1.0 - tipped.high <= windfall <= 1.0 - tipped.low
    shares = {
        "windfall": format_share(windfall, language),
        "low": format_share(1.0 - tipped.high, language),
        "high": format_share(1.0 - tipped.low, language),
    }
    return [
        phrase("fiscal.evidence_outside" if outside else "fiscal.evidence_inside", language, **shares),
        phrase("fiscal.evidence_state", language, returned=format_number(returned.value)),
    ]


def _bridge_table(steps: tuple[Step, ...], money: MoneyFormat) -> RenderableType:
    language = money.language
    size, unit = money.scale(max(abs(step.running_yen) for step in steps) / 1e6)
    shown = [step for step in steps if step.kind in ("net", "end") or abs(step.yen) >= LEAST_SHOWN_YEN]
    rows = [
        [
            step_name(step, language),
            "" if step.kind in ("net", "end") else format_number(step.amount_myen / size),
            format_number(step.running_yen / 1e6 / size),
        ]
        for step in shown
    ]
    headings = [f"{phrase('fiscal.heading.step', language)} ({unit})"]
    headings += [phrase(f"fiscal.heading.{name}", language) for name in ("amount", "running")]
    totals = [number for number, step in enumerate(shown) if step.kind in ("net", "end")]
    return table(headings, rows, numeric=(1, 2), bold=tuple(totals))


def _budget_table(budget: Budget, money: MoneyFormat) -> RenderableType:
    language = money.language
    first, full = budget.first_year, budget.full_year
    assert first is not None
    size, unit = money.scale(max(abs(year.loss_myen) for year in budget.years))
    near = [year for year in budget.years if first.year <= year.year < first.year + 5]
    totals = [(total_name("first", first.year, language), [first])]
    if full is not None:
        totals.append((total_name("full", full.year, language), [full]))
    totals += [(total_name("five", None, language), near), (total_name("life", None, language), list(budget.years))]
    spans = [*((str(year.year), [year]) for year in near), *totals]
    causes = _shown_causes(budget, near)
    amounts = [[sum(year.by_cause_myen.get(cause, 0.0) for year in years) for cause in causes] for _, years in spans]
    losses = [sum(year.loss_myen for year in years) for _, years in spans]
    others = [loss - sum(parts) for loss, parts in zip(losses, amounts, strict=True)]
    headings = [f"{phrase('fiscal.heading.year', language)} ({unit})", phrase("fiscal.heading.loss", language)]
    headings += [cause_name(cause, language).replace(" ", "\n") for cause in causes]
    if any(abs(amount) * 1e6 >= LEAST_SHOWN_YEN for amount in others):
        headings.append(cause_name("other", language))
        amounts = [[*parts, rest] for parts, rest in zip(amounts, others, strict=True)]
    rows = [
        [name, *(format_number(amount / size) for amount in (loss, *parts))]
        for (name, _), loss, parts in zip(spans, losses, amounts, strict=True)
    ]
    said = [phrase("fiscal.note_years", language)]
    said += [
        phrase(
            "fiscal.official",
            language,
            measure=measure_title(one.measure, language),
            year=one.year,
            amount=money.amount(one.loss_myen),
            share=format_share(one.share, language),
            total=money.amount(one.official_total_myen),
        )
        for one in budget.measures
    ]
    said += limit_sentences(budget, money)
    return Group(
        table(headings, rows, numeric=range(1, len(headings)), bold=range(len(near), len(rows))), bullets(said)
    )


def _shown_causes(budget: Budget, near: list[FiscalYear]) -> list[str]:
    """The causes that move most in one of these years, the dearest over life first."""
    largest = {cause: max(abs(year.by_cause_myen.get(cause, 0.0)) for year in near) for cause in causes_of(budget)}
    shown = sorted(largest, key=lambda cause: -largest[cause])[:SHOWN_CAUSES]
    return [cause for cause in largest if cause in shown]


def limit_sentences(budget: Budget, money: MoneyFormat) -> list[str]:
    """Ends, caps and claw-backs, a sentence for each instrument that has any; and how many have none."""
    language, found, endless = money.language, [], 0
    for limit in budget.limits:
        parts = []
        if limit.sunset is not None:
            parts.append(phrase("fiscal.limit.sunset", language, day=limit.sunset))
        elif limit.last_year is not None:
            parts.append(phrase("fiscal.limit.last_year", language, year=limit.last_year))
        if limit.cap_myen is not None:
            parts.append(phrase("fiscal.limit.cap", language, amount=money.amount(limit.cap_myen)))
        if limit.limit_share_of_tax is not None:
            parts.append(
                phrase("fiscal.limit.of_tax", language, share=format_share(limit.limit_share_of_tax, language))
            )
        if limit.claw_back_years:
            parts.append(phrase("fiscal.limit.claw_back", language, years=limit.claw_back_years))
        if not parts:
            endless += 1
            continue
        kind = phrase(f"instrument.{limit.kind}", language)
        found.append(
            phrase(
                "fiscal.limit.sentence", language, kind=kind, limits=phrase("fiscal.limit.join", language).join(parts)
            )
        )
    if endless:
        found.append(phrase("fiscal.limit.none", language, number=endless))
    highest = budget.highest_claw_back
    if highest is not None:
        found.append(
            phrase(
                "fiscal.limit.back",
                language,
                year=highest.year,
                amount=money.amount(highest.claw_back_myen),
                last=budget.last_claw_back_year,
            )
        )
    return found


def kept_sentences(payment: Payment, kept: KeptBy | None, language: Language) -> list[str]:
    """Who keeps the local tax of the campus, and what the package changes for each of the three."""
    if kept is None:
        return [phrase("fiscal.kept_unknown", language)]
    here = kept.places[0]
    money, place, side = money_of(payment.after.plan, language), here.place, here.with_package
    town = place.name_ja if language == "ja" else place.name_en
    index = format_number(place.fiscal_index)
    if place.receives_grant:
        share = format_share(kept.counted_share, language)
        found = [phrase("fiscal.kept_receives", language, town=town, index=index, share=share)]
    else:
        found = [phrase("fiscal.kept_alone", language, town=town, index=index)]
    if side.local_tax_myen > 0:
        shares = {party: format_share(side.kept_myen[party] / side.local_tax_myen, language) for party in TREASURIES}
        amount = money.amount(side.local_tax_myen)
        found.append(phrase("fiscal.kept_tax", language, town=town, **shares, amount=amount))
    if side.to_prefecture_myen > LEAST_SHOWN_YEN / 1e6:
        found.append(phrase("fiscal.kept_large", language, town=town, amount=money.amount(side.to_prefecture_myen)))
    changes = {party: money.amount(kept.change_myen[party]) for party in TREASURIES}
    before = {f"{party}_before": money.amount(kept.before_rules_myen[party]) for party in TREASURIES}
    found.append(phrase("fiscal.kept_change", language, town=town, **changes, **before))
    return found
