"""The one window of a moment, from cold: its last digits depend on nothing that was before.

A plain plant has the compiled window, any other a linear programme that HiGHS solves from its basis of slacks. Both are
the same bytes for the same numbers, so that a journal replays to the byte whoever was restarted in between.
"""

from __future__ import annotations

from kiban.errors import SolverError
from kiban.linear.window import WideSequence, WindowSequence
from kiban.operation.ahead import Ahead
from kiban.operation.hour import Standing
from kiban.operation.lane import WholeAnswer, narrow_answer, states_of, wide_handovers
from kiban.operation.valuation import Valuation
from kiban.operation.window import write_wide_windows, write_windows


def solve_window(ahead: Ahead, valuation: Valuation, standing: Standing) -> WholeAnswer | None:
    """What the first window says of each of its hours; None where no solver proves it."""
    if ahead.facility.is_narrow:
        sequence = WindowSequence(write_windows(ahead, valuation), warm=False)
        found = sequence.solve(0, sum(standing.stored_mwh), standing.waiting_mwh)
        return narrow_answer(found, len(ahead.facility.stores)) if found.proven[0] else None
    windows = write_wide_windows(ahead, valuation)
    try:
        wide = WideSequence(windows).solve(0, states_of(standing))
    except SolverError:
        return None
    return WholeAnswer(wide_handovers(windows, wide), wide.cost_myen, wide.bound_myen)
