"""Remedies of the command line and of what is written: options that exclude each other, names that are taken."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.remedies import Case, Ground, Step
from tests.unit.test_bad_input import QUICK

import kiban
from kiban.commands import report as report_module
from kiban.commands import terminal
from kiban.commands.new_file import write_new
from kiban.commands.paying import read_correlations, read_subject
from kiban.commands.place import read_place
from kiban.commands.running import find_plan
from kiban.finance.project import project_from_plan
from kiban.operation.live.campus import read_campus
from kiban.operation.offers import offer
from kiban.operation.period import Period, read_period
from kiban.operation.running import run
from kiban.operation.settlement import load_market_rules, read_rule
from kiban.planning.frontier import Measure
from kiban.planning.plan import Plan
from kiban.planning.preparation import prepare
from kiban.progress import say_nothing
from kiban.report.operation.folder import read_view, save_operation
from kiban.report.plan import folder as folder_module
from kiban.report.plan.folder import load_plan, save_plan
from kiban.report.plan.workbook import write_new_file
from kiban.scenario import parse_scenario

TEXT = 'name = "x"\n' + QUICK.format(load=5)


@cache
def small_plan() -> Plan:
    """A day of five megawatts."""
    return kiban.build(parse_scenario(tomllib.loads(TEXT)))


def at(text: str | None = None, scenario: str | None = None, **others: Any) -> Step:
    options = dict.fromkeys(("weather", "years", "load_mw", "wind_mw", "currency", "changes"))
    return lambda: read_place(scenario, text, **{**options, **others})


def command(g: Ground, *arguments: str, fresh: str = "") -> Step:
    """A command beside a scenario; a file that it is to make is away."""

    def step() -> Any:
        g.write("mine.toml", TEXT)
        if fresh:
            (g.folder / fresh).unlink(missing_ok=True)
        return g.command(*arguments)

    return step


def saved(g: Ground, name: str, before: Callable[[], object] = lambda: None) -> Step:
    def step() -> Path:
        before()
        return save_plan(small_plan(), g.folder / name)

    return step


def full(g: Ground, act: Step, *, full: bool) -> Step:
    """The act where nothing can be written, or where it can."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    def step() -> object:
        with g.change.context() as change:
            if full:
                for module in (folder_module, new_file_module(), workbook_module(), starter_module()):
                    change.setattr(module, "write_whole", refuse)
            return act()

    return step


def new_file_module() -> Any:
    from kiban.commands import new_file

    return new_file


def workbook_module() -> Any:
    from kiban.report.plan import workbook

    return workbook


def starter_module() -> Any:
    from kiban.report import starter

    return starter


def closed(g: Ground, *, room: bool) -> Step:
    """Output to where there is room or none."""

    class Full:
        def write(self, _: str) -> int:
            raise OSError(28, "No space left on device")

        def flush(self) -> None:
            pass

    def step() -> None:
        with g.change.context() as change:
            if not room:
                change.setattr(terminal.sys, "stdout", Full())
                change.setattr(terminal, "leave_closed_pipe", lambda: None)
            terminal.write("")

    return step


def sealed(g: Ground, name: str) -> Step:
    """A plan in a folder to which nothing may be added, whoever runs this."""

    def step() -> Path:
        (g.folder / "sealed").mkdir(exist_ok=True)
        plain = os.access
        with g.change.context() as change:
            change.setattr(
                folder_module.os, "access", lambda path, mode: Path(path).name != "sealed" and plain(path, mode)
            )
            return save_plan(small_plan(), g.folder / name)

    return step


def harmed(g: Ground, *, again: bool) -> Step:
    def step() -> Plan:
        folder = g.folder / ("again" if again else "harmed")
        saved_folder = save_plan(small_plan(), folder)
        if not again:
            (saved_folder / "summary.json").write_text("{", encoding="utf-8")
        return load_plan(saved_folder)

    return step


def viewed(g: Ground, *, in_detail: bool) -> Step:
    """The page of an operation whose folder was written by `kiban run --out`, or by what keeps no pictures."""

    def step() -> object:
        operation = run(small_plan(), forecast="perfect", in_detail=in_detail)
        return read_view(save_operation(operation, g.folder / ("whole" if in_detail else "bare")))

    return step


