"""What one more hour of delay is worth, by hand, where every hour's arrivals are others."""

from __future__ import annotations

import numpy as np
import pytest

from kiban.linear import solve
from kiban.physics.compute import allowed_backlog
from kiban.planning.programme import write_programme
from kiban.planning.resources import GridResource, Resources
from kiban.planning.worths import compute_worths

# Four hours stand for the year, 2,190 h each. Energy costs 0.02 million yen/MWh, and 0.01 in hour 2. All that
# may wait over hour 1 is served in hour 2, and so the backlog of hour 1 is all that binds:
#   no delay   it holds nothing                          8, 4 and 1 at 0.02, 2 at 0.01          = 0.28
#   one hour   4 MWh, what arrived in hour 1             8 and 1 at 0.02, 4 + 2 at 0.01         = 0.24
#   two hours  8 + 4, of hours 0 and 1                   1 at 0.02, 8 + 4 + 2 at 0.01           = 0.16
#   three      1 + 8 + 4, from hour 3 of the day before  15 at 0.01                             = 0.15
COSTS = [0.28 * 2190, 0.24 * 2190, 0.16 * 2190, 0.15 * 2190]
HOURLY_MW = [8.0, 4.0, 2.0, 1.0]
# The same work by the half hour: the two halves of an hour are uneven too.
HALF_HOURLY_MW = [9.0, 7.0, 5.0, 3.0, 2.5, 1.5, 1.5, 0.5]


def site(arrivals: list[float], delay_hours: int) -> Resources:
    steps = len(arrivals)
    step_hours = 4 / steps
    zero, arrivals_mw = np.zeros(steps), np.array(arrivals)
    price = np.where(np.arange(steps) * step_hours // 1 == 2, 0.01, 0.02)
    return Resources(
        steps=steps,
        block_steps=steps,
        step_hours=step_hours,
        cooling_system="given",
        pue=np.ones(steps),
        wue_m3_per_mwh=zero,
        firm_mw=zero,
        arrivals_mw=arrivals_mw,
        max_backlog_mwh=allowed_backlog(arrivals_mw * step_hours, round(delay_hours / step_hours), steps),
        max_delay_hours=delay_hours,
        it_annual_costs_myen_per_mw={},
        min_it_mw=100.0,
        max_it_mw=100.0,
        unserved_price_myen_per_mwh=None,
        supply=(),
        battery=None,
        grid=GridResource(0.0, 100.0, 100.0, 0.0, price, zero, zero, zero),
        backup=None,
        critical_share=0.0,
        measures=(),
        clean_share=None,
        carbon_price_myen_per_t=0.0,
        carbon_cap_t_per_year=None,
        water_cap_m3_per_year=None,
        water_price_myen_per_m3=0.0,
        gpus_per_mw=None,
    )


@pytest.mark.parametrize("arrivals", [HOURLY_MW, HALF_HOURLY_MW], ids=["hours", "half hours"])
@pytest.mark.parametrize("delay_hours", [0, 1, 2, 3])
def test_what_each_delay_costs(arrivals: list[float], delay_hours: int) -> None:
    solution = solve(write_programme(site(arrivals, delay_hours)))
    assert solution.certificate is not None
    assert solution.certificate.primal == pytest.approx(COSTS[delay_hours], rel=1e-6)


@pytest.mark.parametrize("arrivals", [HOURLY_MW, HALF_HOURLY_MW], ids=["hours", "half hours"])
@pytest.mark.parametrize("delay_hours", [0, 1, 2])
def test_one_more_hour_of_delay_is_worth_what_it_saves(arrivals: list[float], delay_hours: int) -> None:
    """One more hour lets 4, 8 or 1 MWh more wait for energy that is 0.01 million yen cheaper."""
    resources = site(arrivals, delay_hours)
    worths = {worth.name: worth for worth in compute_worths(resources, solve(write_programme(resources)), None)}
    assert worths["delay"].saving_myen == pytest.approx(COSTS[delay_hours] - COSTS[delay_hours + 1], rel=1e-5)
    assert worths["delay"].limit == delay_hours
