"""The eleven packages on all four examples, over two weeks."""

from __future__ import annotations

from functools import cache

import pytest
from tests.cases.payments import ELEVEN

from kiban.finance.paying import Question
from kiban.scenario import Scenario
from kiban.scenario.examples import example_names, load_scenario

EXAMPLES = tuple(example_names())


@cache
def question(example: str) -> Question:
    whole = load_scenario(example)
    short: Scenario = whole.model_copy(update={"time": whole.time.model_copy(update={"hours": 336})})
    return Question(short.placed_in(whole.folder))


@pytest.mark.slow
@pytest.mark.parametrize("package", ELEVEN)
@pytest.mark.parametrize("example", EXAMPLES)
def test_a_package_runs_on_an_example(example: str, package: str) -> None:
    payment = question(example).pay((package,))
    assert payment.incidence.residual_yen == 0
    assert payment.after.ledger.residual_yen == 0
    certificate = payment.after.plan.certificate
    assert certificate is not None
    assert certificate.relative_gap < 1e-6
    support = payment.support
    parts = support.windfall_myen + support.induced_myen + support.distortion_myen
    assert parts == pytest.approx(support.total_myen, rel=1e-9, abs=1e-6)
    if package == "none":
        assert payment.fiscal_cost_myen == pytest.approx(0.0, abs=1.0)
