"""What the weather alone decides, remembered: prices, limits and policy move without doing the physics again.

A remembered function is pure and its arguments are hashable (`Weather` is known by its identity). Its arrays become
read-only, since they are handed out again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

MOST_BYTES = 96_000_000
"""Some seventy weather years with what follows from them."""

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


class Memory:
    """Answers by question, up to a number of bytes of their arrays; those that were asked for longest ago leave it."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.held_bytes = 0
        self._answers: OrderedDict[Any, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, question: Any) -> Any:
        """The answer, or None where it is not remembered."""
        with self._lock:
            known = self._answers.get(question)
            if known is None:
                return None
            self._answers.move_to_end(question)
            return known[0]

    def keep(self, question: Any, answer: Any) -> None:
        """Remember an answer, whose arrays become read-only."""
        size = _freeze(answer)
        with self._lock:
            if size > self.most_bytes or question in self._answers:
                return
            self._answers[question] = (answer, size)
            self.held_bytes += size
            while self.held_bytes > self.most_bytes:
                self.held_bytes -= self._answers.popitem(last=False)[1][1]


memory = Memory(MOST_BYTES)


def remembered(function: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """The function, which answers the same question a second time from memory."""

    @wraps(function)
    def answer(*asked: Asked.args, **named: Asked.kwargs) -> Answer:
        question = (function, asked, tuple(sorted(named.items())))
        found: Answer | None = memory.find(question)
        if found is None:
            found = function(*asked, **named)
            memory.keep(question, found)
        return found

    return answer


def _freeze(item: Any) -> int:
    """Make the arrays of an item read-only and return their bytes."""
    if isinstance(item, np.ndarray):
        item.setflags(write=False)
        return item.nbytes
    if isinstance(item, tuple):
        return sum(map(_freeze, item))
    if is_dataclass(item) and not isinstance(item, type):
        return sum(_freeze(getattr(item, field.name)) for field in fields(item))
    return 0
