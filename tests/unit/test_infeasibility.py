"""Why there is no design: every limit that collides is named, and every remedy that is offered works as it is typed."""

import math
import re
from dataclasses import replace

import pytest

from kiban.linear import solve
from kiban.linear.staircase import without_costs
from kiban.planning import build
from kiban.planning.infeasibility import LEAST_SIZE, estimate_cost
from kiban.planning.preparation import prepare
from kiban.planning.programme import write_programme
from kiban.quantities import LANGUAGES
from kiban.report.plan.words import infeasible_sentences
from kiban.scenario import parse_scenario

OFF = {"enabled": False}
BASE = {
    "name": "ten days",
    "site": {"id": "tomakomai"},
    "time": {"first_hour": 4000, "hours": 240},
    "cooling": {"system": "direct_liquid"},
    "load": {"it_load_mw": 100.0, "deferrable_share": 0.0},
    "supply": {
        "pv": {"max_mw": 100.0},
        "wind_onshore": {"max_mw": 50.0},
        "wind_offshore_fixed": OFF,
        "wind_offshore_floating": OFF,
        "geothermal": {"max_mw": 15.0},
        "hydro": {"max_mw": 20.0},
    },
    "backup": {"critical_share": 0.0},
}
SUPPLIES = {"supply.pv.max_mw", "supply.wind_onshore.max_mw", "supply.geothermal.max_mw", "supply.hydro.max_mw"}
SHARE, CARBON = "target.clean_share", "target.carbon_cap_t_per_year"
PV_ALONE = {"wind_onshore": OFF, "geothermal": OFF, "hydro": OFF, "pv": {"max_mw": 50.0}}
DARK = {**PV_ALONE, "pv": {"max_mw": 1.0}}
CASES = {
    "a clean share, whatever supply is small": ({"target": {"clean_share": 0.95}}, SUPPLIES | {SHARE}),
    "a carbon cap": ({"target": {"carbon_cap_t_per_year": 1000.0}}, SUPPLIES | {CARBON}),
    "no carbon at all": ({"target": {"carbon_cap_t_per_year": 1.0}}, SUPPLIES | {CARBON}),
    "both, neither of which is enough alone": (
        {"target": {"clean_share": 0.95, "carbon_cap_t_per_year": 1000.0}},
        SUPPLIES | {SHARE, CARBON},
    ),
    "a connection": (
        {"supply": PV_ALONE, "grid": {"max_mw": 40.0}, "backup": {"max_mw": 10.0, "critical_share": 0.0}},
        {"supply.pv.max_mw", "grid.max_mw", "backup.max_mw"},
    ),
    "no connection": (
        {"supply": DARK, "grid": {"max_mw": 0.0}, "backup": {"max_mw": 10.0, "critical_share": 0.0}},
        {"supply.pv.max_mw", "grid.max_mw", "backup.max_mw"},
    ),
    "a battery that is too small": (
        {
            "supply": {**PV_ALONE, "pv": {"max_mw": 2000.0}},
            "battery": {"max_energy_mwh": 300.0},
            "grid": OFF,
            "backup": {"max_mw": 10.0, "critical_share": 0.0},
        },
        {"backup.max_mw", "battery.max_energy_mwh"},
    ),
    "power and energy of a battery, each too small": (
        {
            "supply": {**PV_ALONE, "pv": {"max_mw": 5000.0}},
            "battery": {"max_energy_mwh": 300.0, "max_power_mw": 30.0},
            "grid": OFF,
            "backup": {"technology": "none", "critical_share": 0.0},
        },
        {"battery.max_energy_mwh", "battery.max_power_mw"},
    ),
    "a critical share": (
        {
            "supply": {"geothermal": {"max_mw": 15.0, "firm_share": 0.8}},
            "backup": {"max_mw": 30.0, "critical_share": 1.0},
        },
        {"backup.max_mw", "backup.critical_share", "supply.geothermal.max_mw"},
    ),
    "water": ({"cooling": {"system": "chilled_water"}, "target": {"water_cap_m3_per_year": 10.0}},
              {"target.water_cap_m3_per_year"}),
}  # fmt: skip


def merged(base, changes):
    """Nested sections with some of their keys changed."""
    result = dict(base)
    for key, value in changes.items():
        result[key] = merged(result.get(key, {}), value) if isinstance(value, dict) else value
    return result


