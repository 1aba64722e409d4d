"""Which energy a site uses where it also stores and sells: the account behind the clean share, as target and as shown.

A purchase keeps the mix of its hour. Energy from elsewhere counts as used by the load, with two exceptions, for each
source j of which the share u_j[t] is not clean, and each storage k that converts with the efficiencies eta:

    sold[j,t]      what of j is for sale, at once or later: it is not used here
    held[k,t]      what of it waits in storage k; put, taken: power into it and out of it
    kept[j,k,t]    what of j goes into k for the load: what conversion loses of it is not used

    held[k,t] = (1 - sigma)^h held[k,t-1] + eta_c h put[k,t] - h taken[k,t] / eta_d,   held[k] <= what k holds
    sum_j kept[j,k] + put[k] <= charge[k],   taken[k] <= discharge[k],   sum_k kept[j,k] + sold[j] <= power of j
    sum_k put[k] <= sum_j sold[j],           sum_j sold[j] - sum_k put[k] + sum_k taken[k] <= export

    used, not clean  =  sum_j u_j (power of j - sold[j]) - sum_jk u_j (1 - eta_c eta_d) kept[j,k] - min u standing

Losses are met from the site's own clean output first (and from that of clean plants elsewhere which deliver to it), so
that `kept`, and `standing` for what is lost by standing, exist only as far as the year's losses are more than that:

    sum_jk (1 - eta_c eta_d) kept[j,k] + standing + sum_k (put[k] - taken[k]) + own clean output
                                                                                 <=  sum_k (charge[k] - discharge[k])

Either neither of them, or this row: both are linear, and the cheaper of the two programmes is the plan (`building`).
Where even the cleanest purchases are less clean than the target, the second has no design (`may_lose_purchases`), and a
site that sells nothing then needs no account at all. Of all ways to say which energy is which the account takes the one
with the most clean energy for the load.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from kiban.arrays import Array
from kiban.linear import Solution, Staircase, solve
from kiban.linear.exclusive import OVERLAP
from kiban.physics.battery import self_discharge_per_step
from kiban.planning.resources import Resources


@dataclass(frozen=True, slots=True)
class Store:
    """A storage as the account sees it: its hourly variables and what it loses."""

    name: str
    charge: str
    discharge: str
    state: str
    charge_efficiency: float
    discharge_efficiency: float
    kept_per_step: float
    cyclic: bool
    takes: tuple[str, ...]
    """Sources that are not all clean and may go into it."""

    @property
    def lost_share(self) -> float:
        """Share of what goes in that conversion loses."""
        return 1.0 - self.charge_efficiency * self.discharge_efficiency


def list_stores(resources: Resources) -> tuple[Store, ...]:
    """The storages of a site."""
    own = {f"{supply.name}_output" for supply in resources.supply}
    sources = [name for name, _ in list_sources(resources)]
    return tuple(
        Store(
            name=storage.prefix,
            charge=storage.charge,
            discharge=storage.discharge,
            state=storage.state,
            charge_efficiency=storage.charge_efficiency,
            discharge_efficiency=storage.discharge_efficiency,
            kept_per_step=1.0 - self_discharge_per_step(storage.self_discharge_per_hour, resources.step_hours),
            cyclic=storage.cyclic,
            takes=tuple(name for name in sources if name in own or not storage.from_own_supply),
        )
        for storage in resources.storages
    )


def list_sources(resources: Resources) -> list[tuple[str, Array]]:
    """Hourly variables whose energy is not all clean, with the share of each that is not."""
    return [(name, share) for name, share in resources.unclean_shares() if share.any()]


def sells(resources: Resources) -> bool:
    """Whether energy may be sold, and some of it may not be clean."""
    return resources.grid is not None and resources.grid.max_export_mw > 0 and bool(list_sources(resources))


def may_lose_purchases(resources: Resources) -> bool:
    """Whether losses beyond the own clean output are compatible with the target at all.

    Then purchases serve all the load, after their own losses: even the cleanest that can be had may be too little.
    """
    if resources.clean_share is None or not any(store.takes for store in list_stores(resources)):
        return False
    return resources.clean_share <= 1.0 - least_bought_unclean(resources)


def least_bought_unclean(resources: Resources) -> float:
    """Least share that is not clean of purchases that serve the load, all of which the least load stands for.

    They are drawn in the cleanest hours, as much as the connection may carry then; the rest has the worst mix there
    is. More load asks for more hours, and for no cleaner ones.
    """
    grid, load_mwh = resources.grid, _least_load_mwh(resources)
    if any(plant.delivers for plant in resources.clean_plants_elsewhere):
        return 0.0
    if grid is None or load_mwh <= 0.0:
        return _least_unclean(resources)
    enough_mw = load_mwh / resources.step_weight_h
    most_mw = np.broadcast_to(min(grid.max_mw, enough_mw) * np.asarray(grid.import_share), (resources.steps,))
    if grid.import_limit_mw is not None:
        most_mw = np.minimum(most_mw, grid.import_limit_mw)
    cleanest = np.argsort(-grid.clean_share)
    drawn_mwh = np.minimum(np.cumsum(most_mw[cleanest]) * resources.step_weight_h, load_mwh)
    unclean_mwh = np.diff(drawn_mwh, prepend=0.0) @ (1.0 - grid.clean_share[cleanest]) + load_mwh - drawn_mwh[-1]
    return float(unclean_mwh / load_mwh)


def _least_load_mwh(resources: Resources) -> float:
    """Energy of the load, MWh a year, that every plan serves."""
    if resources.unserved_price_myen_per_mwh is not None:
        return 0.0
    waiting_mw = resources.arrivals_mw.sum() * resources.pue.min()
    saved_mw = sum(float(measure.saving_mw.sum()) for measure in resources.measures)
    return resources.firm_energy_mwh_per_year + float(waiting_mw - saved_mw) * resources.step_weight_h


def _least_unclean(resources: Resources) -> float:
    """Share of the cleanest purchase that is not clean."""
    return min(float(share.min()) for _, share in list_sources(resources))


def add_sales(programme: Staircase, resources: Resources) -> None:
    """What of the energy from elsewhere is sold on, at once or through a storage."""
    stores, hours = list_stores(resources), resources.step_hours
    programme.add_row("sold_on", upper=0.0)
    programme.add_term("sold_on", "export", -1.0)
    programme.add_row("sold_later", upper=0.0)
    for source, _ in list_sources(resources):
        sold = f"sold_{source}"
        _add_part(programme, sold, source)
        programme.add_row(f"part_of_{source}", upper=0.0)
        programme.add_term(f"part_of_{source}", sold)
        programme.add_term(f"part_of_{source}", source, -1.0)
        programme.add_term("sold_on", sold)
        programme.add_term("sold_later", sold, -1.0)
    for store in stores:
        if not store.takes:
            continue
        put, taken, held = (f"{word}_{store.name}" for word in ("put", "taken", "held"))
        for part, whole in ((put, store.charge), (taken, store.discharge), (held, store.state)):
            _add_part(programme, part, whole)
        balance = f"{held}_balance"
        programme.add_row(balance, equal=0.0)
        programme.add_term(balance, held)
        programme.add_term(balance, held, -store.kept_per_step, lagged=True, cyclic=store.cyclic)
        programme.add_term(balance, put, -store.charge_efficiency * hours)
        programme.add_term(balance, taken, hours / store.discharge_efficiency)
        for part, whole in ((put, store.charge), (taken, store.discharge), (held, store.state)):
            programme.add_row(f"{part}_limit", upper=0.0)
            programme.add_term(f"{part}_limit", part)
            programme.add_term(f"{part}_limit", whole, -1.0)
        programme.add_term("sold_later", put)
        if len(store.takes) < len(list_sources(resources)):
            programme.add_row(f"sold_later_{store.name}", upper=0.0)
            programme.add_term(f"sold_later_{store.name}", put)
            for source in store.takes:
                programme.add_term(f"sold_later_{store.name}", f"sold_{source}", -1.0)
        programme.add_term("sold_on", put, -1.0)
        programme.add_term("sold_on", taken)


def add_lost_purchases(programme: Staircase, resources: Resources) -> None:
    """What conversion loses of the energy from elsewhere that is stored for the load, beyond the own clean output."""
    weight, sources = resources.step_weight_h, list_sources(resources)
    programme.add_total("losses_beyond_own", upper=0.0)
    for store in list_stores(resources):
        standing = f"standing_{store.name}"
        _add_part(programme, standing, store.state, (1.0 - store.kept_per_step) / resources.step_hours)
        programme.add_total_term("losses_beyond_own", standing, weight)
        sold_on = sells(resources) and bool(store.takes)
        row = f"put_{store.name}_limit" if sold_on else f"kept_in_{store.name}"
        if not sold_on:
            programme.add_row(row, upper=0.0)
            programme.add_term(row, store.charge, -1.0)
        for source in store.takes:
            kept = _kept(source, store)
            _add_part(programme, kept, store.charge)
            programme.add_term(row, kept)
            programme.add_total_term("losses_beyond_own", kept, store.lost_share * weight)
        programme.add_total_term("losses_beyond_own", store.charge, -weight)
        programme.add_total_term("losses_beyond_own", store.discharge, weight)
        if sold_on:
            programme.add_total_term("losses_beyond_own", f"put_{store.name}", weight)
            programme.add_total_term("losses_beyond_own", f"taken_{store.name}", -weight)
    for source, _ in sources:
        if not sells(resources):
            programme.add_row(f"part_of_{source}", upper=0.0)
            programme.add_term(f"part_of_{source}", source, -1.0)
        for store in list_stores(resources):
            if source in store.takes:
                programme.add_term(f"part_of_{source}", _kept(source, store))
    for supply in resources.supply:
        if supply.is_free:
            programme.add_capacity_term("losses_beyond_own", supply.name, float(supply.availability.sum()) * weight)
        elif supply.clean:
            programme.add_total_term("losses_beyond_own", f"{supply.name}_output", weight)
    for plant in resources.clean_plants_elsewhere:
        if plant.bought in programme.variables:
            programme.add_total_term("losses_beyond_own", plant.bought, weight)
    if "curtailment" in programme.variables:
        programme.add_total_term("losses_beyond_own", "curtailment", -weight)


def list_deductions(resources: Resources) -> Iterator[tuple[str, Array]]:
    """What comes off the energy from elsewhere: variables of the account, with the part of each that does."""
    for source, share in list_sources(resources):
        if sells(resources):
            yield f"sold_{source}", share
        if resources.loses_purchases:
            for store in list_stores(resources):
                if source in store.takes:
                    yield _kept(source, store), share * store.lost_share
    if resources.loses_purchases:
        for store in list_stores(resources):
            yield f"standing_{store.name}", np.full(resources.steps, _least_unclean(resources))


def _add_part(programme: Staircase, part: str, whole: str, share: float = 1.0) -> None:
    """A variable that is at most a share of what another can be."""
    limit = programme.variables[whole]
    programme.add_variable(part, upper=share * limit.upper, capacity=limit.capacity, factor=share * limit.factor)


def _kept(source: str, store: Store) -> str:
    return f"kept_{source}_in_{store.name}"


def follow_stored_energy(resources: Resources, solution: Solution) -> Array | None:
    """Power that the load uses and that is not clean, MW in each step; None where all from elsewhere counts as used.

    The sum over the year is the account's. What is stored for the load counts when it is used, with the year's mean of
    what was stored.
    """
    accounts = [replace(resources, loses_purchases=loses) for loses in _find_accounts(resources, solution)]
    found = [_read_account(account, solution, solve(_write_account(account, solution))) for account in accounts]
    return min(found, key=lambda unclean: float(unclean.sum()), default=None)


def _find_accounts(resources: Resources, solution: Solution) -> Iterator[bool]:
    """Whether the account has losses of purchases in it, for each that a schedule may be counted by."""
    if sells(resources) and (solution.hourly["export"] > OVERLAP).any():
        yield False
    if list_sources(resources) and _losses_beyond_own(resources, solution) > OVERLAP * resources.steps:
        yield True


def _losses_beyond_own(resources: Resources, solution: Solution) -> float:
    """Losses of storages beyond the own clean output, MW over all steps."""
    hourly = solution.hourly
    lost = sum(float((hourly[store.charge] - hourly[store.discharge]).sum()) for store in list_stores(resources))
    own = -float(hourly["curtailment"].sum()) if "curtailment" in hourly else 0.0
    for supply in resources.supply:
        if supply.is_free:
            own += float(supply.availability.sum()) * solution.capacities[supply.name]
        elif supply.clean:
            own += float(hourly[f"{supply.name}_output"].sum())
    own += sum(float(hourly[plant.bought].sum()) for plant in resources.clean_plants_elsewhere if plant.delivers)
    return lost - max(own, 0.0)


def _write_account(resources: Resources, solution: Solution) -> Staircase:
    """The account of a schedule: its flows are given, and of the ways to count them the cleanest is sought."""
    programme = Staircase(resources.steps, resources.block_steps)
    given = [name for name, _ in list_sources(resources)]
    given += [name for store in list_stores(resources) for name in (store.charge, store.discharge, store.state)]
    given += ["export"] if "export" in solution.hourly else []
    for name in given:
        flow = np.maximum(solution.hourly[name], 0.0)
        programme.add_variable(name, lower=flow, upper=flow)
    if sells(resources):
        add_sales(programme, resources)
    if resources.loses_purchases:
        add_lost_purchases(programme, replace(resources, supply=tuple(s for s in resources.supply if not s.clean)))
        beyond = _losses_beyond_own(resources, solution)
        own = sum(
            float(solution.hourly[store.charge].sum() - solution.hourly[store.discharge].sum())
            for store in list_stores(resources)
        )
        total = programme.totals["losses_beyond_own"]
        total.upper = (beyond - own) * resources.step_weight_h
    for name, deducted in list_deductions(resources):
        programme.variables[name] = replace(programme.variables[name], cost=-deducted)
    return programme


def _read_account(resources: Resources, solution: Solution, account: Solution) -> Array:
    """What of the load is not clean, MW, by an account."""
    found, zero = account.hourly, np.zeros(resources.steps)
    unclean, stored, released = zero, zero, zero
    for source, share in list_sources(resources):
        used = solution.hourly[source] - found.get(f"sold_{source}", zero)
        for store in list_stores(resources):
            kept = found.get(_kept(source, store), zero)
            used = used - kept
            stored = stored + share * kept * (1.0 - store.lost_share)
        unclean = unclean + share * used
    for store in list_stores(resources):
        stored = stored - _least_unclean(resources) * found.get(f"standing_{store.name}", zero)
        released = released + solution.hourly[store.discharge] - found.get(f"taken_{store.name}", zero)
    released = np.maximum(released, 0.0)
    if stored.any():
        unclean = unclean + released * (max(float(stored.sum()), 0.0) / float(released.sum()))
    return np.maximum(unclean, 0.0)
