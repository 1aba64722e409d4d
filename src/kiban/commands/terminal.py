"""What every command shares: the language, progress on stderr, results on stdout."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, TextIO, get_args

import typer

from kiban.errors import InputError, OutputError, Problem, reason_of
from kiban.messages import Message
from kiban.progress import Report
from kiban.quantities import Language

if TYPE_CHECKING:
    from rich.console import RenderableType

NARROWEST, WIDEST = 40, 120
LINES_OF_A_COUNT = 10
"""Lines that a log has of work that is counted."""

Lang = Annotated[
    Literal["ja", "en"] | None, typer.Option("--lang", help="Language; default: that of LC_ALL or LANG, else en.")
]

Insist = Annotated[
    bool, typer.Option("--insist", help="Take values that are a hundred times outside of what is plausible.")
]


def choose_language(given: Language | None) -> Language:
    """The language asked for, else that of LC_ALL or LANG, else English."""
    if given is not None:
        return given
    return "ja" if (os.environ.get("LC_ALL") or os.environ.get("LANG") or "").startswith("ja") else "en"


def language_in(arguments: Sequence[str]) -> Language:
    """The language that a command line asks for, also where the rest of it cannot be understood."""
    before = list(itertools.takewhile(lambda argument: argument != "--", arguments))
    given: Language | None = None
    for option, following in itertools.pairwise([*before, ""]):
        for language in get_args(Language):
            if option == f"--lang={language}" or (option, following) == ("--lang", language):
                given = language
    return choose_language(given)


@contextlib.contextmanager
def progress(language: Language, *, spinner: bool = True) -> Iterator[Report]:
    """A function that tells of progress on stderr: a spinner on a terminal, else a line for each step.

    Of steps that are counted, a line for every tenth of the work: a log is read afterwards.
    """
    from kiban.report.messages import say

    if not (spinner and is_terminal(sys.stderr)):
        passes = _passes_tenths()
        yield lambda message: complain(f"{say(message, language)} ...") if passes(message) else None
        return
    from rich.console import Console

    with Console(stderr=True).status("kiban") as status:
        yield lambda message: status.update(f"{say(message, language)} ...")


def _passes_tenths() -> Callable[[Message], bool]:
    """Whether a step is one that is not counted, or the first one of its kind in another tenth of the work."""
    reached: dict[str, int] = {}

    def passes(message: Message) -> bool:
        done, of = (message.values.get(name) for name in ("done", "of"))
        if not (isinstance(done, int) and isinstance(of, int) and of > LINES_OF_A_COUNT):
            return True
        tenth = LINES_OF_A_COUNT * done // of
        if tenth == reached.get(message.code, 0):
            return False
        reached[message.code] = tenth
        return True

    return passes


def show(text_for: Callable[[int], RenderableType]) -> None:
    """Write text to stdout, as wide as the terminal but never too wide to read."""
    from kiban.report.layout import render

    width = min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)
    write(render(text_for(width), width=width, colour=is_terminal(sys.stdout)))


def is_terminal(stream: TextIO) -> bool:
    """Whether a person reads the stream in colour."""
    return stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def write(text: str) -> None:
    """Write to stdout; a reader that has gone away (`| head`) is no error, a full disk raises `OutputError`."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        leave_closed_pipe()
        if not isinstance(error, BrokenPipeError):
            raise OutputError(Problem("command.output", reason=reason_of(error))) from None


def leave_closed_pipe() -> None:
    """Let what is still to be written to stdout go nowhere: Python would complain again when it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain_of(error: InputError, language: Language) -> None:
    """Write a line to stderr for each problem."""
    from kiban.report.messages import say_problem
    from kiban.report.phrases import phrase

    for problem in error.problems:
        complain(phrase("command.error", language, problem=" ".join(say_problem(problem, language).split())))


def complain(text: str) -> None:
    """Write a line to stderr, if there is still one to write to."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)
