"""Pieces of text at the command line: sections, bullets, pairs, and tables whose numbers stand under each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kiban.report.lines import break_lines

INDENT = 2
NOTHING = "–"
LEAST_WIDTH = 12
# A line under the headings and nothing else.
_RULED = Box("    \n    \n ── \n    \n ── \n ── \n    \n    \n")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text that rich sets in lines, broken as its language breaks lines."""

    text: str
    style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in break_lines(self.text, options.max_width):
            yield Text(line, style=self.style, no_wrap=True, overflow="ignore")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        width = cell_len(self.text)
        return Measurement(min(width, LEAST_WIDTH), width).with_maximum(options.max_width)


def render(page: RenderableType, *, width: int, colour: bool) -> str:
    """The page as text of at most `width` columns, with escape codes where `colour`, without blanks at line ends."""
    console = Console(
        width=width,
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        highlight=False,
        legacy_windows=False,
    )
    with console.capture() as captured:
        console.print(page)
    text = captured.get()
    return text if colour else "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def section(title: str, content: RenderableType) -> list[RenderableType]:
    """A blank line, a title, and the content under it, set in."""
    return [Text(), Text(title, style="bold cyan"), Padding(content, (0, 0, 0, INDENT), expand=False)]


def lines(sentences: Iterable[str]) -> RenderableType:
    """Sentences one under the other."""
    return Group(*(Sentence(sentence) for sentence in sentences))


def remark(sentence: str) -> RenderableType:
    """A sentence of less weight."""
    return Sentence(sentence, style="dim")


def bullets(sentences: Iterable[str]) -> RenderableType:
    """Sentences with a bullet, set in where they wrap."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=1)
    grid.add_column()
    for sentence in sentences:
        grid.add_row("•", Sentence(sentence))
    return grid


def pairs(rows: Iterable[tuple[str, str]]) -> RenderableType:
    """Names and values in two columns."""
    grid = Table.grid(padding=(0, INDENT, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for name, value in rows:
        grid.add_row(Text(name, style="dim"), Sentence(value))
    return grid


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numeric: Iterable[int] = (),
    bold: Iterable[int] = (),
    whole: Iterable[int] = (0,),
) -> Table:
    """A table of texts. Columns in `numeric` are aligned at the decimal point, rows in `bold` are bold.

    Columns in `whole` and numeric ones are not wrapped.
    """
    right, strong, unbroken = set(numeric), set(bold), set(whole)
    columns = [[row[number] for row in rows] for number in range(len(headings))]
    titles = list(headings)
    for number in right:
        titles[number], columns[number] = align_numbers(headings[number], columns[number])
    made = Table(box=_RULED, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for number, title in enumerate(titles):
        made.add_column(Text(title), no_wrap=number in right or number in unbroken)
    for number, row in enumerate(zip(*columns, strict=True)):
        style = "bold" if number in strong else ""
        made.add_row(
            *(
                Text(text, style=style) if column in right or column in unbroken else Sentence(text, style)
                for column, text in enumerate(row)
            )
        )
    return made


def align_numbers(heading: str, numbers: Sequence[str]) -> tuple[str, list[str]]:
    """Heading and numbers of one width, set to the right, decimal points under each other.

    What follows the number (a unit, a per cent sign, an asterisk) counts as its tail.
    """
    tails = [_tail(number) for number in numbers]
    heads = [number[: len(number) - len(tail)] for number, tail in zip(numbers, tails, strict=True)]
    left = max((cell_len(head) for head in heads), default=0)
    right = max((cell_len(tail) for tail in tails), default=0)
    titles = heading.split("\n")
    width = max(left + right, *(cell_len(title) for title in titles))
    padded = []
    for head, tail in zip(heads, tails, strict=True):
        text = " " * (left - cell_len(head)) + head + tail + " " * (right - cell_len(tail))
        padded.append(" " * (width - left - right) + text)
    return "\n".join(" " * (width - cell_len(title)) + title for title in titles), padded


def _tail(number: str) -> str:
    """What stands from the decimal point on, or after the last digit."""
    for place, sign in enumerate(number):
        if sign == "." or not (sign.isdigit() or sign in ",-+><~US$¥–"):
            return number[place:]
    return ""
