"""A plan on observed weather and exchange prices, where those files are at hand (they may not be shipped)."""

import os
from pathlib import Path

import pytest

from kiban.planning import build
from kiban.scenario import parse_scenario

REAL = Path(os.environ.get("KIBAN_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "real"))
WEATHER = "jma_sapporo_2022_2023.csv"
PRICES = ("jepx_spot_summary_2022.csv", "jepx_spot_summary_2023.csv")

pytestmark = pytest.mark.skipif(
    not all((REAL / name).is_file() for name in (WEATHER, *PRICES)),
    reason=f"the real hourly files are not at {REAL.name}; set KIBAN_REAL_DATA to their folder",
)


def scenario(**sections):
    raw = {
        "name": "Sapporo as it was in 2023",
        "site": {"id": "ishikari", "latitude_deg": 43.06, "longitude_deg": 141.33, "elevation_m": 17.4},
        "weather": {
            "source": "jma",
            "files": [WEATHER],
            "years": [2023],
            "fill_gaps_hours": 16,
            "wind_height_m": 59.5,
        },
        "supply": {"geothermal": {"max_mw": 15.0}, "hydro": {"max_mw": 20.0}},
        "grid": {"price_myen_per_mwh": {"jepx_files": list(PRICES)}},
        "target": {"clean_share": 0.8},
        **sections,
    }
    return parse_scenario(raw).placed_in(REAL)


@pytest.mark.slow
def test_a_real_year_gives_a_proven_plan():
    plan = build(scenario())
    assert plan.status == "optimal"
    assert plan.certificate.relative_gap < 1e-7
    assert plan.indicators["clean_share"] >= 0.8 - 1e-7
    assert {entry.name: entry.status for entry in plan.provenance}["weather"] == "given"
    # Measured weather leaves nothing synthetic.
    assert not [entry.name for entry in plan.provenance if entry.status == "synthetic"]
    assert any("filled" in str(note) for note in plan.notes)
    pv = next(name for name in plan.hourly if name.startswith("pv"))
    assert plan.hourly[pv].size == 8760


def test_prices_of_another_year_need_its_file():
    from kiban.errors import InputError

    other = scenario(weather={**scenario().weather.model_dump(exclude_none=True), "years": [2022], "files": [WEATHER]})
    with pytest.raises(InputError, match="fiscal year 2021"):
        build(other)
