"""The market over HTTP: a year by month, days hour by hour, and what a load does to others as a job."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.cases.servers import Client, wait_for_job
from typer.testing import CliRunner

from kiban.cli import app
from kiban.finance.on_others import year_of_market
from kiban.market.areas import MARKET_AREAS
from kiban.market.campus import bare_load
from kiban.market.days import SOURCES
from kiban.server import markets, tasks

FIRST = "2024-08-05"


@pytest.fixture(scope="module")
def week(client: Client) -> Any:
    """A week of August with 1 GW more in Tokyo."""
    return client.get(f"/api/v1/market/days?first={FIRST}&area=tokyo&load_mw=1000").json()


def test_the_year_is_that_of_the_market(client: Client) -> None:
    found = client.get("/api/v1/market").json()
    year = year_of_market().year
    hours, price = year.case.hours, year.price_yen_per_kwh
    assert found["synthetic"] is True
    assert (found["first"], found["last"]) == ("2024-04-01", "2025-03-31")
    assert found["months"] == [4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3]
    august = hours.month == 8
    for place, area in enumerate(found["areas"]):
        assert area["id"] == MARKET_AREAS[place]
        assert area["price_yen_per_kwh"] == pytest.approx(price[:, place].mean(), abs=0.006)
        assert area["month_price_yen_per_kwh"][4] == pytest.approx(price[august, place].mean(), abs=0.006)
        assert area["month_demand_mw"][4] == pytest.approx(hours.demand_mw[august, place].mean(), abs=0.6)
    flow = year.cleared.clearing.flow_mw
    for tie, means in enumerate(found["month_flow_mw"]):
        assert means[4] == pytest.approx(flow[august, tie].mean(), abs=0.6)
    assert len(found["week_first"]) == len(found["week_price_yen_per_kwh"]) == 52
    fifth = slice(5 * 168, 6 * 168)
    demand = hours.demand_mw[fifth]
    paid = (price[fifth] * demand).sum() / demand.sum()
    assert found["week_first"][5] == "2024-05-06"
    assert found["week_price_yen_per_kwh"][5] == pytest.approx(paid, abs=0.006)


def test_days_are_those_of_the_year_and_balance(week: Any) -> None:
    assert (week["start"], week["hours"]) == (f"{FIRST}T00:00", 168)
    assert tuple(week["areas"]) == MARKET_AREAS
    assert week["load_mw"] == [1000.0 if area == "tokyo" else 0.0 for area in MARKET_AREAS]
    first = int(np.flatnonzero(year_of_market().year.case.hours.start == np.datetime64(FIRST, "h"))[0])
    year = year_of_market().year
    for place in range(len(MARKET_AREAS)):
        prices = year.price_yen_per_kwh[first : first + 168, place]
        np.testing.assert_allclose(week["before"]["price_yen_per_kwh"][place], prices, atol=0.006)
    for side, load in (("before", 0.0), ("after", 1.0)):
        assert tuple(week[side]["supply_mw"]) == SOURCES
        served = np.array(week["demand_mw"], dtype=float) + load * np.array(week["load_mw"])[:, None]
        served -= sum(np.array(output) for output in week[side]["supply_mw"].values())
        for tie, flow in zip(week["ties"], week[side]["flow_mw"], strict=True):
            served[MARKET_AREAS.index(tie["from_area"])] += flow
            served[MARKET_AREAS.index(tie["to_area"])] -= flow
        # Each of some twenty figures is rounded to a MW.
        assert np.abs(served).max() <= 12.0


def test_a_load_raises_prices_where_it_stands(week: Any) -> None:
    tokyo = MARKET_AREAS.index("tokyo")
    before, after = (np.array(week[side]["price_yen_per_kwh"][tokyo]) for side in ("before", "after"))
    assert (after >= before - 0.011).all()
    assert after.mean() > before.mean() + 0.1


def test_a_load_over_all_areas_is_spread_as_their_demand() -> None:
    demand = year_of_market().year.case.hours.demand_mw.sum(axis=0)
    found = bare_load(3000.0, "all").load_mw
    assert found.sum() == pytest.approx(3000.0)
    np.testing.assert_allclose(found / found[0], demand / demand[0])


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("first=2024-08-05&area=okinawa", "okinawa"),
        ("first=2025-03-26", "2025-03-25"),
        ("first=2023-08-05", "2024-04-01"),
        ("first=august", "first"),
        ("first=2024-08-05&days=32", "days"),
        ("first=2024-08-05&load_mw=-1", "load_mw"),
        ("first=2024-08-05&load_mw=inf", "load_mw"),
        ("first=2024-08-05&area=shikoku&load_mw=20000", "5050"),
    ],
)
def test_what_the_market_cannot_show_is_refused(client: Client, query: str, said: str) -> None:
    answer = client.get(f"/api/v1/market/days?{query}")
    assert answer.status_code == 422
    assert said in answer.text


def test_an_impact_is_a_job_that_says_what_the_command_says(client: Client) -> None:
    answer = client.post("/api/v1/impact", json={"area": "tokyo", "load_mw": 1000.0, "sequence": 7})
    assert answer.status_code == 202, answer.text
    assert answer.json()["sequence"] == 7
    job = wait_for_job(client.get, answer.json()["job"]["id"])
    assert job["state"] == "done", job["problem"]
    view = job["result"]
    printed = CliRunner().invoke(app, ["impact", "--load", "1000", "--area", "tokyo", "--json", "--lang", "ja"])
    document = json.loads(printed.stdout)
    assert view["said"]["ja"]["sentence"] == document.pop("sentence")
    assert view["said"]["ja"]["sentences"] == document.pop("sentences")
    assert {name: view["impact"][name] for name in document} == document
    assert set(view["said"]["en"]["variants"]) == {variant["id"] for variant in document["variants"]}
    assert [area["id"] for area in view["impact"]["areas"]] == list(MARKET_AREAS)


def test_a_short_impact_is_that_of_the_bid_curves_at_once(client: Client) -> None:
    answer = client.post("/api/v1/impact?view=short", json={"area": "all", "load_mw": 500.0, "sequence": 3})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["sequence"], found["impact"]["method"]) == (3, "bid_curves")
    assert found["impact"]["load_mwh_per_year"] == pytest.approx(500.0 * 8760)
    assert found["said"]["en"]["sentence"].startswith("A load of 500 MW in Hokkaido")


def test_the_long_run_is_asked_for_by_a_key_of_the_question(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job carries it to the market, which is not cleared here: it takes minutes."""
    answer = client.post("/api/v1/impact", json={"area": "tokyo", "load_mw": 1000.0, "long_run": True})
    assert answer.status_code == 202, answer.text
    client.delete(f"/api/v1/jobs/{answer.json()['job']['id']}")
    asked: list[Any] = []
    monkeypatch.setattr(tasks, "answer_impact", lambda *given, **named: asked.append((given, named["long_run"])) or {})
    for wanted in (True, False):
        tasks._impact({"area": "tokyo", "load_mw": 1000.0, "long_run": wanted}, lambda *_: None)
    assert asked == [((1000.0, "tokyo"), True), ((1000.0, "tokyo"), False)]
    assert client.post("/api/v1/impact", json={"load_mw": 1.0, "long_run": "soon"}).status_code == 422


