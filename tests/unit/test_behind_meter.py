"""A plan that buys from plants elsewhere beside the same campus behind the meter: by hand, as a law, in words."""

from __future__ import annotations

import json

import pytest
from tests.cases.purchases import buy

from kiban.planning.procurement_result import BesideDesign
from kiban.report.plan.procurement import bought_details
from kiban.report.plan.record import restore, summarise

LOAD_MW, HOURS_PER_YEAR, LOSS = 24.0, 8760.0, 0.013
STEADY = {"technology": "hydro", "availability": 0.5, "price_myen_per_mwh": 0.005}
MARKET = 0.012 / (1 - LOSS) + 0.0007
"""What a MWh of the market costs beside the network and the surcharge, which all that is drawn pays."""


def test_what_a_cheap_plant_saves_by_hand() -> None:
    plan = buy({"plant": {"steady": STEADY | {"max_mw": 10.0}}})
    assert plan.bought is not None
    beside = plan.bought.behind_meter
    assert beside is not None and beside.matched is not None
    generated = 10.0 * 0.5 * HOURS_PER_YEAR
    saved = generated * (1 - LOSS) * MARKET - generated * (0.005 + 0.0005)
    assert beside.reaches
    assert beside.matched.cost_myen_per_year - plan.cost_myen_per_year == pytest.approx(saved, rel=1e-6)
    assert sum(beside.differences.values()) == pytest.approx(-saved, rel=1e-6)
    assert beside.matched.clean_share == pytest.approx(0.2, abs=1e-6)
    assert beside.least == beside.matched
    # Without plants elsewhere nothing of what they cost is there.
    assert beside.differences["ppa"] == pytest.approx(generated * 0.005, rel=1e-6)
    assert beside.elsewhere == BesideDesign(plan.cost_myen_per_year, plan.indicators["clean_share"])


def test_a_share_that_only_plants_elsewhere_reach_by_hand() -> None:
    """A fifth of the mix is clean: for 30 %, an eighth of the load has to come from a plant, whatever that costs."""
    plan = buy({"plant": {"dear": STEADY | {"price_myen_per_mwh": 0.02}}}, target={"clean_share": 0.3})
    assert plan.bought is not None
    beside = plan.bought.behind_meter
    assert beside is not None
    assert None not in (beside.least, beside.matched, beside.elsewhere)
    delivered = LOAD_MW / 8.0 * HOURS_PER_YEAR
    more = delivered / (1 - LOSS) * (0.02 + 0.0005) - delivered * MARKET
    assert not beside.reaches
    assert plan.cost_myen_per_year - beside.least.cost_myen_per_year == pytest.approx(more, rel=1e-5)  # type: ignore[union-attr]
    assert sum(beside.differences.values()) == pytest.approx(more, rel=1e-5)
    for design in (beside.least, beside.matched, beside.elsewhere):
        assert design.clean_share == pytest.approx(0.2, abs=1e-4)  # type: ignore[union-attr]
        assert design.cost_myen_per_year == pytest.approx(beside.least.cost_myen_per_year, rel=1e-6)  # type: ignore[union-attr]
    said = "\n".join(bought_details(plan, "en")[-1]["sentences"])
    assert "ends at 20.0 %" in said and "From 20.0 % to 30.0 %" in said


def test_plants_elsewhere_never_cost_more_for_the_same_share() -> None:
    """Dear plants of the campus reach the share as well: the plan with more to choose from is no dearer."""
    plan = buy(
        {"plant": {"steady": STEADY | {"price_myen_per_mwh": 0.014}}},
        target={"clean_share": 0.45},
        supply={"pv": {"availability": 0.2, "annual_cost_myen_per_mw": 40.0}},
    )
    assert plan.bought is not None
    beside = plan.bought.behind_meter
    assert beside is not None and beside.reaches and beside.matched is not None
    assert beside.matched.clean_share == pytest.approx(0.45, abs=1e-4)
    assert plan.cost_myen_per_year < beside.matched.cost_myen_per_year
    assert sum(beside.differences.values()) == pytest.approx(
        plan.cost_myen_per_year - beside.matched.cost_myen_per_year, abs=0.05
    )


def test_who_buys_from_no_plant_is_compared_with_nothing() -> None:
    dear = buy({"plant": {"dear": STEADY | {"price_myen_per_mwh": 0.09}}})
    assert dear.bought is not None
    assert dear.bought.behind_meter is None
    assert len(bought_details(dear, "en")) == 3


def test_the_comparison_survives_its_record_and_says_the_same_in_both_languages() -> None:
    plan = buy({"plant": {"dear": STEADY | {"price_myen_per_mwh": 0.02}}}, target={"clean_share": 0.3})
    summary = json.loads(json.dumps(summarise(plan)))
    assert restore(summary, plan.scenario, plan.time, plan.hourly).bought == plan.bought
    english, japanese = bought_details(plan, "en")[-1], bought_details(plan, "ja")[-1]
    numbers = [[row[2] for row in one["tables"][0]["rows"]] for one in (english, japanese)]
    assert len(numbers[0]) == len(numbers[1]) == 4
    assert len(english["sentences"]) == len(japanese["sentences"]) >= 4
    del summary["bought"]["behind_meter"]  # as in a plan from before it was compared
    assert restore(summary, plan.scenario, plan.time, plan.hourly).bought is not None
