"""The golden results of PAY for the national example hold together; scripts/national_pay_golden.py renews them."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = json.loads((ROOT / "scenarios" / "japan.pay.golden.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_regions_add_up_and_support_splits(name):
    figures = GOLDEN[name]
    assert figures["residual_yen"] == 0
    support, change = figures["support"], figures["change_myen"]
    parts = support["windfall_myen"] + support["induced_myen"] + support["distortion_myen"]
    assert parts == pytest.approx(support["total_myen"], rel=1e-6)
    local = {}
    for kind in ("areas", "prefectures"):
        regions = figures[kind].values()
        assert sum(region["fiscal_cost_myen"] for region in regions) == pytest.approx(figures["fiscal_cost_myen"])
        assert sum(region["moved_it_mw"] for region in regions) == pytest.approx(0.0, abs=0.1)
        assert sum(region["induced_it_mw"] for region in regions) == pytest.approx(figures["induced_it_mw"], abs=0.1)
        local[kind] = sum(region["local_public_myen"] for region in regions)
        ratepayers = sum(region["ratepayers_myen"] for region in regions)
        assert ratepayers == pytest.approx(change["ratepayers"], rel=1e-4, abs=1.0)
    # At the social rate, so that it is not the sum of what prefecture and municipality count at their own.
    # Each region stands there with seven digits, and gains and losses of tens of billions nearly cancel.
    assert local["areas"] == pytest.approx(local["prefectures"], rel=1e-5, abs=0.05)
    assert (local["areas"] > 0) == (change["prefecture"] + change["municipality"] > 0)
    assert figures["without"]["relative_gap"] <= 0.005
    assert figures["with"]["relative_gap"] <= 0.005
