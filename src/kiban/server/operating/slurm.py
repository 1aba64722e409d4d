"""A limit handed to Slurm: power is a licence, a limit an expiring reservation of it, and what exceeds it waits.

What the cluster declares (slurm.conf) and what jobs ask for:

    Licenses=power_kw:40000                 # all that flexible compute may ever draw, in kW
    PartitionName=flexible ...              # a job is flexible by its partition, and by nothing else
    sbatch -p flexible -L power_kw:30 ...   # a job of 30 kW that can wait

Firm jobs run in other partitions and ask for no licence: there is nothing of theirs that a limit could take. A limit
is a reservation `kiban_NUMBER` of all licences above it. It holds back new jobs at once, lasts over a restart of Slurm,
and ends by itself at `expires`, whether kiban lives or not. Running jobs above the limit are suspended, the last
started first, and resumed, the first started first, as soon as they fit. A suspended job keeps its licences, so no
other job takes its place, and bears `MARK` in its administrator's comment: kiban resumes no job that somebody else
suspended, and after a restart knows its own.

slurmctld writes its state to the disk up to five seconds late. If it is killed, it may believe that a job runs which is
stopped, or the other way round. Whenever it has been started anew, or kiban has, each flexible job is therefore once
suspended or resumed for some seconds, so that what Slurm believes and what is become one; and half a minute later once
more, since to nodes that have not reported yet Slurm may send an order late, after the one that follows it. For the
same reason a mark is wiped only when the job has been seen running for longer than that: an order to wipe it that
reaches a controller which has just forgotten the resumption would leave a suspended job that nobody resumes.

A node answers an order before it carries it out: slurmd waits a second before it stops a job, and of two orders that
wait there meanwhile the later may go first. Two orders to one job are therefore `SETTLING_SECONDS` apart.
"""

from __future__ import annotations

import math
import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from kiban.errors import Problem
from kiban.operation.power_caps import CapCurve
from kiban.operation.power_limit import PowerLimit
from kiban.server.operating.schedulers import SchedulerAwayError

LICENCE: Final = "power_kw"
PARTITION: Final = "flexible"
PREFIX: Final = "kiban_"
MARK: Final = "[held by kiban]"
CAP: Final = "kiban-cap"
PLACE: Final = "Slurm"
ANSWER_SECONDS: Final = 5.0
"""Longest wait for an answer; Slurm's own commands ask a controller that is away for nine seconds."""
SETTLING_SECONDS: Final = 4.0
"""Between an order to a job and its opposite: a second that slurmd waits, one in which it stops the job, and as long
again for a node that is busy."""
DELIVERED_SECONDS: Final = 10.0
"""Longest wait until slurmctld has handed all its orders to the nodes; what is away so long has its orders repeated."""
AGAIN_SECONDS: Final = 30.0
"""After so long every node has reported to a new slurmctld, and the orders of before have arrived."""
POLLING_SECONDS: Final = 0.1
SAVED_SECONDS: Final = 10.0
"""After so long slurmctld has written down what it was told."""
COLUMNS: Final = (("jobid", 20), ("statecompact", 4), ("starttime", 24), ("licenses", 200), ("admin_comment", 1000))


@dataclass(frozen=True, slots=True)
class Job:
    """A flexible job that runs or is suspended, and the power that it asked for."""

    name: str
    running: bool
    began: int
    power_kw: int
    comment: str

    @property
    def held(self) -> bool:
        """Whether it bears the mark of a job that kiban suspended."""
        return MARK in self.comment


@dataclass(frozen=True, slots=True)
class Reservation:
    """A reservation of kiban's own, in seconds since 1970."""

    name: str
    begins: int
    ends: int


