"""The market as the pages ask for it: its year, some of its days, and what a load does to others."""

from __future__ import annotations

from datetime import date
from functools import cache

from kiban.finance.on_others import days_of_load, impact_of_load, year_of_market
from kiban.progress import Report, say_nothing
from kiban.report.market.hours_document import MarketDaysDocument, MarketYearDocument, days_document, year_document
from kiban.report.market.view import ImpactView, impact_view

REMEMBERED_IMPACTS = 50
_impacts: dict[tuple[float, str, bool, bool], ImpactView] = {}


@cache
def answer_year() -> MarketYearDocument:
    """The year by month; it is always the same."""
    return year_document(year_of_market())


def answer_days(first: date, days: int, load_mw: float, area: str) -> MarketDaysDocument:
    """Days hour by hour, without and with the load."""
    return days_document(days_of_load(first, days, load_mw, area))


def answer_impact(
    load_mw: float, area: str, *, fast: bool = False, long_run: bool = False, report: Report = say_nothing
) -> ImpactView:
    """What a load does to others, with `fast` without the market, with `long_run` also once plants have entered.

    The last answers are remembered: who moves a slider back has the answer at once.
    """
    asked = (load_mw, area, fast, long_run)
    found = _impacts.get(asked)
    if found is None:
        found = impact_view(impact_of_load(load_mw, area, fast=fast, long_run=long_run, report=report))
        while len(_impacts) >= REMEMBERED_IMPACTS:
            _impacts.pop(next(iter(_impacts)), None)
        _impacts[asked] = found
    return found
