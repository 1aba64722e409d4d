"""The answers of jobs: a job that was ended by force begins where it was, whichever worker takes it up.

They lie beside the plans: in a file of their own in the server's folder, or in its PostgreSQL database.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, TypeVar

from kiban.errors import InputError, OutputError
from kiban.planning.making import edition_of_answers
from kiban.tasks.store import AnswerStore
from kiban.tasks.task import Key

Found = TypeVar("Found")
log = logging.getLogger("kiban.server")
UNREAD, UNKEPT = "answers of jobs cannot be read", "an answer of a job is not kept"
UNREMOVED = "answers of jobs are not removed"
DAYS_OF_ANSWERS = 7.0
"""After which an answer goes: long after its job has ended."""
SECONDS_PER_DAY = 86_400.0


class JobAnswers(AnswerStore):
    """A store without which jobs go on: what cannot be kept or read, as on a full disk, is made anew and logged."""

    def find_all(self, keys: Sequence[Key]) -> dict[Key, Any]:
        """The answers that are there and can be read."""
        return _tried(UNREAD, partial(super().find_all, keys), {})

    def count_others(self, keys: Sequence[Key]) -> int:
        """Jobs tell nobody of other editions."""
        return 0

    def keep(self, key: Key, answer: Any) -> bool:
        """Keep an answer where there is room; whether it was kept."""
        return _tried(UNKEPT, partial(super().keep, key, answer), False)

    def find_point(self, name: str) -> bytes | None:
        """What was kept under a name and can be read, or None."""
        return _tried(UNREAD, partial(super().find_point, name), None)

    def keep_point(self, name: str, content: bytes) -> None:
        """Keep a point where there is room; it is made again where it is not there."""
        _tried(UNKEPT, partial(super().keep_point, name, content), None)

    def remove_points(self, names: Collection[str]) -> None:
        """Remove points; those that stay are of no harm."""
        _tried(UNREMOVED, partial(super().remove_points, names), None)


def _tried(said: str, ask: Callable[[], Found], otherwise: Found) -> Found:
    """What the store says, or `otherwise` where it cannot be used, which the log says."""
    try:
        return ask()
    except OutputError as error:
        log.warning("%s: %s", said, error)
        return otherwise


class _Present:
    """The store of this process, a worker's; opened for the first job that keeps answers."""

    place: str | None = None
    store: AnswerStore | None = None


def keep_answers_in(place: str | None) -> None:
    """Where the answers of this process are kept: a folder or the address of a database; None keeps none."""
    _Present.place, _Present.store = place, None


def kept_answers() -> AnswerStore | None:
    """The store of answers; None where there is none, or where it cannot be used, which the log says."""
    if _Present.store is None and _Present.place is not None:
        try:
            _Present.store = JobAnswers(_Present.place, edition=edition_of_answers())
            _Present.store.remove_before(time.time() - DAYS_OF_ANSWERS * SECONDS_PER_DAY)
        except (InputError, OutputError) as error:
            log.warning("jobs that are ended by force will begin anew: %s", error)
            _Present.place = None
    return _Present.store
