"""From a scenario to resources: every hourly input and every figure can be replaced, and is recorded."""

import math

import numpy as np
import pytest

from kiban.errors import InputError, ScenarioError
from kiban.planning.preparation import prepare
from kiban.scenario import parse_scenario

ISLAND = {
    "name": "all given",
    "site": {"latitude_deg": 40.0, "longitude_deg": 141.0},
    "time": {"hours": 48},
    "weather": {"source": "none"},
    "load": {"it_load_mw": 10.0, "deferrable_share": 0.0, "firm_shape": "flat", "it_annual_cost_myen_per_mw": 1.0},
    "cooling": {"pue": 1.2},
    "supply": {"sun": {"availability": 0.5, "annual_cost_myen_per_mw": 3.0}},
    "battery": {"annual_cost_myen_per_mw": 1.0, "annual_cost_myen_per_mwh": 0.5, "round_trip_efficiency": 0.81},
    "grid": {
        "price_myen_per_mwh": 0.02,
        "energy_charge_myen_per_mwh": 0.0,
        "annual_cost_myen_per_mw": 2.0,
        "clean_share": 0.3,
        "emission_factor_t_per_mwh": 0.4,
    },
    "backup": {"technology": "none"},
}


def make(base=ISLAND, folder=None, **sections):
    """Resources of a scenario with sections changed key by key."""
    raw = {name: dict(value) if isinstance(value, dict) else value for name, value in base.items()}
    for name, value in sections.items():
        raw[name] = {**raw.get(name, {}), **value} if isinstance(value, dict) else value
    scenario = parse_scenario(raw)
    preparation = prepare(scenario if folder is None else scenario.placed_in(folder))
    return preparation, preparation.resources_for(preparation.cooling_systems[0])


def test_a_scenario_that_gives_everything_needs_no_weather():
    preparation, resources = make()
    assert resources.cooling_system == "given"
    assert resources.steps == 48
    assert resources.step_weight_h == pytest.approx(8760 / 48)
    assert resources.firm_mw == pytest.approx(np.full(48, 10.0))
    assert resources.pue == pytest.approx(np.full(48, 1.2))
    assert resources.battery.charge_efficiency == pytest.approx(0.9)
    assert resources.grid.price_myen_per_mwh == pytest.approx(np.full(48, 0.02))
    assert [supply.name for supply in resources.supply] == ["sun"]
    assert resources.min_it_mw == pytest.approx(10.0)
    assert len(preparation.time) == 48


def write_series(folder, rows=48, **columns):
    lines = [",".join(columns)]
    lines += [",".join(str(values[row]) for values in columns.values()) for row in range(rows)]
    (folder / "series.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("section", "key", "read"),
    [
        ("load", "it_load_mw", lambda r: r.firm_mw),
        ("load", "deferrable_mw", lambda r: r.arrivals_mw),
        ("cooling", "pue", lambda r: r.pue),
        ("cooling", "wue_l_per_kwh", lambda r: r.wue_m3_per_mwh),
        ("grid", "price_myen_per_mwh", lambda r: r.grid.price_myen_per_mwh),
        ("grid", "clean_share", lambda r: r.grid.clean_share),
        ("grid", "emission_factor_t_per_mwh", lambda r: r.grid.emission_factor_t_per_mwh),
        ("sun", "availability", lambda r: r.supply[0].availability),
        ("sun", "variable_cost_myen_per_mwh", lambda r: r.supply[0].variable_cost_myen_per_mwh),
    ],
)
def test_each_hourly_input_can_be_a_column(tmp_path, section, key, read):
    values = np.linspace(0.1, 0.9, 48) + (1.0 if key == "pue" else 0.0)
    write_series(tmp_path, x=values)
    reference = {"file": "series.csv", "column": "x"}
    change = (
        {"supply": {"sun": {**ISLAND["supply"]["sun"], key: reference}}}
        if section == "sun"
        else {section: {key: reference}}
    )
    preparation, resources = make(folder=tmp_path, **change)
    assert read(resources) == pytest.approx(values)
    assert any(str(entry.source) == "series.csv" and entry.status == "given" for entry in preparation.recorder)


