"""Which supply cannot stand yet: years from the decision to operation, by technology and site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kiban.catalogue import Catalogue
from kiban.errors import Problem
from kiban.scenario import KNOWN_SUPPLY, Supply
from kiban.scenario.national import CandidateSite, NationalScenario


def mentioned_supply(study: NationalScenario, own: CandidateSite | None) -> dict[str, Supply]:
    """The supply options that the study or the site mentions; the site's go before the study's."""
    return dict(study.supply) | (own.supply if own is not None else {})


def first_years(study: NationalScenario, own: CandidateSite | None, catalogue: Catalogue) -> dict[str, float]:
    """The first year in which each supply option of a site can run.

    The site's `lead_time_years` goes before the study's, and that before the catalogue's `NAME.lead_time`;
    an option that none of them knows can run at once.
    """
    mentioned = mentioned_supply(study, own)
    years = {}
    for name in dict.fromkeys((*KNOWN_SUPPLY, *mentioned)):
        option = mentioned.get(name)
        if option is not None and not option.enabled:
            continue
        lead = option.lead_time_years if option is not None else None
        if lead is None and name in study.supply:
            lead = study.supply[name].lead_time_years
        if lead is None:
            row = f"{name}.lead_time"
            lead = catalogue.value(row) if row in catalogue else 0.0
        years[name] = study.national.decision_year + lead
    return years


def late_supply(
    study: NationalScenario, own: CandidateSite | None, catalogue: Catalogue, year: int | None
) -> dict[str, float]:
    """The options that cannot run in `year` yet, with the first year in which they can; none without a year."""
    if year is None:
        return {}
    return {name: first for name, first in first_years(study, own, catalogue).items() if first > year}


def check_lead_times(late: Mapping[str, float], mentioned: Mapping[str, Supply], year: int | None) -> Iterator[Problem]:
    """Options that must be built and are among those that cannot stand in time."""
    for name, first in late.items():
        option = mentioned.get(name)
        if option is not None and option.min_mw > 0:
            yield Problem(
                "national.too_late", key=f"supply.{name}.min_mw", capacity_mw=option.min_mw, first_year=first, year=year
            )
