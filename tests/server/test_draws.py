"""Draws of what is assumed, asked over HTTP: a job whose answer has how firm it is."""

from __future__ import annotations

import pytest
from tests.cases.payments import campus

from kiban.scenario.package import load_package
from kiban.server.payments import Questions, ask


def test_an_answer_with_draws_says_how_firm_it_is() -> None:
    package, against = load_package("tax-credit"), load_package("none")
    found = ask(campus(), [package], against, downside=False, draws=4, questions=Questions())
    assert found["firmness"] is not None
    assert found["firmness"]["draws"] == 4
    assert found["firmness"]["seed"] == campus().seed
    spread = found["firmness"]["figures"]["fiscal_cost_myen"]
    assert found["range"] is not None
    assert found["range"]["fiscal_cost_myen"] == {"low": spread["low"], "high": spread["high"]}
    assert found["firmness"]["design_gap"] == pytest.approx(0.0, abs=0.01)
    plain = ask(campus(), [package], against, downside=False, questions=Questions())
    assert plain["firmness"] is None
