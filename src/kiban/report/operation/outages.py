"""A campaign of outages in words and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType

from kiban.operation.campaign import Campaign
from kiban.quantities import Language, format_number, format_share
from kiban.report.layout import NOTHING, Sentence, bullets, section, table
from kiban.report.messages import say
from kiban.report.names import lost_unit_name
from kiban.report.phrases import phrase


def outages_document(campaign: Campaign, language: Language) -> dict[str, Any]:
    """The campaign in plain types; shares of the trials, MWh of IT energy a trial."""
    return {
        "sentence": say(campaign.sentence, language),
        "trials": campaign.trials,
        "hours": campaign.hours,
        "seed": campaign.seed,
        "units": [{**asdict(one), "probability": one.probability} for one in campaign.outcomes],
    }


def outages_text(campaign: Campaign, language: Language) -> RenderableType:
    """The answer, and a row for each unit."""
    rows = [
        [
            lost_unit_name(one.unit, language),
            f"{one.failed}/{one.trials}",
            format_share(one.probability, language),
            f"{format_share(one.low, language)} – {format_share(one.high, language)}",
            format_number(one.mean_unserved_mwh),
            format_number(one.worst_unserved_mwh),
            one.worst_begins or NOTHING,
        ]
        for one in campaign.outcomes
    ]
    names = ("unit", "failed", "chance", "range", "mean", "worst", "begins")
    headings = [phrase(f"outages.{name}", language) for name in names]
    made = table(headings, rows, numeric=(1, 2, 3, 4, 5), whole=())
    return Group(
        Sentence(say(campaign.sentence, language), style="bold"),
        *section(phrase("outages.title", language), made),
        bullets([phrase("outages.note", language, hours=campaign.hours)]),
    )
