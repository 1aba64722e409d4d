"""Whose fault the end of a worker process was."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from kiban.server import deaths
from kiban.server.deaths import count_memory_kills, is_own_fault


@pytest.mark.parametrize(
    ("exit_code", "memory_ran_out", "own"),
    [
        (-signal.SIGSEGV, False, True),
        (-signal.SIGABRT, False, True),
        (-signal.SIGBUS, False, True),
        (-signal.SIGFPE, False, True),
        (1, False, True),
        (-signal.SIGKILL, True, True),
        (-signal.SIGKILL, False, False),
        (-signal.SIGTERM, False, False),
        (-signal.SIGTERM, True, False),
        (-signal.SIGHUP, False, False),
        (-signal.SIGINT, False, False),
        (0, False, False),
        (None, False, False),
    ],
)
def test_crashes_are_the_jobs_fault_and_signals_from_outside_are_not(
    exit_code: int | None, memory_ran_out: bool, own: bool
) -> None:
    assert is_own_fault(exit_code, memory_ran_out=memory_ran_out) is own


def test_kills_for_want_of_memory_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deaths, "PROCESSES", tmp_path / "proc")
    monkeypatch.setattr(deaths, "GROUPS", tmp_path / "groups")
    assert count_memory_kills() == 0
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "vmstat").write_text("nr_free_pages 7\noom_kill 3\n")
    assert count_memory_kills() == 3
    (tmp_path / "groups" / "kiban.service").mkdir(parents=True)
    (tmp_path / "groups" / "kiban.service" / "memory.events").write_text("oom 9\noom_kill 2\noom_group_kill 1\n")
    (tmp_path / "proc" / "self" / "cgroup").write_text("0::/kiban.service\n")
    assert count_memory_kills() == 5


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="needs /proc")
def test_a_worker_offers_to_be_killed_first() -> None:
    from kiban.server.worker import _offer_to_be_killed_first

    child = os.fork()
    if child == 0:
        _offer_to_be_killed_first()
        os._exit(0 if Path("/proc/self/oom_score_adj").read_text() == "500\n" else 1)
    assert os.waitpid(child, 0)[1] == 0
