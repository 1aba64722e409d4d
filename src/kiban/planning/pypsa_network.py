"""The programme of one site as a PyPSA network: for who works in PyPSA, and as the oracle of our own.

    electricity --it--> it --served--> deferrable        links; `it` draws PUE times what it delivers
         |  ^            |                |
      charge discharge  firm load      arrivals, backlog (a store that owes: sign -1)
         v  |
       battery

What PyPSA has no form for stands in `pypsa_constraints`. Everything is part of the network and survives its export.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from kiban.arrays import Array
from kiban.errors import InputError, Problem
from kiban.planning.commitments import arrivals_per_mw, backlog_room, undelivered_per_mw
from kiban.planning.cooling_storage import COLD_ENERGY
from kiban.planning.plant_limits import ramp_per_step
from kiban.planning.pypsa_account import CARRIER, add_account, generator_of, weigh_losses
from kiban.planning.pypsa_constraints import (
    NOMINAL,
    YEAR_STEPS,
    add_constraints,
    add_hourly_limit,
    add_hours,
    add_ramp,
    add_total,
)
from kiban.planning.pypsa_cooling_storage import add_cooling_storage, count_saving
from kiban.planning.pypsa_outages import describe_outage, survive_outages
from kiban.planning.pypsa_procurement import PLANTS, PURCHASES, add_claim, add_purchases, describe_plants
from kiban.planning.resources import GridResource, Resources, StorageResource, TrancheResource
from kiban.scenario.plant import COOLING_STORAGE
from kiban.scenario.procurement import BOUGHT, PROCURED

if TYPE_CHECKING:
    import pandas as pd
    import pypsa

# PyPSA's own default would accept an integer solution 1e-4 above the optimum.
SOLVER_OPTIONS: Mapping[str, Any] = {"output_flag": False, "mip_rel_gap": 1e-8}


def build_network(resources: Resources, time: pd.DatetimeIndex | None = None) -> pypsa.Network:
    """The problem that `write_programme` writes, as a PyPSA network.

    Power MW, energy MWh, money million yen a year. `time` labels the snapshots (local time; PyPSA knows
    no time zones); without it they are numbered. Solve it with `optimise`: PyPSA alone would leave out
    the constraints of type `weighted_sum`. Raises `InputError` where PyPSA is not installed.
    """
    pypsa = _import_pypsa()
    with _without_notices():
        network = pypsa.Network(name=f"kiban, {resources.cooling_system}")
        network.set_snapshots(list(range(resources.steps)) if time is None else time.tz_localize(None))
        network.snapshot_weightings["objective"] = resources.step_weight_h
        network.snapshot_weightings["generators"] = resources.step_weight_h
        network.snapshot_weightings["stores"] = resources.step_hours
        network.meta = {YEAR_STEPS: resources.block_steps, **describe_outage(resources), **describe_plants(resources)}
        network.add("Carrier", ["electricity", "compute", "battery", "grid", "backup", "unserved", "measure"])
        network.add("Bus", "electricity", carrier="electricity")
        network.add("Bus", "it", carrier="compute")
        network.add("Load", "firm", bus="it", carrier="compute", p_set=resources.firm_mw)
        _add_supply(network, resources)
        for storage in resources.storages:
            _add_storage(network, storage)
        _add_own_charge(network, resources)
        _add_compute(network, resources)
        _add_tranches(network, resources)
        add_cooling_storage(network, resources)
        if resources.grid is not None:
            _add_grid(network, resources, resources.grid)
            add_purchases(network, resources)
        _add_backup(network, resources)
        _add_measures(network, resources)
        _add_totals(network, resources)
    return network


def optimise(network: pypsa.Network, solver_options: Mapping[str, Any] | None = None) -> str:
    """Solve a network made by `build_network` with HiGHS; the termination condition, `optimal` where all is well.

    The results are in the network as PyPSA leaves them: `objective` in million yen a year, dispatch,
    `p_nom_opt`, and the price of each `weighted_sum` as `mu`. `solver_options` are HiGHS's.
    """
    with _without_notices():
        _, condition = network.optimize(
            solver_name="highs",
            solver_options={**SOLVER_OPTIONS, **(solver_options or {})},
            io_api="direct",
            include_objective_constant=False,
            extra_functionality=_add_all,
        )
    return str(condition)


def _add_all(network: pypsa.Network, snapshots: pd.Index) -> None:
    add_constraints(network, snapshots)
    survive_outages(network)


def read_capacities(network: pypsa.Network) -> dict[str, float]:
    """Capacities of a solved network under the names of `Plan.capacities`."""
    generators, links, stores = (network.c[kind].static for kind in NOMINAL)
    named = {"it_mw": links.at["it", "p_nom_opt"]}
    own = generators["p_nom_extendable"] & ~generators["carrier"].isin(["compute", CARRIER, PURCHASES])
    own &= generators.index != "export"
    for name, generator in generators[own].iterrows():
        if generator["carrier"] == "measure":
            named[f"measure_{name}"] = round(generator["p_nom_opt"])
        else:
            named[f"{'interconnection' if name == 'import' else name}_mw"] = generator["p_nom_opt"]
    for name in network.meta.get(PLANTS, ()):
        named[f"{PROCURED}{name}_mw"] = generators.at[f"{BOUGHT}{name}", "p_nom_opt"]
    for name in stores.index[stores["carrier"] == "battery"]:
        prefix = "" if name == "battery" else f"{name}_"
        discharge = links.loc[f"{prefix}discharge"]
        named[f"{name}_power_mw"] = discharge["p_nom_opt"] * discharge["efficiency"]
        if f"{name}_power" not in network.c["GlobalConstraint"].static.index:
            named[f"{name}_charge_power_mw"] = links.at[f"{prefix}charge", "p_nom_opt"]
        fades = f"{name}_built" in generators.index
        energy = generators.at[f"{name}_built", "p_nom_opt"] if fades else stores.at[name, "e_nom_opt"]
        named[f"{name}_energy_mwh"] = energy
    if COOLING_STORAGE in stores.index:
        named[f"{COLD_ENERGY}_mwh"] = stores.at[COOLING_STORAGE, "e_nom_opt"]
    return {name: max(float(value), 0.0) for name, value in named.items()}


def _add_supply(network: pypsa.Network, resources: Resources) -> None:
    """Generators within their availability; what of it is not taken is curtailed."""
    network.add("Carrier", [supply.name for supply in resources.supply])
    for supply in resources.supply:
        network.add(
            "Generator",
            supply.name,
            bus="electricity",
            carrier=supply.name,
            p_nom_extendable=True,
            p_nom_min=supply.min_mw,
            p_nom_max=supply.max_mw,
            p_min_pu=supply.least_load() if supply.least_load_share > 0 else 0.0,
            p_max_pu=supply.availability,
            p_nom_mod=supply.unit_mw or 0.0,
            capital_cost=supply.annual_cost_myen_per_mw,
            marginal_cost=supply.output_cost(resources.carbon_price_myen_per_t),
        )
        ramp = ramp_per_step(supply, resources.step_hours)
        if ramp is not None:
            add_ramp(network, supply.name, ramp)


def _add_storage(network: pypsa.Network, storage: StorageResource) -> None:
    """A store between two links; a link's capacity is on the side that it draws from."""
    name, shared = storage.prefix, storage.annual_cost_myen_per_charge_mw is None
    network.add("Bus", name, carrier="battery")
    network.add(
        "Link",
        storage.charge,
        bus0="electricity",
        bus1=name,
        carrier="battery",
        efficiency=storage.charge_efficiency,
        p_nom_extendable=True,
        p_nom_max=storage.max_charge_mw,
        capital_cost=storage.annual_cost_myen_per_charge_mw or 0.0,
    )
    network.add(
        "Link",
        storage.discharge,
        bus0=name,
        bus1="electricity",
        carrier="battery",
        efficiency=storage.discharge_efficiency,
        p_nom_extendable=True,
        p_nom_min=storage.min_power_mw / storage.discharge_efficiency,
        p_nom_max=storage.max_power_mw / storage.discharge_efficiency,
        capital_cost=storage.annual_cost_myen_per_mw * storage.discharge_efficiency,
        marginal_cost=storage.throughput_cost_myen_per_mwh * storage.discharge_efficiency,
    )
    network.add(
        "Store",
        name,
        bus=name,
        carrier="battery",
        e_nom_extendable=True,
        e_nom_min=0.0 if storage.fades else storage.min_energy_mwh,
        e_nom_max=np.inf if storage.fades else storage.max_energy_mwh,
        e_cyclic=storage.cyclic,
        standing_loss=storage.self_discharge_per_hour,
        capital_cost=0.0 if storage.fades else storage.annual_cost_myen_per_mwh,
    )
    built = name
    if storage.fades:
        built = _add_fade(network, storage)
    network.c["Store"].static.loc[name, "initial_share"] = 0.0 if storage.cyclic else storage.initial_share
    if shared:
        sides = {storage.charge: 1.0 / storage.charge_power_ratio, storage.discharge: -storage.discharge_efficiency}
        add_total(network, storage.power, "==", 0.0, capacities=sides)
    for hours, word, sign in ((storage.min_hours, "least", -1.0), (storage.max_hours, "most", 1.0)):
        if hours is not None:
            sizes = {built: sign, storage.discharge: -sign * hours * storage.discharge_efficiency}
            add_total(network, f"{name}_{word}_hours", "<=", 0.0, capacities=sizes)