class Slurm:
    """Hands limits to the Slurm cluster of `configuration` (a slurm.conf; None: the machine's own).

    `now` is the operator's clock and `speed` how many of its seconds pass in one: Slurm's own clock is always real.
    Needs the rights of a Slurm operator.
    """

    def __init__(
        self,
        configuration: Path | None = None,
        *,
        now: Callable[[], datetime] | None = None,
        speed: float = 1.0,
        curve: CapCurve | None = None,
    ) -> None:
        self.now = now or _utc_now
        self.curve = curve
        self.capped: dict[str, str] = {}
        self.speed = speed
        self.surroundings = {**os.environ, "LC_ALL": "C", "SLURM_TIME_FORMAT": "%s"}
        if configuration is not None:
            self.surroundings["SLURM_CONF"] = str(configuration)
        self.started: str | None = None
        self.align_at = math.inf
        self.seen_running: dict[str, float] = {}
        self.began = time.monotonic()
        self.ordered: dict[str, float] = {}
        """When each job was given its last order."""

    def apply(self, limit: PowerLimit) -> None:
        """Make the limit hold; the same limit again changes nothing, and one that has expired does nothing.

        Where it overlaps an earlier limit, this one holds. A limit that begins later is reserved now, and Slurm starts
        no job that would run into it. Raises `SchedulerAwayError` where Slurm is away or refuses.
        """
        begins, ends = self._second(limit.begins), self._second(limit.expires)
        now = int(time.time())
        if ends <= now:
            return
        total_kw = self._total_kw()
        flexible_kw = min(max(math.floor(1000.0 * limit.admitted_mw + 1e-6), 0), total_kw)
        reserved = (f"{PREFIX}{limit.number}", max(begins, now), ends, total_kw - flexible_kw, now)
        try:
            self._reserve(*reserved)
        except SchedulerAwayError:
            self._reserve(*reserved)  # one of the reservations that were read ended before it could be changed
        if begins <= now:
            self._write_caps(limit, ends)
            self._settle(flexible_kw)
            self._wipe_marks(SAVED_SECONDS)

    def _write_caps(self, limit: PowerLimit, ends: int) -> None:
        """Note the cap of each kind of accelerator on the nodes with its feature, for the agent that sets it.

        It stands in the node's comment with the end of the limit: `kiban-cap=497W until=1767225600`.
        """
        if self.curve is None:
            return
        nodes = self._ask("sinfo", "--noheader", "--Node", "--format=%N %f").split("\n")
        features = {name: set(said.split(",")) for name, _, said in (line.partition(" ") for line in nodes if line)}
        for chip, watts in self.curve.watts(limit.cap_share).items():
            names = sorted(name for name, own in features.items() if chip in own)
            noted = f"{CAP}={watts}W until={ends}"
            if names and self.capped.get(chip) != noted:
                self._ask("scontrol", "update", f"nodename={','.join(names)}", f"comment={noted}")
                self.capped[chip] = noted

    def release(self) -> None:
        """Take back whatever kiban holds: its reservations end and its suspended jobs resume."""
        total_kw = self._total_kw()
        for reservation in self._reservations():
            self._ask("scontrol", "delete", f"reservation={reservation.name}")
        self._settle(total_kw)
        self._wipe_marks(0.0)

    def held_jobs(self) -> tuple[str, ...]:
        """Jobs that kiban has suspended."""
        return tuple(job.name for job in self._jobs() if job.held and not job.running)

    def _second(self, moment: datetime) -> int:
        """A moment of the operator's clock as Slurm's clock shows it."""
        return math.floor(time.time() + (moment - self.now()).total_seconds() / self.speed)

    def _total_kw(self) -> int:
        said = self._ask("scontrol", "--oneliner", "show", "license", LICENCE)
        found = re.search(rf"LicenseName={LICENCE}\s.*?\bTotal=(\d+)", said, re.DOTALL)
        if found is None:
            raise SchedulerAwayError(Problem("handover.no_licence", PLACE, LICENCE))
        return int(found[1])

    def _reserve(self, name: str, begins: int, ends: int, kept_kw: int, now: int) -> None:
        """Reserve licences over a time, in place of what earlier limits reserved in it."""
        own = self._reservations()
        # A reservation that is in force is changed, not replaced: in between jobs would start.
        in_force = [one for one in own if one.begins <= now < one.ends]
        places = in_force if begins <= now else [one for one in own if one.name == name and one.begins > now]
        place = places[0] if places and kept_kw > 0 else None
        for other in own:
            if other is place or other.begins >= ends or begins >= other.ends > now:
                continue
            if other.begins < begins and other.ends > now:
                self._ask("scontrol", "update", f"reservation={other.name}", f"endtime=uts{begins}")
            else:
                self._ask("scontrol", "delete", f"reservation={other.name}")
        if kept_kw == 0:
            return
        values = [f"licenses={LICENCE}:{kept_kw}", f"endtime=uts{ends}"]
        if begins > now:
            values.append(f"starttime=uts{begins}")
        if place is not None:
            self._ask("scontrol", "update", f"reservation={place.name}", *values)
            return
        if begins <= now:
            values.append("starttime=now")
        kind = ("users=root", "flags=license_only")
        self._ask("scontrol", "create", "reservation", f"reservationname={name}", *values, *kind)

    def _reservations(self) -> list[Reservation]:
        said = self._ask("scontrol", "--oneliner", "show", "reservation")
        pattern = rf"^ReservationName=({PREFIX}\d+) StartTime=(\d+) EndTime=(\d+) "
        return [Reservation(name, int(begins), int(ends)) for name, begins, ends in re.findall(pattern, said, re.M)]

    def _settle(self, flexible_kw: int) -> None:
        """Suspend what exceeds the limit, resume what fits; the first started come first."""
        jobs = self._jobs()
        self.ordered = {job.name: self.ordered[job.name] for job in jobs if job.name in self.ordered}
        started = self._started()
        if self.started is None:
            self._require_partition()
        if started != self.started or time.monotonic() >= self.align_at:
            jobs = self._align(jobs)
            self.align_at = math.inf if started == self.started else time.monotonic() + AGAIN_SECONDS
            self.started = started
        kept = set()
        for job in sorted(jobs, key=lambda one: (one.began, len(one.name), one.name)):
            if (job.running or job.held) and job.power_kw <= flexible_kw:
                kept.add(job.name)
                flexible_kw -= job.power_kw
        for job in jobs:
            if job.running and job.name not in kept:
                self._suspend(job)
        for job in jobs:
            if not job.running and job.held and job.name in kept:
                self._order("resume", job)

    def _wipe_marks(self, after_seconds: float) -> None:
        """Take the mark from jobs that have been seen running with it for so long."""
        now = time.monotonic()
        marked = {job.name: job for job in self._jobs() if job.running and job.held}
        self.seen_running = {name: self.seen_running.get(name, now) for name in marked}
        for name, job in marked.items():
            if now - self.seen_running[name] >= after_seconds:
                self._write(job, job.comment.replace(MARK, ""))

    def _require_partition(self) -> None:
        """squeue takes a partition that does not exist for an empty one."""
        if f"PartitionName={PARTITION} " not in self._ask("scontrol", "--oneliner", "show", "partition"):
            raise SchedulerAwayError(Problem("handover.no_partition", PLACE, PARTITION))

    def _align(self, jobs: Sequence[Job]) -> list[Job]:
        """Give every flexible job that kiban may touch the opposite order: then Slurm's belief and its state agree."""
        touched = [job for job in jobs if job.running or job.held]
        for job in touched:
            if job.running:
                self._suspend(job)
            else:
                self._order("resume", job)
        if touched:
            self._deliver()
            self.ordered |= dict.fromkeys((job.name for job in touched), time.monotonic())
        return self._jobs()

    def _deliver(self) -> None:
        """Wait until slurmctld has no order that a node has not answered."""
        until = time.monotonic() + DELIVERED_SECONDS
        while any(map(int, re.findall(r"^Agent (?:queue size|count):\s+(\d+)", self._ask("sdiag"), re.MULTILINE))):
            if time.monotonic() > until:
                return
            time.sleep(POLLING_SECONDS)

    def _suspend(self, job: Job) -> None:
        # The mark comes first: whatever ends in between, no job is left suspended that kiban does not know as its own.
        # It is written where it was seen, too: a slurmctld that began again in the meantime may have lost it.
        self._await_last_order(job)
        self._write(job, job.comment if job.held else f"{job.comment} {MARK}")
        self._order("suspend", job)

    def _order(self, order: str, job: Job) -> None:
        """Give an order, when the one before it has been carried out."""
        self._await_last_order(job)
        self.ordered[job.name] = time.monotonic()
        self._ask_of_job(job, "scontrol", order, job.name)

    def _await_last_order(self, job: Job) -> None:
        # Who was here before may have given an order to a job that bears the mark just before it ended.
        before = self.ordered.get(job.name, self.began if job.held else -math.inf)
        time.sleep(max(before + SETTLING_SECONDS - time.monotonic(), 0.0))

    def _write(self, job: Job, comment: str) -> None:
        self._ask_of_job(job, "scontrol", "update", f"jobid={job.name}", f"admincomment={comment.strip()}")

    def _ask_of_job(self, job: Job, *command: str) -> None:
        """An order to a job; that it has ended in the meantime, or done so already, is no fault."""
        try:
            self._ask(*command)
        except SchedulerAwayError:
            if any(one.name == job.name and one.running == job.running for one in self._jobs()):
                raise

    def _jobs(self) -> list[Job]:
        """The flexible jobs that run or are suspended and ask for power."""
        form = ",".join(f"{name}:{width}" for name, width in COLUMNS)
        said = self._ask("squeue", "--noheader", "--states=R,S", f"--partition={PARTITION}", f"--Format={form}")
        jobs = []
        for line in said.splitlines():
            fields, place = [], 0
            for _, width in COLUMNS:
                fields.append(line[place : place + width].strip())
                place += width
            name, state, began, licences, comment = fields
            power_kw = _power_in(licences)
            if power_kw:
                jobs.append(Job(name, state == "R", int(began), power_kw, "" if comment == "(null)" else comment))
        return jobs

    def _started(self) -> str:
        """When slurmctld was started."""
        found = re.search(r"^BOOT_TIME\s*=\s*(\S+)", self._ask("scontrol", "show", "config"), re.MULTILINE)
        return found[1] if found else ""

    def _ask(self, *command: str) -> str:
        try:
            done = subprocess.run(
                command, env=self.surroundings, capture_output=True, text=True, errors="replace", check=False,
                timeout=ANSWER_SECONDS, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except FileNotFoundError:
            raise SchedulerAwayError(Problem("handover.no_program", PLACE, program=command[0])) from None
        except subprocess.TimeoutExpired:
            raise SchedulerAwayError(Problem("handover.away", PLACE, seconds=f"{ANSWER_SECONDS:g}")) from None
        if done.returncode == 0:
            return done.stdout
        said = " ".join(done.stderr.split()) or " ".join(done.stdout.split())
        if re.search(r"Unable to contact|[Cc]onnection refused|Socket timed out|Zero Bytes", said):
            raise SchedulerAwayError(Problem("handover.away", PLACE, seconds=f"{ANSWER_SECONDS:g}"))
        raise SchedulerAwayError(Problem("handover.refused", PLACE, command=" ".join(command[:3]), said=said))


def _power_in(licences: str) -> int:
    """Licences of power in a job's list (`a:2,power_kw:30`), 0 where there are none."""
    found = re.search(rf"(?:^|[,|]){LICENCE}(?:@[^:,|]*)?(?::(\d+))?(?=[,|]|$)", licences)
    return 0 if found is None else int(found[1] or 1)


def _utc_now() -> datetime:
    return datetime.now(UTC)
