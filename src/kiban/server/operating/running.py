"""The service from a plan until it is told to stop, its source has ended, or its time is over."""

from __future__ import annotations

import gc
import math
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final, Literal

from kiban.errors import InputError, OutputError, Problem, reason_of
from kiban.operation.live.campus import read_campus
from kiban.operation.live.journal import BrokenJournalError, Journal, JournalFile
from kiban.operation.live.pacing import Account
from kiban.operation.live.record import digest_of
from kiban.operation.power_caps import CapCurve
from kiban.outside import may_open
from kiban.quantities import Language
from kiban.server.operating.addresses import Listener, make_addresses
from kiban.server.operating.calls import CallDesk, Hearing, name_of, open_source
from kiban.server.operating.clocks import Clock, FastClock, RealClock
from kiban.server.operating.forecasts import open_forecasts
from kiban.server.operating.gauges import Gauges
from kiban.server.operating.schedulers import Apply
from kiban.server.operating.service import Origin, Service
from kiban.server.operating.sources import CsvSource, PrometheusSource, Source
from kiban.server.running import listen
from kiban.version import installed_version

if TYPE_CHECKING:
    from kiban.planning.plan import Plan

SHORTEST_TOKEN: Final = 16


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a campus is to be operated."""

    journal: str
    source: Literal["prometheus", "csv"] = "prometheus"
    prometheus: str = "http://127.0.0.1:9090"
    telemetry: str | None = None
    forecast: str | None = None
    clock: Literal["real", "fast"] = "real"
    speed: float = 60.0
    hours: float | None = None
    horizon_hours: float | None = None
    host: str = "127.0.0.1"
    port: int = 9464
    token_file: str | None = None
    account: Account = "year"
    calls: tuple[str, ...] = ()
    """Addresses of servers that call (`open_source`)."""
    chips: tuple[str, ...] = ()
    """Accelerators whose power may be capped."""
    feeds: tuple[str, ...] = ()
    """Of the Domain Power Service; all where none is named."""
    apply: str = "none"
    """What the journal calls the scheduler."""


def operate(
    plan: Plan,
    folder: str | None,
    wanted: Wanted,
    language: Language,
    *,
    apply: Apply | None = None,
    say: Callable[[str], None] | None = None,
    stop: threading.Event | None = None,
) -> Service:
    """Operate a plan; returns the service when it is over.

    Raises `InputError` for input that cannot be used, and `OutputError` for a journal that is of another plan, broken
    or in use, or an address that is taken.
    """
    token = None if wanted.token_file is None else read_token(wanted.token_file)
    campus = read_campus(plan, horizon_hours=wanted.horizon_hours, chips=wanted.chips)
    with ExitStack() as held:
        try:
            journal = held.enter_context(JournalFile(wanted.journal))
        except BrokenJournalError as error:
            raise OutputError(Problem("journal.broken", wanted.journal, line=error.line)) from None
        clock, source = _clock_and_source(wanted, journal.found, RealClock(campus.zone))
        gauges = Gauges()
        desks = [CallDesk(name_of(address), open_source(address), gauges.count_order) for address in wanted.calls]
        origin = Origin(
            plan=digest_of(plan),
            folder=folder,
            kiban=installed_version(),
            horizon_hours=wanted.horizon_hours,
            apply=wanted.apply,
            source=wanted.source,
            account=wanted.account,
            chips=wanted.chips,
            forecast=wanted.forecast,
        )
        forecasts = None
        if wanted.forecast is not None:
            real_time = wanted.clock == "real"
            forecasts = open_forecasts(wanted.forecast, plan, campus, clock.now, real_time=real_time)
        service = Service(
            campus,
            journal,
            origin,
            source=source,
            clock=clock,
            apply=apply or _apply_of(wanted, clock, campus.curve),
            forecasts=forecasts,
            watch=gauges.update,
        )
        listener = Listener(make_addresses(service, gauges, token, language), listen(wanted.host, wanted.port))
        listener.start()
        held.callback(listener.stop)
        if desks:
            hearing = Hearing(service, desks)
            hearing.start()
            held.callback(hearing.stop)
        if say is not None:
            say(f"http://{wanted.host}:{listener.port}/")
        end = stop or held.enter_context(until_told())
        until = None if wanted.hours is None else clock.now() + timedelta(hours=wanted.hours)
        service.warm()
        # What is there now stays: no step has to wait until the collector has looked through all of it.
        gc.collect()
        gc.freeze()
        held.callback(gc.unfreeze)
        service.run(end, until)
    return service


def _apply_of(wanted: Wanted, clock: Clock, curve: CapCurve | None = None) -> Apply | None:
    """What hands limits over, by its name."""
    if wanted.apply == "slurm":
        from kiban.server.operating.slurm import Slurm

        return Slurm(now=clock.now, speed=1.0 if wanted.clock == "real" else wanted.speed, curve=curve).apply
    if wanted.apply == "dps":
        from kiban.server.operating.domain_power import DomainPower

        return DomainPower(wanted.feeds, now=clock.now).apply
    if wanted.apply == "kueue":
        from kiban.server.operating.kueue import Kueue, in_cluster

        return Kueue(in_cluster(), curve=curve).apply
    return None


def _clock_and_source(wanted: Wanted, found: Journal, real: RealClock) -> tuple[Clock, Source]:
    steps = [entry for entry in found.entries if entry.kind == "step"]
    last = datetime.fromisoformat(steps[-1].content["at"]) if steps else None
    if wanted.source == "prometheus":
        clock = real if wanted.clock == "real" else FastClock(last or real.now(), wanted.speed)
        return clock, PrometheusSource(wanted.prometheus, clock)
    if wanted.telemetry is None:
        raise InputError(Problem("source.no_file", key="--telemetry"))
    if wanted.clock == "real":
        return real, CsvSource(wanted.telemetry, real, ends=False, heard=last)
    first = CsvSource(wanted.telemetry, real, ends=True).first
    # A file has all its rows already: nothing is waited for.
    fast = FastClock(first if last is None else max(first, last), math.inf)
    return fast, CsvSource(wanted.telemetry, fast, ends=True, heard=last)


def read_token(path: str) -> str:
    """The token in a file; raises `InputError` where there is none that is long enough."""
    if not may_open(path):
        raise InputError(Problem("files", Path(path).name))
    try:
        token = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "UTF-8"
        raise InputError(Problem("source.away", path, reason=reason)) from None
    if len(token) < SHORTEST_TOKEN:
        raise InputError(Problem("order.short_token", path, least=SHORTEST_TOKEN))
    return token


@contextmanager
def until_told() -> Iterator[threading.Event]:
    """An event that is set when the process is told to end, once; a second time it ends at once."""
    stop = threading.Event()

    def end(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
