"""A small number of every campaign, and that each of them would notice what it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.campaigns import (
    clock_skew,
    full_disk,
    kills,
    load,
    operate_kills,
    postgresql_restarts,
    resume_kills,
    scheduler_kills,
    slurm_jobs,
)
from tests.campaigns.ground import any_job, end, follow, launch, tell
from tests.cases import slurm
from tests.cases.postgresql import MissingError

from kiban.tasks.store import AnswerStore
from kiban.tasks.task import Key

pytest.importorskip("pwd")


def missed(zeros: Sequence[str], counts: Counter[str]) -> dict[str, int]:
    return {name: counts[name] for name in zeros if counts[name]}


def tried(run: Callable[..., Counter[str]], *arguments: Any) -> Counter[str]:
    """What a campaign counts; skipped where it cannot be had."""
    try:
        return run(*arguments)
    except full_disk.MountError:
        pytest.skip("mounting is not allowed here")
    except (MissingError, slurm.MissingError) as error:
        pytest.skip(str(error))


def test_kills_of_server_and_worker() -> None:
    counts = kills.run(1, 4, ("worker", "server", "server", "worker"))
    assert missed(kills.ZEROS, counts) == {}
    assert counts["kills of the server"] == 2
    assert counts["done"] == counts["acknowledged"] - 4 >= 4  # four plans at once


@pytest.mark.parametrize(("name", "count"), [("sweep", 20), ("compare", 3), ("national", 3)])
def test_kills_of_what_is_resumed(name: str, count: int) -> None:
    counts = resume_kills.run(5, count, (name,))
    assert missed(resume_kills.ZEROS, counts) == {}
    assert counts[f"kills of {name}"] == count
    assert counts["ends"] >= 1
    assert counts["answers"] >= 2


def test_what_a_store_is_given_twice_is_counted(tmp_path: Path) -> None:
    course = object.__new__(resume_kills.Course)
    course.store = tmp_path
    course.empty_store()
    store = AnswerStore(tmp_path, edition="e")
    for _ in range(2):
        store.keep(Key("s", "q", "e"), 1)
    assert (course.count("given"), course.count("kiban_answers")) == (2, 1)
    store.close()


def test_kills_of_commands() -> None:
    counts = kills.run(2, 3, ("build",))
    assert missed(kills.ZEROS, counts) == {}
    assert counts["kills of build"] == 3


def test_kills_of_the_hand_over_and_of_slurmctld() -> None:
    counts = tried(scheduler_kills.run, 1, 5)
    assert missed(scheduler_kills.ZEROS, counts) == {}
    assert (counts["kills of the adapter"], counts["kills of slurmctld"]) == (3, 2)
    assert counts["done"] == slurm_jobs.FIRM + slurm_jobs.FLEXIBLE
    assert counts["suspended"] > 0


def test_kills_of_kiban_operate_and_of_slurmctld() -> None:
    counts = tried(operate_kills.run, 1, 4)
    assert missed(operate_kills.ZEROS, counts) == {}
    assert (counts["kills of kiban"], counts["kills of slurmctld"]) == (2, 2)
    assert counts["resumed"] == 2
    assert counts["done"] == slurm_jobs.FIRM + slurm_jobs.FLEXIBLE
    assert counts["steps"] > 0


def test_load() -> None:
    counts = load.run(1, 10, 5.0)
    assert missed(load.ZEROS, counts) == {}
    assert counts["requests"] >= 10


def test_full_disk() -> None:
    counts = tried(full_disk.run, 1)
    assert missed(full_disk.ZEROS, counts) == {}
    assert (counts["servers"], counts["done"]) == (1, 2)


def test_clock_skew() -> None:
    counts = tried(clock_skew.run, 1)
    assert missed(clock_skew.ZEROS, counts) == {}
    assert counts["done"] == 1


def test_postgresql_restarts() -> None:
    counts = tried(postgresql_restarts.run, 1, 1, 4.0)
    assert missed(postgresql_restarts.ZEROS, counts) == {}
    assert counts["done"] == counts["acknowledged"] == postgresql_restarts.IN_A_TURN


def test_what_is_counted_is_noticed(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    server = launch("--data", str(tmp_path))
    address, question = any_job(0.5, sweep=False)
    job = server.post(address, question).json()["job"]["id"]
    server.delete(f"/api/v1/jobs/{job}")
    counts = Counter[str]()
    follow(server, [job, "j_nowhere"], counts)
    end(server)
    assert counts["lost"] == 1
    assert counts["failed"] + counts["done"] == 1
    assert tell("this", counts, ("lost", "half")) == 1
    assert "MISSED: lost" in capsys.readouterr().out
    assert tell("this", {"done": 2}, ("lost",)) == 0
