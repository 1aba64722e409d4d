"""What is ordered from outside: a person's override of the limit, and a call of the grid to draw less.

An order stands in the journal before it has an effect. The newest override that holds wins over everything, also over a
call; it says what compute that can wait may draw, since firm compute is never taken away. Calls that overlap hold each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from kiban.errors import InputError, Problem

MOST_TEXT = 500
"""Letters of a name or a reason."""


@dataclass(frozen=True, slots=True)
class Override:
    """What a person has decided: `flexible_mw` of compute that can wait, from `begins` to `ends`."""

    who: str
    why: str
    begins: datetime
    ends: datetime
    flexible_mw: float


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the grid: no more than `import_limit_mw` is drawn from `begins` to `ends`; `id` is the caller's."""

    id: str
    who: str
    begins: datetime
    ends: datetime
    import_limit_mw: float


Order = Override | Call
_KINDS: Mapping[str, type[Override] | type[Call]] = {"override": Override, "call": Call}


def kind_of(order: Order) -> Literal["override", "call"]:
    """How the journal calls it."""
    return "override" if isinstance(order, Override) else "call"


def order_content(order: Order) -> dict[str, Any]:
    """The order in types that JSON has."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(order).items()}


def restore_order(kind: str, content: Mapping[str, Any]) -> Order:
    """The order of `order_content`."""
    times = {name: datetime.fromisoformat(content[name]) for name in ("begins", "ends")}
    return _KINDS[kind](**{**content, **times})


def read_order(kind: str, content: Mapping[str, Any], now: datetime) -> Order:
    """An order as somebody sends it; raises `InputError` with everything that is wrong.

    `begins` may be absent and is now then. Times need their offset; an order that has ended is refused.
    """
    where = kind
    amount = "flexible_mw" if kind == "override" else "import_limit_mw"
    texts = ("who", "why") if kind == "override" else ("id", "who")
    allowed = (*texts, "begins", "ends", amount)
    problems = [Problem("order.key", where, key, allowed=allowed) for key in content if key not in allowed]
    found: dict[str, Any] = {}
    for key in texts:
        text = content.get(key)
        if not isinstance(text, str) or not 0 < len(text.strip()) <= MOST_TEXT:
            problems.append(Problem("order.text", where, key, most=MOST_TEXT))
        found[key] = text
    for key in ("begins", "ends"):
        given = content.get(key, now.isoformat() if key == "begins" else None)
        moment = _time(given)
        if moment is None:
            problems.append(Problem("order.time", where, key, text=str(given)))
        found[key] = moment
    value = content.get(amount)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < float("inf"):
        problems.append(Problem("order.amount", where, amount, text=str(value)))
    found[amount] = value
    if not problems and not found["begins"] < found["ends"]:
        problems.append(Problem("order.crossed", where, "ends", ends=found["ends"], begins=found["begins"]))
    if not problems and found["ends"] <= now:
        problems.append(Problem("order.over", where, "ends", ends=found["ends"].isoformat(), now=now.isoformat()))
    if problems:
        raise InputError(problems)
    return _KINDS[kind](**{**found, amount: float(found[amount])})


def _time(given: object) -> datetime | None:
    """A time with its offset; None for anything else."""
    if not isinstance(given, str):
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
