"""Remedies of forecasts, of models and their register, of events, and of a service that operates."""

from __future__ import annotations

import builtins
import sqlite3
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cache
from types import SimpleNamespace
from typing import Any

import httpx
from tests.cases.coroutines import run_apart
from tests.cases.forecasts import LATITUDE_DEG, LONGITUDE_DEG, conditions, record
from tests.remedies import Case, Ground, Step
from tests.unit import test_given_forecasts as given
from tests.unit.test_journal import lines_of
from tests.unit.test_occurrences import ALL, HERE, UNITS

from kiban.operation import register as register_module
from kiban.operation.forecast import choice
from kiban.operation.forecast.climatology import ClimatologyForecast
from kiban.operation.forecast.model_bytes import pack
from kiban.operation.forecast.record import record_of
from kiban.operation.forecast.training import Settings, TrainedModel, require_library, train
from kiban.operation.live.journal import JournalFile, load_journal
from kiban.operation.live.orders import read_order
from kiban.operation.occurrences import read_occurrences
from kiban.operation.power_limit import PowerLimit
from kiban.operation.register import Judgement, Register
from kiban.outside import Reach, restricted
from kiban.server.operating.addresses import make_addresses
from kiban.server.operating.clocks import RealClock
from kiban.server.operating.running import read_token
from kiban.server.operating.sources import CsvSource, PrometheusSource
from kiban.weather.forecast import PointForecast

AT = "2026-11-29T12:00:00+00:00"
JAPAN = timezone(timedelta(hours=9))
NOW = datetime.fromisoformat("2026-01-15T18:05:00+09:00")
TOKEN = "a token that is drawn at random"
PROMETHEUS = "http://prometheus.example"
EMPTY = {"status": "success", "data": {"result": []}}


# Forecasts of a file, and of models


def forecast(g: Ground, change: Callable[[Any], Any] = lambda frame: frame, **options: int) -> Step:
    return lambda: given.read(given.write(g.folder, change(given.rows()), "wind.csv"), **options)


@cache
def models() -> tuple[TrainedModel, ...]:
    model = train(record(days=2, past_days=63), Settings(horizon_hours=6, trees=3, issues_every_hours=12))
    return tuple(replace(model, settings=replace(model.settings, seed=seed)) for seed in (1, 2))


def learnt(past_days: int) -> Step:
    settings = Settings(horizon_hours=6, trees=3, issues_every_hours=12)
    return lambda: train(record(days=2, past_days=past_days), settings)


def library(g: Ground, *, installed: bool) -> Step:
    def step() -> None:
        with g.change.context() as change:
            if not installed:
                change.delitem(sys.modules, "sklearn", raising=False)
                plain = builtins.__import__

                def without(name: str, *arguments: Any, **options: Any) -> Any:
                    if name == "sklearn":
                        raise ModuleNotFoundError(name)
                    return plain(name, *arguments, **options)

                change.setattr(builtins, "__import__", without)
            require_library()

    return step


def months(past: int) -> Step:
    return lambda: ClimatologyForecast(conditions(40, 1, "2023-04-01"), conditions(past, 2, "2022-04-01"))


def days_of_the_past(hours: int) -> Step:
    past = conditions(3, 2, "2022-04-01 06:00").cut(0, hours)
    return lambda: record_of(conditions(2, 1), past, LATITUDE_DEG, LONGITUDE_DEG)


# The register


def kept(g: Ground) -> Register:
    """A new register with two models that were not judged."""
    (g.folder / "models.sqlite").unlink(missing_ok=True)
    found = Register(g.folder / "models.sqlite", create=True)
    for model in models():
        found.add(model, AT)
    return found


def judged(found: Register, which: int, cost: float = 9.0) -> None:
    rival = found.champion or "climatology"
    found.judge(models()[which].version, Judgement(rival, cost, 10.0, "2023-01-01", "2023-12-31"), AT)


def promoted(found: Register, which: int, cost: float | None = 9.0) -> Register:
    if cost is not None:
        judged(found, which, cost)
    found.promote(models()[which].version, AT)
    return found


def retired(g: Ground, which: int) -> Register:
    found = kept(g)
    found.retire(models()[which].version, AT)
    return found


def rolled_back(g: Ground, *which: int) -> Step:
    def step() -> None:
        found = kept(g)
        for one in which:
            promoted(found, one)
        found.roll_back(AT)

    return step


def busy(g: Ground, *, held: bool) -> Step:
    def step() -> None:
        found = kept(g)
        g.change.setattr(register_module, "WAIT_FOR_WRITER_SECONDS", 0.05)
        other = sqlite3.connect(found.path, isolation_level=None)
        try:
            other.execute("begin immediate")
            if not held:
                other.execute("rollback")
            found.retire(models()[0].version, AT)
        finally:
            other.close()

    return step


def bytes_of(g: Ground, *, trained_again: bool) -> Step:
    def step() -> None:
        found, version = kept(g), models()[0].version
        with sqlite3.connect(found.path) as connection:
            connection.execute("update model set content = ? where version = ?", (pack(models()[0])[:-9], version))
        connection.close()
        if trained_again:
            (again,) = models()[1:]
            version = again.version
        found.load(version)

    return step


