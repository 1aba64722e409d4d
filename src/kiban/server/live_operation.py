"""The journal of `kiban operate`, followed as it grows: what the screen Run shows of a campus that is operated now.

Every line is checked against the one before, as `kiban replay` does. A line without its end is not there yet.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, TypedDict

from kiban.errors import reason_of
from kiban.operation.live.journal import BrokenJournalError, Entry, Journal, read_on
from kiban.quantities import LANGUAGES, Language, format_number
from kiban.report.names import Names
from kiban.report.phrases import phrase

KEPT_STEPS: Final = 288
"""A day of steps."""
KEPT_ORDERS: Final = 20
MOST_READ_BYTES: Final = 64_000_000
"""Read at once."""
State = Literal["off", "absent", "following", "broken"]


class LiveStep(TypedDict):
    """A decision: the limit, why, what is expected of the hour and what was heard with it, MW and MWh."""

    number: int
    at: str
    reason: Names
    sentence: Names
    firm_mw: float
    flexible_mw: float
    expires: str
    expected: dict[str, float]
    measured: dict[str, float | None]
    faults: int


class LiveOrder(TypedDict):
    """An order of a person or a call of the grid; `amount_mw` is what flexible compute or the import may draw."""

    number: int
    at: str
    kind: str
    who: str
    begins: str
    ends: str
    amount_mw: float


class LiveDocument(TypedDict):
    """A journal that is followed: the newest day of steps, the newest orders, and what is wrong with it."""

    state: State
    problem: Names | None
    decisions: int
    steps: list[LiveStep]
    orders: list[LiveOrder]


NOTHING: Final[LiveDocument] = {"state": "off", "problem": None, "decisions": 0, "steps": [], "orders": []}


class JournalFollower:
    """One journal, read on as it grows; methods may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._read = Journal((), 0, 0)
        self._place = 0
        self._decisions = 0
        self._steps: deque[LiveStep] = deque(maxlen=KEPT_STEPS)
        self._orders: deque[LiveOrder] = deque(maxlen=KEPT_ORDERS)
        self._state: State = "absent"
        self._problem: Names | None = None

    def look(self) -> LiveDocument:
        """What the journal says now."""
        with self._lock:
            try:
                while self._read_on():
                    pass
            except FileNotFoundError:
                self._forget()
            except OSError as error:
                self._break("operate.unreadable", reason=reason_of(error))
            except BrokenJournalError as error:
                self._break("operate.broken", line=error.line)
            return {
                "state": self._state,
                "problem": self._problem,
                "decisions": self._decisions,
                "steps": list(self._steps),
                "orders": list(self._orders),
            }

    def _read_on(self) -> bool:
        """Read what is new; whether there may be more."""
        # The file was named by who started the server, and not by who asks.
        with self.path.open("rb") as file:
            size = file.seek(0, 2)
            if size < self._place:
                self._forget()  # another journal lies in its place
            if self._state == "broken":
                return False
            self._state = "following"
            file.seek(self._place)
            content = file.read(MOST_READ_BYTES)
        found = read_on(content, self._read)
        self._place += found.whole_bytes
        for entry in found.entries:
            self._take(entry)
        if found.entries:
            self._read = Journal(found.entries[-1:], 0, 0)
        return self._place < size and found.whole_bytes > 0

    def _take(self, entry: Entry) -> None:
        if entry.kind == "step":
            self._decisions += 1
            self._steps.append(_step(entry.number, entry.content))
        elif entry.kind in ("override", "call"):
            order = entry.content["order"]
            amount = order["flexible_mw"] if entry.kind == "override" else order["import_limit_mw"]
            self._orders.append(
                {
                    "number": entry.number,
                    "at": entry.content["at"],
                    "kind": entry.kind,
                    "who": order["who"],
                    "begins": order["begins"],
                    "ends": order["ends"],
                    "amount_mw": amount,
                }
            )

    def _break(self, key: str, **blanks: object) -> None:
        self._state = "broken"
        self._problem = {"en": phrase(key, "en", **blanks), "ja": phrase(key, "ja", **blanks)}


def _step(number: int, content: Mapping[str, Any]) -> LiveStep:
    decision = content["decision"]
    limit = decision["limit"]
    reason = {language: phrase(f"limit_reason.{limit['reason']}", language) for language in LANGUAGES}
    measured = {series: value for series, _, value in content["readings"]}
    return {
        "number": number,
        "at": content["at"],
        "reason": {"en": reason["en"], "ja": reason["ja"]},
        "sentence": {"en": _sentence(limit, "en"), "ja": _sentence(limit, "ja")},
        "firm_mw": limit["firm_mw"],
        "flexible_mw": limit["flexible_mw"],
        "expires": limit["expires"],
        "expected": dict(decision["guess"]),
        "measured": measured,
        "faults": len(decision["faults"]),
    }


def _sentence(limit: Mapping[str, Any], language: Language) -> str:
    """The limit that holds, until when, and why."""
    return phrase(
        "operate.holds",
        language,
        until=f"{datetime.fromisoformat(limit['expires']):%Y-%m-%d %H:%M}",
        flexible=format_number(limit["flexible_mw"]),
        firm=format_number(limit["firm_mw"]),
        reason=phrase(f"limit_reason.{limit['reason']}", language),
    )
