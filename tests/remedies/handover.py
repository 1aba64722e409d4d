"""Remedies of what takes a limit over: Slurm, Kueue, the Domain Power Service, and calls by OpenADR."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
from tests.cases.coroutines import run_apart
from tests.cases.kubernetes_api import TOKEN, KubernetesApi
from tests.cases.openadr_vtn import CLIENT, SECRET, Vtn
from tests.remedies import Case, Ground, Step
from tests.server.test_domain_power import DPSCTL
from tests.server.test_domain_power import NOW as DPS_NOW
from tests.server.test_domain_power import limit as target
from tests.server.test_dsx_flex import BEGINS
from tests.server.test_dsx_flex import message as dsx_message
from tests.server.test_dsx_flex import target as load_target
from tests.server.test_kueue import limit as quota
from tests.server.test_kueue import open_kueue, queue
from tests.server.test_openadr import PROGRAM, client, event, hour

from kiban.catalogue import load_catalogue
from kiban.errors import InputError
from kiban.operation.power_caps import read_curve
from kiban.operation.power_limit import PowerLimit
from kiban.server.bundle.dashboards import check_library
from kiban.server.bundle.plan_folder import _read as carry
from kiban.server.operating import slurm
from kiban.server.operating.calls import open_source
from kiban.server.operating.domain_power import DomainPower
from kiban.server.operating.dsx_flex import calls_of
from kiban.server.operating.kueue import in_cluster
from kiban.server.operating.openadr import Connection, OpenAdr
from kiban.server.operating.openadr_2b import Server, listen
from kiban.server.operating.slurm import Slurm

MOMENT = "[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}Z"
SLURM_CONF = "Licenses=power_kw:100\nPartitionName=flexible\n"


def program(g: Ground, name: str, text: str) -> str:
    file = g.write(name, text)
    file.chmod(0o755)
    return str(file)


def told(g: Ground, *feeds: str, installed: bool = True) -> Step:
    """A load target by a dpsctl that is there or not."""

    def step() -> Any:
        text = DPSCTL.format(python=sys.executable, time=MOMENT, log=g.folder / "asked")
        command = program(g, "dpsctl", text) if installed else str(g.folder / "none")
        DomainPower(feeds, command=command, now=lambda: DPS_NOW).apply(target())

    return step


def sent(**changes: Any) -> Step:
    """A load target of DSX Flex, of 5 MW for an hour where nothing else is said."""
    ends, unit = changes.pop("ends", 1), changes.pop("unit", "megawatt")
    return lambda: calls_of(dsx_message(load_target(5.0, 0, ends, unit), **changes), BEGINS, ())


def capped(chip: str) -> Step:
    catalogue = load_catalogue()
    return lambda: read_curve(catalogue.value, catalogue.facts, (chip,))


def with_dashboards(g: Ground, *, installed: bool) -> Step:
    def step() -> None:
        with g.change.context() as change:
            if not installed:
                change.setitem(sys.modules, "grafana_foundation_sdk", None)
            check_library()

    return step


def carried(g: Ground, *, there: bool) -> Step:
    """A file that a plan names, into the bundle."""
    return lambda: carry(g.write("load.csv", "1") if there else g.folder / "load.csv")


def scheduler(
    g: Ground, lines: str = SLURM_CONF, *, installed: bool = True, runs: bool = True, operator: bool = True
) -> Step:
    """A limit at a Slurm that has what its slurm.conf says."""

    def answer(command: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        if not installed:
            raise FileNotFoundError(command[0])
        said, fault = "", ""
        if not runs:
            fault = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"
        elif "license" in command:
            held = re.search(r"^Licenses=power_kw:(\d+)$", lines, re.MULTILINE)
            said = f"LicenseName=power_kw Total={held[1]} Used=0" if held else ""
        elif "partition" in command:
            said = "\n".join(f"{line} State=UP" for line in lines.splitlines() if line.startswith("PartitionName="))
        elif "config" in command:
            said = "BOOT_TIME = 1"
        elif "create" in command and not operator:
            fault = "Error creating the reservation: Access/permission denied"
        return subprocess.CompletedProcess(list(command), 1 if fault else 0, said, fault)

    def step() -> None:
        with g.change.context() as change:
            change.setattr(slurm.subprocess, "run", answer)
            now = datetime.now(UTC)
            Slurm().apply(PowerLimit(1, now, now + timedelta(minutes=10), 50.0, 0.05, "window"))

    return step


def kueue(*, two_flavors: bool = False, token: str = TOKEN, used: Any = 0) -> Step:
    def step() -> Any:
        found = queue(used)
        if two_flavors:
            flavors = found["spec"]["resourceGroups"][1]["flavors"]
            flavors.append({**deepcopy(flavors[0]), "name": "power-b"})
        open_kueue(KubernetesApi(found), token).apply(quota(20.0))

    return step


def account(g: Ground, *, there: bool) -> Step:
    """The service account of a pod."""

    def step() -> Any:
        if there:
            g.write("account/token", TOKEN)
        return in_cluster(g.folder / "account", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"} if there else {})

    return step


def asked(*events: Mapping[str, Any], secret: str = SECRET, name: str = "capacity market") -> Step:
    """The calls of an operator; what cannot be understood of them is a problem beside them."""

    def step() -> Any:
        _, problems = client(Vtn([PROGRAM], list(events)), secret, name).calls(hour(0))
        if problems:
            raise InputError(problems)

    return step


def at_address(path: str) -> Step:
    """A VTN behind an address; another path of the same machine is a page."""
    vtn = Vtn([PROGRAM], [])

    class Behind(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if "/openadr3/" in request.url.path:
                return vtn.handle_request(request)
            return httpx.Response(200, text="<html>welcome</html>")

    connection = Connection(f"http://vtn{path}", CLIENT, SECRET, "capacity market", transport=Behind())
    return lambda: OpenAdr(connection).calls(hour(0))


class Quiet:
    """A client of OpenADR 2.0b that is called by nobody."""

    registration_id = "campus"

    def __init__(self, **_: object) -> None:
        pass

    def add_handler(self, *_: object) -> None:
        pass

    def add_report(self, **_: object) -> None:
        pass

    async def run(self) -> None:
        pass

    async def stop(self) -> None:
        pass


def library(g: Ground, *, installed: bool) -> Step:
    """OpenADR 2.0b with its library and without."""

    def step() -> None:
        with g.change.context() as change:
            change.setitem(sys.modules, "openleadr", SimpleNamespace(OpenADRClient=Quiet) if installed else None)
            run_apart(listen(Server("http://x", "campus"), print, lambda: 0.0, every=timedelta(hours=1)))

    return step


def address(g: Ground, text: str, *, secret: str | None = "hush") -> Step:
    """A server of calls by its address; SECRET stands for the file with what is kept secret."""

    def step() -> Any:
        file = g.folder / ("secret" if secret is not None else "none")
        if secret is not None:
            file.write_text(secret, encoding="utf-8")
        return open_source(text.replace("SECRET", str(file)))

    return step


WHOLE = "openadr3://vtn.example/openadr3/3.0.1?program=A&client=B&secret_file=SECRET"
CASES: Mapping[str, Case] = {
    "handover.no_dpsctl": lambda g: (told(g, installed=False), told(g)),
    "handover.target_refused": lambda g: (told(g, "nowhere"), told(g, "feed-a1")),
    "handover.no_resource": lambda g: (kueue(two_flavors=True), kueue()),
    "handover.kueue_refused": lambda g: (kueue(token="another"), kueue()),
    "handover.no_quantity": lambda g: (kueue(used="much"), kueue(used="20k")),
    "handover.no_cluster": lambda g: (account(g, there=False), account(g, there=True)),
    "calls.address": lambda g: (
        address(g, "https://vtn.example"),
        address(g, WHOLE),
        address(g, "openadr2://vtn.example/x?ven=campus"),
    ),
    "calls.key": lambda g: (address(g, f"{WHOLE}&colour=red"), address(g, WHOLE)),
    "calls.needed": lambda g: (address(g, WHOLE.replace("client=B&", "")), address(g, WHOLE)),
    "calls.secret": lambda g: (address(g, WHOLE, secret=None), address(g, WHOLE)),
    "openadr.no_program": lambda g: (asked(name="x"), asked()),
    "openadr.refused": lambda g: (asked(secret="wrong"), asked()),
    "openadr.no_call": lambda g: (asked(event(1000.0, intervalPeriod=None)), asked(event(1000.0))),
    "openadr.no_library": lambda g: (library(g, installed=False), library(g, installed=True)),
    "handover.no_program": lambda g: (scheduler(g, installed=False), scheduler(g)),
    "handover.away": lambda g: (scheduler(g, runs=False), scheduler(g)),
    "handover.no_licence": lambda g: (scheduler(g, "PartitionName=flexible\n"), scheduler(g)),
    "handover.no_partition": lambda g: (scheduler(g, "Licenses=power_kw:100\n"), scheduler(g)),
    "handover.refused": lambda g: (scheduler(g, operator=False), scheduler(g)),
    "openadr.unreadable": lambda g: (at_address("/"), at_address("/openadr3/3.0.1")),
    "dsx.interval": lambda g: (sent(ends=-1), sent(ends=2)),
    "dsx.missing": lambda g: (sent(data={"target": []}), sent()),
    "dsx.signed": lambda g: (sent(data="eyJhbGciOiJFUzI1NiJ9.e30.c2ln"), sent()),
    "dsx.unit": lambda g: (sent(unit="hp"), *(sent(unit=unit) for unit in ("watt", "kilowatt", "megawatt"))),
    "caps.chip": lambda g: (capped("abacus"), capped("h100"), capped("gb200")),
    "bundle.no_library": lambda g: (with_dashboards(g, installed=False), with_dashboards(g, installed=True)),
    "bundle.no_input": lambda g: (carried(g, there=False), carried(g, there=True)),
}
