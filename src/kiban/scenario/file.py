"""A scenario file read and written: TOML in, every problem at once out."""

from __future__ import annotations

import contextlib
import json
import os
import re
import reprlib
import typing
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from kiban.catalogue import load_catalogue
from kiban.errors import OutputError, Problem, ScenarioError, limit_problems, nearest, reason_of
from kiban.messages import Message
from kiban.outside import may_open
from kiban.scenario.bounds import bound_values, load_toml
from kiban.scenario.hints import hint
from kiban.scenario.names import find_unknown_names
from kiban.scenario.study import Scenario

LARGEST_FILE_BYTES = 1_000_000
# An amount in dollars, not the exchange rate, as a key or as an assumption.
USD_IN_KEY = re.compile(r"(?<!yen_per)_usd(?=_|$)")
MILLION = 1e6
LONGEST_SHOWN = 300
"""Letters of a key or value that a sentence repeats."""
RATE = "money.yen_per_usd"
_BRANCH = re.compile(r"^(float|int|tuple\[.*|constrained-.*|function-.*|SeriesReference|JepxPrices)$")


def read_scenario(path: str | Path) -> Scenario:
    """The scenario in a TOML file; raises `ScenarioError` with every problem of the file."""
    path = Path(path)
    text, raw = read_toml(path)
    if not raw:
        raise ScenarioError(Problem("empty", str(path), remedy="scenario.start"))
    return parse_scenario(raw, where=str(path), text=text).placed_in(path.parent)


def read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    """The text and the content of a TOML file; raises `ScenarioError` where it cannot be read or is no TOML."""
    text = read_text(path)
    return text, load_toml(text, str(path))


def parse_scenario(raw: Mapping[str, Any], *, where: str = "scenario", text: str = "") -> Scenario:
    """The scenario in a plain mapping, as TOML or JSON give it; keys in US dollars are converted."""
    bounded, unbounded = bound_values(raw, where)
    converted = convert_dollars(bounded, yen_per_usd(bounded))
    problems = [
        replace(problem, where=place_of(where, text, problem.key.split(".")))
        for problem in (*unbounded, *find_unknown_names(bounded))
    ]
    try:
        scenario = Scenario.model_validate_json(json.dumps(converted, default=str))
    except ValidationError as error:
        raise ScenarioError(limit_problems([*explain_error(error, where, text, unbounded), *problems])) from None
    if problems:
        raise ScenarioError(problems)
    return scenario


def dump_scenario(scenario: Scenario, folder: Path | None = None) -> str:
    """The scenario as TOML, without the keys that keep their default; file names are made relative to `folder`."""
    import tomli_w

    content = scenario.model_dump(exclude_defaults=True, exclude_none=True, mode="json")
    if folder is not None:
        content = _move_files(content, lambda name: _relative(name, scenario.folder, folder))
    return tomli_w.dumps(content)


def read_text(path: Path) -> str:
    """The text of a scenario file; raises `ScenarioError` for what is no readable text of ordinary size."""
    if not may_open(path):
        raise ScenarioError(Problem("files", path.name))
    try:
        if path.is_dir():
            raise ScenarioError(Problem("scenario.folder", str(path)))
        if not path.exists():
            raise ScenarioError(Problem("scenario.gone", str(path)))
        size = path.stat().st_size
        if size > LARGEST_FILE_BYTES:
            raise ScenarioError(
                Problem("scenario.large", str(path), size=size / MILLION, most=LARGEST_FILE_BYTES / MILLION)
            )
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScenarioError(Problem("scenario.encoding", str(path), byte=error.start)) from None
    except OSError as error:
        raise ScenarioError(Problem("scenario.unreadable", str(path), reason=reason_of(error))) from None


def yen_per_usd(raw: Mapping[str, Any]) -> float:
    """The scenario's exchange rate, or the catalogue's; a rate that is no number is refused later, with its key."""
    given = [section.get(key) for section, key in (
        (raw.get("money"), "yen_per_usd"), (raw.get("assumptions"), RATE)) if isinstance(section, Mapping)]  # fmt: skip
    for rate in given:
        if isinstance(rate, int | float) and not isinstance(rate, bool):
            return float(rate)
    return load_catalogue().value(RATE)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def convert_dollars(node: Any, rate: float) -> Any:
    """Rename `..._usd...` keys to `..._myen...` and convert their values: the one place where currencies meet."""
    if isinstance(node, list):
        return [convert_dollars(item, rate) for item in node]
    if not isinstance(node, Mapping):
        return node
    converted: dict[str, Any] = {}
    for key, value in node.items():
        if not USD_IN_KEY.search(key):
            converted[key] = convert_dollars(value, rate)
            continue
        factor = rate / MILLION
        name = USD_IN_KEY.sub("_myen", key)
        if isinstance(value, Mapping):
            # A scale that is no number stays as it is, for the schema to refuse it.
            scale = value.get("scale", 1.0)
            converted[name] = {**value, "scale": scale * factor if _is_number(scale) else scale}
        elif _is_number(value):
            converted[name] = value * factor
        elif isinstance(value, list):
            converted[name] = [item * factor if _is_number(item) else item for item in value]
        else:
            converted[name] = value
    return converted


