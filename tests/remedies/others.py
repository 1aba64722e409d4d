"""Remedies that fit nowhere else: commands of forecasts, sessions, weather of a scenario, and journals."""

from __future__ import annotations

import builtins
import os
from collections.abc import Mapping
from datetime import UTC
from types import SimpleNamespace
from typing import Any

import httpx
from tests.cases.payments import campus, question
from tests.cases.servers import study
from tests.remedies import Case, Ground, Step
from tests.remedies.commands import command, page
from tests.remedies.operations import kept, models, promoted
from tests.remedies.serving import post, served
from tests.remedies.weather_files import prices, spot
from tests.unit import test_epw, test_jma, test_nsrdb, test_remedies
from tests.unit.test_journal import lines_of
from tests.unit.test_national_input import PLAIN

from kiban.commands import report as report_module
from kiban.errors import as_problems
from kiban.finance import comparison
from kiban.finance.large_load import weigh_terms
from kiban.finance.paying import Question
from kiban.national.study import assembly
from kiban.operation.live.journal import Journal, JournalFile, load_journal
from kiban.operation.live.replay import check_plan
from kiban.physics import battery
from kiban.planning import pypsa_network
from kiban.progress import say_nothing
from kiban.scenario import parse_scenario
from kiban.scenario.file import dump_scenario
from kiban.scenario.national_file import parse_national
from kiban.server.access import COOKIE, digest_of, make_token
from kiban.server.operating.clocks import RealClock
from kiban.server.operating.running import Wanted, _clock_and_source
from kiban.server.sessions import add_token
from kiban.weather.jepx import read_fiscal_year

WEEK = 'name = "One week"\n[site]\nid = "tomakomai"\n[time]\nhours = 168\n[load]\nit_load_mw = 50\n'
SAPPORO = {"latitude_deg": test_jma.PLACE[0], "longitude_deg": test_jma.PLACE[1]}


def made(g: Ground, *changes: Mapping[str, Any]) -> Step:
    """The inputs of the small plant of `test_remedies`, changed."""
    return lambda: test_remedies.read(g.folder, *changes)


def weather(source: str, *files: Any, **options: Any) -> dict[str, Any]:
    place = {"id": test_remedies.GONE, "latitude_deg": 42.64, "longitude_deg": 141.6, "area": "hokkaido"}
    return {
        "site": place,
        "weather": {"source": source, "files": [str(file) for file in files], **options},
        "supply": {"pv": {"max_mw": 5.0}},
    }


def epw_file(g: Ground, name: str = "a.epw") -> Any:
    return g.write(name, [*test_epw.header(), *test_epw.ROWS])


def jma_file(g: Ground) -> Any:
    return g.write("jma.csv", test_jma.TIDY)


def half_hours(g: Ground) -> dict[str, Any]:
    """A year of the NSRDB in half-hours."""
    file = g.write("site.csv", [*test_nsrdb.header(), *test_nsrdb.rows(2021, 30)])
    place = {"latitude_deg": test_nsrdb.LATITUDE, "longitude_deg": test_nsrdb.LONGITUDE}
    found = weather("nsrdb", file, years=[2021])
    return {**found, "site": {**found["site"], **place, "utc_offset_hours": test_nsrdb.ZONE}}


def pypsa(g: Ground, *, installed: bool) -> Step:
    plain = builtins.__import__

    def imported(name: str, *arguments: Any, **options: Any) -> Any:
        if name.split(".", maxsplit=1)[0] == "pypsa":
            if not installed:
                raise ImportError(name)
            return SimpleNamespace()
        return plain(name, *arguments, **options)

    def step() -> object:
        with g.change.context() as change:
            change.setattr(builtins, "__import__", imported)
            return pypsa_network._import_pypsa()

    return step


def formula(share: float) -> Step:
    def step() -> object:
        with as_problems():
            return battery.one_way_efficiencies(share)

    return step