def test_a_scaled_column_and_one_of_whole_years(tmp_path):
    values = np.arange(8760) / 8760
    write_series(tmp_path, rows=8760, x=values)
    reference = {"file": "series.csv", "column": "x", "scale": 10.0}
    _, resources = make(folder=tmp_path, time={"hours": 48, "first_hour": 100}, load={"it_load_mw": reference})
    assert resources.firm_mw == pytest.approx(10.0 * values[100:148])


def test_problems_of_several_series_are_told_together(tmp_path):
    write_series(tmp_path, x=np.full(48, 2.0))
    reference = {"file": "series.csv", "column": "x"}
    with pytest.raises(InputError) as caught:
        make(
            folder=tmp_path,
            load={"it_load_mw": {"file": "nothing.csv", "column": "x"}},
            grid={"clean_share": reference, "emission_factor_t_per_mwh": {"file": "series.csv", "column": "y"}},
        )
    text = str(caught.value)
    assert len(caught.value.problems) == 3
    assert "nothing.csv" in text
    assert "grid.clean_share" in text
    assert "grid.emission_factor_t_per_mwh" in text


def test_missing_weather_says_what_to_give():
    with pytest.raises(ScenarioError, match=r"weather\.source is 'none'"):
        make(supply={"pv": {"max_mw": 10.0}})


def test_a_window_beyond_the_year_is_refused():
    with pytest.raises(ScenarioError, match="first_hour"):
        make(time={"hours": 48, "first_hour": 8750})


def test_catalogue_values_can_be_replaced_by_their_id():
    base = {"name": "x", "site": {"id": "tomakomai"}, "time": {"hours": 48}}
    _, before = make(base)
    preparation, after = make(base, assumptions={"pv.capex": 81.3, "pv.fixed_om": 0.0})
    cost = {supply.name: supply.annual_cost_myen_per_mw for supply in after.supply}
    assert cost["pv"] == pytest.approx(81.3 * 0.05 / (1 - 1.05**-25))
    assert cost["hydro"] == pytest.approx({s.name: s.annual_cost_myen_per_mw for s in before.supply}["hydro"])
    assert {entry.name: entry.status for entry in preparation.recorder}["pv.capex"] == "given"


def test_an_unknown_assumption_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"pv\.capex"):
        make(assumptions={"pv.capx": 100.0})


def test_keys_of_the_scenario_win_over_the_catalogue():
    base = {"name": "x", "site": {"id": "tomakomai"}, "time": {"hours": 48}}
    _, resources = make(base, supply={"pv": {"annual_cost_myen_per_mw": 1.25, "max_mw": 7.0}})
    pv = next(supply for supply in resources.supply if supply.name == "pv")
    assert (pv.annual_cost_myen_per_mw, pv.max_mw) == (1.25, 7.0)


def test_a_technology_without_a_resource_is_left_out_or_refused():
    base = {"name": "x", "site": {"id": "koto"}, "time": {"hours": 48}}
    _, resources = make(base)
    assert "geothermal" not in {supply.name for supply in resources.supply}
    assert "wind_offshore_fixed" not in {supply.name for supply in resources.supply}
    with pytest.raises(ScenarioError, match=r"wind_offshore_fixed.*mean_speed_m_s"):
        make(base, supply={"wind_offshore_fixed": {}})


def test_liquid_cooled_chips_are_not_offered_air():
    base = {"name": "x", "site": {"id": "tomakomai"}, "time": {"hours": 48}}
    preparation, _ = make(base)
    assert preparation.cooling_systems == ("direct_liquid", "immersion")
    assert any("liquid-cooled" in str(note) for note in preparation.notes)
    preparation, _ = make(base, load={"chip": "h100"})
    assert len(preparation.cooling_systems) == 4


