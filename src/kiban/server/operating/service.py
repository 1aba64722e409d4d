"""The living service: every five minutes what is new is heard, a limit is decided, kept, and handed over.

A decision is in the journal before it leaves the process. After a kill at any moment the journal says what the last
one was; it is handed over again under its number, and the next step is the next one: nothing is decided twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from kiban.errors import Problem
from kiban.operation.live.campus import Campus
from kiban.operation.live.hindsight import DayLooked, Hindsight
from kiban.operation.live.journal import JournalFile
from kiban.operation.live.offering import Offer, offer_now
from kiban.operation.live.orders import Call, Order, kind_of, order_content
from kiban.operation.live.pacing import Account
from kiban.operation.live.record import decision_content, issued_content, readings_content, restore_limit
from kiban.operation.live.replay import check_plan, resume
from kiban.operation.live.solving import solve_window
from kiban.operation.live.steering import Decision, Steering
from kiban.operation.live.telemetry import STEP, Fault, Reading
from kiban.operation.power_limit import PowerLimit
from kiban.server.operating.clocks import Clock, next_step
from kiban.server.operating.forecasts import Forecasts
from kiban.server.operating.logs import log
from kiban.server.operating.schedulers import Apply, SchedulerAwayError
from kiban.server.operating.sources import Source, SourceAwayError

FORMAT: Final = "kiban journal"
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """What the first line of a journal says: of which plan it is, where that lies, and how it is operated."""

    plan: str
    """Its digest."""
    folder: str | None
    kiban: str
    horizon_hours: float | None
    apply: str
    source: str
    account: Account = "year"
    """The time over which limits of a year are paced."""
    chips: tuple[str, ...] = ()
    """Accelerators whose power may be capped."""
    forecast: str | None = None
    """Where forecasts come from."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step as it went: the decision, what was heard, and how long it took from new data to the limit's being kept."""

    at: datetime
    decision: Decision
    faults: tuple[Fault, ...]
    readings: int
    seconds: float
    solver_seconds: float | None
    day: DayLooked | None