def drive(g: Ground, *, same: bool) -> Step:
    """A scenario whose file lies on a drive from which the folder cannot be named."""

    def apart(*_: object) -> str:
        raise ValueError("path is on mount 'C:', start on mount 'D:'")

    def step() -> str:
        series = {"file": "load.csv", "column": "mw"}
        raw = {"name": "x", "site": {"id": "inzai"}, "load": {"it_load_mw": series}}
        scenario = parse_scenario(raw).placed_in(g.folder)
        with g.change.context() as change:
            if not same:
                change.setattr(os.path, "relpath", apart)
            return dump_scenario(scenario, g.folder / "plan")

    return step


def wanted(**options: Any) -> Step:
    return lambda: _clock_and_source(Wanted("journal", source="csv", **options), Journal((), 0, 0), RealClock(UTC))


def of_plan(entries: bytes, digest: str) -> Step:
    def step() -> None:
        from kiban.operation.live.journal import read_journal

        check_plan(read_journal(entries).entries, digest, "journal")

    return step


def begun(plan: str) -> bytes:
    from kiban.operation.live.journal import ORIGIN, write_line

    return write_line(1, "begun", {"plan": plan}, ORIGIN)[0]


def broken_journal(g: Ground) -> Step:
    first, second = lines_of({"a": 1}, {"a": 2}).splitlines(keepends=True)
    return lambda: g.command("replay", str(g.write("journal", first + second.replace(b"2", b"7"))))


def new_journal(g: Ground) -> Step:
    def step() -> object:
        with JournalFile(g.folder / "new") as found:
            found.append("begun", {"a": 1})
        return load_journal(g.folder / "new")

    return step


def axes(*steps: tuple[int, float]) -> Step:
    cases = [
        SimpleNamespace(model=SimpleNamespace(resources=SimpleNamespace(steps=count, step_hours=hours)),
                        candidate=SimpleNamespace(id=f"site-{number}"))
        for number, (count, hours) in enumerate(steps)
    ]  # fmt: skip
    return lambda: assembly._require_one_time_axis(cases)


def registered(g: Ground, *arguments: str, champion: bool = True) -> Step:
    """`kiban forecast promote` with a register of two models."""

    def step() -> object:
        found = kept(g)
        if champion:
            promoted(promoted(found, 0), 1)
        named = [word.replace("FIRST", models()[0].version) for word in arguments]
        return g.command("forecast", "promote", "--register", found.path, *named)

    return step


def settled(g: Ground, *, trained: bool) -> Step:
    """The newest challenger, where there is none left or one was trained."""

    def step() -> object:
        found = promoted(kept(g), 0)
        if not trained:
            found.retire(models()[1].version, "2026-11-29T12:00:00+00:00")
        else:
            from tests.remedies.operations import judged

            judged(found, 1)
        return g.command("forecast", "promote", "--register", found.path)

    return step


def token(g: Ground, *names: str) -> Step:
    def step() -> object:
        data = g.folder / "-".join(names)
        for name in names:
            done = g.command("serve", "token", "add", name, "--data", str(data))
        return done

    return step


def in_session(*, signed_in: bool) -> Step:
    """A browser whose session has ended, and one that has signed in again."""

    def step() -> httpx.Response:
        client, secret = served(token=True), make_token()
        add_token(client.service.store, f"who {secret[-6:]}", "viewer", digest_of(secret))
        cookie = "ended"
        if signed_in:
            answer = client.post("/api/v1/session", json={"token": secret})
            cookie = answer.cookies[COOKIE]
            client.cookies.clear()
        return client.get("/api/v1/sites", headers={"cookie": f"{COOKIE}={cookie}"})

    return step


def contracted(mw: float | None) -> Step:
    contract = {} if mw is None else {"contracted_mw": mw}
    return lambda: weigh_terms(Question(campus(grid={"contract": contract})).pay(("none",)))


def for_aim(aim: Any, target: float) -> Step:
    return lambda: comparison.least_public_money(question(), aim, target, ("tax-credit",))


def budget(myen: float) -> Step:
    return lambda: comparison.equal_cost(question(), myen, ("tax-credit",))


def of_package(g: Ground) -> Step:
    return lambda: report_module._page(
        str(g.write("a.json", "{}")), ["tax-credit"], ["none"], None, None, "en", say_nothing, insist=False
    )


