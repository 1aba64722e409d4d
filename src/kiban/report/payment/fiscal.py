"""The budget's form, who keeps the tax, and the bridge, as JSON and as a table to paste into a spreadsheet.

Money is million yen: of the year in the budget's form, present value at the social rate elsewhere.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal, TypedDict

from kiban.finance.bridge import Step
from kiban.finance.budget import Budget, FiscalYear, SupportLimit
from kiban.finance.chip_market import ENDS, Incidence, IncidenceRange
from kiban.finance.kept_by import KeptBy, PlaceKept, SideKept
from kiban.finance.ledger import TREASURIES
from kiban.quantities import LANGUAGES, Language
from kiban.report.names import Names, named
from kiban.report.payment.others import group_name
from kiban.report.phrases import phrase, phrase_or
from kiban.report.plan.record import Fields
from kiban.report.table_file import csv_text


class YearTotal(TypedDict):
    """What a package costs in one fiscal year."""

    year: int
    loss_myen: float


class BudgetDocument(TypedDict):
    """Totals of the budget's form, official totals, ends, caps and claw-backs; `form` is the file of all its years."""

    first_year: YearTotal | None
    full_year: YearTotal | None
    five_years_myen: float
    life_myen: float
    present_value_myen: float
    inflation: float
    measures: list[dict[str, Any]]
    limits: list[Annotated[Fields, SupportLimit]]
    form: dict[Language, str]


class StepDocument(TypedDict):
    """One step of the bridge; see `Step`."""

    kind: str
    party: str
    cause: str
    label: Names
    amount_myen: float
    running_myen: float
    yen: int


KeptDocument = TypedDict(
    "KeptDocument",
    {
        "treasury": float,
        "prefecture": float,
        "municipality": float,
        "before_rules_myen": dict[str, float],
        "place": Names,
        "prefecture_name": Names,
        "fiscal_index": float,
        "receives_grant": bool,
        "prefecture_receives_grant": bool,
        "need_myen": float,
        "without": Annotated[Fields, SideKept],
        "with": Annotated[Fields, SideKept],
    },
)
"""Change of the three at one municipality after large assets and the allocation tax; see `PlaceKept`."""


class NationalKeptDocument(TypedDict):
    """Change of the three after large assets and the allocation tax, in all and at each municipality."""

    treasury: float
    prefecture: float
    municipality: float
    before_rules_myen: dict[str, float]
    places: list[KeptDocument]


class IncidenceDocument(TypedDict):
    """Shares of the support by who ends with it; see `IncidenceRange`."""

    users: float
    owner: float
    suppliers_home: float
    suppliers_abroad: float
    lost: float
    low: dict[str, float]
    high: dict[str, float]
    elastic: Annotated[Fields, Incidence]
    all_countries: Annotated[Fields, Incidence]
    support_share_of_cost: float
    chip_price_change: float
    quantity_change: float
    elasticities: dict[str, float]


def incidence_document(found: IncidenceRange | None) -> IncidenceDocument | None:
    """Who ends with the support; None where compute becomes no cheaper."""
    if found is None:
        return None
    users, owner, home, abroad, lost = (found.middle.shares[end] for end in ENDS)
    return {
        "users": users,
        "owner": owner,
        "suppliers_home": home,
        "suppliers_abroad": abroad,
        "lost": lost,
        "low": dict(found.low),
        "high": dict(found.high),
        "elastic": dataclasses.asdict(found.elastic),
        "all_countries": dataclasses.asdict(found.all_countries),
        "support_share_of_cost": found.middle.support_share_of_cost,
        "chip_price_change": found.middle.chip_price_change,
        "quantity_change": found.middle.quantity_change,
        "elasticities": dict(found.elasticities),
    }


def budget_document(budget: Budget) -> BudgetDocument:
    """Totals of the budget's form."""
    return {
        "first_year": _total(budget.first_year),
        "full_year": _total(budget.full_year),
        "five_years_myen": budget.five_years_myen,
        "life_myen": budget.life_myen,
        "present_value_myen": budget.present_value_myen,
        "inflation": budget.inflation,
        "measures": [{**dataclasses.asdict(one), "share": one.share} for one in budget.measures],
        "limits": [dataclasses.asdict(one) for one in budget.limits],
        "form": {language: budget_csv(budget, language) for language in LANGUAGES},
    }


def year_documents(budget: Budget) -> list[dict[str, Any]]:
    """The budget's form year by year."""
    return [dataclasses.asdict(year) for year in budget.years]


def bridge_documents(steps: tuple[Step, ...]) -> list[StepDocument]:
    """The bridge, step by step."""
    return [
        {
            "kind": step.kind,
            "party": step.party,
            "cause": step.cause,
            "label": {"en": step_name(step, "en"), "ja": step_name(step, "ja")},
            "amount_myen": step.amount_myen,
            "running_myen": step.running_yen / 1e6,
            "yen": step.yen,
        }
        for step in steps
    ]