@pytest.mark.parametrize(
    ("view", "body", "status", "said"),
    [
        ("full", {"area": "okinawa", "load_mw": 1.0}, 422, "okinawa"),
        ("short", {"area": "nowhere", "load_mw": 1.0}, 422, "nowhere"),
        ("short", {"area": "tokyo", "load_mw": 1001.0}, 422, "1000"),
        ("full", {"area": "tokyo", "load_mw": 1.0, "mode": "instant"}, 413, ""),
        ("full", {"area": "tokyo", "load_mw": -1.0}, 422, "load_mw"),
        ("full", {"area": "tokyo"}, 422, "load_mw"),
    ],
)
def test_an_impact_that_cannot_be_is_refused(
    client: Client, view: str, body: dict[str, Any], status: int, said: str
) -> None:
    answer = client.post(f"/api/v1/impact?view={view}", json=body)
    assert answer.status_code == status, answer.text
    assert said in answer.text.replace(",", "")


def test_the_last_impacts_are_remembered_and_the_eldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def impact(load_mw: float, area: str, **_: Any) -> float:
        asked.append(load_mw)
        return load_mw

    monkeypatch.setattr(markets, "impact_of_load", impact)
    monkeypatch.setattr(markets, "impact_view", lambda found: {"load": found})
    monkeypatch.setattr(markets, "_impacts", {})
    first = markets.answer_impact(0.0, "tokyo")
    assert markets.answer_impact(0.0, "tokyo") is first
    assert markets.answer_impact(0.0, "tokyo", fast=True) is not first
    for load in range(1, markets.REMEMBERED_IMPACTS):
        markets.answer_impact(float(load), "tokyo")
    assert markets.answer_impact(0.0, "tokyo") == first
    assert asked == [0.0, 0.0, *map(float, range(1, markets.REMEMBERED_IMPACTS)), 0.0]
