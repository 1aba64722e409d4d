"""A plan that buys from plants elsewhere beside the same campus behind the meter: by hand, as a law, in words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.cases.purchases import buy

from kiban.planning.behind_meter import compare_behind_meter
from kiban.planning.building import design_alone
from kiban.planning.plan import Plan
from kiban.planning.preparation import prepare
from kiban.planning.procurement_result import BesideDesign
from kiban.planning.resources import Resources
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


def test_a_least_capacity_that_costs_more_than_it_spares_is_not_said_to_pay() -> None:
    dear = {"plant": {"dear": STEADY | {"price_myen_per_mwh": 0.03, "min_mw": 5.0}}}
    generated = 5.0 * 0.5 * HOURS_PER_YEAR
    lost = generated * (0.03 + 0.0005) - generated * (1 - LOSS) * MARKET
    said = {}
    for share in (None, 0.5):
        plan = buy(dear, **({} if share is None else {"target": {"clean_share": share}}))
        assert plan.bought is not None and plan.bought.behind_meter is not None
        beside = plan.bought.behind_meter
        assert beside.matched is not None and beside.elsewhere is not None
        assert beside.elsewhere.cost_myen_per_year - beside.matched.cost_myen_per_year == pytest.approx(lost, rel=1e-5)
        for language in ("en", "ja"):
            said[share, language] = "\n".join(bought_details(plan, language)[-1]["sentences"])  # type: ignore[arg-type]
    assert not any("-¥" in text or "-3.90" in text for text in said.values())
    assert "do not pay" in said[None, "en"] and "costs ¥390 m a year less (8.9 %)" in said[None, "en"]
    assert "有利ではありません" in said[None, "ja"] and "年間3.90億円安くなります" in said[None, "ja"]
    assert "costs ¥390 m a year more" in said[0.5, "en"] and "年間3.90億円高くなります" in said[0.5, "ja"]


def test_a_share_without_a_proof_is_not_said_to_be_reached() -> None:
    """The third design is refused: neither it nor what stands beside it is made up."""
    plan = buy({"plant": {"dear": STEADY | {"price_myen_per_mwh": 0.02}}}, target={"clean_share": 0.3})
    preparation = prepare(plan.scenario)
    resources = preparation.resources_for(plan.cooling_system)

    def design(asked: Resources) -> Plan | None:
        found = None if asked.clean_share is not None else design_alone(preparation, asked, {})
        return None if found is None else found[0]

    beside = compare_behind_meter(plan, resources, design)
    assert beside is not None and beside.least is not None
    assert (beside.reaches, beside.matched, beside.elsewhere) == (False, None, None)
    refused = replace(plan, bought=replace(plan.bought, behind_meter=beside))  # type: ignore[type-var]
    said = "\n".join(bought_details(refused, "en")[-1]["sentences"])
    assert "no design is found that is as clean" in said


def test_what_other_limits_forbid_is_not_said_to_be_impossible() -> None:
    """A cap on carbon that only plants elsewhere keep: a campus behind the meter exists, but not under the cap."""
    plan = buy({"plant": {"dear": STEADY | {"price_myen_per_mwh": 0.02}}}, target={"carbon_cap_t_per_year": 5e4})
    assert plan.bought is not None and plan.bought.behind_meter is not None
    assert plan.bought.behind_meter.least is None
    assert "no design within its limits" in bought_details(plan, "en")[-1]["sentences"][0]
    assert "制約を満たす設計がありません" in bought_details(plan, "ja")[-1]["sentences"][0]


def test_rounding_is_no_saving() -> None:
    plan = buy({"plant": {"dear": STEADY | {"price_myen_per_mwh": 0.02}}}, target={"clean_share": 0.3})
    assert "plants elsewhere costs ¥0 a year less" in bought_details(plan, "en")[-1]["sentences"][0]


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