def explain_error(
    error: ValidationError,
    where: str,
    text: str,
    known: Sequence[Problem] = (),
    model: type[BaseModel] = Scenario,
) -> list[Problem]:
    """What a schema refused, at most `MOST_PROBLEMS` of it, without what `known` problems say of the same keys."""
    told = {USD_IN_KEY.sub("_myen", problem.key) for problem in known}
    items = [
        item
        for item in error.errors(include_url=False)
        if not told or ".".join(str(part) for part in _plain(item["loc"])) not in told
    ]
    return limit_problems(explain(items, where, text, model))


def explain(items: Sequence[Any], where: str, text: str, model: type[BaseModel] = Scenario) -> Iterator[Problem]:
    """Problems in the order of the file's keys, one after another as they are asked for.

    Of a union's branches only the one that the user meant is explained, and the known keys of a table are listed once.
    """
    locations = [_plain(item["loc"]) for item in items]
    # Of how many items a location is the beginning: an item that others go beyond has rivals.
    begun = Counter(location[:length] for location in locations for length in range(len(location) + 1))
    listed: set[tuple[str | int, ...]] = set()
    given: set[tuple[object, ...]] = set()
    for item, key in zip(items, locations, strict=True):
        rivals = begun[key] > 1
        wants_table = item["type"] in {"model_type", "model_attributes_type", "tuple_type"}
        wants_number = item["type"] in {"float_type", "int_type", "is_instance_of"}
        if (wants_table and rivals) or (wants_number and isinstance(item["input"], Mapping) and rivals):
            continue
        problem = _explain_one(item, place_of(where, text, key), key, model)
        if problem.code == "unknown_key" and problem.remedy == "known":
            if key[:-1] in listed:
                problem = replace(problem, remedy="bounds.known_above")
            listed.add(key[:-1])
        same = (problem.code, repr(problem.where), problem.key, problem.remedy, repr(problem.values))
        if same not in given:
            given.add(same)
            yield problem


_BOUNDS = {
    "greater_than": "above",
    "greater_than_equal": "at_least",
    "less_than": "below",
    "less_than_equal": "at_most",
}
_TYPES = {
    "finite_number": "number",
    "float_type": "valid_number",
    "int_type": "valid_integer",
    "string_type": "valid_text",
    "bool_type": "valid_flag",
    "model_type": "valid_object",
    "dict_type": "valid_object",
    "tuple_type": "valid_list",
}
"""Remedies for what pydantic finds wrong with a value, by the type of its error."""


def _explain_one(item: Any, where: str | Message, location: tuple[str | int, ...], model: type[BaseModel]) -> Problem:
    key = ".".join(str(part)[:LONGEST_SHOWN] for part in location)
    context, kind, value = item.get("ctx", {}), item["type"], _shown(item.get("input"))

    def refused(remedy: str, **values: object) -> Problem:
        return Problem("value", where, key, remedy, {"value": value, **values})

    if kind == "extra_forbidden":
        known = tuple(_known_keys(location[:-1], model))
        section = str(location[-2]) if len(location) > 1 else ""
        remedy, near = hint(str(location[-1]), known, section)
        return Problem("unknown_key", where, key, remedy, near=near, names=known)
    if kind == "missing":
        return Problem("missing", where, key)
    if kind == "json_invalid":  # it was written from a mapping: only its depth can be wrong
        return Problem("nesting", where)
    if kind == "value_error":
        found: Problem = context["error"].args[0]
        return replace(found, where=where, key=key, remedy=found.remedy or "schema")
    if kind in _BOUNDS:
        return refused(_BOUNDS[kind], bound=f"{next(iter(context.values())):g}")
    if kind in _TYPES:
        return refused(_TYPES[kind])
    if kind == "string_pattern_mismatch":
        return refused("pattern", pattern=context["pattern"])
    if kind == "too_short":
        return refused("too_short", least=context["min_length"], count=context["actual_length"])
    if kind == "too_long":
        return refused("too_long", most=context["max_length"], count=context["actual_length"])
    if kind == "literal_error":
        *others, last = re.findall(r"'[^']*'", context["expected"])
        expected = Message("words.either", names=tuple(others), last=last) if others else last
        near = nearest(str(item.get("input")), [word.strip("'") for word in (*others, last)])
        return refused("one_of_nearest" if near else "one_of", expected=expected, near=near)
    return refused("schema")


