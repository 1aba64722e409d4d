"""Every remedy that the messages of a scenario offer is applied as it is said, and nothing is left to complain of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kiban.errors import InputError
from kiban.planning import build
from kiban.planning.preparation import prepare
from kiban.quantities import LANGUAGES
from kiban.report.messages import say_problem
from kiban.scenario import parse_scenario

GONE = object()
"""In the place of a key that is left out."""
PRICES = {
    "price_myen_per_mwh": 0.01,
    "energy_charge_myen_per_mwh": 0.0,
    "annual_cost_myen_per_mw": 1.0,
    "clean_share": 0.0,
    "emission_factor_t_per_mwh": 0.5,
}
BASE = {
    "name": "remedies",
    "site": {"id": "inzai"},
    "weather": {"source": "none"},
    "time": {"hours": 48},
    "load": {"it_load_mw": 10.0, "firm_shape": "flat", "deferrable_share": 0.0, "chip": "none",
             "it_annual_cost_myen_per_mw": 1.0},
    "cooling": {"pue": 1.0, "wue_l_per_kwh": 0.0, "system": "air_economiser"},
    "battery": {"enabled": False},
    "backup": {"critical_share": 0.0, "annual_cost_myen_per_mw": 1.0, "fuel_cost_myen_per_mwh": 0.1,
               "emission_factor_t_per_mwh": 0.7},
    "grid": PRICES,
}  # fmt: skip
OFF = {"enabled": False}
PLANT = {"availability": 1.0, "annual_cost_myen_per_mw": 10.0}
FLYWHEEL = {"annual_cost_myen_per_mw": 1.0, "annual_cost_myen_per_mwh": 1.0, "round_trip_efficiency": 0.9}
BATTERY = {"enabled": True, "annual_cost_myen_per_mw": 1.0, "annual_cost_myen_per_mwh": 1.0, "life_years": 15.0}
SOMEWHERE = {"id": GONE, "latitude_deg": 43.1, "longitude_deg": 141.3}
STORE = {"annual_cost_myen_per_mwh": 1.0}
SERIES = {"file": "series.csv", "column": "value"}
AMERICAN = {"finance": {"cost_set": "united-states"}}
TRANCHE = {"name": "batch", "it_load_mw": 1.0, "price_myen_per_mwh": 0.1}
NO_UNIT = {"unit_mw": 4.0, "min_mw": 5.0, "max_mw": 7.0}

CASES: Mapping[str, tuple[Mapping[str, Any], tuple[Mapping[str, Any], ...]]] = {
    "planning.units": (
        {"supply": {"gas": {**PLANT, **NO_UNIT}}},
        ({"supply": {"gas": {"max_mw": 8.0}}}, {"supply": {"gas": {"min_mw": 0.0}}}),
    ),
    "planning.no_supply_cost": (
        {"supply": {"hydro": {"availability": 0.5, "max_mw": 5.0}}, **AMERICAN},
        (
            {"supply": {"hydro": {"annual_cost_myen_per_mw": 10.0}}},
            {"supply": {"hydro": {"capex_myen_per_mw": 500.0, "fixed_om_myen_per_mw_year": 10.0}}},
            {"supply": {"hydro": OFF}},
        ),
    ),
    "planning.no_backup_cost": (
        {"backup": {"technology": "gas_engine", "annual_cost_myen_per_mw": GONE, "fuel_cost_myen_per_mwh": GONE},
         **AMERICAN},
        (
            {"backup": {"annual_cost_myen_per_mw": 10.0, "fuel_cost_myen_per_mwh": 0.02}},
            {"backup": {"technology": "diesel"}},
        ),
    ),
    "planning.needs_life": (
        {"supply": {"gas": {**PLANT, "degradation_per_year": 0.01}}},
        ({"supply": {"gas": {"life_years": 20.0}}},),
    ),
    "planning.fade": (
        {"storage": {"flywheel": {**FLYWHEEL, "life_years": 20.0, "fade": "oversizing"}}},
        (
            {"storage": {"flywheel": {"fade_per_year": 0.01}}},
            {"storage": {"flywheel": {"fade_per_cycle": 0.0001}}},
            {"storage": {"flywheel": {"fade": "none"}}},
        ),
    ),
    "planning.faded": (
        {"battery": {**BATTERY, "fade": "oversizing", "fade_per_year": 0.1}},
        (
            {"battery": {"fade_per_year": 0.0666}},
            {"battery": {"life_years": 9.0}},
            {"battery": {"fade": "augmentation"}},
        ),
    ),
    "planning.augmentation": (
        {"storage": {"flywheel": {**FLYWHEEL, "fade": "augmentation", "fade_per_year": 0.01}}},
        (
            {"storage": {"flywheel": {"augmentation_cost_myen_per_mwh": 5.0}}},
            {"storage": {"flywheel": {"energy_capex_myen_per_mwh": 5.0}}},
        ),
    ),
    "planning.chillers": (
        {"cooling_storage": STORE},
        (
            {"cooling_storage": {"chiller_cop": 4.0, "chiller_heat_share": 1.0}},
            {"cooling": {"pue": GONE, "wue_l_per_kwh": GONE, "system": "chilled_water"}, "weather": GONE},
        ),
    ),
    "planning.charge_cop": (
        {"cooling_storage": {**STORE, "chiller_cop": 4.0, "chiller_heat_share": 1.0, "charge_cop": 5.0}},
        ({"cooling_storage": {"charge_cop": 4.0}}, {"cooling_storage": {"charge_cop": GONE}}),
    ),
    "planning.nothing_to_build": (
        {"supply": {"geothermal": {"availability": 0.8, "annual_cost_myen_per_mw": 10.0}}},
        ({"supply": {"geothermal": {"max_mw": 5.0}}}, {"supply": {"geothermal": OFF}}),
    ),
    "planning.no_chips": (
        {"tranche": [{"name": "batch", "gpu_hours_per_year": 1e6, "price_myen_per_mwh": 0.1}]},
        ({"load": {"chip": "h100"}}, {"tranche": [TRANCHE]}),
    ),
    "planning.outside_range": (
        {"supply": {"gas": {**PLANT, "availability": {**SERIES, "scale": 1000.0}}}},
        ({"supply": {"gas": {"availability": {"scale": 1.0}}}},),
    ),
    "planning.window_outside": (
        {"grid": {"window": [{"start": "07-14 08:00", "hours": 4}]}},
        ({"grid": {"window": [{"start": "01-02 08:00", "hours": 4}]}}, {"grid": {"window": GONE}}),
    ),
    "planning.calls_without_price": (
        {"grid": {"non_firm": {"called_hours_per_year": 100.0}}},
        ({"grid": {"price_myen_per_mwh": SERIES}}, {"grid": {"non_firm": GONE, "import_limit_mw": SERIES}}),
    ),
    "no_resource": (
        {"site": {**SOMEWHERE, "area": "hokkaido"}, "weather": GONE, "supply": {"wind_onshore": {}}},
        (
            {"supply": {"wind_onshore": {"max_mw": 10.0, "mean_speed_m_s": 6.0}}},
            {"supply": {"wind_onshore": OFF}},
        ),
    ),
    "no_prices_area": (
        {"site": SOMEWHERE, "grid": dict.fromkeys(PRICES, GONE)},
        ({"site": {"area": "hokkaido"}, "weather": GONE}, {"grid": PRICES}),
    ),
    "weather_none": ({"cooling": {"pue": GONE}}, ({"cooling": {"pue": 1.2}},)),
    "target_budget": (
        {"target": {"objective": "emissions"}},
        ({"target": {"budget_myen_per_year": 1e4}}, {"target": {"objective": "cost"}}),
    ),
    "target_twice": (
        {"target": {"objective": "emissions", "budget_myen_per_year": 1e4, "carbon_cap_t_per_year": 1e4}},
        ({"target": {"carbon_cap_t_per_year": GONE}},),
    ),
    "no_price_level": (
        {"finance": {"cost_set": "united-states", "price_level_of": "XX"}, "supply": {"pv": {"availability": 0.2}}},
        ({"finance": {"price_level_of": "DE"}}, {"finance": {"price_level_of": GONE}}),
    ),
    "state_abroad": (
        {"finance": {"state": "north-carolina"}},
        ({"finance": {"cost_set": "united-states"}}, {"finance": {"state": GONE}}),
    ),
    "implausible": (
        {"grid": {"price_myen_per_mwh": 500.0}},
        ({"grid": {"price_myen_per_mwh": 0.02}}, {"insist": True}),
    ),
    "scenario.tranche_committed": (
        {"tranche": [{**TRANCHE, "committed": "day", "max_delay_hours": 4}]},
        ({"tranche": [{**TRANCHE, "committed": "day"}]}, {"tranche": [{**TRANCHE, "max_delay_hours": 4}]}),
    ),
    "scenario.tranche_reliability": (
        {"tranche": [{**TRANCHE, "reliability": 0.9}]},
        ({"tranche": [{**TRANCHE, "reliability": 0.9, "committed": "hour"}]}, {"tranche": [TRANCHE]}),
    ),
    "scenario.step": ({"time": {"step_hours": 0.7}}, tuple({"time": {"step_hours": s}} for s in (1.0, 0.5, 0.25))),
    "scenario.window_start": (
        {"grid": {"window": [{"start": "02-30 08:00", "hours": 4}]}},
        ({"grid": {"window": [{"start": "01-01 08:00", "hours": 4}]}},),
    ),
    "scenario.chips": ({"load": {"chip": "zzz"}}, ({"load": {"chip": "h100"}}, {"load": {"chip": "none"}})),
}  # fmt: skip


def merged(base: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Nested sections with some of their keys changed."""
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in changes.items():
        result[key] = merged(result.get(key), value) if isinstance(value, dict) else value
    return result


