"""Short gaps in checked columns, filled where that was asked for; a problem for each gap that stays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from kiban.calendar import HOURS_PER_YEAR
from kiban.errors import Problem
from kiban.messages import Message
from kiban.weather.irradiance import beam_between, fill_by_clearness
from kiban.weather.limits import IRRADIANCE
from kiban.weather.rows import LISTED_AT_MOST, LONGEST_FILLED_GAP_HOURS, Alignment, runs_of
from kiban.weather.sun import Floats, Sun

Mask = npt.NDArray[np.bool_]
Texts = Mapping[str, Sequence[str | Message]]
"""What stands in a file where a column has no value, by column and row."""


def fill_gaps(
    columns: dict[str, Floats], alignment: Alignment, sun: Sun, fill_gaps_hours: float, texts: Texts
) -> tuple[list[Message], list[Problem]]:
    """Fill gaps of at most `fill_gaps_hours` in place, year by year; what was filled, and what stays.

    Global and diffuse irradiance follow the sun (`irradiance.fill_by_clearness`), the beam closes
    `GHI = DHI + DNI cos(zenith)` with them, and the rest is interpolated linearly.
    """
    per_year = len(alignment.index) // len(alignment.years)
    step_hours = HOURS_PER_YEAR / per_year
    longest = int(fill_gaps_hours / step_hours + 1e-9)
    problems = list(alignment.gap_problems) if any(length > longest for _, length in alignment.gaps) else []
    filled = {name: np.zeros(len(column), dtype=bool) for name, column in columns.items()}
    for first in range(0, len(alignment.index), per_year):
        year = slice(first, first + per_year)
        over = Sun(*(part[year] for part in sun))
        short = {name: _short_gaps(column[year], longest) for name, column in columns.items()}
        for name, column in columns.items():
            if short[name].any() and name != "dni_w_m2":
                column[year] = _fill(name, column[year], short[name], over, longest)
        if short["dni_w_m2"].any():
            beam = beam_between(columns["ghi_w_m2"][year], columns["dhi_w_m2"][year], over)
            columns["dni_w_m2"][year] = np.where(short["dni_w_m2"], beam, columns["dni_w_m2"][year])
        for name, column in columns.items():
            filled[name][year] = short[name] & ~np.isnan(column[year])
    left = {name: runs_of(np.isnan(column) & (alignment.row >= 0)) for name, column in columns.items()}
    for name, gaps in left.items():
        problems += _problems_of(name, gaps, alignment, step_hours, texts.get(name))
    hours = {name: float(mask.sum()) * step_hours for name, mask in filled.items() if mask.any()}
    return _notes_of(hours, fill_gaps_hours), problems


def _short_gaps(column: Floats, longest: int) -> Mask:
    short = np.zeros(len(column), dtype=np.bool_)
    missing = np.isnan(column)
    if missing.all():
        return short
    for start, length in runs_of(missing):
        short[start : start + length] = length <= longest
    return short


def _fill(name: str, column: Floats, short: Mask, sun: Sun, longest: int) -> Floats:
    if name in IRRADIANCE:
        return fill_by_clearness(column, sun, longest)
    known = np.flatnonzero(~np.isnan(column))
    steps = np.flatnonzero(short)
    whole = column.copy()
    whole[steps] = np.interp(steps, known, column[known])
    return whole


def _problems_of(
    name: str,
    gaps: Sequence[tuple[int, int]],
    alignment: Alignment,
    step_hours: float,
    texts: Sequence[str | Message] | None,
) -> list[Problem]:
    """One problem for each of the first gaps, the last one counting the rest."""
    problems = []
    fillable = [length * step_hours for _, length in gaps if length * step_hours <= LONGEST_FILLED_GAP_HOURS]
    for shown, (start, length) in enumerate(gaps[:LISTED_AT_MOST]):
        hours = length * step_hours
        more = len(gaps) - LISTED_AT_MOST
        text = texts[int(alignment.row[start])] if texts is not None else ""
        said = {
            "text": text or "NaN",
            "hours": hours,
            "time": f"{alignment.index[start]:%Y-%m-%d %H:%M}",
            "fill": math.ceil(max(fillable, default=0)),
            "more": Message("more.places", count=more) if shown == LISTED_AT_MOST - 1 and more > 0 else "",
        }
        remedy = "weather.gap" if hours <= LONGEST_FILLED_GAP_HOURS else "weather.long_gap"
        problems.append(Problem("weather.gap", alignment.place_of(start), name, remedy, said))
    return problems


def _notes_of(hours: Mapping[str, float], fill_gaps_hours: float) -> list[Message]:
    notes = []
    said = {name: Message("note.gap", weather_columns=name, hours=value) for name, value in hours.items()}
    along_the_sun = tuple(part for name, part in said.items() if name in IRRADIANCE)
    linear = tuple(part for name, part in said.items() if name not in IRRADIANCE)
    if linear:
        notes.append(Message("note.gaps", gap=fill_gaps_hours, filled=linear))
    if along_the_sun:
        notes.append(Message("note.gaps_sun", gap=fill_gaps_hours, filled=along_the_sun))
    return notes
