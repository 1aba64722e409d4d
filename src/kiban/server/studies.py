"""From what a request says to a scenario: the base, the changes over it, and what a server refuses.

A server reads no files of scenarios and asks no online service, since both would let a stranger look
around from where it stands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from kiban.calendar import steps_per_year
from kiban.errors import Problem, ScenarioError
from kiban.messages import Message
from kiban.scenario import Scenario
from kiban.scenario.bounds import load_toml
from kiban.scenario.examples import example_names, load_scenario, national_example_names
from kiban.scenario.file import parse_scenario
from kiban.scenario.place import ONLINE_SOURCES
from kiban.scenario.plain import plain_scenario
from kiban.scenario.shipped import SUFFIX, examples_folder
from kiban.server.access import Caller
from kiban.server.bodies import NationalQuestion, Study
from kiban.server.confinement import refuse_outside
from kiban.server.ownership import may_see_plan
from kiban.server.packing import unpack
from kiban.server.problems import RefusedError, refuse
from kiban.server.settings import Settings
from kiban.server.store import Store

MOST_CHANGES = 500
MOST_DEPTH = 20
WHERE = "scenario"

SECONDS_PER_YEAR_SOLVED = 0.6
"""How long the kernel takes for 8760 steps on a slow core: measured, and only decides what becomes a job."""
SECONDS_FOR_INPUTS = 0.2


def find_scenario(study: Study, settings: Settings, store: Store, caller: Caller) -> Scenario:
    """The scenario of a study; raises `RefusedError` or `InputError` with every problem."""
    base = _find_base(study, store, caller)
    changed = apply_changes(base, study.changes)
    if study.packages is not None:
        changed = apply_changes(changed, {"policy.packages": study.packages})
    if study.insist:
        changed = apply_changes(changed, {"insist": True})
    refuse_outside(changed, settings)
    scenario = parse_scenario(changed, where="")
    check_size(scenario, settings)
    return scenario


def _find_base(study: Study, store: Store, caller: Caller) -> dict[str, Any]:
    given = [name for name in ("scenario", "toml", "example", "plan") if getattr(study, name) is not None]
    if len(given) != 1:
        raise refuse("request", "one_study", path="scenario", count=len(given))
    if study.scenario is not None:
        return study.scenario
    if study.toml is not None:
        return read_toml(study.toml)
    if study.example is not None:
        examples = _examples()
        if study.example not in examples:
            problem = Problem("no_example", key="example", remedy="examples", name=study.example, names=tuple(examples))
            raise RefusedError("not-found", problem)
        return examples[study.example]
    seen = may_see_plan(store, str(study.plan), caller)
    row = store.find_plan(str(study.plan)) if seen else None
    if row is None:
        raise refuse("not-found", "no_plan", path="plan", name=study.plan)
    found: dict[str, Any] = unpack(row["scenario"])
    return found


@cache
def _examples() -> dict[str, dict[str, Any]]:
    """The examples in plain types, read once; nobody changes them, `apply_changes` copies."""
    return {name: plain_scenario(load_scenario(name)) for name in example_names()}


def find_national_study(question: NationalQuestion, settings: Settings) -> dict[str, Any]:
    """The raw national study of a request, with its changes; raises `RefusedError` or `InputError`."""
    given = [name for name in ("study", "toml", "example") if getattr(question, name) is not None]
    if len(given) != 1:
        raise refuse("request", "one_study", path="study", count=len(given))
    if question.study is not None:
        base = question.study
    else:
        text = question.toml if question.toml is not None else read_national_example(str(question.example))
        base = read_toml(text)
    changed = apply_changes(base, {**question.changes, "insist": True} if question.insist else question.changes)
    refuse_outside(changed, settings)
    sites = changed.get("site")
    count = len(sites) if isinstance(sites, list) else 0
    if count > settings.limits.sites:
        raise refuse(
            "too-large", "many", path="site", count=count, what=Message("counted.sites"), most=settings.limits.sites
        )
    return changed


def read_national_example(name: str) -> str:
    """The TOML of an example that is a national study, never of a file of that name."""
    if name not in national_example_names():
        raise refuse("not-found", "no_national", path="example", name=name)
    return (examples_folder() / f"{name}{SUFFIX}").read_text(encoding="utf-8")


def read_toml(text: str) -> dict[str, Any]:
    """The mapping in a TOML text."""
    return load_toml(text, key="toml")


def apply_changes(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a mapping with dotted keys set, or removed where the value is None."""
    if len(changes) > MOST_CHANGES:
        raise refuse(
            "too-large", "many", path="changes", count=len(changes), what=Message("counted.changes"), most=MOST_CHANGES
        )
    try:
        changed: dict[str, Any] = json.loads(json.dumps(base, default=str))
    except RecursionError:
        raise ScenarioError(Problem("nesting", key=WHERE)) from None
    for key, value in changes.items():
        _set(changed, _split(key), value, key)
    return changed


def _split(key: str) -> list[str]:
    section, _, rest = key.partition(".")
    parts = [section, rest] if section == "assumptions" else key.split(".")
    if not all(parts) or len(parts) > MOST_DEPTH:
        raise refuse("request", "bad_change", path=key, reason=Message("change.empty_part"))
    return parts


def _set(node: Any, parts: list[str], value: Any, key: str) -> None:
    for part in parts[:-1]:
        if isinstance(node, list):
            node = _element(node, part, key)
        elif isinstance(node, dict):
            node = node.setdefault(part, {})
        if not isinstance(node, dict | list):
            raise refuse("request", "bad_change", path=key, reason=Message("change.no_keys", part=part))
    last = parts[-1]
    if isinstance(node, list):
        _element(node, last, key)
        if value is None:
            del node[int(last)]
        else:
            node[int(last)] = value
    elif value is None:
        node.pop(last, None)
    else:
        node[last] = value


def _element(node: list[Any], part: str, key: str) -> Any:
    if not part.isascii() or not part.isdigit() or int(part) >= len(node):
        reason = Message("change.no_entry", part=part, count=len(node))
        raise refuse("request", "bad_change", path=key, reason=reason)
    return node[int(part)]


def check_size(scenario: Scenario, settings: Settings) -> None:
    """Refuse a horizon that is longer than the server takes on."""
    steps = count_steps(scenario)
    if steps > settings.limits.steps:
        raise refuse("too-large", "steps", path="time.hours", steps=steps, most=settings.limits.steps)


def count_steps(scenario: Scenario) -> int:
    """Steps of the horizon over all weather years."""
    whole = steps_per_year(scenario.time.step_hours)
    hours = scenario.time.hours
    steps = whole if hours is None else min(whole, round(hours / scenario.time.step_hours))
    return steps * max(len(scenario.weather.years), 1)


def estimate_seconds(scenario: Scenario, *, one_system: bool = False) -> float:
    """How long a plan will take, roughly; work with whole numbers cannot be foreseen and counts as long."""
    if scenario.measure:
        return 60.0
    if scenario.weather.source in ONLINE_SOURCES:
        return 30.0
    cooling = scenario.cooling
    fixed = one_system or cooling.system != "auto" or cooling.pue is not None
    systems = 1 if fixed else min(len(cooling.candidates), 2)
    return SECONDS_FOR_INPUTS + systems * SECONDS_PER_YEAR_SOLVED * count_steps(scenario) / steps_per_year(1.0)
