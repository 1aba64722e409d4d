"""Progress: what a long answer is doing, told to whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[str], None]
