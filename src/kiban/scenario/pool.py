"""Where tasks are answered, as a user writes it: `--pool`, and the table `[pool]` of the file that it may name.

The table stands in a file of its own, not in a scenario: where a plan is computed does not change it, so it is no part
of what is planned, hashed and signed; and a scenario that somebody sends names no machine to which one's own connects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from kiban.errors import InputError, Problem, ScenarioError
from kiban.scenario.bounds import bound_values
from kiban.scenario.file import explain_error, place_of, read_toml
from kiban.scenario.section import Section
from kiban.tasks.pool_settings import WORKER_PATIENCE_SECONDS, PoolSettings, SlurmJob, read_address

OPTION: Final = "--pool"
FOLDER: Final = "kiban-slurm"
LEAST: Final = 1
MOST_PROCESSES: Final = 1024
FILES: Final = ("ca_file", "certificate_file", "key_file")
_PROCESSES = re.compile(r"processes(?::(\d{1,6}))?")


class PoolTable(Section):
    """Where tasks are answered."""

    kind: Literal["serial", "processes", "dask", "slurm"]
    """`serial` (this process), `processes` (of this machine), `dask` (a scheduler that runs) or `slurm` (its jobs)."""
    workers: Annotated[int, Field(ge=LEAST, le=100_000)] | None = None
    """Processes, or jobs of Slurm; default for processes: as many as the machine has processors."""
    address: str | None = None
    """The scheduler of Dask, `tls://HOST:PORT`; `tcp://` for one on this machine alone."""
    ca_file: str | None = None
    """Certificate of the authority that signed those of scheduler and workers, PEM."""
    certificate_file: str | None = None
    """Certificate of this client, PEM."""
    key_file: str | None = None
    """Its private key, PEM."""
    patience_seconds: Annotated[float, Field(gt=0, le=86_400)] = WORKER_PATIENCE_SECONDS
    """How long to wait for a first worker, and for another where all have gone."""
    partition: str | None = None
    """Slurm: the partition; default: that of the cluster."""
    account: str | None = None
    """Slurm: the account to which jobs are charged."""
    walltime: Annotated[str, Field(pattern=r"^(\d+-)?\d{1,2}:\d{2}:\d{2}$")] = "01:00:00"
    """Slurm: how long a job may last, `HH:MM:SS`."""
    cores: Annotated[int, Field(ge=LEAST, le=1024)] = 1
    """Slurm: processors of a job."""
    memory_gb: Annotated[float, Field(gt=0, le=10_000)] = 4.0
    """Slurm: memory of a job, 10^9 bytes."""
    folder: str | None = None
    """Slurm: a folder that all nodes see, for logs and the certificates of the run; default: `kiban-slurm` beside the
    file."""
    interface: str | None = None
    """Slurm: the network interface by which nodes reach this host, such as `ib0`."""
    options: tuple[str, ...] = ()
    """Slurm: more lines for `#SBATCH`, such as `--exclude=node7`."""


class PoolFile(Section):
    """A file with the table `[pool]`."""

    pool: PoolTable


OF_DASK: Final = frozenset({"address", *FILES})
OF_SLURM: Final = frozenset(field.name for field in fields(SlurmJob))
_ONLY: Final[Mapping[str, frozenset[str]]] = {
    "serial": frozenset(),
    "processes": frozenset({"workers"}),
    "dask": OF_DASK | {"patience_seconds"},
    "slurm": OF_SLURM | {"workers", "patience_seconds"},
}
"""Keys that a kind of pool takes."""


def read_pool(text: str | None) -> PoolSettings:
    """The pool that `--pool` names: a kind, an address, or a TOML file; None is this process alone.

    Raises `InputError` with every problem of the text or the file.
    """
    if text is None or text == "serial":
        return PoolSettings()
    processes = _PROCESSES.fullmatch(text)
    if processes is not None:
        count = None if processes[1] is None else int(processes[1])
        if count is not None and not LEAST <= count <= MOST_PROCESSES:
            raise InputError(Problem("pool.count", key=OPTION, text=text, most=MOST_PROCESSES))
        return PoolSettings("processes", count)
    if "://" in text:
        address, problems = read_address(text, OPTION, tls=False)
        if problems:
            raise InputError(problems)
        return PoolSettings("dask", address=address)
    if not text.endswith(".toml"):
        raise InputError(Problem("pool.unknown", key=OPTION, text=text))
    return _read_file(Path(text))


def _read_file(path: Path) -> PoolSettings:
    where = str(path)
    text, raw = read_toml(path)
    bounded, unbounded = bound_values(raw, where)
    try:
        table = PoolFile.model_validate_json(json.dumps(bounded, default=str)).pool
    except ValidationError as error:
        raise ScenarioError([*explain_error(error, where, text, unbounded, PoolFile), *unbounded]) from None
    problems = [*unbounded]

    def at(key: str) -> Any:
        return place_of(where, text, ["pool", key])

    taken = _ONLY[table.kind]
    unfit = sorted(table.model_fields_set - taken - {"kind"})
    problems += [Problem("pool.not_of_kind", at(key), f"pool.{key}", kind=table.kind) for key in unfit]
    address = ""
    if table.kind == "dask":
        if table.address is None:
            problems.append(Problem("missing", at("kind"), "pool.address"))
        else:
            address, wrong = read_address(table.address, where, tls=table.ca_file is not None)
            problems += wrong
        given = [name for name in FILES if getattr(table, name) is not None]
        if given and len(given) < len(FILES):
            problems += [Problem("missing", at(given[0]), f"pool.{name}") for name in FILES if name not in given]
    if table.kind == "processes" and table.workers is not None and table.workers > MOST_PROCESSES:
        problems.append(
            Problem("pool.count", at("workers"), "pool.workers", text=str(table.workers), most=MOST_PROCESSES)
        )
    if table.kind == "slurm" and table.workers is None:
        problems.append(Problem("missing", at("kind"), "pool.workers"))
    folder = path.resolve().parent
    files = {name: _inside(folder, getattr(table, name)) for name in FILES}
    problems += [
        Problem("pool.no_file", at(name), f"pool.{name}", file=file)
        for name, file in files.items()
        if file is not None and not Path(file).is_file()
    ]
    if problems:
        raise ScenarioError(problems)
    job = None
    if table.kind == "slurm":
        own = {name: getattr(table, name) for name in OF_SLURM if name != "folder"}
        job = SlurmJob(folder=_inside(folder, table.folder or FOLDER) or "", **own)
    return PoolSettings(table.kind, table.workers, address, **files, patience_seconds=table.patience_seconds, job=job)


def _inside(folder: Path, name: str | None) -> str | None:
    return None if name is None else str(folder / Path(name).expanduser())
