"""The one place where the server asks the other parts of kiban: BUILD, PAY and the national plan.

A part that this version lacks is answered with `unavailable`.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kiban.server.problems import refuse

if TYPE_CHECKING:
    from kiban.planning.plan import Plan
    from kiban.planning.preparation import Preparation
    from kiban.scenario import Scenario

Tell = Callable[[str], None]


def build(scenario: Scenario, tell: Tell | None = None, *, cooling_system: str | None = None) -> Plan:
    """The plan of a scenario; with one cooling system only where one is named."""
    import kiban

    if cooling_system is None:
        return kiban.build(scenario, report=tell)
    held = scenario.model_copy(update={"cooling": scenario.cooling.model_copy(update={"system": cooling_system})})
    return dataclasses.replace(kiban.build(held, report=tell), scenario=scenario)


def check(scenario: Scenario) -> Preparation:
    """All inputs of a scenario, read but not solved."""
    import kiban

    return kiban.check(scenario)


def can_pay() -> bool:
    """Whether this version answers who pays."""
    import kiban

    return hasattr(kiban, "pay") and _function("kiban.report.pay_summary", "summarise_pay") is not None


def pay(scenario: Scenario, package: object, against: str, tell: Tell | None = None) -> dict[str, Any]:
    """What `kiban pay --json` prints."""
    import kiban

    ask = getattr(kiban, "pay", None)
    summarise = _function("kiban.report.pay_summary", "summarise_pay")
    if ask is None or summarise is None:
        raise refuse("unavailable", "unavailable", what="PAY")
    content: dict[str, Any] = summarise(ask(scenario, package=package, against=against))
    return content


def list_packages() -> list[dict[str, Any]]:
    """The policy packages that this version knows."""
    listing = _function("kiban.policy.packages", "list_packages")
    if listing is None:
        raise refuse("unavailable", "unavailable", what="PAY")
    return [dict(package) for package in listing()]


def can_plan_nation() -> bool:
    """Whether this version plans all Japan."""
    return False


def check_nation(question: Mapping[str, Any]) -> str:
    """The title of a national study; raises what is wrong with it."""
    raise refuse("unavailable", "unavailable", what="national plan")


def plan_nation(question: Mapping[str, Any], tell: Tell | None = None) -> dict[str, Any]:
    """The national plan as `kiban build --json` prints it."""
    raise refuse("unavailable", "unavailable", what="national plan")


def report_page(plan: Plan) -> bytes | None:
    """The report as one HTML file; None where this version has none."""
    write = _function("kiban.report.page", "plan_html")
    return write(plan).encode("utf-8") if write is not None else None


def can_write_page() -> bool:
    """Whether this version writes the report as one HTML file."""
    return _function("kiban.report.page", "plan_html") is not None


def _function(module: str, name: str) -> Callable[..., Any] | None:
    try:
        if importlib.util.find_spec(module) is None:
            return None
    except ModuleNotFoundError:
        return None
    found: Callable[..., Any] | None = getattr(importlib.import_module(module), name, None)
    return found
