"""What happens in an hour: it is balanced in merit order of the window's prices, from the window's set-points.

A window hands over set-points, and what a MWh in each store and a MWh that waits are worth at the end of the hour. The
hour then differs from its forecast. Everything that can give more or less power is a segment: from where it stands it
may move between two limits at a cost for each MWh. What is missing is taken from the cheapest segments, what is over is
given to the dearest, and two segments change places where that still saves: with the window's prices this is the
optimum of the hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

SAVES: Final = 1e-6
"""Two segments change places where a MWh saves more than this, million yen: below it is the solver's rounding."""

OPEN: Final = 1e-9
"""MW below which a balance is closed."""


class SourceLimits(NamedTuple):
    """What a source may give in an hour, MW, and its price, million yen per MWh. A sink gives less than nothing."""

    least_mw: float
    most_mw: float
    price: float


class StoreLimits(NamedTuple):
    """What a store takes and gives in an hour: MW at the meter, and shares that reach the store and leave it."""

    charge_mw: float
    discharge_mw: float
    charge_efficiency: float
    discharge_efficiency: float
    chillers_mw_per_mw: float = 0.0
    """Of a store of cold: what chillers take for each MW of IT, which is the most that it spares."""


class PromiseLimits(NamedTuple):
    """Compute that is owed until its period closes: MW that begin to be owed, the most that still is, and its price."""

    arrivals_mw: float
    room_mwh: float
    short_price: float
    """Of what is not delivered, million yen per MWh."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The conditions of one hour as measured; power in MW, prices in million yen per MWh."""

    sources: tuple[SourceLimits, ...]
    stores: tuple[StoreLimits, ...]
    available_mw: float
    firm_mw: float
    pue: float
    arrivals_mw: float
    backlog_limit_mwh: float
    served_limit_mw: float
    served_price: float
    unserved_price: float
    dropped_price: float
    without_room_mw: float = 0.0
    """Firm compute beyond `firm_mw`, for which the hall has no room: it is not served."""
    reserve_mwh: float = 0.0
    """What the stores hold for an outage, at the meter; given up before firm compute is not served."""
    promises: tuple[PromiseLimits, ...] = ()
    ways: int = 0
    """How many of the first sources are ways to buy of one connection (`buying`)."""
    drawn_limit_mw: float = 0.0
    """What these give together at most."""


@dataclass(frozen=True, slots=True)
class HeldStore:
    """A store of the campus as an hour sees it."""

    energy_mwh: float
    kept: float
    wear_price: float = 0.0
    """Of each MWh discharged, million yen."""
    own_supply: bool = False
    """Whether it is charged by own supply alone."""
    chillers_mw: float | None = None
    """Of a store of cold: the most power of the chillers that cool the hall and fill it."""
    most_given_mwh: float = 0.0
    """Of the reserve for an outage: the most that it counts at the meter; nothing where it does not count."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """The stores of the campus; of each source the most that it changes in an hour, and whether it is its own."""

    stores: tuple[HeldStore, ...]
    ramps_mw: tuple[float | None, ...]
    own: tuple[bool, ...]
    hours: float


@dataclass(frozen=True, slots=True)
class Handover:
    """What a window hands over for its first hour: set-points in MW, worths at the hour's end in million yen/MWh."""

    sources_mw: tuple[float, ...]
    charges_mw: tuple[float, ...]
    discharges_mw: tuple[float, ...]
    served_mw: float
    unserved_mw: float
    storage_values: tuple[float, ...]
    backlog_price: float
    sources_later: tuple[float, ...]
    """What a MW more of each source costs later, where its ramp holds it then, million yen per MWh."""
    delivered_mw: tuple[float, ...] = ()
    """Of each promise what is served."""
    owed_prices: tuple[float, ...] = ()
    """Of each promise what a MWh costs that is still owed at the hour's end."""
    peaks_mw: tuple[float, ...] = ()
    """Of each charge on peaks what the window means to reach before its month ends."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where operation stands when an hour begins: MWh in each store, MWh that wait, MW of each source before it.

    And of each promise the MWh that are still owed, of each charge on peaks what has been reached.
    """

    stored_mwh: tuple[float, ...]
    waiting_mwh: float
    sources_mw: tuple[float, ...]
    owed_mwh: tuple[float, ...] = ()
    peaks_mw: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Happened:
    """What an hour came to: power in MW, states at its end in MWh."""

    sources_mw: tuple[float, ...]
    charges_mw: tuple[float, ...]
    discharges_mw: tuple[float, ...]
    served_mw: float
    curtailed_mw: float
    unserved_mw: float
    dropped_mw: float
    stored_mwh: tuple[float, ...]
    backlog_mwh: float
    delivered_mw: tuple[float, ...] = ()
    """Of each promise what was served."""
    short_mw: tuple[float, ...] = ()
    """Of each promise what was not delivered when it closed."""
    owed_mwh: tuple[float, ...] = ()
    peaks_mw: tuple[float, ...] = ()
    """Of each charge on peaks what has been reached."""

    @property
    def standing(self) -> Standing:
        """Where the next hour begins."""
        return Standing(self.stored_mwh, self.backlog_mwh, self.sources_mw, self.owed_mwh, self.peaks_mw)