def circumstances(hours: int, lacks: str = "") -> choice.Circumstances:
    """Two days of a plant; without one of its series where that is named."""
    now, past = (
        replace(found, series={name: column for name, column in found.series.items() if name != lacks})
        for found in (conditions(2, 1), conditions(63, 1001, "2022-04-01"))
    )
    return choice.Circumstances(now, past, LATITUDE_DEG, LONGITUDE_DEG, hours, 1)


def by_model(hours: int, lacks: str = "") -> Step:
    return lambda: choice.choose_forecast(models()[0], circumstances(hours, lacks), lambda _: 10.0)


def of_step(hours: float) -> Step:
    """A model of the plan's steps, or of others."""

    def step() -> object:
        model = models()[0]
        other = replace(model, origin=replace(model.origin, step_hours=hours))
        return choice.choose_forecast(other, circumstances(6), lambda _: 10.0)

    return step


def by_register(g: Ground, *, champion: bool) -> Step:
    def step() -> object:
        found = kept(g)
        if champion:
            promoted(found, 0)
        return choice.choose_forecast(str(found.path), circumstances(6), lambda _: 10.0)

    return step


# Events


def events(g: Ground, old: str = "", new: str = "") -> Step:
    def step() -> Any:
        assert old in ALL
        return read_occurrences(g.write("events.toml", ALL.replace(old, new)), HERE, UNITS)

    return step


# The service that operates


def order(**changes: Any) -> Step:
    content = {"who": "A", "why": "b", "ends": "2026-01-15T19:05:00+09:00", "flexible_mw": 1.0}
    return lambda: read_order("override", {**content, **changes}, NOW)


def telemetry(g: Ground, text: str) -> Step:
    return lambda: CsvSource(g.write("telemetry.csv", text), RealClock(JAPAN), ends=True).first


def prometheus(g: Ground, answer: object, *, online: bool = True) -> Step:
    """A Prometheus with one answer; an exception is none at all."""

    def answered(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(200, json=answer) if not isinstance(answer, str) else httpx.Response(200, text=answer)

    client = httpx.Client

    def step() -> Any:
        with g.change.context() as change, restricted(Reach(files=True, online=online)):
            change.setattr(httpx, "Client", lambda **_: client(transport=httpx.MockTransport(answered)))
            return PrometheusSource(PROMETHEUS, RealClock(JAPAN)).read()

    return step


def ordered(known: str | None, sent: str) -> Step:
    """An order over HTTP to a service that was started with a token or without."""
    limit = PowerLimit(1, NOW, NOW + timedelta(minutes=5), 1.0, 1.0, "override")
    decided = SimpleNamespace(decision=SimpleNamespace(limit=limit))
    service = SimpleNamespace(clock=SimpleNamespace(now=lambda: NOW), order=lambda _: decided, limit=limit)
    pages = make_addresses(service, SimpleNamespace(count_order=lambda _: None), known, "en")
    content = {"who": "A", "why": "b", "ends": "2026-01-15T19:05:00+09:00", "flexible_mw": 1.0}

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(pages), base_url="http://campus") as client:
            return await client.post("/override", json=content, headers={"authorization": f"Bearer {sent}"})

    return lambda: run_apart(ask())


def token(g: Ground, text: str) -> Step:
    return lambda: read_token(str(g.write("token", text)))


def journal(g: Ground, name: str, content: bytes | None) -> Step:
    return lambda: load_journal(g.folder / name if content is None else g.write(name, content))


