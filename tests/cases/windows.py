"""Random windows of a campus: as they come, and with everything that may happen to one."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from kiban.linear.window import Windows

Array = np.ndarray


def random_windows(rng: np.random.Generator, count: int, steps: int, *, step_hours: float = 1.0) -> Windows:
    """Sun, wind and prices of random days, plants of random size, stores empty, full or between."""

    def one(low: float, high: float) -> Array:
        return rng.uniform(low, high, (count, 1))

    hour = np.arange(steps) * step_hours + rng.integers(0, 24, (count, 1))
    sun = np.maximum(np.sin((hour % 24 - 6) / 12 * np.pi), 0) * one(0.1, 1) * rng.uniform(0.8, 1, (count, steps))
    wind = np.clip(np.cumsum(rng.normal(0, 0.12, (count, steps)), axis=1) + one(0, 1), 0, 1)
    power, served = one(0, 150), one(0, 60)
    energy, backlog = power * one(1, 6), served * one(0, 12)
    price = 0.012 + 0.008 * np.sin(hour / 24 * 2 * np.pi) + 0.006 * rng.normal(0, 1, (count, steps))
    return Windows(
        available_mw=one(0, 300) * sun + one(0, 200) * wind + one(0, 40),
        firm_mw=one(40, 90) * (1 + 0.05 * rng.uniform(-1, 1, (count, steps))),
        pue=1.05 + 0.2 * rng.random((count, steps)) * one(0, 1),
        arrivals_mw=served * one(0, 1) * rng.random((count, steps)),
        served_limit_mw=served,
        backlog_limit_mwh=backlog,
        charge_limit_mw=power,
        discharge_limit_mw=power,
        storage_limit_mwh=energy,
        import_limit_mw=one(0, 100),
        backup_limit_mw=one(50, 120),
        import_price_myen_per_mwh=price + 0.05 * (rng.random((count, 1)) < 0.6),
        backup_cost_myen_per_mwh=one(0.04, 0.1),
        wear_cost_myen_per_mwh=np.array(1e-5),
        unserved_cost_myen_per_mwh=np.array(1.0),
        dropped_cost_myen_per_mwh=np.array(0.3),
        kept_per_step=1 - rng.uniform(0, 2e-4, count),
        charge_efficiency=rng.uniform(0.9, 1, count),
        discharge_efficiency=rng.uniform(0.9, 1, count),
        initial_storage_mwh=energy[:, 0] * rng.choice([0, 0.3, 0.5, 1], count),
        initial_backlog_mwh=backlog[:, 0] * rng.choice([0, 0, 0.5, 1], count),
        final_storage_value_myen_per_mwh=rng.uniform(0, 0.06, count),
        final_backlog_cost_myen_per_mwh=rng.uniform(0, 0.06, count),
        step_hours=step_hours,
    )


def harsh_windows(rng: np.random.Generator, count: int, steps: int, **given: float) -> Windows:
    """Outages of grid, backup, storage and supply, plants that are not there, negative and equal prices, no losses."""
    windows = random_windows(rng, count, steps, **given)
    new: dict[str, Array] = {field.name: getattr(windows, field.name) for field in fields(windows)}
    hour = np.arange(steps)

    def some(share: float) -> Array:
        return rng.random((count, 1)) < share

    def outage(share: float) -> Array:
        begins, lasts = rng.integers(0, steps, (count, 1)), rng.integers(1, steps + 1, (count, 1))
        return some(share) & (hour >= begins) & (hour < begins + lasts)

    def hours(share: float, of: float) -> Array:
        return some(share) & (rng.random((count, steps)) < of)

    def put(gone: Array, *names: str, value: float | Array = 0.0) -> None:
        for name in names:
            new[name] = np.where(gone, value, new[name])

    put(outage(0.3) | some(0.1), "import_limit_mw")
    put(outage(0.2) | some(0.1), "backup_limit_mw")
    put(outage(0.2), "charge_limit_mw", "discharge_limit_mw")
    none = some(0.1)
    put(none, "charge_limit_mw", "discharge_limit_mw", "storage_limit_mwh")
    put(none[:, 0], "initial_storage_mwh")
    put(outage(0.2) | some(0.05) | hours(0.3, 0.3), "available_mw")
    put(some(0.05) | hours(0.1, 0.3), "firm_mw")
    put(hours(0.3, 0.3), "import_price_myen_per_mwh", value=-new["import_price_myen_per_mwh"])
    put(hours(0.2, 0.3), "import_price_myen_per_mwh")
    put(hours(0.1, 0.1), "import_price_myen_per_mwh", value=3.0)
    put(some(0.2), "import_price_myen_per_mwh", value=new["import_price_myen_per_mwh"].round(2))
    put(some(0.3), "wear_cost_myen_per_mwh")
    put(some(0.3)[:, 0], "kept_per_step", value=1.0)
    put(some(0.2)[:, 0], "charge_efficiency", "discharge_efficiency", value=1.0)
    put(some(0.3), "pue", value=new["pue"][:, :1])
    put(some(0.15) | hours(0.1, 0.3), "served_limit_mw")
    put(some(0.15) | hours(0.2, 0.5), "arrivals_mw")
    put(some(0.1), "backlog_limit_mwh")
    put(some(0.3)[:, 0], "final_storage_value_myen_per_mwh")
    new["initial_backlog_mwh"] = np.minimum(new["initial_backlog_mwh"], new["backlog_limit_mwh"][:, 0])
    return Windows(**new)


def random_scenarios(rng: np.random.Generator, count: int, steps: int, *, harsh: bool = False) -> Windows:
    """Windows of one plant that agree in their first step: supply, prices, load and arrivals differ after it."""
    windows = (harsh_windows if harsh else random_windows)(rng, count, steps)
    differing = {"available_mw", "firm_mw", "pue", "arrivals_mw", "import_price_myen_per_mwh"}
    of_the_end = {"final_storage_value_myen_per_mwh", "final_backlog_cost_myen_per_mwh"}
    new: dict[str, Array] = {}
    for field in fields(windows):
        value = getattr(windows, field.name)
        if field.name == "step_hours" or field.name in of_the_end:
            continue
        if field.name in differing:
            value = value.copy()
            value[:, 0] = value[0, 0]
        else:
            value = np.repeat(value[:1], count, axis=0)
        new[field.name] = value
    return replace(windows, **new)
