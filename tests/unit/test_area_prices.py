"""Hourly prices made from statistics keep the statistics."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiban.calendar import hour_of_step, month_of_step
from kiban.catalogue import load_catalogue, newest_complete_fiscal_year, price_statistics
from kiban.planning.area_prices import shape_clean_share, shape_emission_factor, shape_prices
from kiban.planning.preparation import prepare
from kiban.scenario import parse_scenario

MONTH, HOUR = month_of_step(), hour_of_step()


def sun(seed=1):
    """Irradiance by day, cloudy at random."""
    day = np.clip(np.sin((HOUR - 6) / 12 * np.pi), 0, None)
    return 900.0 * day * np.random.default_rng(seed).uniform(0.1, 1.0, HOUR.size)


def make_prices(floor_share=0.05, high=0.02):
    mean = np.linspace(0.012, 0.008, 12)
    deviation = np.tile(-0.004 * np.clip(np.sin((np.arange(24) - 6) / 12 * np.pi), 0, None), (12, 1))
    deviation -= deviation.mean(axis=1, keepdims=True)
    return mean, shape_prices(
        MONTH,
        HOUR,
        sun(),
        month_mean=mean,
        hour_deviation=deviation,
        floor_price=1e-5,
        high_price=high,
        floor_share=floor_share,
    )


def test_month_means_and_floor_hours_are_kept():
    mean, price = make_prices()
    assert [price[month == MONTH].mean() for month in range(1, 13)] == pytest.approx(mean, rel=1e-9)
    assert (price <= 1e-5).sum() == round(0.05 * 8760)
    assert price.max() <= 0.02 + 1e-12


def test_floor_hours_are_sunny_hours():
    _, price = make_prices()
    assert sun()[price <= 1e-5].min() > 0
    assert sun()[price <= 1e-5].mean() > sun()[HOUR == 12].mean()


def test_no_more_hours_fall_to_the_floor_than_the_rest_can_carry():
    _, even = make_prices(floor_share=0.0)
    _, price = make_prices(floor_share=0.5, high=0.0135)
    assert even.max() < price.max() <= 0.0135 + 1e-12
    assert (price <= 1e-5).sum() < 0.5 * 8760


@pytest.mark.parametrize("site", ["tomakomai", "inzai", "kokonoe"])
def test_a_site_has_its_areas_prices(site):
    area = load_catalogue().site(site).area
    statistics = price_statistics(area, newest_complete_fiscal_year())
    preparation = prepare(
        parse_scenario({"name": "x", "site": {"id": site}, "grid": {"energy_charge_myen_per_mwh": 0.0}})
    )
    price = preparation.resources_for("direct_liquid").grid.price_myen_per_mwh
    assert price.mean() == pytest.approx(statistics.mean_myen_per_mwh, rel=0.01)
    assert (price <= 1e-5).sum() == pytest.approx(statistics.floor_hours, abs=1)


@settings(max_examples=50)
@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.integers(0, 10))
def test_clean_share_and_emission_factor_keep_their_means(clean, part, seed):
    solar = clean * part
    share = shape_clean_share(sun(seed), clean_share=clean, solar_share=solar)
    assert share.min() >= 0.0
    assert share.max() <= 1.0
    assert share.mean() == pytest.approx(clean, abs=1e-6)
    factor = shape_emission_factor(share, emission_factor=0.4)
    assert factor.min() >= 0.0
    assert factor.mean() == pytest.approx(0.4, rel=1e-9)
