"""The one window of a moment."""

from __future__ import annotations

from kiban.linear.window import Windows, WindowSequence, WindowSolutions


def solve_window(windows: Windows, stored_mwh: float, waiting_mwh: float) -> WindowSolutions:
    """The window from cold: its last digits depend on nothing that was before."""
    return WindowSequence(windows, warm=False).solve(0, stored_mwh, waiting_mwh)
