"""The answers of jobs: a job that was ended by force begins where it was, whichever worker takes it up.

They lie beside the plans: in a file of their own in the server's folder, or in its PostgreSQL database.
"""

from __future__ import annotations

import logging
import time

from kiban.errors import InputError, OutputError
from kiban.planning.making import edition_of_answers
from kiban.tasks.store import AnswerStore

log = logging.getLogger("kiban.server")
DAYS_OF_ANSWERS = 7.0
"""After which an answer goes: long after its job has ended."""
SECONDS_PER_DAY = 86_400.0


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
            _Present.store = AnswerStore(_Present.place, edition=edition_of_answers())
            _Present.store.remove_before(time.time() - DAYS_OF_ANSWERS * SECONDS_PER_DAY)
        except (InputError, OutputError) as error:
            log.warning("jobs that are ended by force will begin anew: %s", error)
            _Present.place = None
    return _Present.store
