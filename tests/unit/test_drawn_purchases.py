"""Joint draws of a campus that buys its power some way: bills by account, prices that move, bounds that hold."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.cases.payments import WEEK

from kiban.finance.drawn_answers import DrawnQuestion
from kiban.finance.drawn_figures import own_answers
from kiban.finance.drawn_model import MARKET, CostPoint, Law
from kiban.finance.drawn_purchases import list_items, only_prices_move
from kiban.finance.paying import Question
from kiban.finance.payment import Payment
from kiban.finance.project import PROCUREMENT_ACCOUNTS
from kiban.finance.uncertain import draw_rows, one_at_a_time
from kiban.scenario import Scenario, parse_scenario

NO_WIND = {name: {"enabled": False} for name in ("wind_onshore", "wind_offshore_fixed", "wind_offshore_floating")}
BUYING: dict[str, Any] = {
    **WEEK,
    "name": "Three days that buy their power",
    "site": {"id": "inzai"},
    "time": {"hours": 72},
    "grid": {"max_mw": 100},
    "supply": {"pv": {"max_mw": 30}, **NO_WIND},
    "battery": {"enabled": False},
    "backup": {"technology": "none", "critical_share": 0.0},
    "target": {"clean_share": 0.7, "carbon_price_myen_per_t": 0.003},
    "procurement": {
        "tariff_date": "2026-11",
        "menu": {"list": {}},
        "market": {"max_mw": 20},
        "plant": {
            "akita": {"technology": "wind_onshore", "site": "akita", "max_mw": 150},
            "own": {"technology": "pv", "way": "self_wheeling", "min_mw": 8, "max_mw": 100},
        },
        "certificates": {"claim_share": 0.9},
    },
}
PPA, MENU, ERRORS = "ppa.wind_onshore.2025_04", "grid.tokyo.tariff_energy_charge", "imbalance.error_share.pv"


def campus(**changes: Any) -> Scenario:
    return parse_scenario(BUYING | changes)


@cache
def paid() -> tuple[Question, Payment]:
    question = Question(campus())
    return question, question.pay(("tax-credit",))


@cache
def asked() -> DrawnQuestion:
    return DrawnQuestion(*paid())


def price_of(name: str, values: dict[str, float]) -> float:
    costs = asked().costs
    return costs.at(values).bought[[item.name for item in costs.items].index(name)]


def row_of(name: str) -> Any:
    return next(row for row in asked().rows if row.row == name)


def test_what_a_design_buys_at_its_prices_is_its_bill_by_account() -> None:
    drawn, plan = asked(), paid()[1].before.plan
    built = drawn.designs.levels[0].rows(np.array([0]))
    bill = dict(zip(MARKET, built.market[0], strict=True))
    for item, quantity in zip(drawn.costs.items, built.bought[0], strict=True):
        bill[item.account] += item.price * quantity
    bought = [account for account in PROCUREMENT_ACCOUNTS if plan.costs.get(account)]
    assert {"retail_basic", "retail_energy", "market_energy", "ppa", "balancing", "imbalance", "certificates",
            "capacity_contribution", "generation_charge"} <= set(bought)  # fmt: skip
    for account in bought:
        assert bill[account] == pytest.approx(plan.costs[account], rel=1e-4), account
    drawn_mwh = plan.indicators["import_mwh_per_year"]
    assert bill["energy"] + drawn.costs.charges[0] * drawn_mwh == pytest.approx(plan.costs["energy"], rel=1e-4)
    # What is wheeled by oneself is free of the surcharge, which is a price of its own.
    exempt = [quantity for item, quantity in zip(drawn.costs.items, built.bought[0], strict=True) if item.is_exempt]
    assert exempt[0] > 0.0


def test_a_row_moves_its_price_alone() -> None:
    known = asked().costs.at({})
    generated = next(one for one in known.procurement.plants if one.name == "akita").generated_mwh_per_mw
    row = row_of(PPA)
    rise = price_of("procured_akita_ppa", {PPA: row.ends[1]}) - price_of("procured_akita_ppa", {})
    assert rise == pytest.approx(generated * (row.ends[1] - row.triangle.mode), rel=1e-9)
    moved = asked().costs.at({PPA: row.ends[1]})
    same = [one == other for one, other in zip(known.bought, moved.bought, strict=True)]
    assert same.count(False) == 1
    menu = row_of(MENU)
    assert price_of("bought_list", {MENU: menu.ends[0]}) - price_of("bought_list", {}) == pytest.approx(
        menu.ends[0] - menu.triangle.mode
    )
    assert only_prices_move(known.procurement, moved.procurement)
    shaped = tuple(
        replace(way, energy_myen_per_mwh=way.energy_myen_per_mwh * np.linspace(0.9, 1.1, way.energy_myen_per_mwh.size))
        for way in moved.procurement.ways
    )
    assert not only_prices_move(known.procurement, replace(moved.procurement, ways=shaped))


def test_a_draw_in_which_nothing_moves_is_the_answer_and_one_row_that_scenario() -> None:
    drawn, payment = asked(), paid()[1]
    names, table = [row.row for row in drawn.rows], one_at_a_time(drawn.rows)
    assert {PPA, MENU, ERRORS, "certificate.fit.2026_04", "capacity_contribution.retail_share"} <= set(names)
    place = names.index(PPA)
    found, own = drawn.answer(table[[0, 2 + 2 * place]]), own_answers(payment)
    assert found.fiscal_cost_myen[0] == pytest.approx(own.fiscal_cost_myen[0], rel=1e-12)
    assert found.parties_myen[0] == pytest.approx(own.parties_myen[0], rel=1e-12)
    anew = Question(campus(assumptions={PPA: drawn.rows[place].ends[1]})).pay(("tax-credit",))
    assert found.fiscal_cost_myen[1] == pytest.approx(anew.fiscal_cost_myen, rel=6e-3)
    assert found.discount_rate[1] == pytest.approx(anew.assumptions.discount_rate_real, abs=3e-5)
    assert found.induced_it_mw[1] == pytest.approx(anew.induced_it_mw, abs=0.02, rel=0.015)


def test_the_bounds_hold_against_designs_solved_at_moved_prices() -> None:
    """The cheapest known design costs no less than the one of these prices, and no more than the bound allows."""
    drawn, (question, payment) = asked(), paid()
    rows = [row for row in drawn.rows if row.row in {PPA, MENU, ERRORS}]
    rate, terms = question.campus_terms.assumptions.discount_rate_real, payment.before.terms
    for end in (0, 1):
        values = {row.row: row.ends[end] for row in rows}
        point = CostPoint(values, rate, Law(payment.before.packages, payment.before.refused))
        resources = drawn.designs._model.resources_at(point)
        assert [item.price for item in list_items(resources)] == pytest.approx(drawn.costs.at(values).bought)
        (solved,) = drawn.designs.solve([(0.0, point)])
        table = np.array([[values.get(row.row, row.triangle.mode) for row in drawn.rows]])
        group = drawn._prepare(table, 0.0)
        costs, _, _ = drawn._costs(group, terms, drawn._before_costs, {})
        known = drawn.designs.levels[0]
        best = known.rows(costs.of(known).argmin(axis=1))
        gap = drawn.designs.gaps(costs, best, np.zeros((1, 1)))[0]
        least, most = costs.of_rows(solved)[0], costs.of_rows(best)[0]
        assert least <= most * (1 + 1e-6)
        assert most - least <= (gap + 1e-6) * most
        assert 0.0 <= gap < 0.05


def test_draws_of_what_is_bought_differ_and_have_a_proven_gap() -> None:
    found = asked().answer(draw_rows(asked().rows, seed=3, draws=3))
    assert np.unique(found.fiscal_cost_myen).size == 3
    assert (found.design_gap <= 0.01).all()
