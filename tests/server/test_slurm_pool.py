"""Workers that are jobs of a real Slurm on this machine, submitted by dask-jobqueue."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cases.servers import wait_until
from tests.cases.slurm import Cluster, MissingError, found, open_slurm
from tests.cases.task_lists import DESIGNS, design_tasks, serial_designs

from kiban.errors import InputError
from kiban.scenario.pool import read_pool
from kiban.tasks.opening import open_pool
from kiban.tasks.slurm_pool import SlurmPool, _own_security

pytest.importorskip("dask_jobqueue")
pytestmark = [
    pytest.mark.xdist_group("slurm"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def slurm() -> Iterator[Cluster]:
    try:
        with open_slurm() as cluster:
            yield cluster
    except MissingError as error:
        pytest.skip(str(error))


@pytest.fixture
def surroundings(slurm: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setenv("SLURM_CONF", str(slurm.configuration))
    monkeypatch.setenv("PATH", os.pathsep.join([os.environ["PATH"], str(Path(found("slurmctld")).parent)]))
    return slurm


def pool_file(place: Path, text: str) -> str:
    path = place / "pool.toml"
    path.write_text(f'[pool]\nkind = "slurm"\nworkers = 1\ninterface = "lo"\nmemory_gb = 1.0\n{text}')
    return str(path)


def test_a_job_that_ends_early_is_replaced_and_every_bit_is_the_same(surroundings: Cluster, tmp_path: Path) -> None:
    settings = read_pool(pool_file(tmp_path, 'partition = "firm"\npatience_seconds = 300\n'))
    with open_pool(settings) as pool:
        assert isinstance(pool, SlurmPool)
        assert pool.cluster.scheduler_address.startswith("tls://127.0.0.1:")
        answers = pool.answer(DESIGNS, design_tasks(6, 4))
        came = [next(answers)]
        (job,) = surroundings.states()
        surroundings.ask("scancel", "--signal=KILL", job)
        surroundings.ask("scancel", job)
        came += list(answers)
        assert set(surroundings.states()) - {job}
    assert len(came) == 6
    assert json.dumps(dict(sorted(came))) == json.dumps(serial_designs(6, 4))
    wait_until(lambda: not surroundings.states())
    # Neither keys nor certificates of the run are left.
    assert [path.name for path in (tmp_path / "kiban-slurm").rglob("*.pem")] == []


@pytest.mark.parametrize(
    ("text", "said"), [('partition = "nowhere"\n', "invalid partition"), ('cores = 99\n', "node configuration")]
)  # fmt: skip
def test_what_slurm_would_not_take_is_told_at_once(surroundings: Cluster, tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        open_pool(read_pool(pool_file(tmp_path, text)))
    (problem,) = error.value.problems
    assert problem.code == "pool.slurm"
    assert said in str(error.value)
    assert surroundings.states() == {}


def test_without_slurm_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError) as error:
        open_pool(read_pool(pool_file(tmp_path, "")))
    assert [problem.code for problem in error.value.problems] == ["pool.slurm"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError) as error, _own_security(tmp_path / "file" / "runs"):
        pass
    assert [problem.code for problem in error.value.problems] == ["pool.folder"]
    with _own_security(tmp_path / "runs") as own:
        assert own.require_encryption
    assert list((tmp_path / "runs").iterdir()) == []
