"""A pool of workers of a Dask scheduler, by TLS or on this machine (extra `kiban[distributed]`).

What crosses is the name of a function of kiban, arguments and an answer, as text. A worker says with each answer what
it calculates with, so that one which joins later is known too.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from kiban.errors import InputError, Problem
from kiban.tasks.calls import Call, Function, TaskError, answer_text, name_of, read_answer, write_call
from kiban.tasks.in_flight import GLANCE_SECONDS, follow
from kiban.tasks.likeness import likeness_text, require_likeness
from kiban.tasks.pool_settings import WORKER_PATIENCE_SECONDS, is_safe_link

if TYPE_CHECKING:
    from distributed import Client
    from distributed.security import Security

CALLS_PER_THREAD: Final = 4
"""Calls in flight for each thread of a worker: the scheduler sends the next before it is asked for."""
CONNECT_SECONDS: Final = 10.0
EXTRA: Final = "distributed"


class DaskPool:
    """Answers tasks at the workers of a scheduler; a worker that dies is the scheduler's to replace.

    Left, it lets go of the scheduler, which goes on.
    """

    def __init__(
        self, address: str, security: Security | None = None, *, patience_seconds: float = WORKER_PATIENCE_SECONDS
    ) -> None:
        """Connect, wait for a first worker, and ask all what they calculate with.

        Raises `InputError` where the scheduler does not answer, nobody works for it, a link could be read by others, or
        a worker would answer with other bits.
        """
        self.address, self._patience = address, patience_seconds
        self._alone_since: float | None = None
        self._counted_at, self._threads = -math.inf, 0
        self._client = _connect(address, security)
        try:
            self._wait_for_worker()
            self._require_safe_links(self._workers())
            self._require_likeness()
        except BaseException:
            self._client.close()
            raise

    @property
    def width(self) -> int:
        """As `Pool.width`: threads of all workers that are there now."""
        return max(sum(int(one["nthreads"]) for one in self._workers().values()), 1)

    def answer(self, function: Function, arguments: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Any]]:
        """As `Pool.answer`; `InputError` too where the scheduler or all workers go away, or one differs."""
        name, run = name_of(function), uuid.uuid4().hex
        calls = (write_call(number, name, one) for number, one in enumerate(arguments))

        def submit(call: Call) -> Any:
            key = f"kiban-{run}-{call.number}"
            try:
                return self._client.submit(answer_alike, call.function, call.arguments, key=key, pure=False)
            except Exception as error:
                if self._client.status != "running":
                    raise self._lost() from error
                raise

        with contextlib.closing(follow(calls, submit, self._most_in_flight, self._look)) as flight:
            for call, future in flight:
                text = self._text_of(call, future)
                future.release()
                self._alone_since = None
                yield call.number, read_answer(call, text)

    def _text_of(self, call: Call, future: Any) -> str:
        """What the worker answered; raises where it did not, or is not to be believed."""
        from distributed.client import FutureCancelledError

        try:
            worker, likeness, text = future.result()
        except FutureCancelledError:
            raise self._lost() from None
        except Exception as error:
            # Tasks catch what fails in them: this is a worker that died time and again, or has no kiban to call.
            if isinstance(error, ImportError | AttributeError):
                raise InputError(Problem("pool.no_kiban", self.address)) from None
            raise TaskError(f"{call} failed: {error}") from None
        self._require_safe_links([worker])
        require_likeness(likeness_text(), {worker: likeness})
        return str(text)

    def _workers(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] | None = self._client.scheduler_info(n_workers=-1).get("workers")
        if found is None:
            raise self._lost()
        return found

    def _most_in_flight(self) -> int:
        now = time.monotonic()
        if now - self._counted_at > GLANCE_SECONDS:
            self._counted_at, self._threads = now, self.width
        return CALLS_PER_THREAD * self._threads

    def _look(self) -> None:
        """Nothing came for a while: the scheduler must be there, and somebody at work."""
        if self._client.status != "running":
            raise self._lost()
        if self._workers():
            self._alone_since = None
            return
        now = time.monotonic()
        self._alone_since = now if self._alone_since is None else self._alone_since
        if now - self._alone_since > self._patience:
            raise self._no_worker()

    def _wait_for_worker(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=self._patience)
        except TimeoutError:
            raise self._no_worker() from None

    def _require_safe_links(self, workers: Sequence[str] | Mapping[str, Any]) -> None:
        open_links = [address for address in workers if not is_safe_link(address)]
        if open_links:
            raise InputError([Problem("pool.open_worker", address) for address in open_links])

    def _require_likeness(self) -> None:
        told = self._client.run(likeness_text, on_error="return")
        unable = [worker for worker, text in told.items() if isinstance(text, ImportError | AttributeError)]
        if unable:
            raise InputError([Problem("pool.no_kiban", worker) for worker in unable])
        # One that went away while it was asked says what it calculates with when it is back, with its first answer.
        require_likeness(likeness_text(), {worker: text for worker, text in told.items() if isinstance(text, str)})

    def _lost(self) -> InputError:
        return InputError(Problem("pool.lost", self.address))

    def _no_worker(self) -> InputError:
        return InputError(Problem("pool.no_worker", self.address, seconds=self._patience))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()


def answer_alike(function: str, arguments: str) -> tuple[str, str, str]:
    """Answer a call at a worker: its address, what it calculates with, and the answer, all as text."""
    from distributed import get_worker

    return get_worker().address, likeness_text(), answer_text(function, arguments)


def make_security(
    address: str, ca_file: str | None = None, certificate_file: str | None = None, key_file: str | None = None
) -> Security | None:
    """What TLS needs, from files or from Dask's own settings; None for an address without TLS.

    Raises `InputError` where an address of TLS has no certificates.
    """
    if not address.startswith("tls://"):
        return None
    require_distributed()
    from distributed.security import Security

    given = {"tls_ca_file": ca_file, "tls_client_cert": certificate_file, "tls_client_key": key_file}
    security = Security(require_encryption=True, **{name: file for name, file in given.items() if file is not None})
    missing = [name for name in given if getattr(security, name) is None]
    if missing:
        raise InputError(Problem("pool.no_certificate", address))
    files = [getattr(security, name) for name in given]
    gone = [file for file in files if "\n" not in file and not Path(file).is_file()]
    if gone:
        raise InputError([Problem("pool.no_file", key="--pool", file=file) for file in gone])
    return security


def require_distributed() -> None:
    """Raise `InputError` where the extra is not installed."""
    try:
        import dask_jobqueue  # noqa: F401
        import distributed  # noqa: F401
    except ImportError as error:
        raise InputError(Problem("pool.not_installed", key="--pool", name=error.name or EXTRA)) from None


def _connect(address: str, security: Security | None) -> Client:
    require_distributed()
    from distributed import Client

    # What befalls the link is said in one sentence; Dask would write its traceback beside it.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        return Client(address, security=security, timeout=CONNECT_SECONDS, set_as_default=False, name="kiban")
    except (OSError, TimeoutError, ValueError) as error:
        reason = json.dumps(str(error)[:300], ensure_ascii=False)
        raise InputError(Problem("pool.away", address, reason=reason)) from None
