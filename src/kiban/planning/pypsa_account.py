"""The account of stored and sold energy (`stored_energy`) in a PyPSA network, as generators that deliver to no load.

What is `sold` and `kept` of each source is a generator on a bus of its own, what is held for sale a store behind two
links. Constraints of each hour are of type `weighted_hours` (`pypsa_constraints`); weights count what a link draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kiban.arrays import Array
from kiban.planning.pypsa_constraints import add_hours
from kiban.planning.resources import Resources
from kiban.planning.stored_energy import list_deductions, list_sources, list_stores, sells

if TYPE_CHECKING:
    import pypsa

CARRIER = "account"


def generator_of(variable: str) -> str:
    """Generator of the programme's hourly variable."""
    return variable.removesuffix("_output")


def add_account(network: pypsa.Network, resources: Resources) -> dict[str, Array]:
    """The parts of the account; what comes off the energy that is not clean, by generator."""
    deductions = {generator_of(name): -part for name, part in list_deductions(resources)}
    if not deductions:
        return {}
    network.add("Carrier", CARRIER)
    network.add("Bus", CARRIER, carrier=CARRIER)
    for name in deductions:
        network.add("Generator", name, bus=CARRIER, carrier=CARRIER, p_nom_extendable=True)
    network.add("Generator", "account_end", bus=CARRIER, carrier=CARRIER, sign=-1.0, p_nom_extendable=True)
    sources, stores = [generator_of(name) for name, _ in list_sources(resources)], list_stores(resources)
    for source in sources:
        parts = [name for name in deductions if name == f"sold_{source}" or name.startswith(f"kept_{source}_in_")]
        add_hours(network, f"part_of_{source}", {**dict.fromkeys(parts, 1.0), source: -1.0})
    selling = sells(resources)
    sold_on = {**{f"sold_{source}": 1.0 for source in sources}, "export": -1.0}
    sold_later = {f"sold_{source}": -1.0 for source in sources}
    for store in stores:
        put, taken, held = (f"{word}_{store.name}" for word in ("put", "taken", "held"))
        takes = [generator_of(source) for source in store.takes]
        stored = {f"kept_{source}_in_{store.name}": 1.0 for source in takes} if resources.loses_purchases else {}
        if not selling or not takes:
            add_hours(network, f"kept_in_{store.name}", {**stored, store.charge: -1.0})
            continue
        network.add("Bus", held, carrier=CARRIER)
        for link, source, end, efficiency in (
            (put, CARRIER, held, store.charge_efficiency),
            (taken, held, CARRIER, store.discharge_efficiency),
        ):
            network.add(
                "Link", link, bus0=source, bus1=end, carrier=CARRIER, efficiency=efficiency, p_nom_extendable=True
            )
        network.add(
            "Store",
            held,
            bus=held,
            carrier=CARRIER,
            e_nom_extendable=True,
            e_cyclic=store.cyclic,
            standing_loss=1.0 - store.kept_per_step ** (1.0 / resources.step_hours),
        )
        network.c["Store"].static.loc[held, "initial_share"] = 0.0
        add_hours(network, f"{put}_limit", {**stored, put: 1.0, store.charge: -1.0})
        add_hours(network, f"{taken}_limit", {taken: 1.0, store.discharge: -1.0})
        add_hours(network, f"{held}_limit", {held: 1.0, store.name: -1.0})
        if len(takes) < len(sources):
            add_hours(network, f"sold_later_{store.name}", {put: 1.0, **{f"sold_{source}": -1.0 for source in takes}})
        sold_on |= {put: -1.0, taken: store.discharge_efficiency}
        sold_later[put] = 1.0
    if selling:
        add_hours(network, "sold_on", sold_on)
        add_hours(network, "sold_later", sold_later)
    return deductions


def weigh_losses(resources: Resources) -> dict[str, Array]:
    """Weights on dispatch of the year's losses that the own clean output does not cover, at most zero."""
    weights = {supply.name: 1.0 for supply in resources.supply if supply.clean}
    weights |= {plant.bought: 1.0 for plant in resources.clean_plants_elsewhere if plant.delivers}
    for store in list_stores(resources):
        weights |= {f"standing_{store.name}": 1.0, store.charge: -1.0, store.discharge: store.discharge_efficiency}
        if sells(resources) and store.takes:
            weights |= {f"put_{store.name}": 1.0, f"taken_{store.name}": -store.discharge_efficiency}
        for source in store.takes:
            weights[f"kept_{generator_of(source)}_in_{store.name}"] = store.lost_share
    return {name: np.full(resources.steps, weight) for name, weight in weights.items()}
