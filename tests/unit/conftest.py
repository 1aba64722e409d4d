"""A plan made by hand, with everything that a plan can hold, and one that explains why there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from kiban.catalogue import load_catalogue
from kiban.linear import Certificate
from kiban.messages import Message
from kiban.planning.plan import Alternative, Change, Infeasibility, Plan, Relaxation, Worth
from kiban.planning.provenance import Entry, Status, catalogue_source
from kiban.scenario import Scenario, Target, Time, parse_scenario
from kiban.scenario.compute import Load
from kiban.scenario.place import Site

if TYPE_CHECKING:
    from kiban.economy.answer import Economy
    from kiban.finance.campus import Campus

STEPS = 48
SCENARIO = {
    "name": "Campus by hand",
    "site": {"id": "tomakomai"},
    "load": {"it_load_mw": 100.0},
    "target": {"clean_share": 0.9},
    "supply": {"tidal": {"availability": 0.4, "annual_cost_myen_per_mw": 70.0, "max_mw": 30.0}},
    "measure": [{"id": "seal_aisles", "annual_cost_myen": 12.0, "saving_share": 0.01}],
}


def row(name: str, value: str, unit: str, source: str, year: int, status: Status = "assumed", note: str = "") -> Entry:
    notes = (Message("note.as_written", text=note),) if note else ()
    return Entry(name, value, unit, catalogue_source(source, year), status, "catalogue", notes)


def make_plan(scenario: dict[str, object] | None = None) -> Plan:
    time = pd.date_range("2001-01-01", periods=STEPS, freq="h", tz="UTC+09:00")
    wave = 1.0 + 0.5 * np.sin(np.arange(STEPS) / 7.0)
    hourly = {
        "it_load_mw": 79.1 * wave,
        "load_mw": 88.3 * wave,
        "pv_available_mw": 30.0 * wave,
        "tidal_available_mw": np.full(STEPS, 12.0),
        "curtailment_mw": np.full(STEPS, 0.125),
        "import_mw": np.full(STEPS, 1 / 3),
        "backup_mw": np.zeros(STEPS),
        "charge_mw": wave,
        "discharge_mw": 0.9 * wave,
        "state_of_charge_mwh": 40.0 * wave,
        "pue": np.full(STEPS, 1.1166),
        "energy_value_myen_per_mwh": 0.0142 * wave,
    }
    costs = {
        "it_building": 3000.0,
        "it_cooling": 4250.0,
        "it_operation": 4400.0,
        "it_chips": 68000.0,
        "pv": 3350.0,
        "wind_onshore": 0.0,
        "tidal": 2100.0,
        "battery_power": 150.0,
        "battery_energy": 3000.25,
        "interconnection": 300.0,
        "energy": 746.2,
        "export_revenue": -20.0,
        "backup": 1244.0,
        "fuel": 30.9,
        "carbon": 57.0,
        "water": 0.14,
        "measure_seal_aisles": 12.0,
    }
    total = sum(costs.values())
    return Plan(
        status="optimal",
        scenario=parse_scenario(scenario or SCENARIO),
        cooling_system="direct_liquid",
        capacities={
            "pv_mw": 213.4,
            "wind_onshore_mw": 2.1e-9,
            "tidal_mw": 30.0,
            "battery_power_mw": 55.49,
            "battery_energy_mwh": 310.04,
            "it_mw": 80.0,
            "interconnection_mw": 35.83,
            "backup_mw": 94.66,
            "measure_seal_aisles": 1.0,
        },
        costs=costs,
        indicators={
            "cost_myen_per_year": total,
            "compute_cost_myen_per_year": 79650.0,
            "power_cost_myen_per_year": total - 79650.0,
            "load_mwh_per_year": 773_508.0,
            "it_energy_mwh_per_year": 692_916.0,
            "clean_share": 0.90004,
            "emissions_t_per_year": 19004.18,
            "water_m3_per_year": 3188.94,
            "mean_pue": 1.11663,
            "mean_wue_l_per_kwh": 0.004587,
            "import_mwh_per_year": 34459.8,
            "export_mwh_per_year": 0.0,
            "backup_mwh_per_year": 813.28,
            "curtailment_mwh_per_year": 37432.5,
            "curtailment_share": 0.047878,
            "unserved_mwh_per_year": 0.0,
            "mean_energy_value_myen_per_mwh": 0.014208,
            "power_cost_myen_per_mwh": 0.014571,
            "cost_myen_per_it_mwh": total / 692_916.0,
            "cost_yen_per_gpu_hour": 261.1015,
            "it_power_kw_per_gpu": 1.8516,
            "battery_cycles_per_year": 287.6,
        },
        worths=(
            Worth("interconnection_limit", "grid.max_mw", 12.345, "MW", 35.83),
            Worth("clean_share", "target.clean_share", 262.4, "point", 90.0),
            Worth("tidal_limit", "supply.tidal.max_mw", 1.25, "MW", 30.0),
            Worth("pv_least", "supply.pv.min_mw", 0.5, "MW", 10.0),
            Worth("adequacy", "backup.critical_share", 0.4, "point", 100.0),
            Worth("delay", "load.max_delay_hours", 0.3, "h", 24.0),
            Worth("supply_temperature", "cooling.supply_temperature_c", 0.2, "degC", 0.0),
            Worth("carbon_cap", "target.carbon_cap_t_per_year", 0.012, "t", 20000.0),
            Worth("wind_onshore_limit", "supply.wind_onshore.max_mw", 1e-11, "MW", 300.0),
        ),
        alternatives=(
            Alternative("immersion", total * 1.0014),
            Alternative("chilled_water", total * 1.02),
        ),
        time=time,
        hourly=hourly,
        certificate=Certificate(total, total - 6e-6, 6.2e-11, 7.7e-12, 1.5e-8, "clarabel", 59),
        provenance=(
            Entry(
                "site",
                Message("input.site", site_name="tomakomai"),
                "",
                catalogue_source("invest-hokkaido"),
                "assumed",
                "catalogue",
                (Message("note.coordinates"),),
            ),
            row("finance.discount_rate", "0.05", "share_per_year", "engineering-estimate", 2025),
            row("chip.life", "4.5", "year", "engineering-estimate", 2025, note="critics argue for less"),
            row("money.yen_per_usd", "150", "yen_per_usd", "engineering-estimate", 2025),
            row("battery.energy_capex", "58", "myen_per_mwh", "engineering-estimate", 2024),
            row("hydro.monthly_shape.snow.01", "0.6", "ratio", "engineering-estimate", 2025),
            row("hydro.monthly_shape.snow.02", "0.7", "ratio", "engineering-estimate", 2025),
            row("pv.capex", "162.6", "myen_per_mw", "smart-japan-2026-01-14", 2025, status="verified"),
            Entry("load.it_load_mw", "100", "MW", Message("origin.key", key="load.it_load_mw"), "given", "key"),
            Entry("grid.clean_share", "0.3506", "share", Message("origin.clean_share"), "derived", "formula"),
            Entry(
                "weather",
                Message("at.typical_source", typical_station=59),
                "",
                Message("at.typical_source", typical_station=59),
                "synthetic",
                "weather",
                (
                    Message("note.generated", weather_columns=("relative_humidity_pct", "wind_speed_m_s")),
                    Message("note.typical", typical_station=59, distance=60.6),
                ),
            ),
            Entry(
                "grid.price_myen_per_mwh",
                Message("input.mean_price", price_area="hokkaido", year=2024, price=0.012642),
                "million yen/MWh",
                catalogue_source("jepx-spot"),
                "synthetic",
                "catalogue",
            ),
        ),
        notes=(
            Message("note.wind", shape=1.84, mean=3.2, seed=1),
            Message(
                "note.gaps",
                gap=6.0,
                filled=(
                    Message("note.gap", weather_columns="temperature_c", hours=2.0),
                    Message("note.gap", weather_columns="ghi_w_m2", hours=1.0),
                ),
            ),
        ),
    )


def make_infeasible_plan() -> Plan:
    return replace(
        make_plan(),
        status="infeasible",
        capacities={},
        costs={},
        indicators={},
        worths=(),
        alternatives=(),
        hourly={},
        certificate=None,
        infeasibility=Infeasibility(
            collisions=("grid.max_mw", "target.clean_share", "supply.pv.max_mw"),
            hours=("2001-01-15 18:00", "2001-02-01 07:30"),
            shortfall_mwh=1234.5,
            relaxations=(
                Relaxation((Change("grid.max_mw", 40.0, 61.234, "MW"),), 119_466.0),
                Relaxation(
                    (Change("target.clean_share", 0.9, 0.87349, "share"), Change("grid.max_mw", 40.0, 45.0, "MW")),
                    121_013.0,
                ),
            ),
        ),
    )


@pytest.fixture
def plan() -> Plan:
    return make_plan()


@pytest.fixture
def infeasible_plan() -> Plan:
    return make_infeasible_plan()


@pytest.fixture(scope="session")
def akita_campus() -> Campus:
    """Two days of 10 MW in Akita, financed."""
    from kiban.finance.paying import Question

    scenario = Scenario(
        name="Two days in Akita",
        site=Site(id="akita"),
        load=Load(it_load_mw=10.0, deferrable_share=0.0),
        target=Target(clean_share=0.3),
        time=Time(first_hour=4704, hours=48),
    )
    return Question(scenario).before.campus


@pytest.fixture(scope="session")
def akita_economy(akita_campus: Campus) -> Economy:
    """What it sets in motion."""
    from kiban.economy.asking import economy_of_campuses

    return economy_of_campuses("a campus", (akita_campus,), load_catalogue())