class _Queue(NamedTuple):
    """Compute that waits: what does so, what of it may still do so afterwards, MWh; set-point in MW; prices."""

    waiting_mwh: float
    room_mwh: float
    set_mw: float
    price: float
    """Of what still waits at the hour's end."""
    lost_price: float


def run_hour(measured: Measured, equipment: Equipment, plan: Handover, standing: Standing) -> Happened:
    """The hour as it happens, from where operation stands.

    Its balance closes to the last digit: what no segment can give is firm compute that is not served.
    """
    hours, pue = equipment.hours, measured.pue
    queues = _list_queues(measured, hours, plan, standing)
    rooms = _share_halls(queues, measured.served_limit_mw, hours)

    lows: list[float] = []
    highs: list[float] = []
    costs: list[float] = []
    places: list[float] = []
    forced = 0.0
    for source, ramp, before, set_mw, later in zip(
        measured.sources, equipment.ramps_mw, standing.sources_mw, plan.sources_mw, plan.sources_later, strict=True
    ):
        least, most, price = source
        if ramp is not None:
            # What trips does so at once.
            least, most = min(max(least, before - ramp), most), max(min(most, before + ramp), least)
        forced += max(least, 0.0)
        lows.append(least)
        highs.append(most)
        costs.append(price + later)
        places.append(set_mw)
    first = len(lows)
    held = [stored * store.kept for stored, store in zip(standing.stored_mwh, equipment.stores, strict=True)]
    reserves = _divide_reserve(measured, equipment, plan, held)
    for number, (limits, store) in enumerate(zip(measured.stores, equipment.stores, strict=True)):
        charge_limit, discharge_limit, charged, discharged, _ = limits
        left, reserve = held[number], reserves[number]
        value = max(plan.storage_values[number], 0.0)
        net = plan.discharges_mw[number] - plan.charges_mw[number]
        lows += (-min(charge_limit, max(store.energy_mwh - left, 0.0) / (charged * hours)), 0.0)
        highs += (0.0, min(discharge_limit, max(left - reserve, 0.0) * discharged / hours))
        costs += (value * charged, value / discharged + store.wear_price)
        places += (min(net, 0.0), max(net, 0.0))
    end = len(lows)
    for queue, room in zip(queues, rooms, strict=True):
        due = min(max((queue.waiting_mwh - queue.room_mwh) / hours, 0.0), room)
        served = min(max(queue.set_mw, 0.0), room)
        lows += (pue * (due - room), -pue * due)
        highs += (0.0, 0.0)
        costs += (
            (min(queue.price, queue.lost_price) - measured.served_price) / pue,
            (queue.lost_price - measured.served_price) / pue,
        )
        places += (-pue * max(served - due, 0.0), -pue * min(served, due))
    lows += (0.0, -(measured.available_mw + forced))
    highs += (pue * measured.firm_mw, 0.0)
    costs += (measured.unserved_price / pue, 0.0)
    places += (pue * plan.unserved_mw, 0.0)

    need = pue * measured.firm_mw - measured.available_mw
    _balance_from(need, lows, highs, costs, places)
    if places[-2] > OPEN and measured.reserve_mwh > 0.0:
        for number, (limits, left) in enumerate(zip(measured.stores, held, strict=True)):
            highs[first + 2 * number + 1] = min(limits.discharge_mw, left * limits.discharge_efficiency / hours)
        _balance_from(need, lows, highs, costs, places)
    if any(store.own_supply for store in equipment.stores):
        _hold_to_own_supply(measured, equipment, first, need, lows, highs, costs, places)
    if any(store.chillers_mw is not None for store in equipment.stores):
        _hold_to_chillers(measured, equipment, first, need, lows, highs, costs, places)

    # Not minus nothing.
    served_mw = [(0.0 - places[place] - places[place + 1]) / pue for place in range(end, len(places) - 2, 2)]
    still = [
        max(queue.waiting_mwh / hours - served, 0.0) * hours for queue, served in zip(queues, served_mw, strict=True)
    ]
    lost = [max(left - queue.room_mwh, 0.0) for queue, left in zip(queues, still, strict=True)]
    charges = tuple([0.0 - place for place in places[first:end:2]])
    discharges = tuple(places[first + 1 : end : 2])
    stored = [
        min(max(left + hours * (charge * limits[2] - discharge / limits[3]), 0.0), store.energy_mwh)
        for left, charge, discharge, limits, store in zip(
            held, charges, discharges, measured.stores, equipment.stores, strict=True
        )
    ]
    return Happened(
        sources_mw=tuple(places[:first]),
        charges_mw=charges,
        discharges_mw=discharges,
        served_mw=served_mw[0],
        curtailed_mw=0.0 - places[-1],
        unserved_mw=places[-2] / pue + measured.without_room_mw,
        dropped_mw=lost[0] / hours,
        stored_mwh=tuple(stored),
        backlog_mwh=still[0] - lost[0],
        delivered_mw=tuple(served_mw[1:]),
        short_mw=tuple([energy / hours for energy in lost[1:]]),
        owed_mwh=tuple([left - energy for left, energy in zip(still[1:], lost[1:], strict=True)]),
    )


