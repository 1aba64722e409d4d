"""`kiban why`: for any figure that kiban prints, its formula, what went into it, and what would change it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from kiban.commands.explained import Request, find_answer, read_answer
from kiban.commands.paying import Against
from kiban.commands.terminal import Insist, Lang, choose_language, progress, show, write
from kiban.errors import InputError, Problem

if TYPE_CHECKING:
    from kiban.figures.entries import Document


def register(app: typer.Typer) -> None:
    """Add `kiban why` to the command line."""
    app.command("why")(why_command)


def why_command(
    figure: Annotated[
        str,
        typer.Argument(metavar="FIGURE", help="A path as in --json, a part of it, or a printed name."),
    ],
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="PLAN|SCENARIO|STUDY|FILE",
            help="A plan's folder, a scenario, a study, or what --json wrote; default: tomakomai.",
        ),
    ] = None,
    package: Annotated[
        list[str] | None,
        typer.Option("--package", metavar="NAME", help="Ask about the payment under a policy package; repeatable."),
    ] = None,
    against: Against = None,
    prefecture: Annotated[
        str | None,
        typer.Option("--prefecture", metavar="NAME", help="Ask about what this prefecture gets of it: kiban economy."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the text.")] = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Say why a figure is what it is: formula, inputs, sources, prices of constraints, and what would change it."""
    from kiban.figures.entries import load_table
    from kiban.figures.explanation import explain
    from kiban.figures.finding import find_figure
    from kiban.figures.leaves import leaves_of
    from kiban.report.why import figure_names, why_document, why_text

    language = choose_language(lang)
    asked, wanted = _split(figure)
    answer = read_answer(subject)
    if answer is None:
        request = Request(subject, package, against or ["none"], prefecture, language, insist)
        with progress(language, spinner=not as_json) as tell:
            answer = find_answer(request, asked, wanted, tell)
    elif package or prefecture:
        raise InputError(Problem("why.packages_here", key="--package" if package else "--prefecture"))
    with _readable(subject if answer.is_saved else None):
        leaves = dict(leaves_of(answer.content))
        path = find_figure(asked, leaves, lambda one: figure_names(answer.document, one))
        if load_table(answer.document).find(path) is None:
            raise InputError(Problem("why.unknown", key=asked, remedy="why.list"))
        found = explain(
            answer.document,
            answer.content,
            path,
            provenance=answer.provenance,
            worths=answer.worths,
            leaves=leaves,
        )
        document = why_document(found)
    if as_json:
        from kiban.report.plan.record import to_json

        write(to_json(document))
    else:
        show(lambda _: why_text(found, language))


@contextlib.contextmanager
def _readable(file: str | None) -> Iterator[None]:
    """A file may hold anything under the names of an answer: what is not as they are is an error of one sentence."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError, OverflowError) as error:
        if file is None or isinstance(error, InputError):
            raise
        raise InputError(Problem("why.no_answer", file)) from None


def _split(figure: str) -> tuple[str, Document | None]:
    """The figure, and the answer that its first word names."""
    from kiban.figures.entries import DOCUMENTS

    first, dot, rest = figure.partition(".")
    named = next((one for one in DOCUMENTS if one == first), None)
    return (rest, named) if dot and named is not None else (figure, None)
