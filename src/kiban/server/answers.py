"""Instant answers: plans that are solved while the caller waits, and remembered.

Questions of one session are numbered. Where a newer one has come in, an older one is not solved any more: it leaves
the queue, or its solve ends. The same question of several callers is solved once.

While a slider moves (the cooling system is kept), a solve starts from points on the way to the session's last
optimum. It proves the same, but the last digits depend on what was asked before; so such a plan has an id of its own,
and a plan with all cooling systems is always solved from the beginning.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from kiban.calendar import HOURS_PER_YEAR
from kiban.interruption import UnwantedError, end_if_unwanted, while_wanted
from kiban.planning.building import build
from kiban.report.plan.document import Circumstances
from kiban.scenario import Scenario
from kiban.scenario.plain import restore_scenario
from kiban.server.access import Caller
from kiban.server.grouping import GroupWriter
from kiban.server.ownership import may_see_plan
from kiban.server.packing import pack_plan, plan_id, restore_plan, unpack
from kiban.server.problems import RefusedError, refuse
from kiban.server.settings import Settings
from kiban.server.store import Kept, Row, Store
from kiban.version import edition

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart
    from kiban.planning.plan import Plan

log = logging.getLogger("kiban.server")
REMEMBERED_PLANS, REMEMBERED_STEPS = 500, 48 * HOURS_PER_YEAR
"""Plans that are remembered, and the steps of all of them together: some 130 MB, 48 years or many more weeks."""
REMEMBERED_SESSIONS = 2_000
BETWEEN_PRUNINGS = 100
SAME_COST = 1e-6

SessionKey = tuple[str, str]
Result = TypeVar("Result")


class TooLongError(Exception):
    """The answer needs the work of a job: there is no design, and saying why takes a while."""


@dataclass(slots=True)
class Session:
    """What is known of a row of questions; `points` to start from, by cooling system."""

    newest: int = -1
    cooling_system: str | None = None
    points: MutableMapping[str, WarmStart] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as a session, and with which number."""

    owner: str
    session: str
    sequence: int | None


@dataclass(slots=True)
class _Flight:
    """A question that is being solved, and everybody who waits for it."""

    askers: list[Asker] = field(default_factory=list)
    future: asyncio.Future[tuple[Plan, float]] | None = None


