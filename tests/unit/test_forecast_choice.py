"""Which forecast a name, a file or a model stands for, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.cases.forecasts import LATITUDE_DEG, LONGITUDE_DEG, PRICE, PV, WIND, conditions

from kiban.catalogue import load_catalogue
from kiban.errors import InputError, WeatherError
from kiban.operation.forecast.choice import FORECASTS, Circumstances, choose_forecast
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.forecast.training import Settings, TrainedModel, train

CIRCUMSTANCES = Circumstances(
    conditions(2, 1), conditions(63, 2, "2022-04-01"), LATITUDE_DEG, LONGITUDE_DEG, horizon_steps=6, seed=1
)
take = load_catalogue().value


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    return train(CIRCUMSTANCES.record(), Settings(horizon_hours=6, trees=3, issues_every_hours=12))


@pytest.mark.parametrize("name", FORECASTS)
def test_every_name_is_a_forecast_of_that_name(name: str) -> None:
    forecast = choose_forecast(name, CIRCUMSTANCES, take)
    assert forecast.name == name
    assert forecast.issue(3, 6)[PRICE].shape == (6,)


def test_a_file_is_read_and_prices_are_as_published(tmp_path: Path) -> None:
    time = CIRCUMSTANCES.conditions.time
    rows = [f"{time[0]},{one},{WIND},0.25" for one in time]
    path = tmp_path / "wind.csv"
    path.write_text("\n".join(["issue_time,valid_time,series,value", *rows]), encoding="utf-8")
    forecast = choose_forecast(str(path), CIRCUMSTANCES, take)
    said, own = forecast.issue(3, 6), choose_forecast("persistence", CIRCUMSTANCES, take).issue(3, 6)
    assert (said[WIND] == 0.25).all()
    assert (said[PRICE] == CIRCUMSTANCES.conditions.series[PRICE][3:9]).all()
    assert (said[PV] == own[PV]).all()


def test_a_model_forecasts_what_it_has_learnt(model: TrainedModel) -> None:
    forecast = choose_forecast(model, CIRCUMSTANCES, take)
    assert forecast.name == "trained"
    assert (forecast.issue(3, 6)[PRICE] == CIRCUMSTANCES.conditions.series[PRICE][3:9]).all()
    assert forecast.issue(3, 6)[WIND].std() > 0


def test_an_object_is_taken_as_it_is() -> None:
    own = PerfectForecast(CIRCUMSTANCES.conditions)
    assert choose_forecast(own, CIRCUMSTANCES, take) is own


def test_what_cannot_be_chosen_is_a_sentence(model: TrainedModel) -> None:
    with pytest.raises(InputError, match="persistence"):
        choose_forecast("persistent", CIRCUMSTANCES, take)
    with pytest.raises(WeatherError, match="does not exist"):
        choose_forecast("vendor.csv", CIRCUMSTANCES, take)
    with pytest.raises(InputError, match="12 h are longer than the 6 h"):
        choose_forecast(model, replace(CIRCUMSTANCES, horizon_steps=12), take)
    small = CIRCUMSTANCES.conditions
    small = replace(small, series={name: np.ones(48) for name in small.series if name != WIND})
    with pytest.raises(InputError, match=WIND):
        choose_forecast(model, replace(CIRCUMSTANCES, conditions=small), take)
