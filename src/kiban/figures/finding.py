"""The figure that somebody means: by its path, a part of it, or the name under which it is printed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final

from kiban.errors import InputError, Problem
from kiban.figures.leaves import Leaf, Path, dotted

MOST_NAMED_FIGURES: Final = 12
"""Figures that are named where several could be meant."""
LONGEST_QUESTION: Final = 200
MOST_NEAR_FIGURES: Final = 5


def find_figure(asked: str, leaves: Mapping[Path, Leaf], names_of: Callable[[Path], Sequence[str]]) -> Path:
    """The path of the one figure that is meant; `names_of` are the names under which it is printed.

    Its whole path comes before its last parts, these before its printed name, that before a part of either. Raises
    `InputError` that names the figures which could be meant, or the nearest where there is none.
    """
    figures = [path for path, value in leaves.items() if value is not None]
    wanted = asked.strip().casefold()[:LONGEST_QUESTION]
    names_of = cache(names_of)
    tests: tuple[Callable[[Path], bool], ...] = (
        lambda path: dotted(path).casefold() == wanted,
        lambda path: dotted(path).casefold().endswith(f".{wanted}"),
        lambda path: wanted in {name.casefold() for name in names_of(path)},
        lambda path: wanted in dotted(path).casefold(),
        lambda path: any(wanted in name.casefold() for name in names_of(path)),
    )
    for test in tests if wanted else ():
        found = [path for path in figures if test(path)]
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(_several(asked, found))
    raise InputError(_unknown(asked, figures, names_of))


def _several(asked: str, found: Sequence[Path]) -> Problem:
    named = tuple(dotted(path) for path in found[:MOST_NAMED_FIGURES])
    return Problem("why.several", key=asked, count=len(found), names=named, first=named[0])


def _unknown(asked: str, figures: Sequence[Path], names_of: Callable[[Path], Sequence[str]]) -> Problem:
    by_word: dict[str, Path] = {}
    for path in figures:
        for word in (dotted(path), path[-1], *names_of(path)):
            by_word.setdefault(word.casefold(), path)
    near = difflib.get_close_matches(
        asked.casefold()[:LONGEST_QUESTION], list(by_word), n=MOST_NEAR_FIGURES, cutoff=0.4
    )
    names = tuple(dict.fromkeys(dotted(by_word[word]) for word in near))
    if not names:
        return Problem("why.unknown", key=asked, remedy="why.list")
    return Problem("why.unknown", key=asked, remedy="why.nearest", names=names)