def _add_fade(network: pypsa.Network, storage: StorageResource) -> str:
    """What is built of a storage that fades, as a generator without output; the store is what is usable."""
    built = f"{storage.prefix}_built"
    network.add(
        "Generator",
        built,
        bus=storage.prefix,
        carrier=CARRIER,
        p_nom_extendable=True,
        p_nom_min=storage.min_energy_mwh,
        p_nom_max=storage.max_energy_mwh,
        p_max_pu=0.0,
        capital_cost=storage.annual_cost_myen_per_mwh,
    )
    half_life = storage.life_years / 2.0
    add_total(
        network,
        f"{storage.prefix}_fade",
        "<=",
        0.0,
        dispatch={storage.discharge: np.full(len(network.snapshots), storage.fade_per_cycle * half_life)},
        capacities={storage.prefix: 1.0, built: storage.fade_per_year * half_life - 1.0},
    )
    return built


def _add_own_charge(network: pypsa.Network, resources: Resources) -> None:
    """What takes own supply alone is charged by what that delivers."""
    own = {storage.charge: 1.0 for storage in resources.storages if storage.from_own_supply}
    if own:
        add_hours(network, "own_charge", own | {supply.name: -1.0 for supply in resources.supply})


def _add_compute(network: pypsa.Network, resources: Resources) -> None:
    """Cooling and IT as one link whose loss is the PUE; deferrable compute as a debt with a limit."""
    water_m3_per_mwh = resources.wue_m3_per_mwh / resources.pue
    network.add(
        "Link",
        "it",
        bus0="electricity",
        bus1="it",
        carrier="compute",
        efficiency=1.0 / resources.pue,
        p_max_pu=resources.pue,
        p_nom_extendable=True,
        p_nom_min=resources.min_it_mw,
        p_nom_max=resources.max_it_mw,
        capital_cost=resources.it_annual_cost_myen_per_mw,
        marginal_cost=resources.water_price_myen_per_m3 * water_m3_per_mwh,
    )
    lost = resources.unserved_price_myen_per_mwh
    if lost is not None:
        most, profile = _per_unit(resources.firm_mw)
        network.add(
            "Generator", "unserved", bus="it", carrier="unserved", p_nom=most, p_max_pu=profile, marginal_cost=lost
        )
    if not resources.has_deferrable:
        return
    network.add("Bus", "deferrable", carrier="compute")
    network.add("Load", "arrivals", bus="deferrable", carrier="compute", p_set=resources.arrivals_mw)
    # No more can be served or dropped in a step than arrives in it and waits from before.
    most_mw = float(resources.arrivals_mw.max() + resources.max_backlog_mwh.max() / resources.step_hours)
    network.add("Link", "served", bus0="it", bus1="deferrable", carrier="compute", p_nom=most_mw)
    if lost is not None:
        network.add("Generator", "dropped", bus="deferrable", carrier="unserved", p_nom=most_mw, marginal_cost=lost)
    most, profile = _per_unit(resources.max_backlog_mwh)
    network.add(
        "Store",
        "backlog",
        bus="deferrable",
        carrier="compute",
        sign=-1.0,
        e_nom=most,
        e_max_pu=profile,
        e_cyclic=True,
    )


