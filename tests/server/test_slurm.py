"""Limits in a real Slurm: slurmctld and four slurmd on this machine, jobs that sleep."""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MethodType
from typing import Literal

import pytest
from tests.cases.servers import wait_until
from tests.cases.slurm import TOTAL_KW, Cluster, MissingError, limit, open_slurm

from kiban.operation.power_caps import CapCurve
from kiban.operation.power_limit import PowerLimit
from kiban.report.messages import say
from kiban.server.operating import slurm as adapter
from kiban.server.operating.clocks import RealClock
from kiban.server.operating.running import Wanted, _apply_of
from kiban.server.operating.schedulers import SchedulerAwayError
from kiban.server.operating.slurm import Slurm, _power_in

pytestmark = pytest.mark.xdist_group("slurm")


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    try:
        with open_slurm() as cluster:
            yield cluster
    except MissingError as error:
        pytest.skip(str(error))


@pytest.fixture
def cluster(running: Cluster) -> Iterator[Cluster]:
    """The cluster without a job; whatever a test left there goes."""
    yield running
    Slurm(running.configuration).release()
    running.ask("scancel", f"--user={getpass.getuser()}")
    for process in running.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    wait_until(lambda: not running.states())


def known(cluster: Cluster) -> Slurm:
    """An adapter that has seen this controller before."""
    slurm = Slurm(cluster.configuration)
    slurm.started = slurm._started()
    return slurm


def start(cluster: Cluster, *powers_kw: int) -> list[str]:
    """Flexible jobs that run, started one after the other."""
    jobs = []
    for power_kw in powers_kw:
        jobs.append(cluster.submit_flexible(power_kw))
        cluster.wait_for(**{f"_{jobs[-1]}": "R"})
    wait_until(lambda: set(jobs) <= set(cluster.processes_by_job()))
    return jobs


def reservations(cluster: Cluster) -> dict[str, tuple[int, str]]:
    """Licences and state of each reservation that has not ended."""
    text = cluster.ask("scontrol", "-o", "show", "reservation")
    pattern = r"^ReservationName=(\S+) .*EndTime=(\S+) .*Licenses=power_kw:(\d+) State=(\S+)"
    found, now = re.findall(pattern, text, re.M), datetime.now()
    return {name: (int(kw), state) for name, ends, kw, state in found if datetime.fromisoformat(ends) > now}


def test_a_call_holds_in_slurm_and_says_how_long_that_took(cluster: Cluster) -> None:
    jobs = start(cluster, 30, 30, 30)
    firm = cluster.submit("sleep 600")
    cluster.wait_for(**{f"_{firm}": "R"})
    slurm = known(cluster)
    began = time.monotonic()
    slurm.apply(limit(30))
    told = time.monotonic() - began
    wait_until(lambda: cluster.is_stopped(jobs[1]) and cluster.is_stopped(jobs[2]))
    seconds = time.monotonic() - began
    print(
        f"\ncall to limit in Slurm: {told:.3f} s to tell it, {seconds:.3f} s until every process above it has stopped"
    )
    assert cluster.reserved_kw() == TOTAL_KW - 30
    assert cluster.states() == {firm: "R", jobs[0]: "R", jobs[1]: "S", jobs[2]: "S"}
    wait_until(lambda: set(cluster.processes_by_job().get(firm, {}).values()) == {"S"})


def test_the_first_started_run_on_and_come_back_first(cluster: Cluster) -> None:
    first, second, third = start(cluster, 40, 30, 20)
    slurm = known(cluster)
    slurm.apply(limit(60, 1))
    assert cluster.states() == {first: "R", second: "S", third: "R"}  # 20 kW fit beside 40, 30 do not
    assert slurm.held_jobs() == (second,)
    slurm.apply(limit(35, 2))
    assert cluster.states() == {first: "S", second: "R", third: "S"}
    slurm.apply(limit(70, 3))
    assert cluster.states() == {first: "R", second: "R", third: "S"}
    slurm.release()
    assert cluster.states() == {first: "R", second: "R", third: "R"}
    assert reservations(cluster) == {}
    assert slurm.held_jobs() == ()


def test_a_power_cap_is_noted_on_the_nodes_with_the_feature_and_more_jobs_fit(cluster: Cluster) -> None:
    cluster.ask("scontrol", "update", "nodename=gpu[1-2]", "availablefeatures=h100", "activefeatures=h100")
    jobs = start(cluster, 40, 40)
    curve = CapCurve((0.71, 1.0), (0.84, 1.0), 0.8, {"h100": 700.0})
    slurm = Slurm(cluster.configuration, curve=curve)
    capped = replace(limit(62, 1), cap_share=0.71, jobs_mw=0.08)
    slurm.apply(capped)
    # Both run under the cap, of which one alone would fit into the limit without.
    assert cluster.states() == dict.fromkeys(jobs, "R")
    said = cluster.ask("scontrol", "--oneliner", "show", "node").splitlines()
    noted = {line.split()[0]: "Comment=kiban-cap=497W until=" in line for line in said if line}
    assert noted == {f"NodeName=gpu{number}": number < 3 for number in range(1, 5)}
    slurm.apply(limit(62, 2))
    assert "Comment=kiban-cap=700W until=" in cluster.ask("scontrol", "--oneliner", "show", "node", "gpu1")


