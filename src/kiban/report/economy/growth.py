"""Published growth figures and what they need, at the command line and as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from rich.console import Group, RenderableType

from kiban.economy.growth_needs import Growth, GrowthNeed
from kiban.finance.things import MW_PER_GW
from kiban.quantities import Language, MoneyFormat, format_number, format_percent, format_share
from kiban.report.layout import NOTHING, Sentence, bullets, section, table
from kiban.report.phrases import phrase


def growth_answer(found: Growth, language: Language) -> str:
    """What the load is of what each claim needs, from the least to the most, and on what that rests."""
    shares = [one.share_of_load for one in found.claims]
    return phrase(
        "growth.answer",
        language,
        load=format_number(found.load_mw),
        least=format_share(min(one.value for one in shares), language),
        most=format_share(max(one.value for one in shares), language),
        least_low=format_share(min(one.low for one in shares), language),
        most_high=format_share(max(one.high for one in shares), language),
        last=str(found.claims[0].scenario.until_year),
        share=format_share(found.share.value, language),
        low=format_share(found.share.low or 0.0, language),
        high=format_share(found.share.high or 0.0, language),
    )


def growth_notes(found: Growth, language: Language) -> list[str]:
    """What the figures are and are not."""
    cost = format_number(found.yen_per_gpu_hour)
    return [
        phrase("growth.methods", language),
        phrase("growth.path", language, year=str(found.path.base_year)),
        phrase("growth.cost", language, chip=found.chip.upper(), cost=cost),
        phrase("growth.not", language),
        *(_source(one) for one in found.claims),
    ]


def _source(found: GrowthNeed) -> str:
    """A claim with its publisher, what is known of its method, and where it was read; as the catalogue has it."""
    claim = found.claim
    return f"{claim.id}, {claim.publisher}: {claim.note} ({claim.status}; {claim.address})"


def growth_text(found: Growth, language: Language) -> RenderableType:
    """Everything that `kiban growth` prints."""
    money = MoneyFormat(language)
    claims = [
        [
            one.claim.id,
            phrase(f"growth.measure.{one.claim.measure}", language),
            NOTHING if one.claim.until_year is None else str(one.claim.until_year),
            format_percent(one.scenario.growth_per_year, language),
            format_number(one.scenario.gap_trillion_yen),
            format_number(one.real.gap_trillion_yen),
            format_number(one.scenario.cumulative_trillion_yen),
        ]
        for one in found.claims
    ]
    needs = [
        [
            one.claim.id,
            *(format_number(value / MW_PER_GW) for value in (one.it_mw.value, one.it_mw.low, one.it_mw.high)),
            format_number(one.energy_twh_per_year.value),
            money.amount(one.investment_myen.value),
            format_percent(one.share_of_load.value, language),
        ]
        for one in found.claims
    ]
    parts: list[RenderableType] = [Sentence(growth_answer(found, language), style="bold")]
    names = ("publisher", "is", "until", "growth", "gap", "real", "sum")
    laid = table(_headings(names, language), claims, numeric=range(2, len(names)))
    parts += section(phrase("growth.title_claims", language), laid)
    names = ("publisher", "gw", "low", "high", "twh", "investment", "share")
    laid = table(_headings(names, language), needs, numeric=range(1, len(names)))
    parts += section(phrase("growth.title_needs", language), laid)
    parts += section(phrase("growth.title_notes", language), bullets(growth_notes(found, language)))
    return Group(*parts)


def growth_document(found: Growth, language: Language) -> dict[str, Any]:
    """The figures behind it: trillion yen of GDP, million yen of money, MW and TWh."""
    return {
        "sentence": growth_answer(found, language),
        "notes": growth_notes(found, language),
        "load_mw": found.load_mw,
        "compute_share": {"value": found.share.value, "low": found.share.low, "high": found.share.high},
        "yen_per_gpu_hour": found.yen_per_gpu_hour,
        "claims": [_claim(one) for one in found.claims],
    }


def _claim(found: GrowthNeed) -> dict[str, Any]:
    keys = ("compute_myen_per_year", "it_mw", "energy_twh_per_year", "investment_myen", "share_of_load")
    return {
        **dataclasses.asdict(found.claim),
        "path": found.scenario.path,
        "growth_per_year": found.scenario.growth_per_year,
        "gap_share": found.scenario.gap_share,
        "gap_trillion_yen": found.scenario.gap_trillion_yen,
        "gap_at_constant_prices_trillion_yen": found.real.gap_trillion_yen,
        "cumulative_trillion_yen": found.scenario.cumulative_trillion_yen,
        "linear_sum_trillion_yen": found.linear_sum_trillion_yen,
        **{key: dataclasses.asdict(getattr(found, key)) for key in keys},
    }


def _headings(names: tuple[str, ...], language: Language) -> list[str]:
    return [phrase(f"growth.heading.{name}", language) for name in names]
