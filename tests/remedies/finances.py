"""Remedies of questions of PAY: prices, debt, budgets, ranges, draws, and shares that add up to more than one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from tests.cases.payments import campus, paid, question
from tests.cases.purchases import campus as purchases
from tests.remedies import Case, Ground, Step
from tests.unit import test_cash_flow as cash
from tests.unit.test_joint_draws import asked

from kiban.catalogue import load_catalogue
from kiban.finance import comparison
from kiban.finance.cash_flow import project_cash_flow
from kiban.finance.connecting import compare_connections
from kiban.finance.downside import read_downside
from kiban.finance.drawn_answers import DrawnQuestion
from kiban.finance.growth import claim, load_claims
from kiban.finance.large_load import read_chances
from kiban.finance.leakage import require_shares
from kiban.finance.levelised import break_even_price
from kiban.finance.paying import Question
from kiban.finance.uncertain import draw_rows
from kiban.scenario import parse_scenario
from kiban.scenario.plant import KNOWN_SUPPLY

ROWS = ("chip.life", "pv.capex", "hydro.capex")
CONTRADICTION = {(ROWS[0], ROWS[1]): 0.9, (ROWS[1], ROWS[2]): 0.9, (ROWS[0], ROWS[2]): -0.9}


PLACE = purchases({})["site"]


def alone(**sections: Any) -> Any:
    """A small campus in Tokyo."""
    raw = purchases({}, **sections)
    del raw["procurement"]
    return parse_scenario(raw)


def free() -> Any:
    """A project that sells for no price that anybody named."""
    plain = cash.project()
    return replace(plain, streams=(replace(plain.streams[0], price_myen_per_mwh=None),))


def flow(project: Any, **options: Any) -> Step:
    return lambda: project_cash_flow(project, cash.assumptions(**options))


def poor() -> Any:
    """A project that its price does not pay for."""
    plain = cash.project()
    return replace(plain, streams=(replace(plain.streams[0], price_myen_per_mwh=1e-9),))


def over(text: str) -> Step:
    return lambda: comparison._parse_range(text)


def drawn(count: int = 2, **correlations: Any) -> Step:
    return lambda: draw_rows(asked().rows, seed=1, draws=count, **correlations)


def catalogue(**rows: float) -> Any:
    return load_catalogue().overridden({name.replace("__", "."): value for name, value in rows.items()})


def demand_of(payment: Any) -> Step:
    return lambda: DrawnQuestion(question(), payment)


def answered(**grid: Any) -> tuple[Question, Any]:
    """The question and answer of a campus with these keys of its connection."""
    asked = Question(campus(grid=grid))
    return asked, asked.pay(("tax-credit",))


def answering(**grid: Any) -> Step:
    """Draws of that answer."""

    def step() -> object:
        asked, answer = answered(**grid)
        return DrawnQuestion(asked, answer)

    return step


def connected(most_mw: float) -> Step:
    """Draws of a campus that has its connection alone."""
    bare = {"time": {"hours": 24}, "target": {"clean_share": 0.0}, "battery": {"enabled": False}}
    bare["backup"] = {"technology": "none", "critical_share": 0.0}
    bare["supply"] = {name: {"enabled": False} for name in KNOWN_SUPPLY}

    def step() -> object:
        asked = Question(campus(grid={"max_mw": most_mw}, **bare))
        return DrawnQuestion(asked, asked.pay(("tax-credit",)))

    return step


def fixed_demand() -> Any:
    """An answer whose demand does not answer to the price."""
    answer = paid("tax-credit")
    return replace(answer, demand=replace(answer.demand, elasticity=0.0))


def downside(g: Ground, scale: float) -> Step:
    """The stated correlations, times a factor."""

    def step() -> Any:
        plain = load_catalogue()
        rows = {
            name: float(np.clip(fact.value * scale, -1, 1))
            for name, fact in plain.facts.items()
            if name.startswith("downside.correlation.")
        }
        return read_downside(plain.overridden(rows))

    return step


CASES: Mapping[str, Case] = {
    "finance.no_queue": lambda g: (
        lambda: compare_connections(alone(grid={"enabled": False}, backup={"technology": "diesel"})),
        lambda: compare_connections(alone()),
        lambda: compare_connections(alone(site={**PLACE, "area": "okinawa"})),
    ),
    "finance.no_price": lambda g: (
        flow(free()),
        flow(cash.project()),
        flow(free().priced(break_even_price(free(), cash.assumptions()))),
    ),
    "finance.no_debt": lambda g: (
        flow(poor(), debt_share=0.5, insists_on_debt=True),
        flow(cash.project(), debt_share=0.5, insists_on_debt=True),
        flow(poor(), debt_share=0.0, insists_on_debt=True),
    ),
    "finance.range": lambda g: (over("credit_rate"), over("credit_rate=0:0.5:0.01")),
    "finance.no_claim": lambda g: (lambda: claim("zzz"), lambda: [claim(name) for name in load_claims()]),
    "finance.draws": lambda g: (drawn(0), drawn(1)),
    "finance.correlation": lambda g: (
        drawn(correlations={("zzz", ROWS[1]): 0.5}),
        drawn(correlations={(ROWS[0], ROWS[1]): 0.5}),
    ),
    "finance.no_joint": lambda g: (
        drawn(correlations=CONTRADICTION),
        drawn(correlations={pair: 0.2 * r for pair, r in CONTRADICTION.items()}),
    ),
    "finance.draws_demand": lambda g: (
        demand_of(fixed_demand()),
        fixed_demand,
        demand_of(paid("tax-credit")),
    ),
    "finance.draws_public": lambda g: (
        demand_of(paid("public-ownership")),
        lambda: paid("public-ownership"),
        demand_of(paid("tax-credit")),
    ),
    "finance.draws_response": lambda g: (
        answering(price_response="observed"),
        lambda: answered(price_response="observed"),
        answering(),
    ),
    "finance.draws_room": lambda g: (connected(60.0), lambda: paid("tax-credit"), connected(100.0)),
    "finance.over_one": lambda g: (
        lambda: require_shares(catalogue(leakage__share_abroad=0.8, leakage__share_other_prefectures=0.3)),
        lambda: require_shares(catalogue(leakage__share_abroad=0.7, leakage__share_other_prefectures=0.3)),
        lambda: read_chances(catalogue(large_load__absence_probability=0.6, large_load__part_probability=0.4)),
    ),
    "finance.contradiction": lambda g: (downside(g, 50.0), downside(g, 1.0), downside(g, 0.5)),
    "pay_objective": lambda g: (
        lambda: Question(campus(target={"objective": "emissions", "budget_myen_per_year": 1e5})),
        lambda: Question(campus(target={"clean_share": 0.6})),
        lambda: Question(campus(target={"carbon_cap_t_per_year": 1e6})),
    ),
}
