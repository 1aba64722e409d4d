"""What commands that can be resumed share: the option `--resume`, the store behind it, and what is said of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from kiban.commands.terminal import complain
from kiban.messages import Message
from kiban.progress import Report
from kiban.quantities import Language

if TYPE_CHECKING:
    from kiban.tasks.answering import Standing
    from kiban.tasks.store import AnswerStore

Resume = Annotated[
    str | None,
    typer.Option(
        "--resume",
        metavar="DIR",
        help="Keep every answer in this folder (or postgresql://...), and take those that are there.",
    ),
]


@contextlib.contextmanager
def resuming(place: str | None) -> Iterator[AnswerStore | None]:
    """The store of a place, None where none is named; `OutputError` where it cannot be used."""
    if place is None:
        yield None
        return
    from kiban.planning.making import edition_of_answers
    from kiban.tasks.store import AnswerStore

    store = AnswerStore(place, edition=edition_of_answers())
    try:
        yield store
    finally:
        store.close()


def telling(store: AnswerStore | None, language: Language, tell: Report) -> Callable[[Standing], None]:
    """Says at the beginning what the store holds, and then how far the answers are."""
    from kiban.report.phrases import phrase

    def listen(standing: Standing) -> None:
        if store is not None and standing.done == standing.held:
            complain(phrase("resume.held", language, place=store.shown, held=standing.held, count=standing.of))
            if standing.others:
                complain(phrase("resume.others", language, others=standing.others))
        if standing.done < standing.of:
            tell(Message("progress.answers", done=standing.done, of=standing.of))

    return listen