def _list_queues(measured: Measured, hours: float, plan: Handover, standing: Standing) -> list[_Queue]:
    """What waits: first what may do so by the terms of the load, then each promise."""
    queues = [
        _Queue(
            standing.waiting_mwh + measured.arrivals_mw * hours,
            measured.backlog_limit_mwh,
            plan.served_mw,
            plan.backlog_price,
            measured.dropped_price,
        )
    ]
    for limits, owed, set_mw, price in zip(
        measured.promises, standing.owed_mwh, plan.delivered_mw, plan.owed_prices, strict=True
    ):
        queues.append(_Queue(owed + limits.arrivals_mw * hours, limits.room_mwh, set_mw, price, limits.short_price))
    return queues


def _share_halls(queues: Sequence[_Queue], limit_mw: float, hours: float) -> list[float]:
    """The most that is served of each queue, MW: the halls take first what it costs most to leave.

    Whatever power there is, it goes to the same queues in the same order, so that this takes nothing from the optimum.
    Of two that are worth the same the set-points decide.
    """
    wanted = [queue.waiting_mwh / hours for queue in queues]
    if len(queues) == 1 or sum(wanted) <= limit_mw:
        return [min(limit_mw, one) for one in wanted]
    highs: list[float] = []
    worths: list[float] = []
    places: list[float] = []
    for queue, most in zip(queues, wanted, strict=True):
        due = max(queue.waiting_mwh - queue.room_mwh, 0.0) / hours
        set_mw = min(max(queue.set_mw, 0.0), most)
        highs += (due, most - due)
        worths += (-queue.lost_price, -min(queue.price, queue.lost_price))
        places += (min(set_mw, due), max(set_mw - due, 0.0))
    balance(limit_mw, [0.0] * len(highs), highs, worths, places)
    return [due + later for due, later in zip(places[::2], places[1::2], strict=True)]


