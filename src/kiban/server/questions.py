"""The one place where the server asks the other parts of kiban: BUILD, PAY and the national plan.

A part that this version lacks is answered with `unavailable`.
"""

from __future__ import annotations

import dataclasses
import importlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, MutableMapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiban.messages import Message
from kiban.progress import Report
from kiban.quantities import LANGUAGES
from kiban.server.packing import plan_id
from kiban.server.problems import refuse

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart
    from kiban.planning.plan import Plan
    from kiban.planning.preparation import Preparation
    from kiban.scenario import Scenario

REMEMBERED_QUESTIONS = 3
_asked: OrderedDict[tuple[str, str], Any] = OrderedDict()
_paying = threading.Lock()


def build(
    scenario: Scenario,
    tell: Report | None = None,
    *,
    cooling_system: str | None = None,
    points: MutableMapping[str, WarmStart] | None = None,
    explain: bool = True,
) -> Plan:
    """The plan of a scenario; with one cooling system only where one is named.

    `points` to start from, by cooling system, are used and replaced. Without `explain` a plan does not say why there
    is no design.
    """
    from kiban.planning.building import build as build_plan

    if cooling_system is None:
        return build_plan(scenario, report=tell, warm=points, explain=explain)
    held = scenario.model_copy(update={"cooling": scenario.cooling.model_copy(update={"system": cooling_system})})
    return dataclasses.replace(build_plan(held, report=tell, warm=points, explain=explain), scenario=scenario)


def check(scenario: Scenario) -> Preparation:
    """All inputs of a scenario, read but not solved."""
    import kiban

    return kiban.check(scenario)


def can_pay() -> bool:
    """Whether this version answers who pays."""
    return _module("kiban.finance.paying") is not None and _module("kiban.report.payment.document") is not None


def pay(
    scenario: Scenario,
    packages: Sequence[Mapping[str, Any] | str],
    against: str,
    rates: Mapping[str, float],
    tell: Report | None = None,
    *,
    downside: bool = True,
) -> dict[str, Any]:
    """What `kiban pay --json` prints, and what the pages show of it.

    The inputs and the side without the packages are kept for the next question about the same scenario, so that
    another rate costs two plans instead of all, and these start from the last ones.
    """
    paying, payment, document = (
        _module(name)
        for name in ("kiban.finance.paying", "kiban.report.payment.words", "kiban.report.payment.document")
    )
    if paying is None or payment is None or document is None:
        raise refuse("unavailable", "unavailable", what="PAY")
    chosen = read_packages(packages, rates)
    try:
        with _paying:
            question = _question(paying, scenario, against)
            found = question.pay(chosen, report=tell)
            if downside:
                if tell is not None:
                    tell(Message("progress.pay_downside"))
                found = question.with_downside(found)
    except paying.InfeasibleError:
        raise refuse("scenario", "no_design") from None
    return {**payment.summarise_payment(found), **document.pay_document(found)}


def _question(paying: Any, scenario: Scenario, against: str) -> Any:
    key = (plan_id(scenario), against)
    if key not in _asked:
        _asked[key] = paying.Question(scenario, against=(read_packages([against], {})[0],), warm=True)
    _asked.move_to_end(key)
    while len(_asked) > REMEMBERED_QUESTIONS:
        _asked.popitem(last=False)
    return _asked[key]


def read_packages(packages: Sequence[Mapping[str, Any] | str], rates: Mapping[str, float]) -> list[Any]:
    """Packages by name, never by file, or as JSON; `rates` moves the only instrument of a package of that name."""
    package = _module("kiban.scenario.package")
    if package is None:
        raise refuse("unavailable", "unavailable", what="PAY")
    chosen = []
    for given in packages:
        if isinstance(given, str):
            if given not in package.package_names():
                raise refuse("scenario", "no_package", path="packages", name=given)
            read = package.load_package(given)
        else:
            read = package.parse_package(given, where="")
        chosen.append(read.scaled(rates[read.name]) if read.name in rates else read)
    return chosen


def list_packages() -> list[dict[str, Any]]:
    """The policy packages that this version knows."""
    document = _module("kiban.report.payment.document")
    if document is None or not can_pay():
        raise refuse("unavailable", "unavailable", what="PAY")
    found: list[dict[str, Any]] = document.package_documents()
    return found


def can_plan_nation() -> bool:
    """Whether this version plans all Japan."""
    return _module("kiban.national.building") is not None and _module("kiban.report.national.document") is not None


def national_examples() -> list[dict[str, str]]:
    """The examples that are national studies, as TOML."""
    examples = _module("kiban.scenario.examples")
    names: tuple[str, ...] = getattr(examples, "national_example_names", tuple)()
    return [{"name": name, "toml": _national_text(name)} for name in names]


def _national_text(name: str) -> str:
    from kiban.scenario import examples

    path = getattr(examples, "find_national", lambda _: None)(name)
    if path is None:
        raise refuse("not-found", "no_national", path="example", name=name)
    text: str = path.read_text(encoding="utf-8")
    return text


def read_national_example(name: str) -> str:
    """The TOML of an example that is a national study, never of a file of that name."""
    if name not in {example["name"] for example in national_examples()}:
        raise refuse("not-found", "no_national", path="example", name=name)
    return _national_text(name)


def check_nation(raw: Mapping[str, Any]) -> str:
    """The title of a national study; raises what is wrong with it."""
    title: str = _national_study(raw).national.name
    return title


def plan_nation(raw: Mapping[str, Any], tell: Report | None = None) -> dict[str, Any]:
    """The national plan as `kiban build --json` prints it."""
    building, summary = _module("kiban.national.building"), _module("kiban.report.national.document")
    if building is None or summary is None:
        raise refuse("unavailable", "unavailable", what="national plan")
    plan = building.build_national(_national_study(raw), report=tell)
    report = _module("kiban.report.national.terminal")
    said = {language: report.answer(plan, language) for language in LANGUAGES} if report is not None else {}
    return {**summary.summarise_national(plan), "sentences": said}


def _national_study(raw: Mapping[str, Any]) -> Any:
    reading = _module("kiban.scenario.national_file")
    if reading is None or not can_plan_nation():
        raise refuse("unavailable", "unavailable", what="national plan")
    return reading.parse_national(raw, where="")


def report_page(plan: Plan, document: Mapping[str, Any], recipe: Mapping[str, str] | None) -> bytes | None:
    """The report as one HTML file; None where this version has none."""
    page = _module("kiban.report.page")
    if page is None or not can_write_page():
        return None
    text: str = page.fill_page(document, plan.hourly, recipe=recipe)
    return text.encode("utf-8")


@cache
def can_write_page() -> bool:
    """Whether this version writes the report as one HTML file: it needs the built template."""
    template = Path(__file__).parents[1] / "report" / "template" / "report.html"
    return _module("kiban.report.page") is not None and template.is_file()


def _module(name: str) -> Any:
    """A module that another part brings, or None where this version lacks it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None