def framed(g: Ground, *packages: str, traced: Measure | None) -> Step:
    """A report with a frontier or without."""
    file = g.write("mine.toml", TEXT)
    return lambda: report_module._page(str(file), [*packages], ["none"], None, traced, "en", say_nothing, insist=False)


def days(first: str | None, last: str | None) -> Step:
    given = [None if day is None else date.fromisoformat(day) for day in (first, last)]
    return lambda: read_period(small_plan(), Period(first=given[0], last=given[1]))


def typical_days(years_later: int) -> Step:
    """A day of a typical year, or of another one."""
    scenario = parse_scenario({"name": "x", "site": {"id": "inzai"}})
    day = date(prepare(scenario).time[0].year + years_later, 1, 1)
    return lambda: read_period(SimpleNamespace(scenario=scenario), Period(first=day, last=day))


@cache
def no_design() -> Plan:
    return kiban.build(parse_scenario(tomllib.loads(TEXT.replace("[grid]\n", "[grid]\nmax_mw = 0\n"))))


@cache
def plan_in_hokkaido() -> Plan:
    return kiban.build(parse_scenario(tomllib.loads(TEXT.replace("[site]\n", '[site]\narea = "hokkaido"\n'))))


@cache
def sold_plan(reliability: float = 1.0) -> Plan:
    """A day in which compute is sold by the day, of which so much must be delivered."""
    more = '[[tranche]]\nname = "batch"\nit_load_mw = 1\nprice_myen_per_mwh = 1\ncommitted = "day"\n'
    return kiban.build(parse_scenario(tomllib.loads(f"{TEXT}{more}reliability = {reliability}\n")))


def rule(day: str) -> Step:
    return lambda: read_rule(load_market_rules(), date.fromisoformat(day))


def page(g: Ground, name: str, content: str | None, draws: int | None = None) -> Step:
    """A report of what was saved; without content, of a plan's folder."""

    def step() -> object:
        subject = saved(g, name)() if content is None else g.write(name, content)
        return report_module._page(str(subject), [], ["none"], draws, None, "en", say_nothing, insist=False)

    return step


