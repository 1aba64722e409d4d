"""The best of emissions or clean share for a budget, as a key of the scenario: on the frontier, spent, and told."""

import pytest
from tests.unit.test_frontier import KEY, OF, SMALL

from kiban.errors import ScenarioError
from kiban.finance.paying import Question
from kiban.planning import build
from kiban.scenario import parse_scenario

FIGURE = {"emissions": "emissions_t_per_year", "clean_share": "clean_share"}


def made(**target):
    return parse_scenario({**SMALL, "target": target})


@pytest.fixture(scope="module")
def cheapest():
    return build(parse_scenario(SMALL), explain=False)


@pytest.mark.parametrize("objective", list(OF))
def test_a_budget_is_spent_and_no_design_is_better_for_it(objective, cheapest):
    budget = 1.003 * cheapest.net_cost_myen_per_year
    plan = build(made(objective=objective, budget_myen_per_year=budget))
    assert plan.net_cost_myen_per_year == pytest.approx(budget, rel=1e-5)
    assert plan.net_cost_myen_per_year <= budget * (1 + 1e-6)
    reached, before = plan.indicators[FIGURE[objective]], cheapest.indicators[FIGURE[objective]]
    better = (lambda value, step: value - step) if objective == "emissions" else (lambda value, step: value + step)
    assert (reached < before) if objective == "emissions" else (reached > before)
    # A little more than it reaches costs more than the budget.
    asked = made(**{KEY[objective]: better(reached, 1e-3 * abs(reached - before))})
    assert build(asked, explain=False).net_cost_myen_per_year > budget
    assert plan.scenario.target.objective == objective
    assert plan.notes[-1].code == f"objective_note.{objective}"
    assert f"that a budget of ¥{budget:,.1f} m a year pays for" in str(plan.notes[-1])


def test_a_budget_without_end_buys_the_end_of_the_frontier_and_one_too_small_is_refused(cheapest):
    least = cheapest.net_cost_myen_per_year
    rich = build(made(objective="clean_share", budget_myen_per_year=100 * least))
    assert rich.indicators["clean_share"] > cheapest.indicators["clean_share"]
    assert rich.net_cost_myen_per_year < 100 * least
    with pytest.raises(ScenarioError, match=r"target.budget_myen_per_year of .* pays for no design: the least costs"):
        build(made(objective="emissions", budget_myen_per_year=0.9 * least))


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ({"objective": "emissions"}, "has an objective and a budget of which one is missing"),
        ({"budget_myen_per_year": 9.0}, "has an objective and a budget of which one is missing"),
        (
            {"objective": "clean_share", "budget_myen_per_year": 9.0, "clean_share": 0.5},
            "is to make the best of clean_share and has a limit of it; leave the limit out",
        ),
        ({"objective": "profit"}, "target.objective"),
    ],
)
def test_what_cannot_be_meant_is_refused(target, said):
    with pytest.raises(ScenarioError, match=said):
        made(**target)


def test_who_pays_asks_for_designs_of_least_cost():
    asked = made(objective="emissions", budget_myen_per_year=1e5)
    with pytest.raises(ScenarioError, match="who pays is asked of designs of least cost"):
        Question(asked)


def test_the_best_for_a_budget_survives_the_outage_that_is_asked_for():
    raw = {**SMALL, "outage": {"hours": 6, "fuel_hours": 2.0}}
    least = build(parse_scenario(raw))
    budget = 1.003 * least.net_cost_myen_per_year
    best = build(parse_scenario({**raw, "target": {"objective": "emissions", "budget_myen_per_year": budget}}))
    assert "outage.survived" in {note.code for note in best.notes}
    assert budget * (1 - 1e-5) < best.net_cost_myen_per_year <= budget * (1 + 1e-6)
    assert best.indicators["emissions_t_per_year"] < least.indicators["emissions_t_per_year"]
