"""A limit handed to NVIDIA's Domain Power Service, as a load target of NvGrid for power feeds.

A load target is a power from one time to another for some feeds. It takes power from jobs whose caps may be moved and
ends none (`best effort`), and it ends by itself: then the feed's default holds. Of targets that overlap, the latest
holds. What is handed over is the whole limit, firm and flexible: a feed carries both.

The command `dpsctl nvgrid set-load-target` and its options as in its public documentation
(https://docs.nvidia.com/datacenter/dps/versions/latest/guides/reference/dpsctl/nvgrid).
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from kiban.errors import Problem
from kiban.operation.power_limit import PowerLimit
from kiban.server.operating.schedulers import SchedulerAwayError

PLACE: Final = "Domain Power Service"
COMMAND: Final = "dpsctl"
ANSWER_SECONDS: Final = 5.0


class DomainPower:
    """Hands limits to the feeds `feeds` (all where there is none) of the service to which `command` is signed in."""

    def __init__(
        self, feeds: Sequence[str] = (), *, command: str = COMMAND, now: Callable[[], datetime] | None = None
    ) -> None:
        self.feeds, self.command = tuple(feeds), command
        self.now = now or (lambda: datetime.now(UTC))
        self.number: int | None = None

    def apply(self, limit: PowerLimit) -> None:
        """Schedule the limit; one that this adapter has handed over before, or that has expired, is left alone.

        Raises `SchedulerAwayError` where the service is away or refuses.
        """
        if limit.number == self.number or limit.expires <= self.now():
            return
        try:
            done = subprocess.run(
                target_command(limit, self.feeds, self.command), capture_output=True, text=True, errors="replace",
                check=False, timeout=ANSWER_SECONDS, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except FileNotFoundError:
            raise SchedulerAwayError(Problem("handover.no_dpsctl", PLACE, program=self.command)) from None
        except subprocess.TimeoutExpired:
            raise SchedulerAwayError(Problem("handover.away", PLACE, seconds=f"{ANSWER_SECONDS:g}")) from None
        if done.returncode != 0:
            said = " ".join((done.stderr or done.stdout).split())[:500]
            raise SchedulerAwayError(Problem("handover.target_refused", PLACE, said=said))
        self.number = limit.number


def target_command(limit: PowerLimit, feeds: Sequence[str], command: str = COMMAND) -> list[str]:
    """The command that schedules a limit; times in UTC, to the second.

    A value of 0 would ask for the feed's default, so a limit of nothing is a watt.
    """
    watts = max(round(1e6 * (limit.firm_mw + limit.flexible_mw)), 1)
    options = {
        "value": str(watts),
        "unit": "watt",
        "start-time": _utc(limit.begins),
        "end-time": _utc(limit.expires),
        "best-effort": "true",
        "correlation-id": f"kiban-{limit.number}",
        **({"feed-tags": ",".join(feeds)} if feeds else {}),
    }
    return [command, "nvgrid", "set-load-target", *(f"--{name}={value}" for name, value in options.items())]


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
