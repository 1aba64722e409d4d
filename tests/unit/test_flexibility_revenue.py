"""Flexibility that is sold, as BUILD counts it and PAY books it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import kiban
from kiban.errors import InputError
from kiban.finance.project import project_from_plan
from kiban.planning.plan import Plan
from kiban.planning.preparation import prepare
from kiban.planning.pypsa_network import build_network, optimise, read_capacities
from kiban.report.messages import say_problem
from kiban.scenario import parse_scenario

SCENARIO = Path(__file__).parents[1] / "cases" / "small_run.toml"


def build(**grid: Any) -> Plan:
    raw = tomllib.loads(SCENARIO.read_text(encoding="utf-8"))
    raw["grid"] |= grid
    plan = kiban.build(parse_scenario(raw))
    assert isinstance(plan, Plan)
    return plan


def test_what_is_sold_within_the_connection_earns_its_price_and_changes_nothing_else() -> None:
    """5 MW at 10 million yen a MW and year are 50 million yen; the connection is larger than that anyway."""
    without, plan = build(), build(flexibility_mw=5, flexibility_price_myen_per_mw_year=10)
    assert plan.costs["flexibility_revenue"] == pytest.approx(-50.0)
    assert plan.cost_myen_per_year == pytest.approx(without.cost_myen_per_year - 50.0)
    assert plan.capacities["interconnection_mw"] == pytest.approx(without.capacities["interconnection_mw"], rel=1e-4)
    assert project_from_plan(plan).operating_costs_myen_per_year["flexibility_revenue"] == pytest.approx(-50.0)


def test_no_more_is_sold_than_the_connection_carries_as_in_pypsa() -> None:
    """The connection may have 8 MW; at this price it is built as large as it may be, and all of it is sold."""
    plan = build(flexibility_mw=50, flexibility_price_myen_per_mw_year=10)
    assert plan.capacities["flexibility_mw"] == pytest.approx(8.0)
    assert plan.capacities["interconnection_mw"] == pytest.approx(8.0)
    network = build_network(prepare(plan.scenario).resources_for(plan.cooling_system))
    assert optimise(network) == "optimal"
    assert network.objective == pytest.approx(plan.cost_myen_per_year, rel=1e-6)
    assert read_capacities(network)["flexibility_mw"] == pytest.approx(8.0)


def test_flexibility_without_a_price_is_refused_in_both_languages() -> None:
    with pytest.raises(InputError) as caught:
        build(flexibility_mw=5)
    (problem,) = caught.value.problems
    for language in ("en", "ja"):
        assert "flexibility_price_myen_per_mw_year" in say_problem(problem, language)
