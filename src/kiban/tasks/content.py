"""Values of kiban's own dataclasses and arrays as plain JSON values, and back to the same bits.

For what a task is about where that has no shorter name, such as the programme of a site. What is restored is made of
dataclasses of kiban, arrays and plain values alone: nothing is called but their constructors.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from kiban.tasks.task import find_function

KIND = "kind"


def plain_content(value: Any) -> Any:
    """A value as JSON has it; TypeError for what is none of dataclass, array, sequence, mapping, text or number."""
    if value is None or isinstance(value, str) or type(value) in {bool, int}:
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {KIND: "float", "text": repr(value)}
    if isinstance(value, np.generic):
        return {KIND: "number", "of": plain_content(np.asarray(value))}
    if isinstance(value, np.ndarray):
        return _plain_array(value)
    if is_dataclass(value) and not isinstance(value, type):
        name = f"{type(value).__module__}:{type(value).__qualname__}"
        return {KIND: name, "of": {one.name: plain_content(getattr(value, one.name)) for one in fields(value)}}
    if isinstance(value, tuple | list):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {KIND: kind, "of": [plain_content(one) for one in value]}
    if isinstance(value, Mapping):
        return {KIND: "mapping", "of": [[plain_content(name), plain_content(one)] for name, one in value.items()]}
    raise TypeError(f"{type(value).__name__} is no content")


def _plain_array(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    """With the way in which its numbers lie in memory: sums of the same numbers round by it."""
    if array.dtype.hasobject or any(step < 0 or step % array.itemsize for step in array.strides):
        raise TypeError(f"an array of {array.dtype} with steps of {array.strides} bytes is no content")
    last = sum((size - 1) * step for size, step in zip(array.shape, array.strides, strict=True)) // array.itemsize
    window = as_strided(array, (last + 1 if array.size else 0,), (array.itemsize,))
    shape, steps = list(array.shape), list(array.strides)
    return {
        KIND: "array",
        "type": array.dtype.str,
        "shape": shape,
        "steps": steps,
        "bytes": plain_bytes(window.tobytes()),
    }


def restore_content(content: Any) -> Any:
    """The value of `plain_content`; ValueError for a kind that is not kiban's own."""
    if not isinstance(content, Mapping):
        return content
    kind = content[KIND]
    if kind == "float":
        return float(content["text"])
    if kind == "number":
        return restore_content(content["of"])[()]
    if kind == "array":
        stored = np.frombuffer(restore_bytes(content["bytes"]), dtype=np.dtype(content["type"])).copy()
        shape, steps = tuple(content["shape"]), tuple(content["steps"])
        last = sum((size - 1) * step for size, step in zip(shape, steps, strict=True)) // stored.itemsize
        if 0 not in shape and not (all(step >= 0 for step in steps) and 0 <= last < stored.size):
            raise ValueError(f"{stored.size} numbers are no array of {shape} with steps of {steps} bytes")
        return as_strided(stored, shape, steps)
    if kind in {"tuple", "list"}:
        found = [restore_content(one) for one in content["of"]]
        return tuple(found) if kind == "tuple" else found
    if kind == "mapping":
        return {restore_content(name): restore_content(one) for name, one in content["of"]}
    made = find_function(kind)
    if not isinstance(made, type) or not is_dataclass(made):
        raise ValueError(f"{kind} names no dataclass")
    return made(**{name: restore_content(one) for name, one in content["of"].items()})


def plain_bytes(content: bytes) -> str:
    """Bytes as text (base64)."""
    return base64.b64encode(content).decode("ascii")


def restore_bytes(text: str) -> bytes:
    """The bytes of `plain_bytes`; ValueError for other text."""
    return base64.b64decode(text, validate=True)