class Service:
    """One campus under one journal; methods may be called from any thread."""

    def __init__(
        self,
        campus: Campus,
        journal: JournalFile,
        origin: Origin,
        *,
        source: Source,
        clock: Clock,
        apply: Apply | None = None,
        forecasts: Forecasts | None = None,
        watch: Callable[[Service, Step], None] | None = None,
    ) -> None:
        """Go on where the journal ends; `apply` None advises only. Raises `OutputError` for another plan's journal."""
        self.campus = campus
        self.clock = clock
        self.source_fault: Problem | None = None
        """Why there is no telemetry; None while there is."""
        self.scheduler_fault: Problem | None = None
        """Why the last limit was not handed over; None where it was."""
        self.caller_faults: dict[str, Problem | None] = {}
        """Why calls of a server are not heard, by its name; None while they are."""
        self.forecast_fault: Problem | None = None
        """Why there are no new forecasts; None while there are."""
        self.scheduler_failures = self.late_steps = 0
        self.last: Step | None = None
        self.offers: tuple[Offer, ...] = ()
        """The last offer to the grid."""
        self.hindsight = Hindsight(campus)
        self.day: DayLooked | None = None
        """The last day that was looked at."""
        self._journal = journal
        self._source = source
        self._apply = apply
        self.forecasts = forecasts
        self._watch = watch
        self._lock = threading.RLock()
        self.limit: PowerLimit | None = None
        """The last one that was decided."""
        entries = journal.found.entries
        now = clock.now()
        # The first step may be of this very moment.
        self._at = now - timedelta(microseconds=1)
        if entries:
            check_plan(entries, origin.plan, str(journal.path))
            self.steering = resume(entries, campus)
            journal.append("resumed", {"at": now.isoformat(), "torn_bytes": journal.found.torn_bytes, **asdict(origin)})
            steps = [entry for entry in entries if entry.kind == "step"]
            if steps:
                self._at = datetime.fromisoformat(steps[-1].content["at"])
                self.limit = restore_limit(steps[-1].content["decision"]["limit"])
                if self.limit.expires > now:
                    self._hand_over(self.limit)
            log(logging.INFO, "resumed", decisions=self.steering.number, torn_bytes=journal.found.torn_bytes)
        else:
            begun = {"at": now.isoformat(), "begins": now.isoformat(), "format": FORMAT, "version": VERSION}
            journal.append("begun", {**begun, **asdict(origin)})
            self.steering = Steering(campus, now, origin.account)
            log(logging.INFO, "begun", **asdict(origin))

    def warm(self) -> None:
        """Do once, for nothing, what takes longest the first time: what is loaded then is there for the first step."""
        with self._lock:
            ahead = self.steering.look(self.clock.now())
            solve_window(ahead, self.campus.valuation, self.steering.standing(ahead.facility))

    def run(self, stop: threading.Event, until: datetime | None = None) -> None:
        """Step after step until `stop` is set, the source has ended, or a time of the campus is reached."""
        while not stop.is_set() and not self._source.ended:
            due = next_step(self._at, STEP)
            now = self.clock.now()
            if now >= due + STEP:
                # What was missed is not made up for: a limit is of now.
                missed = (now - due) // STEP
                due += missed * STEP
                self.late_steps += missed
                log(logging.WARNING, "late", steps=missed)
            if until is not None and due > until:
                return
            self.clock.wait(due, stop)
            if not stop.is_set():
                self.step(due)

    def step(self, at: datetime) -> Step:
        """What is new is heard, and a limit decided, kept and handed over."""
        with self._lock:
            readings = self._read()
            if self.forecasts is not None:
                self._forecast(at, self.forecasts)
            return self._decide(at, readings)

    def order(self, order: Order) -> Step:
        """Take an order: it is kept, and a limit that follows it is decided and handed over at once."""
        with self._lock:
            now = self.clock.now()
            self._journal.append(kind_of(order), {"at": now.isoformat(), "order": order_content(order)})
            self.steering.order(order)
            log(logging.INFO, kind_of(order), **order_content(order))
            return self._decide(max(now, self._at), [])

    @property
    def calls(self) -> list[Call]:
        """The calls of the grid that are known."""
        with self._lock:
            return [one for one in self.steering.orders if isinstance(one, Call)]

    def offer(self, now: datetime) -> tuple[Offer, ...]:
        """What could be imported less if a call came now."""
        with self._lock:
            self.offers = offer_now(self.steering, now)
            return self.offers

    def note_caller(self, name: str, problem: Problem | None) -> None:
        """How a server of calls is: None where it answers and is understood."""
        with self._lock:
            before = self.caller_faults.get(name)
            if (before is None) != (problem is None):
                up = problem is None
                log(logging.INFO if up else logging.ERROR, "calls_back" if up else "calls_away", source=name,
                    reason="" if problem is None else str(problem))  # fmt: skip
                content = {"source": name, "up": up, "code": None if problem is None else problem.code}
                self._journal.append("calls", {"at": self.clock.now().isoformat(), **content})
            self.caller_faults[name] = problem

    def _forecast(self, at: datetime, forecasts: Forecasts) -> None:
        """Hear what was forecast; where nothing is, what was heard before holds, then the plan and what is seen now."""
        issued = forecasts.issue(at, self.steering)
        fault, before = forecasts.fault, self.forecast_fault
        if (fault is None) != (before is None):
            up = fault is None
            log(logging.INFO if up else logging.ERROR, "forecasts_back" if up else "forecasts_away",
                source=forecasts.name, reason="" if fault is None else str(fault))  # fmt: skip
            content = {"source": forecasts.name, "up": up, "code": None if fault is None else fault.code}
            self._journal.append("forecaster", {"at": at.isoformat(), **content})
        self.forecast_fault = fault
        if issued is not None and issued.issues:
            self._journal.append("forecast", {"at": at.isoformat(), **issued_content(issued)})
            self.steering.forecast(issued)
            log(logging.INFO, "forecast", source=issued.name, version=issued.version, values=len(issued.issues))

    def _read(self) -> list[Reading]:
        try:
            readings = self._source.read()
        except SourceAwayError as error:
            if self.source_fault is None:
                log(logging.ERROR, "source_away", reason=str(error))
            self.source_fault = error.problem
            return []
        if self.source_fault is not None:
            log(logging.INFO, "source_back")
        self.source_fault = None
        return readings

    def _decide(self, at: datetime, readings: list[Reading]) -> Step:
        begun = time.perf_counter()
        faults = self.steering.hear(at, readings)
        decision = self.steering.decide(at)
        decided = decision_content(decision, faults)
        content = {
            "at": at.isoformat(),
            "source": None if self.source_fault is None else self.source_fault.code,
            "readings": readings_content(readings),
            "decision": decided,
        }
        self._journal.append("step", content)
        self._at, self.limit = at, decision.limit
        self._hand_over(decision.limit)
        seconds = time.perf_counter() - begun
        for fault in faults:
            if fault.kind == "future":
                said = Problem("source.future", series=fault.series, at=fault.last.isoformat(), now=at.isoformat())
                log(logging.WARNING, "telemetry_refused", sentence=str(said))
        day = self.hindsight.hear(at, self.steering.telemetry, self.steering.outlook)
        self.day = day or self.day
        found = Step(at, decision, tuple(faults), len(readings), seconds, self.steering.solver_seconds, day)
        self.last = found
        log(
            logging.INFO if decision.limit.reason in ("window", "call", "override") else logging.WARNING,
            "decided",
            **decided["limit"],
            missing=decision.missing,
            seconds=round(seconds, 6),
        )
        if self._watch is not None:
            self._watch(self, found)
        return found

    def _hand_over(self, limit: PowerLimit) -> None:
        if self._apply is None:
            return
        try:
            self._apply(limit)
        except SchedulerAwayError as error:
            self.scheduler_failures += 1
            if self.scheduler_fault is None:
                log(logging.ERROR, "scheduler_away", reason=str(error))
                self._journal.append(
                    "scheduler", {"at": self.clock.now().isoformat(), "up": False, "code": error.problem.code}
                )
            self.scheduler_fault = error.problem
            return
        if self.scheduler_fault is not None:
            log(logging.INFO, "scheduler_back")
            self._journal.append("scheduler", {"at": self.clock.now().isoformat(), "up": True, "code": None})
        self.scheduler_fault = None
