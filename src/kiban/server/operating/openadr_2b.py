"""Calls of the grid by OpenADR 2.0b, with openleadr (extra `openadr`): an event becomes a call, the offer a report.

A call is a signal `LOAD_DISPATCH` of the type `setpoint`: the power that the site may import in an interval, in the
unit that the signal states, or in kW where it states none. Calls that can be understood are opted in to.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kiban.errors import InputError, Problem
from kiban.operation.live.offering import Offer
from kiban.operation.live.orders import Call
from kiban.server.operating.schedulers import SchedulerAwayError

SIGNAL: Final = "LOAD_DISPATCH"
KIND: Final = "setpoint"
ANSWER_SECONDS: Final = 5.0
REPORTING: Final = timedelta(minutes=1)
"""How often the offer is reported."""
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
    server: Server,
    take: Callable[[Call], None],
    offer_mw: Callable[[], float],
    *,
    every: timedelta,
    cancel: Callable[[str], None] | None = None,
) -> Callable[[], Any]:
    """Ask a VTN for events and report the offer every so often; what is returned ends it.

    `take` is given each call, once for each change of its event; what it refuses with `InputError` is opted out of.
    `cancel` is given the name of an event that is called off. Raises `InputError` where openleadr is not installed, and
    `SchedulerAwayError` where the VTN registers nobody.
    """
    try:
        from openleadr import OpenADRClient
    except ImportError:
        raise InputError(Problem("openadr.no_library", server.address)) from None

    async def hear(event: Mapping[str, Any]) -> str:
        described = event["event_descriptor"]
        if cancel is not None and described.get("event_status") == "cancelled":
            cancel(str(described["event_id"]))
            return "optIn"
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
    if not client.registration_id:
        raise SchedulerAwayError(Problem("handover.away", server.address, seconds=f"{ANSWER_SECONDS:g}"))
    stop: Callable[[], Any] = client.stop
    return stop


class OpenAdr2b:
    """A client (VEN) that is asked for its calls like that of OpenADR 3; openleadr runs in a thread of its own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._calls: dict[str, Call] = {}
        self._offer_mw = 0.0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._registered = threading.Event()
        self._stopping = threading.Event()
        self._failure: InputError | SchedulerAwayError | None = None

    def calls(self, now: datetime) -> tuple[tuple[Call, ...], tuple[Problem, ...]]:
        """Calls that have not ended, the first first.

        Raises `SchedulerAwayError` where the VTN does not answer, and `InputError` where openleadr is not installed.
        """
        self._reach()
        if self._thread is None or not self._thread.is_alive():
            self._registered.clear()
            self._failure = None
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        if not self._registered.wait(ANSWER_SECONDS) or self._failure is not None:
            raise self._failure or self._away()
        with self._lock:
            found = [call for call in self._calls.values() if call.ends > now]
        return tuple(sorted(found, key=lambda call: (call.begins, call.id))), ()

    def offer(self, offers: Sequence[Offer]) -> None:
        """What the next report says: what can be given up in every hour of a call."""
        self._offer_mw = min((one.reduction_mw for one in offers), default=0.0)

    def close(self) -> None:
        """End the client."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=ANSWER_SECONDS)

    def _take(self, call: Call) -> None:
        with self._lock:
            self._calls[call.id] = call

    def _cancel(self, event: str) -> None:
        with self._lock:
            self._calls = {name: call for name, call in self._calls.items() if not name.startswith(f"{event}/")}

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (InputError, SchedulerAwayError) as error:
            self._failure = error
        except Exception:
            logging.getLogger("kiban").exception("OpenADR 2.0b")
            self._failure = self._away()
        self._registered.set()

    async def _serve(self) -> None:
        stop = await listen(self.server, self._take, lambda: self._offer_mw, every=REPORTING, cancel=self._cancel)
        self._registered.set()
        try:
            while not self._stopping.is_set():
                await asyncio.sleep(0.2)
        finally:
            await stop()

    def _reach(self) -> None:
        """openleadr says nothing of a VTN that is away."""
        from urllib.parse import urlsplit

        parts = urlsplit(self.server.address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            socket.create_connection((parts.hostname or "", port), timeout=ANSWER_SECONDS).close()
        except OSError:
            raise self._away() from None

    def _away(self) -> SchedulerAwayError:
        return SchedulerAwayError(Problem("handover.away", self.server.address, seconds=f"{ANSWER_SECONDS:g}"))


def _mw(measurement: Mapping[str, Any] | None) -> float:
    """What one of a signal's unit is in MW."""
    if measurement is None:
        return 1e-3
    if measurement.get("unit") != "W":
        raise ValueError(f"power in {measurement.get('unit')}")
    return FACTORS[measurement.get("scale") or "none"] / 1e6


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