def _divide_reserve(measured: Measured, equipment: Equipment, plan: Handover, held_mwh: Sequence[float]) -> list[float]:
    """What each store keeps in the hour for an outage, MWh: of the sum that all hold, as the window divides it."""
    if measured.reserve_mwh <= 0.0:
        return [0.0] * len(held_mwh)
    hours, shares, given = equipment.hours, [], []
    for limits, store, left, charge, discharge in zip(
        measured.stores, equipment.stores, held_mwh, plan.charges_mw, plan.discharges_mw, strict=True
    ):
        counts = store.most_given_mwh > 0.0
        end = left + hours * (charge * limits.charge_efficiency - discharge / limits.discharge_efficiency)
        shares.append(limits.discharge_efficiency * store.kept if counts else 0.0)
        given.append(min(shares[-1] * max(end, 0.0), store.most_given_mwh))
    total = sum(given)
    # Where the window leaves nothing, all that is there is kept.
    parts = given if total > 0.0 else [share * left for share, left in zip(shares, held_mwh, strict=True)]
    wanted = measured.reserve_mwh / max(sum(parts), OPEN)
    return [part * wanted / share if share > 0.0 else 0.0 for part, share in zip(parts, shares, strict=True)]


def _balance_from(
    need: float, lows: Sequence[float], highs: Sequence[float], costs: Sequence[float], places: list[float]
) -> None:
    """Balance the hour from set-points that may lie outside their limits; what they leave over is curtailed first."""
    places[:] = [min(max(place, low), high) for place, low, high in zip(places, lows, highs, strict=True)]
    spare = sum(places[:-1]) - need
    places[-1] = -min(max(spare, 0.0), -lows[-1])
    balance(need, lows, highs, costs, places)


def _hold_to_own_supply(
    measured: Measured,
    equipment: Equipment,
    first: int,
    need: float,
    lows: list[float],
    highs: Sequence[float],
    costs: Sequence[float],
    places: list[float],
) -> None:
    """Where stores that take own supply alone would take more than that, hold them to it and balance again."""
    own = measured.available_mw + places[-1]
    own += sum(place for place, is_own in zip(places[:first], equipment.own, strict=True) if is_own)
    charges = [first + 2 * number for number, store in enumerate(equipment.stores) if store.own_supply]
    taken = -sum(places[charge] for charge in charges)
    if taken <= own:
        return
    share = max(own, 0.0) / taken
    for charge in charges:
        lows[charge] = places[charge] * share
    _balance_from(need, lows, highs, costs, places)


def _hold_to_chillers(
    measured: Measured,
    equipment: Equipment,
    first: int,
    need: float,
    lows: list[float],
    highs: list[float],
    costs: Sequence[float],
    places: list[float],
) -> None:
    """Where a store of cold spares more than chillers take, or fills beyond what they can: hold it and balance again.

    Compute that was to be served stays as it is then: a limit would move with it.
    """
    served = range(first + 2 * len(equipment.stores), len(places) - 2)
    it_mw = measured.firm_mw - (sum(places[number] for number in served) + places[-2]) / measured.pue
    held = False
    for number, (limits, store) in enumerate(zip(measured.stores, equipment.stores, strict=True)):
        if store.chillers_mw is None:
            continue
        charge, discharge = first + 2 * number, first + 2 * number + 1
        cooled = limits.chillers_mw_per_mw * it_mw
        room = max(store.chillers_mw - cooled, 0.0)
        held |= -places[charge] > room or places[discharge] > cooled
        lows[charge], highs[discharge] = max(lows[charge], -room), min(highs[discharge], cooled)
    if not held:
        return
    for number in (*served, len(places) - 2):
        lows[number] = highs[number] = places[number]
    free = lows.copy(), highs.copy()
    _balance_from(need, lows, highs, costs, places)
    if abs(sum(places) - need) > OPEN:
        # Nothing else gives way: then compute does, whatever that leaves chillers to do.
        lows[:], highs[:] = free
        highs[len(places) - 2] = measured.pue * measured.firm_mw
        for number in served:
            highs[number] = 0.0
        _balance_from(need, lows, highs, costs, places)


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
