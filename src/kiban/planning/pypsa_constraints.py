"""Constraints of a network for which PyPSA has no form, as part of the network: they survive its export.

Shared capacities, yearly totals and adequacy are global constraints of type `weighted_sum`: the weights on dispatch
are the time series `generators_t[NAME]` and `links_t[NAME]`, the weights on capacities the columns NAME of generators,
links and stores. Constraints of each hour are of type `weighted_hours`: their weights on dispatch, and on what stores
hold, are the columns NAME, or the time series `..._t[NAME]` where they change by the hour, those on capacities the
columns `NAME:capacity`. A limit of dispatch in MW by hour, beside the capacity, is the time series
`generators_t["most_mw"]`, a limit of its change the column `ramp_share_per_step`. Stores close within each weather
year. `add_constraints` writes them into the problem that PyPSA makes of a network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kiban.arrays import Array

if TYPE_CHECKING:
    import pandas as pd
    import pypsa

WEIGHTED_SUM = "weighted_sum"
WEIGHTED_HOURS = "weighted_hours"
DISPATCH = {"Generator": "p", "Link": "p", "Store": "e"}
HOURLY_LIMIT = "most_mw"
OF_CAPACITY = ":capacity"
RAMP = "ramp_share_per_step"
NOMINAL = {"Generator": "p_nom", "Link": "p_nom", "Store": "e_nom"}
YEAR_STEPS = "weather_year_steps"


def add_constraints(network: pypsa.Network, snapshots: pd.Index) -> None:
    """The constraints that PyPSA has no form for; PyPSA calls this as its `extra_functionality`."""
    _close_stores(network, snapshots)
    _keep_hourly_limits(network)
    _keep_ramps(network)
    totals = network.c["GlobalConstraint"].static
    for kind, list_terms in ((WEIGHTED_SUM, _weighted_terms), (WEIGHTED_HOURS, _weighted_flows)):
        for name, total in totals[totals["type"] == kind].iterrows():
            terms = list(list_terms(network, str(name)))
            # A cap on what nothing at the site emits limits nothing.
            if terms:
                network.model.add_constraints(
                    sum(terms), total["sense"], total["constant"], name=f"GlobalConstraint-{name}"
                )


def add_total(
    network: pypsa.Network,
    name: str,
    sense: str,
    constant: float,
    *,
    dispatch: Mapping[str, Array] | None = None,
    capacities: Mapping[str, float] | None = None,
) -> None:
    """A global constraint on yearly dispatch and capacities, both weighted."""
    import pandas as pd

    network.add("GlobalConstraint", name, type=WEIGHTED_SUM, sense=sense, constant=constant)
    for kind in NOMINAL:
        components = network.c[kind]
        for component, weight in (capacities or {}).items():
            if component in components.static.index:
                components.static.loc[component, name] = weight
        series = {item: weight for item, weight in (dispatch or {}).items() if item in components.static.index}
        if series:
            frame = pd.DataFrame(series, index=network.snapshots)
            components.dynamic[name] = frame.rename_axis(columns="name")


def add_hours(
    network: pypsa.Network,
    name: str,
    weights: Mapping[str, float | Array],
    capacities: Mapping[str, float] | None = None,
) -> None:
    """A global constraint of each hour: flows, what stores hold and capacities, weighted, add up to at most zero."""
    import pandas as pd

    network.add("GlobalConstraint", name, type=WEIGHTED_HOURS, sense="<=", constant=0.0)
    for kind in DISPATCH:
        components = network.c[kind]
        known = {component: weight for component, weight in weights.items() if component in components.static.index}
        for component, weight in known.items():
            if not isinstance(weight, np.ndarray):
                components.static.loc[component, name] = weight
        series = {component: weight for component, weight in known.items() if isinstance(weight, np.ndarray)}
        if series:
            frame = pd.DataFrame(series, index=network.snapshots)
            components.dynamic[name] = frame.rename_axis(columns="name")
        for component, size in (capacities or {}).items():
            if component in components.static.index:
                components.static.loc[component, f"{name}{OF_CAPACITY}"] = size


def add_hourly_limit(network: pypsa.Network, generator: str, most_mw: Array) -> None:
    """A generator delivers no more than this in each step, whatever its capacity."""
    import pandas as pd

    dynamic = network.c["Generator"].dynamic
    frame = pd.DataFrame({generator: most_mw}, index=network.snapshots)
    known = dynamic.get(HOURLY_LIMIT)
    frame = frame if known is None or known.empty else known.join(frame)
    dynamic[HOURLY_LIMIT] = frame.rename_axis(columns="name")


def add_ramp(network: pypsa.Network, generator: str, share: float) -> None:
    """A generator changes its output from step to step by at most this share of its capacity, within a weather year."""
    network.c["Generator"].static.loc[generator, RAMP] = share


def _keep_ramps(network: pypsa.Network) -> None:
    """PyPSA's own ramp limits do not close a year."""
    static = network.c["Generator"].static
    if RAMP not in static:
        return
    block, steps = int(network.meta[YEAR_STEPS]), np.arange(len(network.snapshots))
    before = np.where(steps % block == 0, steps + block - 1, steps - 1)
    for name, share in static[RAMP].dropna().items():
        power = network.model["Generator-p"].sel(name=name, drop=True)
        earlier = power.isel(snapshot=before).assign_coords(snapshot=power.indexes["snapshot"])
        most = float(share) * network.model["Generator-p_nom"].sel(name=name, drop=True)
        network.model.add_constraints(power - earlier - most, "<=", 0.0, name=f"Generator-ramp-up-{name}")
        network.model.add_constraints(earlier - power - most, "<=", 0.0, name=f"Generator-ramp-down-{name}")


