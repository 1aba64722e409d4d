"""Forecasts of a file that somebody renews: what has been issued by now and was not heard yet."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kiban.errors import InputError, Problem
from kiban.operation.forecast.given_file import read_given
from kiban.operation.live.campus import Campus
from kiban.operation.live.issued import Issue, Issued
from kiban.operation.live.steering import Steering


def fault_of(refresh: Callable[[], None]) -> Problem | None:
    """Why what forecasts rest on cannot be read anew, so that what was read before counts; None where it can."""
    try:
        refresh()
    except InputError as error:
        return error.problems[0]
    return None


class ForecastFile:
    """A file as `kiban run --forecast FILE` reads it; asked with the time, it gives the issues that are new."""

    def __init__(self, path: str | Path, campus: Campus) -> None:
        """Raises `InputError` for a file that cannot be used now; later that is a fault, and what was read counts."""
        self._path = Path(path)
        self.name = self._path.name
        self.fault: Problem | None = None
        self._version = ""
        self._names = tuple(campus.most)
        offset = campus.zone.utcoffset(None)
        self._offset_hours = offset.total_seconds() / 3600.0
        self._step = timedelta(hours=campus.facility.step_hours)
        self._stamp: tuple[int, int] | None = None
        self._issues: list[Issue] = []
        self._heard: set[tuple[str, datetime, datetime]] = set()
        self._refresh()

    def issue(self, now: datetime, _: Steering | None = None) -> Issued | None:
        """What was issued by now for steps that are not over, oldest issue first."""
        self.fault = fault_of(self._refresh)
        new = [
            one
            for one in self._issues
            if one.issued <= now < one.valid + self._step and (one.series, one.issued, one.valid) not in self._heard
        ]
        self._heard = {key for key in self._heard if key[2] + self._step > now}
        self._heard.update((one.series, one.issued, one.valid) for one in new)
        return Issued(self.name, self._version, new) if new else None

    def _refresh(self) -> None:
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_size)
        except OSError:
            stamp = None
        if stamp is not None and stamp == self._stamp:
            return
        given = read_given(self._path, self._names, self._offset_hours)
        self._stamp = stamp
        self._version = hashlib.sha256(self._path.read_bytes()).hexdigest()[:12]
        self._issues = sorted(
            (
                Issue(name, datetime.fromtimestamp(issued, UTC), datetime.fromtimestamp(valid, UTC), value)
                for name, series in given.items()
                for issued, valid, value in zip(
                    series.issued_s.tolist(), series.valid_s.tolist(), series.value.tolist(), strict=True
                )
            ),
            key=lambda one: (one.issued, one.valid, one.series),
        )
