"""Where telemetry comes from: Prometheus, or a table in a text file that may grow."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from kiban.errors import InputError, KibanError, Problem, reason_of
from kiban.operation.live.telemetry import GAP, Reading
from kiban.operation.live.telemetry_file import read_rows
from kiban.outside import may_ask, may_open
from kiban.server.operating.clocks import Clock
from kiban.server.operating.meters import UNIT_LABEL, find_meter

ANSWER_SECONDS: Final = 5.0
"""So long a source may take to answer."""


class SourceAwayError(KibanError):
    """A source that does not answer, or not in a way that can be read; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Source(Protocol):
    """What is asked for telemetry in every step."""

    def read(self) -> list[Reading]:
        """What was measured since the last time, oldest first; raises `SourceAwayError`."""
        ...

    @property
    def ended(self) -> bool:
        """Whether nothing will come any more."""
        ...


class PrometheusSource:
    """Samples of `campus_` metrics by the HTTP API of a Prometheus, with the times at which they were scraped."""

    ended = False

    def __init__(self, url: str, clock: Clock, machine: Callable[[], float] = time.time) -> None:
        self._url = url.rstrip("/")
        self._clock = clock
        self._machine = machine
        self._asked = machine() - GAP.total_seconds()

    def read(self) -> list[Reading]:
        """The newest sample of every series since the last time."""
        now = self._machine()
        span = max(now - self._asked, 0.0) + 1.0
        query = f'{{__name__=~"campus_.+"}}[{math.ceil(span * 1000)}ms]'
        found = self._ask({"query": query, "time": f"{now:.3f}"})
        self._asked = now
        readings = []
        for series in found:
            meter = find_meter(series["metric"]["__name__"], series["metric"].get(UNIT_LABEL, ""))
            if meter is not None:
                seconds, value = series["values"][-1]
                readings.append(Reading(meter.series, self._clock.at(float(seconds)), float(value) * meter.factor))
        return sorted(readings, key=lambda one: (one.at, one.series))

    def _ask(self, parameters: dict[str, str]) -> list[dict[str, Any]]:
        import httpx

        if not may_ask():
            raise SourceAwayError(Problem("source.forbidden", self._url))
        try:
            # Who stands between has no say in what the campus draws.
            with httpx.Client(timeout=ANSWER_SECONDS, trust_env=False) as client:
                answer = client.get(f"{self._url}/api/v1/query", params=parameters)
            content = answer.json()
            if content["status"] != "success":
                raise SourceAwayError(Problem("source.refused", self._url, reason=str(content.get("error", ""))))
            result: list[dict[str, Any]] = content["data"]["result"]
        except httpx.HTTPError as error:
            raise SourceAwayError(
                Problem("source.away", self._url, reason=str(error) or type(error).__name__)
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise SourceAwayError(Problem("source.unreadable", self._url, reason=type(error).__name__)) from None
        return result


class CsvSource:
    """Rows of a file with a column `time` and columns named as kiban's series; rows are heard when their time has come.

    The file may be there later, and may grow.
    """

    def __init__(self, path: str | Path, clock: Clock, *, ends: bool, heard: datetime | None = None) -> None:
        """`ends` says that nothing will be added: the service is done when the last row has been heard.

        Rows up to `heard` have been heard before.
        """
        self._path = Path(path)
        self._clock = clock
        self._ends = ends
        self._heard = heard
        self._stamp: tuple[int, int] | None = None
        self._rows: list[tuple[datetime, list[Reading]]] = []

    @property
    def ended(self) -> bool:
        """Whether the last row has been heard."""
        if self._ends and not self._rows:
            with contextlib.suppress(SourceAwayError):
                self._refresh()
        return self._ends and bool(self._rows) and self._heard is not None and self._heard >= self._rows[-1][0]

    @property
    def first(self) -> datetime:
        """The time of the first row; raises `InputError` where there is none."""
        try:
            self._refresh()
        except SourceAwayError as error:
            problem = error.problem
            if problem.code == "source.away":
                # Before the service has begun no plan is there to be followed: the file is to be named.
                problem = Problem("source.away", problem.where, remedy="source.no_file", values=problem.values)
            raise InputError(problem) from None
        if not self._rows:
            raise InputError(Problem("source.no_rows", str(self._path)))
        return self._rows[0][0]

    def read(self) -> list[Reading]:
        """The rows up to now that were not heard, and the first that comes from the future, to be judged there."""
        self._refresh()
        now = self._clock.now()
        new = [(at, row) for at, row in self._rows if (self._heard is None or at > self._heard) and at <= now]
        if new:
            self._heard = new[-1][0]
        ahead = [] if self._ends else [row for at, row in self._rows if at > now + timedelta(seconds=5)]
        return [reading for row in [*(row for _, row in new), *ahead[:1]] for reading in row]

    def _refresh(self) -> None:
        if not may_open(self._path):
            raise SourceAwayError(Problem("files", self._path.name))
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_size)
            if stamp == self._stamp:
                return
            content = self._path.read_bytes()
        except OSError as error:
            raise SourceAwayError(Problem("source.away", str(self._path), reason=reason_of(error))) from None
        try:
            self._rows = read_rows(content, str(self._path))
        except InputError as error:
            raise SourceAwayError(error.problems[0]) from None
        self._stamp = stamp
