"""Plans that tests of operation operate, each built once for all of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import kiban
from kiban.planning.plan import Plan
from kiban.scenario.examples import load_scenario

SMALL = Path(__file__).with_name("small_run.toml")
WIDE = Path(__file__).with_name("wide_run.toml")
"""Five days with everything that a plant may have; the compiled window does not know it."""


@cache
def plan_of(scenario: Path) -> Plan:
    """The plan of a scenario of one site."""
    built = kiban.build(scenario)
    assert isinstance(built, Plan)
    return built


@cache
def nine_weeks() -> Plan:
    """Nine weeks of the small plant: a model of forecasts needs eight."""
    scenario = load_scenario(str(SMALL))
    built = kiban.build(scenario.model_copy(update={"time": scenario.time.model_copy(update={"hours": 1512})}))
    assert isinstance(built, Plan)
    return built
