"""What a text may hold, asked before and while it is read: short keys, shallow tables, numbers of a sensible size.

`tomllib` needs memory and time that grow with the square of the parts of a dotted key (CPython issues 149231 and
152930), and Python's integers have no largest one. So a text is looked over once, in time that grows with its length
only, before anything reads it; and every number of a mapping is looked at once before anything calculates with it.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from kiban.errors import Problem, ScenarioError, limit_problems
from kiban.messages import Message

LARGEST_NUMBER = 1e15
LEAST_NUMBER = 1e-15
"""What is nearer to zero and not zero is no amount of anything: what is divided by it overflows."""
LARGEST_BY_KEY: Mapping[str, float] = {"tokens_per_year": 1e20}
"""Keys of larger numbers: a GW of servers writes some 1e17 tokens a year."""
MOST_TOML_LETTERS = 200_000
MOST_KEY_PARTS = 20
MOST_LEVELS = 50
MOST_VALUES = 50_000
LONGEST_WORD = 1_000
"""Letters of a bare key or digits of a number."""
LONGEST_NUMBER = 40

# A valid TOML text falls into these pieces from its beginning on; where it stops being valid, tomllib stops as well.
# The quantifiers are possessive, so that no text is looked at twice.
_PIECES = re.compile(
    r"""(?P<part>[A-Za-z0-9_+\-]++|"(?!"")(?:[^"\\\n]|\\[^\n])*+"|'(?!'')[^'\n]*+')"""
    r"""|(?P<dot>\.)"""
    r"""|(?P<open>[\[{])"""
    r"""|(?P<close>[\]}])"""
    r"""|(?P<space>[ \t]++)"""
    r'''|(?P<other>"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}|\'\'\'(?:[^']|'(?!''))*+'{3,5}|\#[^\n]*+'''
    r"""|[^"'\#\[\]{}.\ \tA-Za-z0-9_+\-]++)"""
    r"""|(?P<unfinished>["'])""",
    re.DOTALL,
)


def load_toml(text: str, where: str = "", key: str = "") -> dict[str, Any]:
    """The mapping in a TOML text; `ScenarioError` for what is no TOML or exceeds the bounds of this module."""
    problem = find_excess(text, where, key)
    if problem is not None:
        raise ScenarioError(problem)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        remedy = "scenario.mend_line" if where else ""
        raise ScenarioError(Problem("invalid_toml", where, key, remedy, reason=_short(str(error), 300))) from None
    except RecursionError:
        raise ScenarioError(Problem("nesting", where, key)) from None
    except ValueError as error:  # a date that does not exist
        raise ScenarioError(Problem("invalid_toml", where, key, "scenario.mend_line", reason=str(error))) from None


def find_excess(text: str, where: str = "", key: str = "") -> Problem | None:
    """What in a TOML text exceeds the bounds, with its line; None for a text that may be read."""
    if len(text) > MOST_TOML_LETTERS:
        return Problem("bounds.long", where, key, count=len(text), most=MOST_TOML_LETTERS)
    dots = depth = 0
    for piece in _PIECES.finditer(text):
        kind = piece.lastgroup
        if kind == "part":
            if piece.end() - piece.start() > LONGEST_WORD and piece.group()[0] not in "\"'":
                length = piece.end() - piece.start()
                place = _line_of(text, piece.start(), where)
                return Problem("bounds.word", place, key, length=length, most=LONGEST_WORD)
        elif kind == "dot":
            dots += 1
            if dots >= MOST_KEY_PARTS:
                return Problem("bounds.parts", _line_of(text, piece.start(), where), key, most=MOST_KEY_PARTS)
        elif kind == "unfinished":
            return None
        elif kind != "space":
            dots = 0
            depth += (kind == "open") - (kind == "close")
            if depth > MOST_LEVELS:
                return Problem("nesting", _line_of(text, piece.start(), where), key)
    return None


def bound_values(raw: Mapping[str, Any], where: str = "") -> tuple[dict[str, Any], list[Problem]]:
    """A copy of a mapping without numbers that nothing can calculate with, and a problem for each of those.

    What is left out becomes false, which no schema takes for a number: it too finds the fault at that key only. Raises
    `ScenarioError` for a mapping that nests too deeply or holds too much.
    """
    problems: list[Problem] = []
    count = 0

    def copy(node: Any, path: tuple[str, ...]) -> Any:
        nonlocal count
        count += 1
        if count > MOST_VALUES:
            raise ScenarioError(Problem("bounds.many", where, most=MOST_VALUES))
        if len(path) > MOST_LEVELS:
            raise ScenarioError(Problem("nesting", where, ".".join(path[:3])))
        if isinstance(node, Mapping):
            return {name: copy(value, (*path, str(name))) for name, value in node.items()}
        if isinstance(node, list | tuple):
            return [copy(value, (*path, str(place))) for place, value in enumerate(node)]
        if isinstance(node, int | float) and not isinstance(node, bool):
            problem = _find_fault(node, path)
            if problem is not None:
                problems.append(problem)
                return False
        return node

    copied: dict[str, Any] = copy(raw, ())
    return copied, limit_problems(problems)


def _find_fault(number: float, path: tuple[str, ...]) -> Problem | None:
    # Compared as they are: an integer may be too large for a float.
    most = LARGEST_BY_KEY.get(path[-1] if path else "", LARGEST_NUMBER)
    key = ".".join(path)
    if 0 < abs(number) < LEAST_NUMBER:
        bound, remedy = (LEAST_NUMBER, "at_least") if number > 0 else (-LEAST_NUMBER, "at_most")
        return Problem("value", key=key, remedy=remedy, value=repr(number), bound=f"{bound:g}")
    if -most <= number <= most:
        return None
    if isinstance(number, float) and not math.isfinite(number):
        return Problem("value", key=key, remedy="number", value=repr(number))
    shown = repr(number) if isinstance(number, float) else _short_integer(number)
    if number > 0:
        return Problem("value", key=key, remedy="at_most", value=shown, bound=f"{most:g}")
    return Problem("value", key=key, remedy="at_least", value=shown, bound=f"{-most:g}")


def _short_integer(number: int) -> str:
    """An integer as it is written, or its first digits; Python refuses to write those of thousands of digits."""
    digits = round(number.bit_length() * math.log10(2))
    return str(number) if digits <= LONGEST_NUMBER else f"{'-' if number < 0 else ''}1e{digits}"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _line_of(text: str, position: int, where: str) -> str | Message:
    line = text.count("\n", 0, position) + 1
    return Message("at.key_line", file=where, line=line) if where else Message("at.line_alone", line=line)
