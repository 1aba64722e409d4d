"""Run of river: the wanted mean, the shape of the months, spill above the rating."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import kiban
from kiban.calendar import month_of_step
from kiban.physics.hydro import run_of_river_availability

MONTH = month_of_step()
TABLE = Path(kiban.__file__).parent / "catalogue" / "tables" / "availability.csv"


def test_without_spill_the_output_is_the_scaled_shape():
    shape = np.array([1, 1, 1, 2, 2, 1.5, 1, 1, 1, 1, 1, 1])
    output = run_of_river_availability(MONTH, shape, 0.4)
    assert output.mean() == pytest.approx(0.4)
    np.testing.assert_allclose(output / shape[MONTH - 1], 0.4 / shape[MONTH - 1].mean())


def test_high_water_is_spilled_and_the_mean_is_still_met():
    shape = np.array([1, 1, 1, 6, 6, 1, 1, 1, 1, 1, 1, 1.0])
    output = run_of_river_availability(MONTH, shape, 0.6)
    assert output.mean() == pytest.approx(0.6)
    assert np.all(output[(MONTH == 4) | (MONTH == 5)] == 1.0)
    assert output.max() == 1.0


def test_the_scale_of_the_shape_does_not_matter():
    shape = np.arange(1.0, 13.0)
    np.testing.assert_allclose(
        run_of_river_availability(MONTH, shape, 0.5), run_of_river_availability(MONTH, 1e6 * shape, 0.5)
    )


def test_extremes():
    assert np.all(run_of_river_availability(MONTH, np.ones(12), 1.0) == 1.0)
    assert run_of_river_availability(MONTH, np.ones(12), 0.0).max() < 1e-12


@pytest.mark.parametrize("climate", ["snow", "rain"])
def test_catalogue_shapes_peak_with_snow_melt_or_rain(climate):
    with TABLE.open(encoding="utf-8") as file:
        rows = {row["id"]: float(row["value"]) for row in csv.DictReader(file)}
    shape = np.array([rows[f"hydro.monthly_shape.{climate}.{month:02d}"] for month in range(1, 13)])
    assert shape.mean() == pytest.approx(1.0, abs=0.02)
    assert shape.argmax() + 1 == {"snow": 5, "rain": 7}[climate]
    assert run_of_river_availability(MONTH, shape, 0.6).mean() == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("shape", "factor", "message"),
    [
        (np.ones(11), 0.5, "12 numbers"),
        (-np.ones(12), 0.5, "12 numbers"),
        (np.zeros(12), 0.5, "not all zero"),
        (np.ones(12), 1.1, "capacity_factor"),
        ([0] * 6 + [1] * 6, 0.9, "between 0 and 0.50"),
    ],
)
def test_bad_parameters_are_refused(shape, factor, message):
    with pytest.raises(ValueError, match=message):
        run_of_river_availability(MONTH, shape, factor)
