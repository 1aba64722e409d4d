"""A place by its coordinates in place of a scenario: `kiban build --at 35.7,140.1`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from kiban.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from kiban.scenario import Scenario

At = Annotated[
    str | None, typer.Option("--at", metavar="LAT,LON", help="A place on earth in place of a scenario, as 35.7,140.1.")
]
Weather = Annotated[
    str | None,
    typer.Option("--weather", metavar="FILE", help="With --at: a weather file of any known format, or a service."),
]
Years = Annotated[str | None, typer.Option("--years", metavar="YEARS", help="With --at: as 2019 or 2015-2019.")]
LoadMw = Annotated[
    float | None, typer.Option("--load-mw", metavar="MW", help="With --at: the IT load; default: as in a scenario.")
]
WindMw = Annotated[
    float | None,
    typer.Option(
        "--wind-mw", metavar="MW", help="With --at: most wind on land, from the weather's wind; default: none."
    ),
]
Currency = Annotated[
    Literal["JPY", "USD"] | None, typer.Option("--currency", help="With --at: of the report; default: by country.")
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="With --at: a key of the scenario, as weather.fill_gaps_hours=3; repeatable."
    ),
]
_YEARS = re.compile(r"(\d{4})(?:-(\d{4}))?")
MOST_YEARS = 20


def read_place(
    scenario: str | None,
    at: str | None,
    weather: str | None,
    years: str | None,
    load_mw: float | None,
    wind_mw: float | None,
    currency: Literal["JPY", "USD"] | None,
    changes: Sequence[str] | None = None,
) -> Scenario | None:
    """The scenario of the place that is asked for; None without `--at`, which the other options need."""
    others = {
        "--weather": weather,
        "--years": years,
        "--load-mw": load_mw,
        "--wind-mw": wind_mw,
        "--currency": currency,
        "--set": changes or None,
    }
    if at is None:
        for key, value in others.items():
            if value is not None:
                raise ScenarioError(Problem("command.only_at", key=key))
        return None
    if scenario is not None:
        raise ScenarioError(Problem("command.at_or_scenario", key="--at", name=scenario))
    from kiban.planning.anywhere import read_coordinates, scenario_at

    return scenario_at(
        *read_coordinates(at),
        weather=weather,
        years=_read_years(years),
        load_mw=load_mw,
        wind_mw=wind_mw,
        currency=currency,
        changes=_read_changes(changes or ()),
    )


def _read_changes(given: Sequence[str]) -> list[dict[str, Any]]:
    """Keys and values as in TOML; a value that is none is a text."""
    from kiban.scenario.bounds import load_toml

    changes = []
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise ScenarioError(Problem("command.set", key="--set", text=text))
        try:
            changes.append(load_toml(f"{key} = {value}", key="--set"))
        except ScenarioError:
            changes.append(load_toml(f"{key} = {json.dumps(value.strip())}", key="--set"))
    return changes


def _read_years(text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    match = _YEARS.fullmatch(text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if not first <= last < first + MOST_YEARS:
        raise ScenarioError(Problem("command.years", key="--years", text=text, most=MOST_YEARS))
    return tuple(range(first, last + 1))
