"""Sentences broken into lines of a terminal, in English and in Japanese.

English breaks at spaces. Japanese breaks between any two characters, but a word in katakana stays whole,
and no line begins with a closing mark or ends with an opening one. A number stays with its unit and a key
with its value.
"""

from __future__ import annotations

import re

from rich.cells import cell_len

NO_START = frozenset("、。,.:;!?)」』】〕）％%・ー〜~’”…")
NO_END = frozenset("(「『【〔（‘“¥$")
_NUMBER_AND_UNIT = re.compile(r"(?<=\d) (?=[^\s\d]{1,4}(?![^\s\d.,;:)、。]))")
_KEY_AND_VALUE = re.compile(r" = ")
_GLUE = "\u00a0"


def break_lines(sentence: str, width: int) -> list[str]:
    """The sentence in lines of at most `width` columns; what has no place to break is cut."""
    glued = _KEY_AND_VALUE.sub(f"{_GLUE}={_GLUE}", _NUMBER_AND_UNIT.sub(_GLUE, sentence))
    lines, line = [], ""
    for piece in _pieces(glued):
        if cell_len(line + piece.rstrip(" ")) <= width:
            line += piece
            continue
        if line.strip():
            lines.append(line)
        line = piece
        while cell_len(line.rstrip(" ")) > width:
            head = _head(line, width)
            lines.append(head)
            line = line[len(head) :]
    if line.strip() or not lines:
        lines.append(line)
    return [found.rstrip(" ").replace(_GLUE, " ") for found in lines]


def _pieces(sentence: str) -> list[str]:
    """The parts between which a line may break; a space belongs to the part before it."""
    pieces: list[str] = []
    for sign in sentence:
        before = pieces[-1][-1] if pieces else ""
        if not before or _may_break(before, sign):
            pieces.append(sign)
        else:
            pieces[-1] += sign
    return pieces


def _may_break(before: str, after: str) -> bool:
    if after == " " or after in NO_START or before in NO_END:
        return False
    if _is_katakana(before) and _is_katakana(after):
        return False
    return before == " " or _is_wide(before) or _is_wide(after)


def _is_katakana(sign: str) -> bool:
    return "ァ" <= sign <= "ヺ" or sign == "ー"


def _is_wide(sign: str) -> bool:
    return cell_len(sign) > 1


def _head(text: str, width: int) -> str:
    """The longest beginning of a text that fits, at least one character."""
    end = 1
    while end < len(text) and cell_len(text[: end + 1]) <= width:
        end += 1
    return text[:end]
