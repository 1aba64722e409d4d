"""Progress: what a long answer is doing, told to whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable

from kiban.messages import Message

Report = Callable[[Message], None]
"""Is given each step as a message `progress.STEP`; `str` of it is the English sentence."""


def say_nothing(step: Message) -> None:
    """A `Report` for which nobody waits."""
