"""Resources of random sites: small enough to be solved many times, with every feature on or off.

Geothermal is always there without limit, so that most cases have a design whatever else is asked. IT is
cheap, so that a relative tolerance on the whole cost is also one on the cost of power.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from kiban.physics.compute import allowed_backlog
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

LINEAR_FEATURES = (
    "adequacy",
    "backup",
    "battery",
    "battery_hours",
    "battery_limits",
    "battery_own_supply",
    "battery_start",
    "battery_wear",
    "carbon_cap",
    "carbon_price",
    "clean_share",
    "deferrable",
    "export",
    "fuel_supply",
    "further_storages",
    "grid",
    "grid_limit",
    "least_capacities",
    "least_it",
    "negative_prices",
    "paid_clean_supply",
    "short_steps",
    "supply_limits",
    "unserved",
    "water_cap",
    "water_price",
    "tranches",
    "import_limit",
    "import_windows",
    "ramps",
    "least_loads",
    "embodied",
    "output_above_rating",
    "promises",
    "permitted_hours",
    "cooling_storage",
    "battery_fade",
)
FEATURES = (*LINEAR_FEATURES, "measures")


def draw_features(rng: np.random.Generator, known: tuple[str, ...] = LINEAR_FEATURES) -> frozenset[str]:
    """Each feature with a chance of six in ten."""
    return frozenset(name for name in known if rng.random() < 0.6)


def make_resources(seed: int, features: frozenset[str], *, block_steps: int = 336, blocks: int = 1) -> Resources:
    """Resources of a random site with the named features; the same arguments give the same numbers."""
    rng = np.random.default_rng(seed)
    has = features.__contains__
    steps = block_steps * blocks
    step_hours = 0.5 if has("short_steps") else 1.0
    hour = np.arange(steps) * step_hours % 24
    weight = 8760.0 / steps
    zero = np.zeros(steps)

    peak = rng.uniform(5.0, 200.0)
    firm = peak * (0.7 + 0.3 * np.cos(2 * np.pi * (hour - rng.uniform(12, 20)) / 24)) * rng.uniform(0.95, 1.0, steps)
    share = rng.uniform(0.1, 0.6) if has("deferrable") else 0.0
    arrivals = share * peak * rng.uniform(0.5, 1.0, steps) if has("deferrable") else zero
    firm = firm * (1.0 - share)
    delay_hours = int(rng.choice([0, 2, 6, 12, 24]))
    delay_steps = min(round(delay_hours / step_hours), block_steps)
    temperature = rng.uniform(0, 20) + 6 * np.cos(2 * np.pi * (hour - 14) / 24) + rng.normal(0, 2, steps)
    pue = 1.08 + 0.008 * np.maximum(temperature - 10.0, 0.0) + rng.uniform(0.0, 0.15)
    wue = 0.05 + 0.1 * np.maximum(temperature - 12.0, 0.0)
    load = pue * (firm + arrivals)

    grid = _grid(rng, has, hour, peak) if has("grid") else None
    price = rng.uniform(0.03, 0.3) if has("unserved") else None
    water = float(wue @ (firm + arrivals)) * weight
    emitted = 0.45 * float(load.sum()) * weight
    site = Resources(
        steps=steps,
        block_steps=block_steps,
        step_hours=step_hours,
        cooling_system="given",
        pue=pue,
        wue_m3_per_mwh=wue,
        firm_mw=firm,
        arrivals_mw=arrivals,
        max_backlog_mwh=allowed_backlog(arrivals * step_hours, delay_steps, block_steps),
        max_delay_hours=delay_hours,
        it_annual_costs_myen_per_mw={"building": rng.uniform(0.5, 3.0), "chips": rng.uniform(1.0, 10.0)},
        min_it_mw=float((firm + arrivals).max()) if has("least_it") else 0.0,
        max_it_mw=float((firm + arrivals).max()) * rng.uniform(1.0, 1.5) if has("supply_limits") else np.inf,
        unserved_price_myen_per_mwh=price,
        supply=_supply(rng, has, hour, peak),
        battery=_battery(rng, has, peak) if has("battery") else None,
        grid=grid,
        backup=_backup(rng, has, steps, peak) if has("backup") else None,
        critical_share=rng.uniform(0.3, 1.2) if has("adequacy") else 0.0,
        measures=_measures(rng, load) if has("measures") else (),
        clean_share=rng.uniform(0.3, 1.0) if has("clean_share") else None,
        carbon_price_myen_per_t=rng.uniform(0.003, 0.03) if has("carbon_price") else 0.0,
        carbon_cap_t_per_year=emitted * rng.uniform(0.02, 0.6) if has("carbon_cap") else None,
        water_cap_m3_per_year=water * (rng.uniform(0.8, 1.0) if price else rng.uniform(1.0, 1.1))
        if has("water_cap")
        else None,
        water_price_myen_per_m3=rng.uniform(1e-4, 1e-3) if has("water_price") else 0.0,
        gpus_per_mw=600.0,
        tranches=_tranches(rng, hour, peak) if has("tranches") else (),
        tranches_need_own_it=has("least_it"),
    )
    # Draws of their own, so that a new term leaves what older seeds give as it is.
    return with_terms(site, features, np.random.default_rng([seed, 1]))


def with_terms(site: Resources, features: frozenset[str], rng: np.random.Generator) -> Resources:
    """The site with the named terms that restrict or enlarge what it has."""
    has, steps, grid = features.__contains__, site.steps, site.grid
    peak = float((site.firm_mw + site.arrivals_mw).max())
    if grid is not None and has("import_windows"):
        importing = np.where(rng.random(steps) < 0.15, rng.choice([0.0, 0.4], steps), 1.0)
        exporting = np.where(rng.random(steps) < 0.1, rng.choice([0.0, 0.5], steps), 1.0)
        grid = replace(grid, import_share=importing, export_share=exporting)
    if grid is not None and has("import_limit"):
        grid = replace(grid, import_limit_mw=peak * rng.uniform(0.2, 1.5, steps))
    battery = site.battery
    if battery is not None and has("battery_wear"):
        battery = replace(
            battery,
            throughput_cost_myen_per_mwh=rng.uniform(0.0005, 0.003),
            charge_power_ratio=rng.uniform(0.4, 1.5),
            charge_efficiency=rng.uniform(0.8, 0.95),
        )
    if battery is not None and has("battery_own_supply"):
        battery = replace(battery, from_own_supply=True)
    fades = np.random.default_rng(int(1e6 * peak))
    if battery is not None and has("battery_fade"):
        per_year, per_cycle, life = fades.uniform([0.0, 0.0, 8.0], [0.03, 1e-4, 20.0])
        battery = replace(
            battery, fade_per_year=float(per_year), fade_per_cycle=float(per_cycle), life_years=float(life)
        )
    permitted = float(rng.uniform(50.0, 2000.0))
    if site.backup is not None and has("permitted_hours"):
        site = replace(site, backup=replace(site.backup, permitted_hours_per_year=permitted))
    if site.tranches and has("promises"):
        prompt, patient = site.tranches
        prompt = replace(prompt, committed="hour", reliability=0.9)
        patient = replace(patient, committed="day", max_delay_hours=0.0, reliability=0.95)
        site = replace(site, tranches=(prompt, patient))
    supply = tuple(_limited(supply, has, rng) for supply in site.supply)
    further = _storages(rng, has)
    cold = _cooling_storage(site, has, rng) if has("cooling_storage") else None
    return replace(site, grid=grid, supply=supply, battery=battery, further_storages=further, cooling_storage=cold)


def _cooling_storage(site, has, rng):
    """Cold for some hours: chillers that work less in warm hours than the PUE says, and harder while they fill it."""
    power = rng.uniform(0.1, 0.3) * (site.pue / site.pue.max()) ** 3
    heat_share = 0.8 * (site.pue - 1.0) / power * np.where(rng.random(site.steps) < 0.3, 0.0, 1.0)
    peak = float((site.firm_mw + site.arrivals_mw).max())
    return CoolingStorageResource(
        annual_cost_myen_per_mwh=rng.uniform(0.005, 0.05),
        min_energy_mwh=0.0,
        max_energy_mwh=rng.uniform(0.1, 2.0) * peak if has("supply_limits") else np.inf,
        charge_hours=rng.uniform(3, 8),
        discharge_hours=rng.uniform(3, 8),
        loss_per_hour=rng.uniform(0.0, 0.003),
        heat_share=heat_share,
        power=power,
        charge_power=power * rng.choice([1.0, rng.uniform(1.0, 1.3)]),
        chiller_mw_per_mw=float((heat_share * power).max()),
    )


def _storages(rng, has):
    """Cells that lose much and hold long, and a plant whose power in is sized apart."""
    if not has("further_storages"):
        return ()
    cells = StorageResource(
        annual_cost_myen_per_mw=rng.uniform(0.5, 2),
        annual_cost_myen_per_mwh=rng.uniform(0.3, 0.6),
        min_power_mw=0.0,
        max_power_mw=np.inf,
        min_energy_mwh=0.0,
        max_energy_mwh=np.inf,
        min_hours=rng.uniform(8, 20),
        max_hours=None,
        charge_efficiency=rng.uniform(0.65, 0.75),
        discharge_efficiency=rng.uniform(0.55, 0.65),
        self_discharge_per_hour=rng.uniform(1e-4, 1e-3),
        cyclic=True,
        initial_share=0.5,
        name="cells",
    )
    gas = replace(
        cells,
        annual_cost_myen_per_mw=rng.uniform(1, 3),
        annual_cost_myen_per_charge_mw=rng.uniform(1, 3),
        annual_cost_myen_per_mwh=rng.uniform(0.02, 0.1),
        min_hours=None,
        throughput_cost_myen_per_mwh=rng.uniform(0.0002, 0.001),
        from_own_supply=bool(rng.random() < 0.5),
        name="gas_tank",
    )
    return cells, gas


def _limited(supply, has, rng):
    """A supply option with what a plant cannot do; all draws are made whatever the features."""
    ramp, least, embodied, above = rng.uniform([0.02, 0.05, 5.0, 1.0], [0.3, 0.5, 60.0, 1.3])
    if not supply.is_free:
        supply = replace(
            supply,
            ramp_share_per_hour=float(ramp) if has("ramps") else None,
            least_load_share=float(least) if has("least_loads") else 0.0,
        )
    if has("embodied"):
        supply = replace(supply, embodied_t_per_mw_year=float(embodied))
    return replace(supply, availability=supply.availability * above) if has("output_above_rating") else supply


@st.composite
def resources(
    draw: st.DrawFn,
    *,
    required: tuple[str, ...] = (),
    known: tuple[str, ...] = LINEAR_FEATURES,
    most_blocks: int = 2,
) -> Resources:
    """Small sites of 24 to 96 steps with a random set of features."""
    free = [name for name in known if name not in required]
    switches = draw(st.lists(st.booleans(), min_size=len(free), max_size=len(free)))
    features = frozenset(itertools.compress(free, switches)) | frozenset(required)
    block_steps = draw(st.sampled_from([24, 36, 48]))
    blocks = draw(st.integers(1, most_blocks))
    return make_resources(draw(st.integers(0, 2**20)), features, block_steps=block_steps, blocks=blocks)


def scaled(site: Resources, factor: float) -> Resources:
    """The same site with load, limits, caps and measures times `factor`."""
    battery, grid, backup = site.battery, site.grid, site.backup
    if battery is not None:
        battery = replace(
            battery,
            min_power_mw=battery.min_power_mw * factor,
            max_power_mw=battery.max_power_mw * factor,
            min_energy_mwh=battery.min_energy_mwh * factor,
            max_energy_mwh=battery.max_energy_mwh * factor,
        )
    if grid is not None:
        grid = replace(
            grid,
            min_mw=grid.min_mw * factor,
            max_mw=grid.max_mw * factor,
            max_export_mw=grid.max_export_mw * factor,
            import_limit_mw=None if grid.import_limit_mw is None else grid.import_limit_mw * factor,
        )
    if backup is not None:
        backup = replace(backup, min_mw=backup.min_mw * factor, max_mw=backup.max_mw * factor)
    carbon, water = site.carbon_cap_t_per_year, site.water_cap_m3_per_year
    cold = site.cooling_storage
    return replace(
        site,
        firm_mw=site.firm_mw * factor,
        arrivals_mw=site.arrivals_mw * factor,
        max_backlog_mwh=site.max_backlog_mwh * factor,
        min_it_mw=site.min_it_mw * factor,
        max_it_mw=site.max_it_mw * factor,
        tranches=tuple(
            replace(tranche, least_mw=tranche.least_mw * factor, offered_mw=tranche.offered_mw * factor)
            for tranche in site.tranches
        ),
        supply=tuple(
            replace(supply, min_mw=supply.min_mw * factor, max_mw=supply.max_mw * factor) for supply in site.supply
        ),
        battery=battery,
        cooling_storage=cold and replace(cold, max_energy_mwh=cold.max_energy_mwh * factor),
        grid=grid,
        backup=backup,
        measures=tuple(
            replace(
                measure,
                annual_cost_myen=measure.annual_cost_myen * factor,
                saving_mw=measure.saving_mw * factor,
            )
            for measure in site.measures
        ),
        carbon_cap_t_per_year=None if carbon is None else carbon * factor,
        water_cap_m3_per_year=None if water is None else water * factor,
    )


def with_delay(site: Resources, hours: int) -> Resources:
    """The same site with another allowed delay."""
    delay_steps = min(round(hours / site.step_hours), site.block_steps)
    backlog = allowed_backlog(site.arrivals_mw * site.step_hours, delay_steps, site.block_steps)
    return replace(site, max_backlog_mwh=backlog, max_delay_hours=hours)


def _supply(rng, has, hour, peak):
    steps = hour.size
    sun = np.maximum(np.sin(2 * np.pi * (hour - 6) / 24), 0.0) * rng.uniform(0.3, 0.9, steps)
    noise = np.convolve(rng.normal(0, 1, steps + 12), np.ones(12) / 12, mode="same")[:steps]
    wind = np.clip(rng.uniform(0.2, 0.4) + 0.6 * noise, 0.0, 1.0)
    limited, least = has("supply_limits"), has("least_capacities")

    def option(name, availability, cost, *, variable=0.0, emission=0.0, clean=True, firm=0.0, most=np.inf):
        return SupplyResource(
            name=name,
            availability=availability,
            annual_cost_myen_per_mw=cost,
            min_mw=min(0.1 * peak, most) if least and name in {"pv", "gas"} else 0.0,
            max_mw=most,
            variable_cost_myen_per_mwh=variable * rng.uniform(0.8, 1.2, steps),
            emission_t_per_mwh=emission,
            clean=clean,
            firm_share=firm,
        )

    made = [
        option("pv", sun, rng.uniform(8, 20), most=peak * rng.uniform(0.2, 3.0) if limited else np.inf),
        option("wind_onshore", wind, rng.uniform(20, 45), most=peak * rng.uniform(0.1, 1.5) if limited else np.inf),
        option("geothermal", np.full(steps, 0.85), rng.uniform(90, 160), firm=0.8),
    ]
    if has("fuel_supply"):
        made.append(
            option(
                "gas",
                np.full(steps, 0.95),
                rng.uniform(10, 25),
                variable=rng.uniform(0.006, 0.02),
                emission=0.4,
                clean=False,
                firm=0.9,
            )
        )
    if has("paid_clean_supply"):
        made.append(
            option("biomass", np.full(steps, 0.9), rng.uniform(30, 60), variable=rng.uniform(0.01, 0.03), firm=0.5)
        )
    return tuple(made)


def _battery(rng, has, peak):
    limited = has("battery_limits")
    return StorageResource(
        annual_cost_myen_per_mw=rng.uniform(2, 6),
        annual_cost_myen_per_mwh=rng.uniform(0.8, 3),
        min_power_mw=0.05 * peak if limited else 0.0,
        max_power_mw=peak * rng.uniform(0.2, 1.0) if limited else np.inf,
        min_energy_mwh=0.05 * peak if limited else 0.0,
        max_energy_mwh=peak * rng.uniform(0.5, 6.0) if limited else np.inf,
        min_hours=2.0 if has("battery_hours") else None,
        max_hours=rng.uniform(3.0, 8.0) if has("battery_hours") else None,
        charge_efficiency=rng.uniform(0.88, 0.98),
        discharge_efficiency=rng.uniform(0.88, 0.98),
        self_discharge_per_hour=rng.choice([0.0, 1e-4, 1e-3]),
        cyclic=not has("battery_start"),
        initial_share=rng.uniform(0.0, 1.0),
    )


def _grid(rng, has, hour, peak):
    steps = hour.size
    price = rng.uniform(0.008, 0.02) * (1 + 0.4 * np.cos(2 * np.pi * (hour - 18) / 24)) + rng.normal(0, 0.001, steps)
    price = np.maximum(price, 0.0001)
    if has("negative_prices"):
        price = np.where(rng.random(steps) < 0.08, -0.004, price)
    export = peak * rng.uniform(0.2, 2.0) if has("export") else 0.0
    return GridResource(
        annual_cost_myen_per_mw=rng.uniform(5, 25),
        min_mw=0.1 * peak if has("least_capacities") else 0.0,
        max_mw=peak * rng.uniform(0.4, 1.2) if has("grid_limit") else np.inf,
        max_export_mw=export,
        price_myen_per_mwh=price,
        export_price_myen_per_mwh=0.4 * price - 0.001,
        emission_factor_t_per_mwh=0.45 * rng.uniform(0.7, 1.1, steps),
        clean_share=np.clip(rng.uniform(0.1, 0.5, steps), 0.0, 1.0),
    )


def _backup(rng, has, steps, peak):
    return BackupResource(
        annual_cost_myen_per_mw=rng.uniform(3, 8),
        min_mw=0.05 * peak if has("least_capacities") else 0.0,
        max_mw=peak * rng.uniform(1.0, 2.0) if has("supply_limits") else np.inf,
        fuel_cost_myen_per_mwh=rng.uniform(0.03, 0.06) * np.ones(steps),
        emission_factor_t_per_mwh=0.7,
    )


def _measures(rng, load):
    mean_cost = 0.012 * 8760
    made = []
    for name, group in (("heat_recovery", None), ("fans", "air"), ("doors", "air")):
        share = rng.uniform(0.01, 0.06)
        saving = share * load * rng.uniform(0.6, 1.0, load.size)
        made.append(MeasureResource(name, float(saving.mean()) * mean_cost * rng.uniform(0.4, 2.0), saving, group))
    return tuple(made)


def _tranches(rng, hour, peak):
    """A tranche that must be at once and one that may wait, each with a price near the cost of compute."""
    daily = 1.0 + 0.3 * np.cos(2 * np.pi * (hour - rng.uniform(0, 24)) / 24)
    made = []
    for name, shape, delay in (
        ("prompt", daily / daily.max(), 0.0),
        ("patient", np.ones(hour.size), rng.uniform(2, 20)),
    ):
        offered = peak * rng.uniform(0.05, 0.3)
        least = offered * rng.choice([0.0, 0.0, 0.5])
        made.append(TrancheResource(name, least, offered, rng.uniform(0.005, 0.05), shape, delay))
    return tuple(made)
