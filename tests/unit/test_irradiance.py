"""GHI split into beam and diffuse: closure, limits, and the split of pvlib."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pvlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiban.calendar import year_index
from kiban.weather.irradiance import (
    LOWEST_BEAM_COSINE,
    SunshineModel,
    beam_between,
    clear_beam,
    fill_by_clearness,
    model_global,
    split_global,
)
from kiban.weather.sun import sun_of_steps

TIME = year_index(2023, 9.0)
SUN = sun_of_steps(TIME, 35.69, 139.75, 1.0)
OUTSIDE = SUN.mean_cosine * SUN.extraterrestrial_w_m2


@settings(max_examples=25)
@given(clearness=st.floats(0.0, 1.3))
def test_beam_and_diffuse_recompose_and_stay_within_limits(clearness: float) -> None:
    ghi = clearness * OUTSIDE
    dni, dhi = split_global(ghi, SUN)
    np.testing.assert_allclose(dhi + dni * SUN.mean_cosine, ghi, atol=1e-9)
    assert (dni >= 0).all()
    assert (dhi >= -1e-9).all()
    assert (dni <= clear_beam(SUN) + 1e-9).all()
    assert (dni[SUN.mean_cosine < LOWEST_BEAM_COSINE] == 0).all()


def test_is_the_split_of_pvlib_where_no_limit_binds() -> None:
    ghi = 0.55 * OUTSIDE
    dni, dhi = split_global(ghi, SUN)
    zenith = np.degrees(np.arccos(SUN.mean_cosine))
    peer = pvlib.irradiance.erbs_driesse(ghi, zenith, dni_extra=SUN.extraterrestrial_w_m2)
    high = zenith < 80
    np.testing.assert_allclose(dni[high], peer["dni"][high], rtol=1e-12)
    np.testing.assert_allclose(dhi[high], peer["dhi"][high], rtol=1e-12)


def test_beam_of_a_clean_sky_is_the_limit_of_disc() -> None:
    """At air mass 1 the transmittance is 0.866 - 0.122 + 0.0121 - 0.000653 + 0.000014 = 0.755461."""
    overhead = SUN._replace(mean_cosine=np.ones_like(SUN.mean_cosine))
    np.testing.assert_allclose(clear_beam(overhead) / SUN.extraterrestrial_w_m2, 0.755461, rtol=2e-4)
    assert (clear_beam(SUN) <= 0.76 * SUN.extraterrestrial_w_m2).all()


def test_missing_stays_missing() -> None:
    ghi = 0.5 * OUTSIDE
    ghi[12] = np.nan
    dni, dhi = split_global(ghi, SUN)
    assert np.flatnonzero(np.isnan(dni)).tolist() == [12]
    assert np.flatnonzero(np.isnan(dhi)).tolist() == [12]


def test_beam_between_closes_and_is_never_negative() -> None:
    dni = 600.0 * (SUN.mean_cosine > 0.2)
    dhi = np.full_like(dni, 80.0)
    np.testing.assert_allclose(beam_between(dhi + dni * SUN.mean_cosine, dhi, SUN), dni, atol=1e-9)
    assert (beam_between(dhi - 1.0, dhi, SUN) == 0).all()


def test_filled_hours_follow_the_sun() -> None:
    """A constant clearness is restored exactly, also over noon and night; longer gaps stay."""
    ghi = 0.6 * OUTSIDE
    holed = ghi.copy()
    holed[10:13] = np.nan
    holed[40:60] = np.nan
    filled = fill_by_clearness(holed, SUN, 3)
    np.testing.assert_allclose(filled[10:13], ghi[10:13])
    assert np.isnan(filled[40:60]).all()
    np.testing.assert_allclose(fill_by_clearness(holed, SUN, 20), ghi)
    assert np.isnan(fill_by_clearness(np.full_like(ghi, np.nan), SUN, 9999)).all()


@pytest.mark.parametrize("latitude_deg", [78.0, -33.0, 0.0])
def test_every_latitude_is_split(latitude_deg: float) -> None:
    sun = sun_of_steps(TIME, latitude_deg, 139.75, 1.0)
    ghi = 0.5 * sun.mean_cosine * sun.extraterrestrial_w_m2
    dni, dhi = split_global(ghi, sun)
    assert np.isfinite(dni).all()
    np.testing.assert_allclose(dhi + dni * sun.mean_cosine, ghi, atol=1e-9)


MODEL = SunshineModel(0.244, 0.511, 0.118)


def test_irradiance_of_sunshine_by_hand() -> None:
    """Noon of 21 March at the equator, the sun at the zenith: outside the air there is the solar constant."""
    time = pd.date_range("2022-03-20 23:30", periods=24, freq="h", tz="UTC")
    sun = sun_of_steps(time, 0.0, 0.0, 1.0)
    outside = sun.extraterrestrial_w_m2 * sun.mean_cosine
    noon = int(np.argmax(outside))
    assert outside[noon] == pytest.approx(1361.1 * 1.0081 * np.sin(np.pi / 24) / (np.pi / 24), rel=3e-3)
    for hours, share in ((1.0, 0.755), (0.5, 0.4995), (0.1, 0.2951), (0.0, 0.118)):
        modelled = model_global(np.full(24, hours), sun, MODEL)
        assert modelled[noon] == pytest.approx(share * outside[noon], rel=1e-9)
        assert (modelled[sun.mean_cosine == 0] == 0).all()
    # An hour in which the sun is up for a part is sunny when it shines all of that part.
    rising = int(np.flatnonzero((sun.sunlit > 0) & (sun.sunlit < 1))[0])
    whole = model_global(sun.sunlit, sun, MODEL)
    assert whole[rising] == pytest.approx(0.755 * outside[rising], rel=1e-9)
    assert np.isnan(model_global(np.full(24, np.nan), sun, MODEL)[noon])
