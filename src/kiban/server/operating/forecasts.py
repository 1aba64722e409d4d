"""Where the forecasts of a service come from: a file that somebody renews, a model of a register, a weather service.

Whoever it is says what is new and why nothing is; the service goes on with what it has heard before.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from kiban.errors import InputError, Problem
from kiban.operation.live.campus import Campus
from kiban.operation.live.issued import Issued
from kiban.operation.live.model_forecast import ModelForecast
from kiban.operation.live.steering import Steering
from kiban.operation.live.weather_forecast import WeatherForecast
from kiban.operation.register import Register, is_register
from kiban.server.operating.forecast_file import ForecastFile, fault_of
from kiban.weather.download import Patience
from kiban.weather.forecast import PointForecast

if TYPE_CHECKING:
    from kiban.planning.plan import Plan

PATIENCE: Final = Patience(timeout_s=30.0, retries=2, pause_s=5.0)


class Forecasts(Protocol):
    """Who is asked for forecasts in every step."""

    name: str
    fault: Problem | None
    """Why there is nothing new; None while there is, or will be when it is due."""

    def issue(self, at: datetime, steering: Steering) -> Issued | None:
        """What is new at the time `at`; waits for nobody."""
        ...


class RegisterForecasts:
    """The champion of a register, asked once in every step of the plan; another champion is heard from the next on."""

    name = "model"

    def __init__(self, path: str | Path, campus: Campus) -> None:
        """Raises `InputError` where there is no champion, or none of this plan."""
        self._path = Path(path)
        self._campus = campus
        self.fault: Problem | None = None
        self._version = ""
        self._model: ModelForecast | None = None
        self._asked: int | None = None
        self._refresh()

    def issue(self, at: datetime, steering: Steering) -> Issued | None:
        """What the champion says of the hours ahead, where a step of the plan has begun."""
        here = steering.steps.step_of(at)
        if self._asked is None and steering.issued is not None and steering.issued.version == self._version:
            # Who goes on after a stop does not ask a second time.
            self._asked = steering.steps.step_of(steering.issued.newest)
        if here == self._asked:
            return None
        first, self._asked = self._asked is None, here
        self.fault = fault_of(self._refresh)
        if self._model is None:
            return None
        issues, unmeasured = self._model.issue(at, steering.steps)
        # Who has just begun has measured nothing yet.
        if unmeasured and not first and self.fault is None:
            self.fault = Problem("forecast.unmeasured", self._version, names=unmeasured)
        return Issued(self.name, self._version, issues, self._model.accepted)

    def _refresh(self) -> None:
        """The champion of now; one that was taken out of use says nothing any more."""
        register = Register(self._path)
        champion = register.champion
        if champion == self._version:
            return
        if champion is None:
            self._version, self._model = "", None
            raise InputError(Problem("register.no_champion", str(self._path)))
        # One that cannot be read leaves the champion before it in use.
        self._model, self._version = ModelForecast(register.load(champion), self._campus), champion


class WeatherServiceForecasts:
    """A weather service, asked once in every step of the plan, beside the steps of the service: it may take its time.

    A forecast counts from the moment at which it has come.
    """

    def __init__(
        self,
        service: PointForecast,
        plan: Plan,
        campus: Campus,
        now: Callable[[], datetime],
        patience: Patience = PATIENCE,
    ) -> None:
        self.name = service.name
        self.fault: Problem | None = None
        self._service, self._patience, self._now = service, patience, now
        self._weather = WeatherForecast(plan, campus)
        self._hours = round((campus.horizon_steps + 1) * campus.facility.step_hours)
        self._asked: int | None = None
        self._thread: threading.Thread | None = None
        self._found: Issued | Problem | None = None

    def issue(self, at: datetime, steering: Steering) -> Issued | None:
        """What has come since the last time; asks anew where a step of the plan has begun."""
        found = None
        if self._thread is not None and not self._thread.is_alive():
            self._thread, found, self._found = None, self._found, None
        here = steering.steps.step_of(at)
        if self._thread is None and here != self._asked:
            self._asked = here
            self._thread = threading.Thread(target=self._ask, args=(at,), daemon=True)
            self._thread.start()
        if isinstance(found, Problem):
            self.fault = found
            return None
        if found is not None:
            self.fault = None
        return found

    def _ask(self, at: datetime) -> None:
        try:
            weather, hours = self._weather, self._hours
            answer = self._service.ask(weather.latitude_deg, weather.longitude_deg, at, hours, self._patience)
            issues = weather.issues(answer, self._now())
        except InputError as error:
            self._found = error.problems[0]
            return
        except Exception as error:
            # Whatever an answer may do to the physics, the service needs to know that there is no forecast.
            self._found = Problem("online.unusable", self.name, reason=type(error).__name__)
            return
        said = repr([(one.series, one.valid.timestamp(), one.value) for one in issues])
        self._found = Issued(self.name, hashlib.sha256(said.encode()).hexdigest()[:12], issues)


def open_forecasts(
    wanted: str, plan: Plan, campus: Campus, now: Callable[[], datetime], *, real_time: bool
) -> Forecasts:
    """Who is meant by `--forecast`: a weather service, a register of models, or a file; raises `InputError`.

    `real_time` says whether the clock is the machine's: a service that forecasts the weather of now has nothing to say
    of other times.
    """
    if PointForecast.is_meant(wanted):
        service = PointForecast.at(wanted)
        if not real_time:
            raise InputError(Problem("forecast.needs_real_clock", key="--forecast", name=service.name))
        return WeatherServiceForecasts(service, plan, campus, now)
    if is_register(wanted):
        return RegisterForecasts(wanted, campus)
    return ForecastFile(wanted, campus)