def kept_document(kept: KeptBy | None) -> KeptDocument | None:
    """Who keeps what changes at one campus; None where the rules of Japan do not apply or the place is not known."""
    return None if kept is None else _place_document(kept.places[0])


def national_kept_document(kept: KeptBy | None) -> NationalKeptDocument | None:
    """The same of a country; None where the place of a campus is not known."""
    if kept is None:
        return None
    treasury, prefecture, municipality = (kept.change_myen[party] for party in TREASURIES)
    return {
        "treasury": treasury,
        "prefecture": prefecture,
        "municipality": municipality,
        "before_rules_myen": dict(kept.before_rules_myen),
        "places": [_place_document(one) for one in kept.places],
    }


def _place_document(kept: PlaceKept) -> KeptDocument:
    place, change = kept.place, kept.change_myen
    treasury, prefecture, municipality = (change[party] for party in TREASURIES)
    return {
        "treasury": treasury,
        "prefecture": prefecture,
        "municipality": municipality,
        "before_rules_myen": dict(kept.before_rules_myen),
        "place": {"en": place.name_en, "ja": place.name_ja},
        "prefecture_name": named(prefecture_name, place.prefecture),
        "fiscal_index": place.fiscal_index,
        "receives_grant": place.receives_grant,
        "prefecture_receives_grant": place.prefecture_receives_grant,
        "need_myen": place.need_myen,
        "without": dataclasses.asdict(kept.without),
        "with": dataclasses.asdict(kept.with_package),
    }


def prefecture_name(name: str, language: Language) -> str:
    """Name of a prefecture."""
    return phrase_or(f"prefecture.{name}", language, name)


def step_name(step: Step, language: Language) -> str:
    """What a step of the bridge is called."""
    if step.kind in ("net", "end"):
        return phrase("fiscal.step_net" if step.kind == "net" else "fiscal.step_end", language)
    if not step.party:
        return phrase("fiscal.cause.risk", language)
    if step.kind == "elsewhere":
        return group_name(step.party, language)
    party = phrase(f"pay.party.{step.party}", language)
    if step.kind == "party":
        return party
    cause = cause_name(step.cause, language)
    return phrase(
        "fiscal.step_back" if step.kind == "tax_back" else "fiscal.step_support", language, party=party, cause=cause
    )


def cause_name(cause: str, language: Language) -> str:
    """What a budget calls a kind of loss."""
    return phrase(f"fiscal.cause.{cause}", language)


def causes_of(budget: Budget) -> list[str]:
    """Causes in a budget, the dearest over its life first."""
    sums: dict[str, float] = {}
    for year in budget.years:
        for cause, amount in year.by_cause_myen.items():
            sums[cause] = sums.get(cause, 0.0) + amount
    return sorted(sums, key=lambda cause: -sums[cause])


def budget_csv(budget: Budget, language: Language) -> str:
    """The budget's form as a table: a row for each fiscal year, then first year, full year, five years and life.

    Amounts are million yen of the year, to the thousand yen; a loss is positive.
    """
    causes = causes_of(budget)
    columns = [
        phrase("fiscal.heading.year", language),
        phrase("fiscal.heading.loss", language),
        *(cause_name(cause, language) for cause in causes),
        *(phrase(f"pay.party.{party}", language) for party in TREASURIES),
        phrase("fiscal.heading.start_prices", language),
        phrase("fiscal.heading.claw_back", language),
    ]
    rows: list[list[object]] = [_year_row(year, str(year.year), causes) for year in budget.years]
    for name, year in (("first", budget.first_year), ("full", budget.full_year)):
        if year is not None:
            rows.append(_year_row(year, total_name(name, year.year, language), causes))
    for name, amount in (("five", budget.five_years_myen), ("life", budget.life_myen)):
        rows.append([total_name(name, None, language), _thousands(amount)])
    return csv_text(columns, rows)


def total_name(name: Literal["first", "full", "five", "life"] | str, year: int | None, language: Language) -> str:
    """First year, full year, five years, life; with the fiscal year where it is one."""
    text = phrase(f"fiscal.total.{name}", language)
    return text if year is None else phrase("fiscal.of_year", language, name=text, year=year)


def _year_row(year: FiscalYear, name: str, causes: list[str]) -> list[object]:
    return [
        name,
        _thousands(year.loss_myen),
        *(_thousands(year.by_cause_myen.get(cause, 0.0)) for cause in causes),
        *(_thousands(year.by_party_myen.get(party, 0.0)) for party in TREASURIES),
        _thousands(year.at_start_prices_myen),
        _thousands(year.claw_back_myen),
    ]


def _thousands(myen: float) -> str:
    return f"{myen:.3f}"


def _total(year: FiscalYear | None) -> YearTotal | None:
    return None if year is None else {"year": year.year, "loss_myen": year.loss_myen}
