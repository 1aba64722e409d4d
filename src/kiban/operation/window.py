"""The window that is solved in each step: what is seen ahead, every limit priced, so that there is always an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from kiban.arrays import Array
from kiban.linear.window import (
    Chillers,
    JointLimit,
    Source,
    WidePeak,
    WideQueue,
    WideStore,
    WideWindows,
    Windows,
)
from kiban.operation.ahead import Ahead
from kiban.operation.facility import BACKUP_OUTPUT, EXPORT, IMPORT, Store
from kiban.operation.promises import Promise
from kiban.operation.purchases import PeakLimit, Purchases
from kiban.operation.valuation import Valuation

DRAWN: Final = "drawn"
"""The limit on all that is drawn, by whatever way it is bought."""


@dataclass(frozen=True, slots=True)
class MarginalCosts:
    """What one MWh more costs, all limits priced, `(windows, steps)`: of each source in the order of the facility's.

    Of IT load that is served it is the water; its power is in the balance.
    """

    sources: tuple[Array, ...]
    served: Array


def write_windows(ahead: Ahead, valuation: Valuation) -> Windows:
    """The windows of what is seen ahead of a narrow facility, for states that are still to be handed over."""
    facility = ahead.facility
    store = facility.stores[0] if facility.stores else None
    costs = find_costs(ahead, valuation)
    imported, generated = costs.sources
    shape = ahead.steps.shape
    left = 1.0 if store is None else ahead.left(store.name)
    whole = np.ones(shape)
    return Windows(
        available_mw=ahead.available_mw,
        firm_mw=ahead.firm_mw,
        pue=ahead.pue,
        unserved_cost_myen_per_mwh=valuation.unserved_myen_per_mwh - costs.served,
        dropped_cost_myen_per_mwh=np.array(valuation.dropped_myen_per_mwh),
        arrivals_mw=ahead.arrivals_mw,
        served_limit_mw=ahead.it_limit_mw - ahead.firm_mw,
        backlog_limit_mwh=ahead.backlog_limit_mwh,
        charge_limit_mw=whole * (0.0 if store is None else store.charge_limit_mw * left),
        discharge_limit_mw=whole * (0.0 if store is None else store.discharge_limit_mw * left),
        storage_limit_mwh=np.array(0.0 if store is None else store.energy_mwh),
        import_limit_mw=ahead.import_limit_mw,
        backup_limit_mw=whole * ahead.backup_limit_mw,
        import_price_myen_per_mwh=imported,
        backup_cost_myen_per_mwh=generated,
        served_cost_myen_per_mwh=costs.served,
        kept_per_step=np.array(1.0 if store is None else store.kept_per_step),
        charge_efficiency=np.array(1.0 if store is None else store.charge_efficiency),
        discharge_efficiency=np.array(1.0 if store is None else store.discharge_efficiency),
        final_storage_value_myen_per_mwh=np.array(0.0 if store is None else valuation.worth_of(store.name)),
        final_backlog_cost_myen_per_mwh=np.array(valuation.backlog_myen_per_mwh),
        step_hours=facility.step_hours,
    )


def write_wide_windows(ahead: Ahead, valuation: Valuation, *, plans_peaks: bool = True) -> WideWindows:
    """The windows of what is seen ahead of any facility, for states that are still to be handed over.

    A window that does not see a month's end takes the plan's peak of it as paid; one that sees all of it (`plans_peaks`
    false) knows better.
    """
    facility, shape = ahead.facility, ahead.steps.shape
    costs = find_costs(ahead, valuation)
    nothing = np.zeros(shape)
    limits: dict[str, tuple[Array, Array]] = {
        IMPORT: (nothing, ahead.import_limit_mw),
        BACKUP_OUTPUT: (nothing, nothing + ahead.backup_limit_mw),
        EXPORT: (-ahead.export_limit_mw, nothing),
    }
    purchases = facility.purchases
    if purchases is not None:
        limits |= {way.column: (nothing, ahead.purchase_limit_mw(way)) for way in purchases.ways}
    generators = {one.output: one for one in facility.generators}
    for name, generator in generators.items():
        limits[name] = ahead.least_output_mw(generator), ahead.output_limit_mw(generator)
    return WideWindows(
        available_mw=ahead.available_mw,
        firm_mw=ahead.firm_mw,
        pue=ahead.pue,
        unserved_cost_myen_per_mwh=valuation.unserved_myen_per_mwh - costs.served,
        dropped_cost_myen_per_mwh=valuation.dropped_myen_per_mwh,
        arrivals_mw=ahead.arrivals_mw,
        served_limit_mw=ahead.it_limit_mw - ahead.firm_mw,
        backlog_limit_mwh=ahead.backlog_limit_mwh,
        served_cost_myen_per_mwh=costs.served,
        final_backlog_cost_myen_per_mwh=valuation.backlog_myen_per_mwh,
        sources=tuple(
            Source(
                name,
                *limits[name],
                cost,
                ramp_mw=generators[name].ramp_mw if name in generators else None,
                own=name in generators,
            )
            for name, cost in zip(facility.sources, costs.sources, strict=True)
        ),
        stores=tuple(_see_store(ahead, store, valuation) for store in facility.stores),
        step_hours=facility.step_hours,
        queues=tuple(_see_promise(ahead, promise, valuation) for promise in facility.promises),
        reserve_mwh=None if facility.reserve_mwh is None else ahead.reserve_mwh,
        reserve_cost_myen_per_mwh=valuation.reserve_myen_per_mwh,
        joint_limits=() if purchases is None else (JointLimit(DRAWN, purchases.columns, ahead.import_limit_mw),),
        peaks=()
        if purchases is None
        else tuple(_see_peak(ahead, purchases, one, plans=plans_peaks) for one in purchases.peaks),
    )


def _see_peak(ahead: Ahead, purchases: Purchases, limit: PeakLimit, *, plans: bool) -> WidePeak:
    """A charge on peaks as a window sees it; a month that begins in it is charged the plan's peak at least, if so."""
    groups = limit.group_of_step[ahead.steps]
    follows = np.concatenate([np.ones((len(groups), 1), dtype=bool), groups[:, 1:] == groups[:, :-1]], axis=1)
    planned = limit.planned_mw[groups] if plans else np.zeros(groups.shape)
    columns = purchases.columns
    return WidePeak(
        name=limit.name,
        members=tuple(columns[place] for place in limit.members),
        follows=follows,
        least_mw=planned,
        price_myen_per_mw=limit.price_myen_per_mw[groups],
        most_mw=max(float(ahead.facility.import_limit_mw.max(initial=0.0)), float(limit.planned_mw.max(initial=0.0))),
    )


