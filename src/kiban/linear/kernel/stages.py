"""The compiled stages of the method, one C function each, and the row of numbers and addresses that they read.

`linear/native/system.hpp` names the places of the row; Python asks for the names, so that the list stands once.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, Final

import numpy as np

from kiban.arrays import Array
from kiban.linear.kernel.layout import Index
from kiban.linear.native.library import Library, find_library

_ADDRESS, _INTEGER, _NUMBER = ctypes.c_void_p, ctypes.c_longlong, ctypes.c_double
_GROUPS: Final = (_INTEGER, _INTEGER, _INTEGER)  # thread, first group, end of groups
_SIGNATURES: Final[dict[str, tuple[Any, ...]]] = {
    "kiban_find_shape": (),
    "kiban_carry_ends": (),
    "kiban_factorise": _GROUPS,
    "kiban_close": (),
    "kiban_forward": (_INTEGER, _INTEGER, *_GROUPS),
    "kiban_border": (_INTEGER,),
    "kiban_backward": (_INTEGER, _INTEGER, *_GROUPS),
    "kiban_move": (_INTEGER,),
    "kiban_refine": (),
    "kiban_return": (),
    "kiban_steps": (),
    "kiban_advance": (_NUMBER, _NUMBER, _NUMBER, *_GROUPS),
    "kiban_advance_border": (_NUMBER, _NUMBER),
}
_ANSWERS: Final = {"kiban_find_shape", "kiban_close", "kiban_refine"}

Value = Array | Index | int
Values = dict[str, Value]


@cache
def find_stages() -> Library | None:
    """The library with its functions declared; None where none was built."""
    library = find_library()
    if library is not None:
        for functions in (library.functions, library.brief):
            functions.kiban_fields.restype = ctypes.c_char_p
            for name, arguments in _SIGNATURES.items():
                function = getattr(functions, name)
                function.argtypes, function.restype = (_ADDRESS, *arguments), _INTEGER if name in _ANSWERS else None
    return library


class System:
    """The row: sizes, and the addresses of tables and arrays, which it keeps alive."""

    def __init__(self, stages: ctypes.CDLL, values: Values) -> None:
        names = stages.kiban_fields().decode().split()
        if set(names) != set(values):
            raise KeyError(f"places of the system: {sorted(set(names) ^ set(values))}")
        self._place = {name: place for place, name in enumerate(names)}
        self._held = dict(values)
        self._row = np.array([_number(values[name]) for name in names], dtype=np.int64)
        self.address = self._row.ctypes.data

    def put(self, name: str, value: Value) -> None:
        """Another number or array at a place."""
        self._held[name] = value
        self._row[self._place[name]] = _number(value)


def _number(value: Value) -> int:
    return value.ctypes.data if isinstance(value, np.ndarray) else value
