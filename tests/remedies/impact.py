"""Remedies of `kiban impact`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from tests.remedies import Case, Ground, Step

from kiban.catalogue import load_catalogue
from kiban.finance.on_others import days_of_load
from kiban.market.added_load import with_load
from kiban.market.areas import MARKET_AREAS
from kiban.market.campus import load_of_study, place_of
from kiban.market.response import area_market
from kiban.market.year import default_case
from kiban.planning.grid_draw import load_of_plan
from kiban.scenario.national_file import read_national


def asked(g: Ground, *arguments: str) -> Step:
    return lambda: g.command("impact", *arguments)


def placed(area: str | None) -> Step:
    """The draw of a plan of one day in an area."""
    time = pd.date_range("2019-01-01", periods=24, freq="h", tz="Asia/Tokyo")
    plan: Any = SimpleNamespace(
        time=time,
        hourly={"load_mw": np.ones(24)},
        scenario=SimpleNamespace(
            name="a day",
            site=SimpleNamespace(area=area, id=None),
            time=SimpleNamespace(step_hours=1.0),
            load=SimpleNamespace(deferrable_share=0.2, max_delay_hours=24),
        ),
    )
    return lambda: load_of_plan(plan, time.tz_localize(None).to_numpy())


def studied(g: Ground, *sites: str) -> Step:
    lines = ["[national]", 'name = "a study"', "[[tranche]]", 'id = "all"', "it_load_mw = 10"]
    for site in sites:
        lines += ["[[site]]", f'id = "{site}"', "connection_mw = 10"]
    return lambda: load_of_study(read_national(g.write("study.toml", lines)), load_catalogue())


def delivered(mw: float) -> Step:
    """A flat delivery in Shikoku on the first day of the market."""
    case = default_case(load_catalogue())
    market = area_market(case, np.arange(24)).market
    return lambda: with_load(market, np.where(np.array(MARKET_AREAS) == "shikoku", -mw, 0.0))


def shown(first: str) -> Step:
    return lambda: days_of_load(date.fromisoformat(first), 7, 10.0, "all")


TOKYO = ("--area", "tokyo")
CASES: Mapping[str, Case] = {
    "market.no_days": lambda g: (shown("2025-03-28"), shown("2024-04-01"), shown("2025-03-25")),
    "impact.beyond_bids": lambda g: (
        asked(g, "--load", "1500", *TOKYO, "--fast"),
        asked(g, "--load", "1000", *TOKYO, "--fast"),
    ),
    "impact.no_exchange": lambda g: (lambda: place_of("okinawa"), lambda: place_of("kyushu")),
    "impact.abroad": lambda g: (placed(None), placed("hokkaido")),
    "impact.no_site": lambda g: (studied(g, "okinawa"), studied(g, "okinawa", "inzai")),
    "impact.load_and_subject": lambda g: (
        asked(g, "japan", "--load", "5", *TOKYO),
        asked(g, "--load", "5", *TOKYO, "--fast"),
    ),
    "impact.area_and_load": lambda g: (asked(g, "--load", "5"), asked(g, "--load", "500", *TOKYO, "--fast")),
    "impact.only_study": lambda g: (
        asked(g, "--load", "5", *TOKYO, "--build", "--fast"),
        asked(g, "--load", "5", *TOKYO, "--fast"),
    ),
    "impact.beyond_peak": lambda g: (
        asked(g, "--load", "20000", "--area", "shikoku"),
        asked(g, "--load", "1000", "--area", "shikoku", "--fast"),
    ),
    "impact.undeliverable": lambda g: (delivered(6000.0), delivered(300.0)),
    "impact.week_page": lambda g: (
        asked(g, "--load", "5", *TOKYO, "--commitment", "2024-07-01", "--report", "page.html"),
        asked(g, "--load", "5", *TOKYO, "--fast", "--report", "page.html"),
    ),
    "impact.fast_everywhere": lambda g: (
        asked(g, "--load", "5", *TOKYO, "--fast", "--areas"),
        asked(g, "--load", "5", *TOKYO, "--fast"),
    ),
}
