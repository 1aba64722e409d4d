"""Fitting a model of each series to the time before an operation, with the errors that it makes on days left out.

Gradient boosting on histograms (Ke and others 2017, "LightGBM"; scikit-learn's form of it), one model of the mean for
each group of hours ahead. Every fifth week is left out: its errors are what the intervals stand on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import resources

import numpy as np

from kiban.arrays import Array
from kiban.errors import InputError, Problem
from kiban.operation.conditions import Conditions
from kiban.operation.forecast.climatology import lay_months, month_table
from kiban.operation.forecast.features import NAMES, FeatureTable, Ints
from kiban.operation.forecast.forecast import AVAILABILITY, PUE
from kiban.operation.forecast.intervals import LEAD_GROUPS_H, ConformalErrors, calibrate
from kiban.operation.forecast.record import Record
from kiban.operation.forecast.scores import Issues, pinball_loss
from kiban.operation.forecast.trees import Trees, trees_of

DAYS_PER_WEEK = 7
LEFT_OUT_EVERY_WEEKS = 5
MEDIAN = 0.5
LEAST_WEEKS = 8
"""Of the past: fewer hold one or no week that is left out."""
CODE = ("features.py", "training.py", "trees.py", "climatology.py", "record.py")
"""Modules that decide what a model says."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How models are fitted."""

    horizon_hours: int = 48
    issues_every_hours: int = 3
    """Of the issues of the past only every so many are fitted on: neighbours say nearly the same."""
    trees: int = 80
    leaves: int = 15
    depth: int = 5
    learning_rate: float = 0.08
    least_rows_of_leaf: int = 200
    seed: int = 1


@dataclass(frozen=True, eq=False)
class SeriesModel:
    """The models of one series by group of steps ahead, and their errors on the weeks left out.

    `usual` is what they take for the mean of the month and the step of the day, shape `(12, steps_per_day)`; `losses`
    are the mean pinball losses of the median of the days left out, shape `(days,)`.
    """

    trees: tuple[Trees, ...]
    groups: tuple[tuple[int, int], ...]
    usual: Array
    errors: ConformalErrors
    losses: Array

    def features(self, record: Record, name: str) -> FeatureTable:
        """What the models look at in a record."""
        laid = [lay_months(self.usual, one) for one in (record.past, record.conditions)]
        return FeatureTable(record, name, np.concatenate(laid))

    def predict(self, table: FeatureTable, issued: Ints, horizon_steps: int) -> Array:
        """The mean for each issue and step ahead, shape `(issues, horizon)`, within what the past has shown."""
        found = np.empty((len(issued), horizon_steps))
        for trees, (first, last) in zip(self.trees, self.groups, strict=True):
            ahead = np.arange(first, min(last + 1, horizon_steps))
            if ahead.size:
                rows = table.rows(np.repeat(issued, ahead.size), np.tile(ahead, len(issued)))
                found[:, ahead] = trees.predict(rows).reshape(len(issued), ahead.size)
        return np.clip(found, self.errors.lowest, self.errors.highest)


@dataclass(frozen=True, slots=True)
class Origin:
    """Of what a model was made: the first and the last step learnt from, how many, and hashes of data and code."""

    first: str
    last: str
    steps: int
    step_hours: float
    data_hash: str
    code_hash: str


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """What was fitted: the models by series, how, and of what."""

    series: Mapping[str, SeriesModel]
    settings: Settings
    origin: Origin

    @property
    def version(self) -> str:
        """Twelve letters that stand for data, code and settings: models of equal version say the same."""
        said = json.dumps([asdict(self.origin), asdict(self.settings), list(self.series)])
        return hashlib.sha256(said.encode()).hexdigest()[:12]


def train(record: Record, settings: Settings | None = None) -> TrainedModel:
    """Fit models of PUE and of all supply that varies to the past of a record.

    Raises `InputError` where scikit-learn is not installed or the past is shorter than `LEAST_WEEKS`.
    """
    settings = settings or Settings()
    require_library()
    weeks = record.start // (record.steps_per_day * DAYS_PER_WEEK)
    if weeks < LEAST_WEEKS:
        raise InputError(Problem("forecast.short_past", days=record.start / record.steps_per_day, weeks=LEAST_WEEKS))
    past = record.past
    names = [name for name in record.names if name == PUE or name.startswith(AVAILABILITY)]
    models = {name: _fit_series(record, name, settings) for name in names if np.ptp(past.series[name]) > 0}
    first, last = (past.time[place].isoformat() for place in (0, -1))
    origin = Origin(first, last, past.steps, past.step_hours, hash_of_data(past, names), hash_of_code())
    return TrainedModel(models, settings, origin)


