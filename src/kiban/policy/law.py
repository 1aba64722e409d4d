"""The law as dated data: measures with their terms, dates, status and sources, read from `law/*.toml`.

A measure has periods; each gives the terms of that time. Names tell the unit: `..._share`, `..._rate` and `credit...`
are shares of one, `..._yen` is yen, `..._years` are whole years. `assumed` names the terms that were not read in a
source (`all` where none was), and then the note says what they rest on.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any, Literal, cast

from kiban.catalogue import Source
from kiban.errors import CatalogueError, Problem, nearest
from kiban.messages import Message
from kiban.policy.terms import ASSET_GROUPS, ASSETS

MeasureStatus = Literal["enacted", "proposed", "hypothetical"]
Term = Any
"""A number, a truth value, a name, a list (rows of a table too), or a mapping of names to numbers."""

STATUSES = ("enacted", "proposed", "hypothetical")
JURISDICTIONS = (
    "japan", "united-states", "united-kingdom", "european-union", "korea", "malaysia", "taiwan", "france",
)  # fmt: skip
BEARERS = ("national_treasury", "prefecture", "municipality", "ratepayers", "users", "equity", "none")
DEMANDS = (
    "minister_confirms", "regional_plan", "plan_certified", "municipal_ordinance", "own_use", "energy_record",
    "productivity_rises", "above_mean_intensity", "adds_decarbonised_power", "ministry_selects", "unit_prices",
    "commerce_determines", "county_wages",
)  # fmt: skip
"""What a measure may ask for that no plan can show."""
ALL = "all"
SERVICE, CONSTRUCTION, RATE_OF_SERVICE = "service", "construction", "construction_then_service"
COUNTS = (SERVICE, CONSTRUCTION, RATE_OF_SERVICE)
"""Which day decides: that of service, that on which construction begins (or a grant is decided), or the begin of
construction about the right and the day of service about the rate."""
SOURCE_FILE = "sources.toml"
_TEXTS = ("jurisdiction", "title_en", "title_ja", "article", "status", "bearer", "note")
_LISTS = ("assumed", "sources", "assets", "asks_for")
_OPTIONAL = {"assets", "asks_for", "excludes", "counts", "period"}
_SOURCE_KEYS = {"title", "publisher", "address", "grade", "accessed"}
_GRADES = {"A", "B", "C", "none"}


@dataclass(frozen=True, slots=True)
class Period:
    """Terms that hold from `first` to `last`, both included; None is without beginning or end."""

    first: date | None
    last: date | None
    terms: Mapping[str, Term]

    def holds(self, day: date) -> bool:
        """Whether the terms hold on that day."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of tax law or support.

    `assets` are the classes or groups that it covers, where it speaks of assets. Two measures with the same `excludes`
    may not be used on the same cost. `asks_for` names conditions that no plan can show, such as a minister's approval.
    """

    id: str
    jurisdiction: str
    title_en: str
    title_ja: str
    article: str
    status: MeasureStatus
    bearer: str
    assets: tuple[str, ...]
    excludes: str
    assumed: tuple[str, ...]
    note: str
    sources: tuple[str, ...]
    periods: tuple[Period, ...]
    asks_for: tuple[str, ...] = ()
    counts: str = SERVICE
    """Which day decides whether and how it applies, one of `COUNTS`."""

    @property
    def valid_from(self) -> date | None:
        """First day of the first period; None where it has long been in force."""
        return self.periods[0].first

    @property
    def valid_to(self) -> date | None:
        """Last day of the last period; None where no end is known."""
        return self.periods[-1].last

    @property
    def is_settled(self) -> bool:
        """Whether it is enacted and all its terms were read in a source."""
        return self.status == "enacted" and not self.assumed

    def holds(self, day: date) -> bool:
        """Whether the measure is in force on that day."""
        return any(period.holds(day) for period in self.periods)

    def terms(self, day: date) -> Mapping[str, Term]:
        """The terms on that day; `CatalogueError` where it is not in force."""
        for period in self.periods:
            if period.holds(day):
                return period.terms
        raise CatalogueError(Problem("law.not_in_force", key=self.id, day=day.isoformat(), dates=self.describe_dates()))

    def number(self, name: str, day: date) -> float:
        """One term that is a number; `CatalogueError` where there is none of that name."""
        terms = self.terms(day)
        value = terms.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            near = nearest(name, terms)
            remedy = "nearest" if near else ""
            raise CatalogueError(Problem("law.no_number", key=self.id, remedy=remedy, name=name, near=near))
        return float(value)

    def describe_dates(self) -> Message:
        """`it holds from A to B`."""
        first = self.valid_from.isoformat() if self.valid_from else ""
        last = self.valid_to.isoformat() if self.valid_to else ""
        if first and last:
            return Message("dates.from_to", first=first, last=last)
        if first:
            return Message("dates.from", first=first)
        return Message("dates.to", last=last) if last else Message("dates.unknown")

    def is_assumed(self, name: str) -> bool:
        """Whether a term was not read in a source."""
        return ALL in self.assumed or name in self.assumed


@dataclass(frozen=True, slots=True)
class Law:
    """All measures by id, and the sources that they name."""

    measures: Mapping[str, Measure]
    sources: Mapping[str, Source]

    def measure(self, name: str) -> Measure:
        """The measure of that id; `CatalogueError` with the nearest id where there is none."""
        found = self.measures.get(name)
        if found is None:
            near = nearest(name, self.measures)
            remedy = "nearest" if near else "law.files"
            raise CatalogueError(Problem("law.no_measure", remedy=remedy, name=name, near=near))
        return found

    def number(self, name: str, term: str, day: date) -> float:
        """One number of one measure on one day."""
        return self.measure(name).number(term, day)


@cache
def load_law() -> Law:
    """The embedded law; raises `CatalogueError` with every fault of its files."""
    folder = resources.files("kiban.policy") / "law"
    texts = {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }
    return parse_law(texts)


def parse_law(texts: Mapping[str, str]) -> Law:
    """The law in files by name, one of them `sources.toml`; raises `CatalogueError` with every fault."""
    problems: list[Problem] = []
    tables: dict[str, Mapping[str, Any]] = {}
    for name, text in texts.items():
        try:
            tables[name] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            problems.append(Problem("invalid_toml", name, reason=str(error)))
    sources: dict[str, Source] = {}
    for key, entry in tables.pop(SOURCE_FILE, {}).items():
        faults = [replace(fault, where=SOURCE_FILE, key=key) for fault in _faults_of_source(entry)]
        problems += faults
        if not faults:
            sources[key] = Source(
                key, entry["title"], entry["publisher"], entry["address"], entry["grade"], str(entry["accessed"])
            )
    measures: dict[str, Measure] = {}
    for name, table in tables.items():
        for key, entry in table.items():
            faults = [replace(fault, where=name, key=key) for fault in _faults_of_measure(entry, sources)]
            if key in measures:
                faults.append(Problem("law.twice", name, key))
            problems += faults
            if not faults:
                measures[key] = _read_measure(key, entry)
    if problems:
        raise CatalogueError(problems)
    return Law(measures, sources)


def expand_assets(names: tuple[str, ...]) -> tuple[str, ...]:
    """Asset classes behind names of classes and groups, each once, in the order of the classes; `all` is all."""
    wanted = {asset for name in names for asset in (ASSETS if name == ALL else ASSET_GROUPS.get(name, (name,)))}
    return tuple(asset for asset in ASSETS if asset in wanted)


def is_asset(name: str) -> bool:
    """Whether it names an asset class, a group or all of them."""
    return name == ALL or name in ASSET_GROUPS or name in ASSETS


def _read_measure(key: str, entry: Mapping[str, Any]) -> Measure:
    periods = tuple(
        Period(
            period.get("from"),
            period.get("to"),
            {name: _freeze(value) for name, value in period.items() if name not in {"from", "to"}},
        )
        for period in entry["period"]
    )
    return Measure(
        id=key,
        jurisdiction=entry["jurisdiction"],
        title_en=entry["title_en"],
        title_ja=entry["title_ja"],
        article=entry["article"],
        status=cast(MeasureStatus, entry["status"]),
        bearer=entry["bearer"],
        assets=expand_assets(tuple(entry.get("assets", ()))),
        excludes=entry.get("excludes", ""),
        assumed=tuple(entry["assumed"]),
        note=entry["note"],
        sources=tuple(entry["sources"]),
        periods=periods,
        asks_for=tuple(entry.get("asks_for", ())),
        counts=entry.get("counts", SERVICE),
    )


def _freeze(value: Any) -> Term:
    return tuple(_freeze(item) for item in value) if isinstance(value, list) else value


def _faults_of_source(entry: Any) -> Iterator[Problem]:
    if not isinstance(entry, Mapping):
        yield Problem("law.no_table")
        return
    yield from _faults_of_keys(entry, _SOURCE_KEYS, set())
    if entry.get("grade") not in _GRADES:
        yield Problem("law.unknown_grade", grade=repr(entry.get("grade")))


def _faults_of_measure(entry: Any, sources: Mapping[str, Source]) -> Iterator[Problem]:
    if not isinstance(entry, Mapping):
        yield Problem("law.no_table")
        return
    yield from _faults_of_keys(entry, {*_TEXTS, *_LISTS, "period"}, _OPTIONAL - {"period"})
    for name in (*_TEXTS, "excludes", "counts"):
        if name in entry and not isinstance(entry[name], str):
            yield Problem("law.no_text", name=name)
    for name in _LISTS:
        given = entry.get(name, [])
        if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
            yield Problem("law.no_list", name=name)
            return
    for name, known in (("status", STATUSES), ("jurisdiction", JURISDICTIONS), ("bearer", BEARERS), ("counts", COUNTS)):
        if name in entry and entry[name] not in known:
            yield Problem("law.unknown_word", name=name, value=repr(entry[name]), names=known)
    unknown = (
        *(Problem("law.unknown_source", name=key) for key in entry.get("sources", []) if key not in sources),
        *(Problem("law.unknown_asset", name=name) for name in entry.get("assets", []) if not is_asset(name)),
        *(Problem("law.unknown_demand", name=name) for name in entry.get("asks_for", []) if name not in DEMANDS),
    )
    yield from unknown
    if not entry.get("sources") and ALL not in entry.get("assumed", []):
        yield Problem("law.no_source")
    if entry.get("assumed") and not entry.get("note"):
        yield Problem("law.no_note")
    periods = entry.get("period", [])
    if not isinstance(periods, list) or not periods or not all(isinstance(period, Mapping) for period in periods):
        yield Problem("law.no_period")
        return
    yield from _faults_of_periods(periods)
    terms = {name for period in periods for name in period}
    yield from (
        Problem("law.unknown_term", name=name) for name in entry.get("assumed", []) if name not in {ALL, *terms}
    )


def _faults_of_keys(entry: Mapping[str, Any], known: set[str], optional: set[str]) -> Iterator[Problem]:
    for name in entry:
        if name not in known | optional:
            yield Problem("law.unknown_key", name=name)
    for name in sorted(known - optional):
        if name not in entry and name not in _OPTIONAL:
            yield Problem("law.missing_key", name=name)


def _faults_of_periods(periods: list[Mapping[str, Any]]) -> Iterator[Problem]:
    dates = [(period.get("from"), period.get("to")) for period in periods]
    if not all(day is None or type(day) is date for pair in dates for day in pair):
        yield Problem("law.no_date")
        return
    yield from (
        Problem("law.ends_early", first=first.isoformat(), last=last.isoformat())
        for first, last in dates
        if first and last and last < first
    )
    for (_, last), (first, _) in pairwise(dates):
        if last is None or first is None or first <= last:
            yield Problem("law.overlap")
        elif first != last + timedelta(days=1):
            yield Problem("law.gap", last=last.isoformat())
    for period in periods:
        for name, value in period.items():
            if name not in {"from", "to"}:
                yield from _faults_of_term(name, value)


def _faults_of_term(name: str, value: Any) -> Iterator[Problem]:
    """A share lies between 0 and 1, and no amount or number of years is negative."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _faults_of_term(name, item)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return
    elif (name.endswith(("_share", "_rate")) or "share" in name.split("_")) and not 0 <= value <= 1:
        yield Problem("law.no_share", name=name, value=value)
    elif name.endswith("_years") and not (isinstance(value, int) and value >= 0):
        yield Problem("law.no_years", name=name, value=value)
    elif value < 0:
        yield Problem("law.negative", name=name, value=value)
