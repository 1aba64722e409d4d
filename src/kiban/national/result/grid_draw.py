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

    Sites that draw in an area without an exchange are left out, and named: they move no price.

    Raises `ScenarioError` where no site of the plan draws from an area with an exchange.
    """
    load = np.zeros(len(MARKET_AREAS))
    left_out = []
    for site in plan.sites:
        area, drawn = site.candidate.area, site.energy_mwh.get("import", 0.0)
        if area in MARKET_AREAS:
            load[MARKET_AREAS.index(area)] += drawn / HOURS_PER_YEAR
        elif drawn > 0.0:
            left_out.append(site.candidate.id)
    if not load.any():
        raise ScenarioError(Problem("impact.no_site", key="site"))
    return CampusLoad(
        plan.study.national.name, "national_plan", load, CampusDraw(float(load.sum())), left_out=tuple(left_out)
    )