def require_library() -> None:
    """Raise `InputError` where scikit-learn is not there."""
    try:
        import sklearn  # noqa: F401
    except ModuleNotFoundError:
        raise InputError(Problem("forecast.no_library")) from None


def hash_of_data(past: Conditions, names: Sequence[str]) -> str:
    """A hash of the series that are learnt from, and of their times."""
    digest = hashlib.sha256(past.time.as_unit("s").asi8.tobytes())
    for name in sorted(names):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(past.series[name]).tobytes())
    return digest.hexdigest()


def hash_of_code() -> str:
    """A hash of the modules that decide what a model says, and of the library that fits it."""
    import sklearn

    digest = hashlib.sha256(f"scikit-learn {sklearn.__version__}".encode())
    for name in CODE:
        digest.update(resources.files("kiban.operation.forecast").joinpath(name).read_bytes())
    return digest.hexdigest()


def _fit_series(record: Record, name: str, settings: Settings) -> SeriesModel:
    past, series = record.past, record.past.series[name]
    usual = month_table(series, past)
    # Months that the past does not have are as its mean.
    usual = np.where(np.isnan(usual), series.mean(), usual)
    bounds = float(series.min()), float(series.max())
    bare = SeriesModel((), (), usual, ConformalErrors((), (), *bounds), np.zeros(0))
    table = bare.features(record, name)
    per_day, per_hour = record.steps_per_day, 1.0 / past.step_hours
    horizon = round(settings.horizon_hours * per_hour)
    # Steps of the past count backward from the begin of the operation; the first day has no day before it.
    issued = np.arange(per_day, record.start - horizon, round(settings.issues_every_hours * per_hour))
    week = issued // (per_day * DAYS_PER_WEEK)
    last_week = (issued + horizon - 1) // (per_day * DAYS_PER_WEEK)
    left_out, touched = ((one % LEFT_OUT_EVERY_WEEKS) == LEFT_OUT_EVERY_WEEKS - 1 for one in (week, last_week))
    # What is fitted on reaches into no week that is left out, neither with its horizon nor with its lags of a day.
    begun = ((issued - per_day) // (per_day * DAYS_PER_WEEK)) % LEFT_OUT_EVERY_WEEKS == LEFT_OUT_EVERY_WEEKS - 1
    fitted = issued[~left_out & ~touched & ~begun]
    groups, trees = [], []
    for first_hour, last_hour in LEAD_GROUPS_H:
        first, last = round(first_hour * per_hour), min(round((last_hour + 1) * per_hour), horizon) - 1
        if first >= horizon:
            continue
        ahead = np.arange(first, last + 1)
        steps, leads = np.repeat(fitted, ahead.size), np.tile(ahead, len(fitted))
        rows = table.rows(steps - record.start, leads)
        groups.append((first, last))
        trees.append(_fit_trees(rows, series[steps + leads], settings))
    bare = replace(bare, trees=tuple(trees), groups=tuple(groups))
    tried = issued[left_out]
    said = bare.predict(table, tried - record.start, horizon)
    issues = Issues(said, series[tried[:, None] + np.arange(horizon)])
    errors = calibrate(issues, past.step_hours, lowest=bounds[0], highest=bounds[1])
    return replace(bare, errors=errors, losses=losses_of_days(issues, tried // per_day))


def losses_of_days(issues: Issues, day: Ints) -> Array:
    """Mean pinball loss of the median in the issues of each day, shape `(days,)`; `day` has shape `(issues,)`."""
    losses = pinball_loss(issues.observed, issues.forecast, MEDIAN).mean(axis=1)
    _, place = np.unique(day, return_inverse=True)
    means: Array = np.bincount(place, weights=losses) / np.bincount(place)
    return means


def _fit_trees(rows: Array, values: Array, settings: Settings) -> Trees:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    assert rows.shape[1] == len(NAMES)
    model = HistGradientBoostingRegressor(
        learning_rate=settings.learning_rate,
        max_iter=settings.trees,
        max_leaf_nodes=settings.leaves,
        max_depth=settings.depth,
        min_samples_leaf=settings.least_rows_of_leaf,
        early_stopping=False,
        random_state=settings.seed,
    )
    # One thread: sums come out the same on every machine, and on a busy one more threads only wait.
    with threadpool_limits(limits=1):
        model.fit(rows, values)
    return trees_of(model)
