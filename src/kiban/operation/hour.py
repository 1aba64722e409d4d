"""What happens in an hour: it is balanced in merit order of the window's prices, from the window's set-points.

A window hands over set-points, and what a MWh in store and a MWh that waits are worth at the end of the hour. The hour
then differs from its forecast. Everything that can give more or less power is a segment: from where it stands it may
move between two limits at a cost for each MWh. What is missing is taken from the cheapest segments, what is over is
given to the dearest, and two segments change places where that still saves: with the window's prices this is the
optimum of the hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SAVES: Final = 1e-6
"""Two segments change places where a MWh saves more than this, million yen: below it is the solver's rounding."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The conditions of one hour as measured; power in MW, prices in million yen per MWh."""

    available_mw: float
    firm_mw: float
    pue: float
    arrivals_mw: float
    backlog_limit_mwh: float
    import_limit_mw: float
    backup_limit_mw: float
    charge_limit_mw: float
    discharge_limit_mw: float
    served_limit_mw: float
    import_price: float
    backup_price: float
    served_price: float
    unserved_price: float
    dropped_price: float


@dataclass(frozen=True, slots=True)
class Plant:
    """The store of the campus, and the length of an hour."""

    energy_mwh: float
    kept: float
    charge_efficiency: float
    discharge_efficiency: float
    hours: float


@dataclass(frozen=True, slots=True)
class Handover:
    """What a window hands over for its first hour: set-points in MW, worths at the hour's end in million yen/MWh."""

    charge_mw: float
    discharge_mw: float
    served_mw: float
    import_mw: float
    backup_mw: float
    unserved_mw: float
    storage_value: float
    backlog_price: float


@dataclass(frozen=True, slots=True)
class Happened:
    """What an hour came to: power in MW, states at its end in MWh."""

    charge_mw: float
    discharge_mw: float
    served_mw: float
    import_mw: float
    backup_mw: float
    curtailed_mw: float
    unserved_mw: float
    dropped_mw: float
    storage_mwh: float
    backlog_mwh: float


def run_hour(measured: Measured, plant: Plant, plan: Handover, storage_mwh: float, backlog_mwh: float) -> Happened:
    """The hour as it happens, from what is stored and what waits when it begins.

    Its balance closes to the last digit: what no segment can give is firm compute that is not served.
    """
    hours, pue = plant.hours, measured.pue
    held = storage_mwh * plant.kept
    charge_limit = min(measured.charge_limit_mw, max(plant.energy_mwh - held, 0.0) / (plant.charge_efficiency * hours))
    discharge_limit = min(measured.discharge_limit_mw, held * plant.discharge_efficiency / hours)
    waiting = backlog_mwh / hours + measured.arrivals_mw
    served_limit = min(measured.served_limit_mw, waiting)
    due = min(max(waiting - measured.backlog_limit_mwh / hours, 0.0), served_limit)
    served = min(max(plan.served_mw, 0.0), served_limit)

    value = max(plan.storage_value, 0.0)
    lows = [
        0.0,
        0.0,
        -charge_limit,
        0.0,
        pue * (due - served_limit),
        -pue * due,
        0.0,
        -measured.available_mw,
    ]
    highs = [
        measured.import_limit_mw,
        measured.backup_limit_mw,
        0.0,
        discharge_limit,
        0.0,
        0.0,
        pue * measured.firm_mw,
        0.0,
    ]
    costs = [
        measured.import_price,
        measured.backup_price,
        value * plant.charge_efficiency,
        value / plant.discharge_efficiency,
        (min(plan.backlog_price, measured.dropped_price) - measured.served_price) / pue,
        (measured.dropped_price - measured.served_price) / pue,
        measured.unserved_price / pue,
        0.0,
    ]
    net = plan.discharge_mw - plan.charge_mw
    # Curtailment is what the set-points leave over.
    places = [
        plan.import_mw,
        plan.backup_mw,
        min(net, 0.0),
        max(net, 0.0),
        -pue * max(served - due, 0.0),
        -pue * min(served, due),
        pue * plan.unserved_mw,
        -measured.available_mw,
    ]
    places = [min(max(place, low), high) for place, low, high in zip(places, lows, highs, strict=True)]
    need = pue * measured.firm_mw - measured.available_mw
    spare = sum(places[:-1]) - need
    places[-1] = -min(max(spare, 0.0), measured.available_mw)
    balance(need, lows, highs, costs, places)

    # Not minus nothing.
    charge, discharge, curtailed = 0.0 - places[2], places[3], 0.0 - places[7]
    served = (0.0 - places[4] - places[5]) / pue
    left = max(waiting - served, 0.0) * hours
    dropped = max(left - measured.backlog_limit_mwh, 0.0)
    stored = held + hours * (charge * plant.charge_efficiency - discharge / plant.discharge_efficiency)
    return Happened(
        charge_mw=charge,
        discharge_mw=discharge,
        served_mw=served,
        import_mw=places[0],
        backup_mw=places[1],
        curtailed_mw=curtailed,
        unserved_mw=places[6] / pue,
        dropped_mw=dropped / hours,
        storage_mwh=min(max(stored, 0.0), plant.energy_mwh),
        backlog_mwh=left - dropped,
    )


def balance(
    need: float, lows: Sequence[float], highs: Sequence[float], costs: Sequence[float], places: list[float]
) -> None:
    """Move `places` between their limits until they add up to `need`, at the least cost."""
    cheapest = sorted(range(len(costs)), key=costs.__getitem__)
    missing = need - sum(places)
    if missing > 0.0:
        for one in cheapest:
            step = min(missing, highs[one] - places[one])
            if step > 0.0:
                places[one] += step
                missing -= step
                if missing <= 0.0:
                    break
    elif missing < 0.0:
        for one in reversed(cheapest):
            step = min(-missing, places[one] - lows[one])
            if step > 0.0:
                places[one] -= step
                missing += step
                if missing >= 0.0:
                    break
    # What is cheap and has room takes the place of what is dear and runs.
    up, down = 0, len(cheapest) - 1
    while up < down:
        cheap, dear = cheapest[up], cheapest[down]
        if costs[dear] - costs[cheap] <= SAVES:
            break
        room, runs = highs[cheap] - places[cheap], places[dear] - lows[dear]
        step = max(min(room, runs), 0.0)
        places[cheap] += step
        places[dear] -= step
        if room <= runs:
            up += 1
        else:
            down -= 1
