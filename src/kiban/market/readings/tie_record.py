"""Flows on the interconnectors between areas and their limits, as OCCTO publishes them, hour by hour.

A file says every five minutes what flowed and within which limits (連系線潮流実績). Flows are positive in the tie's
forward direction. Limits are the operating capacity (運用容量) less the margin and what is kept for balancing.

Between Chubu, Hokuriku and Kansai flows are told over three fences, each the border of one of them. The published signs
of Chubu's and Kansai's change from day to day; those are taken with which the three close.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from kiban.errors import Problem, WeatherError
from kiban.market.readings.headings import Floats, Times, hourly_means, number_of
from kiban.messages import Message
from kiban.weather.table import read_table
from kiban.weather.textfile import parse_time, refuse

TIES: Final[Mapping[str, tuple[str, str]]] = {
    "北海道・本州間電力連系設備": ("hokkaido", "tohoku"),
    "相馬双葉幹線": ("tohoku", "tokyo"),
    "周波数変換設備": ("tokyo", "chubu"),
    "三重東近江線": ("chubu", "kansai"),
    "南福光連系所・南福光変電所の連系設備": ("chubu", "hokuriku"),
    "越前嶺南線": ("hokuriku", "kansai"),
    "西播東岡山線・山崎智頭線": ("kansai", "chugoku"),
    "阿南紀北直流幹線": ("kansai", "shikoku"),
    "本四連系線": ("chugoku", "shikoku"),
    "関門連系線": ("chugoku", "kyushu"),
}
"""Ties by their published names: the areas from which and to which they run forward."""
CHUBU_FENCE, HOKURIKU_FENCE, KANSAI_FENCE = FENCES = ("中部フェンス", "北陸フェンス", "関西フェンス")
"""Forward out of Chubu, into Hokuriku, and into Kansai."""
PARTS: Final = ("関西-中国（東）", "関西-中国（西）")
"""Parts of another tie, not counted twice."""

_FLOW_COLUMNS: Final = ("連系線", "対象日付", "対象時刻", "潮流実績")
_SIDES: Final = (("forward", "順方向"), ("reverse", "逆方向"))
_CHANGE_MW: Final = 2_000.0
"""What a change of signs has to close, summed over the hours that follow."""


@dataclass(frozen=True, slots=True)
class TieRecord:
    """Hours of ties: MW (hours, ties); a limit is NaN where the file tells none."""

    names: tuple[str, ...]
    start: Times
    flow_mw: Floats
    forward_limit_mw: Floats
    reverse_limit_mw: Floats
    notes: tuple[Message, ...] = ()


def read_tie_record(path: str | Path) -> TieRecord:
    """Hours of a file of OCCTO's tie flows (CSV or workbook), fences with signs that close.

    Raises `WeatherError` for a file of another kind, an unknown tie, and a tie without a limit.
    """
    table = read_table(path)
    missing = [name for name in _FLOW_COLUMNS if name not in table.header]
    if missing:
        raise WeatherError(Problem("tie_file.dialect", table.path, columns=tuple(missing)))
    at = {name: table.header.index(name) for name in table.header}
    by_tie: dict[str, list[int]] = {}
    for number, row in enumerate(table.rows):
        by_tie.setdefault(str(row[at["連系線"]]).strip(), []).append(number)
    unknown = [name for name in by_tie if name not in (*TIES, *FENCES, *PARTS)]
    if unknown:
        raise WeatherError(Problem("tie_file.unknown", table.path, "連系線", text=unknown[0], names=tuple(TIES)))
    names = [name for name in by_tie if name not in PARTS]
    series = {}
    for name in names:
        rows = by_tie[name]
        start, step = _starts(
            table.path, [(table.rows[i][at["対象日付"]], table.rows[i][at["対象時刻"]]) for i in rows]
        )
        flow = [number_of(table.rows[i][at["潮流実績"]]) for i in rows]
        problems = [Problem("empty", table.at(rows[i]), "潮流実績") for i, value in enumerate(flow) if value is None]
        refuse(problems)
        limits = [_limit(table.rows, rows, at, word) for _, word in _SIDES]
        for limit in limits:
            if limit is not None and np.isnan(limit).any():
                where = table.at(rows[int(np.flatnonzero(np.isnan(limit))[0])])
                raise WeatherError(Problem("tie_file.no_limit", where, tie=name))
        columns = [np.array(flow, dtype=np.float64), *(np.full(len(rows), np.nan) if x is None else x for x in limits)]
        series[name] = hourly_means(start, np.column_stack(columns), step)
    return _with_signs(_joined(series))


def _starts(path: str, cells: Sequence[tuple[object, object]]) -> tuple[Times, int]:
    """Starts of the steps of one tie and their minutes; labels are ends where a day is closed by 24:00."""
    texts = [f"{_day_text(day)} {clock}" for day, clock in cells]
    moments = [parse_time(text) for text in texts]
    refuse([Problem("not_a_time", path, "対象時刻", text=t) for t, m in zip(texts, moments, strict=True) if m is None])
    label = np.array(moments, dtype="datetime64[m]")
    gaps = np.diff(label).astype(np.int64)
    step = int(gaps.min()) if gaps.size else 0
    if step not in (5, 30, 60) or (gaps % step).any():
        raise WeatherError(Problem("area_file.step", path, "対象時刻", minutes=step))
    ends = any(str(clock).startswith("24:00") for _, clock in cells)
    return np.asarray(label - np.timedelta64(step if ends else 0, "m"), dtype="datetime64[m]"), step


def _day_text(day: object) -> str:
    return str(day).split(" ")[0]


def _limit(rows: Sequence[Sequence[object]], numbers: Sequence[int], at: Mapping[str, int], word: str) -> Floats | None:
    """Capacity less margin and balancing of one direction, MW at least 0; None where the file has no column."""
    capacity = at.get(f"運用容量({word})")
    if capacity is None:
        return None
    kept = [at[name] for name in (f"マージン({word})", f"広域調整枠({word})") if name in at]
    found = []
    for number in numbers:
        value = number_of(rows[number][capacity])
        less = sum(abs(number_of(rows[number][place]) or 0.0) for place in kept)
        found.append(np.nan if value is None else max(abs(value) - less, 0.0))
    return np.array(found)


def _joined(series: Mapping[str, tuple[Times, Floats]]) -> TieRecord:
    """Ties on the hours that all of them have."""
    start = next(iter(series.values()))[0]
    for hours, _ in series.values():
        start = np.intersect1d(start, hours)
    kept = [means[np.searchsorted(hours, start)] for hours, means in series.values()]
    stacked = np.stack(kept, axis=1)
    return TieRecord(tuple(series), start, stacked[:, :, 0], stacked[:, :, 1], stacked[:, :, 2])


def _with_signs(record: TieRecord) -> TieRecord:
    if not set(FENCES) <= set(record.names):
        return record
    places = [record.names.index(name) for name in FENCES]
    flow = record.flow_mw.copy()
    flow[:, places], days = close_fences(record.start, flow[:, places])
    notes = (Message("note.fence_signs", days=days),) if days else ()
    return replace(record, flow_mw=flow, notes=notes)


def close_fences(start: Times, flow_mw: Floats) -> tuple[Floats, int]:
    """Flows over the fences of Chubu, Hokuriku and Kansai (hours, 3) with signs that close; days with one turned.

    What leaves Chubu enters Hokuriku or Kansai. Of all series of signs that is taken which misses least, where a change
    from one hour to the next counts like `_CHANGE_MW` missed: a shortest path over four states an hour.
    """
    choices = np.array([(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)])
    chubu, hokuriku, kansai = flow_mw.T
    missed = np.abs(np.outer(chubu, choices[:, 0]) - hokuriku[:, None] - np.outer(kansai, choices[:, 1]))
    change = _CHANGE_MW * (1.0 - np.eye(len(choices)))
    before = np.zeros(missed.shape, dtype=np.int64)
    cost = missed[0]
    for hour in range(1, len(missed)):
        reached = cost[:, None] + change
        before[hour] = reached.argmin(axis=0)
        cost = reached.min(axis=0) + missed[hour]
    state = np.empty(len(missed), dtype=np.int64)
    state[-1] = cost.argmin()
    for hour in range(len(missed) - 1, 0, -1):
        state[hour - 1] = before[hour, state[hour]]
    signs = choices[state]
    turned = np.unique(start[(signs < 0.0).any(axis=1)].astype("datetime64[D]"))
    return np.stack([signs[:, 0] * chubu, hokuriku, signs[:, 1] * kansai], axis=1), len(turned)


def inflows(names: Sequence[str], flow_mw: Floats, areas: Sequence[str]) -> Floats:
    """What ties bring into each area, MW (hours, areas), from their flows (hours, ties).

    Fences stand for the three ties between Chubu, Hokuriku and Kansai where the file has them.
    """
    fenced = set(FENCES) <= set(names)
    inside = {"chubu", "hokuriku", "kansai"}
    total = np.zeros((len(flow_mw), len(areas)))
    place = {area: i for i, area in enumerate(areas)}
    for number, name in enumerate(names):
        flow = flow_mw[:, number]
        if name in FENCES:
            area, sign = {
                CHUBU_FENCE: ("chubu", -1.0),
                HOKURIKU_FENCE: ("hokuriku", 1.0),
                KANSAI_FENCE: ("kansai", 1.0),
            }[name]
            if fenced:
                total[:, place[area]] += sign * flow
        elif name in TIES and not (fenced and set(TIES[name]) <= inside):
            first, last = TIES[name]
            total[:, place[first]] -= flow
            total[:, place[last]] += flow
    return total
