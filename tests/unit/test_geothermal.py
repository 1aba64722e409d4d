"""Geothermal output: planned outages in their place, forced outages in their amount."""

from __future__ import annotations

import numpy as np
import pytest

from kiban.calendar import month_of_step
from kiban.physics.geothermal import forced_outage_share, geothermal_availability

PLANT = {"step_hours": 1.0, "planned_outage_month": 5, "planned_outage_days": 20.0, "forced_outage_share": 0.1}


def test_one_unit_stands_from_the_first_day_of_the_month():
    output = geothermal_availability(**PLANT)
    first = (31 + 28 + 31 + 30) * 24
    assert output.shape == (8760,)
    assert output[first - 1] == pytest.approx(0.9)
    assert np.all(output[first : first + 480] == 0.0)
    assert output[first + 480] == pytest.approx(0.9)
    assert output.mean() == pytest.approx(0.9 * (1 - 20 / 365))


def test_units_stand_one_after_the_other():
    output = geothermal_availability(**PLANT | {"units": 4, "forced_outage_share": 0.0})
    assert output.min() == pytest.approx(0.75)
    assert (output < 1).sum() == 4 * 480
    assert output.mean() == pytest.approx(1 - 20 / 365)


def test_an_outage_in_december_runs_on_into_january():
    output = geothermal_availability(**PLANT | {"planned_outage_month": 12, "planned_outage_days": 40.0})
    assert set(month_of_step()[output == 0.0]) == {12, 1}
    assert output.mean() == pytest.approx(0.9 * (1 - 40 / 365))


def test_half_days_and_half_hours_are_counted():
    output = geothermal_availability(**PLANT | {"planned_outage_days": 0.53, "step_hours": 0.5})
    assert output.shape == (17520,)
    assert output.mean() == pytest.approx(0.9 * (1 - 0.53 / 365))


def test_years_repeat_without_a_seed():
    output = geothermal_availability(**PLANT, years=3).reshape(3, 8760)
    np.testing.assert_array_equal(output[0], output[2])


def test_random_outages_have_the_wanted_share_and_length():
    output = geothermal_availability(**PLANT | {"planned_outage_days": 0.0}, years=60, mean_repair_hours=60.0, seed=1)
    assert output.mean() == pytest.approx(0.9, abs=0.01)
    stops = ((output[:-1] > 0) & (output[1:] == 0)).sum()
    assert (output == 0).sum() / stops == pytest.approx(60.0, rel=0.15)


def test_the_same_seed_gives_the_same_outages():
    random = PLANT | {"mean_repair_hours": 100.0, "units": 2}
    first = geothermal_availability(**random, seed=7)
    np.testing.assert_array_equal(first, geothermal_availability(**random, seed=7))
    assert np.any(first != geothermal_availability(**random, seed=8))


def test_random_outages_without_any_share_are_none():
    output = geothermal_availability(
        **PLANT | {"forced_outage_share": 0.0, "planned_outage_days": 0.0}, mean_repair_hours=10.0, seed=1
    )
    assert np.all(output == 1.0)


def test_forced_share_from_a_published_capacity_factor():
    share = forced_outage_share(0.83, 20.0)
    assert share == pytest.approx(0.1218, abs=1e-4)
    assert geothermal_availability(**PLANT | {"forced_outage_share": share}).mean() == pytest.approx(0.83)
    with pytest.raises(ValueError, match=r"leave at most 0\.9452"):
        forced_outage_share(0.96, 20.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"planned_outage_month": 13}, "planned_outage_month"),
        ({"planned_outage_days": -1.0}, "fit into one year"),
        ({"planned_outage_days": 100.0, "units": 4}, "fit into one year"),
        ({"forced_outage_share": 1.0}, "forced_outage_share"),
        ({"seed": 1}, "mean_repair_hours"),
    ],
)
def test_bad_parameters_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        geothermal_availability(**PLANT | change)