def test_compute_without_chips_has_no_gpu_hours():
    base = {"name": "x", "site": {"id": "tomakomai"}, "time": {"hours": 48}}
    _, resources = make(base, load={"chip": "none"})
    assert resources.gpus_per_mw is None
    assert "chips" not in resources.it_annual_costs_myen_per_mw


def test_the_backlog_holds_the_arrivals_of_the_allowed_delay():
    _, resources = make(load={"deferrable_share": 0.5, "max_delay_hours": 6})
    assert resources.arrivals_mw == pytest.approx(np.full(48, 5.0))
    assert resources.max_backlog_mwh == pytest.approx(np.full(48, 30.0))
    _, resources = make(load={"deferrable_share": 0.5, "max_delay_hours": 0})
    assert not resources.max_backlog_mwh.any()


def test_half_hours_and_several_years():
    _, resources = make(time={"hours": 48, "step_hours": 0.5}, weather={"source": "none", "years": (2021, 2022)})
    assert (resources.steps, resources.block_steps) == (192, 96)
    assert resources.step_weight_h == pytest.approx(8760 / 192)


def test_a_place_abroad_without_an_area_needs_its_prices():
    place = {"name": "x", "site": {"latitude_deg": 35.5, "longitude_deg": 139.5}, "time": {"hours": 48}}
    with pytest.raises(ScenarioError, match=r"site\.area"):
        make(place)
    _, resources = make(place, site={"area": "tokyo"})
    assert resources.grid.price_myen_per_mwh.mean() > 0.01


def test_okinawa_pays_the_tariff_of_its_utility():
    _, resources = make({"name": "x", "site": {"id": "okinawa"}, "time": {"hours": 48}})
    assert resources.grid.price_myen_per_mwh == pytest.approx(np.full(48, 0.022 + 0.00418))


def test_limits_are_infinite_where_none_is_given():
    _, resources = make()
    assert math.isinf(resources.grid.max_mw)
    assert math.isinf(resources.supply[0].max_mw)


@pytest.mark.parametrize("counted_on", [{"min_mw": 20.0}, {"availability": 0.5}])
def test_supply_that_is_counted_on_does_not_vanish_without_a_word(counted_on):
    """No river runs at the site of Kitakyushu, whose potential is 0 MW."""
    place = {"name": "x", "site": {"id": "kitakyushu"}, "time": {"hours": 48}}
    with pytest.raises(ScenarioError, match=r"supply\.hydro counts on run-of-river hydro.*give max_mw"):
        make(place, supply={"hydro": counted_on})
    assert "hydro" not in {option.name for option in make(place, supply={"hydro": {}})[1].supply}
    _, resources = make(place, supply={"hydro": {**counted_on, "max_mw": 30.0}})
    assert [option.max_mw for option in resources.supply if option.name == "hydro"] == [30.0]


def test_measures_save_a_share_or_a_series(tmp_path):
    write_series(tmp_path, x=np.linspace(0, 1, 48))
    measures = (
        {"id": "fans", "capex_myen": 10.0, "life_years": 10.0, "saving_share": 0.1, "group": "air"},
        {"id": "heat", "annual_cost_myen": 3.0, "saving_mw": {"file": "series.csv", "column": "x"}},
    )
    _, resources = make(folder=tmp_path, measure=measures, finance={"discount_rate": 0.0})
    fans, heat = resources.measures
    assert fans.annual_cost_myen == pytest.approx(1.0)
    assert fans.saving_mw == pytest.approx(np.full(48, 1.2))
    assert heat.saving_mw == pytest.approx(np.linspace(0, 1, 48))


def test_every_input_has_an_origin():
    preparation, _ = make({"name": "x", "site": {"id": "tomakomai"}, "time": {"hours": 48}})
    entries = list(preparation.recorder)
    assert all(entry.source and entry.name for entry in entries)
    assert {entry.status for entry in entries} >= {"verified", "assumed", "given", "derived", "synthetic"}
    assert any(entry.name == "weather" and entry.status == "synthetic" for entry in entries)


