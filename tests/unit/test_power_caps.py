"""Power caps before pauses: by hand, against a search, and in what a campus decides under a call."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from tests.cases.emulated_campus import EmulatedCampus
from tests.cases.operated import SMALL, plan_of

from kiban.catalogue import load_catalogue
from kiban.errors import InputError
from kiban.operation.live.campus import read_campus
from kiban.operation.live.orders import Override
from kiban.operation.live.record import limit_content, restore_limit
from kiban.operation.live.steering import Steering
from kiban.operation.power_caps import CapCurve, cap_before_pause, read_curve

BEGINS = datetime.fromisoformat("2026-01-05T00:00:00+09:00")
CURVE = CapCurve((0.43, 0.57, 0.71, 0.86, 1.0), (0.5, 0.7, 0.84, 0.93, 1.0), 0.8, {"h100": 700.0})


def test_by_hand() -> None:
    """Accelerators take 0.8 of a job's power: at 71 % of theirs a job takes 0.768 and does 0.84 of its work."""
    assert CURVE.power(0.71) == pytest.approx(0.768)
    assert CURVE.throughput(0.785) == pytest.approx(0.885)
    assert CURVE.watts(0.71) == {"h100": 497}
    fits = cap_before_pause(CURVE, 10.0, 7.68)
    assert (fits.cap_share, fits.jobs_mw) == (0.71, 10.0)
    assert fits.work_mw == pytest.approx(8.4)
    # Of 3.28 MW at 57 % (0.656 of a job's power) five jobs of ten make 3.5; three and a bit without a cap make 3.28.
    scarce = cap_before_pause(CURVE, 10.0, 3.28)
    assert (scarce.cap_share, scarce.jobs_mw) == (0.71, pytest.approx(3.28 / 0.768))
    assert scarce.work_mw == pytest.approx(3.28 / 0.768 * 0.84)


@pytest.mark.parametrize("wanted", [0.0, 1.0, 5.0])
def test_without_a_want_of_power_nothing_is_capped(wanted: float) -> None:
    assert cap_before_pause(CURVE, wanted, 5.0).cap_share == 1.0
    assert cap_before_pause(CURVE, 5.0, 0.0).cap_share == 1.0


def test_where_caps_save_no_energy_jobs_are_paused() -> None:
    """A throughput that falls as power does, or faster, makes no cap worth it."""
    linear = CapCurve((0.4, 1.0), (0.4, 1.0), 0.8, {})
    assert cap_before_pause(linear, 10.0, 6.0).cap_share == 1.0


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.6, 0.75, 0.9, 0.99])
def test_no_cap_makes_more_work(share: float) -> None:
    """A search over all caps in whole percent finds nothing better."""
    limit = 10.0 * share
    found = cap_before_pause(CURVE, 10.0, limit)
    every = [min(limit / CURVE.power(cap), 10.0) * CURVE.throughput(cap) for cap in np.arange(43, 101) / 100.0]
    assert found.work_mw == pytest.approx(max(every), rel=1e-9)
    assert found.work_mw >= limit
    assert found.jobs_mw * CURVE.power(found.cap_share) <= limit + 1e-9


def test_the_curve_is_of_the_catalogue_and_an_unknown_accelerator_is_refused() -> None:
    catalogue = load_catalogue()
    curve = read_curve(lambda name: catalogue.facts[name].value, catalogue.facts, ("h100",))
    assert curve.caps[-1] == curve.throughputs[-1] == 1.0
    assert list(curve.caps) == sorted(curve.caps)
    assert list(curve.throughputs) == sorted(curve.throughputs)
    assert curve.full_watts == {"h100": 700.0}
    # Of the catalogue's H100 servers accelerators take less than half: no cap makes more work than a pause.
    assert curve.accelerator_share == pytest.approx(1.0 / 2.143, rel=1e-6)
    assert cap_before_pause(curve, 10.0, 8.0).cap_share == 1.0
    with pytest.raises(InputError) as caught:
        read_curve(lambda name: catalogue.facts[name].value, catalogue.facts, ("abacus",))
    assert "'abacus'" in str(caught.value)
    assert "gb200" in str(caught.value)


def test_a_campus_that_is_short_of_power_caps_before_it_pauses() -> None:
    plan = plan_of(SMALL)
    campus = read_campus(plan, chips=("gb200",))
    emulated, steering = EmulatedCampus(campus, BEGINS), Steering(campus, BEGINS)
    steering.hear(emulated.now, emulated.readings)
    free = steering.decide(emulated.now).limit
    assert (free.cap_share, free.jobs_mw) == (1.0, None)
    assert free.admitted_mw == free.flexible_mw
    now = emulated.now
    steering.order(Override("sato", "works", now, now + timedelta(hours=1), 1.0))
    short = steering.decide(now).limit
    assert short.flexible_mw == 1.0
    assert short.cap_share < 1.0
    assert short.jobs_mw is not None
    assert campus.curve is not None
    assert 1.0 < short.admitted_mw <= 1.0 / campus.curve.power(short.cap_share) + 1e-6
    assert restore_limit(limit_content(short)) == short
