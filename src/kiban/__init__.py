"""kiban (基盤): plan AI data centres together with their clean power, at provably least cost.

    import kiban

    plan = kiban.build("tomakomai")          # an example, a file, or a Scenario
    plan.cost_myen_per_year
    kiban.save(plan, "out/tomakomai")
    kiban.load("out/tomakomai") == plan
    payment = kiban.pay("tomakomai", "tax-credit")   # a policy package, by name, file or object
    payment.support.windfall_share

Importing this package loads nothing else; each name brings what it needs when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kiban.finance.ledger import Ledger
    from kiban.finance.paying import Payment
    from kiban.planning.plan import Plan
    from kiban.planning.preparation import Preparation
    from kiban.scenario import Scenario
    from kiban.scenario.package import Package

__all__ = ["Ledger", "Plan", "Scenario", "__version__", "build", "check", "load", "pay", "read", "save"]


def read(source: str | Path) -> Scenario:
    """The scenario in a TOML file or in the example of that name; `ScenarioError` with every problem."""
    from kiban.scenario.examples import load_scenario

    return load_scenario(source)


def check(scenario: Scenario | str | Path) -> Preparation:
    """Read everything that a scenario needs, without solving; `InputError` with what cannot be used."""
    from kiban.planning.preparation import prepare
    from kiban.scenario.examples import load_scenario

    preparation = prepare(load_scenario(scenario))
    for cooling_system in preparation.cooling_systems:
        preparation.resources_for(cooling_system)
    return preparation


def build(scenario: Scenario | str | Path | None = None, *, report: Callable[[str], None] | None = None) -> Plan:
    """The proven least-cost plan of a scenario, or a plan that explains why there is none.

    `scenario` may be a file or the name of an example; None builds the default example. `report` is told of
    progress. Raises `InputError` for what cannot be used and `SolverError` where nothing could be proven.
    """
    from kiban.planning.building import build as build_plan
    from kiban.scenario.examples import load_scenario

    return build_plan(load_scenario(scenario), report=report)


def pay(
    scenario: Scenario | str | Path | None,
    package: str | Package | Sequence[str | Package],
    *,
    against: str | Package | Sequence[str | Package] = "none",
    report: Callable[[str], None] | None = None,
) -> Payment:
    """Who pays for a policy package (or several that hold together), and what it changes, against another.

    By default it is compared with the tax law without support. Raises `InputError` for what cannot be used.
    """
    from kiban.finance.paying import pay as answer

    return answer(scenario, package, against=against, report=report)


def save(plan: Plan, folder: str | Path) -> Path:
    """Write a plan to a new folder and return it; `OutputError` where the place is taken or cannot be written."""
    from kiban.report.folder import save_plan

    return save_plan(plan, folder)


def load(folder: str | Path) -> Plan:
    """The plan in a folder that `save` wrote; `OutputError` where there is none or it is damaged."""
    from kiban.report.folder import load_plan

    return load_plan(folder)


def __getattr__(name: str) -> Any:
    if name == "Plan":
        from kiban.planning.plan import Plan

        return Plan
    if name == "Ledger":
        from kiban.finance.ledger import Ledger

        return Ledger
    if name == "Scenario":
        from kiban.scenario import Scenario

        return Scenario
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("kiban")
        except PackageNotFoundError:
            return "0+unknown"
    raise AttributeError(f"module 'kiban' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
