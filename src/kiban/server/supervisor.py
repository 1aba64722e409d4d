"""Keeps the worker processes busy with the jobs of the store, and puts back what was lost.

One thread does all of it. The store is the truth: a job that is no longer running there is ended here,
whoever cancelled it; a job that is running there for a server which is gone is queued again.

A worker is told of the end of its job and stops at its next step, with what it remembers; one that does not stop
is killed.

How a job ended is kept here until the store has taken it, however often that has to be tried: while the disk is full
or the database is away, nothing is lost and no new job is begun.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from kiban.server.confinement import reach_of, serve_confined
from kiban.server.database_faults import PASSING
from kiban.server.deaths import count_memory_kills, is_own_fault
from kiban.server.leases import LEASE_SECONDS
from kiban.server.packing import pack
from kiban.server.problems import RefusedError, describe, refuse
from kiban.server.settings import Settings
from kiban.server.store import Row, Store
from kiban.server.tasks import Outcome, say
from kiban.server.worker import serve_jobs
from kiban.tasks.database import fault_of, first_line

log = logging.getLogger("kiban.server")
TICK_SECONDS = 1.0
MOST_DEATHS = 3
"""Ends of its process by its own fault after which a job is given up."""
MOST_ATTEMPTS = 100
"""Starts after which it is given up whoever was at fault, so that none goes round for ever."""
BETWEEN_COMPLAINTS_SECONDS = 60.0
BETWEEN_REPORTS_SECONDS = 0.2
PATIENCE_SECONDS = 1.0
"""How long a worker may take to stop before it is killed."""
LOADING_SECONDS = 60.0
"""The same for a worker that has not loaded yet what it needs."""


@dataclass(slots=True)
class Slot:
    """One worker process, its line, and what it does."""

    process: SpawnProcess
    line: Connection
    job: str | None = None
    deaths: int = 0
    reported: float = 0.0
    unreported: Any = None
    told_to_stop: float | None = None
    ready: bool = False
    """Whether the worker has loaded what it needs: until then it cannot stop, and need not be killed for it."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ended, for the store: `what` is done, problem, died (by its own fault) or interrupted."""

    what: str
    content: Any = None
    deaths: int = 0
    """How often it had died before."""


