"""A forecast by its name, by a file, or as a model that was trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kiban.errors import InputError, Problem
from kiban.operation.conditions import Conditions
from kiban.operation.forecast.climatology import ClimatologyForecast
from kiban.operation.forecast.forecast import Forecast
from kiban.operation.forecast.given import given_forecast
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.forecast.persistence import PersistenceForecast
from kiban.operation.forecast.priced import PUBLICATION, PricedForecast
from kiban.operation.forecast.record import Record, record_of
from kiban.operation.forecast.synthetic import SyntheticForecast, read_error_model
from kiban.operation.forecast.trained import TrainedForecast
from kiban.operation.forecast.training import TrainedModel
from kiban.operation.register import Register, is_register

FORECASTS: Final = ("synthetic", "perfect", "persistence", "climatology")
"""What can be asked for by name."""
Wanted = str | Path | Forecast | TrainedModel
"""A name, a file of forecasts or a register with a champion, a forecast for these conditions, or a model."""


@dataclass(frozen=True, eq=False)
class Circumstances:
    """What a forecast is made for: the conditions, the past (the plan's own year), the place and the windows."""

    conditions: Conditions
    past: Conditions
    latitude_deg: float
    longitude_deg: float
    horizon_steps: int
    seed: int

    def record(self) -> Record:
        """What is measured when; `InputError` where the past does not hold one whole day."""
        return record_of(self.conditions, self.past, self.latitude_deg, self.longitude_deg)


def choose_forecast(wanted: Wanted, of: Circumstances, take: Callable[[str], float]) -> Forecast:
    """The forecast that is wanted; `take` gives the value of a row of the catalogue.

    Raises `InputError` for a name that is none, for a file that cannot be used, for windows that are longer than a
    model was fitted for, and where the past is too short.
    """
    if isinstance(wanted, TrainedModel):
        return _trained(wanted, of, take)
    if not isinstance(wanted, str | Path):
        return wanted
    if wanted == "perfect":
        return PerfectForecast(of.conditions)
    if wanted == "synthetic":
        model, publication_hour = read_error_model(take)
        return SyntheticForecast(of.conditions, model, publication_hour, of.seed)
    if wanted == "climatology":
        return _priced(ClimatologyForecast(of.conditions, of.past), of, take)
    if wanted == "persistence":
        return _priced(PersistenceForecast(of.record()), of, take)
    path = Path(wanted)
    if not path.suffix and not path.exists():
        raise InputError(Problem("operation.forecast", key="--forecast", name=str(wanted), known=FORECASTS))
    if is_register(path):
        kept = Register(path)
        if kept.champion is None:
            raise InputError(Problem("register.no_champion", str(path)))
        return _trained(kept.load(kept.champion), of, take)
    # Prices are known as they are published unless the file has them.
    others = _priced(PersistenceForecast(of.record()), of, take)
    return given_forecast(path, of.conditions, of.horizon_steps, others)


def _priced(forecast: Forecast, of: Circumstances, take: Callable[[str], float]) -> Forecast:
    return PricedForecast(forecast, of.conditions, take(PUBLICATION))


def _trained(model: TrainedModel, of: Circumstances, take: Callable[[str], float]) -> Forecast:
    asked = of.horizon_steps * of.conditions.step_hours
    longest = model.settings.horizon_hours
    if asked > longest:
        raise InputError(Problem("forecast.short_model", asked=asked, longest=longest))
    if model.origin.step_hours != of.conditions.step_hours:
        hours = {"hours": model.origin.step_hours, "step_hours": of.conditions.step_hours}
        raise InputError(Problem("forecast.other_step", values=hours))
    missing = tuple(sorted(set(model.series) - set(of.conditions.series)))
    if missing:
        raise InputError(Problem("forecast.other_plant", names=missing))
    record = of.record()
    return TrainedForecast(model, record, _priced(PersistenceForecast(record), of, take))
