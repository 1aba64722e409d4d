"""Remedies of what another version of kiban wrote: a journal whose decisions were others, and a plan without hours."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
from tests.cases.emulated_campus import EmulatedCampus, EmulatedSource
from tests.cases.operated import SMALL, plan_of
from tests.cases.servers import study
from tests.remedies import Case, Ground, Step
from tests.remedies.serving import served
from tests.server.test_operating import BEGINS, origin_of

from kiban.operation.live import steering
from kiban.operation.live.campus import read_campus
from kiban.operation.live.journal import JournalFile
from kiban.server import answers, packing, store
from kiban.server.operating.clocks import FastClock
from kiban.server.operating.service import Service
from kiban.server.tables import plans


def operated(g: Ground) -> Path:
    """A journal of ten minutes, written by a version whose limits hold longer."""
    path, plan = g.folder / "journal", plan_of(SMALL)
    if not path.exists():
        campus = read_campus(plan)
        emulated = EmulatedCampus(campus, BEGINS)
        with of_another_version(g), closing(JournalFile(path)) as journal:
            source, clock = EmulatedSource(emulated), FastClock(BEGINS, float("inf"))
            service = Service(campus, journal, origin_of(plan), source=source, clock=clock, apply=emulated.apply)
            service.run(threading.Event(), BEGINS + timedelta(minutes=10))
    return path


@contextmanager
def of_another_version(g: Ground) -> Iterator[None]:
    with g.change.context() as change:
        change.setattr(steering, "LIFE", timedelta(minutes=20))
        yield


def replayed(g: Ground, *, same_version: bool) -> Step:
    def step() -> object:
        path = operated(g)
        if not same_version:
            return g.command("replay", path, "--plan", SMALL)
        with of_another_version(g):
            return g.command("replay", path, "--plan", SMALL)

    return step


def plan_of_another_version(g: Ground) -> str:
    """The id of a plan that is stored without its hours, and whose figures this version does not find."""
    client = served()
    with g.change.context() as change:
        for module in (answers, packing, store):
            change.setattr(module, "edition", lambda: "another")
        found: str = client.post("/api/v1/plans", json=study(target__clean_share=0.57)).json()["plan"]["id"]
    with client.service.store.writing() as connection:
        cost = plans.c.cost_myen_per_year
        connection.execute(plans.update().where(plans.c.id == found).values({cost.name: 1.01 * cost}))
    client.service.answers.forget(found)
    return found


def looked_at(g: Ground, *, planned_again: bool) -> Step:
    """The hours of that plan, or of the one that its scenario has now."""

    def step() -> httpx.Response:
        name, client = plan_of_another_version(g), served()
        if planned_again:
            name = client.post("/api/v1/plans", json={"plan": name}).json()["plan"]["id"]
        return client.get(f"/api/v1/plans/{name}/hourly?columns=load_mw&to=2")

    return step


CASES: Mapping[str, Case] = {
    "journal.differs": lambda g: (replayed(g, same_version=False), replayed(g, same_version=True)),
    "old_plan": lambda g: (looked_at(g, planned_again=False), looked_at(g, planned_again=True)),
}