def test_a_limit_holds_back_new_jobs_and_ends_by_itself(cluster: Cluster) -> None:
    known(cluster).apply(limit(50, 5, seconds=4.0))
    small, large = cluster.submit_flexible(50), cluster.submit_flexible(50)
    cluster.wait_for(**{f"_{small}": "R"})
    firm = cluster.submit("sleep 600")
    cluster.wait_for(**{f"_{firm}": "R"})
    assert cluster.states()[large] == "PD"
    cluster.wait_for(**{f"_{large}": "R"})  # nobody tells Slurm anything more
    assert reservations(cluster) == {}


def test_the_same_limit_again_changes_nothing(cluster: Cluster) -> None:
    start(cluster, 60, 40)
    slurm, same = known(cluster), limit(60, 9)
    slurm.apply(same)
    before = (reservations(cluster), cluster.states(), cluster.orders())
    for again in (slurm, slurm, known(cluster)):
        again.apply(same)
    assert (reservations(cluster), cluster.states(), cluster.orders()) == before
    assert before[0] == {"kiban_9": (40, "ACTIVE")}


def test_a_coming_limit_is_reserved_and_gives_way_to_a_later_one(cluster: Cluster) -> None:
    (job,) = start(cluster, 60)
    slurm = known(cluster)
    slurm.apply(limit(80, 1))
    slurm.apply(limit(10, 2, begins=300.0))
    assert reservations(cluster) == {"kiban_1": (20, "ACTIVE"), "kiban_2": (90, "INACTIVE")}
    assert cluster.states() == {job: "R"}
    slurm.apply(limit(20, 2, begins=300.0))  # told anew
    assert reservations(cluster)["kiban_2"] == (80, "INACTIVE")
    slurm.apply(limit(70, 3, seconds=200.0))
    assert reservations(cluster) == {"kiban_1": (30, "ACTIVE"), "kiban_2": (80, "INACTIVE")}
    slurm.apply(limit(90, 4))
    assert reservations(cluster) == {"kiban_1": (10, "ACTIVE")}
    slurm.apply(limit(TOTAL_KW, 5))
    assert reservations(cluster) == {}


def test_an_expired_limit_does_nothing(cluster: Cluster) -> None:
    (job,) = start(cluster, 60)
    known(cluster).apply(limit(0, 1, seconds=100.0, begins=-200.0))
    assert (reservations(cluster), cluster.states()) == ({}, {job: "R"})


def test_what_kiban_holds_is_found_again_and_nothing_else_is_touched(cluster: Cluster) -> None:
    other, noted, held = start(cluster, 20, 30, 40)
    idle = cluster.submit("sleep 600", "--partition=flexible")  # asks for no power
    cluster.wait_for(**{f"_{idle}": "R"})
    cluster.ask("scontrol", "suspend", other)
    cluster.ask("scontrol", "update", f"jobid={noted}", "admincomment=bill to A, B")
    known(cluster).apply(limit(30, 1))
    assert cluster.states() == {other: "S", noted: "R", held: "S", idle: "R"}  # what others suspended draws nothing
    known(cluster).apply(limit(0, 1))
    assert cluster.states() == {other: "S", noted: "S", held: "S", idle: "R"}
    anew = Slurm(cluster.configuration)  # after a restart
    assert set(anew.held_jobs()) == {noted, held}
    assert list(reservations(cluster)) == ["kiban_1"]
    anew.release()
    assert cluster.states() == {other: "S", noted: "R", held: "R", idle: "R"}
    assert "AdminComment=bill to A, B " in cluster.ask("scontrol", "-o", "show", "job", noted)
    assert reservations(cluster) == {}
    touched = {job for _, job in cluster.orders()}
    assert idle not in touched


