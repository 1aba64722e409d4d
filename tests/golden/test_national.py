"""Every national example gives the result that was reviewed, within its gap: `python scripts/update_goldens.py japan`.

Plans within the gap of each other are equally good, so that sizes and even sites may differ between machines: what
the golden proves is compared, not what it happens to choose.
"""

import importlib.util
import json
from pathlib import Path

import pytest

from kiban.national.building import build_national
from kiban.scenario.examples import national_example_names
from kiban.scenario.national_file import read_national

ROOT = Path(__file__).resolve().parents[2]


def summarise(plan):
    specification = importlib.util.spec_from_file_location("national_golden", ROOT / "scripts" / "national_golden.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.summarise(plan)


@pytest.mark.slow
@pytest.mark.parametrize("name", national_example_names())
def test_a_national_example_gives_its_golden_result_within_the_gap(name):
    golden = json.loads((ROOT / "scenarios" / f"{name}.golden.json").read_text(encoding="utf-8"))
    plan = build_national(read_national(ROOT / "scenarios" / f"{name}.toml"))
    found = summarise(plan)
    assert found["status"] == golden["status"] == "optimal"
    assert found["candidates"] == golden["candidates"]
    assert found["late_supply"] == golden["late_supply"]
    assert found["common_myen_per_year"] == pytest.approx(golden["common_myen_per_year"], rel=1e-5)
    # The optimum is one: it lies above both bounds and below both costs.
    assert found["bound_myen_per_year"] <= golden["net_cost_myen_per_year"] * (1 + 1e-5)
    assert golden["bound_myen_per_year"] <= found["net_cost_myen_per_year"] * (1 + 1e-5)
    assert found["relative_gap"] <= golden["gap"] == found["gap"]
    for tranche, served in golden["served_mw"].items():
        assert found["served_mw"][tranche] == pytest.approx(served, rel=1e-4)
    # What no plan within the gap can do without is there again, and at least half of the load stands where it stood.
    assert {site for site, figures in golden["sites"].items() if figures["needed"]} <= set(found["sites"])
    was, now = (
        {site: sum(figures["load_mw"].values()) for site, figures in one["sites"].items()} for one in (golden, found)
    )
    assert sum(min(mw, now.get(site, 0.0)) for site, mw in was.items()) >= 0.5 * sum(was.values())
    for area in plan.flows.areas:
        assert area.draw_mw <= area.spare_supply_mw + area.import_mw - area.export_mw + 0.01
