"""A file of a national study read: TOML and a table of sites in, every problem at once out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kiban.catalogue import AREAS, Catalogue, load_catalogue
from kiban.errors import CatalogueError, Problem, ScenarioError, WeatherError, limit_problems, nearest, reason_of
from kiban.outside import may_open
from kiban.scenario.bounds import bound_values
from kiban.scenario.file import convert_dollars, explain_error, place_of, read_toml, yen_per_usd
from kiban.scenario.names import find_unknown_chip
from kiban.scenario.national import CandidateSite, NationalScenario
from kiban.scenario.plant import CATALOGUE_PLANTS, KNOWN_SUPPLY
from kiban.weather.table import parse_truth, read_table
from kiban.weather.textfile import parse_number

TABLE = "national"
TRUTHS = frozenset({"enabled", "must_open"})
"""Columns of a table of sites that hold yes or no."""


def is_national(path: str | Path) -> bool:
    """Whether a file is a national study; False for what cannot be read, which its reader will explain."""
    try:
        return TABLE in read_toml(Path(path))[1]
    except ScenarioError:
        return False


def read_national(path: str | Path) -> NationalScenario:
    """The national study in a TOML file; raises `ScenarioError` with every problem of the file."""
    path = Path(path)
    text, raw = read_toml(path)
    return parse_national(raw, where=str(path), text=text, folder=path.parent).placed_in(path.parent)


def parse_national(
    raw: Mapping[str, Any], *, where: str = "scenario", text: str = "", folder: Path | None = None
) -> NationalScenario:
    """The national study in a plain mapping, as TOML or JSON give it; keys in US dollars are converted."""
    bounded, unbounded = bound_values(_with_site_file(raw, folder or Path()), where)
    problems = [
        replace(problem, where=problem.where or place_of(where, text, problem.key.split(".")))
        for problem in limit_problems(chain(unbounded, _find_problems(bounded)))
    ]
    converted = convert_dollars(bounded, yen_per_usd(bounded))
    try:
        study = NationalScenario.model_validate_json(json.dumps(converted, default=str))
    except ValidationError as error:
        explained = explain_error(error, where, text, unbounded, NationalScenario)
        raise ScenarioError(limit_problems([*explained, *problems])) from None
    problems += [
        replace(problem, where=place_of(where, text, problem.key.split(".")))
        for problem in limit_problems(chain(_find_conflicts(study), _find_unknown_packages(study, folder)))
    ]
    if problems:
        raise ScenarioError(problems)
    return study


def _with_site_file(raw: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The mapping with the rows of its table of sites put before its own `[[site]]`."""
    named = raw.get(TABLE)
    name = named.get("sites_file") if isinstance(named, Mapping) else None
    given = dict(raw)
    if isinstance(name, str):
        sites = raw.get("site", [])
        given["site"] = [*_read_sites(folder / name), *(sites if isinstance(sites, list) else [])]
    return given


def _read_sites(path: Path) -> list[dict[str, Any]]:
    try:
        if may_open(path) and not path.is_file():
            raise ScenarioError(Problem("national_study.no_sites_file", str(path), "national.sites_file"))
        table = read_table(path)
    except OSError as error:
        raise ScenarioError(Problem("scenario.unreadable", str(path), reason=reason_of(error))) from None
    except WeatherError as error:
        raise ScenarioError(error.problems) from None
    known, words = set(CandidateSite.model_fields) - {"supply", "weather"}, {"id", "name", "like", "area", "kind"}
    problems = [_unknown_column(column, str(path), known) for column in sorted(set(table.header) - known)]
    problems += _repeated(list(table.header), "national.sites_file")
    sites = []
    for number, row in enumerate(table.rows):
        site: dict[str, Any] = {}
        for column, cell in zip(table.header, row, strict=True):
            if cell is None or cell == "" or column not in known:
                continue
            value = str(cell) if column in words else _cell_value(column, cell)
            if value is None:
                fault = "national_study.no_truth" if column in TRUTHS else "national_study.no_number"
                problems.append(Problem(fault, table.at(number), column, cell=str(cell)))
            else:
                site[column] = value
        if "id" not in site:
            problems.append(Problem("national_study.no_id", table.at(number), "id"))
        sites.append(site)
    if problems:
        raise ScenarioError(limit_problems(problems))
    return sites


def _cell_value(column: str, cell: object) -> bool | int | float | None:
    """What a cell of a column that holds no words says; None where it says nothing that is allowed there."""
    if column in TRUTHS:
        return parse_truth(cell)
    number = parse_number(cell) if isinstance(cell, str) else cell
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    if column == "connection_year":
        return int(number) if float(number).is_integer() else None
    return float(number)