def test_a_mark_that_was_left_is_wiped(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """kiban ended between its mark and its order; later somebody else suspends the job."""
    monkeypatch.setattr(adapter, "SAVED_SECONDS", 0.5)
    (job,) = start(cluster, 30)
    cluster.ask("scontrol", "update", f"jobid={job}", f"admincomment={adapter.MARK}")
    slurm = known(cluster)
    slurm.apply(limit(TOTAL_KW))
    assert adapter.MARK in cluster.ask("scontrol", "-o", "show", "job", job)
    time.sleep(0.5)
    slurm.apply(limit(TOTAL_KW))
    assert adapter.MARK not in cluster.ask("scontrol", "-o", "show", "job", job)
    cluster.ask("scontrol", "suspend", job)
    slurm.apply(limit(TOTAL_KW, 2))
    assert cluster.states() == {job: "S"}


def test_what_a_killed_controller_forgot_is_put_right(cluster: Cluster) -> None:
    """It believes that a job runs which was suspended a moment before it was killed: without kiban for ever."""
    saved, forgotten = start(cluster, 20, 30)
    cluster.stop_controller()  # writes its state
    cluster.start_controller()
    slurm = known(cluster)
    cluster.ask("scontrol", "update", f"jobid={saved}", "nice=1")  # written at once; what comes soon after it is not
    time.sleep(0.5)
    slurm.apply(limit(25))
    assert cluster.states() == {saved: "R", forgotten: "S"}
    wait_until(lambda: cluster.is_stopped(forgotten))
    cluster.kill_controller()
    cluster.start_controller()
    wait_until(lambda: set(cluster.states()) == {saved, forgotten})
    assert cluster.states()[forgotten] == "R"
    assert cluster.is_stopped(forgotten)
    slurm.apply(limit(TOTAL_KW, 2))
    wait_until(lambda: not cluster.is_stopped(forgotten) and not cluster.is_stopped(saved))
    assert cluster.states() == {saved: "R", forgotten: "R"}


def test_a_clock_that_runs_fast(cluster: Cluster) -> None:
    """Ten minutes of an operator's clock that runs sixty times as fast are ten seconds of Slurm's."""
    now = datetime(2023, 7, 1, 12, tzinfo=UTC)
    slurm = Slurm(cluster.configuration, now=lambda: now, speed=60.0)
    began = int(time.time())
    slurm.apply(PowerLimit(1, now, now + timedelta(minutes=10), 50.0, 0.04, "window"))
    ends = slurm._reservations()[0].ends
    assert 9 <= ends - began <= 11


def test_a_controller_that_is_away_is_one_sentence(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "ANSWER_SECONDS", 1.0)
    (job,) = start(cluster, 30)
    known(cluster).apply(limit(40, 1))
    cluster.stop_controller()
    with pytest.raises(SchedulerAwayError) as caught:
        Slurm(cluster.configuration).apply(limit(50, 2))
    cluster.start_controller()
    problem = caught.value.problem
    assert say(problem, "en") == (
        "Slurm did not answer within 1 s; check that it runs and can be reached from here; "
        "the last limit holds until it expires."
    )
    assert say(problem, "ja").startswith("Slurm が1秒以内に応答しません。")
    assert reservations(cluster) == {"kiban_1": (60, "ACTIVE")}
    assert cluster.states() == {job: "R"}


def test_a_cluster_without_the_licence(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "LICENCE", "watts")
    with pytest.raises(SchedulerAwayError) as caught:
        Slurm(cluster.configuration).apply(limit(1))
    assert caught.value.problem.code == "handover.no_licence"


def test_a_cluster_without_the_partition(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "PARTITION", "nowhere")
    with pytest.raises(SchedulerAwayError) as caught:
        Slurm(cluster.configuration).apply(limit(1))
    assert caught.value.problem.code == "handover.no_partition"


def test_an_order_that_slurm_refuses(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    (job,) = start(cluster, 30)
    monkeypatch.setattr(Slurm, "_write", lambda slurm, one, _: slurm._ask_of_job(one, "scontrol", "suspend", "x"))
    with pytest.raises(SchedulerAwayError) as caught:
        known(cluster).apply(limit(10))
    assert caught.value.problem.code == "handover.refused"
    assert cluster.states() == {job: "R"}


def test_a_machine_without_slurm() -> None:
    slurm = Slurm()
    slurm.surroundings["PATH"] = "/nowhere"
    with pytest.raises(SchedulerAwayError) as caught:
        slurm.apply(limit(1))
    assert caught.value.problem.code == "handover.no_program"


@pytest.mark.parametrize(("clock", "speed"), [("real", 1.0), ("fast", 12.0)])
def test_the_service_hands_limits_to_slurm(clock: Literal["real", "fast"], speed: float) -> None:
    wanted = Wanted("journal", apply="slurm", clock=clock, speed=12.0)
    found = _apply_of(wanted, RealClock(UTC))
    assert isinstance(found, MethodType)
    assert isinstance(found.__self__, Slurm)
    assert found.__self__.speed == speed
    assert _apply_of(Wanted("journal"), RealClock(UTC)) is None


@pytest.mark.parametrize(
    ("licences", "power_kw"),
    [("power_kw:30", 30), ("matlab:2,power_kw:30", 30), ("power_kw", 1), ("power_kw@local:5,x", 5), ("(null)", 0),
     ("old_power_kw:3", 0), ("power_kw_b:3", 0)],
)  # fmt: skip
def test_power_among_a_jobs_licences(licences: str, power_kw: int) -> None:
    assert _power_in(licences) == power_kw
