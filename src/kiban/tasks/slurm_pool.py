"""A pool of workers that are jobs of Slurm, by dask-jobqueue; its scheduler is in this process (extra `distributed`).

Links between scheduler and workers are TLS with a key that is made for this run and dies with it. A job that Slurm ends
is replaced while there is work.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from kiban.errors import InputError, Problem, reason_of
from kiban.tasks.calls import LONGEST_SHOWN, Function
from kiban.tasks.dask_pool import DaskPool, require_distributed
from kiban.tasks.pool_settings import PATIENCE_SECONDS, SlurmJob

if TYPE_CHECKING:
    from dask_jobqueue import SLURMCluster

SUBMIT: Final = "sbatch"
GIGABYTE: Final = 10**9
TEST_SECONDS: Final = 60.0


class SlurmPool:
    """Answers tasks in jobs of Slurm; left, it ends them."""

    def __init__(self, job: SlurmJob, workers: int, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Submit `workers` jobs and wait for the first; raises `InputError` as `DaskPool`, or where Slurm refuses."""
        require_distributed()
        self.cluster = _open_cluster(job)
        try:
            _require_acceptance(self.cluster.job_script())
            # Within these bounds it asks for another job where one has ended.
            self.cluster.adapt(minimum_jobs=workers, maximum_jobs=workers)
            self._pool = DaskPool(
                self.cluster.scheduler_address, self.cluster.security, patience_seconds=patience_seconds
            )
        except BaseException:
            self.cluster.close()
            raise

    def answer(self, function: Function, arguments: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Any]]:
        """As `DaskPool.answer`."""
        return self._pool.answer(function, arguments)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.__exit__(kind, error, trace)
        self.cluster.close()


def _open_cluster(job: SlurmJob) -> SLURMCluster:
    from dask_jobqueue import SLURMCluster
    from distributed.security import Security

    folder = Path(job.folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(Problem("pool.folder", job.folder, reason=reason_of(error))) from None
    return SLURMCluster(
        queue=job.partition,
        account=job.account,
        walltime=job.walltime,
        cores=job.cores,
        processes=1,
        memory=f"{round(job.memory_gb * GIGABYTE)} B",
        interface=job.interface,
        job_extra_directives=list(job.options),
        log_directory=str(folder),
        local_directory=str(folder),
        shared_temp_directory=str(folder),
        protocol="tls://",
        security=Security.temporary(),
        python=sys.executable,
        dashboard_address=None,
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
        raise InputError(Problem("pool.slurm", SUBMIT, reason=asked.stderr.strip()[:LONGEST_SHOWN]))
