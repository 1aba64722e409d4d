"""Designs of draws that are kept, so that a question with many draws that was killed solves none of them again.

A design is named by its inputs, what it serves beside the load, and where it starts from: the first design that was
learned at its level, whose point is kept beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from kiban.national.study.site_model import fingerprint
from kiban.planning.resources import Resources
from kiban.scenario import Scenario
from kiban.scenario.plain import plain_scenario
from kiban.tasks.task import Key, digest

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart
    from kiban.tasks.store import AnswerStore

Part = TypeVar("Part")


class KeptDesigns:
    """Designs of one scenario in a store."""

    def __init__(self, store: AnswerStore, scenario: Scenario) -> None:
        self._store = store
        self._subject = digest(plain_scenario(scenario))

    def name_of(self, resources: Resources, served_mw: float, start: str) -> str:
        """The name of a design by its inputs and the name of the design that it starts from."""
        return digest([fingerprint(resources), served_mw, start])

    def answer(self, name: str, solve: Callable[[], tuple[Any, ...]], kinds: tuple[type, ...]) -> tuple[Any, ...]:
        """The parts of the design of that name, of these kinds: kept, or solved and kept."""
        key = Key(self._subject, f"design-{name}", self._store.edition)
        known = self._store.find(key)
        if known is None:
            known = [_plain(part) for part in solve()]
            self._store.keep(key, known)
        return tuple(_restore(kind, part) for kind, part in zip(kinds, known, strict=True))

    def keep_point(self, name: str, point: WarmStart) -> None:
        """Keep where the designs that start from this one begin."""
        from kiban.linear.kernel.packing import pack

        self._store.keep_point(name, pack(point))

    def find_point(self, name: str) -> WarmStart | None:
        """That point, or None."""
        from kiban.linear.kernel.packing import unpack

        content = self._store.find_point(name)
        return None if content is None else unpack(content)


def _plain(part: Any) -> dict[str, Any]:
    """A dataclass of arrays and numbers in plain types."""
    found = ((field.name, getattr(part, field.name)) for field in fields(part))
    return {name: value.tolist() if isinstance(value, np.ndarray) else float(value) for name, value in found}


def _restore(kind: type[Part], content: dict[str, Any]) -> Part:
    return kind(
        **{n: np.array(value, dtype=float) if isinstance(value, list) else value for n, value in content.items()}
    )
