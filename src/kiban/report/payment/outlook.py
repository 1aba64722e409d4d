"""Beyond the campus and the year, as JSON and in a sentence each: a large load's contract, leakage, timing.

Money is million yen, present value: at the start of service for the contract, of the start year for leakage.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, TypedDict

from kiban.finance.fiscal import FiscalViews
from kiban.finance.large_load import NO_TERMS, LargeLoad, LargeLoadView, TermsOutcome
from kiban.finance.leakage import Circle, Elsewhere, Leakage
from kiban.finance.load_contract import LoadTerms
from kiban.finance.timing import SHARES, Case, Decision, Timing
from kiban.finance.waiting import Split
from kiban.quantities import Language, format_number, format_share
from kiban.report.names import Names, money_of, named
from kiban.report.phrases import phrase
from kiban.report.plan.record import Fields


class TermsDocument(TypedDict):
    """What one set of terms means; see `TermsOutcome`."""

    label: Names
    terms: Annotated[Fields, LoadTerms]
    others_myen: dict[str, float]
    owner_myen: dict[str, float]
    others_expected_myen: float
    others_range_myen: list[float]
    stranded_myen: float
    borne_by_others_myen: float
    borne_by_treasuries_myen: float
    borne_by_owner_myen: float
    break_even_probability: float | None


class LargeLoadDocument(TypedDict):
    """Terms side by side on one connection; see `LargeLoadView`."""

    connection: Annotated[Fields, LargeLoad]
    chances: dict[str, float]
    terms: list[TermsDocument]


class LeakageDocument(TypedDict):
    """What is new to the place, the country and the world; see `Leakage`."""

    elsewhere: Annotated[Fields, Elsewhere]
    circles: dict[str, Annotated[Fields, Circle]]
    low: dict[str, Annotated[Fields, Circle]]
    high: dict[str, Annotated[Fields, Circle]]


TimingDocument = TypedDict(
    "TimingDocument",
    {
        "case": Annotated[Fields, Case],
        "ends_by_law": bool,
        "without": Annotated[Fields, Decision],
        "with": Annotated[Fields, Decision],
        "split": Annotated[Fields, Split],
        "low": dict[str, float],
        "high": dict[str, float],
        "endless": Annotated[Fields, Split],
    },
)
"""When an owner orders, and what the package brings forward; see `Timing`."""


def large_load_document(found: LargeLoadView | None) -> LargeLoadDocument | None:
    """Terms side by side; None without a connection that has a demand charge."""
    if found is None:
        return None
    return {
        "connection": dataclasses.asdict(found.load),
        "chances": dataclasses.asdict(found.chances),
        "terms": [_terms(one) for one in found.outcomes],
    }


def _terms(one: TermsOutcome) -> TermsDocument:
    return {
        "label": named(terms_name, one.terms.name),
        "terms": dataclasses.asdict(one.terms),
        "others_myen": {str(state): value for state, value in one.others_myen.items()},
        "owner_myen": {str(state): value for state, value in one.owner_myen.items()},
        "others_expected_myen": one.others_expected_myen,
        "others_range_myen": list(one.others_range_myen),
        "stranded_myen": one.stranded_myen,
        "borne_by_others_myen": one.borne_by_others_myen,
        "borne_by_treasuries_myen": one.borne_by_treasuries_myen,
        "borne_by_owner_myen": one.borne_by_owner_myen,
        "break_even_probability": one.break_even_probability,
    }


def leakage_document(found: Leakage | None) -> LeakageDocument | None:
    """The circles; None where nothing is induced."""
    if found is None:
        return None
    return {
        "elsewhere": dataclasses.asdict(found.elsewhere),
        "circles": {name: dataclasses.asdict(circle) for name, circle in found.circles.items()},
        "low": {name: dataclasses.asdict(circle) for name, circle in found.low.items()},
        "high": {name: dataclasses.asdict(circle) for name, circle in found.high.items()},
    }


def timing_document(found: Timing | None) -> TimingDocument | None:
    """The decision on both sides; None where support does not reach who orders."""
    if found is None:
        return None
    return {
        "case": dataclasses.asdict(found.case),
        "ends_by_law": found.ends_by_law,
        "without": dataclasses.asdict(found.without),
        "with": dataclasses.asdict(found.with_package),
        "split": dataclasses.asdict(found.split),
        "low": dict(found.low),
        "high": dict(found.high),
        "endless": dataclasses.asdict(found.endless),
    }


def terms_name(name: str, language: Language) -> str:
    """What terms of a large load are called."""
    return phrase(f"outlook.terms.{name}", language)


def large_load_sentence(views: FiscalViews, found: LargeLoadView, language: Language) -> str:
    """What other customers bear of works for a load that never comes, without terms and under each."""
    money = money_of(views.payment.after.plan, language)
    free = next(one for one in found.outcomes if one.terms.name == NO_TERMS)
    best = min(found.outcomes, key=lambda one: one.borne_by_others_myen)
    said = {
        "works": money.amount(free.stranded_myen),
        "free": money.amount(free.borne_by_others_myen),
        "best": money.amount(best.borne_by_others_myen),
        "terms": terms_name(best.terms.name, language),
        "never": format_share(found.chances.never, language),
        "part": format_share(found.chances.part, language),
    }
    return phrase("outlook.large_load", language, **said)


def leakage_sentence(found: Leakage, language: Language) -> str:
    """What of the induced load is new to the country and to the world, and what emissions do there."""
    said: dict[str, Any] = {
        "home": format_share(found.elsewhere.share_other_prefectures, language),
        "abroad": format_share(found.elsewhere.share_abroad, language),
    }
    for name, circle in found.circles.items():
        low, high = found.low[name], found.high[name]
        said[name] = format_number(circle.induced_it_mw)
        said[f"{name}_low"], said[f"{name}_high"] = (format_number(one.induced_it_mw) for one in (low, high))
        said[f"{name}_t"] = format_number(circle.emissions_t_per_year)
    return phrase("outlook.leakage", language, **said)


def timing_sentence(found: Timing, language: Language) -> str:
    """When the owner orders without the package and with it, and what is brought forward."""
    years = found.case.ends_after_years
    end = "ends_law" if found.ends_by_law else "ends_assumed"
    said = {share: format_share(getattr(found.split, share), language) for share in SHARES}
    return phrase(
        "outlook.timing",
        language,
        without=phrase(f"outlook.choice.{found.without.choice}", language),
        supported=phrase(f"outlook.choice.{found.with_package.choice}", language),
        years=f"{found.split.years_brought_forward:.1f}",
        end=phrase(f"outlook.{end}", language, years=f"{years or 0.0:g}"),
        **said,
    )