MEASURE = {"measure": [{"id": "a", "annual_cost_myen": 1.0, "saving_share": 0.1}]}

CASES: Mapping[str, Case] = {
    "below": lambda g: (
        lambda: parse_scenario({"name": "x", "site": {"id": "inzai"}, "battery": {"self_discharge_per_hour": 1}}),
        lambda: parse_scenario({"name": "x", "site": {"id": "inzai"}, "battery": {"self_discharge_per_hour": 0.9}}),
    ),
    "pattern": lambda g: (
        lambda: parse_national({**PLAIN, "tranche": [{"id": "My Tranche", "it_load_mw": 1}]}),
        lambda: parse_national({**PLAIN, "tranche": [{"id": "my_tranche", "it_load_mw": 1}]}),
    ),
    "bounds.formula": lambda g: (formula(1.5), formula(0.9)),
    "planning.no_pypsa": lambda g: (pypsa(g, installed=False), pypsa(g, installed=True)),
    "file.download": lambda g: (lambda: read_fiscal_year(spot(g, []), "tokyo", 2023), lambda: prices(g)),
    "planning.weather_files": lambda g: (
        made(g, weather("epw", epw_file(g), epw_file(g, "b.epw"), years=[2021])),
        made(g, weather("epw", epw_file(g), epw_file(g, "b.epw"), years=[2021, 2022])),
        made(g, weather("epw", epw_file(g))),
    ),
    "planning.weather_step": lambda g: (
        made(g, half_hours(g)),
        made(g, half_hours(g), {"time": {"step_hours": 0.5}}),
    ),
    "planning.wind_height": lambda g: (
        made(g, weather("jma", jma_file(g)), {"site": SAPPORO}),
        made(g, weather("jma", jma_file(g), wind_height_m=59.5), {"site": SAPPORO}),
    ),
    "scenario.other_drive": lambda g: (drive(g, same=False), drive(g, same=True)),
    "source.no_file": lambda g: (wanted(telemetry=None), wanted(telemetry=str(g.folder / "telemetry.csv"))),
    "journal.empty": lambda g: (of_plan(b"", "x"), of_plan(begun("x"), "x")),
    "journal.other_plan": lambda g: (of_plan(begun("x"), "y"), of_plan(begun("x"), "x"), new_journal(g)),
    "journal.broken": lambda g: (broken_journal(g), new_journal(g)),
    "national.different_steps": lambda g: (axes((8760, 1.0), (17520, 1.0)), axes((8760, 1.0), (8760, 1.0))),
    "register.back_alone": lambda g: (registered(g, "--back", "FIRST"), registered(g, "--back")),
    "register.retire_which": lambda g: (
        registered(g, "--retire", champion=False),
        registered(g, "--retire", "FIRST", champion=False),
    ),
    "register.no_challenger": lambda g: (settled(g, trained=False), settled(g, trained=True)),
    "conflict": lambda g: (token(g, "mina", "mina"), token(g, "mina", "ken")),
    "no_session": lambda g: (in_session(signed_in=False), in_session(signed_in=True)),
    "instant": lambda g: (
        post("plans", {**study(), "changes": {**study()["changes"], **MEASURE}, "mode": "instant"}),
        post("plans", {**study(), "changes": {**study()["changes"], **MEASURE}}),
    ),
    "finance.contracted_less": lambda g: (contracted(0.1), contracted(200.0), contracted(None)),
    "finance.budget": lambda g: (budget(0.0), budget(9000.0)),
    "finance.share": lambda g: (for_aim("clean_share", 0.0), for_aim("clean_share", 0.61)),
    "command.two_aims": lambda g: (
        command(g, "compare", "--budget-myen", "1", "--induce-mw", "1"),
        lambda: (
            g.write("week.toml", WEEK),
            g.command("compare", "tax-credit", "--scenario", "week.toml", "--budget-myen", "9000"),
        )[1],
    ),
    "command.no_package_here": lambda g: (of_package(g), page(g, "plan", None)),
}
