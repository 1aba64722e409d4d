"""A warm start as bytes and back, exactly: its arrays as numpy writes them (no pickles), the rest as JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from kiban.linear.kernel.warm import Iterate, Pattern, Scales, WarmStart

HEADER = "header"


def pack(warm: WarmStart) -> bytes:
    """The bytes of a warm start."""
    arrays = {
        f"{number}.{field.name}": getattr(iterate, field.name)
        for number, iterate in enumerate(warm.iterates)
        for field in fields(Iterate)
        if field.name != "gap"
    }
    pattern = warm.pattern
    header = {
        "names": warm.names,
        "border": warm.border,
        "pattern": {
            "steps": pattern.steps,
            "block_steps": pattern.block_steps,
            "bounds": pattern.bounds,
            "rows": [[sorted(part) for part in row] for row in pattern.rows],
            "capacities": [sorted(names) for names in pattern.capacities],
            "totals": [sorted(total) for total in pattern.totals],
        },
        "scales": asdict(warm.scales),
        "gaps": [iterate.gap for iterate in warm.iterates],
    }
    text = json.dumps(header, allow_nan=False, default=_plain).encode("utf-8")
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{HEADER: np.frombuffer(text, dtype=np.uint8)}, **arrays)
    return file.getvalue()


def unpack(content: bytes) -> WarmStart:
    """The warm start of `pack`; ValueError or KeyError for other bytes."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        header = json.loads(file[HEADER].tobytes())
        iterates = tuple(
            Iterate(gap=gap, **{f.name: file[f"{number}.{f.name}"] for f in fields(Iterate) if f.name != "gap"})
            for number, gap in enumerate(header["gaps"])
        )
    return WarmStart(
        names=_tuples(header["names"]),
        border=tuple(header["border"]),
        pattern=_pattern(header["pattern"]),
        scales=_scales(header["scales"]),
        iterates=iterates,
    )


def _pattern(told: Mapping[str, Any]) -> Pattern:
    return Pattern(
        steps=told["steps"],
        block_steps=told["block_steps"],
        bounds=_tuples(told["bounds"]),
        rows=tuple((frozenset(terms), frozenset(lagged)) for terms, lagged in told["rows"]),
        capacities=tuple(map(frozenset, told["capacities"])),
        totals=tuple(map(frozenset, told["totals"])),
    )


def _scales(told: Mapping[str, Any]) -> Scales:
    parts: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    return Scales(**parts)


def _tuples(rows: list[list[Any]]) -> tuple[tuple[Any, ...], ...]:
    return tuple(map(tuple, rows))


def _plain(value: object) -> object:
    """Numbers and truths of numpy as Python's own."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not plain")
