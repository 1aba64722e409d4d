"""Where a JSON document differs from its definition: a typed dictionary, or the dataclass whose fields it holds."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict


def misfits(value: object, hint: Any, path: str = "") -> list[str]:
    """What does not fit, each with its path; keys that are not defined do not fit either."""
    return list(_misfits(value, hint, path))


def _misfits(value: object, hint: Any, path: str) -> Iterator[str]:
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any or hint is object:
        return
    if origin is NotRequired:
        yield from _misfits(value, inner[0], path)
        return
    if origin in (Union, types.UnionType):
        if all(misfits(value, one, path) for one in inner):
            yield from misfits(value, next((one for one in inner if one is not type(None)), inner[0]), path)
    elif origin is Annotated:
        yield from _misfits(value, hint.__metadata__[0], path)
    elif is_typeddict(hint) or dataclasses.is_dataclass(hint):
        yield from _misfits_of_keys(value, hint, path)
    elif origin is Literal:
        if value not in inner:
            yield f"{path}: {value!r} is none of {inner}"
    elif origin is list or (origin is tuple and inner[-1] is Ellipsis):
        for number, one in enumerate(value if isinstance(value, list | tuple) else ()):
            yield from _misfits(one, inner[0], f"{path}[{number}]")
        if not isinstance(value, list | tuple):
            yield f"{path}: {value!r} is no list"
    elif origin is tuple:
        assert isinstance(value, list | tuple)
        for one, of in zip(value, inner, strict=True):
            yield from _misfits(one, of, path)
    elif origin is not None and issubclass(origin, Mapping):
        for key, one in value.items() if isinstance(value, Mapping) else ():
            yield from _misfits(key, inner[0], f"{path} key")
            yield from _misfits(one, inner[1], f"{path}.{key}")
        if not isinstance(value, Mapping):
            yield f"{path}: {value!r} is no object"
    elif not _is_one(value, hint):
        yield f"{path}: {value!r} is no {hint}"


def _misfits_of_keys(value: object, shape: Any, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{path}: {value!r} is no {shape.__name__}"
        return
    hints = get_type_hints(shape, include_extras=True)
    if dataclasses.is_dataclass(shape):
        hints = {field.name: hints[field.name] for field in dataclasses.fields(shape)}
    left_out = {key for key, hint in hints.items() if get_origin(hint) is NotRequired and key not in value}
    for key in value.keys() ^ (hints.keys() - left_out):
        yield f"{path}.{key}: {'not defined' if key in value else 'missing'} in {shape.__name__}"
    for key in value.keys() & hints.keys():
        yield from _misfits(value[key], hints[key], f"{path}.{key}")


def _is_one(value: object, kind: Any) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)
