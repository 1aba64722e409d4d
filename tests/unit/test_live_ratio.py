"""A ratio of measured to expected: by hand, its interval on random days, and when it corrects the model."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats

from kiban.operation.live.ratio import DAYS_KEPT, Ratio

DAY = date(2026, 1, 5)


def test_a_ratio_by_hand() -> None:
    """Days of 11 of 10, 21 of 20 and 30 of 30: R = 62/60; residuals 2/3, 1/3, -1; t(2) = 4.3027."""
    ratio = Ratio()
    for place, (measured, expected) in enumerate([(11.0, 10.0), (21.0, 20.0), (30.0, 30.0)]):
        ratio.add(DAY + timedelta(days=place), measured, expected)
    found = ratio.calibration
    assert found.ratio == pytest.approx(62 / 60)
    spread = (2 / 3) ** 2 + (1 / 3) ** 2 + 1.0
    assert found.half_width == pytest.approx(4.302652729911275 * np.sqrt(3 / 2 * spread) / 60)
    assert found.plan_error_share == pytest.approx(2 / 62)
    assert not found.is_sure
    assert ratio.factor == 1.0


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    held = []
    for _ in range(400):
        ratio = Ratio()
        for day in range(10):
            for expected in random.uniform(5.0, 10.0, 4):
                ratio.add(DAY + timedelta(days=day), expected * (1.1 + random.normal(0.0, 0.05)), expected)
        found = ratio.calibration
        assert found.ratio is not None
        assert found.half_width is not None
        held.append(abs(found.ratio - 1.1) <= found.half_width)
    low, high = stats.binom.interval(0.999, len(held), 0.95)
    assert low <= sum(held) <= high


def test_a_sure_ratio_corrects_the_model_and_its_error_falls() -> None:
    ratio = Ratio()
    for day in range(8):
        for hour in range(24):
            expected = 5.0 + hour % 3
            ratio.add(DAY + timedelta(days=day), expected * 1.2 * (1.0 + 0.01 * (-1) ** hour), expected)
    found = ratio.calibration
    assert found.is_sure
    assert ratio.factor == pytest.approx(1.2, rel=0.01)
    assert found.plan_error_share == pytest.approx(0.2 / 1.2, rel=0.05)
    assert found.twin_error_share is not None
    assert found.twin_error_share < 0.6 * found.plan_error_share


def test_little_says_nothing_and_old_days_are_forgotten() -> None:
    ratio = Ratio()
    assert ratio.calibration.ratio is None
    ratio.add(DAY, 1.0, 0.0)
    assert ratio.calibration.ratio is None
    ratio.add(DAY, 5.0, 1.0)
    ratio.add(DAY + timedelta(days=1), 1.0, 1.0)
    assert ratio.calibration.half_width is None
    for day in range(2, 2 + DAYS_KEPT):
        ratio.add(DAY + timedelta(days=day), 1.0, 1.0)
    assert ratio.calibration.ratio == pytest.approx(1.0)
    assert ratio.calibration.days == DAYS_KEPT
