"""Calls of the grid by OpenADR 2.0b, with openleadr (extra `openadr`): an event becomes a call, the offer a report.

A call is a signal `LOAD_DISPATCH` of the type `setpoint`: the power that the site may import in an interval, in the
unit that the signal states, or in kW where it states none. Calls that can be understood are opted in to.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kiban.errors import InputError, Problem
from kiban.operation.live.orders import Call

SIGNAL: Final = "LOAD_DISPATCH"
KIND: Final = "setpoint"
FACTORS: Final[Mapping[str, float]] = {"none": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}


@dataclass(frozen=True, slots=True)
class Server:
    """A VTN of OpenADR 2.0b, and under which name the campus (VEN) asks it."""

    address: str
    name: str
    certificate: str | None = None
    key: str | None = None
    authority: str | None = None


def calls_of(event: Mapping[str, Any]) -> Iterator[Call]:
    """The calls of an event, as openleadr hands it over; an event that was cancelled has none."""
    described = event["event_descriptor"]
    if described.get("event_status") == "cancelled":
        return
    for signal in event["event_signals"]:
        if signal["signal_name"] != SIGNAL or signal["signal_type"] != KIND:
            continue
        factor_mw = _mw(signal.get("measurement"))
        for number, interval in enumerate(signal["intervals"]):
            begins = _aware(interval["dtstart"])
            limit_mw = float(interval["signal_payload"]) * factor_mw
            name = f"{described['event_id']}/{signal['signal_id']}/{number}"
            yield Call(name, str(described["market_context"]), begins, begins + interval["duration"], limit_mw)


async def listen(
    server: Server, take: Callable[[Call], None], offer_mw: Callable[[], float], *, every: timedelta
) -> Callable[[], Any]:
    """Ask a VTN for events and report the offer every so often; what is returned ends it.

    `take` is given each call, once for each change of its event; what it refuses with `InputError` is opted out of.
    Raises `InputError` where openleadr is not installed.
    """
    try:
        from openleadr import OpenADRClient
    except ImportError:
        raise InputError(Problem("openadr.no_library", server.address)) from None

    async def hear(event: Mapping[str, Any]) -> str:
        try:
            calls = list(calls_of(event))
            for call in calls:
                take(call)
        except (InputError, KeyError, ValueError, TypeError) as error:
            logging.getLogger("kiban").warning("an event of OpenADR is no call: %s", error)
            return "optOut"
        return "optIn" if calls else "optOut"

    async def offer() -> float:
        return 1000.0 * offer_mw()

    client = OpenADRClient(
        ven_name=server.name, vtn_url=server.address, cert=server.certificate, key=server.key, ca_file=server.authority,
        disable_signature=server.certificate is None, allow_jitter=False,
    )  # fmt: skip
    client.add_handler("on_event", hear)
    client.add_handler("on_update_event", hear)
    client.add_report(
        callback=offer, resource_id="campus", report_name="TELEMETRY_USAGE", report_type="deltaUsage",
        measurement="powerReal", unit="W", scale="k", sampling_rate=every,
    )  # fmt: skip
    await client.run()
    stop: Callable[[], Any] = client.stop
    return stop


def _mw(measurement: Mapping[str, Any] | None) -> float:
    """What one of a signal's unit is in MW."""
    if measurement is None:
        return 1e-3
    if measurement.get("unit") != "W":
        raise ValueError(f"power in {measurement.get('unit')}")
    return FACTORS[measurement.get("scale") or "none"] / 1e6


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
