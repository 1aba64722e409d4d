"""`kiban operate`: a week against an emulated campus, kills at any moment, and orders (`test_operated_day`: a day)."""

from __future__ import annotations

import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cases.emulated_campus import EmulatedCampus, EmulatedSource, Truth
from tests.cases.monitoring import open_pages
from tests.cases.operated import SMALL, plan_of
from tests.cases.servers import SOURCE, wait_until

import kiban
from kiban.errors import InputError, OutputError, Problem
from kiban.operation.live.campus import Campus, read_campus
from kiban.operation.live.journal import JournalFile, load_journal
from kiban.operation.live.record import digest_of
from kiban.operation.live.replay import replay, resume
from kiban.operation.live.telemetry import STEP, Reading
from kiban.operation.power_limit import PowerLimit
from kiban.planning.plan import Plan
from kiban.server.operating.addresses import Listener, make_addresses
from kiban.server.operating.clocks import FastClock
from kiban.server.operating.gauges import Gauges
from kiban.server.operating.running import Wanted, operate
from kiban.server.operating.schedulers import SchedulerAwayError
from kiban.server.operating.service import Origin, Service
from kiban.server.operating.sources import PrometheusSource, SourceAwayError
from kiban.server.running import listen

BEGINS = datetime.fromisoformat("2026-01-05T00:00:00+09:00")
TOKEN = "a token that is long enough"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(SMALL)


@pytest.fixture(scope="module")
def campus(plan: Plan) -> Campus:
    return read_campus(plan)


def origin_of(plan: Plan) -> Origin:
    return Origin(digest_of(plan), None, "0", None, "none", "csv")


def make_service(campus: Campus, plan: Plan, path: Path, emulated: EmulatedCampus, **changes: Any) -> Service:
    clock = FastClock(emulated.now if "clock" not in changes else BEGINS, float("inf"))
    given: dict[str, Any] = {"source": EmulatedSource(emulated), "clock": clock, "apply": emulated.apply, **changes}
    return Service(campus, JournalFile(path), origin_of(plan), **given)


def steps_of(path: Path) -> list[dict[str, Any]]:
    return [dict(entry.content) for entry in load_journal(path).entries if entry.kind == "step"]


def check_replay(path: Path, campus: Campus) -> int:
    found = list(replay(load_journal(path).entries, campus))
    assert [one.line for one in found if not one.is_same] == []
    return len(found)


def test_a_week_of_an_emulated_campus(campus: Campus, plan: Plan, tmp_path: Path) -> None:
    """Nothing firm is taken, what waits is served in time, the days are looked at, and the week replays to the byte."""
    path = tmp_path / "journal"
    emulated = EmulatedCampus(campus, BEGINS, Truth(pue=1.03))
    days, seconds = [], []

    def watch(_: Service, step: Any) -> None:
        seconds.append(step.seconds)
        days.extend([step.day] if step.day is not None else [])

    service = make_service(campus, plan, path, emulated, watch=watch)
    service.run(threading.Event(), BEGINS + timedelta(days=7))
    service._journal.close()
    steps = steps_of(path)
    limits = [step["decision"]["limit"] for step in steps]
    assert [limit["number"] for limit in limits] == list(range(1, 7 * 288 + 2))
    assert {limit["reason"] for limit in limits} == {"window"}
    firm = {step["at"]: value for step in steps for series, _, value in step["readings"] if series == "firm_mw"}
    assert all(limit["firm_mw"] >= firm[limit["begins"]] - 1e-6 for limit in limits)
    assert emulated.unserved_mwh == pytest.approx(0.0, abs=1e-9)
    arrived = sum(value for step in steps for series, _, value in step["readings"] if series == "arrivals_mw") / 12.0
    assert emulated.backlog_mwh < 0.1 * arrived
    assert len(days) >= 6
    assert all(day.regret_myen >= -0.02 * day.best_myen for day in days)
    assert check_replay(path, campus) == len(steps)
    print(f"new data to limit kept and handed over: median {statistics.median(seconds) * 1e3:.2f} ms, "
          f"p99 {statistics.quantiles(seconds, n=100)[-1] * 1e3:.2f} ms of {len(seconds)} steps")  # fmt: skip


