"""A pool of workers that are jobs of Slurm, by dask-jobqueue; its scheduler is in this process (extra `distributed`).

Links between scheduler and workers are TLS with a key that is made for this run and dies with it. A job that Slurm ends
is replaced while there is work.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from kiban.errors import InputError, Problem, reason_of
from kiban.tasks.calls import LONGEST_SAID, Function
from kiban.tasks.dask_pool import DaskPool, require_distributed
from kiban.tasks.pool_settings import WORKER_PATIENCE_SECONDS, SlurmJob
from kiban.whole_files import write_whole

if TYPE_CHECKING:
    from dask_jobqueue import SLURMCluster
    from distributed.security import Security

SUBMIT: Final = "sbatch"
GIGABYTE: Final = 10**9
TEST_SECONDS: Final = 60.0
ROLES: Final = ("scheduler", "worker", "client")


class SlurmPool:
    """Answers tasks in jobs of Slurm; left, it ends them."""

    def __init__(self, job: SlurmJob, workers: int, *, patience_seconds: float = WORKER_PATIENCE_SECONDS) -> None:
        """Submit `workers` jobs and wait for the first; raises `InputError` as `DaskPool`, or where Slurm refuses."""
        require_distributed()
        self._workers = workers
        with contextlib.ExitStack() as begun:
            security = begun.enter_context(_own_security(Path(job.folder)))
            self.cluster = _open_cluster(job, security)
            begun.callback(self.cluster.close)
            _require_acceptance(self.cluster.job_script())
            # Within these bounds it asks for another job where one has ended.
            self.cluster.adapt(minimum_jobs=workers, maximum_jobs=workers)
            address = self.cluster.scheduler_address
            self._pool = begun.enter_context(DaskPool(address, security, patience_seconds=patience_seconds))
            self._open = begun.pop_all()

    @property
    def width(self) -> int:
        """As `Pool.width`: as many as jobs were asked for, some of which may wait in Slurm's queue."""
        return self._workers

    def answer(self, function: Function, arguments: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Any]]:
        """As `DaskPool.answer`."""
        return self._pool.answer(function, arguments)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()


@contextlib.contextmanager
def _own_security(folder: Path) -> Iterator[Security]:
    """An authority of this run alone, its files where all nodes see them and nobody but this user reads them."""
    from distributed.security import Security

    made = Security.temporary()
    texts = {"ca.pem": made.tls_ca_file, "certificate.pem": made.tls_client_cert, "key.pem": made.tls_client_key}
    place = folder / f"run-{uuid.uuid4().hex[:12]}"
    try:
        write_whole(place, {name: text.encode() for name, text in texts.items()}, make_parents=True, only_owner=True)
    except OSError as error:
        raise InputError(Problem("pool.folder", str(folder), reason=reason_of(error))) from None
    own = {f"tls_{role}_cert": str(place / "certificate.pem") for role in ROLES}
    own |= {f"tls_{role}_key": str(place / "key.pem") for role in ROLES}
    try:
        yield Security(require_encryption=True, tls_ca_file=str(place / "ca.pem"), **own)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _open_cluster(job: SlurmJob, security: Security) -> SLURMCluster:
    from dask_jobqueue import SLURMCluster

    return SLURMCluster(
        queue=job.partition,
        account=job.account,
        walltime=job.walltime,
        cores=job.cores,
        processes=1,
        memory=f"{round(job.memory_gb * GIGABYTE)} B",
        interface=job.interface,
        job_extra_directives=list(job.options),
        log_directory=job.folder,
        local_directory=job.folder,
        protocol="tls://",
        security=security,
        python=sys.executable,
        # The scheduler's pages have neither TLS nor a password: only this machine sees them.
        scheduler_options={"dashboard_address": "127.0.0.1:0"},
    )


def _require_acceptance(script: str) -> None:
    """Raise `InputError` where Slurm would not take the job, with its own words; nothing is submitted."""
    try:
        asked = subprocess.run(
            [SUBMIT, "--test-only"], input=script, capture_output=True, text=True, timeout=TEST_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = reason_of(error) if isinstance(error, OSError) else f"no answer in {TEST_SECONDS:g} s"
        raise InputError(Problem("pool.slurm", SUBMIT, reason=reason)) from None
    if asked.returncode != 0:
        raise InputError(Problem("pool.slurm", SUBMIT, reason=asked.stderr.strip()[:LONGEST_SAID]))
