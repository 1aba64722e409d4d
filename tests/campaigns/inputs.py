"""Random inputs: what a schema describes, at and between its bounds, and what nobody should send."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from kiban.catalogue import load_catalogue
from kiban.scenario import KNOWN_SUPPLY, Scenario
from kiban.scenario.bounds import LARGEST_NUMBER
from kiban.scenario.examples import load_scenario
from kiban.scenario.national import NationalScenario
from kiban.scenario.package import Package, package_names
from kiban.scenario.plain import plain_scenario

Schema = Mapping[str, Any]
HOSTILE: tuple[Any, ...] = (
    *(None, True, False, "", "x", "a" * 300, "\0", "\ud800", "苫小牧", "../../etc/passwd", "<script>", "1e999", "=1+1"),
    *(0, -0.0, 1, -1, 5e-324, -5e-324, 1e-12, 1e15, -1e15, 1e16, 1e308, -1e308, 10**400, -(10**400), 0.5, 8760, 2**63),
    *(float("nan"), float("inf"), float("-inf"), [], {}, [1], [[]], {"x": 1}, {"file": "x", "column": "y"}),
    *({"scale": {}}, {"file": "/dev/null", "column": "x", "scale": 1e308}, {"jepx_files": []}, ["a"] * 60, [None]),
)
KEYS = ("x", "usd", "x_usd", "a.b", "", "file", "weather", "assumptions", "scale_usd_per_mw", "a" * 300, "\0", "名前")
SMALL_PARTS = 0.3
"""Share of keys that are left out where a schema does not ask for them, of each level."""


@cache
def schema_of(kind: str) -> Schema:
    model = {"scenario": Scenario, "national": NationalScenario, "package": Package}[kind]
    return model.model_json_schema()


def draw_valid(node: Schema, root: Schema, dice: random.Random, name: str = "", depth: int = 0) -> Any:
    """A value that a schema allows as far as JSON Schema can say it: bounds themselves are drawn often."""
    if "$ref" in node:
        return draw_valid(root["$defs"][node["$ref"].rsplit("/", 1)[-1]], root, dice, name, depth)
    if "anyOf" in node:
        return draw_valid(dice.choice(node["anyOf"]), root, dice, name, depth)
    if "const" in node:
        return node["const"]
    if "enum" in node:
        return dice.choice(node["enum"])
    kind = node.get("type")
    if kind in {"number", "integer"}:
        return draw_number(node, dice, whole=kind == "integer")
    if kind == "boolean":
        return dice.random() < 0.5
    if kind == "string":
        return draw_text(name, dice)
    if kind == "array":
        least, most = node.get("minItems", 0), node.get("maxItems", 3)
        items = node.get("prefixItems") or [node.get("items", {})] * dice.randint(least, min(most, least + 2))
        return [draw_valid(item, root, dice, name, depth + 1) for item in items]
    if kind == "object":
        inner = node.get("properties")
        if inner is None:
            names = draw_names(name, dice)
            return {key: draw_valid(node["additionalProperties"], root, dice, key, depth + 1) for key in names}
        needed = node.get("required", ())
        return {
            key: draw_valid(value, root, dice, key, depth + 1)
            for key, value in inner.items()
            if key in needed or dice.random() < SMALL_PARTS / (1 + depth)
        }
    return None


def draw_number(node: Schema, dice: random.Random, *, whole: bool) -> float:
    low = node.get("minimum", node.get("exclusiveMinimum", -LARGEST_NUMBER))
    high = node.get("maximum", node.get("exclusiveMaximum", LARGEST_NUMBER))
    tiny = 1 if whole else 1e-9
    ends = [low, high, low + tiny, 0.0, 1.0, 1e-12, 5e-324, 100.0, dice.uniform(0, 50), dice.uniform(0, 5000)]
    drawn = dice.choice([end for end in ends if low <= end <= high] + [dice.uniform(low, min(high, low + 1e4))])
    return round(drawn) if whole else float(drawn)


def draw_text(name: str, dice: random.Random) -> str:
    catalogue = load_catalogue()
    known: Mapping[str, tuple[str, ...]] = {
        "id": tuple(catalogue.sites),
        "like": tuple(catalogue.sites),
        "sites": tuple(catalogue.sites),
        "area": ("hokkaido", "tokyo", "kyushu"),
        "from_area": ("hokkaido", "tokyo"),
        "to_area": ("tohoku", "kyushu"),
        "chip": ("gb200", "h100", "none"),
        "packages": package_names(),
        "files": ("pvlib:723170TYA.CSV", "none.csv"),
        "assets": ("clean_power", "chips", "battery", "building"),
        "law": ("jp_gx", "none"),
    }
    return dice.choice((*known.get(name, ()), *known.get(name, ()), "a", "b2", ""))


def draw_names(name: str, dice: random.Random) -> list[str]:
    if name == "assumptions":
        return dice.sample(sorted(load_catalogue().facts), dice.randint(0, 3))
    if name == "area":
        return dice.sample(["hokkaido", "tokyo", "kyushu", "x"], 2)
    return dice.sample([*KNOWN_SUPPLY, "own", "x"], dice.randint(0, 3))


def draw_assumption(dice: random.Random) -> tuple[str, float]:
    """A fact and another value, often an end of what its unit or its range allows."""
    fact_id = dice.choice(sorted(load_catalogue().facts))
    value = load_catalogue().value(fact_id)
    times = (0.0, 1e-9, 1e-3, 0.5, 2.0, 10.0, 1e3, 1e9, -1.0)
    return fact_id, dice.choice((*(value * by for by in times), 0.0, 1.0, -1.0, 1e15, 1e-12, dice.uniform(0, 2)))


def mutate(raw: dict[str, Any], kind: str, dice: random.Random, draw: Callable[[Schema, str], Any]) -> dict[str, Any]:
    """The mapping with one to four keys of its schema set, somewhere, to what `draw` gives for them."""
    root = schema_of(kind)
    for _ in range(dice.randint(1, 4)):
        node: Any = raw
        schema: Schema = root
        while True:
            while "$ref" in schema or "anyOf" in schema:
                schema = (
                    root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
                    if "$ref" in schema
                    else next((one for one in schema["anyOf"] if "$ref" in one), {"type": "number"})
                )
            inner = schema.get("properties") or {}
            if not inner or not isinstance(node, dict):
                break
            key = dice.choice(list(inner))
            below = inner[key]
            deeper = below.get("$ref") or below.get("additionalProperties") or below.get("items")
            if deeper and dice.random() < 0.8:
                if "$ref" in below:
                    node, schema = node.setdefault(key, {}), below
                elif "additionalProperties" in below:
                    name = dice.choice(draw_names(key, dice) or ["own"])
                    table = node.setdefault(key, {})
                    if not isinstance(table, dict) or key == "assumptions":
                        break
                    node, schema = table.setdefault(name, {}), below["additionalProperties"]
                else:
                    entries = node.setdefault(key, [])
                    if not isinstance(entries, list):
                        break
                    entries[:0] = [] if entries and isinstance(entries[0], dict) else [{}]
                    node, schema = entries[0], below["items"]
                continue
            node[key] = draw(below, key)
            break
    return raw


def hostile_value(dice: random.Random) -> Any:
    # A copy: what is put into another value must not come to stand in itself.
    value = copy.deepcopy(dice.choice(HOSTILE))
    return [value, copy.deepcopy(dice.choice(HOSTILE))] if dice.random() < 0.05 else value


@cache
def bases() -> tuple[dict[str, Any], ...]:
    """The worked examples of Japan over two days."""
    found = []
    for name in ("tomakomai", "inzai", "kyushu"):
        raw = plain_scenario(load_scenario(name))
        found.append({**raw, "time": {"first_hour": 4704, "hours": 48}})
    return tuple(found)
