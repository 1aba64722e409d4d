"""Facilities and conditions of random campuses, small enough to be operated in a moment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from kiban.operation.conditions import ARRIVALS, AVAILABILITY, FIRM, PRICE, PUE, Conditions
from kiban.operation.facility import Facility, Generator, Plant, Store
from kiban.operation.promises import Promise
from kiban.operation.valuation import Valuation

START = "2001-03-01"
VALUATION = Valuation(
    unclean_myen_per_mwh=0.02,
    carbon_cap_myen_per_t=0.001,
    water_cap_myen_per_m3=1e-4,
    unserved_myen_per_mwh=1.0,
    dropped_myen_per_mwh=0.25,
    storage_myen_per_mwh={"battery": 0.02, "storage_tank": 0.018},
    backlog_myen_per_mwh=0.02,
    owed_myen_per_mwh={"daily": 0.022, "soon": 0.02},
)


def random_campus(
    seed: int, steps: int = 120, *, store: bool = True, wide: bool = False, promised: bool = False
) -> tuple[Facility, Conditions]:
    """Sun, wind and prices of random days, a plant that mostly suffices, compute that waits up to twelve hours.

    A wide one has a second store that takes own supply alone and wears, a plant that ramps and cannot stand still, and
    feeds in.
    """
    rng = np.random.default_rng(seed)
    hour = np.arange(steps)
    sun = np.maximum(np.sin((hour % 24 - 6) / 12 * np.pi), 0.0) * rng.uniform(0.5, 1.0, steps)
    wind = np.clip(np.cumsum(rng.normal(0.0, 0.1, steps)) + rng.uniform(0.2, 0.8), 0.0, 1.0)
    clean = rng.uniform(0.2, 0.6, steps)
    power = rng.uniform(10.0, 60.0)
    energy = power * rng.uniform(1.0, 6.0)
    conditions = Conditions(
        time=pd.date_range(START, periods=steps, freq="h", tz="UTC+09:00"),
        step_hours=1.0,
        series={
            PUE: 1.1 + 0.1 * rng.random(steps),
            FIRM: rng.uniform(50.0, 70.0, steps),
            ARRIVALS: rng.uniform(5.0, 20.0, steps),
            f"{AVAILABILITY}pv": sun,
            f"{AVAILABILITY}wind_onshore": wind,
            PRICE: 0.012 + 0.006 * np.sin(hour / 24 * 2 * np.pi) + 0.004 * rng.normal(0.0, 1.0, steps),
        },
        grid_clean_share=clean,
        grid_emission_factor_t_per_mwh=0.8 * (1.0 - clean),
        wue_m3_per_mwh=rng.uniform(0.0, 1.0, steps),
        export_price_myen_per_mwh=np.zeros(steps),
    )
    battery = Store(
        name="battery",
        charge_limit_mw=power,
        discharge_limit_mw=power,
        energy_mwh=energy,
        charge_efficiency=0.95,
        discharge_efficiency=0.93,
        kept_per_step=0.9999,
        wear_myen_per_mwh=0.0,
        initial_mwh=energy * rng.uniform(0.0, 1.0),
    )
    facility = Facility(
        step_hours=1.0,
        delay_steps=12,
        it_mw=95.0,
        plants=(Plant("pv", rng.uniform(50.0, 150.0)), Plant("wind_onshore", rng.uniform(50.0, 120.0))),
        generators=(),
        stores=(battery,) if store else (),
        import_limit_mw=np.full(steps, rng.uniform(10.0, 50.0)),
        export_limit_mw=np.zeros(steps),
        backup_limit_mw=rng.uniform(20.0, 60.0),
        saved_mw=np.zeros(steps),
        fuel_cost_myen_per_mwh=np.full(steps, 0.04),
        backup_emission_t_per_mwh=0.7,
        carbon_price_myen_per_t=0.003,
        water_price_myen_per_m3=5e-5,
    )
    facility, conditions = widen(facility, conditions, rng) if wide else (facility, conditions)
    return (promise(facility, rng), conditions) if promised else (facility, conditions)


def promise(facility: Facility, rng: np.random.Generator) -> Facility:
    """The campus with compute that is sold by the day and compute that may wait three hours, in halls that hold it."""
    steps = facility.import_limit_mw.size
    made = (
        Promise("daily", np.full(steps, rng.uniform(4.0, 8.0)), np.arange(steps) // 24, 0.0, 0.1, 1.0),
        Promise("soon", rng.uniform(1.0, 3.0, steps), None, 6.0, 0.3, 1.0),
    )
    return replace(facility, it_mw=110.0, promises=made)


def widen(facility: Facility, conditions: Conditions, rng: np.random.Generator) -> tuple[Facility, Conditions]:
    """The campus with all that the compiled window does not know."""
    steps = conditions.steps
    energy = rng.uniform(50.0, 300.0)
    tank = Store(
        name="storage_tank",
        charge_limit_mw=rng.uniform(10.0, 30.0),
        discharge_limit_mw=rng.uniform(10.0, 30.0),
        energy_mwh=energy,
        charge_efficiency=0.7,
        discharge_efficiency=0.8,
        kept_per_step=0.999,
        wear_myen_per_mwh=5e-4,
        initial_mwh=energy * rng.uniform(0.0, 1.0),
        own_supply=True,
    )
    generator = Generator(
        name="biomass",
        capacity_mw=rng.uniform(10.0, 25.0),
        least_share=0.3,
        ramp_mw=3.0,
        cost_myen_per_mwh=np.full(steps, 0.016),
        emission_t_per_mwh=0.1,
        clean=bool(rng.random() < 0.5),
        initial_mw=8.0,
    )
    sold = 0.8 * conditions.series[PRICE] if rng.random() < 0.5 else np.full(steps, 0.008)
    availability = {f"{AVAILABILITY}biomass": np.where(rng.random(steps) < 0.97, 1.0, 0.4)}
    return (
        replace(
            facility,
            stores=(*facility.stores, tank),
            generators=(generator,),
            export_limit_mw=np.full(steps, rng.uniform(5.0, 20.0)),
        ),
        replace(conditions, series={**conditions.series, **availability}, export_price_myen_per_mwh=sold),
    )