def _shown(value: object) -> str:
    """A value as Python writes it, of a long one the beginning."""
    if isinstance(value, str):
        return repr(value) if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]!r}…"
    return _BRIEF.repr(value)


_BRIEF = reprlib.Repr()
_BRIEF.maxdict = _BRIEF.maxlist = _BRIEF.maxtuple = 12
_BRIEF.maxstring = _BRIEF.maxother = _BRIEF.maxlong = LONGEST_SHOWN


def _plain(location: Sequence[str | int]) -> tuple[str | int, ...]:
    """A location without the names of union branches that pydantic puts into it."""
    return tuple(part for part in location if not (isinstance(part, str) and _BRANCH.match(part)))


def _known_keys(location: Sequence[str | int], model: type[BaseModel]) -> list[str]:
    annotation: Any = model
    for part in location:
        inner = _model_in(annotation)
        if typing.get_origin(annotation) in {dict, tuple}:
            annotation = inner
        else:
            annotation = inner.model_fields[str(part)].annotation
    return list(_model_in(annotation).model_fields)


def _model_in(annotation: Any) -> type[BaseModel]:
    """The section that an annotation holds, directly or inside a union, a tuple or a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in typing.get_args(annotation):
        with contextlib.suppress(LookupError):
            return _model_in(inner)
    raise LookupError(f"no section in {annotation}")


def place_of(where: str, text: str, location: Sequence[str | int]) -> str | Message:
    """A file with the line of a key (or of the nearest table above it); the file alone where it is not to be found."""
    wanted = tuple(part for part in location if isinstance(part, str))
    lines = _lines_of(text)
    for depth in range(len(wanted), 0, -1):
        if wanted[:depth] in lines:
            return Message("at.key_line", file=where, line=lines[wanted[:depth]])
    return where


@lru_cache(maxsize=4)
def _lines_of(text: str) -> Mapping[tuple[str, ...], int]:
    """The first line of every table and key of a text; a path is that of its converted names."""
    first: dict[tuple[str, ...], int] = {}
    section: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"^\s*\[+([^\]]+)\]", line)
        key = re.match(r"^\s*([A-Za-z0-9_.\"'-]+)\s*=", line)
        if header:
            path = section = [part.strip(" \"'") for part in header.group(1).split(".")]
        elif key:
            # A key in dollars is known by its converted name.
            path = section + [USD_IN_KEY.sub("_myen", part.strip("\"'")) for part in key.group(1).split(".")]
        else:
            continue
        first.setdefault(tuple(path), number)
    return first


def carry_files(scenario: Scenario, folder: str) -> tuple[Scenario, dict[str, Path]]:
    """The scenario with every file that it names in `folder` beside it, and where each of them is now, by its new name.

    Packages in files are among them; what comes with pvlib or kiban stays as it is.
    """
    found: dict[str, Path] = {}

    def move(name: str) -> str:
        if name.startswith("pvlib:"):
            return name
        path = (scenario.folder / name).absolute()
        new = f"{folder}/{path.name}"
        while found.setdefault(new, path) != path:
            new = f"{folder}/{len(found)}-{path.name}"
        return new

    content = _move_files(scenario.model_dump(exclude_defaults=True, exclude_none=True, mode="json"), move)
    packages = content.get("policy", {}).get("packages", ())
    if packages:
        content["policy"]["packages"] = [
            move(name) if (scenario.folder / name).is_file() else name for name in packages
        ]
    return Scenario.model_validate_json(json.dumps(content)).placed_in(scenario.folder), found


def _move_files(node: Any, move: Callable[[str], str]) -> Any:
    if isinstance(node, list):
        return [_move_files(item, move) for item in node]
    if not isinstance(node, dict):
        return node
    moved: dict[str, Any] = {}
    for key, value in node.items():
        if key == "file" and isinstance(value, str):
            moved[key] = move(value)
        elif key in {"files", "jepx_files"}:
            moved[key] = [move(name) for name in value]
        else:
            moved[key] = _move_files(value, move)
    return moved


def _relative(name: str, source: Path, target: Path) -> str:
    if name.startswith("pvlib:") or Path(name).is_absolute():
        return name
    try:
        return Path(os.path.relpath(source / name, target)).as_posix()
    except ValueError:  # another drive
        raise OutputError(Problem("scenario.other_drive", key=name, folder=str(target))) from None
