"""Calls of the grid as they are heard from servers, and the offer that is reported to them.

    openadr2://vtn.example/OpenADR2/Simple/2.0b?ven=campus
    openadr3://vtn.example/openadr3/3.0.1?program=NAME&client=NAME&secret_file=FILE

Both speak HTTPS; `openadr2+http://` and `openadr3+http://` do without. What a server says is compared with the calls of
it that hold: what is new or changed is ordered, what it has withdrawn ends. A server that is away changes nothing: the
calls that were heard hold until they end, and the service says that it does not hear.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import parse_qs, urlsplit

from kiban.errors import InputError, Problem, reason_of
from kiban.operation.live.offering import Offer
from kiban.operation.live.orders import Call
from kiban.outside import may_ask, may_open
from kiban.server.operating.openadr import Connection, OpenAdr
from kiban.server.operating.openadr_2b import OpenAdr2b, Server
from kiban.server.operating.schedulers import SchedulerAwayError

if TYPE_CHECKING:
    from kiban.server.operating.service import Service

EVERY_SECONDS: Final = 10.0
"""How often a server is asked."""
OPTION: Final = "--calls"
KEYS: Final = {
    "openadr2": ("ven", "certificate", "key", "authority"),
    "openadr3": ("program", "client", "secret_file"),
}
NEEDED: Final = {"openadr2": ("ven",), "openadr3": ("program", "client", "secret_file")}


class CallSource(Protocol):
    """A server that calls."""

    def calls(self, now: datetime) -> tuple[tuple[Call, ...], tuple[Problem, ...]]:
        """Its calls that have not ended, and why others were not understood; raises `SchedulerAwayError`."""
        ...

    def offer(self, offers: Sequence[Offer]) -> None:
        """Report what the campus could give up; raises `SchedulerAwayError`."""
        ...


class CallDesk:
    """Hears one server, and orders what it calls; `name` tells its calls from those of others."""

    def __init__(self, name: str, source: CallSource, heard: Callable[[Call], None] | None = None) -> None:
        self.name, self.source = name, source
        self._heard = heard
        self._offered = 0
        """Number of the decision that the last offer followed."""

    def refresh(self, service: Service) -> None:
        """Ask once; what has changed is ordered, a fault is the service's."""
        now = service.clock.now()
        try:
            calls, problems = self.source.calls(now)
            self._order(service, now, calls)
            self._offer(service, now)
        except (SchedulerAwayError, InputError) as error:
            problem = error.problem if isinstance(error, SchedulerAwayError) else error.problems[0]
            service.note_caller(self.name, problem)
            return
        service.note_caller(self.name, problems[0] if problems else None)

    def _order(self, service: Service, now: datetime, calls: Sequence[Call]) -> None:
        wanted = {call.id: call for call in (replace(one, id=f"{self.name}/{one.id}") for one in calls)}
        holding = {one.id: one for one in service.calls if one.id.startswith(f"{self.name}/") and one.ends > now}
        for call in wanted.values():
            if holding.get(call.id) != call:
                service.order(call)
                if self._heard is not None:
                    self._heard(call)
        for name, call in holding.items():
            if name not in wanted:
                service.order(replace(call, begins=min(call.begins, now), ends=now))

    def _offer(self, service: Service, now: datetime) -> None:
        number = service.steering.number
        if number > self._offered:
            self.source.offer(service.offer(now))
            self._offered = number


class Hearing:
    """A thread that asks every server every so often, until it is stopped."""

    def __init__(self, service: Service, desks: Sequence[CallDesk], every_seconds: float = EVERY_SECONDS) -> None:
        self._service, self._desks, self._every = service, desks, every_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Ask from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()
        self._thread.join(timeout=self._every)
        for desk in self._desks:
            if isinstance(desk.source, OpenAdr2b):
                desk.source.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            for desk in self._desks:
                desk.refresh(self._service)
            self._stop.wait(self._every)


def open_source(address: str) -> CallSource:
    """The server at an address of `--calls`; raises `InputError` with everything that is wrong with it."""
    parts = urlsplit(address)
    kind, _, plain = parts.scheme.partition("+")
    if kind not in KEYS or plain not in ("", "http") or not parts.hostname:
        raise InputError(Problem("calls.address", OPTION, text=address, allowed=tuple(f"{one}://" for one in KEYS)))
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    problems = [Problem("calls.key", OPTION, name, allowed=KEYS[kind]) for name in given if name not in KEYS[kind]]
    problems += [Problem("calls.needed", OPTION, name, kind=kind) for name in NEEDED[kind] if not given.get(name)]
    if problems:
        raise InputError(problems)
    if not may_ask():
        raise InputError(Problem("source.forbidden", address))
    url = f"{plain or 'https'}://{parts.netloc}{parts.path}"
    if kind == "openadr2":
        return OpenAdr2b(Server(url, given["ven"], given.get("certificate"), given.get("key"), given.get("authority")))
    return OpenAdr(Connection(url, given["client"], _secret(given["secret_file"]), given["program"]))


def name_of(address: str) -> str:
    """How a server is called among calls and metrics: its kind and its host."""
    parts = urlsplit(address)
    return f"{parts.scheme.partition('+')[0]}:{parts.netloc.rpartition('@')[2]}"


def _secret(path: str) -> str:
    if not may_open(path):
        raise InputError(Problem("files", Path(path).name))
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "UTF-8"
        raise InputError(Problem("calls.secret", path, reason=reason)) from None
