"""A site of four hours in which every block of the programme has something to say, and what each block then writes.

Two weather years of two hours each, so that it shows where states close; an hour stands for 2,190 of the year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from tests.cases.linear_text import extent_of, write_linear_text

from kiban.linear import Staircase
from kiban.planning import programme as blocks
from kiban.planning.procured import CertificateResource, PlantResource, ProcurementResource, WayResource
from kiban.planning.resources import (
    BackupResource,
    CoolingStorageResource,
    GridResource,
    MeasureResource,
    Resources,
    StorageResource,
    SupplyResource,
    TrancheResource,
)

ORDER = (
    "balance",
    "supply",
    "plant_limits",
    "storages",
    "compute",
    "tranches",
    "cooling_storage",
    "grid",
    "procurement",
    "backup",
    "measures",
    "clean_share",
    "claim",
    "carbon",
    "water",
    "adequacy",
)
"""The blocks in the order in which `write_programme` lists them."""


def _supply(
    name: str, availability: list[float], cost: float, most_mw: float = np.inf, **other: float
) -> SupplyResource:
    return SupplyResource(
        name=name,
        availability=np.array(availability),
        annual_cost_myen_per_mw=cost,
        min_mw=0.0,
        max_mw=most_mw,
        variable_cost_myen_per_mwh=np.full(4, other.get("variable", 0.0)),
        emission_t_per_mwh=other.get("emission", 0.0),
        clean="emission" not in other,
        firm_share=other.get("firm", 0.0),
        production_credit_myen_per_mwh=other.get("credit", 0.0),
    )


SITE = Resources(
    steps=4,
    block_steps=2,
    step_hours=1.0,
    cooling_system="given",
    pue=np.array([1.2, 1.1, 1.2, 1.3]),
    wue_m3_per_mwh=np.array([0.2, 0.1, 0.2, 0.3]),
    firm_mw=np.array([10.0, 20.0, 10.0, 20.0]),
    arrivals_mw=np.array([4.0, 2.0, 5.0, 1.0]),
    max_backlog_mwh=np.array([4.0, 2.0, 5.0, 1.0]),
    max_delay_hours=1,
    it_annual_costs_myen_per_mw={"building": 2.0, "chips": 3.0},
    min_it_mw=8.0,
    max_it_mw=60.0,
    unserved_price_myen_per_mwh=0.5,
    supply=(
        _supply("pv", [0.0, 0.5, 0.25, 1.0], 15.0, 80.0),
        _supply("geothermal", [0.9, 0.9, 0.9, 0.9], 100.0, firm=0.8),
        _supply("gas", [0.95, 0.95, 0.95, 0.95], 20.0, variable=0.01, emission=0.4, firm=0.9),
        _supply("biomass", [0.9, 0.9, 0.9, 0.9], 40.0, 25.0, variable=0.02, credit=0.005, firm=0.5),
    ),
    battery=StorageResource(4.0, 2.0, 1.0, 30.0, 3.0, 100.0, 2.0, 6.0, 0.9, 0.8, 0.01, True, 0.5),
    grid=GridResource(
        annual_cost_myen_per_mw=10.0,
        min_mw=5.0,
        max_mw=40.0,
        max_export_mw=15.0,
        price_myen_per_mwh=np.array([0.02, 0.01, 0.02, 0.03]),
        export_price_myen_per_mwh=np.array([0.008, 0.004, 0.008, 0.012]),
        emission_factor_t_per_mwh=np.array([0.4, 0.5, 0.4, 0.3]),
        clean_share=np.array([0.2, 0.3, 0.2, 0.1]),
    ),
    backup=BackupResource(6.0, 2.0, 50.0, np.full(4, 0.05), 0.7),
    critical_share=0.5,
    measures=(
        MeasureResource("fans", 12.0, np.array([0.5, 0.4, 0.5, 0.6]), "air"),
        MeasureResource("doors", 9.0, np.array([0.3, 0.3, 0.3, 0.4]), "air"),
        MeasureResource("heat", 7.0, np.array([0.2, 0.1, 0.2, 0.3]), None),
    ),
    clean_share=0.8,
    carbon_price_myen_per_t=0.01,
    carbon_cap_t_per_year=9000.0,
    water_cap_m3_per_year=40000.0,
    water_price_myen_per_m3=0.0002,
    gpus_per_mw=None,
    tranches=(
        TrancheResource("prompt", 1.0, 5.0, 0.03, np.array([0.5, 1.0, 0.5, 1.0]), 0.0),
        TrancheResource("patient", 0.0, 8.0, 0.025, np.ones(4), 1.0),
    ),
    tranches_need_own_it=True,
)

assert SITE.battery is not None
assert SITE.grid is not None
assert SITE.backup is not None
ALONE = replace(SITE, measures=())
"""Nothing may cost nothing here: no measure saves more than there is, and every price is above zero."""
BOUGHT = replace(
    SITE,
    procurement=ProcurementResource(
        ways=(
            WayResource("list", np.array([0.015, 0.012, 0.015, 0.018]), 3.0, ratchet_share=0.5, bundled=True),
            WayResource("market", np.array([0.021, 0.011, 0.021, 0.031]), max_mw=12.0),
        ),
        plants=(
            PlantResource(
                name="solar",
                way="physical",
                availability=np.array([0.0, 0.6, 0.2, 0.9]),
                min_mw=0.0,
                max_mw=20.0,
                loss_share=0.02,
                paid_myen_per_mw=40.0,
                balancing_myen_per_mw=2.0,
                sold_myen_per_mw=30.0,
                generation_charge_myen_per_mw=1.0,
                annual_cost_myen_per_mw=0.0,
                delivered_myen_per_mwh=np.array([0.021, 0.0105, 0.021, 0.031]),
                exempt_myen_per_mwh=0.0,
                generated_mwh_per_mw=3723.0,
            ),
        ),
        period_of_step=np.array([0, 0, 1, 1]),
        period_months=(1, 7),
        market_price_myen_per_mwh=np.array([0.02, 0.01, 0.02, 0.03]),
        demand_myen_per_mw=np.array([0.5, 0.7]),
        demand_ratchet_share=0.25,
        capacity_myen_per_mw=np.array([1.0, 1.5]),
        certificates=(CertificateResource("fit", 0.0004, 50000.0),),
        claim_share=0.9,
    ),
)
"""The same where power is bought some way."""
CASES: Mapping[str, tuple[str, Resources]] = {
    **{block: (block, SITE) for block in ORDER if block not in {"cooling_storage", "procurement", "claim"}},
    "procurement": ("procurement", BOUGHT),
    "claim": ("claim", BOUGHT),
    "cooling_storage": (
        "cooling_storage",
        replace(
            SITE,
            cooling_storage=CoolingStorageResource(
                annual_cost_myen_per_mwh=0.5,
                min_energy_mwh=2.0,
                max_energy_mwh=40.0,
                charge_hours=8.0,
                discharge_hours=4.0,
                loss_per_hour=0.01,
                heat_share=np.array([0.5, 0.0, 0.5, 1.0]),
                power=np.array([0.2, 0.1, 0.2, 0.25]),
                charge_power=np.array([0.25, 0.2, 0.25, 0.3]),
                chiller_mw_per_mw=0.25,
            ),
        ),
    ),
    "supply_where_nothing_is_wasted": ("supply", ALONE),
    "battery_that_starts_half_full": ("storages", replace(SITE, battery=replace(SITE.battery, cyclic=False))),
    "plants_with_limits": (
        "plant_limits",
        replace(
            SITE,
            supply=(
                replace(SITE.supply[0], unit_mw=20.0),
                SITE.supply[1],
                replace(SITE.supply[2], ramp_share_per_hour=0.3, least_load_share=0.4, unit_mw=12.0),
            ),
        ),
    ),
    "backup_with_a_permit": (
        "backup",
        replace(SITE, backup=replace(SITE.backup, permitted_hours_per_year=200.0)),
    ),
    "carbon_of_building": (
        "carbon",
        replace(SITE, supply=(replace(SITE.supply[0], embodied_t_per_mw_year=40.0), *SITE.supply[1:])),
    ),
    "grid_in_windows": (
        "grid",
        replace(
            SITE,
            grid=replace(
                SITE.grid,
                import_share=np.array([1.0, 0.0, 0.4, 1.0]),
                export_share=np.array([1.0, 0.0, 1.0, 1.0]),
                import_limit_mw=np.array([30.0, 30.0, 25.0, 20.0]),
            ),
        ),
    ),
    "compute_in_the_least_servers": (
        "compute",
        replace(SITE, max_backlog_mwh=np.zeros(4), min_it_mw=25.0, tranches=(), unserved_price_myen_per_mwh=None),
    ),
}
"""What is written for review: one file of each name, with what that block adds to the programme of that site."""


def write_block(case: str) -> str:
    """What one block adds to a programme in which those before it have been written."""
    wanted, site = CASES[case]
    programme = Staircase(site.steps, site.block_steps)
    for block in ORDER:
        before = extent_of(programme)
        add = getattr(blocks, f"add_{block}")
        add(programme, site)
        if block == wanted:
            return write_linear_text(programme, add.__doc__.splitlines()[0], before)
    raise AssertionError(f"unknown block {wanted}")
