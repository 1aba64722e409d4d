"""A plan on the weather of one year, operated on the weather and prices of the next, where those files are at hand."""

import os
from datetime import date
from pathlib import Path

import pytest

import kiban
from kiban.operation.period import Period
from kiban.scenario import parse_scenario

REAL = Path(os.environ.get("KIBAN_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "real"))
WEATHER = "jma_sapporo_2022_2023.csv"
PRICES = ("jepx_spot_summary_2022.csv", "jepx_spot_summary_2023.csv")

pytestmark = pytest.mark.skipif(
    not all((REAL / name).is_file() for name in (WEATHER, *PRICES)),
    reason=f"the real hourly files are not at {REAL.name}; set KIBAN_REAL_DATA to their folder",
)


@pytest.fixture(scope="module")
def plan():
    """Tomakomai's design on the weather that Sapporo had in 2022."""
    raw = {
        "name": "Tomakomai on the weather of 2022",
        "site": {"id": "tomakomai"},
        "load": {"it_load_mw": 100.0, "deferrable_share": 0.2, "max_delay_hours": 24},
        "supply": {"geothermal": {"max_mw": 15.0}, "hydro": {"max_mw": 20.0}},
        "target": {"clean_share": 0.9, "carbon_price_myen_per_t": 0.003},
        "weather": {
            "source": "jma",
            "files": [WEATHER],
            "years": [2022],
            "wind_height_m": 36.0,
            "fill_gaps_hours": 24,
        },
    }
    return kiban.build(parse_scenario(raw).placed_in(REAL))


NEXT_YEAR = Period(
    weather=(str(REAL / WEATHER),),
    prices=tuple(str(REAL / name) for name in PRICES),
    first=date(2023, 1, 1),
    last=date(2023, 12, 31),
)


@pytest.mark.slow
def test_regret_of_another_year_is_within_its_bands(plan):
    """Perfect forecasts for 48 hours cost at most 0.8 %, forecasts of a weather model's grade at most 3.5 %."""
    operation = kiban.run(plan, period=NEXT_YEAR)
    base = operation.perfect_foresight_cost_myen
    assert len(operation.time) == 8760
    assert operation.time[0].year == operation.time[-1].year == 2023
    assert 0.0 <= operation.regret.horizon_myen / base <= 0.008
    assert operation.regret.total_myen / base <= 0.035
    assert operation.total_unserved_mwh == pytest.approx(0.0, abs=1e-6)
    assert operation.bound_myen <= operation.cost_myen
    assert str(operation.sentence).startswith("Operated from 2023-01-01 to 2023-12-31")


@pytest.mark.slow
def test_a_week_of_another_year_is_operated(plan):
    week = Period(NEXT_YEAR.weather, NEXT_YEAR.weather_source, NEXT_YEAR.prices, date(2023, 7, 3), date(2023, 7, 9))
    operation = kiban.run(plan, period=week)
    assert len(operation.time) == 168
    assert f"{operation.time[0]:%m-%d}" == "07-03"
    assert operation.total_unserved_mwh == pytest.approx(0.0, abs=1e-6)
