"""Plants of several areas around the clock: which are contracted, by hand; hours and yearly claims apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.cases.purchases import HOURS, buy, campus

from kiban.errors import ScenarioError
from kiban.planning.building import build
from kiban.planning.plan import Plan
from kiban.planning.preparation import prepare
from kiban.report.plan.procurement import bought_details
from kiban.scenario import parse_scenario

LOAD_MW, HOURS_PER_YEAR, LOSS = 24.0, 8760.0, 0.013
NIGHT, DAY = {"area": "tohoku", "technology": "wind_onshore"}, {"area": "kyushu", "technology": "pv"}


@pytest.fixture
def hours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file of output: `night` runs in the first half of each day, `day` in the second."""
    monkeypatch.chdir(tmp_path)
    rows = ["night,day", *(f"{int(hour % 24 < 12)},{int(hour % 24 >= 12)}" for hour in range(HOURS))]
    Path("hours.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return "hours.csv"


def plant(hours: str, column: str, **keys: Any) -> dict[str, Any]:
    contract = {"market_price_myen_per_mwh": 0.012, "balancing_myen_per_mwh": 0.001, "price_myen_per_mwh": 0.02}
    return {**contract, "availability": {"file": hours, "column": column}, **keys}


def portfolio(hours: str, *, clean_share: float | None, claim: bool = False) -> Plan:
    """Wind of Tohoku and sun of Kyushu for a campus in Tokyo, and twice as dear sun of Chubu."""
    plants = {
        "wind": plant(hours, "night", **NIGHT),
        "sun": plant(hours, "day", **DAY),
        "dear": plant(hours, "day", technology="pv", area="chubu", price_myen_per_mwh=0.04),
    }
    claimed = {"certificates": {"claim_share": 1.0}} if claim else {}
    return buy(
        {"plant": plants, **claimed}, **({} if clean_share is None else {"target": {"clean_share": clean_share}})
    )


def capacities(plan: Plan) -> dict[str, float]:
    assert plan.bought is not None
    return {way.name: way.capacity_mw for way in plan.bought.ways if way.way == "physical"}


def test_which_plants_where_by_hand(hours: str) -> None:
    """All hours clean: each half of the day needs its own plant, of the size of the load and of what is lost."""
    plan = portfolio(hours, clean_share=1.0)
    size = LOAD_MW / (1 - LOSS)
    assert capacities(plan) == pytest.approx({"wind": size, "sun": size, "dear": 0.0}, abs=1e-4)
    assert plan.indicators["clean_share"] == pytest.approx(1.0, abs=1e-6)
    # Half of the year each: the strike and the balancing of all that is generated, and nothing from the market.
    generated = 2 * size * 0.5 * HOURS_PER_YEAR
    assert plan.costs["ppa"] == pytest.approx(generated * 0.02, rel=1e-6)
    assert plan.costs["balancing"] == pytest.approx(generated * 0.001, rel=1e-6)
    assert plan.costs.get("market_energy", 0.0) == pytest.approx(0.0, abs=1e-3)
    assert plan.bought is not None
    assert {way.name: way.area for way in plan.bought.ways} == {
        "market": None, "wind": "tohoku", "sun": "kyushu", "dear": "chubu",
    }  # fmt: skip


def test_a_yearly_claim_asks_for_no_hour(hours: str) -> None:
    """Certificates claim all of the year and contract no plant; the hours stay as clean as the mix."""
    claimed = portfolio(hours, clean_share=None, claim=True)
    assert claimed.bought is not None
    assert claimed.bought.claimed_share == pytest.approx(1.0)
    assert claimed.bought.hourly_matched_share == pytest.approx(0.2)
    assert sum(capacities(claimed).values()) == pytest.approx(0.0, abs=1e-5)
    matched = portfolio(hours, clean_share=1.0, claim=True)
    assert matched.bought is not None
    assert matched.bought.hourly_matched_share == pytest.approx(1.0, abs=1e-6)
    assert sum(matched.bought.certificates_mwh_per_year.values()) == pytest.approx(0.0, abs=1.0)
    assert matched.cost_myen_per_year > claimed.cost_myen_per_year


def test_one_plant_alone_cannot_match_the_other_half_of_the_day(hours: str) -> None:
    """However much wind of the night is contracted, the day stays at the mix: 0.6 of all hours at most."""
    raw = campus({"plant": {"wind": plant(hours, "night", **NIGHT)}}, target={"clean_share": 0.61})
    assert build(parse_scenario(raw), explain=False).status == "infeasible"
    raw["target"] = {"clean_share": 0.59}
    assert build(parse_scenario(raw), explain=False).status == "optimal"


def test_the_areas_stand_beside_the_plants(hours: str) -> None:
    plan = portfolio(hours, clean_share=1.0)
    english, japanese = (bought_details(plan, language)[0]["tables"][0]["rows"] for language in ("en", "ja"))
    assert [row[0] for row in english][1:] == [
        "wind (off-site PPA, Tohoku)", "sun (off-site PPA, Kyushu)", "dear (off-site PPA, Chubu)",
    ]  # fmt: skip
    assert japanese[1][0] == "wind(オフサイトPPA、東北)"


def test_no_line_joins_okinawa(hours: str) -> None:
    raw = campus({"plant": {"far": plant(hours, "day", technology="pv", area="okinawa")}})
    with pytest.raises(ScenarioError, match="okinawa"):
        prepare(parse_scenario(raw)).resources_for("given")
