"""`kiban operate` for a day of steps, at least 60 times as fast as the day: a real Prometheus, a real Slurm."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from tests.cases.emulated_campus import EmulatedCampus
from tests.cases.monitoring import missing_programs, open_pages, open_prometheus
from tests.cases.operated import SMALL, plan_of
from tests.cases.servers import wait_until
from tests.cases.slurm import TOTAL_KW, MissingError, open_slurm
from tests.server.test_operating import BEGINS, ScrapedSource, check_replay, origin_of, steps_of

from kiban.operation.live.campus import read_campus
from kiban.operation.live.journal import JournalFile
from kiban.operation.power_limit import PowerLimit
from kiban.server.operating.addresses import Listener, make_addresses
from kiban.server.operating.clocks import FastClock
from kiban.server.operating.gauges import Gauges
from kiban.server.operating.service import Service
from kiban.server.operating.slurm import Slurm
from kiban.server.operating.sources import PrometheusSource
from kiban.server.running import listen

SPEED = 60.0
DAY = timedelta(days=1)
JOB_KW = 20

pytestmark = pytest.mark.xdist_group("slurm")


def test_a_day_against_a_real_prometheus_and_a_real_slurm(tmp_path: Path) -> None:
    """Telemetry is scraped, limits are licences; no firm job is touched, and the last limit ends by itself."""
    missing = missing_programs()
    if missing:
        pytest.skip(missing)
    plan = plan_of(SMALL)
    campus = read_campus(plan)
    emulated, gauges = EmulatedCampus(campus, BEGINS), Gauges()
    with ExitStack() as held:
        try:
            cluster = held.enter_context(open_slurm())
        except MissingError as error:
            pytest.skip(str(error))
        page = held.enter_context(open_pages(lambda _, __: (200, emulated.exposition())))
        listener = held.enter_context(listen("127.0.0.1", 0))
        jobs = {"campus": page, "kiban": f"127.0.0.1:{listener.getsockname()[1]}"}
        url = held.enter_context(open_prometheus(tmp_path / "prometheus", jobs, interval="100ms"))
        firm, flexible = cluster.submit("sleep 3600"), cluster.submit_flexible(JOB_KW, "sleep 3600")
        cluster.wait_for(**{f"_{firm}": "R", f"_{flexible}": "R"})
        clock = FastClock(BEGINS, float("inf"))
        slurm = Slurm(cluster.configuration, now=clock.now, speed=SPEED)
        share = TOTAL_KW / 1e3 / campus.facility.it_mw

        def apply(limit: PowerLimit) -> None:
            """The campus, and a cluster that stands for it in small."""
            emulated.apply(limit)
            slurm.apply(replace(limit, flexible_mw=limit.flexible_mw * share))

        journal = held.enter_context(JournalFile(tmp_path / "journal"))
        source = ScrapedSource(PrometheusSource(url, clock), emulated)
        service = Service(
            campus, journal, origin_of(plan), source=source, clock=clock, apply=apply, watch=gauges.update
        )
        pages = Listener(make_addresses(service, gauges, None, "en"), listener)
        pages.start()
        held.callback(pages.stop)
        began = time.monotonic()
        service.run(threading.Event(), BEGINS + DAY)
        seconds = time.monotonic() - began
        fast = DAY.total_seconds() / seconds
        print(f"\na day of {service.steering.number} steps in {seconds:.0f} s, {fast:.0f} times as fast")
        assert fast > SPEED
        assert service.scheduler_failures == 0
        assert service.limit is not None
        admitted_kw = int(1e3 * service.limit.flexible_mw * share + 1e-6)
        assert cluster.reserved_kw() == TOTAL_KW - admitted_kw
        assert cluster.states() == {firm: "R", flexible: "R" if admitted_kw >= JOB_KW else "S"}
        assert firm not in {job for _, job in cluster.orders()}
        number = service.steering.number

        def scraped() -> bool:
            query = {"query": 'kiban_limit_number{job="kiban"}'}
            found = httpx.get(f"{url}/api/v1/query", params=query, trust_env=False).json()["data"]["result"]
            return bool(found) and float(found[0]["value"][1]) == number

        wait_until(scraped)
        # Nobody tells Slurm: it lives for fifteen minutes of the campus, a quarter of a minute here.
        wait_until(lambda: cluster.reserved_kw() == 0)
    steps = steps_of(tmp_path / "journal")
    limits = [step["decision"]["limit"] for step in steps]
    assert len(steps) == 289
    assert {limit["reason"] for limit in limits} == {"window"}
    assert all(len(step["readings"]) == len(emulated.readings) for step in steps)
    assert emulated.unserved_mwh == pytest.approx(0.0, abs=1e-9)
    assert check_replay(tmp_path / "journal", campus) == 289
