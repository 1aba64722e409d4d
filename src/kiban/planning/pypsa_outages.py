"""An outage that is survived, as constraints of a PyPSA network: every start with a schedule of its own.

Unlike `outages`, which adds what a design lacks, this writes all starts into one problem: exact, and N times as large.
It is the oracle of the other, and makes an exported network whole.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from kiban.planning.pypsa_constraints import YEAR_STEPS
from kiban.planning.resources import Resources

if TYPE_CHECKING:
    import pypsa

OUTAGE = "outage"


def describe_outage(resources: Resources) -> dict[str, Any]:
    """What the network's `meta` says of the outage; the names are those of its components."""
    outage = resources.outage
    if outage is None:
        return {}
    return {
        OUTAGE: {
            "steps": outage.steps(resources),
            "share": outage.share,
            "fuel_hours": outage.fuel_hours if math.isfinite(outage.fuel_hours) else None,
            "step_hours": resources.step_hours,
            "supply": [supply.name for supply in resources.supply],
            "served": [tranche.capacity for tranche in resources.tranches if not tranche.may_wait],
            "measures": [measure.name for measure in resources.measures],
            "storages": [
                {
                    "store": storage.prefix,
                    "charge": storage.charge,
                    "discharge": storage.discharge,
                    "initial_share": None if storage.cyclic else storage.initial_share,
                }
                for storage in resources.storages
            ],
        }
    }


def survive_outages(network: pypsa.Network) -> None:
    """Add the variables and constraints of all starts to the network's problem."""
    import xarray as xr

    given = network.meta.get(OUTAGE)
    if given is None:
        return
    model, count, block = network.model, len(network.snapshots), int(network.meta[YEAR_STEPS])
    generators, hours, share = network.c["Generator"], float(given["step_hours"]), float(given["share"])
    starts, ages = np.arange(count), np.arange(int(given["steps"]))
    first = starts // block * block
    steps = first[:, None] + (starts[:, None] - first[:, None] + ages) % block
    # An outage is called by the snapshot in which it begins.
    axes = {"snapshot": network.snapshots, "age": ages}

    def lay(series: Any) -> xr.DataArray:
        return xr.DataArray(np.asarray(series, dtype=np.float64)[steps], coords=axes, dims=tuple(axes))

    def variable(name: str) -> Any:
        return model.add_variables(lower=0.0, coords=list(axes.items()), name=f"outage-{name}")

    def built(kind: str, nominal: str, name: str) -> Any:
        return model[f"{kind}-{nominal}"].sel(name=name, drop=True)

    def profile(name: str) -> Any:
        return (
            generators.dynamic["p_max_pu"][name]
            if name in generators.dynamic["p_max_pu"]
            else np.full(count, generators.static.at[name, "p_max_pu"])
        )

    pue = network.c["Link"].dynamic["p_max_pu"].get("it", np.ones(count))
    firm = network.c["Load"].dynamic["p_set"].get("firm", np.full(count, network.c["Load"].static.at["firm", "p_set"]))
    spill = variable("spill")
    left = -1.0 * spill
    for name in given["supply"]:
        left = left + built("Generator", "p_nom", name) * lay(profile(name))
    for name in given["served"]:
        left = left - built("Generator", "p_nom", name) * lay(share * np.asarray(pue) * np.asarray(profile(name)))
    for name in given["measures"]:
        left = left + built("Generator", "p_nom", name) * lay(share * np.asarray(profile(name)))
    if "backup" in generators.static.index:
        backup, power = variable("backup"), built("Generator", "p_nom", "backup")
        left = left + backup
        model.add_constraints(backup - power, "<=", 0.0, name="outage-backup-power")
        if given["fuel_hours"] is not None:
            burnt = hours * backup.sum("age") - float(given["fuel_hours"]) * power
            model.add_constraints(burnt, "<=", 0.0, name="outage-fuel")
    for storage in given["storages"]:
        left = left + _add_storage(network, variable, storage, hours, steps[:, 0])
    need = lay(share * np.asarray(pue) * np.asarray(firm))
    model.add_constraints(left, "==", need, name="outage-balance")


def _add_storage(network: pypsa.Network, variable: Any, given: Any, hours: float, starts: Any) -> Any:
    """A storage in every outage, from what the plan has in it when it begins; what it gives to the balance."""
    import xarray as xr

    model, links, name = network.model, network.c["Link"].static, given["store"]
    store, block = network.c["Store"].static.loc[name], int(network.meta[YEAR_STEPS])
    efficiency = float(links.at[given["discharge"], "efficiency"])
    into = model["Link-p_nom"].sel(name=given["charge"], drop=True)
    out = model["Link-p_nom"].sel(name=given["discharge"], drop=True) * efficiency
    energy = model["Store-e_nom"].sel(name=name, drop=True)
    charge, discharge, state = (variable(f"{name}-{flow}") for flow in ("charge", "discharge", "state"))
    for flow_name, flow, most in (("charge", charge, into), ("discharge", discharge, out), ("state", state, energy)):
        model.add_constraints(flow - most, "<=", 0.0, name=f"outage-{name}-{flow_name}-limit")
    kept = (1.0 - float(store["standing_loss"])) ** hours
    ages = np.arange(state.sizes["age"])

    def of_age(values: Any) -> xr.DataArray:
        return xr.DataArray(values, coords={"age": ages})

    def of_start(values: Any) -> xr.DataArray:
        return xr.DataArray(values, coords={"snapshot": network.snapshots}, dims=("snapshot",))

    before = state.isel(age=np.maximum(ages - 1, 0)).assign_coords(age=ages)
    change = (
        state
        - before * of_age(np.where(ages == 0, 0.0, kept))
        - float(links.at[given["charge"], "efficiency"]) * hours * charge
        + hours / efficiency * discharge
    )
    step_before = np.where(starts % block == 0, starts + block - 1, starts - 1)
    stored = model["Store-e"].sel(name=name, drop=True).isel(snapshot=step_before)
    stored = stored.assign_coords(snapshot=network.snapshots)
    begins = (starts % block == 0) & (given["initial_share"] is not None)
    is_first = of_age(np.where(ages == 0, 1.0, 0.0))
    from_plan = stored * of_start(np.where(begins, 0.0, kept)) * is_first
    from_share = energy * of_start(np.where(begins, kept * float(given["initial_share"] or 0.0), 0.0)) * is_first
    model.add_constraints(change - from_plan - from_share, "==", 0.0, name=f"outage-{name}-balance")
    return discharge - charge