class ScrapedSource:
    """Telemetry by Prometheus, asked until it has what the campus measured last: a fast day has no time to be late."""

    ended = False

    def __init__(self, source: PrometheusSource, emulated: EmulatedCampus) -> None:
        self._source, self._emulated = source, emulated

    def read(self) -> list[Reading]:
        wanted = {one.series: pytest.approx(one.value, rel=1e-9) for one in self._emulated.readings}

        def seen() -> list[Reading]:
            found = self._source.read()
            return found if {one.series: one.value for one in found} == wanted else []

        found: list[Reading] = wait_until(seen)
        return found


OPERATE = [sys.executable, "-m", "kiban.cli", "operate"]


def write_telemetry(path: Path, campus: Campus, steps: int) -> None:
    emulated = EmulatedCampus(campus, BEGINS)
    names = [reading.series for reading in emulated.readings]
    lines = [",".join(["time", *names])]
    for number in range(1, steps + 1):
        lines.append(",".join([emulated.now.isoformat(), *(repr(reading.value) for reading in emulated.readings)]))
        begins = BEGINS + (number - 1) * STEP
        emulated.apply(PowerLimit(number, begins, begins + STEP, 8.0, 2.0, "window"))
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def test_killed_at_any_moment_nothing_is_lost_or_done_twice(campus: Campus, plan: Plan, tmp_path: Path) -> None:
    """kill -9 at random moments, each time started again: one journal, whole, with every step once."""
    folder, path = kiban.save(plan, tmp_path / "plan"), tmp_path / "journal"
    telemetry = tmp_path / "telemetry.csv"
    write_telemetry(telemetry, campus, 600)
    words = [*OPERATE, str(folder), "--journal", str(path), "--source", "csv", "--telemetry", str(telemetry)]
    words += ["--clock", "fast", "--port", "0"]
    chance, kills, before = random.Random(1), 0, b""
    for _ in range(3):
        with subprocess.Popen(words, env={"PYTHONPATH": str(SOURCE)}, stdout=-3, stderr=-3) as process:
            wait_until(lambda: process.poll() is not None or (path.exists() and path.read_bytes() != before))  # noqa: B023
            time.sleep(chance.random() * 0.5)
            process.send_signal(signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
        after = path.read_bytes()
        # What was there stays, but for a last line without its end.
        assert after.startswith(before[: before.rfind(b"\n") + 1])
        before = after
    assert kills >= 1
    # A line that a kill cut off, which is too rare to wait for.
    with path.open("ab") as file:
        file.write(before.splitlines(keepends=True)[-1][:50])
    done = subprocess.run([*words, "--hours", "1"], env={"PYTHONPATH": str(SOURCE)}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = load_journal(path)
    assert found.torn_bytes == 0
    assert sum(entry.kind == "begun" for entry in found.entries) == 1
    assert [entry.content["torn_bytes"] for entry in found.entries if entry.kind == "resumed"][-1] >= 50
    steps = steps_of(path)
    assert [step["decision"]["limit"]["number"] for step in steps] == list(range(1, len(steps) + 1))
    times = [datetime.fromisoformat(step["at"]) for step in steps]
    assert times == [BEGINS + place * STEP for place in range(len(steps))]
    # Who goes on hears no row a second time.
    assert {len(step["readings"]) for step in steps} == {len(steps[0]["readings"])}
    assert check_replay(path, campus) == len(steps)


def test_state_after_a_restart_is_that_of_before(campus: Campus, plan: Plan, tmp_path: Path) -> None:
    """A service that goes on decides what the one that never stopped decides."""
    paths = tmp_path / "one", tmp_path / "two"
    whole = EmulatedCampus(campus, BEGINS)
    service = make_service(campus, plan, paths[0], whole)
    service.run(threading.Event(), BEGINS + timedelta(hours=30))
    parted = EmulatedCampus(campus, BEGINS)
    for hours in (11, 30):
        service = make_service(campus, plan, paths[1], parted, clock=FastClock(max(BEGINS, parted.now - STEP), 1e9))
        service.run(threading.Event(), BEGINS + timedelta(hours=hours))
        service._journal.close()
    decisions = [[step["decision"] for step in steps_of(path)] for path in paths]
    assert decisions[0] == decisions[1]
    again = resume(load_journal(paths[0]).entries, campus)
    assert again.number == len(decisions[0])


@pytest.mark.parametrize(("minutes", "again"), [(12, [3]), (24, [3]), (40, [])])
def test_who_goes_on_hands_over_the_limit_that_still_holds(
    campus: Campus, plan: Plan, tmp_path: Path, minutes: int, again: list[int]
) -> None:
    """The last of three was decided after ten minutes and holds for fifteen: until 25 minutes after the beginning."""
    emulated, told = EmulatedCampus(campus, BEGINS), list[int]()
    service = make_service(campus, plan, tmp_path / "journal", emulated)
    service.run(threading.Event(), BEGINS + timedelta(minutes=10))
    service._journal.close()
    clock = FastClock(BEGINS + timedelta(minutes=minutes), float("inf"))
    service = make_service(
        campus, plan, tmp_path / "journal", emulated, clock=clock, apply=lambda limit: told.append(limit.number)
    )
    service._journal.close()
    assert told == again
    assert service.limit is not None
    assert service.limit.number == 3


def test_steps_that_were_missed_are_counted_and_not_made_up_for(campus: Campus, plan: Plan, tmp_path: Path) -> None:
    """The clock stands at 17:30 when 5:00 is due: 5:00 and 10:00 are missed, and the step of 15:00 is made at once."""
    emulated = EmulatedCampus(campus, BEGINS)
    clock = FastClock(BEGINS, float("inf"))
    service = make_service(campus, plan, tmp_path / "journal", emulated, clock=clock)
    service.run(threading.Event(), BEGINS)
    clock.wait(BEGINS + timedelta(minutes=17, seconds=30), threading.Event())
    service.run(threading.Event(), BEGINS + timedelta(minutes=25))
    service._journal.close()
    steps = steps_of(tmp_path / "journal")
    after = [datetime.fromisoformat(step["at"]) - BEGINS for step in steps]
    assert [one.total_seconds() / 60.0 for one in after] == [0.0, 15.0, 20.0, 25.0]
    assert [step["decision"]["limit"]["number"] for step in steps] == [1, 2, 3, 4]
    assert service.late_steps == 2


def test_a_source_that_is_away_is_said_and_the_service_goes_on(campus: Campus, plan: Plan, tmp_path: Path) -> None:
    emulated = EmulatedCampus(campus, BEGINS)

    class Flickering(EmulatedSource):
        away = False

        def read(self) -> list[Reading]:
            if self.away:
                raise SourceAwayError(Problem("source.away", "http://prometheus", reason="refused"))
            return super().read()

    source, gauges = Flickering(emulated), Gauges()
    service = make_service(campus, plan, tmp_path / "journal", emulated, source=source, watch=gauges.update)
    service.run(threading.Event(), BEGINS + timedelta(minutes=20))
    source.away = True
    service.run(threading.Event(), BEGINS + timedelta(minutes=40))
    assert service.limit is not None
    assert service.limit.reason == "last_plan"
    text = gauges.text(service).decode("utf-8")
    assert "kiban_source_up 0.0" in text
    assert 'kiban_limit_reason{reason="last_plan"} 1.0' in text
    assert "kiban_data_age_seconds 1200.0" in text
    source.away = False
    service.run(threading.Event(), BEGINS + timedelta(minutes=50))
    assert service.limit.reason == "window"
    assert "kiban_source_up 1.0" in gauges.text(service).decode("utf-8")
    sources = [step["source"] for step in steps_of(tmp_path / "journal")]
    assert sources.count("source.away") == 4
    assert check_replay(tmp_path / "journal", campus) == 11


def test_a_prometheus_that_does_not_answer_is_away() -> None:
    clock = FastClock(BEGINS, 60.0)
    with pytest.raises(SourceAwayError, match="does not answer"):
        PrometheusSource("http://127.0.0.1:9", clock).read()
    text = ["nothing"]
    with open_pages(lambda _, __: (200, text[0])) as page:
        with pytest.raises(SourceAwayError, match="cannot be read"):
            PrometheusSource(f"http://{page}", clock).read()
        text[0] = '{"status": "error", "error": "too many"}'
        with pytest.raises(SourceAwayError, match="too many"):
            PrometheusSource(f"http://{page}", clock).read()


def test_a_scheduler_that_is_away_gets_the_next_limit(campus: Campus, plan: Plan, tmp_path: Path) -> None:
    emulated, fails = EmulatedCampus(campus, BEGINS), [False, True, True, False]
    numbers: list[int] = []

    def apply(limit: PowerLimit) -> None:
        if fails[len(numbers)]:
            numbers.append(-limit.number)
            raise SchedulerAwayError(Problem("source.away", "slurm", reason="refused"))
        numbers.append(limit.number)

    gauges = Gauges()
    service = make_service(campus, plan, tmp_path / "journal", emulated, apply=apply, watch=gauges.update)
    service.run(threading.Event(), BEGINS + timedelta(minutes=10))
    assert "kiban_scheduler_up 0.0" in gauges.text(service).decode("utf-8")
    service.run(threading.Event(), BEGINS + timedelta(minutes=15))
    assert numbers == [1, -2, -3, 4]
    text = gauges.text(service).decode("utf-8")
    assert "kiban_scheduler_up 1.0" in text
    assert "kiban_scheduler_failures_total 2.0" in text
    said = [entry.content["up"] for entry in load_journal(tmp_path / "journal").entries if entry.kind == "scheduler"]
    assert said == [False, True]


def test_orders_over_http_need_the_token_and_are_obeyed_at_once(campus: Campus, plan: Plan, tmp_path: Path) -> None:
    emulated, gauges = EmulatedCampus(campus, BEGINS), Gauges()
    service = make_service(campus, plan, tmp_path / "journal", emulated, apply=None, watch=gauges.update)
    service.run(threading.Event(), BEGINS)
    order = {"who": "sato", "why": "works", "ends": (BEGINS + timedelta(hours=1)).isoformat(), "flexible_mw": 0.5}
    with listen("127.0.0.1", 0) as listener:
        pages = Listener(make_addresses(service, gauges, TOKEN, "en"), listener)
        pages.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{pages.port}", trust_env=False) as client:
            signed = {"authorization": f"Bearer {TOKEN}"}
            assert client.post("/override", json=order).status_code == 401
            assert client.post("/override", json=order, headers={"authorization": "Bearer x"}).status_code == 401
            assert client.post("/override", content=b"x", headers=signed).status_code == 422
            wrong = client.post("/override", json=order | {"flexible_mw": -1}, headers=signed)
            assert wrong.status_code == 422
            assert "-1" in wrong.json()["problems"][0]
            assert client.post("/override", content=b"x" * 20_000, headers=signed).status_code == 413
            taken = client.post("/override", json=order, headers=signed)
            assert taken.status_code == 200, taken.text
            assert taken.json()["reason"] == "override"
            assert client.get("/limit").json()["flexible_mw"] == 0.5
            health = client.get("/health")
            assert (health.status_code, health.json()["reason"]) == (200, "override")
            assert "kiban_overrides_total 1.0" in client.get("/metrics").text
            call = {"id": "1", "who": "grid", "ends": order["ends"], "import_limit_mw": 0.0}
            assert client.post("/call", json=call, headers=signed).json()["reason"] == "override"
        pages.stop()
    service._journal.close()
    entries = load_journal(tmp_path / "journal").entries
    assert [entry.kind for entry in entries] == ["begun", "step", "override", "step", "call", "step"]
    assert entries[2].content["order"]["who"] == "sato"
    assert check_replay(tmp_path / "journal", campus) == 3


def test_a_journal_of_another_plan_is_refused(campus: Campus, plan: Plan, tmp_path: Path) -> None:
    emulated = EmulatedCampus(campus, BEGINS)
    make_service(campus, plan, tmp_path / "journal", emulated)._journal.close()
    with pytest.raises(OutputError, match="another version of the plan"):
        Service(
            campus,
            JournalFile(tmp_path / "journal"),
            Origin("0" * 64, None, "0", None, "none", "csv"),
            source=EmulatedSource(emulated),
            clock=FastClock(BEGINS, 1e9),
        )


def test_input_that_cannot_be_used_is_one_sentence(plan: Plan, tmp_path: Path) -> None:
    def fault_of(**changes: Any) -> str:
        with pytest.raises(InputError) as caught:
            operate(plan, None, Wanted(journal=str(tmp_path / "journal"), port=0, **changes), "en")
        assert len(caught.value.problems) == 1
        return str(caught.value)

    assert "needs it" in fault_of(source="csv")
    absent = fault_of(source="csv", clock="fast", telemetry=str(tmp_path / "none.csv"))
    assert "does not answer" in absent
    assert "name the file of telemetry" in absent
    assert not (tmp_path / "journal").exists()
    (tmp_path / "empty.csv").write_text("when,firm_mw\n", encoding="utf-8")
    assert "columns" in fault_of(source="csv", clock="fast", telemetry=str(tmp_path / "empty.csv"))
    (tmp_path / "bad.csv").write_text("time,firm_mw\nnoon,3\n", encoding="utf-8")
    assert "line 2" in fault_of(source="csv", clock="fast", telemetry=str(tmp_path / "bad.csv"))
    (tmp_path / "token").write_text("short", encoding="utf-8")
    assert "fewer than 16" in fault_of(token_file=str(tmp_path / "token"))