def _add_tranches(network: pypsa.Network, resources: Resources) -> None:
    """A tranche takes its shape at the IT bus and pays by capacity; one with a schedule does so on a bus of its own."""
    own_it: dict[str, float] = {}
    for tranche in resources.tranches:
        name, bus = tranche.capacity, f"{tranche.capacity}_bus" if tranche.has_schedule else "it"
        arrivals = arrivals_per_mw(resources, tranche)
        if tranche.has_schedule:
            _add_schedule(network, resources, tranche, bus)
        network.add(
            "Generator",
            name,
            bus=bus,
            carrier="compute",
            sign=-1.0,
            p_nom_extendable=True,
            p_nom_min=tranche.least_mw,
            p_nom_max=tranche.offered_mw,
            p_min_pu=arrivals,
            p_max_pu=arrivals,
            capital_cost=-tranche.price_myen_per_mwh * float(tranche.shape.sum()) * resources.step_weight_h,
        )
        if resources.tranches_need_own_it:
            own_it[name] = -float(tranche.shape.max())
        room = backlog_room(resources, tranche)
        if tranche.has_schedule and room.any():
            capacities = {f"{name}_backlog": 1.0, name: -float(room.max())}
            add_total(network, f"{name}_room", "==", 0.0, capacities=capacities)
        if tranche.reliability < 1:
            undelivered = {name: -undelivered_per_mw(resources, tranche)}
            every = {f"{name}_short": np.ones(resources.steps)}
            add_total(network, f"{name}_reliability", "<=", 0.0, dispatch=every, capacities=undelivered)
    if resources.tranches and resources.tranches_need_own_it:
        add_total(network, "it_as_it_arrives", ">=", resources.min_it_mw, capacities={"it": 1.0, **own_it})


