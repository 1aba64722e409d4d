"""Writing in groups: what many requests want on the disk goes there together, one wait for the disk a group.

While one group is being written the next gathers. Each item is on the disk when its future is done, in the order in
which items came.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class GroupWriter(Generic[Item]):
    """A thread that writes; `write` puts all items of a group into one transaction, or raises and has written none."""

    def __init__(self, write: Callable[[Sequence[Item]], None], name: str) -> None:
        self._write = write
        self._waiting: list[tuple[Item, Future[None]]] = []
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    def add(self, item: Item) -> Future[None]:
        """Have an item written; its future raises what kept it from being written."""
        done: Future[None] = Future()
        with self._lock:
            self._waiting.append((item, done))
        self._thread.submit(self._write_waiting)
        return done

    def after_writes(self, act: Callable[..., Result], *arguments: object) -> Future[Result]:
        """Do something when all that was added before is written."""
        return self._thread.submit(act, *arguments)

    def close(self) -> None:
        """Write what waits and end."""
        self._thread.shutdown(wait=True)

    def _write_waiting(self) -> None:
        with self._lock:
            group, self._waiting = self._waiting, []
        if not group:  # went with an earlier one
            return
        try:
            self._write([item for item, _ in group])
        except Exception as error:
            if len(group) == 1:
                group[0][1].set_exception(error)
            else:
                # What one of them cannot have must not keep the others from it.
                for item, done in group:
                    self._write_alone(item, done)
        else:
            for _, done in group:
                done.set_result(None)

    def _write_alone(self, item: Item, done: Future[None]) -> None:
        try:
            self._write([item])
        except Exception as error:
            done.set_exception(error)
        else:
            done.set_result(None)
