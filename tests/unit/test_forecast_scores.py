"""Scores against the package scoringrules, intervals that hold their share, and the run length of the test of drift."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scoringrules
from tests.cases.forecasts import PUE, record

from kiban.catalogue import load_catalogue
from kiban.operation.forecast.drift import DriftTest, day_means, drift_test
from kiban.operation.forecast.intervals import ConformalErrors, calibrate, conformal_quantile
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.forecast.persistence import PersistenceForecast
from kiban.operation.forecast.scores import (
    Issues,
    collect_issues,
    coverage,
    pinball_loss,
    ranked_probability_score,
    score_leads,
)

LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


def test_scores_agree_with_scoringrules() -> None:
    generator = np.random.default_rng(1)
    observed = generator.normal(size=200)
    quantiles = np.sort(generator.normal(size=(200, 5)), axis=1)
    for column, level in enumerate(LEVELS):
        theirs = scoringrules.quantile_score(observed, quantiles[:, column], level)
        assert pinball_loss(observed, quantiles[:, column], level) == pytest.approx(np.asarray(theirs), rel=1e-12)
    theirs = scoringrules.crps_quantile(observed, quantiles, LEVELS)
    assert ranked_probability_score(observed, quantiles, LEVELS) == pytest.approx(np.asarray(theirs), rel=1e-12)


def test_many_quantiles_of_a_normal_forecast_give_its_exact_score() -> None:
    from scipy.stats import norm

    levels = (np.arange(2_000) + 0.5) / 2_000
    observed = np.linspace(-2.0, 2.0, 9)
    quantiles = np.tile(norm.ppf(levels), (9, 1))
    exact = np.asarray(scoringrules.crps_normal(observed, 0.0, 1.0))
    assert ranked_probability_score(observed, quantiles, levels) == pytest.approx(exact, rel=2e-3)


def test_pinball_by_hand() -> None:
    """The 0.9 quantile is said to be 5: 7 comes, 0.9 * 2; 4 comes, 0.1 * 1."""
    assert pinball_loss([7.0, 4.0], 5.0, 0.9) == pytest.approx([1.8, 0.1])


def test_coverage_counts_the_ends() -> None:
    assert coverage([1, 2, 3, 4], [1, 1, 1, 1], [2, 2, 2, 2]) == 0.5


def test_errors_by_time_ahead() -> None:
    issues = Issues(forecast=np.array([[1.0, 2.0, 5.0]]), observed=np.array([[1.0, 4.0, 1.0]]))
    near, far = score_leads(issues, "pv", [(0, 1), (2, 9), (10, 20)])
    assert (near.mean_absolute_error, near.bias, near.root_mean_square_error) == (1.0, -1.0, math.sqrt(2.0))
    assert (far.first_step_ahead, far.last_step_ahead, far.bias) == (2, 2, 4.0)


def test_issues_stand_beside_what_came() -> None:
    case = record(days=3)
    perfect = collect_issues(PerfectForecast(case.conditions), case.conditions, PUE, 24)
    assert perfect.forecast.shape == (49, 24)
    assert (perfect.errors == 0).all()
    chosen = collect_issues(PersistenceForecast(case), case.conditions, PUE, 24, steps=[30])
    assert (chosen.errors[0] == case.conditions.series[PUE][6:30] - case.conditions.series[PUE][30:54]).all()


def test_the_conformal_quantile_by_hand() -> None:
    """Of nine errors the one of rank ceil(10 * 0.9) = 9, the largest; below a half it is mirrored; ten need more."""
    errors = np.arange(1.0, 10.0)
    assert conformal_quantile(errors, 0.9) == 9.0
    assert conformal_quantile(errors, 0.1) == 1.0
    assert conformal_quantile(errors, 0.5) == 5.0
    assert conformal_quantile(errors, 0.95) == math.inf
    assert conformal_quantile(errors, 0.05) == -math.inf


def test_conformal_intervals_hold_their_share_whatever_the_forecast() -> None:
    """Over many draws of few skewed errors the mean coverage is that of exchangeable ranks: k / (n + 1) each side."""
    generator = np.random.default_rng(2)
    covered = []
    for _ in range(4_000):
        errors = generator.exponential(size=40)
        low, high = (conformal_quantile(np.sort(errors[:39]), level) for level in (0.1, 0.9))
        covered.append(low <= errors[39] <= high)
    assert np.mean(covered) == pytest.approx(0.8, abs=0.02)  # ranks 4 and 36 of 40: 32 / 40


def test_intervals_are_taken_by_time_ahead_and_kept_within_bounds() -> None:
    generator = np.random.default_rng(3)
    observed = np.full((400, 8), 0.5)
    spread = np.repeat([0.01, 0.1], [3, 5])  # hours 0 to 2 and 3 to 7
    issues = Issues(observed + generator.uniform(-1, 1, (400, 8)) * spread, observed)
    found = calibrate(issues, 1.0, lowest=0.0, highest=0.55).quantiles(np.full(8, 0.5), [0.05, 0.95])
    assert found[0] == pytest.approx(0.5 - 0.9 * spread, abs=0.004)
    assert found[1] == pytest.approx(np.minimum(0.5 + 0.9 * spread, 0.55), abs=0.004)
    few = ConformalErrors(((0, 0),), (np.zeros(3),), 0.0, 1.0)
    assert few.quantiles(np.array([0.5]), [0.01, 0.99]).tolist() == [[0.0], [1.0]]
    with pytest.raises(ValueError, match="steps ahead"):
        few.quantiles(np.zeros(2), [0.5])


def run_length(shift: float, allowance: float, threshold: float, cells: int = 200) -> float:
    """Mean number of normal losses until the alarm: the Markov chain of Brook and Evans (1972, Biometrika 59, 539)."""
    from scipy.stats import norm

    width = threshold / cells
    centres = np.concatenate([[0.0], (np.arange(cells) + 0.5) * width])
    edges = np.concatenate([[-np.inf, 0.0], (np.arange(cells) + 1) * width])
    moved = norm.cdf(edges[None, 1:] - centres[:, None] + allowance - shift)
    below = norm.cdf(edges[None, :-1] - centres[:, None] + allowance - shift)
    return float(np.linalg.solve(np.eye(cells + 1) - (moved - below), np.ones(cells + 1))[0])


def test_the_run_lengths_are_those_of_the_textbook() -> None:
    """930 days without a shift and 10.4 with one deviation, as the catalogue's note says; and our sums have them."""
    catalogue = load_catalogue()
    accepted = np.array([1.0, 3.0, 2.0, 2.0])
    test = drift_test(accepted, catalogue)
    assert (test.mean, test.deviation) == (2.0, pytest.approx(math.sqrt(2 / 3)))
    assert run_length(0.0, test.allowance, test.threshold) == pytest.approx(930, rel=0.01)
    assert run_length(1.0, test.allowance, test.threshold) == pytest.approx(10.4, rel=0.01)
    plain = DriftTest(0.0, 1.0, test.allowance, test.threshold)
    generator = np.random.default_rng(4)
    lengths = [plain.first_alarm(generator.normal(1.0, 1.0, 200)) + 1 for _ in range(1_000)]
    assert np.mean(lengths) == pytest.approx(10.4, abs=0.5)


def test_sums_by_hand() -> None:
    """Losses 3, 1, 4 at mean 2, deviation 1, allowance 0.5: 0.5, 0 and 1.5, which is over 1."""
    test = DriftTest(mean=2.0, deviation=1.0, allowance=0.5, threshold=1.0)
    assert test.sums([3.0, 1.0, 4.0]).tolist() == [0.5, 0.0, 1.5]
    assert test.first_alarm([3.0, 1.0, 4.0]) == 2
    assert test.first_alarm([2.0, 2.0]) is None
    assert day_means(np.arange(50.0), 24).tolist() == [11.5, 35.5]
    with pytest.raises(ValueError, match="differ"):
        drift_test(np.ones(5), load_catalogue())
