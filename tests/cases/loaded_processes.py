"""Processes that begin with kiban loaded: what all of them import is imported once, by the one that they fork from.

`kiban serve` starts each worker as a new Python, which takes seconds of a processor. Tests that look at something else
than that start take theirs from here; `launch` and the browser's tests start the command itself.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import ForkServerContext

IMPORTED = ["kiban.cli", "kiban.finance.policy_points", "kiban.report.payment.terminal", "kiban.tasks.store", "pandas",
            "kiban.national.building", "kiban.report.national.terminal", "kiban.finance.joint_draws", "scipy.optimize",
            "highspy", "clarabel", "rich.table", "kiban.server.confinement", "kiban.server.worker",
            "kiban.server.tasks", "kiban.planning.building", "kiban.operation.running"]  # fmt: skip


def loaded_processes() -> ForkServerContext:
    """A context whose processes fork from one with kiban loaded; the same for all of this process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    return context
