"""Every number of "what the request for tax credits really costs", from scratch: packages, searches, elasticities.

`python scripts/update_goldens.py tomakomai.pay` writes them anew."""

import importlib.util
import json
from functools import cache
from pathlib import Path

import pytest

from kiban.finance import comparison, search
from kiban.finance.paying import Question
from kiban.finance.search import COST_TOLERANCE, SOLVER_TOLERANCE
from kiban.scenario.package import load_package

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = json.loads((ROOT / "scenarios" / "tomakomai.pay.golden.json").read_text(encoding="utf-8"))
# Designs of the same cost may differ in detail; a budget is met to 1e-3.
RELATIVE = 2e-3
LEAST_MYEN = 50.0

specification = importlib.util.spec_from_file_location("update_goldens", ROOT / "scripts" / "update_goldens.py")
update_goldens = importlib.util.module_from_spec(specification)
specification.loader.exec_module(update_goldens)


@cache
def question():
    return Question(update_goldens.PAY_EXAMPLE)


def agree(found, expected, path):
    """Two trees of figures are the same within the tolerance."""
    if isinstance(expected, dict):
        assert set(found) == set(expected), path
        for key, value in expected.items():
            agree(found[key], value, f"{path}.{key}")
    elif isinstance(expected, float) and found is not None:
        least = LEAST_MYEN if "myen" in path else 0.0 if path.endswith("amount") else 1e-3
        assert found == pytest.approx(expected, rel=RELATIVE, abs=least), path
    else:
        assert found == expected, path


def instruments_of(part):
    return sorted(name for name, row in GOLDEN[part].items() if isinstance(row, dict))


SEARCHES = {
    "equal_cost": update_goldens.pay_equal_cost,
    "equal_cost_large": update_goldens.pay_equal_cost_large,
    "least": update_goldens.pay_least,
}


KNOWN = {
    ("equal_cost", "production_credit"),
    ("equal_cost_large", "tax_credit"),
    ("least", "capital_grant"),
    ("least", "tax_credit"),
}
"""Amounts that are not searched anew but held to be the root: the longest searches. The others end in each way that a
search can end, and `test_comparison` searches all five instruments over short horizons."""
TURN = ("goal", "row", "below", "above")
NEAR = 2e-3
"""How far from a known amount, as a share of it, the plans lie that show it to be the root."""


def test_all_packages_and_parts_are_there():
    assert set(GOLDEN) == set(update_goldens.PAY_PARTS)
    assert len(GOLDEN["packages"]) == 11
    assert {part: len(instruments_of(part)) for part in SEARCHES} == dict.fromkeys(SEARCHES, 5)
    assert [row["elasticity"] for row in GOLDEN["elasticity"].values()] == list(update_goldens.ELASTICITIES)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(GOLDEN["packages"]))
def test_a_package_gives_its_golden_answer(name):
    payment = question().pay((name.replace("_", "-"),))
    agree(update_goldens.summarise_payment(payment), GOLDEN["packages"][name], name)


@pytest.mark.slow
@pytest.mark.parametrize(("part", "name"), sorted(KNOWN))
def test_a_known_amount_is_the_one_that_is_looked_for(part, name):
    """A little less is too little, a little more enough, and at the amount itself every figure is the golden one."""
    row, package = GOLDEN[part][name], load_package(name.replace("_", "-"), question().scenario.folder)
    looked, amount = search._Search(question(), package), row["amount"]
    low, high = (looked.at(amount * (1 + off)) for off in (-NEAR, NEAR))
    if part == "least":

        def reached(side):
            return side.served_mw - question().before.served_mw

        aim = GOLDEN[part]["aim_mw"]
        assert reached(low.side) < aim * (1 - SOLVER_TOLERANCE) <= reached(high.side)
        trial = looked.at(amount)
    else:
        budget = GOLDEN[part]["budget_myen"]
        assert low.cost < budget < high.cost
        trial = looked.at(amount)
        if abs(trial.cost - budget) > COST_TOLERANCE * budget / 2:
            trial = looked.mix_cost(low, high, amount, budget)
        assert trial.cost == pytest.approx(budget, rel=COST_TOLERANCE)
    found = update_goldens.by_instrument((comparison._pay(question(), package, (trial, True)),))
    agree(found, {name: row}, part)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "name"),
    [(part, name) for part in SEARCHES for name in instruments_of(part) if (part, name) not in KNOWN],
)
def test_an_instrument_is_found_anew(part, name):
    found = SEARCHES[part](question(), (name.replace("_", "-"),))
    agree(found, {key: row for key, row in GOLDEN[part].items() if key == name or not isinstance(row, dict)}, part)
    row = GOLDEN[part][name]
    if row["reached"] and part != "least":
        budget = GOLDEN[part]["budget_myen"]
        if row["fiscal_cost_myen"] != pytest.approx(budget, rel=COST_TOLERANCE):
            # The law jumps over the budget: special depreciation above 33 % ends depreciation a year earlier.
            beyond = row["amount"] + 2 * search.AMOUNT_TOLERANCE
            package = load_package(name.replace("_", "-"), question().scenario.folder)
            above = search._Search(question(), package).at(beyond)
            assert row["fiscal_cost_myen"] < budget < above.cost
    if row["reached"] and part == "least":
        aim = GOLDEN[part]["aim_mw"]
        assert aim * (1 - SOLVER_TOLERANCE) <= row["induced_it_mw"] <= aim * 1.001


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(GOLDEN["elasticity"]))
def test_an_elasticity_gives_its_golden_answer(name):
    found = update_goldens.pay_elasticity(question(), (GOLDEN["elasticity"][name]["elasticity"],))
    agree(found[name], GOLDEN["elasticity"][name], name)


@pytest.mark.slow
def test_the_draws_give_their_golden_ranges_order_and_turning_points():
    """On a question of its own, as the golden result: which designs are known decides which serve the draws."""
    golden = GOLDEN["draws"]
    found = update_goldens.pay_draws(Question(update_goldens.PAY_EXAMPLE))
    for part in ("draws", "rows", "budget_myen", "figures", "tornado"):
        agree(found[part], golden[part], f"draws.{part}")
    for name, row in golden["order"].items():
        assert found["order"][name] == pytest.approx(row, abs=0.02), name
    # A turning point is shown where the order holds on both sides, so that one may come or go with the last digits.
    turns = {(turn["goal"], turn["row"], turn["below"], turn["above"]): turn["value"] for turn in found["turns"]}
    shared = [turn for turn in golden["turns"] if (key := tuple(turn[k] for k in TURN)) in turns and turns[key]]
    assert len(shared) >= len(golden["turns"]) - 1
    for turn in shared:
        assert turns[tuple(turn[k] for k in TURN)] == pytest.approx(turn["value"], rel=0.01)
