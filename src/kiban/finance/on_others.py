"""What a load, a plan or a national study does to the bills of all others on the grid: the questions to the market."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from kiban.catalogue import load_catalogue
from kiban.errors import Problem, ScenarioError
from kiban.market.areas import MARKET_AREAS
from kiban.market.campus import ALL_AREAS, CampusImpact, ask_market, bare_load, load_of_study
from kiban.market.committed_week import DAYS, CommittedWeek, commit_week
from kiban.market.days import MarketDays, clear_days, hours_of_days
from kiban.market.hours import synthetic_hours
from kiban.market.overview import MarketOverview, overlook
from kiban.market.year import MarketCase, clear_year, default_case
from kiban.progress import Report, say_nothing

if TYPE_CHECKING:
    from kiban.planning.plan import Plan
    from kiban.scenario.national import NationalScenario


def impact_of_load(
    load_mw: float,
    area: str,
    *,
    fast: bool = False,
    everywhere: bool = False,
    long_run: bool = False,
    report: Report = say_nothing,
) -> CampusImpact:
    """The impact of a flat load in an area, of which may wait what a scenario says by default; see `ask_market`.

    Raises `ScenarioError` for an area that is not of the market, and for more than the bid curves know where `fast`.
    """
    catalogue = load_catalogue()
    _require_below_peak(load_mw, area)
    usual = (0.0, 0.0)
    if everywhere:  # scenarios take long to be read in, and a fast answer has no use for them
        from kiban.scenario.compute import Load

        usual = (Load().deferrable_share, Load().max_delay_hours)
    return ask_market(
        bare_load(load_mw, area, *usual), catalogue, fast=fast, everywhere=everywhere, long_run=long_run, report=report
    )


def check_week(first: date, key: str) -> None:
    """Raise `ScenarioError` of the key where the year of the market does not hold the week from a day on."""
    hours_of_days(synthetic_hours(load_catalogue()), first, DAYS, key)


def commit_week_of(found: CampusImpact, first: date, report: Report = say_nothing) -> CommittedWeek:
    """The week from a day on without and with the load that was asked about, with units that run or stand still."""
    return commit_week(default_case(load_catalogue()), first, found.asked.load_mw, report)


def impact_of_plan(
    plan: Plan, *, fast: bool = False, everywhere: bool = False, long_run: bool = False, report: Report = say_nothing
) -> CampusImpact:
    """The impact of what an optimal plan draws hour by hour, beside the same load without its own power."""
    from kiban.planning.grid_draw import load_of_plan

    catalogue = load_catalogue()
    asked = load_of_plan(plan, synthetic_hours(catalogue).start)
    return ask_market(asked, catalogue, fast=fast, everywhere=everywhere, long_run=long_run, report=report)


def impact_of_study(
    study: NationalScenario,
    *,
    fast: bool = False,
    everywhere: bool = False,
    long_run: bool = False,
    build: bool = False,
    report: Report = say_nothing,
) -> CampusImpact:
    """The impact of a study's load as it names it, or with `build` of what its plan draws over the year.

    Raises `NationalInfeasibleError` where there is no plan.
    """
    catalogue = load_catalogue()
    if not build:
        return ask_market(
            load_of_study(study, catalogue),
            catalogue,
            fast=fast,
            everywhere=everywhere,
            long_run=long_run,
            report=report,
        )
    from kiban.finance.national_choice import NationalInfeasibleError
    from kiban.national.building import build_national
    from kiban.national.result.grid_draw import load_of_national_plan

    plan = build_national(study, report=report)
    if plan.status == "infeasible":
        raise NationalInfeasibleError(plan)
    return ask_market(
        load_of_national_plan(plan), catalogue, fast=fast, everywhere=everywhere, long_run=long_run, report=report
    )


def days_of_load(first: date, days: int, load_mw: float, area: str) -> MarketDays:
    """Days of the catalogue's year without and with a flat load in an area, or over `all`.

    Raises `ScenarioError` for an area that is not of the market, for more than its peak demand, and for days that the
    year does not hold.
    """
    _require_below_peak(load_mw, area)
    return clear_days(_case(), first, days, bare_load(load_mw, area).load_mw)


def _require_below_peak(load_mw: float, area: str) -> None:
    """Beyond the area's own peak an hour of a variant may not clear, and no price would mean anything."""
    catalogue = load_catalogue()
    places = MARKET_AREAS if area == ALL_AREAS else (area,)
    if all(place in MARKET_AREAS for place in places):
        most = sum(catalogue.value(f"grid.{place}.peak_demand") for place in places)
        if load_mw > most:
            raise ScenarioError(Problem("impact.beyond_peak", key="--load", values={"value": load_mw, "most": most}))


@cache
def year_of_market() -> MarketOverview:
    """The catalogue's year at a glance, without any load of ours; cleared once in a process."""
    return overlook(clear_year(_case()))


@cache
def _case() -> MarketCase:
    return default_case(load_catalogue())
