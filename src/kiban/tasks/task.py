"""One answer to make: a function of a module by its name, plain arguments, and the key of its answer.

What goes in and comes out are plain JSON values, so that a task can be handed to another process or machine, and an
answer outlives the process that made it: no pickles. A float is written in its shortest form that gives the same float
again (`repr`, IEEE 754 binary64), so that an answer that was kept is the one that was made, to the last bit.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

OWN_PACKAGE = "kiban"
LONGEST_FUNCTION_NAME = 60
"""Characters of a function's name that stand in the key, for a reader of the store."""


class Key(NamedTuple):
    """What an answer is kept under: what was asked about, what was asked, and the edition that answered."""

    subject: str
    question: str
    edition: str


@dataclass(frozen=True, slots=True)
class Task:
    """`function` is `MODULE:NAME` of a function of kiban's at the top of its module; `arguments` are plain values.

    `subject` names what is asked about by its content (`digest`), and `asked` what is asked of it: the two say
    everything that the answer depends on. Other arguments only say how to come by it, such as the folder of a file.
    """

    function: str
    arguments: Mapping[str, Any]
    subject: str
    asked: Any

    @property
    def question(self) -> str:
        """The question in the key: the function, and a digest of what is asked."""
        return f"{self.function.rpartition(':')[2][:LONGEST_FUNCTION_NAME]}-{digest(self.asked)}"

    def key(self, edition: str) -> Key:
        """The key of the answer that an edition gives."""
        return Key(self.subject, self.question, edition)


def digest(content: Any) -> str:
    """SHA-256 of plain values, whatever the order of their keys."""
    return hashlib.sha256(to_text(content, in_order=True).encode("utf-8")).hexdigest()


def to_text(content: Any, *, in_order: bool = False) -> str:
    """Plain values as JSON: floats in their shortest exact form, keys as they come or in order.

    ValueError for numbers that are not finite, TypeError for anything that is not plain.
    """
    return json.dumps(content, ensure_ascii=False, allow_nan=False, sort_keys=in_order, separators=(",", ":"))


def from_text(text: str) -> Any:
    """The values of `to_text`."""
    return json.loads(text)


def find_function(name: str) -> Callable[..., Any]:
    """The function behind `MODULE:NAME`; ValueError for one that is not kiban's own."""
    module, _, inside = name.partition(":")
    if module.split(".")[0] != OWN_PACKAGE or not inside.isidentifier():
        raise ValueError(f"{name} names no function of {OWN_PACKAGE}")
    try:
        found = getattr(importlib.import_module(module), inside, None)
    except ImportError as error:
        raise ValueError(f"{name} names no function of {OWN_PACKAGE}: {error}") from None
    # What a module takes from elsewhere, such as a way to start programs, is not its own.
    if callable(found) and str(found.__module__).split(".")[0] == OWN_PACKAGE:
        return cast(Callable[..., Any], found)
    raise ValueError(f"{name} names no function of {OWN_PACKAGE}")
