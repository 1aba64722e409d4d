"""What kiban says: a code and values. The sentence is made in `report`, in the reader's language.

    Message("note.gaps_filled", hours=3, names=("ghi_w_m2",))

A code is the key of a sentence in `report/sentences`; the values fill its blanks. A value is text, a number, a tuple
of names, or a message; what a blank is called says how its value is named (an asset class, a measure of law, ...).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

SPEAKER = "kiban.report.messages"


@dataclass(frozen=True, slots=True, init=False)
class Message:
    """A sentence to be: its code and the values of its blanks; its text is the English sentence."""

    code: str
    values: Mapping[str, object]

    def __init__(self, code: str, values: Mapping[str, object] | None = None, **named: object) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "values", {**(values or {}), **named})

    def __str__(self) -> str:
        # Sentences stand above everything that has something to say: who reads one, a traceback say, fetches it there.
        text: str = importlib.import_module(SPEAKER).say(self, "en")
        return text


class PlainMessage(TypedDict):
    """A message in types that JSON has; tuples are lists."""

    code: str
    values: dict[str, Any]


def to_plain(message: Message) -> PlainMessage:
    """A message in plain types."""
    return {"code": message.code, "values": {blank: _plain(value) for blank, value in message.values.items()}}


def from_plain(content: Mapping[str, Any]) -> Message:
    """The message that `to_plain` was given; KeyError or TypeError for anything else."""
    return Message(content["code"], {blank: _restored(value) for blank, value in content["values"].items()})


def _plain(value: object) -> object:
    if isinstance(value, Message):
        return to_plain(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _restored(value: object) -> object:
    if isinstance(value, Mapping):
        return from_plain(value)
    return tuple(_restored(one) for one in value) if isinstance(value, list | tuple) else value
