"""Workers of Dask on this machine, with TLS: the same bits, workers and schedulers that die, and what is refused."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dask.config
import pytest
from tests.campaigns.resume_kills import SITE, STUDY
from tests.cases.dask_clusters import distributed, kill, open_cluster, started, worker, write_certificates
from tests.cases.pooled_draws import answers, here
from tests.cases.slurm import free_ports
from tests.cases.task_lists import ANNUITY, DESIGNS, QUICK, design_tasks, serial_designs
from typer.testing import CliRunner

from kiban.cli import app
from kiban.errors import InputError
from kiban.linear.native.library import find_library
from kiban.scenario.pool import read_pool
from kiban.tasks import dask_pool
from kiban.tasks.answering import Standing, answer_all
from kiban.tasks.calls import TaskError
from kiban.tasks.dask_pool import DaskPool, make_security, require_distributed
from kiban.tasks.likeness import likeness_text
from kiban.tasks.opening import open_pool
from kiban.tasks.pool import Pool, SerialPool
from kiban.tasks.store import AnswerStore
from kiban.tasks.task import Task, digest

pytestmark = [
    pytest.mark.xdist_group("dask"),
    # What Dask leaves open when its processes are killed is Dask's own.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dask")


@pytest.fixture(scope="module")
def cluster(place: Path) -> Iterator[Any]:
    with open_cluster(place, 2) as found:
        yield found


def pool_of(cluster: Any, place: Path) -> Pool:
    """As `--pool FILE` opens it."""
    path = place / "pool.toml"
    path.write_text(
        f'[pool]\nkind = "dask"\naddress = "{cluster.scheduler_address}"\npatience_seconds = 300\n'
        'ca_file = "ca.pem"\ncertificate_file = "certificate.pem"\nkey_file = "key.pem"\n'
    )
    return open_pool(read_pool(str(path)))


def codes_of(error: InputError) -> list[str]:
    return [problem.code for problem in error.problems]


def test_workers_give_the_answers_of_this_process_to_the_last_bit(cluster: Any, place: Path) -> None:
    assert cluster.scheduler_address.startswith("tls://127.0.0.1:")
    with pool_of(cluster, place) as pool:
        found = list(pool.answer(DESIGNS, design_tasks(5, 2)))
    assert len(found) == 5
    assert dict(found) == serial_designs(5, 2)


def test_the_commands_print_the_same_bytes_whoever_answers(
    cluster: Any, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("site.toml").write_text(SITE, encoding="utf-8")
    Path("study.toml").write_text(STUDY, encoding="utf-8")
    pool_of(cluster, place).__exit__(None, None, None)
    elsewhere = ("--pool", str(place / "pool.toml"))
    for command in (
        ("sweep", "site.toml", "--over", "credit_rate=0:0.3:0.1", "--json"),
        ("compare", "tax-credit", "capital-grant", "--scenario", "site.toml", "--lang", "ja"),
        ("build", "study.toml", "--json"),
    ):
        here, there = (CliRunner().invoke(app, [*command, *more]) for more in ((), elsewhere))
        assert (here.exit_code, there.exit_code) == (0, 0), there.output
        assert there.stdout == here.stdout
        assert len(here.stdout) > 200


def test_workers_solve_the_designs_of_draws_to_the_last_bit_though_one_is_killed(cluster: Any, place: Path) -> None:
    class Killing(DaskPool):
        killed = ""

        def answer(self, function: Any, arguments: Any) -> Iterator[tuple[int, Any]]:
            for one in super().answer(function, arguments):
                if not self.killed and len(arguments) > 2:
                    self.killed = min(str(one.pid) for one in cluster.workers.values())
                    os.kill(int(self.killed), signal.SIGKILL)
                yield one

    files = (str(place / name) for name in ("ca.pem", "certificate.pem", "key.pem"))
    with Killing(cluster.scheduler_address, make_security(cluster.scheduler_address, *files)) as pool:
        assert answers(pool) == here()
        assert pool.killed


def test_failures_say_the_same_as_here(cluster: Any, place: Path) -> None:
    broken = {**design_tasks(1)[0], "points": [{"site": {"id": "nowhere"}}]}
    with pytest.raises(InputError) as own:
        list(SerialPool().answer(DESIGNS, [broken]))
    with pool_of(cluster, place) as pool:
        with pytest.raises(InputError) as error:
            list(pool.answer(DESIGNS, [broken]))
        assert (type(error.value), error.value.problems) == (type(own.value), own.value.problems)
        with pytest.raises(TaskError, match=r"task 1, kiban\.policy\.annuity:annuity_present_value"):
            list(pool.answer(ANNUITY, [QUICK[0], {"rate": "a", "years": 1.0}]))
        assert dict(pool.answer(ANNUITY, QUICK)) == dict(SerialPool().answer(ANNUITY, QUICK))


def test_a_worker_that_is_killed_costs_no_answer(cluster: Any, place: Path) -> None:
    with pool_of(cluster, place) as pool:
        answers = pool.answer(DESIGNS, design_tasks(12, 4))
        found = [next(answers)]
        before = {str(one.pid) for one in cluster.workers.values()}
        victim = min(before)
        os.kill(int(victim), signal.SIGKILL)
        found += list(answers)
    assert len(found) == 12
    assert dict(found) == serial_designs(12, 4)
    assert victim not in {str(one.pid) for one in cluster.workers.values()}


def test_a_worker_with_another_processor_level_is_refused_whenever_it_joins(cluster: Any, place: Path) -> None:
    library = find_library()
    assert library is not None
    files = [f"--tls-{name}={place / file}" for name, file in
             (("ca-file", "ca.pem"), ("cert", "certificate.pem"), ("key", "key.pem"))]  # fmt: skip
    with pool_of(cluster, place) as pool:
        answers = pool.answer(ANNUITY, [{"rate": 0.01, "years": float(number)} for number in range(100_000)])
        next(answers)
        with worker(cluster.scheduler_address, place, *files, KIBAN_NATIVE_LEVEL="none"):
            with pytest.raises(InputError) as late:
                for _ in answers:
                    time.sleep(0.001)
            with pytest.raises(InputError) as early:
                pool_of(cluster, place)
    for error in (late.value, early.value):
        assert codes_of(error) == ["pool.unlike"]
        assert f"processor_level is 'none' there and '{library.level}' here" in str(error)


def test_a_stranger_s_certificate_opens_nothing(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_pool, "CONNECT_SECONDS", 0.5)
    with pytest.raises(InputError) as error:
        DaskPool(cluster.scheduler_address, write_certificates(tmp_path))
    assert codes_of(error.value) == ["pool.away"]


def test_a_link_without_tls_beyond_this_machine_is_not_used(
    cluster: Any, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DaskPool, "_workers", lambda self: {"tcp://10.0.0.9:1": {"nthreads": 1}})
    with pytest.raises(InputError) as error:
        pool_of(cluster, place)
    assert codes_of(error.value) == ["pool.open_worker"]
    assert "tcp://10.0.0.9:1" in str(error.value)


def test_a_scheduler_that_dies_is_told_and_what_was_kept_is_not_done_again(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    address, tasks = f"tcp://127.0.0.1:{port}", design_tasks(8, 4)
    listen = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    store = AnswerStore(tmp_path / "store", edition="one")

    def answer_with(pool: Pool, progress: Callable[[Standing], None]) -> list[Any]:
        asked = [Task(DESIGNS, one, digest("designs"), one["points"]) for one in tasks]
        return list(answer_all(asked, store=store, pool=pool, progress=progress))

    with (
        started("dask_scheduler", *listen, place=tmp_path) as scheduler,
        worker(address, tmp_path),
        heard("distributed.client") as said,
        opened(address) as pool,
        pytest.raises(InputError) as error,
    ):
        answer_with(pool, lambda standing: kill(scheduler) if standing.done else None)
    assert codes_of(error.value) == ["pool.lost"]
    assert address in str(error.value)
    assert said == [], "Dask writes tracebacks beside the sentence"
    told = list[Standing]()
    with started("dask_scheduler", *listen, place=tmp_path), worker(address, tmp_path), opened(address) as pool:
        found = answer_with(pool, told.append)
    assert 0 < told[0].held < len(tasks)
    assert dict(enumerate(found)) == serial_designs(8, 4)
    store.close()


@contextlib.contextmanager
def heard(name: str) -> Iterator[list[str]]:
    """What a logger hands on meanwhile."""
    said = list[str]()
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger(name)
    logger.addHandler(handler)
    yield said
    logger.removeHandler(handler)


def opened(address: str) -> Pool:
    """The pool as soon as the scheduler listens."""
    until = time.monotonic() + 120
    while True:
        try:
            return open_pool(read_pool(address.replace("tcp", "dask")))
        except InputError as error:
            if codes_of(error) != ["pool.away"] or time.monotonic() > until:
                raise


def test_a_scheduler_without_workers_is_not_waited_for_without_end() -> None:
    with (
        distributed.LocalCluster(
            n_workers=0, processes=False, protocol="tcp", dashboard_address="127.0.0.1:0"
        ) as empty,
        pytest.raises(InputError) as error,
    ):
        DaskPool(empty.scheduler_address, patience_seconds=0.2)
    assert codes_of(error.value) == ["pool.no_worker"]
    assert "0.2 seconds" in str(error.value)


def test_nobody_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_pool, "CONNECT_SECONDS", 0.5)
    (port,) = free_ports(1)
    with pytest.raises(InputError) as error:
        open_pool(read_pool(f"dask://127.0.0.1:{port}"))
    assert codes_of(error.value) == ["pool.away"]
    assert f"tcp://127.0.0.1:{port}" in str(error.value)


def test_tls_needs_certificates_of_the_file_or_of_dask(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        open_pool(read_pool("tls://10.0.0.9:1"))
    assert codes_of(error.value) == ["pool.no_certificate"]
    write_certificates(tmp_path)
    files = {"ca-file": "ca.pem", "client.cert": "certificate.pem", "client.key": "key.pem"}
    own = {f"distributed.comm.tls.{name}": str(tmp_path / file) for name, file in files.items()}
    with dask.config.set(own):
        security = make_security("tls://10.0.0.9:1")
        assert security is not None
        assert security.require_encryption
        assert security.tls_client_key == str(tmp_path / "key.pem")
    with (
        dask.config.set({**own, "distributed.comm.tls.ca-file": "/gone.pem"}),
        pytest.raises(InputError) as error,
    ):
        make_security("tls://10.0.0.9:1")
    assert codes_of(error.value) == ["pool.no_file"]
    assert make_security("tcp://127.0.0.1:1") is None


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    with pytest.raises(InputError, match=r"pip install 'kiban\[distributed\]'"):
        require_distributed()


def test_a_worker_without_kiban_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the client hands on what a worker says that cannot read the function it is asked for."""
    pool = object.__new__(DaskPool)
    told = {"tls://a:1": likeness_text(), "tls://b:1": ModuleNotFoundError("No module named 'kiban'")}
    monkeypatch.setattr(pool, "_client", SimpleNamespace(run=lambda *_, **__: told), raising=False)
    with pytest.raises(InputError) as error:
        pool._require_likeness()
    assert [(problem.code, problem.where) for problem in error.value.problems] == [("pool.no_kiban", "tls://b:1")]
    told["tls://b:1"] = likeness_text()
    pool._require_likeness()
