"""Joint draws of what PAY assumes: against scenarios asked from scratch, bounds that hold, and what a seed fixes."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from tests.cases.payments import campus, paid, question

from kiban.errors import ScenarioError
from kiban.finance.comparison import INSTRUMENTS
from kiban.finance.drawn_answers import DrawnQuestion
from kiban.finance.drawn_figures import own_answers
from kiban.finance.drawn_model import LEVELS, CostPoint, Law
from kiban.finance.drawn_sides import mean_bid
from kiban.finance.firmness import GOALS
from kiban.finance.joint_draws import _Order, with_draws
from kiban.finance.ledger import PARTIES
from kiban.finance.paying import Question
from kiban.finance.payment import Payment
from kiban.finance.uncertain import draw_rows, one_at_a_time
from kiban.quantities import Language
from kiban.report.layout import render
from kiban.report.payment.document import payment_document
from kiban.report.payment.terminal import payment_text
from kiban.report.payment.words import answer

FIGURES = ("fiscal_cost_myen", "windfall_share", "induced_it_mw", "value_of_public_funds")


@cache
def asked(name: str = "tax-credit") -> DrawnQuestion:
    """The question about a package, with the designs that all draws share."""
    return DrawnQuestion(question(), paid(name))


@cache
def drawn() -> Payment:
    """An answer with its draws."""
    return with_draws(question(), paid("tax-credit"), draws=24, seed=7)


def names() -> list[str]:
    return [row.row for row in asked().rows]


def test_a_draw_in_which_nothing_moves_is_the_answer_itself() -> None:
    found, own = asked().answer(np.repeat(one_at_a_time(asked().rows)[:1], 3, axis=0)), own_answers(paid("tax-credit"))
    for name in (*FIGURES, "parties_myen"):
        assert getattr(found, name) == pytest.approx(np.repeat(getattr(own, name), 3, axis=0), rel=1e-12), name


def test_where_all_is_given_every_draw_is_the_answer() -> None:
    """Rows that the scenario gives have no width, so that nothing is left to draw."""
    given = {row.row: row.triangle.mode for row in asked().rows}
    scenario = campus(assumptions=given)
    certain = Question(scenario)
    payment = certain.pay(("tax-credit",))
    everywhere = DrawnQuestion(certain, payment)
    assert everywhere.rows == ()
    found = everywhere.answer(draw_rows((), seed=1, draws=4))
    assert found.fiscal_cost_myen.tolist() == pytest.approx([payment.fiscal_cost_myen] * 4, rel=1e-12)
    assert found.induced_it_mw.tolist() == pytest.approx([payment.induced_it_mw] * 4, rel=1e-12)


@pytest.mark.parametrize(
    ("row", "end"),
    [
        ("finance.equity_rate", 1),
        ("finance.debt_share", 0),
        ("chip.life", 0),
        ("chip.gb200.price", 1),
        ("demand.price_elasticity", 1),
        ("finance.pass_through", 1),
        ("pv.capex", 1),
        ("battery.energy_capex", 0),
    ],
)
def test_one_at_a_time_is_that_scenario_from_scratch(row: str, end: int) -> None:
    place = names().index(row)
    found = asked().answer(one_at_a_time(asked().rows)[[1 + 2 * place + end]])
    scenario = campus(assumptions={row: asked().rows[place].ends[end]})
    anew = Question(scenario).pay(("tax-credit",))
    assert found.fiscal_cost_myen[0] == pytest.approx(anew.fiscal_cost_myen, rel=6e-3)
    assert found.windfall_share[0] == pytest.approx(anew.support.windfall_share, abs=4e-3)
    assert found.induced_it_mw[0] == pytest.approx(anew.induced_it_mw, abs=0.02, rel=0.015)
    assert found.value_of_public_funds[0] == pytest.approx(anew.value_of_public_funds, rel=4e-3)
    assert found.discount_rate[0] == pytest.approx(anew.assumptions.discount_rate_real, abs=3e-5)
    treasury = PARTIES.index("national_treasury")
    assert found.parties_myen[0, treasury] == pytest.approx(anew.party_values_myen["national_treasury"], rel=6e-3)


def test_several_rows_at_once_are_that_scenario_from_scratch() -> None:
    values = draw_rows(asked().rows, seed=11, draws=2)[1:]
    scenario = campus(assumptions={row.row: float(value) for row, value in zip(asked().rows, values[0], strict=True)})
    anew = Question(scenario).pay(("tax-credit",))
    found = asked().answer(values)
    assert found.fiscal_cost_myen[0] == pytest.approx(anew.fiscal_cost_myen, rel=0.01)
    assert found.induced_it_mw[0] == pytest.approx(anew.induced_it_mw, rel=0.03)


def test_any_part_of_the_draws_is_the_same_alone() -> None:
    values = draw_rows(asked().rows, seed=5, draws=9)
    whole = asked().answer(values)
    for part in (slice(0, 4), slice(4, 9)):
        alone = asked().answer(values[part])
        for name in (*FIGURES, "parties_myen"):
            # To ten yen: prices of draws are found together.
            assert getattr(alone, name) == pytest.approx(getattr(whole, name)[part], rel=1e-9, abs=1e-5), name
    assert draw_rows(asked().rows, seed=5, draws=4, first=5).tolist() == values[5:].tolist()


def test_the_same_seed_gives_the_same_bytes() -> None:
    again = with_draws(question(), paid("tax-credit"), draws=24, seed=7)
    written = (json.dumps(payment_document(one)["firmness"]) for one in (drawn(), again))
    assert next(written) == next(written)
    one, other = (draw_rows(asked().rows, seed=seed, draws=24) for seed in (7, 8))
    assert np.any(one != other, axis=1).all()


def test_the_mean_of_a_linear_figure_is_that_of_the_mean() -> None:
    """Fiscal cost is a straight line in the price of chips alone, so that its mean is that at the mean price."""
    place, draws = names().index("chip.gb200.price"), 400
    values = np.repeat(one_at_a_time(asked().rows)[:1], draws, axis=0)
    values[:, place] = draw_rows(asked().rows, seed=2, draws=draws)[:, place]
    cost = asked().answer(values, proven=False).fiscal_cost_myen
    middle = values[:1].copy()
    middle[0, place] = asked().rows[place].triangle.mean
    error = cost.std(ddof=1) / np.sqrt(draws)
    assert cost.mean() == pytest.approx(asked().answer(middle, proven=False).fiscal_cost_myen[0], abs=3 * error)


def test_draws_of_each_row_have_its_triangle() -> None:
    values = draw_rows(asked().rows, seed=3, draws=4000)
    for place, row in enumerate(asked().rows):
        column, (low, high) = values[:, place], row.ends
        assert low <= column.min() <= column.max() <= high
        assert column.mean() == pytest.approx(row.triangle.mean, abs=4 * column.std() / np.sqrt(4000)), row.row
    lives = values[:, names().index("chip.life")]
    assert np.all(lives * 2 == np.round(lives * 2))


def test_a_correlation_holds_and_leaves_each_row_as_it_is() -> None:
    pair = ("chip.gb200.price", "demand.price_elasticity")
    places = [names().index(name) for name in pair]
    free = draw_rows(asked().rows, seed=3, draws=4000)
    bound = draw_rows(asked().rows, seed=3, draws=4000, correlations={pair: -0.8})
    ranks = [np.corrcoef(values[:, places].argsort(axis=0).argsort(axis=0).T)[0, 1] for values in (free, bound)]
    # Of normal scores with correlation r, ranks have 6/pi asin(r/2).
    assert ranks[0] == pytest.approx(0.0, abs=0.05)
    assert ranks[1] == pytest.approx(6 / np.pi * np.arcsin(-0.4), abs=0.03)
    for place in places:
        assert bound[:, place].mean() == pytest.approx(asked().rows[place].triangle.mean, rel=0.03)


@pytest.mark.parametrize(
    "correlations",
    [
        {("chip.gb200.price", "no.such"): 0.5},
        {("chip.life", "chip.life"): 0.5},
        {("chip.life", "pv.capex"): 1.0},
        {("chip.life", "pv.capex"): 0.9, ("pv.capex", "hydro.capex"): 0.9, ("chip.life", "hydro.capex"): -0.9},
    ],
)
def test_correlations_that_cannot_be_are_refused(correlations: dict[tuple[str, str], float]) -> None:
    with pytest.raises(ScenarioError):
        draw_rows(asked().rows, seed=1, draws=2, correlations=correlations)


@pytest.mark.parametrize("draws", [0, -1, 100_001])
def test_numbers_of_draws_that_cannot_be_are_refused(draws: int) -> None:
    with pytest.raises(ScenarioError):
        draw_rows(asked().rows, seed=1, draws=draws)


def test_no_design_costs_less_than_the_bound() -> None:
    """Designs that are solved for a draw lie between what is proven and the designs that are used again."""
    known = asked()._known(draw_rows(asked().rows, seed=4, draws=6), proven=False)
    checked = 0
    for group in known:
        side = group.before
        gaps = asked().designs.gaps(side.costs, side.built, side.served_mw)
        reused = side.costs.of_rows(side.built)
        for place in range(len(gaps)):
            values = {
                row.row: float(group.group.values[place, number])
                for number, row in enumerate(asked().rows)
                if row.kind == "cost"
            }
            point = CostPoint(values, float(side.rate[place, 0]), Law(paid("tax-credit").before.packages))
            (built,) = asked().designs.solve([(0.0, point)])
            rows = side.built.with_rows([place], built)
            least = side.costs.of_rows(rows)[place]
            assert reused[place] * (1 - gaps[place]) <= least * (1 + 1e-7)
            assert least <= reused[place] * (1 + 1e-6)
            checked += 1
    assert checked == 6


def test_columns_are_the_cash_flow_of_the_plan() -> None:
    """Without a package, at the values of all rows: the cash flow that the plan itself has."""
    known = asked()._known(one_at_a_time(asked().rows)[:1], proven=False)[0]
    own, cash = question().before.cash, known.before.cash
    assert known.before.price[0, 0] == pytest.approx(question().before.campus.price_myen_per_mwh, rel=1e-4)
    for name in ("equity_flow", "project_flow", "available_for_debt_service"):
        flow = getattr(cash, name)[0]
        assert flow == pytest.approx(getattr(own, name), rel=1e-3, abs=1e-3 * np.abs(flow).max()), name
    assert cash.debt.balance[0] == pytest.approx(own.debt.balance, rel=1e-3, abs=1.0)


def test_the_ledger_of_columns_is_the_ledger() -> None:
    """Values of all parties add up to nothing at one rate, and are those of the entries of the same campus."""
    known = asked()._known(one_at_a_time(asked().rows)[:1], proven=False)[0]
    found = asked()._values(known.group, known.before, known.before.cash, dict.fromkeys(PARTIES, 0.04))
    ledger = question().before.ledger
    scale = max(abs(float(value[0])) for value in found.values())
    assert sum(float(value[0]) for value in found.values()) == pytest.approx(0.0, abs=1e-4)
    for party in PARTIES:
        assert found[party][0] == pytest.approx(ledger.present_value(party, 0.04), abs=1e-4 * scale), party


def test_instruments_have_one_order_in_each_draw() -> None:
    firm = drawn().firmness
    assert firm is not None
    assert len(firm.standings) == 5
    for goal in GOALS:
        assert sum(one.best[goal] for one in firm.standings) == pytest.approx(1.0)
    assert firm.budget_myen > 0
    assert all(one.reaches > 0.9 for one in firm.standings)


def test_the_tornado_is_sorted_and_alone() -> None:
    firm = drawn().firmness
    assert firm is not None
    widths = [abs(one.at_high["fiscal_cost_myen"] - one.at_low["fiscal_cost_myen"]) for one in firm.swings]
    assert widths == sorted(widths, reverse=True)
    assert {one.row for one in firm.swings} == set(names())


def test_the_headline_has_the_range_of_the_draws() -> None:
    payment = drawn()
    assert payment.firmness is not None
    spread = payment.firmness.figures["fiscal_cost_myen"]
    assert payment.range is not None
    assert payment.range.fiscal_cost_myen == (spread.low, spread.high)
    assert spread.low <= spread.median <= spread.high
    assert "nine of ten draws" in answer(payment, "en")
    assert "9割" in answer(payment, "ja")
    assert "nine of ten draws" not in answer(replace(payment, firmness=None), "en")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_sections_are_told_in_both_languages(language: Language) -> None:
    text = render(payment_text(drawn(), language), width=200, colour=False)
    assert ("How firm it is" if language == "en" else "答えの確からしさ") in text
    assert "24" in text


def test_a_public_owner_and_own_tranches_are_refused() -> None:
    with pytest.raises(ScenarioError):
        DrawnQuestion(question(), paid("public-ownership"))
    with pytest.raises(ScenarioError):
        DrawnQuestion(question(), replace(paid("tax-credit"), demand=None))


def test_the_marginal_cost_of_a_quadratic_by_hand() -> None:
    """Cost 10 + 3 q + 0.1 q^2: a MW more costs 3, and 0.2 more with each."""
    served = [level * asked().designs.load_mw for level in LEVELS]
    totals = iter([np.array([[10 + 3 * q + 0.1 * q**2, 1e9]]) for q in served])
    costs = SimpleNamespace(of=lambda _level: next(totals))
    start, slope = asked()._marginal(costs)  # type: ignore[arg-type]
    assert start[0, 0] == pytest.approx(3.0)
    assert slope[0, 0] == pytest.approx(0.2)


def test_the_mean_bid_by_hand() -> None:
    """Elasticity 1: the mean of p L / (L + x) over 0 to q is p L / q ln(1 + q / L); nothing served bids the price."""
    price, served = np.full((3, 1), 2.0), np.array([[50.0], [50.0], [0.0]])
    found = mean_bid(price, served, 100.0, np.array([[1.0], [2.0], [1.0]]))
    # Elasticity 2: bids 2 (1 + x/100)^-1/2, whose mean over 50 is 2 * 100 / 50 * 2 (sqrt(1.5) - 1).
    assert found[:, 0] == pytest.approx([4 * np.log(1.5), 8 * (np.sqrt(1.5) - 1), 2.0])


def test_a_turning_point_has_another_order_on_its_two_sides() -> None:
    firm = drawn().firmness
    assert firm is not None
    order = _Order(asked(), question(), INSTRUMENTS, paid("tax-credit").fiscal_cost_myen)
    assert firm.turns
    for turn in firm.turns:
        place = names().index(turn.row)
        low, high = asked().rows[place].ends
        values = np.repeat(one_at_a_time(asked().rows)[:1], 2, axis=0)
        values[:, place] = turn.value + np.array([-0.03, 0.03]) * (high - low)
        scores = order.scores(values, (turn.below, turn.above))[turn.goal]
        assert scores[0, 0] > scores[0, 1], turn
        assert scores[1, 0] < scores[1, 1], turn
