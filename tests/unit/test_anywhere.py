"""A place on earth in place of a scenario: coordinates to weather, area and costs; what does not fit is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit import test_epw, test_jma, test_nsrdb, test_solcast
from typer.testing import CliRunner

from kiban.catalogue import load_catalogue
from kiban.cli import app
from kiban.errors import ScenarioError, WeatherError
from kiban.planning.anywhere import country_of, read_coordinates, scenario_at
from kiban.planning.preparation import prepare
from kiban.scenario import parse_scenario
from kiban.weather.recognition import recognise

EPW = [*test_epw.header(), *test_epw.ROWS]


@pytest.mark.parametrize(
    ("place", "country"),
    [((35.7, 140.1), "JP"), ((48.1, 11.6), "DE"), ((-33.9, 151.2), "AU"), ((37.4, -122.0), "US"), ((0.0, -30.0), None)],
)
def test_the_country_is_that_of_the_time_zone(place: tuple[float, float], country: str | None) -> None:
    assert country_of(*place) == country


def test_a_place_in_japan_has_its_typical_year_area_and_yen() -> None:
    scenario = scenario_at(33.6, 130.4, load_mw=30.0)
    assert (scenario.site.area, scenario.weather.source) == ("kyushu", "typical")
    assert scenario.money.currency == "JPY"
    assert (scenario.finance.cost_set, scenario.finance.price_level_of) == ("japan", None)
    assert scenario.load.it_load_mw == 30.0
    assert scenario_at(43.1, 141.3, currency="USD").money.currency == "USD"


def test_a_place_abroad_asks_a_service_and_has_the_price_level_of_its_country() -> None:
    scenario = scenario_at(53.3, -6.3, years=[2019, 2020])
    assert (scenario.weather.source, scenario.weather.years) == ("nasa-power", (2019, 2020))
    assert scenario.finance.price_level_of == "IE"
    assert (scenario.money.currency, scenario.site.area) == ("USD", None)
    assert scenario_at(53.3, -6.3).weather.years == (scenario.base_year - 1,)
    assert scenario_at(53.3, -6.3, weather="pvgis").weather.years == ()


def test_wind_is_planned_on_request_from_the_wind_of_the_weather() -> None:
    asked = ["build", "--at", "43.1,141.3", "--load-mw", "nothing"]
    assert CliRunner().invoke(app, asked).exit_code == 2
    scenario = scenario_at(43.1, 141.3, wind_mw=25.0)
    supply = {option.name: option for option in prepare(scenario).resources_for("direct_liquid").supply}
    assert supply["wind_onshore"].max_mw == 25.0
    # By the power law from the station's mast to the hub, so more than nothing and less than the rating.
    assert 0.05 < supply["wind_onshore"].availability.mean() < 0.6
    assert set(supply) == {"pv", "wind_onshore"}
    assert "wind_onshore" not in {
        option.name for option in prepare(scenario_at(43.1, 141.3)).resources_for("direct_liquid").supply
    }


def test_a_file_is_recognised_and_costs_are_those_of_the_place(tmp_path: Path) -> None:
    (tmp_path / "here.epw").write_text("\n".join(EPW) + "\n")

    def read(**finance):
        scenario = scenario_at(test_epw.LATITUDE, test_epw.LONGITUDE, weather="here.epw", folder=tmp_path)
        assert scenario.weather.source == "epw"
        given = scenario.finance.model_copy(update={"cost_set": "united-states", **finance})
        return prepare(scenario.model_copy(update={"finance": given}))

    american, german = read(), read(price_level_of="DE")
    one, other = american.resources_for("direct_liquid"), german.resources_for("direct_liquid")
    level = load_catalogue().value("price_level.de")
    assert level == pytest.approx(0.761)
    assert other.supply[0].annual_cost_myen_per_mw == pytest.approx(level * one.supply[0].annual_cost_myen_per_mw)
    for part in ("building", "cooling"):
        assert other.it_annual_costs_myen_per_mw[part] == pytest.approx(level * one.it_annual_costs_myen_per_mw[part])
    assert other.it_annual_costs_myen_per_mw["chips"] == pytest.approx(one.it_annual_costs_myen_per_mw["chips"])
    assert other.grid.price_myen_per_mwh[0] == one.grid.price_myen_per_mwh[0]
    assert "price_level.de" in {entry.name for entry in german.recorder}
    # Japanese costs abroad: the other country's level over Japan's.
    home = prepare(parse_scenario({"name": "x", "site": {"id": "inzai"}}))
    abroad = prepare(parse_scenario({"name": "x", "site": {"id": "inzai"}, "finance": {"price_level_of": "SG"}}))
    ratio = load_catalogue().value("price_level.sg") / load_catalogue().value("price_level.jp")
    assert abroad.plant.supply[0].annual_cost_myen_per_mw == pytest.approx(
        ratio * home.plant.supply[0].annual_cost_myen_per_mw
    )
    unknown = prepare(parse_scenario({"name": "x", "site": {"id": "inzai"}, "finance": {"price_level_of": "XX"}}))
    with pytest.raises(ScenarioError, match="'XX' has no price level in the catalogue; choose one of AE, AU"):
        unknown.resources_for("direct_liquid")


def test_every_format_is_recognised_by_its_beginning(tmp_path: Path) -> None:
    files = {
        "epw": EPW,
        "nsrdb": [*test_nsrdb.header(), *test_nsrdb.YEAR[:3]],
        "solcast": [test_solcast.NEW, *test_solcast.HOURS[:3]],
        "jma": test_jma.PAGE[:9],
        "tmy3": ['723170,"GREENSBORO",NC,-5.0,36.100,-79.950,273', "Date (MM/DD/YYYY),Time (HH:MM)", "1,2"],
    }
    for source, lines in files.items():
        file = tmp_path / f"{source}.csv"
        file.write_bytes("\n".join(lines).encode("cp932"))
        assert recognise(file) == source
    tidy = tmp_path / "tidy.csv"
    tidy.write_text("\n".join(test_jma.TIDY[:3]))
    assert recognise(tidy) == "jma"
    (tmp_path / "load.csv").write_text("time,load\n2025-01-01T00:00,1\n")
    with pytest.raises(WeatherError, match="is no weather file of a known format"):
        recognise(tmp_path / "load.csv")


def notes_at(folder: Path, latitude: float, longitude: float) -> list[str]:
    (folder / "here.epw").write_text("\n".join(EPW) + "\n")
    site = {"latitude_deg": latitude, "longitude_deg": longitude, "area": "hokkaido", "utc_offset_hours": 9}
    raw = {"name": "x", "site": site, "weather": {"source": "epw", "files": ["here.epw"]}}
    return [note.code for note in prepare(parse_scenario(raw).placed_in(folder)).weather.notes]


def test_weather_that_a_latitude_cannot_have_is_said(tmp_path: Path) -> None:
    codes = {"note.too_bright", "note.other_climate"}
    assert not codes & set(notes_at(tmp_path, test_epw.LATITUDE, test_epw.LONGITUDE))
    south = notes_at(tmp_path, -test_epw.LATITUDE, test_epw.LONGITUDE)
    assert "note.too_bright" in south
    assert "note.place_apart" in south
    assert "note.other_climate" in notes_at(tmp_path, 85.0, test_epw.LONGITUDE)


@pytest.mark.parametrize("text", ["", "35.7", "35.7,140.1,3", "north,east", "95,10", "10,190", "nan,1"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError, match=r"give latitude and longitude in degrees, as 35\.7,140\.1"):
        read_coordinates(text)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--weather", "pvgis"], "--weather is for a place that --at names; add --at LAT,LON"),
        (["tomakomai", "--at", "35,140"], "--at and the scenario 'tomakomai' are both given; give one of the two"),
        (["--at", "35,140", "--years", "2019-2050"], "--years is '2019-2050'; give one year or at most 20 years"),
        (["--at", "35,140", "--years", "2019", "--weather", "typical"], "is one year of no date"),
    ],
)
def test_options_that_cannot_be_meant(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["build", *arguments])
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())


def test_a_place_is_planned_in_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def plan(scenario, report):
        asked.append(scenario)
        raise ScenarioError([])

    monkeypatch.setattr("kiban.planning.building.build", plan)
    CliRunner().invoke(app, ["build", "--at", "35.7,140.1", "--load-mw", "40", "--currency", "USD"])
    [scenario] = asked
    assert (scenario.site.latitude_deg, scenario.site.area, scenario.load.it_load_mw) == (35.7, "tokyo", 40.0)
    assert scenario.money.currency == "USD"
