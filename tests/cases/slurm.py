"""A Slurm cluster of one's own on this machine: slurmctld, which can be killed, and four slurmd; Debian has them."""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.cases.servers import PATIENCE_SECONDS

from kiban.operation.power_limit import PowerLimit

PROGRAMS = ("slurmctld", "slurmd", "scontrol", "squeue", "sbatch")
NODES = 4
TOTAL_KW = 100


class MissingError(Exception):
    """Slurm cannot be had here; the text says why."""


@dataclass
class Cluster:
    """A cluster that only this machine reaches; its state is in `place`."""

    place: Path
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def configuration(self) -> Path:
        return self.place / "slurm.conf"

    def start_controller(self) -> None:
        """Until it answers."""
        self._start("slurmctld")
        self._wait_for_node("")

    def start(self) -> None:
        for number in range(1, NODES + 1):
            self._start("slurmd", "-N", f"gpu{number}")
        self.start_controller()
        self._wait_for_node("idle")

    def _wait_for_node(self, state: str) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not (said := self.ask("sinfo", "--noheader", "--format=%t")) or state not in said:
            assert time.monotonic() < until, (self.place / "slurmctld.log").read_text()
            time.sleep(0.05)

    def _start(self, program: str, *arguments: str) -> None:
        command = [found(program), "-D", "-f", str(self.configuration), *arguments]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.daemons[" ".join([program, *arguments])] = subprocess.Popen(command, start_new_session=True, **quiet)

    def kill_controller(self) -> None:
        controller = self.daemons.pop("slurmctld")
        controller.send_signal(signal.SIGKILL)
        controller.wait(PATIENCE_SECONDS)

    def stop_controller(self) -> None:
        """As an administrator does: it writes its state first."""
        controller = self.daemons.pop("slurmctld")
        controller.send_signal(signal.SIGTERM)
        controller.wait(PATIENCE_SECONDS)

    def stop(self) -> None:
        """At once, with every job."""
        for job in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(job, signal.SIGKILL)
        for daemon in self.daemons.values():
            daemon.kill()
        for daemon in self.daemons.values():
            daemon.wait(PATIENCE_SECONDS)

    def ask(self, *command: str) -> str:
        surroundings = {**os.environ, "SLURM_CONF": str(self.configuration), "LC_ALL": "C"}
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=20, check=False)
            return done.stdout
        return ""

    def submit(self, script: str, *options: str) -> str:
        """The number of a new job."""
        text = self.ask("sbatch", "--parsable", f"--output={os.devnull}", f"--chdir={self.place}", *options,
                        f"--wrap={script}")  # fmt: skip
        assert text.strip().isdigit(), text
        return text.strip()

    def submit_flexible(self, power_kw: int, script: str = "sleep 600") -> str:
        return self.submit(script, "--partition=flexible", f"--licenses=power_kw:{power_kw}")

    def states(self) -> dict[str, str]:
        """State of every job that has not ended, in Slurm's letters."""
        pairs = (line.split() for line in self.ask("squeue", "--noheader", "--format=%A %t").splitlines())
        return {name: state for name, state in pairs if state != "CG"}

    def wait_for(self, **states: str) -> None:
        """Until jobs are in these states (`_5="R"`)."""
        wanted = {name.lstrip("_"): state for name, state in states.items()}
        until = time.monotonic() + 60.0
        while (found_states := self.states()) | wanted != found_states:
            assert time.monotonic() < until, (found_states, wanted)
            time.sleep(0.02)

    def processes(self) -> dict[int, str]:
        """Processes of jobs and the state of each, as the kernel says it (T: stopped); which job: its environment."""
        return {
            process: state for processes in self.processes_by_job().values() for process, state in processes.items()
        }

    def processes_by_job(self) -> dict[str, dict[int, str]]:
        jobs: dict[str, dict[int, str]] = {}
        own = f"SLURM_CONF={self.configuration}".encode()
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                surroundings = (place / "environ").read_bytes().split(b"\0")
                name = next((one[13:] for one in surroundings if one.startswith(b"SLURM_JOB_ID=")), None)
                if name is not None and own in surroundings and b"slurmstepd" not in (place / "cmdline").read_bytes():
                    state = (place / "stat").read_text().rpartition(") ")[2][0]
                    jobs.setdefault(name.decode(), {})[int(place.name)] = state
        return jobs

    def is_stopped(self, job: str) -> bool:
        return set(self.processes_by_job().get(job, {}).values()) == {"T"}

    def reserved_kw(self) -> int:
        """Licences that reservations in force keep."""
        match = re.search(r"Reserved=(\d+)", self.ask("scontrol", "show", "license"))
        assert match is not None
        return int(match[1])

    def orders(self) -> list[tuple[str, str]]:
        """Every `suspend` and `resume` that the controller was given, and the job."""
        log = (self.place / "slurmctld.log").read_text(errors="replace")
        return re.findall(r"_slurm_rpc_suspend\((\w+)\) for (\d+)", log)


