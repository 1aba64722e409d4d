"""What commands with many answers share: the option `--pool`, and the pool behind it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kiban.tasks.pool import Pool

PoolOption = Annotated[
    str | None,
    typer.Option(
        "--pool",
        metavar="POOL",
        help="Who answers: serial, processes[:N], dask://HOST:PORT, tls://HOST:PORT, or a TOML file with [pool].",
    ),
]


@contextlib.contextmanager
def pooling(text: str | None) -> Iterator[Pool | None]:
    """The pool that the option names, None for this process; `InputError` where it names none or cannot be had."""
    from kiban.scenario.pool import read_pool
    from kiban.tasks.opening import open_pool

    settings = read_pool(text)
    if settings.kind == "serial":
        yield None
        return
    with open_pool(settings) as pool:
        yield pool
