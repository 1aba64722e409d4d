"""People and goods by year in a national plan: at the command line and in JSON."""

from __future__ import annotations

from typing import TypedDict

from rich.console import Group, RenderableType
from rich.text import Text

from kiban.national.result.annual_limits import LimitUse, LimitYear
from kiban.national.result.plan import NationalPlan
from kiban.quantities import Language, MoneyFormat, format_number
from kiban.report.layout import bullets, remark, table
from kiban.report.phrases import phrase


class LimitYearDocument(TypedDict):
    """What a plan takes in a year; see `LimitYear`."""

    year: int
    taken: float
    available: float
    full: bool


class LimitDocument(TypedDict):
    """People or goods that a plan may take by year; see `LimitUse`."""

    id: str
    name: str
    unit: str
    sites: list[str]
    years: list[LimitYearDocument]
    price_myen_per_year: float
    worth_myen: float | None


def limit_documents(plan: NationalPlan) -> list[LimitDocument]:
    """Every limit in plain types."""
    return [
        {
            "id": use.id,
            "name": use.name,
            "unit": use.unit,
            "sites": list(use.sites),
            "years": [
                {"year": one.year, "taken": one.taken, "available": one.available, "full": one.is_full}
                for one in use.years
            ],
            "price_myen_per_year": use.price_myen,
            "worth_myen": use.worth_myen,
        }
        for use in plan.limits
    ]


def limits_section(plan: NationalPlan, language: Language, money: MoneyFormat) -> RenderableType:
    """A row for each limit in its fullest year, and what more of those that bind would save."""
    headings = [phrase(f"limits.{key}", language) for key in ("name", "year", "taken", "available", "unit")]
    rows = [
        [use.name, str(one.year), format_number(one.taken), format_number(one.available), use.unit]
        for use in plan.limits
        if use.years
        for one in (_fullest(use),)
    ]
    said = [limit_sentence(use, language, money) for use in plan.limits if use.price_myen > 0]
    return Group(
        table(headings, rows, numeric=(1, 2, 3)),
        *([Text(), bullets(said)] if said else []),
        Text(),
        remark(phrase("limits.basis", language)),
    )


def limit_sentence(use: LimitUse, language: Language, money: MoneyFormat, count: float = 1.0) -> str:
    """What more of a limit is worth: `count` more units in every year of it."""
    years = use.full_years or tuple(one.year for one in use.years)
    worth = "" if use.worth_myen is None else phrase(
        "limits.worth_over", language, worth=money.amount(count * use.worth_myen)
    )  # fmt: skip
    return phrase(
        "limits.worth",
        language,
        count=f"{count:g}",
        unit=use.unit,
        name=use.name,
        first=min(years),
        last=max(years),
        price=money.amount(count * use.price_myen),
        over=worth,
    )


def _fullest(use: LimitUse) -> LimitYear:
    """The year in which most of what there is is taken."""
    return max(use.years, key=lambda one: (one.taken / max(one.available, 1e-9), -one.year))