def typed(sections, sentence):
    """The sections with every `key = value` that a sentence tells to set."""
    found = re.findall(r"([a-z0-9_]+(?:\.[a-z0-9_]+)+) = ([0-9.]+)", sentence)
    assert found, sentence
    for key, value in found:
        change = float(value.rstrip("."))
        for part in reversed(key.split(".")):
            change = {part: change}
        sections = merged(sections, change)
    return sections


@pytest.mark.parametrize("case", CASES)
def test_every_limit_that_collides_is_named_and_every_remedy_works(case):
    changes, expected = CASES[case]
    sections = merged(BASE, changes)
    plan = build(parse_scenario(sections))
    assert plan.status == "infeasible"
    assert set(plan.infeasibility.collisions) == expected
    named = [change.key for relaxation in plan.infeasibility.relaxations for change in relaxation.changes]
    assert set(named) == expected
    told = {language: infeasible_sentences(plan, language)["title.relaxations"] for language in LANGUAGES}
    for place, relaxation in enumerate(plan.infeasibility.relaxations):
        changed = [typed(sections, told[language][place]) for language in LANGUAGES]
        assert all(other == changed[0] for other in changed)
        mended = build(parse_scenario(changed[0]), explain=False)
        assert mended.status == "optimal", told["en"][place]
        # What is typed is a little more than what was solved, and the plan a little cheaper.
        assert mended.cost_myen_per_year < relaxation.cost_myen_per_year * (1.0 + 1e-5)
        assert mended.cost_myen_per_year > 0.9 * relaxation.cost_myen_per_year


def test_compute_that_must_be_served_is_added_to_the_load_that_a_small_hall_cut_off():
    """The least hall is the peak of the load or its limit: as the limit rises, so does what the tranche adds to."""
    batch = {"name": "batch", "it_load_mw": 5.0, "price_myen_per_mwh": 1.0, "must_serve": True}
    raw = {**BASE, "time": {"hours": 24}, "supply": {}, "load": {"it_load_mw": 100.0, "max_it_capacity_mw": 90.0}}
    plan = build(parse_scenario({**raw, "tranche": [batch]}))
    (relaxation,) = plan.infeasibility.relaxations
    (change,) = relaxation.changes
    peak = build(parse_scenario({**raw, "load": {"it_load_mw": 100.0}})).capacities["it_mw"]
    assert (change.key, change.needed) == ("load.max_it_capacity_mw", pytest.approx(peak + 5.0, rel=1e-3))
    mended = {**raw, "load": {"it_load_mw": 100.0, "max_it_capacity_mw": change.needed}, "tranche": [batch]}
    assert build(parse_scenario(mended)).status == "optimal"


def test_a_capacity_is_named_at_what_pays_and_not_at_the_least_that_is_enough():
    """At the least a plan costs many times as much: each MW more is weighed against an ordinary plan's cost."""
    sections = merged(BASE, {"target": {"clean_share": 0.95}})
    plan = build(parse_scenario(sections))
    (named,) = (r for r in plan.infeasibility.relaxations if r.changes[0].key == "supply.geothermal.max_mw")
    resources = prepare(parse_scenario(sections)).resources_for("direct_liquid")
    programme = without_costs(write_programme(resources))
    geothermal = replace(programme.capacities["geothermal"], upper=math.inf, cost=1.0)
    programme.capacities = {**programme.capacities, "geothermal": geothermal}
    least_mw, named_mw = solve(programme, "highs").capacities["geothermal"], named.changes[0].needed
    assert 15.0 < least_mw < named_mw
    price = estimate_cost(resources) / max(15.0, LEAST_SIZE * float((resources.pue * resources.firm_mw).max()))

    def weighed(mw):
        mended = build(parse_scenario(merged(sections, {"supply": {"geothermal": {"max_mw": mw}}})), explain=False)
        return mended.cost_myen_per_year, mended.cost_myen_per_year + price * mw

    cost, at_named = weighed(named_mw)
    nearer = [weighed(least_mw + share * (named_mw - least_mw)) for share in (0.05, 0.5)]
    assert all(other > cost and with_price > at_named for other, with_price in nearer)
    assert weighed(1.3 * named_mw)[1] > at_named
