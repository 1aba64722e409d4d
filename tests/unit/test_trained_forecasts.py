"""Trained models: what they learn, that they are plain numbers, and what their version stands for."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from tests.cases.forecasts import PUE, PV, WIND, record

from kiban.errors import InputError
from kiban.operation.forecast import training
from kiban.operation.forecast.climatology import ClimatologyForecast
from kiban.operation.forecast.features import NAMES
from kiban.operation.forecast.persistence import PersistenceForecast
from kiban.operation.forecast.scores import collect_issues, coverage, score_leads
from kiban.operation.forecast.trained import TrainedForecast
from kiban.operation.forecast.training import Settings, train
from kiban.operation.forecast.trees import trees_from_bytes, trees_of

QUICK = Settings(horizon_hours=12, trees=30, least_rows_of_leaf=30)


@pytest.fixture(scope="module")
def case():
    return record(days=28, past_days=84)


@pytest.fixture(scope="module")
def model(case):
    return train(case, QUICK)


@pytest.fixture(scope="module")
def forecast(case, model):
    return TrainedForecast(model, case, PersistenceForecast(case))


def test_trees_answer_as_scikit_learn_does() -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    generator = np.random.default_rng(1)
    rows = generator.random((600, 5))
    model = HistGradientBoostingRegressor(max_iter=25, max_depth=4, early_stopping=False, random_state=1)
    unseen = generator.uniform(-0.5, 1.5, (300, 5))
    with threadpool_limits(limits=1):
        model.fit(rows, rows[:, 0] * rows[:, 1] + rows[:, 2] ** 2)
        theirs = model.predict(unseen)
    trees = trees_of(model)
    assert trees.predict(unseen) == pytest.approx(theirs, abs=1e-12)
    again = trees_from_bytes(trees.to_bytes())
    assert (again.predict(unseen) == trees.predict(unseen)).all()
    assert again.to_bytes() == trees.to_bytes()
    with pytest.raises(ValueError, match="no trees"):
        trees_from_bytes(trees.to_bytes() + b"x")


def test_features_by_hand(case, model) -> None:
    rows = model.series[WIND].features(case, WIND).rows(np.array([30]), np.array([25]))
    found = dict(zip(NAMES, rows[0], strict=True))
    wind = case.conditions.series[WIND]
    assert found["value_1_h_before"] == wind[29]
    assert found["value_6_h_before"] == wind[24]
    assert found["mean_of_6_h_before"] == pytest.approx(wind[24:30].mean(), rel=1e-9)
    assert found["mean_of_24_h_before"] == pytest.approx(wind[6:30].mean(), rel=1e-9)
    assert found["same_time_of_the_last_day"] == wind[7]  # 25 h ahead is 7:00 of the day after next
    assert found["hours_ahead"] == 25
    assert found["clear_sky_w_m2"] == case.clear_sky_w_m2[case.start + 55]
    assert (found["sine_of_day"], found["cosine_of_day"]) == pytest.approx(
        (np.sin(2 * np.pi * 7 / 24), np.cos(2 * np.pi * 7 / 24))
    )


def test_a_model_beats_what_needs_no_learning(case, forecast) -> None:
    """Clouds of a day are the same all day here: who has seen the morning knows the noon, and climatology does not."""
    plain = [PersistenceForecast(case), ClimatologyForecast(case.conditions, case.past)]
    learnt, *others = (
        score_leads(collect_issues(one, case.conditions, PV, 3), PV, [(0, 2)])[0].mean_absolute_error
        for one in (forecast, *plain)
    )
    assert learnt < 0.75 * min(others)


def test_intervals_hold_their_share_on_time_that_was_not_seen(case, forecast) -> None:
    steps = range(0, case.steps - 12, 5)
    inside = []
    for step in steps:
        low, high = forecast.quantiles(step, 12, [0.1, 0.9])[WIND]
        inside.append(coverage(case.conditions.series[WIND][step : step + 12], low, high))
    assert 0.7 < np.mean(inside) < 0.9


def test_values_stay_within_what_the_past_has_shown(case, forecast) -> None:
    said = np.array([forecast.issue(step, 12)[PV] for step in range(0, case.steps, 7)])
    assert said.min() >= 0.0
    assert said.max() <= case.past.series[PV].max()


def test_it_is_the_same_in_whatever_order_it_is_asked(case, model, forecast) -> None:
    other = TrainedForecast(model, case, PersistenceForecast(case))
    for step in (400, 3, 650, 4):
        assert (other.issue(step, 12)[WIND] == forecast.issue(step, 12)[WIND]).all()
    with pytest.raises(ValueError, match="fitted for 12"):
        forecast.issue(0, 13)


def test_several_operations_may_ask_at_once(case, model, forecast) -> None:
    other = TrainedForecast(model, case, PersistenceForecast(case))
    steps = [(number * 211) % case.steps for number in range(200)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda step: other.issue(step, 12)[WIND], steps))
    assert all((said == forecast.issue(step, 12)[WIND]).all() for step, said in zip(steps, found, strict=True))


def test_the_version_stands_for_data_code_and_settings(case, model) -> None:
    assert train(case, QUICK).version == model.version
    assert replace(model, settings=replace(QUICK, seed=2)).version != model.version
    assert replace(model, origin=replace(model.origin, code_hash="other")).version != model.version
    changed = dict(case.past.series)
    changed[WIND] = changed[WIND].copy()
    changed[WIND][-1] += 1e-9
    names = [PV, WIND, PUE]
    assert training.hash_of_data(replace(case.past, series=changed), names) != model.origin.data_hash
    assert training.hash_of_data(case.past, names) == model.origin.data_hash


def test_a_short_past_is_refused() -> None:
    with pytest.raises(InputError, match="8 weeks"):
        train(record(days=7, past_days=49), QUICK)


def test_without_scikit_learn_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, case) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(InputError, match=r"kiban\[forecast\]"):
        train(case, QUICK)
