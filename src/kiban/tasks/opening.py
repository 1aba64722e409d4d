"""The pool that settings name."""

from __future__ import annotations

from kiban.tasks.pool import Pool, SerialPool
from kiban.tasks.pool_settings import PoolSettings


def open_pool(settings: PoolSettings | None = None) -> Pool:
    """The pool, ready to answer; without settings that of this process.

    Raises `InputError` where it cannot be had.
    """
    if settings is None or settings.kind == "serial":
        return SerialPool()
    if settings.kind == "processes":
        from kiban.tasks.processes import ProcessPool

        return ProcessPool(settings.workers)
    if settings.kind == "dask":
        from kiban.tasks.dask_pool import DaskPool, make_security

        security = make_security(settings.address, settings.ca_file, settings.certificate_file, settings.key_file)
        return DaskPool(settings.address, security, patience_seconds=settings.patience_seconds)
    from kiban.tasks.slurm_pool import SlurmPool

    assert settings.job is not None and settings.workers is not None
    return SlurmPool(settings.job, settings.workers, patience_seconds=settings.patience_seconds)