def _add_schedule(network: pypsa.Network, resources: Resources, tranche: TrancheResource, bus: str) -> None:
    """The bus of a tranche, what serves it, its backlog, and what is not delivered."""
    name = tranche.capacity
    most, profile = _per_unit(backlog_room(resources, tranche))
    arriving = float(arrivals_per_mw(resources, tranche).max())
    most_mw = tranche.offered_mw * (arriving + most / resources.step_hours)
    network.add("Bus", bus, carrier="compute")
    network.add("Link", f"{name}_served", bus0="it", bus1=bus, carrier="compute", p_nom=most_mw)
    if most > 0:
        network.add(
            "Store",
            f"{name}_backlog",
            bus=bus,
            carrier="compute",
            sign=-1.0,
            e_nom_extendable=True,
            e_max_pu=profile,
            e_cyclic=True,
        )
    if tranche.reliability < 1:
        price = tranche.price_myen_per_mwh
        network.add("Generator", f"{name}_short", bus=bus, carrier="unserved", p_nom=most_mw, marginal_cost=price)


def _add_grid(network: pypsa.Network, resources: Resources, grid: GridResource) -> None:
    """Import as supply, export as a generator that takes; both within the connection."""
    carbon = resources.carbon_price_myen_per_t * grid.emission_factor_t_per_mwh
    if resources.procurement is not None:
        carbon = np.zeros(resources.steps)  # where it is bought
    network.add(
        "Generator",
        "import",
        bus="electricity",
        carrier="grid",
        p_nom_extendable=True,
        p_nom_min=grid.min_mw,
        p_nom_max=grid.max_mw,
        p_max_pu=grid.import_share,
        capital_cost=grid.annual_cost_myen_per_mw,
        marginal_cost=grid.price_myen_per_mwh + carbon,
        marginal_cost_quadratic=grid.price_slope_myen_per_mwh2 / 2.0,
    )
    if grid.import_limit_mw is not None:
        add_hourly_limit(network, "import", grid.import_limit_mw)
    if grid.max_export_mw > 0:
        network.add(
            "Generator",
            "export",
            bus="electricity",
            carrier="grid",
            sign=-1.0,
            p_nom_extendable=True,
            p_nom_max=grid.max_export_mw,
            p_max_pu=grid.export_share,
            marginal_cost=-grid.export_price_myen_per_mwh,
            marginal_cost_quadratic=grid.export_slope_myen_per_mwh2 / 2.0,
        )
        add_total(network, "export_connection", "<=", 0.0, capacities={"export": 1.0, "import": -1.0})
    if grid.flexibility_mw > 0:
        network.add(
            "Generator",
            "flexibility",
            bus="electricity",
            carrier="grid",
            p_nom_extendable=True,
            p_nom_max=grid.flexibility_mw,
            p_max_pu=0.0,
            capital_cost=-grid.flexibility_price_myen_per_mw_year,
        )
        add_total(network, "flexibility_connection", "<=", 0.0, capacities={"flexibility": 1.0, "import": -1.0})


