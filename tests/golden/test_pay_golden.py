"""The golden answers of PAY, from scratch: `python scripts/update_goldens.py tomakomai.pay` writes them anew."""

import importlib.util
import json
from functools import cache
from pathlib import Path

import pytest

from kiban.finance.comparison import Instrument
from kiban.finance.paying import Question
from kiban.finance.search import COST_TOLERANCE
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
        least = LEAST_MYEN if "myen" in path else 1e-3
        assert found == pytest.approx(expected, rel=RELATIVE, abs=least), path
    else:
        assert found == expected, path


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(GOLDEN["packages"]))
def test_a_package_gives_its_golden_answer(name):
    payment = question().pay((name.replace("_", "-"),))
    agree(update_goldens.summarise_payment(payment), GOLDEN["packages"][name], name)


def test_all_packages_and_parts_are_there():
    assert set(GOLDEN) == set(update_goldens.PAY_PARTS)
    assert len(GOLDEN["packages"]) == 11


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(GOLDEN["equal_cost"]) - {"budget_myen"}))
def test_the_table_at_equal_cost(name):
    """The amount of the table, asked again, costs the budget and does what the table says.

    The search for the amounts has tests of its own; it takes minutes.
    """
    row = GOLDEN["equal_cost"][name]
    package = load_package(name.replace("_", "-")).scaled(row["amount"])
    payment = question().pay((package,))
    assert row["reached"]
    assert payment.fiscal_cost_myen == pytest.approx(GOLDEN["equal_cost"]["budget_myen"], rel=COST_TOLERANCE)
    found = update_goldens.by_instrument((Instrument(package.name, row["amount"], payment),))
    agree(found[name], row, f"equal_cost.{name}")
