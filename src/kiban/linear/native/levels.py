"""Levels of the instruction set: one library is built for each, and the best that the processor has is loaded.

Three levels of x86-64 as its psABI defines them (System V Application Binary Interface, AMD64 supplement, table 3.1);
any other processor has a single level, named as the processor is. The build reads this file too, before there is a
package: it imports nothing of kiban.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

X86_64: Final = ("x86-64-v2", "x86-64-v3", "x86-64-v4")
"""From the lowest to the highest; each has what those before it have."""

_SAME = {"amd64": "x86-64", "x86_64": "x86-64", "aarch64": "arm64"}
_SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")

# (register, bit) of what a level adds; registers as `kiban_processor` of processor.cpp gives them.
_LEAF_1, _LEAF_7, _LEAF_80000001, _STATE = range(4)
_ADDED: Final = {
    "x86-64-v2": (
        (_LEAF_1, 0),  # SSE3
        (_LEAF_1, 9),  # SSSE3
        (_LEAF_1, 13),  # CMPXCHG16B
        (_LEAF_1, 19),  # SSE4.1
        (_LEAF_1, 20),  # SSE4.2
        (_LEAF_1, 23),  # POPCNT
        (_LEAF_80000001, 0),  # LAHF and SAHF
    ),
    "x86-64-v3": (
        (_LEAF_1, 12),  # FMA
        (_LEAF_1, 22),  # MOVBE
        (_LEAF_1, 27),  # OSXSAVE
        (_LEAF_1, 28),  # AVX
        (_LEAF_1, 29),  # F16C
        (_LEAF_7, 3),  # BMI1
        (_LEAF_7, 5),  # AVX2
        (_LEAF_7, 8),  # BMI2
        (_LEAF_80000001, 5),  # LZCNT
        (_STATE, 1),  # the system saves the 16-byte registers
        (_STATE, 2),  # and their upper halves
    ),
    "x86-64-v4": (
        (_LEAF_7, 16),  # AVX512F
        (_LEAF_7, 17),  # AVX512DQ
        (_LEAF_7, 28),  # AVX512CD
        (_LEAF_7, 30),  # AVX512BW
        (_LEAF_7, 31),  # AVX512VL
        (_STATE, 5),  # the system saves the masks
        (_STATE, 6),  # the upper halves of the first sixteen 64-byte registers
        (_STATE, 7),  # and the other sixteen
    ),
}


def levels_of(machine: str = "") -> tuple[str, ...]:
    """Levels of a machine, by default of this one, from the lowest to the highest; none for a Python of 32 bits."""
    name = (machine or platform.machine()).lower()
    if not name or sys.maxsize < 2**32:
        return ()
    name = _SAME.get(name, name)
    return X86_64 if name == "x86-64" else (name,)


def carried(levels: Sequence[str], registers: Sequence[int]) -> tuple[str, ...]:
    """Those levels, given from the lowest to the highest, that a processor with these registers carries.

    `registers`: what `kiban_processor` fills in. macOS on x86-64 shows the state of AVX-512 only to a thread that has
    used it, so that x86-64-v3 is the highest level there.
    """
    found: list[str] = []
    for level in levels:
        if not all(registers[register] >> bit & 1 for register, bit in _ADDED.get(level, ())):
            break
        found.append(level)
    return tuple(found)


def library_in(folder: Path, level: str) -> Path:
    """The file of a level's library."""
    return folder / f"kernel-{level}{_SUFFIX}"


def digest_sources(folder: Path) -> str:
    """A digest of the C++ sources in a folder, names included; the empty string where there are none."""
    sources = sorted((*folder.glob("*.cpp"), *folder.glob("*.hpp")), key=lambda path: path.name)
    digest = hashlib.sha256()
    for source in sources:
        content = source.read_bytes()
        digest.update(f"{source.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16] if sources else ""
