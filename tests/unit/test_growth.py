"""Published GDP claims brought onto one path of GDP."""

from __future__ import annotations

import pytest

from kiban.errors import CatalogueError
from kiban.finance.growth import (
    GdpPath,
    claim,
    cumulative_gap,
    gaps,
    growth_for_level,
    growth_for_sum,
    interpret,
    level_today_trillion_yen,
    linear_sum,
    load_claims,
    nominal_path,
    real_path,
    recompute_claims,
)

# A spreadsheet's answer for the sum of 140 trillion yen to 2035: added growth, gap in 2035 as a share and in yen.
SUM_OF_140 = {"nominal 2024": (0.003140, 0.03508, 24.02), "nominal 2025": (0.003754, 0.03819, 26.15),
              "real": (0.003856, 0.03923, 25.93)}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "path"),
    [("nominal 2024", nominal_path(2024)), ("nominal 2025", nominal_path(2025)), ("real", real_path())],
)
def test_a_sum_needs_little_growth(name: str, path: GdpPath) -> None:
    found = interpret(claim("mizuho-2025"), path)
    growth, share, gap = SUM_OF_140[name]
    assert found.growth_per_year == pytest.approx(growth, abs=5e-7)
    assert found.gap_share == pytest.approx(share, abs=5e-6)
    assert found.gap_trillion_yen == pytest.approx(gap, abs=5e-3)
    assert found.cumulative_trillion_yen == pytest.approx(140.0, rel=1e-9)


def test_the_paths_of_gdp() -> None:
    assert nominal_path(2025).trillion_yen[2035] == pytest.approx(684.76)
    assert real_path().trillion_yen[2035] == pytest.approx(660.82, abs=5e-3)


def test_a_level_is_no_sum() -> None:
    path = nominal_path(2025)
    daiwa = interpret(claim("daiwa-2024"), path)
    assert daiwa.gap_trillion_yen == pytest.approx(110.93, abs=5e-3)
    # Reached in equal steps it would sum to 610 trillion yen, 4.4 times the sum that Mizuho gives.
    assert linear_sum(path, daiwa.gap_trillion_yen) == pytest.approx(610.1, abs=0.05)
    assert linear_sum(path, 25.4545) == pytest.approx(140.0, abs=1e-3)


def test_over_100_trillion_is_the_same_claim_as_16_percent() -> None:
    assert level_today_trillion_yen(claim("daiwa-2024").value) == pytest.approx(98.7, abs=0.05)
    assert claim("openai-blueprint-2025").repeats == "daiwa-2024"


def test_growth_of_1_3_percent_cannot_be_behind_140_trillion() -> None:
    assert cumulative_gap(nominal_path(2025), 0.013) == pytest.approx(498.6, abs=0.05)


def test_the_oecd_pace() -> None:
    found = interpret(claim("oecd-2025"), nominal_path(2025))
    assert found.gap_share == pytest.approx(1.0051**10 - 1)
    assert found.cumulative_trillion_yen == pytest.approx(191.0, abs=0.05)


def test_every_claim_is_recomputed_and_named() -> None:
    found = recompute_claims()
    assert [scenario.claim.id for scenario in found] == list(load_claims())
    assert all(scenario.claim.publisher and scenario.claim.address and scenario.claim.note for scenario in found)
    assert all(scenario.claim.status in {"verified", "secondary"} for scenario in found)


def test_round_trips() -> None:
    path = real_path(2032)
    assert growth_for_sum(path, cumulative_gap(path, 0.02)) == pytest.approx(0.02)
    assert growth_for_sum(path, 0.0) == pytest.approx(0.0, abs=1e-12)
    last = max(path.trillion_yen)
    growth = growth_for_level(path, 0.1)
    assert gaps(path, growth)[last] == pytest.approx(0.1 * path.trillion_yen[last])
    # Growth above 100 % a year is silly but no reason to hang.
    assert growth_for_sum(path, 1e9) > 1


def test_bad_questions() -> None:
    with pytest.raises(CatalogueError, match="mizuho-2025"):
        claim("mizuho")
    with pytest.raises(ValueError, match="negative"):
        growth_for_sum(real_path(), -1.0)
    with pytest.raises(ValueError, match="no year"):
        nominal_path(1990)