def test_names_of_the_programme_are_reserved():
    from tests.cases import draw_features, make_resources
    from tests.cases.procurements import with_procurement

    from kiban.planning.programme import write_programme
    from kiban.scenario.plant import RESERVED_BEGINNINGS, RESERVED_NAMES, TRANCHE

    names = set()
    for seed in range(12):
        site = make_resources(seed, draw_features(np.random.default_rng(seed)), block_steps=24, blocks=1)
        programme = write_programme(site)
        own = {supply.name for supply in site.supply} | {measure.name for measure in site.measures}
        names |= {*programme.capacities, *programme.variables} - own - {f"{name}_output" for name in own}
    buys = with_procurement(make_resources(1, frozenset({"grid"}), block_steps=24), 1)
    names |= {*write_programme(buys).capacities, *write_programme(buys).variables} - {s.name for s in buys.supply}
    tranches = {name for name in names if name.startswith(TRANCHE)}
    # Hired engines are a plant like any other, with a name that is kept for them; flexibility is sold at a price only.
    kept = RESERVED_NAMES - {"bridging_gas", "flexibility"}
    assert {name for name in names if not name.startswith(RESERVED_BEGINNINGS)} == kept
    assert {name.split("_")[1] for name in tranches} == {"patient", "prompt"}
    assert all(
        any(name.startswith(beginning) for name in names)
        for beginning in set(RESERVED_BEGINNINGS) - {"kept_", "sold_", "standing_"}
    )


@pytest.mark.parametrize("name", ["it", "import", "a b", "PV", "x_output", "tranche_a"])
def test_a_supply_option_cannot_take_a_reserved_name(name):
    with pytest.raises(ScenarioError, match="cannot name a supply option"):
        make(supply={name: {"availability": 0.5, "annual_cost_myen_per_mw": 3.0}})


@pytest.mark.parametrize("name", ["pv", "backlog", "sun", "tranche_a"])
def test_a_measure_cannot_take_a_name_in_use(name):
    with pytest.raises(ScenarioError, match=f"a measure cannot be called {name}"):
        make(measure=({"id": name, "annual_cost_myen": 1.0, "saving_share": 0.1},))


@pytest.mark.parametrize(
    ("year", "first_day", "days"),
    [
        # 1 January 2001 was a Monday: the first week runs from Monday to Sunday.
        (2001, 0, [10.0, 10.0, 10.0, 10.0, 10.0, 8.0, 8.0]),
        # 1 January 2026 is a Thursday: Thursday, Friday, Saturday, Sunday, Monday, Tuesday, Wednesday.
        (2026, 0, [10.0, 10.0, 8.0, 8.0, 10.0, 10.0, 10.0]),
        # 7 January 2001 was a Sunday, and the week after it ends on a Saturday.
        (2001, 6, [8.0, 10.0, 10.0, 10.0, 10.0, 10.0, 8.0]),
    ],
)
def test_a_weekend_is_saturday_and_sunday(year, first_day, days):
    """10 MW at 15 o'clock, twelve hours from it half of that, and four fifths of both on the two days of a weekend."""
    figures = {"inference.trough_share": 0.5, "inference.peak_hour": 15.0, "inference.weekend_share": 0.8}
    _, resources = make(
        time={"first_hour": 24 * first_day, "hours": 168},
        weather={"years": [year]},
        load={"firm_shape": "inference"},
        assumptions=figures,
    )
    week = resources.firm_mw.reshape(7, 24)
    assert week[:, 15] == pytest.approx(days, rel=1e-12)
    assert week[:, 3] == pytest.approx(np.multiply(0.5, days), rel=1e-12)
    # Six hours from the peak the cosine is nought: halfway between trough and peak.
    assert week[:, 9] == pytest.approx(np.multiply(0.75, days), rel=1e-12)
    assert week[:, 21] == pytest.approx(np.multiply(0.75, days), rel=1e-12)