def without_gone(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: without_gone(value) for key, value in node.items() if value is not GONE}
    return node


def read(folder, *changes):
    raw: Any = BASE
    for change in changes:
        raw = merged(raw, change)
    scenario = parse_scenario(without_gone(raw)).placed_in(folder)
    return prepare(scenario).resources_for(scenario.cooling.system or "direct_liquid")


@pytest.mark.parametrize("remedy", CASES)
def test_what_a_remedy_says_is_enough(remedy, tmp_path) -> None:
    rows = "\n".join(f"{0.01 + 0.0001 * hour}" for hour in range(48))
    (tmp_path / "series.csv").write_text(f"value\n{rows}\n")
    fault, mended = CASES[remedy]
    with pytest.raises(InputError) as caught:
        read(tmp_path, fault)
    (problem,) = caught.value.problems
    assert remedy in {problem.remedy, problem.code}
    for language in LANGUAGES:
        assert "{" not in say_problem(problem, language)
    for change in mended:
        read(tmp_path, fault, change)


ICE = {"annual_cost_myen_per_mwh": 0.01, "chiller_cop": 4.0, "chiller_heat_share": 1.0, "charge_cop": 2.0}
FARM = {"availability": 0.4, "capex_myen_per_mw": 100.0, "fixed_om_myen_per_mw_year": 0.1, "life_years": 20.0}
BURNED = {"price_myen_per_mwh": -0.05}
BRIEF = {"time": {"hours": 6}}
"""Hours that are all alike leave a search over whole numbers much to try."""
UNBOUNDED = {
    "a battery that is paid to lose energy": (
        {"grid": BURNED, "battery": BATTERY},
        {("burning", "battery")},
        ({"battery": {"max_power_mw": 5.0}}, {"grid": {"max_mw": 20.0}}),
    ),
    "another storage that is": (
        {"grid": BURNED, "storage": {"flywheel": {**FLYWHEEL, "life_years": 20.0}}},
        {("burning", "storage.flywheel")},
        ({"storage": {"flywheel": {"max_power_mw": 5.0}}}, {"grid": {"max_mw": 20.0}}),
    ),
    "two storages that are": (
        {"grid": BURNED, "battery": BATTERY, "storage": {"flywheel": {**FLYWHEEL, "life_years": 20.0}}},
        {("burning", "battery"), ("burning", "storage.flywheel")},
        (
            {"battery": {"max_power_mw": 5.0}, "storage": {"flywheel": {"max_power_mw": 5.0}}},
            {"grid": {"max_mw": 20.0}},
        ),
    ),
    "a plant that is paid to run, beside a battery that loses what it gives": (
        {"supply": {"gas": {**PLANT, "variable_cost_myen_per_mwh": -0.05}}, "battery": BATTERY},
        {("paid_to_run", "supply.gas")},
        ({"supply": {"gas": {"max_mw": 50.0}}}, {"supply": {"gas": {"variable_cost_myen_per_mwh": 0.0}}}),
    ),
    "two plants and the backup": (
        {
            "supply": {
                "gas": {**PLANT, "variable_cost_myen_per_mwh": -0.05},
                "peat": {**PLANT, "variable_cost_myen_per_mwh": -0.04},
            },
            "backup": {"fuel_cost_myen_per_mwh": -0.03},
            "battery": BATTERY,
        },
        {("paid_to_run", "supply.gas"), ("paid_to_run", "supply.peat"), ("paid_to_run", "backup")},
        ({"supply": {"gas": {"max_mw": 5.0}, "peat": {"max_mw": 5.0}}, "backup": {"max_mw": 5.0}},),
    ),
    "a connection whose power chillers may waste": (
        {"grid": BURNED, "load": {"it_annual_cost_myen_per_mw": 0.0}, "cooling_storage": ICE},
        {("unlimited", "grid.max_mw")},
        ({"grid": {"max_mw": 20.0}}, {"grid": {"price_myen_per_mwh": 0.0}}),
    ),
    "a plant with more support than it costs": (
        {"supply": {"farm": FARM}, "policy": {"packages": ["generous.toml"]}},
        {("paid_to_build", "supply.farm")},
        ({"supply": {"farm": {"max_mw": 50.0}}},),
    ),
}
GENEROUS = """
name = "generous"
[[instrument]]
kind = "tax_credit"
assets = ["other_supply"]
rate = 1.0
"""


@pytest.mark.parametrize("case", UNBOUNDED)
def test_what_earns_without_end_is_named_and_the_remedies_work(case, tmp_path) -> None:
    fault, named, mended = UNBOUNDED[case]
    (tmp_path / "generous.toml").write_text(GENEROUS)
    raw = merged(merged(BASE, BRIEF), fault)
    with pytest.raises(InputError) as caught:
        build(parse_scenario(without_gone(raw)).placed_in(tmp_path))
    assert {(problem.code, problem.key) for problem in caught.value.problems} == named
    for language in LANGUAGES:
        for problem in caught.value.problems:
            assert problem.key in say_problem(problem, language)
    for change in mended:
        scenario = parse_scenario(without_gone(merged(raw, change))).placed_in(tmp_path)
        assert build(scenario).status == "optimal"
