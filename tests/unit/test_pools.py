"""Pools of this process and of processes: the same answers to the last bit, failures that say which task."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
import tomllib
from concurrent.futures import Future
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cases.servers import wait_until
from tests.cases.task_lists import ANNUITY, DESIGNS, QUICK, design_tasks, serial_designs

from kiban.errors import InputError, Problem, ScenarioError, SolverError, problem_from_plain, problem_to_plain
from kiban.finance.comparison import Wanted
from kiban.finance.paying import InfeasibleError
from kiban.finance.policy_points import point_tasks
from kiban.interruption import UnwantedError, while_wanted
from kiban.linear.native.library import find_library
from kiban.messages import Message
from kiban.outside import Reach, restricted
from kiban.policy.annuity import annuity_present_value
from kiban.report.messages import say
from kiban.scenario import parse_scenario
from kiban.scenario.package import load_package
from kiban.scenario.pool import read_pool
from kiban.tasks import in_flight
from kiban.tasks.answering import Standing, answer_all, group_size
from kiban.tasks.calls import Call, TaskError, answer_text, name_of, read_answer, write_call
from kiban.tasks.in_flight import follow
from kiban.tasks.likeness import describe_likeness, require_likeness
from kiban.tasks.opening import open_pool
from kiban.tasks.pool import SerialPool
from kiban.tasks.pool_settings import PoolSettings, SlurmJob, is_safe_link, read_address
from kiban.tasks.processes import MOST_DEATHS, ProcessPool
from kiban.tasks.store import AnswerStore
from kiban.tasks.task import Task, digest, find_function
from kiban.version import edition

CASES = Path(__file__).parents[1] / "cases"
HERE = {"edition": "a", "processor_level": "x86-64-v3", "numpy": "2.4.6"}


def test_serial_answers_are_the_function_s_own_to_the_last_bit() -> None:
    with SerialPool() as pool:
        found = list(pool.answer(annuity_present_value, QUICK))
    assert found == [(place, annuity_present_value(**one)) for place, one in enumerate(QUICK)]
    assert found[0][1] == pytest.approx(1 / 1.03, rel=1e-15)


def test_a_function_is_known_by_its_name_and_is_kiban_s_own() -> None:
    assert name_of(annuity_present_value) == ANNUITY
    assert find_function(ANNUITY) is annuity_present_value
    for foreign in ("os:system", "kiban.tasks.slurm_pool:subprocess", "kiban.tasks.calls:json", "kiban.nowhere:f",
                    "kiban.tasks.in_flight:partial", "kiban.policy.annuity", "kibanx:f"):  # fmt: skip
        with pytest.raises(ValueError, match="names no function of kiban"):
            find_function(foreign)
    with pytest.raises(ValueError, match="names no function of kiban"):
        name_of(lambda: 1)
    with pytest.raises(TypeError):
        write_call(0, ANNUITY, {"rate": object()})


@pytest.mark.parametrize("value", [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.0, 1 / 3])
def test_text_gives_back_every_bit(value: float) -> None:
    call = write_call(0, "kiban.tasks.calls:name_of", {"function": value})
    back = json.loads(call.arguments)["function"]
    assert math.copysign(1, back) == math.copysign(1, value)
    assert back.hex() == value.hex()


def test_a_user_s_error_arrives_as_it_was_raised() -> None:
    broken = design_tasks(1)[0]
    broken["points"] = [{"site": {"id": "nowhere"}}]
    with pytest.raises(InputError) as direct:
        find_function(DESIGNS)(**broken)
    with pytest.raises(InputError) as crossed:
        list(SerialPool().answer(DESIGNS, [broken]))
    assert type(crossed.value) is type(direct.value)
    assert crossed.value.problems == direct.value.problems
    nested = Problem("a.code", Message("at.line", line=3), "key", "b.remedy", names=("x", "y"), why=Message("c", n=1))
    assert problem_from_plain(json.loads(json.dumps(problem_to_plain(nested)))) == nested


def test_any_other_failure_names_its_task_and_says_where_it_came_from() -> None:
    with pytest.raises(TaskError, match=r"task 1, kiban\.policy\.annuity:annuity_present_value\(.*years.*TypeError"):
        with_text = [QUICK[0], {"rate": "a", "years": 2.0}]
        _joined(with_text)
    failure = json.dumps({"failure": {"kind": "SolverError", "text": "no proof"}})
    with pytest.raises(SolverError, match=r"task 7, f\(\{\}\): no proof"):
        read_answer(Call(7, "f", "{}"), failure)
    assert json.loads(answer_text("os:system", "{}"))["failure"]["kind"] == ""


def _joined(arguments: list[dict[str, Any]]) -> None:
    try:
        list(SerialPool().answer(ANNUITY, arguments))
    except TaskError as error:
        raise TaskError(str(error).replace("\n", " ")) from None


def test_why_there_is_no_design_is_said_as_without_a_pool() -> None:
    raw = tomllib.loads((CASES / "small_run.toml").read_text(encoding="utf-8"))
    raw["supply"] |= {"pv": {"max_mw": 1.0}, "wind_onshore": {"enabled": False}}
    hopeless = parse_scenario({**raw, "time": {"hours": 24}})
    tasks = point_tasks(hopeless, ["none"], [Wanted(load_package("tax-credit", Path()))])
    plans = []
    for pool in (None, SerialPool()):
        with pytest.raises(InfeasibleError) as error:
            list(answer_all(tasks, pool=pool))
        plans.append(error.value.plan.infeasibility)
    assert plans[0] == plans[1]
    assert plans[0] is not None


def test_work_that_nobody_wants_ends() -> None:
    with while_wanted(lambda: False), pytest.raises(UnwantedError):
        next(SerialPool().answer(ANNUITY, QUICK))


def test_no_more_are_in_flight_than_asked_and_what_is_left_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_flight, "GLANCE_SECONDS", 0.01)
    flying: dict[int, Future[int]] = {}
    waiting: list[list[int]] = []

    def submit(call: Call) -> Future[int]:
        flying[call.number] = Future()
        return flying[call.number]

    def answer_last() -> None:
        waiting.append([number for number, one in flying.items() if not one.done()])
        flying[waiting[-1][-1]].set_result(waiting[-1][-1])

    flight = follow((Call(number, "f", "{}") for number in range(9)), submit, lambda: 3, answer_last)
    assert [future.result() for _, future in (next(flight) for _ in range(4))] == [2, 3, 4, 5]
    assert waiting == [[0, 1, 2], [0, 1, 3], [0, 1, 4], [0, 1, 5]]
    flight.close()
    assert {number for number, one in flying.items() if one.cancelled()} == {0, 1}


def test_what_ends_a_flight_is_told_though_nothing_can_be_cancelled() -> None:
    class Closed(Future[int]):
        def cancel(self) -> bool:
            raise RuntimeError("the link is closed")

    def submit(call: Call) -> Future[int]:
        if call.number == 2:
            raise InputError(Problem("pool.lost", "tls://a:1"))
        return Closed()

    with pytest.raises(InputError) as error:
        next(follow((Call(number, "f", "{}") for number in range(9)), submit, lambda: 3))
    assert [problem.code for problem in error.value.problems] == ["pool.lost"]


@pytest.mark.parametrize(
    ("count", "width", "size"), [(6, 2, 1), (8, 2, 1), (16, 2, 2), (1001, 2, 100), (1001, 100, 2), (0, 1, 1), (9, 9, 1)]
)
def test_short_tasks_go_together_but_none_waits_for_long(count: int, width: int, size: int) -> None:
    assert group_size(count, width) == size


def test_grouped_tasks_have_the_answers_of_single_ones(tmp_path: Path) -> None:
    tasks = [Task(ANNUITY, one, digest("rates"), one) for one in QUICK]
    store = AnswerStore(tmp_path, edition="one")
    told = list[Standing]()
    found = list(answer_all(tasks, store=store, pool=SerialPool(), progress=told.append))
    assert group_size(len(tasks), 1) == 3
    assert found == list(answer_all(tasks)) == [annuity_present_value(**one) for one in QUICK]
    assert [standing.done for standing in told] == list(range(13))
    # All were kept, each under its own key.
    held = list[Standing]()
    assert list(answer_all(tasks, store=store, progress=held.append)) == found
    assert held[0].held == 12
    store.close()


@pytest.mark.slow
def test_processes_give_the_answers_of_this_process_to_the_last_bit_though_one_is_killed() -> None:
    with ProcessPool(2) as pool:
        answers = pool.answer(DESIGNS, design_tasks(6, 2))
        found = [next(answers)]
        (first, second) = active_children()
        os.kill(int(str(first.pid)), signal.SIGKILL)
        found += list(answers)
        # The executor that lost one is replaced as a whole.
        assert not {first.pid, second.pid} & {one.pid for one in active_children()}
        assert len(found) == 6
        assert json.dumps(dict(sorted(found))) == json.dumps(serial_designs(6, 2))
        with pytest.raises(TaskError, match=r"task 0, kiban\.policy\.annuity"):
            list(pool.answer(ANNUITY, [{"rate": "a", "years": 1.0}]))
        # What failed has not harmed the pool.
        assert dict(pool.answer(ANNUITY, QUICK)) == dict(SerialPool().answer(ANNUITY, QUICK))
    assert active_children() == []


@pytest.mark.slow
def test_processes_reach_no_farther_than_their_parent() -> None:
    task = design_tasks(1)[0]
    task["points"] = [{"weather": {"source": "epw", "files": ["/nowhere.epw"]}}]
    with restricted(Reach()), ProcessPool(1) as pool, pytest.raises(InputError) as error:
        list(pool.answer(DESIGNS, [task]))
    with restricted(Reach()), pytest.raises(InputError) as own:
        list(SerialPool().answer(DESIGNS, [task]))
    assert error.value.problems == own.value.problems


@pytest.mark.slow
def test_a_task_with_which_every_process_dies_is_named() -> None:
    killed: set[int] = set()

    def kill() -> None:
        while len(killed) < MOST_DEATHS:
            for child in active_children():
                if child.pid is not None and child.pid not in killed:
                    killed.add(child.pid)
                    os.kill(child.pid, signal.SIGKILL)
            time.sleep(0.05)

    killer = threading.Thread(target=kill)
    with ProcessPool(1) as pool:
        killer.start()
        with pytest.raises(TaskError, match=rf"task 0, kiban.planning.points:plan_points.*{MOST_DEATHS} processes"):
            list(pool.answer(DESIGNS, design_tasks(1, 500)))
    killer.join()
    assert len(killed) == MOST_DEATHS


@pytest.mark.slow
def test_processes_end_with_their_parent() -> None:
    code = (
        "import tests.cases.task_lists as t\nfrom kiban.tasks.processes import ProcessPool\n"
        "if __name__ == '__main__':\n"
        "    with ProcessPool(1) as pool:\n"
        "        for number, _ in pool.answer(t.DESIGNS, [*t.design_tasks(1), *t.design_tasks(1, 5000)]):\n"
        "            import multiprocessing\n"
        "            print(multiprocessing.active_children()[0].pid, flush=True)\n"
    )
    root = Path(__file__).parents[2]
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=surroundings) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.kill()
    wait_until(lambda: not is_alive(child))


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def test_the_pool_is_the_one_that_settings_name() -> None:
    assert isinstance(open_pool(), SerialPool)
    assert isinstance(open_pool(PoolSettings()), SerialPool)
    with open_pool(PoolSettings("processes", 3)) as pool:
        assert isinstance(pool, ProcessPool)
        assert pool.count == 3
    assert ProcessPool().count == os.cpu_count()


@pytest.mark.parametrize(
    ("name", "there", "said"),
    [
        ("edition", "b", "tls://a:1: edition is 'b' there and 'a' here, and answers would differ; install the same"),
        ("processor_level", "x86-64-v4", "'x86-64-v4' there and 'x86-64-v3' here, and answers would differ; give both"),
        ("numpy", "", "numpy is '' there and '2.4.6' here"),
    ],
)  # fmt: skip
def test_workers_that_would_answer_with_other_bits_are_refused(name: str, there: str, said: str) -> None:
    other = {**HERE, name: there} if there else {key: value for key, value in HERE.items() if key != name}
    require_likeness(json.dumps(HERE), {"tls://a:1": json.dumps(HERE)})
    with pytest.raises(InputError) as error:
        require_likeness(json.dumps(HERE), {"tls://a:1": json.dumps(other), "tls://b:1": json.dumps(other)})
    assert [problem.where for problem in error.value.problems] == ["tls://a:1", "tls://b:1"]
    assert said in str(error.value)


def test_what_must_be_alike_is_of_this_kiban() -> None:
    found = describe_likeness()
    library = find_library()
    assert found["edition"] == edition()
    assert found["processor_level"] == (library.level if library is not None else "none")
    assert found["numpy"] == np.__version__
    assert re.fullmatch(r"[A-Z0-9_ a-z.]*", found["numpy_instructions"])
    assert found["numpy_instructions"]


@pytest.mark.parametrize(
    ("text", "tls", "address", "code"),
    [
        ("tls://dask.example:8786", False, "tls://dask.example:8786", None),
        ("tcp://127.0.0.1:8786", False, "tcp://127.0.0.1:8786", None),
        ("tcp://localhost:8786", False, "tcp://localhost:8786", None),
        ("tcp://[::1]:8786", False, "tcp://[::1]:8786", None),
        ("dask://127.8.9.1:1", False, "tcp://127.8.9.1:1", None),
        ("dask://127.0.0.1:1", True, "tls://127.0.0.1:1", None),
        ("dask://10.0.0.2:1", False, "tls://10.0.0.2:1", None),
        ("tcp://10.0.0.2:8786", False, "", "pool.open_link"),
        ("tcp://localhost.example:8786", False, "", "pool.open_link"),
        ("tcp://0.0.0.0:8786", False, "", "pool.open_link"),
        ("tls://dask.example", False, "", "pool.no_address"),
        ("tls://dask.example:port", False, "", "pool.no_address"),
        ("tls://dask.example:1/path", False, "", "pool.no_address"),
        ("tls://name@dask.example:1", False, "", "pool.no_address"),
        ("dask://:secret@127.0.0.1:1", False, "", "pool.no_address"),
        ("tls://dask.example:1#part", False, "", "pool.no_address"),
        ("tls://dask.example:1?", False, "", "pool.no_address"),
        ("tls://dask.example:1#", False, "", "pool.no_address"),
        ("http://127.0.0.1:8786", False, "", "pool.no_address"),
        ("tls://[::1:8786", False, "", "pool.no_address"),
    ],
)
def test_an_address_is_of_tls_or_of_this_machine(text: str, tls: bool, address: str, code: str | None) -> None:
    found, problems = read_address(text, "--pool", tls=tls)
    assert (found, [problem.code for problem in problems]) == (address, [] if code is None else [code])
    assert "secret" not in str(problems)


def test_a_link_that_others_could_read_is_told_from_a_safe_one() -> None:
    assert [is_safe_link(one) for one in ("tls://10.0.0.1:1", "tcp://127.0.0.1:1", "inproc://10.0.0.1/1/2")] == [
        True
    ] * 3
    assert [is_safe_link(one) for one in ("tcp://10.0.0.1:1", "ucx://10.0.0.1:1", "tcp://[::1", "")] == [False] * 4


def pool_file(place: Path, text: str) -> str:
    path = place / "pool.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_option_names_a_kind_an_address_or_a_file(tmp_path: Path) -> None:
    assert read_pool(None) == read_pool("serial") == PoolSettings()
    assert read_pool("processes") == PoolSettings("processes")
    assert read_pool("processes:4") == PoolSettings("processes", 4)
    assert read_pool("tls://dask.example:8786") == PoolSettings("dask", address="tls://dask.example:8786")
    for name in ("ca", "certificate", "key"):
        (tmp_path / f"{name}.pem").write_text("")
    files = 'ca_file = "ca.pem"\ncertificate_file = "certificate.pem"\nkey_file = "key.pem"\n'
    found = read_pool(pool_file(tmp_path, f'[pool]\nkind = "dask"\naddress = "dask://127.0.0.1:1"\n{files}'))
    # With certificates a scheduler on this machine is asked by TLS too.
    assert found.address == "tls://127.0.0.1:1"
    assert found.ca_file == str(tmp_path / "ca.pem")
    text = '[pool]\nkind = "slurm"\nworkers = 3\npartition = "cpu"\ncores = 2\noptions = ["--exclude=n1"]\n'
    found = read_pool(pool_file(tmp_path, text))
    job = SlurmJob(str(tmp_path / "kiban-slurm"), "cpu", cores=2, options=("--exclude=n1",))
    assert found == PoolSettings("slurm", 3, job=job)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ('kind = "dask"', ["missing"]),
        ('kind = "dask"\naddress = "tcp://10.0.0.1:1"\nca_file = "gone.pem"',
         ["pool.open_link", "missing", "missing", "pool.no_file"]),
        ('kind = "slurm"\naddress = "tls://a:1"', ["pool.not_of_kind", "missing"]),
        ('kind = "processes"\nworkers = 0\ncolour = "red"', ["value", "unknown_key"]),
        ('kind = "processes"\nworkers = 90000', ["pool.count"]),
        ('kind = "serial"\nworkers = 2', ["pool.not_of_kind"]),
        ('kind = "ray"', ["value"]),
        ('kind = "slurm"\nworkers = 1\nwalltime = "soon"', ["value"]),
    ],
)  # fmt: skip
def test_every_problem_of_the_table_is_said(tmp_path: Path, text: str, codes: list[str]) -> None:
    with pytest.raises(ScenarioError) as error:
        read_pool(pool_file(tmp_path, f"[pool]\n{text}\n"))
    assert [problem.code for problem in error.value.problems] == codes
    assert all("pool.toml" in say(problem.where, "ja") if isinstance(problem.where, Message) else problem.where
               for problem in error.value.problems)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ray", "pool.unknown"),
        ("processes:0", "pool.count"),
        ("processes:2000", "pool.count"),
        ("processes:-1", "pool.unknown"),
        ("tcp://10.0.0.1:8786", "pool.open_link"),
        ("ftp://a:1", "pool.no_address"),
    ],
)
def test_an_option_that_names_no_pool_is_explained(text: str, code: str) -> None:
    with pytest.raises(InputError) as error:
        read_pool(text)
    (problem,) = error.value.problems
    assert problem.code == code
    assert text in str(error.value)
    assert "--pool" in str(error.value)
