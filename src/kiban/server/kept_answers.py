"""The answers of jobs: a job that was ended by force begins where it was, whichever worker takes it up.

They lie beside the plans: in a file of their own in the server's folder, or in its PostgreSQL database.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Sequence
from typing import Any

from kiban.errors import InputError, OutputError
from kiban.planning.making import edition_of_answers
from kiban.tasks.store import AnswerStore
from kiban.tasks.task import Key

log = logging.getLogger("kiban.server")
DAYS_OF_ANSWERS = 7.0
"""After which an answer goes: long after its job has ended."""
SECONDS_PER_DAY = 86_400.0


class JobAnswers(AnswerStore):
    """A store without which jobs go on: what cannot be kept or read, as on a full disk, is made anew and logged."""

    def find_all(self, keys: Sequence[Key]) -> dict[Key, Any]:
        """The answers that are there and can be read."""
        try:
            return super().find_all(keys)
        except OutputError as error:
            log.warning("answers of jobs cannot be read: %s", error)
            return {}

    def count_others(self, keys: Sequence[Key]) -> int:
        """Jobs tell nobody of other editions."""
        return 0

    def keep(self, key: Key, answer: Any) -> bool:
        """Keep an answer where there is room; whether it was kept."""
        try:
            return super().keep(key, answer)
        except OutputError as error:
            log.warning("an answer of a job is not kept: %s", error)
            return False

    def find_point(self, name: str) -> bytes | None:
        """What was kept under a name, or None."""
        try:
            return super().find_point(name)
        except OutputError as error:
            log.warning("answers of jobs cannot be read: %s", error)
            return None

    def keep_point(self, name: str, content: bytes) -> None:
        """Keep a point where there is room; it is made again where it is not there."""
        try:
            super().keep_point(name, content)
        except OutputError as error:
            log.warning("an answer of a job is not kept: %s", error)

    def remove_points(self, names: Collection[str]) -> None:
        """Remove points; those that stay are of no harm."""
        try:
            super().remove_points(names)
        except OutputError as error:
            log.warning("answers of jobs are not removed: %s", error)


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