def found(program: str) -> str:
    path = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))
    if path is None:
        raise MissingError("Slurm is not installed")
    return path


def limit(flexible_kw: float, number: int = 1, seconds: float = 600.0, begins: float = 0.0) -> PowerLimit:
    """A limit from `begins` seconds after now on."""
    now = datetime.now(UTC)
    return PowerLimit(
        number, now + timedelta(seconds=begins), now + timedelta(seconds=begins + seconds), 50.0, flexible_kw / 1000.0,
        "call",
    )  # fmt: skip


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def write_configuration(place: Path, fragment: Mapping[str, bytes]) -> None:
    """`fragment` takes the place of the licences and of the flexible partition; `kiban.conf` is its first file."""
    host, user = socket.gethostname().split(".")[0], getpass.getuser()
    controller, *nodes = free_ports(NODES + 1)
    lines = [
        "ClusterName=kiban",
        f"SlurmctldHost={host}(127.0.0.1)",
        f"SlurmctldPort={controller}",
        f"SlurmUser={user}",
        f"SlurmdUser={user}",
        "AuthType=auth/none",  # the cluster is one user's on one machine
        "CredType=cred/none",
        "ProctrackType=proctrack/linuxproc",
        "TaskPlugin=task/none",
        "SelectType=select/cons_tres",
        "SelectTypeParameters=CR_CPU",
        "SchedulerParameters=bf_interval=1,sched_min_interval=0,batch_sched_delay=0,sched_interval=1",
        "MpiDefault=none",
        "SwitchType=switch/none",
        "JobAcctGatherType=jobacct_gather/none",
        "MailProg=/bin/true",
        "ReturnToService=2",
        "SlurmdParameters=config_overrides",  # more processors than this machine has: jobs only sleep
        f"StateSaveLocation={place}/state",
        f"SlurmdSpoolDir={place}/spool-%n",
        f"SlurmctldPidFile={place}/slurmctld.pid",
        f"SlurmdPidFile={place}/slurmd-%n.pid",
        f"SlurmctldLogFile={place}/slurmctld.log",
        f"SlurmdLogFile={place}/slurmd-%n.log",
        *([] if fragment else [f"Licenses=power_kw:{TOTAL_KW}"]),
        *(
            f"NodeName=gpu{number} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=16 RealMemory=4000"
            for number, port in enumerate(nodes, start=1)
        ),
        f"PartitionName=firm Nodes=gpu[1-{NODES}] Default=YES",
        f"Include {place}/kiban.conf" if fragment else f"PartitionName=flexible Nodes=gpu[1-{NODES}]",
    ]
    (place / "state").mkdir()
    for name, content in fragment.items():
        (place / name).write_bytes(content)
    (place / "slurm.conf").write_text("\n".join([*lines, ""]), encoding="utf-8")


@contextlib.contextmanager
def open_slurm(fragment: Mapping[str, bytes] | None = None) -> Iterator[Cluster]:
    """A new cluster that runs, with a bundle's files for Slurm if given; `MissingError` where there is no Slurm."""
    for program in PROGRAMS:
        found(program)
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="kiban-slurm-")))
    try:
        write_configuration(cluster.place, fragment or {})
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(cluster.place, ignore_errors=True)