def written(g: Ground, *, room: bool) -> Step:
    """A line of a journal on a disk that is full or not."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    def step() -> None:
        with JournalFile(g.folder / "journal") as found, g.change.context() as change:
            if not room:
                change.setattr("os.fsync", full)
            found.append("begun", {"a": 1})

    return step


def held(g: Ground, name: str, *, ended: bool = False) -> Step:
    def step() -> None:
        first = JournalFile(g.folder / "journal")
        try:
            if ended:
                first.close()
            JournalFile(g.folder / name).close()
        finally:
            if not ended:
                first.close()

    return step


TELEMETRY = "time,load_mw\n2026-01-15T18:05:00+09:00,1.0\n"

CASES: Mapping[str, Case] = {
    "forecast.no_months": lambda g: (months(20), months(40)),
    "forecast.no_column": lambda g: (forecast(g, lambda frame: frame.rename(columns={"value": "mw"})), forecast(g)),
    "forecast.two_columns": lambda g: (forecast(g, lambda frame: frame.assign(Value=1.0)), forecast(g)),
    "forecast.issued_late": lambda g: (
        forecast(g, lambda f: f.assign(issue_time=f.issue_time.where(f.index != 13, "2023-04-02 00:00"))),
        forecast(g, lambda f: f.drop(index=13)),
        forecast(g),
    ),
    "forecast.gap": lambda g: (
        lambda: given.read(given.write(g.folder, given.rows(3, 6)), 5),
        lambda: given.read(given.write(g.folder, given.rows(3, 8)), 5),
        lambda: given.read(given.write(g.folder, given.rows(3, 6)), 4),
    ),
    "forecast.short_past": lambda g: (learnt(14), learnt(63)),
    "forecast.no_library": lambda g: (library(g, installed=False), library(g, installed=True)),
    "forecast.short_model": lambda g: (by_model(12), by_model(6)),
    "forecast.other_plant": lambda g: (by_model(6, lacks="availability_pv"), by_model(6)),
    "forecast.other_step": lambda g: (of_step(0.5), of_step(1.0)),
    "forecast.address": lambda g: (
        lambda: PointForecast.at("open-meteo+ftp://host/path"),
        lambda: PointForecast.at("open-meteo"),
        lambda: PointForecast.at("jma-msm+http://host/path"),
    ),
    "register.no_champion": lambda g: (by_register(g, champion=False), by_register(g, champion=True)),
    "order.no_token": lambda g: (ordered(None, "x"), ordered(TOKEN, TOKEN)),
    "order.wrong_token": lambda g: (ordered(TOKEN, "x"), ordered(TOKEN, TOKEN)),
    "forecast.no_day": lambda g: (days_of_the_past(30), days_of_the_past(48)),
    "register.absent": lambda g: (lambda: Register(g.folder / "models.sqlite"), lambda: kept(g)),
    "register.other": lambda g: (
        lambda: Register(g.write("text.sqlite", "no database, whatever its name says\n" * 50)),
        lambda: Register(kept(g).path),
    ),
    "register.locked": lambda g: (busy(g, held=True), busy(g, held=False)),
    "register.unusable": lambda g: (
        lambda: Register(g.folder / "no" / "folder.sqlite", create=True),
        lambda: Register(g.folder / "folder.sqlite", create=True),
    ),
    "register.damaged": lambda g: (bytes_of(g, trained_again=False), bytes_of(g, trained_again=True)),
    "register.champion": lambda g: (
        lambda: promoted(promoted(kept(g), 0), 0, None),
        lambda: promoted(promoted(kept(g), 0), 1),
    ),
    "register.retired": lambda g: (lambda: promoted(retired(g, 0), 0, None), lambda: promoted(retired(g, 0), 1)),
    "register.unjudged": lambda g: (lambda: promoted(kept(g), 0, None), lambda: promoted(kept(g), 0)),
    "register.worse": lambda g: (
        lambda: promoted(kept(g), 0, 12.5),
        lambda: promoted(kept(g), 0, 9.0),
        lambda: kept(g),
    ),
    "register.no_former": lambda g: (rolled_back(g, 0), rolled_back(g, 0, 1)),
    "event.not_toml": lambda g: (events(g, "[[event]]", "[event]"), events(g)),
    "event.no_list": lambda g: (events(g, "[[event]]", "[[events]]"), events(g)),
    "event.missing": lambda g: (events(g, 'unit = "backup"\n', ""), events(g)),
    "event.range": lambda g: (
        events(g, "hours = 6", "hours = -6"),
        events(g, "hours = 6", "hours = 0"),
        events(g, "hours = 6", "hours = 8760"),
    ),
    "event.outside": lambda g: (events(g, "2023-04-02\n", "2024-04-02\n"), events(g, "2023-04-02\n", "2023-04-03\n")),
    "order.key": lambda g: (order(colour="red"), order(begins="2026-01-15T18:05:00+09:00")),
    "order.time": lambda g: (order(ends="soon"), order(ends="2026-01-15T18:06:00+09:00")),
    "order.over": lambda g: (order(begins="2026-01-15T16:05:00+09:00", ends="2026-01-15T17:05:00+09:00"), order()),
    "order.short_token": lambda g: (token(g, "short"), token(g, "a token that is drawn at random, long enough")),
    "source.no_time": lambda g: (telemetry(g, TELEMETRY.replace("time", "when")), telemetry(g, TELEMETRY)),
    "source.bad_time": lambda g: (telemetry(g, TELEMETRY.replace("+09:00", "")), telemetry(g, TELEMETRY)),
    "source.no_rows": lambda g: (telemetry(g, "time,load_mw\n"), telemetry(g, TELEMETRY)),
    "source.away": lambda g: (prometheus(g, httpx.ConnectError("no route")), prometheus(g, EMPTY)),
    "source.refused": lambda g: (prometheus(g, {"status": "error", "error": "busy"}), prometheus(g, EMPTY)),
    "source.unreadable": lambda g: (prometheus(g, "<html>"), prometheus(g, EMPTY)),
    "source.forbidden": lambda g: (prometheus(g, EMPTY, online=False), prometheus(g, EMPTY)),
    "journal.absent": lambda g: (journal(g, "none", None), journal(g, "journal", lines_of({"a": 1}))),
    "journal.unreadable": lambda g: (lambda: load_journal(g.folder), journal(g, "journal", lines_of({"a": 1}))),
    "journal.unwritable": lambda g: (written(g, room=False), written(g, room=True)),
    "journal.held": lambda g: (held(g, "journal"), held(g, "journal", ended=True), held(g, "other")),
}
