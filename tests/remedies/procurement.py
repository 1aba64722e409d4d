"""Remedies of how power is bought: tariffs, menus, plants elsewhere, contract power."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.cases.purchases import campus
from tests.remedies import Case, Step

from kiban.planning.building import build as build_plan
from kiban.planning.preparation import prepare
from kiban.scenario import parse_scenario

SUN: Mapping[str, Any] = {"availability": 0.2, "max_mw": 5.0}
OWN: Mapping[str, Any] = {**SUN, "way": "self_wheeling", "annual_cost_myen_per_mw": 5.0}
OKINAWA = {
    "site": {"name": "x", "latitude_deg": 26.4, "longitude_deg": 127.9, "area": "okinawa", "utc_offset_hours": 9}
}
ABROAD = {
    "site": {"name": "x", "latitude_deg": 52.5, "longitude_deg": 13.4, "utc_offset_hours": 1},
    "grid": {
        "price_myen_per_mwh": 0.012,
        "energy_charge_myen_per_mwh": 0.004,
        "annual_cost_myen_per_mw": 5.0,
        "clean_share": 0.5,
        "emission_factor_t_per_mwh": 0.3,
    },
}
UNPRICED = {"grid": {"clean_share": 0.2, "emission_factor_t_per_mwh": 0.4}}


def bought(procurement: Mapping[str, Any], **sections: Any) -> Step:
    """The inputs of a campus that buys its power so."""
    raw = campus(dict(procurement), **sections)

    def step() -> object:
        preparation = prepare(parse_scenario(raw))
        return preparation.resources_for(preparation.cooling_systems[0])

    return step


def plant(**keys: Any) -> Mapping[str, Any]:
    return {"plant": {"sun": {**SUN, **keys}}}


def answering(keys: Mapping[str, Any], build: bool = False, **sections: Any) -> Step:
    """The inputs, or the plan, of a campus whose price answers to its load; without the ways of buying."""
    raw = {name: part for name, part in campus({}, **sections).items() if name != "procurement"}
    raw["grid"] = {**raw["grid"], **keys}

    def step() -> object:
        scenario = parse_scenario(raw)
        preparation = prepare(scenario)
        return build_plan(scenario) if build else preparation.resources_for(preparation.cooling_systems[0])

    return step


OBSERVED = {"grid": {**UNPRICED["grid"], "price_myen_per_mwh": 0.012, "price_response": "observed"}}
GIVEN = {"price_response_yen_per_kwh_per_gw": 0.5}
BUDGET = {"target": {"objective": "emissions", "budget_myen_per_year": 1e5}}


CASES: Mapping[str, Case] = {
    "planning.response_procurement": lambda g: (
        bought({}, **OBSERVED),
        bought({}),
        answering({"price_response": "observed"}),
    ),
    "planning.response_nowhere": lambda g: (
        answering({"price_response": "observed"}, **OKINAWA),
        answering(GIVEN, **OKINAWA),
        answering({}, **OKINAWA),
    ),
    "planning.response_objective": lambda g: (
        answering(GIVEN, build=True, **BUDGET),
        answering({}, build=True, **BUDGET),
        answering(GIVEN, build=True),
    ),
    "procurement.not_own": lambda g: (
        bought({"plant": {"own": {**OWN, "owner": "other"}}}),
        bought({"plant": {"own": {**SUN, "way": "physical", "owner": "other"}}}),
        bought({"plant": {"own": {**OWN, "owner": "group"}}}),
    ),
    "procurement.tenants": lambda g: (
        bought({"serves_tenants": True, "plant": {"own": OWN}}),
        bought({"serves_tenants": True, **plant(way="physical")}),
        bought({"serves_tenants": False, "plant": {"own": OWN}}),
    ),
    "procurement.no_tariff": lambda g: (
        bought({"tariff_date": "2025-09"}),
        bought({"tariff_date": "2025-10"}),
    ),
    "procurement.reduction": lambda g: (
        bought({"surcharge_reduction_share": 0.8}),
        bought({"surcharge_reduction_share": 0.4}),
    ),
    "procurement.small": lambda g: (
        bought({"surcharge_reduction_share": 0.4}, load={**campus({})["load"], "it_load_mw": 0.09}),
        bought({}, load={**campus({})["load"], "it_load_mw": 0.09}),
    ),
    "procurement.intensity": lambda g: (
        bought({"surcharge_reduction_share": 0.4, "sales_myen_per_year": 50_000}),
        bought({"sales_myen_per_year": 50_000}),
        bought({"surcharge_reduction_share": 0.4, "sales_myen_per_year": 40_000}),
    ),
    "procurement.leased": lambda g: (
        bought({"plant": {"own": {**OWN, "owner": "leased"}}}),
        bought({"plant": {"own": {**SUN, "way": "physical", "owner": "leased"}}}),
        bought({"plant": {"own": {**OWN, "owner": "same_company"}}}),
    ),
    "procurement.no_exchange": lambda g: (
        bought({}, **OKINAWA, grid={**UNPRICED["grid"]}),
        bought({}, **OKINAWA),
        bought({"market": {"enabled": False}, "menu": {"list": {}}}, **OKINAWA, **UNPRICED),
        bought({**plant(area="tokyo", way="virtual", market_price_myen_per_mwh=0.01)}, **OKINAWA),
    ),
    "procurement.no_list_menu": lambda g: (
        bought({"menu": {"list": {}}}, **ABROAD),
        bought({"menu": {"list": {"basic_myen_per_mw_month": 1.0, "energy_myen_per_mwh": 0.1}}}, **ABROAD),
        bought({"menu": {"list": {}}}, **ABROAD | {"site": {**ABROAD["site"], "area": "tokyo"}}),
    ),
    "procurement.below_network": lambda g: (
        bought({"menu": {"cheap": {"basic_myen_per_mw_month": 0.1, "energy_myen_per_mwh": 0.02}}}),
        bought({"menu": {"cheap": {"basic_myen_per_mw_month": 0.4, "energy_myen_per_mwh": 0.02}}}),
        bought({"menu": {"cheap": {"basic_myen_per_mw_month": 0.1, "energy_myen_per_mwh": 0.02, "bundled": False}}}),
    ),
    "procurement.unconnected": lambda g: (
        bought(plant(area="okinawa")),
        bought(plant(area="tohoku", market_price_myen_per_mwh=0.01)),
        bought({}),
    ),
    "procurement.no_weather": lambda g: (
        bought({"plant": {"sun": {"max_mw": 5.0, "site": "akita", "market_price_myen_per_mwh": 0.01}}}),
        bought(plant(site="akita", market_price_myen_per_mwh=0.01)),
    ),
    "procurement.no_price": lambda g: (
        bought(plant(technology="hydro")),
        bought(plant(technology="hydro", price_myen_per_mwh=0.012)),
    ),
    "procurement.no_price_there": lambda g: (
        bought(plant(site="akita")),
        bought(plant(site="akita", market_price_myen_per_mwh=0.01)),
    ),
    "procurement.beyond_connection": lambda g: (
        bought({"contract_power_mw": 40.0}, grid={**campus({})["grid"], "max_mw": 30.0}),
        bought({"contract_power_mw": 30.0}, grid={**campus({})["grid"], "max_mw": 30.0}),
        bought({"contract_power_mw": 40.0}, grid={**campus({})["grid"], "max_mw": 40.0}),
    ),
    "procurement.contract_power": lambda g: (
        bought({"contract_power_mw": 20.0}),
        bought({"contract_power_mw": 24.0}),
        bought({}, grid={**campus({})["grid"], "max_mw": 20.0}),
    ),
}
