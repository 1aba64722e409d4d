"""The figures of a document by their paths: `costs.pv`, `areas.tokyo.price_after_yen_per_kwh`, `bridge.0.amount_myen`.

An element of a list is called by what tells it from the others, its `id` or its `name` say, else by its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

Path = tuple[str, ...]
Leaf = str | int | float | bool | None
IDENTITIES = ("id", "party", "name", "asset", "kind", "year", "rate", "area")
"""Keys by which elements of a list are told apart, in this order."""
REST = "**"
_BETWEEN = "\x1f"


def leaves_of(document: Any, before: Path = ()) -> Iterator[tuple[Path, Leaf]]:
    """Every leaf with its path; an empty list or table is a leaf that is None."""
    if isinstance(document, Mapping) and document:
        for key, value in document.items():
            yield from leaves_of(value, (*before, str(key)))
    elif isinstance(document, list | tuple) and document:
        for label, value in zip(_labels(document), document, strict=True):
            yield from leaves_of(value, (*before, label))
    else:
        yield before, None if isinstance(document, Mapping | list | tuple) else document


def _labels(elements: Sequence[Any]) -> list[str]:
    for key in IDENTITIES:
        found = [element.get(key) if isinstance(element, Mapping) else None for element in elements]
        if all(isinstance(one, str | int | float) and one != "" for one in found) and len(set(found)) == len(found):
            return [str(one) for one in found]
    return [str(place) for place in range(len(elements))]


def dotted(path: Path) -> str:
    """A path as people write it."""
    return ".".join(path)


def match(pattern: Path, path: Path) -> tuple[str, ...] | None:
    """What the stars of a pattern stand for in a path, None where it is another; `**` at the end is any rest."""
    found = _compiled(pattern).fullmatch(_BETWEEN.join(path))
    return None if found is None else tuple(star.replace(_BETWEEN, ".") for star in found.groups())


@cache
def _compiled(pattern: Path) -> re.Pattern[str]:
    """A pattern as an expression over a path whose segments are joined by what stands in no name."""
    rest = pattern[-1:] == (REST,)
    segments = [
        re.escape(segment).replace(r"\*", f"([^{_BETWEEN}]*)") for segment in (pattern[:-1] if rest else pattern)
    ]
    return re.compile(_BETWEEN.join(segments) + (f"(?:{_BETWEEN}|$)(.*)" if rest else ""), re.DOTALL)


def select(leaves: Mapping[Path, Leaf], pattern: str) -> list[tuple[Path, Leaf]]:
    """Leaves by a dotted pattern; `[capacity=pv]` stands for the elements of a list with that value of that key."""
    if not any(sign in pattern for sign in "*["):
        path = tuple(pattern.split("."))
        return [(path, leaves[path])] if path in leaves else []
    segments = tuple(re.findall(r"\[[^\]]*\]|[^.\[]+", pattern))
    plain = tuple("*" if segment.startswith("[") else segment for segment in segments)
    filters = {place: segment[1:-1].partition("=") for place, segment in enumerate(segments) if segment[0] == "["}
    head, last, length = plain[0], plain[-1], len(plain)
    return [
        (path, value)
        for path, value in leaves.items()
        # Most paths differ in length or at an end, which is seen sooner than by the expression.
        if len(path) == length
        and (path[0] == head or "*" in head)
        and (path[-1] == last or "*" in last)
        and match(plain, path) is not None
        and all(str(leaves.get((*path[: place + 1], key))) == wanted for place, (key, _, wanted) in filters.items())
    ]
