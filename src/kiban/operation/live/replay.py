"""A journal is run through again: the same inputs, and from them the same decisions to the byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kiban.errors import OutputError, Problem
from kiban.operation.live.campus import Campus
from kiban.operation.live.journal import Entry
from kiban.operation.live.orders import restore_order
from kiban.operation.live.record import decision_bytes, decision_content, restore_issued, restore_readings
from kiban.operation.live.steering import LAST_PLAN, Steering


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision as it was written, and as it is made again; `line` is that of the journal."""

    line: int
    at: str
    written: bytes
    decided: bytes

    @property
    def is_same(self) -> bool:
        """Whether both are the same bytes."""
        return self.written == self.decided


def replay(entries: Sequence[Entry], campus: Campus) -> Iterator[Replayed]:
    """Every decision of a journal again."""
    steering = begin(entries, campus)
    for entry in entries:
        decided = take(steering, entry, deciding=True)
        if decided is not None:
            content = entry.content
            written = decision_bytes(content["decision"])
            yield Replayed(entry.number, content["at"], written, decision_bytes(decided))


def resume(entries: Sequence[Entry], campus: Campus) -> Steering:
    """The state at the end of a journal; only the last hours are decided again, since only these have an effect."""
    steering = begin(entries, campus)
    steps = [entry for entry in entries if entry.kind == "step"]
    edge = datetime.fromisoformat(steps[-1].content["at"]) - LAST_PLAN if steps else None
    for entry in entries:
        near = entry.kind != "step" or (edge is not None and datetime.fromisoformat(entry.content["at"]) >= edge)
        take(steering, entry, deciding=near)
    return steering


def begin(entries: Sequence[Entry], campus: Campus) -> Steering:
    """The state before the first line of a journal."""
    begun = entries[0].content
    return Steering(campus, datetime.fromisoformat(begun["begins"]), begun["account"])


def take(steering: Steering, entry: Entry, *, deciding: bool) -> dict[str, Any] | None:
    """Take a line; the decision that it led to, where it is one and is to be made again."""
    content = entry.content
    if entry.kind in ("override", "call"):
        steering.order(restore_order(entry.kind, content["order"]))
    elif entry.kind == "forecast":
        steering.forecast(restore_issued(content))
    elif entry.kind == "step":
        now = datetime.fromisoformat(content["at"])
        faults = steering.hear(now, restore_readings(content["readings"]))
        if deciding:
            solves = not content["decision"]["unsolved"]
            return decision_content(steering.decide(now, solves=solves), faults)
        steering.number += 1
    return None


def check_plan(entries: Sequence[Entry], digest: str, where: str) -> None:
    """Raise `OutputError` where a journal is of another plan, or does not begin as one does."""
    if not entries or entries[0].kind != "begun":
        raise OutputError(Problem("journal.empty", where))
    written = entries[0].content["plan"]
    if written != digest:
        raise OutputError(Problem("journal.other_plan", where, written=written[:12], given=digest[:12]))
