"""What must be the same on two machines for the same bits to come out of the same task.

The edition of kiban, the level of the instruction set for which its kernel was compiled, the libraries that calculate,
and the instructions that numpy chose for this processor: its exponentials differ in the last bit from one to another.
"""

from __future__ import annotations

import importlib
import json
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Final

from kiban.errors import InputError, Problem
from kiban.version import edition

KERNEL: Final = "kiban.linear.native.library"
"""Knows the level; it stands beside this part of kiban, and is fetched where it is asked."""
LIBRARIES: Final = ("numpy", "scipy", "pandas", "pvlib", "clarabel", "highspy")
NO_KERNEL: Final = "none"


@cache
def describe_likeness() -> Mapping[str, str]:
    """What this process calculates with, by name."""
    from numpy import show_config

    library = importlib.import_module(KERNEL).find_library()
    chosen = show_config(mode="dicts") or {}
    instructions = chosen.get("SIMD Extensions", {})
    return {
        "edition": edition(),
        "processor_level": library.level if library is not None else NO_KERNEL,
        "python": platform.python_version(),
        "c_library": "-".join(platform.libc_ver()),
        "machine": platform.machine(),
        **{name: version(name) for name in LIBRARIES},
        "numpy_instructions": " ".join([*instructions.get("baseline", []), *instructions.get("found", [])]),
    }


@cache
def likeness_text() -> str:
    """The same as one line of JSON."""
    return json.dumps(describe_likeness())


def require_likeness(own: str, theirs: Mapping[str, str]) -> None:
    """Raise `InputError` with a problem for each worker that differs, by its first difference from this process.

    `own` is the line of this process, `theirs` those of workers by their address.
    """
    problems = []
    for address, text in theirs.items():
        here, there = json.loads(own), json.loads(text)
        unlike = [name for name in {**here, **there} if here.get(name) != there.get(name)]
        if unlike:
            name = unlike[0]
            remedy = "pool.edition" if name == "edition" else "pool.unlike"
            problems.append(
                Problem("pool.unlike", address, name, remedy=remedy, here=here.get(name, ""), there=there.get(name, ""))
            )
    if problems:
        raise InputError(problems)
