"""Find the kernel's compiled libraries, choose one for this processor, load it.

Nothing is written, compiled or unpickled here: the build has put one library for each level of the instruction set
beside this file, or none where it found no compiler.
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from kiban.errors import InputError, KibanError, Problem
from kiban.linear.native.levels import carried, digest_sources, levels_of, library_in

FOLDER: Final = Path(__file__).parent
LEVEL_VARIABLE: Final = "KIBAN_NATIVE_LEVEL"
"""The environment variable that names a level, or `NO_LEVEL`."""
NO_LEVEL: Final = "none"


@dataclass(frozen=True)
class Library:
    """A loaded library."""

    level: str
    """Level of the instruction set that it was compiled for."""
    sources: str
    """Digest of the sources that it was compiled from."""
    functions: ctypes.CDLL
    """Its functions; a call lets other threads run."""
    brief: ctypes.PyDLL
    """The same functions; a call lets no other thread of Python run, and need not wait for its turn to return."""


@cache
def find_library() -> Library | None:
    """The library for this process; None where none was built or `KIBAN_NATIVE_LEVEL` is `none`.

    Raises `InputError` where the variable names no level that can be used here, `KibanError` for a library from other
    sources than those that lie beside it.
    """
    return load_library(FOLDER, os.environ.get(LEVEL_VARIABLE, ""))


def load_library(folder: Path, chosen: str = "") -> Library | None:
    """As `find_library`, from the libraries in `folder`; `chosen` is a level, `NO_LEVEL`, or empty for the best."""
    known = levels_of()
    if chosen and chosen not in (*known, NO_LEVEL):
        levels = ", ".join((*known, NO_LEVEL))
        raise InputError(Problem("native.level", key=LEVEL_VARIABLE, level=chosen, levels=levels))
    if chosen == NO_LEVEL:
        return None
    built = [level for level in known if library_in(folder, level).is_file()]
    if not built and not chosen:
        return None
    if chosen and chosen not in built:
        raise InputError(Problem("native.not_built", key=LEVEL_VARIABLE, level=chosen))
    # Any library can say what the processor has; the lowest is the one that surely runs.
    has = carried(known, _read_registers(ctypes.CDLL(str(library_in(folder, built[0])))))
    if chosen and chosen not in has:
        raise InputError(Problem("native.not_carried", key=LEVEL_VARIABLE, level=chosen))
    usable = [level for level in built if level in has]
    if not usable:
        return None
    level = chosen or usable[-1]
    path = str(library_in(folder, level))
    library = ctypes.CDLL(path)
    library.kiban_sources.restype = ctypes.c_char_p
    sources = library.kiban_sources().decode()
    if digest_sources(folder) not in ("", sources):
        raise KibanError(f"The library of {level} was built from other C++ sources than these: run `make native`.")
    return Library(level, sources, library, ctypes.PyDLL(path))


def _read_registers(library: ctypes.CDLL) -> tuple[int, ...]:
    registers = (ctypes.c_uint32 * 4)()
    library.kiban_processor(registers)
    return tuple(registers)
