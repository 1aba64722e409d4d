"""Prices: statistics, months and profiles agree with each other and with the exchange's own files."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from kiban.calendar import DAYS_PER_MONTH, month_of_step
from kiban.catalogue import (
    newest_complete_fiscal_year,
    price_hour_profile,
    price_month_means,
    price_statistics,
    price_years,
    typical_prices,
)
from kiban.catalogue.prices import PRICE_AREAS, PRICE_SEASON_OF_MONTH, SEASONS
from kiban.errors import CatalogueError

REAL = Path(__file__).resolve().parents[3] / "shared" / "real"
COLUMNS = dict(
    zip(PRICE_AREAS, ("北海道", "東北", "東京", "中部", "北陸", "関西", "中国", "四国", "九州"), strict=True)
)
PROFILE_YEARS = (2021, 2022, 2023, 2024)


def test_newest_complete_year() -> None:
    assert newest_complete_fiscal_year() == 2024
    assert not price_statistics("tokyo", 2025).complete


@pytest.mark.parametrize("area", PRICE_AREAS)
def test_quantiles_are_ordered(area: str) -> None:
    for year in price_years(area):
        stats = price_statistics(area, year)
        quantiles = [stats.p10_myen_per_mwh, stats.median_myen_per_mwh, stats.p90_myen_per_mwh]
        assert quantiles == sorted(quantiles)
        assert stats.p90_myen_per_mwh <= stats.maximum_myen_per_mwh
        assert 0.0 <= stats.floor_hours <= stats.hours_below_one_yen <= stats.half_hours / 2
        assert stats.status == "verified"


@pytest.mark.parametrize("area", PRICE_AREAS)
@pytest.mark.parametrize("year", PROFILE_YEARS)
def test_three_tables_have_the_same_mean(area: str, year: int) -> None:
    leap = (year + 1) % 4 == 0
    days = np.array(DAYS_PER_MONTH) + leap * (np.arange(12) == 1)
    mean = price_statistics(area, year).mean_myen_per_mwh
    assert np.average(price_month_means(area, year), weights=days) == pytest.approx(mean, abs=2e-6)
    profile = price_hour_profile(area, year)
    weights = [days[np.array(PRICE_SEASON_OF_MONTH) == season].sum() for season in SEASONS]
    assert np.average([profile[season].mean() for season in SEASONS], weights=weights) == pytest.approx(mean, abs=2e-6)


def test_typical_prices_keep_month_means_and_the_midday_trough() -> None:
    prices = typical_prices("kyushu", 2024)
    assert prices.shape == (8760,)
    assert prices.min() > 0.0
    for month, mean in enumerate(price_month_means("kyushu", 2024), start=1):
        assert prices[month_of_step() == month].mean() == pytest.approx(mean)
    spring = prices.reshape(365, 24)[90:150].mean(axis=0)
    assert spring[12] < 0.6 * spring[18]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: price_statistics("okinawa", 2024), "no day-ahead market"),
        (lambda: price_statistics("kyusyu", 2024), "did you mean 'kyushu'"),
        (lambda: price_statistics("", 2024), "choose one of hokkaido"),
        (lambda: price_years("osaka bay"), "is not a price area"),
        (lambda: price_statistics("tokyo", 1999), "choose a year from 2016 to 2025"),
        (lambda: price_month_means("tokyo", 2025), "lack the months 1, 2, 3, 8, 9, 10, 11, 12"),
        (lambda: price_month_means("hokkaido", 2018), "lack the months 9; choose 2024"),
        (lambda: price_hour_profile("tokyo", 2019), "choose a year from 2021 to 2025"),
        (lambda: typical_prices("tokyo", 2025), "lack the months"),
    ],
)
def test_bad_input_is_one_sentence(call: object, text: str) -> None:
    with pytest.raises(CatalogueError, match=text):
        call()  # type: ignore[operator]


def test_running_year_has_only_its_seasons() -> None:
    assert set(price_hour_profile("tokyo", 2025)) == {"summer", "transition"}


@pytest.mark.parametrize("year", [2022, 2023])
def test_against_the_files_of_the_exchange(year: int) -> None:
    path = REAL / f"jepx_spot_summary_{year}.csv"
    if not path.exists():
        pytest.skip("the exchange's files may not be redistributed; ../shared/real is absent")
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    month = np.array([int(row["受渡日"].split("/")[1]) for row in rows])
    hour = np.array([(int(row["時刻コード"]) - 1) // 2 for row in rows])
    season = np.array(PRICE_SEASON_OF_MONTH)[month - 1]
    for area, name in COLUMNS.items():
        prices = np.array([float(row[f"エリアプライス{name}(円/kWh)"]) for row in rows]) * 0.001
        stats = price_statistics(area, year)
        assert stats.half_hours == prices.size
        assert stats.mean_myen_per_mwh == pytest.approx(prices.mean(), abs=1e-6)
        assert stats.median_myen_per_mwh == pytest.approx(np.median(prices), abs=1e-5)
        assert stats.p10_myen_per_mwh == pytest.approx(np.quantile(prices, 0.1), abs=5e-5)
        assert stats.p90_myen_per_mwh == pytest.approx(np.quantile(prices, 0.9), abs=5e-5)
        assert stats.floor_hours == np.count_nonzero(prices < 1.001e-5) / 2
        means = [prices[month == number].mean() for number in range(1, 13)]
        assert price_month_means(area, year) == pytest.approx(np.array(means), abs=1e-6)
        for name_of_season, profile in price_hour_profile(area, year).items():
            chosen = season == name_of_season
            expected = [prices[chosen & (hour == number)].mean() for number in range(24)]
            assert profile == pytest.approx(np.array(expected), abs=1e-6)