def _add_backup(network: pypsa.Network, resources: Resources) -> None:
    backup = resources.backup
    if backup is None:
        return
    network.add(
        "Generator",
        "backup",
        bus="electricity",
        carrier="backup",
        p_nom_extendable=True,
        p_nom_min=backup.min_mw,
        p_nom_max=backup.max_mw,
        capital_cost=backup.annual_cost_myen_per_mw,
        marginal_cost=backup.fuel_cost_myen_per_mwh
        + resources.carbon_price_myen_per_t * backup.emission_factor_t_per_mwh,
    )
    if backup.permitted_hours_per_year is not None:
        every = {"backup": np.ones(resources.steps)}
        permitted = {"backup": -backup.permitted_hours_per_year}
        add_total(network, "backup_hours", "<=", 0.0, dispatch=every, capacities=permitted)


def _add_measures(network: pypsa.Network, resources: Resources) -> None:
    """A measure is a module of one that must run: it supplies what it saves, or is not taken."""
    groups: dict[str, dict[str, float]] = {}
    for measure in resources.measures:
        network.add(
            "Generator",
            measure.name,
            bus="electricity",
            carrier="measure",
            p_nom_extendable=True,
            p_nom_mod=1.0,
            p_nom_max=1.0,
            p_min_pu=measure.saving_mw,
            p_max_pu=measure.saving_mw,
            capital_cost=measure.annual_cost_myen,
        )
        if measure.group is not None:
            groups.setdefault(measure.group, {})[measure.name] = 1.0
    for group, members in groups.items():
        add_total(network, f"one_of_{group}", "<=", 1.0, capacities=members)
    if resources.may_save_too_much:
        add_hours(network, "savings", {**{measure.name: 1.0 for measure in resources.measures}, "it": -1.0})


def _add_totals(network: pypsa.Network, resources: Resources) -> None:
    """Clean share, carbon, water and adequacy."""
    if resources.clean_share is not None:
        allowed = np.full(resources.steps, 1.0 - resources.clean_share)
        weights = {generator_of(name): share for name, share in resources.unclean_shares()}
        weights |= add_account(network, resources)
        weights |= {measure.name: allowed for measure in resources.measures}
        add_total(network, "clean_share", "<=", 0.0, dispatch={**weights, "it": -allowed})
        if resources.loses_purchases:
            add_total(network, "losses_beyond_own", "<=", 0.0, dispatch=weigh_losses(resources))
    add_claim(network, resources)
    count_saving(network, resources)
    if resources.carbon_cap_t_per_year is not None:
        factors = {generator_of(name): factor for name, factor in resources.emission_factors()}
        built = {s.name: s.embodied_t_per_mw_year for s in resources.supply if s.embodied_t_per_mw_year > 0}
        cap = resources.carbon_cap_t_per_year
        add_total(network, "carbon_cap", "<=", cap, dispatch=factors, capacities=built)
    if resources.water_cap_m3_per_year is not None:
        water = {"it": resources.wue_m3_per_mwh / resources.pue}
        add_total(network, "water_cap", "<=", resources.water_cap_m3_per_year, dispatch=water)
    if resources.critical_share > 0 and (resources.critical_mw > 0 or resources.tranches):
        firm = {supply.name: supply.firm_share for supply in resources.supply if supply.firm_share > 0}
        if resources.backup is not None:
            firm["backup"] = 1.0
        for tranche in resources.tranches:
            if not tranche.may_wait:
                peak = float((resources.pue * tranche.shape).max())
                firm[tranche.capacity] = -resources.critical_share * peak
        add_total(network, "adequacy", ">=", resources.critical_mw, capacities=firm)


def _per_unit(series: Array) -> tuple[float, Array]:
    most = float(series.max())
    return most, series / most if most > 0 else np.zeros_like(series)


def _import_pypsa() -> Any:
    try:
        import pypsa
    except ImportError:
        raise InputError(Problem("planning.no_pypsa", "to_pypsa")) from None
    return pypsa


@contextmanager
def _without_notices() -> Iterator[None]:
    """Silence what PyPSA and linopy announce about their own next versions; it changes no result here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="pandas infers the `str` dtype", category=FutureWarning)
        yield