def _keep_hourly_limits(network: pypsa.Network) -> None:
    import xarray as xr

    limits = network.c["Generator"].dynamic.get(HOURLY_LIMIT)
    if limits is None or limits.empty:
        return
    power = network.model["Generator-p"].sel(name=list(limits.columns))
    coordinates = {"snapshot": power.indexes["snapshot"], "name": power.indexes["name"]}
    most = xr.DataArray(limits.to_numpy(), coords=coordinates)
    network.model.add_constraints(power, "<=", most, name=f"Generator-{HOURLY_LIMIT}")


def _weighted_terms(network: pypsa.Network, name: str) -> Iterator[Any]:
    """Terms of one `weighted_sum` as linopy expressions."""
    import xarray as xr

    hours = network.snapshot_weightings["objective"]
    for kind, nominal in NOMINAL.items():
        components = network.c[kind]
        if name in components.static:
            weights = components.static[name].dropna()
            if not weights.empty:
                capacity = network.model[f"{kind}-{nominal}"].sel(name=list(weights.index))
                yield (capacity * xr.DataArray(weights.to_numpy(), coords={"name": capacity.indexes["name"]})).sum()
        frame = components.dynamic.get(name)
        if frame is not None and not frame.empty:
            power = network.model[f"{kind}-p"].sel(name=list(frame.columns))
            coordinates = {"snapshot": power.indexes["snapshot"], "name": power.indexes["name"]}
            yield (power * xr.DataArray(frame.mul(hours, axis=0).to_numpy(), coords=coordinates)).sum()


def _weighted_flows(network: pypsa.Network, name: str) -> Iterator[Any]:
    """Terms of one `weighted_hours` as linopy expressions."""
    import xarray as xr

    for kind, quantity in DISPATCH.items():
        static = network.c[kind].static
        frame = network.c[kind].dynamic.get(name)
        if frame is not None and not frame.empty:
            flow = network.model[f"{kind}-{quantity}"].sel(name=list(frame.columns))
            coordinates = {"snapshot": flow.indexes["snapshot"], "name": flow.indexes["name"]}
            yield (flow * xr.DataArray(frame.to_numpy(), coords=coordinates)).sum("name")
        sizes = static[f"{name}{OF_CAPACITY}"].dropna() if f"{name}{OF_CAPACITY}" in static else static.iloc[:0, 0]
        if not sizes.empty:
            capacity = network.model[f"{kind}-{NOMINAL[kind]}"].sel(name=list(sizes.index))
            yield (capacity * xr.DataArray(sizes.to_numpy(), coords={"name": capacity.indexes["name"]})).sum("name")
        weights = static[name].dropna() if name in static else static.iloc[:0, 0]
        if not weights.empty:
            flow = network.model[f"{kind}-{quantity}"].sel(name=list(weights.index))
            yield (flow * xr.DataArray(weights.to_numpy(), coords={"name": flow.indexes["name"]})).sum("name")


def _close_stores(network: pypsa.Network, snapshots: pd.Index) -> None:
    """Balance stores within each weather year, from a share of the energy capacity where they do not close.

    PyPSA's own balance stands where it says the same: one weather year and every store cyclic.
    """
    import xarray as xr

    stores = network.c["Store"].static
    block = int(network.meta[YEAR_STEPS])
    if stores.empty or (block == len(snapshots) and stores["e_cyclic"].all()):
        return
    model = network.model
    model.remove_constraints("Store-energy_balance")
    steps = np.arange(len(snapshots))
    first = steps % block == 0
    before = np.where(first, steps + block - 1, steps - 1)
    hours = network.snapshot_weightings["stores"].to_numpy()
    for name, store in stores.iterrows():
        energy, power = model["Store-e"].sel(name=[name]), model["Store-p"].sel(name=[name])
        labels = energy.indexes["snapshot"]
        previous = energy.isel(snapshot=before).assign_coords(snapshot=labels)
        kept = (1.0 - store["standing_loss"]) ** hours

        def series(values: Array, labels: pd.Index = labels) -> xr.DataArray:
            return xr.DataArray(values, coords={"snapshot": labels})

        change = energy - previous * series(np.where(first & (not store["e_cyclic"]), 0.0, kept))
        left = change + power * series(hours)
        if not store["e_cyclic"]:
            capacity = model["Store-e_nom"].sel(name=[name])
            left = left - capacity * series(np.where(first, kept * store["initial_share"], 0.0))
        model.add_constraints(left, "==", 0.0, name=f"Store-energy_balance-{name}")
        if not store["e_cyclic"] and store["initial_share"] > 0:
            ends = energy.isel(snapshot=np.flatnonzero(steps % block == block - 1))
            model.add_constraints(ends - capacity * store["initial_share"], ">=", 0.0, name=f"Store-end-{name}")