CASES: Mapping[str, Case] = {
    "command.only_at": lambda g: (at(load_mw=5.0), at("43.0,141.5", load_mw=5.0), at(scenario="mine.toml")),
    "command.at_or_scenario": lambda g: (at("43.0,141.5", "mine.toml"), at("43.0,141.5"), at(None, "mine.toml")),
    "command.years": lambda g: (
        at("43.0,141.5", weather="nasa-power", years="last"),
        at("43.0,141.5", weather="nasa-power", years="2019"),
        at("43.0,141.5", weather="nasa-power", years="2015-2019"),
    ),
    "command.only_national": lambda g: (
        command(g, "build", "mine.toml", "--draws", "3"),
        command(g, "build", "mine.toml"),
    ),
    "command.correlation": lambda g: (
        lambda: read_correlations(["x"]),
        lambda: read_correlations(["pv.capex,hydro.capex=0.5"]),
    ),
    "command.set": lambda g: (
        at("43.0,141.5", changes=["weather.fill_gaps_hours"]),
        at("43.0,141.5", weather="nasa-power", changes=["weather.fill_gaps_hours=3", "site.name=By the sea"]),
    ),
    "command.not_compared": lambda g: (lambda: read_subject("japan"), lambda: read_subject("tomakomai")),
    "command.kept": lambda g: (
        lambda: write_new(g.write("a.html", "x"), b"x"),
        lambda: write_new(g.folder / "b.html", b"x"),
    ),
    "command.unwritable": lambda g: (
        full(g, lambda: write_new(g.folder / "c.html", b"x"), full=True),
        full(g, lambda: write_new(g.folder / "c.html", b"x"), full=False),
    ),
    "command.no_folder": lambda g: (
        command(g, "frontier", "mine.toml", "-o", "no/a.csv"),
        lambda: ((g.folder / "no").mkdir(), new_file_module().require_new(g.folder / "no" / "a.csv")),
    ),
    "command.output": lambda g: (closed(g, room=False), closed(g, room=True)),
    "command.no_report": lambda g: (page(g, "a.json", "{}"), page(g, "plan", None)),
    "command.draws_alone": lambda g: (page(g, "plan", None, draws=3), page(g, "plan-2", None)),
    "output.taken": lambda g: (
        lambda: write_new_file(b"x", g.write("a.xlsx", "x")),
        lambda: write_new_file(b"x", g.folder / "b.xlsx"),
    ),
    "output.elsewhere": lambda g: (
        full(g, lambda: write_new_file(b"x", g.folder / "d.xlsx"), full=True),
        full(g, lambda: write_new_file(b"x", g.folder / "d.xlsx"), full=False),
    ),
    "output.kept": lambda g: (command(g, "init", "mine.toml"), command(g, "init", "mine-2.toml", fresh="mine-2.toml")),
    "output.is_folder": lambda g: (
        lambda: ((g.folder / "f.toml").mkdir(), command(g, "init", "f.toml")())[1],
        command(g, "init", "f-2.toml"),
    ),
    "output.another_plan": lambda g: (saved(g, "plan", saved(g, "plan")), saved(g, "plan-2")),
    "output.not_empty": lambda g: (saved(g, "full", lambda: g.write("full/x", "x")), saved(g, "full-2")),
    "output.is_file": lambda g: (saved(g, "file", lambda: g.write("file", "x")), saved(g, "file-2")),
    "output.below_file": lambda g: (saved(g, "above/plan", lambda: g.write("above", "x")), saved(g, "elsewhere/plan")),
    "output.no_entries": lambda g: (sealed(g, "sealed/plan"), sealed(g, "open/plan")),
    "output.writable": lambda g: (full(g, saved(g, "w"), full=True), full(g, saved(g, "w"), full=False)),
    "output.no_folder": lambda g: (lambda: load_plan(g.folder / "none"), lambda: load_plan(saved(g, "some")())),
    "output.no_plan": lambda g: (
        lambda: load_plan(g.write("empty/x", "x").parent),
        lambda: load_plan(saved(g, "some")()),
    ),
    "output.damaged": lambda g: (harmed(g, again=False), harmed(g, again=True)),
    "operation.one_day": lambda g: (days("2023-01-01", None), days("2023-01-01", "2023-01-01"), days(None, None)),
    "operation.days_crossed": lambda g: (
        days("2023-01-02", "2023-01-01"),
        days(f"{small_plan().time[0]:%Y-%m-%d}", f"{small_plan().time[0]:%Y-%m-%d}"),
    ),
    "operation.days_outside": lambda g: (typical_days(1), typical_days(0)),
    "operation.forecast": lambda g: (
        command(g, "run", "mine.toml", "--forecast", "zzz"),
        command(g, "run", "mine.toml", "--forecast", "perfect"),
    ),
    "operation.no_market": lambda g: (
        lambda: offer(small_plan(), forecast="perfect"),
        lambda: offer(plan_in_hokkaido(), forecast="perfect"),
    ),
    "operation.no_design": lambda g: (
        lambda: run(no_design()),
        lambda: run(small_plan(), forecast="perfect"),
    ),
    "operation.uncovered": lambda g: (
        lambda: run(sold_plan(0.9), forecast="perfect"),
        lambda: run(small_plan(), forecast="perfect"),
        lambda: run(sold_plan(), forecast="perfect"),
    ),
    "operation.unmetered": lambda g: (
        lambda: read_campus(sold_plan()),
        lambda: read_campus(small_plan()),
        lambda: run(sold_plan(), forecast="perfect"),
    ),
    "operation.not_national": lambda g: (
        lambda: find_plan("japan", say_nothing, insist=False),
        lambda: find_plan(str(g.write("mine.toml", TEXT)), say_nothing, insist=False),
        lambda: find_plan(str(saved(g, "run")()), say_nothing, insist=False),
    ),
    "operation.rule_outside": lambda g: (rule("1999-04-01"), rule("2026-04-01")),
    "operation.no_view": lambda g: (viewed(g, in_detail=False), viewed(g, in_detail=True)),
    "movement.one_site": lambda g: (
        command(g, "run", "mine.toml", "--bandwidth", "100"),
        command(g, "run", "mine.toml", "--forecast", "perfect"),
    ),
    "command.no_frontier_here": lambda g: (
        framed(g, "tax-credit", traced="emissions"),
        framed(g, traced="emissions"),
    ),
    "finance.no_design": lambda g: (lambda: project_from_plan(no_design()), lambda: project_from_plan(small_plan())),
}