def _tables(raw: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = raw.get(key, [])
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


def _find_problems(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Names that the catalogue does not know, and names that stand twice."""
    catalogue = load_catalogue()
    head = raw.get(TABLE)
    head = head if isinstance(head, Mapping) else {}
    if isinstance(head.get("chip"), str):
        yield from (replace(problem, key="national.chip") for problem in find_unknown_chip(head["chip"], catalogue))
    listed = head.get("sites")
    for name in listed if isinstance(listed, list) else []:
        if isinstance(name, str) and name not in catalogue.sites:
            yield _unknown_site(name, "national.sites")
    if isinstance(listed, list):
        yield from _repeated([name for name in listed if isinstance(name, str)], "national.sites")
    for key in ("tranche", "site", "shared", "build_limit", "interconnector"):
        yield from _repeated([str(entry.get("id")) for entry in _tables(raw, key)], f"{key}.id")
    own = {str(entry.get("id")) for entry in _tables(raw, "site")}
    for entry in _tables(raw, "site"):
        name = str(entry.get("id"))
        like = entry.get("like")
        if isinstance(like, str) and like not in catalogue.sites:
            yield _unknown_site(like, "site.like")
        missing = [key for key in ("latitude_deg", "longitude_deg", "area") if entry.get(key) is None]
        if name not in catalogue.sites and like is None and missing:
            near = nearest(name, catalogue.sites)
            remedy = "national_study.add_or_nearest" if near else "national_study.add_or_like"
            yield Problem(
                "national_study.site", key="site.id", remedy=remedy, name=name, missing=tuple(missing), near=near
            )
        area = entry.get("area")
        if isinstance(area, str) and area not in AREAS:
            yield _unknown_area(area, "site.area")
    for area in raw.get("area", {}) if isinstance(raw.get("area"), Mapping) else ():
        if area not in AREAS:
            yield _unknown_area(str(area), f"area.{area}")
    yield from _find_unknown_links(raw, catalogue)
    for key, owner in (("", raw), *(("site.", entry) for entry in _tables(raw, "site"))):
        supply = owner.get("supply")
        for name, option in supply.items() if isinstance(supply, Mapping) else ():
            if not isinstance(option, Mapping) or option.get("enabled") is False:
                continue
            # The least cost of a site is convex in its size, which whole units are not.
            if option.get("unit_mw") is not None:
                yield Problem("national_study.unit_mw", key=f"{key}supply.{name}.unit_mw")
            elif name in CATALOGUE_PLANTS:
                yield Problem("national_study.unit_plant", key=f"{key}supply.{name}")
    for entry in _tables(raw, "build_limit"):
        for name in entry.get("sites", []) if isinstance(entry.get("sites"), list) else []:
            if str(name) not in catalogue.sites and str(name) not in own:
                yield _unknown_site(str(name), "build_limit.sites")
    for entry in _tables(raw, "shared"):
        for name in entry.get("sites", []) if isinstance(entry.get("sites"), list) else []:
            if str(name) not in catalogue.sites and str(name) not in own:
                yield _unknown_site(str(name), "shared.sites")
        supply = entry.get("supply")
        options = (*KNOWN_SUPPLY, *(raw.get("supply", {}) if isinstance(raw.get("supply"), Mapping) else ()))
        if isinstance(supply, str) and supply not in options:
            near = nearest(supply, options)
            remedy, key = "nearest" if near else "choose", "shared.supply"
            yield Problem("national_study.supply", key=key, remedy=remedy, name=supply, near=near, names=options)
    assumptions = raw.get("assumptions")
    if isinstance(assumptions, Mapping):
        try:
            numbers = {key: value for key, value in assumptions.items() if type(value) in {int, float}}
            catalogue.overridden(numbers)
        except CatalogueError as error:
            yield from (replace(problem, key=f"assumptions.{problem.key}".rstrip(".")) for problem in error.problems)


def _find_unknown_links(raw: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Problem]:
    """Interconnectors that the catalogue does not know and that do not say what they join."""
    for entry in _tables(raw, "interconnector"):
        name, key = str(entry.get("id")), "interconnector.id"
        ends = [entry.get("from_area"), entry.get("to_area")]
        yield from (
            _unknown_area(end, "interconnector.from_area") for end in ends if isinstance(end, str) and end not in AREAS
        )
        if name in interconnector_names(catalogue):
            if any(ends):
                yield Problem("national_study.link_areas", key=key, name=name)
            capex = f"interconnector.{name}.expansion_capex"
            known = capex in catalogue
        else:
            known = False
            missing = [key for key in ("from_area", "to_area", "forward_mw") if entry.get(key) is None]
            if missing:
                known_links = interconnector_names(catalogue)
                near = nearest(name, known_links)
                yield Problem(
                    "national_study.link",
                    key=key,
                    remedy="nearest" if near else "national_study.add_or_choose",
                    name=name,
                    missing=tuple(missing),
                    near=near,
                    names=known_links,
                )
            elif ends[0] == ends[1]:
                yield Problem("national_study.link_loop", key=key, name=name, area=ends[0])
        if entry.get("expansion_mw") and entry.get("expansion_capex_myen_per_mw") is None and not known:
            yield Problem("national_study.link_cost", key="interconnector.expansion_mw", name=name)


def interconnector_names(catalogue: Catalogue) -> tuple[str, ...]:
    """The interconnectors of the catalogue, `FROM-TO`, in its order."""
    names = (fact.split(".") for fact in catalogue.facts if fact.startswith("interconnector."))
    return tuple(dict.fromkeys(parts[1] for parts in names if parts[-1] == "forward"))


def with_price_response(study: NationalScenario) -> NationalScenario:
    """The study at prices of areas that answer to all of its sites; `ScenarioError` where they cannot."""
    found = study.changed(national={**study.national.model_dump(), "price_response": "market"})
    problems = list(_find_unanswerable(found))
    if problems:
        raise ScenarioError(problems)
    return found


def _find_unanswerable(study: NationalScenario) -> Iterator[Problem]:
    """Why prices of areas cannot answer to a study that asks for it."""
    if study.national.price_response == "none":
        return
    key = "national.price_response"
    if study.phases is not None:
        yield Problem("national_study.response_phases", key=key)
    if study.finance.cost_set == "united-states":
        yield Problem("national_study.response_abroad", key=key)


def _find_conflicts(study: NationalScenario) -> Iterator[Problem]:
    """Keys that do not go together."""
    phases = len(study.years)
    for tranche in study.tranche:
        if isinstance(tranche.it_load_mw, tuple) and len(tranche.it_load_mw) != phases:
            yield Problem(
                "national_study.phase_values",
                key="tranche.it_load_mw",
                name=tranche.id,
                count=len(tranche.it_load_mw),
                phases=phases,
            )
    delays = {tranche.max_delay_hours for tranche in study.tranche if tranche.deferrable_share > 0}
    if len(delays) > 1:
        yield Problem("national_study.delays", key="tranche.max_delay_hours", delays=tuple(sorted(delays)))
    if study.phases is not None and study.phases.years[0] < study.national.decision_year:
        first, decided = study.phases.years[0], study.national.decision_year
        yield Problem("national_study.phases_early", key="phases.years", first=first, decided=decided)
    if study.national.year is not None and study.national.year < study.national.decision_year:
        year, decided = study.national.year, study.national.decision_year
        yield Problem("national_study.year_early", key="national.year", year=year, decided=decided)
    if study.build_limit and None in study.years:
        yield Problem("national_study.limit_year", key="build_limit.years")
    for site in study.site:
        if site.min_mw is not None and site.max_mw is not None and site.min_mw > site.max_mw:
            key = "site.min_mw"
            yield Problem("national_study.site_bounds", key=key, name=site.id, least=site.min_mw, most=site.max_mw)
    yield from _find_different_years(study)
    if study.grid.max_export_mw > 0:
        yield Problem("national_study.export", key="grid.max_export_mw", export_mw=study.grid.max_export_mw)
    if study.grid.flexibility_mw > 0:
        yield Problem("national_study.flexibility", key="grid.flexibility_mw")
    if study.grid.price_answers:
        yield Problem("national_study.price_response", key="grid.price_response")
    yield from _find_unanswerable(study)
    if study.grid.contract is not None:
        yield Problem("national_study.contract", key="grid.contract")


def _find_different_years(study: NationalScenario) -> Iterator[Problem]:
    """Weather of calendar years that is not the same at all sites: one plan has one time axis."""
    own = {site.id: site.weather for site in study.site if site.enabled and site.weather is not None}
    years = {name: weather.years for name, weather in own.items() if weather.years}
    if study.weather.years:
        years = {"[weather]": study.weather.years, **years}
    if len(set(years.values())) > 1:
        said = "; ".join(f"{name} {', '.join(str(year) for year in held)}" for name, held in years.items())
        yield Problem("national_study.weather_years", key="weather.years", years=said)


def _find_unknown_packages(study: NationalScenario, folder: Path | None) -> Iterator[Problem]:
    """Packages that are neither known by their name nor a file beside the study."""
    from kiban.scenario.package import load_package

    for name in study.policy.packages:
        try:
            load_package(name, folder)
        except ScenarioError as error:
            yield from (
                problem if problem.where else replace(problem, key="policy.packages") for problem in error.problems
            )


def _repeated(names: list[str], key: str) -> Iterator[Problem]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Problem("national_study.repeated", key=key, name=name, count=count)


def _unknown_column(column: str, where: str, known: set[str]) -> Problem:
    near = nearest(column, known)
    return Problem("national_study.column", where, remedy="nearest" if near else "", name=column, near=near)


def _unknown_site(name: str, key: str) -> Problem:
    near = nearest(name, load_catalogue().sites)
    return Problem("no_site", key=key, remedy="nearest" if near else "national_study.sites", name=name, near=near)


def _unknown_area(name: str, key: str) -> Problem:
    near = nearest(name, AREAS)
    return Problem("no_area", key=key, remedy="nearest" if near else "choose", name=name, near=near, names=AREAS)