class Supervisor:
    """The jobs of one server; `start` and `stop` it once."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings
        self.holder = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._slots: list[Slot] = []
        self._endings: dict[str, Ending] = {}
        self._memory_kills = count_memory_kills()
        self._ticked = 0.0
        self._complained: dict[str, float] = {}
        # Who could not renew its own leases must not take others for dead that could not either.
        self._trusts_leases_from = 0.0
        self._context = multiprocessing.get_context("spawn")
        self._bell, self._push = multiprocessing.Pipe(duplex=False)
        self._stopping = threading.Event()
        self._followers: dict[str, list[Callable[[], object]]] = {}
        self._following = threading.Lock()
        self._submitting = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="kiban-jobs", daemon=True)

    def start(self) -> None:
        """Take up what an earlier server left and begin."""
        self.store.prune_jobs(self.settings.limits.stored_jobs)
        if self.store.is_sqlite:
            # Nobody else uses the folder: whatever runs there was ours before we were restarted.
            self.store.requeue_orphans(self.holder, say("requeued"), alone=True)
        self._thread.start()

    def stop(self) -> None:
        """End all workers; their jobs go back into the queue."""
        self._stopping.set()
        self._ring()
        self._thread.join(timeout=10.0)
        self._attempt(self._write_endings)
        for slot in self._slots:
            if slot.job is not None:
                self._attempt(partial(self.store.requeue_job, slot.job, self.holder, say("requeued")))
            _end(slot)
        self._slots.clear()

    def submit(self, kind: str, name: str, owner: str, question: Any) -> str:
        """Queue a job and return its id; refused where too many wait."""
        with self._submitting:
            self._require_room(owner)
            job_id = self.store.add_job(kind, name, owner, pack(question), say("queued"))
        self._ring()
        return job_id

    def _require_room(self, owner: str) -> None:
        """Refuse where too many jobs wait, of all or of this owner; who has none waiting is let in."""
        limits, queued = self.settings.limits, self.store.count_jobs()["queued"]
        own = queued if self.settings.is_local else self.store.count_queued_of(owner)
        if not self.settings.is_local and own >= limits.queued_jobs_per_owner:
            raise refuse("busy", "own_queue_full", headers={"Retry-After": "10"}, count=own)
        if queued >= limits.queued_jobs and own > 0:
            raise refuse("busy", "queue_full", headers={"Retry-After": "10"}, count=queued)

    def cancel(self, job_id: str) -> bool:
        """End a job; whether it had not ended before. The worker that does it is killed."""
        ended = self.store.finish_job(job_id, "cancelled", progress=say("cancelled"))
        self._announce(job_id)
        self._ring()
        return ended

    @contextlib.contextmanager
    def following(self, job_id: str, hear: Callable[[], object]) -> Iterator[None]:
        """Inside, `hear` is called, in any thread, when the job has changed on this server."""
        with self._following:
            self._followers.setdefault(job_id, []).append(hear)
        try:
            yield
        finally:
            with self._following:
                self._followers[job_id].remove(hear)
                if not self._followers[job_id]:
                    del self._followers[job_id]

    def _announce(self, job_id: str) -> None:
        with self._following:
            for hear in self._followers.get(job_id, ()):
                with contextlib.suppress(RuntimeError):  # the loop that follows may have been closed
                    hear()

    def _ring(self) -> None:
        with contextlib.suppress(OSError):
            self._push.send_bytes(b"!")

    def _watch(self) -> None:
        steps = (
            self._listen,
            self._tick,
            self._write_endings,
            self._report,
            self._end_cancelled,
            self._give_work,
        )
        while not self._stopping.is_set():
            went_well = [self._attempt(step) for step in steps]
            if not all(went_well):
                self._stopping.wait(TICK_SECONDS)

    def _attempt(self, step: Callable[[], object]) -> bool:
        """Whether a step succeeded: a database that is away for a moment must not end the thread."""
        try:
            step()
        except Exception as error:
            self._trusts_leases_from = time.monotonic() + LEASE_SECONDS
            kind = fault_of(error)
            now = time.monotonic()
            if now - self._complained.get(str(kind), -BETWEEN_COMPLAINTS_SECONDS) >= BETWEEN_COMPLAINTS_SECONDS:
                self._complained[str(kind)] = now
                if kind is None:
                    log.exception("the supervisor of jobs stumbled")
                else:
                    log.warning("jobs wait, since the database is %s: %s", kind, first_line(error))
            return False
        return True

    def _tick(self) -> None:
        """What is done every second or so: hold on to what is ours, and put back what nobody holds."""
        if time.monotonic() - self._ticked < TICK_SECONDS:
            return
        self._ticked = time.monotonic()
        if self.store.fault is not None:
            self.store.probe()
        held = [slot.job for slot in self._slots if slot.job is not None] + list(self._endings)
        if held:
            self.store.beat(self.holder)
        self.store.requeue_lost(self.holder, held, say("requeued"))
        if not self.store.is_sqlite and time.monotonic() >= self._trusts_leases_from:
            self.store.requeue_orphans(self.holder, say("requeued"), alone=False)
        self._memory_kills = count_memory_kills()

    def _listen(self) -> None:
        """Wait for the bell, a message or an end, at most one tick."""
        lines = {slot.line: slot for slot in self._slots}
        soon = any(slot.unreported is not None or slot.told_to_stop is not None for slot in self._slots)
        for ready in wait([self._bell, *lines], timeout=BETWEEN_REPORTS_SECONDS if soon else TICK_SECONDS):
            if ready is self._bell:
                self._bell.recv_bytes()
                continue
            slot = lines[ready]  # type: ignore[index]
            try:
                what, job_id, content = slot.line.recv()
            except (EOFError, OSError):
                self._bury(slot)
                continue
            if what == "ready":
                slot.ready = True
                if slot.told_to_stop is not None:
                    slot.told_to_stop = time.monotonic()
            elif job_id == slot.job:
                self._take(slot, what, content)

    def _report(self) -> None:
        """Write what jobs last said of themselves, but not every word of a talkative one."""
        now = time.monotonic()
        for slot in self._slots:
            due = slot.unreported is not None and now - slot.reported >= BETWEEN_REPORTS_SECONDS
            if due and slot.job is not None:
                self.store.report_progress(slot.job, slot.unreported)
                self._announce(slot.job)
                slot.reported, slot.unreported = now, None

    def _take(self, slot: Slot, what: str, content: Any) -> None:
        assert slot.job is not None
        if what == "progress":
            slot.unreported = content
            return
        job_id, slot.job, slot.unreported, slot.told_to_stop = slot.job, None, None, None
        if what != "cancelled":
            self._endings[job_id] = Ending(what, content)

    def _write_endings(self) -> None:
        """Tell the store how jobs have ended; what it does not take is kept for the next time."""
        for job_id, ending in list(self._endings.items()):
            try:
                self._write_ending(job_id, ending)
            except Exception as error:
                if fault_of(error) in PASSING or self._is_out_of_reach():
                    raise
                # No store will ever take this: the job has failed, and says so.
                log.exception("the result of job %s cannot be stored", job_id)
                self._fail(job_id, refuse("fault", "fault"))
            del self._endings[job_id]
            self._announce(job_id)

    def _is_out_of_reach(self) -> bool:
        try:
            self.store.probe()
        except Exception:
            return True
        return False

    def _write_ending(self, job_id: str, ending: Ending) -> None:
        if ending.what == "problem":
            self.store.finish_job(job_id, "failed", problem=ending.content, progress=say("failed"))
        elif ending.what == "done":
            outcome: Outcome = ending.content
            made = [(kept.id, kept.packed, kept.seconds) for kept in outcome.plans]
            self.store.finish_job(job_id, "done", result=pack(outcome.result), progress=say("done"), made=made)
        elif ending.what == "died" and ending.deaths + 1 >= MOST_DEATHS:
            self._fail(job_id, refuse("fault", "worker", attempts=ending.deaths + 1))
        else:
            died = ending.what == "died"
            self.store.requeue_job(job_id, self.holder, say("interrupted"), own_fault=died)

    def _fail(self, job_id: str, refusal: RefusedError) -> None:
        document = describe(refusal.kind, refusal.problems, refusal.status)
        self.store.finish_job(job_id, "failed", problem=document, progress=say("failed"))

    def _bury(self, slot: Slot) -> None:
        """A worker has ended by itself or was killed: its job is tried again, but not for ever."""
        self._slots.remove(slot)
        slot.process.join(timeout=PATIENCE_SECONDS)
        _end(slot)
        if slot.job is not None:
            code = slot.process.exitcode
            died = is_own_fault(code, memory_ran_out=count_memory_kills() > self._memory_kills)
            log.warning("the worker of job %s ended with code %s", slot.job, code)
            self._endings[slot.job] = Ending("died" if died else "interrupted", deaths=slot.deaths)

    def _end_cancelled(self) -> None:
        for slot in [slot for slot in self._slots if slot.job is not None]:
            row = self.store.look_at_job(str(slot.job))
            if row is not None and row["state"] == "running" and row["holder"] == self.holder:
                continue
            if slot.told_to_stop is None:
                slot.told_to_stop = time.monotonic()
                with contextlib.suppress(OSError):
                    slot.line.send(("cancel", slot.job))
            elif time.monotonic() - slot.told_to_stop > (PATIENCE_SECONDS if slot.ready else LOADING_SECONDS):
                self._slots.remove(slot)
                _end(slot)

    def _give_work(self) -> None:
        # While results cannot be written, there is no use in making more.
        while sum(slot.job is not None for slot in self._slots) + len(self._endings) < self.settings.workers:
            row = self.store.claim_job(self.holder)
            if row is None:
                return
            if row["attempts"] > MOST_ATTEMPTS:
                self._fail(row["id"], refuse("fault", "store.starts", attempts=row["attempts"] - 1))
                self._announce(row["id"])
            else:
                self._give(row)

    def _give(self, row: Row) -> None:
        free = [slot for slot in self._slots if slot.job is None]
        slot = free[0] if free else self._hire()
        slot.job, slot.deaths, slot.reported, slot.unreported = row["id"], row["deaths"], 0.0, None
        slot.told_to_stop = None
        try:
            slot.line.send(("do", row["id"], row["kind"], row["question"]))
        except (BrokenPipeError, OSError):
            self._bury(slot)

    def _hire(self) -> Slot:
        ours, theirs = self._context.Pipe()
        settings = self.settings
        memory_bytes, answers = settings.limits.worker_memory_bytes, settings.answers_place
        confined = (serve_jobs, theirs, reach_of(settings), memory_bytes, answers)
        process = self._context.Process(target=serve_confined, args=confined, name="kiban-worker", daemon=True)
        process.start()
        theirs.close()
        slot = Slot(process, ours)
        self._slots.append(slot)
        return slot


def _end(slot: Slot) -> None:
    """Kill a worker: it may be deep in a solver that listens to nothing."""
    slot.process.kill()
    slot.process.join(timeout=5.0)
    slot.line.close()