class Answers:
    """The instant answers of one server; its methods belong to the event loop."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings
        self._plans: OrderedDict[str, tuple[Plan, Circumstances]] = OrderedDict()
        self._sessions: OrderedDict[SessionKey, Session] = OrderedDict()
        self._flights: dict[str, _Flight] = {}
        self._solvers = ThreadPoolExecutor(max(os.cpu_count() or 1, 1), thread_name_prefix="kiban-answer")
        # A plan is on the disk before it is answered.
        self._writer = GroupWriter(self._keep, "kiban-store")
        self._unpruned = 0

    def close(self) -> None:
        """Finish what is being written and end."""
        self._solvers.shutdown(wait=False, cancel_futures=True)
        self._writer.close()

    def note(self, asker: Asker) -> Session:
        """Remember the number of a question; refused where a newer one has come in."""
        key = (asker.owner, asker.session)
        session = self._sessions.setdefault(key, Session())
        self._sessions.move_to_end(key)
        while len(self._sessions) > REMEMBERED_SESSIONS:
            self._sessions.popitem(last=False)
        # Points are large: only those who asked last keep theirs.
        with_points = [known for known in self._sessions.values() if known.points]
        for known in with_points[: -self.settings.limits.sessions_with_points]:
            known.points = {}
        if asker.sequence is not None:
            if asker.sequence < session.newest:
                raise refuse("superseded", "superseded", sequence=asker.sequence)
            session.newest = asker.sequence
        return session

    async def plan(self, scenario: Scenario, asker: Asker, *, keep_cooling: bool) -> tuple[Plan, Circumstances]:
        """The plan of a scenario; raises `RefusedError`, `InputError`, `SolverError` or `TooLongError`."""
        session = self.note(asker)
        held = session.cooling_system if keep_cooling and scenario.cooling.system == "auto" else None
        if held is not None and held not in scenario.cooling.candidates:
            held = None
        name = plan_id(scenario, cooling_system=held)
        known = self._plans.get(name)
        if known is not None:
            self._plans.move_to_end(name)
            plan, how = known
            session.cooling_system = plan.cooling_system or session.cooling_system
            await self._write(plan, how, asker.owner, new=False)
            return plan, replace(how, cached=True)
        try:
            plan, seconds, shared = await self._solve(name, scenario, held, asker)
        except RefusedError as refusal:
            if refusal.kind != "superseded" or self._is_overtaken(asker):
                raise
            # The others who asked the same were overtaken, this one was not.
            plan, seconds, shared = await self._solve(name, scenario, held, asker)
        how = Circumstances(name, time.time(), seconds, "instant", shared, held is not None)
        is_first = not shared and name not in self._plans
        await self._write(plan, how, asker.owner, new=is_first)
        if name not in self._plans:
            self._remember(name, plan, how)
        session.cooling_system = plan.cooling_system or session.cooling_system
        return plan, how

    async def _solve(self, name: str, scenario: Scenario, held: str | None, asker: Asker) -> tuple[Plan, float, bool]:
        flight = self._flights.get(name)
        shared = flight is not None
        if flight is None:
            self._require_room(asker.owner)
            flight = self._flights[name] = _Flight()
        flight.askers.append(asker)
        if flight.future is None:
            loop = asyncio.get_running_loop()
            session = self._sessions.get((asker.owner, asker.session)) if asker.session else None
            flight.future = loop.run_in_executor(self._solvers, self._build_for, scenario, held, flight, session)
            flight.future.add_done_callback(lambda _: self._flights.pop(name, None))
        plan, seconds = await asyncio.shield(flight.future)
        return plan, seconds, shared

    def _require_room(self, owner: str) -> None:
        """Refuse where too many questions wait, of all or of this owner."""
        limits, waiting = self.settings.limits, len(self._flights)
        own = sum(any(asker.owner == owner for asker in flight.askers) for flight in self._flights.values())
        if not self.settings.is_local and own >= limits.waiting_answers_per_owner:
            raise refuse("busy", "own_answers_full", headers={"Retry-After": "2"}, count=own)
        if waiting >= limits.waiting_answers:
            raise refuse("busy", "answers_full", headers={"Retry-After": "2"}, count=waiting)

    def _build_for(
        self, scenario: Scenario, held: str | None, flight: _Flight, session: Session | None
    ) -> tuple[Plan, float]:
        """A plan; where a cooling system is held, from the session's points, which are renewed in any case."""
        points: dict[str, WarmStart] = dict(session.points) if session is not None and held is not None else {}
        begun = time.perf_counter()
        try:
            with while_wanted(lambda: not all(map(self._is_overtaken, flight.askers))):
                end_if_unwanted()
                plan = _build(scenario, held, None if session is None else points)
        except UnwantedError:
            raise refuse("superseded", "superseded", sequence=flight.askers[0].sequence) from None
        if plan.status != "optimal":
            raise TooLongError
        if session is not None:
            session.points = {**session.points, **points}
        return plan, time.perf_counter() - begun

    def _is_overtaken(self, asker: Asker) -> bool:
        session = self._sessions.get((asker.owner, asker.session))
        return asker.sequence is not None and session is not None and asker.sequence < session.newest

    def _remember(self, name: str, plan: Plan, how: Circumstances) -> None:
        self._plans[name] = (plan, how)
        self._plans.move_to_end(name)
        steps = sum(len(known.time) for known, _ in self._plans.values())
        while (steps > REMEMBERED_STEPS and len(self._plans) > 1) or len(self._plans) > REMEMBERED_PLANS:
            _, (oldest, _) = self._plans.popitem(last=False)
            steps -= len(oldest.time)

    async def _write(self, plan: Plan, how: Circumstances, owner: str, *, new: bool) -> None:
        """Wait until the store has it; raises what the database says where it cannot be kept.

        A plan that is not `new` may have left the store meanwhile.
        """
        content = partial(pack_plan, plan, with_hours=False)
        kept = Kept(how.id, owner, content, "instant", how.seconds, cooling_kept=how.cooling_kept, new=new)
        await asyncio.shield(asyncio.wrap_future(self._writer.add(kept)))

    def _keep(self, kept: Sequence[Kept]) -> None:
        self.store.keep_plans(kept)
        self._unpruned += len(kept)
        if self._unpruned >= BETWEEN_PRUNINGS:
            self._unpruned = 0
            try:
                self.store.prune_plans(self.settings.limits.stored_plans)
            except Exception:
                log.exception("old plans could not be removed")

    def forget(self, name: str) -> bool:
        """Forget a plan; whether it was remembered."""
        return self._plans.pop(name, None) is not None

    async def after_writes(self, act: Callable[..., Result], *arguments: object) -> Result:
        """Do something to the store when all that was answered before is in it."""
        return await asyncio.wrap_future(self._writer.after_writes(act, *arguments))

    async def find(self, name: str, caller: Caller) -> tuple[Plan, Circumstances]:
        """A plan that the caller may see; what it may not see is not there for it."""
        loop = asyncio.get_running_loop()
        if not await loop.run_in_executor(None, may_see_plan, self.store, name, caller):
            raise refuse("not-found", "no_plan", name=name)
        return await self.look_up(name)

    async def look_up(self, name: str) -> tuple[Plan, Circumstances]:
        """A plan by its id, whosever it is: remembered, stored, or solved again where its hours were not stored."""
        known = self._plans.get(name)
        if known is not None:
            self._plans.move_to_end(name)
            return known
        loop = asyncio.get_running_loop()
        row = await loop.run_in_executor(None, self.store.find_plan, name)
        if row is None:
            raise refuse("not-found", "no_plan", name=name)
        how = Circumstances(
            row["id"], row["created"], row["seconds"], row["work"], cooling_kept=bool(row["cooling_kept"])
        )
        if row["hours"] is not None:
            plan = await loop.run_in_executor(None, restore_plan, row["scenario"], row["summary"], row["hours"])
        else:
            plan = await loop.run_in_executor(self._solvers, _build_again, row)
        self._remember(name, plan, how)
        return plan, how

    def warm_up(self) -> None:
        """Load and compile what the first question needs, so that it need not wait."""
        try:
            from kiban.scenario.examples import load_scenario

            scenario = load_scenario()
            short = scenario.model_copy(update={"time": scenario.time.model_copy(update={"hours": 168})})
            self._solvers.submit(build, short)
        except Exception:
            log.exception("the first example could not be planned")


def _build(scenario: Scenario, held: str | None, points: MutableMapping[str, WarmStart] | None = None) -> Plan:
    """The plan of a scenario, with one cooling system only where one is held; it does not say why there is none."""
    if held is None:
        return build(scenario, warm=points, explain=False)
    cooling = scenario.cooling.model_copy(update={"system": held})
    plan = build(scenario.model_copy(update={"cooling": cooling}), warm=points, explain=False)
    return replace(plan, scenario=scenario)


def _build_again(row: Row) -> Plan:
    """The plan of a stored scenario, which has to cost what it cost before."""
    summary = unpack(row["summary"])
    held = summary["cooling_system"] if row["cooling_kept"] else None
    plan = _build(restore_scenario(unpack(row["scenario"])), held)
    if plan.status != "optimal":
        raise refuse("gone", "old_plan", name=row["id"])
    before = row["cost_myen_per_year"]
    same = before is not None and abs(plan.cost_myen_per_year - before) <= SAME_COST * max(1.0, abs(before))
    if row["edition"] != edition() and not same:
        raise refuse("gone", "old_plan", name=row["id"])
    return plan
