"""Write docs/scenario.md and docs/national.md, the references: python scripts/write_scenario_reference.py."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kiban.scenario import Scenario
from kiban.scenario.national import NationalScenario

DOCS = Path(__file__).resolve().parents[1] / "docs"

INTRODUCTION = """\
# Reference: the scenario

<!-- Written by scripts/write_scenario_reference.py from the schema; change the docstrings in src/kiban/scenario. -->

A scenario is one TOML file. Every key that you leave out takes its default or, where the default column says
*catalogue*, the value that the catalogue has for the technology, the site or the grid area; the plan then lists
that value with its origin. A key that does not exist is refused, with the nearest one that does.

- The unit stands at the end of the key. `myen` is million yen at constant prices of `base_year`.
- Any key with `myen` in its name may be written with `usd` instead (`capex_usd_per_mw`); the value is then in US
  dollars and needs `yen_per_usd` under `[money]`.
- *number or series*: a number that holds for every step, or a column of a file, written as
  `{ file = "prices.csv", column = "tokyo" }`. See [weather and other series](weather.md#series).
- A price, cost, load or size outside of what is plausible is noted beside the answer; a hundred times outside (yen for
  million yen, kW for MW) it is refused, unless the command has `--insist` or the file says `insist = true`. The ranges
  are rows of `catalogue/tables/plausible.csv`, those of assumptions the catalogue's own; of a series its mean counts.
- File names are read relative to the scenario file.
- Figures of the catalogue that have no key of their own are replaced by their id under `[assumptions]`.

`kiban schema` prints the same as JSON Schema, for editors that complete and check TOML.

The shortest scenario names a study and a place:

```toml
name = "My campus"

[site]
id = "tomakomai"
```
"""

NATIONAL_INTRODUCTION = """\
# Reference: the national study

<!-- Written by scripts/write_scenario_reference.py from the schema; change the docstrings in src/kiban/scenario. -->

A file with the table `[national]` is a national study: it chooses among sites ([how to read it](japan.md)). The tables
below are its own. The plant of every site is described once by tables of [the scenario](scenario.md): {shared}.

- Units, dollars and *catalogue* as there. `kiban schema --national` prints the same as JSON Schema.
- Where a key may be given for one grid area or interconnector, the name stands in the table's title or under `id`.

The shortest study has a name and one tranche of demand:

```toml
[national]
name = "500 MW anywhere"

[[tranche]]
id = "training"
it_load_mw = 500.0
```
"""

UNITS = (
    ("_myen_per_mw_year", "million yen/(MW year)"),
    ("_myen_per_mw_month", "million yen/(MW month)"),
    ("_mwh_per_year", "MWh/year"),
    ("_myen_per_mw_ms", "million yen/(MW ms)"),
    ("_myen_per_m2", "million yen/m²"),
    ("_myen_per_year", "million yen/year"),
    ("_myen_per_mwh", "million yen/MWh"),
    ("_myen_per_mw", "million yen/MW"),
    ("_myen_per_t", "million yen/t"),
    ("_t_per_mwh", "t/MWh"),
    ("_hours_per_year", "h/year"),
    ("_t_per_year", "t/year"),
    ("_m3_per_year", "m³/year"),
    ("_l_per_kwh", "l/kWh"),
    ("self_discharge_per_hour", "1/h"),
    ("_myen", "million yen"),
    ("yen_per_usd", "yen/USD"),
    ("_mwh", "MWh"),
    ("_mw", "MW"),
    ("_m_s", "m/s"),
    ("_deg", "°"),
    ("_ms", "ms"),
    ("_cm", "cm"),
    ("hours", "h"),
    ("_hour", "h"),
    ("_years", "years"),
    ("_year", "year"),
    ("_share", "share"),
    ("_efficiency", "share"),
    ("discount_rate", "1/year"),
    ("_c", "°C"),
    ("_m", "m"),
)
YEARLY = ("annual_cost_myen_per_mwh", "annual_cost_myen_per_mw", "it_annual_cost_myen_per_mw", "annual_cost_myen")
CATALOGUE_KEYS = {
    "supply": {"availability", "capex_myen_per_mw", "fixed_om_myen_per_mw_year", "life_years", "max_mw", "tilt_deg",
               "azimuth_deg", "mean_speed_m_s"},
    "battery": {"power_capex_myen_per_mw", "energy_capex_myen_per_mwh", "life_years", "round_trip_efficiency",
                "self_discharge_per_hour"},
    "storage": {"power_capex_myen_per_mw", "charge_power_capex_myen_per_mw", "energy_capex_myen_per_mwh",
                "fixed_om_share", "life_years", "charge_efficiency", "discharge_efficiency",
                "self_discharge_per_hour", "min_hours"},
    "grid": {"price_myen_per_mwh", "energy_charge_myen_per_mwh", "emission_factor_t_per_mwh", "clean_share",
             "annual_cost_myen_per_mw"},
    "backup": {"fuel_cost_myen_per_mwh", "emission_factor_t_per_mwh"},
    "cooling": {"supply_temperature_c"},
    "finance": {"discount_rate"},
    "money": {"yen_per_usd"},
    "site": {"latitude_deg", "longitude_deg", "elevation_m", "area", "name", "kind", "max_mw", "min_mw",
             "connection_year", "fixed_cost_myen_per_year", "round_trip_tokyo_ms", "round_trip_osaka_ms",
             "land_price_myen_per_m2", "shaking_probability_30y", "tsunami_class", "flood_class", "typhoon_class",
             "snow_depth_maximum_cm"},
    "area": {"headroom_mw", "reinforcement_capex_myen_per_mw", "connection_lead_time_years", "spare_supply_mw"},
    "interconnector": {"forward_mw", "reverse_mw", "free_share", "expansion_capex_myen_per_mw"},
    "network": {"free_share"},
    "national": {"it_annual_cost_myen_per_mw"},
}  # fmt: skip
"""Keys whose absence means the catalogue's value, by section."""

NESTED = {
    "SeriesReference": "A series",
    "JepxPrices": "Exchange prices",
    "ConnectionWindow": "A window of the connection",
    "NonFirm": "A non-firm connection",
    "Contract": "A contract of a large load",
    "Menu": "A retail menu",
    "TimeOfUse": "An energy charge of some hours",
    "Market": "The market through a supplier",
    "OffSite": "A plant elsewhere",
    "Certificates": "Certificates",
}
"""Tables inside of sections, which have a part of their own at the end, with its title."""


def reference() -> str:
    """The whole page."""
    schema = Scenario.model_json_schema()
    parts = [INTRODUCTION]
    top = {name: spec for name, spec in schema["properties"].items() if _section_of(spec, schema) is None}
    parts.append(_section("Top level", "", {**schema, "properties": top}, schema, ""))
    for name, spec in schema["properties"].items():
        section = _section_of(spec, schema)
        if section is None:
            continue
        parts.append(_section(f"`{_title(name, spec)}`", spec.get("description", ""), section, schema, name))
    for name, title in NESTED.items():
        parts.append(_section(title, "", schema["$defs"][name], schema, ""))
    return "\n".join(parts)


def national_reference() -> str:
    """The whole page on national studies: the tables that a scenario of one site does not have."""
    schema, plain = NationalScenario.model_json_schema(), Scenario.model_json_schema()
    sections = {
        name: section
        for name, spec in schema["properties"].items()
        if (section := _section_of(spec, schema)) is not None
    }
    same = [
        name for name, section in sections.items() if _section_of(plain["properties"].get(name, {}), plain) == section
    ]
    named = ", ".join(f"`[{name}.NAME]`" if name == "supply" else f"`[{name}]`" for name in same)
    parts = [NATIONAL_INTRODUCTION.format(shared=named)]
    for name, section in sections.items():
        if name not in same:
            spec = schema["properties"][name]
            parts.append(_section(f"`{_title(name, spec)}`", spec.get("description", ""), section, schema, name))
    return "\n".join(parts)


def _title(name: str, spec: Mapping[str, Any]) -> str:
    """How the table of a section begins."""
    return f"[[{name}]]" if "items" in spec else f"[{name}.NAME]" if "additionalProperties" in spec else f"[{name}]"


def _section(title: str, about: str, section: Mapping[str, Any], schema: Mapping[str, Any], name: str) -> str:
    said = " ".join(filter(None, (_text(section["description"]), _text(about))))
    lines = [
        f"## {title}",
        "",
        said,
        "",
        "| key | unit | value | default | meaning |",
        "| --- | --- | --- | --- | --- |",
    ]
    for key, spec in section["properties"].items():
        if spec.get("$ref", "").rsplit("/", 1)[-1] in schema.get("$defs", {}).keys() - NESTED.keys():
            continue
        default = _default(key, spec, name, key in section.get("required", ()))
        cells = (f"`{key}`", unit_of(key), _value(spec, schema), default, _text(spec.get("description", "")))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def unit_of(key: str) -> str:
    """Unit of a key in words; empty for a key without unit."""
    if key == "availability":
        return "MW/MW"
    for suffix, unit in UNITS:
        if key.endswith(suffix):
            money, _, per = unit.partition("/")
            yearly = f"{money}/({per} year)" if per else f"{money}/year"
            return yearly if key in YEARLY else unit
    return ""


def _section_of(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The section that a top-level key holds: itself, in a list, or by name, maybe; None for a plain value."""
    for holder in (spec, spec.get("items", {}), spec.get("additionalProperties", {}), *spec.get("anyOf", ())):
        if isinstance(holder, Mapping) and "$ref" in holder:
            found: Mapping[str, Any] = schema["$defs"][holder["$ref"].rsplit("/", 1)[1]]
            return found
    return None


def _value(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What may be written: kind and range."""
    if "anyOf" in spec:
        kinds = [_value(part, schema) for part in spec["anyOf"] if part.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "$ref" in spec:
        name = spec["$ref"].rsplit("/", 1)[1]
        if name in NESTED:
            title = NESTED[name]
            words = {"SeriesReference": "series", "JepxPrices": "exchange files"}.get(name, "table")
            return f"[{words}](#{title.lower().replace(' ', '-')})"
        return f"table as [`[{name.lower()}]`](scenario.md#{name.lower()})"
    if "enum" in spec:
        return ", ".join(f"`{choice}`" for choice in spec["enum"])
    kind = spec["type"]
    if kind == "array":
        inner = _value(spec["items"], schema)
        return f"list of {inner.replace('text', 'names').replace('number', 'numbers')}"
    if kind == "object":
        inner = spec["additionalProperties"]
        if inner.get("$ref", "").rsplit("/", 1)[-1] in NESTED:
            return f"tables by name, each {_value(inner, schema)}"
        numbers = inner.get("type") == "number"
        return "table of numbers" if numbers else "tables as [`[supply.NAME]`](scenario.md#supplyname)"
    if kind == "string":
        return "text"
    if kind == "boolean":
        return "`true` or `false`"
    word = "whole number" if kind == "integer" else "number"
    return " ".join(filter(None, (word, _range(spec))))


def _range(spec: Mapping[str, Any]) -> str:
    low, above = spec.get("minimum"), spec.get("exclusiveMinimum")
    high, below = spec.get("maximum"), spec.get("exclusiveMaximum")
    if "multipleOf" in spec and low is not None and high is not None:
        return f"{low:g} or {high:g}"
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    words = (("at least", low), ("above", above), ("at most", high), ("below", below))
    return ", ".join(f"{word} {limit:g}" for word, limit in words if limit is not None)


def _default(key: str, spec: Mapping[str, Any], section: str, required: bool) -> str:
    if required:
        return "**required**"
    if "default" not in spec:
        return "none"
    default = spec["default"]
    if default is None:
        return "*catalogue*" if key in CATALOGUE_KEYS.get(section, ()) else "none"
    return "none" if default in ([], {}, "") else f"`{json.dumps(default)}`"


def _text(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    (DOCS / "scenario.md").write_text(reference(), encoding="utf-8")
    (DOCS / "national.md").write_text(national_reference(), encoding="utf-8")