def _see_promise(ahead: Ahead, promise: Promise, valuation: Valuation) -> WideQueue:
    """A promise as a window sees it: of one that closes later no more is left than there will be room for.

    The halls beyond the window are taken as free as they are within it on average.
    """
    limit = ahead.known(promise.room_mwh)
    if promise.period is not None:
        free = (ahead.it_limit_mw - ahead.firm_mw).mean(axis=1)
        left = ahead.known(promise.steps_left)[:, -1]
        limit[:, -1] = np.minimum(limit[:, -1], free * left * ahead.facility.step_hours)
    return WideQueue(
        name=promise.name,
        arrivals_mw=ahead.known(promise.arrivals_mw),
        limit_mwh=limit,
        most_mwh=float(promise.room_mwh.max()),
        short_cost_myen_per_mwh=promise.short_price(valuation.dropped_myen_per_mwh),
        final_cost_myen_per_mwh=valuation.cost_of_owing(promise.name),
    )


def _see_store(ahead: Ahead, store: Store, valuation: Valuation) -> WideStore:
    left = ahead.left(store.name)
    return WideStore(
        name=store.name,
        charge_limit_mw=np.asarray(ahead.given(store.charge_limit_mw) * left),
        discharge_limit_mw=np.asarray(ahead.given(store.discharge_limit_mw) * left),
        limit_mwh=np.asarray(store.energy_mwh),
        charge_efficiency=np.asarray(ahead.given(store.charge_efficiency)),
        discharge_efficiency=np.asarray(ahead.given(store.discharge_efficiency)),
        kept_per_step=store.kept_per_step,
        wear_myen_per_mwh=store.wear_myen_per_mwh,
        final_value_myen_per_mwh=valuation.worth_of(store.name),
        own_supply=store.own_supply,
        given_per_mwh=float(np.mean(store.given_per_mwh)) if ahead.facility.most_given_mwh(store) > 0.0 else 0.0,
        most_given_mwh=ahead.facility.most_given_mwh(store),
        chillers=None
        if store.chillers is None
        else Chillers(ahead.known(store.chillers.power_mw_per_mw), np.asarray(store.chillers.most_mw)),
    )


def find_costs(ahead: Ahead, valuation: Valuation) -> MarginalCosts:
    """What one MWh more costs in what is seen ahead; what is fed in is paid its price."""
    facility, conditions = ahead.facility, ahead.conditions
    carbon = facility.carbon_price_myen_per_t + valuation.carbon_cap_myen_per_t
    unclean = valuation.unclean_myen_per_mwh
    of_mix = carbon * ahead.known(conditions.grid_emission_factor_t_per_mwh) + unclean * (
        1.0 - ahead.known(conditions.grid_clean_share)
    )
    purchases = facility.purchases
    # What no plant of a contract claims is claimed by a certificate.
    claim = purchases.claim if purchases is not None else None
    certificate = 0.0 if claim is None else claim.price_myen_per_mwh
    if purchases is None:
        sources = [ahead.price_myen_per_mwh + of_mix]
    else:
        sources = [
            ahead.purchase_price_myen_per_mwh(way) + (0.0 if way.clean else of_mix + certificate)
            for way in purchases.ways
        ]
    sources.append(
        ahead.known(facility.fuel_cost_myen_per_mwh)
        + (carbon * facility.backup_emission_t_per_mwh + unclean + valuation.backup_hours_myen_per_mwh + certificate)
    )
    for one in facility.generators:
        burden = carbon * one.emission_t_per_mwh + (0.0 if one.clean else unclean + certificate)
        sources.append(ahead.known(one.cost_myen_per_mwh) + burden)
    if facility.sells:
        sources.append(ahead.export_price_myen_per_mwh)
    water = facility.water_price_myen_per_m3 + valuation.water_cap_myen_per_m3
    served = water * ahead.known(conditions.wue_m3_per_mwh)
    if claim is not None:
        # Of each MWh of load a part may go without a claim.
        served = served - certificate * (1.0 - claim.share) * ahead.pue
    return MarginalCosts(tuple(sources), served)
