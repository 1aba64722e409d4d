"""A store of cold (`cooling_storage`) in a PyPSA network: links that count in MW of heat, and its saving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiban.calendar import HOURS_PER_YEAR
from kiban.planning.cooling_storage import COLD_CHARGE, COLD_DISCHARGE, COLD_SAVING
from kiban.planning.procurement import CLAIM
from kiban.planning.pypsa_account import CARRIER
from kiban.planning.pypsa_constraints import add_hours, add_total
from kiban.planning.resources import Resources
from kiban.scenario.plant import COOLING_STORAGE

if TYPE_CHECKING:
    import pypsa


def add_cooling_storage(network: pypsa.Network, resources: Resources) -> None:
    """A store of heat behind two links that count in MW of heat; the one that fills it runs backward."""
    store = resources.cooling_storage
    if store is None:
        return
    network.add("Carrier", COOLING_STORAGE)
    network.add("Bus", COOLING_STORAGE, carrier=COOLING_STORAGE)
    network.add(
        "Store",
        COOLING_STORAGE,
        bus=COOLING_STORAGE,
        carrier=COOLING_STORAGE,
        e_nom_extendable=True,
        e_nom_min=store.min_energy_mwh,
        e_nom_max=store.max_energy_mwh,
        e_cyclic=True,
        standing_loss=store.loss_per_hour,
        capital_cost=store.annual_cost_myen_per_mwh,
    )
    network.c["Store"].static.loc[COOLING_STORAGE, "initial_share"] = 0.0
    for link, hours, power, backward in (
        (COLD_CHARGE, store.charge_hours, store.charge_power, 1.0),
        (COLD_DISCHARGE, store.discharge_hours, store.power, 0.0),
    ):
        network.add(
            "Link",
            link,
            bus0=COOLING_STORAGE,
            bus1="electricity",
            carrier=COOLING_STORAGE,
            efficiency=power,
            p_nom_extendable=True,
            p_min_pu=-backward,
            p_max_pu=1.0 - backward,
        )
        add_total(network, f"{link}_power", "==", 0.0, capacities={link: 1.0, COOLING_STORAGE: -1.0 / hours})
    # The link `it` draws PUE times the IT load.
    heat = store.heat_share / resources.pue
    add_hours(network, "chiller_heat", {COLD_DISCHARGE: 1.0, "it": -heat})
    work = {COLD_CHARGE: -store.charge_power, COLD_DISCHARGE: -store.power}
    add_hours(network, "chiller_power", {**work, "it": store.power * heat}, {"it": -store.chiller_mw_per_mw})


def count_saving(network: pypsa.Network, resources: Resources) -> None:
    """What the store of cold saves over the year is no load of which a share may be unclean."""
    store, procurement = resources.cooling_storage, resources.procurement
    claim = None if procurement is None else procurement.claim_share
    targets = {"clean_share": resources.clean_share, CLAIM: claim}
    if store is None or all(target is None for target in targets.values()):
        return
    name = COLD_SAVING
    network.add("Bus", name, carrier=COOLING_STORAGE)
    network.add("Generator", name, bus=name, carrier=CARRIER, p_nom_extendable=True, p_max_pu=0.0)
    saved = {COLD_CHARGE: store.charge_power, COLD_DISCHARGE: store.power}
    add_total(network, name, "<=", 0.0, dispatch=saved, capacities={name: -HOURS_PER_YEAR})
    for total, target in targets.items():
        if target is not None:
            network.c["Generator"].static.loc[name, total] = (1.0 - target) * HOURS_PER_YEAR
