"""Every example gives the result that was reviewed: `python scripts/update_goldens.py` writes them anew."""

import importlib.util
import json
from pathlib import Path

import pytest

from kiban.planning import build
from kiban.scenario import read_scenario
from kiban.scenario.examples import example_names

ROOT = Path(__file__).resolve().parents[2]
# Designs that cost the same to the solver's tolerance may differ by this much of the largest figure.
RELATIVE = 2e-4
# Surplus energy may pass through the battery or past it at the same cost.
LOOSE = {"battery_cycles_per_year": 1e-2, "curtailment_mwh_per_year": 2e-3, "curtailment_share": 2e-3}


def summarise(plan):
    specification = importlib.util.spec_from_file_location("update_goldens", ROOT / "scripts" / "update_goldens.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.summarise(plan)


@pytest.mark.slow
@pytest.mark.parametrize("name", example_names())
def test_an_example_gives_its_golden_result(name):
    golden = json.loads((ROOT / "scenarios" / f"{name}.golden.json").read_text(encoding="utf-8"))
    found = summarise(build(read_scenario(ROOT / "scenarios" / f"{name}.toml")))
    assert found["status"] == golden["status"] == "optimal"
    assert found["cooling_system"] == golden["cooling_system"]
    assert found["cost_myen_per_year"] == pytest.approx(golden["cost_myen_per_year"], rel=1e-6)
    assert found.keys() == golden.keys()
    if "behind_meter" in golden:
        beside, known = found["behind_meter"], golden["behind_meter"]
        assert (beside["reaches"], beside["full"]) == (known["reaches"], known["full"])
        for design in ("least", "matched", "elsewhere"):
            assert beside[design] == pytest.approx(known[design], rel=1e-5), design
    for part in ("capacities", "costs", "indicators", "worths"):
        assert set(found[part]) == set(golden[part])
        size = max(abs(value) for value in golden[part].values()) if part != "indicators" else 0.0
        for figure, value in golden[part].items():
            relative = LOOSE.get(figure, RELATIVE)
            assert found[part][figure] == pytest.approx(value, rel=relative, abs=RELATIVE * size / 10 + 1e-6), figure
