"""Why a worker process ended: by the fault of its job, or because somebody ended it."""

from __future__ import annotations

import contextlib
import re
import signal
from pathlib import Path

FROM_OUTSIDE = frozenset(
    -getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGPWR") if hasattr(signal, name)
)
KILLED = -getattr(signal, "SIGKILL", 9)
COUNTERS = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)
PROCESSES = Path("/proc")
GROUPS = Path("/sys/fs/cgroup")


def is_own_fault(exit_code: int | None, *, memory_ran_out: bool) -> bool:
    """Whether a job ended its process: a crash or an exit of its own, or a kill by the system for want of memory."""
    if exit_code == KILLED:
        return memory_ran_out
    return exit_code not in {None, 0} | FROM_OUTSIDE


def count_memory_kills() -> int:
    """How often the system has killed for want of memory, in this machine or container; 0 where it does not say."""
    places = [PROCESSES / "vmstat"]
    with contextlib.suppress(OSError):
        lines = (PROCESSES / "self" / "cgroup").read_text(encoding="utf-8").splitlines()
        places += [GROUPS / line.partition("::")[2].strip("/") / "memory.events" for line in lines]
    found = 0
    for place in places:
        with contextlib.suppress(OSError):
            found += sum(map(int, COUNTERS.findall(place.read_text(encoding="utf-8"))))
    return found
