"""What a national plan draws from the grid in each area of the market, over a year."""

from __future__ import annotations

import numpy as np

from kiban.calendar import HOURS_PER_YEAR
from kiban.errors import Problem, ScenarioError
from kiban.market.areas import MARKET_AREAS
from kiban.market.campus import CampusLoad
from kiban.market.placements import CampusDraw
from kiban.national.result.plan import NationalPlan


def load_of_national_plan(plan: NationalPlan) -> CampusLoad:
    """The yearly imports of the plan's sites by area, taken flat; a national plan keeps no hours.

    Raises `ScenarioError` where no site of the plan draws from an area with an exchange.
    """
    load = np.zeros(len(MARKET_AREAS))
    for site in plan.sites:
        area = site.candidate.area
        if area in MARKET_AREAS:
            load[MARKET_AREAS.index(area)] += site.energy_mwh.get("import", 0.0) / HOURS_PER_YEAR
    if not load.any():
        raise ScenarioError(Problem("impact.no_site", key="site"))
    return CampusLoad(plan.study.national.name, "national_plan", load, CampusDraw(float(load.sum())))
