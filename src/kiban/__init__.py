"""kiban (基盤): plan AI data centres together with their clean power, at provably least cost.

    import kiban

    plan = kiban.build("tomakomai")          # an example, a file, or a Scenario
    plan.cost_myen_per_year
    kiban.save(plan, "out/tomakomai")
    kiban.load("out/tomakomai") == plan
    kiban.frontier("tomakomai", "clean_share").points    # what each point of clean share costs
    payment = kiban.pay("tomakomai", "tax-credit")   # a policy package, by name, file or object
    payment.support.windfall_share
    operation = kiban.run("tomakomai")       # how a plan runs when the hours ahead are not known
    operation.regret, operation.unserved_mwh
    national = kiban.build("japan")          # a national study, by the same names: sites, sizes, flows
    national.sites, national.flows

Importing this package loads nothing else; each name brings what it needs when it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from kiban.finance.ledger import Ledger
    from kiban.finance.national_payment import NationalPayment
    from kiban.finance.payment import Payment
    from kiban.national.result.plan import NationalPlan
    from kiban.national.study.problem import NationalProblem
    from kiban.operation.events import Event
    from kiban.operation.forecast.choice import Wanted
    from kiban.operation.operation import Operation
    from kiban.operation.period import Period
    from kiban.planning.frontier import Frontier, Measure
    from kiban.planning.plan import Plan
    from kiban.planning.preparation import Preparation
    from kiban.progress import Report
    from kiban.scenario import Scenario
    from kiban.scenario.national import NationalScenario
    from kiban.scenario.package import Package

__all__ = [
    "Ledger",
    "NationalPlan",
    "NationalScenario",
    "Operation",
    "Plan",
    "Scenario",
    "__version__",
    "build",
    "check",
    "frontier",
    "load",
    "pay",
    "read",
    "run",
    "save",
]


def read(source: str | Path) -> Any:
    """The scenario in a TOML file or in the example of that name; `ScenarioError` with every problem.

    A `NationalScenario` where the file has the table `[national]`, else a `Scenario`.
    """
    from kiban.scenario.examples import load_scenario
    from kiban.scenario.national import NationalScenario

    found = _find(source)
    return found if isinstance(found, NationalScenario) else load_scenario(found)


@overload
def check(scenario: Scenario, *, insist: bool = False) -> Preparation: ...
@overload
def check(scenario: NationalScenario, *, insist: bool = False) -> NationalProblem: ...
@overload
def check(scenario: str | Path, *, insist: bool = False) -> Any: ...
def check(scenario: Scenario | NationalScenario | str | Path, *, insist: bool = False) -> Preparation | NationalProblem:
    """Read everything that a scenario needs, without solving; `InputError` with what cannot be used.

    Of a national study: the problem of choosing among its sites, with the inputs of each of them read. `insist` takes
    values that are a hundred times outside of what is plausible.
    """
    from kiban.planning.preparation import prepare
    from kiban.scenario.examples import load_scenario
    from kiban.scenario.national import NationalScenario

    found = _find(scenario)
    if isinstance(found, NationalScenario):
        from kiban.catalogue import load_catalogue
        from kiban.national.study.assembly import write_problem

        return write_problem(found.insisting(insist), load_catalogue())[0]
    preparation = prepare(load_scenario(found).insisting(insist))
    for cooling_system in preparation.cooling_systems:
        preparation.resources_for(cooling_system)
    return preparation


@overload
def build(scenario: NationalScenario, *, report: Report | None = None, insist: bool = False) -> NationalPlan: ...
@overload
def build(scenario: Scenario | None = None, *, report: Report | None = None, insist: bool = False) -> Plan: ...
@overload
def build(scenario: str | Path, *, report: Report | None = None, insist: bool = False) -> Any: ...
def build(
    scenario: Scenario | NationalScenario | str | Path | None = None,
    *,
    report: Report | None = None,
    insist: bool = False,
) -> Plan | NationalPlan:
    """The proven least-cost plan of a scenario, or a plan that explains why there is none.

    `scenario` may be a file or the name of an example; None builds the default example. A national study gives a
    `NationalPlan`, everything else a `Plan`. `report` is told of progress; `insist` takes values that are a hundred
    times outside of what is plausible. Raises `InputError` for what cannot be
    used and `SolverError` where nothing could be proven.
    """
    from kiban.planning.building import build as build_plan
    from kiban.scenario.examples import load_scenario
    from kiban.scenario.national import NationalScenario

    found = _find(scenario)
    if isinstance(found, NationalScenario):
        from kiban.national.building import build_national

        return build_national(found.insisting(insist), report=report)
    return build_plan(load_scenario(found).insisting(insist), report=report)


@overload
def pay(
    scenario: NationalScenario,
    package: str | Package | Sequence[str | Package],
    *,
    against: str | Package | Sequence[str | Package] = "none",
    report: Report | None = None,
    insist: bool = False,
) -> NationalPayment: ...
@overload
def pay(
    scenario: Scenario | None,
    package: str | Package | Sequence[str | Package],
    *,
    against: str | Package | Sequence[str | Package] = "none",
    draws: int | None = None,
    seed: int | None = None,
    correlations: Mapping[tuple[str, str], float] | None = None,
    report: Report | None = None,
    insist: bool = False,
) -> Payment: ...
@overload
def pay(
    scenario: str | Path,
    package: str | Package | Sequence[str | Package],
    *,
    against: str | Package | Sequence[str | Package] = "none",
    draws: int | None = None,
    seed: int | None = None,
    correlations: Mapping[tuple[str, str], float] | None = None,
    report: Report | None = None,
    insist: bool = False,
) -> Any: ...
def pay(
    scenario: Scenario | NationalScenario | str | Path | None,
    package: str | Package | Sequence[str | Package],
    *,
    against: str | Package | Sequence[str | Package] = "none",
    draws: int | None = None,
    seed: int | None = None,
    correlations: Mapping[tuple[str, str], float] | None = None,
    report: Report | None = None,
    insist: bool = False,
) -> Payment | NationalPayment:
    """Who pays for a policy package (or several that hold together), and what it changes, against another.

    By default it is compared with the tax law without support. A national study gives a `NationalPayment`. With `draws`
    what is assumed is drawn as often (`Payment.firmness`; one campus only); `correlations` are by pair of rows. Raises
    `InputError` for what cannot be used.
    """
    from kiban.errors import InputError, Problem
    from kiban.finance.paying import pay as answer
    from kiban.scenario.examples import load_scenario
    from kiban.scenario.national import NationalScenario

    found = _find(scenario)
    if isinstance(found, NationalScenario):
        from kiban.finance.national import pay_national

        if draws is not None:
            raise InputError(Problem("command.only_one_site", key="draws"))
        return pay_national(found.insisting(insist), _listed(package), against=_listed(against), report=report)
    if draws is not None:
        from kiban.finance.joint_draws import pay_with_draws

        return pay_with_draws(
            load_scenario(found).insisting(insist), _listed(package), against=_listed(against), draws=draws, seed=seed,
            correlations=correlations, report=report,
        )  # fmt: skip
    return answer(load_scenario(found).insisting(insist), package, against=against, report=report)


def frontier(
    scenario: Scenario | str | Path | None = None,
    measure: Measure = "emissions",
    *,
    points: int = 20,
    budget_myen_per_year: float | None = None,
    insist: bool = False,
    report: Report | None = None,
) -> Frontier:
    """The least cost against `"emissions"` or `"clean_share"`, in `points` designs from the least cost on.

    `best` of the answer is the design with the least emissions, or the largest clean share, that the budget pays.
    Raises `InputError` for what cannot be used and `SolverError` where nothing could be proven.
    """
    from kiban.planning.frontier import trace
    from kiban.scenario.examples import load_scenario

    return trace(
        load_scenario(scenario).insisting(insist),
        measure,
        points=points,
        budget_myen_per_year=budget_myen_per_year,
        report=report,
    )


def run(
    plan: Plan | Scenario | str | Path | None = None,
    *,
    period: Period | None = None,
    forecast: Wanted = "synthetic",
    hour: Literal["merit", "measured"] = "merit",
    horizon_hours: float | None = None,
    events: Sequence[Event] | str | Path = (),
    in_detail: bool = False,
    insist: bool = False,
    report: Report | None = None,
) -> Operation:
    """How a plan runs when the hours ahead are not known, measured against perfect foresight.

    `plan` may be a saved plan's folder, or a scenario, file or name of an example, which is built first. `period` gives
    the weather, prices and days that are met (absent: those of the plan), `forecast` what is known ahead, `events` what
    fails, or a file of events; `in_detail` keeps what its report shows. Raises `InputError` for what cannot be operated
    or used.
    """
    from kiban.operation.running import run as operate
    from kiban.planning.building import build as build_plan
    from kiban.planning.plan import Plan
    from kiban.scenario.examples import load_scenario

    if isinstance(plan, str | Path) and Path(plan).is_dir():
        plan = load(plan)
    if not isinstance(plan, Plan):
        plan = build_plan(load_scenario(plan).insisting(insist), report=report)
    return operate(
        plan,
        period=period,
        forecast=forecast,
        hour=hour,
        horizon_hours=horizon_hours,
        events=events,
        in_detail=in_detail,
        report=report,
    )


def save(plan: Plan | NationalPlan | Operation, folder: str | Path) -> Path:
    """Write a plan or an operation to a new folder and return it; `OutputError` where that cannot be done."""
    from kiban.operation.operation import Operation
    from kiban.planning.plan import Plan

    if isinstance(plan, Operation):
        from kiban.report.operation.folder import save_operation

        return save_operation(plan, folder)

    if isinstance(plan, Plan):
        from kiban.report.plan.folder import save_plan

        return save_plan(plan, folder)
    from kiban.report.national.folder import save_national

    return save_national(plan, folder)


def load(folder: str | Path) -> Plan:
    """The plan in a folder that `save` wrote; `OutputError` where there is none or it is damaged.

    The folder of a national plan holds reports, JSON and tables, and is not read back.
    """
    from kiban.report.plan.folder import load_plan

    return load_plan(folder)


def _find(source: Scenario | NationalScenario | str | Path | None) -> Scenario | NationalScenario | str | Path | None:
    """The national study in a file or example of that name; everything else as it is."""
    if not isinstance(source, str | Path):
        return source
    from kiban.scenario.examples import find_national

    path = find_national(source)
    if path is None:
        return source
    from kiban.scenario.national_file import read_national

    return read_national(path)


def _listed(packages: str | Package | Sequence[str | Package]) -> Sequence[str | Package]:
    """One package or several, as several."""
    from kiban.scenario.package import Package

    return (packages,) if isinstance(packages, str | Package) else packages


def __getattr__(name: str) -> Any:
    if name == "NationalPlan":
        from kiban.national.result.plan import NationalPlan

        return NationalPlan
    if name == "NationalScenario":
        from kiban.scenario.national import NationalScenario

        return NationalScenario
    if name == "Operation":
        from kiban.operation.operation import Operation

        return Operation
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
        from kiban.version import installed_version

        return installed_version()
    raise AttributeError(f"module 'kiban' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
