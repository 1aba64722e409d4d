"""How the default example runs, from scratch: the figures of the page about operation.

`python scripts/update_goldens.py tomakomai.run` writes them anew."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = json.loads((ROOT / "scenarios" / "tomakomai.run.golden.json").read_text(encoding="utf-8"))
# Set-points of equal worth may differ from processor to processor, and states with them.
RELATIVE, ABSOLUTE = 2e-3, 1e-4
FIRST_DIGITS = 1e-6
# Where a cost is proven to nine digits, the mean price of an hour's stored energy is known to four.
PRICES = 2e-4

specification = importlib.util.spec_from_file_location("update_goldens", ROOT / "scripts" / "update_goldens.py")
update_goldens = importlib.util.module_from_spec(specification)
specification.loader.exec_module(update_goldens)


@pytest.mark.slow
def test_the_default_example_runs_as_it_did():
    found = update_goldens.run_figures()
    assert set(found) == set(GOLDEN)
    for name, expected in GOLDEN.items():
        one = found[name]
        for key in ("cost_myen", "cash_myen", "unserved_mwh"):
            assert one[key] == pytest.approx(expected[key], rel=RELATIVE, abs=ABSOLUTE), (name, key)
        best = "perfect_foresight_cost_myen"
        assert one[best] == pytest.approx(expected[best], rel=FIRST_DIGITS), name
        for part, share in expected["regret"].items():
            assert one["regret"][part] == pytest.approx(share, rel=0.02, abs=ABSOLUTE), (name, part)
        assert one["valuation"] == pytest.approx(expected["valuation"], rel=PRICES, abs=1e-9)
        for key in ("clean_share", "import_mwh", "load_mwh"):
            assert one["indicators"][key] == pytest.approx(expected["indicators"][key], rel=RELATIVE), (name, key)


def test_regret_is_within_its_bands():
    """Perfect forecasts for 48 hours cost at most 0.8 %, forecasts of a weather model's grade at most 3.5 %."""
    assert GOLDEN["perfect_48"]["regret"]["total"] <= 0.008
    assert GOLDEN["synthetic"]["regret"]["total"] <= 0.035
    assert GOLDEN["perfect_168"]["regret"]["total"] < GOLDEN["perfect_48"]["regret"]["total"]
    assert GOLDEN["perfect_48"]["regret"]["total"] < GOLDEN["perfect_24"]["regret"]["total"]
    assert all(one["unserved_mwh"] == 0.0 for one in GOLDEN.values())
